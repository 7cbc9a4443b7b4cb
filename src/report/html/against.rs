//! This run compared with an earlier one, rule by rule.

use maud::{Markup, html};

use crate::frame::Change;

use super::super::number::{count, grouped};
use super::super::rejects::verdicts;
use super::{Page, text};

/// How many rules are listed.
const LISTED: usize = 200;

/// The section; empty without an earlier run.
pub(super) fn section(page: &Page<'_>) -> Markup {
    let Some((earlier, changes)) = page.against else { return html! {} };
    html! {
        section aria-labelledby="against" {
            h2 #against { "Compared with the earlier run" }
            p { "Run " code { (text::plain(&earlier.run)) } ", started " (text::plain(&earlier.started)) ". Rules: " (verdicts(changes)) "." }
            @if !changes.is_empty() {
                div.wide { table.stack {
                    thead { tr {
                        th scope="col" { "Code" } th scope="col" { "Column" } th scope="col" { "Entity" } th scope="col" { "Severity" }
                        th.n scope="col" { "Rows before" } th.n scope="col" { "Rows now" } th scope="col" { "Verdict" }
                    } }
                    tbody { @for change in changes.iter().take(LISTED) { (row(change)) } }
                } }
                @if changes.len() > LISTED {
                    p.dim { "The first " (LISTED) " of " (count(changes.len() as u64, "rule")) "; " code { "muster rejects --against" } " lists all." }
                }
            }
        }
    }
}

fn row(change: &Change) -> Markup {
    html! {
        tr {
            th scope="row" { code { (text::plain(&change.code)) } }
            td data-l="Column" { @if let Some(column) = &change.column { span.v { (text::value(column, 60)) } } }
            td data-l="Entity" { (text::value(&change.entity, 40)) }
            td data-l="Severity" { (text::plain(&change.severity)) }
            td.n data-l="Rows before" { (grouped(change.before)) }
            td.n data-l="Rows now" { (grouped(change.now)) }
            td data-l="Verdict" { @if change.verdict.is_bad() { strong { (change.verdict.as_str()) } } @else { (change.verdict.as_str()) } }
        }
    }
}
