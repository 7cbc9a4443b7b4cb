//! Why a Parquet file cannot be an input.

use std::error::Error;
use std::io;

/// Why a Parquet file cannot be an input.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TableError {
    /// The file itself.
    #[error("{name}: {fault}")]
    File {
        /// The input as given.
        name: String,
        /// What is wrong with it.
        fault: String,
        /// What the library says.
        source: Option<Box<dyn Error + Send + Sync>>,
    },
    /// A column that feeds a field has a type that is not read.
    #[error(
        "{name}, column {column}: its type ({kind}) is not read; write it as text, or leave the column out of the \
         file"
    )]
    Kind {
        /// The input as given.
        name: String,
        column: String,
        /// Its type.
        kind: String,
    },
    /// A list for a field that takes one value.
    #[error("{name}, column {column}: holds lists, and the field {field} takes one value; write it as text")]
    List {
        /// The input as given.
        name: String,
        column: String,
        field: String,
    },
    /// An item that holds the separator of its list.
    #[error(
        "{name} record {record}, column {column}: an item of the list holds the separator {separator}; declare \
         another separator in the schema, or split the item"
    )]
    Item {
        /// The input as given.
        name: String,
        record: u64,
        column: String,
        /// What separates items.
        separator: char,
    },
    /// The temporary copy cannot be written.
    #[error("{name}: its temporary copy in {folder} cannot be written; make space there")]
    Copy {
        /// The input as given.
        name: String,
        /// Where the copy was to be.
        folder: String,
        /// What the system said.
        source: io::Error,
    },
}
