//! The input files: what is known about each, and which column was read as which field.

use maud::{Markup, html};

use super::super::context::{Entity, File};
use super::super::number::{bytes, grouped};
use super::{Page, text};

/// How many files, and how many columns of each, are listed.
const FILES: usize = 30;
const COLUMNS: usize = 150;
/// How many characters of a name are shown.
const CHARS: usize = 60;

pub(super) fn section(page: &Page<'_>) -> Markup {
    let entities = page.context.given();
    let files: Vec<_> =
        entities.flat_map(|(_, entity)| entity.files.iter().map(move |file| (entity, file))).collect();
    html! {
        section aria-labelledby="files" {
            h2 #files { "Files and headers" }
            @for (entity, file) in files.iter().take(FILES) { (one(entity, file)) }
            @if files.len() > FILES { p.dim { "The first " (FILES) " of " (grouped(files.len() as u64)) " files; summary.json lists all." } }
        }
    }
}

fn one(entity: &Entity, file: &File) -> Markup {
    let ignored = file.mapping.iter().filter(|field| field.is_none()).count();
    let missing: Vec<_> = entity
        .fields
        .iter()
        .enumerate()
        .filter(|(index, _)| !file.mapping.contains(&Some(*index)))
        .map(|(_, field)| field.name.as_str())
        .collect();
    html! {
        h3 { span.v { (text::value(&file.path, 120)) } " " span.dim { "as " (text::value(&entity.name, 40)) } }
        p {
            (bytes(file.bytes)) ", " (file.encoding)
            @if file.format == "ndjson" { ", NDJSON, " } @else if file.format == "parquet" { ", Parquet, " }
            @else { ", delimiter " (delimiter(&file.delimiter)) ", " }
            (file.header.len()) " columns" @if ignored > 0 { ", " (ignored) " of them ignored" }
            @if file.records == Some(0) { ", a header and no rows" }
            br;
            span.dim { "SHA-256 " code.v { (file.sha256) } }
        }
        details {
            summary { "Which column is which field" }
            div.wide { table {
                thead { tr { th scope="col" { "Column of the file" } th scope="col" { "Field" } } }
                tbody { @for (at, name) in file.header.iter().enumerate().take(COLUMNS) {
                    @let field = file.mapping.get(at).copied().flatten().and_then(|field| entity.fields.get(field));
                    tr {
                        th scope="row" { span.v { (text::value(name, CHARS)) } }
                        td { @match field {
                            Some(field) => {
                                @if field.name == *name { "the same" } @else { span.v { (text::value(&field.name, CHARS)) } }
                                @if field.sensitive { span.dim { " (sensitive: masked)" } }
                            }
                            None => span.dim { "ignored" },
                        } }
                    }
                } }
            } }
            @if file.header.len() > COLUMNS { p.dim { "The first " (COLUMNS) " of " (file.header.len()) " columns." } }
            @if !missing.is_empty() {
                p { "Fields that the file has no column for: "
                    @for (at, name) in missing.iter().enumerate().take(COLUMNS) { @if at > 0 { ", " } span.v { (text::value(name, CHARS)) } }
                    ". They take their default on insert and stay as they are on update." }
            }
        }
    }
}

/// A delimiter by name if its sign is hard to see.
fn delimiter(sign: &str) -> Markup {
    let name = match sign {
        "," => "comma",
        ";" => "semicolon",
        "\t" => return html! { "tab" },
        "|" => "bar",
        _ => return html! { code { (text::value(sign, 4)) } },
    };
    html! { (name) " (" code { (sign) } ")" }
}
