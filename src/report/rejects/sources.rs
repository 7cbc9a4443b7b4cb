//! The source files of a finished run, opened again if they are unchanged, byte for byte.

use std::collections::HashMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use crate::frame::StoredFinding;
use crate::hash::Hasher;
use crate::record::{Code, Level};
use crate::schema::Schema;
use crate::side_file;
use crate::source::{Encoding, InputPath, LookOptions, ReadAt as _, Source, look};

use super::super::mask::{mask, mask_ibans};
use super::line::{Line, line};
use super::{StoredFile, StoredRun};

/// How much of a record is read.
const SHOWN: u64 = 64 << 10;

/// Opens the sources of findings when they are first asked for.
pub(crate) struct Sources<'r> {
    run: &'r StoredRun,
    /// The schema, if it is the one of the run.
    schema: Option<&'r Schema>,
    /// Sensitive cells are shown too.
    show_values: bool,
    open: HashMap<(String, String), Result<Opened, String>>,
}

struct Opened {
    source: Source,
    encoding: Encoding,
    delimiter: char,
    header: Vec<String>,
    /// Its records are JSON objects.
    is_json: bool,
    /// For each column whether its cells may be shown.
    clear: Vec<bool>,
}

impl<'r> Sources<'r> {
    /// The sources of `run`. With another schema than the run's, it is not known what is sensitive.
    pub(crate) fn new(run: &'r StoredRun, schema: Option<&'r Schema>, show_values: bool) -> Self {
        let schema = schema.filter(|schema| schema.sha256 == run.schema_sha256);
        Self { run, schema, show_values, open: HashMap::new() }
    }

    /// The source line of a finding, or why it is not shown.
    pub(crate) fn line(&mut self, finding: &StoredFinding<'_>, room: usize) -> Result<Line, String> {
        let key = (finding.entity.to_string(), finding.file.to_string());
        if !self.open.contains_key(&key) {
            let opened = self.opened(&finding.entity, &finding.file);
            self.open.insert(key.clone(), opened);
        }
        let file = self.open[&key].as_ref().map_err(Clone::clone)?;
        let record = file.text(finding)?;
        if file.is_json {
            // The line is not split into values, and any of them may be sensitive.
            let unseen = "the record is a JSON object and may hold a sensitive value; --show-values";
            return if self.show_values {
                Ok(line(&record, '\u{0}', None, room, |_, cell| cell.to_owned()))
            } else {
                Err(unseen.into())
            };
        }
        let bad = finding.column.as_deref().and_then(|name| file.header.iter().position(|own| own == name));
        if !self.show_values && has_no_cells(&finding.code) {
            return Err(
                "the line cannot be split into cells and may hold a sensitive value; --show-values".into()
            );
        }
        // A run that hid all values hid this one, although the schema does not call it sensitive.
        let cell = bad.and_then(|bad| super::super::cells::cells(&record, file.delimiter).get(bad).copied());
        let hidden = match (cell, finding.value.as_deref()) {
            (Some(cell), Some(value)) => {
                let is_clear = bad.and_then(|bad| file.clear.get(bad)).copied().unwrap_or(false);
                let cell = cell.trim_matches('"').trim();
                is_clear && !value.is_empty() && mask_ibans(cell) != value && mask(cell) == value
            }
            _ => bad.is_none(),
        };
        let shown = |at: usize, cell: &str| {
            let clear = self.show_values || (!hidden && file.clear.get(at).copied().unwrap_or(false));
            match (self.show_values, clear) {
                (true, _) => cell.to_owned(),
                (false, true) => mask_ibans(cell).into_owned(),
                (false, false) => mask(cell.trim_matches('"')),
            }
        };
        Ok(line(&record, file.delimiter, bad, room, shown))
    }

    fn opened(&self, entity: &str, path: &str) -> Result<Opened, String> {
        let files = self.run.entities.iter().filter(|own| own.entity == entity).flat_map(|own| &own.files);
        let file =
            files.into_iter().find(|file| file.path == path).ok_or("the summary does not name the file")?;
        if file.format.as_deref() == Some("parquet") {
            return Err(
                "a Parquet file has no lines; the rejected records are in the run's folder, as CSV".into()
            );
        }
        if path == "-" {
            return Err("it was standard input".into());
        }
        let bytes = fs::metadata(path).map_err(|_| "the file does not exist (seen from this folder)")?.len();
        let changed = || "the file was changed since the run".to_owned();
        let compressed = [".gz", ".zst"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
        if !compressed && bytes != file.bytes {
            return Err(changed());
        }
        if sha256(Path::new(path)).map_err(|error| format!("the file cannot be read: {error}"))?
            != file.sha256
        {
            return Err(changed());
        }
        self.look(entity, file).map_err(|error| error.to_string())
    }

    fn look(&self, entity: &str, file: &StoredFile) -> Result<Opened, crate::source::SourceError> {
        let source = Source::open(&InputPath::File(PathBuf::from(&file.path)), &std::env::temp_dir())?;
        let encoding = Encoding::from_label(&file.encoding)?;
        let delimiter = file.delimiter.chars().next().unwrap_or(',');
        let known = self.schema.and_then(|schema| {
            let index = schema.entities.iter().position(|own| own.name == entity)?;
            Some((schema, index))
        });
        let mut clear = vec![false; file.header.len()];
        if let Some((schema, index)) = known {
            let options = LookOptions {
                encoding: Some(encoding),
                delimiter: u8::try_from(delimiter).ok(),
                maps: &[],
                file: 0,
                changes: true,
                ..LookOptions::default()
            };
            let look = look(&source, schema, Some(index), &options)?;
            for (column, field) in look.mapping.columns.iter().enumerate() {
                // A column that is no field may hold anything, and is not shown.
                if let (Some(clear), Some(field)) = (clear.get_mut(column), field) {
                    *clear = !schema.entities[index].fields[*field].sensitive;
                }
            }
        }
        let is_json = file.format.as_deref() == Some("ndjson");
        Ok(Opened { source, encoding, delimiter, header: file.header.clone(), is_json, clear })
    }
}

impl Opened {
    fn text(&self, finding: &StoredFinding<'_>) -> Result<String, String> {
        let unit = self.encoding.unit() as u64;
        let len = finding.byte_end.saturating_sub(finding.byte_start).min(SHOWN) / unit * unit;
        let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
        let read = self.source.read_exact_at(&mut bytes, finding.byte_start);
        read.map_err(|error| format!("the record cannot be read: {error}"))?;
        let mut text = String::new();
        Ok(match self.encoding.decode(&bytes, &mut text) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

/// Whether a record with this fault cannot be split into cells: any part of it may be sensitive.
fn has_no_cells(code: &str) -> bool {
    !matches!(
        Code::from_name(code),
        Some(code) if code.level() != Level::Record || matches!(code, Code::NulByte | Code::InvalidEncoding)
    )
}

fn sha256(path: &Path) -> std::io::Result<String> {
    let mut file = side_file::open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish()),
            read => hasher.update(&buffer[..read]),
        }
    }
}
