//! The SQL that reads the rows of a job, whole or a key range at a time.

use crate::sql::literal;

/// A SELECT in parts.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) table: String,
    pub(crate) select: String,
    pub(crate) from: String,
    pub(crate) conditions: Vec<String>,
    /// The key as text in byte order.
    pub(crate) key: String,
    pub(crate) order: String,
    /// Whether no two rows have the same key.
    pub(crate) key_is_unique: bool,
    /// Whether there may be rows without a key.
    pub(crate) key_can_be_null: bool,
}

/// A key range: from one key to below another, open at an end that is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Range {
    /// The first key in the range.
    pub(crate) from: Option<String>,
    /// The first key after the range.
    pub(crate) to: Option<String>,
    /// The rows without a key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) nulls: bool,
}

impl Range {
    pub(crate) fn conditions(&self, key: &str) -> Vec<String> {
        if self.nulls {
            return vec![format!("{key} IS NULL")];
        }
        if self.from.is_none() && self.to.is_none() {
            return vec![format!("{key} IS NOT NULL")];
        }
        let from = self.from.as_ref().map(|from| format!("{key} >= {}", literal(from)));
        let to = self.to.as_ref().map(|to| format!("{key} < {}", literal(to)));
        from.into_iter().chain(to).collect()
    }
}

impl Query {
    /// The COPY of one key range, in the order of the keys.
    pub(crate) fn copy(&self, range: &Range) -> String {
        format!("COPY ({} ORDER BY {}) TO STDOUT", self.rows(range), self.order)
    }

    /// The COPY of one key range, in any order.
    pub(crate) fn copy_unsorted(&self, range: &Range) -> String {
        format!("COPY ({}) TO STDOUT", self.rows(range))
    }

    fn rows(&self, range: &Range) -> String {
        let mut conditions = self.conditions.clone();
        conditions.extend(range.conditions(&self.key));
        format!("SELECT {} FROM {}{}", self.select, self.from, where_clause(&conditions))
    }

    /// The COPY of the first rows in the order of the keys; of all rows without a limit.
    pub(super) fn first(&self, limit: Option<u64>) -> String {
        let limit = limit.map_or_else(String::new, |rows| format!(" LIMIT {rows}"));
        let conditions = where_clause(&self.conditions);
        format!(
            "COPY (SELECT {} FROM {}{conditions} ORDER BY {}{limit}) TO STDOUT",
            self.select, self.from, self.order
        )
    }

    /// Counts all rows.
    pub(crate) fn count(&self) -> String {
        let from = if self.conditions.is_empty() { format!("{} t", self.table) } else { self.from.clone() };
        format!("SELECT count(*) FROM {from}{}", where_clause(&self.conditions))
    }
}

fn where_clause(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) }
}
