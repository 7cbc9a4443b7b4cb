//! How headers are compared: one key for all spellings of a header. Matching the headers of a file with fields is left
//! to `source`.

/// The key of a header. Two headers are the same if their keys are: case, white space, `_`, `-` and `.` are ignored.
pub(crate) fn header_key(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// Whether a header fits a pattern, in which `*` is any text. Headers are compared as [`header_key`] does, but a space,
/// `_`, `-` or `.` beside a `*` must be there: `netsuite.*` is `NetSuite_Ref`, and not `netsuited`.
pub(crate) fn fits_pattern(pattern: &str, header: &str) -> bool {
    let pattern = folded(pattern);
    let is_star = |at: Option<usize>| at.and_then(|at| pattern.get(at)) == Some(&'*');
    let wanted = pattern
        .iter()
        .enumerate()
        .filter(|&(at, &c)| c != SEPARATOR || is_star(Some(at + 1)) || is_star(at.checked_sub(1)));
    let wanted: Vec<char> = wanted.map(|(_, &c)| c).collect();
    let header = folded(header);
    // Where to go on after the last star: it takes one more character each time.
    let (mut at, mut seen, mut last) = (0, 0, None);
    loop {
        match (wanted.get(at), header.get(seen)) {
            (Some('*'), _) => {
                at += 1;
                last = Some((at, seen));
            }
            (Some(want), Some(c)) if want == c => (at, seen) = (at + 1, seen + 1),
            (None, None) => return true,
            (want, Some(&SEPARATOR)) if want != Some(&SEPARATOR) && last != Some((at, seen)) => seen += 1,
            _ => match last {
                Some((after, from)) if from < header.len() => {
                    last = Some((after, from + 1));
                    (at, seen) = (after, from + 1);
                }
                _ => return false,
            },
        }
    }
}

/// What separates the words of a header, once it is folded.
const SEPARATOR: char = '.';

/// A header in lower case, with one separator for all of them between two words.
fn folded(header: &str) -> Vec<char> {
    let mut out = Vec::with_capacity(header.len());
    for c in header.trim().chars() {
        if c.is_whitespace() || matches!(c, '_' | '-' | '.') {
            if out.last() != Some(&SEPARATOR) {
                out.push(SEPARATOR);
            }
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// The one of `known` that `word` most likely meant, compared by [`header_key`].
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    crate::nearest::nearest(&header_key(word), known.into_iter().map(|known| (header_key(known), known)))
}

/// The default table column of a field: snake case, with `_` for dots.
pub(super) fn column_name(field: &str) -> String {
    let chars: Vec<char> = field.chars().collect();
    let mut column = String::with_capacity(field.len() + 4);
    for (i, &c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            column.push('_');
            continue;
        }
        let begins_word = c.is_uppercase()
            && i > 0
            && (chars[i - 1].is_lowercase()
                || chars[i - 1].is_numeric()
                || (chars[i - 1].is_uppercase() && chars.get(i + 1).is_some_and(|next| next.is_lowercase())));
        if begins_word {
            column.push('_');
        }
        column.extend(c.to_lowercase());
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_header_have_one_key() {
        for header in ["contact.firstName", "Contact First Name", "CONTACT_FIRST-NAME", " contactfirstname "]
        {
            assert_eq!(header_key(header), "contactfirstname");
        }
        assert_ne!(header_key("firstName"), header_key("lastName"));
    }

    #[test]
    fn a_pattern_has_stars_anywhere_and_keeps_the_separators_beside_them() {
        for (pattern, fitting, others) in [
            (
                "netsuite.*",
                &["netsuite.id", "NetSuite_Ref", "NETSUITE ID", "netsuite."][..],
                &["netsuited", "netsuite", "x.netsuite.id"][..],
            ),
            (
                "Custom Field*",
                &["Custom Field 1", "custom_field_2", "CustomField", "Custom  Field: x"],
                &["Custom", "My Custom Field"],
            ),
            (
                "* (deprecated)",
                &["Fax (deprecated)", "fax_(Deprecated)"],
                &["Fax(deprecated)", "(deprecated)"],
            ),
            ("cf_*_old", &["cf_a_old", "CF a b old"], &["cf_aold", "cf_old", "cf_a_old2"]),
            ("a*b*c", &["abc", "a-b-c", "axxbxxc", "abcbc"], &["acb", "ab"]),
            ("*", &["x", "", "."], &[]),
            ("shoe size", &["ShoeSize", "shoe-size"], &["shoe sizes"]),
        ] {
            for header in fitting {
                assert!(fits_pattern(pattern, header), "{pattern} {header}");
            }
            for header in others {
                assert!(!fits_pattern(pattern, header), "{pattern} {header}");
            }
        }
    }

    #[test]
    fn a_column_is_the_snake_case_of_its_field() {
        for (field, column) in [
            ("contact.firstName", "contact_first_name"),
            ("billingAddress.postalCode", "billing_address_postal_code"),
            ("legacyId", "legacy_id"),
            ("payment.IBANNumber", "payment_iban_number"),
            ("plan", "plan"),
        ] {
            assert_eq!(column_name(field), column);
        }
    }
}
