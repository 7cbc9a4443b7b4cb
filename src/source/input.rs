//! An input as named on the command line: `path`, `-`, or `entity=path`.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::SourceError;

/// One input as named on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InputSpec {
    /// The entity named before `=`, as written.
    pub(crate) entity: Option<String>,
    /// Where the bytes are.
    pub(crate) path: InputPath,
}

/// Where an input's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum InputPath {
    /// `-`
    Stdin,
    /// Anything else on a command line.
    File(PathBuf),
    /// Not from a command line: a file made in memory.
    Made(Vec<u8>),
}

impl InputPath {
    /// As given; `-` for standard input and for a file made in memory.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin | Self::Made(_) => "-".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    /// The path, if the input is a file.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::Stdin | Self::Made(_) => None,
            Self::File(path) => Some(path),
        }
    }
}

impl FromStr for InputSpec {
    type Err = SourceError;

    /// A path may contain a `=`: a file that exists is a file, and the text before the first `=` is an entity only
    /// if it looks like the name of one (a letter, then letters, digits, `_`, `-`).
    fn from_str(text: &str) -> Result<Self, SourceError> {
        let (entity, path) = match text.split_once('=') {
            Some((entity, path)) if looks_like_entity(entity) && !Path::new(text).exists() => {
                (Some(entity.to_owned()), path)
            }
            _ => (None, text),
        };
        let path = match path {
            "" => return Err(SourceError::NoPath),
            "-" => InputPath::Stdin,
            path => InputPath::File(PathBuf::from(path)),
        };
        Ok(Self { entity, path })
    }
}

fn looks_like_entity(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_before_an_equals_sign_is_an_entity_only_if_it_looks_like_one() {
        let folder = tempfile::tempdir().unwrap();
        let odd = folder.path().join("a=b.csv").display().to_string();
        std::fs::write(&odd, "x").unwrap();
        for (text, entity, path) in [
            ("users=legacy/people.csv", Some("users"), "legacy/people.csv"),
            ("users=a=b.csv", Some("users"), "a=b.csv"),
            ("users=-", Some("users"), "-"),
            ("-", None, "-"),
            ("users.csv", None, "users.csv"),
            ("./a=b.csv", None, "./a=b.csv"),
            (odd.as_str(), None, odd.as_str()),
        ] {
            let spec: InputSpec = text.parse().unwrap();
            assert_eq!((spec.entity.as_deref(), spec.path.name().as_str()), (entity, path), "{text}");
        }
        assert!(matches!("users=".parse::<InputSpec>(), Err(SourceError::NoPath)));
    }
}
