//! Which values a report shows, and what stands where it does not: `NL** **** **** **** 12`. The same in
//! every report; the rejected files alone hold everything.

use std::borrow::Cow;

use crate::record::{Finding, Level};
use crate::settings::ShownValues;

use super::context::Entity;

/// Up to how many characters nothing of a masked value is shown.
const SHORT: usize = 8;

impl ShownValues {
    /// Whether the value and the suggestion of `finding` are masked.
    #[must_use]
    pub(crate) fn hides(self, entity: &Entity, finding: &Finding) -> bool {
        match self {
            Self::All => false,
            Self::None => finding.code.level() != Level::File,
            Self::NotSensitive => match entity.field(finding) {
                Some(field) => field.sensitive,
                // Of a whole record any part may be a sensitive cell.
                None => finding.code.level() != Level::File && entity.fields.iter().any(|f| f.sensitive),
            },
        }
    }

    /// `value` as this finding may show it.
    #[must_use]
    pub(crate) fn shown<'a>(self, entity: &Entity, finding: &Finding, value: &'a str) -> Cow<'a, str> {
        if self.hides(entity, finding) { Cow::Owned(mask(value)) } else { Cow::Borrowed(value) }
    }
}

/// The first two and the last two characters, stars between, in groups of four; of a short value stars
/// alone. Spaces do not count.
#[must_use]
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
    fn a_masked_value_shows_its_ends_alone() {
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
