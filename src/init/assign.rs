//! The best assignment of columns to targets: each column and each target at most once, with the greatest sum. No
//! column takes what another needs more (Kuhn's Hungarian method).

/// A score for which nothing is assigned.
pub(super) const NONE: i64 = 0;

/// For each column the target that it gets. `scores` has a row for each column, and in it a score for each target;
/// what scores [`NONE`] or less is never assigned.
#[allow(clippy::needless_range_loop)] // Several arrays have one index.
pub(super) fn assign(scores: &[Vec<i64>]) -> Vec<Option<usize>> {
    let (rows, width) = (scores.len(), scores.first().map_or(0, Vec::len));
    // Each column can also get nothing: a target of its own that costs nothing.
    let columns = width + rows;
    let cost = |row: usize, column: usize| -> i64 {
        if column < width { -scores[row][column].max(NONE) } else { NONE }
    };
    let mut of_row = vec![0_i64; rows + 1];
    let mut of_column = vec![0_i64; columns + 1];
    let mut taken = vec![0_usize; columns + 1];
    for row in 1..=rows {
        let mut before = vec![0_usize; columns + 1];
        let mut least = vec![i64::MAX; columns + 1];
        let mut used = vec![false; columns + 1];
        taken[0] = row;
        let mut at = 0;
        while taken[at] != 0 {
            used[at] = true;
            let owner = taken[at];
            let (mut delta, mut next) = (i64::MAX, 0);
            for column in (1..=columns).filter(|&column| !used[column]) {
                let reduced = cost(owner - 1, column - 1) - of_row[owner] - of_column[column];
                if reduced < least[column] {
                    (least[column], before[column]) = (reduced, at);
                }
                if least[column] < delta {
                    (delta, next) = (least[column], column);
                }
            }
            for column in 0..=columns {
                if used[column] {
                    of_row[taken[column]] += delta;
                    of_column[column] -= delta;
                } else if least[column] < i64::MAX {
                    least[column] -= delta;
                }
            }
            at = next;
        }
        while at != 0 {
            taken[at] = taken[before[at]];
            at = before[at];
        }
    }
    let mut given = vec![None; rows];
    for column in 1..=width {
        if taken[column] > 0 && scores[taken[column] - 1][column - 1] > NONE {
            given[taken[column] - 1] = Some(column - 1);
        }
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_column_takes_what_another_needs_more() {
        // The first column likes the first target most, but the second has no other.
        let scores = [vec![10, 9], vec![10, 0]];
        assert_eq!(assign(&scores), [Some(1), Some(0)]);
        assert_eq!(assign(&[vec![0, -5]]), [None]);
        assert_eq!(assign(&[vec![5], vec![7], vec![0]]), [None, Some(0), None]);
        assert_eq!(assign(&[]), Vec::<Option<usize>>::new());
    }
}
