//! Questions, one by one: required fields first, then the rest in the order of the schema. Each answer is validated
//! at once by the import's own rules, together with the answers before it, and asked for again if they reject it.
//! Nothing is written before the last answer.

use crate::cli::CreateArgs;
use crate::command::CommandError;
use crate::command::answers::Answers;
use crate::command::print::say;
use crate::record::{Finding, Severity};
use crate::report::Diagnostic;
use crate::report::log::colour;
use crate::run::RunError;
use crate::run::record::{TypedRecord, validate};
use crate::schema::{Entity, FieldIndex, Schema, describe};
use crate::signal;

/// Asks for a record's cells.
/// Errors: an interruption, and an end of the answers before the last question.
pub(super) fn cells(
    schema: &Schema,
    entity: &Entity,
    args: &CreateArgs,
    yes: bool,
) -> Result<Vec<(String, String)>, CommandError> {
    let mut dialogue =
        Dialogue { schema, entity, args, answers: Answers::begin(signal::flag()?), given: Vec::new() };
    say(&format!(
        "A new record of {}. Enter leaves a field empty, Ctrl-C ends without a record.\n\n",
        entity.name
    ));
    let (required, others): (Vec<_>, Vec<_>) =
        (0..entity.fields.len()).partition(|&index| entity.fields[index].required);
    for index in required.into_iter().chain(others) {
        dialogue.ask(index)?;
    }
    if !yes {
        dialogue.confirm()?;
    }
    Ok(dialogue.given.into_iter().map(|(index, text)| (entity.fields[index].name.clone(), text)).collect())
}

struct Dialogue<'a> {
    schema: &'a Schema,
    entity: &'a Entity,
    args: &'a CreateArgs,
    answers: Answers,
    given: Vec<(FieldIndex, String)>,
}

impl Dialogue<'_> {
    /// Asks for a field until its answer is accepted. If the answer makes an earlier one wrong, that one is asked for
    /// again.
    fn ask(&mut self, index: FieldIndex) -> Result<(), CommandError> {
        let mut waiting = vec![index];
        while let Some(&at) = waiting.last() {
            let field = &self.entity.fields[at];
            say(&format!("{} ({}): ", field.name, describe::rule(field, self.entity, self.schema)));
            let answer = self.answers.next()?;
            self.put(at, answer);
            let mut findings = self.validate()?;
            // Rules of the whole row look at fields that have not been asked for yet: they count at the end.
            findings.retain(|finding| self.is_about_given(finding));
            let (rejects, warnings): (Vec<_>, Vec<_>) =
                findings.into_iter().partition(|finding| finding.severity == Severity::Reject);
            self.show(rejects.iter().chain(warnings.iter().filter(|warning| place(warning) == Some(at))));
            if let Some(wrong) = rejects.iter().filter_map(place).find(|&wrong| wrong != at) {
                waiting.push(wrong);
            } else if rejects.is_empty() && (warnings.iter().all(|w| place(w) != Some(at)) || self.keeps()?) {
                // All answers are right by now, also the one that made this one wrong.
                waiting.clear();
            }
        }
        Ok(())
    }

    fn put(&mut self, index: FieldIndex, answer: String) {
        self.given.retain(|(other, _)| *other != index);
        if !answer.trim().is_empty() || self.entity.fields[index].required {
            self.given.push((index, answer));
        }
    }

    fn validate(&self) -> Result<Vec<Finding>, CommandError> {
        let name = |index: FieldIndex| self.entity.fields[index].name.clone();
        let cells = self.given.iter().map(|(index, text)| (name(*index), text.clone())).collect();
        let typed = TypedRecord { entity: self.entity.name.clone(), cells };
        Ok(validate(&typed, self.schema, self.args.strict)?)
    }

    fn is_about_given(&self, finding: &Finding) -> bool {
        place(finding).is_some_and(|place| self.given.iter().any(|(index, _)| *index == place))
    }

    /// Whether an answer is kept in spite of a warning.
    fn keeps(&mut self) -> Result<bool, CommandError> {
        say("keep it? [Y/n] ");
        Ok(!matches!(self.answers.next()?.trim().to_ascii_lowercase().as_str(), "n" | "no"))
    }

    fn confirm(&mut self) -> Result<(), CommandError> {
        let what = if self.args.update { "Create or update" } else { "Create" };
        loop {
            say(&format!("\n{what} this record of {}? [y/n] ", self.entity.name));
            match self.answers.next()?.trim().to_ascii_lowercase().as_str() {
                "y" | "yes" => return Ok(()),
                "n" | "no" => return Err(RunError::Declined.into()),
                // Enter, with which fields are skipped, is no answer here.
                _ => {}
            }
        }
    }

    fn show<'f>(&self, findings: impl Iterator<Item = &'f Finding>) {
        let mut text = String::new();
        for finding in findings {
            Diagnostic::fresh(finding, self.entity, self.args.records.show_values)
                .render(&mut text, colour());
        }
        say(&text);
    }
}

fn place(finding: &Finding) -> Option<FieldIndex> {
    finding.field.map(usize::from)
}
