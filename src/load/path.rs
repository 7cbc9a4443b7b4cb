//! Which path a table takes. An ordinary, empty one takes the direct path; any other the staged path, and why.

use std::fmt;

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::schema::{Entity, Schema};

/// Why a table takes the staged path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It has rows.
    Filled,
    /// Something about it is unusual.
    Unusual(&'static str),
    /// Another session held it for too long.
    InUse,
    /// The database refused a row on the direct path: it must be identified.
    Refused,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Filled => "it has rows already",
            Self::Unusual(what) => what,
            Self::InUse => "another session is using it",
            Self::Refused => "the database refused a row",
        })
    }
}

/// What makes a table unusual: a condition in terms of `TABLE`, its oid, `FAMILY`, the oids of all tables of the schema,
/// and `LOCKED`, those that are locked and loaded before it. `c` is its row of `pg_class`.
const UNUSUAL: [(&str, &str); 19] = [
    (
        "it is partitioned, inherits or is inherited from",
        "c.relkind <> 'r' OR c.relispartition
         OR EXISTS (SELECT FROM pg_inherits WHERE TABLE IN (inhrelid, inhparent))",
    ),
    ("it is no heap", "c.relam <> (SELECT oid FROM pg_am WHERE amname = 'heap')"),
    ("the role does not own it", "NOT pg_has_role(c.relowner, 'USAGE')"),
    // Indexes that are dropped could not be created again: even the table's owner needs these rights.
    ("the role may not make indexes in its schema", "NOT has_schema_privilege(c.relnamespace, 'CREATE')"),
    (
        "the role may not make indexes in their tablespace",
        "EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                 WHERE i.indrelid = TABLE AND x.reltablespace <> 0
                   AND NOT has_tablespace_privilege(x.reltablespace, 'CREATE'))",
    ),
    (
        "the role may not make its foreign keys",
        "EXISTS (SELECT FROM pg_constraint WHERE conrelid = TABLE AND contype = 'f'
                 AND NOT has_table_privilege(confrelid, 'REFERENCES'))",
    ),
    (
        "its foreign keys are switched off",
        "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = TABLE AND tgisinternal AND tgenabled <> 'O')",
    ),
    // Its indexes cannot be created again while rows wait to be checked. A foreign key to a locked table is dropped.
    (
        "a foreign key of it is checked at the end of the transaction",
        "EXISTS (SELECT FROM pg_constraint WHERE conrelid = TABLE AND contype = 'f' AND condeferred
            AND confrelid <> ALL (LOCKED))",
    ),
    ("it has row security", "c.relrowsecurity OR c.relforcerowsecurity"),
    ("it has triggers", "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = TABLE AND NOT tgisinternal)"),
    ("it has rewrite rules", "EXISTS (SELECT FROM pg_rewrite WHERE ev_class = TABLE)"),
    (
        "another table refers to it",
        "EXISTS (SELECT FROM pg_constraint
                 WHERE confrelid = TABLE AND contype = 'f' AND conrelid <> ALL (FAMILY))",
    ),
    (
        "a foreign key refers to something else than its primary key",
        "EXISTS (SELECT FROM pg_constraint k JOIN pg_index i ON i.indexrelid = k.conindid
                 WHERE k.confrelid = TABLE AND k.contype = 'f' AND NOT i.indisprimary)",
    ),
    (
        "a view depends on it",
        "EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_rewrite'::regclass
                 AND refclassid = 'pg_class'::regclass AND refobjid = TABLE)",
    ),
    (
        "it is published",
        "EXISTS (SELECT FROM pg_publication WHERE puballtables)
         OR EXISTS (SELECT FROM pg_publication_rel WHERE prrelid = TABLE)",
    ),
    (
        "it has an exclusion constraint, a key without overlaps or a constraint trigger",
        "EXISTS (SELECT FROM pg_constraint WHERE conrelid = TABLE AND contype IN ('x', 't'))
         OR EXISTS (SELECT FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
                    JOIN pg_am m ON m.oid = x.relam
                    WHERE i.indrelid = TABLE AND i.indisunique AND m.amname <> 'btree')",
    ),
    (
        "an index of it is not valid, or belongs to an extension",
        "EXISTS (SELECT FROM pg_index i WHERE i.indrelid = TABLE
                 AND (NOT i.indisvalid OR NOT i.indisready OR EXISTS (
                     SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                     AND d.objid = i.indexrelid AND d.deptype IN ('e', 'x'))))",
    ),
    // It would run when the index is created again, and not find in the search path what it calls.
    (
        "an index of it calls a function",
        "EXISTS (SELECT FROM pg_index i JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                 WHERE i.indrelid = TABLE AND d.refclassid = 'pg_proc'::regclass)",
    ),
    ("it has no primary key", "NOT EXISTS (SELECT FROM pg_index WHERE indrelid = TABLE AND indisprimary)"),
];

/// A table that is there no longer is not locked.
const GONE: Option<Obstacle> = Some(Obstacle::Unusual("another session has dropped or renamed it"));

/// What keeps an existing table from the direct path, if anything does. `locked` are the tables that take it before.
pub(super) async fn obstacle(
    client: &Client,
    schema: &Schema,
    entity: &Entity,
    locked: &[String],
) -> Result<Option<Obstacle>, DbError> {
    let table = entity.table.to_string();
    let doing = format!("deciding how to load table {table}");
    let failed = |e| DbError::of(&*doing, e);
    let names: Vec<String> = schema.entities.iter().map(|entity| entity.table.to_string()).collect();
    let row = client
        .query_one(
            "SELECT to_regclass($1::text)::oid, ARRAY(SELECT to_regclass(t)::oid FROM unnest($2::text[]) t),
                    ARRAY(SELECT to_regclass(t)::oid FROM unnest($3::text[] || $1::text) t)",
            &[&table, &names, &locked],
        )
        .await
        .map_err(failed)?;
    let Some(oid) = row.get::<_, Option<u32>>(0) else { return Ok(GONE) };
    let array = |column: usize| {
        let oids: Vec<Option<u32>> = row.get(column);
        let oids: Vec<_> = oids.into_iter().flatten().map(|oid| oid.to_string()).collect();
        format!("ARRAY[{}]::oid[]", oids.join(", "))
    };
    let conditions: Vec<_> = (0..)
        .zip(UNUSUAL)
        .map(|(number, (_, condition))| format!("WHEN {condition} THEN {number}"))
        .collect();
    let sql = format!("SELECT CASE {} END FROM pg_class c WHERE c.oid = TABLE", conditions.join(" "))
        .replace("TABLE", &oid.to_string())
        .replace("FAMILY", &array(1))
        .replace("LOCKED", &array(2));
    let Some(row) = client.query_opt(&sql, &[]).await.map_err(failed)? else { return Ok(GONE) };
    let unusual: Option<i32> = row.get(0);
    if let Some((what, _)) = unusual.and_then(|number| UNUSUAL.get(usize::try_from(number).ok()?)) {
        return Ok(Some(Obstacle::Unusual(what)));
    }
    let sql = format!(
        "SELECT EXISTS (SELECT FROM {table}),
                (SELECT seqincrement FROM pg_sequence
                 WHERE seqrelid = pg_get_serial_sequence($1, $2)::regclass) IS DISTINCT FROM 1"
    );
    let row = client.query_one(&sql, &[&table, &entity.system.id]).await.map_err(failed)?;
    let (filled, unnumbered): (bool, bool) = (row.get(0), row.get(1));
    Ok(match (filled, unnumbered) {
        (true, _) => Some(Obstacle::Filled),
        (_, true) => {
            Some(Obstacle::Unusual("its identifiers do not come from a sequence that the table owns"))
        }
        _ => None,
    })
}
