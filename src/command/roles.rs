//! `muster roles`: what each role may do, for people, for programs and as a table of the database.

use std::io::{self, Write};

use crate::cli::{RolesArgs, RolesFormat};
use crate::output::visible::visible;
use crate::report::number::count;
use crate::run::{RunError, execute};
use crate::schema::roles::{FILE, Roles};
use crate::schema::{Schema, SchemaError};
use crate::width::{padded, width};

/// What `muster roles` can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RolesError {
    /// The schema or the roles.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// The folder has no roles.
    #[error(
        "{folder}: no {FILE} here; begin with the built-in one: muster schema print roles > {folder}/{FILE}"
    )]
    NoFile {
        /// Where it was looked for.
        folder: String,
    },
    /// The database.
    #[error(transparent)]
    Run(#[from] RunError),
    /// Standard output cannot be written to.
    #[error("cannot write to standard output")]
    Write(#[from] io::Error),
}

impl RolesError {
    /// The exit code that this error ends the program with.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Run(error) => error.exit().code(),
            Self::Schema(_) | Self::NoFile { .. } | Self::Write(_) => 1,
        }
    }
}

/// Prints the roles, or stores them. Returns the exit code.
///
/// # Errors
///
/// Broken roles, a database that cannot be written to, and where `out` cannot be.
pub(crate) fn run(args: &RolesArgs, quiet: bool, out: &mut dyn Write) -> Result<u8, RolesError> {
    let roles = match &args.schemas {
        None => Roles::compile(&Roles::built_in_file(), &Schema::built_in()?)?,
        Some(folder) => {
            let missing = || RolesError::NoFile { folder: folder.display().to_string() };
            Roles::compile(&Roles::file(folder)?.ok_or_else(missing)?, &Schema::load(folder)?)?
        }
    };
    if args.store {
        let doing = "writing the roles to muster.roles (the role needs CREATE on the database)";
        execute(args.database.database_url.as_deref(), &roles.script(), doing)?;
        if !quiet {
            let rows: usize = roles.roles.iter().map(|role| role.may.len()).sum();
            writeln!(out, "muster.roles holds {}", count(rows as u64, "row"))?;
        }
        return Ok(0);
    }
    let format = if args.json { RolesFormat::Json } else { args.format };
    let text = match format {
        RolesFormat::Table => listing(&roles),
        RolesFormat::Json => json(&roles),
        RolesFormat::Csv => csv(&roles),
        RolesFormat::Sql => roles.script(),
    };
    out.write_all(text.as_bytes())?;
    Ok(0)
}

/// A block for each role.
fn listing(roles: &Roles) -> String {
    let room = roles.permissions.iter().map(|(name, _)| width(&visible(name))).max().unwrap_or(0);
    let mut text = String::new();
    for role in &roles.roles {
        text.push_str(&format!("{} ({})\n", visible(&role.name), visible(&role.label)));
        for (name, meaning) in roles.permissions_of(role) {
            text.push_str(&format!("  {}  {}\n", padded(&visible(name), room), visible(meaning)));
        }
    }
    text
}

fn json(roles: &Roles) -> String {
    let each = roles.roles.iter().map(|role| {
        let may: Vec<_> = roles.permissions_of(role).map(|(name, _)| name).collect();
        serde_json::json!({ "role": role.name, "label": role.label, "may": may })
    });
    let meanings: serde_json::Map<_, _> =
        roles.permissions.iter().map(|(name, meaning)| (name.clone(), meaning.as_str().into())).collect();
    let (entity, field) = &roles.choice;
    let all = serde_json::json!({
        "entity": entity, "field": field, "permissions": meanings, "roles": each.collect::<Vec<_>>(),
    });
    format!("{all:#}\n")
}

/// RFC 4180, exact: the file is for programs.
fn csv(roles: &Roles) -> String {
    let cell = |text: &str| {
        if text.contains(['"', ',', '\r', '\n']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.to_owned()
        }
    };
    let mut csv = "role,permission,description\r\n".to_owned();
    for role in &roles.roles {
        for (name, meaning) in roles.permissions_of(role) {
            csv.push_str(&format!("{},{},{}\r\n", cell(&role.name), cell(name), cell(meaning)));
        }
    }
    csv
}
