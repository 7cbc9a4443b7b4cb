//! Numbers of the right shape that no country issues. Sources: the European Commission's "Algorithms for VAT number
//! validation"; HMRC VATREC for GB and XI (government departments GD000 to GD499, health authorities HA500 to HA999); the
//! Spanish Orden EHA/451/2008 for the first letters.

/// Whether the number, which has a shape of the prefix, is never issued.
pub(super) fn never_issued(prefix: &str, number: &str) -> bool {
    let begins_with = |digits: &[u8]| number.bytes().next().is_some_and(|first| digits.contains(&first));
    // The digits of the holder: what follows is a branch, a suffix, or the same for all.
    let holder = match prefix {
        "NL" | "GB" | "XI" => number.get(..9),
        "SE" => number.get(..10),
        "FR" => number.get(2..),
        "IT" => number.get(..7),
        _ => None,
    };
    let mut digits = holder.unwrap_or(number).bytes().filter(u8::is_ascii_digit);
    if digits.all(|digit| digit == b'0') && !number.starts_with("GD") {
        return true;
    }
    match prefix {
        "DE" | "DK" | "HU" | "MT" | "PT" | "RO" | "SI" => begins_with(b"0"),
        "CZ" => number.len() == 8 && begins_with(b"9"),
        "CY" => number.starts_with("12"),
        "ES" => begins_with(b"IOT"),
        "GB" | "XI" => match number.split_at_checked(2) {
            Some(("GD", department)) => department >= "500",
            Some(("HA", authority)) => authority < "500",
            _ => false,
        },
        "NL" => number.ends_with("B00"),
        "SK" => begins_with(b"0") || !number.bytes().nth(2).is_some_and(|third| b"234789".contains(&third)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_cannot_be_are_known() {
        for (prefix, impossible, possible) in [
            ("AT", &["U00000000"][..], &["U13585627"][..]),
            ("BE", &["0000000000"], &["0428759497"]),
            ("BG", &["000000000", "0000000000"], &["175074752"]),
            ("CH", &["E000000000", "E000000000MWST"], &["E100155212"]),
            ("CY", &["00000000A", "12345678A"], &["10259033P"]),
            ("CZ", &["00000000", "91234567"], &["25123891", "991231123"]),
            ("DE", &["000000020", "012345678"], &["136695976"]),
            ("DK", &["00000000", "01234567"], &["13585628"]),
            ("EE", &["000000000"], &["100931558"]),
            ("EL", &["000000000"], &["094259216"]),
            ("ES", &["I1234567A", "T12345678", "00000000T"], &["B64717838", "54362315K", "X5253868R"]),
            ("FI", &["00000000"], &["20774740"]),
            ("FR", &["12000000000"], &["40303265045"]),
            (
                "GB",
                &["000000000", "GD500", "GD600", "GD999", "HA000", "HA201", "HA499"],
                &["980780684", "GD000", "GD499", "HA500", "HA999"],
            ),
            ("HR", &["00000000000"], &["33392005961"]),
            ("HU", &["00000000", "01234567"], &["12892312"]),
            ("IE", &["0000000W"], &["6433435F"]),
            ("IT", &["00000000000", "00000001234"], &["00743110157"]),
            ("LT", &["000000000"], &["119511515"]),
            ("LU", &["00000000"], &["15027442"]),
            ("LV", &["00000000000"], &["40003521600"]),
            ("MT", &["00000000", "01679112"], &["11679112"]),
            ("NL", &["009122746B00", "000000000B00", "000000000B01"], &["004495445B01", "002455799B11"]),
            ("NO", &["000000000MVA"], &["995525828MVA"]),
            ("PL", &["0000000000"], &["8567346215"]),
            ("PT", &["000000000", "012345678"], &["501964843"]),
            ("RO", &["00", "0000000000", "018547290"], &["18547290"]),
            ("SE", &["000000000001"], &["123456789701"]),
            ("SI", &["00000000", "01234567"], &["50223054"]),
            ("SK", &["0000000000", "0222749619", "2012749619"], &["2022749619"]),
            ("XI", &["000000000", "GD500", "HA499"], &["980780684"]),
        ] {
            for number in impossible {
                assert!(never_issued(prefix, number), "{prefix}{number}");
            }
            for number in possible {
                assert!(!never_issued(prefix, number), "{prefix}{number}");
            }
        }
    }
}
