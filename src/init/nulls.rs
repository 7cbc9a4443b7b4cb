//! Words that mean nothing: those of a whole file, and those of single columns, where other columns have a meaning for
//! the word.

use crate::schema::Entity;

use super::evidence::Column;
use super::fit::{is_among, nothing};
use super::proposal::{Proposed, Use};
use super::synonyms::Synonyms;

/// Finds the words in the columns that are taken. What is a word for nothing in every column is the file's.
pub(super) fn find(
    proposed: &mut [Proposed],
    columns: &[Column],
    entity: &Entity,
    synonyms: &Synonyms,
) -> Vec<String> {
    let mut of_file: Vec<String> = Vec::new();
    let mut meant: Vec<String> = Vec::new();
    for (one, column) in proposed.iter_mut().zip(columns).filter(|(one, _)| one.is_taken()) {
        let words = match &one.used {
            Use::Field(field) => nothing(synonyms, &entity.fields[*field]),
            _ => synonyms.always.clone(),
        };
        for (value, _) in &column.values {
            let is_always = is_among(value, &synonyms.always);
            if !is_among(value, &words) {
                meant.extend(is_always.then(|| value.to_lowercase()));
            } else if !is_always {
                one.nulls.push(value.clone());
            } else if !is_among(&value.to_lowercase(), &lower(&of_file)) {
                of_file.push(value.clone());
            }
        }
    }
    let (of_columns, of_file): (Vec<_>, Vec<_>) =
        of_file.into_iter().partition(|word| meant.contains(&word.to_lowercase()));
    for (one, column) in proposed.iter_mut().zip(columns).filter(|(one, _)| one.is_taken()) {
        let Use::Field(field) = &one.used else { continue };
        let words = nothing(synonyms, &entity.fields[*field]);
        let has = |word: &&String| {
            is_among(word, &words) && column.values.iter().any(|(value, _)| value.eq_ignore_ascii_case(word))
        };
        one.nulls.extend(of_columns.iter().filter(has).cloned());
    }
    for one in proposed {
        one.nulls.sort();
        one.nulls.dedup_by_key(|word| word.to_lowercase());
    }
    of_file
}

fn lower(words: &[String]) -> Vec<String> {
    words.iter().map(|word| word.to_lowercase()).collect()
}
