//! Findings packed into bytes until the reports are written: a few dozen bytes for each, because a place is kept as
//! the difference from the one before, and most messages repeat one of the last few.

use super::{Code, Finding, Location, Message, Related, Severity};

const SEVERITIES: [Severity; 4] =
    [Severity::Reject, Severity::Duplicate, Severity::Warning, Severity::Ignore];

/// How many of the last messages are compared with a new one.
const COMPARED: usize = 4;

/// Appends `findings` to `out`: the numbers, then all texts, then the length of the texts. [`unpack`] takes exactly
/// what one call appended.
pub(crate) fn pack(findings: &[Finding], out: &mut Vec<u8>) {
    let mut texts = String::new();
    let mut before = Location::whole_file(0, 0);
    let mut messages: Vec<&Message> = Vec::new();
    number(out, findings.len() as u64);
    for finding in findings {
        let place = &finding.location;
        number(out, u64::from(place.file));
        number(out, place.record.wrapping_sub(before.record));
        number(out, place.line_start.wrapping_sub(before.line_start));
        number(out, place.line_end.wrapping_sub(place.line_start));
        number(out, place.byte_start.wrapping_sub(before.byte_start));
        number(out, place.byte_end.wrapping_sub(place.byte_start));
        before = *place;
        number(out, finding.column.map_or(0, |column| u64::from(column) + 1));
        number(out, finding.field.map_or(0, |field| u64::from(field) + 1));
        out.push(finding.severity as u8);
        out.push(finding.code as u8);
        text(out, &mut texts, &finding.value);
        let known = messages.iter().rev().take(COMPARED).position(|known| **known == finding.message);
        number(out, known.map_or(0, |back| back as u64 + 1));
        if known.is_none() {
            messages.push(&finding.message);
            text(out, &mut texts, &finding.message);
        }
        out.push(u8::from(finding.suggestion.is_some()) | u8::from(finding.related.is_some()) << 1);
        if let Some(suggestion) = &finding.suggestion {
            text(out, &mut texts, suggestion);
        }
        if let Some(related) = finding.related {
            number(out, u64::from(related.entity));
            number(out, u64::from(related.file));
            number(out, related.record);
        }
    }
    out.extend_from_slice(texts.as_bytes());
    out.extend_from_slice(&(texts.len() as u64).to_le_bytes());
}

/// The findings that [`pack`] appended; `None` if the bytes are not what it writes.
pub(crate) fn unpack(bytes: &[u8]) -> Option<Vec<Finding>> {
    let (bytes, length) = bytes.split_last_chunk()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
    let (numbers, texts) = bytes.split_at_checked(bytes.len().checked_sub(length)?)?;
    // All texts are checked in one go: most have only a few bytes.
    let mut bytes = Bytes { numbers, texts: std::str::from_utf8(texts).ok()? };
    let count = usize::try_from(bytes.number()?).ok()?;
    // A finding has more than one byte, so a wrong count cannot make this larger than the bytes allow.
    let mut findings = Vec::with_capacity(count.min(numbers.len()));
    let mut before = Location::whole_file(0, 0);
    let mut messages: Vec<Message> = Vec::new();
    for _ in 0..count {
        let file = bytes.small()?;
        let record = bytes.number()?.wrapping_add(before.record);
        let line_start = bytes.number()?.wrapping_add(before.line_start);
        let line_end = bytes.number()?.wrapping_add(line_start);
        let byte_start = bytes.number()?.wrapping_add(before.byte_start);
        let byte_end = bytes.number()?.wrapping_add(byte_start);
        let location = Location { file, record, line_start, line_end, byte_start, byte_end };
        before = location;
        let column = bytes.position()?;
        let field = bytes.position()?;
        let severity = *SEVERITIES.get(usize::from(bytes.byte()?))?;
        let code = *Code::ALL.get(usize::from(bytes.byte()?))?;
        let value = bytes.text()?.into();
        let message = match usize::try_from(bytes.number()?).ok()? {
            0 => {
                messages.push(bytes.text()?.to_owned().into());
                messages.last()?.clone()
            }
            back => messages.get(messages.len().checked_sub(back)?)?.clone(),
        };
        let more = bytes.byte()?;
        let suggestion = if more & 1 == 0 { None } else { Some(bytes.text()?.into()) };
        let related = match more & 2 {
            0 => None,
            _ => Some(Related { entity: bytes.small()?, file: bytes.small()?, record: bytes.number()? }),
        };
        findings.push(Finding {
            location,
            column,
            field,
            severity,
            code,
            value,
            message,
            suggestion,
            related,
        });
    }
    (bytes.numbers.is_empty() && bytes.texts.is_empty()).then_some(findings)
}

/// LEB128: seven bits a byte, the lowest first; the eighth bit says that more bytes follow.
#[inline]
fn number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

#[inline]
fn text(out: &mut Vec<u8>, texts: &mut String, text: &str) {
    number(out, text.len() as u64);
    texts.push_str(text);
}

/// What is not unpacked yet.
struct Bytes<'a> {
    numbers: &'a [u8],
    texts: &'a str,
}

impl<'a> Bytes<'a> {
    #[inline]
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.numbers.split_first()?;
        self.numbers = rest;
        Some(*first)
    }

    #[inline]
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u16> {
        u16::try_from(self.number()?).ok()
    }

    /// The outer `None` is an error, the inner one an absent position.
    #[allow(clippy::option_option)]
    fn position(&mut self) -> Option<Option<u16>> {
        match self.number()? {
            0 => Some(None),
            more => u16::try_from(more - 1).ok().map(Some),
        }
    }

    #[inline]
    fn text(&mut self) -> Option<&'a str> {
        let len = usize::try_from(self.number()?).ok()?;
        let (text, rest) = self.texts.split_at_checked(len)?;
        self.texts = rest;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn findings() -> impl Strategy<Value = Vec<Finding>> {
        let location = (any::<u16>(), any::<[u64; 5]>()).prop_map(|(file, n)| Location {
            file,
            record: n[0],
            line_start: n[1],
            line_end: n[2],
            byte_start: n[3],
            byte_end: n[4],
        });
        let message = prop_oneof![
            Just(Message::Static("is wrong")),
            Just(Message::Static("is wrong, too")),
            ".{0,9}".prop_map(Message::from),
        ];
        let related = (any::<u16>(), any::<u16>(), any::<u64>()).prop_map(|(entity, file, record)| Related {
            entity,
            file,
            record,
        });
        let about = (0..SEVERITIES.len(), 0..Code::ALL.len());
        let words = (".{0,40}", message, proptest::option::of(".{0,9}"), proptest::option::of(related));
        let one = (location, any::<Option<u16>>(), any::<Option<u16>>(), about, words);
        let one = one.prop_map(|(location, column, field, (severity, code), words)| Finding {
            location,
            column,
            field,
            severity: SEVERITIES[severity],
            code: Code::ALL[code],
            value: words.0.into(),
            message: words.1,
            suggestion: words.2.map(Into::into),
            related: words.3,
        });
        prop::collection::vec(one, 0..40)
    }

    proptest! {
        #[test]
        fn what_was_packed_is_unpacked_and_a_part_of_it_is_refused(findings in findings(), cut in any::<u16>()) {
            let mut bytes = Vec::new();
            pack(&findings, &mut bytes);
            prop_assert_eq!(unpack(&bytes), Some(findings));
            prop_assert_eq!(unpack(&bytes[..usize::from(cut) % bytes.len()]), None);
        }
    }

    #[test]
    fn severities_and_codes_are_listed_at_their_own_numbers() {
        assert!(SEVERITIES.iter().enumerate().all(|(at, &severity)| severity as usize == at));
        assert!(Code::ALL.iter().enumerate().all(|(at, &code)| code as usize == at));
        assert!(Code::ALL.len() <= 256);
    }
}
