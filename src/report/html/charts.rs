//! Where the rejects are: along each file, which shows a broken stretch, and by column.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

use crate::record::Severity;

use super::super::number::{count, grouped, share};
use super::super::tally::BUCKETS;
use super::{Page, text};

/// How many files are drawn.
const FILES: usize = 20;
/// How many columns of an entity are drawn.
const COLUMNS: usize = 15;
/// The width of a bar and the height of the drawing, in the drawing's units.
const STEP: usize = 10;
const HEIGHT: f64 = 80.0;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let entities = || page.context.given();
    let files: Vec<_> = entities()
        .flat_map(|(index, entity)| entity.files.iter().zip(&page.tally.entity(index).positions))
        .filter(|(_, positions)| positions.iter().any(|&count| count > 0))
        .collect();
    html! {
        section aria-labelledby="where" {
            h2 #where { "Where the rejects are" }
            @if files.is_empty() { p { "Nowhere: nothing was rejected." } }
            @for (file, positions) in files.iter().take(FILES) { (over_file(&file.path, positions)) }
            @if files.len() > FILES { p.dim { "The first " (FILES) " of " (grouped(files.len() as u64)) " files with rejects." } }
            @for (index, entity) in entities() { (over_columns(page, index, &entity.name)) }
        }
    }
}

fn over_file(path: &str, positions: &[u64]) -> Markup {
    let most = positions.iter().copied().max().unwrap_or(1).max(1);
    let rejected: u64 = positions.iter().sum();
    let worst = positions.iter().position(|&count| count == most).unwrap_or(0);
    let percent = |bucket: usize| 100 * bucket / BUCKETS;
    // A stretch is notable if it holds three times what an even spread would put there.
    let place = if most > 3 && most * BUCKETS as u64 > 3 * rejected {
        format!(
            "{} of them ({}) between {} % and {} % of the file",
            grouped(most),
            share(most, rejected),
            percent(worst),
            percent(worst + 1)
        )
    } else {
        "spread over the file".to_owned()
    };
    let mut bars = String::new();
    for (bucket, &number) in positions.iter().enumerate().filter(|(_, number)| **number > 0) {
        let height = (HEIGHT * number as f64 / most as f64).max(2.0);
        let _ = write!(
            bars,
            "<rect class=rejected x={} y={:.1} width={} height={height:.1}><title>{} at {} %</title></rect>",
            bucket * STEP,
            HEIGHT - height,
            STEP - 1,
            count(number, "rejected row"),
            percent(bucket)
        );
    }
    html! {
        div.where {
            h3 { span.v { (text::value(path, 120)) } }
            p { (count(rejected, "rejected row")) ", " (place) "." }
            svg viewBox={ "0 0 " (BUCKETS * STEP) " 80" } preserveAspectRatio="none" role="img"
                aria-label={ "Rejected rows along the file: " (place) } {
                rect.track width=(BUCKETS * STEP) height="80" {}
                (PreEscaped(bars))
            }
            div.ends aria-hidden="true" { span { "first byte" } span { "last byte" } }
        }
    }
}

fn over_columns(page: &Page<'_>, index: usize, name: &str) -> Markup {
    let mut columns: BTreeMap<&str, u64> = BTreeMap::new();
    for rule in page.tally.rules(index).into_iter().filter(|rule| rule.severity == Severity::Reject) {
        *columns.entry(rule.column.as_deref().unwrap_or("whole records")).or_default() += rule.rows;
    }
    let whole: u64 = columns.values().sum();
    let mut columns: Vec<_> = columns.into_iter().collect();
    columns.sort_by_key(|&(_, rows)| std::cmp::Reverse(rows));
    let most = columns.first().map_or(1, |&(_, rows)| rows).max(1);
    html! {
        @if !columns.is_empty() {
            h3 { (text::value(name, 60)) ", by column" }
            @for (column, rows) in columns.iter().take(COLUMNS) {
                div.chart {
                    span.v { (text::value(column, 60)) }
                    svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
                        rect.track width="100" height="10" {}
                        rect.rejected width=(format!("{:.1}", (100.0 * *rows as f64 / most as f64).max(0.5))) height="10" {}
                    }
                    span.n { (grouped(*rows)) " " span.dim { (share(*rows, whole)) } }
                }
            }
            @if columns.len() > COLUMNS { p.dim { "The first " (COLUMNS) " of " (columns.len()) " columns." } }
            p.dim { "Rejections by column; a row with two faults counts twice." }
        }
    }
}
