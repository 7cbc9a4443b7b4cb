//! All findings of an entity in their final order: what reading found, with what settling and the database
//! added, by file, record, column, code.

use std::io;
use std::ops::Range;

use crate::read::Harvest;
use crate::record::{Code, Finding, Location, Message, Related, RowEncoder};
use crate::schema::Schema;
use crate::settle::{Loss, Target};

use super::file::EntityRead;

/// How many losses make a batch where reading found nothing.
const CHUNK: usize = 2048;

/// Turns verdicts into findings and merges them with those of reading.
pub(crate) struct Merger<'r> {
    pub(crate) schema: &'r Schema,
    pub(crate) entities: &'r [EntityRead],
    pub(crate) index: usize,
    /// The entities that reports speak of; a finding's `related` counts in them.
    pub(crate) given: &'r [usize],
    /// A database was asked as well.
    pub(crate) asked: bool,
}

/// Some findings that can be made by themselves: those of reading in these chunks, and what was settled about rows
/// among and before them. All that is found about a record is in one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    chunks: Range<usize>,
    losses: Range<usize>,
}

impl Merger<'_> {
    /// Cuts all findings of the entity into batches, in order.
    ///
    /// # Errors
    ///
    /// The spool could not be read back.
    pub(crate) fn batches(&self, losses: &[Loss]) -> io::Result<Vec<Batch>> {
        let chunks = self.harvest().found();
        let mut batches = Vec::new();
        let (mut at, mut lost) = (0, 0);
        while at < chunks.len() {
            let mut end = at + 1;
            // A header that stands in the file again has the number of the record behind it.
            while end < chunks.len() && chunks[end].first == chunks[end - 1].last {
                end += 1;
            }
            let first = chunks[at].first;
            let before = self.losses_until(losses, lost, |place| place < first)?;
            cut(losses, lost..before, &mut batches);
            let last = chunks[end - 1].last;
            lost = self.losses_until(losses, before, |place| place <= last)?;
            batches.push(Batch { chunks: at..end, losses: before..lost });
            at = end;
        }
        cut(losses, lost..losses.len(), &mut batches);
        Ok(batches)
    }

    /// The first of the losses from `start` on whose place is not `wanted` any more.
    fn losses_until(
        &self,
        losses: &[Loss],
        start: usize,
        wanted: impl Fn((u16, u64)) -> bool,
    ) -> io::Result<usize> {
        let is_wanted = |at: usize| {
            let location = self.harvest().location(losses[at].row)?;
            Ok::<_, io::Error>(wanted((location.file, location.record)))
        };
        // Places are read from the spool one by one, so as few as possible are looked at: in steps that double,
        // and then in halves.
        let (mut low, mut step) = (start, 1);
        while low + step <= losses.len() && is_wanted(low + step - 1)? {
            low += step;
            step *= 2;
        }
        let mut high = losses.len().min(low + step - 1).max(low);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_wanted(middle)? {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// The findings of a batch, in order.
    ///
    /// # Errors
    ///
    /// The spool could not be read back.
    pub(crate) fn findings(&self, losses: &[Loss], batch: Batch) -> io::Result<Vec<Finding>> {
        let mut chunks = self.harvest().found()[batch.chunks].iter();
        let mut all = match chunks.next() {
            Some(chunk) => self.harvest().findings(chunk)?,
            None => Vec::new(),
        };
        for chunk in chunks {
            all.append(&mut self.harvest().findings(chunk)?);
        }
        let losses = &losses[batch.losses];
        if !losses.is_empty() {
            let rows: Vec<u64> = losses.iter().map(|loss| loss.row).collect();
            let mut rival = None;
            self.harvest().rows(&rows, |at, row, location| {
                all.push(self.finding(&losses[at], row, location, &mut rival)?);
                Ok(())
            })?;
            all.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        }
        Ok(all)
    }

    /// `rival` is the last row that another lost against, and its record.
    fn finding(
        &self,
        loss: &Loss,
        row: &[u8],
        location: Location,
        rival: &mut Option<(u64, Related)>,
    ) -> io::Result<Finding> {
        let entity = &self.schema.entities[self.index];
        let read = &self.entities[self.index];
        let slots = crate::read::slots(entity);
        let edited = loss.edited();
        let field = loss.slot.map(|slot| slots[slot]).or_else(|| edited.first().map(|(field, _)| *field));
        let layout = self.harvest().layout(location.file);
        let value = match field.and_then(|field| layout.fields.iter().position(|&f| f == field)) {
            Some(position) => RowEncoder::field(row, position).map(RowEncoder::unescape).unwrap_or_default(),
            None => String::new(),
        };
        let mapping = &read.files[usize::from(location.file)].look.mapping;
        let related = self.related(loss, rival)?;
        let message = self.message(loss, field, related);
        let reported = |related: Related| {
            let entity = self.given.iter().position(|&given| given == usize::from(related.entity));
            Related { entity: entity.and_then(|at| u16::try_from(at).ok()).unwrap_or(u16::MAX), ..related }
        };
        Ok(Finding {
            location,
            column: field.and_then(|f| mapping.fields[f]).and_then(|column| u16::try_from(column).ok()),
            field: field.and_then(|field| u16::try_from(field).ok()),
            severity: loss.severity,
            code: loss.code,
            value: Finding::excerpt(&value),
            message,
            suggestion: None,
            related: related.map(reported),
        })
    }

    /// The related record, its entity counted in load order.
    fn related(&self, loss: &Loss, rival: &mut Option<(u64, Related)>) -> io::Result<Option<Related>> {
        let row = |entity: usize, row: u64| -> io::Result<Related> {
            let location = self.entities[entity].harvest.location(row)?;
            Ok(Related {
                entity: u16::try_from(entity).unwrap_or(u16::MAX),
                file: location.file,
                record: location.record,
            })
        };
        match (loss.rival, loss.related) {
            // Many may have lost against the same one.
            (Some(lost_to), _) => match rival {
                Some((known, related)) if *known == lost_to => Ok(Some(*related)),
                _ => {
                    let related = row(self.index, lost_to)?;
                    *rival = Some((lost_to, related));
                    Ok(Some(related))
                }
            },
            (None, Some(Target::Row(entity, lost))) => row(entity, lost).map(Some),
            (None, Some(Target::Record(related))) => Ok(Some(related)),
            (None, None) => Ok(None),
        }
    }

    fn message(&self, loss: &Loss, field: Option<usize>, related: Option<Related>) -> Message {
        let entity = &self.schema.entities[self.index];
        let name = field.map_or("the row", |field| entity.fields[field].name.as_str());
        let reference = field.and_then(|field| entity.fields[field].reference);
        let parent = reference.map_or("", |reference| self.schema.entities[reference.entity].name.as_str());
        let other = related.map_or_else(String::new, |related| {
            let file = &self.entities[usize::from(related.entity)].files[usize::from(related.file)];
            format!("record {} of {}", related.record, file.source.name())
        });
        match loss.code {
            Code::DuplicateKey if loss.severity == crate::record::Severity::Reject => {
                format!("{name} is the same as in {other}, and none of them is kept").into()
            }
            Code::DuplicateKey => format!("{name} is the same as in {other}, which stays").into(),
            Code::KeyInUse if reference.is_some() => format!(
                "the database has this row under another of the {parent}; --move-users lets it change"
            )
            .into(),
            Code::KeyInUse => format!("another row of the database has this {name}").into(),
            Code::UnknownAccount => {
                let nor = if self.asked { " or in the database" } else { "" };
                format!("{name}: none of the {parent} has this key, in the files{nor}").into()
            }
            Code::AccountRejected => format!("{name} refers to {other}, which was rejected").into(),
            Code::UnresolvedReference => {
                format!("{name}: no file of {parent} was given and no database was asked").into()
            }
            Code::EditedInTarget => {
                // A sensitive value is never part of a message.
                let values = loss.edited().into_iter().filter_map(|(field, value)| {
                    let field = entity.fields.get(field)?;
                    Some(match (field.sensitive, value.as_str()) {
                        (true, _) => format!("{} is another", field.name),
                        (false, "") => format!("{} is empty", field.name),
                        (false, value) => format!("{} is {}", field.name, Finding::excerpt(value)),
                    })
                });
                let values = values.collect::<Vec<_>>().join(", ");
                if values.is_empty() {
                    return "somebody changed the row in the database after it was imported; it is not deleted".into();
                }
                format!("somebody changed the row in the database after it was imported; there {values}")
                    .into()
            }
            Code::StillReferred => {
                format!("the row is not deleted: {}", loss.detail.as_deref().unwrap_or("a row refers to it"))
                    .into()
            }
            Code::DatabaseRejected => {
                let sqlstate = loss.detail.as_deref().unwrap_or("unknown");
                format!("the database refused the row (SQLSTATE {sqlstate})").into()
            }
            other => other.explanation().what.into(),
        }
    }

    fn harvest(&self) -> &Harvest {
        &self.entities[self.index].harvest
    }
}

/// Cuts losses that no finding of reading stands among, between rows.
fn cut(losses: &[Loss], mut rest: Range<usize>, batches: &mut Vec<Batch>) {
    while !rest.is_empty() {
        let mut end = rest.end.min(rest.start + CHUNK);
        while end < rest.end && losses[end].row == losses[end - 1].row {
            end += 1;
        }
        batches.push(Batch { chunks: 0..0, losses: rest.start..end });
        rest.start = end;
    }
}
