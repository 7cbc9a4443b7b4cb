//! `[source.columns]`: what becomes of each column.

use toml::Spanned;
use toml::de::DeValue;

use crate::schema::{Located, Mistakes, Node, header_key, scalar_text};
use crate::source::{ColumnMap, Scope};

use super::judge::Judge;
use super::settings::{Cleaned, SourceConfig};

/// The keys of a column.
pub(super) const KEYS: [&str; 4] = ["field", "values", "null", "ignore"];

/// Reads all columns into the source.
pub(super) fn read(
    node: &Node<'_, '_>,
    judge: &Judge<'_>,
    source: &mut SourceConfig,
    mistakes: &mut Mistakes<'_>,
) {
    let mut seen: Vec<(String, Located<String>)> = Vec::new();
    for (header, value) in node.entries() {
        let key = header_key(&header.value);
        if let Some((_, first)) = seen.iter().find(|(known, _)| *known == key) {
            let line = mistakes.line_of(&first.place);
            mistakes
                .add(&header.place, format!("the column `{}` is named twice; first at {line}", header.value));
            continue;
        }
        seen.push((key, header.clone()));
        column(node, &header, value, judge, source, mistakes);
    }
}

fn column(
    node: &Node<'_, '_>,
    header: &Located<String>,
    value: &Spanned<DeValue<'_>>,
    judge: &Judge<'_>,
    source: &mut SourceConfig,
    mistakes: &mut Mistakes<'_>,
) {
    let origin = format!("{}: column {}", mistakes.line_of(&header.place), header.value);
    let map = |field: Option<String>| ColumnMap {
        origin: origin.clone(),
        scope: Scope::Config,
        header: header.value.trim().to_owned(),
        field,
    };
    if value.get_ref().as_str().is_some() {
        let name = node.text(&header.value, value, mistakes);
        source
            .columns
            .extend(name.and_then(|name| judge.field(&name, mistakes)).map(|field| map(Some(field))));
        return;
    }
    let Some(table) = value.get_ref().as_table() else {
        let hint = "write the field's name, or { field = \"…\" } or { ignore = true }";
        mistakes.advise(&node.at(value), format!("`{}` is no field and no table", header.value), hint);
        return;
    };
    let mut own = Node::new(node.place.file, value.span(), table);
    let field = own.string("field", mistakes);
    let ignore = own.boolean("ignore", mistakes);
    let null = own.strings("null", mistakes).into_iter().map(|word| word.value.trim().to_owned()).collect();
    let values = own.table("values", mistakes).map(|node| values(&node, mistakes)).unwrap_or_default();
    own.finish(&format!("column `{}`", header.value), &KEYS, mistakes);
    if ignore.as_ref().is_some_and(|ignore| ignore.value) {
        if let Some(other) = ["field", "values", "null"].iter().find(|key| own.has(key)) {
            let message = format!("`{}` is ignored, and has a `{other}`", header.value);
            mistakes.advise(&header.place, message, "take one of them out");
        }
        source.columns.push(map(None));
        return;
    }
    let name = field.as_ref().and_then(|name| judge.field(name, mistakes));
    for (_, to) in &values {
        judge.value(name.as_deref().unwrap_or(&header.value), to, mistakes);
    }
    source.columns.extend(name.map(|name| map(Some(name))));
    source.cleaned.push(Cleaned {
        header: header.value.trim().to_owned(),
        null,
        values: values.into_iter().map(|(from, to)| (from, to.value)).collect(),
    });
}

/// What stands for what. Two values that differ in their case alone must mean the same, or be told apart exactly.
fn values(node: &Node<'_, '_>, mistakes: &mut Mistakes<'_>) -> Vec<(String, Located<String>)> {
    let mut all: Vec<(String, Located<String>)> = Vec::new();
    for (from, to) in node.entries() {
        let from_text = from.value.trim().to_owned();
        if all.iter().any(|(known, _)| *known == from_text) {
            mistakes.add(&from.place, format!("the value `{from_text}` is named twice"));
        } else if let Some(text) = scalar_text(to) {
            all.push((from_text, Located { value: text, place: node.at(to) }));
        } else {
            mistakes.advise(
                &node.at(to),
                format!("`{from_text}` stands for no single value"),
                "write it in quotes",
            );
        }
    }
    all
}
