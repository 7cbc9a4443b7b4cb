//! `muster verify`: compares an export with its manifest and, where asked, with the database.

use std::io::Write;
use std::sync::Arc;

use crate::cli::VerifyArgs;
use crate::config::Config;
use crate::exit::Exit;
use crate::export::{Against, verify};
use crate::output::visible::visible;
use crate::signal;

use super::CommandError;
use super::print::{json, print};

/// Verifies, and prints what differs.
pub(crate) fn run(
    args: &VerifyArgs,
    config: Option<&Arc<Config>>,
    quiet: bool,
    out: &mut dyn Write,
) -> Result<Exit, CommandError> {
    let cancelled = signal::flag()?;
    let url = url(args).or_else(|| config?.database_url.clone());
    let database =
        (args.database_url.is_some() || args.against_database).then_some(Against { url: url.as_deref() });
    let verified = verify(&args.dir, args.schemas.as_deref(), database, &cancelled)?;
    let mut text = String::new();
    if args.json {
        text = json(&verified);
    } else {
        for difference in &verified.differences {
            text.push_str(&format!("{}: {}\n", visible(&difference.place), visible(&difference.problem)));
        }
        if verified.differences.is_empty() && !quiet {
            text.push_str(&format!("{} files are as the manifest says", verified.files));
            if database.is_some() {
                text.push_str(&format!(", and so are {} key ranges in the database", verified.ranges));
            }
            text.push('\n');
        }
    }
    for warning in &verified.warnings {
        tracing::warn!("{warning}");
    }
    print(out, text)?;
    Ok(if verified.differences.is_empty() { Exit::Done } else { Exit::Rejects })
}

/// The database named, else the one in the environment.
fn url(args: &VerifyArgs) -> Option<String> {
    args.database_url.clone().or_else(|| std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()))
}
