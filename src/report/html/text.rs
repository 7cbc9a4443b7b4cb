//! Values in the page: escaped, cut to a length, and with what is invisible made visible, so that nothing
//! in a file can be markup, hide, or turn the text around it.

use maud::{Markup, PreEscaped, html};

use crate::output::visible::{Picture, picture, visible};

/// A text of ours with a name in it: visible, not marked up.
pub(super) fn plain(text: &str) -> String {
    visible(text).into_owned()
}

/// The first `most` characters of a value (fewer of one that is full of signs), invisible ones marked.
pub(super) fn value(text: &str, most: usize) -> Markup {
    let mut out = String::with_capacity(text.len().min(most * 2));
    let mut open = false;
    let mut mark = |out: &mut String, wanted: bool| {
        if wanted != open {
            out.push_str(if wanted { "<i>" } else { "</i>" });
            open = wanted;
        }
    };
    let (start, end) = (text.len() - text.trim_start_matches(' ').len(), text.trim_end_matches(' ').len());
    let mut chars = text.char_indices().peekable();
    let mut count = 0;
    // Marks and escapes take several bytes a character, which must not make the page large.
    while count < most
        && out.len() < most * 6
        && let Some((at, c)) = chars.next()
    {
        count += 1;
        // A space at either end is seen, and one that is no plain space.
        let picture = picture(c).map(|picture| shown(c, picture)).or_else(|| match c {
            ' ' if at < start || at >= end => Some("·".to_owned()),
            '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{3000}' => {
                Some(format!("[U+{:04X}]", u32::from(c)))
            }
            _ => None,
        });
        mark(&mut out, picture.is_some());
        match (picture, c) {
            (Some(picture), _) => out.push_str(&picture),
            (None, '<') => out.push_str("&lt;"),
            (None, '>') => out.push_str("&gt;"),
            (None, '&') => out.push_str("&amp;"),
            (None, '"') => out.push_str("&quot;"),
            (None, c) => out.push(c),
        }
    }
    mark(&mut out, false);
    if chars.peek().is_some() {
        out.push('…');
    }
    html! { bdi { (PreEscaped(out)) } }
}

/// The names of the control characters (ISO 646), as people know them.
const CONTROLS: [&str; 32] = [
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL", "BS", "TAB", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB", "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS",
    "US",
];

/// A control character by its name: few fonts have its picture, and at a text's size nobody can read it.
fn shown(c: char, picture: Picture) -> String {
    match (CONTROLS.get(c as usize), c) {
        (Some(name), _) => format!("[{name}]"),
        (None, '\u{7f}') => "[DEL]".to_owned(),
        (None, _) => picture.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_neither_markup_nor_invisible() {
        assert_eq!(
            value("<script>\u{202e}\u{200b}\"&\n", 99).0,
            "<bdi>&lt;script&gt;<i>[U+202E][U+200B]</i>&quot;&amp;<i>[LF]</i></bdi>"
        );
        assert_eq!(value(" a b ", 99).0, "<bdi><i>·</i>a b<i>·</i></bdi>");
        assert_eq!(value("abcdef", 3).0, "<bdi>abc…</bdi>");
    }
}
