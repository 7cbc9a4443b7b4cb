//! `muster explain`: what a code means, from the table that the reports use as well.

use std::io::{self, Write};

use crate::cli::ExplainArgs;
use crate::record::{Code, Level};
use crate::schema::nearest;

/// What `muster explain` can fail with.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExplainError {
    /// There is no such code: the command line is wrong.
    #[error("no code is called `{code}`; {}", advice(.near.as_deref()))]
    Unknown {
        /// What was asked for.
        code: String,
        /// The code with the nearest name, where one is near.
        near: Option<&'static str>,
    },
    /// Standard output cannot be written to.
    #[error("cannot write the explanation")]
    Write(#[from] io::Error),
}

impl ExplainError {
    /// The exit code that this error ends the program with.
    #[must_use]
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Unknown { .. } => 2,
            Self::Write(_) => 1,
        }
    }
}

fn advice(near: Option<&str>) -> String {
    match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`muster explain` lists all codes".to_owned(),
    }
}

/// Prints the explanation of one code, or the list of all. Returns the exit code.
///
/// # Errors
///
/// An unknown code, and where `out` cannot be written to.
pub(crate) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<u8, ExplainError> {
    match &args.code {
        None => list(out)?,
        Some(name) => explain(find(name)?, out)?,
    }
    Ok(0)
}

fn find(name: &str) -> Result<Code, ExplainError> {
    Code::from_name(name).ok_or_else(|| {
        let near = nearest(name, Code::ALL.iter().map(|code| code.as_str()));
        ExplainError::Unknown { code: name.to_owned(), near }
    })
}

fn explain(code: Code, out: &mut dyn Write) -> io::Result<()> {
    let explanation = code.explanation();
    writeln!(out, "{code} ({}, {})", about(code.level()), code.default_severity())?;
    writeln!(out)?;
    writeln!(out, "What   {}", explanation.what)?;
    writeln!(out, "Why    {}", explanation.why)?;
    writeln!(out, "Fix    {}", explanation.fix)?;
    if code.level() == Level::Cell {
        writeln!(out)?;
        writeln!(out, "A field of a schema can change what it does: severity = {{ {code} = \"…\" }},")?;
        writeln!(out, "with reject, warning or ignore.")?;
    }
    Ok(())
}

fn list(out: &mut dyn Write) -> io::Result<()> {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    let mut level = None;
    for &code in Code::ALL {
        if level != Some(code.level()) {
            if level.is_some() {
                writeln!(out)?;
            }
            writeln!(out, "About {}:", about(code.level()))?;
            level = Some(code.level());
        }
        let severity = code.default_severity().as_str();
        writeln!(out, "  {:width$}  {severity:7}  {}", code.as_str(), code.explanation().what)?;
    }
    writeln!(out, "\n`muster explain CODE` says why a code exists and how to fix the row.")
}

fn about(level: Level) -> &'static str {
    match level {
        Level::File => "a file",
        Level::Record => "a record's structure",
        Level::Cell => "a cell",
        Level::Row => "a row among other rows",
        Level::Database => "a row in the database",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(code: Option<&str>) -> Result<String, ExplainError> {
        let mut out = Vec::new();
        run(&ExplainArgs { code: code.map(str::to_owned) }, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_code_is_explained_and_listed() {
        let list = explained(None).unwrap();
        for &code in Code::ALL {
            let text = explained(Some(code.as_str())).unwrap();
            let explanation = code.explanation();
            for part in [explanation.what, explanation.why, explanation.fix] {
                assert!(text.contains(part), "{code}");
            }
            assert!(list.contains(&format!("  {} ", code.as_str())), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_gets_the_nearest_one() {
        let error = explained(Some("invalid-ibn")).unwrap_err();
        assert_eq!(error.to_string(), "no code is called `invalid-ibn`; did you mean `invalid-iban`?");
        assert_eq!(error.exit_code(), 2);
        let error = explained(Some("banana")).unwrap_err();
        assert_eq!(error.to_string(), "no code is called `banana`; `muster explain` lists all codes");
    }
}
