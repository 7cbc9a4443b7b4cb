//! What `check` and `import` were asked for, turned from the command line's terms into the run's.

use std::num::NonZeroUsize;

use crate::cli::{Duplicates, Empty, QuotedEmpty, ReadArgs};
use crate::read::ReadOptions;
use crate::report::Values;
use crate::run::{Looking, Options};
use crate::schema::OnUpdate;
use crate::settle::Policy;
use crate::source::{Encoding, SourceError};

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
            encoding: args.encoding.as_deref().map(Encoding::from_label).transpose()?,
            delimiter: args.delimiter,
            maps: args.map.iter().map(|map| (map.header.clone(), map.field.clone())).collect(),
            empty_text: args.quoted_empty.map(|what| what == QuotedEmpty::Text),
        },
        read: ReadOptions {
            strict: args.strict,
            pad_short: args.pad_short,
            max_record: args.max_record.min(1 << 30),
            on_empty: on_empty(args),
            unguard: args.from_spreadsheet,
            memory: usize::try_from(args.memory).unwrap_or(usize::MAX),
            ..rest()
        },
        duplicates: match args.duplicates {
            Duplicates::KeepFirst => Policy::KeepFirst,
            Duplicates::KeepLast => Policy::KeepLast,
            Duplicates::RejectAll => Policy::RejectAll,
        },
        max_rejects: args.max_rejects,
        again: again(args),
        keep_rejected_keys: false,
        values: match (args.show_values, args.hide_values) {
            (true, _) => Values::Shown,
            (_, true) => Values::Hidden,
            _ => Values::Masked,
        },
    })
}

/// Everything else about reading.
#[cfg(not(feature = "fault-points"))]
fn rest() -> ReadOptions {
    ReadOptions::default()
}

/// Everything else about reading; the tests make blocks small with `MUSTER_TEST_BLOCK`, to have many of them.
#[cfg(feature = "fault-points")]
fn rest() -> ReadOptions {
    let mut options = ReadOptions::default();
    if let Some(bytes) = std::env::var("MUSTER_TEST_BLOCK").ok().and_then(|bytes| bytes.parse().ok()) {
        options.block_size = bytes;
    }
    options
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
    if let Some(encoding) = &args.encoding {
        add("--encoding", encoding.clone());
    }
    if let Some(what) = args.quoted_empty {
        let what = if what == QuotedEmpty::Text { "text" } else { "empty" };
        add("--quoted-empty", what.to_owned());
    }
    for map in &args.map {
        add("--map", format!("{}={}", map.header, map.field));
    }
    if args.from_spreadsheet {
        again.push("--from-spreadsheet".to_owned());
    }
    again
}
