//! The page's head: the result in one sentence, the run's identity, links to the sections.

use maud::{Markup, html};

use super::super::context::{Outcome, Status};
use super::super::number::{count, grouped, time};
use super::{Page, text};

/// The result in a few words, for the window's title.
pub(super) fn short(page: &Page<'_>) -> String {
    let (accepted, read) = (page.outcome.sum(|c| c.accepted), page.outcome.sum(|c| c.read));
    format!("{} of {} accepted", grouped(accepted), count(read, "row"))
}

/// The result in one sentence.
pub(super) fn sentence(page: &Page<'_>) -> String {
    let outcome = page.outcome;
    let [read, accepted, rejected] = [
        outcome.sum(|counts| counts.read),
        outcome.sum(|counts| counts.accepted),
        outcome.sum(|counts| counts.rejected),
    ];
    let result = |done: &str| match (read, rest(outcome)) {
        (0, _) => "No rows were read: the files have a header and nothing else.".to_owned(),
        (1, rest) if rest.is_empty() => {
            format!("The one row that was read {}.", done.replacen("are", "is", 1))
        }
        (_, rest) if rest.is_empty() => format!("All {} rows {done}.", grouped(read)),
        (_, rest) if accepted == 0 => format!("None of {} {done}; {rest}.", count(read, "row")),
        (_, rest) => format!("{} of {} {done}; {rest}.", grouped(accepted), count(read, "row")),
    };
    match outcome.status {
        Status::Checked => result("can be imported"),
        Status::Planned => result("would be imported (dry run, rolled back)"),
        Status::Refused if page.context.refuses_unknown && page.context.loses_columns() => {
            "Refused: columns are not imported. The target is as it was before.".to_owned()
        }
        Status::Refused if rejected == 0 => {
            "Refused because of what it would have changed. The target is as it was before.".to_owned()
        }
        Status::Refused => format!(
            "Refused: {} of {} are rejected, more than --max-rejects allows. The target is as it was before.",
            grouped(rejected),
            count(read, "row")
        ),
        Status::Failed => "The run failed. The target is as it was before.".to_owned(),
        Status::Interrupted => "The run was interrupted. The target is as it was before.".to_owned(),
        Status::Committed if accepted == 0 && read > 0 => {
            format!("Nothing was written: of {}, {}.", count(read, "row"), rest(outcome))
        }
        Status::Committed => result("are in the database"),
        Status::Undone => "The run was undone: what it changed is as it was before.".to_owned(),
    }
}

/// What became of the rows that were not accepted; empty where all were.
fn rest(outcome: &Outcome) -> String {
    let (rejected, duplicates) = (outcome.sum(|c| c.rejected), outcome.sum(|c| c.duplicates));
    let were = if rejected == 1 { "was" } else { "were" };
    let rejected = (rejected > 0).then(|| format!("{} {were} rejected", grouped(rejected)));
    let duplicates = (duplicates > 0).then(|| format!("{} skipped as duplicates", grouped(duplicates)));
    [rejected, duplicates].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

pub(super) fn head(page: &Page<'_>) -> Markup {
    let (context, outcome) = (page.context, page.outcome);
    let spent = outcome.finished.duration_since(context.started).unsigned_abs();
    html! {
        header {
            div class={ "verdict " (tone(page)) } { h1 { (sentence(page)) } }
            dl.head {
                dt { "Run" } dd { code { (text::plain(context.run.as_str())) } }
                dt { "Command" } dd { "muster " (context.command) ", " (outcome.status.as_str()) }
                dt { "Started" } dd { (format!("{:.0}", context.started)) ", took " (time(spent)) }
                @if let Some(target) = &context.target { dt { "Target" } dd { (text::plain(target)) } }
                @if let Some(config) = &context.config { dt { "Settings" } dd { (text::plain(&config.path)) ", " code { (config.sha256.chars().take(12).collect::<String>()) } } }
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
    let mut sections = vec![("counts", "Counts"), ("first", "Fix first")];
    if page.context.loses_columns() {
        sections.insert(0, ("lost", "Columns not imported"));
    }
    if page.against.is_some() {
        sections.push(("against", "Compared with the earlier run"));
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

/// The colour of the result.
fn tone(page: &Page<'_>) -> &'static str {
    match page.outcome.status {
        Status::Refused | Status::Failed | Status::Interrupted => "bad",
        _ if page.outcome.sum(|counts| counts.rejected + counts.duplicates) > 0 => "mixed",
        _ if page.context.loses_columns() => "mixed",
        _ => "good",
    }
}
