//! How a table is divided into key ranges. The limits come from a sample of the table and not from the number of
//! connections, so the ranges and their checksums are the same for any number of them.

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::fault;
use crate::sql::literal;

use super::query::{Query, Range};

/// The approximate number of a table's bytes in a range.
const RANGE: i64 = 32 << 20;
/// How many pages of a table are sampled.
const PAGES: f64 = 500.0;
/// The largest number of ranges.
const MOST: i64 = 4096;

/// The ranges of a table. Every row is in exactly one.
pub(crate) async fn of(client: &Client, query: &Query) -> Result<Vec<Range>, DbError> {
    let failed = |e| DbError::of(format!("looking at the size of table {}", query.table), e);
    // The partition tree of a table without partitions is empty; the size of a table with partitions is 0.
    let table = literal(&query.table);
    let size = format!(
        "SELECT coalesce(pg_table_size({table}::regclass), 0) \
           + coalesce((SELECT sum(pg_table_size(relid)) FROM pg_partition_tree({table}::regclass)), 0)::bigint"
    );
    let bytes: i64 = client.query_one(&size, &[]).await.map_err(failed)?.get(0);
    let range = fault::number("MUSTER_TEST_EXPORT_RANGE", RANGE);
    let count = (bytes / range).clamp(0, MOST) + 1;
    let mut cuts: Vec<String> = Vec::new();
    if count > 1 {
        let percent = (PAGES * 100.0 * 8192.0 / bytes as f64).clamp(0.01, 100.0);
        let fractions: Vec<f64> = (1..count).map(|cut| cut as f64 / count as f64).collect();
        let sample = format!(
            "SELECT percentile_disc($1::float8[]) WITHIN GROUP (ORDER BY {}) \
             FROM {} t TABLESAMPLE SYSTEM ({percent:.4}) REPEATABLE (0)",
            query.key, query.table
        );
        let failed = |e| DbError::of(format!("sampling the keys of table {}", query.table), e);
        let found: Option<Vec<Option<String>>> =
            client.query_one(&sample, &[&fractions]).await.map_err(failed)?.get(0);
        cuts.extend(found.unwrap_or_default().into_iter().flatten());
        cuts.dedup();
    }
    let mut ranges = between(cuts);
    if query.key_can_be_null {
        ranges.push(Range { nulls: true, ..Range::default() });
    }
    Ok(ranges)
}

fn between(cuts: Vec<String>) -> Vec<Range> {
    let mut ranges = Vec::new();
    let mut from = None;
    for cut in cuts {
        ranges.push(Range { from: from.replace(cut.clone()), to: Some(cut), nulls: false });
    }
    ranges.push(Range { from, to: None, nulls: false });
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_adjacent_and_open_at_both_ends() {
        let ranges = between(vec!["b".to_owned(), "it's".to_owned()]);
        let conditions: Vec<_> = ranges.iter().map(|range| range.conditions("k").join(" AND ")).collect();
        assert_eq!(conditions, ["k < 'b'", "k >= 'b' AND k < 'it''s'", "k >= 'it''s'"]);
        assert_eq!(between(Vec::new()), [Range::default()]);
        assert_eq!(
            Range::default().conditions("k"),
            ["k IS NOT NULL"],
            "rows without a key are a range of their own"
        );
    }
}
