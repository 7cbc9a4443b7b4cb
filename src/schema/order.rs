//! Puts things in an order in which each comes after what it depends on. Used for the entities of a schema
//! (by reference) and for the fields of an entity (by sibling).

/// Orders `0..count` so that in every edge `(before, after)` the first comes first; the smallest number goes
/// first wherever there is a choice.
///
/// # Errors
///
/// Where that is impossible: the numbers of one cycle, in the order of its edges.
pub(super) fn order(count: usize, edges: &[(usize, usize)]) -> Result<Vec<usize>, Vec<usize>> {
    let mut placed = vec![false; count];
    let mut ordered = Vec::with_capacity(count);
    while ordered.len() < count {
        let ready =
            |i: &usize| !placed[*i] && edges.iter().all(|&(before, after)| after != *i || placed[before]);
        match (0..count).find(ready) {
            Some(next) => {
                placed[next] = true;
                ordered.push(next);
            }
            None => return Err(cycle(&placed, edges)),
        }
    }
    Ok(ordered)
}

/// Everything that is not placed waits for something that is not placed either, so that walking backwards
/// must come round.
fn cycle(placed: &[bool], edges: &[(usize, usize)]) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut at = placed.iter().position(|placed| !placed).unwrap_or_default();
    while !path.contains(&at) {
        path.push(at);
        let waits_for = edges.iter().find(|&&(before, after)| after == at && !placed[before]);
        at = waits_for.map_or(at, |&(before, _)| before);
    }
    let begin = path.iter().position(|&i| i == at).unwrap_or_default();
    path.drain(..begin);
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_depended_on_comes_first_and_ties_keep_their_order() {
        assert_eq!(order(4, &[(3, 0), (2, 0)]), Ok(vec![1, 2, 3, 0]));
        assert_eq!(order(3, &[]), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn a_cycle_is_named_without_what_only_leads_to_it() {
        let mut cycle = order(4, &[(0, 1), (1, 0), (1, 2)]).unwrap_err();
        cycle.sort_unstable();
        assert_eq!(cycle, [0, 1]);
        assert_eq!(order(1, &[(0, 0)]), Err(vec![0]));
    }
}
