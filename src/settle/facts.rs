//! What the database knows about the rows. Empty if no database is asked.

use std::collections::HashMap;

use crate::record::{EntityIndex, RowNumber, Slot};
use crate::schema::FieldIndex;

/// A question that only the database can answer: does it hold this key?
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Question {
    /// The entity of the key.
    pub(crate) entity: EntityIndex,
    /// The key in COPY's text format.
    pub(crate) key: Vec<u8>,
}

/// What the database says of a key. By default it knows nothing of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// It holds the key.
    pub(crate) held: bool,
    /// The first clean row of the files with a key that it takes for this one.
    pub(crate) row: Option<RowNumber>,
    /// If there is none, the first rejected record with such a key, among those of the entity.
    pub(crate) rejected: Option<usize>,
    /// It holds the key in this form, which is not the normal one.
    pub(crate) stored: Option<Box<str>>,
}

/// The answers to questions. What is not there, the database does not know.
pub(crate) type Answers = HashMap<Question, Known>;

/// A row's value of a unique field that another row of the database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InUse {
    /// The row with the value.
    pub(crate) row: RowNumber,
    /// The field's slot.
    pub(crate) slot: Slot,
    /// The other row's identity in the database, if rows of the files may free the value.
    pub(crate) holder: Option<i64>,
}

/// For rows of the database, by slot and identity, the rows that change the value there, or delete the row: while one of
/// them is kept, the value is free.
pub(super) type Freeing = HashMap<(Slot, i64), Vec<RowNumber>>;

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
    known: Answers,
    in_use: HashMap<EntityIndex, Vec<InUse>>,
    freeing: HashMap<EntityIndex, Freeing>,
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

    /// Adds the answers to questions.
    pub(crate) fn answer(&mut self, questions: &[Question], mut answers: Answers) {
        for question in questions {
            let known = answers.remove(question).unwrap_or_default();
            self.known.insert(question.clone(), known);
        }
    }

    /// Adds rows whose value in a slot is in use by another row of the database.
    pub(crate) fn take_in_use(&mut self, entity: EntityIndex, rows: impl IntoIterator<Item = InUse>) {
        self.in_use.entry(entity).or_default().extend(rows);
    }

    /// Adds rows that free a row's value of a slot in the database: the identity there, and the row.
    pub(crate) fn take_freeing(
        &mut self,
        entity: EntityIndex,
        slot: Slot,
        rows: impl IntoIterator<Item = (i64, RowNumber)>,
    ) {
        let freeing = self.freeing.entry(entity).or_default();
        for (holder, row) in rows {
            freeing.entry((slot, holder)).or_default().push(row);
        }
    }

    /// From now on no value counts as freed: the database has refused to free some.
    pub(crate) fn free_none(&mut self) {
        self.freeing.clear();
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

    /// What the database knows of a key; `None` if that has not been asked.
    pub(super) fn known(&self, question: &Question) -> Option<&Known> {
        self.known.get(question)
    }

    pub(super) fn in_use(&self, entity: EntityIndex) -> &[InUse] {
        self.in_use.get(&entity).map_or(&[], Vec::as_slice)
    }

    /// The rows that free a value which is in use; none if there are none.
    pub(super) fn freeing(&self, entity: EntityIndex, found: &InUse) -> &[RowNumber] {
        let rows = || self.freeing.get(&entity)?.get(&(found.slot, found.holder?));
        rows().map_or(&[], Vec::as_slice)
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
