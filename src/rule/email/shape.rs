//! Whether a cell has the shape of an address, in one pass over its bytes. The normal form is left to `normal`.

use unicode_normalization::char::is_combining_mark;

use crate::rule::text::is_direction_mark;

/// The longest address in bytes (RFC 5321, section 4.5.3.1.3, and erratum 1690 of RFC 3696).
pub(super) const LONGEST: usize = 254;

/// A character of an atom (RFC 5322, section 3.2.3, `atext`).
const ATOM: u8 = 1;
/// A letter or a digit, or a dash: a character of a label (RFC 1035, section 2.3.1).
const LABEL: u8 = 2;
/// An upper-case letter.
const UPPER: u8 = 4;
/// A byte of a character beyond ASCII.
const BEYOND: u8 = 8;
/// Any character of a label but a digit: a top-level domain needs one.
const WORD: u8 = 16;
/// The domain has a label that begins with `xn--`. Not the class of a byte, but collected with them.
const ENCODED: u8 = 32;

static CLASS: [u8; 256] = classes();

#[allow(clippy::cast_possible_truncation)] // below 256
const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'0'..=b'9' => ATOM | LABEL,
            b'a'..=b'z' | b'-' => ATOM | LABEL | WORD,
            b'A'..=b'Z' => ATOM | LABEL | WORD | UPPER,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'/' | b'=' | b'?' | b'^' | b'_'
            | b'`' | b'{' | b'|' | b'}' | b'~' => ATOM,
            0x80..=0xff => ATOM | LABEL | WORD | BEYOND,
            _ => 0,
        };
        byte += 1;
    }
    classes
}

/// The shape of an address.
#[derive(Debug)]
pub(super) struct Shape {
    /// The position of the `@`.
    pub(super) at: usize,
    seen: u8,
}

impl Shape {
    /// Whether the address is its own normal form.
    #[inline]
    pub(super) fn is_plain(&self) -> bool {
        self.seen & (UPPER | BEYOND | ENCODED) == 0
    }

    /// Whether the address has characters beyond ASCII, or a domain that encodes some.
    #[inline]
    pub(super) fn is_international(&self) -> bool {
        self.seen & (BEYOND | ENCODED) != 0
    }
}

/// Why a cell is not an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    NoAt,
    SecondAt,
    Space,
    Quoted,
    Bracket,
    Character,
    Dots,
    NoDot,
    Dash,
    DigitsOnly,
    LongLocal,
    LongLabel,
    Long,
    Encoded,
}

impl Flaw {
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::NoAt => "an e-mail address has an @",
            Self::SecondAt => "an e-mail address has only one @",
            Self::Space => "an e-mail address has no space in it",
            Self::Quoted => "a quoted part before the @ is not accepted",
            Self::Bracket => "the address must be alone, without a name or brackets",
            Self::Character => "an e-mail address cannot have one of these characters",
            Self::Dots => "a dot is first, last or next to another dot",
            Self::NoDot => "the domain has no dot",
            Self::Dash => "a part of the domain begins or ends with a dash",
            Self::DigitsOnly => "the domain ends in digits only",
            Self::LongLocal => "the part before the @ is longer than 64 bytes",
            Self::LongLabel => "a part of the domain is longer than 63 bytes",
            Self::Encoded => "a part of the domain begins with xn-- and does not encode a name",
            Self::Long => "the address is longer than 254 bytes",
        }
    }
}

/// Reads a cell from left to right; the first flaw is returned.
#[inline]
pub(super) fn of(cell: &str) -> Result<Shape, Flaw> {
    let bytes = cell.as_bytes();
    let mut seen = 0;
    let mut start = 0;
    let mut i = 0;
    let at = loop {
        let Some(&byte) = bytes.get(i) else { return Err(Flaw::NoAt) };
        let class = CLASS[usize::from(byte)];
        if class & ATOM == 0 {
            match byte {
                b'@' | b'.' if i == start => {
                    return Err(if i == 0 && byte == b'@' { Flaw::NoAt } else { Flaw::Dots });
                }
                b'@' => break i,
                b'.' => start = i + 1,
                _ => return Err(unfit(byte)),
            }
        }
        seen |= class;
        i += 1;
    };
    if at > 64 {
        return Err(Flaw::LongLocal);
    }
    // Beyond ASCII the length in another form counts; see `domain`.
    if bytes.len() > LONGEST && cell.is_ascii() {
        return Err(Flaw::Long);
    }
    let mut labels = 0;
    let mut rest = &bytes[at + 1..];
    let last = loop {
        let mut in_label = 0;
        let length = rest.iter().position(|&byte| {
            let class = CLASS[usize::from(byte)];
            in_label |= class;
            class & LABEL == 0
        });
        let label = &rest[..length.unwrap_or(rest.len())];
        labels += 1;
        seen |= in_label;
        match length.map(|length| rest[length]) {
            Some(b'.') | None if label.is_empty() => {
                return Err(if labels == 1 && length.is_none() { Flaw::NoDot } else { Flaw::Dots });
            }
            None | Some(b'.') => {}
            Some(other) => return Err(unfit(other)),
        }
        if label.len() > 63 && in_label & BEYOND == 0 {
            return Err(Flaw::LongLabel);
        }
        if label[0] == b'-' || label[label.len() - 1] == b'-' {
            return Err(Flaw::Dash);
        }
        if label.len() > 4 && label[..4].eq_ignore_ascii_case(b"xn--") {
            seen |= ENCODED;
        }
        match length {
            Some(length) => rest = &rest[length + 1..],
            None => break in_label,
        }
    };
    if labels < 2 {
        return Err(Flaw::NoDot);
    }
    if last & WORD == 0 {
        return Err(Flaw::DigitsOnly);
    }
    if seen & BEYOND != 0 {
        beyond_ascii(cell, at)?;
    }
    Ok(Shape { at, seen })
}

fn unfit(byte: u8) -> Flaw {
    match byte {
        b'@' => Flaw::SecondAt,
        b' ' | b'\t' => Flaw::Space,
        b'"' => Flaw::Quoted,
        b'<' | b'>' | b'[' | b']' | b'(' | b')' => Flaw::Bracket,
        _ => Flaw::Character,
    }
}

/// RFC 6531 allows any character in a local part; RFC 5892 allows letters, digits, marks and two middle dots in a
/// label.
#[cold]
fn beyond_ascii(cell: &str, at: usize) -> Result<(), Flaw> {
    let (local, domain) = cell.split_at(at);
    if cell.chars().any(char::is_whitespace) {
        return Err(Flaw::Space);
    }
    let is_invisible = |c: char| c.is_control() || is_direction_mark(c);
    if local.chars().any(is_invisible) || !domain.chars().all(|c| c.is_ascii() || fits_label(c)) {
        return Err(Flaw::Character);
    }
    Ok(())
}

/// Whether a label can have this character.
pub(super) fn fits_label(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '·' | '・') || is_combining_mark(c)
}
