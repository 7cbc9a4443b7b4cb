//! The whole file: read, its mistakes gathered, judged against the schema where there is one.

use std::path::Path;

use toml::de::DeTable;

use crate::hash::Hasher;
use crate::schema::{Mistakes, Node, Place, Schema, SchemaFile};
use crate::source::UnknownColumns;

use super::error::ConfigError;
use super::find::folder;
use super::masked::masked;
use super::settings::Config;
use super::{database, source};

/// The keys at the top of the file.
pub(super) const KEYS: [&str; 4] = ["schemas", "unknown_columns", "database", "source"];
/// Keys of the contract that are not kept yet.
const LATER: [&str; 1] = ["fixes"];

/// The words of `unknown_columns`.
pub(super) const UNKNOWN: [(&str, UnknownColumns); 3] = [
    ("report", UnknownColumns::Report),
    ("refuse", UnknownColumns::Refuse),
    ("ignore", UnknownColumns::Ignore),
];

/// Reads a `muster.toml`. Without a schema the names of fields are not judged.
/// Errors: the file cannot be read, or has mistakes; then all of them.
pub(crate) fn read(path: &Path, schema: Option<&Schema>) -> Result<Config, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable { path: path.to_owned(), source };
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        unreadable(std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error()))
    })?;
    let mut config = parse(path, &text, schema)?;
    let mut hasher = Hasher::new();
    hasher.update(text.as_bytes());
    config.sha256 = hasher.finish();
    Ok(config)
}

/// The folder of schemas that the file names, if that much can be read.
pub(crate) fn schemas(path: &Path) -> Option<std::path::PathBuf> {
    let text = std::fs::read_to_string(path).ok()?;
    let (table, _) = DeTable::parse_recoverable(&text);
    let named = table.get_ref().get("schemas")?.get_ref().as_str().filter(|named| !named.is_empty())?;
    Some(folder(path).join(named))
}

/// Reads the text of the file.
pub(super) fn parse(path: &Path, text: &str, schema: Option<&Schema>) -> Result<Config, ConfigError> {
    let shown = [SchemaFile { name: path.display().to_string(), text: masked(text) }];
    let mut mistakes = Mistakes::new(&shown);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = Place { file: 0, span: error.span().unwrap_or_default() };
        mistakes.add(&place, error.message());
    }
    let mut config = Config { path: path.to_owned(), ..Config::default() };
    // What could be read of a broken file is judged with the rest.
    let mut node = Node::new(0, 0..0, table.get_ref());
    let folder = folder(path);
    config.schemas = node.string("schemas", &mut mistakes).map(|text| folder.join(text.value));
    config.unknown_columns = node.string("unknown_columns", &mut mistakes).and_then(|word| {
        let found = UNKNOWN.iter().find(|(name, _)| *name == word.value);
        if found.is_none() {
            let message = format!("`unknown_columns` is not {}", word.value);
            mistakes.unknown(&word.place, message, &word.value, UNKNOWN.map(|(name, _)| name));
        }
        found.map(|(_, what)| *what)
    });
    config.database_url =
        node.table("database", &mut mistakes).and_then(|node| database::read(node, &mut mistakes));
    for node in node.tables("source", &mut mistakes) {
        config.sources.push(source::read(node, folder, schema, &mut mistakes));
    }
    node.refuse(&LATER, &mut mistakes);
    node.finish("muster.toml", &KEYS, &mut mistakes);
    let found = mistakes.into_listing();
    if found.is_empty() { Ok(config) } else { Err(ConfigError::Mistakes(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
schemas = "rules"
unknown_columns = "refuse"

[database]
url = "postgres://app@db.example/app"

[[source]]
files = ["Klanten*.csv", "in/**/*.csv"]
entity = "accounts"
encoding = "windows-1252"
delimiter = ";"
null = ["NULL", "n.v.t.", "-"]
date = "day-first"
decimal = "comma"

[source.columns]
"Klantnummer" = "legacyId"
"Soort klant" = { field = "type", values = { "Z" = "company", "P" = "private", "*" = "private" } }
"IBAN" = { field = "payment.iban", null = ["geen"] }
"Opmerking" = { ignore = true }

[source.fields]
"name" = { first_of = ["Bedrijfsnaam", ["Voornaam", "Achternaam"]] }
"contact.firstName" = { part = "first-word", of = "Contactpersoon" }
"billingAddress.street" = { join = ["Straat", "Toevoeging"], with = " " }
"plan" = { constant = "basic" }
"#;

    #[test]
    fn a_whole_file_is_read() {
        let schema = Schema::built_in().unwrap();
        let config = parse(Path::new("x/muster.toml"), GOOD, Some(&schema)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(config.schemas.as_deref(), Some(Path::new("x/rules")));
        assert_eq!(config.unknown_columns, Some(UnknownColumns::Refuse));
        let source = &config.sources[0];
        assert_eq!((source.columns.len(), source.cleaned.len(), source.made.len()), (4, 2, 4));
        assert_eq!((source.null.len(), source.delimiter), (3, Some(b';')));
        assert!(source.columns[3].field.is_none());
    }

    /// A thousand files with a few wrong bytes: each mistake has a place, and none makes the reader panic.
    #[test]
    fn a_changed_file_is_read_or_its_mistakes_have_places() {
        let schema = Schema::built_in().unwrap();
        let mut seed = 7_u64;
        let mut next = |below: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap_or(0) % below
        };
        let mut broken = 0;
        for _ in 0..1000 {
            let mut text: Vec<char> = GOOD.chars().collect();
            for _ in 0..=next(3) {
                let at = next(text.len());
                match next(4) {
                    0 => text[at] = ['"', '[', ']', '{', '}', '=', ',', '.', '\n', '#', 'é'][next(11)],
                    1 => _ = text.remove(at),
                    2 => text.insert(at, GOOD.chars().nth(next(GOOD.len())).unwrap_or('x')),
                    _ => text.truncate(at.max(1)),
                }
            }
            let text: String = text.into_iter().collect();
            if let Err(ConfigError::Mistakes(mistakes)) =
                parse(Path::new("muster.toml"), &text, Some(&schema))
            {
                broken += 1;
                let lines = text.lines().count().max(1);
                assert!(
                    mistakes.iter().all(|m| m.line >= 1 && m.line <= lines + 1 && m.column >= 1),
                    "{text}"
                );
                assert!(mistakes.iter().all(|mistake| !mistake.to_string().is_empty()));
            }
        }
        assert!(broken > 500, "{broken}");
    }
}
