//! From what a rule says about a cell to a finding with its place.

use crate::record::{Code, Finding, Level, Location, Severity};
use crate::rule::CellFinding;
use crate::schema::FieldIndex;

use super::plan::ReadPlan;

/// The cell that a rule says something about.
pub(super) struct CheckedCell<'a> {
    pub(super) plan: &'a ReadPlan<'a>,
    pub(super) field: FieldIndex,
    /// Its column.
    pub(super) position: usize,
    /// Its text in the file.
    pub(super) raw: &'a str,
    /// The place of its record.
    pub(super) location: &'a Location,
}

impl CheckedCell<'_> {
    /// Adds a finding for a note, unless the schema ignores it. Returns whether it rejects the row.
    #[cold]
    pub(super) fn rejects(&self, note: CellFinding, findings: &mut Vec<Finding>) -> bool {
        if note.code == Code::AssumedUtc && self.plan.in_utc.contains(&self.field) {
            return false;
        }
        let severity = match self.plan.entity.fields[self.field].severity(note.code) {
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
                field: u16::try_from(self.field).ok(),
                severity,
                code: note.code,
                value: Finding::excerpt(self.raw),
                message: note.message,
                suggestion: note.suggestion,
                related: None,
            });
        }
        severity == Severity::Reject
    }
}
