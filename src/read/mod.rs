//! Files to rows.

mod blocks;
mod split;
