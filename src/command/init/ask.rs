//! The questions of `muster init` at a terminal: what to do with each column that is not sure.

use crate::command::CommandError;
use crate::command::answers::Answers;
use crate::command::print::say;
use crate::init::{Level, Proposal, Use};
use crate::schema::{Schema, nearest};

/// Asks about each column that holds values and is not decided.
/// Errors: an interruption, and an end of the answers.
pub(super) fn ask(proposal: &mut Proposal, schema: &Schema, answers: &Answers) -> Result<(), CommandError> {
    let open = |proposal: &Proposal, at: usize| {
        let one = &proposal.columns[at];
        !one.is_taken() && one.filled > 0
    };
    let asked: Vec<usize> = (0..proposal.columns.len()).filter(|&at| open(proposal, at)).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let entity = &schema.entities[proposal.entity];
    say(&format!(
        "{} seems to hold {}. What is each of these columns? A field's name, y for the field that is proposed, i to \
         ignore the column, or Enter to leave it open.\n\n",
        proposal.file, entity.name
    ));
    for at in asked {
        loop {
            say(&question(proposal, at, schema));
            let answer = answers.next()?;
            match taken(proposal, at, answer.trim(), schema) {
                Ok(()) => break,
                Err(why) => say(&format!("{why}\n")),
            }
        }
    }
    Ok(())
}

fn question(proposal: &Proposal, at: usize, schema: &Schema) -> String {
    let one = &proposal.columns[at];
    let proposed = match &one.used {
        Use::Nothing => String::new(),
        used => format!(" = {}?", proposal.name_of(used, schema)),
    };
    let why = one.why.as_ref().map_or_else(String::new, |why| format!(" ({why})"));
    let keys = if one.used == Use::Nothing { "[i/FIELD]" } else { "[y/i/FIELD]" };
    format!("{}{proposed}{why} {keys} ", one.header)
}

/// Does what an answer says.
fn taken(proposal: &mut Proposal, at: usize, answer: &str, schema: &Schema) -> Result<(), String> {
    let entity = &schema.entities[proposal.entity];
    let used = match answer.to_lowercase().as_str() {
        "" => return Ok(()),
        "i" | "ignore" => Use::Ignore,
        "y" | "yes" if proposal.columns[at].used != Use::Nothing => proposal.columns[at].used.clone(),
        _ => {
            let known = entity.fields.iter().map(|field| field.name.as_str());
            let near =
                || nearest(answer, known.clone()).map_or(String::new(), |near| format!("; is it {near}?"));
            let field = entity.meant(answer);
            Use::Field(field.ok_or_else(|| format!("there is no field {answer}{}", near()))?)
        }
    };
    let taker = |one: &crate::init::Proposed| one.is_taken() && one.used == used && used != Use::Ignore;
    if let Some(other) = proposal.columns.iter().position(taker) {
        return Err(format!("{} is it already", proposal.columns[other].header));
    }
    let one = &mut proposal.columns[at];
    (one.used, one.level, one.why) = (used, Level::Sure, None);
    Ok(())
}
