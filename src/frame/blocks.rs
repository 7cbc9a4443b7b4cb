//! The lines of `rejects.ndjson`, in blocks of whole lines that any thread can take.

use std::fs::File;
use std::io::{self, Read};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use crate::parallel;
use crate::side_file;

use super::error::FrameError;
use super::stored::{FindingFilter, StoredFinding};

/// How much is read at a time.
const BLOCK: usize = 4 << 20;

/// The longest line. A finding holds an excerpt of a value and has some kB.
const LONGEST: usize = 64 << 20;

/// Some whole lines.
pub(super) struct Block {
    bytes: Vec<u8>,
    /// The number of its first line, counted from 1.
    first_line: u64,
}

impl Block {
    /// Its lines with their numbers, without the empty ones.
    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let bytes = self.bytes.as_slice();
        let end = bytes.last().is_some_and(|&last| last != b'\n').then_some(bytes.len());
        let mut start = 0;
        let lines = memchr::memchr_iter(b'\n', bytes).chain(end).map(move |end| {
            let line = &bytes[start..end];
            start = end + 1;
            line
        });
        (self.first_line..).zip(lines).filter(|(_, line)| !line.is_empty())
    }
}

/// A file of findings being read.
pub(crate) struct Scan {
    path: PathBuf,
    file: File,
    rest: Vec<u8>,
    line: u64,
}

impl Scan {
    /// Opens the file.
    pub(crate) fn open(path: &Path) -> Result<Self, FrameError> {
        let file =
            side_file::open_own(path).map_err(|source| FrameError::Read { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file, rest: Vec::new(), line: 1 })
    }

    /// The next block; `None` at the end.
    pub(super) fn next(&mut self) -> Result<Option<Block>, FrameError> {
        let mut bytes = std::mem::take(&mut self.rest);
        loop {
            let wanted = BLOCK as u64;
            let read = self.file.by_ref().take(wanted).read_to_end(&mut bytes).map_err(|e| self.failed(e))?;
            let cut = memchr::memrchr(b'\n', &bytes).map(|at| at + 1);
            match cut {
                Some(cut) if read > 0 || cut < bytes.len() => self.rest = bytes.split_off(cut),
                None if bytes.len() > LONGEST => return Err(self.failed(io::ErrorKind::FileTooLarge.into())),
                None if read > 0 => continue,
                _ => {}
            }
            break;
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        let first_line = self.line;
        self.line += memchr::memchr_iter(b'\n', &bytes).count() as u64;
        Ok(Some(Block { bytes, first_line }))
    }

    /// Does `work` on the blocks on all threads and gives the results to `take` in the order of the file.
    /// Errors: the file cannot be read, or `work` or `take` failed.
    pub(super) fn in_parallel<T: Send>(
        mut self,
        work: impl Fn(&Block) -> Result<T, FrameError> + Sync,
        take: impl FnMut(T) -> Result<(), FrameError>,
    ) -> Result<(), FrameError> {
        let blocks = std::iter::from_fn(|| self.next().transpose());
        parallel::in_order(parallel::usual_limit(), blocks, |block| work(&block), take)
    }

    /// Gives `take` each finding that `filter` admits, with its line, until it breaks.
    /// Errors: the file cannot be read, a line is not a finding, or `take` failed.
    pub(crate) fn each(
        mut self,
        filter: &FindingFilter,
        mut take: impl FnMut(&StoredFinding<'_>, &[u8]) -> io::Result<ControlFlow<()>>,
    ) -> Result<(), FrameError> {
        while let Some(block) = self.next()? {
            for (number, line) in block.lines() {
                let finding: StoredFinding<'_> = parse(&self.path, number, line)?;
                if filter.takes(&finding) && take(&finding, line)?.is_break() {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn failed(&self, source: io::Error) -> FrameError {
        FrameError::Read { path: self.path.clone(), source }
    }
}

/// Parses a line.
pub(super) fn parse<'l, T: serde::Deserialize<'l>>(
    path: &Path,
    line: u64,
    bytes: &'l [u8],
) -> Result<T, FrameError> {
    serde_json::from_slice(bytes).map_err(|source| FrameError::Line { path: path.to_owned(), line, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_that_is_not_a_finding() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejects.ndjson");
        std::fs::write(&path, "\n{}\n").unwrap();
        let read =
            Scan::open(&path).unwrap().each(&FindingFilter::default(), |_, _| Ok(ControlFlow::Continue(())));
        let error = read.unwrap_err().to_string();
        assert!(
            error.ends_with(
                "rejects.ndjson line 2: is not a finding of a run; the file was changed since, run again"
            ),
            "{error}"
        );
    }

    #[test]
    fn blocks_are_whole_lines_even_if_the_last_one_has_no_line_feed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let long = "x".repeat(BLOCK + 10);
        std::fs::write(&path, format!("a\n{long}\nlast")).unwrap();
        let mut scan = Scan::open(&path).unwrap();
        let mut lines = Vec::new();
        while let Some(block) = scan.next().unwrap() {
            lines.extend(block.lines().map(|(number, line)| (number, line.len())));
        }
        assert_eq!(lines, [(1, 1), (2, BLOCK + 10), (3, 4)]);
        // A line without an end is not waited for.
        File::create(&path).unwrap().set_len(1 << 40).unwrap();
        assert!(Scan::open(&path).unwrap().next().is_err());
    }
}
