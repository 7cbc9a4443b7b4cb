//! Names and values as SQL text, for what takes no parameters: names, DDL, and statements put together from parts.

use std::fmt::Write;
use std::hash::{DefaultHasher, Hash, Hasher};

/// An identifier in double quotes.
pub(crate) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The longest name in PostgreSQL, in bytes (`NAMEDATALEN` - 1). It cuts off the rest, so that two long names become one.
pub(crate) const NAME_BYTES: usize = 63;

/// The identifier of a temporary table for an entity: no other entity has the same, however long their names are.
pub(crate) fn temporary(what: &str, entity: &str) -> String {
    let mut name = format!("muster {what} {entity}");
    if name.len() > NAME_BYTES {
        let mut hasher = DefaultHasher::new();
        entity.hash(&mut hasher);
        name = format!("muster {what} {:016x}", hasher.finish());
    }
    format!("pg_temp.{}", ident(&name))
}

/// A string constant. It means the same for both values of `standard_conforming_strings`.
pub(crate) fn literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if text.contains('\\') { format!("E'{}'", doubled.replace('\\', "\\\\")) } else { format!("'{doubled}'") }
}

/// An array of texts.
pub(crate) fn text_array(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| literal(text)).collect();
    format!("ARRAY[{}]::text[]", texts.join(", "))
}

/// A string constant in dollar quotes, for SQL inside SQL.
pub(crate) fn dollar_quoted(sql: &str) -> String {
    // The shortest tag that the text does not hold.
    let mut tag = String::from("$sql$");
    let mut number = 0;
    while sql.contains(&tag) {
        number += 1;
        tag.clear();
        let _ = write!(tag, "$sql{number}$");
    }
    format!("{tag}{sql}{tag}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_quote_in_a_name_is_doubled() {
        assert_eq!(ident(r#"a"b"#), r#""a""b""#);
    }

    #[test]
    fn temporary_tables_of_long_names_are_different() {
        let [one, other] =
            ["east", "west"].map(|end| temporary("stage", &format!("{}{end}", "a".repeat(60))));
        assert!(one != other && one.len() <= "pg_temp.".len() + NAME_BYTES + 2, "{one}");
        assert_eq!(temporary("stage", "users"), "pg_temp.\"muster stage users\"");
    }

    #[test]
    fn a_string_with_a_backslash_is_an_escape_string() {
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal(r"a\'b"), r"E'a\\''b'");
        assert_eq!(text_array(&["a".to_owned(), "b'c".to_owned()]), "ARRAY['a', 'b''c']::text[]");
    }

    #[test]
    fn dollar_quotes_do_not_occur_in_what_they_enclose() {
        assert_eq!(dollar_quoted("SELECT 1"), "$sql$SELECT 1$sql$");
        assert_eq!(dollar_quoted("SELECT $sql$x$sql$"), "$sql1$SELECT $sql$x$sql$$sql1$");
    }
}
