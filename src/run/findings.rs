//! All findings of an entity in their final order: what reading found, with what settling and the database
//! added, by file, record, column, code.

use std::io;
use std::iter::Peekable;
use std::sync::Arc;

use crate::read::Harvest;
use crate::record::{Code, Finding, Location, Message, Related, RowEncoder};
use crate::schema::Schema;
use crate::settle::{EntityVerdict, Loss, Target};

use super::RunError;
use super::inputs::EntityRead;

/// How many findings are handed on at a time where reading found none.
const CHUNK: usize = 4096;

/// Turns verdicts into findings and merges them with those of reading.
pub(crate) struct Merger<'r> {
    pub schema: &'r Schema,
    pub entities: &'r [EntityRead],
    pub index: usize,
    /// The entities that reports speak of; a finding's `related` counts in them.
    pub given: &'r [usize],
    /// A database was asked as well.
    pub asked: bool,
}

impl Merger<'_> {
    /// Hands on all findings of the entity, in order, in chunks.
    ///
    /// # Errors
    ///
    /// The spool could not be read back, or `take` failed.
    pub(crate) fn each(
        &self,
        verdict: &EntityVerdict,
        mut take: impl FnMut(Arc<Vec<Finding>>) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let harvest = self.harvest();
        let mut losses = verdict.losses.iter().peekable();
        for chunk in harvest.findings() {
            let mut chunk = chunk.map_err(RunError::Spool)?;
            let Some(last) = chunk.last().map(place) else { continue };
            let mut added = Vec::new();
            self.add_up_to(last, &mut losses, &mut added).map_err(RunError::Spool)?;
            if !added.is_empty() {
                let all = Arc::make_mut(&mut chunk);
                all.append(&mut added);
                all.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
            }
            take(chunk)?;
        }
        while losses.peek().is_some() {
            let mut chunk = losses
                .by_ref()
                .take(CHUNK)
                .map(|loss| self.finding(loss, self.location(loss.row)?))
                .collect::<io::Result<Vec<_>>>()
                .map_err(RunError::Spool)?;
            chunk.sort_by(|a, b| a.sort_key().cmp(&b.sort_key()));
            take(Arc::new(chunk))?;
        }
        Ok(())
    }

    fn add_up_to<'v>(
        &self,
        last: (u16, u64),
        losses: &mut Peekable<impl Iterator<Item = &'v Loss>>,
        chunk: &mut Vec<Finding>,
    ) -> io::Result<()> {
        while let Some(loss) = losses.peek() {
            let location = self.location(loss.row)?;
            if (location.file, location.record) > last {
                break;
            }
            chunk.push(self.finding(loss, location)?);
            losses.next();
        }
        Ok(())
    }

    fn finding(&self, loss: &Loss, location: Location) -> io::Result<Finding> {
        let entity = &self.schema.entities[self.index];
        let read = &self.entities[self.index];
        let slots = crate::read::slots(entity);
        let edited = loss.edited();
        let field = loss.slot.map(|slot| slots[slot]).or_else(|| edited.first().map(|(field, _)| *field));
        let layout = self.harvest().layout(location.file);
        let value = match field.and_then(|field| layout.fields.iter().position(|&f| f == field)) {
            Some(position) => {
                let (row, _) = self.harvest().row(loss.row)?;
                RowEncoder::field(&row, position).map(RowEncoder::unescape).unwrap_or_default()
            }
            None => String::new(),
        };
        let mapping = &read.files[usize::from(location.file)].look.mapping;
        let related = self.related(loss)?;
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
    fn related(&self, loss: &Loss) -> io::Result<Option<Related>> {
        let row = |entity: usize, row: u64| -> io::Result<Related> {
            let location = self.entities[entity].harvest.location(row)?;
            Ok(Related {
                entity: u16::try_from(entity).unwrap_or(u16::MAX),
                file: location.file,
                record: location.record,
            })
        };
        match (loss.rival, loss.related) {
            (Some(rival), _) => row(self.index, rival).map(Some),
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

    fn location(&self, row: u64) -> io::Result<Location> {
        self.harvest().location(row)
    }

    fn harvest(&self) -> &Harvest {
        &self.entities[self.index].harvest
    }
}

fn place(finding: &Finding) -> (u16, u64) {
    (finding.location.file, finding.location.record)
}
