//! How wide a text is on a terminal (Unicode Standard Annex 11), and texts cut or padded to a width.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr as _;

/// The width of a terminal that does not say how wide it is.
pub(crate) const COLUMNS: usize = 80;

/// How many columns a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// `text`, followed by spaces up to `columns`.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{}", " ".repeat(columns.saturating_sub(width(text))))
}

/// `text` in at most `most` columns, with `…` at its end where something was cut off.
pub(crate) fn truncated(text: &str, most: usize) -> Cow<'_, str> {
    if width(text) <= most {
        return text.into();
    }
    let ends: Vec<usize> = text.char_indices().map(|(at, c)| at + c.len_utf8()).collect();
    let kept = ends.partition_point(|&end| width(&text[..end]) < most);
    format!("{}…", &text[..kept.checked_sub(1).map_or(0, |last| ends[last])]).into()
}

/// The first `most` characters of `text`, with `…` at their end where something was cut off.
pub(crate) fn first_chars(text: &str, most: usize) -> Cow<'_, str> {
    // A character has at least one byte, so most texts need no counting.
    let end = (text.len() > most).then(|| text.char_indices().nth(most)).flatten();
    end.map_or(text.into(), |(end, _)| format!("{}…", &text[..end]).into())
}

/// The lines of `text`, each of at most `most` columns: broken at spaces, never in a word, nor between `backticks`,
/// where commands to be copied are. A word that is wider than `most` stays whole.
pub(crate) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut current = String::new();
        let mut quoted = false;
        // What keeps together: a word, or several within backticks.
        for piece in line.split_inclusive(|c| {
            quoted ^= c == '`';
            c == ' ' && !quoted
        }) {
            if !current.is_empty() && width(&current) + width(piece.trim_end()) > most {
                lines.push(current.trim_end().to_owned());
                current.clear();
            }
            current.push_str(piece);
        }
        lines.push(current.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_to_columns_or_to_characters() {
        for (text, most, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
            ("👩‍🚀x", 2, "…"),
        ] {
            assert_eq!(truncated(text, most), expected, "{text}");
        }
        assert_eq!(first_chars("日本語", 3), "日本語");
        assert_eq!(first_chars("日本語", 2), "日本…");
        assert_eq!(padded("日", 4), "日  ");
    }

    #[test]
    fn neither_a_word_nor_a_command_is_broken() {
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("a-very-long-word b", 4), ["a-very-long-word", "b"]);
        assert_eq!(wrapped("say `muster explain CODE` now", 10), ["say", "`muster explain CODE`", "now"]);
        assert_eq!(wrapped("a\n  b c", 5), ["a", "  b c"]);
    }
}
