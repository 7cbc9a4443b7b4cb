//! The foreign keys of the database that refer to a table, whether or not the schema knows them.

use crate::db::postgres::{Client, Error};

/// A foreign key that refers to a table.
#[derive(Debug)]
pub(super) struct ForeignKey {
    /// The constraint's name.
    pub(super) constraint: String,
    /// The table that refers, quoted.
    pub(super) child: String,
    /// The table refers to itself.
    pub(super) is_own: bool,
    /// What an update of a referred value does to the rows that refer to it, as the catalog has it.
    on_update: String,
    conditions: Vec<String>,
    /// The referred columns' names, not quoted.
    names: Vec<String>,
    /// The server computes one of them from other columns.
    is_of_computed: bool,
}

/// The key's own operators: those of a type like `citext` are not in `pg_catalog`.
const FOREIGN_KEYS: &str =
    "SELECT c.conname::text, format('%I.%I', n.nspname, r.relname), c.conrelid = c.confrelid,
        array(SELECT CASE WHEN s.nspname = 'pg_catalog' THEN format('t.%I = c.%I', i.attname, a.attname)
                  ELSE format('t.%I::%s OPERATOR(%I.%s) c.%I::%s', i.attname, format_type(o.oprleft, NULL),
                              s.nspname, o.oprname, a.attname, format_type(o.oprright, NULL)) END
              FROM unnest(c.conkey, c.confkey, c.conpfeqop) WITH ORDINALITY k (own, referred, equal, n)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.own
              JOIN pg_attribute i ON i.attrelid = c.confrelid AND i.attnum = k.referred
              JOIN pg_operator o ON o.oid = k.equal JOIN pg_namespace s ON s.oid = o.oprnamespace ORDER BY k.n),
        c.confupdtype::text,
        array(SELECT attname::text FROM pg_attribute WHERE attrelid = c.confrelid AND attnum = ANY (c.confkey)),
        EXISTS (SELECT FROM pg_attribute
                WHERE attrelid = c.confrelid AND attnum = ANY (c.confkey) AND attgenerated <> '')
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.contype = 'f' AND c.confrelid = $1::text::regclass AND c.conparentid = 0 ORDER BY 2, 1";

impl ForeignKey {
    /// All that refer to `table`, by table and name.
    pub(super) async fn to(client: &Client, table: &str) -> Result<Vec<Self>, Error> {
        let rows = client.query(FOREIGN_KEYS, &[&table]).await?;
        let key = |row: &crate::db::postgres::Row| Self {
            constraint: row.get(0),
            child: row.get(1),
            is_own: row.get(2),
            conditions: row.get(3),
            on_update: row.get(4),
            names: row.get(5),
            is_of_computed: row.get(6),
        };
        Ok(rows.iter().map(key).collect())
    }

    /// The SQL condition that the child's row `c` refers to the table's row `t`.
    pub(super) fn refers(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// What the key's ON UPDATE writes into rows that refer to a value which changes: nothing, or this.
    pub(super) fn on_update(&self) -> Option<&'static str> {
        match self.on_update.as_str() {
            "c" => Some("CASCADE"),
            "n" => Some("SET NULL"),
            "d" => Some("SET DEFAULT"),
            _ => None,
        }
    }

    /// Whether it refers to the column.
    pub(super) fn is_to(&self, column: &str) -> bool {
        self.names.iter().any(|name| name == column)
    }

    /// Whether a change of these columns may change what it refers to.
    pub(super) fn depends_on(&self, columns: &[String]) -> bool {
        self.is_of_computed || columns.iter().any(|column| self.is_to(column))
    }
}
