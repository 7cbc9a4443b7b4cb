//! What is known of a row while it is processed: its place in the file, what was found about it, and the bytes
//! that COPY gets of it. No I/O here, and no checks of values (those are in `rule`).

mod code;
mod copy;
mod finding;
mod index;
mod location;
mod message;
mod packed;
mod severity;

pub use code::Code;
pub(crate) use code::Level;
pub(crate) use copy::RowEncoder;
pub(crate) use finding::{Finding, Related};
pub(crate) use index::{EntityIndex, RowNumber, RunId, Slot, short_id};
pub(crate) use location::Location;
pub(crate) use message::Message;
pub(crate) use packed::{pack, unpack};
pub use severity::Severity;
