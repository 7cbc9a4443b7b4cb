//! A language tag: well-formed by BCP 47 (RFC 5646, section 2.1), stored in the usual case (`nl`, `en-GB`,
//! `zh-Hant-TW`). Whether its subtags are registered is not checked, with one exception: no language subtag of four
//! to eight letters is registered, and without that rule `Dutch` would be a well-formed tag.

use super::cell::{CellFinding, NormalForm};
use super::letters::letters;
use crate::record::Code;

/// Tags that are older than the grammar and do not follow it (RFC 5646, `irregular`), in their registered case.
const IRREGULAR: [&str; 17] = [
    "en-GB-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-BE-FR",
    "sgn-BE-NL",
    "sgn-CH-DE",
];

/// Names that people write instead of a tag: in Dutch, English, German and the language itself, by their letters.
const NAMES: [(&str, &[&str]); 16] = [
    ("nl", &["nederlands", "dutch", "niederlandisch", "hollands", "vlaams", "flemish"]),
    ("en", &["engels", "english", "englisch"]),
    ("de", &["duits", "german", "deutsch"]),
    ("fr", &["frans", "french", "franzosisch", "francais"]),
    ("es", &["spaans", "spanish", "spanisch", "espanol"]),
    ("it", &["italiaans", "italian", "italienisch", "italiano"]),
    ("pt", &["portugees", "portuguese", "portugiesisch", "portugues"]),
    ("pl", &["pools", "polish", "polnisch", "polski"]),
    ("tr", &["turks", "turkish", "turkisch", "turkce"]),
    ("da", &["deens", "danish", "danisch", "dansk"]),
    ("sv", &["zweeds", "swedish", "schwedisch", "svenska"]),
    ("no", &["noors", "norwegian", "norwegisch", "norsk"]),
    ("fi", &["fins", "finnish", "finnisch", "suomi"]),
    ("cs", &["tsjechisch", "czech", "tschechisch", "cestina"]),
    ("fy", &["fries", "frisian", "friesisch", "frysk"]),
    ("uk", &["oekraiens", "ukrainian", "ukrainisch"]),
];

/// A language tag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Language;

impl Language {
    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        if matches!(cell.as_bytes(), [b'a'..=b'z', b'a'..=b'z']) {
            return NormalForm::Same;
        }
        if normal(cell, out) {
            return NormalForm::of(cell, out);
        }
        let message = "is not a language tag (BCP 47) such as nl or en-GB";
        findings.push(CellFinding::new(Code::InvalidLanguage, message).suggest(suggestion(cell)));
        NormalForm::Rejected
    }
}

/// Appends the cell in its usual case, if it is a tag.
fn normal(cell: &str, out: &mut String) -> bool {
    // No tag in use is nearly as long, and a cell may be a megabyte.
    const LONGEST: usize = 255;
    if cell.len() > LONGEST {
        return false;
    }
    if let Some(known) = IRREGULAR.iter().find(|tag| tag.eq_ignore_ascii_case(cell)) {
        out.push_str(known);
        return true;
    }
    let fits = well_formed(cell);
    if fits {
        usual_case(cell, out);
    }
    fits
}

/// The grammar of RFC 5646, section 2.1, with the rules of section 2.2.9 on repeated subtags.
fn well_formed(tag: &str) -> bool {
    let sound = |subtag: &str| {
        matches!(subtag.len(), 1..=8) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !tag.split('-').all(sound) {
        return false;
    }
    let mut rest = tag;
    if !is_private(rest) {
        if take(&mut rest, |s| matches!(s.len(), 2 | 3) && is_alphabetic(s)).is_none() {
            return false;
        }
        for _extended_language in 0..3 {
            take(&mut rest, |s| s.len() == 3 && is_alphabetic(s));
        }
        take(&mut rest, |script| script.len() == 4 && is_alphabetic(script));
        take(&mut rest, |region| match region.len() {
            2 => is_alphabetic(region),
            3 => region.bytes().all(|byte| byte.is_ascii_digit()),
            _ => false,
        });
        let is_variant = |s: &str| s.len() >= 5 || s.len() == 4 && s.as_bytes()[0].is_ascii_digit();
        let mut seen = Vec::new();
        while let Some(variant) = take(&mut rest, is_variant) {
            if repeated(&mut seen, variant) {
                return false;
            }
        }
        seen.clear();
        while let Some(singleton) = take(&mut rest, |s| s.len() == 1 && !s.eq_ignore_ascii_case("x")) {
            if repeated(&mut seen, singleton) || take(&mut rest, |s| s.len() >= 2).is_none() {
                return false;
            }
            while take(&mut rest, |s| s.len() >= 2).is_some() {}
        }
    }
    rest.is_empty() || is_private(rest) && rest.contains('-')
}

/// Takes the next subtag if it is the wanted one. No subtag of the tag is empty.
fn take<'t>(rest: &mut &'t str, is_wanted: impl Fn(&str) -> bool) -> Option<&'t str> {
    let (first, others) = rest.split_once('-').unwrap_or((rest, ""));
    (!first.is_empty() && is_wanted(first)).then(|| {
        *rest = others;
        first
    })
}

fn repeated<'t>(seen: &mut Vec<&'t str>, subtag: &'t str) -> bool {
    let known = seen.iter().any(|other| other.eq_ignore_ascii_case(subtag));
    seen.push(subtag);
    known
}

fn is_private(rest: &str) -> bool {
    rest.split('-').next().is_some_and(|first| first.eq_ignore_ascii_case("x"))
}

fn is_alphabetic(subtag: &str) -> bool {
    subtag.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// RFC 5646, section 2.1.1: all in lower case, except that subtags of two letters are in capitals and subtags of four
/// begin with one, unless they begin the tag or come after a singleton.
fn usual_case(tag: &str, out: &mut String) {
    let mut start = out.len();
    out.push_str(tag);
    out[start..].make_ascii_lowercase();
    for (at, subtag) in tag.split('-').enumerate() {
        match subtag.len() {
            1 => break,
            2 if at > 0 => out[start..start + 2].make_ascii_uppercase(),
            4 if at > 0 => out[start..=start].make_ascii_uppercase(),
            _ => {}
        }
        start += subtag.len() + 1;
    }
}

fn suggestion(cell: &str) -> Option<String> {
    if cell.len() > 64 {
        return None;
    }
    // The locale names of POSIX: nl_NL, nl_NL.UTF-8.
    let locale = cell.split(['.', '@']).next().unwrap_or_default().replace('_', "-");
    let mut tag = String::new();
    if locale.contains('-') && normal(&locale, &mut tag) {
        return Some(tag);
    }
    let name = letters(cell);
    NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(tag, _)| (*tag).to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    #[test]
    fn well_formed_tags_get_their_usual_case() {
        // RFC 5646, appendix A.
        for tag in [
            "de",
            "nl",
            "i-enochian",
            "zh-Hant",
            "zh-cmn-Hans-CN",
            "sr-Latn-RS",
            "sl-rozaj-biske",
            "de-CH-1901",
            "hy-Latn-IT-arevela",
            "es-419",
            "en-US-u-islamcal",
            "zh-CN-a-myext-x-private",
            "x-whatever",
            "qaa-Qaaa-QM-x-southern",
            "en-a-myext-b-another",
            "mn-Cyrl-MN",
            "art-lojban",
            "en-GB-oed",
            "sgn-BE-FR",
            "zh-min-nan",
        ] {
            for cell in [tag.to_owned(), tag.to_lowercase(), tag.to_uppercase()] {
                let (result, _) = validated!(Language, &cell);
                assert_eq!(result.as_deref(), Some(tag), "{cell}");
            }
        }
    }

    #[test]
    fn another_text_is_rejected_with_the_tag_that_it_means() {
        // RFC 5646, appendix A, "Some Invalid Tags", and what legacy systems hold.
        for (cell, suggestion) in [
            ("de-419-DE", None),
            ("a-DE", None),
            ("ar-a-aaa-b-bbb-a-ccc", None),
            ("nl_NL", Some("nl-NL")),
            ("nl_NL.UTF-8", Some("nl-NL")),
            ("Dutch", Some("nl")),
            ("Nederlands", Some("nl")),
            ("Français", Some("fr")),
            ("Klingon", None),
            ("n", None),
            ("nl-", None),
            ("-nl", None),
            ("nl--NL", None),
            ("x", None),
            ("nl-x", None),
            ("en-a", None),
            ("sl-rozaj-rozaj", None),
            ("nl-NL-abcdefghi", None),
            ("ñl", None),
            ("1", None),
        ] {
            let (result, findings) = validated!(Language, cell);
            assert_eq!((result, findings[0].code), (None, Code::InvalidLanguage), "{cell}");
            assert_eq!(findings[0].suggestion.as_deref(), suggestion, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(cell in "\\PC{0,12}|[a-zA-Z]{1,3}(-[a-zA-Z0-9]{1,9}){0,4}") {
            stays!(Language, &cell);
        }
    }
}
