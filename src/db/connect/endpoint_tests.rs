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
    std::fs::write(&file, "db:5432:app:anna:from-file\nlocalhost:*:*:*:socket\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = file.to_str().unwrap();
    let password = |url, variables: &[(&str, &str)]| {
        let endpoint = named(Some(url), variables).unwrap().unwrap();
        let password = endpoint.config.get_password().map(|word| String::from_utf8_lossy(word).into_owned());
        (password.unwrap_or_default(), endpoint.password_origin.unwrap_or_default())
    };
    let anna = "postgres://anna@db/app";
    let expected = ("from-file".to_owned(), "the password file");
    assert_eq!(password(anna, &[("PGPASSFILE", file)]), expected);
    let both = [("PGPASSFILE", file), ("PGPASSWORD", "from-env")];
    assert_eq!(password(anna, &both), ("from-env".to_owned(), "PGPASSWORD"));
    assert_eq!(password("postgres://anna:own@db/app", &both).0, "own");
    assert_eq!(password("host=/run/x user=any", &both[..1]).0, "socket");
}

#[test]
fn every_sslmode_is_known_and_none_is_guessed() {
    let mode = |url: &str| named(Some(url), &[]).map(|endpoint| endpoint.unwrap().mode);
    assert_eq!(mode("host=db user=a").unwrap(), Mode::Prefer);
    assert_eq!(mode("host=db user=a sslmode=verify-ca sslrootcert=/none").unwrap_err().to_string(), PEM);
    assert_eq!(mode("host=db user=a sslmode=allow").unwrap(), Mode::Allow);
    assert_eq!(mode("host=/run/x user=a sslmode=require").unwrap(), Mode::Disable);
    assert!(mode("host=db user=a sslmode=maybe").is_err());
    assert!(mode("host=db user=a sslrootcert=system sslmode=require").is_err());
}
const PEM: &str = "/none: cannot be read as a PEM certificate; check sslrootcert, sslcert and sslkey";

#[test]
fn a_wrong_setting_is_named_and_no_value_repeated() {
    for url in [
        "postgres://u:s3cret@h:port/db",
        "postgres://u:s3cret@h/db?colour=blue",
        "postgres://u:s3cret@h/db?connect_timeout=soon",
        "postgres://u:s3cret@a,b:1,c:2,d/db?hostaddr=1.2.3.4",
        "postgres://u:s3cret@h/db?sslmode=x",
        "postgres://u:s3cret@h/db?sslmode=verify-full&sslrootcert=/none",
    ] {
        let error = named(Some(url), &[]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
    }
    let error = named(Some("postgres://u@h/db?colour=blue"), &[]).unwrap_err();
    assert!(error.to_string().contains("colour"), "{error}");
    let endpoint = named(Some("postgres://u:s3cret@h/db"), &[]).unwrap().unwrap();
    assert!(!format!("{endpoint:?} {endpoint:#?} {}", endpoint.target()).contains("s3cret"));
}
