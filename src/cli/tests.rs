//! What the command line promises: what a line is parsed into, and which lines are refused.

use clap::{CommandFactory, Parser, error::ErrorKind};

use super::*;

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
    assert_eq!((cli.talk.verbose, cli.talk.log_format), (2, LogFormat::Json));
    let Command::Import(import) = cli.command else { panic!("not an import") };
    assert_eq!(import.read.files[1].entity.as_deref(), Some("users"));
    assert_eq!(import.read.delimiter, Some(b'\t'));
    assert_eq!(import.read.memory, 65536);
    assert_eq!(import.read.max_record, 1 << 20);
    assert_eq!(import.read.max_rejects, Some(MaxRejects::Percent(1.0)));
    assert_eq!(import.read.threads, Some(7));
    assert_eq!(import.read.duplicates, Duplicates::RejectAll);
    assert_eq!(import.read.empty, Empty::Keep);
    assert_eq!(import.read.map.len(), 2);
}

#[test]
fn a_wrong_line_is_refused_with_code_2() {
    for line in [
        "import",
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
