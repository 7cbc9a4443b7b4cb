//! What to fix first: each cause with the rows that it alone rejects, and the rows that depend on those.

use maud::{Markup, html};

use crate::record::{Code, Severity};

use super::super::number::{count, grouped};
use super::super::tally::{RECORDS, RuleTally};
use super::{Page, text};

/// How many causes are listed.
const LISTED: usize = 25;
/// How many values of one rule can be separate causes.
const VALUES: usize = 25;

/// A value is a separate cause if it is the reason for at least one in this many of its rule's rows.
const NOTABLE: u64 = 20;

/// One thing to fix.
struct Cause<'a> {
    entity: usize,
    rule: &'a RuleTally,
    /// The value as shown, if it is the cause; else the rule as a whole is.
    value: Option<String>,
    /// Some of the rule's values are listed as separate causes.
    others: bool,
    alone: u64,
    knock_on: u64,
}

impl Cause<'_> {
    fn weight(&self) -> u64 {
        self.alone + self.knock_on
    }
}

/// The causes of a rule: each value that is the reason for several rows, and all other values together.
fn causes<'a>(page: &Page<'_>, entity: usize, rule: &'a RuleTally) -> Vec<Cause<'a>> {
    let names = &page.context.entities[entity];
    let (mut alone, mut knock_on) = (rule.alone, rule.knock_on);
    let whole = alone + knock_on;
    let mut causes = Vec::new();
    for value in rule.values.top_by(VALUES, |value| value.alone + value.knock_on) {
        let weight = value.alone + value.knock_on;
        if weight < 2 || weight * NOTABLE < whole || value.text.is_empty() {
            continue;
        }
        alone = alone.saturating_sub(value.alone);
        knock_on = knock_on.saturating_sub(value.knock_on);
        let shown = rule.samples.first().map(|sample| page.context.shown(names, sample, &value.text));
        let shown = shown.map(std::borrow::Cow::into_owned);
        causes.push(Cause {
            entity,
            rule,
            value: shown,
            others: false,
            alone: value.alone,
            knock_on: value.knock_on,
        });
    }
    if alone + knock_on > 0 {
        let others = !causes.is_empty();
        causes.push(Cause { entity, rule, value: None, others, alone, knock_on });
    }
    causes
}

pub(super) fn section(page: &Page<'_>) -> Markup {
    // A row that depends on a rejected one is counted with that one's cause.
    let mut causes: Vec<_> = page
        .tally
        .all_rules()
        .into_iter()
        .filter(|(_, rule)| rule.severity == Severity::Reject && rule.code != Code::AccountRejected)
        .flat_map(|(entity, rule)| causes(page, entity, rule))
        .collect();
    causes.sort_by_key(|cause| std::cmp::Reverse(cause.weight()));
    let left: u64 = causes.iter().skip(LISTED).map(Cause::weight).sum();
    let most = causes.first().map_or(1, Cause::weight).max(1);
    let rejected: u64 = page.tally.entities.iter().map(|entity| entity.rejected).sum();
    let explained: u64 = causes.iter().map(Cause::weight).sum();
    html! {
        section aria-labelledby="first" {
            h2 #first { "What to fix first" }
            @if causes.is_empty() {
                p { @if rejected == 0 { "Nothing was rejected." } @else { "Each rejected row has several causes, so none is listed alone." } }
            } @else {
                div.wide { table.stack.causes {
                    caption { "Rows that are rejected for one cause alone, and rows that depend on those (a user whose account is rejected). Largest first." }
                    thead { tr {
                        th scope="col" { "Cause" } th scope="col" { "Value" } th.n scope="col" { "Rows with this cause alone" }
                        th.n scope="col" { "Dependent rows" } th scope="col" { "Together" } th scope="col" { "How to fix" }
                    } }
                    tbody { @for cause in causes.iter().take(LISTED) { (row(page, cause, most)) } }
                } }
                @if causes.len() > LISTED {
                    p.dim { "The " (LISTED) " largest of " (grouped(causes.len() as u64)) " causes; the others account for " (count(left, "row")) "." }
                }
                @if page.tally.forgot_causes() {
                    p.dim { "Dependent rows are counted for the first " (grouped(RECORDS as u64)) " rejected records that others may depend on." }
                }
                @if explained < rejected {
                    p.dim { (count(rejected - explained, "rejected row")) " of " (grouped(rejected)) " will be accepted only when several causes are fixed." }
                }
            }
        }
    }
}

fn row(page: &Page<'_>, cause: &Cause<'_>, most: u64) -> Markup {
    let width = 100.0 * cause.weight() as f64 / most as f64;
    html! {
        tr {
            th scope="row" {
                code { (cause.rule.code.as_str()) }
                @if let Some(column) = &cause.rule.column { " in " span.v { (text::value(column, 60)) } }
                div.dim { (text::value(&page.context.entities[cause.entity].name, 40)) }
            }
            td.w.none[cause.value.is_none() && !cause.others && is_empty(cause.rule)] {
                @match &cause.value {
                    Some(value) => span.v { (text::value(value, 60)) },
                    None if cause.others => span.dim { "all other values" },
                    None => (distinct(cause.rule)),
                }
            }
            td.n data-l="Alone" { (grouped(cause.alone)) }
            td.n data-l="Dependent" { (grouped(cause.knock_on)) }
            td.lead data-l="Rows" {
                (grouped(cause.weight()))
                svg viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true" {
                    rect.track width="100" height="6" {}
                    rect.rejected width=(format!("{width:.1}")) height="6" {}
                }
            }
            td.w { (cause.rule.code.explanation().fix) }
        }
    }
}

/// How many values a rule has, if it has any.
fn distinct(rule: &RuleTally) -> Markup {
    let (number, more) = rule.values.distinct();
    html! {
        @if is_empty(rule) { span.dim { "–" } }
        @else if more { span.dim { "more than " (count(number as u64, "value")) } }
        @else { span.dim { (count(number as u64, "value")) } }
    }
}

/// Whether a rule has no value but the empty one.
fn is_empty(rule: &RuleTally) -> bool {
    rule.values.distinct().0 == 1 && rule.values.top(1)[0].text.is_empty()
}
