//! The codes and names of countries, read from two tables: `names.txt` is generated (scripts/country_names.py),
//! `in_use.txt` is written by hand. Names are compared without case, accents, spaces and punctuation.
//!
//! Official names in four languages are many and regular. So a name that is not in the tables is compared by its core,
//! the name without words like "Republic of": `Republiek Letland` is found because `Letland` is a name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::nearest::nearest;
use crate::rule::letters::letters;

/// A line for each country: alpha-2, alpha-3, numeric, names; separated by tabs, sorted by alpha-2.
const NAMES: &str = include_str!("names.txt");
/// Alpha-2 and further names. A name after `~` is an alias.
const IN_USE: &str = include_str!("in_use.txt");

/// Words that official names have in addition to the country's own, by their letters.
const GENERIC: &str = "\
    bondsrepubliek volksrepubliek republiek koninkrijk prinsdom vorstendom groothertogdom sultanaat emiraat staat \
    gemenebest unie federatie natie grondgebied baljuwschap democratische federale federatieve islamitische islamitisch \
    arabische socialistische onafhankelijke soevereine multinationale plurinationale bolivariaanse cooperatieve \
    oostelijke hasjemitisch hasjemitische van de het der den en \
    bundesrepublik volksrepublik republik konigreich furstentum grossherzogtum sultanat emirat commonwealth union \
    foderation gebiet vogtei staaten demokratische foderale foderative foderierte islamische sozialistische unabhangige \
    unabhangiger unabhangiges plurinationaler bolivarische kooperative haschemitisches von die das des und \
    republic kingdom principality grand duchy sultanate emirate state states federation nation territory bailiwick \
    peoples people democratic federal federated federative islamic arab socialist independent sovereign plurinational \
    bolivarian cooperative eastern oriental hashemite of the and \
    republique royaume principaute duche etat etats territoire bailliage populaire democratique federale federee federes \
    islamique arabe socialiste independant bolivarienne hachemite orientale du la le les et";

/// Countries that share their core with another country, or with a word that means something else: only the names in
/// the tables are theirs. `Republic of China` is Taiwan, and `The Americas` are not the United States.
const NOT_BY_CORE: [&str; 4] = ["CN", "DM", "TW", "US"];

/// The longest cell that is looked up, in bytes. All names are shorter, and a cell may be a megabyte.
const LONGEST: usize = 120;
/// The shortest core, and the shortest name that is suggested, in bytes. Shorter ones are too near to other words.
const SHORTEST: usize = 4;

/// One bit for each pair of letters; it is set if the pair is an alpha-2 code. Computed from [`NAMES`] at compile time.
static ALPHA_2: [u32; 26] = {
    let names = NAMES.as_bytes();
    let mut table = [0; 26];
    let mut at = 0;
    while at < names.len() {
        let is_kosovo = names[at] == b'X' && names[at + 1] == b'K';
        if names[at] != b'#' && !is_kosovo {
            table[(names[at] - b'A') as usize] |= 1 << (names[at + 1] - b'A');
        }
        while names[at] != b'\n' {
            at += 1;
        }
        at += 1;
    }
    table
};

/// A name of a country.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    /// The country.
    pub(super) alpha_2: &'static str,
    /// Whether the name is read with a warning.
    pub(super) is_alias: bool,
}

struct Tables {
    /// By code of any kind.
    codes: HashMap<&'static str, &'static str>,
    /// By the letters of the name.
    names: HashMap<String, Name>,
    /// By the core of the name; `None` if two countries have it.
    cores: HashMap<String, Option<Name>>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let lines = |text: &'static str| text.lines().filter(|line| !line.starts_with('#'));
    let mut tables = Tables { codes: HashMap::new(), names: HashMap::new(), cores: HashMap::new() };
    for line in lines(NAMES) {
        let mut cells = line.split('\t');
        let alpha_2 = cells.next().unwrap_or_default();
        let codes = std::iter::once(alpha_2).chain(cells.by_ref().take(2));
        // Kosovo has no code in ISO 3166-1.
        tables.codes.extend(codes.filter(|_| alpha_2 != "XK").map(|code| (code, alpha_2)));
        cells.for_each(|name| tables.add(alpha_2, name));
    }
    for line in lines(IN_USE) {
        let (alpha_2, names) = line.split_once('\t').unwrap_or((line, ""));
        names.split('\t').for_each(|name| tables.add(alpha_2, name));
    }
    tables
});

impl Tables {
    fn add(&mut self, alpha_2: &'static str, name: &str) {
        let (is_alias, name) = name.strip_prefix('~').map_or((false, name), |name| (true, name));
        let meaning = Name { alpha_2, is_alias };
        let core = core(name);
        self.names.insert(letters(name), meaning);
        if core.len() >= SHORTEST && !NOT_BY_CORE.contains(&alpha_2) {
            let known = self.cores.entry(core).or_insert(Some(meaning));
            if known.is_some_and(|known| known.alpha_2 != alpha_2) {
                *known = None;
            }
        }
    }
}

/// Whether this is an ISO 3166-1 alpha-2 code, in upper case.
#[inline]
pub(crate) fn is_alpha_2(code: &str) -> bool {
    match *code.as_bytes() {
        [first @ b'A'..=b'Z', second @ b'A'..=b'Z'] => {
            ALPHA_2[usize::from(first - b'A')] & (1 << (second - b'A')) != 0
        }
        _ => false,
    }
}

/// The alpha-2 code of an ISO 3166-1 code of any kind, in any case.
pub(super) fn of_code(cell: &str) -> Option<&'static str> {
    let mut code = [0; 3];
    let code = code.get_mut(..cell.len())?;
    code.copy_from_slice(cell.as_bytes());
    code.make_ascii_uppercase();
    TABLES.codes.get(std::str::from_utf8(code).ok()?).copied()
}

/// The country that a cell names.
pub(super) fn find(cell: &str) -> Option<Name> {
    if cell.len() > LONGEST {
        return None;
    }
    let key = letters(cell);
    // An abbreviation may have dots, but no other punctuation: a#N/A is none.
    let is_abbreviation = || cell.chars().all(|c| c.is_alphanumeric() || c == '.');
    if let Some(name) = TABLES.names.get(&key)
        && (key.len() >= SHORTEST || is_abbreviation())
    {
        return Some(*name);
    }
    // With its article: the USA, die Schweiz, les Pays-Bas.
    if let Some((article, rest)) = cell.split_once(' ')
        && ["the", "die", "de", "la", "le", "les"].contains(&article.to_lowercase().as_str())
        && let Some(name) = TABLES.names.get(&letters(rest))
    {
        return Some(*name);
    }
    let core = core(cell);
    if core == key { None } else { *TABLES.cores.get(&core)? }
}

/// The country whose name is nearest to the cell.
pub(super) fn suggest(cell: &str) -> Option<&'static str> {
    if cell.len() > LONGEST {
        return None;
    }
    let core = core(cell);
    if TABLES.names.contains_key(&core) {
        // The name of a country that is not found by its core: the cell may mean another one.
        return None;
    }
    // Few people mistype the first letter, and `overige` is not `Sverige`.
    let is_near = |name: &str| name.len() > SHORTEST && name.chars().next() == core.chars().next();
    let known = TABLES.names.iter().filter(|(name, _)| is_near(name));
    nearest(&core, known.map(|(name, meaning)| (name, meaning.alpha_2)))
}

/// The letters of a name without its generic words.
fn core(name: &str) -> String {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| GENERIC.split_ascii_whitespace().collect());
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '\'' | '’' | '\u{300}'..='\u{36F}');
    let mut core = String::new();
    for word in name.split(|c: char| !is_part(c)) {
        let elided = word.strip_prefix(['d', 'D', 'l', 'L']).and_then(|word| word.strip_prefix(['\'', '’']));
        let word = letters(elided.unwrap_or(word));
        if !WORDS.contains(&word.as_str()) {
            core.push_str(&word);
        }
    }
    core
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_249_countries_have_three_codes_and_no_name_belongs_to_two() {
        assert_eq!(ALPHA_2.iter().map(|row| row.count_ones()).sum::<u32>(), 249);
        assert_eq!(TABLES.codes.len(), 3 * 249);
        let mut owners: HashMap<String, &str> = HashMap::new();
        for line in NAMES.lines().chain(IN_USE.lines()).filter(|line| !line.starts_with('#')) {
            let mut cells = line.split('\t');
            let alpha_2 = cells.next().unwrap();
            assert!(is_alpha_2(alpha_2) || alpha_2 == "XK", "{alpha_2}");
            for name in cells.filter(|cell| cell.chars().any(char::is_lowercase)) {
                let owner = *owners.entry(letters(name)).or_insert(alpha_2);
                assert_eq!(owner, alpha_2, "{name}");
            }
        }
        // Two letters that are a code must not be the name of another country, unless with a warning and dots.
        for (name, meaning) in &TABLES.names {
            assert!(!is_alpha_2(&name.to_ascii_uppercase()) || meaning.is_alias, "{name}");
        }
    }

    #[test]
    fn the_core_is_the_name_without_generic_words() {
        for (name, want) in [
            ("Republiek Letland", "letland"),
            ("République d’Autriche", "autriche"),
            ("Kingdom of the Netherlands", "netherlands"),
            ("Bahama's", "bahamas"),
            ("Belgie\u{308}", "belgie"),
            ("Republic", ""),
        ] {
            assert_eq!(core(name), want);
        }
    }
}
