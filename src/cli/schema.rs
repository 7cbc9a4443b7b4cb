//! What can be typed for `schema`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `muster schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// What to do with the schema; without it, print.
    #[command(subcommand)]
    pub(crate) action: Option<SchemaAction>,
    /// Read the column rules from this folder [default: the built-in ones]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) schemas: Option<PathBuf>,
}

/// What to do with the schema.
#[derive(Debug, Subcommand)]
pub(crate) enum SchemaAction {
    /// Print the schema files, to change them and use them with --schemas
    #[command(after_help = "\
Example:
  mkdir my-schemas && muster schema print users > my-schemas/users.toml")]
    Print {
        /// Only the file of this entity; `roles` for roles.toml, `synonyms` for synonyms.toml
        entity: Option<String>,
    },
    /// Report every mistake of the schema with its file, line and column
    #[command(after_help = "Example:\n  muster schema check --schemas my-schemas")]
    Check,
    /// Print the JSON Schema of the schema files, for editors; with --config, that of muster.toml
    #[command(after_help = "Example:\n  muster schema json-schema --config > muster.config.schema.json")]
    JsonSchema,
    /// Print the Frictionless Table Schema of an entity, for other tools
    #[command(after_help = "Example:\n  muster schema table-schema users > users.schema.json")]
    TableSchema {
        /// Which entity
        entity: String,
    },
    /// Print the SQL that creates the tables
    #[command(after_help = "Example:\n  muster schema ddl | psql \"$DATABASE_URL\"")]
    Ddl,
}
