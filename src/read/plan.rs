//! What is decided once per file: which cell feeds which field, and in which order a row is encoded.

use crate::rule::Rule;
use crate::schema::{Entity, FieldIndex};
use crate::settings::{Decision, Settings};
use crate::source::Encoding;

use super::columns::OpenColumn;

/// How the records of one file become rows of its entity.
#[derive(Debug, Clone)]
pub(crate) struct Plan<'s> {
    /// Whose rows they are.
    pub(crate) entity: &'s Entity,
    /// Which of the entity's files, counted from 0.
    pub(crate) file: u16,
    /// How the stored bytes are decoded.
    pub(crate) encoding: Encoding,
    /// The cells' delimiter.
    pub(crate) delimiter: u8,
    /// Where the file is a table that has been written as CSV: bytes of its longest record. Then a record's line is
    /// its own number, and the header stands nowhere again.
    pub(crate) longest: Option<u64>,
    /// The names of the columns, where the records are JSON objects and not cells in a row.
    pub(crate) keys: Option<Vec<String>>,
    /// The number of cells in the header.
    pub(crate) columns: usize,
    /// How many of them there are up to the last one with a name: cells behind it must be empty.
    pub(crate) named: usize,
    /// For each field of the entity the cell that feeds it.
    pub(crate) cells: Vec<Option<usize>>,
    /// The cell that says whether the row is inserted, updated or deleted, in a file of changes.
    pub(crate) change: Option<usize>,
    /// Those among them whose reading the whole column decides.
    pub(crate) open: Vec<OpenColumn>,
    /// How its rows are encoded.
    pub(crate) layout: Layout,
    /// The fields whose hashes are kept for settling: the unique ones, then the references.
    pub(crate) slots: Vec<FieldIndex>,
    /// What the run asked for.
    pub(crate) options: ReadOptions<'s>,
}

/// The fields that an encoded row holds, in this order: the references (as keys), then all others that the
/// file has (or just the unique ones: see [`Keep`]). Load prepends what only it knows and can cut the references off.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Layout {
    /// The fields.
    pub(crate) fields: Vec<FieldIndex>,
    /// How many of them, at the front, are references.
    pub(crate) references: usize,
}

/// What of a clean row is kept for the phases behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Keep {
    /// All its fields, to be loaded.
    #[default]
    Rows,
    /// What settling looks at, where nothing is loaded.
    Keys,
}

/// How the records of a file are read: the settings, and what depends on the command or on the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadOptions<'s> {
    /// What the run was asked for. Unless an empty cell simply overwrites, it is encoded as NULL even if the field
    /// has a default, so that load can tell.
    pub(crate) settings: &'s Settings,
    /// What of a clean row is kept.
    pub(crate) keep: Keep,
    /// A quoted empty cell is the empty text, and not as empty as one without quotes.
    pub(crate) empty_text: bool,
    /// The apostrophe that keeps a spreadsheet from seeing a formula is removed.
    pub(crate) unguard: bool,
}

impl<'s> Plan<'s> {
    /// Plans a file whose header cells feed the fields in `cells`.
    #[must_use]
    #[allow(clippy::too_many_arguments)] // What a file's look found out, one by one.
    pub(crate) fn new(
        entity: &'s Entity,
        file: u16,
        encoding: Encoding,
        delimiter: u8,
        header: &[String],
        cells: Vec<Option<usize>>,
        change: Option<usize>,
        options: ReadOptions<'s>,
    ) -> Self {
        let named = header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
        let layout = Layout::new(entity, &cells, options.keep);
        let open = OpenColumn::of(entity, &cells);
        Self {
            entity,
            file,
            encoding,
            delimiter,
            longest: None,
            keys: None,
            columns: header.len(),
            named,
            cells,
            change,
            open,
            layout,
            slots: slots(entity),
            options,
        }
    }

    /// The rule of a field: its own, or the one that its column has decided.
    pub(crate) fn rule(&self, field: FieldIndex) -> &Rule {
        let open = self.open.iter().find(|column| column.field == field);
        open.map_or(&self.entity.fields[field].rule, |column| &column.rule)
    }

    /// Takes the decisions of the open columns, in their order.
    pub(crate) fn decide(&mut self, decisions: &[Option<Decision>]) {
        for (column, decision) in self.open.iter_mut().zip(decisions) {
            column.decide(*decision);
        }
    }
}

impl Layout {
    fn new(entity: &Entity, cells: &[Option<usize>], keep: Keep) -> Self {
        let unique: Vec<_> = entity.unique_fields().collect();
        let kept = |field: &FieldIndex| keep == Keep::Rows || unique.contains(field);
        let present = |reference: bool| {
            move |&field: &FieldIndex| {
                cells[field].is_some() && entity.fields[field].reference.is_some() == reference
            }
        };
        let mut fields: Vec<_> = (0..entity.fields.len()).filter(present(true)).collect();
        let references = fields.len();
        fields.extend((0..entity.fields.len()).filter(present(false)).filter(kept));
        Self { fields, references }
    }
}

/// The fields of an entity that settling looks at: the unique ones (the key first), then the references.
#[must_use]
pub(crate) fn slots(entity: &Entity) -> Vec<FieldIndex> {
    entity.unique_fields().chain(entity.references().map(|(field, _)| field)).collect()
}
