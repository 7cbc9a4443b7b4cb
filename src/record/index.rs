//! Numbers that are easily mixed up, each as a type. Lists are indexed by them directly.

use std::fmt;
use std::ops::{Index, IndexMut};

/// An entity's position in load order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct EntityIndex(pub(crate) usize);

/// The position of a key, a unique field or a reference among the entity's fields whose values are compared
/// (see `read::slots`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) usize);

/// A clean row's number among those of its entity, from 0, over all its files. It is not the number of the record
/// in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct RowNumber(pub(crate) u64);

impl RowNumber {
    /// The row's position in a list of all rows.
    pub(crate) fn position(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl fmt::Display for RowNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Lets lists be indexed by a number's type.
macro_rules! indexes_lists {
    ($index:ty, $position:expr) => {
        impl<T> Index<$index> for [T] {
            type Output = T;

            #[inline]
            fn index(&self, index: $index) -> &T {
                &self[$position(index)]
            }
        }

        impl<T> Index<$index> for Vec<T> {
            type Output = T;

            #[inline]
            fn index(&self, index: $index) -> &T {
                &self[$position(index)]
            }
        }

        impl<T> IndexMut<$index> for Vec<T> {
            #[inline]
            fn index_mut(&mut self, index: $index) -> &mut T {
                &mut self[$position(index)]
            }
        }
    };
}

indexes_lists!(EntityIndex, |EntityIndex(index)| index);
indexes_lists!(Slot, |Slot(index)| index);
indexes_lists!(RowNumber, RowNumber::position);

/// A run's id: a UUID version 7 (RFC 9562), so that runs sort by their time.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RunId(String);

/// How many characters of a run's id people read and type: all of its time.
const SHORT: usize = 13;

impl RunId {
    /// A new run's id.
    pub(crate) fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }

    #[cfg(test)]
    pub(crate) fn of(id: &str) -> Self {
        Self(id.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The beginning of the id, which is enough to name the run.
    pub(crate) fn short(&self) -> &str {
        short_id(&self.0)
    }
}

/// See [`RunId::short`]; for an id that was read back.
pub(crate) fn short_id(id: &str) -> &str {
    id.get(..SHORT).unwrap_or(id)
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}
