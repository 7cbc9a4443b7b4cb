//! How headers are told apart: one key for all spellings of a header. Finding the field of a real file's
//! header, and saying what does not fit, is left to `source`.

/// The key under which two headers are the same: case, white space, `_`, `-` and `.` are not looked at.
#[must_use]
pub(crate) fn header_key(header: &str) -> String {
    header
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '_' | '-' | '.'))
        .flat_map(char::to_lowercase)
        .collect()
}

/// The one of `known` that is nearest to `word`, where one is near enough to be a typing mistake.
/// Compared by [`header_key`]; at a tie the first one wins.
#[must_use]
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let word = header_key(word);
    // A third of the word may be wrong, so that short words are not matched with just anything.
    let limit = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &header_key(candidate)), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The table column of a field unless the schema names one: snake case, with `_` for dots.
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

    #[test]
    fn only_a_near_word_is_suggested() {
        let known = ["required", "references", "sensitive"];
        assert_eq!(nearest("requierd", known), Some("required"));
        assert_eq!(nearest("colour", known), None);
    }
}
