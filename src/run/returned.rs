//! The records that go back to their sender: which findings send a record back, and the files that take them.

use std::ops::Range;
use std::path::PathBuf;

use crate::output::{RunFolder, names};
use crate::record::{Code, Finding, Location, Severity};
use crate::report::returned::ReturnedFile;
use crate::report::{Entity, Returned};
use crate::settings::Reading;
use crate::source::{Encoding, FileFormat, Source, Utf8Evidence};

use super::RunError;
use super::file::EntityRead;

/// A record that goes back, or several that follow one another in the file and go back for the same reason.
pub(super) struct Span {
    file: u16,
    duplicates: bool,
    records: u64,
    bytes: Range<u64>,
}

/// The records that go back for these findings, which are in their final order, all of a record together.
pub(super) fn spans(findings: &[Finding]) -> Vec<Span> {
    // A repeated header has the number of the record after it, and is no record itself.
    let is_record = |finding: &&Finding| finding.location.record > 0 && finding.code != Code::RepeatedHeader;
    let mut all: Vec<Span> = Vec::new();
    let mut put = |worst: &Finding| {
        let duplicates = match worst.severity {
            Severity::Reject => false,
            Severity::Duplicate => true,
            Severity::Warning | Severity::Ignore => return,
        };
        let Location { file, byte_start, byte_end, .. } = worst.location;
        match all.last_mut() {
            Some(last) if (last.file, last.duplicates, last.bytes.end) == (file, duplicates, byte_start) => {
                last.records += 1;
                last.bytes.end = byte_end;
            }
            _ => all.push(Span { file, duplicates, records: 1, bytes: byte_start..byte_end }),
        }
    };
    let mut at: Option<&Finding> = None;
    for finding in findings.iter().filter(is_record) {
        let place = |finding: &Finding| (finding.location.file, finding.location.record);
        match &mut at {
            // `Severity` is ordered from the worst on.
            Some(worst) if place(worst) == place(finding) => {
                if finding.severity < worst.severity {
                    *worst = finding;
                }
            }
            _ => {
                at.replace(finding).into_iter().for_each(&mut put);
            }
        }
    }
    at.into_iter().for_each(put);
    all
}

/// The returned files of one entity: for each input, one of rejected records and one of skipped duplicates.
pub(super) struct ReturnedFiles<'r> {
    files: Vec<[ReturnedFile<'r, Source>; 2]>,
    counts: [u64; 2],
}

impl<'r> ReturnedFiles<'r> {
    pub(super) fn new(entity: &Entity, read: &'r EntityRead) -> Self {
        let files = entity.files.iter().zip(&read.files).map(|(described, file)| {
            let opening = &file.look.opening;
            let line_end = opening.encoding.encode_ascii(opening.line_end.as_str());
            let make = |name: String| {
                let path = PathBuf::from(&described.path);
                ReturnedFile::new(name, &file.source, path, described.prefix.clone(), &line_end)
            };
            let end = FileFormat::returned_as(&described.format);
            [make(names::rejected(&described.stem, end)), make(names::duplicates(&described.stem, end))]
        });
        Self { files: files.collect(), counts: [0, 0] }
    }

    /// Takes the next records, in input order.
    pub(super) fn take(&mut self, spans: &[Span], folder: &mut RunFolder) -> Result<(), RunError> {
        for Span { file, duplicates, records, bytes } in spans {
            let kind = usize::from(*duplicates);
            self.counts[kind] += records;
            self.files[usize::from(*file)][kind].push(folder, *records, bytes.clone())?;
        }
        Ok(())
    }

    /// Ends the files and describes those that hold records. Returns how many records were rejected and how many
    /// skipped as duplicates.
    pub(super) fn finish(
        self,
        entity: usize,
        rules: &crate::schema::Entity,
        read: &EntityRead,
        reading: &Reading,
        returned: &mut Vec<Returned>,
    ) -> Result<(u64, u64), RunError> {
        for (at, (source, files)) in read.files.iter().zip(self.files).enumerate() {
            let open = read.harvest.files.get(at).map_or(&[][..], |file| &file.open);
            let readings: Vec<_> = open
                .iter()
                .filter_map(|(column, proofs)| {
                    let field = &rules.fields[column.field].name;
                    // What the command line says of all files it says again.
                    let is_said = reading.readings.iter().any(|(file, of, _)| file.is_none() && of == field);
                    let decision = column.decision(proofs).filter(|_| !is_said)?;
                    Some(format!("{field}={}", decision.name()))
                })
                .collect();
            for (duplicates, file) in [false, true].into_iter().zip(files) {
                let name = file.name().to_owned();
                let (records, evidence) = file.finish()?;
                if records > 0 {
                    let found = source.look.opening.encoding;
                    // What the command line says of all files it says again.
                    let is_doubtful = reading.encoding_of_all().is_none() && is_doubtful(found, evidence);
                    let is_named = reading.encoding_of(&source.path).is_some();
                    // NDJSON is UTF-8, whatever its bytes are.
                    let may_be_another = source.look.opening.format != FileFormat::Ndjson;
                    let encoding = (may_be_another && (is_named || is_doubtful)).then(|| found.name());
                    let readings = readings.clone();
                    returned.push(Returned { entity, name, records, duplicates, encoding, readings });
                }
            }
        }
        Ok((self.counts[0], self.counts[1]))
    }
}

/// Whether these bytes alone, or some of them once others are fixed, may be taken for another encoding than
/// that of the whole file. Plain ASCII is the same in all of them.
fn is_doubtful(encoding: Encoding, evidence: Utf8Evidence) -> bool {
    match encoding {
        Encoding::Utf8 => evidence.malformed > 0,
        Encoding::SingleByte(_) => evidence.valid > 0,
        Encoding::Utf16Le | Encoding::Utf16Be => false,
    }
}
