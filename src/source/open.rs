//! An input opened for random reading. A plain file is read where it is, by offset, without a memory map; all
//! else (standard input, pipes, compressed files) is first copied to a temporary file by `spool`, so that
//! every later phase can read any part of it again.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;

use super::patient::Patient;
use super::spool::{self, Compression, fill};
use super::{InputPath, SourceError};

/// An input opened for random reading. All positions are those of the decompressed stream.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    file: File,
    len: u64,
    stored_len: u64,
    /// What a plain file looked like when it was opened; none for a spooled copy, which nobody can change.
    seen: Option<Stamp>,
    compression: Option<&'static str>,
}

/// What changes when a file's contents do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    len: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Stamp {
    fn of(file: &Metadata) -> Self {
        Self { len: file.len(), seconds: file.mtime(), nanoseconds: file.mtime_nsec() }
    }
}

impl Source {
    /// Opens an input. `spool_dir` is where the copy of a stream is kept while the source lives; the copy
    /// has no name there and only its owner may read it.
    ///
    /// # Errors
    ///
    /// The file is missing, a folder, not readable, damaged in its compression, or was changed while it was
    /// copied; or there is no space for the copy.
    pub(crate) fn open(path: &InputPath, spool_dir: &Path) -> Result<Self, SourceError> {
        Self::open_while(path, spool_dir, &|| true)
    }

    /// The same; a stream that is silent is waited for only as long as `goes_on` says so.
    ///
    /// # Errors
    ///
    /// As for [`Source::open`], or it does not go on.
    pub(crate) fn open_while(
        path: &InputPath,
        spool_dir: &Path,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Self, SourceError> {
        let name = path.name();
        match path {
            InputPath::Stdin => {
                let stdin = io::stdin()
                    .as_fd()
                    .try_clone_to_owned()
                    .map_err(|error| SourceError::of_io(&name, error))?;
                Self::of_stdin(name, File::from(stdin), spool_dir, goes_on)
            }
            InputPath::File(path) => {
                let file = File::open(path).map_err(|error| SourceError::of_io(&name, error))?;
                Self::of_file(name, file, spool_dir, goes_on)
            }
            InputPath::Made(bytes) => Self::of_stream(name, bytes.as_slice(), spool_dir),
        }
    }

    /// A file that standard input was redirected from is read where it is, unless somebody has read the
    /// beginning of it already.
    fn of_stdin(
        name: String,
        mut file: File,
        spool_dir: &Path,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Self, SourceError> {
        match file.stream_position() {
            Ok(0) => Self::of_file(name, file, spool_dir, goes_on),
            _ => Self::of_stream(name, Patient::new(file, goes_on), spool_dir),
        }
    }

    fn of_file(
        name: String,
        mut file: File,
        spool_dir: &Path,
        goes_on: &dyn Fn() -> bool,
    ) -> Result<Self, SourceError> {
        let metadata = file.metadata().map_err(|error| SourceError::of_io(&name, error))?;
        if metadata.is_dir() {
            return Err(SourceError::Folder { name });
        }
        if !metadata.is_file() {
            return Self::of_stream(name, Patient::new(file, goes_on), spool_dir);
        }
        let mut magic = [0; Compression::MAGIC_LEN];
        let got = fill(&mut file, &mut magic).map_err(|error| SourceError::of_io(&name, error))?;
        let seen = Some(Stamp::of(&metadata));
        if Compression::of(&magic[..got]).is_none() {
            let len = metadata.len();
            return Ok(Self { name, file, len, stored_len: len, seen, compression: None });
        }
        let again = file.try_clone().map_err(|error| SourceError::of_io(&name, error))?;
        let mut copy = Self::of_stream(name, io::Cursor::new(&magic[..got]).chain(file), spool_dir)?;
        let now = again.metadata().map_err(|error| SourceError::of_io(&copy.name, error))?;
        if seen != Some(Stamp::of(&now)) {
            return Err(SourceError::Changed { name: copy.name });
        }
        copy.stored_len = now.len();
        Ok(copy)
    }

    /// A table that has been written into a temporary file; `name` is that of the input it came from.
    #[must_use]
    pub(crate) fn of_table(name: String, file: File, len: u64) -> Self {
        Self { name, file, len, stored_len: len, seen: None, compression: None }
    }

    /// The file beneath, for a reader that needs one. Its position is nobody's.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Copies a stream, decompressed, so that it can be read by offset.
    fn of_stream(name: String, stream: impl Read, spool_dir: &Path) -> Result<Self, SourceError> {
        let copy = spool::copy(&name, stream, spool_dir)?;
        let compression = copy.format.map(Compression::name);
        Ok(Self {
            name,
            file: copy.file,
            len: copy.len,
            stored_len: copy.stored_len,
            seen: None,
            compression,
        })
    }

    /// As given on the command line; `-` for standard input.
    #[must_use]
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Bytes of the stream, decompressed.
    #[must_use]
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is not one byte in it.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes as stored: of the compressed file where it is one.
    #[must_use]
    pub(crate) fn stored_len(&self) -> u64 {
        self.stored_len
    }

    /// `gzip` or `zstd`, where the input is compressed.
    #[must_use]
    pub(crate) fn compression(&self) -> Option<&'static str> {
        self.compression
    }

    /// Reads some bytes from `offset` on; 0 at the end. Any number of threads may call it at once.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(crate) fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buf, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    ///
    /// What the system says; `UnexpectedEof` where the source ends before.
    pub(crate) fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.file.read_exact_at(buf, offset)
    }

    /// Looks whether a plain file is still what it was when it was opened.
    ///
    /// # Errors
    ///
    /// Its size or its time of change differ, or it cannot be looked at.
    pub(crate) fn unchanged(&self) -> Result<(), SourceError> {
        let Some(seen) = self.seen else { return Ok(()) };
        let now = self.file.metadata().map_err(|error| SourceError::of_io(&self.name, error))?;
        if seen == Stamp::of(&now) { Ok(()) } else { Err(SourceError::Changed { name: self.name.clone() }) }
    }

    /// The first bytes of the stream, at most `limit` of them.
    pub(super) fn prefix(&self, limit: usize) -> Result<Vec<u8>, SourceError> {
        let wanted = usize::try_from(self.len).map_or(limit, |len| len.min(limit));
        let mut bytes = vec![0; wanted];
        match self.read_exact_at(&mut bytes, 0) {
            Ok(()) => Ok(bytes),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(SourceError::Changed { name: self.name.clone() })
            }
            Err(error) => Err(SourceError::of_io(&self.name, error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(path: &Path) -> InputPath {
        InputPath::File(path.to_owned())
    }

    #[test]
    fn a_plain_file_is_read_where_it_is_and_a_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        std::fs::write(&path, "email\na@b.nl\n").unwrap();
        let source = Source::open(&file(&path), folder.path()).unwrap();
        assert_eq!((source.len(), source.stored_len(), source.is_empty()), (13, 13, false));
        let mut buf = [0; 4];
        source.read_exact_at(&mut buf, 6).unwrap();
        assert_eq!(&buf, b"a@b.");
        assert_eq!(source.read_at(&mut buf, 13).unwrap(), 0);
        source.unchanged().unwrap();
        std::fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"x").unwrap();
        assert!(matches!(source.unchanged(), Err(SourceError::Changed { .. })));
    }

    #[test]
    fn what_cannot_be_opened_is_said_with_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.csv");
        let error = Source::open(&file(&missing), folder.path()).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: no such file; check the path", missing.display()));
        let error = Source::open(&file(folder.path()), folder.path()).unwrap_err();
        assert!(matches!(error, SourceError::Folder { .. }), "{error}");
    }

    #[test]
    fn redirected_standard_input_is_read_from_where_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in");
        std::fs::write(&path, "sep=;\nemail\n").unwrap();
        for (skip, content) in [(0, &b"sep=;\nemail\n"[..]), (6, b"email\n")] {
            let mut file = File::open(&path).unwrap();
            file.seek(io::SeekFrom::Start(skip)).unwrap();
            let source = Source::of_stdin("-".to_owned(), file, folder.path(), &|| true).unwrap();
            assert_eq!(source.prefix(100).unwrap(), content);
            assert_eq!(source.seen.is_some(), skip == 0);
        }
    }

    #[test]
    fn a_pipe_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        let feeder = std::thread::spawn(move || {
            for piece in [&b"\xEF"[..], b"\xBB\xBFema", b"il\n"] {
                writer.write_all(piece).unwrap();
            }
        });
        let pipe = File::from(std::os::fd::OwnedFd::from(reader));
        let source = Source::of_file("pipe".to_owned(), pipe, folder.path(), &|| true).unwrap();
        feeder.join().unwrap();
        assert_eq!(source.prefix(100).unwrap(), b"\xEF\xBB\xBFemail\n");
        source.unchanged().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the copy has no name");
    }
}
