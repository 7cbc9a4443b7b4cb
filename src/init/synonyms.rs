//! The words of `synonyms.toml`: what columns and values are called in several languages. The file beside the schema
//! files of `--schemas` replaces the built-in one.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::words::{folded, taken_apart, words};

/// The file's name.
const FILE: &str = "synonyms.toml";

/// Why the synonyms cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SynonymsError {
    /// The file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// It is not TOML, or has other keys.
    #[error("{file}: {message}; see `muster schema print synonyms`")]
    Wrong { file: String, message: String },
}

/// All words, compared in one spelling.
#[derive(Debug)]
pub(crate) struct Synonyms {
    pub(super) fillers: HashSet<String>,
    pub(super) decorations: HashSet<String>,
    pub(super) entities: BTreeMap<String, HashSet<String>>,
    pub(super) groups: BTreeMap<String, HashSet<String>>,
    pub(super) names: BTreeMap<String, Vec<String>>,
    pub(super) fields: BTreeMap<String, BTreeMap<String, Terms>>,
    pub(super) split: BTreeMap<String, Vec<SplitTerms>>,
    pub(super) join: BTreeMap<String, Vec<JoinTerms>>,
    pub(super) fallback: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    /// Words for nothing, in lower case.
    pub(super) always: Vec<String>,
    pub(super) sometimes: Vec<String>,
    /// A field's value by what means it, both in lower case.
    pub(super) values: BTreeMap<String, Vec<String>>,
    known: HashSet<String>,
    /// The words of all names.
    named: HashSet<String>,
}

/// Which names a field has.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct Terms {
    pub(super) is: Vec<String>,
    #[serde(default)]
    pub(super) of: Vec<String>,
    #[serde(default)]
    pub(super) only: Vec<String>,
    /// A field, and the name that this one has where another column is that field.
    #[serde(default)]
    pub(super) is_with: BTreeMap<String, String>,
}

/// A column that is taken apart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitTerms {
    pub(super) is: Vec<String>,
    #[serde(default)]
    pub(super) of: Vec<String>,
    pub(super) first: String,
    pub(super) others: String,
}

/// A column that is put before or after another.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinTerms {
    pub(super) is: Vec<String>,
    #[serde(default)]
    pub(super) of: Vec<String>,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    fillers: Vec<String>,
    #[serde(default)]
    decorations: Vec<String>,
    #[serde(default)]
    entities: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    names: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    fields: BTreeMap<String, BTreeMap<String, Terms>>,
    #[serde(default)]
    split: BTreeMap<String, Vec<SplitTerms>>,
    #[serde(default)]
    join: BTreeMap<String, Vec<JoinTerms>>,
    #[serde(default)]
    fallback: BTreeMap<String, BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    null: Nulls,
    #[serde(default)]
    values: BTreeMap<String, Vec<String>>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct Nulls {
    #[serde(default)]
    always: Vec<String>,
    #[serde(default)]
    sometimes: Vec<String>,
}

impl Synonyms {
    /// The text of the built-in file.
    pub(crate) fn built_in_text() -> &'static str {
        include_str!("../../schemas/synonyms.toml")
    }

    /// The text of the file in a folder; of the built-in one if there is no folder, or no such file in it.
    /// Errors: the file cannot be read.
    pub(crate) fn text(folder: Option<&Path>) -> Result<String, SynonymsError> {
        let Some(path) = folder.map(|folder| folder.join(FILE)) else {
            return Ok(Self::built_in_text().to_owned());
        };
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::built_in_text().to_owned()),
            Err(source) => Err(SynonymsError::Unreadable { path, source }),
        }
    }

    /// The words of a file.
    /// Errors: it is not TOML, has unknown keys, or names groups or names that it does not have.
    pub(crate) fn parse(text: &str) -> Result<Self, SynonymsError> {
        let wrong = |message: String| SynonymsError::Wrong { file: FILE.to_owned(), message };
        let file: File = toml::from_str(text).map_err(|error| wrong(error.to_string().trim().to_owned()))?;
        let sets = |lists: BTreeMap<String, Vec<String>>| -> BTreeMap<String, HashSet<String>> {
            lists
                .into_iter()
                .map(|(name, list)| (name, list.iter().map(|word| folded(word)).collect()))
                .collect()
        };
        let lower = |list: Vec<String>| list.iter().map(|word| word.to_lowercase()).collect::<Vec<_>>();
        let fillers: HashSet<String> = file.fillers.iter().map(|word| folded(word)).collect();
        let decorations: HashSet<String> = file.decorations.iter().map(|word| folded(word)).collect();
        let (entities, groups) = (sets(file.entities), sets(file.groups));
        let mut known: HashSet<String> = decorations.clone();
        known.extend(entities.values().chain(groups.values()).flatten().cloned());
        let named: HashSet<String> = file.names.values().flatten().flat_map(|name| words(name)).collect();
        known.extend(named.iter().cloned());
        known.retain(|word| !fillers.contains(word));
        let synonyms = Self {
            fillers,
            decorations,
            entities,
            groups,
            names: file.names,
            fields: file.fields,
            split: file.split,
            join: file.join,
            fallback: file.fallback,
            always: lower(file.null.always),
            sometimes: lower(file.null.sometimes),
            values: file
                .values
                .into_iter()
                .map(|(value, meanings)| (value.to_lowercase(), lower(meanings)))
                .collect(),
            known,
            named,
        };
        synonyms.checked().map_err(wrong)
    }

    /// Whether all that is referred to is there.
    fn checked(self) -> Result<Self, String> {
        let fields = self.fields.values().flat_map(BTreeMap::values);
        let fields = fields.map(|terms| (&terms.is, terms.of.iter().chain(&terms.only).collect::<Vec<_>>()));
        let splits = self.split.values().flatten().map(|terms| (&terms.is, terms.of.iter().collect()));
        let joins = self.join.values().flatten().map(|terms| (&terms.is, terms.of.iter().collect()));
        for (names, groups) in fields.chain(splits).chain(joins) {
            if let Some(name) = names.iter().find(|name| !self.names.contains_key(*name)) {
                return Err(format!("`{name}` is used with `is` and not one of [names]"));
            }
            if let Some(group) = groups.into_iter().find(|group| !self.groups.contains_key(*group)) {
                return Err(format!("`{group}` is used with `of` or `only` and not one of [groups]"));
            }
        }
        Ok(self)
    }

    /// The words of a header or a name: compounds taken apart, without fillers.
    pub(super) fn words(&self, text: &str) -> Vec<String> {
        let apart = words(text).into_iter().flat_map(|word| taken_apart(word, &self.known));
        apart.filter(|word| !self.fillers.contains(word)).collect()
    }

    /// Whether any of these words is part of a name.
    pub(super) fn names_something(&self, words: &[String]) -> bool {
        words.iter().any(|word| self.named.contains(word))
    }

    /// What a value means among a field's values: its own spelling in any case, else by its synonyms.
    pub(super) fn meaning<'v>(&self, value: &str, among: &[&'v str]) -> Option<&'v str> {
        let lower = value.to_lowercase();
        let bare = lower.trim_end_matches('.');
        let means = |own: &&&str| {
            let own = own.to_lowercase();
            own == lower
                || self.values.get(&own).is_some_and(|all| {
                    all.iter().any(|word| *word == lower || word.trim_end_matches('.') == bare)
                })
        };
        let mut found = among.iter().filter(means);
        found.next().filter(|_| found.next().is_none()).copied()
    }

    /// The entity that a file's name speaks of, if it is only one.
    pub(super) fn entity_of<'e>(&self, name: &str, known: &'e [String]) -> Option<&'e String> {
        let stem = Path::new(name).file_stem()?.to_string_lossy().into_owned();
        let words = self.words(&stem);
        let speaks = |entity: &&String| {
            let own = self.entities.get(*entity);
            words.iter().any(|word| *word == folded(entity) || own.is_some_and(|own| own.contains(word)))
        };
        let mut found = known.iter().filter(speaks);
        found.next().filter(|_| found.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_file_can_be_used() {
        let synonyms = Synonyms::parse(Synonyms::built_in_text()).unwrap();
        assert_eq!(synonyms.words("Factuuradres van de straat"), ["factuuradres", "straat"]);
        assert_eq!(synonyms.meaning("Dhr.", &["male", "female"]), Some("male"));
        assert_eq!(synonyms.meaning("dhr", &["male", "female"]), Some("male"));
        assert_eq!(synonyms.meaning("??", &["male", "female"]), None);
        let known = ["accounts".to_owned(), "users".to_owned()];
        assert_eq!(synonyms.entity_of("Klanten 2026.csv", &known), Some(&known[0]));
        assert_eq!(synonyms.entity_of("export.csv", &known), None);
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        for (text, said) in [
            ("[nams]\nx = []", "line 1"),
            ("[fields.accounts]\nname = { is = [\"x\"] }", "`x` is used with `is`"),
            ("x = [", "line 1"),
        ] {
            let error = Synonyms::parse(text).unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
