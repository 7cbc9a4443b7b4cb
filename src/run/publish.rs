//! The last phase: all findings in one order, the files that go back, the summary. Everything is on the
//! disk before COMMIT and gets its name after it.

use std::ops::Range;
use std::path::PathBuf;

use jiff::Timestamp;

use crate::event::{Event, Stage};
use crate::fault::{self, Point};
use crate::frame;
use crate::output::{RunFolder, Slices, names};
use crate::record::{Code, Finding, Location, RunId, Severity};
use crate::report::returned::ReturnedFile;
use crate::report::summary::Summary;
use crate::report::{
    Context, Counts, Entity, Field, File, FindingsWriter, Outcome, Page, Records, Returned, Status,
};
use crate::settings::Reading;
use crate::settle::EntityVerdict;
use crate::source::{Encoding, FileFormat, Source, Utf8Evidence};

use super::file::{EntityRead, FileRead};
use super::findings::Merger;
use super::state::Run;
use super::{Reported, RunError, law};

/// How much of a record the page is shown, in bytes.
const SHOWN: u64 = 4096;

impl Slices for Source {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<()> {
        self.read_exact_at(buf, offset)
    }
}

impl Run<'_> {
    /// Writes and seals all files of the run. Nothing has its final name yet: see [`Run::publish`].
    pub(super) fn report(
        &mut self,
        entities: &[EntityRead],
        verdicts: &[EntityVerdict],
        counts: &[Counts],
        status: Status,
        target: Option<&str>,
    ) -> Result<Reported, RunError> {
        self.listener.on(Event::Started { stage: Stage::Publish, entity: "all", total: None });
        // Entities without a file are not spoken of; findings count the others.
        let given: Vec<usize> = (0..entities.len()).filter(|&i| !entities[i].files.is_empty()).collect();
        let context = self.context(entities, &given, target);
        let mut returned = Vec::new();
        let mut writer = FindingsWriter::new(&context, &mut self.folder)?;
        for (number, &index) in given.iter().enumerate() {
            let read = &entities[index];
            let merger =
                Merger { schema: &self.schema, entities, index, given: &given, asked: target.is_some() };
            let mut back = GoingBack::new(&context.entities[number], read);
            let losses = &verdicts[index].losses;
            let batches = merger.batches(losses).map_err(RunError::Spool)?;
            let (folder, listener) = (&mut self.folder, self.listener);
            writer.take(
                number,
                batches,
                |batch| {
                    let findings = merger.findings(losses, batch).map_err(RunError::Spool)?;
                    let records = going_back(&findings);
                    Ok((findings, records))
                },
                |records, findings| {
                    back.take(&records, folder)?;
                    let rows = findings as u64;
                    listener.on(Event::Advanced { by: rows, rows });
                    Ok::<(), RunError>(())
                },
            )?;
            let (rejected, duplicates) = back.finish(
                number,
                &self.schema.entities[index],
                read,
                &self.settings.reading,
                &mut returned,
            )?;
            // A run that ended before its verdicts has nothing to compare with.
            if status != Status::Failed && status != Status::Interrupted {
                law::written(&self.schema.entities[index].name, &counts[index], rejected, duplicates)?;
            }
        }
        let tally = writer.finish()?;
        let counts = given.iter().map(|&index| counts[index]).collect();
        let outcome = Outcome { status, finished: Timestamp::now(), counts };
        let folder = self.folder.path().to_owned();
        let changes = match &self.earlier {
            Some(earlier) => frame::compare(&earlier.rules(), &tally.rule_rows(&context)),
            None => Vec::new(),
        };
        let page = Page {
            context: &context,
            outcome: &outcome,
            tally: &tally,
            folder: &folder.display().to_string(),
            returned: &returned,
            against: self.earlier.as_ref().map(|earlier| (earlier, changes.as_slice())),
            records: &SourceRecords { entities, given: &given },
        };
        page.write(&mut self.folder)?;
        fault::reach(Point::ReportsWritten);
        Summary::new(&context, &outcome, &tally).planning(self.plan.as_ref()).write(&mut self.folder)?;
        self.folder.seal()?;
        fault::reach(Point::Sealed);
        self.listener.on(Event::Finished);
        Ok(Reported {
            context,
            outcome,
            tally,
            returned,
            folder,
            plan: self.plan.clone(),
            record: self.record.clone(),
            findings: String::new(),
        })
    }

    /// Gives the sealed files their names.
    pub(super) fn publish(&mut self) -> Result<(), RunError> {
        Ok(self.folder.publish()?)
    }

    /// Gives the sealed files of a committed run their names: whatever happens here, its rows are in.
    pub(super) fn publish_committed(&mut self) -> Result<(), RunError> {
        publish_committed(&mut self.folder, &self.id)
    }

    /// Reports files whose headers stop the run.
    pub(super) fn report_faults(&mut self, files: Vec<Vec<FileRead>>) -> Result<Reported, RunError> {
        let entities = files.into_iter().enumerate().map(|(index, files)| self.unread(index, files));
        let entities = entities.collect::<Result<Vec<_>, _>>()?;
        let verdicts = vec![EntityVerdict::default(); entities.len()];
        let counts: Vec<_> = entities
            .iter()
            .map(|read| Counts { warnings: read.harvest.counts.warnings, ..Counts::default() })
            .collect();
        let reported = self.report(&entities, &verdicts, &counts, Status::Failed, None)?;
        self.publish()?;
        Ok(reported)
    }

    /// The options that reading returned records needs as well. A file of returned records stands in no
    /// manifest, so what the manifest told must be said.
    fn again(&self, entities: &[EntityRead]) -> Vec<String> {
        let mut again = self.settings.reports.given.repeated.clone();
        if self.settings.reading.quoted_empty.is_none() {
            let files = || entities.iter().flat_map(|read| &read.files);
            let exported = files().filter(|file| file.exported.is_some()).count();
            if exported > 0 && exported == files().count() {
                again.extend(["--quoted-empty".to_owned(), "text".to_owned()]);
            } else if exported > 0 {
                tracing::info!(
                    "only some of the files were exported by muster: mended records of those must be imported by \
                     themselves, with --quoted-empty text"
                );
            }
        }
        again
    }

    fn context(&self, entities: &[EntityRead], given: &[usize], target: Option<&str>) -> Context {
        let mut stems = names::Stems::default();
        let again = self.again(entities);
        let entities = given
            .iter()
            .map(|&index| {
                let entity = &self.schema.entities[index];
                Entity {
                    name: entity.name.clone(),
                    fields: entity
                        .fields
                        .iter()
                        .map(|field| Field { name: field.name.clone(), sensitive: field.sensitive })
                        .collect(),
                    files: entities[index]
                        .files
                        .iter()
                        .map(|file| described(file, &entity.name, &mut stems))
                        .collect(),
                }
            })
            .collect();
        Context {
            run: self.id.to_string(),
            command: self.command.to_owned(),
            started: self.started,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_sha256: self.schema.sha256.clone(),
            target: target.map(str::to_owned),
            values: self.settings.reports.values,
            again,
            again_of_files: self.settings.reports.given.repeated_of_files.clone(),
            entities,
        }
    }
}

/// Gives the sealed files of what `run` committed their names.
pub(super) fn publish_committed(folder: &mut RunFolder, run: &RunId) -> Result<(), RunError> {
    folder.publish().map_err(|source| RunError::Unpublished {
        run: run.to_string(),
        folder: folder.path().to_owned(),
        source,
    })
}

/// The sources, as the page looks back at them.
struct SourceRecords<'r> {
    entities: &'r [EntityRead],
    given: &'r [usize],
}

impl Records for SourceRecords<'_> {
    fn text(&self, entity: usize, location: &Location) -> Option<String> {
        let file = &self.entities[*self.given.get(entity)?].files[usize::from(location.file)];
        let encoding = file.look.opening.encoding;
        let len = (location.byte_end - location.byte_start).min(SHOWN);
        // A cut must not go through a code unit; through a character it may.
        let len = usize::try_from(len).ok()? / encoding.unit() * encoding.unit();
        let mut bytes = vec![0; len];
        file.source.read_exact_at(&mut bytes, location.byte_start).ok()?;
        let mut text = String::new();
        Some(match encoding.decode(&bytes, &mut text) {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        })
    }
}

fn described(file: &FileRead, entity: &str, stems: &mut names::Stems) -> File {
    let (source, opening) = (&file.source, &file.look.opening);
    File {
        path: source.name().to_owned(),
        stem: stems.next(source.name(), entity),
        bytes: file.stored().stored_len(),
        sha256: file.sha256.clone(),
        encoding: opening.encoding.name(),
        format: opening.format.name().to_owned(),
        // The values of an object are not told apart by a sign.
        delimiter: match opening.format {
            FileFormat::Ndjson => String::new(),
            _ => char::from(opening.delimiter).to_string(),
        },
        header: opening.header.clone(),
        mapping: file.look.mapping.columns.clone(),
        prefix: match opening.format {
            FileFormat::Ndjson => 0..0,
            _ => 0..opening.data_start,
        },
    }
}

/// Whether these bytes alone, or some of them once others are mended, may be taken for another encoding than
/// that of the whole file. Plain ASCII is the same in all of them.
fn is_doubtful(encoding: Encoding, evidence: Utf8Evidence) -> bool {
    match encoding {
        Encoding::Utf8 => evidence.malformed > 0,
        Encoding::SingleByte(_) => evidence.valid > 0,
        Encoding::Utf16Le | Encoding::Utf16Be => false,
    }
}

/// A record that goes back, or several that follow one another in the file and go the same way.
struct Returning {
    file: u16,
    kind: usize,
    records: u64,
    bytes: Range<u64>,
}

/// Which records go back for these findings, which are in their final order, all of a record together.
fn going_back(findings: &[Finding]) -> Vec<Returning> {
    // A repeated header bears the number of the record behind it, and is none itself.
    let is_record = |finding: &&Finding| finding.location.record > 0 && finding.code != Code::RepeatedHeader;
    let mut all: Vec<Returning> = Vec::new();
    let mut put = |worst: &Finding| {
        let kind = match worst.severity {
            Severity::Reject => 0,
            Severity::Duplicate => 1,
            Severity::Warning | Severity::Ignore => return,
        };
        let Location { file, byte_start, byte_end, .. } = worst.location;
        match all.last_mut() {
            Some(last) if (last.file, last.kind, last.bytes.end) == (file, kind, byte_start) => {
                last.records += 1;
                last.bytes.end = byte_end;
            }
            _ => all.push(Returning { file, kind, records: 1, bytes: byte_start..byte_end }),
        }
    };
    let mut at: Option<&Finding> = None;
    for finding in findings.iter().filter(is_record) {
        let place = |finding: &Finding| (finding.location.file, finding.location.record);
        match &mut at {
            // `Severity` is ordered from the worst on. The worst has the record's place: a repeated header is
            // found before a record, under its number, and is not it.
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

/// The files of one entity that go back: rejected records and losers of duplicates, per input.
struct GoingBack<'r> {
    files: Vec<[ReturnedFile<'r, Source>; 2]>,
    counts: [u64; 2],
}

impl<'r> GoingBack<'r> {
    fn new(entity: &Entity, read: &'r EntityRead) -> Self {
        let files = entity
            .files
            .iter()
            .zip(&read.files)
            .map(|(described, file)| {
                let opening = &file.look.opening;
                let line_end = opening.encoding.encode_ascii(opening.line_end.as_str());
                let make = |name: String| {
                    let path = PathBuf::from(&described.path);
                    ReturnedFile::new(name, &file.source, path, described.prefix.clone(), &line_end)
                };
                let end = FileFormat::returned_as(&described.format);
                [make(names::rejected(&described.stem, end)), make(names::duplicates(&described.stem, end))]
            })
            .collect();
        Self { files, counts: [0, 0] }
    }

    /// Takes the next records that go back, in input order.
    fn take(&mut self, records: &[Returning], folder: &mut RunFolder) -> Result<(), RunError> {
        for Returning { file, kind, records, bytes } in records {
            self.counts[*kind] += records;
            self.files[usize::from(*file)][*kind].push(folder, *records, bytes.clone())?;
        }
        Ok(())
    }

    fn finish(
        self,
        entity: usize,
        rules: &crate::schema::Entity,
        read: &EntityRead,
        reading: &Reading,
        returned: &mut Vec<Returned>,
    ) -> Result<(u64, u64), RunError> {
        for (at, (source, file)) in read.files.iter().zip(self.files).enumerate() {
            let open = read.harvest.files.get(at).map_or(&[][..], |file| &file.open);
            let readings: Vec<_> = open
                .iter()
                .filter_map(|(column, proofs)| {
                    let field = &rules.fields[column.field].name;
                    // What the command line said of all files it says again.
                    let is_said = reading.readings.iter().any(|(file, of, _)| file.is_none() && of == field);
                    let decision = column.decision(proofs).filter(|_| !is_said)?;
                    Some(format!("{field}={}", decision.name()))
                })
                .collect();
            for (duplicates, file) in [false, true].into_iter().zip(file) {
                let name = file.name().to_owned();
                let (records, evidence) = file.finish()?;
                if records > 0 {
                    let found = source.look.opening.encoding;
                    // What the command line said of all files it says again.
                    let is_doubtful = reading.encoding_of_all().is_none() && is_doubtful(found, evidence);
                    let is_named = reading.encoding_of(&source.path).is_some();
                    // NDJSON is UTF-8, whatever its bytes are.
                    let may_be_another = source.look.opening.format != FileFormat::Ndjson;
                    let encoding = (may_be_another && (is_named || is_doubtful)).then(|| found.name());
                    returned.push(Returned {
                        entity,
                        name,
                        records,
                        duplicates,
                        encoding,
                        readings: readings.clone(),
                    });
                }
            }
        }
        Ok((self.counts[0], self.counts[1]))
    }
}
