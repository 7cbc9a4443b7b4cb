//! The shape of a schema file: its keys, and the kind of value of each. Whether the values fit together (names that must
//! exist, settings that must fit) is checked in `compile`.
//!
//! ```toml
//! entity = "users"
//! key = "email"
//! ignored = ["netsuite.*"]
//!
//! [table]
//! name = "users"
//!
//! [[field]]
//! name = "email"
//! type = "email"
//! required = true
//!
//! [[row_rule]]
//! kind = "one-of"
//! fields = ["contact.phone", "email"]
//! ```

use toml::de::DeTable;

use super::compiled::{FieldIndex, OnUpdate, Table};
use super::header::column_name;
use super::mistake::{Located, Mistakes, Place, SchemaFile};
use super::node::{self, Node};
use super::setting::{Kind, SETTINGS, setting};
use crate::record::{Code, Severity};

/// The keys at the top of a file.
pub(super) const ENTITY_KEYS: [&str; 7] =
    ["entity", "key", "ignored", "table", "invite", "field", "row_rule"];
/// The keys of `[table]`.
pub(super) const TABLE_KEYS: [&str; 5] = ["schema", "name", "id", "created_at", "updated_at"];
/// The keys of `[invite]`.
pub(super) const INVITE_KEYS: [&str; 7] =
    ["email", "first_name", "last_name", "language", "account", "role", "migrated"];
/// The kinds of `[[row_rule]]`.
pub(super) const ROW_RULE_KINDS: [&str; 3] = ["required-when", "one-of", "equal-to"];

/// The keys of a `[[row_rule]]` of this kind.
pub(super) fn row_rule_keys(kind: &str) -> &'static [&'static str] {
    match kind {
        "required-when" => &["kind", "field", "when", "equals"],
        "one-of" => &["kind", "fields"],
        "equal-to" => &["kind", "field", "other"],
        _ => &[],
    }
}

/// One file as written.
pub(super) struct EntityShape {
    pub(super) entity: Located<String>,
    pub(super) key: Option<Located<String>>,
    pub(super) ignored: Vec<Located<String>>,
    pub(super) table: TableShape,
    pub(super) invite: Option<InviteShape>,
    pub(super) fields: Vec<FieldShape>,
    pub(super) row_rules: Vec<RowRuleShape>,
}

impl EntityShape {
    /// The entity's table; without a name of its own it is named as the entity.
    pub(super) fn table(&self) -> Table {
        let name = self.table.name.as_ref().unwrap_or(&self.entity);
        Table {
            schema: self.table.schema.as_ref().map(|schema| schema.value.clone()),
            name: name.value.clone(),
        }
    }

    /// The field with exactly this name; a mistake if there is none.
    pub(super) fn find(&self, name: &Located<String>, mistakes: &mut Mistakes) -> Option<FieldIndex> {
        let found = self.fields.iter().position(|field| field.name.value == name.value);
        if found.is_none() {
            let known = self.fields.iter().map(|field| field.name.value.as_str());
            let message = format!("entity `{}` has no field `{}`", self.entity.value, name.value);
            mistakes.unknown(&name.place, message, &name.value, known);
        }
        found
    }
}

/// The table of an entity.
#[derive(Default)]
pub(super) struct TableShape {
    pub(super) schema: Option<Located<String>>,
    pub(super) name: Option<Located<String>>,
    pub(super) id: Option<Located<String>>,
    pub(super) created_at: SystemColumn,
    pub(super) updated_at: SystemColumn,
}

/// The fields that an invitation needs, by name.
pub(super) struct InviteShape {
    pub(super) place: Place,
    /// In the order of [`INVITE_KEYS`].
    pub(super) fields: [Option<Located<String>>; 7],
}

/// A column that muster sets where the table has it.
#[derive(Default)]
pub(super) enum SystemColumn {
    /// Not in the file: the table has it under its usual name.
    #[default]
    Usual,
    /// `false`: the table does not have it.
    Absent,
    /// The table has it under this name.
    Named(Located<String>),
}

/// A field as written.
#[allow(clippy::struct_excessive_bools)] // one for each switch in the file
pub(super) struct FieldShape {
    pub(super) name: Located<String>,
    pub(super) kind: Option<Located<Kind>>,
    pub(super) aliases: Vec<Located<String>>,
    pub(super) column: Option<Located<String>>,
    pub(super) required: Option<Located<bool>>,
    pub(super) default: Option<Located<String>>,
    pub(super) min_length: Option<Located<usize>>,
    pub(super) max_length: Option<Located<usize>>,
    pub(super) pattern: Option<PatternShape>,
    pub(super) unique: bool,
    pub(super) references: Option<Located<String>>,
    pub(super) on_update: Option<Located<OnUpdate>>,
    pub(super) sensitive: bool,
    pub(super) severity: Vec<(Located<Code>, Severity)>,
    pub(super) multiline: bool,
    pub(super) values: Vec<(Located<String>, Vec<Located<String>>)>,
    pub(super) exact: Option<Located<bool>>,
    pub(super) otherwise: Option<Located<String>>,
    pub(super) spellings: Vec<(Located<String>, bool)>,
    pub(super) separator: Option<Located<String>>,
    /// `country_field` or `iban_field`.
    pub(super) sibling: Option<Located<String>>,
    pub(super) default_country: Option<Located<String>>,
    pub(super) decimal_comma: Option<Located<bool>>,
    pub(super) format: Option<Located<String>>,
}

impl FieldShape {
    /// The table's column.
    pub(super) fn column(&self) -> String {
        self.column.as_ref().map_or_else(|| column_name(&self.name.value), |column| column.value.clone())
    }
}

/// A pattern as written.
pub(super) struct PatternShape {
    pub(super) regex: Located<String>,
    pub(super) when: Option<(Located<String>, Located<String>)>,
}

/// A row rule as written.
pub(super) enum RowRuleShape {
    RequiredWhen { field: Located<String>, when: Located<String>, equals: Located<String> },
    OneOf { place: Place, fields: Vec<Located<String>> },
    EqualTo { field: Located<String>, other: Located<String> },
}

/// Reads one file; `None` if it is not TOML or does not name its entity.
pub(super) fn read(index: usize, file: &SchemaFile, mistakes: &mut Mistakes) -> Option<EntityShape> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    for error in &errors {
        let place = Place { file: index, span: error.span().unwrap_or_default() };
        mistakes.add(&place, error.message());
    }
    if !errors.is_empty() {
        return None;
    }
    let mut node = Node::new(index, 0..0, table.get_ref());
    if !node.entries().iter().any(|(key, _)| key.value == "entity") {
        mistakes.advise(&node.place, "the file does not name its entity", "begin with entity = \"…\"");
    }
    let entity = node.string("entity", mistakes);
    let key = node.string("key", mistakes);
    let ignored = node.strings("ignored", mistakes);
    let table = node.table("table", mistakes).map(|table| read_table(table, mistakes)).unwrap_or_default();
    let invite = node.table("invite", mistakes).map(|table| read_invite(table, mistakes));
    let fields = node.tables("field", mistakes);
    let fields = fields.into_iter().filter_map(|field| read_field(field, mistakes)).collect();
    let rules = node.tables("row_rule", mistakes);
    let row_rules = rules.into_iter().filter_map(|rule| read_row_rule(rule, mistakes)).collect();
    node.finish("a schema file", &ENTITY_KEYS, mistakes);
    Some(EntityShape { entity: entity?, key, ignored, table, invite, fields, row_rules })
}

fn read_table(mut node: Node, mistakes: &mut Mistakes) -> TableShape {
    let table = TableShape {
        schema: node.string("schema", mistakes),
        name: node.string("name", mistakes),
        id: node.string("id", mistakes),
        created_at: read_system_column(&mut node, "created_at", mistakes),
        updated_at: read_system_column(&mut node, "updated_at", mistakes),
    };
    node.finish("[table]", &TABLE_KEYS, mistakes);
    table
}

fn read_invite(mut node: Node, mistakes: &mut Mistakes) -> InviteShape {
    let fields = INVITE_KEYS.map(|key| node.string(key, mistakes));
    node.finish("[invite]", &INVITE_KEYS, mistakes);
    InviteShape { place: node.place.clone(), fields }
}

fn read_system_column(node: &mut Node, key: &'static str, mistakes: &mut Mistakes) -> SystemColumn {
    if node.take(key).is_some_and(|value| value.get_ref().as_bool() == Some(false)) {
        return SystemColumn::Absent;
    }
    node.string(key, mistakes).map_or(SystemColumn::Usual, SystemColumn::Named)
}

fn read_field(mut node: Node, mistakes: &mut Mistakes) -> Option<FieldShape> {
    let name = node.string("name", mistakes);
    if node.take("name").is_none() {
        mistakes.advise(&node.place, "the field has no name", "add name = \"…\", the header in the files");
    }
    let kind = read_kind(&mut node, mistakes);
    let sibling_key = if kind.as_ref().is_some_and(|kind| kind.value == Kind::Bic) {
        "iban_field"
    } else {
        "country_field"
    };
    let field = FieldShape {
        aliases: node.strings("aliases", mistakes),
        column: node.string("column", mistakes),
        required: node.boolean("required", mistakes),
        default: node.scalar("default", mistakes),
        min_length: node.count("min_length", mistakes),
        max_length: node.count("max_length", mistakes),
        pattern: read_pattern(&mut node, mistakes),
        unique: node.boolean("unique", mistakes).is_some_and(|unique| unique.value),
        references: node.string("references", mistakes),
        on_update: read_on_update(&mut node, mistakes),
        sensitive: node.boolean("sensitive", mistakes).is_some_and(|sensitive| sensitive.value),
        severity: read_severities(&mut node, mistakes),
        multiline: node.boolean("multiline", mistakes).is_some_and(|multiline| multiline.value),
        values: read_values(&mut node, mistakes),
        exact: node.boolean("exact", mistakes),
        otherwise: node.string("otherwise", mistakes),
        spellings: read_spellings(&mut node, mistakes),
        separator: node.string("separator", mistakes),
        sibling: node.string(sibling_key, mistakes),
        default_country: node.string("default_country", mistakes),
        decimal_comma: node.boolean("decimal_comma", mistakes),
        format: node.string("format", mistakes),
        kind,
        name: name.clone().unwrap_or(Located { value: String::new(), place: node.place.clone() }),
    };
    check_fit(&mut node, field.kind.as_ref(), mistakes);
    name.is_some().then_some(field)
}

fn read_kind(node: &mut Node, mistakes: &mut Mistakes) -> Option<Located<Kind>> {
    if node.take("type").is_none() {
        let place = node.take("name").map_or(node.place.clone(), |name| node.at(name));
        mistakes.advise(&place, "the field has no type", "add type = \"text\", or another type");
    }
    let name = node.string("type", mistakes)?;
    if let Some(kind) = Kind::from_name(&name.value) {
        return Some(Located { value: kind, place: name.place });
    }
    let known = Kind::ALL.map(Kind::name);
    mistakes.unknown(&name.place, format!("unknown type `{}`", name.value), &name.value, known);
    None
}

/// Reports settings that do not fit the field's type, and keys that are not settings.
fn check_fit(node: &mut Node, kind: Option<&Located<Kind>>, mistakes: &mut Mistakes) {
    for (key, _) in node.entries() {
        let Some(setting) = setting(&key.value) else { continue };
        let _ = node.take(setting.name);
        let Some(kind) = kind.map(|kind| kind.value) else { continue };
        if !setting.fits.is_empty() && !setting.fits.contains(&kind) {
            let fits: Vec<&str> = setting.fits.iter().map(|kind| kind.name()).collect();
            mistakes.advise(
                &key.place,
                format!("`{}` does not fit type {}", key.value, kind.name()),
                format!("it belongs to type {}", fits.join(", ")),
            );
        }
    }
    let known: Vec<&str> = SETTINGS.iter().map(|setting| setting.name).collect();
    node.finish("a field", &known, mistakes);
}

fn read_pattern(node: &mut Node, mistakes: &mut Mistakes) -> Option<PatternShape> {
    if node.take("pattern")?.get_ref().as_str().is_some() {
        let regex = node.string("pattern", mistakes)?;
        return Some(PatternShape { regex, when: None });
    }
    let mut table = node.table("pattern", mistakes)?;
    let regex = table.string("regex", mistakes);
    let when = table.string("when", mistakes);
    let equals = table.string("equals", mistakes);
    table.finish("a pattern", &["regex", "when", "equals"], mistakes);
    let Some(regex) = regex else {
        mistakes.advise(&table.place, "the pattern has no regex", "add regex = '…'");
        return None;
    };
    match (when, equals) {
        (None, None) => Some(PatternShape { regex, when: None }),
        (Some(when), Some(equals)) => Some(PatternShape { regex, when: Some((when, equals)) }),
        (Some(one), None) | (None, Some(one)) => {
            mistakes.add(&one.place, "a pattern's condition needs both `when` and `equals`");
            None
        }
    }
}

fn read_on_update(node: &mut Node, mistakes: &mut Mistakes) -> Option<Located<OnUpdate>> {
    let word = node.string("on_update", mistakes)?;
    let value = match word.value.as_str() {
        "overwrite" => OnUpdate::Overwrite,
        "keep" => OnUpdate::Keep,
        "fill-empty" => OnUpdate::FillEmpty,
        other => {
            let known = ["overwrite", "keep", "fill-empty"];
            mistakes.unknown(&word.place, format!("unknown on_update `{other}`"), other, known);
            return None;
        }
    };
    Some(Located { value, place: word.place })
}

fn read_severities(node: &mut Node, mistakes: &mut Mistakes) -> Vec<(Located<Code>, Severity)> {
    let Some(table) = node.table("severity", mistakes) else { return Vec::new() };
    let mut severities = Vec::new();
    for (name, value) in table.entries() {
        let code = Code::from_name(&name.value);
        if code.is_none() {
            let known = Code::ALL.iter().map(|code| code.as_str());
            mistakes.unknown(&name.place, format!("unknown code `{}`", name.value), &name.value, known);
        }
        let Some(word) = node::string(table.place.file, value, &name.value, mistakes) else { continue };
        let known = [Severity::Reject, Severity::Warning, Severity::Ignore];
        let severity = known.into_iter().find(|severity| severity.as_str() == word.value);
        if severity.is_none() {
            let message = format!("unknown severity `{}`", word.value);
            mistakes.unknown(&word.place, message, &word.value, known.map(Severity::as_str));
        }
        if let (Some(code), Some(severity)) = (code, severity) {
            severities.push((Located { value: code, place: name.place }, severity));
        }
    }
    severities
}

fn read_values(node: &mut Node, mistakes: &mut Mistakes) -> Vec<(Located<String>, Vec<Located<String>>)> {
    let Some(value) = node.take("values") else { return Vec::new() };
    if value.get_ref().as_table().is_none() {
        return node.strings("values", mistakes).into_iter().map(|value| (value, Vec::new())).collect();
    }
    let Some(table) = node.table("values", mistakes) else { return Vec::new() };
    let file = table.place.file;
    let entries = table.entries().into_iter();
    entries.map(|(name, value)| (name, node::strings(file, value, "values", mistakes))).collect()
}

fn read_spellings(node: &mut Node, mistakes: &mut Mistakes) -> Vec<(Located<String>, bool)> {
    let Some(mut table) = node.table("spellings", mistakes) else { return Vec::new() };
    let mut spellings = Vec::new();
    for (key, meaning) in [("true", true), ("false", false)] {
        spellings.extend(table.strings(key, mistakes).into_iter().map(|word| (word, meaning)));
    }
    table.finish("spellings", &["true", "false"], mistakes);
    spellings
}

fn read_row_rule(mut node: Node, mistakes: &mut Mistakes) -> Option<RowRuleShape> {
    let kind = node.string("kind", mistakes);
    let Some(kind) = kind else {
        let known = ROW_RULE_KINDS.join(", ");
        mistakes.advise(
            &node.place,
            "the row rule has no kind",
            format!("add kind = \"…\"; one of: {known}"),
        );
        return None;
    };
    let mut need = |key: &'static str, mistakes: &mut Mistakes| {
        if node.take(key).is_none() {
            mistakes.add(&kind.place, format!("a row rule of kind {} needs `{key}`", kind.value));
        }
        node.string(key, mistakes)
    };
    let rule = match kind.value.as_str() {
        "required-when" => {
            let (field, when) = (need("field", mistakes), need("when", mistakes));
            let equals = need("equals", mistakes);
            field.zip(when).zip(equals).map(|((field, when), equals)| RowRuleShape::RequiredWhen {
                field,
                when,
                equals,
            })
        }
        "equal-to" => {
            let (field, other) = (need("field", mistakes), need("other", mistakes));
            field.zip(other).map(|(field, other)| RowRuleShape::EqualTo { field, other })
        }
        "one-of" => {
            let fields = node.strings("fields", mistakes);
            Some(RowRuleShape::OneOf { place: kind.place.clone(), fields })
        }
        other => {
            mistakes.unknown(&kind.place, format!("unknown kind `{other}`"), other, ROW_RULE_KINDS);
            return None;
        }
    };
    let known = row_rule_keys(&kind.value);
    node.finish(&format!("a row rule of kind {}", kind.value), known, mistakes);
    rule
}
