//! Loads the schema files, from the binary or from a folder. They are compiled in `compile`.

use std::fs;
use std::path::Path;

use toml::de::DeTable;

use super::compile::compile;
use super::compiled::Schema;
use super::mistake::{SchemaError, SchemaFile};
use crate::side_file;

impl SchemaFile {
    /// The entity that the file describes, if it names one.
    pub(crate) fn entity(&self) -> Option<String> {
        let table = DeTable::parse(&self.text).ok()?;
        table.get_ref().get("entity")?.get_ref().as_str().map(str::to_owned)
    }
}

impl Schema {
    /// The files of the built-in schema.
    pub(crate) fn built_in_files() -> Vec<SchemaFile> {
        let file = |name: &str, text: &str| SchemaFile { name: name.to_owned(), text: text.to_owned() };
        vec![
            file("accounts.toml", include_str!("../../schemas/accounts.toml")),
            file("users.toml", include_str!("../../schemas/users.toml")),
        ]
    }

    /// The schema that is compiled in.
    pub(crate) fn built_in() -> Result<Self, SchemaError> {
        compile(&Self::built_in_files())
    }

    /// The schema in a folder, the one that is compiled in where no folder is named.
    pub(crate) fn open(folder: Option<&Path>) -> Result<Self, SchemaError> {
        folder.map_or_else(Self::built_in, Self::load)
    }

    /// The schema in a folder, read by [`Schema::files`].
    /// Errors: a folder that cannot be read or holds no schema, and all mistakes of its files.
    pub(crate) fn load(folder: &Path) -> Result<Self, SchemaError> {
        compile(&Self::files(folder)?)
    }

    /// The schema files of a folder, in the order of their names: each `*.toml` with a top-level `entity` or
    /// `field`, and each that is not valid TOML, so that a typing mistake never makes an entity disappear. Other TOML
    /// files, for example the list of roles, may be in the same folder.
    /// Errors: a folder or file that cannot be read, and a folder without any schema file.
    pub(crate) fn files(folder: &Path) -> Result<Vec<SchemaFile>, SchemaError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |source| SchemaError::Unreadable { path, source }
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(folder).map_err(unreadable(folder))? {
            let path = entry.map_err(unreadable(folder))?.path();
            if path.extension().is_none_or(|extension| extension != "toml") {
                continue;
            }
            let text = side_file::read_text(&path).map_err(unreadable(&path))?;
            if describes_an_entity(&text) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                files.push(SchemaFile { name, text });
            }
        }
        if files.is_empty() {
            return Err(SchemaError::NoSchema { path: folder.to_owned() });
        }
        files.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(files)
    }
}

fn describes_an_entity(text: &str) -> bool {
    match DeTable::parse(text) {
        Ok(table) => ["entity", "field"].iter().any(|key| table.get_ref().contains_key(*key)),
        Err(_) => true,
    }
}
