//! `muster schema`: the column rules as files, as SQL and as the schemas of other tools.

use std::io::Write;
use std::path::Path;

use crate::cli::{SchemaAction, SchemaArgs};
use crate::config;
use crate::exit::Exit;
use crate::init::Synonyms;
use crate::output::visible::visible_lines;
use crate::schema::roles::Roles;
use crate::schema::{Entity, Schema, SchemaError, SchemaFile, compile, ddl, json_schema, table_schema};

use super::print::{json, print_as_is};
use super::{CommandError, error};

/// The names of the roles file and of the synonyms among the entities.
const ROLES: &str = "roles";
const SYNONYMS: &str = "synonyms";

/// Prints what was asked for; `of_config` asks for the JSON Schema of `muster.toml`.
/// Errors: a broken schema, an unknown entity, and standard output that cannot be written to.
pub(crate) fn run(args: &SchemaArgs, of_config: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let folder = args.schemas.as_deref();
    let text = match args.action.as_ref().unwrap_or(&SchemaAction::Print { entity: None }) {
        SchemaAction::Print { entity } => printed(folder, entity.as_deref())?,
        SchemaAction::Check => visible_lines(&check(folder)?).into_owned(),
        SchemaAction::JsonSchema if of_config => config::json_schema::json_schema_text(),
        SchemaAction::JsonSchema => json_schema::json_schema_text(),
        SchemaAction::TableSchema { entity } => {
            let schema = Schema::open(folder)?;
            json(&table_schema::table_schema(find(&schema, entity)?, &schema))
        }
        SchemaAction::Ddl => ddl::script(&Schema::open(folder)?),
    };
    // The files are printed as they are, and SQL with the names of the schema.
    print_as_is(out, text)?;
    Ok(Exit::Done)
}

/// The roles; none if the folder has no such file.
fn roles_file(folder: Option<&Path>) -> Result<Option<SchemaFile>, SchemaError> {
    folder.map_or_else(|| Ok(Some(Roles::built_in_file())), Roles::file)
}

fn files(folder: Option<&Path>) -> Result<Vec<SchemaFile>, SchemaError> {
    folder.map_or_else(|| Ok(Schema::built_in_files()), Schema::files)
}

/// The files as they are; when all are printed, a line before each names it.
fn printed(folder: Option<&Path>, entity: Option<&str>) -> Result<String, CommandError> {
    let files = files(folder)?;
    let roles = roles_file(folder)?;
    if entity == Some(ROLES) {
        let folder = || folder.unwrap_or(Path::new(".")).display().to_string();
        return Ok(roles.ok_or_else(|| CommandError::NoRoles { folder: folder() })?.text);
    }
    if entity == Some(SYNONYMS) {
        return Ok(Synonyms::text(folder)?);
    }
    let Some(entity) = entity else {
        let named = |file: &SchemaFile| format!("# ---- {} ----\n{}", file.name, file.text);
        return Ok(files.iter().chain(&roles).map(named).collect::<Vec<_>>().join("\n"));
    };
    let schema = compile(&files)?;
    let entity = find(&schema, entity)?;
    let own = files.into_iter().find(|file| file.entity().as_deref() == Some(&entity.name));
    Ok(own.map_or(String::new(), |file| file.text))
}

fn check(folder: Option<&Path>) -> Result<String, CommandError> {
    let schema = Schema::open(folder)?;
    let roles = roles_file(folder)?.map(|file| Roles::compile(&file, &schema)).transpose()?;
    let mut text = String::new();
    for entity in &schema.entities {
        let key = &entity.fields[entity.key].name;
        let (name, fields, table) = (&entity.name, entity.fields.len(), &entity.table);
        text += &format!("{name}: {fields} fields, key {key}, table {table}\n");
    }
    if let Some(Roles { roles, choice: (entity, field), .. }) = roles {
        text += &format!("roles: {} of them, for {field} of {entity}\n", roles.len());
    }
    Synonyms::parse(&Synonyms::text(folder)?)?;
    Ok(text + &format!("the schema is sound (sha256 {})\n", schema.sha256))
}

fn find<'s>(schema: &'s Schema, name: &str) -> Result<&'s Entity, CommandError> {
    schema.entities.iter().find(|entity| entity.name == name).ok_or_else(|| {
        let names = || schema.entities.iter().map(|entity| entity.name.as_str());
        let all = || format!("it has {}", names().collect::<Vec<_>>().join(", "));
        let advice = error::advice(name, names(), all);
        CommandError::Usage(format!("the schema has no entity `{name}`; {advice}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(action: SchemaAction, folder: Option<&Path>) -> Result<String, CommandError> {
        let mut out = Vec::new();
        let code =
            run(&SchemaArgs { action: Some(action), schemas: folder.map(Path::to_owned) }, false, &mut out)?;
        assert_eq!(code, Exit::Done);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn a_printed_entity_is_its_file_to_the_byte() {
        let text = shown(SchemaAction::Print { entity: Some("users".into()) }, None).unwrap();
        assert_eq!(text, include_str!("../../schemas/users.toml"));
        let all = shown(SchemaAction::Print { entity: None }, None).unwrap();
        assert!(all.starts_with("# ---- accounts.toml ----\n") && all.contains("\n# ---- users.toml ----\n"));
    }

    #[test]
    fn a_sound_schema_is_listed_and_a_broken_one_shows_its_mistakes() {
        let text = shown(SchemaAction::Check, None).unwrap();
        assert!(text.starts_with("accounts: 33 fields, key legacyId, table \"accounts\"\n"), "{text}");
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.toml"), "entity = \"a\"\nkee = \"k\"\n").unwrap();
        let error = shown(SchemaAction::Check, Some(folder.path())).unwrap_err();
        assert_eq!(error.exit(), Exit::Failed);
        let text = error.to_string();
        assert!(text.contains("error: unknown key `kee` in a schema file\n --> a.toml:2:1\n"), "{text}");
        assert!(text.ends_with("the schema has 3 mistakes"), "{text}");
    }

    #[test]
    fn an_unknown_entity_is_a_wrong_command_line() {
        let error = shown(SchemaAction::TableSchema { entity: "user".into() }, None).unwrap_err();
        assert_eq!(error.to_string(), "the schema has no entity `user`; did you mean `users`?");
        assert_eq!(error.exit(), Exit::Usage);
    }

    #[test]
    fn ddl_and_table_schema_are_what_the_schema_says() {
        assert_eq!(shown(SchemaAction::Ddl, None).unwrap(), ddl::script(&Schema::built_in().unwrap()));
        let table = shown(SchemaAction::TableSchema { entity: "accounts".into() }, None).unwrap();
        assert!(table.contains("\"primaryKey\": [\n    \"legacyId\"\n  ]"), "{table}");
    }
}
