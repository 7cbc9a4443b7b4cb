//! The rows that keep a run from being undone.

/// A row that keeps a run from being undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockingRow {
    pub(crate) entity: String,
    /// The row's key, or its id if the row is gone.
    pub(crate) key: String,
    pub(crate) why: Why,
}

/// Why a row keeps a run from being undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// It was changed; by this run of muster's, or by somebody else.
    Changed(Option<String>),
    /// It was written again, and the run kept no hash of it.
    Unknown,
    /// It was deleted.
    Deleted,
    /// The run had deleted it, and it was created again.
    CreatedAgain,
    /// A row of this table refers to it, by this constraint.
    Referred {
        /// The table that refers to it.
        table: String,
        /// The foreign key.
        constraint: String,
    },
    /// A row of this table refers to a value of it that changes, and would lose it.
    Followed {
        /// The table that refers to it.
        table: String,
        /// The foreign key.
        constraint: String,
        /// What its ON UPDATE does.
        on_update: &'static str,
    },
}

impl std::fmt::Display for BlockingRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { entity, key, why } = self;
        match why {
            Why::Changed(None) => write!(f, "{entity} {key}: changed since by somebody else"),
            Why::Changed(Some(run)) => {
                write!(f, "{entity} {key}: changed since by run {run}: undo that first")
            }
            Why::Unknown => write!(
                f,
                "{entity} {key}: written again since, and the run is of an older muster, which kept no hash of it: \
                 whether it was changed is not known"
            ),
            Why::Deleted => write!(f, "{entity} {key}: deleted since"),
            Why::CreatedAgain => write!(f, "{entity} {key}: created again since"),
            Why::Referred { table, constraint } => {
                write!(f, "{entity} {key}: a row of {table} refers to it ({constraint})")
            }
            Why::Followed { table, constraint, on_update } => write!(
                f,
                "{entity} {key}: a row of {table} refers to a value of it that is taken back, and would lose it \
                 ({constraint}, ON UPDATE {on_update})"
            ),
        }
    }
}
