//! One run at a time per target: a session's advisory lock, held until the session ends.

use std::time::{Duration, Instant};

use crate::db::DbError;
use crate::db::postgres::Client;

use super::error::LoadError;

/// The advisory lock's key: `muster` in ASCII.
const KEY: i64 = 0x6D75_7374_6572;

/// Takes the lock, or waits for it up to `patience`.
pub(crate) async fn take(client: &Client, patience: Duration) -> Result<(), LoadError> {
    let failed = |e| DbError::of("taking the run's lock", e);
    let deadline = Instant::now() + patience;
    loop {
        let taken = client.query_one("SELECT pg_try_advisory_lock($1)", &[&KEY]).await.map_err(failed)?;
        if taken.get(0) {
            return Ok(());
        }
        if Instant::now() >= deadline {
            return Err(LoadError::Busy { holder: holder(client).await.map_err(failed)? });
        }
        tokio::time::sleep(Duration::from_millis(200).min(patience)).await;
    }
}

async fn holder(client: &Client) -> Result<String, crate::db::postgres::Error> {
    let row = client
        .query_opt(
            "SELECT coalesce(a.application_name, ''), a.pid, a.usename::text, coalesce(host(a.client_addr), 'this machine')
             FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
             WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
               AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
               AND (l.classid::bigint << 32) | l.objid::bigint = $1",
            &[&KEY],
        )
        .await?;
    Ok(row.map_or_else(
        || "a run that has just ended".to_owned(),
        |row| {
            let (name, pid, role, host): (String, i32, Option<String>, String) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            format!("{name} (role {}, from {host}, server process {pid})", role.unwrap_or_default())
        },
    ))
}
