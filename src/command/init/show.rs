//! What `muster init` proposes, as a table for people and as JSON for programs.

use serde_json::{Value, json};

use crate::init::{Level, Proposal, Proposed, Said, Use};
use crate::report::mask::mask;
use crate::report::number::{count, share};
use crate::report::table::{Table, room};
use crate::schema::Schema;
use crate::width::wrapped;

/// A file: what it is, its columns, and what a person must decide.
pub(super) fn table(proposal: &Proposal, schema: &Schema, show_values: bool) -> String {
    let entity = &schema.entities[proposal.entity];
    let sure = if proposal.entity_is_sure { "" } else { " (not sure)" };
    let records = count(proposal.records, "record");
    let broken = match proposal.broken {
        0 => String::new(),
        broken => format!(", {broken} of them cannot be read"),
    };
    let mut text = format!("{}: {}{sure}, {records}{broken}\n\n", proposal.file, entity.name);
    let names = ["column", "field", "header", "accepts", "", "values"];
    let mut table = Table::new(names, 0);
    for one in proposal.columns.iter().filter(|one| one.is_named || one.filled > 0) {
        let shown =
            if one.used == Use::Nothing { "-".to_owned() } else { proposal.name_of(&one.used, schema) };
        let level = if one.used == Use::Nothing { "" } else { one.level.name() };
        table.add([
            Some(one.header.clone()),
            Some(shown),
            Some(said(one.said).to_owned()),
            accepted(one),
            Some(level.to_owned()),
            Some(samples(one, proposal, schema, show_values).join(", ")),
        ]);
    }
    text.push_str(&table.fitted(room(), &[1, 2, 3, 4, 5]).0);
    text.push_str(&open(proposal, schema));
    text.push('\n');
    text
}

/// What a person must decide, a line each.
fn open(proposal: &Proposal, schema: &Schema) -> String {
    let entity = &schema.entities[proposal.entity];
    let mut lines = Vec::new();
    for one in proposal.columns.iter().filter(|one| one.is_open()) {
        let what = match (&one.why, one.used == Use::Nothing) {
            _ if !one.open.is_empty() => format!("what do {} mean?", one.open.join(", ")),
            (Some(why), true) => why.clone(),
            (None, _) => "no field seems to fit; ignore it?".to_owned(),
            (Some(why), false) => format!("{}? {why}", proposal.name_of(&one.used, schema)),
        };
        lines.push(format!("{}: {what}", one.header));
    }
    let named = |columns: &[usize]| {
        columns.iter().map(|at| proposal.columns[*at].header.as_str()).collect::<Vec<_>>().join(", ")
    };
    if !proposal.zoneless.is_empty() {
        lines.push(format!("{}: which time zone?", named(&proposal.zoneless)));
    }
    if !proposal.undecided.is_empty() {
        lines.push(format!("{}: day or month first, comma or point?", named(&proposal.undecided)));
    }
    for missing in &proposal.missing {
        lines.push(format!("{} is required, and no column seems to be it", entity.fields[*missing].name));
    }
    if lines.is_empty() {
        return String::new();
    }
    let mut text = "\nNot decided:\n".to_owned();
    for line in lines {
        for (at, part) in wrapped(&line, room().saturating_sub(4).max(20)).iter().enumerate() {
            text.push_str(if at == 0 { "  " } else { "    " });
            text.push_str(part);
            text.push('\n');
        }
    }
    text
}

/// What to do next.
pub(super) fn next(proposals: &[Proposal], file: &str) -> String {
    if proposals.iter().any(Proposal::is_open) {
        format!("{file} is written. What is not decided is in it as comments. Next: muster check\n")
    } else {
        format!("{file} is written. Next: muster check\n")
    }
}

fn said(said: Said) -> &'static str {
    match said {
        Said::Nothing => "-",
        Said::Partly => "partly",
        Said::Fully => "yes",
        Said::Exactly => "exactly",
    }
}

fn accepted(one: &Proposed) -> Option<String> {
    let is_judged = !matches!(one.used, Use::Nothing | Use::Ignore) && one.judged > 0;
    is_judged.then(|| share(one.accepted, one.judged))
}

fn samples(one: &Proposed, proposal: &Proposal, schema: &Schema, show_values: bool) -> Vec<String> {
    let fields = &schema.entities[proposal.entity].fields;
    let is_sensitive = match one.used {
        Use::Field(field) => fields[field].sensitive,
        _ => false,
    };
    let masks = !show_values && (is_sensitive || one.is_secret);
    one.samples.iter().map(|value| if masks { mask(value) } else { value.clone() }).collect()
}

/// All proposals for programs.
pub(super) fn json(proposals: &[Proposal], schema: &Schema, show_values: bool) -> Value {
    let file = |proposal: &Proposal| {
        let entity = &schema.entities[proposal.entity];
        let columns = proposal.columns.iter().map(|one| {
            let fields: Vec<&str> = match &one.used {
                Use::Nothing | Use::Ignore => Vec::new(),
                Use::Field(field) | Use::Join { field, .. } => vec![&entity.fields[*field].name],
                Use::Split { first, others } => {
                    vec![&entity.fields[*first].name, &entity.fields[*others].name]
                }
            };
            json!({
                "column": one.header,
                "fields": fields,
                "sure": if one.used == Use::Nothing { Level::Unsure.name() } else { one.level.name() },
                "header": said(one.said),
                "values": one.fits,
                "why": one.why,
                "filled": one.filled,
                "judged": one.judged,
                "accepted": one.accepted,
                "samples": samples(one, proposal, schema, show_values),
                "meanings": one.values.iter().map(|(from, to)| json!({ "from": from, "to": to })).collect::<Vec<_>>(),
                "unknown_values": one.open.len(),
            })
        });
        json!({
            "file": proposal.file,
            "entity": entity.name,
            "entity_sure": proposal.entity_is_sure,
            "records": proposal.records,
            "broken": proposal.broken,
            "null": proposal.nulls,
            "columns": columns.collect::<Vec<_>>(),
            "missing": proposal.missing.iter().map(|field| &entity.fields[*field].name).collect::<Vec<_>>(),
        })
    };
    json!({ "files": proposals.iter().map(file).collect::<Vec<_>>() })
}
