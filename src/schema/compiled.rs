//! The compiled schema: what the phases see of the column rules. Everything in it has been checked: every
//! index is in range, every reference leads to an entity that loads earlier, every pattern compiles.

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
    /// In load order: what is referred to comes before what refers to it.
    pub(crate) entities: Vec<Entity>,
    /// SHA-256 of the schema files' contents, in lower-case hexadecimal.
    pub(crate) sha256: String,
}

/// One kind of record: its table and its columns.
#[derive(Debug, Clone)]
pub(crate) struct Entity {
    /// The name used in files, reports and options, for example `users`.
    pub(crate) name: String,
    /// Where its rows live.
    pub(crate) table: Table,
    /// The table's columns that no file sets.
    pub(crate) system: SystemColumns,
    /// In the order of the schema file.
    pub(crate) fields: Vec<Field>,
    /// The field that says whether two rows are the same record. It is required, and a text or e-mail.
    pub(crate) key: FieldIndex,
    /// The order in which a row's cells are judged: a field comes after the sibling it looks at.
    pub(crate) judging_order: Vec<FieldIndex>,
    /// Header patterns that are ignored with one warning: `netsuite.*` is all that begins with `netsuite.`.
    pub(crate) ignored: Vec<String>,
    /// Rules over several columns of a row.
    pub(crate) row_rules: Vec<RowRule>,
    /// What an invitation needs to know of a record, where records are invited.
    pub(crate) invite: Option<InviteFields>,
}

/// The fields that an invitation by e-mail looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InviteFields {
    /// Where the mail goes; an e-mail address.
    pub(crate) email: FieldIndex,
    /// How the person is addressed.
    pub(crate) first_name: Option<FieldIndex>,
    /// The person's last name.
    pub(crate) last_name: Option<FieldIndex>,
    /// Which language the mail is in.
    pub(crate) language: Option<FieldIndex>,
    /// What the person belongs to; a reference.
    pub(crate) account: Option<FieldIndex>,
    /// What the person may do there.
    pub(crate) role: Option<FieldIndex>,
    /// Whether the person came from an older system; a boolean.
    pub(crate) migrated: Option<FieldIndex>,
}

/// A table's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    /// The PostgreSQL schema; none means the connection's search path.
    pub(crate) schema: Option<String>,
    /// The table.
    pub(crate) name: String,
}

impl fmt::Display for Table {
    /// Quoted as PostgreSQL wants it.
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
    /// Set when a row is inserted, where the table has it.
    pub(crate) created_at: Option<String>,
    /// Set when a row is inserted or changed, where the table has it.
    pub(crate) updated_at: Option<String>,
}

/// One column's rules.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// The documents' own header, for example `contact.firstName`.
    pub(crate) name: String,
    /// The table's column. For a reference it holds the referred row's id.
    pub(crate) column: String,
    /// Further headers that mean this field, tried after the exact name.
    pub(crate) aliases: Vec<String>,
    /// The type with its settings.
    pub(crate) rule: Rule,
    /// The field of the same row whose normal form the rule looks at.
    pub(crate) sibling: Option<FieldIndex>,
    /// An empty cell rejects the row, and a file without the column is refused.
    pub(crate) required: bool,
    /// The normal form an empty cell takes; where it is `None`, [`Rule::when_empty`] decides.
    pub(crate) default: Option<String>,
    /// Least number of characters of the normal form.
    pub(crate) min_length: Option<usize>,
    /// Greatest number of characters of the normal form.
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
    /// Severities that differ from the codes' own.
    pub(crate) severities: Vec<(Code, Severity)>,
}

impl Field {
    /// What a finding with `code` does to a row here, before `--strict`.
    #[must_use]
    pub(crate) fn severity(&self, code: Code) -> Severity {
        self.severities
            .iter()
            .find(|(own, _)| *own == code)
            .map_or_else(|| code.default_severity(), |(_, severity)| *severity)
    }

    /// The normal form an empty cell takes, NULL being `None`.
    #[must_use]
    pub(crate) fn when_empty(&self) -> Option<&str> {
        self.default.as_deref().or_else(|| self.rule.when_empty())
    }

    /// What an update does with the field where the run's own answer for empty cells is `on_empty`.
    #[must_use]
    pub(crate) fn policy(&self, on_empty: OnUpdate) -> OnUpdate {
        self.on_update.unwrap_or(on_empty)
    }

    /// Whether the table's column must not be NULL in tables that muster creates.
    #[must_use]
    pub(crate) fn not_null(&self) -> bool {
        self.required || self.when_empty().is_some()
    }
}

/// A compiled regular expression with the text it came from.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    /// As written in the schema.
    pub(crate) source: String,
    /// Anchored at both ends.
    pub(crate) regex: Regex,
    /// Where given, the pattern holds only in rows whose other field has this value.
    pub(crate) when: Option<PatternWhen>,
}

/// A condition on another field of the same row.
#[derive(Debug, Clone)]
pub(crate) struct PatternWhen {
    /// The other field; judged earlier.
    pub(crate) field: FieldIndex,
    /// The normal form it must have.
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
    /// A filled field stays as it is when the cell is empty.
    Keep,
    /// A filled field stays as it is, always.
    FillEmpty,
}

/// A rule over several columns of a row.
#[derive(Debug, Clone)]
pub(crate) enum RowRule {
    /// `field` may not be empty where `when` has the value `equals`.
    RequiredWhen {
        /// The field that must be filled.
        field: FieldIndex,
        /// The field that is looked at.
        when: FieldIndex,
        /// The normal form it must have for the rule to hold.
        equals: String,
    },
    /// At least one of the fields must be filled.
    OneOf {
        /// The fields.
        fields: Vec<FieldIndex>,
    },
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
    #[must_use]
    pub(crate) fn field(&self, name: &str) -> Option<FieldIndex> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The field that a header means, however it is spelled: by its name, else by an alias.
    #[must_use]
    pub(crate) fn meant(&self, header: &str) -> Option<FieldIndex> {
        let key = header_key(header);
        let by = |is: &dyn Fn(&Field) -> bool| self.fields.iter().position(is);
        self.field(header)
            .or_else(|| by(&|field| header_key(&field.name) == key))
            .or_else(|| by(&|field| field.aliases.iter().any(|alias| header_key(alias) == key)))
    }

    /// The required fields that none of the headers means.
    pub(crate) fn lacking<'h>(
        &self,
        headers: impl IntoIterator<Item = &'h str>,
    ) -> impl Iterator<Item = FieldIndex> {
        let given: Vec<_> = headers.into_iter().filter_map(|header| self.meant(header)).collect();
        (0..self.fields.len()).filter(move |index| self.fields[*index].required && !given.contains(index))
    }

    /// The fields in which no two rows may agree: the key first, then the unique ones.
    pub(crate) fn unique_fields(&self) -> impl Iterator<Item = FieldIndex> + '_ {
        let others = (0..self.fields.len()).filter(|&i| i != self.key && self.fields[i].unique);
        std::iter::once(self.key).chain(others)
    }

    /// The fields that refer to other entities.
    pub(crate) fn references(&self) -> impl Iterator<Item = (FieldIndex, Reference)> + '_ {
        self.fields.iter().enumerate().filter_map(|(i, field)| field.reference.map(|r| (i, r)))
    }
}
