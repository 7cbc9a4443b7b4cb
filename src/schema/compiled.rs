//! The compiled schema: the column rules as the phases use them. All of it has been checked: every index is in range,
//! every reference leads to an entity that is loaded earlier, and every pattern compiles.

use std::fmt;

use regex::Regex;

use crate::record::{Code, Severity};
use crate::rule::Rule;
use crate::sql::ident;

use super::header::header_key;

/// A field's position in its entity's `fields`.
pub(crate) type FieldIndex = usize;

/// All entities, in the order in which they load.
#[derive(Debug, Clone)]
pub(crate) struct Schema {
    /// In load order: an entity comes after those that it refers to.
    pub(crate) entities: Vec<Entity>,
    /// SHA-256 of the schema files' contents, in lower-case hexadecimal.
    pub(crate) sha256: String,
}

/// One kind of record: its table and its columns.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    /// The name in files, reports and options, for example `users`.
    pub(crate) name: String,
    /// The table with its rows.
    pub(crate) table: Table,
    /// The table's columns that no file sets.
    pub(crate) system: SystemColumns,
    /// In the order of the schema file.
    pub(crate) fields: Vec<Field>,
    /// The field that identifies a record. It is required, and a text or an e-mail address.
    pub(crate) key: FieldIndex,
    /// The order in which a row's cells are validated: a field comes after the sibling that it needs.
    pub(crate) validation_order: Vec<FieldIndex>,
    /// Headers that are ignored with one warning, as [patterns](super::fits_pattern).
    pub(crate) ignored: Vec<String>,
    /// Rules over several columns of a row.
    pub(crate) row_rules: Vec<RowRule>,
    /// The fields that an invitation needs, if the records are people who are invited.
    pub(crate) invite: Option<InviteFields>,
}

/// The fields that an invitation by e-mail needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InviteFields {
    /// The address of the mail; an e-mail address.
    pub(crate) email: FieldIndex,
    /// The person's first name.
    pub(crate) first_name: Option<FieldIndex>,
    /// The person's last name.
    pub(crate) last_name: Option<FieldIndex>,
    /// The language of the mail.
    pub(crate) language: Option<FieldIndex>,
    /// The account that the person belongs to; a reference.
    pub(crate) account: Option<FieldIndex>,
    /// The person's role in the account.
    pub(crate) role: Option<FieldIndex>,
    /// Whether the person came from an older system; a boolean.
    pub(crate) migrated: Option<FieldIndex>,
}

/// A table's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The PostgreSQL schema; `None` is the connection's search path.
    pub(crate) schema: Option<String>,
    /// The table.
    pub(crate) name: String,
}

impl fmt::Display for Table {
    /// Quoted for PostgreSQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", ident(schema))?;
        }
        f.write_str(&ident(&self.name))
    }
}

/// The columns of a table that no file sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SystemColumns {
    /// The `bigint` identity that references point at.
    pub(crate) id: String,
    /// Set when a row is inserted, if the table has it.
    pub(crate) created_at: Option<String>,
    /// Set when a row is inserted or changed, if the table has it.
    pub(crate) updated_at: Option<String>,
}

/// One column's rules.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The header in the documents, for example `contact.firstName`.
    pub(crate) name: String,
    /// The table's column. For a reference it holds the id of the other row.
    pub(crate) column: String,
    /// Further headers that mean this field, tried after the exact name.
    pub(crate) aliases: Vec<String>,
    /// The type with its settings.
    pub(crate) rule: Rule,
    /// The field of the same row whose normal form the rule needs.
    pub(crate) sibling: Option<FieldIndex>,
    /// An empty cell rejects the row, and a file without the column is rejected.
    pub(crate) required: bool,
    /// The normal form of an empty cell; if it is `None`, [`Rule::when_empty`] decides.
    pub(crate) default: Option<String>,
    /// The smallest number of characters of the normal form.
    pub(crate) min_length: Option<usize>,
    /// The largest number of characters of the normal form.
    pub(crate) max_length: Option<usize>,
    /// A regular expression that the whole normal form must match.
    pub(crate) pattern: Option<Pattern>,
    /// No two rows may have the same value.
    pub(crate) unique: bool,
    /// The value is the key of a record of another entity.
    pub(crate) reference: Option<Reference>,
    /// What an update does with a field that is already filled.
    pub(crate) on_update: Option<OnUpdate>,
    /// Masked in reports and logs.
    pub(crate) sensitive: bool,
    /// Severities that differ from the defaults of the codes.
    pub(crate) severities: Vec<(Code, Severity)>,
}

impl Field {
    /// What a finding with `code` does to a row here, before `--strict`.
    pub(crate) fn severity(&self, code: Code) -> Severity {
        self.severities
            .iter()
            .find(|(own, _)| *own == code)
            .map_or_else(|| code.default_severity(), |(_, severity)| *severity)
    }

    /// The normal form of an empty cell; `None` is NULL.
    pub(crate) fn when_empty(&self) -> Option<&str> {
        self.default.as_deref().or_else(|| self.rule.when_empty())
    }

    /// What an update does with the field; `on_empty` is the run's setting for empty cells.
    pub(crate) fn policy(&self, on_empty: OnUpdate) -> OnUpdate {
        self.on_update.unwrap_or(on_empty)
    }

    /// Whether the column is NOT NULL in tables that muster creates.
    pub(crate) fn not_null(&self) -> bool {
        self.required || self.when_empty().is_some()
    }
}

/// A compiled regular expression with its text.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// As written in the schema.
    pub(crate) source: String,
    /// Anchored at both ends.
    pub(crate) regex: Regex,
    /// If given, the pattern applies only to rows whose other field has this value.
    pub(crate) when: Option<PatternWhen>,
}

/// A condition on another field of the same row.
#[derive(Debug, Clone)]
pub(crate) struct PatternWhen {
    /// The other field; validated earlier.
    pub(crate) field: FieldIndex,
    /// The normal form that it must have.
    pub(crate) equals: String,
}

/// A reference to a record of another entity, by its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reference {
    /// The other entity's position in [`Schema::entities`]; smaller than this one's.
    pub(crate) entity: usize,
}

/// What an update does with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnUpdate {
    /// The new value replaces the old one, also when it is empty.
    Overwrite,
    /// A filled field keeps its value if the cell is empty.
    Keep,
    /// A filled field always keeps its value.
    FillEmpty,
}

/// A rule over several columns of a row.
#[derive(Debug, Clone)]
pub(crate) enum RowRule {
    /// `field` may not be empty if `when` has the value `equals`.
    RequiredWhen {
        /// The field that must be filled.
        field: FieldIndex,
        /// The field that is looked at.
        when: FieldIndex,
        /// The normal form with which the rule applies.
        equals: String,
    },
    /// At least one of the fields must be filled.
    OneOf { fields: Vec<FieldIndex> },
    /// Both fields must have the same normal form.
    EqualTo {
        /// The field that the finding names.
        field: FieldIndex,
        /// The field it must equal.
        other: FieldIndex,
    },
}

impl Entity {
    /// The position of the field with this exact name.
    pub(crate) fn field(&self, name: &str) -> Option<FieldIndex> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The field that a header means in any spelling: by its name, else by an alias.
    pub(crate) fn meant(&self, header: &str) -> Option<FieldIndex> {
        let key = header_key(header);
        let by = |is: &dyn Fn(&Field) -> bool| self.fields.iter().position(is);
        self.field(header)
            .or_else(|| by(&|field| header_key(&field.name) == key))
            .or_else(|| by(&|field| field.aliases.iter().any(|alias| header_key(alias) == key)))
    }

    /// The required fields that no header means.
    pub(crate) fn lacking<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h str>,
    ) -> impl Iterator<Item = FieldIndex> {
        let given: Vec<_> = headers.into_iter().filter_map(|header| self.meant(header)).collect();
        (0..self.fields.len()).filter(move |index| self.fields[*index].required && !given.contains(index))
    }

    /// The fields whose values must be unique: the key first, then the others.
    pub(crate) fn unique_fields(&self) -> impl Iterator<Item = FieldIndex> + '_ {
        let others = (0..self.fields.len()).filter(|&i| i != self.key && self.fields[i].unique);
        std::iter::once(self.key).chain(others)
    }

    /// The fields that refer to other entities.
    pub(crate) fn references(&self) -> impl Iterator<Item = (FieldIndex, Reference)> + '_ {
        self.fields.iter().enumerate().filter_map(|(i, field)| field.reference.map(|r| (i, r)))
    }
}
