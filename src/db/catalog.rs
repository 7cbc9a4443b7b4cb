//! What the target's tables look like, and whether a schema's fields fit them.

use tokio_postgres::Client;

use crate::schema::{Entity, Table};
use crate::sql::ident;

use super::DbError;

/// A table as the server describes it.
#[derive(Debug, Clone)]
pub(crate) struct TableInfo {
    pub(crate) columns: Vec<ColumnInfo>,
    /// The columns that have a unique, whole, valid and immediate index each.
    pub(crate) unique: Vec<String>,
    /// The rights that the role has: SELECT, INSERT, UPDATE.
    pub(crate) rights: [bool; 3],
    /// The role, quoted.
    pub(crate) role: String,
    /// It has rewrite rules.
    pub(crate) has_rules: bool,
}

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // One for each property that the catalog has.
pub(crate) struct ColumnInfo {
    pub(crate) name: String,
    /// Its type as declared, for example `character varying(50)`.
    pub(crate) declared: String,
    /// Its type without length and domain, for example `character varying`.
    pub(crate) base: String,
    /// The length, precision or scale of this type, as the catalog has it; -1 if there is none.
    pub(crate) modifier: i32,
    /// Its collation, quoted.
    pub(crate) collation: Option<String>,
    /// Its type or its collation takes some different texts for the same, such as `a` and `A`.
    pub(crate) lenient: bool,
    /// The values of an enumerated type.
    pub(crate) labels: Vec<String>,
    /// NULL is refused.
    pub(crate) not_null: bool,
    /// The server fills in a value that is not given.
    pub(crate) filled: bool,
    /// No value may be given: GENERATED ALWAYS AS (…) STORED.
    pub(crate) computed: bool,
}

impl TableInfo {
    /// The column with this name.
    pub(crate) fn column(&self, name: &str) -> Option<&ColumnInfo> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The SQL condition that the row `alias` has the text `value` in this column; see [`ColumnInfo::equals`].
    pub(crate) fn has_text(&self, alias: &str, name: &str, value: &str) -> String {
        let column = format!("{alias}.{}", ident(name));
        match self.column(name) {
            Some(found) => found.equals(&column, value, "text"),
            None => format!("{column} = {value}"),
        }
    }
}

impl ColumnInfo {
    /// Whether the column can hold values of a field that wants the type `wanted`, if they are not too long for it.
    fn holds(&self, wanted: &str) -> bool {
        match wanted {
            "text" => {
                matches!(self.base.as_str(), "text" | "character varying" | "character")
                    || self.is_citext()
                    || !self.labels.is_empty()
            }
            "text[]" => matches!(self.base.as_str(), "text[]" | "character varying[]"),
            "bigint" => matches!(self.base.as_str(), "bigint" | "integer" | "smallint" | "numeric"),
            "timestamptz" => {
                matches!(self.base.as_str(), "timestamp with time zone" | "timestamp without time zone")
            }
            wanted => self.base == wanted,
        }
    }

    fn is_citext(&self) -> bool {
        self.base.rsplit('.').next() == Some("citext")
    }

    /// The SQL condition that the column, as `column`, has the value `value` of this kind (a type of
    /// `Rule::sql_type`), by the column's own equality, which its indexes have.
    pub(crate) fn equals(&self, column: &str, value: &str, kind: &str) -> String {
        match self.alike(value, kind) {
            Some(value) if self.is_citext() => {
                // Its operators are in its schema. The cast is one if the column is of a domain.
                let schema = self.base.rsplit_once('.').map_or("pg_catalog", |(schema, _)| schema);
                format!("{column}::{base} OPERATOR({schema}.=) {value}", base = self.base)
            }
            Some(value) => format!("{column} = {value}"),
            None => format!("{column}::text = {value}"),
        }
    }

    /// A value of this kind, to be compared with the column or with other such values by the column's own equality;
    /// `None` if the column's values are compared as texts.
    pub(crate) fn alike(&self, value: &str, kind: &str) -> Option<String> {
        let collate = match &self.collation {
            // That of the staged keys.
            Some(collation) if collation != "pg_catalog.\"C\"" => format!(" COLLATE {collation}"),
            _ => String::new(),
        };
        match (kind, self.base.as_str()) {
            ("text", "text" | "character varying") => Some(format!("{value}{collate}")),
            // Without a length: `character` alone has the length 1.
            ("text", "character") => Some(format!("{value}::bpchar{collate}")),
            ("text", base) if self.is_citext() => Some(format!("{value}::{base}{collate}")),
            ("text", _) => None,
            _ => Some(value.to_owned()),
        }
    }

    /// The column, as `column`, to be compared with values of this kind, byte by byte if they are texts.
    pub(crate) fn plain(&self, column: &str, kind: &str) -> String {
        match (kind, self.base.as_str()) {
            ("text", "text" | "character varying") => match self.collation.as_deref() {
                Some("pg_catalog.\"C\"" | "pg_catalog.\"default\"") => column.to_owned(),
                _ => format!("{column} COLLATE \"C\""),
            },
            ("text", _) => format!("{column}::text COLLATE \"C\""),
            ("text[]", base) if base != kind => format!("{column}::text[]"),
            _ => column.to_owned(),
        }
    }

    /// A value as the column is given it. Everything but an enumerated type is converted by the server as it is
    /// written, which refuses what does not fit; a cast to a type with a length would cut it off.
    pub(crate) fn assigned(&self, value: String) -> String {
        if self.labels.is_empty() { value } else { format!("({value})::{}", self.declared) }
    }
}

/// Something about a table that does not fit the schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    /// A field's column is missing.
    #[error("table {table} has no column {column}, which the schema names for {field}")]
    MissingColumn {
        /// The table, quoted.
        table: String,
        column: String,
        /// The field, or what the column is for.
        field: String,
    },
    /// A column has a type that cannot hold the field.
    #[error("table {table}, column {column}: the type is {found}, {field} needs {wanted}")]
    Type {
        /// The table, quoted.
        table: String,
        column: String,
        /// The field, or what the column is for.
        field: String,
        /// What the column is.
        found: String,
        /// What it should be.
        wanted: String,
    },
    /// A column cannot hold what the schema writes for an empty cell.
    #[error(
        "table {table}, column {column}: the type is {declared}, which cannot hold the default that the schema has for \
         {field}; change the default or the type"
    )]
    Default {
        /// The table, quoted.
        table: String,
        column: String,
        field: String,
        /// The column's type.
        declared: String,
    },
    /// A column is computed by the server.
    #[error("table {table}, column {column}: the server computes it, so {field} cannot be stored there")]
    Computed {
        /// The table, quoted.
        table: String,
        column: String,
        field: String,
    },
    /// The key has no index that finds its row.
    #[error(
        "table {table}: the key column {column} needs a separate unique index that is valid, not partial and \
         not deferrable: CREATE UNIQUE INDEX ON {table} ({column})"
    )]
    NoUniqueIndex {
        /// The table, quoted.
        table: String,
        /// The column, quoted.
        column: String,
    },
    /// A column must be filled, and the schema knows nothing of it.
    #[error(
        "table {table}, column {column}: it must not be NULL, has no default, and the schema has no field for it"
    )]
    Unfilled {
        /// The table, quoted.
        table: String,
        column: String,
    },
    /// The role lacks a right.
    #[error("table {table}: the role lacks the right to {right}: GRANT {right} ON {table} TO {role}")]
    Right {
        /// The table, quoted.
        table: String,
        /// SELECT, INSERT or UPDATE.
        right: &'static str,
        /// The role, quoted: whoever grants it is another one.
        role: String,
    },
}

/// What else than a table may have a name, by its `relkind`.
fn kind(relkind: &str) -> &'static str {
    match relkind {
        "v" => "a view",
        "m" => "a materialised view",
        "f" => "a foreign table",
        "S" => "a sequence",
        "i" | "I" => "an index",
        "c" => "a type",
        _ => "no table",
    }
}

/// Looks a table up; `None` if there is none of that name.
/// Errors: [`DbError::NotATable`], if something else has its name.
pub(crate) async fn look_up(client: &Client, table: &Table) -> Result<Option<TableInfo>, DbError> {
    let name = table.to_string();
    let failed = |e| DbError::of(format!("looking at table {name}"), e);
    let found = client
        .query_opt(
            // A table that has just been dropped has no rights, which is not false but NULL.
            "SELECT c.oid, has_table_privilege(c.oid, 'SELECT'), has_table_privilege(c.oid, 'INSERT'),
                    has_table_privilege(c.oid, 'UPDATE'), quote_ident(current_user), c.relkind::text, c.relhasrules
             FROM pg_class c
             WHERE c.oid = to_regclass($1::text) AND has_table_privilege(c.oid, 'SELECT') IS NOT NULL",
            &[&name],
        )
        .await
        .map_err(failed)?;
    let Some(row) = found else { return Ok(None) };
    let relkind: String = row.get(5);
    if !matches!(relkind.as_str(), "r" | "p") {
        return Err(DbError::NotATable { table: table.to_string(), kind: kind(&relkind) });
    }
    let oid: u32 = row.get(0);
    let rights = [row.get(1), row.get(2), row.get(3)];
    let columns = client
        .query(
            "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod),
                    format_type(b.oid, NULL), a.attnotnull, a.atthasdef OR a.attidentity <> '', a.attgenerated <> '',
                    b.modifier, (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c
                        JOIN pg_namespace n ON n.oid = c.collnamespace WHERE c.oid = a.attcollation),
                    t.typname = 'citext'
                        OR EXISTS (SELECT FROM pg_collation c WHERE c.oid = a.attcollation AND NOT c.collisdeterministic),
                    ARRAY(SELECT e.enumlabel::text FROM pg_enum e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder)
             FROM pg_attribute a
             CROSS JOIN LATERAL (
                WITH RECURSIVE base (oid, modifier, depth) AS (
                    SELECT a.atttypid, a.atttypmod, 0
                    UNION ALL SELECT d.typbasetype, d.typtypmod, of.depth + 1
                    FROM base of JOIN pg_type d ON d.oid = of.oid AND d.typtype = 'd')
                SELECT oid, modifier FROM base ORDER BY depth DESC LIMIT 1) b
             JOIN pg_type t ON t.oid = b.oid
             WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum",
            &[&oid],
        )
        .await
        .map_err(failed)?
        .iter()
        .map(|row| ColumnInfo {
            name: row.get(0),
            declared: row.get(1),
            base: row.get(2),
            not_null: row.get(3),
            filled: row.get(4),
            computed: row.get(5),
            modifier: row.get(6),
            collation: row.get(7),
            lenient: row.get(8),
            labels: row.get(9),
        })
        .collect();
    let unique = client
        .query(
            "SELECT a.attname::text FROM pg_index i
             JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
             WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid AND i.indimmediate AND i.indnkeyatts = 1
               AND i.indpred IS NULL AND i.indexprs IS NULL",
            &[&oid],
        )
        .await
        .map_err(failed)?
        .iter()
        .map(|row| row.get(0))
        .collect();
    Ok(Some(TableInfo { columns, unique, rights, role: row.get(4), has_rules: row.get(6) }))
}

/// Compares a table with an entity; all misfits at once.
pub(crate) fn misfits(entity: &Entity, info: &TableInfo) -> Vec<Misfit> {
    let table = entity.table.to_string();
    let mut misfits = Vec::new();
    for (right, held) in ["SELECT", "INSERT", "UPDATE"].into_iter().zip(info.rights) {
        if !held {
            misfits.push(Misfit::Right { table: table.clone(), right, role: info.role.clone() });
        }
    }
    let mut compare = |column: &str, what: &str, wanted: &str| match info.column(column) {
        None => misfits.push(Misfit::MissingColumn {
            table: table.clone(),
            column: column.to_owned(),
            field: what.to_owned(),
        }),
        Some(found) if found.computed => misfits.push(Misfit::Computed {
            table: table.clone(),
            column: column.to_owned(),
            field: what.to_owned(),
        }),
        Some(found) if !found.holds(wanted) => misfits.push(Misfit::Type {
            table: table.clone(),
            column: column.to_owned(),
            field: what.to_owned(),
            found: found.declared.clone(),
            wanted: wanted.to_owned(),
        }),
        Some(_) => {}
    };
    compare(&entity.system.id, "the identity", "bigint");
    for column in [&entity.system.created_at, &entity.system.updated_at].into_iter().flatten() {
        compare(column, "a time of the record", "timestamptz");
    }
    for field in &entity.fields {
        let wanted = if field.reference.is_some() { "bigint" } else { field.rule.sql_type() };
        compare(&field.column, &field.name, wanted);
    }
    let key = &entity.fields[entity.key].column;
    if info.column(key).is_some() && !info.unique.contains(key) {
        misfits.push(Misfit::NoUniqueIndex { table: table.clone(), column: ident(key) });
    }
    let known = known_columns(entity);
    for column in &info.columns {
        if column.not_null && !column.filled && !known.contains(&column.name.as_str()) {
            misfits.push(Misfit::Unfilled { table: table.clone(), column: column.name.clone() });
        }
    }
    misfits
}

fn known_columns(entity: &Entity) -> Vec<&str> {
    let system =
        [Some(&entity.system.id), entity.system.created_at.as_ref(), entity.system.updated_at.as_ref()];
    let fields = entity.fields.iter().map(|field| field.column.as_str());
    fields.chain(system.into_iter().flatten().map(String::as_str)).collect()
}
