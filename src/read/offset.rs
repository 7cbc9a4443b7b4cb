//! Offsets within a block or a record, kept in 32 bits.

/// An offset as it is kept. The splitter's horizon keeps blocks and records far below 4 GiB.
#[inline]
pub(crate) fn offset(value: usize) -> u32 {
    u32::try_from(value).expect("blocks and records are smaller than 4 GiB")
}
