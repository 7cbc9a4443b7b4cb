//! What was planted where: `plants.csv`, and the sums that a right validator must find. Each row is
//! noted once, in the order in which it is written, so the list is sorted.

use std::fmt::Write as _;
use std::io::{self, Write};

use super::faults::{Fault, Severity};

/// One fault in one record.
pub(crate) struct Plant {
    /// Which kind.
    pub(crate) fault: Fault,
    /// The header of its column; empty where the whole record is meant.
    pub(crate) column: &'static str,
    /// For a person; holds no comma and no quotation mark.
    pub(crate) note: String,
}

impl Plant {
    /// A fault of a whole record.
    pub(crate) fn record(fault: Fault) -> Self {
        Self { fault, column: "", note: String::new() }
    }

    /// A fault of one cell.
    pub(crate) fn cell(fault: Fault, column: &'static str) -> Self {
        Self { fault, column, note: String::new() }
    }
}

/// What one file must come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sums {
    /// The entity's name.
    pub(crate) entity: &'static str,
    /// Data records.
    pub(crate) read: u64,
    /// Blank lines.
    pub(crate) blank: u64,
    /// Repeated headers; they are no data records.
    pub(crate) repeated_headers: u64,
    /// Rows that go through, those with warnings included.
    pub(crate) accepted: u64,
    /// Rows that are refused.
    pub(crate) rejected: u64,
    /// Rows that lose against an earlier one.
    pub(crate) duplicates: u64,
    /// Findings for each code, in the order of [`Fault::ALL`].
    pub(crate) findings: Vec<u64>,
}

impl Sums {
    /// Nothing yet.
    pub(crate) fn new(entity: &'static str) -> Self {
        Self {
            entity,
            read: 0,
            blank: 0,
            repeated_headers: 0,
            accepted: 0,
            rejected: 0,
            duplicates: 0,
            findings: vec![0; Fault::ALL.len()],
        }
    }

    /// As a line of JSON.
    fn push_json(&self, out: &mut String) {
        let Self { entity, read, blank, repeated_headers, accepted, rejected, duplicates, findings } = self;
        let _ = write!(
            out,
            "{{\"entity\": \"{entity}\", \"read\": {read}, \"blank\": {blank}, \"repeated_headers\": \
             {repeated_headers}, \"accepted\": {accepted}, \"rejected\": {rejected}, \"duplicates\": \
             {duplicates}, \"findings\": {{"
        );
        let planted = Fault::ALL.iter().zip(findings).filter(|(_, count)| **count > 0);
        for (i, (fault, count)) in planted.enumerate() {
            let _ = write!(out, "{}\"{}\": {count}", if i > 0 { ", " } else { "" }, fault.code());
        }
        out.push_str("}}");
    }
}

/// The sums of all files as JSON.
pub(crate) fn summary_json(seed: u64, sums: &[Sums]) -> String {
    let mut out = format!("{{\"seed\": {seed}, \"entities\": [\n");
    for (i, sums) in sums.iter().enumerate() {
        out.push_str(if i > 0 { ",\n  " } else { "  " });
        sums.push_json(&mut out);
    }
    out.push_str("\n]}\n");
    out
}

/// `plants.csv` while it grows.
pub(crate) struct PlantList<W> {
    out: W,
}

impl<W: Write> PlantList<W> {
    /// Writes the header.
    pub(crate) fn new(mut out: W) -> io::Result<Self> {
        out.write_all(b"entity,record,column,code,severity,note\n")?;
        Ok(Self { out })
    }

    /// Takes down one row and what was planted in it.
    pub(crate) fn tell(&mut self, sums: &mut Sums, plant: Option<&Plant>) -> io::Result<()> {
        sums.read += 1;
        let Some(plant) = plant else {
            sums.accepted += 1;
            return Ok(());
        };
        let severity = plant.fault.severity();
        match severity {
            Severity::Reject => sums.rejected += 1,
            Severity::Duplicate => sums.duplicates += 1,
            Severity::Warning => sums.accepted += 1,
        }
        if plant.fault == Fault::RepeatedHeader {
            sums.repeated_headers += 1;
        }
        if let Some(at) = Fault::ALL.iter().position(|&fault| fault == plant.fault) {
            sums.findings[at] += 1;
        }
        let Plant { fault, column, note } = plant;
        let (entity, record, code) = (sums.entity, sums.read, fault.code());
        writeln!(self.out, "{entity},{record},{column},{code},{},{note}", severity.as_str())
    }

    /// Hands what is buffered on.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}
