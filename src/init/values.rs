//! What the values of choices, booleans and languages mean.

use crate::rule::Rule;
use crate::schema::Entity;

use super::evidence::Column;
use super::fit::{accepts, is_among, means, nothing};
use super::proposal::{Proposed, Use};
use super::synonyms::Synonyms;

/// A column with more different values is no closed set.
const MOST: usize = 60;

/// Finds the meaning of each value that the field does not accept as it is, and lists those without a meaning.
pub(super) fn find(one: &mut Proposed, column: &Column, entity: &Entity, synonyms: &Synonyms) {
    let Use::Field(index) = one.used else { return };
    let field = &entity.fields[index];
    if !one.is_taken() || !matches!(field.rule, Rule::Choice(_) | Rule::Boolean(_) | Rule::Language(_)) {
        return;
    }
    let words = nothing(synonyms, field);
    let mut counted: Vec<&(String, u64)> = column.values.iter().collect();
    counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    for (value, _) in counted.into_iter().take(MOST) {
        if is_among(value, &words) || accepts(&field.rule, value) {
            continue;
        }
        match means(field, value, synonyms) {
            Some(meaning) => {
                // A value is found in any case: once is enough.
                if !one.values.iter().any(|(known, _)| known.to_lowercase() == value.to_lowercase()) {
                    one.values.push((value.clone(), meaning));
                }
            }
            None => one.open.push(value.clone()),
        }
    }
}
