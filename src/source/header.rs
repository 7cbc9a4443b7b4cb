//! Which column of a file feeds which field of an entity, and what can be wrong with a header.
//!
//! A column's name is compared with `--map`, then with the fields' exact names, then with their names ignoring case,
//! spaces, `_`, `-` and `.`, then in the same way with their aliases.

use super::column_map::{ColumnMap, deciding};
use super::made::MadeField;
use super::unknown;
use crate::nearest::nearest;
use crate::record::{Code, Finding, Location, Message};
use crate::schema::{Entity, Field, FieldIndex, fits_pattern, header_key};

/// The column that marks a file as the changes of an export (`export --changes-since`). It says whether a row was
/// inserted, updated or deleted.
pub(crate) const CHANGE_COLUMN: &str = "muster.change";

/// The column in which such a file names the columns that an update changed.
pub(crate) const CHANGED_COLUMN: &str = "muster.changed";

/// Shorter names are found in words that have nothing to do with them.
const SHORTEST_JOINED: usize = 3;

/// Which column of the file feeds which field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Mapping {
    /// For each column of the header, the field it feeds; then the made fields.
    pub(crate) columns: Vec<Option<FieldIndex>>,
    /// For each field of the entity, the column that feeds it. The cells of made fields come after those of the header.
    pub(crate) fields: Vec<Option<usize>>,
}

/// A column's name: trimmed, without invisible characters, with spaces for line breaks.
pub(crate) fn clean_name(raw: &str) -> String {
    let invisible = |c: char| matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{AD}');
    let line: String = raw.chars().filter(|c| !invisible(*c)).collect();
    if line.contains(char::is_control) {
        line.split(|c: char| c.is_control())
            .map(str::trim)
            .filter(|s| !s.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    } else {
        line.trim().to_owned()
    }
}

/// The names of an entity's fields, prepared for comparison.
pub(super) struct Names<'s> {
    entity: &'s Entity,
    keys: Vec<String>,
    aliases: Vec<Vec<String>>,
    /// The maps with a field of this entity, and those that ignore a column.
    maps: Vec<&'s ColumnMap>,
    /// The fields that are made of columns.
    pub(super) made: Vec<(FieldIndex, &'s MadeField)>,
}

impl<'s> Names<'s> {
    pub(super) fn new(entity: &'s Entity, maps: &'s [ColumnMap]) -> Self {
        let keys = entity.fields.iter().map(|field| header_key(&field.name)).collect();
        let aliases = entity.fields.iter().map(|field| field.aliases.iter().map(|a| header_key(a)).collect());
        let aliases = aliases.collect();
        let mut names = Self { entity, keys, aliases, maps: Vec::new(), made: Vec::new() };
        let is_own = |map: &&ColumnMap| map.field.as_ref().is_none_or(|field| names.field(field).is_some());
        names.maps = maps.iter().filter(is_own).collect();
        names
    }

    /// The names for a file that may hold the entity.
    pub(super) fn of_file(
        entity: &'s Entity,
        file: &str,
        maps: &'s [ColumnMap],
        made: &'s [MadeField],
    ) -> Self {
        let mut names = Self::new(entity, maps);
        names.maps.retain(|map| map.is_about(file, &entity.name));
        let made = made.iter().filter_map(|made| Some((names.field(&made.field)?, made)));
        names.made = made.collect();
        names
    }

    /// The field with this exact name, else with this key.
    pub(super) fn field(&self, name: &str) -> Option<FieldIndex> {
        let key = header_key(name);
        self.entity.field(name).or_else(|| self.keys.iter().position(|own| *own == key))
    }

    fn mapped(&self, name: &str) -> Option<&'s ColumnMap> {
        deciding(self.maps.iter().copied(), name)
    }

    /// The field with a column's name or alias, without `--map`.
    fn own(&self, name: &str) -> Option<FieldIndex> {
        let key = header_key(name);
        self.field(name).or_else(|| self.aliases.iter().position(|all| all.contains(&key)))
    }

    /// The field that a column of this name feeds.
    pub(super) fn meant(&self, name: &str) -> Option<FieldIndex> {
        if name.is_empty() {
            return None;
        }
        match self.mapped(name) {
            Some(map) => map.field.as_ref().and_then(|field| self.field(field)),
            // A field may be made of the column that has its name.
            None => self.own(name).filter(|field| !self.is_made_of(*field, name)),
        }
    }

    /// Whether a column is a part of a made field.
    pub(super) fn is_used(&self, name: &str) -> bool {
        self.made.iter().any(|(field, _)| self.is_made_of(*field, name))
    }

    fn is_made_of(&self, field: FieldIndex, name: &str) -> bool {
        let key = header_key(name);
        let of_field = self.made.iter().filter(|(made, _)| *made == field);
        of_field.flat_map(|(_, made)| made.how.columns()).any(|column| header_key(column) == key)
    }

    /// Whether the schema says that the column is ignored.
    fn is_ignored(&self, name: &str) -> bool {
        self.entity.ignored.iter().any(|pattern| fits_pattern(pattern, name))
    }

    /// Whether `name` seems to be the names of two columns without their delimiter: it begins or ends with the name
    /// of a field that no column feeds.
    fn is_joined(&self, name: &str, fields: &[Option<usize>]) -> bool {
        let name = header_key(name);
        let own = self.keys.iter().zip(&self.aliases).zip(fields).filter(|(_, fed)| fed.is_none());
        let mut free = own.flat_map(|((key, aliases), _)| std::iter::once(key).chain(aliases));
        free.any(|key| {
            let rest = name.strip_prefix(key.as_str()).or_else(|| name.strip_suffix(key.as_str()));
            key.len() >= SHORTEST_JOINED && rest.is_some_and(|rest| !rest.is_empty())
        })
    }

    /// The field that `name` means as far as can be said: [`Names::near`], else the first of several whose last part it
    /// is (`contact.email` before `notifications.email`).
    fn probable(&self, name: &str, fields: &[Option<usize>]) -> Option<&'s str> {
        let key = header_key(name);
        let is_last = |name: &str| name.rsplit_once('.').is_some_and(|(_, last)| header_key(last) == key);
        self.near(name, fields).or_else(|| {
            let mut free = self.entity.fields.iter().zip(fields).filter(|(_, fed)| fed.is_none());
            free.find(|(field, _)| is_last(&field.name)).map(|(field, _)| field.name.as_str())
        })
    }

    /// The field that `name` probably means, among those that no column feeds: by a small typing error, or by its
    /// last part (`email` for `contact.email`) if only one field has that.
    fn near(&self, name: &str, fields: &[Option<usize>]) -> Option<&'s str> {
        let free: Vec<&Field> =
            self.entity.fields.iter().zip(fields).filter(|(_, fed)| fed.is_none()).map(|(f, _)| f).collect();
        let spelled =
            |field: &'s Field| std::iter::once(&field.name).chain(&field.aliases).map(String::as_str);
        let known = free.iter().flat_map(|field| spelled(field).map(|each| (header_key(each), &field.name)));
        if let Some(near) = nearest(&header_key(name), known) {
            return Some(near);
        }
        let key = header_key(name);
        let last = |name: &str| name.rsplit_once('.').is_some_and(|(_, last)| header_key(last) == key);
        let mut found = free.iter().filter(|field| last(&field.name));
        found.next().filter(|_| found.next().is_none()).map(|field| field.name.as_str())
    }
}

/// The result of matching a header.
#[derive(Debug, Default)]
pub(super) struct Matched {
    pub(super) mapping: Mapping,
    /// What is wrong with the header.
    pub(super) findings: Vec<Finding>,
    /// The columns that made fields need.
    pub(super) used: Vec<usize>,
    /// The columns that are neither fields nor ignored; each has a finding.
    pub(super) unknown: Vec<usize>,
    /// The position of [`CHANGE_COLUMN`].
    pub(super) change_column: Option<usize>,
    /// The position of a column whose name seems to be those of two columns.
    pub(super) torn: Option<usize>,
}

/// Matches a header with an entity. `place` is the location of findings about the whole file.
pub(super) fn match_header(header: &[String], names: &Names<'_>, place: Location) -> Matched {
    let entity = names.entity;
    let mut matched = Matched::default();
    let mut mapping = Mapping { columns: vec![None; header.len()], fields: vec![None; entity.fields.len()] };
    for (at, (field, _)) in names.made.iter().enumerate() {
        mapping.fields[*field] = Some(header.len() + at);
    }
    let is_made = |field: FieldIndex| names.made.iter().any(|(made, _)| *made == field);
    // --map comes first: a column that has a field's name gives way to one that --map names.
    let by_map: Vec<bool> = header.iter().map(|name| names.mapped(name).is_some()).collect();
    let mut understood = vec![false; header.len()];
    let mut found = Findings { place, header, all: Vec::new() };
    for wanted in [true, false] {
        for (column, name) in header.iter().enumerate().filter(|(column, _)| by_map[*column] == wanted) {
            // That a column means a made field is no fault of the file.
            let Some(field) = names.meant(name).filter(|field| !is_made(*field)) else { continue };
            understood[column] = true;
            match mapping.fields[field] {
                None => {
                    mapping.fields[field] = Some(column);
                    mapping.columns[column] = Some(field);
                }
                Some(first) => found.duplicate(first, column, field, entity),
            }
        }
    }
    let width = header.iter().rposition(|name| !name.is_empty()).map_or(0, |last| last + 1);
    let mut ignored = Vec::new();
    for (column, name) in header.iter().enumerate().take(width) {
        if is_forbidden(name) {
            found.forbidden(column);
        } else if header_key(name) == header_key(CHANGE_COLUMN) {
            matched.change_column = Some(column);
        } else if names.is_used(name) {
            matched.used.push(column);
        } else if !understood[column]
            && header_key(name) != header_key(CHANGED_COLUMN)
            && names.mapped(name).is_none_or(|map| map.field.is_some())
        {
            if names.is_ignored(name) {
                ignored.push(column);
            } else {
                matched.unknown.push(column);
                found.unknown(column, entity, names.probable(name, &mapping.fields));
            }
        }
    }
    found.ignored(&ignored);
    for (index, field) in entity.fields.iter().enumerate() {
        if field.required && mapping.fields[index].is_none() {
            let unknown = header.iter().zip(&mapping.columns).filter(|(_, fed)| fed.is_none());
            let near = |name: &&String| names.near(name, &mapping.fields) == Some(&field.name);
            let near = unknown.map(|(name, _)| name).find(near).map(String::as_str);
            found.missing(index, &field.name, near);
        }
    }
    let is_torn = |column: &usize| !understood[*column] && names.is_joined(&header[*column], &mapping.fields);
    matched.torn = (0..width).find(is_torn);
    found.all.sort_by_key(Finding::sort_key);
    matched.findings = found.all;
    // The cells of made fields come after those of the header.
    mapping.columns.extend(names.made.iter().map(|(field, _)| Some(*field)));
    matched.mapping = mapping;
    matched
}

/// Whether a column's name begins with `password` or ends in it.
fn is_forbidden(name: &str) -> bool {
    let key = header_key(name);
    key.starts_with("password") || key.ends_with("password")
}

/// Builds the findings about one header.
struct Findings<'h> {
    place: Location,
    header: &'h [String],
    all: Vec<Finding>,
}

impl Findings<'_> {
    fn push(&mut self, code: Code, column: Option<usize>, field: Option<FieldIndex>, message: String) {
        let mut finding = file_finding(self.place, code, message);
        finding.column = column.and_then(|column| u16::try_from(column).ok());
        finding.field = field.and_then(|field| u16::try_from(field).ok());
        finding.value = column.map(|column| Finding::excerpt(&self.header[column])).unwrap_or_default();
        self.all.push(finding);
    }

    fn suggest(&mut self, suggestion: Option<&str>) {
        if let Some(last) = self.all.last_mut() {
            last.suggestion = suggestion.map(Into::into);
        }
    }

    fn duplicate(&mut self, first: usize, second: usize, field: FieldIndex, entity: &Entity) {
        let message = format!(
            "columns {} ({}) and {} ({}) both mean {}",
            first + 1,
            self.header[first],
            second + 1,
            self.header[second],
            entity.fields[field].name
        );
        self.push(Code::DuplicateHeader, Some(second), Some(field), message);
    }

    fn forbidden(&mut self, column: usize) {
        let message =
            "seems to hold passwords, which are never imported; remove the column from the file".to_owned();
        self.push(Code::ForbiddenColumn, Some(column), None, message);
    }

    fn unknown(&mut self, column: usize, entity: &Entity, near: Option<&str>) {
        let message = unknown::message(&entity.name, &self.header[column], column, None, near);
        self.push(Code::UnknownColumn, Some(column), None, message);
        self.suggest(near);
    }

    fn ignored(&mut self, columns: &[usize]) {
        let Some(&first) = columns.first() else { return };
        let names: Vec<&str> = columns.iter().map(|column| self.header[*column].as_str()).collect();
        let message = format!("ignored, as the schema says: {}", names.join(", "));
        self.push(Code::UnknownColumn, Some(first), None, message);
    }

    fn missing(&mut self, field: FieldIndex, name: &str, near: Option<&str>) {
        let message = match near {
            Some(near) => {
                format!("the column is missing; is it {near}? then use --map '{near}={name}'")
            }
            None => format!(
                "the column is missing; add it, or name the one that holds it with --map 'Header={name}'"
            ),
        };
        self.push(Code::MissingColumn, None, Some(field), message);
        if let Some(last) = self.all.last_mut() {
            last.value = Finding::excerpt(name);
        }
        self.suggest(near);
    }
}

/// A finding about a whole file.
pub(super) fn file_finding(place: Location, code: Code, message: impl Into<Message>) -> Finding {
    Finding {
        location: place,
        column: None,
        field: None,
        severity: code.default_severity(),
        code,
        value: Finding::excerpt(""),
        message: message.into(),
        suggestion: None,
        related: None,
    }
}

#[cfg(test)]
#[path = "header_tests.rs"]
mod tests;
