//! JSON that people may look at: no character in it controls a terminal or turns a text around. Each of those is
//! written as `\uXXXX`, so a reader gets the same values.

use std::borrow::Cow;

use serde::Serialize;

use super::visible::picture;

/// A value as indented JSON, with a line feed at its end.
pub(crate) fn pretty<T: Serialize>(value: &T) -> String {
    // Strings, numbers and lists alone are always JSON.
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    escaped(&text).into_owned() + "\n"
}

/// JSON text with such characters escaped; borrowed if there is none. Beyond ASCII, and at DEL, JSON text has characters
/// in strings alone, where an escape means the same.
pub(crate) fn escaped(json: &str) -> Cow<'_, str> {
    let is_escaped = |c: char| c > '~' && picture(c).is_some();
    if !json.contains(is_escaped) {
        return json.into();
    }
    let mut out = String::with_capacity(json.len() + 32);
    for c in json.chars() {
        if is_escaped(c) { escape(&mut out, c) } else { out.push(c) }
    }
    out.into()
}

/// Appends a character as JSON writes it in ASCII.
pub(super) fn escape(out: &mut String, c: char) {
    for unit in c.encode_utf16(&mut [0; 2]) {
        out.push_str(&format!("\\u{unit:04x}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_steers_no_terminal_and_means_the_same() {
        let all: String = (0..0x3200).chain(0xe_0000..0xe_0080).filter_map(char::from_u32).collect();
        let text = pretty(&[&all]);
        assert_eq!(serde_json::from_str::<[String; 1]>(&text).unwrap()[0], all);
        assert!(text.chars().all(|c| c == '\n' || picture(c).is_none()), "{text:?}");
        assert!(matches!(escaped("{\"naïve\": \"日本 👩\"}"), Cow::Borrowed(_)));
    }
}
