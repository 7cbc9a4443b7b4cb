//! The proposal for a file: the entity that its columns and values fit best, and all that follows from that.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use crate::rule::Rule;
use crate::rule::iban::Iban;
use crate::schema::{Entity, Field, Schema, header_key};
use crate::settings::Decision;
use crate::source::InputPath;

use super::decide::{Decided, decide};
use super::evidence::Column;
use super::file::{Described, InitError};
use super::fit::{accepts, is_among, nothing};
use super::header::{Header, Named, Said, targets};
use super::judge::{Gap, judge};
use super::proposal::{Level, Making, Proposal, Proposed, Use};
use super::synonyms::Synonyms;
use super::{nulls, values};

/// By how much an entity must fit better than any other.
const CLEARLY: i64 = 300;
/// What a file's name counts.
const NAMED: i64 = 400;
/// What columns of passwords are called.
const PASSWORDS: [&str; 5] = ["password", "wachtwoord", "passwort", "kennwort", "motdepasse"];
/// How many values are shown.
const SAMPLES: usize = 2;

/// What is given to all files.
#[derive(Clone, Copy)]
pub(crate) struct Given<'g> {
    pub(crate) schema: &'g Schema,
    pub(crate) synonyms: &'g Synonyms,
    /// Where streams are copied to.
    pub(crate) spool: &'g Path,
    /// Set to stop.
    pub(crate) cancelled: &'g AtomicBool,
}

/// A file that has been read once; its proposal can be changed before the second reading.
#[derive(Debug)]
pub(crate) struct Draft {
    file: Described,
    pub(crate) proposal: Proposal,
}

/// Reads a file and proposes what it is. `entity` is what somebody said it holds.
/// Errors: the file cannot be read, or is no table.
pub(crate) fn draft(path: &InputPath, entity: Option<usize>, given: Given<'_>) -> Result<Draft, InitError> {
    let Given { schema, synonyms, .. } = given;
    let all: Vec<Vec<Named>> = schema.entities.iter().map(|entity| targets(entity, synonyms)).collect();
    let spelled = |field: &Field| -> Vec<String> {
        std::iter::once(&field.name).chain(&field.aliases).map(|name| header_key(name)).collect()
    };
    let own: HashSet<String> =
        schema.entities.iter().flat_map(|entity| &entity.fields).flat_map(spelled).collect();
    let known = |name: &str| {
        let header = Header::new(name, synonyms);
        let says = |named: &Named| named.hear(&header, None).said >= Said::Fully;
        // Most cells that are looked at are no names.
        own.contains(&header_key(name)) || header.names_something(synonyms) && all.iter().flatten().any(says)
    };
    let file = Described::read(path, given.spool, &known, given.cancelled)?;
    let names: Vec<String> = schema.entities.iter().map(|entity| entity.name.clone()).collect();
    let by_name = synonyms.entity_of(&path.name(), &names);
    let fitting = |index: usize| {
        let rules = &schema.entities[index];
        let (decided, score) = decide(&file.opening.header, &file.columns, rules, synonyms);
        (index, decided, score + if by_name == Some(&rules.name) { NAMED } else { 0 })
    };
    let mut fits: Vec<(usize, Vec<Decided>, i64)> = match entity {
        Some(entity) => vec![fitting(entity)],
        None => (0..names.len()).map(fitting).collect(),
    };
    fits.sort_by_key(|(index, _, score)| (std::cmp::Reverse(*score), *index));
    let second = fits.get(1).map(|(_, _, score)| *score);
    let (entity_index, decided, score) = fits.swap_remove(0);
    let is_clear = score > 0 && second.is_none_or(|second| score - second >= CLEARLY);
    let proposal = Proposal {
        file: path.name(),
        entity: entity_index,
        entity_is_sure: entity.is_some() || is_clear,
        records: file.records,
        broken: file.broken,
        columns: columns(decided, &file),
        opening: file.opening.clone(),
        nulls: Vec::new(),
        decisions: Vec::new(),
        undecided: Vec::new(),
        zoneless: Vec::new(),
        made: Vec::new(),
        missing: Vec::new(),
    };
    Ok(Draft { file, proposal })
}

/// The columns; two with one name cannot be told apart by it.
fn columns(decided: Vec<Decided>, file: &Described) -> Vec<Proposed> {
    let keys: Vec<String> = file.opening.header.iter().map(|name| header_key(name)).collect();
    let mut all: Vec<Proposed> =
        decided.into_iter().enumerate().map(|(at, one)| proposed(at, one, file)).collect();
    for (at, one) in all.iter_mut().enumerate() {
        if keys.iter().enumerate().any(|(other, key)| other != at && *key == keys[at]) {
            one.level = Level::Unsure;
            one.why = Some("another column has the same name".to_owned());
        }
    }
    all
}

fn proposed(at: usize, one: Decided, file: &Described) -> Proposed {
    let Decided { used, mut level, said, fits, mut why } = one;
    let column = &file.columns[at];
    let name = &file.opening.header[at];
    let key = header_key(name);
    let is_password = PASSWORDS.iter().any(|word| key.contains(word));
    if is_password {
        (level, why) =
            (Level::Unsure, Some("it seems to hold passwords, which are never imported".to_owned()));
    }
    Proposed {
        header: if name.is_empty() { format!("column {}", at + 1) } else { name.clone() },
        is_named: !name.is_empty(),
        used,
        level,
        said,
        fits,
        why,
        filled: column.filled,
        judged: 0,
        accepted: 0,
        samples: column.values.iter().take(SAMPLES).map(|(value, _)| value.clone()).collect(),
        is_secret: is_password || column.share(&[], |value| accepts(&Rule::Iban(Iban), value)) > 0.2,
        nulls: Vec::new(),
        values: Vec::new(),
        open: Vec::new(),
    }
}

impl Draft {
    /// Completes the proposal: words for nothing, meanings of values, fields that are made of columns, and what the
    /// rules say about every cell.
    /// Errors: the file cannot be read again.
    pub(crate) fn complete(self, given: Given<'_>) -> Result<Proposal, InitError> {
        let Self { file, mut proposal } = self;
        let entity = &given.schema.entities[proposal.entity];
        let columns = &mut proposal.columns;
        let of_file = nulls::find(columns, &file.columns, entity, given.synonyms);
        for (one, column) in columns.iter_mut().zip(&file.columns) {
            values::find(one, column, entity, given.synonyms);
        }
        proposal.nulls = of_file;
        read_as(&mut proposal, &file.columns, entity, given.synonyms);
        let gaps = gaps(&proposal, entity, given.synonyms);
        let asked: Vec<Gap> =
            gaps.iter().filter_map(|(_, own, others)| Some(((*own)?, others.clone()))).collect();
        let counts = judge(
            &file,
            entity,
            &proposal.columns,
            &proposal.nulls,
            &proposal.decisions,
            &asked,
            given.cancelled,
        )?;
        for (one, [judged, accepted]) in proposal.columns.iter_mut().zip(&counts.columns) {
            (one.judged, one.accepted) = (*judged, *accepted);
            doubt(one);
        }
        let mut counted = counts.gaps.into_iter();
        let needed = gaps.into_iter().filter_map(|(field, own, others)| {
            let is_needed = own.is_none() || counted.next().is_some_and(|gaps| gaps > 0);
            is_needed.then_some((field, own, others))
        });
        let needed: Vec<_> = needed.collect();
        proposal.made = made(&proposal, needed);
        let feeds = |field: usize| {
            proposal.made.iter().any(|(made, _)| *made == field)
                || proposal.columns.iter().any(|one| one.is_taken() && one.used == Use::Field(field))
        };
        proposal.missing =
            (0..entity.fields.len()).filter(|&f| entity.fields[f].required && !feeds(f)).collect();
        Ok(proposal)
    }
}

/// Values that the rule refuses make a proposal less sure.
fn doubt(one: &mut Proposed) {
    if one.level > Level::Unsure && one.judged > 0 && one.accepted * 10 < one.judged * 9 {
        let is_half = one.accepted * 2 >= one.judged;
        one.level = if is_half { Level::Probable } else { Level::Unsure };
        one.why.get_or_insert_with(|| "the field refuses many of its values".to_owned());
    }
}

/// How dates and numbers are read, and which times have no offset.
fn read_as(proposal: &mut Proposal, columns: &[Column], entity: &Entity, synonyms: &Synonyms) {
    let mut found: Vec<Decision> = Vec::new();
    for (at, one) in proposal.columns.iter().enumerate().filter(|(_, one)| one.is_taken()) {
        let Use::Field(index) = one.used else { continue };
        let field = &entity.fields[index];
        let words = nothing(synonyms, field);
        let values = columns[at].values.iter().map(|(value, _)| value.as_str());
        let values: Vec<&str> = values.filter(|value| !is_among(value, &words)).collect();
        let mut proved: Vec<Decision> =
            values.iter().filter_map(|value| Decision::of(&field.rule, value)).collect();
        proved.dedup();
        proved.retain(|decision| decision.fits(&field.rule));
        match proved.first() {
            Some(first) if proved.iter().all(|other| other == first) => found.push(*first),
            Some(_) => proposal.undecided.push(at),
            None => {}
        }
        if matches!(field.rule, Rule::Timestamp(_)) && values.iter().any(|value| is_zoneless(value)) {
            proposal.zoneless.push(at);
        }
    }
    found.sort_by_key(|decision| decision.name());
    found.dedup();
    // Day and month in both orders: no line can say it for the whole file.
    let clashes = |decision: &Decision| {
        let is_order = matches!(decision, Decision::Order(_));
        found.iter().any(|other| other != decision && matches!(other, Decision::Order(_)) == is_order)
    };
    proposal.decisions = found.iter().filter(|decision| !clashes(decision)).copied().collect();
}

/// Whether a value is a time without an offset.
fn is_zoneless(value: &str) -> bool {
    let Some(at) = value.find(':') else { return false };
    let rest = &value[at..];
    !(rest.ends_with(['Z', 'z'])
        || rest.contains(['+', '-'])
        || rest.ends_with("UTC")
        || rest.ends_with("GMT"))
}

/// The columns of a field, with those that are joined to it, in their order.
fn columns_of(proposal: &Proposal, field: usize) -> Vec<usize> {
    let find = |used: &Use| {
        let is_it = |one: &Proposed| one.is_taken() && one.used == *used;
        proposal.columns.iter().position(is_it)
    };
    let Some(own) = find(&Use::Field(field)) else {
        let is_part = |one: &Proposed| {
            one.is_taken()
                && matches!(one.used, Use::Split { first, others } if first == field || others == field)
        };
        return proposal.columns.iter().position(is_part).into_iter().collect();
    };
    let before = find(&Use::Join { field, before: true });
    let after = find(&Use::Join { field, before: false });
    before.into_iter().chain([own]).chain(after).collect()
}

/// Fields that other columns can stand in for: the field, its own column, the others.
fn gaps(
    proposal: &Proposal,
    entity: &Entity,
    synonyms: &Synonyms,
) -> Vec<(usize, Option<usize>, Vec<usize>)> {
    let mut all = Vec::new();
    for (name, parts) in synonyms.fallback.get(&entity.name).into_iter().flatten() {
        let Some(field) = entity.field(name) else { continue };
        let parts: Vec<Vec<usize>> = parts
            .iter()
            .filter_map(|part| entity.field(part))
            .map(|part| columns_of(proposal, part))
            .collect();
        if parts.is_empty() || parts.iter().any(Vec::is_empty) {
            continue;
        }
        let mut others: Vec<usize> = parts.concat();
        others.dedup();
        all.push((field, columns_of(proposal, field).first().copied(), others));
    }
    all
}

/// The fields that are made of columns.
fn made(proposal: &Proposal, fallbacks: Vec<(usize, Option<usize>, Vec<usize>)>) -> Vec<(usize, Making)> {
    let mut made = Vec::new();
    for (at, one) in proposal.columns.iter().enumerate().filter(|(_, one)| one.is_taken()) {
        match one.used {
            Use::Split { first, others } => {
                made.push((first, Making::FirstWord(at)));
                made.push((others, Making::OtherWords(at)));
            }
            Use::Join { field, .. } if !made.iter().any(|(other, _)| *other == field) => {
                made.push((field, Making::Join(columns_of(proposal, field))));
            }
            _ => {}
        }
    }
    for (field, own, others) in fallbacks {
        let own = own.map(|own| vec![own]);
        made.push((field, Making::FirstOf(own.into_iter().chain([others]).collect())));
    }
    made.sort_by_key(|(field, _)| *field);
    made
}
