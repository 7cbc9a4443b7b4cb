//! Taking a run back, in one transaction: what it updated is restored, what it inserted is deleted. Refused
//! where somebody changed one of its rows since, or where a row of another table (or of the same table, from
//! another run) refers to one that would go, whatever that foreign key's ON DELETE says.
//!
//! The rows are locked first and looked at then, each statement with a snapshot of its own: a change that
//! came in between is seen, and one that comes later waits. A new reference to a locked row waits, too.

use crate::db::postgres::Client;
use crate::db::{DbError, Session};

use crate::fault::{self, Point};
use crate::sql::{ident, literal};

use super::delete::back;
use super::journal::{self, EntityRecord, IMAGE_HASH, Images, RunRecord, STAMPS};
use super::let_go;
use super::rights;
use super::{LoadError, number};

/// How many rows are named.
const NAMED: usize = 1000;

/// A run that may be undone.
#[derive(Debug)]
pub(crate) struct Undo<'a> {
    client: &'a Client,
    run: &'a RunRecord,
    /// A row that has the run's stamp in `xmin` is as the run left it.
    stamped: bool,
}

/// What an undo did to an entity's table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Undone {
    /// The entity.
    pub(crate) entity: String,
    /// Rows deleted.
    pub(crate) deleted: u64,
    /// Rows restored, whether they had been updated or deleted.
    pub(crate) restored: u64,
    /// Rows that stay as they are, since `muster runs forget` took their traces.
    pub(crate) forgotten: u64,
}

/// A row that stands in an undo's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hindrance {
    /// The entity.
    pub(crate) entity: String,
    /// The row's key, or its id where it is gone.
    pub(crate) key: String,
    /// What happened to it.
    pub(crate) why: Why,
}

/// What stands in an undo's way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// Somebody wrote it; where a run of muster's did, its id.
    Changed(Option<String>),
    /// It was written anew, and the run kept no hash of it.
    Untold,
    /// Somebody deleted it.
    Deleted,
    /// The run had deleted it, and somebody made it again.
    ThereAgain,
    /// A row of this table refers to it, by this constraint.
    Referred {
        /// The table that refers to it.
        table: String,
        /// The foreign key.
        constraint: String,
    },
}

impl std::fmt::Display for Hindrance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { entity, key, why } = self;
        match why {
            Why::Changed(None) => write!(f, "{entity} {key}: changed since by somebody else"),
            Why::Changed(Some(run)) => {
                write!(f, "{entity} {key}: changed since by run {run}: undo that first")
            }
            Why::Untold => write!(
                f,
                "{entity} {key}: written anew since, and the run is of an older muster, which kept no hash of it: \
                 whether it was changed cannot be told"
            ),
            Why::Deleted => write!(f, "{entity} {key}: deleted since"),
            Why::ThereAgain => write!(f, "{entity} {key}: made again since"),
            Why::Referred { table, constraint } => {
                write!(f, "{entity} {key}: a row of {table} refers to it ({constraint})")
            }
        }
    }
}

impl<'a> Undo<'a> {
    /// Looks whether the run can be undone at all.
    ///
    /// # Errors
    ///
    /// It is an undo, is undone, or has no before-images and provenance (any more).
    pub(crate) async fn of(client: &'a Client, run: &'a RunRecord) -> Result<Self, LoadError> {
        let refused = |why: String| Err(LoadError::NotUndoable { run: run.run.clone(), why });
        if let Some(by) = &run.undone_by {
            return refused(format!("it is undone already, by run {by}"));
        }
        if run.undoes.is_some() {
            return refused("it is itself an undo; import the files again instead".to_owned());
        }
        if let Some(pruned) = &run.pruned {
            return refused(format!("its before-images and provenance were pruned at {pruned}"));
        }
        if !run.undoable {
            return refused(
                "it ran with --no-undo, which keeps no before-images and no provenance".to_owned(),
            );
        }
        rights::journal(client, rights::JOURNAL_UNDO).await?;
        rights::undo(client, &run.entities).await?;
        let sql = format!(
            "SELECT EXISTS (SELECT FROM muster.runs r {STAMPS} AND r.id = $1::text::uuid),
                    EXISTS (SELECT FROM muster.inserted b WHERE b.run = $1::text::uuid AND b.hashes IS NULL)"
        );
        let row = client.query_one(&sql, &[&run.run]).await.map_err(|e| failed(&run.run, e))?;
        let (stamped, unhashed): (bool, bool) = (row.get(0), row.get(1));
        if !stamped && unhashed {
            return refused(
                "the journal was written anew since, as by a restored dump, or so many transactions ago that their \
                 numbers come again, and the run is of an older muster, which kept no hashes of the rows it \
                 inserted: whether they were changed cannot be told"
                    .to_owned(),
            );
        }
        if !stamped {
            tracing::info!("run {}: its rows are told by their hashes, as after a restored dump", run.run);
        }
        Ok(Self { client, run, stamped })
    }

    /// Begins the transaction, restores and deletes. It is not committed.
    ///
    /// # Errors
    ///
    /// [`LoadError::InTheWay`] names the rows that stand in the way; then everything is to be rolled back.
    pub(crate) async fn run(&self, undo: &str) -> Result<Vec<Undone>, LoadError> {
        self.execute("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
        let mut hindrances = Vec::new();
        let mut all = Vec::new();
        for entity in &self.run.entities {
            self.lock(entity).await?;
            self.find_changed(entity, &mut hindrances).await?;
            self.find_there_again(entity, &mut hindrances).await?;
        }
        fault::reach(Point::UndoLocked);
        if hindrances.is_empty() {
            // As the load went, from its end: what was deleted last comes first, and what is referred to with it.
            let mut back = Vec::new();
            for entity in &self.run.entities {
                back.push(self.bring_back(entity, true).await?);
            }
            for (entity, back) in self.run.entities.iter().zip(back) {
                let restored = back + self.restore(entity).await?;
                let forgotten = entity.forgotten;
                all.push(Undone { entity: entity.entity.clone(), deleted: 0, restored, forgotten });
            }
            fault::reach(Point::UndoRestored);
            for entity in &self.run.entities {
                self.find_referred(entity, &mut hindrances).await?;
            }
        }
        if !hindrances.is_empty() {
            return Err(LoadError::InTheWay { run: self.run.run.clone(), hindrances });
        }
        // What refers comes after what is referred to, so it goes first.
        for (entity, undone) in self.run.entities.iter().zip(&mut all).rev() {
            undone.deleted = self.delete(entity).await?;
        }
        for (entity, undone) in self.run.entities.iter().zip(&mut all) {
            undone.restored += self.bring_back(entity, false).await?;
        }
        fault::reach(Point::UndoDeleted);
        self.execute("SET CONSTRAINTS ALL IMMEDIATE").await?;
        self.note(undo).await?;
        fault::reach(Point::UndoNoted);
        Ok(all)
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// See [`LoadError::Unknown`]; with any other error the transaction was rolled back.
    pub(crate) async fn commit(session: &Session, undo: &str) -> Result<(), LoadError> {
        let transaction = super::commit::transaction_id(&session.client).await?;
        super::commit::commit(session, transaction.as_deref(), undo).await
    }

    /// Lists the run's rows in a temporary table and locks those that are there, in the order of their ids.
    async fn lock(&self, entity: &EntityRecord) -> Result<(), LoadError> {
        let (list, run, name) = (list(entity), self.id(), literal(&entity.entity));
        self.execute(&format!(
            "CREATE TEMPORARY TABLE {list} ON COMMIT DROP AS
             SELECT r.id, true AS fresh, NULL::bigint AS after_hash, b.ctid AS block, r.n AS place
             FROM muster.inserted b
             CROSS JOIN LATERAL (
                SELECT i.id, i.n FROM unnest(b.ids) WITH ORDINALITY i (id, n) WHERE b.ids IS NOT NULL
                UNION ALL SELECT b.first_id + n - 1, n FROM generate_series(1, b.rows) n WHERE b.ids IS NULL) r
             WHERE b.run = {run} AND b.entity = {name}
             UNION ALL SELECT id, false, after_hash, NULL, NULL FROM muster.updated WHERE run = {run} AND entity = {name};
             ALTER TABLE {list} ADD PRIMARY KEY (id);
             ANALYZE {list}"
        ))
        .await?;
        let (table, id) = (&entity.table, ident(&entity.id_column));
        self.execute(&format!(
            "DO $lock$ BEGIN
             PERFORM FROM {table} t JOIN {list} l ON l.id = t.{id} ORDER BY t.{id} FOR UPDATE OF t;
             END $lock$"
        ))
        .await
    }

    async fn find_changed(&self, entity: &EntityRecord, found: &mut Vec<Hindrance>) -> Result<(), LoadError> {
        let images =
            Images::of(self.client, &entity.entity, &literal(&entity.table), &entity.id_column).await?;
        // The hash comes last, and is looked at only where the stamp proves nothing.
        let sql = format!(
            "SELECT coalesce(t.{key}::text, 'with id ' || l.id), t.{id} IS NULL,
                    l.fresh AND (SELECT b.hashes IS NULL FROM muster.inserted b WHERE b.ctid = l.block),
                    coalesce(
                        (SELECT r.id FROM muster.runs r {STAMPS}
                         AND r.stamp = t.xmin AND r.undoes IS NULL AND r.id <> {run} LIMIT 1),
                        (SELECT r.id FROM muster.updated u
                         JOIN muster.runs r ON r.id = u.run AND r.status = 'committed' AND r.id <> {run}
                         JOIN muster.run_counts c ON c.run = u.run AND c.entity = u.entity AND c.\"table\" = {name}
                         WHERE u.entity = {entity} AND u.id = l.id AND u.after_hash = {IMAGE_HASH}
                         ORDER BY r.finished DESC LIMIT 1))::text
             FROM {list} l LEFT JOIN {table} t ON t.{id} = l.id
             LEFT JOIN muster.restored back ON {restored}
             WHERE t.{id} IS NULL OR NOT coalesce(CASE
                WHEN {stamped} AND coalesce(back.stood, t.xmin) = (SELECT stamp FROM muster.runs WHERE id = {run})
                THEN true
                WHEN l.fresh THEN (
                    SELECT {same} FROM muster.inserted b
                    JOIN muster.images i ON i.run = b.run AND i.entity = b.entity AND i.image = b.image
                    WHERE b.ctid = l.block)
                ELSE l.after_hash = {IMAGE_HASH} END, false)
             ORDER BY l.id",
            key = ident(&entity.key_column),
            id = ident(&entity.id_column),
            list = list(entity),
            table = entity.table,
            name = literal(&entity.table),
            entity = literal(&entity.entity),
            run = self.id(),
            restored = journal::restored(&literal(&entity.table), "l.id", "t.xmin"),
            stamped = self.stamped,
            same = images.same("l.place"),
        );
        for row in self.client.query(&sql, &[]).await.map_err(|e| failed(&self.run.run, e))? {
            let why = match (row.get(1), row.get(2), row.get(3)) {
                (true, ..) => Why::Deleted,
                (_, Some(true), None) => Why::Untold,
                (.., by) => Why::Changed(by),
            };
            found.push(Hindrance { entity: entity.entity.clone(), key: row.get(0), why });
        }
        Ok(())
    }

    /// Puts the rows back that were updated, and notes whose transaction they stand for now.
    async fn restore(&self, entity: &EntityRecord) -> Result<u64, LoadError> {
        let_go::before_undo(self.client, entity, &list(entity), &self.id())
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        let columns = self
            .client
            .query(
                "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0
                   AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a' AND a.attname <> $2",
                &[&entity.table, &entity.id_column],
            )
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        // A column that the table did not have then keeps what it has.
        let sets: Vec<String> = columns
            .iter()
            .map(|row| (ident(row.get(0)), literal(row.get(0))))
            .map(|(column, name)| {
                format!("{column} = CASE WHEN u.before ? {name} THEN old.{column} ELSE t.{column} END")
            })
            .collect();
        let (table, id, name) = (&entity.table, ident(&entity.id_column), literal(&entity.table));
        let sql = format!(
            "WITH restored AS (
                UPDATE {table} t SET {sets} FROM muster.updated u, jsonb_populate_record(NULL::{table}, u.before) old
                WHERE u.run = {run} AND u.entity = {entity} AND t.{id} = u.id
                RETURNING u.id, u.before_xmin),
             noted AS (
                INSERT INTO muster.restored SELECT {name}, r.id, {stood}, pg_current_xact_id()::xid
                FROM restored r LEFT JOIN muster.restored back ON {back}
                ON CONFLICT (\"table\", id) DO UPDATE SET stood = excluded.stood, now = excluded.now)
             SELECT count(*) FROM restored",
            sets = sets.join(", "),
            run = self.id(),
            entity = literal(&entity.entity),
            stood = self.stood("coalesce(back.stood, r.before_xmin)"),
            back = journal::restored(&name, "r.id", "r.before_xmin"),
        );
        let row = self.client.query_one(&sql, &[]).await.map_err(|e| failed(&self.run.run, e))?;
        Ok(number(row.get(0)))
    }

    /// Rows that the run deleted and that somebody made again.
    async fn find_there_again(
        &self,
        entity: &EntityRecord,
        found: &mut Vec<Hindrance>,
    ) -> Result<(), LoadError> {
        let (table, id, key) = (&entity.table, &entity.id_column, &entity.key_column);
        let sql = back::there_again(table, id, key, &self.id(), &entity.entity);
        for row in self.client.query(&sql, &[]).await.map_err(|e| failed(&self.run.run, e))? {
            let key = row.get::<_, Option<String>>(0).unwrap_or_default();
            found.push(Hindrance { entity: entity.entity.clone(), key, why: Why::ThereAgain });
        }
        Ok(())
    }

    /// Puts rows back that were deleted, those that went last or those that went first. A column that the table
    /// did not have then takes its default.
    async fn bring_back(&self, entity: &EntityRecord, last: bool) -> Result<u64, LoadError> {
        if entity.deleted == 0 {
            return Ok(0);
        }
        let columns = self
            .client
            .query(
                "SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = $1::text::regclass AND a.attnum > 0
                   AND NOT a.attisdropped AND a.attgenerated = ''
                   AND EXISTS (SELECT FROM muster.deleted d WHERE d.run = $2::text::uuid AND d.entity = $3
                               AND d.before ? a.attname::text)",
                &[&entity.table, &self.run.run, &entity.entity],
            )
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
        if columns.is_empty() {
            return Ok(0);
        }
        let sql = back::insert(
            &entity.table,
            &columns,
            &self.id(),
            &entity.entity,
            last,
            self.stood("b.before_xmin"),
        );
        let row = self.client.query_one(&sql, &[]).await.map_err(|e| failed(&self.run.run, e))?;
        Ok(number(row.get(0)))
    }

    /// Rows that refer to one that is to go, unless they go, too.
    async fn find_referred(
        &self,
        entity: &EntityRecord,
        found: &mut Vec<Hindrance>,
    ) -> Result<(), LoadError> {
        let keys = self
            .client
            .query(
                "SELECT c.conname::text, format('%I.%I', n.nspname, r.relname),
                        array(SELECT quote_ident(a.attname) FROM unnest(c.conkey) WITH ORDINALITY k (num, n)
                              JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num ORDER BY k.n),
                        array(SELECT quote_ident(a.attname) FROM unnest(c.confkey) WITH ORDINALITY k (num, n)
                              JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num ORDER BY k.n)
                 FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
                 WHERE c.contype = 'f' AND c.confrelid = $1::text::regclass AND c.conparentid = 0 ORDER BY 2, 1",
                &[&entity.table],
            )
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        for key in keys {
            let (constraint, table): (String, String) = (key.get(0), key.get(1));
            let (from, to): (Vec<String>, Vec<String>) = (key.get(2), key.get(3));
            let on: Vec<_> = from.iter().zip(&to).map(|(from, to)| format!("c.{from} = t.{to}")).collect();
            let going = self.run.entities.iter().find(|other| other.table == table).map_or_else(
                String::new,
                |other| {
                    format!(
                        " AND NOT EXISTS (SELECT FROM {} o WHERE o.fresh AND o.id = c.{})",
                        list(other),
                        ident(&other.id_column)
                    )
                },
            );
            let sql = format!(
                "SELECT t.{key}::text FROM {list} l JOIN {parent} t ON t.{id} = l.id
                 WHERE l.fresh AND EXISTS (SELECT FROM {table} c WHERE {on}{going}) ORDER BY l.id LIMIT {NAMED}",
                key = ident(&entity.key_column),
                list = list(entity),
                parent = entity.table,
                id = ident(&entity.id_column),
                on = on.join(" AND "),
            );
            for row in self.client.query(&sql, &[]).await.map_err(|e| failed(&self.run.run, e))? {
                let why = Why::Referred { table: table.clone(), constraint: constraint.clone() };
                found.push(Hindrance { entity: entity.entity.clone(), key: row.get(0), why });
            }
        }
        Ok(())
    }

    async fn delete(&self, entity: &EntityRecord) -> Result<u64, LoadError> {
        let sql = format!(
            "DELETE FROM {} t USING {} l WHERE l.fresh AND t.{} = l.id",
            entity.table,
            list(entity),
            ident(&entity.id_column)
        );
        Ok(self.client.execute(&sql, &[]).await.map_err(|e| failed(&self.run.run, e))?)
    }

    /// Notes the undo as a run of its own, and the run as undone.
    async fn note(&self, undo: &str) -> Result<(), LoadError> {
        self.client
            .execute(
                "INSERT INTO muster.runs (id, command, started, finished, host, version, schema_sha256, undoable, undoes, stamp)
                 SELECT $1::text::uuid, 'undo', now(), clock_timestamp(), $3, $4, schema_sha256, false, id, pg_current_xact_id()::xid
                 FROM muster.runs WHERE id = $2::text::uuid",
                &[&undo, &self.run.run, &journal::hostname(), &env!("CARGO_PKG_VERSION")],
            )
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        self.client
            .execute(
                "UPDATE muster.runs SET status = 'undone', undone_by = $1::text::uuid WHERE id = $2::text::uuid",
                &[&undo, &self.run.run],
            )
            .await
            .map_err(|e| failed(&self.run.run, e))?;
        Ok(())
    }

    /// Whose transaction a row stands for that is put back. After a restored dump, nobody's: the numbers of another
    /// server's transactions may be given out again here.
    fn stood<'s>(&self, before: &'s str) -> &'s str {
        if self.stamped { before } else { "'0'::xid" }
    }

    fn id(&self) -> String {
        format!("{}::uuid", literal(&self.run.run))
    }

    async fn execute(&self, sql: &str) -> Result<(), LoadError> {
        Ok(self.client.batch_execute(sql).await.map_err(|e| failed(&self.run.run, e))?)
    }
}

/// The temporary table of an entity's rows.
fn list(entity: &EntityRecord) -> String {
    format!("pg_temp.{}", ident(&format!("muster undo {}", entity.entity)))
}

fn failed(run: &str, error: crate::db::postgres::Error) -> DbError {
    DbError::of(format!("undoing run {run}"), error)
}
