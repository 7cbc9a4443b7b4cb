//! The columns that are not imported, although they are filled and nobody said to ignore them.

use maud::{Markup, html};

use crate::output::visible::fitted;

use super::super::context::File;
use super::{Page, text};

/// How many names are listed, over all files.
const NAMES: usize = 4000;
/// How many files are listed.
const FILES: usize = 100;
/// How many characters of a name are shown.
const CHARS: usize = 60;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let files = page.context.given().flat_map(|(_, entity)| &entity.files);
    let files: Vec<&File> = files.filter(|file| !file.not_imported.is_empty()).collect();
    let each = NAMES / files.len().clamp(1, FILES);
    html! {
        @if !files.is_empty() {
            section aria-labelledby="lost" {
                h2 #lost { "Columns that are not imported" }
                @for file in files.iter().take(FILES) { (one(file, each)) }
                @if files.len() > FILES { p.dim { "The first " (FILES) " of " (files.len()) " files; summary.json lists all." } }
                p { "They hold data, and nobody has decided about them. Map each to its field ("
                    code { "--map HEADER=FIELD" } "), or ignore it: in the schema, in muster.toml, or all of them with "
                    code { "--unknown-columns ignore" } "."
                }
            }
        }
    }
}

fn one(file: &File, names: usize) -> Markup {
    let lost: Vec<String> =
        file.not_imported.iter().take(names).map(|lost| fitted(&lost.column, CHARS)).collect();
    let sentence = format!("{}: {}", file.lost(), lost.join(", "));
    html! {
        p { span.v { (text::value(&file.path, 120)) } ": " (text::value(&sentence, sentence.len()))
            @if file.not_imported.len() > names { " and " (file.not_imported.len() - names) " more; summary.json lists all" }
        }
    }
}
