//! `muster schema`: the column rules as files, as SQL and as the schemas of other tools.

use std::io::{self, Write};
use std::path::Path;

use crate::cli::{SchemaAction, SchemaArgs};
use crate::schema::roles::{self, Roles};
use crate::schema::{
    Entity, Schema, SchemaError, SchemaFile, compile, ddl, json_schema, nearest, table_schema,
};

/// What stands for the roles where an entity is named.
const ROLES: &str = "roles";

/// What `muster schema` can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaCommandError {
    /// The schema cannot be used.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The schema has no such entity: the command line is wrong.
    #[error("the schema has no entity `{entity}`; {advice}")]
    UnknownEntity {
        /// What was asked for.
        entity: String,
        /// What to write instead.
        advice: String,
    },
    /// Standard output cannot be written to.
    #[error("cannot write to standard output")]
    Write(#[from] io::Error),
}

impl SchemaCommandError {
    /// The exit code that this error ends the program with.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::UnknownEntity { .. } => 2,
            Self::Schema(_) | Self::Write(_) => 1,
        }
    }
}

/// Prints what was asked for. Returns the exit code.
///
/// # Errors
///
/// A broken schema, an unknown entity, and where `out` cannot be written to.
pub(crate) fn run(args: &SchemaArgs, out: &mut dyn Write) -> Result<u8, SchemaCommandError> {
    let folder = args.schemas.as_deref();
    match args.action.as_ref().unwrap_or(&SchemaAction::Print { entity: None }) {
        SchemaAction::Print { entity } => print(folder, entity.as_deref(), out)?,
        SchemaAction::Check => check(folder, out)?,
        SchemaAction::JsonSchema => out.write_all(json_schema::json_schema_text().as_bytes())?,
        SchemaAction::TableSchema { entity } => {
            let schema = compile(&files(folder)?)?;
            let table = table_schema::table_schema(find(&schema, entity)?, &schema);
            writeln!(out, "{table:#}")?;
        }
        SchemaAction::Ddl => out.write_all(ddl::script(&compile(&files(folder)?)?).as_bytes())?,
    }
    Ok(0)
}

/// The roles, where the folder has any.
fn roles_file(folder: Option<&Path>) -> Result<Option<SchemaFile>, SchemaError> {
    folder.map_or_else(|| Ok(Some(Roles::built_in_file())), Roles::file)
}

fn no_roles(folder: Option<&Path>) -> SchemaCommandError {
    let folder = folder.unwrap_or(Path::new("."));
    SchemaCommandError::UnknownEntity {
        entity: ROLES.to_owned(),
        advice: format!("{} has no {}", folder.display(), roles::FILE),
    }
}

fn files(folder: Option<&Path>) -> Result<Vec<SchemaFile>, SchemaError> {
    folder.map_or_else(|| Ok(Schema::built_in_files()), Schema::files)
}

/// Prints the files as they are; all of them with a line between that names the next one.
fn print(folder: Option<&Path>, entity: Option<&str>, out: &mut dyn Write) -> Result<(), SchemaCommandError> {
    let files = files(folder)?;
    let roles = roles_file(folder)?;
    if entity == Some(ROLES) {
        let text = roles.ok_or_else(|| no_roles(folder))?.text;
        return Ok(out.write_all(text.as_bytes())?);
    }
    let Some(entity) = entity else {
        for (i, file) in files.iter().chain(&roles).enumerate() {
            let gap = if i == 0 { "" } else { "\n" };
            write!(out, "{gap}# ---- {} ----\n{}", file.name, file.text)?;
        }
        return Ok(());
    };
    let schema = compile(&files)?;
    let entity = find(&schema, entity)?;
    let own = files.iter().find(|file| file.entity().as_deref() == Some(&entity.name));
    Ok(out.write_all(own.map_or("", |file| &file.text).as_bytes())?)
}

fn check(folder: Option<&Path>, out: &mut dyn Write) -> Result<(), SchemaCommandError> {
    let schema = compile(&files(folder)?)?;
    let roles = roles_file(folder)?.map(|file| Roles::compile(&file, &schema)).transpose()?;
    for entity in &schema.entities {
        let key = &entity.fields[entity.key].name;
        writeln!(out, "{}: {} fields, key {key}, table {}", entity.name, entity.fields.len(), entity.table)?;
    }
    if let Some(Roles { roles, choice: (entity, field), .. }) = roles {
        writeln!(out, "roles: {} of them, for {field} of {entity}", roles.len())?;
    }
    Ok(writeln!(out, "the schema is sound (sha256 {})", schema.sha256)?)
}

fn find<'s>(schema: &'s Schema, name: &str) -> Result<&'s Entity, SchemaCommandError> {
    let names = || schema.entities.iter().map(|entity| entity.name.as_str());
    schema.entities.iter().find(|entity| entity.name == name).ok_or_else(|| {
        let advice = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", names().collect::<Vec<_>>().join(", ")),
        };
        SchemaCommandError::UnknownEntity { entity: name.to_owned(), advice }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(action: SchemaAction, folder: Option<&Path>) -> Result<String, SchemaCommandError> {
        let mut out = Vec::new();
        let code = run(&SchemaArgs { action: Some(action), schemas: folder.map(Path::to_owned) }, &mut out)?;
        assert_eq!(code, 0);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_printed_entity_is_its_file_to_the_byte() {
        let text = printed(SchemaAction::Print { entity: Some("users".into()) }, None).unwrap();
        assert_eq!(text, include_str!("../../schemas/users.toml"));
        let all = printed(SchemaAction::Print { entity: None }, None).unwrap();
        assert!(all.starts_with("# ---- accounts.toml ----\n") && all.contains("\n# ---- users.toml ----\n"));
    }

    #[test]
    fn a_sound_schema_is_listed_and_a_broken_one_shows_its_mistakes() {
        let text = printed(SchemaAction::Check, None).unwrap();
        assert!(text.starts_with("accounts: 33 fields, key legacyId, table \"accounts\"\n"), "{text}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), "entity = \"a\"\nkee = \"k\"\n").unwrap();
        let error = printed(SchemaAction::Check, Some(folder.path())).unwrap_err();
        assert_eq!(error.exit_code(), 1);
        let text = error.to_string();
        assert!(text.contains("error: unknown key `kee` in a schema file\n --> a.toml:2:1\n"), "{text}");
        assert!(text.ends_with("the schema has 3 mistakes"), "{text}");
    }

    #[test]
    fn an_unknown_entity_is_a_wrong_command_line() {
        let error = printed(SchemaAction::TableSchema { entity: "user".into() }, None).unwrap_err();
        assert_eq!(error.to_string(), "the schema has no entity `user`; did you mean `users`?");
        assert_eq!(error.exit_code(), 2);
    }

    #[test]
    fn ddl_and_table_schema_are_what_the_schema_says() {
        assert_eq!(printed(SchemaAction::Ddl, None).unwrap(), ddl::script(&Schema::built_in().unwrap()));
        let table = printed(SchemaAction::TableSchema { entity: "accounts".into() }, None).unwrap();
        assert!(table.contains("\"primaryKey\": [\n    \"legacyId\"\n  ]"), "{table}");
    }
}
