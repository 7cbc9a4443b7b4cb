//! What is special about a run about a single record: it may be refused because the record exists, and the row is
//! handed back as the database has it.

use crate::db::postgres::Client;
use crate::export::ExportError;
use crate::export::records::{self, Mask, OwnedRecord};
use crate::read::Seed;
use crate::record::{RowEncoder, RowNumber};
use crate::schema::Schema;

use super::RunError;
use super::file::EntityRead;
use super::rows::Settleable;

/// What makes a run one about a single record.
#[derive(Debug, Clone)]
pub(crate) struct Single {
    /// What the journal calls it.
    pub(crate) command: &'static str,
    /// Whether a record that exists is updated; else the run is refused.
    pub(crate) update: bool,
    /// What is done to the sensitive values of the row that is handed back.
    pub(crate) mask: Option<Mask>,
}

impl Single {
    /// Looks at the record as the transaction at hand has it; none if it was rejected.
    pub(super) fn row<'a>(
        &self,
        client: &'a Client,
        schema: &'a Schema,
        entities: &'a [EntityRead],
    ) -> Result<impl Future<Output = Result<Option<OwnedRecord>, ExportError>> + 'a, RunError> {
        let given = entities.iter().enumerate().find(|(_, read)| read.harvest.rows > 0);
        let key = given.map(|(entity, read)| {
            // Nothing is compared by its hash.
            let seed = Seed::default();
            let settleable = Settleable::new(&schema.entities[entity], entity, &read.harvest, &seed);
            Ok((entity, settleable.key_of(RowNumber(0))?))
        });
        let key = key.transpose().map_err(RunError::Spool)?;
        let mask = self.mask;
        Ok(async move {
            let Some((entity, Some(key))) = key else { return Ok(None) };
            records::find(client, schema, entity, &RowEncoder::unescape(&key), mask).await
        })
    }
}
