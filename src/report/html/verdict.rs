//! The page's head: the verdict in one sentence, the run's identity, the way to the sections.

use maud::{Markup, html};

use super::super::context::{Counts, Status};
use super::super::number::{count, grouped, time};
use super::{Page, text};

/// The counts of all entities together.
fn total(page: &Page<'_>) -> Counts {
    page.outcome.counts.iter().fold(Counts::default(), |sum, counts| Counts {
        read: sum.read + counts.read,
        accepted: sum.accepted + counts.accepted,
        rejected: sum.rejected + counts.rejected,
        duplicates: sum.duplicates + counts.duplicates,
        ..sum
    })
}

/// The verdict in a few words, for the window's title.
pub(super) fn short(page: &Page<'_>) -> String {
    let total = total(page);
    format!("{} of {} accepted", grouped(total.accepted), count(total.read, "row"))
}

/// The verdict in one sentence.
pub(super) fn sentence(page: &Page<'_>) -> String {
    let total = total(page);
    let whole = |done: &str, all: &str| {
        if total.rejected + total.duplicates == 0 {
            return match total.read {
                0 => "No rows were read: the files have a header and nothing else.".to_owned(),
                1 => format!("The one row that was read {all}."),
                read => format!("All {} rows {all}.", grouped(read)),
            };
        }
        let mut rest = Vec::new();
        if total.rejected > 0 {
            let (were, are) = if total.rejected == 1 { ("was", "is") } else { ("were", "are") };
            rest.push(format!("{} {were} rejected and {are} to be mended", grouped(total.rejected)));
        }
        if total.duplicates > 0 {
            rest.push(format!("{} lost against a duplicate", grouped(total.duplicates)));
        }
        format!("{} of {} {done}; {}.", grouped(total.accepted), count(total.read, "row"), rest.join(", "))
    };
    match page.outcome.status {
        Status::Checked => whole("can be imported", "can be imported"),
        Status::Planned => whole("would be imported (dry run, rolled back)", "would be imported (dry run)"),
        Status::Refused if total.rejected == 0 => {
            "Refused, because of what it would have changed. The target is as it was before.".to_owned()
        }
        Status::Refused => format!(
            "Refused: {} of {} are rejected, more than --max-rejects allows. The target is as it was before.",
            grouped(total.rejected),
            count(total.read, "row")
        ),
        Status::Failed => "The run failed. The target is as it was before.".to_owned(),
        Status::Interrupted => "The run was interrupted. The target is as it was before.".to_owned(),
        Status::Committed => whole("are in the database", "are in the database"),
        Status::Undone => "The run was undone: what it changed is as it was before.".to_owned(),
    }
}

/// The head.
pub(super) fn head(page: &Page<'_>) -> Markup {
    let (context, outcome) = (page.context, page.outcome);
    let spent = outcome.finished.duration_since(context.started).unsigned_abs();
    html! {
        header {
            div class={ "verdict " (tone(page)) } { h1 { (sentence(page)) } }
            dl.head {
                dt { "Run" } dd { code { (text::plain(&context.run)) } }
                dt { "Command" } dd { "muster " (context.command) ", " (outcome.status.as_str()) }
                dt { "Started" } dd { (format!("{:.0}", context.started)) ", took " (time(spent)) }
                @if let Some(target) = &context.target { dt { "Target" } dd { (text::plain(target)) } }
                dt { "Version" } dd { (context.version) ", schema " code { (context.schema_sha256.chars().take(12).collect::<String>()) } }
            }
            nav aria-label="Sections" {
                ul { @for (id, name) in sections(page) { li { a href={ "#" (id) } { (name) } } } }
            }
        }
    }
}

/// The page's sections in their order: name of the place, name for people.
fn sections(page: &Page<'_>) -> Vec<(&'static str, &'static str)> {
    let mut sections = vec![("counts", "Counts"), ("first", "Mend first")];
    if page.against.is_some() {
        sections.push(("against", "Against the earlier run"));
    }
    sections.extend([
        ("rules", "Rules"),
        ("where", "Where"),
        ("samples", "Samples"),
        ("duplicates", "Duplicates"),
        ("warnings", "Warnings"),
        ("files", "Files"),
        ("again", "Import again"),
    ]);
    sections
}

/// How the verdict is marked, for those who look before they read.
fn tone(page: &Page<'_>) -> &'static str {
    let total = total(page);
    match page.outcome.status {
        Status::Refused | Status::Failed | Status::Interrupted => "bad",
        _ if total.rejected + total.duplicates > 0 => "mixed",
        _ => "good",
    }
}
