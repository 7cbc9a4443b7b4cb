//! All findings of an entity in their final order (file, record, column, code): those of reading, with those that
//! resolving and the database added. They are made in batches, on any thread.

use std::io;
use std::ops::Range;

use crate::read::Harvest;
use crate::record::{EntityIndex, Finding, Location, Message, Related, RowEncoder, RowNumber};
use crate::schema::Schema;
use crate::settle::{Reason, RejectedRecord, RowFinding};

use super::file::EntityRead;

/// How many losses make a batch in a stretch where reading found nothing.
const CHUNK: usize = 2048;

/// Turns verdicts into findings and merges them with those of reading.
pub(crate) struct EntityFindings<'r> {
    pub(crate) schema: &'r Schema,
    pub(crate) entities: &'r [EntityRead],
    /// The entity.
    pub(crate) index: usize,
    /// What resolving decided about its rows.
    pub(crate) losses: &'r [RowFinding],
    /// What it found about rows that reading rejected.
    pub(crate) of_rejected: &'r [RowFinding],
    /// References were looked up in a database too.
    pub(crate) has_database: bool,
}

/// Findings that can be made independently of others: those of reading in these chunks, what else was found about their
/// records, and the losses of rows among and before them. All findings of a record are in one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch {
    chunks: Range<usize>,
    of_rejected: Range<usize>,
    losses: Range<usize>,
}

impl EntityFindings<'_> {
    /// Cuts all findings of the entity into batches, in order.
    pub(crate) fn batches(&self) -> io::Result<Vec<Batch>> {
        let chunks = self.harvest().finding_chunks();
        let mut batches = Vec::new();
        let (mut at, mut lost, mut rejected) = (0, 0, 0);
        let lost_at = |at: usize| self.harvest().location(self.losses[at].row);
        let rejected_at = |at: usize| {
            let (_, location) = self.harvest().rejected_reference(self.of_rejected[at].row)?;
            Ok(location)
        };
        while at < chunks.len() {
            let mut end = at + 1;
            // A repeated header has the number of the record after it.
            while end < chunks.len() && chunks[end].first == chunks[end - 1].last {
                end += 1;
            }
            let first = chunks[at].first;
            let before = until(lost..self.losses.len(), lost_at, |place| place < first)?;
            cut(self.losses, lost..before, &mut batches);
            let last = chunks[end - 1].last;
            lost = until(before..self.losses.len(), lost_at, |place| place <= last)?;
            let from = rejected;
            rejected = until(from..self.of_rejected.len(), rejected_at, |place| place <= last)?;
            batches.push(Batch { chunks: at..end, of_rejected: from..rejected, losses: before..lost });
            at = end;
        }
        cut(self.losses, lost..self.losses.len(), &mut batches);
        Ok(batches)
    }

    /// The findings of a batch, in order.
    pub(crate) fn findings(&self, batch: Batch) -> io::Result<Vec<Finding>> {
        let mut chunks = self.harvest().finding_chunks()[batch.chunks].iter();
        let mut all = match chunks.next() {
            Some(chunk) => self.harvest().findings(chunk)?,
            None => Vec::new(),
        };
        for chunk in chunks {
            all.append(&mut self.harvest().findings(chunk)?);
        }
        let before = all.len();
        for found in &self.of_rejected[batch.of_rejected] {
            let (row, location) = self.harvest().rejected_reference(found.row)?;
            all.push(self.finding(found, &row, location, &mut None)?);
        }
        let losses = &self.losses[batch.losses];
        if !losses.is_empty() {
            let rows: Vec<RowNumber> = losses.iter().map(|loss| loss.row).collect();
            let mut rival = None;
            self.harvest().rows(&rows, |at, row, location| {
                all.push(self.finding(&losses[at], row, location, &mut rival)?);
                Ok(())
            })?;
        }
        if all.len() > before {
            all.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
        }
        Ok(all)
    }

    /// `rival` is the kept row of the last duplicate, and its record.
    fn finding(
        &self,
        loss: &RowFinding,
        row: &[u8],
        location: Location,
        rival: &mut Option<(RowNumber, Related)>,
    ) -> io::Result<Finding> {
        let entity = &self.schema.entities[self.index];
        let read = &self.entities[self.index];
        let slots = crate::read::slots(entity);
        let field = loss.slot.map(|slot| slots[slot]).or_else(|| loss.reason.field());
        let layout = self.harvest().layout(location.file);
        let value = match field.and_then(|field| layout.fields.iter().position(|&f| f == field)) {
            Some(position) => RowEncoder::field(row, position).map(RowEncoder::unescape).unwrap_or_default(),
            None => String::new(),
        };
        let mapping = &read.files[usize::from(location.file)].look.mapping;
        let related = self.related(loss, rival)?;
        let message = self.message(loss, field, related);
        Ok(Finding {
            location,
            column: field.and_then(|f| mapping.fields[f]).and_then(|column| u16::try_from(column).ok()),
            field: field.and_then(|field| u16::try_from(field).ok()),
            severity: loss.reason.severity(),
            code: loss.reason.code(),
            value: Finding::excerpt(&value),
            message,
            suggestion: None,
            related,
        })
    }

    /// The record that a finding refers to.
    fn related(
        &self,
        loss: &RowFinding,
        rival: &mut Option<(RowNumber, Related)>,
    ) -> io::Result<Option<Related>> {
        let record = |entity: EntityIndex, row: RowNumber| -> io::Result<Related> {
            let location = self.entities[entity].harvest.location(row)?;
            Ok(Related {
                entity: u16::try_from(entity.0).unwrap_or(u16::MAX),
                file: location.file,
                record: location.record,
            })
        };
        match loss.reason {
            // Many may be duplicates of the same row.
            Reason::Duplicate { of, .. } => match rival {
                Some((known, related)) if *known == of => Ok(Some(*related)),
                _ => {
                    let related = record(EntityIndex(self.index), of)?;
                    *rival = Some((of, related));
                    Ok(Some(related))
                }
            },
            Reason::RejectedReference(RejectedRecord::Row(entity, row)) => record(entity, row).map(Some),
            Reason::RejectedReference(RejectedRecord::Read(related)) => Ok(Some(related)),
            _ => Ok(None),
        }
    }

    fn message(&self, loss: &RowFinding, field: Option<usize>, related: Option<Related>) -> Message {
        let entity = &self.schema.entities[self.index];
        let name = field.map_or("the row", |field| entity.fields[field].name.as_str());
        let reference = field.and_then(|field| entity.fields[field].reference);
        let parent = reference.map_or("", |reference| self.schema.entities[reference.entity].name.as_str());
        let other = related.map_or_else(String::new, |related| {
            let file = &self.entities[usize::from(related.entity)].files[usize::from(related.file)];
            format!("record {} of {}", related.record, file.source.name())
        });
        match &loss.reason {
            Reason::Duplicate { kept: false, .. } => {
                format!("{name} is the same as in {other}, and none of them is kept").into()
            }
            Reason::Duplicate { kept: true, .. } => {
                format!("{name} is the same as in {other}, which is kept").into()
            }
            Reason::KeyInUse if reference.is_some() => {
                format!("the database has this row under another of the {parent}; --move-users lets it move")
                    .into()
            }
            Reason::KeyInUse => format!("another row of the database has this {name}").into(),
            Reason::StoredOtherwise(stored) => {
                // A sensitive value is never part of a message.
                let key = reference.map(|reference| &self.schema.entities[reference.entity]);
                let is_sensitive = field.is_none_or(|field| entity.fields[field].sensitive)
                    || key.is_some_and(|parent| parent.fields[parent.key].sensitive);
                let stored =
                    if is_sensitive { String::new() } else { format!(": {}", Finding::excerpt(stored)) };
                let what = match reference {
                    Some(_) => format!("{name}: the database has the key of one of the {parent}"),
                    None => format!("a row of the database has this {name}"),
                };
                format!("{what} in another form{stored}; correct it there first").into()
            }
            Reason::UnknownReference => {
                let nor = if self.has_database { " or in the database" } else { "" };
                format!("{name}: no {parent} have this key, in the files{nor}").into()
            }
            Reason::RejectedReference(_) => format!("{name} refers to {other}, which was rejected").into(),
            Reason::UnresolvedReference => {
                format!("{name}: no file of {parent} was given and no database was asked").into()
            }
            Reason::Edited(_) => {
                // A sensitive value is never part of a message.
                let values = loss.reason.edited().into_iter().filter_map(|(field, value)| {
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
            Reason::StillReferred(by) => format!("the row is not deleted: {by}").into(),
            Reason::Unheld(unheld) => {
                let (declared, sqlstate) = &unheld.declared;
                format!("{name}: the column's type, {declared}, cannot hold this value (SQLSTATE {sqlstate})")
                    .into()
            }
            Reason::Refused(sqlstate) => format!("the database refused the row (SQLSTATE {sqlstate})").into(),
        }
    }

    fn harvest(&self) -> &Harvest {
        &self.entities[self.index].harvest
    }
}

/// The first number in a range whose place is not `wanted` any more.
fn until(
    range: Range<usize>,
    place: impl Fn(usize) -> io::Result<Location>,
    wanted: impl Fn((u16, u64)) -> bool,
) -> io::Result<usize> {
    let is_wanted = |at: usize| {
        let location = place(at)?;
        Ok::<_, io::Error>(wanted((location.file, location.record)))
    };
    // Each place is read from the spool, so few are looked at: in steps that double, then in halves.
    let (mut low, mut step) = (range.start, 1);
    while low + step <= range.end && is_wanted(low + step - 1)? {
        low += step;
        step *= 2;
    }
    let mut high = range.end.min(low + step - 1).max(low);
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

/// Cuts losses with no finding of reading among them into batches, between rows.
fn cut(losses: &[RowFinding], mut rest: Range<usize>, batches: &mut Vec<Batch>) {
    while !rest.is_empty() {
        let mut end = rest.end.min(rest.start + CHUNK);
        while end < rest.end && losses[end].row == losses[end - 1].row {
            end += 1;
        }
        batches.push(Batch { chunks: 0..0, of_rejected: 0..0, losses: rest.start..end });
        rest.start = end;
    }
}
