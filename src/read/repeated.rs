//! The header again, in the middle of a file: where two files were put together, each with its own. The names are
//! compared as a header's are matched, so other quotes, another case, spaces or a byte order mark change nothing.

use crate::schema::header_key;
use crate::source::{Encoding, clean_name};

use super::cells::split_slowly;
use super::units::Units;

/// The header of a file, to be found again.
#[derive(Debug, Clone)]
pub(crate) struct RepeatedHeader {
    encoding: Encoding,
    delimiter: u8,
    /// The ASCII letters and digits of all names, in lower case: nearly every record differs in the first one.
    letters: Vec<u8>,
    /// The names as they are compared, without those after the last one that has a name.
    keys: Vec<String>,
}

impl RepeatedHeader {
    pub(crate) fn new(header: &[String], encoding: Encoding, delimiter: u8) -> Self {
        let mut keys: Vec<_> = header.iter().map(|name| header_key(name)).collect();
        trim(&mut keys);
        let letters =
            keys.iter().flat_map(|key| key.bytes()).filter(|byte| is_letter(*byte, delimiter)).collect();
        Self { encoding, delimiter, letters, keys }
    }

    /// Whether a record is the header again.
    #[inline]
    pub(crate) fn is<U: Units>(&self, units: U, record: &[u8]) -> bool {
        let mut letters = self.letters.iter();
        let mut at = 0;
        while let Some(char) = units.ascii(record, at) {
            if is_letter(char, self.delimiter) && letters.next() != Some(&char.to_ascii_lowercase()) {
                return false;
            }
            at += U::WIDTH;
        }
        letters.next().is_none() && self.has_names(record)
    }

    #[cold]
    fn has_names(&self, record: &[u8]) -> bool {
        let mut decoded = String::new();
        let Ok(text) = self.encoding.decode(record, &mut decoded) else { return false };
        // A byte order mark before a quote, and a space between a quote and a delimiter, are no part of a name.
        let text = text.trim_matches(|c: char| c == '\u{FEFF}' || c.is_whitespace());
        let (mut cells, mut buffer) = (Vec::new(), String::new());
        split_slowly(text, self.delimiter, &mut cells);
        let name = |cell: &str| header_key(&clean_name(cell.trim().trim_matches('"')));
        let mut keys: Vec<_> = cells.iter().map(|cell| name(cell.text(text, &mut buffer))).collect();
        trim(&mut keys);
        keys == self.keys && !keys.is_empty()
    }
}

fn is_letter(char: u8, delimiter: u8) -> bool {
    char.is_ascii_alphanumeric() && char != delimiter
}

/// Removes the names at the end that are empty.
fn trim(keys: &mut Vec<String>) {
    keys.truncate(keys.iter().rposition(|key| !key.is_empty()).map_or(0, |last| last + 1));
}

#[cfg(test)]
mod tests {
    use super::super::units::{Narrow, Wide};
    use super::*;

    #[test]
    fn the_header_is_found_in_any_spelling_and_nothing_else_is() {
        let names = ["E-mail", "first.name", "Größe", ""].map(str::to_owned);
        let header = RepeatedHeader::new(&names, Encoding::Utf8, b';');
        for (record, is_header) in [
            ("E-mail;first.name;Größe;\n", true),
            ("e-mail;FIRST_NAME;größe\r\n", true),
            ("\"E-mail\";\"first.name\";\"Größe\";\"\"\r", true),
            ("\u{FEFF}\"E-mail\" ; first.name;Größe", true),
            ("\u{FEFF}E-mail;first.name;Größe;;;\n", true),
            ("E-mail;first.name;Große;\n", false),
            ("E-mail;first.name;Größe;x\n", false),
            ("E-mail;first;name;Größe\n", false),
            ("E-mailfirst.name;Größe\n", false),
            ("e@mail.nl;first.name;Größe\n", false),
            ("\n", false),
            ("", false),
        ] {
            assert_eq!(header.is(Narrow, record.as_bytes()), is_header, "{record:?}");
        }
        let wide = RepeatedHeader::new(&names, Encoding::Utf16Le, b';');
        let bytes = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for (record, is_header) in
            [("\u{FEFF}e-MAIL;\"First name\";Größe\r\n", true), ("a@b.nl;First name;Größe\r\n", false)]
        {
            assert_eq!(wide.is(Wide { big_endian: false }, &bytes(record)), is_header, "{record:?}");
        }
    }

    #[test]
    fn names_without_ascii_letters_are_compared_too() {
        let header = RepeatedHeader::new(&["имя".to_owned(), "№".to_owned()], Encoding::Utf8, b',');
        assert!(header.is(Narrow, "\"ИМЯ\",№\n".as_bytes()));
        assert!(!header.is(Narrow, "Иван,№\n".as_bytes()) && !header.is(Narrow, b",\n"));
    }
}
