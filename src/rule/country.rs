//! A country, stored as ISO 3166-1 alpha-2. Accepted are the three kinds of codes (alpha-2, alpha-3, numeric) and
//! names in Dutch, English, French and German, which `country/names.rs` knows. Words that are used for a country but
//! are neither its code nor its name (`UK`, `England`) are read with the warning `country-alias`.
//!
//! A code is read only as it is, in any case: with punctuation in it, it is a word for nothing (`N/A`, `p.m.`, `s.o.`)
//! at least as often as a country.

mod names;

use super::cell::{CellFinding, NormalForm};
use crate::record::Code;

pub(crate) use names::is_alpha_2;

/// A country.
#[derive(Debug, Clone, Default)]
pub(crate) struct Country;

impl Country {
    /// See [`Rule::validate`](super::Rule::validate).
    pub(crate) fn validate(
        &self,
        cell: &str,
        _sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        if is_alpha_2(cell) {
            return NormalForm::Same;
        }
        if let Some(alpha_2) = names::of_code(cell) {
            out.push_str(alpha_2);
            return NormalForm::Rewritten;
        }
        if let Some(name) = names::find(cell) {
            if name.is_alias {
                let message = format!(
                    "is neither an ISO 3166-1 code nor the name of a country, and was read as {}",
                    name.alpha_2
                );
                findings.push(CellFinding::new(Code::CountryAlias, message));
            }
            out.push_str(name.alpha_2);
            return NormalForm::of(cell, out);
        }
        let message = "is neither the ISO 3166-1 code nor a known name of a country";
        findings.push(CellFinding::new(Code::InvalidCountry, message).suggest(names::suggest(cell)));
        NormalForm::Rejected
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rule::tests::{stays, validated};

    fn country(cell: &str) -> (Option<String>, Vec<CellFinding>) {
        validated!(Country, cell)
    }

    #[test]
    fn codes_are_read_in_any_case() {
        for (alpha_2, cells) in [
            ("NL", ["nl", "Nl", "NLD", "nld", "528"]),
            ("BE", ["be", "Be", "BEL", "bel", "056"]),
            ("NA", ["na", "Na", "NAM", "nam", "516"]),
        ] {
            assert_eq!(country(alpha_2), (Some(alpha_2.to_owned()), vec![]));
            for cell in cells {
                assert_eq!(country(cell), (Some(alpha_2.to_owned()), vec![]), "{cell}");
            }
        }
    }

    #[test]
    fn words_for_nothing_are_no_country() {
        // Each is a country's code with punctuation in it, or looks like a country's name.
        for cell in [
            "N/A",
            "n/a",
            "n.a.",
            "N.A",
            "n. a.",
            "n a",
            "#N/A",
            "#NA",
            "<NA>",
            "(na)",
            "na.",
            "n-a",
            "p.m.",
            "n.i.",
            "n.o.",
            "s.o.",
            "n/r",
            "n.p.",
            "n.c.",
            "n/e",
            "n.l.",
            "N.L.",
            "n.z.",
            "s.d.",
            "k.a.",
            "n.v.t.",
            "n.b.",
            "n/b",
            "t.b.d.",
            "N.A.M.",
            "-",
            "--",
            "?",
            "x",
            "xx",
            "xxx",
            "0",
            "000",
            "999",
            "n.n.",
            "n.n.b.",
            "nvt",
            "nil",
            "null",
            "NULL",
            "none",
            "None",
            "NaN",
            "nan",
            "unknown",
            "onbekend",
            "geen",
            "keine",
            "unbekannt",
            "inconnu",
            "aucun",
            "leeg",
            "leer",
            "niet bekend",
            "nicht bekannt",
            "not available",
            "nicht zutreffend",
            "not applicable",
            "tbd",
            "tbc",
            "diversen",
            "overig",
            "overige",
            "andere",
            "other",
            "autre",
        ] {
            let (result, findings) = country(cell);
            assert_eq!((result, findings[0].code), (None, Code::InvalidCountry), "{cell}");
            assert_eq!(findings[0].suggestion, None, "{cell}");
        }
    }

    #[test]
    fn names_in_four_languages() {
        for (alpha_2, cells) in [
            (
                "NL",
                &["Nederland", "Niederlande", "Netherlands", "Pays-Bas", "Holland", "The Netherlands"][..],
            ),
            (
                "NL",
                &[
                    "die Niederlande",
                    "les Pays-Bas",
                    "Koninkrijk der Nederlanden",
                    "Königreich der Niederlande",
                ],
            ),
            (
                "BE",
                &["België", "Belgie", "Belgie\u{308}", "Belgien", "BELGIUM", "Belgique", "Koninkrijk België"],
            ),
            ("BE", &["Königreich Belgien", "Kingdom of Belgium", "Royaume de Belgique"]),
            (
                "DE",
                &["Duitsland", "Deutschland", "GERMANY", "Allemagne", "Bundesrepublik Deutschland", "BRD"],
            ),
            (
                "DE",
                &[
                    "Bondsrepubliek Duitsland",
                    "Federal Republic of Germany",
                    "République fédérale d’Allemagne",
                ],
            ),
            (
                "LV",
                &["Letland", "Republiek Letland", "Republik Lettland", "République de Lettonie", "Latvia"],
            ),
            ("CI", &["Elfenbeinküste", "Ivoorkust", "Ivory Coast", "Côte d'Ivoire", "Cote d’Ivoire"]),
            ("IM", &["Insel Man", "Isle of Man", "Île de Man", "Eiland Man"]),
            ("CV", &["Kap Verde", "Kaapverdië", "Cabo Verde", "Cap-Vert"]),
            (
                "BO",
                &["Bolivië", "Bolivia", "Plurinationaler Staat Bolivien", "Bolivia (Plurinational State of)"],
            ),
            (
                "SA",
                &[
                    "Saudi-Arabië",
                    "Saoedi-Arabië",
                    "Saudi Arabia",
                    "Arabie saoudite",
                    "Koninkrijk Saoedi-Arabië",
                ],
            ),
            ("FM", &["Micronesië", "Micronesia", "Mikronesien", "Federale Staten van Micronesië"]),
            (
                "GB",
                &["verenigd koninkrijk", "Großbritannien", "United Kingdom", "Royaume-Uni", "Great Britain"],
            ),
            (
                "US",
                &["USA", "U.S.A.", "the USA", "Verenigde Staten", "United States of America", "États-Unis"],
            ),
            ("CH", &["Zwitserland", "die Schweiz", "Suisse", "Schweizerische Eidgenossenschaft"]),
            ("AT", &["Österreich", "Oostenrijk", "Autriche", "Republik Österreich", "Republic of Austria"]),
            ("KR", &["Zuid-Korea", "Republik Korea", "Korea, Republic of"]),
            ("KP", &["Nordkorea", "Democratic People's Republic of Korea"]),
            ("CD", &["DR Congo", "Democratische Republiek Congo", "Congo-Kinshasa"]),
            ("CG", &["Republiek Congo", "Congo-Brazzaville"]),
            ("CN", &["China", "People's Republic of China", "Volksrepublik China"]),
            ("TW", &["Taiwan", "Republic of China (Taiwan)"]),
            ("DO", &["Dominicaanse Republiek", "Dominican Republic"]),
            ("DM", &["Dominica", "Commonwealth of Dominica"]),
            (
                "CZ",
                &["Tsjechië", "Czech Republic", "Tschechische Republik", "République tchèque", "Tschechien"],
            ),
            ("NE", &["Niger", "Republic of the Niger"]),
            ("NG", &["Nigeria", "Federal Republic of Nigeria"]),
            ("RU", &["Rusland", "Russische Föderation", "Fédération de Russie"]),
            ("AX", &["Åland"]),
            ("TR", &["Türkiye", "Turkije", "Türkei", "Turquie"]),
        ] {
            for cell in cells {
                assert_eq!(country(cell), (Some(alpha_2.to_owned()), vec![]), "{cell}");
            }
        }
    }

    #[test]
    fn aliases_are_read_with_a_warning() {
        for (cell, want) in [
            ("UK", "GB"),
            ("uk", "GB"),
            ("U.K.", "GB"),
            ("England", "GB"),
            ("EL", "GR"),
            ("Kosovo", "XK"),
            ("XK", "XK"),
            ("V.S.", "US"),
            ("U.S.", "US"),
            ("Amerika", "US"),
        ] {
            let (result, findings) = country(cell);
            assert_eq!((result.as_deref(), findings[0].code), (Some(want), Code::CountryAlias), "{cell}");
        }
    }

    #[test]
    fn an_unknown_name_is_rejected_with_the_nearest_one() {
        for (cell, suggestion) in [
            ("Nederlnad", Some("NL")),
            ("Duitslant", Some("DE")),
            ("Belgieë", Some("BE")),
            ("Republiek Letlnd", Some("LV")),
            ("Koninkrijk Belgiee", Some("BE")),
            ("Atlantis", None),
            ("AN", None),
            ("QQ", None),
            ("52", None),
            ("528.0", None),
            ("Congo", None),
            ("Kongo", None),
            ("Korea", None),
            ("Corée", None),
            ("Republic of China", None),
            ("Austrlia", None), // Australia or Austria
            ("Republik", None),
            ("Islamic State", None),
            ("日本", None),
        ] {
            let (result, findings) = country(cell);
            assert_eq!((result, findings[0].code), (None, Code::InvalidCountry), "{cell}");
            assert_eq!(findings[0].suggestion.as_deref(), suggestion, "{cell}");
        }
    }

    proptest! {
        #[test]
        fn a_normal_form_stays_as_it_is(cell in "\\PC{0,12}|[A-Za-z]{2,3}|[A-Za-z][./-][A-Za-z]\\.?") {
            stays!(Country, &cell);
        }
    }
}
