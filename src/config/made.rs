//! `[source.fields]`: fields that are made of several columns, or of none.

use toml::Spanned;
use toml::de::DeValue;

use crate::schema::{Located, Mistakes, Node, header_key};
use crate::source::{How, MadeField, Part};

use super::judge::Judge;
use super::settings::SourceConfig;

/// The keys of a made field, and what else each may have.
pub(super) const KEYS: [&str; 6] = ["first_of", "join", "with", "part", "of", "constant"];

const HINT: &str = "write one of { first_of = [\"A\", [\"B\", \"C\"]] }, { join = [\"A\", \"B\"], with = \" \" }, \
                    { part = \"first-word\", of = \"A\" }, { constant = \"x\" }";

/// Reads all made fields into the source.
pub(super) fn read(
    node: &Node<'_, '_>,
    judge: &Judge<'_>,
    source: &mut SourceConfig,
    mistakes: &mut Mistakes<'_>,
) {
    for (name, value) in node.entries() {
        let Some(table) = value.get_ref().as_table() else {
            mistakes.advise(&node.at(value), format!("`{}` is no table", name.value), HINT);
            continue;
        };
        let mut own = Node::new(node.place.file, value.span(), table);
        let how = how(&mut own, &name, judge, mistakes);
        own.finish(&format!("field `{}`", name.value), &KEYS, mistakes);
        let Some(field) = judge.field(&name, mistakes) else { continue };
        let same = |other: &str| header_key(other) == header_key(&field);
        if source.columns.iter().any(|map| map.field.as_deref().is_some_and(same)) {
            let hint = "name it under [source.columns] or under [source.fields], not in both";
            mistakes.advise(&name.place, format!("`{field}` is also what a column becomes"), hint);
            continue;
        }
        let origin = format!("{}: field {}", mistakes.line_of(&name.place), name.value);
        source.made.extend(how.map(|how| MadeField { origin, field, how }));
    }
}

fn how(
    own: &mut Node<'_, '_>,
    name: &Located<String>,
    judge: &Judge<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<How> {
    let kinds: Vec<&str> =
        ["first_of", "join", "part", "constant"].into_iter().filter(|key| own.has(key)).collect();
    let [kind] = kinds.as_slice() else {
        let message = match kinds.as_slice() {
            [] => format!("nothing says how `{}` is made", name.value),
            several => format!("`{}` is made in {} ways", name.value, several.len()),
        };
        mistakes.advise(&own.place, message, HINT);
        // All of them are known keys.
        for key in KEYS {
            _ = own.take(key);
        }
        return None;
    };
    let wants = |key: &str| match *kind {
        "join" => key == "with",
        "part" => key == "of",
        _ => false,
    };
    for key in ["with", "of"] {
        if own.has(key) && !wants(key) {
            mistakes.add(&own.place, format!("`{key}` does not belong to `{kind}`"));
            _ = own.take(key);
        }
    }
    match *kind {
        "first_of" => own.take("first_of").and_then(|value| first_of(own, value, mistakes)),
        "join" => {
            let columns: Vec<String> = own
                .strings("join", mistakes)
                .into_iter()
                .map(|column| column.value.trim().to_owned())
                .collect();
            let with = if own.has("with") { own.any_string("with", mistakes)?.value } else { " ".to_owned() };
            (!columns.is_empty()).then_some(How::Join { columns, with })
        }
        "part" => {
            let part = own.string("part", mistakes);
            let of = own.string("of", mistakes);
            if !own.has("of") {
                mistakes.advise(&own.place, "`part` needs `of`", "add of = \"…\", the column's header");
            }
            let part = part?;
            let found = Part::NAMES.iter().find(|(name, _)| *name == part.value);
            if found.is_none() {
                let message = format!("there is no part `{}`", part.value);
                mistakes.unknown(&part.place, message, &part.value, Part::NAMES.map(|(name, _)| name));
            }
            Some(How::Part { part: found?.1, of: of?.value.trim().to_owned() })
        }
        _ => {
            let value = own.scalar("constant", mistakes)?;
            judge.value(&name.value, &value, mistakes);
            Some(How::Constant(value.value))
        }
    }
}

/// Columns, or lists of columns.
fn first_of(own: &Node<'_, '_>, value: &Spanned<DeValue<'_>>, mistakes: &mut Mistakes<'_>) -> Option<How> {
    let Some(array) = value.get_ref().as_array() else {
        mistakes.advise(&own.at(value), "`first_of` is not a list", HINT);
        return None;
    };
    let mut choices = Vec::new();
    for item in array {
        let columns = if item.get_ref().as_array().is_some() {
            own.texts("first_of", item, mistakes)
        } else {
            own.text("first_of", item, mistakes).into_iter().collect()
        };
        if !columns.is_empty() {
            choices.push(columns.into_iter().map(|column| column.value.trim().to_owned()).collect());
        }
    }
    if array.is_empty() {
        mistakes.advise(&own.at(value), "`first_of` is empty", HINT);
    }
    (!choices.is_empty()).then_some(How::FirstOf(choices))
}
