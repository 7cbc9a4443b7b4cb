//! Streets, towns and postal codes that belong together, in the three countries where the company sells.

use super::random::{Random, push_number};

/// Where an account lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Country {
    /// Most of them.
    Netherlands,
    /// Some.
    Belgium,
    /// Some.
    Germany,
}

impl Country {
    /// The ISO 3166-1 code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Netherlands => "NL",
            Self::Belgium => "BE",
            Self::Germany => "DE",
        }
    }

    /// The other ways in which legacy files write it.
    pub(crate) fn spellings(self) -> &'static [&'static str] {
        match self {
            Self::Netherlands => &["Nederland", "Netherlands", "NLD", "Niederlande"],
            Self::Belgium => &["België", "Belgium", "BEL", "Belgien"],
            Self::Germany => &["Duitsland", "Germany", "DEU", "Deutschland"],
        }
    }

    /// Countries in the company's proportions.
    pub(crate) fn pick(random: &mut Random) -> Self {
        match random.below(100) {
            0..=84 => Self::Netherlands,
            85..=94 => Self::Belgium,
            _ => Self::Germany,
        }
    }
}

/// A town, its province and the first and last of its postal codes (the digits).
#[derive(Clone, Copy)]
struct Town(&'static str, &'static str, u64, u64);

const DUTCH: &[Town] = &[
    Town("Amsterdam", "Noord-Holland", 1011, 1109),
    Town("Haarlem", "Noord-Holland", 2011, 2037),
    Town("Alkmaar", "Noord-Holland", 1811, 1827),
    Town("Utrecht", "Utrecht", 3511, 3585),
    Town("Amersfoort", "Utrecht", 3811, 3829),
    Town("Rotterdam", "Zuid-Holland", 3011, 3089),
    Town("'s-Gravenhage", "Zuid-Holland", 2491, 2597),
    Town("Leiden", "Zuid-Holland", 2311, 2334),
    Town("Eindhoven", "Noord-Brabant", 5611, 5658),
    Town("'s-Hertogenbosch", "Noord-Brabant", 5211, 5237),
    Town("Groningen", "Groningen", 9711, 9747),
    Town("Leeuwarden", "Fryslân", 8911, 8941),
    Town("Súdwest-Fryslân", "Fryslân", 8601, 8608),
    Town("Zwolle", "Overijssel", 8011, 8043),
    Town("Enschede", "Overijssel", 7511, 7548),
    Town("Arnhem", "Gelderland", 6811, 6846),
    Town("Nijmegen", "Gelderland", 6511, 6546),
    Town("Maastricht", "Limburg", 6211, 6229),
    Town("Middelburg", "Zeeland", 4331, 4341),
    Town("Almere", "Flevoland", 1311, 1363),
    Town("Assen", "Drenthe", 9401, 9408),
    Town("Coevorden", "Drenthe", 7741, 7742),
];

const BELGIAN: &[Town] = &[
    Town("Antwerpen", "Antwerpen", 2000, 2060),
    Town("Gent", "Oost-Vlaanderen", 9000, 9052),
    Town("Brugge", "West-Vlaanderen", 8000, 8000),
    Town("Leuven", "Vlaams-Brabant", 3000, 3012),
    Town("Hasselt", "Limburg", 3500, 3512),
    Town("Liège", "Liège", 4000, 4032),
    Town("Brussel", "Brussel", 1000, 1020),
];

const GERMAN: &[Town] = &[
    Town("Köln", "Nordrhein-Westfalen", 50667, 50999),
    Town("Münster", "Nordrhein-Westfalen", 48143, 48167),
    Town("Düsseldorf", "Nordrhein-Westfalen", 40210, 40629),
    Town("Osnabrück", "Niedersachsen", 49074, 49090),
    Town("Emden", "Niedersachsen", 26721, 26725),
];

const DUTCH_STREETS: &[&str] = &[
    "Dorpsstraat",
    "Kerkstraat",
    "Molenweg",
    "Schoolstraat",
    "Stationsweg",
    "Julianalaan",
    "Prins Hendrikkade",
    "Burgemeester de Vlugtlaan",
    "Van Goghstraat",
    "Lindelaan",
    "Oude Gracht",
    "Marktplein",
    "Beatrixstraat",
    "Industrieweg",
    "Nieuwstraat",
    "Hoofdstraat",
    "Koningin Emmakade",
    "Vijverlaan",
    "Eikenlaan",
    "Zeedijk",
];

const GERMAN_STREETS: &[&str] = &["Hauptstraße", "Bahnhofstraße", "Gartenweg", "Schulstraße", "Lindenallee"];

/// No `S`: SA, SD and SS are never given out.
const CODE_LETTERS: &[char] =
    &['A', 'B', 'C', 'D', 'E', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'R', 'T', 'V'];

/// The town and province, with the postal code written to `code`.
pub(crate) fn town(country: Country, code: &mut String, random: &mut Random) -> (&'static str, &'static str) {
    let towns = match country {
        Country::Netherlands => DUTCH,
        Country::Belgium => BELGIAN,
        Country::Germany => GERMAN,
    };
    let Town(name, province, first, last) = random.pick(towns);
    push_number(code, first + random.below(last - first + 1), 4);
    if country == Country::Netherlands {
        code.push(' ');
        code.push(random.pick(CODE_LETTERS));
        code.push(random.pick(CODE_LETTERS));
    }
    (name, province)
}

/// A street's name.
pub(crate) fn street(country: Country, random: &mut Random) -> &'static str {
    random.pick(if country == Country::Germany { GERMAN_STREETS } else { DUTCH_STREETS })
}

/// A house number, at times with an addition.
pub(crate) fn push_house(out: &mut String, random: &mut Random) {
    push_number(out, 1 + random.below(240), 1);
    if random.percent(12) {
        out.push_str(random.pick(&["a", "b", " bis", "-2", " hs", "A"]));
    }
}
