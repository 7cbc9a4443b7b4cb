//! The mistakes of a schema, each with its place, displayed as a compiler displays them. They are found by the modules
//! that read and compile the files.

use std::fmt;
use std::io;
use std::ops::Range;
use std::path::PathBuf;

use super::header::nearest;

/// One schema file: its name for mistakes, and its whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SchemaFile {
    /// The file's name, without its folder.
    pub(crate) name: String,
    /// The TOML text.
    pub(crate) text: String,
}

/// A schema that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SchemaError {
    /// All mistakes of the files, in the order of file and place.
    #[error("{}", Listing(.0))]
    Mistakes(Vec<Mistake>),
    /// A file or folder cannot be read.
    #[error("{}: cannot read the schema; check the path given with --schemas", path.display())]
    Unreadable {
        /// Which one.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder holds no file that describes an entity.
    #[error(
        "{}: no schema here; a schema is a .toml file with a top-level `entity` (see `muster schema print`)",
        path.display()
    )]
    NoSchema {
        /// The folder.
        path: PathBuf,
    },
}

/// One mistake in a schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mistake {
    /// The file's name.
    pub(crate) file: String,
    /// The line, counted from 1.
    pub(crate) line: usize,
    /// The column, in characters counted from 1.
    pub(crate) column: usize,
    /// What is wrong; one lowercase sentence without a full stop.
    pub(crate) message: String,
    /// What to write instead, if that is known.
    pub(crate) hint: Option<String>,
    source_line: String,
    width: usize,
}

impl Mistake {
    fn new(file: &SchemaFile, span: &Range<usize>, message: String, hint: Option<String>) -> Self {
        let start = span.start.min(file.text.len());
        let before = &file.text[..start];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let rest = &file.text[line_start..];
        let source_line = rest.lines().next().unwrap_or_default();
        let column = file.text[line_start..start].chars().count() + 1;
        let end = span.end.clamp(start, line_start + source_line.len().max(start - line_start));
        let width = file.text.get(start..end).map_or(1, |marked| marked.chars().count().max(1));
        Self {
            file: file.name.clone(),
            line: before.matches('\n').count() + 1,
            column,
            message,
            hint,
            source_line: source_line.to_owned(),
            width,
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let margin = " ".repeat(number.len());
        writeln!(f, "error: {}", self.message)?;
        writeln!(f, "{margin}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{margin} |")?;
        writeln!(f, "{number} | {}", self.source_line.replace('\t', " "))?;
        write!(f, "{margin} | {}{}", " ".repeat(self.column - 1), "^".repeat(self.width))?;
        if let Some(hint) = &self.hint {
            write!(f, "\n{margin} = help: {hint}")?;
        }
        Ok(())
    }
}

struct Listing<'m>(&'m [Mistake]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mistake in self.0 {
            write!(f, "{mistake}\n\n")?;
        }
        match self.0.len() {
            1 => write!(f, "the schema has 1 mistake"),
            many => write!(f, "the schema has {many} mistakes"),
        }
    }
}

/// A place in the schema files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) file: usize,
    pub(crate) span: Range<usize>,
}

/// A value with its place.
#[derive(Debug, Clone)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Gathers the mistakes of all files.
#[derive(Debug)]
pub(crate) struct Mistakes<'f> {
    files: &'f [SchemaFile],
    found: Vec<(Place, Mistake)>,
}

impl<'f> Mistakes<'f> {
    pub(crate) fn new(files: &'f [SchemaFile]) -> Self {
        Self { files, found: Vec::new() }
    }

    /// Adds a mistake without advice.
    pub(crate) fn add(&mut self, place: &Place, message: impl Into<String>) {
        self.push(place, message.into(), None);
    }

    /// Adds a mistake and what to write instead.
    pub(crate) fn advise(&mut self, place: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.push(place, message.into(), Some(hint.into()));
    }

    /// Adds a mistake about `word`, with the nearest of `known` as advice, or else all of them.
    pub(crate) fn unknown<'k>(
        &mut self,
        place: &Place,
        message: impl Into<String>,
        word: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) {
        let known: Vec<&str> = known.into_iter().collect();
        let hint = match nearest(word, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("one of: {}", known.join(", ")),
        };
        self.push(place, message.into(), Some(hint));
    }

    /// The place as `file:line`, for a mistake that points at a second one.
    pub(crate) fn line_of(&self, place: &Place) -> String {
        let file = &self.files[place.file];
        let line = file.text[..place.span.start.min(file.text.len())].matches('\n').count() + 1;
        format!("{}:{line}", file.name)
    }

    /// The number of mistakes so far.
    pub(crate) fn len(&self) -> usize {
        self.found.len()
    }

    /// `Ok` if there are no mistakes; else all of them in the order of their places.
    pub(crate) fn into_result(self) -> Result<(), SchemaError> {
        let found = self.into_listing();
        if found.is_empty() { Ok(()) } else { Err(SchemaError::Mistakes(found)) }
    }

    /// All mistakes in the order of their places.
    pub(crate) fn into_listing(mut self) -> Vec<Mistake> {
        self.found.sort_by_key(|(place, _)| (place.file, place.span.start));
        self.found.into_iter().map(|(_, mistake)| mistake).collect()
    }

    fn push(&mut self, place: &Place, message: String, hint: Option<String>) {
        let mistake = Mistake::new(&self.files[place.file], &place.span, message, hint);
        self.found.push((place.clone(), mistake));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_shown_with_its_line_and_a_caret() {
        let files = [SchemaFile { name: "a.toml".into(), text: "x = 1\nkéy = \"vålue\"\n".into() }];
        let mut mistakes = Mistakes::new(&files);
        mistakes.advise(&Place { file: 0, span: 13..21 }, "wrong value", "write something else");
        let shown = mistakes.into_result().unwrap_err().to_string();
        let expected = "error: wrong value\n --> a.toml:2:7\n  |\n2 | kéy = \"vålue\"\n  |       ^^^^^^^\n  \
                        = help: write something else\n\nthe schema has 1 mistake";
        assert_eq!(shown, expected);
    }
}
