//! The values given for fields, by flags that the schema names.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

/// The prefix of the flags' identifiers, so that no field can be mistaken for an option.
pub(super) const PREFIX: &str = "field:";

/// What was given for fields: the field's name, and each value in the order of the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldValues(pub(crate) Vec<(String, Vec<String>)>);

impl FromArgMatches for FieldValues {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = matches.ids().filter_map(|id| {
            let name = id.as_str().strip_prefix(PREFIX)?;
            let values = matches.get_many::<String>(id.as_str())?;
            Some((name.to_owned(), values.cloned().collect()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The flags themselves come from `fields`: the type alone does not know the schema.
impl Args for FieldValues {
    fn augment_args(command: Command) -> Command {
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        command
    }
}

/// Whether an argument is a field of a record.
pub(super) fn is_of_field(arg: &Arg) -> bool {
    arg.get_id().as_str().starts_with(PREFIX)
}
