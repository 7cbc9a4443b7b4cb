//! `[database]`.

use crate::schema::{Mistakes, Node};

use super::masked::has_password;

const KEYS: [&str; 1] = ["url"];

/// The address of the database.
pub(super) fn read(mut node: Node<'_, '_>, mistakes: &mut Mistakes<'_>) -> Option<String> {
    let url = node.string("url", mistakes);
    if let Some(password) = node.take("password") {
        mistakes.advise(&node.at(password), "a password in muster.toml", WHERE);
    }
    node.finish("[database]", &KEYS, mistakes);
    let url = url?;
    if has_password(&url.value) {
        mistakes.advise(&url.place, "a password in muster.toml", WHERE);
        return None;
    }
    Some(url.value)
}

const WHERE: &str = "take it out; put it into ~/.pgpass, or give the address in DATABASE_URL";
