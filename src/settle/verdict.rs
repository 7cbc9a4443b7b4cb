//! What settling decides about each row.

use std::collections::BTreeMap;

use crate::record::{Code, EntityIndex, Related, RowNumber, Severity, Slot};
use crate::schema::FieldIndex;

use super::facts::{Question, Unheld};

/// What becomes of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is loaded.
    Kept,
    /// It is rejected.
    Rejected,
    /// It is skipped as a duplicate of another row.
    Duplicate,
}

/// Why a clean row is not loaded, or a warning about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowFinding {
    pub(crate) row: RowNumber,
    /// The slot of the field it is about, if it is about one.
    pub(crate) slot: Option<Slot>,
    pub(crate) reason: Reason,
}

/// What is wrong with a row among the others, or for the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Another row has the same value. If it is `kept`, this one is skipped; else both are rejected.
    Duplicate { of: RowNumber, kept: bool },
    /// Another row of the database has the value, or the row belongs to another parent there.
    KeyInUse,
    /// The database has the value in this form, which is not the normal one.
    StoredOtherwise(Box<str>),
    /// The record that it refers to is neither in the files nor in the database.
    UnknownReference,
    /// The record that it refers to is in no file, and there is no database to ask.
    UnresolvedReference,
    /// The record that it refers to was rejected.
    RejectedReference(RejectedRecord),
    /// The field's column cannot hold the value.
    Unheld(Box<Unheld>),
    /// The database refused the row with this SQLSTATE.
    Refused(Box<str>),
    /// The row cannot be deleted: what refers to it in the database.
    StillReferred(Box<str>),
    /// The row was edited in the database: its values there, as a JSON object by field.
    Edited(Box<str>),
}

/// Each duplicate has one, and there may be millions.
const _: () = assert!(size_of::<RowFinding>() <= 56);

/// A rejected record of another entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RejectedRecord {
    /// Reading rejected it.
    Read(Related),
    /// It has a clean row that was not kept.
    Row(EntityIndex, RowNumber),
}

impl Reason {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Duplicate { .. } => Code::DuplicateKey,
            Self::KeyInUse | Self::StoredOtherwise(_) => Code::KeyInUse,
            Self::UnknownReference => Code::UnknownAccount,
            Self::UnresolvedReference => Code::UnresolvedReference,
            Self::RejectedReference(_) => Code::AccountRejected,
            Self::Unheld(_) | Self::Refused(_) => Code::DatabaseRejected,
            Self::StillReferred(_) => Code::StillReferred,
            Self::Edited(_) => Code::EditedInTarget,
        }
    }

    /// What it does to the row.
    pub(crate) fn severity(&self) -> Severity {
        match self {
            Self::Duplicate { kept: true, .. } => Severity::Duplicate,
            _ => self.code().default_severity(),
        }
    }

    /// The field that it is about, unless that has a slot.
    pub(crate) fn field(&self) -> Option<FieldIndex> {
        match self {
            Self::Unheld(unheld) => Some(unheld.field),
            _ => self.edited().first().map(|(field, _)| *field),
        }
    }

    /// The fields in which a row edited in the database differs, with the values there; empty for other reasons.
    pub(crate) fn edited(&self) -> Vec<(FieldIndex, String)> {
        let Self::Edited(json) = self else { return Vec::new() };
        let values: BTreeMap<FieldIndex, String> = serde_json::from_str(json).unwrap_or_default();
        values.into_iter().collect()
    }
}

/// The verdicts on one entity's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EntityVerdict {
    /// Per clean row.
    pub(crate) fates: Vec<Fate>,
    /// In row order.
    pub(crate) findings: Vec<RowFinding>,
    /// What else is wrong with rows that reading rejected: their references. In the order of these rows.
    pub(crate) of_rejected: Vec<RowFinding>,
    /// The number of rows kept.
    pub(crate) accepted: u64,
    /// The number of rows rejected.
    pub(crate) rejected: u64,
    /// The number of rows skipped as duplicates.
    pub(crate) duplicates: u64,
    /// The number of warnings.
    pub(crate) warnings: u64,
    /// Per reference, in the order of the slots: the kept row that each row refers to, among the other
    /// entity's clean rows; [`NO_PARENT`] if it is in the database, or nowhere.
    pub(crate) parents: Vec<Vec<u32>>,
}

/// The row refers to no row of the files.
pub(crate) const NO_PARENT: u32 = u32::MAX;

impl EntityVerdict {
    pub(super) fn new(rows: usize) -> Self {
        Self { fates: vec![Fate::Kept; rows], ..Self::default() }
    }

    /// Adds a finding, which decides the row's fate unless it is a warning.
    pub(super) fn add(&mut self, row: RowNumber, slot: Option<Slot>, reason: Reason) {
        match reason.severity() {
            Severity::Reject => self.fates[row] = Fate::Rejected,
            Severity::Duplicate => self.fates[row] = Fate::Duplicate,
            Severity::Warning | Severity::Ignore => {}
        }
        self.findings.push(RowFinding { row, slot, reason });
    }

    pub(super) fn finish(&mut self) {
        let place = |finding: &RowFinding| (finding.row, finding.slot);
        // Sorting takes half of their memory again.
        if !self.findings.is_sorted_by_key(place) {
            self.findings.sort_by_key(place);
        }
        self.of_rejected.sort_by_key(|finding| (finding.row, finding.slot));
        for fate in &self.fates {
            match fate {
                Fate::Kept => self.accepted += 1,
                Fate::Rejected => self.rejected += 1,
                Fate::Duplicate => self.duplicates += 1,
            }
        }
        let is_warning = |finding: &&RowFinding| finding.reason.severity() == Severity::Warning;
        self.warnings = self.findings.iter().filter(is_warning).count() as u64;
    }
}

/// The verdicts on all entities, in load order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdicts {
    /// Per entity.
    pub(crate) entities: Vec<EntityVerdict>,
    /// Questions to the database that must be answered before these verdicts are final.
    pub(crate) questions: Vec<Question>,
}
