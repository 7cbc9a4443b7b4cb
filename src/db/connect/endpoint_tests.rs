//! Which server is meant, in every way of saying it.

use super::*;

fn named(url: Option<&str>, variables: &[(&str, &str)]) -> Result<Option<Endpoint>, DbError> {
    Endpoint::named_in(url, &|name| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    })
}

fn target(url: Option<&str>, variables: &[(&str, &str)]) -> String {
    named(url, variables).unwrap().unwrap().target
}

#[test]
fn nothing_named_means_the_local_server() {
    assert!(named(None, &[]).unwrap().is_none());
    assert!(named(Some(""), &[("PGPASSWORD", "x"), ("PGSSLMODE", "disable")]).unwrap().is_none());
}

#[test]
fn the_string_goes_before_the_variables() {
    let variables = [("PGHOST", "other"), ("PGUSER", "anna"), ("PGDATABASE", "app"), ("PGPORT", "5433")];
    assert_eq!(target(None, &variables), "database app on other:5433 as anna");
    assert_eq!(target(Some("postgres://db:5434"), &variables), "database app on db:5434 as anna");
    assert_eq!(target(Some("host=db dbname=x"), &variables), "database x on db:5433 as anna");
    assert_eq!(target(Some("postgres://bob@[::1]/x"), &[]), "database x on [::1]:5432 as bob");
    assert_eq!(target(Some("postgres://bob@a:1,b:2/x"), &[]), "database x on a:1, b:2 as bob");
}

#[test]
fn a_service_goes_between_the_string_and_the_variables() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("services");
    std::fs::write(&file, "[prod]\nhost=prod.example\nuser=svc\npassword=s3cret\n").unwrap();
    let file = file.to_str().unwrap();
    let variables =
        [("PGSERVICEFILE", file), ("PGUSER", "anna"), ("PGDATABASE", "app"), ("PGSERVICE", "prod")];
    assert_eq!(target(None, &variables), "database app on prod.example:5432 as svc");
    assert_eq!(
        target(Some("service=prod user=me"), &variables[..1]),
        "database me on prod.example:5432 as me"
    );
    let error = named(Some("service=none"), &variables[..1]).unwrap_err();
    assert!(matches!(error, DbError::NoService { .. }), "{error:?}");
}

#[test]
fn the_password_file_is_asked_last() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pass");
    std::fs::write(&file, "db:5432:app:anna:from-file\nlocalhost:*:*:*:socket\nother:5433:*:*:second\n")
        .unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = file.to_str().unwrap();
    let password = |url, variables: &[(&str, &str)]| {
        let endpoint = named(Some(url), variables).unwrap().unwrap();
        let words = endpoint.hosts.iter().map(|host| host.config.get_password().unwrap_or_default());
        let words: Vec<_> = words.map(String::from_utf8_lossy).collect();
        (words.join(","), endpoint.hosts[0].password_origin.unwrap_or_default())
    };
    let anna = "postgres://anna@db/app";
    let expected = ("from-file".to_owned(), "the password file");
    assert_eq!(password(anna, &[("PGPASSFILE", file)]), expected);
    let both = [("PGPASSFILE", file), ("PGPASSWORD", "from-env")];
    assert_eq!(password(anna, &both), ("from-env".to_owned(), "PGPASSWORD"));
    assert_eq!(password("postgres://anna:own@db/app", &both).0, "own");
    assert_eq!(password("host=/run/x user=any", &both[..1]).0, "socket");
    let several = "postgres://anna@db,other:5433,third,other/app";
    assert_eq!(
        password("host=db,other,third,other port=5432,5433,5432,5432 user=anna dbname=app", &both[..1]).0,
        "from-file,second,,"
    );
    assert!(named(Some(several), &both[..1]).is_ok(), "ports that are left out are the usual one");
    assert_eq!(password("postgres://anna:own@db,other/app", &both[..1]).0, "own,own");
}

#[test]
fn every_sslmode_is_known_and_none_is_guessed() {
    let mode = |url: &str| named(Some(url), &[]).map(|endpoint| endpoint.unwrap().hosts[0].mode);
    assert_eq!(mode("host=db user=a").unwrap(), Mode::Prefer);
    assert_eq!(mode("host=db user=a sslmode=verify-ca sslrootcert=/none").unwrap_err().to_string(), PEM);
    assert_eq!(mode("host=db user=a sslmode=allow").unwrap(), Mode::Allow);
    assert_eq!(mode("host=/run/x user=a sslmode=require").unwrap(), Mode::Disable);
    assert!(mode("host=db user=a sslmode=maybe").is_err());
    assert!(mode("host=db user=a sslrootcert=system sslmode=require").is_err());
}
const PEM: &str = "/none: cannot be read as a PEM certificate; check sslrootcert, sslcert and sslkey";

#[test]
fn nothing_of_a_string_is_repeated_but_where_it_leads() {
    for url in [
        "postgres://u:s3cret@h:port/db",
        "postgres://u:s3cret@h/db?s3cret=blue",
        "postgresql+psycopg2://app:s3cret@db.example/app?sslmode=require",
        "jdbc:postgresql://app:s3cret@db.example/app?ssl=true",
        "jdbc:postgresql://db.example/app?user=app&password=s3cret",
        "postgis://app:s3cret@db.example/app?conn_max_age=600",
        "POSTGRES://app:s3cret@db.example/app?sslmode=require",
        "\"postgres://app:s3cret@db.example/app?sslmode=require\"",
        "'postgres://app:s3cret@db.example/app?sslmode=require'",
        "DATABASE_URL=postgres://app:s3cret@db.example/app",
        "Server=db.example;Port=5432;Database=app;User Id=app;Password=s3cret;",
        "host=db.example;port=5432;password=s3cret",
        "host=db.example password=s3cret word user=app",
        "postgres://app:s3cret:x@h:5432:s3cret/db",
        "postgres://app:s3cret/db",
        "postgres://h,db.example;password=s3cret/db",
        "postgres://u@h/db?sslmode=verify-full&sslrootcert=/none;password=s3cret",
        "postgres://u@h/db?sslmode=verify-ca&sslcrl=/none&sslrootcert=/none;password=s3cret",
        "postgres://u@h/db?passfile=/none;password=s3cret",
        "service=none;password=s3cret",
        "postgres://u:s3cret@h/db?connect_timeout=soon",
        "postgres://u:s3cret@a,b:1,c:2,d/db?hostaddr=1.2.3.4",
        "postgres://u:s3cret@h/db?sslmode=x",
        "postgres://u:s3cret@h/db?sslmode=verify-full&sslrootcert=/none",
    ] {
        let error = named(Some(url), &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    let error = named(Some("postgres://u@h/db?sslmod=require"), &[]).unwrap_err();
    assert!(error.to_string().contains("did you mean sslmode?"), "{error}");
    for url in [
        "postgres://u:s3cret@h/db",
        "postgres://u@h/db&password=s3cret",
        "postgres://u@h/db;password=s3cret",
        "host=h user=u:s3cret dbname=db",
        "host=h user=u dbname=postgres://u:s3cret@h/db",
        "host=h user=u dbname='db password=s3cret'",
    ] {
        let endpoint = named(Some(url), &[]).unwrap().unwrap();
        let all = format!(
            "{endpoint:?} {endpoint:#?} {} {} {}",
            endpoint.target(),
            endpoint.role,
            endpoint.database
        );
        assert!(!all.contains("s3cret"), "{all}");
    }
}

#[test]
fn what_libpq_is_told_about_security_is_kept_or_refused() {
    let refused = |url: &str, variables: &[(&str, &str)]| match named(Some(url), variables) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    let url = "postgres://u@h/db";
    for (variable, value) in [
        ("PGREQUIREAUTH", "scram-sha-256"),
        ("PGREQUIREAUTH", "!password"),
        ("PGGSSENCMODE", "require"),
        ("PGSSLCERTMODE", "require"),
        ("PGSSLCRL", "/none"),
        ("PGSSLCRLDIR", "/none"),
        ("PGSSLMAXPROTOCOLVERSION", "TLSv1.1"),
        ("PGSSLMINPROTOCOLVERSION", "SSLv3"),
        ("PGMINPROTOCOLVERSION", "3.2"),
        ("PGSSLNEGOTIATION", "direct"),
        ("PGSSLSNI", "perhaps"),
        ("PGCHANNELBINDING", "perhaps"),
    ] {
        assert_ne!(refused(url, &[(variable, value)]), "", "{variable}={value}");
        let (_, setting) = VARIABLES.iter().find(|(known, _)| *known == variable).unwrap();
        assert_ne!(refused(&format!("{url}?{setting}={value}"), &[]), "", "{setting}={value}");
    }
    assert!(refused("host=/run/x user=a", &[("PGREQUIREPEER", "postgres")]).contains("PGREQUIREPEER"));
    for (variable, value) in [
        ("PGREQUIREPEER", "postgres"),
        ("PGGSSENCMODE", "prefer"),
        ("PGGSSENCMODE", "disable"),
        ("PGSSLCERTMODE", "disable"),
        ("PGSSLMINPROTOCOLVERSION", "TLSv1.3"),
        ("PGSSLMAXPROTOCOLVERSION", "TLSv1.2"),
        ("PGSSLSNI", "0"),
        ("PGCHANNELBINDING", "require"),
        ("PGMAXPROTOCOLVERSION", "3.2"),
        ("PGKRBSRVNAME", "postgres"),
    ] {
        assert_eq!(refused(url, &[(variable, value)]), "", "{variable}={value}");
    }
    let mode = |variables: &[(&str, &str)]| named(Some(url), variables).unwrap().unwrap().hosts[0].mode;
    assert_eq!(mode(&[("PGREQUIRESSL", "1")]), Mode::Require);
    assert_eq!(mode(&[("PGREQUIRESSL", "1"), ("PGSSLMODE", "disable")]), Mode::Disable);
}

#[test]
fn connecting_ends_and_a_lost_network_is_noticed() {
    let endpoint = |url: &str| named(Some(url), &[]).unwrap().unwrap();
    let seconds = |url: &str| endpoint(url).timeout.map(|time| time.as_secs());
    assert_eq!(seconds("host=h user=a"), Some(10));
    assert_eq!(seconds("host=h user=a connect_timeout=3"), Some(3));
    assert_eq!(seconds("host=h user=a connect_timeout=0"), None);
    let config = |url: &str| endpoint(url).hosts[0].config.clone();
    let usual = config("host=h user=a");
    assert!(usual.get_keepalives() && usual.get_keepalives_idle() <= GONE);
    assert_eq!(usual.get_tcp_user_timeout(), Some(&GONE));
    // libpq has milliseconds.
    let own = config("host=h user=a tcp_user_timeout=5000 keepalives=0");
    assert_eq!((own.get_keepalives(), own.get_tcp_user_timeout()), (false, Some(&Duration::from_secs(5))));
}
