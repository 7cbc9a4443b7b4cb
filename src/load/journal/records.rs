//! Which record of which file each clean row is.

use crate::db::CopyIn;
use crate::db::postgres::Client;
use crate::load::error::LoadError;
use crate::read::Harvest;

use super::names::Origin;

/// Writes to the journal which records the clean rows of an entity are.
pub(crate) async fn note_records(
    client: &Client,
    origin: Origin<'_>,
    harvest: &Harvest,
) -> Result<(), LoadError> {
    let doing = "writing the journal";
    let sql = "COPY muster.run_records (run, entity, file, first_row, first_record, rows) FROM STDIN";
    let mut copy = CopyIn::begin(client, sql, doing).await?;
    let mut stretch: Option<Stretch> = None;
    let mut buffer = Vec::new();
    for segment in &harvest.segments {
        let rows = segment.open(&harvest.spool, &mut buffer).map_err(LoadError::Spool)?;
        for (row, record) in (segment.first..).zip(segment.records(&rows)) {
            match &mut stretch {
                Some(at) if at.file == segment.file && at.first_record + at.rows == record => at.rows += 1,
                _ => {
                    if let Some(done) = stretch.take() {
                        done.write(origin, &mut copy);
                        copy.flow().await?;
                    }
                    stretch =
                        Some(Stretch { file: segment.file, first_row: row, first_record: record, rows: 1 });
                }
            }
        }
    }
    if let Some(done) = stretch {
        done.write(origin, &mut copy);
    }
    copy.finish().await?;
    Ok(())
}

/// Consecutive records of a file that are all clean.
struct Stretch {
    file: u16,
    first_row: u64,
    first_record: u64,
    rows: u64,
}

impl Stretch {
    fn write(&self, origin: Origin<'_>, copy: &mut CopyIn) {
        let Self { file, first_row, first_record, rows } = self;
        let line =
            format!("{}\t{}\t{file}\t{first_row}\t{first_record}\t{rows}\n", origin.run, origin.entity);
        copy.buffer().extend_from_slice(line.as_bytes());
    }
}
