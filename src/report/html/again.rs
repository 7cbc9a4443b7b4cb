//! The section that says how to fix the rejected records and import them again.

use maud::{Markup, html};

use super::super::context::{Returned, ReturnedKind, Status};
use super::super::number::grouped;
use super::super::shell;
use super::{Page, text};

pub(super) fn section(page: &Page<'_>) -> Markup {
    let status = page.outcome.status;
    let corrected = shell::import_corrected(page.context, status, page.folder, page.returned);
    let rejected = page.returned.iter().any(Returned::is_rejected);
    let sources = shell::import_sources(page.context, status);
    html! {
        section aria-labelledby="again" {
            h2 #again { "Fix and import again" }
            @if !page.returned.is_empty() {
                div.wide { table {
                    caption { "Files that go back, in the run's folder. Each begins with its source's header and holds the records as they were read, byte for byte." }
                    thead { tr { th scope="col" { "File" } th scope="col" { "Holds" } th.n scope="col" { "Records" } } }
                    tbody { @for file in page.returned { tr {
                        td { span.v { (text::value(&file.name, 120)) } }
                        td { (held(file.kind)) }
                        td.n { (grouped(file.records)) }
                    } } }
                } }
            }
            @match (&corrected, &sources) {
                (Some(command), _) => {
                    p { "Fix the rejected files in the run's folder, in a text editor or in a spreadsheet that keeps all columns as text, and import them. They hold no accepted rows, and importing a row twice changes nothing." }
                    (copied(command))
                }
                (None, Some(command)) if rejected && status == Status::Refused => {
                    p { "Nothing was written. Fix these rows in your files, then import again:" }
                    (copied(command))
                }
                (None, Some(command)) if rejected => {
                    p { "Nothing was written yet. Fix these rows in your files and check again. Or import the accepted rows now: the rejected ones come back in separate files, to be fixed and imported later:" }
                    (copied(command))
                }
                (None, Some(command)) if status != Status::Refused => { p { "Nothing was rejected. Import the files:" } (copied(command)) }
                (None, _) if rejected => p { "Nothing was written. Fix these rows in your files." },
                (None, _) => p { "Nothing was rejected; there is nothing to fix." },
            }
            p.dim { "What a code means and how to fix the row: " code { "muster explain CODE" } "." }
        }
    }
}

fn held(kind: ReturnedKind) -> &'static str {
    match kind {
        ReturnedKind::Rejected => "rejected records",
        ReturnedKind::Broken => {
            "rejected records with broken quotes or encoding: fix these in a text editor, one line each"
        }
        ReturnedKind::Duplicates => "skipped duplicates",
    }
}

/// A command with a button that copies it.
fn copied(command: &str) -> Markup {
    html! {
        div.copy {
            pre tabindex="0" { (text::plain(command)) }
            button type="button" hidden { "Copy" }
        }
    }
}
