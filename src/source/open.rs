//! An input opened for reading at any offset. A plain file is read in place, without a memory map; anything else
//! (standard input, pipes, compressed files) is first copied to a temporary file by `spool`, so that every later
//! phase can read any part of it again.

use std::fs::{self, File, Metadata};
use std::io::{self, Read, Seek};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt as _, MetadataExt};

use super::interruptible::Interruptible;
use super::spool::{self, Compression, fill};
use super::{InputPath, Intake, ReadAt, SourceError};

/// An input opened for reading at any offset. All offsets are those of the decompressed content. Its
/// [`ReadAt`] may be used by any number of threads at once.
#[derive(Debug)]
pub(crate) struct Source {
    name: String,
    file: File,
    len: u64,
    stored_len: u64,
    /// The state of a plain file when it was opened; none for a copy, which nobody else can change.
    seen: Option<Stamp>,
    compression: Option<&'static str>,
}

/// The state of a file: it changes when the contents do.
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
    /// Opens an input. The copy of a stream is kept in the folder of `intake` as long as the source exists; it has no
    /// name there, and only its owner may read it.
    /// Errors: the file is missing, a folder, not readable, too large, damaged in its compression, or was changed while
    /// it was copied; there is no space for the copy; or the run was asked to stop.
    pub(crate) fn open(path: &InputPath, intake: &Intake<'_>) -> Result<Self, SourceError> {
        let name = path.name();
        let failed = |error| SourceError::of_io(&name, error);
        match path {
            InputPath::Stdin => {
                let stdin = io::stdin().as_fd().try_clone_to_owned().map_err(failed)?;
                Self::of_stdin(name, File::from(stdin), intake)
            }
            InputPath::File(path) => {
                let kind = fs::metadata(path).map_err(failed)?.file_type();
                if kind.is_file() || kind.is_dir() {
                    let file = File::open(path).map_err(failed)?;
                    return Self::of_file(name, file, intake);
                }
                // Opening a named pipe waits until somebody writes to it.
                let path = path.clone();
                let stream = Interruptible::new(move || File::open(path), intake.cancelled);
                Self::of_stream(name, stream, 0, intake)
            }
            InputPath::Made(bytes) => Self::of_stream(name, bytes.as_slice(), 0, intake),
        }
    }

    /// A file that standard input is redirected from is read in place, unless its beginning has been read
    /// already.
    fn of_stdin(name: String, mut file: File, intake: &Intake<'_>) -> Result<Self, SourceError> {
        match file.stream_position() {
            Ok(0) => Self::of_file(name, file, intake),
            _ => Self::of_stream(name, Interruptible::new(|| Ok(file), intake.cancelled), 0, intake),
        }
    }

    fn of_file(name: String, mut file: File, intake: &Intake<'_>) -> Result<Self, SourceError> {
        let metadata = file.metadata().map_err(|error| SourceError::of_io(&name, error))?;
        if metadata.is_dir() {
            return Err(SourceError::Folder { name });
        }
        if !metadata.is_file() {
            return Self::of_stream(name, Interruptible::new(|| Ok(file), intake.cancelled), 0, intake);
        }
        let mut magic = [0; Compression::MAGIC_LEN];
        let got = fill(&mut file, &mut magic).map_err(|error| SourceError::of_io(&name, error))?;
        let seen = Some(Stamp::of(&metadata));
        let len = metadata.len();
        if Compression::of(&magic[..got]).is_none() {
            intake.holds(&name, len, len)?;
            return Ok(Self { name, file, len, stored_len: len, seen, compression: None });
        }
        let again = file.try_clone().map_err(|error| SourceError::of_io(&name, error))?;
        let mut copy = Self::of_stream(name, io::Cursor::new(&magic[..got]).chain(file), len, intake)?;
        let now = again.metadata().map_err(|error| SourceError::of_io(&copy.name, error))?;
        if seen != Some(Stamp::of(&now)) {
            return Err(SourceError::Changed { name: copy.name });
        }
        copy.stored_len = now.len();
        Ok(copy)
    }

    /// A table in a temporary file; `name` is that of the input that it was made from.
    pub(crate) fn of_table(name: String, file: File, len: u64) -> Self {
        Self { name, file, len, stored_len: len, seen: None, compression: None }
    }

    /// The file itself, for a reader that needs one. Nothing else uses its position.
    pub(crate) fn file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Copies a stream, of which `stored` bytes are known to be there, decompressed, so that it can be read by offset.
    fn of_stream(
        name: String,
        stream: impl Read,
        stored: u64,
        intake: &Intake<'_>,
    ) -> Result<Self, SourceError> {
        let copy = spool::copy(&name, stream, stored, intake)?;
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
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The number of bytes, decompressed.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Whether it has no bytes.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The number of bytes as stored: of the compressed file, if it is compressed.
    pub(crate) fn stored_len(&self) -> u64 {
        self.stored_len
    }

    /// `gzip` or `zstd`, if the input is compressed.
    pub(crate) fn compression(&self) -> Option<&'static str> {
        self.compression
    }

    /// Checks that a plain file was not changed since it was opened.
    /// Errors: its size or its time of change differ, or they cannot be read.
    pub(crate) fn unchanged(&self) -> Result<(), SourceError> {
        let Some(seen) = self.seen else { return Ok(()) };
        let now = self.file.metadata().map_err(|error| SourceError::of_io(&self.name, error))?;
        if seen == Stamp::of(&now) { Ok(()) } else { Err(SourceError::Changed { name: self.name.clone() }) }
    }

    /// The first bytes, at most `limit`.
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

impl ReadAt for Source {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        loop {
            match self.file.read_at(buf, offset) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::*;

    fn file(path: &Path) -> InputPath {
        InputPath::File(path.to_owned())
    }

    #[test]
    fn a_plain_file_is_read_in_place_and_a_change_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        std::fs::write(&path, "email\na@b.nl\n").unwrap();
        let source = Source::open(&file(&path), &Intake::unlimited(folder.path())).unwrap();
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
    fn an_input_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("none.csv");
        let error = Source::open(&file(&missing), &Intake::unlimited(folder.path())).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: no such file; check the path", missing.display()));
        let error = Source::open(&file(folder.path()), &Intake::unlimited(folder.path())).unwrap_err();
        assert!(matches!(error, SourceError::Folder { .. }), "{error}");
    }

    #[test]
    fn redirected_standard_input_is_read_from_its_position_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("in");
        std::fs::write(&path, "sep=;\nemail\n").unwrap();
        for (skip, content) in [(0, &b"sep=;\nemail\n"[..]), (6, b"email\n")] {
            let mut file = File::open(&path).unwrap();
            file.seek(io::SeekFrom::Start(skip)).unwrap();
            let source = Source::of_stdin("-".to_owned(), file, &Intake::unlimited(folder.path())).unwrap();
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
        let source = Source::of_file("pipe".to_owned(), pipe, &Intake::unlimited(folder.path())).unwrap();
        feeder.join().unwrap();
        assert_eq!(source.prefix(100).unwrap(), b"\xEF\xBB\xBFemail\n");
        source.unchanged().unwrap();
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the copy has no name");
    }

    #[test]
    fn a_plain_file_over_the_limit_and_a_stream_without_end_are_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        std::fs::write(&path, "email\na@b.nl\n").unwrap();
        let cancelled = AtomicBool::new(false);
        let intake = Intake { most: Some(12), cancelled: &cancelled, folder: folder.path() };
        assert!(matches!(Source::open(&file(&path), &intake), Err(SourceError::TooLarge { .. })));
        let endless = file(Path::new("/dev/zero"));
        let limited = Intake { most: Some(1 << 20), ..intake };
        assert!(matches!(
            Source::open(&endless, &limited),
            Err(SourceError::TooLarge { most: 1_048_576, .. })
        ));
        // A pipe that nobody writes to is not even opened, and a stream that is never silent stops, too.
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for stream in [file(&pipe), endless] {
            cancelled.store(false, Ordering::Relaxed);
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(20));
                    cancelled.store(true, Ordering::Relaxed);
                });
                let unlimited = Intake { most: Some(u64::MAX), ..intake };
                assert!(Source::open(&stream, &unlimited).is_err());
            });
        }
    }
}
