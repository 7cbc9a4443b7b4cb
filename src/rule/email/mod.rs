//! E-mail addresses: one mailbox, stored in lower case.
//!
//! An address is that of RFC 5321, section 4.1.2, as far as people and mail systems use it: an unquoted local part,
//! one `@`, a domain of at least two labels. Quoted local parts, display names and domain literals are rejected. The
//! whole address is folded to lower case, because it is a key: two spellings of one mailbox must not become two users.
//!
//! A domain beyond ASCII (IDNA) is stored as Unicode, in lower case and NFC, and its other spelling (`xn--…`) is
//! turned into the same (`domain`). So all spellings are one key, and an export shows a name that people can read. A
//! local part beyond ASCII (RFC 6531) is a warning, since not every mail system delivers to it; so is a domain that
//! looks like a typing mistake in the domain of a large provider (`slip`).

mod domain;
mod normal;
mod punycode;
mod repair;
mod shape;
mod slip;

use self::normal::normal_form;
use self::shape::Flaw;
use super::cell::{CellFinding, NormalForm};
use crate::fault;
use crate::record::Code;

/// An e-mail address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Email;

impl Email {
    /// See [`Rule::validate`](super::Rule::validate).
    #[inline]
    #[allow(clippy::unused_self)] // all rules have the same signature
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        match shape::of(cell) {
            Ok(shape) if shape.is_plain() && !fault::slow() => {
                warn_of_slip(cell, shape.at, findings);
                NormalForm::Same
            }
            Ok(shape) if !shape.is_international() => {
                out.clear();
                out.push_str(cell);
                out.make_ascii_lowercase();
                warn_of_slip(out, shape.at, findings);
                NormalForm::of(cell, out)
            }
            Err(flaw) if cell.is_ascii() => reject(cell, flaw, findings),
            Ok(_) | Err(_) => validate_international(cell, out, findings),
        }
    }
}

#[cold]
fn reject(cell: &str, flaw: Flaw, findings: &mut Vec<CellFinding>) -> NormalForm {
    findings.push(CellFinding::new(Code::InvalidEmail, flaw.message()).suggest(repair::suggest(cell)));
    NormalForm::Rejected
}

/// Warns if the domain of an address in lower case is almost certainly a typing mistake.
#[inline]
fn warn_of_slip(address: &str, at: usize, findings: &mut Vec<CellFinding>) {
    if let Some(meant) = slip::meant(&address[at + 1..]) {
        let message = "the domain looks like a typing mistake";
        let better = format!("{}@{meant}", &address[..at]);
        findings.push(CellFinding::new(Code::UncertainEmail, message).suggest(Some(better)));
    }
}

#[cold]
fn validate_international(cell: &str, out: &mut String, findings: &mut Vec<CellFinding>) -> NormalForm {
    let normal = match normal_form(cell) {
        Ok(normal) => normal,
        Err(flaw) => return reject(cell, flaw, findings),
    };
    let at = normal.find('@').unwrap_or_default();
    if !normal[..at].is_ascii() {
        let message = "the part before the @ has characters beyond ASCII";
        findings.push(CellFinding::new(Code::NonAsciiMailbox, message));
    }
    warn_of_slip(&normal, at, findings);
    out.clear();
    out.push_str(&normal);
    NormalForm::of(cell, out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::stays;

    fn validate(cell: &str) -> (NormalForm, String, Vec<CellFinding>) {
        let (mut out, mut findings) = (String::new(), Vec::new());
        let fate = Email.validate(cell, None, &mut out, &mut findings);
        (fate, out, findings)
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
            "jan@xn--i-7iq.ws",                     // I❤.ws, a domain that exists
            &format!("jan@{}.cn", "中".repeat(35)), // 105 bytes, 63 at most in the encoded form
        ] {
            let (fate, _, findings) = validate(cell);
            assert_eq!((fate == NormalForm::Rejected, findings), (false, vec![]), "{cell}");
        }
        for (cell, normal) in [
            ("Piet.Jansen@Voorbeeld.NL", "piet.jansen@voorbeeld.nl"),
            ("INFO@MÜNCHEN.DE", "info@münchen.de"),
            ("info@xn--mnchen-3ya.de", "info@münchen.de"), // RFC 3492
            ("info@XN--MNCHEN-3YA.de", "info@münchen.de"),
            ("jan@ｇｍａｉｌ.com", "jan@gmail.com"), // UTS 46
            ("Jan@gmail。com", "jan@gmail.com"),
        ] {
            assert_eq!(validate(cell), (NormalForm::Rewritten, normal.to_owned(), vec![]));
            let (fate, _, findings) = validate(normal);
            assert_eq!((fate, findings), (NormalForm::Same, vec![]), "{normal}");
        }
    }

    #[test]
    fn a_mailbox_beyond_ascii_is_a_warning() {
        for (cell, fate) in
            [("josé@example.es", NormalForm::Same), ("JOSÉ@example.es", NormalForm::Rewritten)]
        {
            let (found, out, findings) = validate(cell);
            assert_eq!((found, findings.len(), findings[0].code), (fate, 1, Code::NonAsciiMailbox));
            assert!(fate == NormalForm::Same || out == "josé@example.es");
        }
    }

    #[test]
    fn wrong_addresses_are_rejected_with_a_suggestion_where_one_is_known() {
        let long_local = format!("{}@x.nl", "a".repeat(65));
        let long_label = format!("a@{}.nl", "b".repeat(64));
        let long = format!("{}@{}.nl", "a".repeat(60), vec!["b".repeat(60); 4].join("."));
        for (cell, suggestion) in [
            ("piet", None),
            ("@", None),
            ("@x.nl", None),
            ("piet@", None),
            ("piet@localhost", None),       // a dot is required in the domain
            ("piet@[192.0.2.1]", None),     // RFC 5321 4.1.3, a domain literal
            ("piet@192.0.2.1", None),       // RFC 3696 2, a top level is not all digits
            ("\"piet jansen\"@x.nl", None), // RFC 5321 4.1.2, Quoted-string
            (long_local.as_str(), None),    // RFC 5321 4.5.3.1.1
            (long_label.as_str(), None),    // RFC 1035 2.3.4
            (long.as_str(), None),          // RFC 5321 4.5.3.1.3, and erratum 1690 of RFC 3696
            ("a@-x.nl", None),              // RFC 1035 2.3.1
            ("a@x-.nl", None),              // RFC 1035 2.3.1
            ("a@my_host.nl", None),         // RFC 1035 2.3.1
            ("jan@xn--0.nl", None),         // RFC 5890 2.3.2.1, no A-label
            ("jan@⒈example.com", None),     // UTS 46, disallowed
            ("jan@中11111111112222222222333333333344444444445555555555666666.com", None), // RFC 1035 2.3.4
            ("a@x.nl b@x.nl", None),        // two addresses
            ("a@x.nl;b@x.nl", None),        // two addresses
            ("a\u{a0}b@x.nl", Some("ab@x.nl")), // a space that does not look like one
            (".piet@x.nl", Some("piet@x.nl")), // RFC 5322 3.2.3, dot-atom
            ("piet.@x.nl", Some("piet@x.nl")), // RFC 5322 3.2.3
            ("piet..j@x.nl", Some("piet.j@x.nl")), // RFC 5322 3.2.3
            ("piet@x..nl", Some("piet@x.nl")), // RFC 1035 2.3.1
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
            let (fate, _, findings) = validate(cell);
            assert_eq!((fate, findings.len()), (NormalForm::Rejected, 1), "{cell}");
            assert_eq!(
                (findings[0].code, findings[0].suggestion.as_deref()),
                (Code::InvalidEmail, suggestion),
                "{cell}"
            );
            assert!(cell.len() < 3 || !findings[0].message.contains(cell));
        }
    }

    #[test]
    fn an_address_with_a_typing_mistake_is_accepted_with_a_warning() {
        for (cell, fate, out) in [
            ("piet@gmial.com", NormalForm::Same, ""),
            ("Piet@GMIAL.com", NormalForm::Rewritten, "piet@gmial.com"),
        ] {
            let (found, text, findings) = validate(cell);
            assert_eq!((found, text.as_str(), findings.len()), (fate, out, 1));
            assert_eq!(
                (findings[0].code, findings[0].suggestion.as_deref()),
                (Code::UncertainEmail, Some("piet@gmail.com"))
            );
        }
    }

    #[test]
    fn a_mark_of_direction_is_no_part_of_an_address() {
        for cell in ["שלום\u{200F}@x.nl", "jan\u{202E}@x.nl"] {
            assert_eq!(validate(cell).0, NormalForm::Rejected, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(
            cell in "\\PC{0,12}@\\PC{0,12}|[a-zé]{1,4}@[a-zA-ZéÉßΣςｇ中。-]{0,8}\\.(com|xn--[a-z0-9-]{1,9})",
        ) {
            stays!(Email, &cell);
        }
    }
}
