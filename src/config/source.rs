//! One `[[source]]`: which files it is about, and how they are read.

use std::path::Path;

use crate::rule::date::DayMonth;
use crate::rule::number::Mark;
use crate::schema::{Mistakes, Node, Schema};
use crate::source::{Encoding, delimiter};

use super::glob::FilePattern;
use super::judge::Judge;
use super::settings::SourceConfig;
use super::{columns, made};

/// Its keys.
pub(super) const KEYS: [&str; 10] =
    ["files", "entity", "encoding", "delimiter", "null", "time_zone", "date", "decimal", "columns", "fields"];
/// Keys of the contract that are not kept yet.
pub(super) const LATER: [&str; 6] = ["dialect", "quote", "escape", "header", "headers", "sheet"];

/// The words of `date`.
pub(super) const DATES: [(&str, DayMonth); 2] =
    [("day-first", DayMonth::DayFirst), ("month-first", DayMonth::MonthFirst)];
/// The words of `decimal`.
pub(super) const DECIMALS: [(&str, Mark); 2] = [("comma", Mark::Comma), ("point", Mark::Point)];

/// Reads one; what is wrong with it is left out.
pub(super) fn read(
    mut node: Node<'_, '_>,
    folder: &Path,
    schema: Option<&Schema>,
    mistakes: &mut Mistakes<'_>,
) -> SourceConfig {
    let mut source = SourceConfig::default();
    let files = node.strings("files", mistakes);
    if files.is_empty() && !node.has("files") {
        mistakes.advise(&node.place, "the source names no files", "add files = [\"…*.csv\"]");
    }
    source.files = files.iter().map(|text| FilePattern::new(&text.value, folder)).collect();
    let entity = node.string("entity", mistakes);
    let judge = Judge::new(schema, entity.as_ref(), mistakes);
    source.entity = entity.map(|entity| entity.value);
    source.encoding = node.string("encoding", mistakes).and_then(|label| {
        let found = Encoding::from_label(&label.value);
        if found.is_err() {
            let message = format!("`{}` is not an encoding that muster reads", label.value);
            mistakes.advise(&label.place, message, "write, for example, utf-8, utf-16le or windows-1252");
        }
        found.ok()
    });
    source.delimiter = node.string("delimiter", mistakes).and_then(|text| {
        delimiter(&text.value)
            .map_err(|said| mistakes.advise(&text.place, format!("`{}` is no delimiter", text.value), said))
            .ok()
    });
    source.null =
        node.strings("null", mistakes).into_iter().map(|word| word.value.trim().to_owned()).collect();
    source.time_zone = node.string("time_zone", mistakes).and_then(|name| judge.time_zone(&name, mistakes));
    source.order = word(&mut node, "date", &DATES, mistakes);
    source.mark = word(&mut node, "decimal", &DECIMALS, mistakes);
    if let Some(node) = node.table("columns", mistakes) {
        columns::read(&node, &judge, &mut source, mistakes);
    }
    if let Some(node) = node.table("fields", mistakes) {
        made::read(&node, &judge, &mut source, mistakes);
    }
    node.refuse(&LATER, mistakes);
    node.finish("[[source]]", &KEYS, mistakes);
    source
}

/// The meaning of a word under `key`.
fn word<T: Copy>(
    node: &mut Node<'_, '_>,
    key: &'static str,
    words: &[(&'static str, T)],
    mistakes: &mut Mistakes<'_>,
) -> Option<T> {
    let given = node.string(key, mistakes)?;
    let found = words.iter().find(|(name, _)| *name == given.value);
    if found.is_none() {
        let message = format!("`{key}` is not `{}`", given.value);
        mistakes.unknown(&given.place, message, &given.value, words.iter().map(|(name, _)| *name));
    }
    found.map(|(_, meaning)| *meaning)
}
