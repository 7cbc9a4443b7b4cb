//! Lists of addresses in files: one address a line, or a CSV file with a column of addresses. A line without a valid
//! address is reported with its number, never skipped silently.

use std::fs::File;
use std::path::Path;

use crate::side_file::bounded;
use crate::source::DELIMITERS;

use super::error::InviteError;
use super::people::{Invitees, Wanted};

/// The largest list: a million addresses have 30 MB.
const MOST: u64 = 256 << 20;
/// Headers that a column of addresses may have, only letters and digits compared.
const HEADERS: [&str; 5] = ["email", "emailaddress", "address", "mail", "emailadres"];

/// The addresses of a list, and the places without a valid address.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct List {
    pub(crate) addresses: Vec<Wanted>,
    pub(crate) wrong: Vec<String>,
}

/// Reads a list.
/// Errors: the file cannot be read, or has several columns and none called `email`.
pub(super) fn read(path: &Path, invitees: &Invitees<'_>) -> Result<List, InviteError> {
    let unreadable = |source| InviteError::Unreadable { path: path.to_owned(), source };
    let wrong = |problem: &str| InviteError::List { path: path.to_owned(), problem: problem.to_owned() };
    let bytes = File::open(path).and_then(|file| bounded(file, MOST)).map_err(unreadable)?;
    let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8; save it as UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let delimiter = DELIMITERS.iter().copied().max_by_key(|d| first.bytes().filter(|b| b == d).count());
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter.unwrap_or(b','))
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut list = List::default();
    let mut column = None;
    let (mut line, mut counted) = (1, 0);
    for record in reader.records() {
        let record = record.map_err(|_| wrong("is not CSV"))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        let byte =
            record.position().map_or(0, |position| usize::try_from(position.byte()).unwrap_or_default());
        // The reader begins a record before the blank lines above it.
        let start = byte + text[byte..].len() - text[byte..].trim_start_matches(['\r', '\n']).len();
        line += text[counted..start].matches('\n').count();
        counted = start;
        let place = format!("{} line {line}", path.display());
        if column.is_none() {
            let named = record.iter().position(is_header);
            let single = record.iter().filter(|cell| !cell.is_empty()).count() == 1;
            column = Some(match named {
                Some(named) => named,
                None if single => record.iter().position(|cell| !cell.is_empty()).unwrap_or_default(),
                None => {
                    return Err(wrong(
                        "has several columns and no header `email`; add one, or keep only the column of addresses",
                    ));
                }
            });
            if named.is_some() {
                continue;
            }
        }
        match record.get(column.unwrap_or_default()).and_then(|cell| invitees.address(cell)) {
            Some(address) => list.addresses.push(Wanted { place, address }),
            None => list.wrong.push(place),
        }
    }
    Ok(list)
}

fn is_header(cell: &str) -> bool {
    let plain: String = cell.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    HEADERS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::schema::Schema;

    use super::*;

    fn read_text(text: &str) -> Result<List, InviteError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("list");
        fs::write(&path, text).unwrap();
        let schema = Schema::built_in().unwrap();
        let list = read(&path, &Invitees::of(&schema).unwrap());
        let short = |place: &String| place.replace(&path.display().to_string(), "list");
        list.map(|list| List {
            addresses: list
                .addresses
                .iter()
                .map(|wanted| Wanted { place: short(&wanted.place), address: wanted.address.clone() })
                .collect(),
            wrong: list.wrong.iter().map(short).collect(),
        })
    }

    #[test]
    fn addresses_are_on_lines_or_in_a_column() {
        for text in [
            "A@b.nl\n\nc@d.nl \n",
            "\u{feff}email\r\na@b.nl\r\nc@d.nl\r\n",
            "name;E-mail\n\"x;y\";a@b.nl\nz;c@d.nl",
            "E-mail address,name\na@b.nl,\"two\nlines\"\nc@d.nl,x",
        ] {
            let list = read_text(text).unwrap();
            let addresses: Vec<_> = list.addresses.iter().map(|wanted| wanted.address.as_str()).collect();
            assert_eq!((addresses, list.wrong.len()), (vec!["a@b.nl", "c@d.nl"], 0), "{text}");
        }
    }

    #[test]
    fn an_invalid_address_is_reported_with_its_line() {
        let list = read_text("a@b.nl\nnobody\n\nc@d.nl\n@x.nl").unwrap();
        assert_eq!(list.addresses[1].place, "list line 4");
        assert_eq!(list.wrong, ["list line 2", "list line 5"]);
        assert!(read_text("a@b.nl,Zoë\n").is_err());
        assert_eq!(read_text("").unwrap(), List::default());
    }
}
