//! Patterns of file names, relative to the folder of `muster.toml`: `*` is any text without a slash, `?` one character,
//! `**` any number of folders.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The folder that runs are kept in: no file in it is a source.
const RUNS: &str = "muster-runs";

/// A pattern of files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FilePattern {
    /// As written.
    pub(crate) text: String,
    /// The folder that it is relative to, as given.
    folder: PathBuf,
}

impl FilePattern {
    pub(super) fn new(text: &str, folder: &Path) -> Self {
        Self { text: text.to_owned(), folder: folder.to_owned() }
    }

    /// Whether it matches a file.
    pub(crate) fn matches(&self, file: &Path) -> bool {
        let Some(name) = file.file_name() else { return false };
        let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let path = parts(&absolute(parent).join(name));
        fits(&parts(&self.whole()), &path)
    }

    /// Whether its last part matches a file's name.
    pub(crate) fn matches_name(&self, name: &str) -> bool {
        parts(Path::new(&self.text)).last().is_some_and(|last| fits_name(last, name))
    }

    /// The files that it matches, in the order of their names. As paths they begin as the folder was given.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let pattern = parts(Path::new(&self.text));
        let start = if self.text.starts_with('/') { PathBuf::from("/") } else { self.folder.clone() };
        walk(&start, &pattern, &mut found);
        found.sort();
        found.dedup();
        found
    }

    /// The pattern from the root on.
    fn whole(&self) -> PathBuf {
        absolute(&self.folder).join(&self.text)
    }
}

/// A folder from the root on, through symbolic links.
fn absolute(folder: &Path) -> PathBuf {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    fs::canonicalize(folder).or_else(|_| std::path::absolute(folder)).unwrap_or_else(|_| folder.to_owned())
}

/// The parts of a path, without `.`, and with each `..` taken back.
fn parts(path: &Path) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy().into_owned()),
            Component::ParentDir if parts.last().is_some_and(|last| last != "..") => _ = parts.pop(),
            Component::ParentDir => parts.push("..".to_owned()),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    parts
}

fn fits(pattern: &[String], path: &[String]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((first, rest)) if first == "**" => (0..=path.len()).any(|skipped| fits(rest, &path[skipped..])),
        Some((first, rest)) => {
            path.split_first().is_some_and(|(name, below)| fits_name(first, name) && fits(rest, below))
        }
    }
}

/// Whether a name fits a pattern of one part.
fn fits_name(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut at, mut seen, mut last) = (0, 0, None);
    loop {
        match (pattern.get(at), name.get(seen)) {
            (Some('*'), _) => {
                at += 1;
                last = Some((at, seen));
            }
            (Some('?'), Some(_)) => (at, seen) = (at + 1, seen + 1),
            (Some(want), Some(c)) if want == c => (at, seen) = (at + 1, seen + 1),
            (None, None) => return true,
            _ => match last {
                Some((after, from)) if from < name.len() => {
                    last = Some((after, from + 1));
                    (at, seen) = (after, from + 1);
                }
                _ => return false,
            },
        }
    }
}

fn walk(folder: &Path, pattern: &[String], found: &mut Vec<PathBuf>) {
    let Some((first, rest)) = pattern.split_first() else { return };
    if first == "**" {
        walk(folder, rest, found);
        for (name, path) in entries(folder) {
            // A link to a folder above would never end.
            if !name.starts_with('.') && name != RUNS && path.is_dir() && !path.is_symlink() {
                walk(&path, pattern, found);
            }
        }
        return;
    }
    let has_wildcard = first.contains(['*', '?']);
    let next: Vec<PathBuf> = if has_wildcard {
        let is_hidden = |name: &str| name.starts_with('.') && !first.starts_with('.');
        let fitting =
            entries(folder).into_iter().filter(|(name, _)| fits_name(first, name) && !is_hidden(name));
        fitting.map(|(_, path)| path).collect()
    } else {
        vec![folder.join(first)]
    };
    for path in next {
        if rest.is_empty() {
            if path.is_file() {
                found.push(path);
            }
        } else if path.is_dir() {
            walk(&path, rest, found);
        }
    }
}

/// What is in a folder, with the paths as they would be typed.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let read = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let Ok(read) = fs::read_dir(read) else { return Vec::new() };
    let names = read.filter_map(Result::ok).map(|entry| entry.file_name());
    names.map(|name| (name.to_string_lossy().into_owned(), folder.join(name))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_files_below_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("in/old/.hidden")).unwrap();
        for name in
            ["Klanten.csv", "Klanten-2.csv", "klanten.csv", "in/a.csv", "in/old/b.csv", ".Klanten.csv"]
        {
            fs::write(root.join(name), "x").unwrap();
        }
        for (pattern, names) in [
            ("Klanten*.csv", &["Klanten-2.csv", "Klanten.csv"][..]),
            ("Klanten?2.csv", &["Klanten-2.csv"]),
            ("klanten.csv", &["klanten.csv"]),
            ("in/*.csv", &["in/a.csv"]),
            ("in/**/*.csv", &["in/a.csv", "in/old/b.csv"]),
            ("**/b.csv", &["in/old/b.csv"]),
            ("*.txt", &[]),
        ] {
            let pattern = FilePattern::new(pattern, root);
            let found: Vec<_> = names.iter().map(|name| root.join(name)).collect();
            assert_eq!(pattern.files(), found, "{}", pattern.text);
            assert!(found.iter().all(|file| pattern.matches(file)), "{}", pattern.text);
        }
        assert!(FilePattern::new("../x/*.csv", &root.join("in")).matches(&root.join("x/a.csv")));
        assert!(!FilePattern::new("*.csv", root).matches(&root.join("in/a.csv")));
        assert!(FilePattern::new("in/*.csv", root).matches_name("z.csv"));
    }
}
