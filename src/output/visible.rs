//! Makes invisible characters, and those that control a terminal, visible: control characters as their pictures (U+2400
//! and on), the others as their numbers. Used for every value that is shown on a screen or in a spreadsheet.

use crate::width::truncated;

/// What is shown for `c`; `None` if it is shown as it is.
pub(crate) fn picture(c: char) -> Option<Picture> {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).map(Picture::Char),
        '\u{7f}' => Some(Picture::Char('\u{2421}')),
        // C1 controls (some terminals obey them), soft hyphen, the Arabic and Mongolian format characters,
        // zero-width, line and paragraph separators, bidirectional marks, embeddings, overrides and
        // isolates, fillers, the byte order mark, interlinear annotation, tags.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{180e}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some(Picture::Number(c as u32)),
        _ => None,
    }
}

/// What is shown for one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picture {
    /// Another character.
    Char(char),
    /// The code point's number, written as `[U+202E]`.
    Number(u32),
}

impl std::fmt::Display for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Char(c) => write!(f, "{c}"),
            Self::Number(n) => write!(f, "[U+{n:04X}]"),
        }
    }
}

/// `text` with every such character replaced; borrowed if there is none.
pub(crate) fn visible(text: &str) -> std::borrow::Cow<'_, str> {
    if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        return text.into();
    }
    replaced(text, picture)
}

/// A text of several lines in the same way. Its line feeds stay.
pub(crate) fn visible_lines(text: &str) -> std::borrow::Cow<'_, str> {
    replaced(text, |c| if c == '\n' { None } else { picture(c) })
}

/// A line with the colours of a terminal in the same way: what begins a colour stays, too.
pub(crate) fn visible_colours(text: &str) -> std::borrow::Cow<'_, str> {
    replaced(text, |c| if matches!(c, '\n' | '\x1b') { None } else { picture(c) })
}

fn replaced(text: &str, picture: impl Fn(char) -> Option<Picture>) -> std::borrow::Cow<'_, str> {
    if !text.chars().any(|c| picture(c).is_some()) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match picture(c) {
            None => out.push(c),
            Some(picture) => out.push_str(&picture.to_string()),
        }
    }
    out.into()
}

/// `text` in at most `most` columns, with `…` at its end where something was cut off; visible.
pub(crate) fn fitted(text: &str, most: usize) -> String {
    // Long texts are cut before they are looked at: nearly every character takes a column.
    let head = text.char_indices().nth(most * 4 + 16).map_or(text, |(end, _)| &text[..end]);
    truncated(&visible(head), most).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::width::width;

    #[test]
    fn a_fitted_text_is_visible_and_as_wide_as_allowed() {
        assert_eq!(fitted("abcd", 3), "ab…");
        assert_eq!(fitted("\x1b[31m", 9), "␛[31m");
        assert_eq!(width(&fitted(&"\u{202e}x".repeat(1000), 20)), 20);
    }

    #[test]
    fn control_characters_and_invisible_ones_are_shown() {
        assert_eq!(visible("a\x1b[31mb\r\n\x07\x7f"), "a␛[31mb␍␊␇␡");
        assert_eq!(visible("a\u{9b}31m\u{202e}b\u{feff}"), "a[U+009B]31m[U+202E]b[U+FEFF]");
        assert!(matches!(visible("Café Zoë 日本 👩"), std::borrow::Cow::Borrowed(_)));
    }
}
