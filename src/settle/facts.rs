//! What the database knows about the rows at hand. Empty where no database is asked.

use std::collections::{HashMap, HashSet};

use crate::record::{EntityIndex, RowNumber, Slot};

use super::verdict::Verdicts;

/// Something only the database can tell: does it hold this key?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// The entity that is referred to.
    pub(crate) entity: EntityIndex,
    /// The key, raw.
    pub(crate) key: Vec<u8>,
}

/// A row's value of a unique field is another row's in the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InUse {
    /// The row that brings the value.
    pub(crate) row: RowNumber,
    /// The field.
    pub(crate) slot: Slot,
    /// The rows that take it off the other one, or delete that: while one of these is kept, the value is free.
    pub(crate) freed_by: Vec<RowNumber>,
}

/// The database's answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Whether there is a database to ask.
    pub(crate) database: bool,
    known: HashMap<Question, bool>,
    in_use: HashMap<EntityIndex, Vec<InUse>>,
    refused: HashMap<EntityIndex, Vec<(RowNumber, String)>>,
    edited: HashMap<EntityIndex, Vec<(RowNumber, String)>>,
    referred: HashMap<EntityIndex, Vec<(RowNumber, String)>>,
}

impl Facts {
    /// Nothing is known, and nobody can be asked.
    #[must_use]
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// Nothing is known yet, but a database can be asked.
    #[must_use]
    pub(crate) fn of_a_database() -> Self {
        Self { database: true, ..Self::default() }
    }

    /// Takes the answers to all questions of a settling: the keys in `held` are there, the others are not.
    pub(crate) fn answer(&mut self, verdicts: &Verdicts, held: &HashSet<Question>) {
        for question in &verdicts.questions {
            self.known.insert(question.clone(), held.contains(question));
        }
    }

    /// Takes rows whose value in a slot is in use by another row of the database.
    pub(crate) fn take_in_use(&mut self, entity: EntityIndex, rows: impl IntoIterator<Item = InUse>) {
        self.in_use.entry(entity).or_default().extend(rows);
    }

    /// From now on no value is freed: the database has refused to let go of some.
    pub(crate) fn free_none(&mut self) {
        self.in_use.values_mut().flatten().for_each(|found| found.freed_by.clear());
    }

    /// Takes rows that the database refused, with the SQLSTATE.
    pub(crate) fn take_refused(
        &mut self,
        entity: EntityIndex,
        rows: impl IntoIterator<Item = (RowNumber, String)>,
    ) {
        self.refused.entry(entity).or_default().extend(rows);
    }

    /// Takes rows that would overwrite one that somebody edited in the database, with the database's values.
    pub(crate) fn take_edited(
        &mut self,
        entity: EntityIndex,
        rows: impl IntoIterator<Item = (RowNumber, String)>,
    ) {
        self.edited.entry(entity).or_default().extend(rows);
    }

    /// Takes rows that are to be deleted while a row that stays refers to them, with who refers to each.
    pub(crate) fn take_referred(
        &mut self,
        entity: EntityIndex,
        rows: impl IntoIterator<Item = (RowNumber, String)>,
    ) {
        self.referred.entry(entity).or_default().extend(rows);
    }

    /// Whether the database holds a key; `None` if it has not been asked.
    pub(super) fn holds(&self, question: &Question) -> Option<bool> {
        self.known.get(question).copied()
    }

    pub(super) fn in_use(&self, entity: EntityIndex) -> &[InUse] {
        self.in_use.get(&entity).map_or(&[], Vec::as_slice)
    }

    pub(super) fn refused(&self, entity: EntityIndex) -> &[(RowNumber, String)] {
        self.refused.get(&entity).map_or(&[], Vec::as_slice)
    }

    pub(super) fn referred(&self, entity: EntityIndex) -> &[(RowNumber, String)] {
        self.referred.get(&entity).map_or(&[], Vec::as_slice)
    }

    pub(super) fn edited(&self, entity: EntityIndex) -> &[(RowNumber, String)] {
        self.edited.get(&entity).map_or(&[], Vec::as_slice)
    }
}
