//! The image that an inserted row was left with, as a hash: what tells whether somebody changed the row where its
//! `xmin` cannot, after a restored dump or an `ALTER TABLE` that wrote the table anew.
//!
//! The hash is the first eight bytes of the SHA-256 of the row's values as one array of texts, in UTF-8, as the
//! server prints it (`{a,"b c",NULL,""}`): NULL, an empty text and the word NULL are three things there, and no
//! value runs into the next. SHA-256 is the same on every machine and in every version. The texts are those of a
//! session as `db::connect` sets it up, whatever role, database and server prefer (dates in ISO, instants in UTC).
//!
//! Hashed are the columns that muster sends, and those that nobody fills, which are NULL. What a default fills is
//! not known to whoever sends the rows, and stays outside, as do the identity and the two times of the record. Beside
//! the hash, a column outside it whose default is a constant must have just that, and one that came later and has
//! no default must be NULL.
//!
//! Where rows go straight into the table the client hashes what it sends: the normal forms of the rules are what
//! the server prints of them. Where a column has another type than its rule's, and wherever rows are staged, the
//! server hashes what it stored.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::db::DbError;
use crate::db::catalog::{ColumnInfo, TableInfo};
use crate::db::postgres::{Client, Row};
use crate::read::Layout;
use crate::record::RowEncoder;
use crate::rule::list::push_element;
use crate::schema::{Entity, FieldIndex};
use crate::sql::{ident, literal, text_array};

use super::super::LoadError;
use super::Origin;

/// The bytes of a hash.
pub(crate) const SIZE: usize = 8;

/// Which columns of a row are hashed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Image {
    /// They, in this order: first those that are sent.
    columns: Vec<String>,
    /// Those that were there and stay outside.
    others: Vec<String>,
    /// How many are sent.
    sent: usize,
}

/// The fields that are sent for rows of a layout: its own, then those that only the schema has a value for.
pub(crate) fn sent(entity: &Entity, layout: &Layout) -> Vec<FieldIndex> {
    let defaults = (0..entity.fields.len())
        .filter(|index| !layout.fields.contains(index) && entity.fields[*index].when_empty().is_some());
    layout.fields.iter().copied().chain(defaults).collect()
}

impl Image {
    /// The image of rows of a layout.
    pub(crate) fn of(entity: &Entity, info: &TableInfo, layout: &Layout) -> Self {
        let fields = sent(entity, layout);
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
                // A domain may have a default of its own.
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

    /// What hashes rows as they are sent.
    pub(crate) fn hasher(&self) -> Hasher {
        let tail = ",NULL".repeat(self.columns.len() - self.sent) + "}";
        Hasher { sent: self.sent, tail, text: String::new() }
    }

    /// Notes the image of a layout.
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

/// Whether a column prints a normal form of a rule's type to the letter. A length of a `numeric` or of an instant
/// rounds; a domain could be anything.
fn prints_as_sent(column: &ColumnInfo, wanted: &str) -> bool {
    let ColumnInfo { declared, base, .. } = column;
    if base == "character varying" {
        // What does not fit is refused; normal forms end in no spaces that could be cut off.
        return wanted == "text" && declared.starts_with(base.as_str());
    }
    declared == base
        && match wanted {
            "bigint" => matches!(base.as_str(), "bigint" | "integer" | "numeric"),
            "timestamptz" => base == "timestamp with time zone",
            wanted => base == wanted,
        }
}

/// Hashes rows as they are sent, with a buffer that is used again.
#[derive(Debug)]
pub(crate) struct Hasher {
    sent: usize,
    tail: String,
    text: String,
}

impl Hasher {
    /// The hash of a row: its encoded fields, of which those behind the hashed ones are passed over.
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

/// The images that runs left in a table, as it is now.
#[derive(Debug)]
pub(crate) struct Images {
    all: Vec<(Image, Option<String>)>,
}

impl Images {
    /// Those of an entity's runs into a table, by an SQL expression of its name as the journal has it.
    pub(crate) async fn of(client: &Client, entity: &str, table: &str, id: &str) -> Result<Self, LoadError> {
        let failed = |e| DbError::of("reading the journal (schema muster)", e);
        let present = format!(
            "SELECT a.attname::text, a.atthasdef OR a.attidentity <> '' OR y.typdefault IS NOT NULL,
                CASE WHEN d.adbin::text LIKE '{{CONST%' THEN pg_get_expr(d.adbin, d.adrelid) END
             FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
             LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = to_regclass({table}) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''"
        );
        let present = client.query(&present, &[]).await.map_err(failed)?;
        let column = |row: &Row| Present { name: row.get(0), filled: row.get(1), constant: row.get(2) };
        let present: Vec<_> = present.iter().map(column).collect();
        let images = format!(
            "SELECT DISTINCT i.columns, i.others FROM muster.images i
             JOIN muster.run_counts c ON c.run = i.run AND c.entity = i.entity
             WHERE i.entity = {} AND c.\"table\" = {table}",
            literal(entity)
        );
        let images = client.query(&images, &[]).await.map_err(failed)?;
        let image = |columns: Vec<String>, others| Image { sent: columns.len(), columns, others };
        let images = images.iter().map(|row| image(row.get(0), row.get(1)));
        Ok(Self { all: images.map(|image| (image.clone(), now(&image, &present, id))).collect() })
    }

    /// The SQL expression that says whether the table's row `t` is as a run left it when it inserted it: the
    /// `position`-th row of the block `b`, whose image is `i`. NULL where that cannot be told.
    pub(crate) fn same(&self, position: &str) -> String {
        let mut hash = String::from("CASE");
        for (Image { columns, others, .. }, now) in &self.all {
            if let Some(now) = now {
                let (columns, others) = (text_array(columns), text_array(others));
                let _ = write!(hash, " WHEN i.columns = {columns} AND i.others = {others} THEN {now}");
            }
        }
        hash.push_str(if hash == "CASE" { " WHEN true THEN NULL::bytea END" } else { " END" });
        format!("substr(b.hashes, (({position}) * {SIZE} - {SIZE} + 1)::integer, {SIZE}) = {hash}")
    }
}

/// A column of the table as it is now, unless the server computes it.
struct Present {
    name: String,
    filled: bool,
    /// The default, where it is the same for every row.
    constant: Option<String>,
}

/// An image's hash of a row as the table is now, none where a hashed column is gone; NULL for a row that holds what
/// the run cannot have left in a column outside the hash.
fn now(image: &Image, present: &[Present], id: &str) -> Option<String> {
    if !image.columns.iter().all(|name| present.iter().any(|column| column.name == *name)) {
        return None;
    }
    let outside = present.iter().filter(|column| column.name != id && !image.columns.contains(&column.name));
    let conditions: Vec<_> = outside
        .filter_map(|Present { name, filled, constant }| match constant {
            Some(constant) => Some(format!("{} IS NOT DISTINCT FROM ({constant})::text", text(name))),
            None if *filled || image.others.contains(name) => None,
            None => Some(format!("t.{} IS NULL", ident(name))),
        })
        .collect();
    if conditions.is_empty() {
        return Some(image.hash());
    }
    Some(format!("CASE WHEN {} THEN {} END", conditions.join(" AND "), image.hash()))
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
            (2, 0, b"tab\\there, \\\\ and \"\tc\\nd\tbehind\n", "29a46b9b4529c6b7"),
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
