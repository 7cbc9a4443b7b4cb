//! The foreign keys of many inserted rows, checked for all of them at once.
//!
//! PostgreSQL checks a foreign key in a trigger, row by row: it looks the parent up and locks it FOR KEY SHARE. That was
//! measured as a quarter of the time of a large insert. Here one statement locks all parents of the new rows in the same
//! way, and the rows take their references from these very parents (both have the transaction's one snapshot), so that
//! the triggers would find nothing else. They are skipped by `session_replication_role`, which only superusers and roles
//! with that privilege may set, and only if nothing else depends on a trigger, or on a function that could write
//! elsewhere.

use crate::db::DbError;
use crate::fault;
use crate::load::context::Context;
use crate::load::error::LoadError;
use crate::load::layouts::references;
use crate::load::rows::EntityRows;

use super::staged::Staged;

/// From how many rows on this is worth it.
const MANY: u64 = 10_000;

/// Why the foreign keys are left to their triggers, where `OBSTACLES` does not say it.
const NOT_ALLOWED: &str = "the role may not set session_replication_role";
const DEFAULTS: &str = "a reference has a default";

/// What must be left to triggers: a condition on `c`, the table's row of `pg_class`, and `r`, the references: parents
/// (tables), own columns and parents' identities. Read in the transaction's snapshot: see [`hold_definitions`].
const OBSTACLES: [(&str, &str); 5] = [
    (
        "it is no ordinary table",
        "c.relkind <> 'r' OR c.relispartition OR c.relhasrules
         OR EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent))",
    ),
    (
        "it has triggers",
        "EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
         OR EXISTS (SELECT FROM pg_constraint WHERE conrelid = c.oid AND contype = 't')",
    ),
    // A deferred check is a trigger.
    (
        "it has a deferrable unique constraint",
        "EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND NOT indimmediate)",
    ),
    (
        "a function that may write is called for its rows",
        "EXISTS (SELECT FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid AND f.provolatile = 'v'
            WHERE d.refclassid = 'pg_proc'::regclass AND (d.classid, d.objid) IN (
                SELECT 'pg_attrdef'::regclass, oid FROM pg_attrdef WHERE adrelid = c.oid
                UNION ALL SELECT 'pg_constraint'::regclass, oid FROM pg_constraint
                WHERE conrelid = c.oid
                   OR contypid IN (SELECT atttypid FROM pg_attribute WHERE attrelid = c.oid)))",
    ),
    // The trigger finds no rows of tables that inherit. A default would lead to a parent that is not locked.
    (
        "a foreign key is not one of the schema's, or its columns are out of the ordinary",
        "EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f' AND NOT EXISTS (
            SELECT FROM r JOIN pg_class p ON p.oid = to_regclass(r.parent)
            JOIN pg_attribute o ON o.attrelid = c.oid AND o.attname = r.own
            JOIN pg_attribute i ON i.attrelid = p.oid AND i.attname = r.id
            WHERE k.confrelid = p.oid AND k.conkey = ARRAY[o.attnum] AND k.confkey = ARRAY[i.attnum]
              AND p.relkind = 'r' AND NOT EXISTS (SELECT FROM pg_inherits WHERE inhparent = p.oid)
              AND NOT o.atthasdef AND o.attidentity = ''
              AND o.atttypid IN ('bigint'::regtype, 'integer'::regtype)
              AND i.atttypid IN ('bigint'::regtype, 'integer'::regtype)))",
    ),
];

/// Whether there is a foreign key at all.
const ANY: &str = "SELECT EXISTS (SELECT FROM pg_constraint
    WHERE conrelid = to_regclass($1::text) AND contype = 'f')";

/// Whether the role may set `session_replication_role`. Before version 15 only superusers might.
const MAY: &str = "SELECT current_setting('session_replication_role') = 'origin'
    AND (current_setting('is_superuser') = 'on' OR current_setting('server_version_num')::int >= 150000)";
const GRANTED: &str = "SELECT has_parameter_privilege('session_replication_role', 'SET')";

/// Whether this is worth it for this number of rows.
pub(super) fn is_many(rows: u64) -> bool {
    rows >= fault::number("MUSTER_TEST_MANY", MANY)
}

/// Keeps the definitions of the tables whose foreign keys may be checked at once. The lock is the one that the insert
/// takes anyway, taken before the transaction's snapshot, so that no trigger can be created that this would not see.
pub(crate) async fn hold_definitions(
    context: &Context<'_>,
    entities: &[EntityRows<'_>],
) -> Result<(), LoadError> {
    for item in entities {
        let entity = context.entity(item.entity);
        let refers = entity.references().next().is_some();
        let exists = context.tables[item.entity].is_some();
        if is_many(item.harvest.rows) && refers && exists && context.is_staged(item.entity) {
            let lock = format!("LOCK TABLE {} IN ROW EXCLUSIVE MODE", entity.table);
            context.execute(&lock, "locking the tables").await?;
        }
    }
    Ok(())
}

/// Whether the foreign keys of `new` new rows can be checked at once, and it is worth it.
pub(super) async fn checked_at_once(rows: &Staged<'_>, new: u64) -> Result<bool, LoadError> {
    let entity = rows.statements.entity;
    let table = rows.table();
    if !is_many(new) || entity.references().next().is_none() || !has_foreign_keys(rows, &table).await? {
        return Ok(false);
    }
    let obstacle = if !may_skip_triggers(rows).await? {
        Some(NOT_ALLOWED)
    } else if entity.references().any(|(field, _)| entity.fields[field].when_empty().is_some()) {
        Some(DEFAULTS)
    } else {
        obstacle(rows, &table).await?
    };
    match obstacle {
        None => tracing::info!("table {table}: the foreign keys of {new} new rows are checked at once"),
        Some(why) => {
            tracing::info!("table {table}: the foreign keys of {new} new rows are checked row by row: {why}");
        }
    }
    Ok(obstacle.is_none())
}

async fn has_foreign_keys(rows: &Staged<'_>, table: &str) -> Result<bool, LoadError> {
    let row = rows.client.query_one(ANY, &[&table]).await;
    Ok(row.map_err(|e| DbError::of(rows.doing(), e))?.get(0))
}

async fn may_skip_triggers(rows: &Staged<'_>) -> Result<bool, LoadError> {
    if !rows.one(MAY).await?.get::<_, bool>(0) {
        return Ok(false);
    }
    let version: i32 = rows.one("SELECT current_setting('server_version_num')::int").await?.get(0);
    Ok(version < 150_000 || rows.one(GRANTED).await?.get(0))
}

async fn obstacle(rows: &Staged<'_>, table: &str) -> Result<Option<&'static str>, LoadError> {
    let entity = rows.statements.entity;
    let (mut parents, mut own, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (field, _) in entity.references() {
        let parent = rows.statements.parent(field);
        parents.push(parent.table.to_string());
        own.push(entity.fields[field].column.clone());
        ids.push(parent.system.id.clone());
    }
    let cases: Vec<_> = (0..)
        .zip(OBSTACLES)
        .map(|(number, (_, condition))| format!("WHEN {condition} THEN {number}"))
        .collect();
    let sql = format!(
        "WITH r (parent, own, id) AS (SELECT * FROM unnest($2::text[], $3::text[], $4::text[]))
         SELECT CASE {} END FROM pg_class c WHERE c.oid = to_regclass($1::text)",
        cases.join(" ")
    );
    let row = rows.client.query_one(&sql, &[&table, &parents, &own, &ids]).await;
    let found: Option<i32> = row.map_err(|e| DbError::of(rows.doing(), e))?.get(0);
    Ok(found.and_then(|number| OBSTACLES.get(usize::try_from(number).ok()?)).map(|(why, _)| *why))
}

/// Locks the parents of the staged rows in the way that the triggers would.
pub(super) async fn lock_parents(rows: &Staged<'_>) -> Result<(), LoadError> {
    for (number, layout) in rows.layouts() {
        for &field in references(layout) {
            rows.one(&rows.statements.lock_parents(number, field)).await?;
        }
    }
    Ok(())
}

/// Skips the table's triggers from here on, or no longer.
pub(super) async fn skip_triggers(rows: &Staged<'_>, skip: bool) -> Result<(), LoadError> {
    let role = if skip { "replica" } else { "origin" };
    rows.execute(&format!("SET LOCAL session_replication_role = {role}")).await?;
    Ok(())
}
