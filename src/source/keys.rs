//! The keys of an NDJSON file's records, which are its header, in the order in which they first appear.

use super::json::{Fault, Value, walk};
use super::open::Source;
use super::{LookOptions, ReadAt, SourceError};

/// More different keys than this cannot be columns.
const MOST: usize = 4096;
/// The longest line, in bytes, if nothing else is said.
const LONGEST: u64 = 1 << 20;
/// How much is read at a time.
const READ: usize = 1 << 20;

/// The keys found so far.
#[derive(Debug, Default)]
pub(super) struct Keys {
    names: Vec<String>,
    /// For each of them: all its values are null.
    only_null: Vec<bool>,
    index: foldhash::HashMap<String, usize>,
    /// Lines that are objects.
    pub(super) objects: u64,
    /// There are more than there can be columns.
    pub(super) too_many: bool,
    path: String,
}

impl Keys {
    /// Adds the keys of one line; a line that is not an object has none.
    pub(super) fn line(&mut self, line: &[u8]) {
        let Ok(line) = simdutf8::basic::from_utf8(line) else { return };
        let mut path = std::mem::take(&mut self.path);
        let mut found: Vec<(Result<usize, String>, bool)> = Vec::new();
        let walked = walk(line, &mut path, |name, value| {
            let known = self.index.get(name).copied().ok_or_else(|| name.to_owned());
            let is_new = match known {
                Ok(at) => self.only_null[at] && value != Value::Null,
                Err(_) => true,
            };
            if is_new {
                found.push((known, value == Value::Null));
            }
            Ok::<(), Fault>(())
        });
        self.path = path;
        if walked.is_err() {
            return;
        }
        self.objects += 1;
        for (known, is_null) in found {
            match known {
                Ok(at) => self.only_null[at] &= is_null,
                Err(_) if self.names.len() == MOST => self.too_many = true,
                Err(name) => {
                    let at = *self.index.entry(name).or_insert_with_key(|name| {
                        self.names.push(name.clone());
                        self.only_null.push(true);
                        self.names.len() - 1
                    });
                    self.only_null[at] &= is_null;
                }
            }
        }
    }

    /// Adds the keys of some whole lines.
    pub(super) fn lines(&mut self, lines: &[u8]) {
        lines.split(|&byte| byte == b'\n').for_each(|line| self.line(line));
    }

    /// The keys of all lines of a source from `offset` on. A line that is larger than a record may be has none: it is
    /// rejected, and not held.
    pub(super) fn all(source: &Source, offset: u64, options: &LookOptions<'_>) -> Result<Self, SourceError> {
        let longest = usize::try_from(options.max_record.unwrap_or(LONGEST)).unwrap_or(usize::MAX);
        let mut keys = Self::default();
        let mut bytes = Vec::new();
        let mut held = 0;
        let mut at = offset;
        // Within a line that is too long.
        let mut skips = false;
        loop {
            if options.is_cancelled() {
                return Err(SourceError::Stopped { name: source.name().to_owned() });
            }
            bytes.resize(held + READ, 0);
            let read = source.read_at(&mut bytes[held..], at);
            let read = read.map_err(|error| SourceError::of_io(source.name(), error))?;
            at += read as u64;
            let end = held + read;
            if read == 0 {
                keys.lines(if skips { b"" } else { &bytes[..end] });
                return Ok(keys);
            }
            // The bytes held over have no line end.
            let whole = memchr::memrchr(b'\n', &bytes[held..end]).map_or(0, |last| held + last + 1);
            let from =
                if skips { memchr::memchr(b'\n', &bytes[..whole]).map_or(whole, |end| end + 1) } else { 0 };
            keys.lines(&bytes[from..whole]);
            skips = (skips && whole == 0) || end - whole > longest;
            bytes.copy_within(whole..end, 0);
            held = if skips { 0 } else { end - whole };
        }
    }

    /// The names. A key that is null in some records and an object in the others is no column: the object's keys
    /// are.
    pub(super) fn names(&self) -> Vec<String> {
        let is_object = |name: &str| {
            let within = |other: &String| {
                other.strip_prefix(name).is_some_and(|rest| rest.starts_with('.') && rest.len() > 1)
            };
            self.names.iter().any(within)
        };
        let names = self.names.iter().zip(&self.only_null);
        names.filter(|(name, null)| !(**null && is_object(name))).map(|(name, _)| name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::source::{InputPath, Intake};

    #[test]
    fn keys_are_in_the_order_in_which_they_first_appear() {
        let mut keys = Keys::default();
        keys.lines(
            b"{\"b\":1,\"a\":{\"y\":null,\"x\":2}}\nrubbish,\"z\"\n\n{\"c\":null,\"b\":2}\n{\"a\":null,\"d\":[]}",
        );
        assert_eq!(keys.names(), ["b", "a.y", "a.x", "c", "d"]);
        assert_eq!(keys.objects, 3);
        let mut keys = Keys::default();
        keys.lines(b"{\"a\":null}\n{\"a\":\"text\",\"a.b\":1}");
        assert_eq!(keys.names(), ["a", "a.b"]);
    }

    #[test]
    fn a_line_of_any_length_is_seen_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in.ndjson");
        let long = format!("{{\"a\":\"{}\",\"late\":1}}\n{{\"b\":2}}", "x".repeat(3 * READ));
        std::fs::write(&path, &long).unwrap();
        let open =
            |path: PathBuf| Source::open(&InputPath::File(path), &Intake::unlimited(folder.path())).unwrap();
        let limited =
            |max_record: usize| LookOptions { max_record: Some(max_record as u64), ..LookOptions::default() };
        let options = limited(long.len());
        assert_eq!(Keys::all(&open(path.clone()), 0, &options).unwrap().names(), ["a", "late", "b"]);
        // Nothing is known of a line that is too long, wherever it is in the file, and all of its neighbours.
        for before in ["", "{\"first\":1}\n"] {
            for text in ["x".repeat(2 * READ), "{\"no\":1}".repeat(READ / 4)] {
                let lines = format!("{before}{{\"a\":\"{text}\"}}\n{{\"b\":2}}\n{{\"a\":\"{text}");
                std::fs::write(&path, lines).unwrap();
                let keys = Keys::all(&open(path.clone()), 0, &limited(READ / 2)).unwrap();
                assert_eq!(keys.names(), if before.is_empty() { vec!["b"] } else { vec!["first", "b"] });
            }
        }
    }
}
