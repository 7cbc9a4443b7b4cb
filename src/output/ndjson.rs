//! JSON strings, written fast. A reader gets the same values as from `serde_json`.

use super::json::escape;
use super::visible::picture;

/// Appends `value` as a JSON string. Characters that could control a terminal that shows the file, or hide in it, are
/// written as in all other JSON (`json`).
pub(crate) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let bytes = value.as_bytes();
    let mut done = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        if (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\' {
            at += 1;
            continue;
        }
        let width = match byte {
            0..0x80 => 1,
            // Outside ASCII, only characters that begin with these bytes may need an escape.
            0xc2 | 0xd8 | 0xe1..=0xe3 | 0xef | 0xf3 => match value[at..].chars().next() {
                Some(c) if picture(c).is_some() => c.len_utf8(),
                c => {
                    at += c.map_or(1, char::len_utf8);
                    continue;
                }
            },
            _ => {
                at += 1;
                continue;
            }
        };
        out.extend_from_slice(&bytes[done..at]);
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            _ => {
                let mut text = String::new();
                value[at..at + width].chars().for_each(|c| escape(&mut text, c));
                out.extend_from_slice(text.as_bytes());
            }
        }
        at += width;
        done = at;
    }
    out.extend_from_slice(&bytes[done..]);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_every_character_back_and_a_terminal_no_control_characters() {
        let all: String = (0..0x11_0000).filter_map(char::from_u32).collect();
        let mut out = Vec::new();
        string(&mut out, &all);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
        let text = String::from_utf8(out).unwrap();
        assert!(text.chars().all(|c| picture(c).is_none()));
    }
}
