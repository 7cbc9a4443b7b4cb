//! What the phases tell the reports while they work. Whoever listens draws a bar, prints a line or keeps
//! quiet; the phases neither know nor wait.

/// A part of a run that takes long enough to be watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// Reading, validating and encoding one entity's files. Measured in bytes, with rows.
    Read,
    /// Finding duplicates and resolving references. Measured in rows.
    Settle,
    /// Sending rows to the database. Measured in rows.
    Send,
    /// Upserting inside the database. Not measured: the server does not say how far it is.
    Upsert,
    /// Writing the reports. Measured in findings.
    Publish,
    /// Reading rows from the database. Measured in rows.
    Export,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A stage begins for an entity. `total` is in the stage's own unit, where it is known.
    Started {
        /// Which stage.
        stage: Stage,
        /// The entity's name.
        entity: &'a str,
        /// How much there is to do, in the stage's unit.
        total: Option<u64>,
    },
    /// The stage that began last has come further.
    Advanced {
        /// How much further, in the stage's unit.
        by: u64,
        /// How many rows of them (equal to `by` where rows are the unit).
        rows: u64,
    },
    /// The stage that began last is done.
    Finished,
}

/// Whoever wants to know. Called from several threads.
pub(crate) trait Listener: Sync {
    /// Takes note of one event; must be quick and must not fail.
    fn on(&self, event: Event<'_>);
}

/// A listener that does not listen.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Silent;

impl Listener for Silent {
    fn on(&self, _event: Event<'_>) {}
}
