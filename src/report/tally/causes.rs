//! Why each rejected record was rejected, for the records that depend on it: if an account is rejected for one
//! cause alone, its users are rejected with it, and fixing that cause frees all of them.

use std::collections::HashMap;

use crate::record::Related;

/// How many rejected records are remembered (16 bytes each). Rows that depend on a later one are counted as
/// rejected like all others, but not added to the knock-on of a cause.
pub(crate) const RECORDS: usize = 2_000_000;

/// The only rule (and value, if it is listed) that rejects a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(super) entity: usize,
    pub(super) rule: usize,
    pub(super) value: Option<u32>,
}

/// The causes of rejected records, in their order.
#[derive(Debug, Default)]
pub(super) struct Causes {
    known: HashMap<(u16, u16), Vec<Known>>,
    count: usize,
    forgot: bool,
}

#[derive(Debug)]
struct Known {
    record: u64,
    value: u32,
    rule: u16,
    entity: u16,
}

/// Several causes, or an unknown one.
const NONE: u16 = u16::MAX;
const NO_VALUE: u32 = u32::MAX;

impl Causes {
    pub(super) fn push(&mut self, entity: usize, file: u16, record: u64, cause: Option<Cause>) {
        let Ok(entity) = u16::try_from(entity) else { return };
        if self.count == RECORDS {
            self.forgot = true;
            return;
        }
        self.count += 1;
        let known = match cause {
            None => Known { record, value: NO_VALUE, rule: NONE, entity: 0 },
            Some(cause) => Known {
                record,
                value: cause.value.unwrap_or(NO_VALUE),
                rule: u16::try_from(cause.rule).unwrap_or(NONE),
                entity: u16::try_from(cause.entity).unwrap_or(0),
            },
        };
        self.known.entry((entity, file)).or_default().push(known);
    }

    /// Whether more records came than are remembered.
    pub(super) fn forgot(&self) -> bool {
        self.forgot
    }

    pub(super) fn of(&self, related: Related) -> Option<Cause> {
        let list = self.known.get(&(related.entity, related.file))?;
        let at = list.binary_search_by_key(&related.record, |known| known.record).ok()?;
        let known = &list[at];
        (known.rule != NONE).then(|| Cause {
            entity: usize::from(known.entity),
            rule: usize::from(known.rule),
            value: (known.value != NO_VALUE).then_some(known.value),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_beyond_the_room_are_forgotten_and_that_is_known() {
        let mut causes = Causes::default();
        let cause = Some(Cause { entity: 0, rule: 1, value: None });
        for record in 1..=RECORDS as u64 {
            causes.push(0, 0, record, cause);
        }
        assert!(!causes.forgot());
        causes.push(0, 0, RECORDS as u64 + 1, cause);
        assert!(causes.forgot());
        assert_eq!(causes.of(Related { entity: 0, file: 0, record: RECORDS as u64 }), cause);
        assert_eq!(causes.of(Related { entity: 0, file: 0, record: RECORDS as u64 + 1 }), None);
    }
}
