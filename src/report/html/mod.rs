//! `report.html`: the person's view of a run. One file that needs nothing else, allows nothing else (a
//! content security policy by hash), and stays below two megabytes however many findings there are: lists
//! are capped and say so, counts never are.
//!
//! This file puts the page together; each section has a file of its own.

mod against;
mod causes;
mod charts;
mod counts;
mod files;
mod rules;
mod samples;
mod text;
mod verdict;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::frame::Change;
use crate::output::{OutputError, RunFolder, names};
use crate::record::Location;

use super::context::{Context, Outcome, Returned, Status};
use super::number::grouped;
use super::rejects::StoredRun;
use super::shell;
use super::tally::Tally;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How large the page gets before sections that only list examples are cut short.
const BUDGET: usize = 1_500_000;

/// Where the page gets the source of a sample from.
pub(crate) trait Records {
    /// The decoded text of a record, its beginning where it is long; none where it cannot be had.
    fn text(&self, entity: usize, location: &Location) -> Option<String>;
}

/// A run without its sources: samples then show values alone.
impl Records for () {
    fn text(&self, _entity: usize, _location: &Location) -> Option<String> {
        None
    }
}

/// Everything that the page is made of.
#[derive(Clone, Copy)]
pub(crate) struct Page<'a> {
    /// Names.
    pub(crate) context: &'a Context,
    /// Counts.
    pub(crate) outcome: &'a Outcome,
    /// Findings.
    pub(crate) tally: &'a Tally,
    /// The run's folder, as commands name it.
    pub(crate) folder: &'a str,
    /// The files that go back.
    pub(crate) returned: &'a [Returned],
    /// An earlier run, and what became of its rules since.
    pub(crate) against: Option<(&'a StoredRun, &'a [Change])>,
    /// The sources.
    pub(crate) records: &'a dyn Records,
}

impl Page<'_> {
    /// Stages the page in the run's folder.
    ///
    /// # Errors
    ///
    /// Those of writing the file.
    pub(crate) fn write(&self, folder: &mut RunFolder) -> Result<(), OutputError> {
        let mut file = folder.create(names::PAGE)?;
        file.put(self.render().as_bytes())?;
        file.finish()
    }

    /// The page's text.
    #[must_use]
    pub(crate) fn render(&self) -> String {
        let hash = |text: &str| BASE64.encode(Sha256::digest(text));
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
            hash(STYLE),
            hash(SCRIPT)
        );
        // The sections that cannot grow come first; what is left of the budget is the samples'.
        let before = html! {
            (counts::section(self))
            (causes::section(self))
            (against::section(self))
            (rules::section(self))
            (charts::section(self))
        };
        let after = html! {
            (samples::duplicates(self))
            (rules::warnings(self))
            (files::section(self))
            (self.again())
        };
        let used = before.0.len() + after.0.len() + STYLE.len() + SCRIPT.len();
        let samples = samples::section(self, BUDGET.saturating_sub(used));
        let title = format!("muster {}: {}", self.context.command, verdict::short(self));
        html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy);
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="referrer" content="no-referrer";
                    title { (text::plain(&title)) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the report" }
                    (verdict::head(self))
                    main #main {
                        (before)
                        (samples)
                        (after)
                    }
                    (self.footer())
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        }
        .into_string()
    }

    fn footer(&self) -> Markup {
        html! {
            footer {
                p { "Every count on this page is exact. Lists are cut short where the page says so; "
                    code { (names::FINDINGS_CSV) } " holds all " (grouped(self.tally.findings())) " findings, "
                    code { (names::SUMMARY) } " all counts. Samples are the first ones of the files." }
            }
        }
    }

    /// How to mend and import again.
    fn again(&self) -> Markup {
        let status = self.outcome.status;
        let mend = shell::mend(self.context, status, self.folder, self.returned).map(|words| words.join(" "));
        let rejected = self.returned.iter().any(|file| !file.duplicates);
        let onward = shell::onward(self.context, status).map(|words| words.join(" "));
        html! {
            section aria-labelledby="again" {
                h2 #again { "Mend and import again" }
                @if !self.returned.is_empty() {
                    div.wide { table {
                        caption { "Files that go back, in the run's folder. Each begins with its source's own header and holds the records as they were read, byte for byte." }
                        thead { tr { th scope="col" { "File" } th scope="col" { "Holds" } th.n scope="col" { "Records" } } }
                        tbody { @for file in self.returned { tr {
                            td { span.v { (text::value(&file.name, 120)) } }
                            td { @if file.duplicates { "duplicates that lost" } @else { "rejected records" } }
                            td.n { (grouped(file.records)) }
                        } } }
                    } }
                }
                @match (&mend, &onward) {
                    (Some(mend), _) => {
                        p { "Mend the rejected files where they stand, in a text editor or a spreadsheet that keeps all columns as text, and give them back. Rows that were accepted are not in them, and importing a row twice changes nothing." }
                        (copied(mend))
                    }
                    (None, Some(onward)) if rejected && status == Status::Refused => {
                        p { "Nothing was written. Mend these rows in your files, then import again:" }
                        (copied(onward))
                    }
                    (None, Some(onward)) if rejected => {
                        p { "Nothing was written yet. Mend these rows in your files and check again; or import what is right, and get the other rows back in files of their own, to be mended and imported after it:" }
                        (copied(onward))
                    }
                    (None, Some(onward)) if status != Status::Refused => { p { "Nothing was rejected. Import the files:" } (copied(onward)) }
                    (None, _) if rejected => p { "Nothing was written. Mend these rows in your files." },
                    (None, _) => p { "Nothing was rejected; there is nothing to mend." },
                }
                p.dim { "What a code means and how to mend it: " code { "muster explain CODE" } "." }
            }
        }
    }
}

/// A command with a button that copies it.
fn copied(command: &str) -> Markup {
    html! {
        div.copy {
            pre tabindex="0" { (text::plain(command)) }
            button type="button" hidden { "Copy" }
        }
    }
}

#[cfg(test)]
mod tests;
