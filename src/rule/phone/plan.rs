//! Numbering plans: for each country calling code an automaton that accepts its valid numbers, and how numbers are
//! written within the country. Compiled from libphonenumber's metadata 9.0.43 (Apache License 2.0, the libphonenumber
//! authors), which scripts/phone_metadata.py writes to `metadata.bin`. The port gets the same metadata, which is newer
//! than its own.
//!
//! An automaton is built when the first number of its calling code is read. It accepts a number if parsing takes the
//! digits unchanged and the library's `is_valid_number` and `is_possible_number` hold. For all others the library is
//! asked.

use std::collections::VecDeque;
use std::sync::{LazyLock, OnceLock};

use prost::Message;
use regex::Regex;
use rlibphonenumber::{PhoneMetadata, PhoneMetadataCollection, PhoneNumberDesc, PhoneNumberUtil};

use super::automaton::{Automaton, Builder};
use super::words::AREA_CODE;

static METADATA: &[u8] = include_bytes!("metadata.bin");
/// The region of calling codes that belong to no country.
const WORLD: &str = "001";
/// libphonenumber's bounds on a national number.
const SHORTEST: usize = 2;
const LONGEST: usize = 17;

/// Every numbering plan, and the library with the same metadata.
pub(super) struct Plans {
    library: PhoneNumberUtil,
    codes: Vec<CallingCode>,
    /// By the first three digits of a number: the position of its calling code in `codes` plus one, or 0.
    by_digits: Vec<u16>,
    /// The same by country (see [`letters`]).
    by_country: Vec<u16>,
}

struct CallingCode {
    digits: String,
    /// The main country first, as in the library.
    plans: Vec<PhoneMetadata>,
    automaton: OnceLock<Option<Automaton>>,
    /// Lengths of national numbers before which a trunk zero may be dropped, if the plan is a plain one: a single
    /// country, `0` before national numbers, `00` before international ones.
    trunk: Option<u32>,
    /// For each country what is dialled there before international numbers; see `unchanged_at_home`.
    abroad: Vec<OnceLock<Option<Regex>>>,
}

/// A number in its normal form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Number {
    bytes: [u8; 24],
    len: usize,
}

impl Number {
    /// `+` and digits.
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl Plans {
    /// The one instance: decoding the metadata takes some milliseconds, and it never changes.
    pub(super) fn shared() -> &'static Self {
        static PLANS: LazyLock<Plans> = LazyLock::new(Plans::new);
        &PLANS
    }

    fn new() -> Self {
        let metadata = PhoneMetadataCollection::decode(METADATA).expect("the metadata compiled in is sound");
        let library = PhoneNumberUtil::new_for_metadata(metadata.clone())
            .expect("the metadata compiled in names known regions only");
        let mut grouped = vec![VecDeque::new(); 1000];
        for plan in metadata.metadata {
            let Some(plans) =
                usize::try_from(plan.country_code()).ok().and_then(|code| grouped.get_mut(code))
            else {
                continue;
            };
            if plan.main_country_for_code() { plans.push_front(plan) } else { plans.push_back(plan) }
        }
        let mut codes = Vec::new();
        let mut by_code = vec![0; 1000];
        let mut by_country = vec![0; 26 * 26];
        for (code, plans) in grouped.into_iter().enumerate().skip(1).filter(|(_, plans)| !plans.is_empty()) {
            let plans = Vec::from(plans);
            codes.push(CallingCode {
                digits: code.to_string(),
                trunk: trunk(&plans),
                automaton: OnceLock::new(),
                abroad: vec![OnceLock::new(); plans.len()],
                plans,
            });
            let position = u16::try_from(codes.len()).expect("at most 999 calling codes");
            by_code[code] = position;
            for country in codes[codes.len() - 1].plans.iter().filter_map(|plan| letters(&plan.id)) {
                by_country[country] = position;
            }
        }
        // As the library extracts it: the shortest calling code wins, and none begins with 0.
        let by_digits = (0..1000)
            .map(|three| match three {
                0..100 => 0,
                _ => [three / 100, three / 10, three]
                    .map(|code| by_code[code])
                    .into_iter()
                    .find(|&p| p != 0)
                    .unwrap_or(0),
            })
            .collect();
        Self { library, codes, by_digits, by_country }
    }

    pub(super) fn library(&self) -> &PhoneNumberUtil {
        &self.library
    }

    /// Whether `cell` is the normal form of a valid number.
    #[inline]
    pub(super) fn is_valid_e164(&self, cell: &[u8]) -> bool {
        let Some((b'+', digits)) = cell.split_first() else { return false };
        self.split(digits).is_some_and(|(code, national)| code.accepts(national))
    }

    /// The normal form of a valid number in a plain spelling (`+31 6 1234 5678`, `0031612345678`, `06-12345678`,
    /// `(020) 123 4567`): digits with spaces, dashes, dots, slashes or brackets between them.
    pub(super) fn recognise(&self, cell: &[u8], region: Option<&str>) -> Option<Number> {
        let mut buffer = [0_u8; 24];
        let cell = cell.strip_prefix(b"(").unwrap_or(cell);
        let international = cell.first() == Some(&b'+');
        let digits = digits_between(&cell[usize::from(international)..], &mut buffer)?;
        if international {
            let (code, national) = self.split(digits)?;
            return code.at_home(national);
        }
        let home = self.by_country.get(letters(region?)?).copied().filter(|&position| position != 0)?;
        let home = &self.codes[usize::from(home) - 1];
        match digits {
            [b'0', b'0', rest @ ..] if home.trunk.is_some() => {
                let (code, national) = self.split(rest)?;
                code.at_home(national)
            }
            // The library may read these digits as a calling code that lost its +.
            _ if digits.starts_with(home.digits.as_bytes()) => None,
            _ if home.trunk.is_none() && !home.unchanged_at_home(region?, digits) => None,
            _ => home.at_home(digits),
        }
    }

    /// The normal form of a number with a `+` that is possible in its country, but in no known range.
    pub(super) fn uncertain(&self, cell: &[u8]) -> Option<Number> {
        let mut buffer = [0_u8; 24];
        let digits = digits_between(cell.strip_prefix(b"+")?, &mut buffer)?;
        let (code, national) = self.split(digits)?;
        code.is_uncertain(national).then(|| code.number(national))?
    }

    /// Splits a number into its calling code and the rest.
    #[inline]
    fn split<'d>(&self, digits: &'d [u8]) -> Option<(&CallingCode, &'d [u8])> {
        let mut three = 0;
        for &byte in digits.first_chunk::<3>()? {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            three = three * 10 + usize::from(digit);
        }
        let position = usize::from(self.by_digits[three]).checked_sub(1)?;
        let code = &self.codes[position];
        Some((code, &digits[code.digits.len()..]))
    }
}

impl CallingCode {
    #[inline]
    fn accepts(&self, national: &[u8]) -> bool {
        self.automaton().is_some_and(|it| it.accepts(national))
    }

    #[inline]
    fn automaton(&self) -> Option<&Automaton> {
        self.automaton.get_or_init(|| compile(&self.plans)).as_ref()
    }

    /// Whether the library takes digits dialled in `region` unchanged, for a plan that is not a plain one: they do not
    /// begin with an international prefix, and the region drops the same digits as the main country of its calling
    /// code.
    fn unchanged_at_home(&self, region: &str, digits: &[u8]) -> bool {
        let Some(at) = self.plans.iter().position(|plan| plan.id == region) else { return false };
        let abroad = self.abroad[at].get_or_init(|| {
            let (plan, main) = (&self.plans[at], &self.plans[0]);
            let is_alike = plan.national_prefix_for_parsing() == main.national_prefix_for_parsing()
                && plan.national_prefix_transform_rule() == main.national_prefix_transform_rule();
            let prefix = is_alike.then(|| inside(plan.international_prefix())).flatten()?;
            Regex::new(&format!("^(?:{prefix})")).ok()
        });
        let digits = std::str::from_utf8(digits).unwrap_or_default();
        abroad.as_ref().is_some_and(|abroad| !abroad.is_match(digits))
    }

    /// Whether the library takes these digits unchanged, and finds their number possible but in no known range.
    #[expect(deprecated, reason = "see `trunk`")]
    fn is_uncertain(&self, national: &[u8]) -> bool {
        let Some(general) = &self.plans[0].general_desc else { return false };
        let lengths = bits(&general.possible_length) & !bits(&general.possible_length_local_only);
        (SHORTEST..=LONGEST).contains(&national.len())
            && lengths >> national.len() & 1 == 1
            && self.automaton().is_some_and(|it| it.refuses(national))
    }

    /// The valid number that `national` is, with or without its first zero.
    fn at_home(&self, national: &[u8]) -> Option<Number> {
        if self.accepts(national) {
            return self.number(national);
        }
        let without = national.strip_prefix(b"0")?;
        let may_drop = self.trunk? >> without.len().min(31) & 1 == 1;
        (may_drop && self.accepts(without)).then(|| self.number(without))?
    }

    fn number(&self, national: &[u8]) -> Option<Number> {
        let mut number = Number { bytes: [b'+'; 24], len: 1 };
        for &byte in self.digits.as_bytes().iter().chain(national) {
            *number.bytes.get_mut(number.len)? = byte;
            number.len += 1;
        }
        Some(number)
    }
}

/// The digits of a cell, in `buffer`, if it begins and ends with a digit and has few separators between. Not if a slash
/// or a dot may end the number before them (`030 1234567/68`, `301234567.0`).
fn digits_between<'b>(cell: &[u8], buffer: &'b mut [u8; 24]) -> Option<&'b [u8]> {
    let mut len = 0;
    let mut separators = 1;
    let mut last_dot = None;
    for &byte in cell {
        match byte {
            b'0'..=b'9' => {
                *buffer.get_mut(len)? = byte;
                len += 1;
                separators = 0;
            }
            b'/' if len > AREA_CODE => return None,
            b' ' | b'-' | b'.' | b'/' | b'(' | b')' if len > 0 && separators < 3 => {
                separators += 1;
                last_dot = (byte == b'.').then_some(len);
            }
            _ => return None,
        }
    }
    let digits = &buffer[..len];
    let may_have_decimals = |at: usize| len - at == 1 || digits[at..].iter().all(|&digit| digit == b'0');
    (separators == 0 && !last_dot.is_some_and(may_have_decimals)).then_some(digits)
}

/// A country's two letters as a number.
fn letters(country: &str) -> Option<usize> {
    let &[first, second] = country.as_bytes() else { return None };
    (first.is_ascii_uppercase() && second.is_ascii_uppercase())
        .then(|| usize::from(first - b'A') * 26 + usize::from(second - b'A'))
}

/// The inside of a pattern, which the metadata has as `^(?:…)$`. An empty pattern matches everything in the library and
/// nothing in an automaton, so there is no automaton then.
fn inside(pattern: &str) -> Option<&str> {
    pattern.strip_prefix("^(?:")?.strip_suffix(")$").filter(|inside| !inside.is_empty())
}

/// Lengths as bits. `-1` means that there are none.
fn bits(lengths: &[i32]) -> u32 {
    lengths
        .iter()
        .filter_map(|&length| u32::try_from(length).ok())
        .fold(0, |bits, l| bits | 1_u32.checked_shl(l).unwrap_or(0))
}

#[expect(deprecated, reason = "the port's own wrapper hides these fields; the metadata itself holds them")]
fn trunk(plans: &[PhoneMetadata]) -> Option<u32> {
    let [plan] = plans else { return None };
    let general = plan.general_desc.as_ref()?;
    let is_plain = plan.id != WORLD
        && inside(plan.national_prefix_for_parsing()) == Some("0")
        && plan.national_prefix_transform_rule().is_empty()
        && inside(plan.international_prefix()) == Some("00");
    // The library keeps the zero if the rest would only be a local number.
    is_plain.then(|| bits(&general.possible_length) & !bits(&general.possible_length_local_only))
}

/// One type of number of one country: its pattern's number, and the lengths it can have.
struct Kind {
    pattern: usize,
    lengths: u32,
}

impl Kind {
    /// `Err` if an automaton cannot hold the pattern, `Ok(None)` if there is none.
    fn new(builder: &mut Builder, desc: Option<&PhoneNumberDesc>) -> Result<Option<Self>, ()> {
        #[expect(deprecated, reason = "see `trunk`")]
        let Some(pattern) = desc.and_then(|desc| desc.national_number_pattern.as_deref()) else {
            return Ok(None);
        };
        let lengths = desc.map_or(&[][..], |desc| &desc.possible_length);
        let pattern = inside(pattern).and_then(|pattern| builder.whole(pattern)).ok_or(())?;
        Ok(Some(Self { pattern, lengths: if lengths.is_empty() { u32::MAX } else { bits(lengths) } }))
    }

    fn good(&self, matched: &[bool]) -> u32 {
        if matched[self.pattern] { self.lengths } else { 0 }
    }
}

struct Country {
    general: Option<Kind>,
    kinds: Vec<Kind>,
    leading: Option<usize>,
}

impl Country {
    #[expect(deprecated, reason = "see `trunk`")]
    fn new(builder: &mut Builder, plan: &PhoneMetadata) -> Result<Self, ()> {
        let mobile = if plan.same_mobile_and_fixed_line_pattern() { &None } else { &plan.mobile };
        let mut kinds = Vec::new();
        for desc in [
            &plan.premium_rate,
            &plan.toll_free,
            &plan.shared_cost,
            &plan.voip,
            &plan.personal_number,
            &plan.pager,
            &plan.uan,
            &plan.voicemail,
            &plan.fixed_line,
            mobile,
        ] {
            kinds.extend(Kind::new(builder, desc.as_ref())?);
        }
        let leading = match plan.leading_digits.as_deref() {
            None => None,
            Some(pattern) => Some(inside(pattern).and_then(|pattern| builder.beginning(pattern)).ok_or(())?),
        };
        Ok(Self { general: Kind::new(builder, plan.general_desc.as_ref())?, kinds, leading })
    }

    /// The lengths for which the library's `get_number_type` knows a type.
    fn good(&self, matched: &[bool]) -> u32 {
        let general = self.general.as_ref().map_or(0, |general| general.good(matched));
        general & self.kinds.iter().fold(0, |good, kind| good | kind.good(matched))
    }
}

/// The library's `parse`, `is_possible_number` and `is_valid_number` for one calling code, as an automaton over national
/// digits. A number belongs to the first country that claims it, by its leading digits or because it has a type
/// there, and is valid if it has a type there.
#[expect(deprecated, reason = "see `trunk`")]
fn compile(plans: &[PhoneMetadata]) -> Option<Automaton> {
    let mut builder = Builder::new();
    let main = plans.first()?;
    let countries =
        plans.iter().map(|plan| Country::new(&mut builder, plan)).collect::<Result<Vec<_>, ()>>().ok()?;
    // Digits that parsing may drop or transform go to the library; so do two leading zeros.
    let mut stripped = vec![builder.whole("00")?];
    if let Some(prefix) = main.national_prefix_for_parsing.as_deref() {
        stripped.push(builder.whole(inside(prefix)?)?);
    }
    let general = main.general_desc.as_ref()?;
    let possible = bits(&general.possible_length) | bits(&general.possible_length_local_only);
    let possible = possible & (SHORTEST..=LONGEST).fold(0, |bits, length| bits | 1 << length);
    builder.build(|matched| {
        if stripped.iter().any(|&pattern| matched[pattern]) {
            return None;
        }
        let mut unclaimed = u32::MAX;
        let mut good = 0;
        for country in &countries {
            let typed = country.good(matched);
            good |= unclaimed & typed;
            unclaimed &= !typed;
            if country.leading.is_some_and(|leading| matched[leading]) {
                break;
            }
        }
        Some(good & possible)
    })
}
