//! The columns of a table whose rows are put back, and their values as the journal has them: as text of the run's own
//! table then, or, of a run that an older muster wrote, as JSON.

use crate::load::error::LoadError;
use crate::load::journal::exact;
use crate::sql::{ident, literal};

use super::rows::RunRows;

/// A column as the table has it now.
pub(super) struct Column {
    pub(super) name: String,
    /// Its type, without a length: casts cut off what is too long for one, assignments refuse it.
    kind: String,
    /// Its type without the domain.
    base: String,
    /// A value may be given.
    pub(super) writable: bool,
    /// An update may give it a value.
    pub(super) updatable: bool,
    /// JSON does not give back what its values were.
    pub(super) lossy: bool,
}

/// `to_jsonb` takes a cast to JSON where the type's owner made one; only built-in types are read back from what it makes.
const COLUMNS: &str = "
    SELECT a.attname::text, format_type(a.atttypid, -1),
           format_type(CASE WHEN y.typtype = 'd' THEN y.typbasetype ELSE y.oid END, NULL),
           a.attgenerated = '', a.attgenerated = '' AND a.attidentity <> 'a' AND a.attname <> $2,
           'json'::regtype IN (y.oid, y.typbasetype, y.typelem) OR EXISTS (
               SELECT FROM pg_cast k WHERE k.castsource IN (y.oid, y.typbasetype, y.typelem) AND k.castmethod = 'f'
                 AND k.castsource >= 16384 AND k.casttarget IN ('json'::regtype, 'jsonb'::regtype))
    FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
    WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

/// The equality of a column `u` that is unique by itself, as its index has it, if it is none of `pg_catalog`: the
/// operator, and its type.
pub(super) const EQUALITY: &str = "
    (SELECT ARRAY[format('OPERATOR(%I.%s)', n.nspname, o.oprname), format_type(k.opcintype, NULL)]
     FROM pg_index i JOIN pg_opclass k ON k.oid = i.indclass[0]
     JOIN pg_amop m ON m.amopfamily = k.opcfamily AND m.amopstrategy = 3
       AND m.amoplefttype = k.opcintype AND m.amoprighttype = k.opcintype
     JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
     WHERE i.indrelid = u.attrelid AND i.indisunique AND i.indnkeyatts = 1 AND i.indkey[0] = u.attnum
       AND n.nspname <> 'pg_catalog' LIMIT 1)";

/// The SQL condition that two values of such a column are equal.
pub(super) fn equal(one: &str, other: &str, equality: Option<&[String]>) -> String {
    match equality {
        Some([operator, kind]) => format!("({one})::{kind} {operator} ({other})::{kind}"),
        _ => format!("{one} = {other}"),
    }
}

impl Column {
    /// Those of the run's table.
    pub(super) async fn all(rows: &RunRows<'_>) -> Result<Vec<Self>, LoadError> {
        let found = rows.query(COLUMNS, &[&rows.entity.table, &rows.entity.id_column]).await?;
        let column = |row: &crate::db::postgres::Row| Self {
            name: row.get(0),
            kind: row.get(1),
            base: row.get(2),
            writable: row.get(3),
            updatable: row.get(4),
            lossy: row.get(5),
        };
        Ok(found.iter().map(column).collect())
    }

    pub(super) fn ident(&self) -> String {
        ident(&self.name)
    }

    /// The SQL condition that the image has the column: the table may not have had it then.
    pub(super) fn is_in(&self, image: &str) -> String {
        format!("{image} ? {}", literal(&self.name))
    }

    /// The value in the image, as SQL. If it is JSON, `old` is the row that [`Column::read`] makes.
    pub(super) fn value(&self, rows: &RunRows<'_>, image: &str) -> String {
        if rows.run.text_images {
            format!("({image} ->> {})::{}", literal(&self.name), self.kind)
        } else {
            format!("old.{}", self.ident())
        }
    }

    /// The SQL condition that the image has another value than the table's row `t`.
    pub(super) fn differs(&self, rows: &RunRows<'_>, image: &str) -> String {
        let (has, name) = (self.is_in(image), literal(&self.name));
        if rows.run.text_images {
            // Byte for byte: the column's own collation may take different texts for the same.
            let now = exact(&self.name, &self.base);
            format!("({has} AND {image} ->> {name} IS DISTINCT FROM ({now}) COLLATE \"C\")")
        } else {
            format!("({has} AND {image} -> {name} <> coalesce(to_jsonb(t.{}), 'null'))", self.ident())
        }
    }

    /// What joins the values of these columns in a JSON image to a statement, as the row `old`. Nothing for texts.
    /// Errors: one of the columns has a type whose values JSON does not give back.
    pub(super) fn read(columns: &[&Self], rows: &RunRows<'_>, image: &str) -> Result<String, LoadError> {
        if rows.run.text_images || columns.is_empty() {
            return Ok(String::new());
        }
        if let Some(lossy) = columns.iter().find(|column| column.lossy) {
            return Err(LoadError::NotUndoable {
                run: rows.run.run.clone(),
                why: format!(
                    "it is of an older muster, which kept rows as JSON, and that does not give back what column {} of \
                     table {} held (type {})",
                    lossy.ident(),
                    rows.entity.table,
                    lossy.base
                ),
            });
        }
        let definitions: Vec<_> =
            columns.iter().map(|column| format!("{} {}", column.ident(), column.kind)).collect();
        Ok(format!("CROSS JOIN LATERAL jsonb_to_record({image}) old ({})", definitions.join(", ")))
    }
}
