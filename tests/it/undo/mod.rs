//! The journal of runs, and undoing one.

use crate::support::Database;

mod after_restore;
mod asked;
mod exact;
mod journal;
mod kept;
mod meanwhile;
mod tables;

/// Makes the journal one of version 3: rows are kept as JSON, and not every table has a key.
fn of_version_3(database: &Database) {
    for table in ["accounts", "users"] {
        let before = format!("to_jsonb(jsonb_populate_record(NULL::{table}, before))");
        let hash = format!("SELECT hashtextextended(to_jsonb(t)::text, 0) FROM {table} t WHERE t.id = u.id");
        database.rows(&format!(
            "UPDATE muster.updated u SET before = {before}, after_hash = coalesce(({hash}), 0) WHERE entity = '{table}';
             UPDATE muster.deleted SET before = {before} WHERE entity = '{table}'"
        ));
    }
    database.rows(
        "ALTER TABLE muster.runs DROP COLUMN text_images;
         ALTER TABLE muster.run_records DROP CONSTRAINT run_records_pkey;
         CREATE INDEX ON muster.run_records (run, entity, first_row);
         ALTER TABLE muster.inserted DROP CONSTRAINT inserted_pkey;
         CREATE INDEX ON muster.inserted (entity, first_id);
         ALTER TABLE muster.updated DROP CONSTRAINT updated_pkey;
         CREATE INDEX ON muster.updated (entity, id);
         ALTER TABLE muster.deleted DROP CONSTRAINT deleted_pkey;
         CREATE INDEX ON muster.deleted (run, entity);
         ALTER TABLE muster.version DROP CONSTRAINT version_pkey;
         UPDATE muster.version SET version = 3",
    );
}
