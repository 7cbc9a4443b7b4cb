//! The rights that a command needs, checked before it begins: the error names all that the role lacks, with the
//! statements that grant it. SELECT, INSERT and UPDATE on the tables of a run are checked together with their columns
//! (`db::catalog`).

use crate::db::catalog::TableInfo;
use crate::db::postgres::Client;
use crate::db::{DbError, Session};
use crate::schema::Schema;
use crate::sql::literal;

use super::error::LoadError;

/// The rights on the journal's tables that reading it needs.
pub(super) const JOURNAL_READ: &[&str] = &["SELECT"];
/// Those that an import needs.
pub(super) const JOURNAL_IMPORT: &[&str] = &["SELECT", "INSERT"];
/// Those that an undo needs.
pub(super) const JOURNAL_UNDO: &[&str] = &["SELECT", "INSERT", "UPDATE"];
/// Those that pruning it and forgetting a person need.
pub(super) const JOURNAL_PRUNE: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Every load and undo creates temporary tables.
const TEMPORARY: &str =
    "SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user)
    WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')";

/// Checks the rights on the journal: its schema and its tables.
/// Errors: [`LoadError::Rights`] if the journal exists and the role lacks one of `rights` on it.
pub(super) async fn journal(client: &Client, rights: &[&str]) -> Result<(), LoadError> {
    let all = rights.join(", ");
    let held: Vec<_> =
        rights.iter().map(|right| format!("has_table_privilege(c.oid, {})", literal(right))).collect();
    require(
        client,
        &[
            "SELECT format('GRANT USAGE ON SCHEMA muster TO %I', current_user)
             FROM pg_namespace n WHERE n.nspname = 'muster' AND NOT has_schema_privilege(n.oid, 'USAGE')"
                .to_owned(),
            format!(
                "SELECT format('GRANT {all} ON ALL TABLES IN SCHEMA muster TO %I', current_user)
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'muster'
                 WHERE c.relkind = 'r' AND NOT ({}) LIMIT 1",
                held.join(" AND ")
            ),
        ],
    )
    .await
}

/// Checks the right to read the journal's schema.
pub(crate) async fn journal_readable(client: &Client) -> Result<(), LoadError> {
    journal(client, JOURNAL_READ).await
}

/// Checks what an import needs besides rights on existing tables.
pub(super) async fn import(
    session: &Session,
    schema: &Schema,
    tables: &[Option<TableInfo>],
) -> Result<(), LoadError> {
    let client = &session.client;
    let mut needs = vec![
        TEMPORARY.to_owned(),
        "SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)
         WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'muster')
           AND NOT has_database_privilege(current_database(), 'CREATE')"
            .to_owned(),
    ];
    // Without USAGE on a schema of the search path no table is found, and none can be created.
    if schema.entities.iter().any(|entity| entity.table.schema.is_none()) {
        needs.push(session.path.grant());
    }
    for (entity, table) in schema.entities.iter().zip(tables) {
        let name = literal(&entity.table.to_string());
        needs.push(match table {
            None => format!(
                "SELECT format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, current_user) FROM pg_namespace n
                 WHERE n.nspname = {} AND NOT has_schema_privilege(n.oid, 'CREATE')",
                entity.table.schema.as_deref().map_or("NULL".to_owned(), literal),
            ),
            // An identity needs no right on its sequence; a default of nextval() does.
            Some(_) => format!(
                "SELECT format('GRANT USAGE ON SEQUENCE %I.%I TO %I', n.nspname, s.relname, current_user)
                 FROM pg_attrdef f
                 JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid
                   AND d.refclassid = 'pg_class'::regclass
                 JOIN pg_class s ON s.oid = d.refobjid
                 JOIN pg_namespace n ON n.oid = s.relnamespace
                 WHERE f.adrelid = {name}::regclass
                   AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') ELSE false END"
            ),
        });
    }
    require(client, &needs).await?;
    journal(client, JOURNAL_IMPORT).await
}

/// Checks what an undo needs on the tables of its run, and on those that refer to them.
pub(super) async fn undo<'t>(
    client: &Client,
    tables: impl Iterator<Item = &'t String>,
) -> Result<(), LoadError> {
    let mut needs = vec![TEMPORARY.to_owned()];
    for table in tables {
        let table = literal(table);
        needs.push(format!(
            "SELECT format('GRANT %s ON %s TO %I', string_agg(r, ', '), {table}, current_user)
             FROM unnest(ARRAY['SELECT', 'UPDATE', 'DELETE']) r
             WHERE NOT has_table_privilege(to_regclass({table})::oid, r) HAVING count(*) > 0"
        ));
        needs.push(format!(
            "SELECT DISTINCT format('GRANT SELECT ON %s TO %I', c.conrelid::regclass, current_user)
             FROM pg_constraint c WHERE c.contype = 'f' AND c.confrelid = to_regclass({table})
               AND NOT has_table_privilege(c.conrelid, 'SELECT')"
        ));
    }
    require(client, &needs).await
}

/// Checks the right to read these tables.
pub(super) async fn read(client: &Client, tables: &[String]) -> Result<(), LoadError> {
    let need = |table: &String| {
        format!(
            "SELECT format('GRANT SELECT ON %s TO %I', {table}, current_user)
             WHERE NOT has_table_privilege(to_regclass({table})::oid, 'SELECT')",
            table = literal(table)
        )
    };
    require(client, &tables.iter().map(need).collect::<Vec<_>>()).await
}

/// Each need is a query that returns the statements that grant what is missing, and nothing if nothing is.
async fn require(client: &Client, needs: &[String]) -> Result<(), LoadError> {
    let mut grants: Vec<String> = Vec::new();
    for need in needs {
        let rows = client.query(need, &[]).await;
        let rows = rows.map_err(|e| DbError::of("checking the role's rights", e))?;
        grants.extend(rows.iter().map(|row| row.get(0)));
    }
    grants.dedup();
    if grants.is_empty() { Ok(()) } else { Err(LoadError::Rights { grants }) }
}
