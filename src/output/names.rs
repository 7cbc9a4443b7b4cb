//! The names of a run's files: a few fixed ones, and three for each input file, named after it.

use std::collections::HashSet;
use std::path::Path;

/// The summary for programs; renamed last.
pub(crate) const SUMMARY: &str = "summary.json";
/// One line for each finding.
pub(crate) const FINDINGS_NDJSON: &str = "rejects.ndjson";
/// The findings for a spreadsheet.
pub(crate) const FINDINGS_CSV: &str = "rejects.csv";
/// The page for people.
pub(crate) const PAGE: &str = "report.html";

/// The names that every run uses.
pub(crate) const FIXED: [&str; 4] = [SUMMARY, FINDINGS_NDJSON, FINDINGS_CSV, PAGE];

/// How many bytes a stem has at most. File systems allow names of 255; what a stem gets to both sides, and to keep it
/// apart from others, is shorter than the rest.
const STEM: usize = 200;

const REJECTED: &str = ".rejected";
const BROKEN: &str = ".broken";
const DUPLICATES: &str = ".duplicates";
/// The extensions of the formats in which records go back.
const EXTENSIONS: [&str; 2] = ["csv", "ndjson"];

/// The part of an input file's name that its returned files are named after: without the folder, without `.gz` or
/// `.zst`, and without the extension of a format, such as `.csv` (in any case), and cut off if it is very long. Standard
/// input (`-`) has its entity's name.
pub(crate) fn stem<'a>(path: &'a str, entity: &'a str) -> &'a str {
    let stem = whole_stem(path, entity);
    &stem[..stem.floor_char_boundary(STEM)]
}

fn whole_stem<'a>(path: &'a str, entity: &'a str) -> &'a str {
    if path == "-" {
        return entity;
    }
    let mut name = Path::new(path).file_name().and_then(|name| name.to_str()).unwrap_or(entity);
    for suffixes in [[".gz", ".zst"].as_slice(), &[".csv", ".tsv", ".txt", ".ndjson", ".jsonl", ".parquet"]] {
        for suffix in suffixes {
            let cut = name.len().saturating_sub(suffix.len());
            if cut > 0 && name.get(cut..).is_some_and(|end| end.eq_ignore_ascii_case(suffix)) {
                name = &name[..cut];
                break;
            }
        }
    }
    name
}

/// Gives every input file of a run its own stem, in the order given; a stem that is taken gets `-2` and so on.
#[derive(Debug, Default)]
pub(crate) struct Stems {
    taken: HashSet<String>,
}

impl Stems {
    /// The stem of the next input file.
    pub(crate) fn next(&mut self, path: &str, entity: &str) -> String {
        let stem = stem(path, entity);
        let mut name = stem.to_owned();
        let mut number = 1;
        // Names that differ only in case are the same file on some disks.
        while !self.taken.insert(name.to_lowercase()) {
            number += 1;
            name = format!("{stem}-{number}");
        }
        name
    }
}

/// The file with the rejected records; `extension` is their format's.
pub(crate) fn rejected(stem: &str, extension: &str) -> String {
    format!("{stem}{REJECTED}.{extension}")
}

/// The file with the rejected records whose quotes or encoding are broken.
pub(crate) fn broken(stem: &str, extension: &str) -> String {
    format!("{stem}{BROKEN}.{extension}")
}

/// The file with the records that were skipped as duplicates.
pub(crate) fn duplicates(stem: &str, extension: &str) -> String {
    format!("{stem}{DUPLICATES}.{extension}")
}

/// All names that the files of an input with this stem can have.
pub(crate) fn returned(stem: &str) -> impl Iterator<Item = String> + use<'_> {
    EXTENSIONS
        .into_iter()
        .flat_map(move |end| [rejected(stem, end), broken(stem, end), duplicates(stem, end)])
}

/// Whether a file of this name holds records that went back.
pub(crate) fn is_returned(name: &str) -> bool {
    let stem = EXTENSIONS.iter().find_map(|end| name.strip_suffix(end)?.strip_suffix('.'));
    stem.is_some_and(|stem| [REJECTED, BROKEN, DUPLICATES].iter().any(|end| stem.ends_with(end)))
}

/// The name that the input of a returned file probably had.
pub(crate) fn input_of(name: &str) -> String {
    [REJECTED, BROKEN, DUPLICATES].iter().fold(name.to_owned(), |name, end| name.replacen(end, "", 1))
}

/// Whether the path of an input says that it holds rejected records.
pub(crate) fn holds_rejected(path: &Path) -> bool {
    holds_broken(path) || has_stem(path, REJECTED)
}

/// Whether the path of an input says that it holds records whose quotes or encoding were broken.
pub(crate) fn holds_broken(path: &Path) -> bool {
    has_stem(path, BROKEN)
}

fn has_stem(path: &Path, end: &str) -> bool {
    path.to_str().is_some_and(|path| whole_stem(path, "").ends_with(end))
}

/// The file with the keys of the rows of an entity that the target has and the input files have not.
pub(crate) fn absent(entity: &str) -> String {
    format!("{entity}.absent.csv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn returned_files_are_named_after_their_input() {
        for (path, expected) in [
            ("users.csv", "users"),
            ("/data/in/users.csv.gz", "users"),
            ("USERS.CSV.ZST", "USERS"),
            ("users", "users"),
            ("users.ndjson.gz", "users"),
            ("users.JSONL", "users"),
            ("users.parquet", "users"),
            ("users.v2.csv", "users.v2"),
            ("users.rejected.csv", "users.rejected"),
            (".csv", ".csv"),
            ("-", "accounts"),
        ] {
            assert_eq!(stem(path, "accounts"), expected, "{path}");
        }
        let long = format!("{}é.csv", "a".repeat(STEM - 1));
        assert_eq!(stem(&long, "accounts"), &long[..STEM - 1]);
        assert_eq!(rejected("users", "csv"), "users.rejected.csv");
        assert_eq!(broken("users", "csv"), "users.broken.csv");
        assert!(returned("users").all(|name| is_returned(&name)));
        assert!(
            !is_returned("users.csv") && !is_returned("rejected.csv") && !is_returned("users.rejected.txt")
        );
        assert!(holds_broken(Path::new("in/users.broken.csv.gz")) && !holds_broken(Path::new("users.csv")));
        assert!(holds_rejected(Path::new("users.rejected.csv")));
        assert!(holds_broken(Path::new(&broken(stem(&long, ""), "csv"))));
        assert_eq!(duplicates("users", "ndjson"), "users.duplicates.ndjson");
    }

    #[test]
    fn no_two_stems_are_equal() {
        let mut stems = Stems::default();
        let names: Vec<_> = ["a/users.csv", "b/users.csv.gz", "users-2.csv", "USERS.csv"]
            .into_iter()
            .map(|path| stems.next(path, "users"))
            .collect();
        assert_eq!(names, ["users", "users-2", "users-2-2", "USERS-3"]);
        let long = "a".repeat(STEM + 40);
        let [one, two] = ["x.csv", "y.csv"].map(|end| stems.next(&format!("{long}{end}"), "users"));
        assert_eq!((one.len(), two), (STEM, format!("{one}-2")));
    }
}
