//! Nothing that somebody planted in a schema of the search path is run by muster; what the owner's triggers call by its
//! bare name is found.

use crate::support::{Database, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,Een\nA2,Twee\n";
const USERS: &str = "email,legacyId,account.legacyId,contact.firstName\na@x.nl,1,A1,Anna\nb@x.nl,2,A2,Bert\n";
const CHANGED: &str =
    "email,legacyId,account.legacyId,contact.firstName\na@x.nl,1,A1,Annie\nc@x.nl,3,A1,Cas\n";

/// Every function and operator of `pg_catalog` again in `public`, which comes first, and types of the same names; and
/// some that fit better, if it comes last. Each use is counted, even if the transaction is rolled back.
const PLANTED: &str = r"
CREATE SEQUENCE public.ran;
SET check_function_bodies = off;
SET client_min_messages = error;
DO $do$
DECLARE
    body text := ' LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_catalog.nextval(''public.ran''); RETURN NULL; END $$';
    f record;
    kind text;
BEGIN
    FOR f IN
        SELECT p.proname, pg_catalog.oidvectortypes(p.proargtypes) AS args, pg_catalog.format_type(p.prorettype, NULL) AS ret
        FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind = 'f' AND p.pronargs < 5
          AND p.provariadic = 0 AND NOT p.proretset AND p.proname NOT LIKE 'pg_stat%'
          AND NOT EXISTS (SELECT FROM pg_catalog.pg_type t
                          WHERE (t.oid = p.prorettype OR t.oid = ANY (p.proargtypes)) AND t.typtype = 'p')
    LOOP
        EXECUTE format('CREATE FUNCTION public.%I(%s) RETURNS %s %s', f.proname, f.args, f.ret, body);
        IF f.args ~ '\ytext\y' AND f.proname IN ('lower', 'btrim', 'to_regclass', 'convert_to', 'length', 'md5', 'replace', 'left') THEN
            FOREACH kind IN ARRAY ARRAY['character varying', 'name'] LOOP
                EXECUTE format('CREATE OR REPLACE FUNCTION public.%I(%s) RETURNS %s %s', f.proname,
                               regexp_replace(f.args, '\ytext\y', kind, 'g'), f.ret, body);
            END LOOP;
        END IF;
    END LOOP;
    FOR f IN
        SELECT o.oid, o.oprname, pg_catalog.format_type(l.oid, NULL) AS l, pg_catalog.format_type(r.oid, NULL) AS r,
               pg_catalog.format_type(o.oprresult, NULL) AS ret
        FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_type l ON l.oid = o.oprleft JOIN pg_catalog.pg_type r ON r.oid = o.oprright
        WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND l.typtype <> 'p' AND r.typtype <> 'p'
    LOOP
        EXECUTE format('CREATE FUNCTION public.planted_%s(%s, %s) RETURNS %s %s', f.oid, f.l, f.r, f.ret, body);
        EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.planted_%s)',
                       f.oprname, f.l, f.r, f.oid);
    END LOOP;
END $do$;
CREATE FUNCTION public.planted(text, varchar) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_catalog.nextval('public.ran'); RETURN true; END $$;
CREATE FUNCTION public.planted(varchar, text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_catalog.nextval('public.ran'); RETURN true; END $$;
CREATE FUNCTION public.planted(anyarray, anyarray) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_catalog.nextval('public.ran'); RETURN true; END $$;
CREATE FUNCTION public.planted(int, bigint[]) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_catalog.nextval('public.ran'); RETURN true; END $$;
CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = varchar, FUNCTION = public.planted);
CREATE OPERATOR public.= (LEFTARG = varchar, RIGHTARG = text, FUNCTION = public.planted);
CREATE OPERATOR public.= (LEFTARG = anyarray, RIGHTARG = anyarray, FUNCTION = public.planted);
CREATE FUNCTION public.noted() RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_catalog.nextval('public.ran'); RETURN true; END $$;
CREATE DOMAIN public.text AS pg_catalog.text CHECK (public.noted());
CREATE DOMAIN public.jsonb AS pg_catalog.jsonb CHECK (public.noted());
CREATE DOMAIN public.uuid AS pg_catalog.uuid CHECK (public.noted());
CREATE DOMAIN public.regclass AS pg_catalog.regclass CHECK (public.noted());
CREATE DOMAIN public.timestamptz AS pg_catalog.timestamptz CHECK (public.noted());
CREATE DOMAIN public.bytea AS pg_catalog.bytea CHECK (public.noted());
";

/// The number of uses, as a session sees it that looks nothing up there.
fn ran(database: &Database) -> String {
    database.text("SELECT s.last_value, s.is_called FROM public.ran s")
}

#[test]
fn nothing_planted_in_the_search_path_is_run() {
    let database = Database::new();
    let role = format!("planted_{}", database.name());
    database.rows(PLANTED);
    database.rows(&format!(
        "CREATE ROLE {role} SUPERUSER LOGIN; ALTER ROLE {role} SET search_path = public, pg_catalog"
    ));
    database.rows("ALTER SEQUENCE public.ran RESTART");
    let muster = Muster::on(&database)
        .env("DATABASE_URL", database.url().replace("user=postgres", &format!("user={role}")))
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", USERS)
        .file("changed.csv", CHANGED)
        .file("refused.csv", "email,account.legacyId,contact.firstName\nd@x.nl,A1,Refused\ne@x.nl,A1,Eva\n");
    let run = |line: &str, code: i32| {
        let finished = muster.run(line.split_whitespace()).exits(code);
        assert_eq!(ran(&database), "1|f", "`muster {line}` ran something: {finished}");
        finished
    };
    run("import accounts.csv users.csv --out first", 0);
    // The owner's types and constraints may be anywhere.
    database.rows(
        "ALTER TABLE public.users ADD CONSTRAINT nobody CHECK (contact_first_name OPERATOR(pg_catalog.<>) 'Refused');
         ALTER TABLE public.users ALTER contact_last_name TYPE character varying(50);
         ALTER TABLE public.accounts ALTER legacy_id TYPE character varying(50)",
    );
    database.rows("ALTER SEQUENCE public.ran RESTART");
    run("check --against-database users=changed.csv", 0);
    run("export --out one", 0);
    run("import accounts.csv users=changed.csv --out second --protect-edited --report-absent --reconcile", 0);
    run("import users=refused.csv --out third", 3);
    run("import users=users.csv --no-undo --out fourth", 0);
    run("import users=users.csv --dry-run --out fifth", 0);
    run("export --out two --changes-since one", 0);
    run("verify two --against-database", 0);
    run("user list --where contact.firstName=Anna", 0);
    run("user show a@x.nl", 0);
    run("account show A1", 0);
    run("account create --legacyId A9 --name Negen --yes", 0);
    run("runs", 0);
    run("roles --store", 0);
    run("user invite a@x.nl --dry-run", 0);
    let sender = "--from no-reply@x.nl --link https://x.nl/{token} --yes";
    run(&format!("user invite --account A1 --to-dir mails {sender}"), 0);
    run("user invites list", 0);
    run("user invites revoke c@x.nl --yes", 0);
    run("runs forget --email nobody@x.nl --yes", 0);
    let latest = database
        .text("SELECT r.id FROM muster.runs r WHERE r.command OPERATOR(pg_catalog.=) 'account create'");
    run(&format!("runs show {latest}"), 0);
    run(&format!("undo {latest} --yes"), 0);
    database.rows(&format!("REASSIGN OWNED BY {role} TO postgres"));
    database.rows(&format!("DROP ROLE {role}"));
}

/// A function in the owner's schema, called by its bare name from all kinds of triggers, defaults and constraints.
const OWNERS: &str = r"
CREATE SCHEMA app; CREATE SCHEMA types; CREATE EXTENSION citext SCHEMA types;
CREATE TABLE app.log (what text);
CREATE FUNCTION app.tell(what text) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO log VALUES (what); RETURN true; END $$;
CREATE FUNCTION app.told() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM tell(TG_WHEN || ' ' || TG_OP || ' ' || TG_LEVEL);
          IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$;
CREATE FUNCTION app.fine(name text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN good(name); END $$;
CREATE FUNCTION app.good(name text) RETURNS boolean LANGUAGE sql AS $$ SELECT name IS DISTINCT FROM 'Bad' $$;
";
const TRIGGERS: &str = "
CREATE TRIGGER a BEFORE INSERT OR UPDATE OR DELETE ON app.users FOR EACH STATEMENT EXECUTE FUNCTION app.told();
CREATE TRIGGER b BEFORE INSERT OR UPDATE OR DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.told();
CREATE TRIGGER c AFTER INSERT OR UPDATE OR DELETE ON app.users FOR EACH ROW EXECUTE FUNCTION app.told();
CREATE TRIGGER d AFTER INSERT OR UPDATE OR DELETE ON app.users FOR EACH STATEMENT EXECUTE FUNCTION app.told();
CREATE CONSTRAINT TRIGGER e AFTER INSERT OR UPDATE OR DELETE ON app.users INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION app.told()";

#[test]
fn the_owners_triggers_and_constraints_have_the_connections_search_path() {
    let database = Database::new();
    let role = format!("owner_{}", database.name());
    database.rows(OWNERS);
    database
        .rows(&format!("CREATE ROLE {role} SUPERUSER LOGIN; ALTER ROLE {role} SET search_path = app, types"));
    let muster = Muster::on(&database)
        .env("DATABASE_URL", database.url().replace("user=postgres", &format!("user={role}")))
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", USERS)
        .file("changed.csv", CHANGED)
        .file("bad.csv", "email,account.legacyId,contact.firstName\nd@x.nl,A1,Bad\ne@x.nl,A1,Eva\n");
    let run = |line: &str, code: i32| muster.run(line.split_whitespace()).exits(code);
    // The tables are made where the search path says, and found there.
    run("import accounts.csv --out none", 0);
    database.rows("ALTER TABLE app.users ADD CHECK (app.fine(contact_first_name))");
    run("import users.csv --out empty", 0);
    assert_eq!(database.text("SELECT count(*) FROM app.users"), "2");
    database.rows(TRIGGERS);
    database.rows("ALTER TABLE app.users ALTER email TYPE types.citext");
    let log = || {
        let told = database.text("SELECT l.what, count(*) FROM app.log l GROUP BY 1 ORDER BY 1");
        database.rows("TRUNCATE app.log");
        told
    };
    let told = |what: &str, rows: u32| {
        let line = |when: &str, level: &str, count: u32| format!("{when} {what} {level}|{count}");
        [
            line("AFTER", "ROW", 2 * rows),
            line("AFTER", "STATEMENT", 1),
            line("BEFORE", "ROW", rows),
            line("BEFORE", "STATEMENT", 1),
        ]
    };
    for undo in ["", " --no-undo"] {
        // The same key in another case.
        muster.write(
            "changed.csv",
            CHANGED.replace("a@x.nl", "A@X.nl").replace("Annie", &format!("Annie{}", undo.len())),
        );
        run(&format!("import users=changed.csv --out changed{undo}"), 0);
        let (inserted, updated) = (told("INSERT", 1), told("UPDATE", 1));
        let mut expected: Vec<_> = inserted.iter().chain(&updated).cloned().collect();
        if !undo.is_empty() {
            expected = updated.to_vec();
        }
        expected.sort();
        assert_eq!(log(), expected.join("\n"), "{undo}");
    }
    let refused = run("import users=bad.csv --out bad", 3);
    assert_eq!(refused.findings("bad").len(), 1, "{refused}");
    assert_eq!(log(), told("INSERT", 1).join("\n"));
    let latest = database.latest_run();
    run(&format!("undo {latest} --yes"), 0);
    assert_eq!(log(), told("DELETE", 1).join("\n"));
    database.rows("DROP SCHEMA app CASCADE");
    database.rows(&format!("REASSIGN OWNED BY {role} TO postgres"));
    database.rows(&format!("DROP ROLE {role}"));
}

#[test]
fn a_search_path_without_a_schema_is_named() {
    let database = Database::new();
    let url = format!("{} options='-c search_path=elsewhere'", to_pairs(&database));
    let muster = Muster::on(&database).env("DATABASE_URL", url).file("accounts.csv", ACCOUNTS);
    for line in
        ["import accounts.csv", "export --out all", "account list", "check --against-database accounts.csv"]
    {
        let said = muster.run(line.split_whitespace()).exits(1).stderr();
        assert!(said.contains("(elsewhere)") && !said.contains("GRANT"), "{line}: {said}");
    }
}

/// The database's connection string in pairs, for more to be added.
fn to_pairs(database: &Database) -> String {
    database.url().split_once('?').unwrap().1.replace('&', " ") + " dbname=" + database.name()
}
