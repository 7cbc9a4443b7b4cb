//! What is dropped before the rows are sent and created again afterwards, exactly as it was: the table's indexes except
//! the primary key's, its unique constraints and its foreign keys, with their comments, tablespaces, storage
//! parameters, statistics targets, cluster marks and replica identities.

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::schema::Table;
use crate::sql::literal;

/// The statements that drop a table's indexes and constraints, and those that create them again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Definition {
    down: Vec<String>,
    up: Vec<String>,
}

/// All indexes except the primary key's: qualified name, name, constraint, its deferral, definition, tablespace, cluster
/// mark, replica identity, comments of index and constraint, statistics targets.
const INDEXES: &str = "
    SELECT quote_ident(n.nspname) || '.' || quote_ident(x.relname), quote_ident(x.relname),
           quote_ident(k.conname),
           CASE WHEN k.condeferrable THEN ' DEFERRABLE' ELSE '' END
             || CASE WHEN k.condeferred THEN ' INITIALLY DEFERRED' ELSE '' END,
           pg_get_indexdef(i.indexrelid), coalesce(t.spcname::text, ''), i.indisclustered, i.indisreplident,
           obj_description(i.indexrelid, 'pg_class'), obj_description(k.oid, 'pg_constraint'),
           ARRAY(SELECT format('ALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s',
                               n.nspname, x.relname, a.attnum, a.attstattarget)
                 FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0 ORDER BY a.attnum)
    FROM pg_index i
    JOIN pg_class x ON x.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = x.relnamespace
    LEFT JOIN pg_tablespace t ON t.oid = x.reltablespace
    LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'u' AND k.conrelid = i.indrelid
    WHERE i.indrelid = to_regclass($1::text) AND NOT i.indisprimary ORDER BY x.relname";

/// The table's own foreign keys to tables that are locked anyway: name, definition, comment. Dropping one locks the
/// table that it refers to, and the readers of a filled table would have to wait.
const FOREIGN_KEYS: &str = "
    SELECT quote_ident(conname), pg_get_constraintdef(oid), obj_description(oid, 'pg_constraint')
    FROM pg_constraint WHERE conrelid = to_regclass($1::text) AND contype = 'f'
      AND confrelid = ANY (ARRAY(SELECT to_regclass(t)::oid FROM unnest($2::text[]) t)) ORDER BY conname";

impl Definition {
    /// Reads it from the catalog. `locked` are the tables that no other session can use until the end.
    pub(super) async fn read(client: &Client, table: &Table, locked: &[String]) -> Result<Self, DbError> {
        let name = table.to_string();
        let doing = format!("reading the definition of table {name}");
        let failed = |e| DbError::of(&*doing, e);
        let mut definition = Self::default();
        // Foreign keys are dropped first and created last: they need the other constraints.
        let mut foreign = Vec::new();
        for row in client.query(FOREIGN_KEYS, &[&name, &locked]).await.map_err(failed)? {
            let (constraint, body, comment): (String, String, Option<String>) =
                (row.get(0), row.get(1), row.get(2));
            definition.down.push(format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}"));
            foreign.push(format!("ALTER TABLE {name} ADD CONSTRAINT {constraint} {body}"));
            foreign.extend(comment.map(|text| comment_on_constraint(&constraint, &name, &text)));
        }
        for row in client.query(INDEXES, &[&name]).await.map_err(failed)? {
            let (qualified, index): (String, String) = (row.get(0), row.get(1));
            let (constraint, deferral): (Option<String>, String) = (row.get(2), row.get(3));
            let (body, tablespace): (String, String) = (row.get(4), row.get(5));
            match &constraint {
                Some(constraint) => {
                    definition.down.push(format!("ALTER TABLE {name} DROP CONSTRAINT {constraint}"));
                }
                None => definition.down.push(format!("DROP INDEX {qualified}")),
            }
            definition.up.push(format!("SET LOCAL default_tablespace = {}", literal(&tablespace)));
            definition.up.push(body);
            if let Some(constraint) = &constraint {
                definition.up.push(format!(
                    "ALTER TABLE {name} ADD CONSTRAINT {constraint} UNIQUE USING INDEX {index}{deferral}"
                ));
                let comment: Option<String> = row.get(9);
                definition.up.extend(comment.map(|text| comment_on_constraint(constraint, &name, &text)));
            }
            let comment: Option<String> = row.get(8);
            definition
                .up
                .extend(comment.map(|text| format!("COMMENT ON INDEX {qualified} IS {}", literal(&text))));
            definition.up.extend(row.get::<_, Vec<String>>(10));
            if row.get(6) {
                definition.up.push(format!("ALTER TABLE {name} CLUSTER ON {index}"));
            }
            if row.get(7) {
                definition.up.push(format!("ALTER TABLE {name} REPLICA IDENTITY USING INDEX {index}"));
            }
        }
        definition.up.push("SET LOCAL default_tablespace TO DEFAULT".to_owned());
        definition.up.extend(foreign);
        Ok(definition)
    }

    /// Drops everything.
    pub(super) async fn take_down(&self, client: &Client, table: &Table) -> Result<(), DbError> {
        run(client, &self.down, &format!("taking down the indexes of table {table}")).await
    }

    /// Creates everything again.
    pub(super) async fn put_back(&self, client: &Client, table: &Table) -> Result<(), DbError> {
        run(client, &self.up, &format!("putting back the indexes of table {table}")).await
    }
}

async fn run(client: &Client, statements: &[String], doing: &str) -> Result<(), DbError> {
    for statement in statements {
        let started = std::time::Instant::now();
        client.batch_execute(statement).await.map_err(|e| DbError::of(doing, e))?;
        tracing::debug!(milliseconds = started.elapsed().as_millis(), statement, "{doing}");
    }
    Ok(())
}

fn comment_on_constraint(constraint: &str, table: &str, text: &str) -> String {
    format!("COMMENT ON CONSTRAINT {constraint} ON {table} IS {}", literal(text))
}
