//! The images that runs left in a table, compared with the table as it is now.

use std::fmt::Write;

use crate::db::DbError;
use crate::db::postgres::{Client, Row};
use crate::load::error::LoadError;
use crate::sql::{ident, literal, text_array};

use super::image::{Image, SIZE, text};

/// The images that runs left in a table, each with the SQL expression of its hash as the table is now, if it has one.
#[derive(Debug)]
pub(crate) struct Images {
    all: Vec<(Image, Option<String>)>,
}

impl Images {
    /// Those of an entity's runs into a table. `table` is an SQL expression of its name as the journal has it.
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

    /// The SQL condition that the table's row `t` is as the run left it that inserted it: the `position`-th row of the
    /// block `b`, whose image is `i`. NULL if that is not known.
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
    /// The default, if it is the same for every row.
    constant: Option<String>,
}

/// The SQL expression of an image's hash as the table is now; `None` if a hashed column is gone. It is NULL for a row
/// that has a value outside the image that the run cannot have left.
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
