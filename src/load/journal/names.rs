//! SQL that names a run, a table, and who wrote a row last.

use crate::record::RunId;
use crate::schema::Table;
use crate::sql::literal;

/// What follows `FROM muster.runs r` to have the runs whose stamp proves something: it is still what their rows have in
/// `xmin`, which is not so after a restored dump, and its number has not been used again.
pub(crate) const STAMPS: &str = "JOIN muster.stamps k ON k.run = r.id AND k.xmin = r.stamp
    WHERE pg_snapshot_xmax(pg_current_snapshot())::text::numeric - r.xid::text::numeric < 4294967296";

/// The condition that joins `muster.restored back` to a row with this `id` and this `xmin`. After a restored dump the
/// entries have another `xmin` than they say, and are left out.
pub(crate) fn restored(table: &str, id: &str, xmin: &str) -> String {
    format!("back.\"table\" = {table} AND back.id = {id} AND back.now = {xmin} AND back.xmin = back.now")
}

/// An SQL expression of a table's name as the journal has it, with its schema; NULL if the table does not exist.
pub(crate) fn canonical(table: &Table) -> String {
    format!(
        "(SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE c.oid = to_regclass({}))",
        literal(&table.to_string()),
    )
}

/// The run and the entity whose rows are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Origin<'a> {
    pub(crate) run: &'a RunId,
    /// The entity's name.
    pub(crate) entity: &'a str,
}

impl Origin<'_> {
    /// Both as SQL, the first two columns of a row.
    pub(crate) fn columns(&self) -> String {
        format!("'{}'::uuid, {}", self.run, literal(self.entity))
    }
}
