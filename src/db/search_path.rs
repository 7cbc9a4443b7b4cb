//! Where names of statements are looked up: in `pg_catalog` alone.
//!
//! Whoever may create objects in a schema of the search path could otherwise define a function or an operator that fits a
//! statement's arguments better than the server's own, and a session of muster would run it with its rights
//! (CVE-2018-1058, <https://wiki.postgresql.org/wiki/A_Guide_to_CVE-2018-1058:_Protect_Your_Search_Path>). So the target's
//! tables are looked for in the connection's own search path first, and then always named with their schema.
//!
//! The owner's triggers, and the functions that defaults and constraints call, may rely on the connection's own search
//! path. They get it while they run: a statement that sets it itself was parsed before.

use tokio_postgres::{Client, SimpleQueryMessage};

use crate::schema::Schema;
use crate::sql::literal;

use super::DbError;

/// The search path that a role or a database has for its sessions.
#[derive(Debug, Clone, Default)]
pub(crate) struct SearchPath {
    /// As the server shows it.
    own: String,
    /// Its schemas that exist and that the role may use, in order.
    schemas: Vec<String>,
}

/// Ends what [`SearchPath::enter`] and [`SearchPath::set`] begin.
pub(crate) const LEAVE: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// Of each name the first of these schemas that has a table, or something else, of that name.
const FIND: &str = "
    SELECT (SELECT s.name FROM unnest($2::text[]) WITH ORDINALITY s (name, at)
            JOIN pg_namespace n ON n.nspname = s.name JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
            ORDER BY s.at LIMIT 1)
    FROM unnest($1::text[]) WITH ORDINALITY t (name, at) ORDER BY t.at";

impl SearchPath {
    /// Asks for it. The statements must mean the same in every search path.
    pub(super) async fn ask(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let asked = "SHOW search_path; SELECT pg_catalog.unnest(pg_catalog.current_schemas(false))";
        let answers = client.simple_query(asked).await?;
        let mut values = answers.iter().filter_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        let own = values.next().unwrap_or_default();
        // Names that begin so are the server's.
        Ok(Self { own, schemas: values.filter(|name| !name.starts_with("pg_")).collect() })
    }

    /// A statement that goes back to it until [`LEAVE`], in a transaction.
    pub(crate) fn enter(&self) -> String {
        format!("SELECT {}", self.set())
    }

    /// A statement that goes back to it for good.
    pub(crate) fn restore(&self) -> String {
        format!("SELECT pg_catalog.set_config('search_path', {}, false)", literal(&self.own))
    }

    /// Statements that are executed in it. They may name nothing that is looked up.
    pub(crate) fn around(&self, statements: &str) -> String {
        format!("{}; {statements}; {LEAVE}", self.enter())
    }

    /// The same as an expression, for a statement of which the rest is to be executed in it.
    pub(crate) fn set(&self) -> String {
        format!("pg_catalog.set_config('search_path', {}, true)", literal(&self.own))
    }

    /// A statement that writes to a table, as one that executes in it and then counts the rows as its second value.
    /// Its names are looked up before. The server evaluates the values in their order, and a statement of WITH when its
    /// rows are first asked for.
    pub(crate) fn counted(&self, writing: &str) -> String {
        format!(
            "WITH \"muster written\" AS ({writing} RETURNING 1)
             SELECT {}, (SELECT count(*) FROM \"muster written\")",
            self.set()
        )
    }

    /// A query that gives the statement that lets the role use the first schema of the path that exists.
    pub(crate) fn grant(&self) -> String {
        format!(
            "SELECT format('GRANT USAGE ON SCHEMA %I TO %I', n.nspname, current_user)
             FROM unnest(string_to_array({}, ',')) WITH ORDINALITY p (name, at)
             JOIN pg_namespace n ON n.nspname = replace(btrim(p.name, ' \"'), '$user', current_user)
             WHERE NOT has_schema_privilege(n.oid, 'USAGE') ORDER BY p.at LIMIT 1",
            literal(&self.own)
        )
    }
}

/// The schema with the place of each table: where the connection's search path finds it, or would create it.
/// Errors: nothing can be found or created there, since none of its schemas exists.
pub(crate) async fn located(client: &Client, path: &SearchPath, schema: &Schema) -> Result<Schema, DbError> {
    let mut schema = schema.clone();
    let mut open: Vec<_> = schema
        .entities
        .iter_mut()
        .map(|entity| &mut entity.table)
        .filter(|table| table.schema.is_none())
        .collect();
    if open.is_empty() {
        return Ok(schema);
    }
    let failed = |e| DbError::of("looking for the tables in the search path", e);
    let SearchPath { own, schemas } = path;
    if schemas.is_empty() {
        let unusable = client.query_opt(&path.grant(), &[]).await.map_err(failed)?;
        // What the role may not use, `load::rights` names.
        return if unusable.is_some() { Ok(schema) } else { Err(DbError::NoSchema { path: own.clone() }) };
    }
    let names: Vec<&str> = open.iter().map(|table| table.name.as_str()).collect();
    let found = client.query(FIND, &[&names, schemas]).await.map_err(failed)?;
    for (table, row) in open.iter_mut().zip(&found) {
        table.schema = row.get::<_, Option<String>>(0).or_else(|| schemas.first().cloned());
    }
    Ok(schema)
}
