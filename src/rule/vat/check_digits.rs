//! Check digits of VAT numbers, and what else is published about numbers of the right shape.

/// No shape has more digits.
const MOST: usize = 16;

/// Whether the check digits fit; `None` if that is not known. `number` has a shape of the prefix.
pub(super) fn fit(prefix: &str, number: &str) -> Option<bool> {
    // Digits only; the rules of countries with letters look at `number` itself.
    let mut digits = [0; MOST];
    let values = number.chars().filter_map(|c| c.to_digit(10));
    let count = digits.iter_mut().zip(values).map(|(digit, value)| *digit = value).count();
    let n = &digits[..count];
    let value = |range: std::ops::Range<usize>| number.get(range)?.parse::<u32>().ok();
    Some(match prefix {
        "AT" => (6 + 10 - luhn(&n[..7])) % 10 == n[7],
        "BE" => 97 - value(0..8)? % 97 == value(8..10)?,
        "BG" => bulgaria(n),
        "CH" => (11 - weighted(n, &[5, 4, 3, 2, 7, 6, 5, 4]) % 11) % 11 == n[8],
        "CY" => cyprus(n, number.as_bytes()),
        "CZ" => czechia(n),
        "DE" | "HR" => mod_11_10(n),
        "DK" => weighted(n, &[2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11),
        "EE" => number.starts_with("10") && weighted(n, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10),
        "EL" => weighted(n, &[256, 128, 64, 32, 16, 8, 4, 2]) % 11 % 10 == n[8],
        "ES" => spain(number.as_bytes())?,
        "FI" => weighted(n, &[7, 9, 10, 5, 8, 4, 2, 1]).is_multiple_of(11),
        "FR" => france(number)?,
        "GB" | "XI" if number.len() >= 9 => {
            // Numbers from 100 on may follow the newer rule, which adds 55.
            matches!((weighted(n, &[8, 7, 6, 5, 4, 3, 2, 10, 1]) % 97, n[0]), (0, _) | (42 | 55, 1..))
        }
        "HU" => weighted(n, &[9, 7, 3, 1, 9, 7, 3, 1]).is_multiple_of(10),
        "IE" => ireland(number.as_bytes())?,
        "IT" => luhn(n) == 0 && matches!(value(7..10)?, 1..=100 | 120 | 121 | 888 | 999),
        "LT" => lithuania(n),
        "LU" => value(0..6)? % 89 == value(6..8)?,
        "LV" => latvia(n),
        "MT" => weighted(n, &[3, 4, 6, 7, 8, 9, 10, 1]).is_multiple_of(37),
        "NL" => weighted(n, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11 == n[8] || netherlands_since_2020(number),
        "NO" => (11 - weighted(n, &[3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11 == n[8],
        "PL" => weighted(n, &[6, 5, 7, 2, 3, 4, 5, 6, 7]) % 11 == n[9],
        "PT" => (11 - weighted(n, &[9, 8, 7, 6, 5, 4, 3, 2]) % 11) % 11 % 10 == n[8],
        "RO" => {
            let (last, rest) = n.split_last()?;
            let weights = [7, 5, 3, 2, 1, 7, 5, 3, 2];
            weighted(rest, &weights[weights.len() - rest.len()..]) * 10 % 11 % 10 == *last
        }
        "SE" => luhn(&n[..10]) == 0,
        "SI" => match 11 - weighted(n, &[8, 7, 6, 5, 4, 3, 2]) % 11 {
            10 => n[7] == 0,
            check => n[7] == check,
        },
        "SK" => number.parse::<u64>().ok()?.is_multiple_of(11),
        _ => return None,
    })
}

/// The sum of the first digits, each times its weight.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// ISO/IEC 7812-1 annex B: 0 for a number with its check digit.
fn luhn(digits: &[u32]) -> u32 {
    let doubled = |digit: u32| digit * 2 / 10 + digit * 2 % 10;
    digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, &digit)| if at % 2 == 1 { doubled(digit) } else { digit })
        .sum::<u32>()
        % 10
}

/// ISO/IEC 7064, MOD 11,10.
fn mod_11_10(digits: &[u32]) -> bool {
    let check = digits.iter().fold(5, |check, digit| {
        let doubled = if check == 0 { 10 } else { check } * 2 % 11;
        (doubled + digit) % 10
    });
    check == 1
}

/// Sole traders have numbers since 2020 that, with the country and letters as numbers (A = 10), are 1 mod 97.
fn netherlands_since_2020(number: &str) -> bool {
    "NL".chars()
        .chain(number.chars())
        .filter_map(|c| c.to_digit(36))
        .fold(0, |sum, digit| if digit < 10 { (sum * 10 + digit) % 97 } else { (sum * 100 + digit) % 97 })
        == 1
}

/// A SIREN after a key of two digits, or since 1994 of digits and letters.
fn france(number: &str) -> Option<bool> {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    let (key, siren) = number.split_at_checked(2)?;
    let digits: Vec<u32> = siren.chars().filter_map(|c| c.to_digit(10)).collect();
    let siren: u64 = siren.parse().ok()?;
    // Monaco's numbers begin with 000 and follow no SIREN.
    if !(luhn(&digits) == 0 || digits.starts_with(&[0, 0, 0])) {
        return Some(false);
    }
    if let Ok(key) = key.parse::<u64>() {
        return Some((siren * 100 + 12) % 97 == key);
    }
    let first = ALPHABET.find(key.get(..1)?)?;
    let second = ALPHABET.find(key.get(1..)?)?;
    let check = if first < 10 { first * 24 + second - 10 } else { first * 34 + second - 100 };
    Some((siren + 1 + (check / 11) as u64) % 11 == (check % 11) as u64)
}

/// Persons (DNI, NIE and the older K, L, M) have a letter, organisations (CIF) a letter or a digit.
fn spain(number: &[u8]) -> Option<bool> {
    const PERSON: &[u8; 23] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let [first, middle @ .., last] = number else { return None };
    let digits: Vec<u32> = middle.iter().filter_map(|byte| char::from(*byte).to_digit(10)).collect();
    let below = digits.iter().fold(0, |sum, digit| sum * 10 + digit);
    let letter = |lead: u32| PERSON[((lead * 10_000_000 + below) % 23) as usize];
    Some(match first {
        b'0'..=b'9' => letter(u32::from(first - b'0')) == *last,
        b'X'..=b'Z' => letter(u32::from(first - b'X')) == *last,
        b'K' | b'L' | b'M' => letter(0) == *last,
        _ => {
            let mut whole = digits;
            whole.push(0);
            let check = (10 - luhn(&whole)) % 10;
            *last == b"0123456789"[check as usize] || *last == b"JABCDEFGHI"[check as usize]
        }
    })
}

/// Seven digits and a letter that checks them; a second letter has the weight nine (W is 0, A is 1). Older numbers have
/// a letter or a sign as their second character: without it, their first digit is the last of the new form.
fn ireland(number: &[u8]) -> Option<bool> {
    let value = |letter: u8| if letter == b'W' { 0 } else { u32::from(letter - b'A') + 1 };
    let (digits, letters) = number.split_at_checked(7)?;
    let (check, more) = letters.split_first()?;
    let old = [b'0', digits[2], digits[3], digits[4], digits[5], digits[6], digits[0]];
    let digits = if digits[1].is_ascii_digit() { digits } else { &old };
    let digits: Vec<u32> = digits.iter().map(|&digit| u32::from(digit - b'0')).collect();
    let second = more.first().map_or(0, |&letter| value(letter) * 9);
    Some((weighted(&digits, &[8, 7, 6, 5, 4, 3, 2]) + second) % 23 == value(*check))
}

/// Nine digits for organisations; ten for persons, foreigners and others, each with its own check digit.
fn bulgaria(n: &[u32]) -> bool {
    let (last, rest) = (n[n.len() - 1], &n[..n.len() - 1]);
    if n.len() == 9 {
        let check = match weighted(rest, &[1, 2, 3, 4, 5, 6, 7, 8]) % 11 {
            10 => weighted(rest, &[3, 4, 5, 6, 7, 8, 9, 10]) % 11 % 10,
            check => check,
        };
        return check == last;
    }
    let person = weighted(rest, &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10;
    let foreigner = weighted(rest, &[21, 19, 17, 13, 11, 9, 7, 3, 1]) % 10;
    let other = (11 - weighted(rest, &[4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11) % 11;
    [person, foreigner, other].contains(&last)
}

/// A letter that checks eight digits.
fn cyprus(n: &[u32], number: &[u8]) -> bool {
    const ODD: [u32; 10] = [1, 0, 5, 7, 9, 13, 15, 17, 19, 21];
    let sum: u32 =
        n.iter().enumerate().map(|(at, &digit)| if at % 2 == 0 { ODD[digit as usize] } else { digit }).sum();
    u32::from(number[8] - b'A') == sum % 26
}

/// Eight digits for organisations; nine or ten for persons, whose birth numbers have no check digit before 1954.
fn czechia(n: &[u32]) -> bool {
    const WEIGHTS: [u32; 7] = [8, 7, 6, 5, 4, 3, 2];
    match n.len() {
        8 => {
            let check = (11 - weighted(n, &WEIGHTS) % 11) % 11;
            n[7] == if check == 0 { 1 } else { check % 10 }
        }
        9 if n[0] == 6 => {
            let check = weighted(&n[1..], &WEIGHTS) % 11;
            n[8] == (8 + 10 - (21 - check) % 11) % 10
        }
        9 => true,
        _ => {
            let above = n[..9].iter().fold(0_u64, |sum, &digit| sum * 10 + u64::from(digit));
            above % 11 % 10 == u64::from(n[9])
        }
    }
}

/// Nine digits for organisations and twelve for persons; the last but one is always 1.
fn lithuania(n: &[u32]) -> bool {
    let (last, rest) = (n[n.len() - 1], &n[..n.len() - 1]);
    let sum = |first: u32| -> u32 { (first..).zip(rest).map(|(at, digit)| (1 + at % 9) * digit).sum() };
    let check = match sum(0) % 11 {
        10 => sum(2) % 11 % 10,
        check => check,
    };
    n[n.len() - 2] == 1 && check == last
}

/// Organisations begin with 4 to 9, persons with the day of birth, and since 2017 with 32.
fn latvia(n: &[u32]) -> bool {
    if n[0] > 3 {
        return weighted(n, &[9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1]) % 11 == 3;
    }
    (1 + weighted(n, &[10, 5, 8, 4, 2, 1, 6, 3, 7, 9])) % 11 % 10 == n[10]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_numbers_fit_and_altered_ones_do_not() {
        // Examples of python-stdnum.
        for (prefix, right, wrong) in [
            ("AT", &["U13585627"][..], &["U13585626"][..]),
            ("BE", &["0403019261", "0428759497"], &["0431150351"]),
            ("BG", &["175074752", "7523169263", "1001000000"], &["175074751", "7523169260"]),
            ("CH", &["E100155212", "E100155212MWST"], &["E100155213"]),
            ("CY", &["10259033P"], &["10259033Z"]),
            (
                "CZ",
                &["25123891", "7103192745", "640903926", "991231123"],
                &["25123890", "1103492745", "640903927"],
            ),
            ("DE", &["136695976"], &["136695978"]),
            ("DK", &["13585628"], &["13585627"]),
            ("EE", &["100931558", "100594102"], &["100594103"]),
            ("EL", &["094259216"], &["123456781"]),
            (
                "ES",
                &["B64717838", "54362315K", "X5253868R", "J99216582", "M1234567L"],
                &["B64717839", "54362315Z"],
            ),
            ("FI", &["20774740"], &["20774741"]),
            ("FR", &["40303265045", "23334175221", "K7399859412", "4Z123456782"], &["84323140391"]),
            ("GB", &["980780684"], &["802311781"]),
            ("HR", &["33392005961"], &["33392005962"]),
            ("HU", &["12892312"], &["12892313"]),
            ("IE", &["6433435F", "6433435OA", "8D79739I"], &["6433435E"]),
            ("IT", &["00743110157"], &["00743110158"]),
            ("LT", &["119511515", "100001919017", "100004801610"], &["100001919018", "119511505"]),
            ("LU", &["15027442"], &["15027443"]),
            ("LV", &["40003521600", "16117519997"], &["40003521601", "16117519998"]),
            ("MT", &["11679112"], &["11679113"]),
            ("NL", &["004495445B01", "002455799B11"], &["123456789B90"]),
            ("NO", &["995525828MVA"], &["995525829MVA"]),
            ("PL", &["8567346215"], &["8567346216"]),
            ("PT", &["501964843"], &["501964842"]),
            ("RO", &["18547290"], &["18547291"]),
            ("SE", &["123456789701"], &["123456789101"]),
            ("SI", &["50223054"], &["50223055"]),
            ("SK", &["2022749619"], &["2022749618"]),
        ] {
            for number in right {
                assert_eq!(fit(prefix, number), Some(true), "{prefix}{number}");
            }
            for number in wrong {
                assert_eq!(fit(prefix, number), Some(false), "{prefix}{number}");
            }
        }
        assert_eq!(fit("GB", "GD001"), None);
    }
}
