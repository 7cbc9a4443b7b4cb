//! E-mail addresses: one mailbox, kept in lower case.
//!
//! The address is that of RFC 5321, section 4.1.2, as far as people and mail systems use it: an unquoted
//! local part, one `@`, a domain of at least two labels. A quoted local part, a display name and a domain
//! literal are refused. The whole address is folded to lower case, because it is a key: two spellings of one
//! mailbox must not become two users.
//!
//! A domain beyond ASCII (IDNA) is kept as Unicode, lower case, NFC, and its other spelling (`xn--…`) is
//! turned into the same (`label`): a person reads in an export what was imported, and both spellings are
//! one key. A local part beyond ASCII (RFC 6531) is a warning, since not every mail system delivers to it;
//! so is a domain that is a slip of the pen away from a large provider's (`slip`).

mod label;
mod repair;
mod shape;
mod slip;

use unicode_normalization::UnicodeNormalization;

use self::shape::Shape;
use super::{Fate, Note};
use crate::fault;
use crate::record::Code;

/// An e-mail address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Email {}

impl Email {
    /// An e-mail address.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self {}
    }

    /// See [`super::Rule::judge`].
    #[inline]
    #[allow(clippy::unused_self)] // every rule is judged in the same way
    pub(crate) fn judge(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        notes: &mut Vec<Note>,
    ) -> Fate {
        match shape::of(cell) {
            Ok(shape) if fault::slow() && !shape.is_international() => {
                let normal = normal_form(cell, &shape);
                note_slip(&normal, shape.at, notes);
                let fate = if normal == cell { Fate::Same } else { Fate::Rewritten };
                *out = normal;
                fate
            }
            Ok(shape) if shape.is_plain() => {
                note_slip(cell, shape.at, notes);
                Fate::Same
            }
            Ok(shape) if !shape.is_international() => {
                out.clear();
                out.push_str(cell);
                out.make_ascii_lowercase();
                note_slip(out, shape.at, notes);
                Fate::Rewritten
            }
            Ok(shape) => keep_international(cell, &shape, out, notes),
            Err(flaw) => {
                let note = Note::new(Code::InvalidEmail, flaw.message());
                notes.push(match repair::suggest(cell) {
                    Some(better) => note.suggest(better),
                    None => note,
                });
                Fate::Rejected
            }
        }
    }
}

/// Warns where the domain of an address in lower case is nearly surely a slip.
#[inline]
fn note_slip(address: &str, at: usize, notes: &mut Vec<Note>) {
    if let Some(meant) = slip::meant(&address[at + 1..]) {
        let message = "the domain looks like a typing error";
        notes.push(Note::new(Code::UncertainEmail, message).suggest(format!("{}@{meant}", &address[..at])));
    }
}

#[cold]
fn keep_international(cell: &str, shape: &Shape, out: &mut String, notes: &mut Vec<Note>) -> Fate {
    if !cell[..shape.at].is_ascii() {
        notes.push(Note::new(Code::NonAsciiMailbox, "the part before the @ holds characters beyond ascii"));
    }
    let normal = normal_form(cell, shape);
    if normal == cell {
        return Fate::Same;
    }
    out.clear();
    out.push_str(&normal);
    Fate::Rewritten
}

fn normal_form(cell: &str, shape: &Shape) -> String {
    let lower: String =
        if cell.is_ascii() { cell.to_ascii_lowercase() } else { cell.to_lowercase().nfc().collect() };
    if !shape.has_encoded_label() {
        return lower;
    }
    let Some((local, domain)) = lower.split_once('@') else { return lower };
    let labels: Vec<_> = domain.split('.').map(label::to_unicode).collect();
    format!("{local}@{}", labels.join("."))
}

/// The normal form of an address that is right as it stands.
fn valid(cell: &str) -> Option<String> {
    shape::of(cell).ok().map(|shape| normal_form(cell, &shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(cell: &str) -> (Fate, String, Vec<Note>) {
        let (mut out, mut notes) = (String::new(), Vec::new());
        let fate = Email::new().judge(cell, None, &mut out, &mut notes);
        (fate, out, notes)
    }

    #[test]
    fn right_addresses_are_kept_in_lower_case() {
        let local = "a".repeat(64);
        let label = "b".repeat(63);
        let longest = format!("{local}@{label}.{label}.{}.nl", "c".repeat(57));
        assert_eq!(longest.len(), 253);
        for cell in [
            "piet@voorbeeld.nl",
            "a@b.cd",
            "piet.jansen+laadpaal@mail.voorbeeld.co.uk",
            "!#$%&'*+-/=?^_`{|}~@example.com", // RFC 5322 3.2.3, atext
            "1234567890@example.com",
            "a@1-2.example", // RFC 1123 2.1, a label may begin with a digit
            &longest,        // RFC 5321 4.5.3.1
            "info@münchen.de",
            "info@xn--mnchen-3ya.example",
        ] {
            let (fate, _, notes) = judge(cell);
            assert_eq!((fate == Fate::Rejected, notes), (false, vec![]), "{cell}");
        }
        for (cell, normal) in [
            ("Piet.Jansen@Voorbeeld.NL", "piet.jansen@voorbeeld.nl"),
            ("INFO@MÜNCHEN.DE", "info@münchen.de"),
            ("info@xn--mnchen-3ya.de", "info@münchen.de"), // RFC 3492
            ("info@XN--MNCHEN-3YA.de", "info@münchen.de"),
        ] {
            assert_eq!(judge(cell), (Fate::Rewritten, normal.to_owned(), vec![]));
            assert_eq!(judge(normal), (Fate::Same, String::new(), vec![]), "{normal}");
        }
    }

    #[test]
    fn a_mailbox_beyond_ascii_is_a_warning() {
        for (cell, fate) in [("josé@example.es", Fate::Same), ("JOSÉ@example.es", Fate::Rewritten)] {
            let (found, out, notes) = judge(cell);
            assert_eq!((found, notes.len(), notes[0].code), (fate, 1, Code::NonAsciiMailbox));
            assert!(fate == Fate::Same || out == "josé@example.es");
        }
    }

    #[test]
    fn wrong_addresses_are_rejected_with_what_can_be_known() {
        let long_local = format!("{}@x.nl", "a".repeat(65));
        let long_label = format!("a@{}.nl", "b".repeat(64));
        let long = format!("{}@{}.nl", "a".repeat(60), vec!["b".repeat(60); 4].join("."));
        for (cell, suggestion) in [
            ("piet", None),
            ("@", None),
            ("@x.nl", None),
            ("piet@", None),
            ("piet@localhost", None),              // a dot is required in the domain
            ("piet@[192.0.2.1]", None),            // RFC 5321 4.1.3, a domain literal
            ("piet@192.0.2.1", None),              // RFC 3696 2, a top level is not all digits
            ("\"piet jansen\"@x.nl", None),        // RFC 5321 4.1.2, Quoted-string
            (long_local.as_str(), None),           // RFC 5321 4.5.3.1.1
            (long_label.as_str(), None),           // RFC 1035 2.3.4
            (long.as_str(), None),                 // RFC 5321 4.5.3.1.3, and erratum 1690 of RFC 3696
            ("a@-x.nl", None),                     // RFC 1035 2.3.1
            ("a@x-.nl", None),                     // RFC 1035 2.3.1
            ("a@my_host.nl", None),                // RFC 1035 2.3.1
            ("a@x.nl b@x.nl", None),               // two addresses
            ("a@x.nl;b@x.nl", None),               // two addresses
            ("a\u{a0}b@x.nl", Some("ab@x.nl")),    // a space that does not look like one
            (".piet@x.nl", Some("piet@x.nl")),     // RFC 5322 3.2.3, dot-atom
            ("piet.@x.nl", Some("piet@x.nl")),     // RFC 5322 3.2.3
            ("piet..j@x.nl", Some("piet.j@x.nl")), // RFC 5322 3.2.3
            ("piet@x..nl", Some("piet@x.nl")),     // RFC 1035 2.3.1
            ("piet@x.nl.", Some("piet@x.nl")),
            ("piet@x.nl,", Some("piet@x.nl")),
            ("piet@@gmail.com", Some("piet@gmail.com")),
            ("piet@gmail,com", Some("piet@gmail.com")),
            ("piet@gmial,com", Some("piet@gmail.com")),
            ("piet@@hotmial.com", Some("piet@hotmail.com")),
            ("piet@@outlok.com", Some("piet@outlook.com")),
            ("piet@@gmail.con", Some("piet@gmail.com")),
            ("piet@@bedrijf.con", Some("piet@bedrijf.com")),
            ("piet@@ziggo.n", Some("piet@ziggo.nl")),
            ("piet@gmailcom", Some("piet@gmail.com")),
            ("piet@gmail", Some("piet@gmail.com")),
            ("piet@hotmail", None), // .com or .nl
            ("piet gmail.com", Some("piet@gmail.com")),
            ("piet bedrijf.nl", None),
            ("piet @ x.nl", Some("piet@x.nl")),
            ("piet(at)x.nl", Some("piet@x.nl")),
            ("mailto:Piet@x.nl", Some("piet@x.nl")),
            ("Piet Jansen <Piet@X.nl>", Some("piet@x.nl")), // RFC 5322 3.4, name-addr
            ("<piet@x.nl>", Some("piet@x.nl")),
        ] {
            let (fate, _, notes) = judge(cell);
            assert_eq!((fate, notes.len()), (Fate::Rejected, 1), "{cell}");
            assert_eq!(
                (notes[0].code, notes[0].suggestion.as_deref()),
                (Code::InvalidEmail, suggestion),
                "{cell}"
            );
            assert!(cell.len() < 3 || !notes[0].message.contains(cell));
        }
    }

    #[test]
    fn a_typing_error_that_is_an_address_comes_in_with_a_warning() {
        for (cell, fate, out) in
            [("piet@gmial.com", Fate::Same, ""), ("Piet@GMIAL.com", Fate::Rewritten, "piet@gmial.com")]
        {
            let (found, text, notes) = judge(cell);
            assert_eq!((found, text.as_str(), notes.len()), (fate, out, 1));
            assert_eq!(
                (notes[0].code, notes[0].suggestion.as_deref()),
                (Code::UncertainEmail, Some("piet@gmail.com"))
            );
        }
    }
}
