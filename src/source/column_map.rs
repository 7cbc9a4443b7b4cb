//! What the command line (`--map [ENTITY:|FILE:]HEADER=FIELD`) and `muster.toml` say becomes of a column. Which columns of a file it
//! means is decided in `header`, whether it is used in `maps`.

use crate::schema::{Schema, header_key};

/// Which files a map is about. The order is that in which maps go before each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// The file with this name.
    File(String),
    /// The files of this entity.
    Entity(String),
    /// All files.
    All,
    /// The files of a source of `muster.toml`: they alone are given its maps.
    Config,
}

/// What becomes of the columns with a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ColumnMap {
    /// Who says so, as messages begin.
    pub(crate) origin: String,
    pub(crate) scope: Scope,
    /// The header, trimmed.
    pub(crate) header: String,
    /// The field's name; `None` if the column is ignored.
    pub(crate) field: Option<String>,
}

impl ColumnMap {
    /// A `--map`, given as what is before the last `=` and what is after it. What is before a colon is a scope if a
    /// file or an entity has that name, else it is a part of the header.
    pub(crate) fn given(left: &str, field: &str, schema: &Schema, files: &[String]) -> Self {
        let split = |at: usize| (left[..at].trim(), left[at + 1..].trim());
        let splits =
            || left.match_indices(':').map(|(at, _)| split(at)).filter(|(_, header)| !header.is_empty());
        let of_file = splits().rfind(|(file, _)| files.iter().any(|known| known == file));
        let of_entity = || splits().find(|(name, _)| schema.entities.iter().any(|known| known.name == *name));
        let (scope, header) = match (of_file, of_entity()) {
            (Some((file, header)), _) => (Scope::File(file.to_owned()), header),
            (None, Some((entity, header))) => (Scope::Entity(entity.to_owned()), header),
            (None, None) => (Scope::All, left),
        };
        Self {
            origin: format!("--map '{left}={field}'"),
            scope,
            header: header.to_owned(),
            field: Some(field.to_owned()),
        }
    }

    /// Whether it is about a file of an entity.
    pub(crate) fn is_about(&self, file: &str, entity: &str) -> bool {
        match &self.scope {
            Scope::File(name) => name == file,
            Scope::Entity(name) => name == entity,
            Scope::All | Scope::Config => true,
        }
    }

    /// How well it names a column, the best first: by its exact header, or in another spelling.
    pub(super) fn fits(&self, name: &str) -> Option<bool> {
        if self.header == name {
            return Some(false);
        }
        (header_key(&self.header) == header_key(name)).then_some(true)
    }
}

/// The map that decides about a column, of those that are about its file.
pub(super) fn deciding<'m>(
    maps: impl IntoIterator<Item = &'m ColumnMap>,
    name: &str,
) -> Option<&'m ColumnMap> {
    let fitting =
        maps.into_iter().filter_map(|map| map.fits(name).map(|loosely| ((&map.scope, loosely), map)));
    fitting.min_by(|(a, _), (b, _)| a.cmp(b)).map(|(_, map)| map)
}
