//! Writing a file: bytes are compressed if wanted, then counted and hashed as they are stored.

use std::fs::File;
use std::io::{self, BufWriter, Write};

use flate2::write::GzEncoder;

use crate::hash::Hasher;

use super::options::Compression;

/// How many bytes are collected before they are passed to the system.
const BUFFER: usize = 256 << 10;

/// A file while it is written.
pub(crate) struct Sink(Kind);

enum Kind {
    Plain(Stored),
    Gzip(Box<GzEncoder<Stored>>),
    Zstd(Box<zstd::stream::write::Encoder<'static, Stored>>),
}

/// The bytes as they are stored.
struct Stored {
    file: BufWriter<File>,
    hasher: Hasher,
    bytes: u64,
}

impl Sink {
    pub(crate) fn new(file: File, compression: Option<Compression>) -> io::Result<Self> {
        let stored = Stored { file: BufWriter::with_capacity(BUFFER, file), hasher: Hasher::new(), bytes: 0 };
        Ok(Self(match compression {
            None => Kind::Plain(stored),
            Some(Compression::Gzip) => {
                Kind::Gzip(Box::new(GzEncoder::new(stored, flate2::Compression::default())))
            }
            Some(Compression::Zstd) => Kind::Zstd(Box::new(zstd::stream::write::Encoder::new(stored, 3)?)),
        }))
    }

    /// Ends the file and syncs it to the disk. Returns its size and its SHA-256.
    pub(crate) fn finish(self) -> io::Result<(u64, String)> {
        let mut stored = match self.0 {
            Kind::Plain(stored) => stored,
            Kind::Gzip(encoder) => encoder.finish()?,
            Kind::Zstd(encoder) => encoder.finish()?,
        };
        stored.file.flush()?;
        stored.file.get_ref().sync_all()?;
        Ok((stored.bytes, stored.hasher.finish()))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Plain(stored) => stored.write(bytes),
            Kind::Gzip(encoder) => encoder.write(bytes),
            Kind::Zstd(encoder) => encoder.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Kind::Plain(stored) => stored.flush(),
            Kind::Gzip(encoder) => encoder.flush(),
            Kind::Zstd(encoder) => encoder.flush(),
        }
    }
}

impl Write for Stored {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
