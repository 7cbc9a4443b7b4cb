//! Foreign keys of many inserted rows, checked for all of them at once.
//!
//! PostgreSQL checks a foreign key in a trigger, row by row: it looks the parent up and locks it FOR KEY SHARE.
//! That was seen to be a quarter of the time of a large insert. Here all parents of the rows to come are locked in the same
//! way by one statement, and the rows take their references from these very parents, so that the triggers would
//! find nothing else. They are passed over by `session_replication_role`, which only superusers and those to
//! whom it was granted may set, and only where nothing but these foreign keys depends on a trigger.

use crate::db::DbError;
use crate::fault;
use crate::read::Layout;

use super::merge::Merge;
use super::sql::quoted;
use super::{LoadError, MANY};

/// Whether the role may set it, and nothing but the foreign keys to the parents in `$2` (tables) by the columns
/// in `$3`, each to the parent's identity in `$4`, fires a trigger when rows are inserted into `$1`.
const ALONE: &str = "
    SELECT c.relkind = 'r' AND NOT c.relispartition AND NOT c.relhasrules
       AND NOT EXISTS (SELECT FROM pg_inherits WHERE c.oid IN (inhrelid, inhparent))
       AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal)
       AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = c.oid AND NOT indimmediate)
       AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype IN ('f', 't')
            AND NOT EXISTS (
                SELECT FROM unnest($2::text[], $3::text[], $4::text[]) r (parent, own, id)
                WHERE k.contype = 'f' AND k.confrelid = to_regclass(r.parent)
                  AND k.conkey = ARRAY(SELECT attnum FROM pg_attribute
                                       WHERE attrelid = k.conrelid AND attname = r.own)
                  AND k.confkey = ARRAY(SELECT attnum FROM pg_attribute
                                        WHERE attrelid = k.confrelid AND attname = r.id)))
    FROM pg_class c WHERE c.oid = to_regclass($1::text)";

/// Who may set it. Before version 15 that was superusers alone.
const MAY: &str = "SELECT current_setting('session_replication_role') = 'origin'
    AND (current_setting('is_superuser') = 'on' OR current_setting('server_version_num')::int >= 150000)";
const GRANTED: &str = "SELECT has_parameter_privilege('session_replication_role', 'SET')";

impl Merge<'_> {
    /// Whether the foreign keys of so many rows to be inserted can be, and are worth being, checked at once.
    pub(super) async fn checks_at_once(&self, rows: u64) -> Result<bool, LoadError> {
        let entity = self.statements.entity;
        if rows < fault::many(MANY)
            || entity.references().next().is_none()
            || !self.one(MAY).await?.get::<_, bool>(0)
        {
            return Ok(false);
        }
        let version: i32 = self.one("SELECT current_setting('server_version_num')::int").await?.get(0);
        if version >= 150_000 && !self.one(GRANTED).await?.get::<_, bool>(0) {
            return Ok(false);
        }
        let (mut parents, mut own, mut ids) = (Vec::new(), Vec::new(), Vec::new());
        for (field, _) in entity.references() {
            let parent = self.statements.parent(field);
            parents.push(parent.table.to_string());
            own.push(entity.fields[field].column.clone());
            ids.push(parent.system.id.clone());
        }
        let row = self
            .client
            .query_one(ALONE, &[&entity.table.to_string(), &parents, &own, &ids])
            .await
            .map_err(|e| DbError::of(self.doing(), e))?;
        Ok(row.get(0))
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
                id = quoted(&parent.system.id),
                table = parent.table,
                stage = self.statements.stage(),
                key = quoted(&parent.fields[parent.key].column),
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
