//! `summary.json`: the machine's view of a run. Its keys and their order are a contract.

use serde::Serialize;

use crate::output::{OutputError, RunFolder, json, names};
use crate::record::Severity;

use super::context::{Context, File, Mapped, Outcome, Returned, Status, UsedConfig};
use super::planned::PlannedRun;
use super::tally::Tally;

/// The whole file.
#[derive(Debug, Serialize)]
pub(crate) struct Summary<'a> {
    run: &'a str,
    command: &'a str,
    status: Status,
    started: String,
    finished: String,
    version: &'a str,
    schema_sha256: &'a str,
    /// Only if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a UsedConfig>,
    entities: Vec<EntitySummary<'a>>,
    /// Only of a dry run.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<&'a PlannedRun>,
}

#[derive(Debug, Serialize)]
struct EntitySummary<'a> {
    entity: &'a str,
    read: u64,
    blank: u64,
    accepted: u64,
    rejected: u64,
    duplicates: u64,
    inserted: u64,
    updated: u64,
    unchanged: u64,
    /// Only of files of changes: other files never delete a row.
    #[serde(skip_serializing_if = "is_zero")]
    deleted: u64,
    warnings: u64,
    /// Only if `--from-spreadsheet` found any.
    #[serde(skip_serializing_if = "is_zero")]
    unguarded: u64,
    files: Vec<FileSummary<'a>>,
    rules: Vec<RuleSummary<'a>>,
    /// The words that were replaced as `muster.toml` says.
    #[serde(skip_serializing_if = "<[Mapped]>::is_empty")]
    mapped: &'a [Mapped],
}

/// Whether a format is the usual one, or unknown.
fn is_csv(format: &str) -> bool {
    matches!(format, "" | "csv")
}

#[derive(Debug, Serialize)]
struct FileSummary<'a> {
    path: &'a str,
    bytes: u64,
    sha256: &'a str,
    /// Only if it is not CSV.
    #[serde(skip_serializing_if = "is_csv")]
    format: &'a str,
    encoding: &'a str,
    delimiter: &'a str,
    header: &'a [String],
    /// How many empty cells its records may have beyond the header, if they may.
    #[serde(skip_serializing_if = "is_none")]
    extra_cells: usize,
    /// Only if there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_imported: Option<NotImportedSummary<'a>>,
    /// The files with records that go back, if there are any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    returned: Vec<ReturnedSummary<'a>>,
}

/// The columns that are not imported, although they are filled and nobody said to ignore them.
#[derive(Debug, Serialize)]
struct NotImportedSummary<'a> {
    /// In one sentence.
    message: String,
    columns: Vec<ColumnSummary<'a>>,
}

#[derive(Debug, Serialize)]
struct ColumnSummary<'a> {
    column: &'a str,
    /// How many cells are filled.
    filled: u64,
    /// The field that was probably meant.
    field: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct ReturnedSummary<'a> {
    name: &'a str,
    records: u64,
    sha256: &'a str,
}

#[derive(Debug, Serialize)]
struct RuleSummary<'a> {
    code: &'a str,
    column: Option<&'a str>,
    severity: Severity,
    rows: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference.
pub(super) fn is_zero(count: &u64) -> bool {
    *count == 0
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference.
fn is_none(cells: &usize) -> bool {
    *cells == 0
}

fn not_imported(file: &File) -> Option<NotImportedSummary<'_>> {
    let lost = file.not_imported.iter();
    let columns = lost.map(|lost| ColumnSummary {
        column: &lost.column,
        filled: lost.filled,
        field: lost.field.as_deref(),
    });
    let columns: Vec<_> = columns.collect();
    let names: Vec<_> = columns.iter().map(|column| column.column).collect();
    let message = format!("{}: {}", file.lost(), names.join(", "));
    (!columns.is_empty()).then_some(NotImportedSummary { message, columns })
}

impl<'a> Summary<'a> {
    /// Puts the parts together. Counts are taken as they are.
    pub(crate) fn new(
        context: &'a Context,
        outcome: &Outcome,
        tally: &'a Tally,
        returned: &'a [Returned],
    ) -> Self {
        let of_file = |entity, number| {
            let own = returned.iter().filter(move |file| (file.entity, file.file) == (entity, number));
            own.map(|file| ReturnedSummary { name: &file.name, records: file.records, sha256: &file.sha256 })
                .collect()
        };
        let given = context.given().map(|(index, entity)| (index, entity, &outcome.counts[index]));
        let entities = given.map(|(index, entity, counts)| EntitySummary {
            entity: &entity.name,
            read: counts.read,
            blank: counts.blank,
            accepted: counts.accepted,
            rejected: counts.rejected,
            duplicates: counts.duplicates,
            inserted: counts.inserted,
            updated: counts.updated,
            unchanged: counts.unchanged,
            deleted: counts.deleted,
            warnings: counts.warnings,
            unguarded: counts.unguarded,
            files: entity
                .files
                .iter()
                .enumerate()
                .map(|(number, file)| FileSummary {
                    path: &file.path,
                    bytes: file.bytes,
                    sha256: &file.sha256,
                    format: &file.format,
                    encoding: &file.encoding,
                    delimiter: &file.delimiter,
                    header: &file.header,
                    extra_cells: file.extra,
                    not_imported: not_imported(file),
                    returned: of_file(index, number),
                })
                .collect(),
            rules: tally
                .rules(index)
                .into_iter()
                .map(|rule| RuleSummary {
                    code: rule.code.as_str(),
                    column: rule.column.as_deref(),
                    severity: rule.severity,
                    rows: rule.rows,
                })
                .collect(),
            mapped: &entity.mapped,
        });
        Self {
            run: context.run.as_str(),
            command: &context.command,
            status: outcome.status,
            started: format!("{:.3}", context.started),
            finished: format!("{:.3}", outcome.finished),
            version: &context.version,
            schema_sha256: &context.schema_sha256,
            config: context.config.as_ref(),
            entities: entities.collect(),
            plan: None,
        }
    }

    /// Adds what a dry run would do.
    pub(crate) fn planning(mut self, plan: Option<&'a PlannedRun>) -> Self {
        self.plan = plan;
        self
    }

    /// The file's text, with a line feed at its end.
    pub(crate) fn to_json(&self) -> String {
        json::pretty(self)
    }

    /// Stages the file in the run's folder.
    pub(crate) fn write(&self, folder: &mut RunFolder) -> Result<(), OutputError> {
        let mut file = folder.create(names::SUMMARY)?;
        file.put(self.to_json().as_bytes())?;
        file.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::super::context::{Counts, ReturnedKind};
    use super::super::findings::tests::{context, finding};
    use super::*;
    use crate::record::Code;

    #[test]
    fn the_keys_are_those_of_the_contract() {
        let mut context = context();
        context.entities.remove(0);
        context.entities[0].files.truncate(1);
        let counts = Counts { read: 3, accepted: 2, rejected: 1, inserted: 2, ..Counts::default() };
        let finished = "2026-11-24T12:00:01.5Z".parse().unwrap();
        let outcome = Outcome { status: Status::Committed, finished, counts: vec![counts] };
        let mut tally = Tally::new(&context);
        tally.add_for_test(&context, 0, &[finding(2, Some(0), Code::InvalidEmail, "x")]);
        let returned = [Returned {
            entity: 0,
            name: "users.rejected.csv".into(),
            records: 1,
            kind: ReturnedKind::Rejected,
            file: 0,
            sha256: "ef".into(),
            encoding: None,
            readings: Vec::new(),
        }];
        let json = Summary::new(&context, &outcome, &tally, &returned).to_json();
        let expected = r#"{
  "run": "0193-run",
  "command": "import",
  "status": "committed",
  "started": "2026-11-24T12:00:00.000Z",
  "finished": "2026-11-24T12:00:01.500Z",
  "version": "0.1.0",
  "schema_sha256": "ab",
  "entities": [
    {
      "entity": "users",
      "read": 3,
      "blank": 0,
      "accepted": 2,
      "rejected": 1,
      "duplicates": 0,
      "inserted": 2,
      "updated": 0,
      "unchanged": 0,
      "warnings": 0,
      "files": [
        {
          "path": "in/users.csv",
          "bytes": 1000,
          "sha256": "cd",
          "encoding": "utf-8",
          "delimiter": ",",
          "header": [
            "E-mail",
            "iban"
          ],
          "returned": [
            {
              "name": "users.rejected.csv",
              "records": 1,
              "sha256": "ef"
            }
          ]
        }
      ],
      "rules": [
        {
          "code": "invalid-email",
          "column": "E-mail",
          "severity": "reject",
          "rows": 1
        }
      ]
    }
  ]
}
"#;
        assert_eq!(json, expected);
    }
}
