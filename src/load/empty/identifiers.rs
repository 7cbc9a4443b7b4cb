//! Identifiers for the kept rows of an entity, reserved before the rows are sent.

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::load::error::LoadError;
use crate::record::RowNumber;
use crate::schema::Entity;
use crate::settle::{EntityVerdict, Fate};

/// The identifiers of an entity's kept rows: consecutive numbers, in row order.
#[derive(Debug, Clone)]
pub(crate) struct Identifiers {
    /// That of the first kept row.
    pub(super) first: i64,
    /// Per clean row, how many kept rows come before it.
    ranks: Vec<u32>,
}

impl Identifiers {
    /// Reserves one for each kept row with a single call, under the table's lock.
    pub(super) async fn reserve(
        client: &Client,
        entity: &Entity,
        verdict: &EntityVerdict,
    ) -> Result<Self, LoadError> {
        let mut ranks = Vec::with_capacity(verdict.fates.len());
        let mut rank = 0;
        for fate in &verdict.fates {
            ranks.push(rank);
            rank += u32::from(*fate == Fate::Kept);
        }
        if rank == 0 {
            return Ok(Self { first: 0, ranks });
        }
        let sql = "SELECT first, setval(seq, first + $3 - 1) FROM (
                       SELECT pg_get_serial_sequence($1, $2)::regclass AS seq,
                              nextval(pg_get_serial_sequence($1, $2)) AS first) s";
        let table = entity.table.to_string();
        let row = client
            .query_one(sql, &[&table, &entity.system.id, &i64::from(rank)])
            .await
            .map_err(|e| DbError::of(format!("reserving identifiers for table {table}"), e))?;
        match row.get(0) {
            Some(first) => Ok(Self { first, ranks }),
            None => Err(LoadError::Altered { table, what: "has taken the sequence of its identities away" }),
        }
    }

    /// A kept row's identifier; for any other row that of the next kept one.
    pub(super) fn of(&self, row: RowNumber) -> i64 {
        self.first + self.ranks.get(row.position()).map_or(0, |&rank| i64::from(rank))
    }
}
