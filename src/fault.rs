//! Named points in a run's way, at which the tests stop, kill or falsify it. All that is compiled in for tests
//! alone (feature `fault-points`) is here; without the feature nothing of it costs anything or can be reached.
//!
//! | variable | what it does |
//! | --- | --- |
//! | `MUSTER_TEST_POINT` | the point, or `NAME:N` for the Nth time that it is reached |
//! | `MUSTER_TEST_ACT` | `kill`: the process kills itself there; `wait`: it waits there for a file `go` |
//! | `MUSTER_TEST_FOLDER` | where the point announces itself, with a file `reached` that holds its name |
//! | `MUSTER_TEST_FALSIFY` | `ENTITY.COUNT`: one more of it is counted |
//! | `MUSTER_TEST_BLOCK` | the size of a block in bytes, so that small files have many |
//! | `MUSTER_TEST_BUFFER` | the size of COPY's messages, so that few rows are on their way half way |
//! | `MUSTER_TEST_MANY` | from how many rows on faster ways of inserting them are looked for |
//! | `MUSTER_SLOW` | the plain ways are gone: no automaton, no cell or domain known at once, no shared look at a block |
//! | `MUSTER_TEST_REVERSE` | blocks finish in another order than they began |
//! | `MUSTER_TEST_TRIES` | how often the server is asked for the status of a COMMIT |
//! | `MUSTER_TEST_PAUSE_MS` | the pause after the first conflict with another transaction |
//! | `MUSTER_TEST_UNKEPT` | up to how many staged rows that are not kept are deleted without a list |
//! | `MUSTER_TEST_EXPORT_RANGE` | the size in bytes of a range of rows that is exported as one |
//! | `MUSTER_TEST_EXPORT_SORTED` | up to which size in bytes a range is sorted here |
//! | `MUSTER_TEST_INVITE_PAUSE_MS` | the first pause before a provider is asked again |
//! | `MUSTER_TEST_EXPORT_STOP`, `MUSTER_TEST_INVITE_STOP` | where the process kills itself: `NAME` or `NAME:N` |

macro_rules! points {
    ($($point:ident $name:literal $what:literal),+ $(,)?) => {
        /// A place in a run's way.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Point {
            $(#[doc = $what] $point,)+
        }

        impl Point {
            /// All of them, in the order in which a run comes by.
            pub const ALL: &[Self] = &[$(Self::$point),+];

            /// What `MUSTER_TEST_POINT` calls it.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$point => $name,)+
                }
            }
        }
    };
}

points! {
    Begun "begun" "The run has its folder; no server has been spoken to.",
    LockTaken "lock-taken" "The run has its lock and has looked at the tables.",
    Opened "opened" "The inputs are open; no record has been read.",
    Read "read" "All records have been read.",
    TransactionBegun "transaction-begun" "The transaction is begun, and empty tables are locked.",
    TablesMade "tables-made" "Missing tables and a missing journal are made.",
    StageCreated "stage-created" "Once for each staged entity: its staging table is there.",
    StageHalf "stage-half" "Once for each staged entity: its first rows are sent.",
    Compared "compared" "Once for each staged entity: it is known which rows are new, changed, the same.",
    Staged "staged" "All rows that are to be staged are.",
    FactsFound "facts-found" "The database has said what it holds; with that the snapshot is taken.",
    Settled "settled" "Every row has its verdict.",
    Stamped "stamped" "The journal has the run's stamp.",
    Deleted "deleted" "Once for each entity of which changes delete rows: they are gone.",
    RecordsNoted "records-noted" "Once for each entity: the journal knows the rows' records.",
    Reserved "reserved" "Once for each empty table: identifiers are reserved.",
    TakenDown "taken-down" "Once for each empty table: its indexes and constraints are down.",
    CopyHalf "copy-half" "Once for each empty table: its first rows are sent.",
    Copied "copied" "Once for each empty table: all its rows are there.",
    PutBack "put-back" "Once for each empty table: indexes and constraints are back.",
    Analyzed "analyzed" "Once for each empty table: it has statistics.",
    RangeNoted "range-noted" "Once for each empty table: the journal knows its rows' identifiers.",
    IdsTaken "ids-taken" "Once for each filled table that many rows are new to: it has given out their identifiers.",
    AppendHalf "append-half" "Once for each layout of such rows: all are sent, none is confirmed.",
    Appended "appended" "Once for each such table: the rows are there.",
    LosersDropped "losers-dropped" "Once for each staged entity: only rows to be written are staged.",
    Updated "updated" "Once for each staged entity: rows are updated and their undo data kept.",
    Inserted "inserted" "Once for each staged entity: rows are inserted and noted.",
    ReadBack "read-back" "Once for each entity: the table holds what was counted.",
    Checked "checked" "The constraints that wait for COMMIT are checked.",
    RunNoted "run-noted" "The journal has the run, its counts and files.",
    ReportsWritten "reports-written" "All reports but the summary are written beside their names.",
    Sealed "sealed" "All files of the run are on the disk.",
    BeforeCommit "before-commit" "Nothing is left to do but COMMIT.",
    CommitSent "commit-sent" "COMMIT is sent, and not answered.",
    Committed "committed" "COMMIT is answered; no file has its name.",
    EarlierAside "earlier-aside" "The index of an earlier run or export is put aside; its files are there.",
    Renaming "renaming" "Once for each file of the run: it gets its name next.",
    SummaryNext "summary-next" "Every file but the summary has its name.",
    Published "published" "Every file has its name.",
    UndoLocked "undo-locked" "An undo has locked the rows.",
    UndoRestored "undo-restored" "An undo has put back what was updated.",
    UndoDeleted "undo-deleted" "An undo has deleted what was inserted.",
    UndoNoted "undo-noted" "An undo is in the journal.",
}

#[cfg(not(feature = "fault-points"))]
pub(crate) use unarmed::*;

#[cfg(feature = "fault-points")]
pub(crate) use armed::*;

#[cfg(not(feature = "fault-points"))]
mod unarmed {
    use super::Point;

    /// Comes by a point.
    pub(crate) fn reach(_point: Point) {}

    /// Sends a request, and comes by a point before it is answered.
    pub(crate) async fn sent<F: Future>(_point: Point, request: F) -> F::Output {
        request.await
    }

    /// The count of this entity that is to be false.
    pub(crate) fn falsified(_entity: &str) -> Option<String> {
        None
    }

    /// Makes blocks finish in another order than they began.
    pub(crate) fn delay(_block: usize) {}

    /// Whether the plain ways are to be gone instead of the fast ones.
    #[inline]
    pub(crate) fn slow() -> bool {
        false
    }

    /// A number that a variable of the table above changes.
    pub(crate) fn number<N>(_variable: &str, usual: N) -> N {
        usual
    }

    /// Comes by a point of an export or an invitation.
    pub(crate) fn point(_variable: &str, _name: &str) {}
}

#[cfg(feature = "fault-points")]
mod armed {
    use std::path::{Path, PathBuf};
    use std::pin::pin;
    use std::str::FromStr;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::Point;

    /// How long what was sent may take to leave the process.
    const ON_THE_WAY: Duration = Duration::from_millis(30);

    /// How often a `go` is looked for.
    const LOOK: Duration = Duration::from_millis(5);

    /// Comes by a point: where it is the wished one, announces it, and waits or dies.
    pub(crate) fn reach(point: Point) {
        // How often the wished point has been reached: no part of a run's state, which ends here.
        static REACHED: AtomicU32 = AtomicU32::new(0);
        if !is_wished(point) {
            return;
        }
        let turn = wish().and_then(|(_, turn)| turn).unwrap_or(1);
        if REACHED.fetch_add(1, Ordering::Relaxed) + 1 != turn {
            return;
        }
        std::thread::sleep(ON_THE_WAY);
        let Some(folder) = std::env::var_os("MUSTER_TEST_FOLDER").map(PathBuf::from) else { return };
        announce(&folder, point.name());
        if std::env::var("MUSTER_TEST_ACT").is_ok_and(|act| act == "kill") {
            die();
        }
        while !folder.join("go").exists() {
            std::thread::sleep(LOOK);
        }
    }

    /// Sends a request, and comes by a point before its answer is taken: by the first look it has hardly come back.
    pub(crate) async fn sent<F: Future>(point: Point, request: F) -> F::Output {
        let mut request = pin!(request);
        let mut first = true;
        std::future::poll_fn(move |context| {
            let polled = request.as_mut().poll(context);
            if std::mem::take(&mut first) {
                reach(point);
            }
            polled
        })
        .await
    }

    /// The count of this entity that is to be false.
    pub(crate) fn falsified(entity: &str) -> Option<String> {
        let wish = std::env::var("MUSTER_TEST_FALSIFY").ok()?;
        let (wished, count) = wish.split_once('.')?;
        (wished == entity).then(|| count.to_owned())
    }

    /// Makes blocks finish in another order than they began.
    pub(crate) fn delay(block: usize) {
        if std::env::var_os("MUSTER_TEST_REVERSE").is_some() {
            let turn = 3 - (block % 4) as u64;
            std::thread::sleep(Duration::from_millis(3 * turn));
        }
    }

    /// Whether the plain ways are to be gone instead of the fast ones.
    pub(crate) fn slow() -> bool {
        static SLOW: LazyLock<bool> = LazyLock::new(|| std::env::var_os("MUSTER_SLOW").is_some());
        *SLOW
    }

    /// A number that a variable of the table above changes.
    pub(crate) fn number<N: FromStr>(variable: &str, usual: N) -> N {
        std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    /// Comes by a point of an export or an invitation: dies where the variable names it.
    pub(crate) fn point(variable: &str, name: &str) {
        static SEEN: AtomicU32 = AtomicU32::new(0);
        let Ok(wish) = std::env::var(variable) else { return };
        let (wanted, turn) = wish.split_once(':').unwrap_or((&wish, "1"));
        if wanted == name && (SEEN.fetch_add(1, Ordering::Relaxed) + 1).to_string() == turn {
            die();
        }
    }

    /// SIGKILL: no destructor runs, as when the machine loses its power.
    fn die() {
        let killed = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        assert!(killed.is_ok(), "the process cannot kill itself");
    }

    fn wish() -> Option<(String, Option<u32>)> {
        let wish = std::env::var("MUSTER_TEST_POINT").ok()?;
        Some(match wish.split_once(':') {
            Some((name, turn)) => (name.to_owned(), turn.parse().ok()),
            None => (wish, None),
        })
    }

    fn is_wished(point: Point) -> bool {
        wish().is_some_and(|(name, _)| name == point.name())
    }

    /// Appears whole or not at all: the test looks for it.
    fn announce(folder: &Path, name: &str) {
        let partial = folder.join("reached.partial");
        let told =
            std::fs::write(&partial, name).and_then(|()| std::fs::rename(&partial, folder.join("reached")));
        assert!(told.is_ok(), "the point cannot announce itself");
    }
}
