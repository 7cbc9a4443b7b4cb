//! `muster import`: checks files, then writes their rows to the database in one transaction.

use std::io::Write;
use std::time::Duration;

use crate::cli::ImportArgs;
use crate::exit::Exit;
use crate::load::LoadOptions;
use crate::report::progress::Progress;
use crate::run::{ImportOptions, Options, import};

use super::{CommandError, request, summary};

/// Imports the files, and prints the summary.
///
/// # Errors
///
/// See [`CommandError`].
pub(crate) fn run(args: &ImportArgs, progress: Progress, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let mut options = Options { keep_rejected_keys: args.report_absent, ..request::options(&args.read)? };
    options.again.extend(args.protect_edited.then(|| "--protect-edited".to_owned()));
    options.again.extend(args.apply_changes.then(|| "--apply-changes".to_owned()));
    options.again.extend(args.allow_deletes.then(|| "--allow-deletes".to_owned()));
    options.again.extend(request::same_database(args.database.database_url.as_deref()));
    options.looking.changes = args.apply_changes;
    let how = ImportOptions {
        database_url: args.database.database_url.clone(),
        load: LoadOptions {
            on_empty: request::on_empty(&args.read),
            move_rows: args.read.move_users,
            patience: Duration::from_secs(args.lock_timeout),
            undoable: !args.no_undo,
            protect_edited: args.protect_edited,
            reconcile: args.reconcile,
            foresee: args.dry_run,
            changes: args.apply_changes,
        },
        dry_run: args.dry_run,
        allow_deletes: args.allow_deletes,
        report_absent: args.report_absent,
        one: None,
    };
    let reported = import(&options, &how, &progress)?;
    drop(progress);
    summary::print(&reported, args.read.json, out)
}
