//! The shapes of VAT numbers, after their prefix. Sources: the European Commission's VIES "VAT identification number
//! structure"; HMRC VATREC for GB and XI; the Swiss MWSTG art. 28 with the UID register; the Norwegian Brønnøysund
//! register.

use std::borrow::Cow;

/// The shapes of one prefix.
pub(super) struct Shape {
    /// The two letters before the number.
    pub(super) prefix: &'static str,
    /// `#` is a digit, `@` a letter, `?` either; any other character is itself.
    masks: &'static [&'static str],
    /// Added before a number that was written without it.
    lead: &'static str,
    /// A number of this shape with its prefix, and with check digits that fit if they are known.
    pub(super) example: &'static str,
}

const fn shape(
    prefix: &'static str,
    masks: &'static [&'static str],
    lead: &'static str,
    example: &'static str,
) -> Shape {
    Shape { prefix, masks, lead, example }
}

/// In the order of their prefixes.
#[rustfmt::skip] // a table
static SHAPES: &[Shape] = &[
    shape("AT", &["U########"], "U", "ATU13585627"),
    // Until 2005 nine digits were the whole number; then all got a zero before them.
    shape("BE", &["0#########", "1#########"], "0", "BE0428759497"),
    shape("BG", &["#########", "##########"], "", "BG175074752"),
    shape("CH", &["E#########", "E#########MWST", "E#########TVA", "E#########IVA"], "E", "CHE100155212"),
    shape("CY", &["########@"], "", "CY10259033P"),
    shape("CZ", &["########", "#########", "##########"], "", "CZ25123891"),
    shape("DE", &["#########"], "", "DE136695976"),
    shape("DK", &["########"], "", "DK13585628"),
    shape("EE", &["#########"], "", "EE100931558"),
    shape("EL", &["#########"], "", "EL094259216"),
    shape("ES", &["@#######?", "########@"], "", "ESB64717838"),
    shape("FI", &["########"], "", "FI20774740"),
    shape("FR", &["??#########"], "", "FR40303265045"),
    shape("GB", GB, "", "GB980780684"),
    shape("HR", &["###########"], "", "HR33392005961"),
    shape("HU", &["########"], "", "HU12892312"),
    shape("IE", &["#######@", "#######@@", "#@#####@", "#+#####@", "#*#####@"], "", "IE6433435F"),
    shape("IT", &["###########"], "", "IT00743110157"),
    shape("LT", &["#########", "############"], "", "LT119511515"),
    shape("LU", &["########"], "", "LU15027442"),
    shape("LV", &["###########"], "", "LV40003521600"),
    shape("MT", &["########"], "", "MT11679112"),
    shape("NL", &["#########B##"], "", "NL123456789B13"),
    shape("NO", &["#########MVA", "#########"], "", "NO995525828MVA"),
    shape("PL", &["##########"], "", "PL8567346215"),
    shape("PT", &["#########"], "", "PT501964843"),
    shape("RO", &["##", "###", "####", "#####", "######", "#######", "########", "#########", "##########"], "", "RO18547290"),
    shape("SE", &["##########01"], "", "SE123456789701"),
    shape("SI", &["########"], "", "SI50223054"),
    shape("SK", &["##########"], "", "SK2022749619"),
    shape("XI", GB, "", "XI980780684"),
];

const GB: &[&str] = &["#########", "############", "GD###", "HA###"];

impl Shape {
    /// The whole number if `number`, without its prefix, has one of the shapes.
    pub(super) fn complete<'n>(&self, number: &'n str) -> Option<Cow<'n, str>> {
        if self.has(number) {
            return Some(Cow::Borrowed(number));
        }
        if self.lead.is_empty() {
            return None;
        }
        let whole = format!("{}{number}", self.lead);
        self.has(&whole).then_some(Cow::Owned(whole))
    }

    fn has(&self, number: &str) -> bool {
        let fits = |(byte, mask): (u8, u8)| match mask {
            b'#' => byte.is_ascii_digit(),
            b'@' => byte.is_ascii_uppercase(),
            // France does not use I and O, which look like digits.
            b'?' => {
                byte.is_ascii_digit()
                    || byte.is_ascii_uppercase() && (self.prefix != "FR" || !b"IO".contains(&byte))
            }
            own => byte == own,
        };
        self.masks.iter().any(|mask| mask.len() == number.len() && number.bytes().zip(mask.bytes()).all(fits))
    }
}

/// The shapes of a prefix; Greece's country code counts as its prefix.
pub(super) fn of_prefix(prefix: &str) -> Option<&'static Shape> {
    let prefix = if prefix == "GR" { "EL" } else { prefix };
    let at = SHAPES.binary_search_by(|shape| shape.prefix.cmp(prefix)).ok()?;
    Some(&SHAPES[at])
}

/// The shapes of a country (alpha-2). Monaco belongs to the French VAT territory, the Isle of Man to the British one.
pub(super) fn of_country(country: &str) -> Option<&'static Shape> {
    match country {
        "MC" => of_prefix("FR"),
        "IM" => of_prefix("GB"),
        // Prefixes that are not the code of a country.
        "XI" | "EL" => None,
        other => of_prefix(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::check_digits;
    use super::*;

    #[test]
    fn every_example_has_its_own_shape_and_check_digits() {
        for shape in SHAPES {
            let number = shape.example.strip_prefix(shape.prefix).unwrap();
            assert!(shape.has(number), "{}", shape.example);
            let found = of_prefix(shape.prefix).map(|shape| shape.example);
            assert_eq!(found, Some(shape.example), "the prefixes are in order");
            assert_ne!(check_digits::fit(shape.prefix, number), Some(false), "{}", shape.example);
        }
    }
}
