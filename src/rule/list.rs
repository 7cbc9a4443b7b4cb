//! Several values in one cell. The normal form is the array literal that PostgreSQL prints for the same `text[]`
//! (`array_out` in `src/backend/utils/adt/arrayfuncs.c`), so that a stored list and a read one can be compared as
//! texts. [`items`] reads a literal, and [`join`] writes it as a cell again.

use super::cell::{CellFinding, NormalForm};

/// A list.
#[derive(Debug, Clone)]
pub(crate) struct List {
    separator: char,
}

impl List {
    /// A list with this character between its items.
    pub(crate) fn new(separator: char) -> Self {
        Self { separator }
    }

    /// The character between the items of a cell.
    pub(crate) fn separator(&self) -> char {
        self.separator
    }

    /// See [`Rule::validate`](super::Rule::validate). Items are trimmed, empty and repeated ones dropped, the order is kept.
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        _notes: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let mut seen = Seen::default();
        out.push('{');
        for item in cell.split(self.separator).map(str::trim).filter(|item| !item.is_empty()) {
            if seen.first_time(item) {
                if out.len() > 1 {
                    out.push(',');
                }
                push_element(out, item);
            }
        }
        out.push('}');
        NormalForm::Rewritten
    }
}

/// The items so far. A short list is searched, so that the usual cell needs no hashing; a long one is hashed, so that
/// no cell takes time that grows with the square of its length.
#[derive(Default)]
struct Seen<'c> {
    few: Vec<&'c str>,
    many: foldhash::HashSet<&'c str>,
}

impl<'c> Seen<'c> {
    fn first_time(&mut self, item: &'c str) -> bool {
        const FEW: usize = 16;
        if self.few.contains(&item) {
            return false;
        }
        if self.few.len() < FEW {
            self.few.push(item);
            return true;
        }
        self.many.insert(item)
    }
}

/// Appends an element of an array literal, quoted as `array_out` quotes it.
pub(crate) fn push_element(out: &mut String, item: &str) {
    let special = |byte: u8| matches!(byte, b'{' | b'}' | b',' | b'"' | b'\\' | b' ' | b'\t'..=b'\r');
    // Items are short: checking all bytes without a branch is faster than a search that may stop early.
    let is_special = item.bytes().fold(false, |any, byte| any | special(byte));
    if !item.is_empty() && !is_special && !item.eq_ignore_ascii_case("null") {
        out.push_str(item);
        return;
    }
    out.push('"');
    for c in item.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// The items of an array literal as PostgreSQL prints it; `None` is NULL. No items at all if the array is not a list: if
/// it has more than one dimension, or does not begin at 1 (`[0:0]={x}`).
pub(crate) fn items(literal: &str) -> Option<Vec<Option<String>>> {
    let inner = literal.strip_prefix('{')?.strip_suffix('}')?;
    let mut found = Vec::new();
    let mut item = String::new();
    let mut quoted = false;
    let mut was_quoted = false;
    let mut rest = inner.chars();
    loop {
        match rest.next() {
            Some('"') => {
                quoted = !quoted;
                was_quoted = true;
            }
            Some('\\') => item.extend(rest.next()),
            // A brace that belongs to an item is quoted.
            Some('{') if !quoted => return None,
            Some(c) if quoted || c != ',' => item.push(c),
            end => {
                if was_quoted || !item.is_empty() {
                    let item = std::mem::take(&mut item);
                    let is_null = !was_quoted && item.eq_ignore_ascii_case("null");
                    found.push((!is_null).then_some(item));
                }
                was_quoted = false;
                if end.is_none() {
                    return Some(found);
                }
            }
        }
    }
}

/// An array literal as a cell: its items with the separator between them. `None` if no cell can hold it: an item is NULL
/// or empty, holds the separator, or has spaces around it, or the array is not a list.
pub(crate) fn join(literal: &str, separator: char) -> Option<String> {
    let mut cell = String::new();
    for item in items(literal)? {
        let item = item?;
        if item.contains(separator) || item.is_empty() || item.trim().len() != item.len() {
            return None;
        }
        if !cell.is_empty() {
            cell.push(separator);
        }
        cell.push_str(&item);
    }
    Some(cell)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::validated;

    #[test]
    fn items_become_the_literal_that_postgresql_prints() {
        // Each right-hand side was printed by PostgreSQL 15 for the array on the left.
        for (cell, literal) in [
            ("a,b", "{a,b}"),
            (" b , a,,b ", "{b,a}"),
            (",", "{}"),
            ("smart charging,null", r#"{"smart charging","null"}"#),
            (r#"a"b,c\d"#, r#"{"a\"b","c\\d"}"#),
            ("{x},nullx,é", r#"{"{x}",nullx,é}"#),
            ("a\u{A0}b", "{a\u{A0}b}"),
        ] {
            assert_eq!(validated!(List::new(','), cell).0.as_deref(), Some(literal), "{cell}");
        }
        assert_eq!(validated!(List::new('|'), "a,b|c").0.as_deref(), Some(r#"{"a,b",c}"#));
    }

    #[test]
    fn a_literal_is_read_again() {
        let found = items(r#"{"",NULL,"NULL",a,"b,c","\"\\","{}"}"#).unwrap();
        let found: Vec<&str> = found.iter().map(|item| item.as_deref().unwrap_or("no item")).collect();
        assert_eq!(found, ["", "no item", "NULL", "a", "b,c", r#""\"#, "{}"]);
        assert_eq!(items("{}"), Some(Vec::new()));
        assert_eq!(items("{null}"), Some(vec![None]));
        assert_eq!(join("{a,b}", ',').as_deref(), Some("a,b"));
        assert_eq!(join(r#"{"a,b"}"#, ','), None);
        assert_eq!(join(r#"{"a,b",c}"#, '|').as_deref(), Some("a,b|c"));
        for not_read_again in ["{x,NULL,y}", "{NULL}", r#"{""}"#, r#"{" x"}"#] {
            assert_eq!(join(not_read_again, ','), None, "{not_read_again}");
        }
    }

    #[test]
    fn an_array_that_is_not_a_list_has_no_items() {
        for array in ["{{a,b},{c,d}}", "{{a}}", "[0:0]={vip}", "[2:3]={a,NULL}", "[1:1][-2:-1]={{a,b}}"] {
            assert_eq!(items(array), None, "{array}");
            assert_eq!(join(array, '|'), None, "{array}");
        }
        for text in ["", "{", "}", "x"] {
            assert_eq!(items(text), None, "{text}");
        }
    }

    #[test]
    fn repeated_items_are_dropped_from_long_lists_too() {
        let cell = (0..40).chain(0..40).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
        let literal = validated!(List::new(','), &cell).0.unwrap();
        assert_eq!(items(&literal).unwrap(), (0..40).map(|n| Some(n.to_string())).collect::<Vec<_>>());
    }

    proptest! {
        #[test]
        fn a_list_written_and_read_again_is_the_same(cell in "(\\PC|[,{}\"\\\\ ]){0,30}", separator in "[,;|]") {
            let separator = separator.chars().next().unwrap();
            let rule = List::new(separator);
            let literal = validated!(rule, &cell).0.unwrap();
            let again = join(&literal, separator).unwrap();
            prop_assert_eq!(validated!(rule, &again).0.unwrap(), literal);
        }

        #[test]
        fn no_text_makes_the_reader_of_literals_panic(text in "(\\PC|[,{}\"\\\\]){0,30}") {
            let _ = items(&text);
        }
    }
}
