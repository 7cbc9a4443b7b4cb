//! JSON strings, written fast. A reader gets the same values as from `serde_json`.

/// Appends `value` as a JSON string. Characters that could control a terminal that shows the file (control characters,
/// bidirectional overrides) are written as `\uXXXX`, which means the same to a JSON reader.
pub(crate) fn string(out: &mut Vec<u8>, value: &str) {
    out.push(b'"');
    let bytes = value.as_bytes();
    let mut done = 0;
    let mut at = 0;
    while at < bytes.len() {
        let byte = bytes[at];
        // Outside ASCII only characters that begin with C2 (C1 controls) or E2 80, E2 81 (marks and overrides) may
        // need an escape.
        if (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\' {
            at += 1;
            continue;
        }
        let width = match byte {
            0..0x80 => 1,
            0xc2 if bytes[at + 1] < 0xa0 => 2,
            0xe2 if is_mark(bytes[at + 1], bytes[at + 2]) => 3,
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
                let code = value[at..at + width].chars().next().map_or(0, u32::from);
                out.extend_from_slice(format!("\\u{code:04x}").as_bytes());
            }
        }
        at += width;
        done = at;
    }
    out.extend_from_slice(&bytes[done..]);
    out.push(b'"');
}

/// Whether E2 `second` `third` is U+200E, U+200F, U+2028 to U+202E or U+2066 to U+2069.
fn is_mark(second: u8, third: u8) -> bool {
    match second {
        0x80 => matches!(third, 0x8e | 0x8f | 0xa8..=0xae),
        0x81 => matches!(third, 0xa6..=0xa9),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_every_character_back_and_a_terminal_no_control_characters() {
        let all: String = (0..0x3100).filter_map(char::from_u32).chain("👩\u{feff}".chars()).collect();
        let mut out = Vec::new();
        string(&mut out, &all);
        assert_eq!(serde_json::from_slice::<String>(&out).unwrap(), all);
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains(|c: char| c.is_control() || matches!(c, '\u{202e}' | '\u{2066}')));
    }
}
