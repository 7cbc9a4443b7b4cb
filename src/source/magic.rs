//! Files that are not text, recognised by their first bytes.

const SAVE: &str = "save it as CSV";
const UNPACK: &str = "unpack it, and give the files that were in it";
const DECOMPRESS: &str = "decompress it first";

/// The kind of a file that begins like this, if it is a known kind other than text, and what to do with it.
pub(super) fn not_text(prefix: &[u8]) -> Option<(&'static str, &'static str)> {
    let holds = |needle: &[u8]| memchr::memmem::find(prefix, needle).is_some();
    Some(match prefix {
        [b'P', b'K', 3 | 5, 4 | 6, ..] if holds(b"xl/") => ("an Excel workbook (.xlsx)", SAVE),
        [b'P', b'K', 3 | 5, 4 | 6, ..] if holds(b"opendocument.spreadsheet") => {
            ("a spreadsheet (.ods)", SAVE)
        }
        [b'P', b'K', 3 | 5, 4 | 6, ..] => ("a zip archive", UNPACK),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => ("an old Excel or Word file (.xls, .doc)", SAVE),
        [b'%', b'P', b'D', b'F', b'-', ..] => ("a PDF", SAVE),
        [0x89, b'P', b'N', b'G', ..] => ("a picture (PNG)", SAVE),
        [0xFF, 0xD8, 0xFF, ..] => ("a picture (JPEG)", SAVE),
        [b'P', b'A', b'R', b'1', ..] => ("a Parquet file", SAVE),
        [0x1F, 0x8B, 8, ..] => ("compressed with gzip a second time", DECOMPRESS),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => ("compressed with zstd a second time", DECOMPRESS),
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', ..] => ("compressed with bzip2", DECOMPRESS),
        [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => ("compressed with xz", DECOMPRESS),
        [b'7', b'z', 0xBC, 0xAF, ..] => ("a 7-Zip archive", UNPACK),
        _ if prefix.starts_with(b"SQLite format 3\0") => ("an SQLite database", SAVE),
        _ => return None,
    })
}

/// Whether more than a twentieth of the code units, and at least eight, are NULs or other control characters that
/// text does not have. About a ninth of compressed or encrypted bytes are.
pub(super) fn mostly_control(shadow: &[u8]) -> bool {
    let odd = shadow.iter().filter(|unit| matches!(unit, 0..=8 | 0x0E..=0x1F | 0x7F)).count();
    odd >= 8 && odd * 20 > shadow.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_kinds_are_named() {
        for (prefix, word) in [
            (&b"PK\x03\x04....xl/workbook.xml"[..], "Excel"),
            (b"PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "spreadsheet"),
            (b"PK\x05\x06", "zip"),
            (b"\xD0\xCF\x11\xE0\xA1", "Excel"),
            (b"%PDF-1.7", "PDF"),
            (b"\x89PNG\r\n", "PNG"),
            (b"\xFF\xD8\xFF\xE0", "JPEG"),
            (b"PAR1\x15", "Parquet"),
            (b"\x1F\x8B\x08\0", "gzip"),
        ] {
            assert!(not_text(prefix).is_some_and(|(what, _)| what.contains(word)), "{word}");
        }
        for text in [&b""[..], b"PK,name\n", b"email\n", b"\xFF\xFEa\0"] {
            assert_eq!(not_text(text), None);
        }
        assert!(mostly_control(&[0; 20]) && !mostly_control(b"a,b\0\0\n1,2\0\n"));
    }
}
