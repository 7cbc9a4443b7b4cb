//! A code without the spaces, dots and dashes that people put into it, in upper case.

use std::borrow::Cow;

/// The code in a cell. Most cells are in that form already and are not copied.
pub(super) fn compact(cell: &str) -> Cow<'_, str> {
    let is_plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    if cell.bytes().all(is_plain) {
        return Cow::Borrowed(cell);
    }
    cell.chars().filter(|&c| !is_between(c)).map(|c| c.to_ascii_uppercase()).collect()
}

/// Whether a character only separates those of a code. The dashes are the hyphens, en dash and em dash of Unicode, and
/// the minus sign.
pub(crate) fn is_between(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}
