//! Foreign keys of many inserted rows, checked for all of them at once.
//!
//! PostgreSQL checks a foreign key in a trigger, row by row: it looks the parent up and locks it FOR KEY SHARE.
//! That was seen to be a quarter of the time of a large insert. Here all parents of the rows to come are locked in the same
//! way by one statement, and the rows take their references from these very parents (both see the transaction's
//! one snapshot), so that the triggers would find nothing else. They are passed over by
//! `session_replication_role`, which only superusers and those to whom it was granted may set, and only where
//! nothing but these foreign keys depends on a trigger, nor on a function that could write elsewhere.

use crate::db::DbError;
use crate::fault;
use crate::read::Layout;
use crate::sql::ident;

use super::merge::Merge;
use super::{Cargo, Load, LoadError};

/// From how many rows on it is worth it.
const MANY: u64 = 10_000;

/// Why the foreign keys are left to their triggers.
const NOT_ALLOWED: &str = "the role may not set session_replication_role";
const DEFAULTS: &str = "a reference has a default";

/// What must be left to triggers: a condition, in terms of `c`, the table's row of `pg_class`, and `r`, the
/// references' parents (tables), own columns and parents' identities. Read in the transaction's own snapshot: see
/// [`Load::hold_definitions`].
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
    // What waits for the end of the transaction waits as a trigger.
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
    // The trigger finds no row of an heir. A default would lead to a parent that nobody has locked.
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

/// Who may set it. Before version 15 that was superusers alone.
const MAY: &str = "SELECT current_setting('session_replication_role') = 'origin'
    AND (current_setting('is_superuser') = 'on' OR current_setting('server_version_num')::int >= 150000)";
const GRANTED: &str = "SELECT has_parameter_privilege('session_replication_role', 'SET')";

/// Whether so many rows are worth it.
pub(super) fn is_many(rows: u64) -> bool {
    rows >= fault::many(MANY)
}

impl Load<'_> {
    /// Keeps the definitions of the tables as they are of whose rows foreign keys may be checked at once: the lock
    /// is the one of the insert to come, taken before the transaction's snapshot, so that no trigger can be made
    /// that this would not see.
    pub(super) async fn hold_definitions(&self, cargo: &[Cargo<'_>]) -> Result<(), LoadError> {
        let wanted = cargo.iter().filter(|item| {
            let refers = self.schema.entities[item.entity].references().next().is_some();
            let is_there = self.tables[item.entity].is_some();
            is_many(item.harvest.rows) && refers && is_there && !self.is_fresh(item.entity)
        });
        for item in wanted {
            let table = &self.schema.entities[item.entity].table;
            self.execute(&format!("LOCK TABLE {table} IN ROW EXCLUSIVE MODE"), "locking the tables").await?;
        }
        Ok(())
    }
}

impl Merge<'_> {
    /// Whether the foreign keys of so many rows to be inserted can be, and are worth being, checked at once.
    pub(super) async fn checks_at_once(&self, rows: u64) -> Result<bool, LoadError> {
        let entity = self.statements.entity;
        let table = entity.table.to_string();
        if !is_many(rows) || entity.references().next().is_none() || !self.ask(ANY, &table).await? {
            return Ok(false);
        }
        let obstacle = if !self.may_pass_over_triggers().await? {
            Some(NOT_ALLOWED)
        } else if entity.references().any(|(field, _)| entity.fields[field].when_empty().is_some()) {
            Some(DEFAULTS)
        } else {
            self.obstacle(&table).await?
        };
        match obstacle {
            None => tracing::info!("table {table}: the foreign keys of {rows} new rows are checked at once"),
            Some(why) => {
                tracing::info!(
                    "table {table}: the foreign keys of {rows} new rows are checked row by row: {why}"
                );
            }
        }
        Ok(obstacle.is_none())
    }

    async fn may_pass_over_triggers(&self) -> Result<bool, LoadError> {
        if !self.one(MAY).await?.get::<_, bool>(0) {
            return Ok(false);
        }
        let version: i32 = self.one("SELECT current_setting('server_version_num')::int").await?.get(0);
        Ok(version < 150_000 || self.one(GRANTED).await?.get(0))
    }

    async fn obstacle(&self, table: &str) -> Result<Option<&'static str>, LoadError> {
        let entity = self.statements.entity;
        let (mut parents, mut own, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (field, _) in entity.references() {
            let parent = self.statements.parent(field);
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
        let row = self.client.query_one(&sql, &[&table, &parents, &own, &ids]).await;
        let found: Option<i32> = row.map_err(|e| DbError::of(self.doing(), e))?.get(0);
        Ok(found.and_then(|number| OBSTACLES.get(usize::try_from(number).ok()?)).map(|(why, _)| *why))
    }

    async fn ask(&self, sql: &str, table: &str) -> Result<bool, LoadError> {
        let row = self.client.query_one(sql, &[&table]).await;
        Ok(row.map_err(|e| DbError::of(self.doing(), e))?.get(0))
    }

    /// Locks the parents of a layout's staged rows, as the triggers would.
    pub(super) async fn lock_parents(&self, layout_number: usize, layout: &Layout) -> Result<(), LoadError> {
        for &field in &layout.fields[..layout.references] {
            let parent = self.statements.parent(field);
            let sql = format!(
                "SELECT count(*) FROM (
                    SELECT p.{id} FROM {table} p
                    WHERE EXISTS (SELECT FROM {stage} s WHERE s.l = {layout_number} AND s.f{field} = p.{key})
                    ORDER BY p.{id} FOR KEY SHARE OF p) locked",
                id = ident(&parent.system.id),
                table = parent.table,
                stage = self.statements.stage(),
                key = ident(&parent.fields[parent.key].column),
            );
            self.one(&sql).await?;
        }
        Ok(())
    }

    /// Passes over the table's triggers from here on, or no more.
    pub(super) async fn pass_over_triggers(&self, pass: bool) -> Result<(), LoadError> {
        let role = if pass { "replica" } else { "origin" };
        self.execute(&format!("SET LOCAL session_replication_role = {role}")).await?;
        Ok(())
    }
}
