//! What was given on the command line, from clap's own description of it: the options that the next command needs
//! again, and those that the journal keeps.

use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde_json::Value;

use crate::settings::Given;

use super::field_values::is_of_field;

/// Options that concern one command only: the next one does not need them.
const NOT_REPEATED: [&str; 14] = [
    "out",
    "against",
    "max_rejects",
    "threads",
    "memory",
    "show_values",
    "hide_values",
    "json",
    "against_database",
    "dry_run",
    "no_undo",
    "report_absent",
    "reconcile",
    "lock_timeout",
];

/// Options that do not decide the result of a row, or hold a secret: the journal does not keep them.
const NOT_KEPT: [&str; 13] = [
    "out",
    "against",
    "max_input",
    "threads",
    "memory",
    "show_values",
    "hide_values",
    "json",
    "against_database",
    "dry_run",
    "report_absent",
    "lock_timeout",
    "database_url",
];

/// What the command line says to `command`, which is one of the commands of `root`.
pub(super) fn given(root: &Command, command: &Command, matches: &ArgMatches) -> Given {
    let mut given = Given::default();
    // The cells of a record are no options, and how much is said concerns no other run.
    let is_of_all = |arg: &Arg| {
        let names_a_config = ["config", "no_config"].contains(&arg.get_id().as_str());
        !names_a_config && root.get_arguments().any(|of_all| of_all.get_id() == arg.get_id())
    };
    let is_option = |arg: &&Arg| arg.get_long().is_some() && !is_of_field(arg) && !is_of_all(arg);
    for arg in command.get_arguments().filter(is_option) {
        let id = arg.get_id().as_str();
        let name = format!("--{}", arg.get_long().unwrap_or_default());
        let is_given = matches.value_source(id) == Some(ValueSource::CommandLine);
        let takes_value = arg.get_action().takes_values();
        let raw = matches.get_raw(id).filter(|_| takes_value).into_iter().flatten();
        let values: Vec<String> = raw.map(|value| value.to_string_lossy().into_owned()).collect();
        if !NOT_KEPT.contains(&id) {
            let value = match values.as_slice() {
                all if matches!(arg.get_action(), ArgAction::Append) => all.into(),
                [value] => value.as_str().into(),
                _ if takes_value => Value::Null,
                _ => is_given.into(),
            };
            given.kept.insert(id.to_owned(), value);
        }
        if !is_given || NOT_REPEATED.contains(&id) {
            continue;
        }
        if !takes_value {
            given.repeated.push(name.clone());
        }
        for value in values {
            let words =
                if names_a_file(id, &value) { &mut given.repeated_of_files } else { &mut given.repeated };
            let value = if id == "database_url" { without_password(&value) } else { value };
            if arg.is_require_equals_set() {
                words.push(format!("{name}={value}"));
            } else {
                words.extend([name.clone(), value]);
            }
        }
    }
    given
}

/// Whether a value is about one of the files. It says nothing about a file that goes back.
fn names_a_file(id: &str, value: &str) -> bool {
    match id {
        "encoding" => value.contains('='),
        "reading" => value.contains(':'),
        _ => false,
    }
}

/// The address of a database without its password: that is asked for, or is in `.pgpass`. Of any other notation than the
/// two usual ones, nothing.
fn without_password(url: &str) -> String {
    let url = url.trim();
    let cleaned = match url.split_once("://") {
        Some((scheme @ ("postgres" | "postgresql"), rest)) => {
            let end = rest.find(['/', '?']).unwrap_or(rest.len());
            let (credentials, host) = rest[..end].rsplit_once('@').unwrap_or(("", &rest[..end]));
            let user = credentials.split(':').next().unwrap_or_default();
            let at = if user.is_empty() { "" } else { "@" };
            let is_broken = rest[end..].contains('@') || !is_plain(host, ":,[]%") || !is_plain(user, "%@");
            (!is_broken).then(|| format!("{scheme}://{user}{at}{host}{}", &rest[end..]))
        }
        Some(_) => None,
        None => {
            let is_pair = |word: &str| {
                word.split_once('=').is_some_and(|(name, value)| is_plain(name, "") && is_plain(value, "/,:"))
            };
            url.split_whitespace().all(is_pair).then(|| url.to_owned())
        }
    };
    // A password in another place cannot be told from its neighbours for sure.
    let is_safe =
        |url: &String| !url.to_ascii_lowercase().contains("password") && !url.contains([';', '\'', '"']);
    cleaned.filter(is_safe).unwrap_or_else(|| "URL".to_owned())
}

/// Whether a text has only letters, digits, and these besides the usual ones of names.
fn is_plain(text: &str, others: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "._-".contains(c) || others.contains(c))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::super::Cli;
    use super::*;

    fn of(line: &str) -> Given {
        let words = std::iter::once("muster").chain(line.split_whitespace());
        Cli::read(words.map(Into::into)).unwrap().given
    }

    /// A new option is repeated and kept unless a list above names it: decide, then add it here.
    #[test]
    fn every_option_of_a_run_is_classified() {
        let mut repeated = Vec::new();
        for name in ["check", "import"] {
            let mut cli = Cli::command();
            let command = cli.find_subcommand_mut(name).unwrap();
            repeated.extend(
                command
                    .get_arguments()
                    .filter(|arg| arg.get_long().is_some())
                    .map(|arg| arg.get_id().as_str().to_owned())
                    .filter(|id| !NOT_REPEATED.contains(&id.as_str())),
            );
        }
        repeated.sort();
        repeated.dedup();
        assert_eq!(
            repeated,
            [
                "allow_deletes",
                "allow_mass_deletes",
                "apply_changes",
                "database_url",
                "delimiter",
                "duplicates",
                "empty",
                "encoding",
                "from_spreadsheet",
                "map",
                "max_input",
                "max_record",
                "move_users",
                "pad_short",
                "protect_edited",
                "quoted_empty",
                "reading",
                "schemas",
                "strict",
                "unknown_columns",
            ]
        );
    }

    /// The next command after a check is an import.
    #[test]
    fn an_import_takes_every_option_that_a_check_repeats() {
        let cli = Cli::command();
        let longs = |name: &str| {
            let command = cli.find_subcommand(name).unwrap();
            command.get_arguments().filter(|arg| !NOT_REPEATED.contains(&arg.get_id().as_str()))
        };
        for arg in longs("check").filter(|arg| arg.get_long().is_some()) {
            let same = longs("import").find(|other| other.get_long() == arg.get_long());
            let same = same.unwrap_or_else(|| panic!("import has no --{}", arg.get_long().unwrap()));
            assert_eq!(same.get_action().takes_values(), arg.get_action().takes_values());
        }
    }

    #[test]
    fn the_next_command_repeats_what_was_given_and_needed() {
        let given = of(
            "import --out x --strict --delimiter tab --encoding a.csv=utf-8 --encoding latin1 --memory 1G \
                        --reading a.csv:d=day-first --reading d=month-first a.csv -v",
        );
        let repeated =
            ["--delimiter", "tab", "--encoding", "latin1", "--reading", "d=month-first", "--strict"];
        assert_eq!(given.repeated, repeated);
        assert_eq!(given.repeated_of_files, ["--encoding", "a.csv=utf-8", "--reading", "a.csv:d=day-first"]);
        assert_eq!(of("check --against-database a.csv").repeated, Vec::<String>::new());
        let given = "import --apply-changes --allow-deletes --allow-mass-deletes";
        for (form, repeated) in [("", "=100%"), ("=30%", "=30%"), ("=500", "=500")] {
            let repeated = ["--apply-changes", "--allow-deletes", &format!("--allow-mass-deletes{repeated}")];
            assert_eq!(of(&format!("{given}{form} a.csv")).repeated, repeated);
        }
    }

    #[test]
    fn the_journal_keeps_what_decides_the_result_of_a_row() {
        let given =
            of("import --database-url postgres://a:secret@b/c --duplicates keep-last --no-undo a.csv");
        let kept = serde_json::Value::Object(given.kept).to_string();
        assert!(!kept.contains("secret") && !kept.contains("a.csv"), "{kept}");
        for part in
            ["\"duplicates\":\"keep-last\"", "\"no_undo\":true", "\"strict\":false", "\"schemas\":null"]
        {
            assert!(kept.contains(part), "{part} is not in {kept}");
        }
        let kept = serde_json::Value::Object(of("account create --legacyId A-17").kept).to_string();
        assert!(!kept.contains("A-17"), "{kept}");
    }

    #[test]
    fn a_database_is_named_again_without_its_password() {
        for (url, named) in [
            ("postgres://app@db.example/app", "postgres://app@db.example/app"),
            (
                "postgres://app:s3@cret@db.example:5433/app?sslmode=require",
                "postgres://app@db.example:5433/app?sslmode=require",
            ),
            ("host=/run/pg", "host=/run/pg"),
            ("host=db,password=s3cret", "URL"),
            ("postgres://db/app?user=a&PASSWORD=s3cret", "URL"),
            ("postgres://db.example/app", "postgres://db.example/app"),
            ("jdbc:postgresql://app:s3cret@db/app", "URL"),
            ("postgresql+psycopg2://app:s3cret@db/app", "URL"),
            ("\"postgres://app:s3cret@db/app\"", "URL"),
            ("postgres://app:s3/cret@db/app", "URL"),
            ("postgres://app;s3cret@db/app", "URL"),
            ("s3cret", "URL"),
            ("Server=db;Pwd=s3cret", "URL"),
        ] {
            assert_eq!(of(&format!("import --database-url {url} a.csv")).repeated, ["--database-url", named]);
        }
    }
}
