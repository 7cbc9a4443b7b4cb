//! Puts the page together and writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::output::{OutputError, RunFolder, names};

use super::super::number::grouped;
use super::{
    Page, again, against, causes, charts, counts, files, lost, mapped, rules, samples, text, verdict,
};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// How large the page gets before sections that only list examples are cut short.
const BUDGET: usize = 1_500_000;

/// Stages the page in the run's folder.
pub(crate) fn write(page: &Page<'_>, folder: &mut RunFolder) -> Result<(), OutputError> {
    let mut file = folder.create(names::PAGE)?;
    file.put(render(page).as_bytes())?;
    file.finish()
}

/// The page's text.
fn render(page: &Page<'_>) -> String {
    let hash = |text: &str| BASE64.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    // The sections that cannot grow come first; what is left of the budget is the samples'.
    let before = html! {
        (lost::section(page))
        (counts::section(page))
        (causes::section(page))
        (against::section(page))
        (rules::section(page))
        (charts::section(page))
    };
    let after = html! {
        (samples::duplicates(page))
        (rules::warnings(page))
        (mapped::section(page))
        (files::section(page))
        (again::section(page))
    };
    let used = before.0.len() + after.0.len() + STYLE.len() + SCRIPT.len();
    let samples = samples::section(page, BUDGET.saturating_sub(used));
    let title = format!("muster {}: {}", page.context.command, verdict::short(page));
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
                (verdict::head(page))
                main #main {
                    (before)
                    (samples)
                    (after)
                }
                (footer(page))
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
    .into_string()
}

fn footer(page: &Page<'_>) -> Markup {
    html! {
        footer {
            p { "Every count on this page is exact. Lists are cut short where the page says so; "
                code { (names::FINDINGS_CSV) } " holds all " (grouped(page.tally.findings())) " findings, "
                code { (names::SUMMARY) } " all counts. Samples are the first ones of the files." }
        }
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
