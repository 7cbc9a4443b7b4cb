//! How reports read a source again: bytes at an offset of the stored file, or of the decompressed stream if it is
//! compressed. `source` provides them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// A source whose bytes can be read again at any offset by any thread.
pub(crate) trait Slices {
    /// Fills `buf` with the bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// The system's; an end before `buf` is full is also an error.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;
}

impl Slices for File {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.read_exact_at(buf, offset)
    }
}

impl Slices for [u8] {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let bytes = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buf.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slice_is_read_completely_or_not_at_all() {
        let source = b"0123456789".as_slice();
        let mut buf = [0; 3];
        source.read_at(&mut buf, 7).unwrap();
        assert_eq!(&buf, b"789");
        assert_eq!(source.read_at(&mut buf, 8).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(source.read_at(&mut buf, u64::MAX).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
