//! What spreadsheets do to telephone numbers: formulas that hold text, apostrophes, scientific notation, decimals.
//! Whether the rest is a number is left to others.

/// Removes what was put around a number so that a spreadsheet does not read it as a quantity: `="0612345678"`,
/// `='0612345678'` and a leading apostrophe.
pub(super) fn unwrap(cell: &str) -> &str {
    let inner = match cell.strip_prefix('=') {
        Some(formula) => {
            let formula = formula.trim_start();
            ['"', '\'']
                .iter()
                .find_map(|quote| formula.strip_prefix(*quote)?.strip_suffix(*quote))
                .unwrap_or(cell)
        }
        None => cell,
    };
    inner.trim().trim_start_matches('\'').trim_start()
}

/// Whether `text` is a number in scientific notation (`3.16123E+10`, `3,16123e10`), and if so, its digits if none of
/// them were lost: `3.1612345678E+10` still has all of them.
#[allow(clippy::option_option)] // Whether it is one, and which digits it has: one pass finds both.
pub(super) fn scientific(text: &str) -> Option<Option<String>> {
    let (mantissa, exponent) = text.split_once(['e', 'E'])?;
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || exponent.is_empty() || exponent.len() > 3 {
        return None;
    }
    if !(digits(whole) && digits(fraction) && digits(exponent.strip_prefix('-').unwrap_or(exponent))) {
        return None;
    }
    let complete = exponent.parse() == Ok(fraction.len()) && !fraction.is_empty();
    Some(complete.then(|| format!("{whole}{fraction}")))
}

/// The digits before the decimals that a program wrote for a number that it took for a quantity (`301234567.0`).
pub(super) fn without_decimals(text: &str) -> Option<&str> {
    // Fewer digits before the mark may be an area code.
    const LEAST: usize = 6;
    let (whole, decimals) = text.split_once(['.', ','])?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_number =
        digits(whole.strip_prefix('+').unwrap_or(whole)) && whole.len() >= LEAST && digits(decimals);
    (is_number && (decimals.len() == 1 || decimals.bytes().all(|byte| byte == b'0'))).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappings_are_removed() {
        for cell in
            ["=\"0612345678\"", "='0612345678'", "'0612345678", "= \"0612345678\"", "=\" 0612345678 \""]
        {
            assert_eq!(unwrap(cell), "0612345678", "{cell}");
        }
        for cell in ["0612345678", "=A1+B2", "=\"0612345678'"] {
            assert_eq!(unwrap(cell), cell);
        }
    }

    #[test]
    fn decimals_are_recognised() {
        for (text, whole) in [
            ("301234567.0", Some("301234567")),
            ("+31612345678.0", Some("+31612345678")),
            ("31612345678,00", Some("31612345678")),
            ("612345678.5", Some("612345678")),
            ("0612345678", None),
            ("06.12345678", None),
            ("06.12.34.56.00", None),
            ("030.1234560", None),
            ("612345678.12", None),
            ("612345678.", None),
        ] {
            assert_eq!(without_decimals(text), whole, "{text}");
        }
    }

    #[test]
    fn scientific_notation_is_recognised_and_lost_digits_are_not_invented() {
        for text in ["3.16123E+10", "3,16123E+10", "3.16123e10", "6E8", "-3.1E+05", "3.16E-7"] {
            assert_eq!(scientific(text), Some(None), "{text}");
        }
        assert_eq!(scientific("3.1612345678E+10"), Some(Some("31612345678".to_owned())));
        for text in ["0612345678", "E10", "3.1E", "3.1E+1000", "0800E-FLOW", "3.1.2E+5"] {
            assert_eq!(scientific(text), None, "{text}");
        }
    }
}
