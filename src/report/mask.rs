//! Which values a report shows, and what it shows instead of the others: `NL** **** **** **** 12`. The same in
//! every report; only the rejected files hold all values.

/// Up to this many characters, a masked value shows none of them.
const SHORT: usize = 8;

/// The first two and the last two characters, stars between, in groups of four; a short value is all stars.
/// Spaces do not count.
pub(crate) fn mask(value: &str) -> String {
    let count = value.chars().filter(|c| !c.is_whitespace()).count();
    let open = |at: usize| count > SHORT && (at < 2 || at + 2 >= count);
    let mut out = String::with_capacity(count + count / 4);
    for (at, c) in value.chars().filter(|c| !c.is_whitespace()).enumerate() {
        if at > 0 && at % 4 == 0 {
            out.push(' ');
        }
        out.push(if open(at) { c } else { '*' });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_shows_only_its_ends() {
        for (value, expected) in [
            ("", ""),
            ("x", "*"),
            ("12345678", "**** ****"),
            ("123456789", "12** ***8 9"),
            ("NL91 ABNA 0417 1643 12", "NL** **** **** **** 12"),
            ("NL91ABNA0417164312", "NL** **** **** **** 12"),
            ("éà23 5678ßü", "éà** **** ßü"),
        ] {
            assert_eq!(mask(value), expected, "{value}");
        }
    }
}
