//! The normal form of an address of any kind: lower case, NFC, and a domain in Unicode. Addresses in ASCII without
//! encoded labels are handled by `shape` alone.

use unicode_normalization::UnicodeNormalization;

use super::domain;
use super::shape::{self, Flaw};

/// The normal form of an address; its domain is mapped as UTS 46 maps it, so that all spellings of a domain are one.
pub(super) fn normal_form(cell: &str) -> Result<String, Flaw> {
    let (local, domain) = cell.split_once('@').ok_or(Flaw::NoAt)?;
    let local: String =
        if local.is_ascii() { local.to_ascii_lowercase() } else { local.to_lowercase().nfc().collect() };
    let (domain, encoded_length) = domain::normal(domain)?;
    let address = format!("{local}@{domain}");
    shape::of(&address)?;
    if local.len() + 1 + encoded_length > shape::LONGEST {
        return Err(Flaw::Long);
    }
    Ok(address)
}
