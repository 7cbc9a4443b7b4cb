//! Reading bytes at any offset, from any number of threads at once.

use std::io;

/// Bytes that can be read at any offset.
pub(crate) trait ReadAt: Sync {
    /// Reads up to `buf.len()` bytes from `offset` on; 0 only at the end.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;

    /// Fills `buf` from `offset` on.
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(buf, offset)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => {
                    buf = &mut buf[read..];
                    offset += read as u64;
                }
            }
        }
        Ok(())
    }
}

/// For tests and benchmarks.
impl ReadAt for &[u8] {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|from| self.get(from..)).unwrap_or_default();
        let len = buf.len().min(rest.len());
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_exactly_or_not_at_all() {
        let source = b"0123456789".as_slice();
        let mut buf = [0; 3];
        source.read_exact_at(&mut buf, 7).unwrap();
        assert_eq!(&buf, b"789");
        for beyond in [8, u64::MAX] {
            let error = source.read_exact_at(&mut buf, beyond).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
