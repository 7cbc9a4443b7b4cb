//! People and companies: first names, surnames with their prefixes, company names, mailboxes. Leaves numbers
//! and places to others.

use super::random::{Random, push_number};

const WOMEN: &[&str] = &[
    "Anna",
    "Emma",
    "Sanne",
    "Lotte",
    "Zoë",
    "Renée",
    "Noémi",
    "Chloé",
    "Maria",
    "Johanna",
    "Femke",
    "Marieke",
    "Ingrid",
    "Annelies",
    "Fleur",
    "Saskia",
    "Fenna",
    "Loïs",
    "Eline",
    "Katja",
    "Jörgine",
    "Béatrice",
    "Fatima",
    "Yasmin",
    "Aaltje",
    "Wilhelmina",
    "Roos",
    "Noor",
    "Tess",
    "Heleen",
    "Margriet",
    "Ilse",
];

const MEN: &[&str] = &[
    "Jan",
    "Pieter",
    "Daan",
    "Sem",
    "Lucas",
    "Thijs",
    "Joost",
    "André",
    "René",
    "Jeroen",
    "Maarten",
    "Bram",
    "Willem",
    "Hendrik",
    "Cornelis",
    "Ruud",
    "Jürgen",
    "Jörg",
    "Björn",
    "Mohamed",
    "Ahmed",
    "Youssef",
    "Tomás",
    "Koen",
    "Wouter",
    "Gijs",
    "Sjoerd",
    "Anton",
    "Matthijs",
    "Jean-François",
    "Luuk",
    "Stijn",
    "Michaël",
];

const SURNAMES: &[&str] = &[
    "de Jong",
    "Jansen",
    "de Vries",
    "van den Berg",
    "van Dijk",
    "Bakker",
    "Janssen",
    "Visser",
    "Smit",
    "Meijer",
    "de Boer",
    "Mulder",
    "de Groot",
    "Bos",
    "Vos",
    "Peters",
    "Hendriks",
    "van Leeuwen",
    "Dekker",
    "Brouwer",
    "de Wit",
    "Dijkstra",
    "Smits",
    "de Graaf",
    "van der Meer",
    "van der Linden",
    "Kok",
    "Jacobs",
    "de Haan",
    "Vermeulen",
    "van den Heuvel",
    "van der Veen",
    "van 't Hof",
    "in 't Veld",
    "op den Kamp",
    "ter Horst",
    "van der Heijden",
    "Kuijpers",
    "Coördes",
    "Daniëls",
    "Israël",
    "Müller",
    "Schröder",
    "Weiß",
    "Groß",
    "Geelen",
    "Peeters",
    "Maes",
    "Claes",
    "Lefèvre",
    "Dupré",
    "Yılmaz",
    "El Amrani",
    "Öztürk",
    "Bouzïane",
    "Postma",
    "Hoekstra",
    "Terpstra",
    "Schouten",
    "van Loon",
    "Hermans",
    "Scholten",
    "Nuñez",
    "Kowalski",
];

const TRADES: &[&str] = &[
    "Bakkerij",
    "Garage",
    "Installatiebedrijf",
    "Transport",
    "Hotel",
    "Restaurant",
    "Autobedrijf",
    "Bouwbedrijf",
    "Fysiotherapie",
    "Adviesbureau",
    "Tandartspraktijk",
    "Schildersbedrijf",
    "Camping",
    "Kwekerij",
    "Administratiekantoor",
    "Energiecoöperatie",
    "Café",
    "Slagerij",
    "Vastgoed",
];

const LEGAL_FORMS: &[&str] = &["B.V.", "BV", "VOF", "Holding B.V.", "Groep", "& Zn.", "N.V.", "en Partners"];

const MAIL_DOMAINS: &[&str] = &[
    "gmail.com",
    "ziggo.nl",
    "kpnmail.nl",
    "hotmail.nl",
    "outlook.com",
    "planet.nl",
    "xs4all.nl",
    "telenet.be",
    "live.nl",
    "web.de",
    "icloud.com",
];

/// A first name, and whether it is a woman's.
pub(crate) fn first_name(random: &mut Random) -> (&'static str, bool) {
    let woman = random.percent(50);
    (random.pick(if woman { WOMEN } else { MEN }), woman)
}

/// A surname with its prefix.
pub(crate) fn surname(random: &mut Random) -> &'static str {
    random.pick(SURNAMES)
}

/// A company's name, built around its owner's surname; a few hold a comma or quotation marks.
pub(crate) fn push_company(out: &mut String, surname: &str, random: &mut Random) {
    match random.below(40) {
        0 => {
            out.push_str(surname);
            out.push_str(", ");
            out.push_str(random.pick(SURNAMES));
            out.push_str(" en Partners");
        }
        1 => {
            out.push_str(random.pick(TRADES));
            out.push_str(" \"De Gouden ");
            out.push_str(random.pick(&["Leeuw", "Zon", "Molen", "Eenhoorn"]));
            out.push_str("\" B.V.");
        }
        2..=14 => {
            out.push_str(surname);
            out.push(' ');
            out.push_str(random.pick(LEGAL_FORMS));
        }
        _ => {
            out.push_str(random.pick(TRADES));
            out.push(' ');
            out.push_str(surname);
            if random.percent(60) {
                out.push(' ');
                out.push_str(random.pick(LEGAL_FORMS));
            }
        }
    }
}

/// A mailbox that no other `number` has: the name in plain letters, the number, a provider.
pub(crate) fn push_email(out: &mut String, first: &str, last: &str, number: u64, random: &mut Random) {
    if random.percent(30) {
        push_plain(out, &first[..first.chars().next().map_or(0, char::len_utf8)]);
    } else {
        push_plain(out, first);
    }
    out.push('.');
    push_plain(out, last);
    push_number(out, number, 1);
    out.push('@');
    out.push_str(random.pick(MAIL_DOMAINS));
}

/// Letters without their marks, lower case; everything else is left out.
fn push_plain(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            'a'..='z' | '-' => out.push(letter),
            'A'..='Z' => out.push(letter.to_ascii_lowercase()),
            'á' | 'ä' | 'ã' => out.push('a'),
            'é' | 'è' | 'ë' => out.push('e'),
            'ï' | 'í' | 'ı' => out.push('i'),
            'ó' | 'ö' | 'Ö' => out.push('o'),
            'ü' => out.push('u'),
            'ñ' => out.push('n'),
            'ç' => out.push('c'),
            'ß' => out.push_str("ss"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_of_every_name_is_plain_and_whole() {
        for name in WOMEN.iter().chain(MEN).chain(SURNAMES) {
            let mut plain = String::new();
            push_plain(&mut plain, name);
            let letters = name.chars().filter(|c| c.is_alphabetic()).count();
            assert!(plain.len() >= letters && plain.is_ascii(), "{name} became {plain}");
        }
    }
}
