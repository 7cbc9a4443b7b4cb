//! The command line parsed, with the flags that are made from the schema at run time: one for each field, for `create`
//! the value it gets, for `list` the value to look for. The schema and the entity are named on the command line
//! itself, so these two words are looked for before the line is parsed.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches};

use crate::config::ConfigError;
use crate::schema::{Entity, Field, Schema, SchemaError, describe};

use super::config;
use super::field_values::PREFIX;
use super::given::given;
use super::line::Cli;
use super::words::{option, words};

/// The commands whose flags come from the schema, and the entity that each is named after.
const COMMANDS: [(&str, &str); 2] = [("account", "accounts"), ("user", "users")];

/// Why a command line could not be parsed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LineError {
    /// The line itself; or help was asked for.
    #[error(transparent)]
    Line(#[from] clap::Error),
    /// The schema that the flags come from.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// `muster.toml`.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl Cli {
    /// Parses a whole command line, its first word the program's name.
    /// Errors: a wrong line, a request for help, and where flags come from a schema the mistakes of that.
    pub(crate) fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, LineError> {
        let line: Vec<OsString> = line.into_iter().collect();
        let config = config::of_line(&line);
        let found = config.as_ref().ok().and_then(|config| config.as_deref());
        let mut command = if is_about_records(&line) {
            let declared = || found.and_then(|config| config.schemas.clone());
            let schemas = option(&line, "--schemas").map(PathBuf::from).or_else(declared);
            let schema = Schema::open(schemas.as_deref())?;
            let entity = option(&line, "--entity").and_then(|name| name.into_string().ok());
            command(&schema, entity.as_deref())
        } else {
            Self::command()
        };
        if let Some(config) = found {
            command = config::with_defaults(command, config);
        }
        let matches = command.try_get_matches_from_mut(line)?;
        let mut cli = Self::from_arg_matches(&matches)?;
        let (mut of, mut said) = (&command, &matches);
        while let Some((name, more)) = said.subcommand()
            && let Some(command) = of.find_subcommand(name)
        {
            (of, said) = (command, more);
        }
        cli.given = given(&command, of, said);
        cli.config = config?;
        Ok(cli)
    }
}

/// The whole command line with the flags of this schema. An entity that it does not have gets no flags: the
/// command itself says what is wrong.
fn command(schema: &Schema, entity: Option<&str>) -> Command {
    let mut cli = Cli::command();
    for (name, own) in COMMANDS {
        if cli.find_subcommand(name).is_none() {
            continue;
        }
        let Some(entity) = schema.entities.iter().find(|e| e.name == entity.unwrap_or(own)) else { continue };
        cli = cli.mut_subcommand(name, |group| {
            let actions: Vec<String> = group.get_subcommands().map(|c| c.get_name().to_owned()).collect();
            actions.iter().fold(group, |group, action| match action.as_str() {
                "create" => group.mut_subcommand(action, |command| to_fill(command, entity, schema)),
                "list" => group.mut_subcommand(action, |command| to_match(command, entity, schema)),
                _ => group,
            })
        });
    }
    cli
}

/// A flag for the value that each field gets.
fn to_fill(command: Command, entity: &Entity, schema: &Schema) -> Command {
    flags(command, entity, |field, arg| {
        let action = if describe::is_list(field) { ArgAction::Append } else { ArgAction::Set };
        let heading = if field.required { "Fields that must be given" } else { "Fields" };
        arg.action(action).help(describe::rule(field, entity, schema)).help_heading(heading)
    })
}

/// A flag for the value that each field must have.
fn to_match(command: Command, entity: &Entity, schema: &Schema) -> Command {
    flags(command, entity, |field, arg| {
        let help = match field.reference {
            Some(to) => format!("Only those of {} with this key", schema.entities[to.entity].name),
            None => format!("Only those with this {}", field.name),
        };
        arg.help(help).help_heading("Which records")
    })
}

fn flags(mut command: Command, entity: &Entity, finish: impl Fn(&Field, Arg) -> Arg) -> Command {
    let mut taken: HashSet<String> = Cli::command()
        .get_arguments()
        .chain(command.get_arguments())
        .filter_map(Arg::get_long)
        .chain(["help", "version"])
        .map(str::to_owned)
        .collect();
    let names: HashSet<&str> = entity.fields.iter().map(|field| field.name.as_str()).collect();
    for field in &entity.fields {
        let long =
            if taken.contains(&field.name) { format!("field.{}", field.name) } else { field.name.clone() };
        let head = field.reference.and_then(|_| field.name.split_once('.')).map(|(head, _)| head.to_owned());
        let aliases: Vec<String> = head
            .into_iter()
            .chain(field.aliases.iter().cloned())
            .filter(|alias| !names.contains(alias.as_str()) && taken.insert(alias.clone()))
            .collect();
        taken.insert(long.clone());
        let arg = Arg::new(format!("{PREFIX}{}", field.name))
            .long(long)
            .aliases(aliases)
            .value_name("VALUE")
            .allow_negative_numbers(true);
        command = command.arg(finish(field, arg));
    }
    command
}

/// The completion script of a shell, with the flags of the built-in schema.
pub(crate) fn completions(shell: clap_complete::Shell) -> Result<Vec<u8>, SchemaError> {
    let mut script = Vec::new();
    let mut command = command(&Schema::built_in()?, None);
    clap_complete::generate(shell, &mut command, "muster", &mut script);
    Ok(script)
}

/// Whether the line's command is about records.
fn is_about_records(line: &[OsString]) -> bool {
    words(line).first().is_some_and(|word| COMMANDS.iter().any(|(name, _)| word == name))
}

#[cfg(test)]
mod tests {
    use super::super::{Command as Parsed, UserAction};
    use super::*;

    #[test]
    fn the_command_is_found_after_options_of_all_commands() {
        for line in
            ["-q account list --plan x", "--log-format json account list --plan x", "user list --role=x"]
        {
            assert!(read(line).is_ok(), "{line}");
        }
        let fields = |line: &str| read(line).unwrap_err().to_string();
        assert!(fields("account list --pln x").contains("--plan"));
        assert!(fields("account list --schemas none --plan x").contains("cannot read the schema"));
    }

    fn read(line: &str) -> Result<Cli, LineError> {
        Cli::read(std::iter::once("muster").chain(line.split_whitespace()).map(OsString::from))
    }

    #[test]
    fn the_definition_with_all_flags_holds_together() {
        command(&Schema::built_in().unwrap(), None).debug_assert();
    }

    #[test]
    fn a_list_is_filtered_by_any_field_and_by_what_it_belongs_to() {
        let cli = read("user list --account A-17 --role billingAdmin --contact.gender=female").unwrap();
        let Parsed::User(user) = cli.command else { panic!("not user") };
        let UserAction::List(list) = user.action else { panic!("not list") };
        let mut given = list.fields.0;
        given.sort();
        let pair = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        assert_eq!(
            given,
            [
                pair("account.legacyId", "A-17"),
                pair("contact.gender", "female"),
                pair("role", "billingAdmin")
            ]
        );
    }
}
