//! The loop in cases that a single file does not show: several files of one entity, each written
//! in its own way; what is left of a file and looks like another encoding; rows edited in the target; duplicates
//! of which none was kept; a database that only the command line named.

use crate::support::{Database, Finished, Muster};

const USERS: &str = "SELECT email, contact_first_name, legacy_id, role FROM users ORDER BY email";
const ACCOUNTS: &str = "SELECT legacy_id, name FROM accounts ORDER BY legacy_id";

fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

fn utf_16(text: &str) -> Vec<u8> {
    std::iter::once(0xFEFF).chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()
}

/// Three files of users, as different as files can be, with the cells for `{1}` to `{3}` filled in.
fn three(muster: &Muster, cells: [&str; 3]) {
    muster.write("accounts.csv", "legacyId,name\nA1,Een\nA2,Twee\n");
    let first = "email,legacyId,account.legacyId,contact.firstName\n\
         a@x.nl,U1,A1,Zoë\n{},U2,A2,Loïs\n";
    muster.write("users-first.csv", first.replace("{}", cells[0]));
    let second =
        "sep=;\r\nVoornaam;rol;accountId;e-mail\r\nZoé;account admin;A1;b@x.nl\r\nRené;{};A2;b2@x.nl\r\n";
    muster.write("more/users-second.csv", windows_1252(&second.replace("{}", cells[1])));
    let third = "An export\nmigrated\torganization\tfirstName\temail\nfalse\tA1\tŽofie\tc@x.nl\n{}\tA2\tŁukasz\tc2@x.nl\n";
    muster.write("third.txt", utf_16(&third.replace("{}", cells[2])));
}

fn import_three(muster: &Muster) -> Finished {
    let maps = ["--map", "Voornaam=contact.firstName", "--map", "rol=role"];
    let files = ["accounts.csv", "users-first.csv", "more/users-second.csv", "users=third.txt"];
    muster.run(["import", "--out", "out"].into_iter().chain(maps).chain(files))
}

/// Puts `right` in the place of `wrong` in a file that came back.
#[track_caller]
fn fix(muster: &Muster, name: &str, wrong: &[u8], right: &[u8]) {
    let mut bytes = std::fs::read(muster.path(name)).unwrap();
    let at = bytes.windows(wrong.len()).position(|window| window == wrong);
    let at = at.unwrap_or_else(|| panic!("{name}: {:?}", String::from_utf8_lossy(&bytes)));
    bytes.splice(at..at + wrong.len(), right.iter().copied());
    muster.write(name, bytes);
}

#[test]
fn files_of_one_entity_are_returned_each_with_its_own_headers_delimiter_and_encoding() {
    let right = Database::new();
    let muster = Muster::on(&right);
    three(&muster, ["a2@x.nl", "billing-admin", "true"]);
    import_three(&muster).exits(0);

    let database = Database::new();
    let muster = Muster::on(&database);
    three(&muster, ["a2 x.nl", "king", "ja"]);
    let run = import_three(&muster).exits(3);
    assert_eq!(run.summary("out")["entities"][1]["rejected"], 3, "{run}");
    fix(&muster, "out/users-first.rejected.csv", b"a2 x.nl", b"a2@x.nl");
    fix(&muster, "out/users-second.rejected.csv", b"king", b"billing-admin");
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<_>>();
    fix(&muster, "out/third.rejected.csv", &wide("\nja\t"), &wide("\ntrue\t"));
    muster.next(&run).exits(0);
    for sql in [USERS, "SELECT email, migrated, account_id FROM users ORDER BY email", ACCOUNTS] {
        assert_eq!(database.text(sql), right.text(sql));
    }
}

#[test]
fn what_is_left_of_a_windows_1252_file_is_read_as_the_file_was() {
    // The rest is plain ASCII: it is read right whichever encoding the editor used.
    for renee in [windows_1252("René"), "René".into()] {
        let database = Database::new();
        let muster = Muster::on(&database);
        muster.write("accounts.csv", windows_1252("legacyId,name,type\nA1,Zoë,company\nA2,x,b2b\n"));
        let run = muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
        assert!(!run.stdout().contains("--encoding"), "{run}");
        fix(&muster, "out/accounts.rejected.csv", b"x,b2b", &[&renee[..], b",company"].concat());
        muster.next(&run).exits(0);
        assert_eq!(database.text(ACCOUNTS), "A1|Zoë\nA2|René");
    }
    // What is left could be UTF-8, and is not: the command says so.
    let database = Database::new();
    let muster = Muster::on(&database);
    let odd = "legacyId,name,type\nA1,Zoë,company\nA2,Ã© & Co,b2b\n";
    muster.write("accounts.csv", windows_1252(odd));
    muster.write("users.csv", "email,account.legacyId,contact.firstName\na@x.nl,A2,Zoë\nno,A1,Łukasz\n");
    let run = muster.run(["import", "accounts.csv", "users.csv", "--out", "out"]).exits(3);
    let said = run.stdout();
    assert!(said.contains("--encoding out/accounts.rejected.csv=windows-1252"), "{run}");
    fix(&muster, "out/accounts.rejected.csv", b"b2b", b"company");
    fix(&muster, "out/users.rejected.csv", b"no,", b"b@x.nl,");
    muster.next(&run).exits(0);
    assert_eq!(database.text(ACCOUNTS), "A1|Zoë\nA2|Ã© & Co");
    let names = "SELECT email, contact_first_name FROM users ORDER BY email";
    assert_eq!(database.text(names), "a@x.nl|Zoë\nb@x.nl|Łukasz");
}

#[test]
fn a_malformed_record_that_comes_back_alone_is_not_taken_for_another_encoding() {
    let database = Database::new();
    let muster = Muster::on(&database);
    let text = b"legacyId,name\nA1,Zo\xC3\xAB\nA2,\xC3\xAB\xC3\xAB\nA3,Ren\xE9\n";
    muster.write("accounts.csv", text);
    let run = muster.run(["import", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(run.findings("out")[0]["code"], "invalid-encoding");
    // It was not fixed: it is refused again, and no guess is stored.
    muster.next(&run).exits(3);
    fix(&muster, "out/accounts.broken.csv", b"\xE9", "é".as_bytes());
    muster.next(&run).exits(0);
    assert_eq!(database.text(ACCOUNTS), "A1|Zoë\nA2|ëë\nA3|René");
}

#[test]
fn a_row_edited_in_the_target_is_taken_once_it_says_what_the_target_says() {
    let database = Database::new();
    let muster = Muster::on(&database).file("accounts.csv", "legacyId,name\nA1,Een\nA2,Twee\n");
    muster.run(["import", "accounts.csv"]).exits(0);
    database.rows("UPDATE accounts SET name = 'By hand' WHERE legacy_id = 'A1'");
    muster.write("accounts.csv", "legacyId,name\nA1,New\nA2,Newer\n");
    let run = muster.run(["import", "--protect-edited", "accounts.csv", "--out", "out"]).exits(3);
    // Sent back as it was, it is refused as it was: the protection holds for the next command, too.
    muster.next(&run).exits(3);
    fix(&muster, "out/accounts.rejected.csv", b"New", b"By hand");
    muster.next(&run).exits(0);
    assert_eq!(database.text(ACCOUNTS), "A1|By hand\nA2|Newer");
}

#[test]
fn duplicates_of_which_none_was_kept_all_come_back_and_go_in_once_they_differ() {
    let database = Database::new();
    let muster = Muster::on(&database);
    muster.write("accounts.csv", "legacyId,name\nA1,Een\nA2,Twee\nA2,Drie\nA2,Vier\n");
    let run = muster.run(["import", "--duplicates", "reject-all", "accounts.csv", "--out", "out"]).exits(3);
    assert_eq!(database.text(ACCOUNTS), "A1|Een");
    fix(&muster, "out/accounts.rejected.csv", b"A2,Drie", b"A3,Drie");
    // Two are still the same: under the same policy none of them is kept.
    muster.next(&run).exits(3);
    assert_eq!(database.text(ACCOUNTS), "A1|Een\nA3|Drie");
    fix(&muster, "out/accounts.rejected.csv", b"A2,Vier", b"A4,Vier");
    muster.next(&run).exits(0);
    assert_eq!(database.text(ACCOUNTS), "A1|Een\nA2|Twee\nA3|Drie\nA4|Vier");
}

#[test]
fn fixed_rows_go_to_the_database_named_on_the_command_line() {
    let database = Database::new();
    let muster = Muster::new().file("accounts.csv", "legacyId,name,type\nA1,Een,b2b\n");
    let run =
        muster.run(["import", "accounts.csv", "--out", "out", "--database-url", &database.url()]).exits(3);
    fix(&muster, "out/accounts.rejected.csv", b"b2b", b"company");
    muster.next(&run).exits(0);
    assert_eq!(database.text(ACCOUNTS), "A1|Een");
}

#[test]
fn an_encoding_for_a_file_that_is_not_read_is_an_error() {
    let muster = Muster::new().file("accounts.csv", "legacyId,name\nA1,Een\n");
    let error = muster.run(["check", "accounts.csv", "--encoding", "users.csv=utf-8"]).exits(2).stderr();
    assert!(error.contains("users.csv is not one of the input files"), "{error}");
}

#[test]
fn an_encoding_named_for_one_file_is_named_again_for_what_is_left_of_it() {
    let database = Database::new();
    let muster = Muster::on(&database);
    muster.write("accounts.csv", "legacyId,name\nA1,Žofie\n");
    muster.write("users.csv", b"email,account.legacyId,contact.firstName\na@x.nl,A1,\xA4\nno,A1,Zo\xEB\n");
    let named = ["--encoding", "users.csv=iso-8859-15"];
    let files = ["accounts.csv", "users.csv", "--out", "out"];
    let run = muster.run(["import"].into_iter().chain(files).chain(named)).exits(3);
    assert!(run.stdout().contains("--encoding iso-8859-15 out/users.rejected.csv"), "{run}");
    fix(&muster, "out/users.rejected.csv", b"no,", b"b@x.nl,");
    muster.next(&run).exits(0);
    let names = "SELECT contact_first_name FROM users ORDER BY email";
    assert_eq!(database.text(names), "€\nZoë");
}

#[test]
fn an_input_with_the_longest_name_has_its_rejected_records_returned() {
    for length in [200, 237, 251] {
        let name = format!("users-{}.csv", "é".repeat((length - 6) / 2));
        let muster = Muster::new().file(&name, "email,account.legacyId\nnone,A1\na@x.nl,A1\na@x.nl,A1\n");
        let run = muster.run(["check", &name, "--out", "out"]).exits(3);
        let returned = std::fs::read_dir(muster.path("out")).unwrap().map(|entry| entry.unwrap().file_name());
        let returned: Vec<_> = returned.filter(|name| name.to_string_lossy().starts_with("users-")).collect();
        assert_eq!(returned.len(), 2, "{run}");
    }
}
