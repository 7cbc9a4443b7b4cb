//! Telephone numbers, stored in E.164 form (`+31612345678`).
//!
//! libphonenumber defines what a number is; its Rust port is asked in `library`. The port needs about a microsecond
//! for a number, so the plain forms in clean files are recognised by automata that are built from the same metadata
//! (`plan`, `automaton`). They recognise valid numbers, and numbers with a + that are possible but in no known range;
//! all others go to the library. So the automata may be incomplete, but never wrong; a test compares both on random
//! numbers. What a spreadsheet did to a number is undone in `excel`.
//!
//! The library decides on punctuation, brackets, `00` and `+`, and digits of any script. It also drops words and
//! extensions, appends the digits of a second number, and reads letters as the digits of a telephone keypad
//! (`0800-FLOWERS`). All of that is a warning here (`words`), so that no cell becomes a number without a finding. A cell
//! of more than 250 bytes is not a number.

mod automaton;
mod excel;
mod library;
mod plan;
mod words;

use std::fmt;

use self::library::{Parsed, Validity};
use self::plan::{Number, Plans};
use super::cell::{CellFinding, NormalForm};
use crate::fault;
use crate::record::Code;

const LEFT_OUT: &str = "the cell has more than the number, and the rest was left out";
const HAS_MORE: &str = "letters or signs were left out, or read as digits of a telephone keypad";

/// A telephone number.
#[derive(Clone)]
pub(crate) struct Phone {
    region: Option<String>,
    plans: &'static Plans,
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Phone").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Phone {
    /// A telephone number; `region` (alpha-2) is the default for rows that name no country.
    pub(crate) fn new(region: Option<String>) -> Self {
        Self { region, plans: Plans::shared() }
    }

    /// See [`Rule::validate`](super::Rule::validate).
    #[inline]
    pub(crate) fn validate(
        &self,
        cell: &str,
        sibling: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let region = sibling.or(self.region.as_deref());
        if fault::slow() {
            return self.validate_slowly(cell, region, out, findings);
        }
        if self.plans.is_valid_e164(cell.as_bytes()) {
            return NormalForm::Same;
        }
        if let Some(number) = self.plans.recognise(cell.as_bytes(), region) {
            return keep(cell, &number, out);
        }
        // A number with its + has its country in it: nothing better can be known.
        if let Some(number) = self.plans.uncertain(cell.as_bytes()) {
            findings.push(CellFinding::new(Code::UncertainPhone, library::IN_NO_RANGE));
            return keep(cell, &number, out);
        }
        self.validate_slowly(cell, region, out, findings)
    }

    #[cold]
    fn validate_slowly(
        &self,
        cell: &str,
        region: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let text = excel::unwrap(cell);
        if !fault::slow()
            && let Some(number) = self.plans.recognise(text.as_bytes(), region)
        {
            return keep(cell, &number, out);
        }
        if let Some(digits) = excel::scientific(text) {
            let finding = CellFinding::new(
                Code::ExcelScientific,
                "a spreadsheet turned this number into scientific notation",
            );
            let whole = digits.and_then(|digits| library::valid_with_plus(self.plans.library(), &digits));
            findings.push(finding.suggest(whole));
            return NormalForm::Rejected;
        }
        if let Some(whole) = excel::without_decimals(text) {
            let message = "a spreadsheet wrote this number with decimals";
            findings.push(CellFinding::new(Code::InvalidPhone, message).suggest(self.suggest(whole, region)));
            return NormalForm::Rejected;
        }
        self.ask_library(cell, text, region, out, findings)
    }

    /// Validates `text`, which was inside `cell`.
    fn ask_library(
        &self,
        cell: &str,
        text: &str,
        region: Option<&str>,
        out: &mut String,
        findings: &mut Vec<CellFinding>,
    ) -> NormalForm {
        let parts = words::divide(text);
        let (number, message) = match library::look_up(self.plans.library(), text, region) {
            Validity::Valid(number) if number.lost_extension => {
                (number, Some("the number has an extension, which its normal form cannot hold"))
            }
            Validity::Valid(number) => (number, parts.has_more.then_some(HAS_MORE)),
            Validity::Possible(number, message) => (number, Some(message)),
            Validity::Impossible(message) => {
                // The words may have made it impossible.
                let suggestion = self.suggest(text, region).or_else(|| {
                    let number = parts.has_more.then(|| self.valid(parts.number, region)).flatten();
                    number.map(|number| number.e164)
                });
                findings.push(CellFinding::new(Code::InvalidPhone, message).suggest(suggestion));
                return NormalForm::Rejected;
            }
        };
        // The number itself, where the library took more for it than there is.
        if !number.lost_extension {
            let alone = if parts.has_more { Some(parts.number) } else { words::before_slash(parts.number) };
            if let Some(alone) = alone.and_then(|alone| self.valid(alone, region)) {
                findings.push(CellFinding::new(Code::UncertainPhone, LEFT_OUT));
                return keep_text(cell, &alone.e164, out);
            }
        }
        if let Some(message) = message {
            // A number with its + has its country in it: nothing better can be known.
            let is_certain = text.starts_with('+') || number.lost_extension || parts.has_more;
            let better = if is_certain { None } else { self.suggest(text, region) };
            let better = better.filter(|better| *better != number.e164);
            findings.push(CellFinding::new(Code::UncertainPhone, message).suggest(better));
        }
        keep_text(cell, &number.e164, out)
    }

    fn valid(&self, text: &str, region: Option<&str>) -> Option<Parsed> {
        match library::look_up(self.plans.library(), text, region) {
            Validity::Valid(number) => Some(number),
            _ => None,
        }
    }

    fn suggest(&self, text: &str, region: Option<&str>) -> Option<String> {
        library::suggest(self.plans.library(), text, region)
    }
}

fn keep(cell: &str, number: &Number, out: &mut String) -> NormalForm {
    keep_text(cell, number.as_str(), out)
}

fn keep_text(cell: &str, e164: &str, out: &mut String) -> NormalForm {
    if cell == e164 {
        return NormalForm::Same;
    }
    out.clear();
    out.push_str(e164);
    NormalForm::Rewritten
}

#[cfg(test)]
mod tests;
