//! What the command line promises: what a line is parsed into, and which lines are refused.

use clap::{CommandFactory, Parser, error::ErrorKind};

use crate::report::log::Format;
use crate::schema::OnUpdate;
use crate::settings::{Duplicates, Given, Limit, Settings};

use super::*;

/// The most lines of `-h`: a screen.
const SCREEN: usize = 45;

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(std::iter::once("muster").chain(line.split_whitespace()))
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn an_import_is_parsed_into_what_it_means() {
    let line = "import accounts.csv users=- --delimiter tab --memory 64K --max-rejects 1% --threads 7 \
                --duplicates reject-all --empty keep --map Klant=legacyId --map Naam=name -vv --log-format json";
    let cli = parse(line).unwrap();
    assert_eq!((cli.talk.verbose, cli.talk.log_format), (2, Format::Json));
    let Command::Import(import) = cli.command else { panic!("not an import") };
    let settings = import.settings(&Given::default(), None).unwrap();
    assert_eq!(settings.inputs[1].entity.as_deref(), Some("users"));
    let (reading, rules) = (settings.reading, settings.rules);
    assert_eq!((reading.delimiter, reading.memory, reading.max_record), (Some(b'\t'), 65536, 1 << 20));
    assert_eq!((reading.threads.map(Into::into), reading.maps.len()), (Some(7), 2));
    assert_eq!((rules.max_rejects, rules.duplicates), (Some(Limit::Percent(1.0)), Duplicates::RejectAll));
    assert_eq!(settings.target.on_empty, OnUpdate::Keep);
}

#[test]
fn what_is_not_said_is_the_default_of_the_settings() {
    let Command::Import(import) = parse("import a.csv").unwrap().command else { panic!("not an import") };
    let settings = import.settings(&Given::default(), None).unwrap();
    let default = Settings { inputs: settings.inputs.clone(), ..Settings::default() };
    assert_eq!(format!("{settings:?}"), format!("{default:?}"));
}

/// Calls `see` with each command and its name.
fn each(command: &mut clap::Command, path: &str, see: &mut dyn FnMut(&str, &mut clap::Command)) {
    see(path, command);
    for sub in command.get_subcommands_mut() {
        let path = format!("{path} {}", sub.get_name());
        each(sub, &path, see);
    }
}

#[test]
fn the_short_help_is_a_screen_and_no_example_is_broken() {
    let mut cli = Cli::command().term_width(80);
    cli.build();
    let mut faults = Vec::new();
    each(&mut cli, "muster", &mut |path, command| {
        let lines = command.render_help().to_string().lines().count();
        if lines > SCREEN {
            faults.push(format!("{path} -h has {lines} lines"));
        }
        for text in [command.get_after_help(), command.get_after_long_help()].into_iter().flatten() {
            // Prose may be wrapped, between words; an example may not.
            let is_example = |line: &&str| line.starts_with("  ") && !line[2..].starts_with(char::is_numeric);
            for line in text.to_string().lines().filter(is_example).filter(|line| line.chars().count() > 80) {
                faults.push(format!("{path}: too long: {line}"));
            }
        }
    });
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn a_wrong_line_is_refused_with_code_2() {
    for line in [
        "check a.csv --threads 0",
        "check a.csv --max-rejects 101%",
        "check a.csv --delimiter ab",
        "check a.csv --duplicates newest",
        "check a.csv --quiet -v",
        "schema table-schema",
        "completions",
        "no-such-command",
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.exit_code(), 2, "{line}");
    }
    assert_eq!(parse("--version").unwrap_err().kind(), ErrorKind::DisplayVersion);
    assert_eq!(parse("--help").unwrap_err().exit_code(), 0);
}

#[test]
fn help_never_prints_the_database_url() {
    let mut command = Cli::command();
    let import = command.find_subcommand_mut("import").unwrap();
    let url = import.get_arguments().find(|arg| arg.get_id() == "database_url").unwrap();
    assert!(url.is_hide_env_values_set());
}

#[test]
fn what_follows_psql_is_psqls() {
    for line in ["db psql -c SELECT -q", "db psql -- -c SELECT -q"] {
        let Command::Db(db) = parse(line).unwrap().command else { panic!("not db") };
        let Some(DbAction::Psql { args }) = db.action else { panic!("not psql") };
        assert_eq!(args, ["-c", "SELECT", "-q"], "{line}");
    }
}

#[test]
fn schema_and_db_need_no_action() {
    let Command::Schema(schema) = parse("schema --schemas mine").unwrap().command else {
        panic!("not schema")
    };
    assert!(schema.action.is_none() && schema.schemas.is_some());
    let Command::Db(db) = parse("db").unwrap().command else { panic!("not db") };
    assert!(db.action.is_none());
}

/// Options of other programs that messages name, fields that are options, and the files that run other programs.
const NOT_DECLARED: [&str; 7] = ["long", "account", "legacy", "name", "plan", "role", "type"];
const OTHERS: &str = "src/db/local";

/// Messages, help and pages say what to type: each command exists, and has the options that are named with it.
#[test]
fn what_is_said_to_be_typed_can_be_typed() {
    let mut root = Cli::command();
    root.build();
    let mut all: Vec<&str> = NOT_DECLARED.to_vec();
    let mut commands = vec![&root];
    while let Some(command) = commands.pop() {
        all.extend(command.get_arguments().filter_map(clap::Arg::get_long));
        commands.extend(command.get_subcommands());
    }
    let mut wrong = Vec::new();
    let mut folders = vec![std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !name.ends_with("tests.rs")
                && !name.contains(OTHERS)
            {
                let text = said(&std::fs::read_to_string(&path).unwrap());
                let options =
                    options(&text).filter(|name| !all.contains(name)).map(|name| format!("--{name}"));
                let commands =
                    text.match_indices("muster ").filter_map(|(at, _)| unknown(&root, &text[at..]));
                wrong.extend(options.chain(commands).map(|what| format!("{name}: {what}")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The code of a file before its tests, without comments, as one line: a literal may go over several.
fn said(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    lines.map(|line| line.trim().trim_end_matches('\\')).collect::<Vec<_>>().join(" ")
}

/// The names of the options in a text.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let ends = |c: char| !c.is_ascii_lowercase() && c != '-';
    text.split("--")
        .skip(1)
        .map(move |rest| rest.split(ends).next().unwrap_or_default().trim_end_matches('-'))
        .filter(|name| !name.is_empty())
}

/// The command line at the beginning of a text, if there is no such command, or it lacks an option.
fn unknown(root: &clap::Command, text: &str) -> Option<String> {
    let ends = ['`', '"', '(', ';', '|', '\\'];
    let line = text.split(ends).next().unwrap_or_default();
    let mut command = root;
    for word in line.split_whitespace().skip(1).take_while(|word| *word != "muster") {
        if let Some(name) = word.strip_prefix("--") {
            let name = options(word).next().unwrap_or(name);
            let mut known = command.get_arguments().chain(root.get_arguments());
            if !known.any(|arg| arg.get_long() == Some(name)) && !NOT_DECLARED.contains(&name) {
                return Some(line.to_owned());
            }
        } else if let Some(inner) = command.find_subcommand(word) {
            command = inner;
        }
    }
    None
}

#[test]
fn a_token_may_begin_with_a_hyphen() {
    let tokens = ["-LZ2h3o9cTq7vS1kQe0mXw", "--Z2h3o9cTq7vS1kQe0mXw", "-", "vZ2h"];
    for (token, url_first) in tokens.into_iter().flat_map(|token| [(token, false), (token, true)]) {
        let url = ["--database-url", "postgres://db"];
        let words = if url_first { [url[0], url[1], token] } else { [token, url[0], url[1]] };
        let line = ["muster", "user", "accept"].into_iter().chain(words);
        let Command::User(user) = Cli::read(line.map(Into::into)).unwrap().command else { panic!("{token}") };
        let UserAction::Accept(accept) = user.action else { panic!("{token}") };
        assert_eq!(accept.token.as_deref(), Some(token));
    }
}
