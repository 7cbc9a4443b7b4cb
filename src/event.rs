//! Progress events: what the phases send to the reports while they work. A listener draws a bar, prints a line or
//! does nothing; the phases do not wait for it.

/// A part of a run that takes long enough to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// Reading, validating and encoding one entity's files. Measured in bytes, with rows.
    Read,
    /// Finding duplicates and resolving references. Measured in rows.
    Settle,
    /// Sending rows to the database. Measured in rows.
    Send,
    /// Upserting in the database. Not measured: the server does not say how far it is.
    Upsert,
    /// Writing the reports. Measured in findings.
    Publish,
    /// Reading rows from the database. Measured in rows.
    Export,
}

/// A progress event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A stage begins for an entity. `total` is in the stage's unit, if it is known.
    Started {
        stage: Stage,
        /// The entity's name.
        entity: &'a str,
        /// How much there is to do.
        total: Option<u64>,
    },
    /// The current stage has advanced.
    Advanced {
        /// How far, in the stage's unit.
        by: u64,
        /// How many rows (equal to `by` if rows are the unit).
        rows: u64,
    },
    /// The current stage is done.
    Finished,
}

/// Receives progress events, from several threads.
pub(crate) trait Listener: Sync {
    /// Receives one event; must be quick and must not fail.
    fn on(&self, event: Event<'_>);
}

/// Ignores all events.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Silent;

impl Listener for Silent {
    fn on(&self, _event: Event<'_>) {}
}
