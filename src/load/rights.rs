//! The rights that a command needs, looked at before it begins: what the role lacks is said at once, with the
//! statements that grant it. The rights to SELECT, INSERT and UPDATE on the tables of a run are looked at
//! together with their columns (`db::catalog`).

use crate::db::DbError;
use crate::db::catalog::TableInfo;
use crate::db::postgres::Client;
use crate::schema::Schema;
use crate::sql::literal;

use super::LoadError;
use super::journal::EntityRecord;

/// What the journal's tables are needed for.
pub(crate) const JOURNAL_READ: &[&str] = &["SELECT"];
/// For an import.
pub(crate) const JOURNAL_IMPORT: &[&str] = &["SELECT", "INSERT"];
/// For an undo.
pub(crate) const JOURNAL_UNDO: &[&str] = &["SELECT", "INSERT", "UPDATE"];
/// For pruning, and for forgetting a person.
pub(crate) const JOURNAL_PRUNE: &[&str] = &["SELECT", "INSERT", "UPDATE", "DELETE"];

/// Temporary tables, made by every load and undo.
const TEMPORARY: &str =
    "SELECT format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), current_user)
    WHERE NOT has_database_privilege(current_database(), 'TEMPORARY')";

/// Looks at the journal: its schema, then its tables.
///
/// # Errors
///
/// [`LoadError::Rights`] where the journal is there and the role lacks one of `rights` on it.
pub(crate) async fn journal(client: &Client, rights: &[&str]) -> Result<(), LoadError> {
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

/// Looks at what an import needs beside the rights on tables that are there.
///
/// # Errors
///
/// [`LoadError::Rights`].
pub(crate) async fn import(
    client: &Client,
    schema: &Schema,
    tables: &[Option<TableInfo>],
) -> Result<(), LoadError> {
    let mut needs = vec![
        TEMPORARY.to_owned(),
        "SELECT format('GRANT CREATE ON DATABASE %I TO %I', current_database(), current_user)
         WHERE NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'muster')
           AND NOT has_database_privilege(current_database(), 'CREATE')"
            .to_owned(),
        // Without USAGE on any schema of the search path no table is found, and none can be made.
        "SELECT format('GRANT USAGE ON SCHEMA public TO %I', current_user) WHERE current_schema() IS NULL"
            .to_owned(),
    ];
    for (entity, table) in schema.entities.iter().zip(tables) {
        let name = literal(&entity.table.to_string());
        needs.push(match table {
            None => format!(
                "SELECT format('GRANT CREATE ON SCHEMA %I TO %I', n.nspname, current_user) FROM pg_namespace n
                 WHERE n.nspname = {} AND NOT has_schema_privilege(n.oid, 'CREATE')",
                entity.table.schema.as_deref().map_or("current_schema()".to_owned(), literal),
            ),
            // An identity needs no right to its sequence, a default of nextval() does, whosever sequence it is.
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

/// Looks at what an undo needs on the tables of its run, and on those that refer to them.
///
/// # Errors
///
/// [`LoadError::Rights`].
pub(crate) async fn undo(client: &Client, entities: &[EntityRecord]) -> Result<(), LoadError> {
    let mut needs = vec![TEMPORARY.to_owned()];
    for entity in entities {
        let table = literal(&entity.table);
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

/// Looks whether a person can be looked for in these tables.
///
/// # Errors
///
/// [`LoadError::Rights`].
pub(crate) async fn read(client: &Client, tables: &[String]) -> Result<(), LoadError> {
    let need = |table: &String| {
        format!(
            "SELECT format('GRANT SELECT ON %s TO %I', {table}, current_user)
             WHERE NOT has_table_privilege(to_regclass({table})::oid, 'SELECT')",
            table = literal(table)
        )
    };
    require(client, &tables.iter().map(need).collect::<Vec<_>>()).await
}

/// Each need is a query that gives the statements that grant it, where it is not met.
async fn require(client: &Client, needs: &[String]) -> Result<(), LoadError> {
    let mut grants: Vec<String> = Vec::new();
    for need in needs {
        let rows = client.query(need, &[]).await;
        let rows = rows.map_err(|e| DbError::of("looking at the role's rights", e))?;
        grants.extend(rows.iter().map(|row| row.get(0)));
    }
    grants.dedup();
    if grants.is_empty() { Ok(()) } else { Err(LoadError::Rights { grants }) }
}
