//! A file's encoding: its name, how it is recognised from a prefix, and how bytes are decoded. Nothing is ever
//! replaced: bytes that cannot be decoded are reported with their position.

use encoding_rs::{DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::{SourceError, Utf8Evidence};

/// An encoding that muster reads. In all of them the delimiters, the quote and the line ends are single
/// code units with their ASCII values, so records can be split before anything is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8 (and so ASCII).
    Utf8,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// One byte for each character. In Windows-1252 the five bytes that it leaves undefined (81 8D 8F 90 9D)
    /// are C1 control characters, as WHATWG has it; the rules report those as `control-character`.
    SingleByte(&'static encoding_rs::Encoding),
}

impl Encoding {
    /// What is assumed if the bytes are not Unicode.
    pub(crate) const FALLBACK: Self = Self::SingleByte(WINDOWS_1252);

    /// The encoding with this label (WHATWG's labels, and `utf16le`, `utf16be`).
    /// Errors: the label is unknown, or names an encoding other than Unicode's with several bytes for a character.
    pub(crate) fn from_label(label: &str) -> Result<Self, SourceError> {
        let plain = match label.trim().to_ascii_lowercase().as_str() {
            "utf16le" => return Ok(Self::Utf16Le),
            "utf16be" => return Ok(Self::Utf16Be),
            _ => encoding_rs::Encoding::for_label_no_replacement(label.as_bytes()),
        };
        match plain {
            Some(found) if found == UTF_8 => Ok(Self::Utf8),
            Some(found) if found == UTF_16LE => Ok(Self::Utf16Le),
            Some(found) if found == UTF_16BE => Ok(Self::Utf16Be),
            Some(found) if found.is_single_byte() => Ok(Self::SingleByte(found)),
            _ => Err(SourceError::BadEncoding { given: label.to_owned() }),
        }
    }

    /// The name in reports, for example `utf-8` or `windows-1252`.
    pub(crate) fn name(&self) -> String {
        self.library().name().to_ascii_lowercase()
    }

    /// Whether a whole file's bytes prove that it is not in this encoding.
    pub(crate) fn is_refuted_by(self, evidence: Utf8Evidence) -> bool {
        match self {
            Self::Utf8 => !evidence.is_utf8(),
            Self::SingleByte(_) => evidence.valid > 0 && evidence.is_utf8(),
            Self::Utf16Le | Self::Utf16Be => false,
        }
    }

    /// Bytes in a code unit.
    pub(crate) fn unit(&self) -> usize {
        if matches!(self, Self::Utf16Le | Self::Utf16Be) { 2 } else { 1 }
    }

    /// The bytes of an ASCII text in this encoding.
    pub(crate) fn encode_ascii(&self, text: &str) -> Vec<u8> {
        match self {
            Self::Utf16Le => text.bytes().flat_map(|byte| [byte, 0]).collect(),
            Self::Utf16Be => text.bytes().flat_map(|byte| [0, byte]).collect(),
            Self::Utf8 | Self::SingleByte(_) => text.as_bytes().to_vec(),
        }
    }

    /// Decodes whole records. The text is a part of `bytes` if that is possible, else it is in `buf`.
    /// Errors: the offset in `bytes` of the first malformed sequence.
    pub(crate) fn decode<'a>(&self, bytes: &'a [u8], buf: &'a mut String) -> Result<&'a str, usize> {
        match self {
            Self::Utf8 => simdutf8::compat::from_utf8(bytes).map_err(|error| error.valid_up_to()),
            Self::SingleByte(_) if bytes.is_ascii() => {
                std::str::from_utf8(bytes).map_err(|error| error.valid_up_to())
            }
            Self::SingleByte(_) | Self::Utf16Le | Self::Utf16Be => self.transcode(bytes, buf),
        }
    }

    fn transcode<'a>(&self, bytes: &[u8], buf: &'a mut String) -> Result<&'a str, usize> {
        let mut decoder = self.library().new_decoder_without_bom_handling();
        buf.clear();
        // A code unit of these encodings becomes at most three bytes; the library needs a little more room at
        // the end.
        buf.reserve(bytes.len() / self.unit() * 3 + 16);
        let (result, read) = decoder.decode_to_string_without_replacement(bytes, buf, true);
        match result {
            DecoderResult::InputEmpty => Ok(buf),
            DecoderResult::Malformed(bad, after) => {
                Err(read.saturating_sub(usize::from(bad) + usize::from(after)))
            }
            DecoderResult::OutputFull => Err(read),
        }
    }

    /// Text for people, with `�` for what cannot be decoded.
    pub(super) fn decode_lossy(&self, bytes: &[u8]) -> String {
        self.library().decode_without_bom_handling(bytes).0.into_owned()
    }

    fn library(&self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::SingleByte(library) => library,
        }
    }

    /// The byte order mark in this encoding.
    fn mark(self) -> &'static [u8] {
        match self {
            Self::Utf8 => b"\xEF\xBB\xBF",
            Self::Utf16Le => b"\xFF\xFE",
            Self::Utf16Be => b"\xFE\xFF",
            Self::SingleByte(_) => b"",
        }
    }

    /// How many bytes of byte order marks the file begins with; some tools write two.
    pub(super) fn marks(self, prefix: &[u8]) -> usize {
        let mark = self.mark();
        if mark.is_empty() {
            return 0;
        }
        prefix.chunks(mark.len()).take(2).take_while(|chunk| *chunk == mark).count() * mark.len()
    }

    /// The encoding that a byte order mark names.
    pub(super) fn of_mark(prefix: &[u8]) -> Option<Self> {
        [Self::Utf8, Self::Utf16Le, Self::Utf16Be].into_iter().find(|each| each.marks(prefix) > 0)
    }

    /// The encoding that a prefix without a byte order mark is most probably in.
    pub(super) fn guess(prefix: &[u8], is_whole: bool) -> Self {
        if let Some(found) = utf16_by_nuls(prefix) {
            return found;
        }
        let whole = if is_whole { prefix } else { without_cut_sequence(prefix) };
        if Utf8Evidence::of(whole).is_utf8() { Self::Utf8 } else { Self::FALLBACK }
    }
}

/// UTF-16 is recognised by its NULs, in the first 64 units (the header is there, if the rows are in another script)
/// or in the first 32 Ki: in at least four of ten units the same byte is NUL, and in at most one of a hundred the
/// other byte.
fn utf16_by_nuls(prefix: &[u8]) -> Option<Encoding> {
    let units = prefix.as_chunks::<2>().0;
    [64, 32 * 1024].into_iter().find_map(|window| {
        let units = &units[..units.len().min(window)];
        let first = units.iter().filter(|unit| unit[0] == 0).count();
        let second = units.iter().filter(|unit| unit[1] == 0).count();
        let clear =
            |many: usize, few: usize| many > 1 && many * 10 >= units.len() * 4 && few * 100 <= units.len();
        match (clear(second, first), clear(first, second)) {
            (true, _) => Some(Encoding::Utf16Le),
            (_, true) => Some(Encoding::Utf16Be),
            _ => None,
        }
    })
}

/// The prefix without a sequence that may be cut off at its end.
fn without_cut_sequence(prefix: &[u8]) -> &[u8] {
    if std::str::from_utf8(&prefix[prefix.len().saturating_sub(3)..]).is_ok() {
        return prefix;
    }
    let tail = prefix.iter().rev().take(3).position(|byte| *byte >= 0xC0);
    tail.map_or(prefix, |back| &prefix[..prefix.len() - back - 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn labels_name_what_muster_reads() {
        for (label, name) in [
            ("UTF-8", "utf-8"),
            ("utf8", "utf-8"),
            ("utf-16le", "utf-16le"),
            ("UTF16BE", "utf-16be"),
            ("latin1", "windows-1252"),
            ("cp1252", "windows-1252"),
            ("iso-8859-15", "iso-8859-15"),
            ("macintosh", "macintosh"),
        ] {
            assert_eq!(Encoding::from_label(label).unwrap().name(), name, "{label}");
        }
        for label in ["shift_jis", "gbk", "utf-7", "ebcdic", ""] {
            assert!(matches!(Encoding::from_label(label), Err(SourceError::BadEncoding { .. })), "{label}");
        }
    }

    #[test]
    fn a_malformed_sequence_is_reported_at_its_byte() {
        let le = utf16("Zoë 😀", u16::to_le_bytes);
        let be = utf16("Zoë 😀", u16::to_be_bytes);
        let w1252 = Encoding::FALLBACK;
        let thai = Encoding::from_label("windows-874").unwrap();
        for (encoding, bytes, expected) in [
            (Encoding::Utf8, "Zoë".as_bytes(), Ok("Zoë")),
            (Encoding::Utf8, b"Zo\xEB,x", Err(2)),
            (Encoding::Utf16Le, &le, Ok("Zoë 😀")),
            (Encoding::Utf16Be, &be, Ok("Zoë 😀")),
            (Encoding::Utf16Le, b"a\0\x3D\xD8b\0", Err(2)),
            (Encoding::Utf16Le, b"a\0\x00\xDCb\0", Err(2)),
            (Encoding::Utf16Be, b"\0a\xD8\x3D", Err(2)),
            (Encoding::Utf16Le, b"a\0b", Err(2)),
            (w1252, b"plain", Ok("plain")),
            (w1252, b"Zo\xEB \x80", Ok("Zoë €")),
            (w1252, b"\x81", Ok("\u{81}")),
            (thai, b"ab\xFF", Err(2)),
        ] {
            assert_eq!(encoding.decode(bytes, &mut String::new()), expected, "{encoding:?} {bytes:x?}");
        }
    }

    #[test]
    fn an_encoding_is_recognised_from_a_prefix() {
        let le = utf16("email;rôle\r\n", u16::to_le_bytes);
        let be = utf16("email;rôle\r\n", u16::to_be_bytes);
        for (prefix, whole, expected) in [
            (&b"email,name\n"[..], true, Encoding::Utf8),
            (&le, true, Encoding::Utf16Le),
            (&be, true, Encoding::Utf16Be),
            (
                &utf16(&format!("{}\n{}", "naam;".repeat(12), "東".repeat(900)), u16::to_le_bytes),
                true,
                Encoding::Utf16Le,
            ),
            (b"Zo\xEB,x\n", true, Encoding::FALLBACK),
            (b"name\nZo\xC3\xAB,\xE2\x82", false, Encoding::Utf8),
            (b"name\nZo\xC3\xAB,\xC3\xAB,\xE2\x82", true, Encoding::Utf8),
            (b"name\nabc\xE2\x82", true, Encoding::FALLBACK),
            (b"email,x\na@b.nl,\0\n", true, Encoding::Utf8),
        ] {
            assert_eq!(Encoding::guess(prefix, whole), expected, "{prefix:x?}");
        }
        for (prefix, expected, marks) in [
            (&b"\xEF\xBB\xBFa"[..], Some(Encoding::Utf8), 3),
            (b"\xEF\xBB\xBF\xEF\xBB\xBFa", Some(Encoding::Utf8), 6),
            (b"\xFF\xFEa\0", Some(Encoding::Utf16Le), 2),
            (b"\xFE\xFF\xFE\xFF\0a", Some(Encoding::Utf16Be), 4),
            (b"\xEF\xBB", None, 0),
        ] {
            assert_eq!(Encoding::of_mark(prefix), expected, "{prefix:x?}");
            assert_eq!(expected.map_or(0, |each| each.marks(prefix)), marks, "{prefix:x?}");
        }
    }
}
