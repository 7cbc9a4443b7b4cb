//! Rows that a file of changes says are gone. Those of entities that nothing refers to go before the others are
//! written, so that the values they held are free; those that are referred to go last, when whoever referred to them
//! has gone or moved. Whether anything still refers to one is asked of every foreign key, whatever its ON DELETE says.

use crate::db::DbError;
use crate::fault::{self, Point};
use crate::record::{EntityIndex, RowNumber};
use crate::schema::Entity;
use crate::settle::{EntityVerdict, Fate};
use crate::sql::ident;

use super::sql::Statements;
use super::stage::{DELETED, Layouts};
use super::{Cargo, Load, LoadError, journal, row_number};

/// When rows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// Before the others are written.
    Before,
    /// When they have been.
    After,
}

/// What went of one entity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gone {
    pub(crate) entity: EntityIndex,
    /// Rows that the server says it deleted.
    pub(crate) deleted: u64,
    /// Rows that were not there.
    pub(crate) absent: u64,
}

/// How many of the rows to be deleted settling has kept.
pub(super) fn kept(item: &Cargo<'_>, verdict: &EntityVerdict) -> u64 {
    let fate = |row: &&u64| usize::try_from(**row).ok().and_then(|row| verdict.fates.get(row).copied());
    item.harvest.deletes.iter().filter(|row| fate(row) == Some(Fate::Kept)).count() as u64
}

impl Load<'_> {
    /// Whether another entity, or the entity itself, refers to it.
    pub(super) fn is_referred(&self, entity: EntityIndex) -> bool {
        let all = self.schema.entities.iter();
        all.flat_map(Entity::references).any(|(_, reference)| reference.entity == entity.0)
    }

    /// Deletes what is to go now, of whoever refers before whoever is referred to.
    pub(super) async fn delete(
        &self,
        cargo: &[Cargo<'_>],
        verdicts: &[EntityVerdict],
        when: When,
    ) -> Result<Vec<Gone>, LoadError> {
        let mut all = Vec::new();
        for item in cargo.iter().rev() {
            if item.harvest.deletes.is_empty() || self.is_referred(item.entity) != (when == When::After) {
                continue;
            }
            all.push(self.delete_rows(item, &verdicts[item.entity], when).await?);
        }
        Ok(all)
    }

    async fn delete_rows(
        &self,
        item: &Cargo<'_>,
        verdict: &EntityVerdict,
        when: When,
    ) -> Result<Gone, LoadError> {
        let layouts = Layouts::of(item.harvest);
        let merge = self.merge(item, &layouts);
        merge.drop_losers(verdict).await?;
        let referred = self.referred(&merge.statements).await?;
        if !referred.is_empty() {
            return Err(LoadError::Referred { entity: item.entity, rows: referred });
        }
        let statements = &merge.statements;
        let absent = merge.count(&statements.absent_and_deleted()).await?;
        let deleted = if self.options.undoable {
            merge.noted(&statements.delete_noted(&merge.origin.columns(), when == When::After)).await?
        } else {
            merge.execute(&statements.delete()).await?
        };
        let left = merge.count(&format!("SELECT count(*) {}", statements.going())).await?;
        if left > 0 {
            return Err(LoadError::StillThere { table: statements.entity.table.to_string(), deleted, left });
        }
        fault::reach(Point::Deleted);
        Ok(Gone { entity: item.entity, deleted, absent })
    }

    /// The staged rows to be deleted that rows which stay refer to, by any foreign key of the database.
    async fn referred(&self, statements: &Statements<'_>) -> Result<Vec<(RowNumber, String)>, LoadError> {
        let table = &statements.entity.table;
        let doing = format!("asking who refers to rows of table {table}");
        let failed = |e| DbError::of(doing.as_str(), e);
        let client = &self.session.client;
        let keys = client.query(FOREIGN_KEYS, &[&table.to_string()]).await.map_err(failed)?;
        let mut found: Vec<(RowNumber, String)> = Vec::new();
        for key in keys {
            let (constraint, child, own): (String, String, bool) = (key.get(0), key.get(1), key.get(2));
            let (from, to): (Vec<String>, Vec<String>) = (key.get(3), key.get(4));
            let on: Vec<_> = from.iter().zip(&to).map(|(from, to)| format!("c.{from} = t.{to}")).collect();
            // A row of the same table that goes, too, refers to nothing any more.
            let stays = if own {
                format!(" AND NOT EXISTS (SELECT {})", statements.leaving("c"))
            } else {
                String::new()
            };
            let sql = format!(
                "SELECT s.o {going} AND EXISTS (SELECT FROM {child} c WHERE {on}{stays}) ORDER BY s.o",
                going = statements.going(),
                on = on.join(" AND "),
            );
            let rows = client.query(&sql, &[]).await.map_err(failed)?;
            let by = format!("a row of {child} refers to it ({constraint})");
            for row in rows {
                let row = row_number(row.get(0));
                if !found.iter().any(|(other, _)| *other == row) {
                    found.push((row, by.clone()));
                }
            }
        }
        Ok(found)
    }
}

/// The foreign keys that refer to a table: name, table, whether that is the same one, columns, columns referred to.
const FOREIGN_KEYS: &str =
    "SELECT c.conname::text, format('%I.%I', n.nspname, r.relname), c.conrelid = c.confrelid,
        array(SELECT quote_ident(a.attname) FROM unnest(c.conkey) WITH ORDINALITY k (num, n)
              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY k.n),
        array(SELECT quote_ident(a.attname) FROM unnest(c.confkey) WITH ORDINALITY k (num, n)
              JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num ORDER BY k.n)
    FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.contype = 'f' AND c.confrelid = $1::text::regclass AND c.conparentid = 0 ORDER BY 2, 1";

impl Statements<'_> {
    /// From where the table's rows come that are to be deleted: `t`, with the staged row `s`.
    fn going(&self) -> String {
        let (table, key) = (&self.entity.table, self.entity.key);
        let (column, stage, value) = (self.column(key), self.stage(), self.staged(key));
        format!("FROM {stage} s JOIN {table} t ON t.{column} = {value} WHERE s.l = {DELETED}")
    }

    /// What follows SELECT to ask whether the table's row `alias` is to be deleted.
    pub(super) fn leaving(&self, alias: &str) -> String {
        let key = self.entity.key;
        let (column, stage, value) = (self.column(key), self.stage(), self.staged(key));
        format!("FROM {stage} s WHERE s.l = {DELETED} AND {alias}.{column} = {value}")
    }

    /// How many staged rows to be deleted the table does not have.
    fn absent_and_deleted(&self) -> String {
        let (table, key) = (&self.entity.table, self.entity.key);
        let (column, stage, value) = (self.column(key), self.stage(), self.staged(key));
        format!(
            "SELECT count(*) FROM {stage} s WHERE s.l = {DELETED}
             AND NOT EXISTS (SELECT FROM {table} t WHERE t.{column} = {value})"
        )
    }

    fn delete(&self) -> String {
        let (table, key) = (&self.entity.table, self.entity.key);
        let (column, stage, value) = (self.column(key), self.stage(), self.staged(key));
        format!("DELETE FROM {table} t USING {stage} s WHERE s.l = {DELETED} AND t.{column} = {value}")
    }

    /// The same, keeping what the rows were: one row with the number of rows deleted and the number noted.
    fn delete_noted(&self, origin: &str, last: bool) -> String {
        format!(
            "WITH gone AS ({delete} RETURNING t.{id}::bigint AS id, s.o, to_jsonb(t) AS before, t.xmin AS stamp),
             noted AS (
                INSERT INTO muster.deleted (run, entity, id, row_number, before, before_xmin, last)
                SELECT {origin}, g.id, g.o, g.before, coalesce(back.stood, g.stamp), {last} FROM gone g
                LEFT JOIN muster.restored back ON {back}
                RETURNING 1)
             SELECT (SELECT count(*) FROM gone), (SELECT count(*) FROM noted)",
            delete = self.delete(),
            id = ident(&self.entity.system.id),
            back = journal::restored(&journal::canonical(&self.entity.table), "g.id", "g.stamp"),
        )
    }
}

/// What an undo of such a run asks of the database.
pub(super) mod back {
    use crate::sql::{ident, literal};

    /// Rows that the run deleted and that are there again: their keys.
    pub(in crate::load) fn there_again(table: &str, id: &str, key: &str, run: &str, entity: &str) -> String {
        format!(
            "SELECT d.before ->> {key_name} FROM muster.deleted d
             CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, d.before) old
             WHERE d.run = {run} AND d.entity = {entity}
               AND EXISTS (SELECT FROM {table} t WHERE t.{key} = old.{key} OR t.{id} = old.{id}) ORDER BY d.id",
            key_name = literal(key),
            key = ident(key),
            id = ident(id),
            entity = literal(entity),
        )
    }

    /// Inserts them again, with the ids they had, and notes whose transaction they stand for.
    pub(in crate::load) fn insert(
        table: &str,
        columns: &[String],
        run: &str,
        entity: &str,
        last: bool,
        stood: &str,
    ) -> String {
        let names: Vec<_> = columns.iter().map(|column| ident(column)).collect();
        let values: Vec<_> = names.iter().map(|name| format!("old.{name}")).collect();
        format!(
            "WITH back AS MATERIALIZED (
                SELECT d.id, d.before, d.before_xmin FROM muster.deleted d
                WHERE d.run = {run} AND d.entity = {entity} AND d.last = {last}),
             written AS (
                INSERT INTO {table} ({names}) OVERRIDING SYSTEM VALUE
                SELECT {values} FROM back b CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, b.before) old
                ORDER BY b.id RETURNING 1),
             noted AS (
                INSERT INTO muster.restored SELECT {name}, b.id, {stood}, pg_current_xact_id()::xid FROM back b
                ON CONFLICT (\"table\", id) DO UPDATE SET stood = excluded.stood, now = excluded.now)
             SELECT count(*) FROM written",
            names = names.join(", "),
            values = values.join(", "),
            entity = literal(entity),
            name = literal(table),
        )
    }
}
