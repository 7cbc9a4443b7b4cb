//! Whether each `--map` has found its column and its field, and whether they agree. Only all files together show that: a
//! column of one file may be absent from the others.

use std::collections::HashSet;

use super::Look;
use super::column_map::{ColumnMap, Scope, deciding};
use super::header::Names;
use crate::nearest::nearest;
use crate::schema::{Schema, header_key};

/// How many names a message lists.
const LISTED: usize = 12;

/// A file that was looked at.
pub(crate) struct Looked<'l> {
    pub(crate) name: &'l str,
    pub(crate) look: &'l Look,
    /// All maps that could be about it.
    pub(crate) maps: &'l [ColumnMap],
}

/// Everything that is wrong with maps: one that no file uses, one with a field that does not exist, two that contradict
/// each other, two headers that come to mean one field.
pub(crate) fn map_mistakes(maps: &[ColumnMap], files: &[Looked<'_>], schema: &Schema) -> Vec<String> {
    let mut mistakes: Vec<String> = maps.iter().filter_map(|map| unused(map, files, schema)).collect();
    for file in files {
        mistakes.extend(contradictions(file, schema));
        mistakes.extend(not_made(file, schema));
    }
    let mut seen = HashSet::new();
    mistakes.retain(|mistake| seen.insert(mistake.clone()));
    mistakes
}

/// The maps that are about a file, and name fields of its entity.
fn of_file<'m>(file: &Looked<'m>, names: &Names<'_>, schema: &Schema) -> Vec<&'m ColumnMap> {
    let entity = &schema.entities[file.look.entity].name;
    let is_field = |map: &ColumnMap| map.field.as_ref().is_none_or(|field| names.field(field).is_some());
    file.maps.iter().filter(|map| map.is_about(file.name, entity) && is_field(map)).collect()
}

/// What is wrong with a map that decides about no column.
fn unused(map: &ColumnMap, files: &[Looked<'_>], schema: &Schema) -> Option<String> {
    let entity = |file: &Looked<'_>| &schema.entities[file.look.entity];
    let origin = &map.origin;
    let files: Vec<&Looked<'_>> =
        files.iter().filter(|file| map.is_about(file.name, &entity(file).name)).collect();
    let has_it = |file: &&&Looked<'_>| file.look.opening.header.iter().any(|name| map.fits(name).is_some());
    let with_column: Vec<&&Looked<'_>> = files.iter().filter(has_it).collect();
    let Some(first) = with_column.first() else { return Some(no_column(map, &files, schema)) };
    let name = map.field.as_deref().unwrap_or_default();
    let with_field = |file: &&&&Looked<'_>| Names::new(entity(file), &[]).field(name).is_some();
    if !with_column.iter().any(|file| with_field(&file)) {
        let entity = entity(first);
        let advice = field_advice(name, entity.fields.iter().map(|field| field.name.as_str()), &entity.name);
        return Some(format!("{origin}: there is no field {name} in {}; {advice}", entity.name));
    }
    let decides = |file: &&&&Looked<'_>| {
        let names = Names::new(entity(file), &[]);
        let own = of_file(file, &names, schema);
        file.look.opening.header.iter().any(|name| {
            deciding(own.iter().copied(), name).is_some_and(|deciding| {
                deciding == map || (deciding.scope == map.scope && deciding.fits(name) == map.fits(name))
            })
        })
    };
    if with_column.iter().any(|file| decides(&file)) {
        return None;
    }
    Some(format!("{origin}: is not used, since another --map says what becomes of {}", map.header))
}

/// No file has the column.
fn no_column(map: &ColumnMap, files: &[&Looked<'_>], schema: &Schema) -> String {
    let ColumnMap { origin, header, .. } = map;
    let of = match &map.scope {
        Scope::All | Scope::Config => String::new(),
        Scope::Entity(name) if files.is_empty() => {
            return format!("{origin}: no file of {name} is given");
        }
        Scope::Entity(name) => format!(" of {name}"),
        Scope::File(name) => {
            let known = known_names(files);
            return format!("{origin}: {name} has no column {header}; {}", column_advice(header, &known));
        }
    };
    let known = known_names(files);
    let scoped = header.split_once(':').and_then(|(scope, rest)| {
        let names = schema.entities.iter().map(|entity| (entity.name.clone(), entity.name.as_str()));
        nearest(scope, names).map(|near| format!("did you mean {near}:{}?", rest.trim()))
    });
    let advice = scoped.unwrap_or_else(|| column_advice(header, &known));
    format!("{origin}: no file{of} has the column {header}; {advice}")
}

/// The names of all columns, once each.
fn known_names<'l>(files: &[&Looked<'l>]) -> Vec<&'l str> {
    let mut seen = HashSet::new();
    let names = files.iter().flat_map(|file| &file.look.opening.header).map(String::as_str);
    names.filter(|name| !name.is_empty() && seen.insert(*name)).collect()
}

/// The nearest of the columns, else some of them.
fn column_advice(header: &str, known: &[&str]) -> String {
    let near = nearest(&header_key(header), known.iter().map(|name| (header_key(name), *name)));
    match near {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", listed(known)),
    }
}

/// The field that was probably meant: spelled nearly so, or with this last part.
pub(crate) fn field_advice<'n>(
    name: &str,
    fields: impl Iterator<Item = &'n str> + Clone,
    entity: &str,
) -> String {
    let key = header_key(name);
    let is_last = |field: &&str| field.rsplit_once('.').is_some_and(|(_, last)| header_key(last) == key);
    let ends: Vec<&str> = fields.clone().filter(is_last).collect();
    let spelled = fields.clone().flat_map(|field| {
        let last = field.rsplit_once('.').map_or(field, |(_, last)| last);
        [(header_key(field), field), (header_key(last), field)]
    });
    let near =
        || nearest(&key, fields.map(|field| (header_key(field), field))).or_else(|| nearest(&key, spelled));
    match ends.as_slice() {
        [] => match near() {
            Some(near) => format!("did you mean {near}?"),
            None => format!("`muster schema print {entity}` lists all"),
        },
        [one] => format!("did you mean {one}?"),
        [all @ .., last] => format!("did you mean {} or {last}?", all.join(", ")),
    }
}

fn listed(names: &[&str]) -> String {
    match names.len().saturating_sub(LISTED) {
        0 if names.is_empty() => "none".to_owned(),
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..LISTED].join(", ")),
    }
}

/// The columns of a file about which two maps say different things, and the fields that two columns come to mean.
fn contradictions(file: &Looked<'_>, schema: &Schema) -> Vec<String> {
    let entity = &schema.entities[file.look.entity];
    let plain = Names::new(entity, &[]);
    let own = of_file(file, &plain, schema);
    let field_of = |map: &ColumnMap| map.field.as_ref().and_then(|field| plain.field(field));
    let mut mistakes = Vec::new();
    let mut fed: Vec<Option<(&str, Option<&ColumnMap>)>> = vec![None; entity.fields.len()];
    for name in file.look.opening.header.iter().filter(|name| !name.is_empty()) {
        let by_map = deciding(own.iter().copied(), name);
        if let Some(map) = by_map {
            let is_other = |other: &&&ColumnMap| {
                other.scope == map.scope
                    && other.fits(name) == map.fits(name)
                    && field_of(other) != field_of(map)
            };
            if let Some(other) = own.iter().find(is_other) {
                mistakes.push(format!(
                    "{} and {}: the column {name} of {} can mean only one field",
                    map.origin, other.origin, file.name
                ));
            }
        }
        let Some(field) = by_map.map_or_else(|| plain.meant(name), field_of) else { continue };
        match fed[field] {
            Some((first, mapped)) if mapped.is_some() || by_map.is_some() => mistakes.push(format!(
                "{}: the columns {first} and {name} of {} come to mean one field, {}; map one of them to another \
                 field, or ignore it in muster.toml",
                by_map.or(mapped).map_or("", |map| &map.origin),
                file.name,
                entity.fields[field].name
            )),
            Some(_) => {}
            None => fed[field] = Some((name, by_map)),
        }
    }
    mistakes
}

/// The made fields that cannot be made of a file's columns, or that another column of it also means.
fn not_made(file: &Looked<'_>, schema: &Schema) -> Vec<String> {
    let entity = &schema.entities[file.look.entity];
    let names = Names::of_file(entity, file.name, file.maps, &file.look.made);
    let header = &file.look.opening.header;
    let known: Vec<&str> = header.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
    let mut mistakes = Vec::new();
    for (field, made) in &names.made {
        for column in made.how.columns() {
            if !known.iter().any(|name| header_key(name) == header_key(column)) {
                let advice = column_advice(column, &known);
                mistakes.push(format!("{}: {} has no column {column}; {advice}", made.origin, file.name));
            }
        }
        for name in known.iter().filter(|name| names.meant(name) == Some(*field)) {
            mistakes.push(format!(
                "{}: the column {name} of {} means the same field; map it to another one, or ignore it",
                made.origin, file.name
            ));
        }
    }
    mistakes
}

/// The columns that `muster.toml` names and that no file of their source has: a delivery may lack one.
pub(crate) fn absent_columns(files: &[Looked<'_>]) -> Vec<String> {
    let mut absent: Vec<&ColumnMap> = Vec::new();
    let has = |file: &Looked<'_>, map: &ColumnMap| {
        file.look.opening.header.iter().any(|name| map.fits(name).is_some())
    };
    for map in files.iter().flat_map(|file| file.maps).filter(|map| map.scope == Scope::Config) {
        let mut own = files.iter().filter(|file| file.maps.contains(map));
        if !absent.contains(&map) && !own.any(|file| has(file, map)) {
            absent.push(map);
        }
    }
    let say = |map: &ColumnMap| {
        format!(
            "{}: no file has it; {}",
            map.origin,
            column_advice(&map.header, &known_names(&files.iter().collect::<Vec<_>>()))
        )
    };
    absent.into_iter().map(say).collect()
}
