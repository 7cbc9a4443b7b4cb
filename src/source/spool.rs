//! The copy of a stream that cannot be read at any offset: decompressed, in a temporary file without a name.
//!
//! The compression is detected by the content, not by the file's name: a `.gz` that a browser has unpacked is plain,
//! and a gzip stream on standard input has no name.

use std::cell::Cell;
use std::fs::{File, Permissions};
use std::io::{self, BufRead, BufReader, Cursor, Read, Write};
use std::os::unix::fs::PermissionsExt;

use flate2::bufread::GzDecoder;

use super::{Intake, SourceError};

const BUFFER: usize = 256 * 1024;

/// A compression that muster reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1952, one member or several.
    Gzip,
    /// RFC 8878, one frame or several.
    Zstd,
}

impl Compression {
    /// The number of bytes that [`Compression::of`] needs.
    pub(super) const MAGIC_LEN: usize = 4;

    /// The compression of a stream that begins with these bytes.
    pub(super) fn of(magic: &[u8]) -> Option<Self> {
        match magic {
            [0x1F, 0x8B, 8, ..] => Some(Self::Gzip),
            // A frame, or a skippable frame before the first one.
            [0x28, 0xB5, 0x2F, 0xFD] | [0x50..=0x5F, 0x2A, 0x4D, 0x18] => Some(Self::Zstd),
            _ => None,
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }
}

/// A finished copy.
pub(super) struct Copy {
    pub(super) file: File,
    /// Bytes of the copy.
    pub(super) len: u64,
    /// Bytes of the stream.
    pub(super) stored_len: u64,
    pub(super) format: Option<Compression>,
}

/// Reads until `buf` is full or the stream ends.
pub(super) fn fill(stream: &mut impl Read, buf: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buf.len() {
        match stream.read(&mut buf[got..]) {
            Ok(0) => break,
            Ok(n) => got += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(got)
}

/// Copies a stream to its end; `known` of its bytes are known to be stored.
pub(super) fn copy(
    name: &str,
    mut stream: impl Read,
    known: u64,
    intake: &Intake<'_>,
) -> Result<Copy, SourceError> {
    let mut magic = [0; Compression::MAGIC_LEN];
    let got = fill(&mut stream, &mut magic).map_err(|error| SourceError::of_io(name, error))?;
    let format = Compression::of(&magic[..got]);
    let stored = Cell::new(0);
    let counted = Counted { inner: Cursor::new(&magic[..got]).chain(stream), count: &stored };
    let input = BufReader::with_capacity(BUFFER, counted);
    let into = Copying { name, format, intake, stored: || stored.get().max(known) };
    let (file, len) = match format {
        None => into.pour(input)?,
        Some(Compression::Gzip) => into.pour(Members(Some(GzDecoder::new(input))))?,
        Some(Compression::Zstd) => {
            let decoder = zstd::stream::read::Decoder::with_buffer(input).map_err(|source| {
                SourceError::Damaged { name: name.to_owned(), format: "zstd", offset: 0, source }
            })?;
            into.pour(decoder)?
        }
    };
    Ok(Copy { file, len, stored_len: stored.get(), format })
}

/// A copy under way.
struct Copying<'c, S> {
    name: &'c str,
    format: Option<Compression>,
    intake: &'c Intake<'c>,
    /// How many bytes of the stream are known to be stored.
    stored: S,
}

impl<S: Fn() -> u64> Copying<'_, S> {
    fn pour(&self, mut from: impl Read) -> Result<(File, u64), SourceError> {
        let Self { name, format, intake, stored } = self;
        let unwritable = |source| intake.unwritable(name, source);
        let mut file = tempfile::tempfile_in(intake.folder).map_err(unwritable)?;
        file.set_permissions(Permissions::from_mode(0o600)).map_err(unwritable)?;
        let mut buf = vec![0; BUFFER];
        let mut len = 0;
        loop {
            let got = match from.read(&mut buf) {
                Ok(0) => return Ok((file, len)),
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => return Err(unreadable(name, *format, len, source)),
            };
            // What is stored as it is cannot be more than it is.
            let stored = if format.is_some() { stored() } else { u64::MAX };
            intake.grows(name, &file, (len, got), stored)?;
            file.write_all(&buf[..got]).map_err(unwritable)?;
            len += got as u64;
        }
    }
}

/// Errors of the decoders have no error number of the system; errors of the stream have one.
fn unreadable(name: &str, format: Option<Compression>, offset: u64, source: io::Error) -> SourceError {
    let name = name.to_owned();
    match format {
        // The library passes zstd's error on as its text alone.
        Some(Compression::Zstd) if source.to_string().contains("too much memory") => {
            SourceError::Window { name }
        }
        Some(format) if source.raw_os_error().is_none() => {
            SourceError::Damaged { name, format: format.name(), offset, source }
        }
        _ => SourceError::of_io(&name, source),
    }
}

/// The members of a gzip stream, one after the other; `None` after the last one. Zeros after a member are padding, as
/// tapes and some file systems add it.
struct Members<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for Members<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.0 {
            let got = member.read(buf)?;
            if got > 0 || buf.is_empty() {
                return Ok(got);
            }
            // Read first, so that an error loses nothing.
            let is_last = skip_zeros(member.get_mut())?;
            let rest = self.0.take().map(GzDecoder::into_inner);
            self.0 = rest.filter(|_| !is_last).map(GzDecoder::new);
        }
        Ok(0)
    }
}

/// Skips zeros. Returns whether the stream ends after them.
fn skip_zeros(input: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let bytes = match input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        let (zeros, all) = (bytes.iter().take_while(|byte| **byte == 0).count(), bytes.len());
        input.consume(zeros);
        if zeros < all || all == 0 {
            return Ok(all == 0);
        }
    }
}

/// Counts the bytes that are read.
struct Counted<'c, R> {
    inner: R,
    count: &'c Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let got = self.inner.read(buf)?;
        self.count.set(self.count.get() + got as u64);
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{FileExt, MetadataExt};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn copied(stream: &[u8]) -> Result<(Vec<u8>, Copy), SourceError> {
        let folder = tempfile::tempdir().unwrap();
        let copy = copy("in", stream, 0, &Intake::unlimited(folder.path()))?;
        let mut bytes = vec![0; usize::try_from(copy.len).unwrap()];
        copy.file.read_exact_at(&mut bytes, 0).unwrap();
        Ok((bytes, copy))
    }

    #[test]
    fn a_stream_of_any_parts_is_copied_decompressed() {
        let text = "email,role\n".repeat(60_000).into_bytes();
        let (one, two) = text.split_at(100_001);
        let packed = |part: &[u8]| zstd::encode_all(part, 1).unwrap();
        for (what, stream, format) in [
            ("plain", text.clone(), None),
            ("gzip", gzip(&text), Some(Compression::Gzip)),
            ("two members", [gzip(one), gzip(two)].concat(), Some(Compression::Gzip)),
            ("padded", [gzip(&text), vec![0; 1000]].concat(), Some(Compression::Gzip)),
            (
                "padded members",
                [gzip(one), vec![0; 512], gzip(two), vec![0]].concat(),
                Some(Compression::Gzip),
            ),
            ("zstd", packed(&text), Some(Compression::Zstd)),
            ("two frames", [packed(one), packed(two)].concat(), Some(Compression::Zstd)),
        ] {
            let (bytes, copy) = copied(&stream).unwrap();
            assert!(bytes == text, "{what}");
            assert_eq!((copy.format, copy.stored_len), (format, stream.len() as u64), "{what}");
            assert_eq!(copy.file.metadata().unwrap().mode() & 0o777, 0o600, "{what}");
        }
        assert_eq!(copied(b"").unwrap().1.len, 0);
        assert_eq!(copied(b"a").unwrap().0, b"a");
    }

    #[test]
    fn a_damaged_stream_says_how_far_it_could_be_read() {
        let text: Vec<u8> = (0..40_000_u32)
            .flat_map(|n| format!("{}\n", n.wrapping_mul(2_654_435_761)).into_bytes())
            .collect();
        let mut flipped = gzip(&text);
        let middle = flipped.len() / 2;
        flipped[middle] ^= 0xFF;
        let packed = zstd::encode_all(&text[..], 1).unwrap();
        for (what, stream) in [
            ("truncated gzip", &gzip(&text)[..middle]),
            ("flipped gzip", &flipped),
            ("gzip with rubbish after it", &[gzip(&text), b"rubbish!rubbish!".to_vec()].concat()),
            (
                "padded gzip with rubbish after it",
                &[gzip(&text), b"\0\0\0rubbish!rubbish!".to_vec()].concat(),
            ),
            ("truncated zstd", &packed[..packed.len() / 2]),
        ] {
            let Err(SourceError::Damaged { offset, .. }) = copied(stream).map(|_| ()) else {
                panic!("{what} was accepted");
            };
            // The decoder decides how much it returns before it reports the damage.
            assert!(offset <= text.len() as u64, "{what}: {offset}");
        }
    }

    #[test]
    fn a_zstd_window_that_is_too_large_is_no_damage() {
        let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
        encoder.long_distance_matching(true).unwrap();
        encoder.window_log(28).unwrap();
        encoder.write_all(b"email\n").unwrap();
        encoder.flush().unwrap();
        let error = copied(&encoder.finish().unwrap()).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("zstd -dc --long=31 in | muster"), "{error}");
    }
}
