//! Reaching a server in every way that libpq would, and the errors that a person gets: what is wrong, what to do
//! next, and never a password.

use std::os::unix::fs::PermissionsExt;

use muster::internals::db::{DbError, Endpoint, Session, require_writable};

use crate::support::{Cluster, Database, FakeServer, Halted, Muster, block_on, cluster, said, with_causes};

const SECRET: &str = "s3cret-and-nobodys";

/// Connects, and asserts that no error, in any form, contains the password.
fn connect(url: &str) -> Result<Session, DbError> {
    let result = block_on(async {
        let endpoint = Endpoint::named(Some(url))?.expect("a server is named");
        let shown = format!("{endpoint:?} {endpoint:#?} {}", endpoint.target());
        assert!(!shown.contains(SECRET), "{shown}");
        endpoint.connect("muster tests since now").await
    });
    if let Err(error) = &result {
        let shown = format!("{error:?} {error:#?} {}", with_causes(error));
        assert!(!shown.contains(SECRET), "{shown}");
    }
    result
}

/// The error, with all that a person sees.
fn refused(url: &str) -> (DbError, String) {
    let error = connect(url).expect_err("the connection is refused");
    let text = error.to_string();
    (error, text)
}

/// A role that logs in with `SECRET` over TCP, one for each test that needs it.
fn role(database: &Database, name: &str) -> String {
    database.rows(&format!("DROP ROLE IF EXISTS {name}; CREATE ROLE {name} LOGIN PASSWORD '{SECRET}'"));
    format!("postgresql://{name}:{SECRET}@localhost:{}/{}", cluster().port, database.name())
}

#[test]
fn a_session_is_set_up_the_same_for_all_settings_of_the_role() {
    let database = Database::new();
    database.rows(
        "CREATE ROLE odd LOGIN; ALTER ROLE odd SET timezone = 'Asia/Tokyo'; ALTER ROLE odd SET datestyle = 'German';
         ALTER ROLE odd SET statement_timeout = '1ms'; ALTER ROLE odd SET search_path = 'mine'",
    );
    let url = database.url().replace("user=postgres", "user=odd");
    block_on(async {
        let endpoint = Endpoint::named(Some(&url)).unwrap().unwrap();
        let session = endpoint.connect("muster 7 since 12:00").await.unwrap();
        let names = ["application_name", "TimeZone", "DateStyle", "statement_timeout", "search_path"];
        let more = ["client_connection_check_interval", "standard_conforming_strings"];
        let mut values = Vec::new();
        for name in names.into_iter().chain(more) {
            let row = session.client.query_one("SELECT current_setting($1)", &[&name]).await.unwrap();
            values.push(row.get::<_, String>(0));
        }
        let expected = ["muster 7 since 12:00", "UTC", "ISO, YMD", "0", "pg_catalog, pg_temp", "1s", "on"];
        assert_eq!(values, expected);
        let second = session.another("muster 7 second").await.unwrap();
        assert!(!second.is_closed());
        second.close().await.unwrap();
        session.close().await.unwrap();
    });
    database.rows("DROP ROLE odd");
}

#[test]
fn a_running_statement_can_be_cancelled() {
    let database = Database::new();
    block_on(async {
        let session = muster::internals::db::connect(Some(&database.url()), "muster tests").await.unwrap();
        let canceller = session.canceller();
        let sleeping = session.client.batch_execute("SELECT pg_sleep(60)");
        let cancelling = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            canceller.cancel().await
        };
        let (outcome, reported) = tokio::join!(sleeping, cancelling);
        reported.unwrap();
        let error = DbError::of("sleeping", outcome.unwrap_err());
        assert_eq!(
            error.sqlstate().map(muster::internals::db::postgres::error::SqlState::code),
            Some("57014")
        );
    });
}

#[test]
fn a_wrong_password_and_a_missing_one_give_different_errors() {
    let database = Database::new();
    let url = role(&database, "with_password");
    connect(&url).unwrap();
    database.rows("ALTER ROLE with_password PASSWORD 'another'");
    let (error, text) = refused(&url);
    assert!(matches!(error, DbError::WrongPassword { .. }), "{error:?}");
    assert!(text.contains("role with_password is wrong") && text.contains("connection string"), "{text}");
    let (error, text) = refused(&url.replace(&format!(":{SECRET}"), ""));
    assert!(matches!(error, DbError::PasswordNeeded { .. }), "{error:?}");
    assert!(text.contains(".pgpass"), "{text}");
    let (error, _) = refused(&url.replace("with_password", "no_such_role"));
    assert!(matches!(error, DbError::WrongPassword { .. }), "a server does not tell who exists: {error:?}");
    database.rows("DROP ROLE with_password");
}

#[test]
fn a_refused_login_and_a_missing_database_are_named() {
    let (error, text) = refused(&cluster().url("postgres").replace("user=postgres", "user=ghost"));
    assert!(matches!(error, DbError::NotAdmitted { .. }), "{error:?}");
    assert!(text.contains("ghost"), "{text}");
    let (error, _) = refused(&format!("postgresql://nobody_may:{SECRET}@127.0.0.1:{}/x", cluster().port));
    assert!(matches!(error, DbError::NotAdmitted { .. }), "{error:?}");
    let (error, text) = refused(&cluster().url("no_such_database"));
    assert!(matches!(error, DbError::NoDatabase { .. }), "{error:?}");
    assert!(text.contains("createdb no_such_database"), "{text}");
}

#[test]
fn a_server_that_is_down_and_a_name_without_address_give_different_errors() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (error, text) = refused(&format!("postgresql://u:{SECRET}@127.0.0.1:{unused}/x"));
    assert!(matches!(error, DbError::Down { .. }), "{error:?}");
    assert!(text.contains(&format!("127.0.0.1:{unused}")), "{text}");
    let (error, _) = refused(&format!("host=/nowhere user=u password={SECRET}"));
    assert!(matches!(error, DbError::Down { .. }), "{error:?}");
    let (error, text) = refused(&format!("postgresql://u:{SECRET}@no-such-host.invalid/x"));
    assert!(matches!(error, DbError::NameLookup { .. }), "{error:?}");
    assert!(text.contains("no-such-host.invalid"), "{text}");
}

#[test]
fn a_server_that_starts_up_is_waited_for() {
    let server = FakeServer::refusing(&["57P03", "57P03", "53300"]);
    let (error, _) = refused(&format!("postgresql://u:{SECRET}@127.0.0.1:{}/x", server.port));
    assert!(matches!(error, DbError::TooManyConnections { .. }), "{error:?}");
}

#[test]
fn tls_is_required_where_it_is_asked_for() {
    let server = FakeServer::refusing(&["28000"]);
    let plain = format!("postgresql://u:{SECRET}@127.0.0.1:{}/x", server.port);
    let (error, text) = refused(&format!("{plain}?sslmode=require"));
    assert!(matches!(error, DbError::NoTls { .. }), "{error:?}");
    assert!(text.contains("ssl = on"), "{text}");
    let (error, _) = refused(&plain);
    assert!(matches!(error, DbError::NotAdmitted { .. }), "prefer goes on without: {error:?}");
}

/// `AuthenticationOk` and `ReadyForQuery`.
const ADMITTED: &[u8] = b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I";

#[test]
fn a_server_that_says_nothing_ends_the_connecting_at_every_step() {
    let silent = |tls, start| FakeServer::answering(tls, start).port;
    for (port, mode) in [
        (silent(b"", b""), "prefer"),
        (silent(b"N", b""), "prefer"),
        (silent(b"S", b""), "require"),
        (silent(b"", ADMITTED), "disable"),
    ] {
        let began = std::time::Instant::now();
        let url = format!("postgresql://u:{SECRET}@127.0.0.1:{port}/x?connect_timeout=1&sslmode={mode}");
        let (error, text) = refused(&url);
        assert!(matches!(error, DbError::Silent { seconds: 1, .. }), "{error:?}");
        assert!(text.contains("connect_timeout"), "{text}");
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{mode}: {:?}", began.elapsed());
    }
    // The next of several hosts is tried.
    let (port, own) = (silent(b"", b""), cluster());
    let url = format!(
        "host=127.0.0.1,{} port={port},{} user=postgres dbname=postgres connect_timeout=1",
        own.folder.display(),
        own.port
    );
    connect(&url).unwrap();
}

#[test]
fn an_answer_that_is_neither_yes_nor_no_to_tls_is_an_error() {
    for answer in [&b"E"[..], b"X", b"\0", b"R"] {
        let port = FakeServer::answering(answer, ADMITTED).port;
        let url = format!("postgresql://u:{SECRET}@127.0.0.1:{port}/x?connect_timeout=2");
        let (error, _) = refused(&url);
        assert!(matches!(error, DbError::NotPostgres { .. }), "{answer:?}: {error:?}");
        let (error, _) = refused(&format!("{url}&sslmode=require"));
        assert!(matches!(error, DbError::NoTls { .. }), "{answer:?}: {error:?}");
    }
}

#[test]
fn every_sslmode_verifies_what_it_says() {
    let database = Database::new();
    let base = role(&database, "tls_only");
    let folder = cluster().folder.display();
    let (ca, other) = (format!("sslrootcert={folder}/ca.crt"), format!("sslrootcert={folder}/other-ca.crt"));
    let by_address = base.replace("localhost", "127.0.0.1");
    let encrypted = |url: &str| {
        block_on(async {
            let session = muster::internals::db::connect(Some(url), "muster tests")
                .await
                .map_err(|error| format!("{error:?}"))?;
            let query = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            let row = session.client.query_one(query, &[]).await.unwrap();
            Ok::<bool, String>(row.get(0))
        })
    };
    for mode in ["allow", "prefer", "require"] {
        assert_eq!(encrypted(&format!("{base}?sslmode={mode}")), Ok(true), "{mode}");
    }
    assert_eq!(encrypted(&format!("{base}?sslmode=verify-full&{ca}")), Ok(true));
    assert_eq!(encrypted(&format!("{by_address}?sslmode=verify-ca&{ca}")), Ok(true));
    assert_eq!(encrypted(&format!("{by_address}?sslmode=require&{ca}")), Ok(true));
    let (error, _) = refused(&format!("{base}?sslmode=disable"));
    assert!(matches!(error, DbError::NotAdmitted { .. }), "{error:?}");
    let (error, text) = refused(&format!("{by_address}?sslmode=verify-full&{ca}"));
    assert!(matches!(error, DbError::TlsName { .. }), "{error:?}");
    assert!(text.contains("subjectAltName"), "{text}");
    for mode in ["require", "verify-ca", "verify-full"] {
        let (error, text) = refused(&format!("{base}?sslmode={mode}&{other}"));
        assert!(matches!(error, DbError::TlsUntrusted { .. }), "{mode}: {error:?}");
        assert!(text.contains("sslrootcert"), "{text}");
    }
    database.rows("DROP ROLE tls_only");
}

#[test]
fn a_role_may_log_in_by_certificate() {
    let database = Database::new();
    let url = role(&database, "by_certificate").replace(&format!(":{SECRET}"), "") + "?sslmode=verify-full";
    let folder = cluster().folder.display();
    let url = format!("{url}&sslrootcert={folder}/ca.crt");
    connect(&format!("{url}&sslcert={folder}/client.crt&sslkey={folder}/client.key")).unwrap();
    let (error, _) = refused(&url);
    assert!(matches!(error, DbError::NotAdmitted { .. }), "{error:?}");
    let (error, text) = refused(&format!("{url}&sslcert={folder}/client.crt&sslkey={folder}/none.key"));
    assert!(matches!(error, DbError::Pem { .. }) && text.contains("none.key"), "{error:?}");
    database.rows("DROP ROLE by_certificate");
}

#[test]
fn a_password_file_logs_in_when_nobody_else_can_read_it() {
    let database = Database::new();
    let url = role(&database, "by_file");
    let folder = tempfile::tempdir().unwrap();
    let pass = folder.path().join("pass");
    std::fs::write(&pass, format!("localhost:{}:*:by_file:{SECRET}\n", cluster().port)).unwrap();
    std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o600)).unwrap();
    let url = url.replace(&format!(":{SECRET}"), "");
    connect(&format!("{url}?passfile={}", pass.display())).unwrap();
    std::fs::set_permissions(&pass, std::fs::Permissions::from_mode(0o644)).unwrap();
    let (error, _) = refused(&format!("{url}?passfile={}", pass.display()));
    assert!(matches!(error, DbError::PasswordNeeded { .. }), "an open file is not used: {error:?}");
    database.rows("DROP ROLE by_file");
}

#[test]
fn a_read_only_server_is_reported_before_anything_is_written() {
    let database = Database::new();
    let asked = |url: &str| {
        block_on(async {
            let session = muster::internals::db::connect(Some(url), "muster tests").await.unwrap();
            require_writable(&session).await
        })
    };
    asked(&database.url()).unwrap();
    database.rows(&format!("ALTER DATABASE {} SET default_transaction_read_only = on", database.name()));
    assert!(matches!(asked(&database.url()), Err(DbError::ReadOnly { .. })));
    let standby = Cluster::start("shared_buffers = 16MB", true);
    let answer = asked(&standby.url("postgres"));
    standby.remove();
    assert!(matches!(answer, Err(DbError::Standby { .. })), "{answer:?}");
}

#[test]
fn a_missing_right_and_a_lost_connection_give_different_errors() {
    let database = Database::new();
    database.rows("CREATE TABLE t (a int); CREATE ROLE poor LOGIN");
    block_on(async {
        let url = database.url().replace("user=postgres", "user=poor");
        let session = muster::internals::db::connect(Some(&url), "muster tests").await.unwrap();
        let error = session.client.batch_execute("SELECT * FROM t").await.unwrap_err();
        let error = DbError::of("reading table t", error);
        assert!(matches!(error, DbError::Rights { .. }), "{error:?}");
        assert!(error.to_string().starts_with("reading table t: the role lacks the right"), "{error}");
        let row = session.client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap();
        database.rows(&format!("SELECT pg_terminate_backend({})", row.get::<_, i32>(0)));
        let error = session.client.batch_execute("SELECT 1").await.unwrap_err();
        assert!(matches!(DbError::of("asking", error), DbError::Lost { .. }));
        let closed = async {
            while !session.is_closed() {
                tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(5), closed).await.unwrap();
    });
    database.rows("DROP ROLE poor");
}

#[cfg(feature = "fault-points")]
#[test]
fn a_whole_import_goes_over_tls_where_that_is_asked_for() {
    let database = Database::new();
    let url = role(&database, "imports_over_tls");
    // What docs/databases.md says that the role needs the first time: tables and journal are still missing.
    database.rows(&format!(
        "GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO imports_over_tls;
         GRANT USAGE, CREATE ON SCHEMA public TO imports_over_tls",
        database.name()
    ));
    let url = format!("{url}?sslmode=verify-full&sslrootcert={}/ca.crt", cluster().folder.display());
    let muster = Muster::on(&database)
        .file("accounts.csv", "legacyId,name\nA1,One\n")
        .file("users.csv", "email,accountId\na@x.nl,A1\n")
        .env("DATABASE_URL", url);
    for (point, inserted) in [("copied:2", "1"), ("inserted:2", "2")] {
        let halted = Halted::at(&muster, point, ["import", "accounts.csv", "users.csv", "--out", "out"]);
        let sessions =
            "SELECT a.usename, s.ssl, s.version FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid)
            WHERE a.datname = current_database() AND a.application_name LIKE 'muster % since %'";
        assert_eq!(database.text(sessions), "imports_over_tls|t|TLSv1.3", "{point}");
        let output = halted.go_on();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        assert_eq!(database.text("SELECT count(*) FROM users"), inserted);
        muster.write("users.csv", "email,accountId\na@x.nl,A1\nb@x.nl,A1\n");
    }
    database.rows("DROP OWNED BY imports_over_tls; DROP ROLE imports_over_tls");
}
