//! What is decided once for a file: which cell feeds which field, and in which order a row is encoded.

use jiff::tz::TimeZone;

use crate::rule::Rule;
use crate::schema::{Entity, FieldIndex};
use crate::settings::{Decision, Settings};
use crate::source::{Encoding, FileFormat, Look};

use super::cleaning::Cleaning;
use super::columns::OpenColumn;

/// How the records of one file become rows of its entity.
#[derive(Debug, Clone)]
pub(crate) struct ReadPlan<'s> {
    /// The entity of the rows.
    pub(crate) entity: &'s Entity,
    /// Which of the entity's files, counted from 0.
    pub(crate) file: u16,
    /// How the stored bytes are decoded.
    pub(crate) encoding: Encoding,
    /// The cells' delimiter.
    pub(crate) delimiter: u8,
    /// The number of bytes of the longest record, if the file is a table that was written as CSV. Then a record's
    /// line is its own number.
    pub(crate) longest: Option<u64>,
    /// The names of the columns, if the records are JSON objects and not rows of cells.
    pub(crate) keys: Option<Vec<String>>,
    /// The number of cells in the header.
    pub(crate) columns: usize,
    /// The number of cells up to the last one with a name: cells after it must be empty.
    pub(crate) named: usize,
    /// How many empty cells a record may have beyond the header: see [`Surplus`](crate::source::Surplus).
    pub(crate) extra: usize,
    /// Each line is a record, whatever its quotes say.
    pub(crate) by_line: bool,
    /// The column of the header in which a delimiter seems to be missing.
    pub(crate) torn: Option<usize>,
    /// For each field of the entity the cell that feeds it.
    pub(crate) cells: Vec<Option<usize>>,
    /// In a file of changes the cell that says whether the row is inserted, updated or deleted.
    pub(crate) change: Option<usize>,
    /// The columns that nobody has decided about: their filled cells are counted.
    pub(crate) unknown: Vec<usize>,
    /// The columns that made fields need.
    pub(crate) used: Vec<usize>,
    /// The columns whose cells decide how they are read: see [`OpenColumn`].
    pub(crate) open: Vec<OpenColumn>,
    /// The fields whose times are known to be in UTC if they have no offset.
    pub(crate) in_utc: Vec<FieldIndex>,
    /// The rules of fields that `muster.toml` changes: times of a zone.
    pub(crate) zoned: Vec<(FieldIndex, Rule)>,
    /// What is done to the cells first, if anything is.
    pub(crate) cleaning: Option<Cleaning>,
    /// How its rows are encoded.
    pub(crate) layout: Layout,
    /// The field of each slot: see [`slots`].
    pub(crate) slots: Vec<FieldIndex>,
    /// How the run reads.
    pub(crate) options: ReadOptions<'s>,
}

/// The fields of an encoded row, in this order: the references (as keys), then all other fields that the file has, or
/// only the unique ones (see [`Keep`]). Load prepends what only it knows, and may cut off the references.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Layout {
    pub(crate) fields: Vec<FieldIndex>,
    /// The number of references, which come first.
    pub(crate) references: usize,
}

/// What is kept of a clean row for later phases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Keep {
    /// All its fields, to be loaded.
    #[default]
    Rows,
    /// Only the fields that settling compares, if nothing is loaded.
    Keys,
}

/// How the records of a file are read: the settings, and what depends on the command or on the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadOptions<'s> {
    /// The settings of the run. Unless an empty cell simply overwrites, it is encoded as NULL even if the field has a
    /// default, so that load can tell.
    pub(crate) settings: &'s Settings,
    /// What is kept of a clean row.
    pub(crate) keep: Keep,
    /// A quoted empty cell is the empty text, and not as empty as one without quotes.
    pub(crate) empty_text: bool,
    /// The apostrophe that keeps a spreadsheet from seeing a formula is removed.
    pub(crate) unguard: bool,
}

impl<'s> ReadPlan<'s> {
    /// The plan for a file of an entity that was looked at.
    pub(crate) fn new(entity: &'s Entity, file: u16, look: &Look, options: ReadOptions<'s>) -> Self {
        let opening = &look.opening;
        let header = &opening.header;
        let cells = look.mapping.fields.clone();
        Self {
            entity,
            file,
            encoding: opening.encoding,
            delimiter: opening.delimiter,
            longest: None,
            keys: (opening.format == FileFormat::Ndjson).then(|| header.clone()),
            columns: header.len(),
            named: header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1),
            extra: 0,
            by_line: false,
            torn: look.torn,
            change: look.change_column,
            unknown: look.unknown.clone(),
            used: look.used.clone(),
            open: OpenColumn::of(entity, &cells),
            in_utc: Vec::new(),
            zoned: Vec::new(),
            cleaning: None,
            layout: Layout::new(entity, &cells, options.keep),
            cells,
            slots: slots(entity),
            options,
        }
    }

    /// Whether a required field is fed by the cell at a position.
    pub(crate) fn requires(&self, position: usize) -> bool {
        let mut fields = self.cells.iter().zip(&self.entity.fields);
        fields.any(|(cell, field)| *cell == Some(position) && field.required)
    }

    /// The rule of a field: the schema's, or the one that its open column decided.
    pub(crate) fn rule(&self, field: FieldIndex) -> &Rule {
        let open = self.open.iter().find(|column| column.field == field).map(|column| &column.rule);
        let zoned = || self.zoned.iter().find(|(zoned, _)| *zoned == field).map(|(_, rule)| rule);
        open.or_else(zoned).unwrap_or(&self.entity.fields[field].rule)
    }

    /// Reads times without an offset as those of a zone.
    pub(crate) fn read_in(&mut self, zone: &TimeZone) {
        for (field, rules) in self.entity.fields.iter().enumerate() {
            let Rule::Timestamp(rule) = &rules.rule else { continue };
            let rule = Rule::Timestamp(rule.in_zone(zone.clone()));
            match self.open.iter_mut().find(|column| column.field == field) {
                Some(column) => column.rule = rule,
                None => self.zoned.push((field, rule)),
            }
        }
    }

    /// Reads the open columns by these decisions, which are in their order.
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

/// The fields of an entity that settling compares: the unique ones (the key first), then the references. The index
/// in this list is the field's slot.
pub(crate) fn slots(entity: &Entity) -> Vec<FieldIndex> {
    entity.unique_fields().chain(entity.references().map(|(field, _)| field)).collect()
}
