//! Text in columns of a terminal.

use crate::output::visible::visible;

/// How wide a terminal is taken to be.
pub(crate) const WIDTH: usize = 80;

/// How many columns a character takes: two for the East Asian wide and the pictographs, none for marks that
/// combine (Unicode Standard Annex 11, in broad ranges).
fn columns(c: char) -> usize {
    match u32::from(c) {
        0x300..=0x36f
        | 0x483..=0x489
        | 0x591..=0x5bd
        | 0x610..=0x61a
        | 0x64b..=0x65f
        | 0x1ab0..=0x1aff
        | 0x1dc0..=0x1dff
        | 0x20d0..=0x20ff
        | 0xfe00..=0xfe0f
        | 0xfe20..=0xfe2f => 0,
        0x1100..=0x115e
        | 0x2e80..=0x303e
        | 0x3041..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff01..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

/// A text that takes at most `most` columns, harmless.
pub(crate) fn fitted(text: &str, most: usize) -> String {
    // A long text is cut before its signs are looked at: each takes a column at least, or is a mark.
    let head: String = text.chars().take(most * 4 + 16).collect();
    let text = visible(&head);
    if width(&text) <= most {
        return text.into_owned();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        if used + columns(c) > most.saturating_sub(1) {
            out.push('…');
            return out;
        }
        used += columns(c);
        out.push(c);
    }
    out
}

/// `text` with spaces behind it up to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_columns_and_not_to_characters() {
        assert_eq!(fitted("abc", 3), "abc");
        assert_eq!(fitted("abcd", 3), "ab…");
        assert_eq!(fitted("日本語", 5), "日本…");
        assert_eq!(fitted("\x1b[31m", 9), "␛[31m");
        assert_eq!(width(&fitted(&"\u{202e}x".repeat(1000), 20)), 20);
        assert_eq!(padded("日", 4), "日  ");
    }
}
