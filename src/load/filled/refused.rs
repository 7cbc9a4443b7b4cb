//! Which rows does the database refuse? Found inside the server: a batch at a time, and if a batch fails, row by row,
//! each with an exception block, in a temporary function. The caller rolls all of it back.

use crate::db::{DbError, LEAVE, about_data};
use crate::load::error::{LoadError, RefusedRow};
use crate::load::identities;
use crate::load::rows::row_number;
use crate::sql::{dollar_quoted, literal, text_array};

use super::sql::Which;
use super::staged::Staged;

/// How many row numbers a batch spans.
const BATCH: u32 = 1000;

/// Writes the planned rows of one entity but those that the database refuses, and returns these.
pub(super) async fn find(rows: &Staged<'_>) -> Result<Vec<RefusedRow>, LoadError> {
    let Staged { client, statements, .. } = rows;
    let doing = format!("finding the rows that table {} refuses", statements.entity.table);
    let mut steps = Vec::new();
    for (number, layout) in rows.layouts() {
        let update = statements.update(number, layout, Which::Range);
        for sql in update.into_iter().chain([statements.insert(number, layout, true, Which::Range)]) {
            let (write, leave) = match statements.in_path(&sql) {
                Some(counted) => (counted, LEAVE),
                None => (sql, "NULL"),
            };
            steps.push(format!("EXECUTE {} USING low, high; {leave};", dollar_quoted(&write)));
        }
    }
    let write = dollar_quoted(&format!("BEGIN {} END", steps.join("\n")));
    let (stage, plan, about_data) = (statements.stage(), statements.plan(), about_data());
    let id = &statements.entity.system.id;
    // What is wrong with the identity that the server gives is no row's fault.
    let refused = dollar_quoted(&format!(
        "DECLARE low bigint; top bigint; row bigint; broken text; missing text;
         BEGIN
           SELECT min(o), max(o) INTO low, top FROM {stage};
           WHILE low <= top LOOP
             BEGIN
               PERFORM pg_temp.muster_write(low, low + {BATCH} - 1);
             EXCEPTION WHEN OTHERS THEN
               IF NOT {about_data} THEN RAISE; END IF;
               FOR row IN SELECT o FROM {stage} WHERE o BETWEEN low AND low + {BATCH} - 1 ORDER BY o LOOP
                 BEGIN
                   PERFORM pg_temp.muster_write(row, row);
                 EXCEPTION WHEN OTHERS THEN
                   GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME, missing = COLUMN_NAME;
                   IF NOT {about_data} OR SQLSTATE = '23505' AND broken = ANY ({keys}) OR SQLSTATE = '23502' AND missing = {id}
                   THEN RAISE; END IF;
                   refused := row; state := SQLSTATE; RETURN NEXT;
                 END;
               END LOOP;
             END;
             low := low + {BATCH};
           END LOOP;
         END",
        keys = text_array(&identities::keys(client, &statements.entity.table.to_string(), id).await?),
        id = literal(id),
    ));
    let sql = format!(
        "CREATE INDEX ON {stage} (o);
         CREATE INDEX ON {plan} (o);
         CREATE OR REPLACE FUNCTION pg_temp.muster_write(low bigint, high bigint) RETURNS void
         LANGUAGE plpgsql AS {write};
         CREATE OR REPLACE FUNCTION pg_temp.muster_refused() RETURNS TABLE (refused bigint, state text)
         LANGUAGE plpgsql AS {refused}"
    );
    client.batch_execute(&sql).await.map_err(|e| DbError::of(&*doing, e))?;
    let rows = client.query("SELECT refused, state FROM pg_temp.muster_refused()", &[]).await;
    let rows = rows.map_err(|e| DbError::of(doing, e))?;
    Ok(rows.iter().map(|row| (row_number(row.get(0)), row.get(1))).collect())
}
