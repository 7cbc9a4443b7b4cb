//! The records that go back to their sender: which findings send a record back, and the files that take them.

use std::ops::Range;
use std::path::PathBuf;

use crate::output::{RunFolder, names};
use crate::record::{Code, Finding, Location, Severity};
use crate::report::returned::{Finished, ReturnedFile};
use crate::report::{Entity, Returned, ReturnedKind};
use crate::settings::Reading;
use crate::source::{Encoding, FileFormat, Source, Utf8Evidence};

use super::RunError;
use super::file::EntityRead;

/// A record that goes back, or several that follow one another in the file and go back for the same reason.
pub(super) struct Span {
    file: u16,
    kind: ReturnedKind,
    records: u64,
    bytes: Range<u64>,
}

impl Span {
    /// How many bytes go back.
    pub(super) fn len(&self) -> u64 {
        self.bytes.end - self.bytes.start
    }
}

/// The records that go back for these findings, which are in their final order, all of a record together.
pub(super) fn spans(findings: &[Finding]) -> Vec<Span> {
    // A repeated header has the number of the record after it, and is no record itself.
    let is_record = |finding: &&Finding| finding.location.record > 0 && finding.code != Code::RepeatedHeader;
    let mut all: Vec<Span> = Vec::new();
    let mut put = |worst: &Finding, broken: bool| {
        let kind = match worst.severity {
            Severity::Reject if broken => ReturnedKind::Broken,
            Severity::Reject => ReturnedKind::Rejected,
            Severity::Duplicate => ReturnedKind::Duplicates,
            Severity::Warning | Severity::Ignore => return,
        };
        let Location { file, byte_start, byte_end, .. } = worst.location;
        match all.last_mut() {
            Some(last) if (last.file, last.kind, last.bytes.end) == (file, kind, byte_start) => {
                last.records += 1;
                last.bytes.end = byte_end;
            }
            _ => all.push(Span { file, kind, records: 1, bytes: byte_start..byte_end }),
        }
    };
    // A finding of the current record, the worst so far, and whether its quotes or encoding are broken.
    let mut at: Option<(&Finding, bool)> = None;
    for finding in findings.iter().filter(is_record) {
        let place = |finding: &Finding| (finding.location.file, finding.location.record);
        match &mut at {
            // `Severity` is ordered from the worst on.
            Some((worst, broken)) if place(worst) == place(finding) => {
                *broken |= is_broken(finding.code);
                if finding.severity < worst.severity {
                    *worst = finding;
                }
            }
            _ => {
                let last = at.replace((finding, is_broken(finding.code)));
                if let Some((worst, broken)) = last {
                    put(worst, broken);
                }
            }
        }
    }
    if let Some((worst, broken)) = at {
        put(worst, broken);
    }
    all
}

/// Whether another reader may merge a record with this finding with its neighbours.
fn is_broken(code: Code) -> bool {
    matches!(code, Code::UnclosedQuote | Code::StrayQuote | Code::InvalidEncoding)
}

/// The returned files of one input.
struct OfInput<'r> {
    /// One of each [`ReturnedKind`], in their order.
    each: [ReturnedFile<'r, Source>; 3],
    /// A reader may take two of its records for one, if their quotes are broken.
    can_merge: bool,
}

/// The returned files of one entity.
pub(super) struct ReturnedFiles<'r> {
    files: Vec<OfInput<'r>>,
    rejected: u64,
    duplicates: u64,
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
            let names: [fn(&str, &str) -> String; 3] = [names::rejected, names::broken, names::duplicates];
            OfInput {
                each: names.map(|name| make(name(&described.stem, end))),
                can_merge: opening.format != FileFormat::Ndjson,
            }
        });
        Self { files: files.collect(), rejected: 0, duplicates: 0 }
    }

    /// Takes the next records, in input order.
    pub(super) fn take(&mut self, spans: &[Span], folder: &mut RunFolder) -> Result<(), RunError> {
        for Span { file, kind, records, bytes } in spans {
            match kind {
                ReturnedKind::Rejected | ReturnedKind::Broken => self.rejected += records,
                ReturnedKind::Duplicates => self.duplicates += records,
            }
            let files = &mut self.files[usize::from(*file)];
            // Each line of NDJSON is a record, whatever is in it.
            let kind = if *kind == ReturnedKind::Broken && !files.can_merge {
                ReturnedKind::Rejected
            } else {
                *kind
            };
            files.each[kind as usize].push(folder, *records, bytes.clone())?;
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
            let kinds = [ReturnedKind::Rejected, ReturnedKind::Broken, ReturnedKind::Duplicates];
            for (kind, file) in kinds.into_iter().zip(files.each) {
                let name = file.name().to_owned();
                let Finished { records, evidence, sha256 } = file.finish()?;
                if records > 0 {
                    let found = source.look.opening.encoding;
                    // What the command line says of all files it says again.
                    let is_doubtful = reading.encoding_of_all().is_none() && is_doubtful(found, evidence);
                    let is_named = reading.encoding_of(&source.path).is_some();
                    // NDJSON is UTF-8, whatever its bytes are.
                    let may_be_another = source.look.opening.format != FileFormat::Ndjson;
                    let encoding = (may_be_another && (is_named || is_doubtful)).then(|| found.name());
                    let readings = readings.clone();
                    returned.push(Returned {
                        entity,
                        name,
                        records,
                        kind,
                        file: at,
                        sha256,
                        encoding,
                        readings,
                    });
                }
            }
        }
        Ok((self.rejected, self.duplicates))
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
