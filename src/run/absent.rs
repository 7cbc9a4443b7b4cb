//! `--report-absent`: the keys of the target's rows that the files lack, one file per entity.

use crate::db::Session;
use crate::load::{Cargo, Load};
use crate::output::{RunFolder, names};
use crate::schema::Schema;

use super::RunError;
use super::database::Database;

/// Writes the keys.
pub(super) fn report(
    (database, session): (&Database, &Session),
    schema: &Schema,
    folder: &mut RunFolder,
    load: &Load<'_>,
    cargo: &[Cargo<'_>],
) -> Result<(), RunError> {
    for item in cargo {
        let entity = &schema.entities[item.entity];
        let mut file = folder.create(&names::absent(&entity.name))?;
        let mut absent = 0_u64;
        let mut line = Vec::new();
        csv_line(&mut line, &entity.fields[entity.key].name);
        file.put(&line)?;
        let writing = load.absent::<RunError>(item, |key| {
            line.clear();
            csv_line(&mut line, key);
            absent += 1;
            Ok(file.put(&line)?)
        });
        database.wait(session, writing)?;
        file.finish()?;
        tracing::info!("{}: {absent} rows of the target are not in the files", entity.name);
    }
    Ok(())
}

/// A record of one cell (RFC 4180), exact: the file is for programs.
fn csv_line(out: &mut Vec<u8>, cell: &str) {
    if cell.is_empty() || cell.contains(['"', ',', ';', '\r', '\n', ' ']) {
        out.push(b'"');
        out.extend_from_slice(cell.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(cell.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
}
