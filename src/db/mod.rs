//! The connection to PostgreSQL: how a server is found and reached (`connect`), the private cluster that is used if none
//! is named (`local`), and what can go wrong. The statements are those of the modules that send them.

pub(crate) mod catalog;
pub(crate) mod connect;
mod copy;
mod copy_out;
mod error;
pub(crate) mod faults;
pub(crate) mod hold;
pub(crate) mod local;
mod search_path;

pub(crate) use connect::connect;
pub use connect::{Canceller, Endpoint, Session, require_writable};
pub(crate) use copy::CopyIn;
pub(crate) use copy_out::CopyOut;
pub use error::DbError;
pub(crate) use error::about_data;
pub(crate) use search_path::{LEAVE, SearchPath, located};
pub use tokio_postgres as postgres;
