//! Topological order: each thing comes after those that it depends on. Used for the entities of a schema (by
//! reference), the fields of an entity (by sibling), and roles (by inclusion).

/// Orders `0..count` so that the first of every edge `(before, after)` comes first; if there is a choice, the smallest
/// number comes first.
/// Errors: there is no such order: the numbers of one cycle, in the order of its edges.
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

/// Everything that is not placed waits for something else that is not placed, so walking backwards ends in a cycle.
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
    fn dependencies_come_first_and_ties_keep_their_order() {
        assert_eq!(order(4, &[(3, 0), (2, 0)]), Ok(vec![1, 2, 3, 0]));
        assert_eq!(order(3, &[]), Ok(vec![0, 1, 2]));
    }

    #[test]
    fn a_cycle_has_only_its_own_members() {
        let mut cycle = order(4, &[(0, 1), (1, 0), (1, 2)]).unwrap_err();
        cycle.sort_unstable();
        assert_eq!(cycle, [0, 1]);
        assert_eq!(order(1, &[(0, 0)]), Err(vec![0]));
    }
}
