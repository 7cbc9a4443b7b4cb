//! Text, and what is done to every raw cell before a rule sees it: [`cleanse`].
//!
//! A cleansed cell is in NFC (Unicode Standard Annex #15) and has no white space at its ends (the Unicode property
//! `White_Space`), no invisible characters and no control characters (general category Cc, which includes a tab
//! inside a cell). Line breaks (LF, CR, U+0085, U+2028, U+2029) are kept unchanged where the schema allows them;
//! elsewhere they count as control characters.
//!
//! Always dropped: U+FEFF (byte order mark), U+200B (zero-width space), U+2060 (word joiner), U+00AD (soft
//! hyphen). The joiners U+200C and U+200D are dropped unless both neighbours belong to an emoji or to a script that
//! uses joiners (Arabic, Persian, the Indic scripts), where they are part of the spelling. The marks of writing direction
//! (`Bidi_Control`) are dropped at the ends of a cell, and everywhere in a text without a right-to-left letter, where
//! they are left over from copying.

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

use super::cell::{CellFinding, NormalForm};
use crate::fault;

/// Free text.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    multiline: bool,
}

impl Text {
    /// Free text; `multiline` allows line breaks.
    pub(crate) fn new(multiline: bool) -> Self {
        Self { multiline }
    }

    /// Whether line breaks are allowed; [`cleanse`] needs to know.
    pub(crate) fn multiline(&self) -> bool {
        self.multiline
    }

    /// See [`Rule::validate`](super::Rule::validate). A cleansed cell is its own normal form. For plain cells this is
    /// not called: `src/read/step.rs` takes them as they are.
    pub(crate) fn validate(
        &self,
        _cell: &str,
        _sibling: Option<&str>,
        _out: &mut String,
        _notes: &mut Vec<CellFinding>,
    ) -> NormalForm {
        NormalForm::Same
    }
}

/// A cleansed cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleansed<'c> {
    /// A part of the raw cell, not copied.
    Part(&'c str),
    /// The text in the buffer.
    Copied,
    /// None: there is a control character at this byte of the raw cell, or a line break that is not allowed.
    Control(usize),
}

/// Prepares a raw cell for its rule: trims Unicode white space, normalises to NFC, and drops invisible characters. A
/// clean ASCII cell is not copied. `buffer` is emptied first. Cleansing a cleansed cell changes nothing.
#[inline]
pub(crate) fn cleanse<'c>(raw: &'c str, multiline: bool, buffer: &mut String) -> Cleansed<'c> {
    buffer.clear();
    let trimmed = raw.trim_ascii();
    if !fault::slow() && is_printable_ascii(trimmed.as_bytes()) {
        return Cleansed::Part(trimmed);
    }
    cleanse_slowly(raw, multiline, buffer)
}

/// Whether all bytes are in 0x20..=0x7E. Looks at eight at a time.
#[inline]
pub(crate) fn is_printable_ascii(bytes: &[u8]) -> bool {
    let dirt = |word: [u8; 8]| dirt_of(u64::from_le_bytes(word));
    let Some(&last) = bytes.last_chunk::<8>() else {
        return bytes.iter().all(|byte| (0x20..0x7F).contains(byte));
    };
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().fold(dirt(last), |all, &word| all | dirt(word)) == 0
}

/// Not 0 if one of the eight bytes is outside 0x20..=0x7E.
#[inline]
pub(crate) fn dirt_of(word: u64) -> u64 {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    const SPACES: u64 = 0x2020_2020_2020_2020;
    const ONES: u64 = 0x0101_0101_0101_0101;
    // A byte below 0x20 borrows, DEL carries into its high bit, and all other wrong bytes have that bit set. A
    // borrow from the next byte happens only if the result is not 0 already.
    (word | word.wrapping_sub(SPACES) | word.wrapping_add(ONES)) & HIGH
}

/// Whether a cell is empty once it is cleansed.
pub(crate) fn is_blank(raw: &str) -> bool {
    raw.trim_start_matches(is_edge).is_empty()
}

/// What is cut off the ends of a cell.
fn is_edge(c: char) -> bool {
    c.is_whitespace() || is_dropped(c) || is_joiner(c) || is_direction_mark(c)
}

#[inline(never)]
fn cleanse_slowly<'c>(raw: &'c str, multiline: bool, buffer: &mut String) -> Cleansed<'c> {
    let kept = raw.trim_start_matches(is_edge);
    let start = raw.len() - kept.len();
    let kept = kept.trim_end_matches(is_edge);

    let mut invisible = false;
    let mut highest = '\0';
    for (at, c) in kept.char_indices() {
        // Nearly all of them: printable ASCII, and the letters of Latin and its extensions.
        if matches!(c, ' '..='~' | '\u{AE}'..='\u{2FF}') {
            continue;
        }
        if is_line_break(c) {
            if !multiline {
                return Cleansed::Control(start + at);
            }
        } else if c.is_control() {
            return Cleansed::Control(start + at);
        }
        invisible |= is_dropped(c) || is_joiner(c) || is_direction_mark(c);
        highest = highest.max(c);
    }
    // Below U+0300 every text is in NFC.
    let normal = || highest < '\u{300}' || matches!(is_nfc_quick(kept.chars()), IsNormalized::Yes);
    if !invisible && normal() {
        return Cleansed::Part(kept);
    }

    drop_invisible(kept, buffer);
    loop {
        // Normalising may turn a joiner's neighbour into a Latin letter (U+212B is Å), and dropping the joiner may
        // let its neighbours compose. Each round but the last drops at least one character.
        let normal: String = buffer.nfc().collect();
        drop_invisible(&normal, buffer);
        if *buffer == normal {
            break;
        }
    }
    if buffer == kept { Cleansed::Part(kept) } else { Cleansed::Copied }
}

fn drop_invisible(text: &str, buffer: &mut String) {
    buffer.clear();
    let mut previous = None;
    let keeps_direction = text.chars().any(is_right_to_left);
    let is_kept = |&c: &char| !is_dropped(c) && (keeps_direction || !is_direction_mark(c));
    let mut rest = text.chars().filter(is_kept).peekable();
    while let Some(c) = rest.next() {
        let works = previous.is_some_and(uses_joiners) && rest.peek().copied().is_some_and(uses_joiners);
        if !is_joiner(c) || works {
            buffer.push(c);
            previous = Some(c);
        }
    }
}

fn is_dropped(c: char) -> bool {
    matches!(c, '\u{FEFF}' | '\u{200B}' | '\u{2060}' | '\u{AD}')
}

/// Unicode's property `Bidi_Control`.
pub(super) fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The blocks of the scripts that are written from right to left.
fn is_right_to_left(c: char) -> bool {
    let is_in_block = matches!(
        c,
        '\u{590}'..='\u{8FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}'
            | '\u{1E800}'..='\u{1EFFF}'
    );
    is_in_block && !is_direction_mark(c)
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
}

/// Whether a joiner next to this character can have a meaning: scripts from Hebrew on, and emoji; not the Latin and
/// Greek blocks after U+1E00, and no punctuation.
fn uses_joiners(c: char) -> bool {
    c >= '\u{590}' && !matches!(c, '\u{1E00}'..='\u{1FFF}' | '\u{2000}'..='\u{206F}') && !c.is_whitespace()
}

fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleansed(raw: &str, multiline: bool) -> Result<String, usize> {
        let mut buffer = String::from("left over");
        match cleanse(raw, multiline, &mut buffer) {
            Cleansed::Part(part) => Ok(part.to_owned()),
            Cleansed::Copied => Ok(buffer),
            Cleansed::Control(at) => Err(at),
        }
    }

    #[test]
    fn a_clean_cell_is_not_copied() {
        let mut buffer = String::new();
        for raw in ["", "a", "Jansen & Zn. (BV)", " Jansen ", "Café Zoë", "\u{A0}Łódź\u{3000}", "東京"]
        {
            assert!(matches!(cleanse(raw, false, &mut buffer), Cleansed::Part(_)), "{raw:?}");
        }
    }

    #[test]
    fn each_kind_of_invisible_character_is_dropped() {
        // UAX #15 for NFC; the Unicode property White_Space; UTS #51 for emoji sequences.
        for (raw, want) in [
            ("\u{FEFF}Jan", "Jan"),
            ("\u{200B} \tJan\u{AD}sen\u{2060}", "Jansen"),
            ("Cafe\u{301}", "Café"),
            ("\u{212B}ngstrom", "Ångstrom"),
            ("e\u{200B}\u{301}", "é"),
            ("Jan\u{200D}sen", "Jansen"),
            ("\u{202F}\u{2003}x\u{85}\u{2029}", "x"),
            ("👩\u{200D}💻", "👩\u{200D}💻"),
            ("👩\u{200D}", "👩"),
            ("می\u{200C}خواهم", "می\u{200C}خواهم"),
            ("a\u{200D}\u{212B}", "aÅ"),
            ("\u{202D}+31612345678\u{202C}", "+31612345678"),
            ("jan\u{200E}@gmail.com\u{200E}", "jan@gmail.com"),
            ("A\u{2066}1\u{2069}2\u{61C}", "A12"),
            ("\u{200F}שלום\u{200F} 12\u{200F}", "שלום\u{200F} 12"),
        ] {
            assert_eq!(cleansed(raw, false).as_deref(), Ok(want), "{raw:?}");
        }
    }

    #[test]
    fn control_characters_are_found_with_their_position() {
        for (raw, single, multi) in [
            ("a\tb", Err(1), Err(1)),
            (" é\u{7}", Err(3), Err(3)),
            ("12345678\u{7F}", Err(8), Err(8)),
            ("a\u{9D}", Err(1), Err(1)),
            ("a\nb", Err(1), Ok("a\nb")),
            ("a\r\nb\u{2028}c", Err(1), Ok("a\r\nb\u{2028}c")),
            ("\u{FEFF}\ta\n", Ok("a"), Ok("a")),
            ("a\u{1F}", Err(1), Err(1)),
        ] {
            assert_eq!(cleansed(raw, false), single.map(str::to_owned), "{raw:?}");
            assert_eq!(cleansed(raw, true), multi.map(str::to_owned), "{raw:?}");
        }
    }

    #[test]
    fn the_quick_check_for_ascii_agrees_with_the_slow_one() {
        for length in 0..20 {
            for at in 0..length {
                for byte in 0..=255_u8 {
                    let mut bytes = vec![b'x'; length];
                    bytes[at] = byte;
                    assert_eq!(is_printable_ascii(&bytes), (0x20..=0x7E).contains(&byte), "{bytes:?}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn cleansing_twice_is_cleansing_once(
            raw in "(\\PC|[ \u{200B}-\u{200F}\u{202A}-\u{202E}\u{5D0}\u{301}\u{327}\u{212B}\u{1FEF}\u{FEFF}\u{1F469}\u{627}\n]){0,12}",
            multiline: bool,
        ) {
            if let Ok(once) = cleansed(&raw, multiline) {
                prop_assert_eq!(once.trim(), &once);
                prop_assert_eq!(cleansed(&once, multiline), Ok(once));
            }
        }
    }
}
