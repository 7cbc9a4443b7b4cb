//! One record against the rules: every cell is cleansed, checked by its field's rule, measured, and kept in its
//! normal form, or a finding says why not. One pass; a clean cell is not copied.

use crate::record::{Code, Finding, Location, RowEncoder, Severity};
use crate::rule::list::is_apart;
use crate::rule::text::{Cleansed, cleanse};
use crate::rule::{CellFinding, NormalForm, Rule};
use crate::schema::{FieldIndex, OnUpdate};
use crate::settings::Decision;

use super::cell_finding::CheckedCell;
use super::cells::Cell;
use super::checks;
use super::columns::Proofs;
use super::malformed::SEPARATOR_IN_ITEM;
use super::plan::ReadPlan;
use super::seed::Seed;
use super::step::Step;
use super::value::{RowValues, Value};

/// One record, decoded and split into cells.
#[derive(Clone, Copy)]
pub(crate) struct Record<'r> {
    /// The text that the cells are in.
    pub(crate) text: &'r str,
    /// The cells. There can be fewer than columns; those that are missing are empty.
    pub(crate) cells: &'r [Cell],
    /// The cells hold nothing but printable ASCII.
    pub(crate) printable: bool,
    /// Its place in the file.
    pub(crate) location: &'r Location,
}

/// Validates one record after another; its buffers are used again.
pub(crate) struct Validator<'p> {
    plan: &'p ReadPlan<'p>,
    seed: &'p Seed,
    /// Per field.
    rules: Vec<&'p Rule>,
    /// In the order in which cells are checked.
    steps: Vec<Step>,
    row: RowValues,
    unquoted: String,
    cleansed: String,
    out: String,
    notes: Vec<CellFinding>,
    /// Whether the current record is rejected.
    rejected: bool,
    /// Whether it is a deletion.
    deletes: bool,
}

impl<'p> Validator<'p> {
    pub(crate) fn new(plan: &'p ReadPlan<'p>, seed: &'p Seed) -> Self {
        Self {
            plan,
            seed,
            rules: (0..plan.entity.fields.len()).map(|field| plan.rule(field)).collect(),
            steps: plan.entity.validation_order.iter().filter_map(|&field| Step::new(plan, field)).collect(),
            row: RowValues::new(plan.entity.fields.len()),
            unquoted: String::new(),
            cleansed: String::new(),
            out: String::new(),
            notes: Vec::new(),
            rejected: false,
            deletes: false,
        }
    }

    /// Counts what a record's cells prove about the open columns.
    pub(crate) fn prove(&mut self, record: &str, cells: &[Cell], proofs: &mut [Proofs]) {
        for (column, proofs) in self.plan.open.iter().zip(proofs) {
            let raw = cells.get(column.position).map_or("", |cell| cell.text(record, &mut self.unquoted));
            let text = match cleanse(raw, false, &mut self.cleansed) {
                Cleansed::Part(part) => part,
                Cleansed::Copied => self.cleansed.as_str(),
                Cleansed::Control(_) => continue,
            };
            if let Some(decision) = Decision::of(&column.rule, text) {
                proofs.add(decision, 1);
            }
        }
    }

    /// Validates a record. Returns whether its row is clean; findings are pushed in any order.
    pub(crate) fn validate(&mut self, record: &Record<'_>, findings: &mut Vec<Finding>) -> bool {
        self.row.clear();
        self.rejected = false;
        self.deletes = false;
        let plan = self.plan;
        if let Some(position) = plan.change {
            self.check_change(position, record, findings);
        }
        let steps = std::mem::take(&mut self.steps);
        for step in &steps {
            // A deletion is identified by its key; no rule applies to its other values.
            if self.deletes && step.field != plan.entity.key {
                self.row.set(step.field, Value::Absent);
                continue;
            }
            if record.printable
                && let Some(cell) = record.cells.get(step.position)
                && let Some(value) = step.at_once(record.text, *cell)
            {
                self.row.set(step.field, value);
                continue;
            }
            let value = self.check_cell(step, record, findings);
            self.row.set(step.field, value);
        }
        self.steps = steps;
        if !self.deletes {
            self.check_row(record, findings);
        }
        !self.rejected
    }

    /// Checks what a file of changes says about the row: insert, update or delete.
    fn check_change(&mut self, position: usize, record: &Record<'_>, findings: &mut Vec<Finding>) {
        let cell = record.cells.get(position);
        let raw = cell.map_or("", |cell| cell.text(record.text, &mut self.unquoted));
        match raw.trim() {
            "delete" => self.deletes = true,
            "insert" | "update" => {}
            _ => {
                self.rejected = true;
                // Which rules apply to the other cells is unknown, so none is checked.
                self.deletes = true;
                findings.push(Finding {
                    location: *record.location,
                    column: u16::try_from(position).ok(),
                    field: None,
                    severity: Severity::Reject,
                    code: Code::InvalidChoice,
                    value: Finding::excerpt(raw),
                    message: "a change is insert, update or delete".into(),
                    suggestion: None,
                    related: None,
                });
            }
        }
    }

    /// Whether the last record is a deletion.
    pub(crate) fn deletes(&self) -> bool {
        self.deletes
    }

    #[inline(never)] // keeps the loop over common cells small
    fn check_cell(&mut self, step: &Step, record: &Record<'_>, findings: &mut Vec<Finding>) -> Value {
        let plan = self.plan;
        let field = &plan.entity.fields[step.field];
        let rule = self.rules[step.field];
        let cell = record.cells.get(step.position).copied();
        let raw = cell.map_or("", |cell| cell.text(record.text, &mut self.unquoted));
        let checked =
            CheckedCell { plan, field: step.field, position: step.position, raw, location: record.location };
        let text = if record.printable {
            raw.trim_ascii()
        } else {
            match cleanse(raw, rule.multiline(), &mut self.cleansed) {
                Cleansed::Part(part) => part,
                Cleansed::Copied => self.cleansed.as_str(),
                Cleansed::Control(at) => {
                    let note = match rule {
                        Rule::List(list) if plan.longest.is_some() && is_apart(raw, list.separator()) => {
                            CellFinding::new(Code::InvalidJson, SEPARATOR_IN_ITEM)
                        }
                        _ => checks::control_character(raw, at),
                    };
                    self.rejected |= checked.rejects(note, findings);
                    return Value::Refused;
                }
            }
        };
        if text.is_empty() {
            if field.required {
                let note = CellFinding::new(Code::Required, "the cell is empty and must not be");
                self.rejected |= checked.rejects(note, findings);
            }
            return if plan.options.empty_text && checks::is_empty_text(field, record.text, cell) {
                Value::EmptyText
            } else {
                Value::Empty
            };
        }
        let sibling = field.sibling.and_then(|sibling| self.row.text(sibling, record.text));
        self.out.clear();
        let fate = rule.validate(text, sibling, &mut self.out, &mut self.notes);
        let mut refused = false;
        // Nearly no cell has notes, and draining none takes time, too.
        if !self.notes.is_empty() {
            for note in self.notes.drain(..) {
                refused |= checked.rejects(note, findings);
            }
        }
        // If the schema makes a refusal a warning, the cell is kept as it is.
        let normal = if fate == NormalForm::Rewritten { self.out.as_str() } else { text };
        if !refused && fate != NormalForm::Rejected {
            if let Some(note) = checks::length(field, normal) {
                refused |= checked.rejects(note, findings);
            }
            let value = |field: FieldIndex| {
                self.row.text(field, record.text).or_else(|| plan.entity.fields[field].when_empty())
            };
            if let Some(note) = checks::pattern(field, normal, value) {
                refused |= checked.rejects(note, findings);
            }
        }
        self.rejected |= refused;
        if refused { Value::Refused } else { self.row.place(record.text, normal) }
    }

    /// Checks the rules about several fields of the row.
    fn check_row(&mut self, record: &Record<'_>, findings: &mut Vec<Finding>) {
        let plan = self.plan;
        for rule in &plan.entity.row_rules {
            let Some((field, note)) = checks::row(rule, plan.entity, &self.row, record.text) else {
                continue;
            };
            let Some(position) = plan.cells[field] else { continue };
            let raw = self.row.text(field, record.text).unwrap_or_default();
            let checked = CheckedCell { plan, field, position, raw, location: record.location };
            self.rejected |= checked.rejects(note, findings);
        }
    }

    /// Appends the last record's row, which is clean, and the hashes of its slots.
    pub(crate) fn encode(&self, record: &str, rows: &mut Vec<u8>, hashes: &mut [Vec<u64>]) {
        for &field in &self.plan.layout.fields {
            match self.stored(field, record) {
                Some(text) => RowEncoder::text(rows, text),
                None => RowEncoder::null(rows),
            }
        }
        // No column of the file may be kept.
        if self.plan.layout.fields.is_empty() {
            rows.push(b'\t');
        }
        RowEncoder::end_row(rows);
        for (&field, hashes) in self.plan.slots.iter().zip(hashes) {
            let value = match self.row.get(field) {
                Value::EmptyText => Some(""),
                _ => self.row.text(field, record),
            };
            hashes.push(value.map_or(0, |value| self.seed.hash(value)));
        }
    }

    /// Appends the references of the last record, which is rejected. Returns false, and appends nothing, if it has none.
    pub(crate) fn encode_references(&self, record: &str, rows: &mut Vec<u8>) -> bool {
        let start = rows.len();
        let layout = &self.plan.layout;
        let mut any = false;
        for &field in &layout.fields[..layout.references] {
            match self.row.text(field, record) {
                Some(text) => {
                    RowEncoder::text(rows, text);
                    any = true;
                }
                None => RowEncoder::null(rows),
            }
        }
        if any {
            RowEncoder::end_row(rows);
        } else {
            rows.truncate(start);
        }
        any
    }

    /// The normal form of the last record's key, if the key itself is right.
    pub(crate) fn key<'a>(&'a self, record: &'a str) -> Option<&'a str> {
        self.row.text(self.plan.entity.key, record)
    }

    /// What is stored for a field; `None` for NULL.
    fn stored<'a>(&'a self, field: FieldIndex, record: &'a str) -> Option<&'a str> {
        if matches!(self.row.get(field), Value::EmptyText) {
            return Some("");
        }
        self.row.text(field, record).or_else(|| {
            let rules = &self.plan.entity.fields[field];
            let overwrites = rules.policy(self.plan.options.settings.target.on_empty) == OnUpdate::Overwrite;
            if overwrites { rules.when_empty() } else { None }
        })
    }
}
