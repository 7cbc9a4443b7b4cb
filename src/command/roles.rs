//! `muster roles`: what each role may do, for people, for programs and as a table of the database.

use std::io::Write;

use crate::cli::{RolesArgs, RolesFormat};
use crate::exit::Exit;
use crate::output::Csv;
use crate::output::visible::visible;
use crate::report::number::count;
use crate::run::execute;
use crate::schema::Schema;
use crate::schema::roles::Roles;
use crate::width::{padded, width};

use super::CommandError;
use super::print::{self, print, print_as_is};

/// Prints the roles, or stores them.
/// Errors: broken roles, and a database or a standard output that cannot be written to.
pub(crate) fn run(args: &RolesArgs, quiet: bool, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let folder = args.schemas.as_deref();
    let file = match folder {
        None => Roles::built_in_file(),
        Some(folder) => Roles::file(folder)?
            .ok_or_else(|| CommandError::NoRoles { folder: folder.display().to_string() })?,
    };
    let roles = Roles::compile(&file, &Schema::open(folder)?)?;
    if args.store {
        let doing = "writing the roles to muster.roles (the role needs CREATE on the database)";
        execute(args.database.database_url.as_deref(), &roles.script(), doing)?;
        if !quiet {
            let rows: usize = roles.roles.iter().map(|role| role.may.len()).sum();
            print(out, format!("muster.roles holds {}\n", count(rows as u64, "row")))?;
        }
        return Ok(Exit::Done);
    }
    let format = if args.json { RolesFormat::Json } else { args.format };
    match format {
        RolesFormat::Table => print(out, listing(&roles))?,
        RolesFormat::Json => print(out, json(&roles))?,
        RolesFormat::Csv => print_as_is(out, csv(&roles))?,
        RolesFormat::Sql => print_as_is(out, roles.script())?,
    }
    Ok(Exit::Done)
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
    print::json(&all)
}

/// CSV for programs.
fn csv(roles: &Roles) -> Vec<u8> {
    let csv = Csv::EXACT_CRLF;
    let mut text = csv.head(["role", "permission", "description"].into_iter());
    for role in &roles.roles {
        for (name, meaning) in roles.permissions_of(role) {
            csv.line(&mut text, [role.name.as_str(), name, meaning].into_iter().map(Some));
        }
    }
    text
}
