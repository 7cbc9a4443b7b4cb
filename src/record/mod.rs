//! What a row is while it travels: its place in the file, what was found about it, and the bytes that
//! COPY wants of it. No I/O here, and no opinion about any value (that is `rule`).

mod code;
mod copy;
mod finding;
mod index;
mod location;
mod message;
mod packed;

pub use code::Code;
pub(crate) use code::Level;
pub(crate) use copy::RowEncoder;
pub use finding::Severity;
pub(crate) use finding::{Finding, Related};
pub(crate) use index::{EntityIndex, RowNumber, RunId, Slot};
pub(crate) use location::Location;
pub(crate) use message::Message;
pub(crate) use packed::{pack, unpack};
