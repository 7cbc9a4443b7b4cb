//! The rules of a row: every cell is cleansed, judged, measured and kept in its normal form, or a finding
//! says why not. One pass; a clean cell is not copied.

use std::hash::BuildHasher;

use crate::record::{Code, Finding, Level, Location, RowEncoder, Severity};
use crate::rule::text::{Cleansed, cleanse};
use crate::rule::{Fate, Note, Rule};
use crate::schema::{Field, FieldIndex, OnUpdate, RowRule};
use crate::settings::Decision;

use super::cells::Cell;
use super::columns::Proofs;
use super::plan::Plan;
use super::step::Step;

/// Hashes keys; seeded once a run.
pub(crate) type KeyHasher = foldhash::quality::RandomState;

/// Where a field's normal form is.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    /// There is none: the file has no such column.
    Absent,
    /// The cell is empty.
    Empty,
    /// The cell is the empty text: for every rule as empty as the others, and stored as a text.
    EmptyText,
    /// The cell was refused.
    Refused,
    /// In the record's own text.
    Record(u32, u32),
    /// In the clerk's arena.
    Arena(u32, u32),
}

/// Judges one record after another with buffers that are used again and again.
pub(crate) struct Clerk<'p> {
    plan: &'p Plan<'p>,
    hasher: &'p KeyHasher,
    /// Per field.
    rules: Vec<&'p Rule>,
    /// In judging order.
    steps: Vec<Step>,
    values: Vec<Value>,
    arena: String,
    unquoted: String,
    cleansed: String,
    out: String,
    notes: Vec<Note>,
    /// Whether the record at hand has been rejected.
    rejected: bool,
    /// Whether it names a row that is to be deleted.
    deletes: bool,
}

impl<'p> Clerk<'p> {
    pub(crate) fn new(plan: &'p Plan<'p>, hasher: &'p KeyHasher) -> Self {
        Self {
            plan,
            hasher,
            rules: (0..plan.entity.fields.len()).map(|field| plan.rule(field)).collect(),
            steps: plan.entity.judging_order.iter().map(|&field| Step::new(plan, field)).collect(),
            values: vec![Value::Absent; plan.entity.fields.len()],
            arena: String::new(),
            unquoted: String::new(),
            cleansed: String::new(),
            out: String::new(),
            notes: Vec::new(),
            rejected: false,
            deletes: false,
        }
    }

    /// Counts what the record's cells prove about the columns that the schema leaves open.
    pub(crate) fn prove(&mut self, record: &str, cells: &[Cell], proofs: &mut [Proofs]) {
        for (column, proofs) in self.plan.open.iter().zip(proofs) {
            let raw = cells.get(column.position).map_or("", |cell| cell.text(record, &mut self.unquoted));
            let text = match cleanse(raw, false, &mut self.cleansed) {
                Cleansed::Part(part) => part,
                Cleansed::Copied => self.cleansed.as_str(),
                Cleansed::Control(_) => continue,
            };
            if let Some(decision) = Decision::of(&column.rule, text) {
                proofs.take(decision, 1);
            }
        }
    }

    /// Judges a record's cells. Returns whether the row is clean; findings are pushed in any order. `printable`
    /// says that they hold nothing but printable ASCII.
    pub(crate) fn judge(
        &mut self,
        record: &str,
        cells: &[Cell],
        printable: bool,
        location: &Location,
        findings: &mut Vec<Finding>,
    ) -> bool {
        self.arena.clear();
        self.rejected = false;
        let plan = self.plan;
        self.deletes = false;
        if let Some(position) = plan.change {
            self.judge_change(position, record, cells, location, findings);
        }
        let steps = std::mem::take(&mut self.steps);
        for step in &steps {
            let Some(position) = step.position else { continue };
            // A row that goes is named by its key; whatever else it was obeys no rule any more.
            if self.deletes && step.field != plan.entity.key {
                self.values[step.field] = Value::Absent;
                continue;
            }
            if printable
                && let Some(cell) = cells.get(position)
                && let Some(value) = step.at_once(record, *cell)
            {
                self.values[step.field] = value;
                continue;
            }
            let cell = cells.get(position).copied();
            self.values[step.field] =
                self.judge_cell(step.field, position, record, cell, printable, location, findings);
        }
        self.steps = steps;
        if !self.deletes {
            for rule in &plan.entity.row_rules {
                self.judge_row_rule(rule, record, location, findings);
            }
        }
        !self.rejected
    }

    /// What a file of changes says is to be done with the row.
    fn judge_change(
        &mut self,
        position: usize,
        record: &str,
        cells: &[Cell],
        location: &Location,
        findings: &mut Vec<Finding>,
    ) {
        let raw = cells.get(position).map_or("", |cell| cell.text(record, &mut self.unquoted));
        match raw.trim() {
            "delete" => self.deletes = true,
            "insert" | "update" => {}
            _ => {
                self.rejected = true;
                // Whatever else is wrong with it would be told by a guess at what it is.
                self.deletes = true;
                findings.push(Finding {
                    location: *location,
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

    /// Whether the record that was judged last names a row that is to be deleted.
    pub(crate) fn deletes(&self) -> bool {
        self.deletes
    }

    #[inline(never)] // the common cells' loop stays small
    #[allow(clippy::too_many_arguments)] // a cell, its place and where what is said of it goes
    fn judge_cell(
        &mut self,
        index: FieldIndex,
        position: usize,
        record: &str,
        cell: Option<Cell>,
        printable: bool,
        location: &Location,
        findings: &mut Vec<Finding>,
    ) -> Value {
        let plan = self.plan;
        let field = &plan.entity.fields[index];
        let rule = self.rules[index];
        let raw = cell.map_or("", |cell| cell.text(record, &mut self.unquoted));
        let report = Report { plan, field, index, position, raw, location };
        let text = if printable {
            raw.trim_ascii()
        } else {
            match cleanse(raw, rule.multiline(), &mut self.cleansed) {
                Cleansed::Part(part) => part,
                Cleansed::Copied => self.cleansed.as_str(),
                Cleansed::Control(at) => {
                    let note = control_character(raw, at);
                    self.rejected |= report.note(note, findings) == Severity::Reject;
                    return Value::Refused;
                }
            }
        };
        if text.is_empty() {
            if field.required {
                let note = Note::new(Code::Required, "the cell is empty and must not be");
                self.rejected |= report.note(note, findings) == Severity::Reject;
            }
            return if plan.options.empty_text && is_empty_text(field, record, cell) {
                Value::EmptyText
            } else {
                Value::Empty
            };
        }
        let sibling = field.sibling.and_then(|sibling| match self.values[sibling] {
            Value::Record(start, end) => Some(&record[start as usize..end as usize]),
            Value::Arena(start, end) => Some(&self.arena[start as usize..end as usize]),
            Value::Empty | Value::EmptyText | Value::Absent | Value::Refused => None,
        });
        self.out.clear();
        let fate = rule.judge(text, sibling, &mut self.out, &mut self.notes);
        let mut refused = false;
        // Nearly no cell has notes, and draining none is not free.
        if !self.notes.is_empty() {
            for note in self.notes.drain(..) {
                refused |= report.note(note, findings) == Severity::Reject;
            }
        }
        // A refusal that the schema has turned into a warning leaves the cell as it is.
        let normal = if fate == Fate::Rewritten { self.out.as_str() } else { text };
        if !refused && fate != Fate::Rejected {
            if let Some(note) = measure(field, normal) {
                refused |= report.note(note, findings) == Severity::Reject;
            }
            if let Some(pattern) = &field.pattern {
                let applies = pattern.when.as_ref().is_none_or(|when| {
                    text_of(self.values[when.field], record, &self.arena)
                        .or_else(|| plan.entity.fields[when.field].when_empty())
                        == Some(&when.equals)
                });
                if applies && !pattern.regex.is_match(normal) {
                    let note = Note::new(
                        Code::PatternMismatch,
                        format!("the value does not match the pattern {}", pattern.source),
                    );
                    refused |= report.note(note, findings) == Severity::Reject;
                }
            }
        }
        self.rejected |= refused;
        if refused {
            return Value::Refused;
        }
        if let Some((start, end)) = offset_in(record, normal) {
            return Value::Record(start, end);
        }
        let start = self.arena.len();
        self.arena.push_str(normal);
        Value::Arena(small(start), small(self.arena.len()))
    }

    fn judge_row_rule(
        &mut self,
        rule: &RowRule,
        record: &str,
        location: &Location,
        findings: &mut Vec<Finding>,
    ) {
        let plan = self.plan;
        let value = |index: FieldIndex| text_of(self.values[index], record, &self.arena);
        let refused = |index: FieldIndex| matches!(self.values[index], Value::Refused);
        let name = |index: FieldIndex| plan.entity.fields[index].name.as_str();
        let (index, note) = match rule {
            RowRule::RequiredWhen { field, when, equals } => {
                if value(*when) != Some(equals) || value(*field).is_some() || refused(*field) {
                    return;
                }
                let message = format!("the cell is empty and must not be where {} is {equals}", name(*when));
                (*field, Note::new(Code::Required, message))
            }
            RowRule::OneOf { fields } => {
                if fields.iter().any(|&field| value(field).is_some() || refused(field)) {
                    return;
                }
                let names: Vec<_> = fields.iter().map(|&field| name(field)).collect();
                let message = format!("at least one of {} must be filled", names.join(", "));
                (fields[0], Note::new(Code::Required, message))
            }
            RowRule::EqualTo { field, other } => {
                if value(*field) == value(*other) || refused(*field) || refused(*other) {
                    return;
                }
                (*field, Note::new(Code::PatternMismatch, format!("the value must equal {}", name(*other))))
            }
        };
        let raw = value(index).unwrap_or_default();
        let field = &plan.entity.fields[index];
        let Some(position) = plan.cells[index] else { return };
        let report = Report { plan, field, index, position, raw, location };
        self.rejected |= report.note(note, findings) == Severity::Reject;
    }

    /// Appends the clean row that was judged last, and the hashes of its settled fields.
    pub(crate) fn encode(&self, record: &str, rows: &mut Vec<u8>, hashes: &mut [Vec<u64>]) {
        for &index in &self.plan.layout.fields {
            match self.stored(index, record) {
                Some(text) => RowEncoder::text(rows, text),
                None => RowEncoder::null(rows),
            }
        }
        // A file can lack all that is kept of its rows.
        if self.plan.layout.fields.is_empty() {
            rows.push(b'\t');
        }
        RowEncoder::end_row(rows);
        for (&index, hashes) in self.plan.slots.iter().zip(hashes) {
            let key = match self.values[index] {
                Value::EmptyText => Some(""),
                value => text_of(value, record, &self.arena),
            };
            hashes.push(key.map_or(0, |key| self.hash(key)));
        }
    }

    /// The normal form of the key of the record that was judged last, if the key itself is right.
    pub(crate) fn key<'a>(&'a self, record: &'a str) -> Option<&'a str> {
        text_of(self.values[self.plan.entity.key], record, &self.arena)
    }

    fn stored<'a>(&'a self, index: FieldIndex, record: &'a str) -> Option<&'a str> {
        let field = &self.plan.entity.fields[index];
        if matches!(self.values[index], Value::EmptyText) {
            return Some("");
        }
        text_of(self.values[index], record, &self.arena).or_else(|| {
            let overwrites = field.policy(self.plan.options.settings.target.on_empty) == OnUpdate::Overwrite;
            if overwrites { field.when_empty() } else { None }
        })
    }

    /// A key's hash; 0 is kept for "no value".
    fn hash(&self, key: &str) -> u64 {
        self.hasher.hash_one(key).max(1)
    }
}

/// What a note needs to become a finding.
struct Report<'a> {
    plan: &'a Plan<'a>,
    field: &'a Field,
    index: FieldIndex,
    position: usize,
    raw: &'a str,
    location: &'a Location,
}

impl Report<'_> {
    /// Makes a finding of a note, unless the schema ignores it. Returns what it does to the row.
    #[cold]
    fn note(&self, note: Note, findings: &mut Vec<Finding>) -> Severity {
        let severity = match self.field.severity(note.code) {
            Severity::Warning
                if self.plan.options.settings.rules.strict && note.code.level() == Level::Cell =>
            {
                Severity::Reject
            }
            severity => severity,
        };
        if severity != Severity::Ignore {
            findings.push(Finding {
                location: *self.location,
                column: u16::try_from(self.position).ok(),
                field: u16::try_from(self.index).ok(),
                severity,
                code: note.code,
                value: Finding::excerpt(self.raw),
                message: note.message,
                suggestion: note.suggestion,
                related: None,
            });
        }
        severity
    }
}

#[inline]
fn text_of<'a>(value: Value, record: &'a str, arena: &'a str) -> Option<&'a str> {
    match value {
        Value::Record(start, end) => Some(&record[start as usize..end as usize]),
        Value::Arena(start, end) => Some(&arena[start as usize..end as usize]),
        Value::Absent | Value::Empty | Value::EmptyText | Value::Refused => None,
    }
}

/// Whether an empty cell stands in quotes, where that means the empty text: in a field that can hold one.
#[cold]
fn is_empty_text(field: &Field, record: &str, cell: Option<Cell>) -> bool {
    let quoted = |cell: Cell| {
        cell.start == cell.end && cell.start > 0 && record.as_bytes()[cell.start as usize - 1] == b'"'
    };
    field.reference.is_none() && field.rule.holds_empty_text() && cell.is_some_and(quoted)
}

/// Where `part` lies in `whole`, if it is a part of it and not a copy.
#[inline]
fn offset_in(whole: &str, part: &str) -> Option<(u32, u32)> {
    let start = (part.as_ptr() as usize).checked_sub(whole.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= whole.len()).then(|| (small(start), small(end)))
}

/// Checks the number of characters of a normal form.
#[inline]
fn measure(field: &Field, normal: &str) -> Option<Note> {
    // A character has at most four bytes, so most values need no counting.
    if let Some(max) = field.max_length
        && normal.len() > max
        && normal.chars().count() > max
    {
        let message =
            format!("the value has {} characters, at most {max} are allowed", normal.chars().count());
        return Some(Note::new(Code::TooLong, message));
    }
    if let Some(min) = field.min_length
        && normal.len() < min * 4
        && normal.chars().count() < min
    {
        let message =
            format!("the value has {} characters, at least {min} are needed", normal.chars().count());
        return Some(Note::new(Code::TooShort, message));
    }
    None
}

#[cold]
fn control_character(raw: &str, at: usize) -> Note {
    let name = match raw[at..].chars().next() {
        Some('\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}') => {
            return Note::new(
                Code::ControlCharacter,
                "the value holds a line break, which is not allowed here",
            );
        }
        Some('\t') => "a tab".to_owned(),
        Some(char) => format!("the control character U+{:04X}", u32::from(char)),
        None => "a control character".to_owned(),
    };
    Note::new(Code::ControlCharacter, format!("the value holds {name}"))
}

/// Offsets within a record: the splitter's horizon keeps it far below 4 GiB.
fn small(value: usize) -> u32 {
    u32::try_from(value).expect("a record is smaller than 4 GiB")
}
