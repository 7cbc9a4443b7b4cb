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
    conditions: Vec<String>,
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
              JOIN pg_operator o ON o.oid = k.equal JOIN pg_namespace s ON s.oid = o.oprnamespace ORDER BY k.n)
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
        };
        Ok(rows.iter().map(key).collect())
    }

    /// The SQL condition that the child's row `c` refers to the table's row `t`.
    pub(super) fn refers(&self) -> String {
        self.conditions.join(" AND ")
    }
}
