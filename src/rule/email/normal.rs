//! The normal form of an address: lower case, NFC, and a domain in Unicode.

use unicode_normalization::UnicodeNormalization;

use super::label;
use super::shape::{self, Shape};

/// The normal form of an address of this shape.
pub(super) fn normal_form(cell: &str, shape: &Shape) -> String {
    let lower: String =
        if cell.is_ascii() { cell.to_ascii_lowercase() } else { cell.to_lowercase().nfc().collect() };
    if !shape.has_encoded_label() {
        return lower;
    }
    let Some((local, domain)) = lower.split_once('@') else { return lower };
    let labels: Vec<_> = domain.split('.').map(label::to_unicode).collect();
    format!("{local}@{}", labels.join("."))
}

/// The normal form of a cell that is an address.
pub(super) fn valid(cell: &str) -> Option<String> {
    shape::of(cell).ok().map(|shape| normal_form(cell, &shape))
}
