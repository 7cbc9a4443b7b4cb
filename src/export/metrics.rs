//! The nightly job's health as an `OpenMetrics` text file, replaced as a whole.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use jiff::Timestamp;

use super::error::ExportError;
use super::manifest::Manifest;

const LAST_SUCCESS: &str = "muster_export_last_success_timestamp_seconds";

/// Writes the file after an export, successful or not. The time of the last success survives a failure.
///
/// # Errors
///
/// The file cannot be written.
pub fn write(path: &Path, started: Timestamp, done: Option<&Manifest>) -> Result<(), ExportError> {
    let finished = Timestamp::now();
    let seconds = |instant: Timestamp| instant.as_millisecond() as f64 / 1000.0;
    let last = match done {
        Some(_) => Some(seconds(finished).to_string()),
        None => fs::read_to_string(path).ok().and_then(|text| last_success(&text)),
    };
    let mut text = String::new();
    let mut gauge = |name: &str, help: &str, samples: &[(String, String)]| {
        let _ = writeln!(text, "# TYPE {name} gauge\n# HELP {name} {help}");
        for (labels, value) in samples {
            let _ = writeln!(text, "{name}{labels} {value}");
        }
    };
    let plain = |value: String| vec![(String::new(), value)];
    gauge(
        "muster_export_start_timestamp_seconds",
        "When the last export began.",
        &plain(seconds(started).to_string()),
    );
    gauge(
        "muster_export_duration_seconds",
        "How long the last export took.",
        &plain((seconds(finished) - seconds(started)).max(0.0).to_string()),
    );
    gauge(
        "muster_export_success",
        "Whether the last export is whole.",
        &plain(u8::from(done.is_some()).to_string()),
    );
    if let Some(last) = last {
        gauge(LAST_SUCCESS, "When the last whole export ended.", &plain(last));
    }
    if let Some(manifest) = done {
        let entities = manifest.entities.iter().filter(|entity| !entity.crosswalk);
        let rows: Vec<_> = entities
            .map(|entity| (format!("{{entity=\"{}\"}}", entity.entity), entity.rows.to_string()))
            .collect();
        gauge("muster_export_rows", "Rows of the last export.", &rows);
    }
    text.push_str("# EOF\n");
    let mut beside = path.as_os_str().to_owned();
    beside.push(".partial");
    let failed = |source| ExportError::write(path, source);
    fs::write(&beside, text).and_then(|()| fs::rename(&beside, path)).map_err(failed)
}

fn last_success(text: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(LAST_SUCCESS)?.strip_prefix(' '))?;
    value.parse::<f64>().is_ok().then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_success_survives_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("muster.prom");
        fs::write(&path, format!("{LAST_SUCCESS} 12.5\n# EOF\n")).unwrap();
        write(&path, Timestamp::now(), None).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("muster_export_success 0\n"), "{text}");
        assert!(text.contains(&format!("{LAST_SUCCESS} 12.5\n")), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
