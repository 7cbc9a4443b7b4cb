//! `--report-absent`: the keys of the target's rows that the files lack, one file per entity.

use std::iter;

use crate::db::Session;
use crate::load::{EntityRows, Load};
use crate::output::{Csv, RunFolder, names};
use crate::schema::Schema;

use super::RunError;
use super::database::Database;

/// Writes the keys.
pub(super) fn report(
    (database, session): (&Database, &Session),
    schema: &Schema,
    folder: &mut RunFolder,
    load: &Load<'_>,
    rows: &[EntityRows<'_>],
) -> Result<(), RunError> {
    for item in rows {
        let entity = &schema.entities[item.entity];
        let mut file = folder.create(&names::absent(&entity.name))?;
        let mut absent = 0_u64;
        let mut line = Vec::new();
        Csv::EXACT_CRLF.line(&mut line, iter::once(Some(&entity.fields[entity.key].name)));
        file.put(&line)?;
        let writing = load.absent::<RunError>(item, |key| {
            line.clear();
            Csv::EXACT_CRLF.line(&mut line, iter::once(Some(key)));
            absent += 1;
            Ok(file.put(&line)?)
        });
        database.wait(session, writing)?;
        file.finish()?;
        tracing::info!("{}: {absent} rows of the target are not in the files", entity.name);
    }
    Ok(())
}
