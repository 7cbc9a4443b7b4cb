//! Which `muster.toml` is used, and what it says of options that the command line does not give. It is needed before the
//! line is parsed, since flags come from the schema that it names; so its two options are looked for in the line itself.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Command};

use crate::config::{self, Config, ConfigError};
use crate::schema::Schema;

use super::words::{is_given, option, words};

/// The commands that use no `muster.toml`: a broken one must not stop them.
const WITHOUT: [&str; 3] = ["explain", "completions", "db"];

/// The commands that read files as it says.
const READING: [&str; 2] = ["check", "import"];

/// Which `muster.toml`.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct ConfigArgs {
    /// Use this muster.toml [default: the one in this folder or the nearest above]
    // For `schema json-schema`, the option without a file names what is described.
    #[arg(long, global = true, value_name = "FILE", num_args = 0..=1, default_missing_value = "muster.toml")]
    #[arg(hide_short_help = true)]
    pub(crate) config: Option<PathBuf>,
    /// Use no muster.toml
    #[arg(long, global = true, conflicts_with = "config", hide_short_help = true)]
    pub(crate) no_config: bool,
}

/// The `muster.toml` for this command line, if there is one.
/// Errors: it cannot be read, or has mistakes.
pub(super) fn of_line(line: &[OsString]) -> Result<Option<Arc<Config>>, ConfigError> {
    let words = words(line);
    let is = |names: &[&str]| words.first().is_some_and(|word| names.contains(word));
    if words.is_empty() || is(&WITHOUT) || words.contains(&"json-schema") || is_given(line, "--no-config") {
        return Ok(None);
    }
    let Some(path) = option(line, "--config").map(PathBuf::from).or_else(config::find) else {
        return Ok(None);
    };
    // What is wrong with the schema is said when it is used. It must be known to judge what is said of its fields.
    let schema = is(&READING).then(|| {
        let named = option(line, "--schemas").map(PathBuf::from).or_else(|| config::schemas(&path));
        Schema::open(named.as_deref()).ok()
    });
    config::read(&path, schema.flatten().as_ref()).map(Arc::new).map(Some)
}

/// The command line with what `muster.toml` says as defaults.
pub(super) fn with_defaults(command: Command, config: &Config) -> Command {
    let schemas = config.schemas.as_ref().map(|path| path.clone().into_os_string());
    let url = config.database_url.clone().map(OsString::from);
    let own = command.mut_args(|arg| {
        let default = match arg.get_id().as_str() {
            "schemas" => schemas.clone(),
            "database_url" => url.clone(),
            _ => None,
        };
        match default {
            Some(value) => arg.default_value(clap::builder::OsStr::from(value)).hide_default_value(true),
            None => arg,
        }
    });
    // An address given to `verify` asks for the database: it looks for the default itself.
    own.mut_subcommands(|command| match command.get_name() {
        "verify" => with_defaults(command, &Config { schemas: config.schemas.clone(), ..Config::default() }),
        _ => with_defaults(command, config),
    })
}
