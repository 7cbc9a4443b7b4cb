//! Samples of each rule with their source line, the bad cell marked and the suggestion beside it; and
//! duplicates with the record that was kept.

use maud::{Markup, html};

use crate::record::{Finding, Level, Severity};

use super::super::cells::cells;
use super::super::context::Entity;
use super::super::mask::mask;
use super::super::number::{count, grouped};
use super::super::tally::RuleTally;
use super::{Page, text};
use crate::settings::ShownValues;

/// How many characters of the bad value, of its neighbours, and of a line that has no cells are shown.
const VALUE: usize = 160;
const NEIGHBOUR: usize = 40;
const LINE: usize = 300;
/// How many cells are shown on each side of the bad one.
const AROUND: usize = 4;
/// How many rules are open at first.
const OPEN: usize = 3;

/// The samples of as many rules as fit in `budget` bytes.
pub(super) fn section(page: &Page<'_>, budget: usize) -> Markup {
    let mut rules: Vec<_> = page.tally.all_rules().into_iter().enumerate().collect();
    rules.retain(|(_, (_, rule))| !rule.samples.is_empty() && rule.severity != Severity::Duplicate);
    let mut shown = Vec::new();
    let mut used = 0;
    for &(number, (entity, rule)) in &rules {
        let markup = of_rule(page, number, entity, rule, shown.len() < OPEN);
        used += markup.0.len();
        if used > budget {
            break;
        }
        shown.push(markup);
    }
    html! {
        section aria-labelledby="samples" {
            h2 #samples { "Samples" }
            @if rules.is_empty() { p { "There are none." } }
            @for markup in &shown { (markup) }
            @if shown.len() < rules.len() {
                p.dim { "Samples of " (shown.len()) " of " (grouped(rules.len() as u64)) " rules; rejects.csv lists every finding." }
            }
        }
    }
}

fn of_rule(page: &Page<'_>, number: usize, entity: usize, rule: &RuleTally, open: bool) -> Markup {
    let names = &page.context.entities[entity];
    let explanation = rule.code.explanation();
    html! {
        details id={ "rule-" (number) } open[open] {
            summary {
                code { (rule.code.as_str()) }
                @if let Some(column) = &rule.column { " in " span.v { (text::value(column, 60)) } }
                " " span.dim { (text::value(&names.name, 40)) ", " (count(rule.rows, "row")) ", " (rule.severity.as_str()) }
            }
            p { (explanation.what) " " (explanation.why) " " strong { (explanation.fix) } }
            @for finding in &rule.samples { (sample(page, entity, names, finding)) }
            @if rule.rows > rule.samples.len() as u64 {
                p.dim { "The first " (rule.samples.len()) " of " (grouped(rule.rows)) "." }
            }
        }
    }
}

fn sample(page: &Page<'_>, entity: usize, names: &Entity, finding: &Finding) -> Markup {
    let location = &finding.location;
    let hidden = page.context.hides(names, finding);
    html! {
        div.sample {
            p {
                span.v { (text::value(names.path(location.file), 120)) }
                @if location.record > 0 { " line " (grouped(location.line_start)) ", record " (grouped(location.record)) }
                ": " (text::value(&finding.message, 300))
            }
            @let line = line(page, entity, names, finding);
            @let marked = line.is_some() && finding.code.level() != Level::Record && finding.column.is_some();
            @if let Some(line) = line { (line) }
            // A value that is marked in the line is not repeated, unless there is more to say.
            @if finding.suggestion.is_some() || hidden || finding.column.is_some() && !marked {
                p {
                    @if finding.value.is_empty() { span.dim { "empty" } }
                    @else { mark.v { (text::value(&page.context.shown(names, finding, &finding.value), VALUE)) } }
                    @if let Some(suggestion) = &finding.suggestion {
                        " → " span.dim { "perhaps " } span."v fix" { (text::value(&page.context.shown(names, finding, suggestion), VALUE)) }
                    }
                    @if hidden { " " span.dim { @if finding.severity == Severity::Reject { "(masked; the rejected file holds it)" } @else { "(masked)" } } }
                }
            }
            @if let (Some(related), true) = (finding.related, finding.severity != Severity::Duplicate) {
                p.dim { "because of " span.v { (text::value(page.context.path(related.entity, related.file), 120)) } " record " (grouped(related.record)) }
            }
        }
    }
}

/// The source line with the bad cell marked. Cells of sensitive columns are masked; a record that cannot be
/// split into cells is not shown if one of them may be sensitive.
fn line(page: &Page<'_>, entity: usize, names: &Entity, finding: &Finding) -> Option<Markup> {
    if finding.location.record == 0 {
        return None;
    }
    let values = page.context.values;
    let source = page.records.text(entity, &finding.location)?;
    let source = source.trim_end_matches(['\r', '\n']);
    if finding.code.level() == Level::Record {
        let may_hold_sensitive =
            values == ShownValues::None || names.fields.iter().any(|field| field.sensitive);
        return Some(if may_hold_sensitive && values != ShownValues::All {
            html! { p.dim { "The line is not shown: it cannot be split into cells, and may hold a sensitive value." } }
        } else {
            html! { pre { mark { (text::value(&page.context.without_ibans(source), LINE)) } } }
        });
    }
    let file = names.files.get(usize::from(finding.location.file))?;
    let cells = cells(source, file.delimiter.chars().next()?);
    // A column that is made of others is not in the record.
    let bad = finding.column.map(usize::from).filter(|bad| *bad < file.header.len());
    let from = bad.unwrap_or(0).saturating_sub(AROUND);
    let to = bad.map_or(2 * AROUND, |bad| bad + AROUND).min(cells.len().saturating_sub(1));
    let shown = |at: usize| {
        let field = file.mapping.get(at).copied().flatten().and_then(|field| names.fields.get(field));
        let masked = match values {
            ShownValues::All => false,
            ShownValues::None => true,
            ShownValues::NotSensitive => {
                field.is_some_and(|field| field.sensitive)
                    || (bad == Some(at) && page.context.hides(names, finding))
            }
        };
        let cell = cells.get(at).copied().unwrap_or_default();
        if masked { mask(cell.trim_matches('"')) } else { page.context.without_ibans(cell).into_owned() }
    };
    Some(html! {
        pre {
            @if from > 0 { "…" (file.delimiter) }
            @for at in from..=to {
                @if at > from { (text::value(&file.delimiter, 1)) }
                @if bad == Some(at) {
                    mark { @let cell = shown(at); @if cell.is_empty() { "\u{2009}" } @else { (text::value(&cell, VALUE)) } }
                } @else {
                    (text::value(&shown(at), NEIGHBOUR))
                }
            }
            @if to + 1 < cells.len() { (file.delimiter) "…" }
        }
    })
}

/// Duplicates in groups: the kept record, and the first of the skipped ones.
pub(super) fn duplicates(page: &Page<'_>) -> Markup {
    let groups = page.tally.groups();
    let total = page.outcome.sum(|counts| counts.duplicates);
    let listed: u64 = groups.iter().map(|group| group.count).sum();
    html! {
        section aria-labelledby="duplicates" {
            h2 #duplicates { "Duplicates" }
            @if groups.is_empty() {
                p { "No row was skipped as a duplicate." }
            } @else {
                div.wide { table.stack {
                    caption { "The record that was kept, and those that were skipped as its duplicates." }
                    thead { tr { th scope="col" { "Kept" } th scope="col" { "Shared value" } th.n scope="col" { "Skipped" } th scope="col" { "Skipped records" } } }
                    tbody { @for group in groups {
                        @let names = &page.context.entities[group.entity];
                        tr {
                            th scope="row" {
                                span.v { (text::value(page.context.path(group.kept.entity, group.kept.file), 80)) }
                                " record " (grouped(group.kept.record))
                            }
                            td data-l="Shared value" {
                                @if let Some(skipped) = group.skipped.first() {
                                    @if let Some(column) = names.column(skipped) { span.dim { (text::value(column, 60)) " " } }
                                    span.v { (text::value(&page.context.shown(names, skipped, &skipped.value), 60)) }
                                }
                            }
                            td.n data-l="Skipped" { (grouped(group.count)) }
                            td data-l="Skipped records" {
                                @for (at, skipped) in group.skipped.iter().enumerate() {
                                    @if at > 0 { ", " }
                                    @if names.files.len() > 1 { span.v { (text::value(names.path(skipped.location.file), 40)) } " " }
                                    (grouped(skipped.location.record)) " (line " (grouped(skipped.location.line_start)) ")"
                                }
                                @if group.count > group.skipped.len() as u64 { " and " (grouped(group.count - group.skipped.len() as u64)) " more" }
                            }
                        }
                    } }
                } }
                @if total > listed {
                    p.dim { "The first " (groups.len()) " kept records with " (grouped(listed)) " of " (grouped(total)) " duplicates; the files " code { "*.duplicates.csv" } " hold all of them." }
                }
            }
        }
    }
}
