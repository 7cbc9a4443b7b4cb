//! The hash of an inserted row as muster left it. It tells whether the row was changed if its `xmin` cannot: after a
//! restored dump, or an `ALTER TABLE` that rewrote the table.
//!
//! The hash is the first eight bytes of the SHA-256 of the row's values as one array of texts, in UTF-8, as the
//! server prints it (`{a,"b c",NULL,""}`): NULL, an empty text and the word NULL are three things there, and no
//! value runs into the next. SHA-256 is the same on every machine and in every version. The texts are those of a
//! session as `db::connect` sets it up, regardless of the settings of role, database and server (dates in ISO, times in UTC).
//!
//! The image of a row, that is the columns that are hashed, has the columns that muster sends and those that nobody
//! fills, which are NULL. The client does not know what a default fills: such columns are not part of the image, nor are
//! the identity and the two times of the record. A column outside the image whose default is a constant must still have
//! that value, and one that was added later and has no default must be NULL.
//!
//! If rows are copied straight into the table, the client hashes what it sends: the rules' normal forms are what the
//! server prints. If a column has another type than its rule, and for staged rows, the server hashes what it stored.

use sha2::{Digest, Sha256};

use crate::db::DbError;
use crate::db::catalog::{ColumnInfo, TableInfo};
use crate::db::postgres::Client;
use crate::load::error::LoadError;
use crate::load::row_copy::sent_fields;
use crate::read::Layout;
use crate::record::RowEncoder;
use crate::rule::list::push_element;
use crate::schema::Entity;
use crate::sql::ident;

use super::names::Origin;

/// The bytes of a hash.
pub(crate) const SIZE: usize = 8;

/// Which columns of a row are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// These, in this order; first those that are sent.
    pub(super) columns: Vec<String>,
    /// The table's other columns.
    pub(super) others: Vec<String>,
    /// How many of the columns are sent.
    pub(super) sent: usize,
}

impl Image {
    /// The image of rows of a layout.
    pub(crate) fn of(entity: &Entity, info: &TableInfo, layout: &Layout) -> Self {
        let fields = sent_fields(entity, layout);
        let mut columns: Vec<_> = fields.iter().map(|&field| entity.fields[field].column.clone()).collect();
        let times = [&entity.system.created_at, &entity.system.updated_at].map(Option::as_ref);
        let mut others = Vec::new();
        for column in info.columns.iter().filter(|column| !column.computed) {
            if column.name == entity.system.id || columns.contains(&column.name) {
                continue;
            }
            let outside = column.filled || times.contains(&Some(&column.name));
            if outside { &mut others } else { &mut columns }.push(column.name.clone());
        }
        Self { columns, others, sent: fields.len() }
    }

    /// Whether the client knows what the server will print of a row that goes straight into the table.
    pub(crate) fn is_known(&self, entity: &Entity, info: &TableInfo) -> bool {
        self.columns.iter().enumerate().all(|(at, name)| {
            let Some(column) = info.column(name) else { return false };
            if at >= self.sent {
                // A domain may have a default.
                return column.declared.starts_with(&column.base);
            }
            let field = entity.fields.iter().find(|field| field.column == *name);
            field.is_some_and(|field| {
                let wanted = if field.reference.is_some() { "bigint" } else { field.rule.sql_type() };
                prints_as_sent(column, wanted)
            })
        })
    }

    /// The SQL expression of the hash, the row being `t`.
    pub(crate) fn hash(&self) -> String {
        let values: Vec<_> = self.columns.iter().map(|column| text(column)).collect();
        format!("substr(sha256(convert_to(ARRAY[{}]::text, 'UTF8')), 1, {SIZE})", values.join(", "))
    }

    /// Hashes rows as they are sent.
    pub(crate) fn hasher(&self) -> Hasher {
        let tail = ",NULL".repeat(self.columns.len() - self.sent) + "}";
        Hasher { sent: self.sent, tail, text: String::new() }
    }

    /// Writes the image of a layout to the journal.
    pub(crate) async fn note(
        &self,
        client: &Client,
        origin: Origin<'_>,
        number: usize,
    ) -> Result<(), LoadError> {
        let sql = format!("INSERT INTO muster.images VALUES ({}, {number}, $1, $2)", origin.columns());
        let noted = client.execute(&sql, &[&self.columns, &self.others]).await;
        noted.map_err(|e| DbError::of("writing the journal", e))?;
        Ok(())
    }
}

/// A stored value as text, the row being `t`.
pub(crate) fn text(column: &str) -> String {
    format!("t.{}::text", ident(column))
}

/// Whether the server prints the column's values exactly as a rule of this type writes them. A `numeric` or a timestamp
/// with a declared length rounds; a domain could be anything.
fn prints_as_sent(column: &ColumnInfo, wanted: &str) -> bool {
    let ColumnInfo { declared, base, .. } = column;
    if base == "character varying" {
        // A value that does not fit is refused; normal forms have no spaces at the end that could be cut off.
        return wanted == "text" && declared.starts_with(base.as_str());
    }
    declared == base
        && match wanted {
            "bigint" => matches!(base.as_str(), "bigint" | "integer" | "smallint" | "numeric"),
            "timestamptz" => base == "timestamp with time zone",
            wanted => base == wanted,
        }
}

/// Hashes rows as they are sent; reuses its buffer.
#[derive(Debug)]
pub(crate) struct Hasher {
    sent: usize,
    tail: String,
    text: String,
}

impl Hasher {
    /// The hash of a row, given its encoded fields; those after the hashed ones are skipped.
    pub(crate) fn hash(&mut self, fields: &[u8]) -> [u8; SIZE] {
        self.text.clear();
        let row = fields.strip_suffix(b"\n").unwrap_or(fields);
        for raw in row.split(|&byte| byte == b'\t').take(self.sent) {
            self.text.push(if self.text.is_empty() { '{' } else { ',' });
            match std::str::from_utf8(raw) {
                Ok("\\N") => self.text.push_str("NULL"),
                Ok(plain) if !plain.contains('\\') => push_element(&mut self.text, plain),
                _ => push_element(&mut self.text, &RowEncoder::unescape(raw)),
            }
        }
        self.text.push_str(&self.tail);
        let digest = Sha256::digest(self.text.as_bytes());
        let mut hash = [0; SIZE];
        hash.copy_from_slice(&digest[..SIZE]);
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(sent: usize, unsent: usize, row: &[u8]) -> String {
        let columns = vec![String::new(); sent + unsent];
        let mut hasher = Image { columns, others: Vec::new(), sent }.hasher();
        hasher.hash(b"another\trow\n");
        hasher.hash(row).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
    }

    #[test]
    fn a_hash_is_that_of_the_array_that_the_server_prints() {
        // Each was printed by PostgreSQL 15: encode(substr(sha256(convert_to(ARRAY[…]::text, 'UTF8')), 1, 8), 'hex').
        for (sent, unsent, row, expected) in [
            (2, 0, &b"a\tb\n"[..], "8462216de761eb74"),
            (3, 1, b"\\N\t\tNULL\n", "e9329ab1360834ed"),
            (2, 0, b"tab\\there, \\\\ and \"\tc\\nd\tafter\n", "29a46b9b4529c6b7"),
            (1, 0, "é{x}\n".as_bytes(), "445a962041b7cc18"),
        ] {
            assert_eq!(hash(sent, unsent, row), expected, "{}", String::from_utf8_lossy(row));
        }
    }

    #[test]
    fn null_and_empty_and_shifted_values_differ() {
        let rows: [&[u8]; 6] = [b"\\N\ta\n", b"\ta\n", b"NULL\ta\n", b"a\t\\N\n", b"a,\t\n", b"\t,a\n"];
        let mut hashes: Vec<_> = rows.iter().map(|row| hash(2, 0, row)).collect();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), rows.len());
    }
}
