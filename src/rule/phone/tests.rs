//! Right and wrong numbers, and the proof that the automata agree with the library.

use rlibphonenumber::{PhoneNumberFormat, PhoneNumberType};

use super::*;

fn validate(region: Option<&str>, cell: &str) -> (NormalForm, String, Vec<CellFinding>) {
    let (mut out, mut findings) = (String::new(), Vec::new());
    let fate = Phone::new(None).validate(cell, region, &mut out, &mut findings);
    (fate, out, findings)
}

/// The code and the suggestion of the only finding.
fn complaint(region: Option<&str>, cell: &str) -> (NormalForm, Code, Option<String>) {
    let (fate, _, findings) = validate(region, cell);
    assert_eq!(findings.len(), 1, "{cell}: {findings:?}");
    let digits: String = cell.chars().filter(char::is_ascii_digit).collect();
    assert!(digits.len() < 5 || !findings[0].message.contains(&digits), "the message holds the value");
    (fate, findings[0].code, findings[0].suggestion.as_deref().map(str::to_owned))
}

#[test]
fn national_and_international_spellings_have_one_normal_form() {
    // The Dutch, Belgian and German plans, ITU-T E.123 (spelling), E.164 (form). The others come from libphonenumber's
    // tests: full-width and Arabic digits, brackets, letters on the keypad, tel: (RFC 3966).
    let table = [
        (
            "NL",
            "+31612345678",
            &[
                "0612345678",
                "06-12345678",
                "+31 6 1234 5678",
                "0031612345678",
                "+31 (0)6 12 34 56 78",
                "612345678",
                "=\"0612345678\"",
                "='0612345678'",
                "'0612345678",
                "31612345678",
                "06.12.34.56.78",
                "(06) 12345678",
                "０６１２３４５６７８",
                "٠٦١٢٣٤٥٦٧٨",
                "tel:+31612345678",
                "tel. 06 12345678",
                "+31612345678 ",
                "＋31612345678",
            ][..],
        ),
        ("NL", "+31201234567", &["020-1234567", "(020) 123 45 67", "020/1234567", "201234567"]),
        ("BE", "+32470123456", &["0470 12 34 56", "0470/12.34.56", "0032 470 12 34 56", "470123456"]),
        (
            "DE",
            "+4915112345678",
            &["0151 12345678", "0151/12345678", "0049 151 12345678", "+49 (0)151-12345678"],
        ),
        ("US", "+12025550100", &["(202) 555-0100", "1 202 555 0100", "011 1 202 555 0100", "202.555.0100"]),
        ("IT", "+390236618300", &["02 36618300", "+39 02 36618300"]),
        ("NL", "+447400123456", &["0044 7400 123456", "+44 (0)7400 123456"]),
    ];
    for (region, form, cells) in table {
        for cell in cells {
            let (fate, out, findings) = validate(Some(region), cell);
            assert_eq!((fate, out.as_str(), findings), (NormalForm::Rewritten, form, vec![]), "{cell}");
        }
        assert_eq!(validate(Some(region), form), (NormalForm::Same, String::new(), vec![]), "{form}");
        assert_eq!(validate(None, form), (NormalForm::Same, String::new(), vec![]), "{form}");
    }
}

#[test]
fn an_impossible_number_is_rejected_with_a_suggestion() {
    let table = [
        (Some("NL"), "12", None),
        (Some("NL"), "+3161234567890123", None),
        (Some("NL"), "onbekend", None),
        (Some("NL"), "-", None),
        (Some("NL"), "0612345678 / 0687654321", None),
        (Some("NL"), "+999123456789", None),
        (None, "0612345678", None),
        (None, "31612345678", Some("+31612345678")),
        (None, "0031612345678", Some("+31612345678")),
        (Some("AQ"), "31612345678", Some("+31612345678")),
        (Some("NL"), "+0612345678", Some("+31612345678")),
        (Some("NL"), "4915112345678", Some("+4915112345678")),
    ];
    for (region, cell, suggestion) in table {
        let expected = (NormalForm::Rejected, Code::InvalidPhone, suggestion.map(str::to_owned));
        assert_eq!(complaint(region, cell), expected, "{cell}");
    }
    let long = "0".repeat(1 << 20);
    assert_eq!(complaint(Some("NL"), &long), (NormalForm::Rejected, Code::InvalidPhone, None));
}

#[test]
fn a_possible_number_in_no_known_range_is_accepted_with_a_warning() {
    let (fate, out, findings) = validate(Some("NL"), "+31 99 999 9999");
    assert_eq!(
        (fate, out.as_str(), findings[0].code),
        (NormalForm::Rewritten, "+31999999999", Code::UncertainPhone)
    );
    assert_eq!(complaint(Some("NL"), "+31999999999"), (NormalForm::Same, Code::UncertainPhone, None));
    assert!(Plans::shared().uncertain(b"+31 99 999 9999").is_some(), "the library is not needed for that");
    // A Belgian number without its +: its length would do in the Netherlands.
    assert_eq!(
        complaint(Some("NL"), "32470123456"),
        (NormalForm::Rewritten, Code::UncertainPhone, Some("+32470123456".to_owned()))
    );
    let (_, _, findings) = validate(Some("US"), "555-0100");
    assert_eq!(findings[0].message, "the number seems to lack its area code");
}

#[test]
fn what_is_no_part_of_the_number_is_a_warning() {
    for (region, cell, e164) in [
        ("DE", "030 1234567 mob", "+49301234567"),
        ("DE", "030 1234567 prive", "+49301234567"),
        ("DE", "030 1234567 (privat)", "+49301234567"),
        ("DE", "030 1234567 Mo-Fr", "+49301234567"),
        ("DE", "030 1234567 2tes", "+49301234567"),
        ("DE", "030-1234567 of 8", "+49301234567"),
        ("DE", "030 1234567/68", "+49301234567"),
        ("DE", "030/1234567/68", "+49301234567"),
        ("DE", "030 1234567 + 68", "+49301234567"),
        ("DE", "030 1234567; 68", "+49301234567"),
        ("AT", "01 5123456 priv", "+4315123456"),
        ("SE", "070 123 45 67 (Axel)", "+46701234567"),
        ("NL", "06-12345678 (privé)", "+31612345678"),
        ("NL", "mobiel 06-12345678", "+31612345678"),
        ("NL", "fax: 020-1234567", "+31201234567"),
        ("NL", "+31612345678 Jan", "+31612345678"),
        ("NL", "06-12345678*", "+31612345678"),
        ("NZ", "0800 DDA 005", "+64800332005"), // letters on the keypad
        ("US", "1-800-FLOWERS", "+18003569377"),
    ] {
        let (normal, out, findings) = validate(Some(region), cell);
        assert_eq!(findings.len(), 1, "{cell}");
        if normal == NormalForm::Rejected {
            // To the library it is not a number at all.
            let (code, suggestion) = (findings[0].code, findings[0].suggestion.as_deref());
            assert_eq!((code, suggestion), (Code::InvalidPhone, Some(e164)), "{cell}");
        } else {
            assert_eq!((out.as_str(), findings[0].code), (e164, Code::UncertainPhone), "{cell}");
        }
    }
    for (region, cell) in [("DE", "0151/12345678"), ("FR", "01/23/45/67/89"), ("BE", "0470/12.34.56")] {
        assert_eq!(validate(Some(region), cell).2, [], "{cell}");
    }
}

#[test]
fn the_decimals_of_a_spreadsheet_are_rejected() {
    for (region, cell, suggestion) in [
        ("DE", "301234567.0", "+49301234567"),
        ("DE", "49301234567.0", "+49301234567"),
        ("DE", "301234567,00", "+49301234567"),
        ("AT", "43720123456.0", "+43720123456"),
        ("IT", "390669812345.0", "+390669812345"),
        ("FI", "401234567.0", "+358401234567"),
        ("NL", "612345678.0", "+31612345678"),
        ("NL", "31612345678.0", "+31612345678"),
        ("NL", "+31612345678.0", "+31612345678"),
    ] {
        let rejected = (NormalForm::Rejected, Code::InvalidPhone, Some(suggestion.to_owned()));
        assert_eq!(complaint(Some(region), cell), rejected, "{cell}");
    }
    let (_, out, findings) = validate(Some("FR"), "01.23.45.67.00");
    assert_eq!((out.as_str(), findings), ("+33123456700", vec![]));
}

#[test]
fn dropping_an_extension_is_a_warning() {
    let (fate, out, findings) = validate(Some("NL"), "020-1234567 ext. 12");
    assert_eq!(
        (fate, out.as_str(), findings[0].code),
        (NormalForm::Rewritten, "+31201234567", Code::UncertainPhone)
    );
}

#[test]
fn scientific_notation_has_its_own_code() {
    let lost = (NormalForm::Rejected, Code::ExcelScientific, None);
    for cell in ["3.16123E+10", "3,16123E+10", "6.12E+08", "=\"3.16E+10\""] {
        assert_eq!(complaint(Some("NL"), cell), lost, "{cell}");
    }
    let whole = (NormalForm::Rejected, Code::ExcelScientific, Some("+31612345678".to_owned()));
    assert_eq!(complaint(Some("NL"), "3.1612345678E+10"), whole);
}

#[test]
fn the_default_country_is_used_for_rows_that_name_none() {
    let phone = Phone::new(Some("BE".to_owned()));
    let (mut out, mut findings) = (String::new(), Vec::new());
    assert_eq!(phone.validate("0470123456", None, &mut out, &mut findings), NormalForm::Rewritten);
    assert_eq!(out, "+32470123456");
    phone.validate("0612345678", Some("NL"), &mut out, &mut findings);
    assert_eq!((out.as_str(), findings.len()), ("+31612345678", 0));
}

/// Splitmix64: random enough for a test, and the same on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn pick<'t, T>(&mut self, from: &'t [T]) -> &'t T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }

    fn digits(&mut self, count: u64) -> String {
        (0..count).map(|_| char::from(b'0' + u8::try_from(self.below(10)).unwrap())).collect()
    }
}

/// Example numbers of every type of every country and calling code, as calling code and national digits.
fn examples(plans: &Plans) -> Vec<(String, String)> {
    use PhoneNumberType as T;
    let types = [
        T::FixedLine,
        T::Mobile,
        T::TollFree,
        T::PremiumRate,
        T::SharedCost,
        T::VoIP,
        T::PersonalNumber,
        T::Pager,
        T::UAN,
        T::VoiceMail,
    ];
    let library = plans.library();
    let mut numbers = Vec::new();
    for region in library.get_supported_regions() {
        numbers.extend(
            types.iter().filter_map(|&t| library.get_example_number_for_type_and_region(region, t).ok()),
        );
    }
    for code in library.get_supported_global_network_calling_codes() {
        numbers.extend(library.get_example_number_for_non_geo_entity(code));
    }
    let mut examples: Vec<_> = numbers
        .iter()
        .map(|number| {
            let code = number.country_code.to_string();
            let e164 = library.format(number, PhoneNumberFormat::E164);
            (code.clone(), e164[1 + code.len()..].to_owned())
        })
        .collect();
    examples.sort();
    examples.dedup();
    examples
}

/// A random cell: digits of a plausible length after any calling code, or an example number with some of its digits
/// changed, in one of the spellings that people use.
fn cell(chance: &mut Chance, examples: &[(String, String)]) -> String {
    let (code, example) = chance.pick(examples);
    let national = if chance.below(3) == 0 {
        let length = 3 + chance.below(13);
        chance.digits(length)
    } else {
        let keep = usize::try_from(chance.below(example.len() as u64 + 1)).unwrap();
        let longer = [0, 0, 0, 0, 1, 2][usize::try_from(chance.below(6)).unwrap()];
        let rest = (example.len() - keep) as u64 + longer;
        let rest = rest.saturating_sub(chance.below(8) / 7);
        format!("{}{}", &example[..keep], chance.digits(rest))
    };
    let spaced = |s: &str, by: &str| {
        let (a, b) = s.split_at(s.len().min(2));
        let (b, c) = b.split_at(b.len().min(3));
        format!("{a}{by}{b}{by}{c}")
    };
    match chance.below(20) {
        0..8 => format!("+{code}{national}"),
        8 => format!("0{national}"),
        9 => national,
        10 => format!("00{code}{national}"),
        11 => format!("+{code} {}", spaced(&national, " ")),
        12 => format!("+{code} (0){national}"),
        13 => format!("0{}", spaced(&national, "-")),
        14 => format!("{code}{national}"),
        15 => format!("(0{}) {}", &national[..national.len().min(2)], &national[national.len().min(2)..]),
        16 => format!(
            "({}) {}",
            &national[..national.len().min(3)],
            spaced(&national[national.len().min(3)..], "-")
        ),
        17 => format!("(+{code}) {national}"),
        18 => {
            spaced(&national, [".", " ", "--", " - ", ") ", "/"][usize::try_from(chance.below(6)).unwrap()])
        }
        _ => format!("+{}{}", chance.below(1000), national),
    }
}

/// Validates `count` random cells in both ways. Returns how many the automata answered, and how many of the valid
/// numbers in E.164 form they left to the library.
fn compare(seed: u64, count: u64) -> (u64, u64) {
    let phone = Phone::new(None);
    let examples = examples(phone.plans);
    let mut regions: Vec<_> = phone.plans.library().get_supported_regions().map(|r| r.to_string()).collect();
    regions.sort();
    let mut chance = Chance(seed);
    let (mut answered, mut left) = (0, 0);
    let (mut fast, mut slow) = ((String::new(), Vec::new()), (String::new(), Vec::new()));
    for _ in 0..count {
        let cell = cell(&mut chance, &examples);
        let region = match chance.below(8) {
            0 => None,
            1..4 => Some(*chance.pick(&["NL", "BE", "DE", "FR"])),
            _ => Some(chance.pick(&regions).as_str()),
        };
        for (out, findings) in [&mut fast, &mut slow] {
            out.clear();
            findings.clear();
        }
        let is_e164 = phone.plans.is_valid_e164(cell.as_bytes());
        let quick = is_e164
            || phone.plans.recognise(cell.as_bytes(), region).is_some()
            || phone.plans.uncertain(cell.as_bytes()).is_some();
        answered += u64::from(quick);
        let fast_fate = phone.validate(&cell, region, &mut fast.0, &mut fast.1);
        let slow_fate = phone.ask_library(&cell, &cell, region, &mut slow.0, &mut slow.1);
        assert_eq!((fast_fate, &fast), (slow_fate, &slow), "{cell} in {region:?}");
        left += u64::from(!is_e164 && slow_fate == NormalForm::Same && slow.1.is_empty());
    }
    (answered, left)
}

/// After a change to the automata or the metadata, let it compare millions:
/// `MUSTER_PHONE_CELLS=6000000 cargo test --lib rule::phone`.
#[test]
fn the_automata_agree_with_the_library() {
    let wished = std::env::var("MUSTER_PHONE_CELLS").ok().and_then(|count| count.parse().ok());
    let count = wished.unwrap_or(200_000);
    let (answered, left) = compare(1, count);
    assert!(answered > count / 5, "only {answered} were answered by the automata");
    assert!(left < answered / 50, "{left} valid numbers were left to the library");
}

#[test]
fn the_metadata_is_as_new_as_that_of_the_port() {
    let own = examples(Plans::shared());
    assert!(own.len() > 1000);
    let is_known = |number: &str| {
        rlibphonenumber::PHONE_NUMBER_UTIL
            .parse(number, None)
            .is_ok_and(|number| rlibphonenumber::PHONE_NUMBER_UTIL.is_valid_number(&number))
    };
    let unknown = own.iter().filter(|(code, national)| !is_known(&format!("+{code}{national}"))).count();
    assert!(unknown < 10, "{unknown} examples are unknown to the port: its metadata differ much");
    // Ranges that libphonenumber added and removed in 9.0.43.
    assert_eq!(validate(None, "+4915410123456"), (NormalForm::Same, String::new(), vec![]));
    for cell in ["+40600123456", "+40620123456"] {
        assert_eq!(complaint(None, cell), (NormalForm::Same, Code::UncertainPhone, None), "{cell}");
    }
}

#[test]
fn no_cell_makes_it_panic() {
    let phone = Phone::new(Some("NL".to_owned()));
    let alphabet: Vec<char> =
        "+0123456789+  ()-./xX#;,=\"'eE~*tel:ext;phone-context=isub٣６＋é\u{200b}\n".chars().collect();
    let mut chance = Chance(9);
    let (mut out, mut findings) = (String::new(), Vec::new());
    for _ in 0..20_000 {
        let length = chance.below(24);
        let cell: String = (0..length).map(|_| *chance.pick(&alphabet)).collect();
        out.clear();
        findings.clear();
        match phone.validate(&cell, None, &mut out, &mut findings) {
            NormalForm::Rejected => assert_eq!(findings.len(), 1, "{cell:?}"),
            NormalForm::Rewritten => {
                assert!(out.starts_with('+') && out[1..].bytes().all(|b| b.is_ascii_digit()));
            }
            NormalForm::Same => assert!(cell.starts_with('+')),
        }
    }
}
