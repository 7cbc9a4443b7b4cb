//! Mails to users, each sent once.

#[cfg(feature = "fault-points")]
mod faults;
mod hostile;
mod mails;
mod office;
mod sending;
