//! What settling decides about each row.

use crate::record::{Code, Related, Severity};

use super::facts::Question;

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

/// Why a row is not loaded, or a warning about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    /// The row, among the entity's clean rows.
    pub(crate) row: u64,
    /// Which rule.
    pub(crate) code: Code,
    /// What it does to the row.
    pub(crate) severity: Severity,
    /// The field it is about.
    pub(crate) slot: Option<usize>,
    /// The clean row of the same entity that is kept instead.
    pub(crate) rival: Option<u64>,
    /// The record of another entity that it is about.
    pub(crate) related: Option<Target>,
    /// Of a row that the database refused the SQLSTATE; of a deletion that is not possible the rows that refer to
    /// it; of an edited row its values in the database, by field, as a JSON object.
    pub(crate) detail: Option<String>,
}

impl Loss {
    /// The fields in which a row edited in the database differs, with the values there; empty for other codes.
    pub(crate) fn edited(&self) -> Vec<(usize, String)> {
        if self.code != Code::EditedInTarget {
            return Vec::new();
        }
        let values: std::collections::BTreeMap<usize, String> =
            self.detail.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        values.into_iter().collect()
    }
}

/// A record of another entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A record that reading rejected.
    Record(Related),
    /// A clean row that was not kept: its entity and its row.
    Row(usize, u64),
}

/// The verdicts on one entity's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct EntityVerdict {
    /// Per clean row.
    pub(crate) fates: Vec<Fate>,
    /// In row order.
    pub(crate) losses: Vec<Loss>,
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

    pub(super) fn fate(&self, row: u64) -> Fate {
        self.fates[position(row)]
    }

    pub(super) fn lose(&mut self, loss: Loss) {
        let fate = &mut self.fates[position(loss.row)];
        match loss.severity {
            Severity::Reject => *fate = Fate::Rejected,
            Severity::Duplicate => *fate = Fate::Duplicate,
            Severity::Warning | Severity::Ignore => {}
        }
        self.losses.push(loss);
    }

    pub(super) fn finish(&mut self) {
        self.losses.sort_by_key(|loss| (loss.row, loss.slot));
        for fate in &self.fates {
            match fate {
                Fate::Kept => self.accepted += 1,
                Fate::Rejected => self.rejected += 1,
                Fate::Duplicate => self.duplicates += 1,
            }
        }
        self.warnings = self.losses.iter().filter(|loss| loss.severity == Severity::Warning).count() as u64;
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

/// A row's index in memory: the hashes of all rows are held there, so it fits.
pub(super) fn position(row: u64) -> usize {
    usize::try_from(row).expect("rows are held in memory")
}
