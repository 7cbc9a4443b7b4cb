//! `muster explain`: what a code means, from the table that the reports use as well.

use std::fmt::Write as _;
use std::io::Write;

use crate::cli::ExplainArgs;
use crate::exit::Exit;
use crate::record::{Code, Level};

use super::print::print;
use super::{CommandError, error};

/// Prints the explanation of one code, or the list of all.
/// Errors: an unknown code, and standard output that cannot be written to.
pub(crate) fn run(args: &ExplainArgs, out: &mut dyn Write) -> Result<Exit, CommandError> {
    let text = match &args.code {
        None => list(),
        Some(name) => explain(find(name)?),
    };
    print(out, text)?;
    Ok(Exit::Done)
}

/// The code of this name.
pub(super) fn find(name: &str) -> Result<Code, CommandError> {
    Code::from_name(name).ok_or_else(|| {
        let names = Code::ALL.iter().map(|code| code.as_str());
        let advice = error::advice(name, names, || "`muster explain` lists all codes".to_owned());
        CommandError::Usage(format!("unknown code `{name}`; {advice}"))
    })
}

fn explain(code: Code) -> String {
    let explanation = code.explanation();
    let mut text = format!("{code} ({}, {})\n\n", about(code.level()), code.default_severity());
    for (label, part) in [("What", explanation.what), ("Why", explanation.why), ("Fix", explanation.fix)] {
        let _ = writeln!(text, "{label:5}  {part}");
    }
    if code.level() == Level::Cell {
        text += &format!(
            "\nA field of a schema can change what it does: severity = {{ {code} = \"…\" }},\nwith reject, \
             warning or ignore.\n"
        );
    }
    text
}

fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.as_str().len()).max().unwrap_or_default();
    let mut text = String::new();
    let mut level = None;
    for &code in Code::ALL {
        if level != Some(code.level()) {
            let gap = if level.is_some() { "\n" } else { "" };
            let _ = writeln!(text, "{gap}About {}:", about(code.level()));
            level = Some(code.level());
        }
        let severity = code.default_severity().as_str();
        let _ = writeln!(text, "  {:width$}  {severity:7}  {}", code.as_str(), code.explanation().what);
    }
    text + "\n`muster explain CODE` says why a code exists and how to fix the row.\n"
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

    fn explained(code: Option<&str>) -> Result<String, CommandError> {
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
        assert_eq!(error.to_string(), "unknown code `invalid-ibn`; did you mean `invalid-iban`?");
        assert_eq!(error.exit(), Exit::Usage);
        let error = explained(Some("banana")).unwrap_err();
        assert_eq!(error.to_string(), "unknown code `banana`; `muster explain` lists all codes");
    }
}
