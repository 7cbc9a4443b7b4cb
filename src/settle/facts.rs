//! What the database knows about the rows. Empty if no database is asked.

use std::collections::{HashMap, HashSet};

use crate::record::{EntityIndex, RowNumber, Slot};
use crate::schema::FieldIndex;

/// A question that only the database can answer: does it hold this key?
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    /// The entity of the key.
    pub(crate) entity: EntityIndex,
    /// The key in COPY's text format.
    pub(crate) key: Vec<u8>,
}

/// A row's value of a unique field that another row of the database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InUse {
    /// The row with the value.
    pub(crate) row: RowNumber,
    /// The field's slot.
    pub(crate) slot: Slot,
    /// The rows that change the other row's value, or delete that row: while one of them is kept, the value is
    /// free.
    pub(crate) freed_by: Vec<RowNumber>,
}

/// A value that the type of the field's column cannot hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unheld {
    pub(crate) row: RowNumber,
    pub(crate) field: FieldIndex,
    /// The type, and the SQLSTATE with which a server refuses such values.
    pub(crate) declared: (String, &'static str),
}

/// A value of a unique field that the database has, not in the field's normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredOtherwise {
    pub(crate) row: RowNumber,
    pub(crate) slot: Slot,
    /// The value there.
    pub(crate) stored: String,
}

/// The database's answers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Facts {
    /// Whether there is a database to ask.
    pub(crate) database: bool,
    known: HashMap<Question, bool>,
    in_use: HashMap<EntityIndex, Vec<InUse>>,
    refused: HashMap<EntityIndex, Vec<(RowNumber, String)>>,
    alike: HashMap<EntityIndex, HashMap<(RowNumber, Slot), RowNumber>>,
    unheld: HashMap<EntityIndex, Vec<Unheld>>,
    stored: HashMap<EntityIndex, Vec<StoredOtherwise>>,
    edited: HashMap<EntityIndex, Vec<(RowNumber, String)>>,
    referred: HashMap<EntityIndex, Vec<(RowNumber, String)>>,
}

impl Facts {
    /// No facts, and no database to ask.
    pub(crate) fn none() -> Self {
        Self::default()
    }

    /// No facts yet, but a database to ask.
    pub(crate) fn of_a_database() -> Self {
        Self { database: true, ..Self::default() }
    }

    /// Adds the answers to questions: the keys in `held` are in the database, the others are not.
    pub(crate) fn answer(&mut self, questions: &[Question], held: &HashSet<Question>) {
        for question in questions {
            self.known.insert(question.clone(), held.contains(question));
        }
    }

    /// Adds rows whose value in a slot is in use by another row of the database.
    pub(crate) fn take_in_use(&mut self, entity: EntityIndex, rows: impl IntoIterator<Item = InUse>) {
        self.in_use.entry(entity).or_default().extend(rows);
    }

    /// From now on no value counts as freed: the database has refused to free some.
    pub(crate) fn free_none(&mut self) {
        self.in_use.values_mut().flatten().for_each(|found| found.freed_by.clear());
    }

    /// Adds rows that the database refused, with the SQLSTATE.
    pub(crate) fn take_refused(
        &mut self,
        entity: EntityIndex,
        rows: impl IntoIterator<Item = (RowNumber, String)>,
    ) {
        self.refused.entry(entity).or_default().extend(rows);
    }

    /// Adds rows whose value in a slot the column takes for that of other rows: each with the first that has it.
    pub(crate) fn take_alike(
        &mut self,
        entity: EntityIndex,
        slot: Slot,
        rows: impl IntoIterator<Item = (RowNumber, RowNumber)>,
    ) {
        let all = self.alike.entry(entity).or_default();
        all.extend(rows.into_iter().map(|(row, first)| ((row, slot), first)));
    }

    /// Adds values that other rows of the database have in another form.
    pub(crate) fn take_stored(
        &mut self,
        entity: EntityIndex,
        values: impl IntoIterator<Item = StoredOtherwise>,
    ) {
        self.stored.entry(entity).or_default().extend(values);
    }

    /// Adds values that the columns cannot hold.
    pub(crate) fn take_unheld(&mut self, entity: EntityIndex, values: impl IntoIterator<Item = Unheld>) {
        self.unheld.entry(entity).or_default().extend(values);
    }

    /// Adds rows that would overwrite a row edited in the database, with the values there.
    pub(crate) fn take_edited(
        &mut self,
        entity: EntityIndex,
        rows: impl IntoIterator<Item = (RowNumber, String)>,
    ) {
        self.edited.entry(entity).or_default().extend(rows);
    }

    /// Adds deletions of rows that a row of the database still refers to, with the rows that refer to each.
    pub(crate) fn take_referred(
        &mut self,
        entity: EntityIndex,
        rows: impl IntoIterator<Item = (RowNumber, String)>,
    ) {
        self.referred.entry(entity).or_default().extend(rows);
    }

    /// Whether the database holds a key; `None` if that has not been asked.
    pub(super) fn holds(&self, question: &Question) -> Option<bool> {
        self.known.get(question).copied()
    }

    pub(super) fn in_use(&self, entity: EntityIndex) -> &[InUse] {
        self.in_use.get(&entity).map_or(&[], Vec::as_slice)
    }

    /// The first row with a value that the column takes for this row's; `None` if only the same value is the same.
    pub(super) fn alike(&self, entity: EntityIndex) -> Option<&HashMap<(RowNumber, Slot), RowNumber>> {
        self.alike.get(&entity).filter(|rows| !rows.is_empty())
    }

    pub(super) fn stored(&self, entity: EntityIndex) -> &[StoredOtherwise] {
        self.stored.get(&entity).map_or(&[], Vec::as_slice)
    }

    pub(super) fn unheld(&self, entity: EntityIndex) -> &[Unheld] {
        self.unheld.get(&entity).map_or(&[], Vec::as_slice)
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
