//! CSV for people: UTF-8 with a byte order mark, commas, CRLF, and safe to open. No cell begins a formula in any
//! spreadsheet ([`super::formula`]), and no cell holds a control character. [`super::csv`] writes values as they are.

use super::formula;
use super::visible::picture;

pub(crate) use super::csv::BOM;

/// What ends a record (RFC 4180).
pub(crate) const LINE_END: &[u8] = b"\r\n";

/// The bytes that cannot simply be copied.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20 || byte >= 0x7f;
        byte += 1;
    }
    let mut i = 0;
    // A cell can begin after a comma, a semicolon or a bar.
    let special = b"\",;|";
    while i < special.len() {
        table[special[i] as usize] = true;
        i += 1;
    }
    table
};

/// Appends one cell, quoted if it must be, without the comma after it.
pub(crate) fn cell(out: &mut Vec<u8>, value: &str) {
    let plain = match value.as_bytes() {
        [] => return,
        [b'=' | b'+' | b'-' | b'@' | b' ', ..] | [.., b' '] => false,
        bytes => !bytes.iter().any(|&byte| SPECIAL[usize::from(byte)]),
    };
    if plain {
        out.extend_from_slice(value.as_bytes());
        return;
    }
    out.push(b'"');
    let value = formula::guarded(value);
    let bytes = value.as_bytes();
    let mut done = 0;
    while done < bytes.len() {
        // Plain bytes are copied in runs.
        let run = bytes[done..].iter().position(|&byte| SPECIAL[usize::from(byte)]);
        let end = run.map_or(bytes.len(), |run| done + run);
        out.extend_from_slice(&bytes[done..end]);
        let Some(c) = value[end..].chars().next() else { break };
        done = end + c.len_utf8();
        match picture(c) {
            Some(picture) => out.extend_from_slice(picture.to_string().as_bytes()),
            None if c == '"' => out.extend_from_slice(b"\"\""),
            None => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &str) -> String {
        let mut out = Vec::new();
        cell(&mut out, value);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn no_cell_begins_a_formula() {
        let table = [
            ("", ""),
            ("plain text", "plain text"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("+31612345678", "\"'+31612345678\""),
            ("-5", "\"'-5\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("  =1", "\"'  =1\""),
            ("\u{a0}=1", "\"'\u{a0}=1\""),
            ("\t=1", "\"'␉'=1\""),
            ("\r=1", "\"'␍'=1\""),
            ("\n@x", "\"'␊'@x\""),
            ("\u{feff}=1", "\"'[U+FEFF]=1\""),
            ("\"=1", "\"'\"\"=1\""),
            ("＝1", "\"'＝1\""),
            ("a;=cmd|' /C calc'!A0", "\"a;'=cmd|' /C calc'!A0\""),
            ("a; \"=1\"", "\"a;' \"\"=1\"\"\""),
            ("a\tb", "\"a␉b\""),
            ("a-b=c", "a-b=c"),
            ("\x1b]0;x\x07", "\"␛]0;x␇\""),
            (" x ", "\" x \""),
        ];
        for (value, expected) in table {
            assert_eq!(written(value), expected, "{value:?}");
        }
    }

    #[test]
    fn a_reader_of_csv_gets_the_harmless_value_back() {
        for value in ["a,b", "\"", "x\r\ny", "=1", "\u{202e}", "é;ü"] {
            let line = format!("{},end\r\n", written(value));
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(line.as_bytes());
            let record = reader.records().next().unwrap().unwrap();
            assert_eq!(&record[1], "end");
            assert!(!record[0].starts_with(['=', '+', '-', '@', '\t', '\r']), "{value:?}");
            assert!(!record[0].chars().any(char::is_control), "{value:?}");
        }
    }
}
