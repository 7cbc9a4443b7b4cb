//! Findings as a Parquet file: one row per finding, with the columns of `rejects.ndjson`; `related` becomes two.

use std::io::Write;
use std::path::Path;

use polars::prelude::{Column, DataFrame, NamedFrom as _, ParquetWriter, Series};

use super::blocks::{Block, Scan, parse};
use super::error::FrameError;
use super::stored::{FindingFilter, StoredFinding};

/// Writes the findings in `path` that `filter` admits; memory does not grow with their number.
/// Errors: the findings cannot be read, or `out` cannot be written to.
pub(crate) fn write(path: &Path, filter: &FindingFilter, out: impl Write) -> Result<(), FrameError> {
    let schema = table(&[])?.schema().clone();
    let mut writer = ParquetWriter::new(out).batched(&schema)?;
    let work = |block: &Block| {
        let mut findings: Vec<StoredFinding<'_>> = Vec::new();
        for (line, bytes) in block.lines() {
            let finding = parse(path, line, bytes)?;
            if filter.takes(&finding) {
                findings.push(finding);
            }
        }
        table(&findings)
    };
    Scan::open(path)?.in_parallel(work, |table| {
        if table.height() > 0 {
            writer.write_batch(&table)?;
        }
        Ok(())
    })?;
    writer.finish()?;
    Ok(())
}

fn table(findings: &[StoredFinding<'_>]) -> Result<DataFrame, FrameError> {
    let text = |name: &str, of: fn(&StoredFinding<'_>) -> Option<String>| -> Column {
        let all: Vec<_> = findings.iter().map(of).collect();
        Series::new(name.into(), all).into()
    };
    let number = |name: &str, of: fn(&StoredFinding<'_>) -> Option<u64>| -> Column {
        Series::new(name.into(), findings.iter().map(of).collect::<Vec<_>>()).into()
    };
    Ok(DataFrame::new_infer_height(vec![
        text("run", |f| Some(f.run.to_string())),
        text("entity", |f| Some(f.entity.to_string())),
        text("file", |f| Some(f.file.to_string())),
        number("record", |f| f.record),
        number("line_start", |f| f.line_start),
        number("line_end", |f| f.line_end),
        number("byte_start", |f| Some(f.byte_start)),
        number("byte_end", |f| Some(f.byte_end)),
        text("column", |f| f.column.as_deref().map(str::to_owned)),
        text("field", |f| f.field.as_deref().map(str::to_owned)),
        text("severity", |f| Some(f.severity.to_string())),
        text("code", |f| Some(f.code.to_string())),
        text("value", |f| f.value.as_deref().map(str::to_owned)),
        text("message", |f| f.message.as_deref().map(str::to_owned)),
        text("suggestion", |f| f.suggestion.as_deref().map(str::to_owned)),
        text("related_file", |f| f.related.as_ref().and_then(|r| r.file.as_deref()).map(str::to_owned)),
        number("related_record", |f| f.related.as_ref().map(|r| r.record)),
    ])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{ParquetReader, SerReader as _};

    #[test]
    fn a_reader_of_parquet_gets_the_findings_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.ndjson");
        let line = r#"{"run":"r","entity":"users","file":"u.csv","record":1,"line_start":2,"line_end":2,"byte_start":6,"byte_end":9,"column":"email","field":null,"severity":"reject","code":"invalid-email","value":"é\n","message":"no","suggestion":null,"related":{"file":"a.csv","record":4}}"#;
        std::fs::write(&path, format!("{line}\n{}\n", line.replace("invalid-email", "too-long"))).unwrap();
        let read = |filter: &FindingFilter| {
            let mut bytes = Vec::new();
            write(&path, filter, &mut bytes).unwrap();
            ParquetReader::new(std::io::Cursor::new(bytes)).finish().unwrap()
        };
        let all = read(&FindingFilter::default());
        assert_eq!(all.shape(), (2, 17));
        assert_eq!(all.column("value").unwrap().str().unwrap().get(0), Some("é\n"));
        assert_eq!(all.column("related_record").unwrap().u64().unwrap().get(1), Some(4));
        assert_eq!(
            read(&FindingFilter { codes: vec!["too-long".into()], ..FindingFilter::default() }).height(),
            1
        );
        assert_eq!(
            read(&FindingFilter { codes: vec!["required".into()], ..FindingFilter::default() }).height(),
            0
        );
    }
}
