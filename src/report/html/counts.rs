//! The counts, a bar for each entity: rows read = accepted + duplicates + rejected.

use maud::{Markup, html};

use super::super::context::{Counts, Status};
use super::super::number::{count, grouped, share};
use super::{Page, text};

/// The bar's width in the drawing's units.
const WIDTH: f64 = 1000.0;

/// What became of an entity's rows: name and number. The name is also the class of its part of the bar.
fn parts(counts: &Counts, loaded: bool) -> Vec<(&'static str, u64)> {
    let mut parts = if loaded {
        let mut parts =
            vec![("inserted", counts.inserted), ("updated", counts.updated), ("unchanged", counts.unchanged)];
        if counts.deleted > 0 {
            parts.push(("deleted", counts.deleted));
        }
        parts
    } else {
        vec![("accepted", counts.accepted)]
    };
    parts.extend([("duplicates", counts.duplicates), ("rejected", counts.rejected)]);
    parts
}

pub(super) fn section(page: &Page<'_>) -> Markup {
    let loaded = matches!(page.outcome.status, Status::Committed | Status::Planned);
    html! {
        section aria-labelledby="counts" {
            h2 #counts { "All rows read" }
            @for (at, entity) in page.context.given() {
                @let counts = &page.outcome.counts[at];
                @let parts = parts(counts, loaded);
                @let words: Vec<_> = parts.iter().map(|(name, number)| format!("{} {name}", grouped(*number))).collect();
                h3 { (text::value(&entity.name, 60)) ": " (count(counts.read, "row")) " read" }
                svg.bar viewBox="0 0 1000 24" preserveAspectRatio="none" role="img"
                    aria-label={ (grouped(counts.read)) " read = " (words.join(" + ")) } {
                    rect.track width="1000" height="24" {}
                    @for (class, x, width) in spans(&parts, counts.read) {
                        rect class=(class) x=(format!("{x:.1}")) width=(format!("{width:.1}")) height="24" {}
                    }
                }
                ul.legend {
                    @for (name, number) in &parts {
                        li { span class={ "key " (name) } {} (grouped(*number)) " " (name) " " span.dim { (share(*number, counts.read)) } }
                    }
                    @if counts.warnings > 0 { li.dim { "and " (count(counts.warnings, "warning")) } }
                    @if counts.blank > 0 { li.dim { (count(counts.blank, "blank line")) " skipped" } }
                    @if counts.unguarded > 0 { li.dim { (count(counts.unguarded, "guard")) " against formulas removed" } }
                }
            }
        }
    }
}

/// Where each part lies in the bar. A part that is not empty is wide enough to be seen.
fn spans(parts: &[(&'static str, u64)], read: u64) -> Vec<(&'static str, f64, f64)> {
    let whole = parts.iter().map(|(_, number)| number).sum::<u64>().max(read).max(1);
    let least = 4.0;
    let widths = parts.iter().map(|&(_, number)| match number {
        0 => 0.0,
        number => (WIDTH * number as f64 / whole as f64).max(least),
    });
    let widths: Vec<f64> = widths.collect();
    let scale = WIDTH / widths.iter().sum::<f64>().max(WIDTH);
    let mut x = 0.0;
    let mut spans = Vec::new();
    for ((class, _), width) in parts.iter().zip(widths).filter(|(_, width)| *width > 0.0) {
        spans.push((*class, x, width * scale));
        x += width * scale;
    }
    spans
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_full_and_small_parts_are_still_seen() {
        let counts = Counts { read: 1_000_000, accepted: 999_999, rejected: 1, ..Counts::default() };
        let spans = spans(&parts(&counts, false), counts.read);
        assert_eq!(spans.iter().map(|span| span.0).collect::<Vec<_>>(), ["accepted", "rejected"]);
        assert!(spans[1].2 > 3.9);
        assert!((spans[1].1 + spans[1].2 - WIDTH).abs() < 0.01);
    }
}
