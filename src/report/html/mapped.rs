//! The words that were replaced as `muster.toml` says, with the number of their rows.

use maud::{Markup, html};

use super::super::number::grouped;
use super::{Page, text};

/// How many words are listed.
const LISTED: usize = 300;
/// How many characters of a name or a word are shown.
const CHARS: usize = 60;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let entities = page.context.given();
    let all: Vec<_> =
        entities.flat_map(|(_, entity)| entity.mapped.iter().map(move |word| (entity, word))).collect();
    html! {
        @if !all.is_empty() {
            section aria-labelledby="mapped" {
                h2 #mapped { "Replaced as muster.toml says" }
                div.wide { table {
                    thead { tr {
                        th scope="col" { "Entity" } th scope="col" { "Column" } th scope="col" { "Word" }
                        th scope="col" { "Becomes" } th.n scope="col" { "Rows" }
                    } }
                    tbody { @for (entity, word) in all.iter().take(LISTED) { tr {
                        td { (text::value(&entity.name, CHARS)) }
                        td { span.v { (text::value(&word.column, CHARS)) } }
                        td { span.v { (text::value(&word.from, CHARS)) } }
                        td { @match &word.to {
                            Some(to) => span.v { (text::value(to, CHARS)) },
                            None => span.dim { "nothing" },
                        } }
                        td.n { (grouped(word.rows)) }
                    } } }
                } }
                @if all.len() > LISTED { p.dim { "The first " (LISTED) " of " (all.len()) " words; summary.json lists all." } }
            }
        }
    }
}
