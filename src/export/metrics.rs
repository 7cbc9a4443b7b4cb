//! The result of a nightly export as an `OpenMetrics` text file, which is replaced as a whole.

use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::exit::Exit;
use crate::output::OutputError;
use crate::side_file;

use super::error::ExportError;
use super::manifest::Manifest;

const LAST_SUCCESS: &str = "muster_export_last_success_timestamp_seconds";
const ROWS: &str = "muster_export_rows";

/// How the job ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended<'e> {
    /// When it began.
    pub(crate) started: Timestamp,
    /// The complete export, if there is one.
    pub(crate) whole: Option<&'e Manifest>,
    /// What failed; with a complete export, something after it.
    pub(crate) error: Option<&'e ExportError>,
}

/// Whether the file can be replaced: a device, a pipe or a link cannot.
pub(crate) fn check(path: &Path) -> Result<(), ExportError> {
    match [path.to_owned(), partial(path)].into_iter().find(|path| side_file::is_irregular(path)) {
        Some(path) => Err(OutputError::Irregular { path }.into()),
        None => Ok(()),
    }
}

/// Where the file is until it is whole.
fn partial(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    beside.into()
}

/// Writes the file after a job, successful or not. After a failure it keeps the numbers of the last complete export.
pub(crate) fn write(path: &Path, ended: Ended<'_>) -> Result<(), ExportError> {
    check(path)?;
    let before = side_file::read_own(path).unwrap_or_default();
    let text = text(ended, &String::from_utf8_lossy(&before), Timestamp::now());
    let beside = partial(path);
    let failed = |source| OutputError::write(path, source);
    // What has the name of the partial file is not written through.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error).into()),
        _ => {}
    }
    let written = File::create_new(&beside).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        // The collector of metrics is another user; they hold no personal data.
        file.set_permissions(Permissions::from_mode(0o644))?;
        file.sync_all()
    });
    Ok(written.and_then(|()| fs::rename(&beside, path)).map_err(failed)?)
}

fn text(ended: Ended<'_>, before: &str, finished: Timestamp) -> String {
    let Ended { started, whole, error } = ended;
    let seconds = |instant: Timestamp| instant.as_millisecond() as f64 / 1000.0;
    let plain = |value: String| vec![format!(" {value}")];
    let flag = |yes: bool| plain(u8::from(yes).to_string());
    let (last, rows) = match whole {
        None => (samples(before, LAST_SUCCESS), samples(before, ROWS)),
        Some(manifest) => {
            let entities = manifest.entities.iter().filter(|entity| entity.is_whole());
            let rows = entities.map(|entity| format!("{{entity=\"{}\"}} {}", entity.entity, entity.rows));
            (plain(seconds(finished).to_string()), rows.collect())
        }
    };
    let rejects = matches!(
        error,
        Some(ExportError::Unwritable { .. } | ExportError::NoList { .. } | ExportError::Untyped { .. })
    );
    let took = (seconds(finished) - seconds(started)).max(0.0);
    let mut text = String::new();
    for (name, help, samples) in [
        (
            "muster_export_start_timestamp_seconds",
            "When the last job began.",
            plain(seconds(started).to_string()),
        ),
        ("muster_export_duration_seconds", "How long the last job took.", plain(format!("{took:.3}"))),
        ("muster_export_success", "Whether the last job ended well.", flag(error.is_none())),
        (
            "muster_export_exit_code",
            "The exit code of the last job.",
            plain(error.map_or(Exit::Done, ExportError::exit).code().to_string()),
        ),
        (
            "muster_export_rejects",
            "Whether a row could not be written; the first such row ends the job.",
            flag(rejects),
        ),
        (
            "muster_export_warnings",
            "Tables without rows although some are expected.",
            plain(whole.map_or(0, |manifest| manifest.warnings.len()).to_string()),
        ),
        (LAST_SUCCESS, "When the last complete export ended.", last),
        (ROWS, "Rows of the last complete export.", rows),
    ] {
        if samples.is_empty() {
            continue;
        }
        let _ = writeln!(text, "# TYPE {name} gauge\n# HELP {name} {help}");
        for sample in samples {
            let _ = writeln!(text, "{name}{sample}");
        }
    }
    text.push_str("# EOF\n");
    text
}

/// The samples of a metric in an earlier file, without its name.
fn samples(text: &str, name: &str) -> Vec<String> {
    let own = text.lines().filter_map(|line| line.strip_prefix(name));
    let samples = own.filter(|rest| rest.starts_with([' ', '{']));
    let numbers = samples.filter(|rest| rest.rsplit(' ').next().is_some_and(|n| n.parse::<f64>().is_ok()));
    numbers.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_last_success_survive_a_failure() {
        let before = format!("{LAST_SUCCESS} 12.5\n{ROWS}{{entity=\"users\"}} 7\n{ROWS}x 8\n# EOF\n");
        let started = "2026-11-24T12:00:00Z".parse().unwrap();
        let ended = Ended { started, whole: None, error: Some(&ExportError::Locked) };
        let text = text(ended, &before, "2026-11-24T12:00:01.5Z".parse().unwrap());
        for line in [
            "muster_export_success 0",
            "muster_export_exit_code 1",
            "muster_export_rejects 0",
            "muster_export_duration_seconds 1.500",
            "muster_export_last_success_timestamp_seconds 12.5",
            "muster_export_rows{entity=\"users\"} 7",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("rowsx"));
        assert!(text.ends_with("# EOF\n"));
    }
}
