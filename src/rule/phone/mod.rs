//! Telephone numbers, kept in E.164 form (`+31612345678`).
//!
//! What a number is, is libphonenumber's business, and its Rust port answers here (`library`). Because the
//! port costs about a microsecond a number, the plain forms that clean files consist of are answered by
//! automata built from the same metadata (`plan`, `automaton`): they say "valid, and this is its E.164 form",
//! and of a number with its + "possible, but in no known range"; whatever they do not know goes to the
//! library, so they can be incomplete and never wrong (a test compares both on random numbers). What a spreadsheet did to a number is undone in `excel`.
//!
//! Decided as the library decides: punctuation, brackets, `00` and `+`, digits of any script, letters on a
//! telephone keypad (`0800-FLOWERS`), words before the number. Decided here: an extension has no place in
//! E.164, so dropping one is a warning; a cell over 250 bytes is no number.

mod automaton;
mod excel;
mod library;
mod plan;

use std::fmt;

use self::library::Verdict;
use self::plan::{Number, Plans};
use super::{Fate, Note};
use crate::fault;
use crate::record::Code;

/// A telephone number; `region` is the country where the row names none (alpha-2).
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
    /// A telephone number; `region` is the country where the row names none (alpha-2).
    #[must_use]
    pub(crate) fn new(region: Option<String>) -> Self {
        Self { region, plans: Plans::shared() }
    }

    /// See [`super::Rule::judge`].
    #[inline]
    pub(crate) fn judge(
        &self,
        cell: &str,
        sibling: Option<&str>,
        out: &mut String,
        notes: &mut Vec<Note>,
    ) -> Fate {
        let region = sibling.or(self.region.as_deref());
        if fault::slow() {
            return self.judge_slowly(cell, region, out, notes);
        }
        if self.plans.is_valid_e164(cell.as_bytes()) {
            return Fate::Same;
        }
        if let Some(number) = self.plans.recognise(cell.as_bytes(), region) {
            return keep(cell, &number, out);
        }
        // With its + it names its country itself: nothing better can be known.
        if let Some(number) = self.plans.uncertain(cell.as_bytes()) {
            notes.push(Note::new(Code::UncertainPhone, library::IN_NO_RANGE));
            return keep(cell, &number, out);
        }
        self.judge_slowly(cell, region, out, notes)
    }

    #[cold]
    fn judge_slowly(
        &self,
        cell: &str,
        region: Option<&str>,
        out: &mut String,
        notes: &mut Vec<Note>,
    ) -> Fate {
        let text = excel::unwrap(cell);
        if !fault::slow()
            && let Some(number) = self.plans.recognise(text.as_bytes(), region)
        {
            return keep(cell, &number, out);
        }
        if let Some(digits) = excel::scientific(text) {
            let note =
                Note::new(Code::ExcelScientific, "a spreadsheet turned this number into scientific notation");
            let whole = digits.and_then(|digits| library::valid_with_plus(self.plans.library(), &digits));
            notes.push(with(note, whole));
            return Fate::Rejected;
        }
        self.ask_library(cell, text, region, out, notes)
    }

    /// Judges `text`, which is what was found inside `cell`.
    fn ask_library(
        &self,
        cell: &str,
        text: &str,
        region: Option<&str>,
        out: &mut String,
        notes: &mut Vec<Note>,
    ) -> Fate {
        let (code, message) = match library::look_up(self.plans.library(), text, region) {
            Verdict::Valid(number) if !number.lost_extension => {
                return keep_text(cell, &number.e164, out);
            }
            Verdict::Valid(number) => {
                notes.push(Note::new(
                    Code::UncertainPhone,
                    "the number has an extension, which its normal form cannot hold",
                ));
                return keep_text(cell, &number.e164, out);
            }
            Verdict::Possible(number, message) => {
                let note = Note::new(Code::UncertainPhone, message);
                // With its + it names its country itself: nothing better can be known.
                let better = if text.starts_with('+') { None } else { self.suggest(text, region) };
                notes.push(with(note, better.filter(|better| *better != number.e164)));
                return keep_text(cell, &number.e164, out);
            }
            Verdict::Impossible(message) => (Code::InvalidPhone, message),
        };
        notes.push(with(Note::new(code, message), self.suggest(text, region)));
        Fate::Rejected
    }

    fn suggest(&self, text: &str, region: Option<&str>) -> Option<String> {
        library::suggest(self.plans.library(), text, region)
    }
}

fn with(note: Note, suggestion: Option<String>) -> Note {
    match suggestion {
        Some(suggestion) => note.suggest(suggestion),
        None => note,
    }
}

fn keep(cell: &str, number: &Number, out: &mut String) -> Fate {
    keep_text(cell, number.as_str(), out)
}

fn keep_text(cell: &str, e164: &str, out: &mut String) -> Fate {
    if cell == e164 {
        return Fate::Same;
    }
    out.clear();
    out.push_str(e164);
    Fate::Rewritten
}

#[cfg(test)]
mod tests;
