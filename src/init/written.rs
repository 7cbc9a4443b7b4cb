//! The text of `muster.toml`: what is decided as lines, what is not as comments.

use crate::rule::date::DayMonth;
use crate::rule::number::Mark;
use crate::schema::Schema;
use crate::settings::Decision;
use crate::source::{Encoding, FileFormat};

use super::globs::globs;
use super::proposal::{Level, Making, Proposal, Proposed, Use};

const ABOUT: &str = "\
# How these files say what the schema wants, as muster init proposes it. `muster check` and `muster import` use it.
# A comment before a column is a question: change it, and remove the `#`.
";

/// A header on one of so many lines is found by its names.
const FOUND_AMONG: u64 = 10;

/// What is written above the sources.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Head<'h> {
    /// The folder of the schemas; `None` for the built-in ones.
    pub(crate) schemas: Option<&'h str>,
}

/// The whole file.
pub(crate) fn text(head: Head<'_>, proposals: &[Proposal], schema: &Schema) -> String {
    let mut text = ABOUT.to_owned();
    if let Some(folder) = head.schemas {
        text.push_str(&format!("\nschemas = {}\n", quoted(folder)));
    }
    for (files, proposal) in globs(proposals) {
        text.push_str(&source(&files, proposal, schema));
    }
    text
}

fn source(files: &[String], proposal: &Proposal, schema: &Schema) -> String {
    let entity = &schema.entities[proposal.entity];
    let mut text = format!("\n[[source]]\nfiles = {}\n", list(files));
    if proposal.entity_is_sure {
        text.push_str(&format!("entity = {}\n", quoted(&entity.name)));
    } else {
        let others = schema.entities.iter().filter(|other| other.name != entity.name);
        let others: Vec<&str> = others.map(|other| other.name.as_str()).collect();
        let or = if others.is_empty() { String::new() } else { format!("; or {}", others.join(", ")) };
        text.push_str(&format!("# entity = {}   # not sure{or}\n", quoted(&entity.name)));
    }
    let opening = &proposal.opening;
    if opening.format == FileFormat::Csv {
        if opening.encoding != Encoding::Utf8 {
            text.push_str(&format!("encoding = {}\n", quoted(&opening.encoding.name())));
        }
        text.push_str(&format!("delimiter = {}\n", quoted(&char::from(opening.delimiter).to_string())));
        if opening.header_line > FOUND_AMONG {
            text.push_str(&format!("header = {}\n", opening.header_line));
        }
    }
    if !proposal.nulls.is_empty() {
        text.push_str(&format!("null = {}\n", list(&proposal.nulls)));
    }
    text.push_str(&read_as(proposal));
    text.push_str(&columns(proposal, schema));
    text.push_str(&fields(proposal, schema));
    for missing in &proposal.missing {
        let name = &entity.fields[*missing].name;
        text.push_str(&format!("# {} is required, and no column seems to be it\n", quoted(name)));
    }
    text
}

/// How dates, times and numbers are read.
fn read_as(proposal: &Proposal) -> String {
    let mut text = String::new();
    let named = |columns: &[usize]| {
        let names: Vec<&str> = columns.iter().map(|at| proposal.columns[*at].header.as_str()).collect();
        quoted(&names.join(", "))
    };
    if !proposal.zoneless.is_empty() {
        text.push_str(&format!(
            "# time_zone = \"Europe/Amsterdam\"   # which zone? The times of {} have none\n",
            named(&proposal.zoneless)
        ));
    }
    for decision in &proposal.decisions {
        text.push_str(match decision {
            Decision::Order(DayMonth::DayFirst) => "date = \"day-first\"\n",
            Decision::Order(DayMonth::MonthFirst) => "date = \"month-first\"\n",
            Decision::Mark(Mark::Comma) => "decimal = \"comma\"\n",
            Decision::Mark(Mark::Point) => "decimal = \"point\"\n",
        });
    }
    if !proposal.undecided.is_empty() {
        let named = named(&proposal.undecided);
        text.push_str(&format!(
            "# some cells of {named} can only be read in one way, and others in the other\n"
        ));
    }
    text
}

fn columns(proposal: &Proposal, schema: &Schema) -> String {
    let mut text = "\n[source.columns]\n".to_owned();
    for (at, one) in proposal.columns.iter().enumerate() {
        if let Some(line) = column(at, one, proposal, schema) {
            text.push_str(&line);
        }
    }
    text
}

/// The line of a column; `None` if the fields below name it.
fn column(at: usize, one: &Proposed, proposal: &Proposal, schema: &Schema) -> Option<String> {
    let header = quoted(&one.header);
    let why = one.why.as_deref().map(single_line);
    let entity = &schema.entities[proposal.entity];
    if one.used == Use::Nothing {
        let why = why.unwrap_or_else(|| "no field seems to fit".to_owned());
        return Some(match one.filled {
            0 if !one.is_named => String::new(),
            0 => format!("# {header} has no values\n"),
            _ => format!("# {header} = {{ ignore = true }}   # {why}\n"),
        });
    }
    if one.used == Use::Ignore {
        return Some(format!("{header} = {{ ignore = true }}\n"));
    }
    let Use::Field(field) = one.used else {
        let what = single_line(&proposal.name_of(&one.used, schema));
        return (!one.is_taken()).then(|| {
            format!("# {header} = {{ ignore = true }}   # or {what}: {}\n", why.unwrap_or_default())
        });
    };
    let name = quoted(&entity.fields[field].name);
    if !one.is_taken() {
        return Some(format!("# {header} = {name}   # {}\n", why.unwrap_or_default()));
    }
    if proposal.made.iter().any(|(made, making)| *made == field && making.uses(at)) {
        let own = (!one.nulls.is_empty()).then(|| format!("{header} = {{ null = {} }}\n", list(&one.nulls)));
        return own.or_else(|| open_values(one));
    }
    let mut parts = vec![format!("field = {name}")];
    if !one.nulls.is_empty() {
        parts.push(format!("null = {}", list(&one.nulls)));
    }
    if !one.values.is_empty() {
        let pairs = one.values.iter().map(|(from, to)| format!("{} = {}", quoted(from), quoted(to)));
        parts.push(format!("values = {{ {} }}", pairs.collect::<Vec<_>>().join(", ")));
    }
    let value = if parts.len() == 1 { name } else { format!("{{ {} }}", parts.join(", ")) };
    let note = match (one.level, why) {
        (Level::Probable, Some(why)) => format!("   # probably: {why}"),
        (Level::Probable, None) => "   # probably".to_owned(),
        _ => String::new(),
    };
    Some(format!("{header} = {value}{note}\n{}", open_values(one).unwrap_or_default()))
}

/// Names the values that have no meaning.
fn open_values(one: &Proposed) -> Option<String> {
    const SHOWN: usize = 10;
    if one.open.is_empty() {
        return None;
    }
    let shown: Vec<String> = one.open.iter().take(SHOWN).map(|value| quoted(value)).collect();
    let more = match one.open.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("# {}: what do {}{more} mean? Add them to values\n", quoted(&one.header), shown.join(", ")))
}

fn fields(proposal: &Proposal, schema: &Schema) -> String {
    if proposal.made.is_empty() {
        return String::new();
    }
    let entity = &schema.entities[proposal.entity];
    let header = |column: &usize| quoted(&proposal.columns[*column].header);
    let all = |columns: &[usize]| columns.iter().map(header).collect::<Vec<_>>().join(", ");
    let mut text = "\n[source.fields]\n".to_owned();
    for (field, making) in &proposal.made {
        let value = match making {
            Making::Join(columns) => format!("{{ join = [{}], with = \" \" }}", all(columns)),
            Making::FirstOf(choices) => {
                let each = choices.iter().map(|columns| match columns.as_slice() {
                    [one] => header(one),
                    several => format!("[{}]", all(several)),
                });
                format!("{{ first_of = [{}] }}", each.collect::<Vec<_>>().join(", "))
            }
            Making::FirstWord(column) => format!("{{ part = \"first-word\", of = {} }}", header(column)),
            Making::OtherWords(column) => format!("{{ part = \"other-words\", of = {} }}", header(column)),
        };
        text.push_str(&format!("{} = {value}\n", quoted(&entity.fields[*field].name)));
    }
    text
}

impl Making {
    /// Whether a column is a part of it.
    pub(crate) fn uses(&self, column: usize) -> bool {
        match self {
            Self::Join(columns) => columns.contains(&column),
            Self::FirstOf(choices) => choices.iter().any(|columns| columns.contains(&column)),
            Self::FirstWord(own) | Self::OtherWords(own) => *own == column,
        }
    }
}

fn list(values: &[String]) -> String {
    format!("[{}]", values.iter().map(|value| quoted(value)).collect::<Vec<_>>().join(", "))
}

/// A text as TOML's basic string, on one line.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                out.push_str(&format!("\\u{:04X}", u32::from(c)));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text for a comment.
fn single_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_quoted_so_that_toml_reads_it_again() {
        for text in ["", "a \"b\" \\N", "tab\tline\nend\r", "Zoë 😀 \u{7F}\u{0}\u{85}\u{2028}", "x = 1 # y"]
        {
            let toml = format!("{} = {}", quoted(text), quoted(text));
            let table: toml::Table = toml.parse().unwrap();
            assert_eq!(
                table.iter().next().map(|(key, value)| (key.as_str(), value.as_str())),
                Some((text, Some(text)))
            );
            assert_eq!(toml.lines().count(), 1);
        }
    }
}
