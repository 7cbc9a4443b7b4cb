//! Three users of two accounts, and the command that invites them.

use serde_json::Value;

use crate::support::{Database, FakePostmark, Finished, Muster};

const ACCOUNTS: &str = "legacyId,name\nA1,Bakker & Zn\nA2,Visser\n";
const USERS: &str = "email,account.legacyId,contact.firstName,contact.lastName,defaultLangCode,role,migrated
zoe@example.nl,A1,Zoë,O'Brien,nl,accountAdmin,true
jan@example.nl,A1,Jan,de Vries,nl,none,true
ann@example.com,A2,Ann,Smith,en,billingAdmin,false
";
/// What every sending needs.
pub const SENDER: [&str; 4] =
    ["--from", "Laadpalen <no-reply@example.nl>", "--link", "https://app.example.nl/join/{token}"];

/// A database with two accounts and three users, and the provider that `muster` uses.
pub fn office(database: &Database, postmark: &FakePostmark) -> Muster {
    let muster = Muster::on(database)
        .file("accounts.csv", ACCOUNTS)
        .file("users.csv", USERS)
        .env("POSTMARK_API_URL", postmark.url())
        .env("POSTMARK_SERVER_TOKEN", "good-token")
        .env("MUSTER_TEST_INVITE_PAUSE_MS", "10");
    muster.run(["import", "accounts.csv", "users.csv"]).exits(0);
    muster
}

/// `muster user …`, sent without a question.
pub fn send(muster: &Muster, words: &[&str]) -> Finished {
    muster.run(["user"].iter().chain(words).chain(&SENDER).chain(&["--yes"]))
}

pub fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout()).unwrap_or_else(|error| panic!("{error}{finished}"))
}
