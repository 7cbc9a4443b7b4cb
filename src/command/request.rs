//! What `check` and `import` were asked for, turned from the command line's terms into the run's.

use std::num::NonZeroUsize;

use std::path::PathBuf;

use crate::cli::{Duplicates, Empty, QuotedEmpty, ReadArgs};
use crate::fault;
use crate::read::{Decision, Keep, ReadOptions};
use crate::report::ShownValues;
use crate::run::{Looking, Options};
use crate::schema::OnUpdate;
use crate::settle::Policy;
use crate::source::{Encoding, SourceError};

/// What `--max-record` is where it is not given.
const MAX_RECORD: u64 = 1 << 20;

/// The run's options.
///
/// # Errors
///
/// An encoding that nobody knows.
pub(super) fn options(args: &ReadArgs) -> Result<Options, SourceError> {
    Ok(Options {
        inputs: args.files.clone(),
        schemas: args.schemas.clone(),
        out: args.out.clone(),
        against: args.against.clone(),
        threads: args.threads.and_then(|threads| NonZeroUsize::new(threads.into())),
        looking: Looking {
            encodings: args.encoding.iter().map(|text| encoding(text)).collect::<Result<_, _>>()?,
            readings: args.reading.iter().map(|text| reading(text)).collect::<Result<_, _>>()?,
            delimiter: args.delimiter,
            maps: args.map.iter().map(|map| (map.header.clone(), map.field.clone())).collect(),
            empty_text: args.quoted_empty.map(|what| what == QuotedEmpty::Text),
            changes: false,
        },
        read: ReadOptions {
            strict: args.strict,
            pad_short: args.pad_short,
            max_record: args.max_record.min(1 << 30),
            on_empty: on_empty(args),
            empty_text: args.quoted_empty == Some(QuotedEmpty::Text),
            unguard: args.from_spreadsheet,
            memory: usize::try_from(args.memory).unwrap_or(usize::MAX),
            keep: Keep::Rows,
            block_size: fault::block_size(ReadOptions::default().block_size),
        },
        duplicates: match args.duplicates {
            Duplicates::KeepFirst => Policy::KeepFirst,
            Duplicates::KeepLast => Policy::KeepLast,
            Duplicates::RejectAll => Policy::RejectAll,
        },
        max_rejects: args.max_rejects,
        again: again(args),
        again_of_files: args
            .encoding
            .iter()
            .filter(|text| text.contains('='))
            .flat_map(|text| ["--encoding".to_owned(), text.clone()])
            .chain(of_files(args).flat_map(|text| ["--reading".to_owned(), text.clone()]))
            .collect(),
        keep_rejected_keys: false,
        values: match (args.show_values, args.hide_values) {
            (true, _) => ShownValues::All,
            (_, true) => ShownValues::None,
            _ => ShownValues::NotSensitive,
        },
    })
}

/// What an empty cell does to a filled field.
pub(super) fn on_empty(args: &ReadArgs) -> OnUpdate {
    match args.empty {
        Empty::Overwrite => OnUpdate::Overwrite,
        Empty::Keep => OnUpdate::Keep,
    }
}

/// The options that reading a returned file needs as well.
fn again(args: &ReadArgs) -> Vec<String> {
    let mut again = Vec::new();
    let mut add = |option: &str, value: String| again.extend([option.to_owned(), value]);
    if let Some(folder) = &args.schemas {
        add("--schemas", folder.display().to_string());
    }
    if let Some(delimiter) = args.delimiter {
        add(
            "--delimiter",
            if delimiter == b'\t' { "tab".to_owned() } else { char::from(delimiter).to_string() },
        );
    }
    // What was said of one file says nothing of the one that goes back.
    for encoding in args.encoding.iter().filter(|text| !text.contains('=')) {
        add("--encoding", encoding.clone());
    }
    for text in args.reading.iter().filter(|text| !of_files(args).any(|other| other == *text)) {
        add("--reading", text.clone());
    }
    if let Some(what) = args.quoted_empty {
        let what = if what == QuotedEmpty::Text { "text" } else { "empty" };
        add("--quoted-empty", what.to_owned());
    }
    for map in &args.map {
        add("--map", format!("{}={}", map.header, map.field));
    }
    if args.max_record != MAX_RECORD {
        add("--max-record", args.max_record.to_string());
    }
    match args.duplicates {
        Duplicates::KeepFirst => {}
        Duplicates::KeepLast => add("--duplicates", "keep-last".to_owned()),
        Duplicates::RejectAll => add("--duplicates", "reject-all".to_owned()),
    }
    if args.empty == Empty::Keep {
        add("--empty", "keep".to_owned());
    }
    for (option, given) in [
        ("--from-spreadsheet", args.from_spreadsheet),
        ("--pad-short", args.pad_short),
        ("--strict", args.strict),
        ("--move-users", args.move_users),
    ] {
        if given {
            again.push(option.to_owned());
        }
    }
    again
}

/// The option that names the database again, so that mended rows go where the others went; nothing where the
/// environment names it. A password is not printed: it is asked for, or stands in `.pgpass`.
pub(super) fn same_database(url: Option<&str>) -> Vec<String> {
    let Some(url) = url.filter(|&url| std::env::var("DATABASE_URL").as_deref() != Ok(url)) else {
        return Vec::new();
    };
    vec!["--database-url".to_owned(), without_password(url)]
}

fn without_password(url: &str) -> String {
    let cleaned = url.split_once("://").and_then(|(scheme, rest)| {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (credentials, host) = rest[..end].rsplit_once('@')?;
        let user = credentials.split(':').next().unwrap_or_default();
        Some(format!("{scheme}://{user}@{host}{}", &rest[end..]))
    });
    let cleaned = cleaned.unwrap_or_else(|| url.to_owned());
    // A password in another place cannot be told from its neighbours for sure.
    if cleaned.to_ascii_lowercase().contains("password") { "URL".to_owned() } else { cleaned }
}

/// An encoding's name, behind the file that it is for where it is not for all.
fn encoding(text: &str) -> Result<(Option<PathBuf>, Encoding), SourceError> {
    match text.rsplit_once('=') {
        Some((file, name)) => Ok((Some(PathBuf::from(file)), Encoding::from_label(name)?)),
        None => Ok((None, Encoding::from_label(text)?)),
    }
}

/// How a field is read, behind the file that it is for where it is not for all.
fn reading(text: &str) -> Result<(Option<PathBuf>, String, Decision), SourceError> {
    let bad = || SourceError::BadReading { given: text.to_owned() };
    let (place, how) = text.rsplit_once('=').ok_or_else(bad)?;
    let (_, decision) = Decision::NAMES.into_iter().find(|(name, _)| *name == how).ok_or_else(bad)?;
    Ok(match place.rsplit_once(':') {
        Some((file, field)) => (Some(PathBuf::from(file)), field.to_owned(), decision),
        None => (None, place.to_owned(), decision),
    })
}

/// What `--reading` says of single files.
fn of_files(args: &ReadArgs) -> impl Iterator<Item = &String> {
    args.reading.iter().filter(|text| text.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_again_without_its_password() {
        for (url, named) in [
            ("postgres://app@db.example/app", "postgres://app@db.example/app"),
            (
                "postgres://app:s3@cret@db.example:5433/app?sslmode=require",
                "postgres://app@db.example:5433/app?sslmode=require",
            ),
            ("host=/run/pg dbname=app", "host=/run/pg dbname=app"),
            ("host=db password=s3cret", "URL"),
            ("postgres://db/app?user=a&PASSWORD=s3cret", "URL"),
        ] {
            assert_eq!(same_database(Some(url)), ["--database-url", named]);
        }
        assert_eq!(same_database(None), Vec::<String>::new());
    }

    #[test]
    fn an_encoding_is_for_all_files_or_for_one() {
        assert_eq!(encoding("latin1").unwrap(), (None, Encoding::FALLBACK));
        let one = encoding("a=b.csv=utf-8").unwrap();
        assert_eq!(one, (Some(PathBuf::from("a=b.csv")), Encoding::Utf8));
        assert!(encoding("users.csv=klingon").is_err());
    }
}
