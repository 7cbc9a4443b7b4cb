//! The table of rules, which can be sorted and filtered, and the warnings with their most frequent values.

use maud::{Markup, html};

use crate::record::{Level, Severity};

use super::super::number::{grouped, share};
use super::super::tally::RuleTally;
use super::{Page, text};

/// How many rules are listed.
const LISTED: usize = 300;
/// How many warnings are listed with their values.
const WARNINGS: usize = 80;
/// How many values of a warning are listed.
const VALUES: usize = 6;
/// How many characters of a value are shown.
const CHARS: usize = 60;

/// The table's columns, and which of them are numbers.
const COLUMNS: [&str; 8] =
    ["Code", "Column", "Entity", "Severity", "Rows", "Share", "Distinct values", "A sample"];
const ROWS: usize = 4;
const NUMBERS: usize = 3;

/// The table of rules.
pub(super) fn section(page: &Page<'_>) -> Markup {
    let rules = page.tally.all_rules();
    html! {
        section aria-labelledby="rules" {
            h2 #rules { "Rules" }
            @if rules.is_empty() {
                p { "There are no findings." }
            } @else {
                div.tools #tools hidden {
                    div { label for="filter" { "Filter" } input #filter type="search" autocomplete="off"; }
                    div {
                        label for="severity" { "Severity" }
                        select #severity {
                            option value="" { "all" }
                            @for severity in ["reject", "duplicate", "warning"] { option value=(severity) { (severity) } }
                        }
                    }
                    div.narrow {
                        label for="sort" { "Sort by" }
                        select #sort {
                            option value="" { "severity and rows" }
                            @for (at, name) in COLUMNS.into_iter().enumerate() { option value=(at) { (name) } }
                        }
                    }
                    p.dim #shown role="status" {}
                }
                div.wide { table.stack #rules-table data-sort {
                    caption { "A row with several findings counts once for each rule; shares are of the rows read." }
                    thead { tr { @for (at, name) in COLUMNS.into_iter().enumerate() {
                        th.n[(ROWS..ROWS + NUMBERS).contains(&at)] scope="col" { (name) }
                    } } }
                    tbody { @for (number, &(entity, rule)) in rules.iter().enumerate().take(LISTED) { (row(page, number, entity, rule)) } }
                } }
                @if rules.len() > LISTED {
                    p.dim { "The first " (LISTED) " of " (grouped(rules.len() as u64)) " rules; summary.json lists all." }
                }
            }
        }
    }
}

/// One rule; `number` leads to its samples.
fn row(page: &Page<'_>, number: usize, entity: usize, rule: &RuleTally) -> Markup {
    let names = &page.context.entities[entity];
    let read = page.outcome.counts.get(entity).map_or(0, |counts| counts.read);
    let file_level = rule.code.level() == Level::File;
    let (distinct, more) = rule.values.distinct();
    let part = if read == 0 { 0.0 } else { rule.rows as f64 / read as f64 };
    let sample = rule.samples.first();
    let valued = distinct > 1 || sample.is_some_and(|sample| !sample.value.is_empty());
    html! {
        tr data-s=(rule.severity.as_str()) data-rule=(number) {
            th scope="row" { code { (rule.code.as_str()) } }
            td { @if let Some(column) = &rule.column { span.v { (text::value(column, CHARS)) } } }
            td { (text::value(&names.name, 40)) }
            td { span.sev { span class={ "key " (rule.severity.as_str()) } {} (rule.severity.as_str()) } }
            td.n.lead data-l="Rows" data-v=(rule.rows) { (grouped(rule.rows)) }
            td.n data-l="Share" data-v=(format!("{part:.9}")) { @if file_level { "–" } @else { (share(rule.rows, read)) } }
            td.n.none[!valued] data-l="Distinct" data-v=(if valued { distinct } else { 0 }) {
                @if !valued { "–" } @else { @if more { "more than " } (grouped(distinct as u64)) }
            }
            td.w {
                @if let Some(sample) = sample.filter(|sample| !sample.value.is_empty()) {
                    span.v { (text::value(&page.context.shown(names, sample, &sample.value), CHARS)) }
                }
            }
        }
    }
}

/// The warnings with their most frequent values.
pub(super) fn warnings(page: &Page<'_>) -> Markup {
    let rules = page.tally.all_rules();
    let warnings: Vec<_> = rules.into_iter().filter(|(_, rule)| rule.severity == Severity::Warning).collect();
    html! {
        section aria-labelledby="warnings" {
            h2 #warnings { "Warnings" }
            @if warnings.is_empty() {
                p { "There are none." }
            } @else {
                p { "These rows were accepted. Values that a fixed rule replaced (" code { "defaulted" } ") are nearly always a mistake in the source." }
                div.wide { table.stack {
                    thead { tr {
                        th scope="col" { "Code" } th scope="col" { "Column" } th scope="col" { "Entity" }
                        th.n scope="col" { "Rows" } th scope="col" { "Most frequent values" }
                    } }
                    tbody { @for &(entity, rule) in warnings.iter().take(WARNINGS) { (warning(page, entity, rule)) } }
                } }
                @if warnings.len() > WARNINGS { p.dim { "The first " (WARNINGS) " of " (grouped(warnings.len() as u64)) "." } }
            }
        }
    }
}

fn warning(page: &Page<'_>, entity: usize, rule: &RuleTally) -> Markup {
    let names = &page.context.entities[entity];
    let (distinct, more) = rule.values.distinct();
    html! {
        tr {
            th scope="row" { code { (rule.code.as_str()) } div.dim { (rule.code.explanation().what) } }
            td { @if let Some(column) = &rule.column { span.v { (text::value(column, CHARS)) } } }
            td { (text::value(&names.name, 40)) }
            td.n data-l="Rows" { (grouped(rule.rows)) }
            td.w {
                @for value in rule.values.top(VALUES) {
                    @if let (Some(sample), false) = (rule.samples.first(), value.text.is_empty()) {
                        div { span.v { (text::value(&page.context.shown(names, sample, &value.text), CHARS)) } " " span.dim { "× " (grouped(value.rows)) } }
                    }
                }
                @if distinct > VALUES {
                    div.dim { "of " @if more { "more than " } (grouped(distinct as u64)) " distinct values" }
                }
            }
        }
    }
}
