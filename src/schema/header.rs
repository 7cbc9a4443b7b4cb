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
