//! `muster init`: what it proposes for files that nobody has mapped, and what it writes.

mod corpus;
mod written;
