//! How keys are hashed.

use std::hash::BuildHasher;

/// The seed of a run's hashes. All entities of a run share it, so that a reference has the same hash as the key that
/// it refers to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seed(foldhash::quality::RandomState);

impl Seed {
    /// A value's hash; never 0, which means that there is no value.
    #[inline]
    pub(crate) fn hash(&self, value: &str) -> u64 {
        self.0.hash_one(value).max(1)
    }
}
