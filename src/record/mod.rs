//! What a row is while it travels: its place in the file, what was found about it, and the bytes that
//! COPY wants of it. No I/O here, and no opinion about any value (that is `rule`).

mod code;
mod copy;
mod finding;
mod location;
mod message;
mod packed;

pub use code::{Code, Explanation, Level};
pub use copy::RowEncoder;
pub use finding::{Finding, Related, Severity};
pub use location::Location;
pub use message::Message;
pub use packed::{pack, unpack};
