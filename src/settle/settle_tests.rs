//! Settling compared with a simple oracle, and what it promises about single rows.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::io;

use proptest::prelude::*;

use super::*;
use crate::record::{EntityIndex, Related, RowNumber, Slot};
use crate::rule::{Rule, text::Text};
use crate::schema::{Entity, Field, Reference, SystemColumns, Table};

/// Rows as texts: key, further unique value, reference.
#[derive(Debug, Clone)]
struct Texts {
    slots: Vec<Vec<Option<String>>>,
    hashes: Vec<Vec<u64>>,
}

impl Texts {
    /// With few `bits`, hashes collide often.
    fn new(rows: &[Vec<Option<&str>>], slots: usize, bits: u32) -> Self {
        let hasher = foldhash::quality::FixedState::with_seed(7);
        let slots: Vec<Vec<Option<String>>> =
            (0..slots).map(|slot| rows.iter().map(|row| row[slot].map(str::to_owned)).collect()).collect();
        let hash = |value: &Option<String>| {
            value.as_ref().map_or(0, |text| (hasher.hash_one(text.as_str()) % (1 << bits)).max(1))
        };
        let hashes = slots.iter().map(|values| values.iter().map(hash).collect()).collect();
        Self { slots, hashes }
    }
}

impl SlotValues for Texts {
    fn values(
        &self,
        rows: &[RowNumber],
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, Option<&[u8]>),
    ) -> io::Result<()> {
        for &row in rows {
            each(row, self.slots[slot][row].as_ref().map(String::as_bytes));
        }
        Ok(())
    }

    /// One row a part, so that many parts are tried.
    fn parts(&self) -> usize {
        self.slots[0].len()
    }

    fn scan(
        &self,
        part: usize,
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, Option<&[u8]>),
    ) -> io::Result<()> {
        each(RowNumber(part as u64), self.slots[slot][part].as_ref().map(String::as_bytes));
        Ok(())
    }
}

fn field(name: &str, unique: bool, reference: Option<usize>) -> Field {
    Field {
        name: name.to_owned(),
        column: name.to_owned(),
        aliases: Vec::new(),
        rule: Rule::Text(Text::new(false)),
        sibling: None,
        required: name == "key",
        default: None,
        min_length: None,
        max_length: None,
        pattern: None,
        unique,
        reference: reference.map(|entity| Reference { entity }),
        on_update: None,
        sensitive: false,
        severities: Vec::new(),
    }
}

fn entity(name: &str, fields: Vec<Field>) -> Entity {
    Entity {
        name: name.to_owned(),
        table: Table { schema: None, name: name.to_owned() },
        system: SystemColumns { id: "id".to_owned(), created_at: None, updated_at: None },
        validation_order: (0..fields.len()).collect(),
        fields,
        key: 0,
        ignored: Vec::new(),
        row_rules: Vec::new(),
        invite: None,
    }
}

fn accounts() -> Entity {
    entity("accounts", vec![field("key", true, None)])
}

fn users() -> Entity {
    entity(
        "users",
        vec![field("key", true, None), field("legacy", true, None), field("account", false, Some(0))],
    )
}

struct Case {
    accounts: Vec<Vec<Option<&'static str>>>,
    users: Vec<Vec<Option<&'static str>>>,
    rejected: Vec<(Vec<u8>, Related)>,
    given: bool,
}

fn run(case: &Case, facts: &Facts, policy: Duplicates, bits: u32) -> Verdicts {
    let (a, u) = (accounts(), users());
    let account_rows = Texts::new(&case.accounts, 1, bits);
    let user_rows = Texts::new(&case.users, 3, bits);
    let parts = [
        Candidates {
            entity: &a,
            given: case.given,
            slots: &[0],
            hashes: &account_rows.hashes,
            values: &account_rows,
            deletes: &[],
            rejected: &case.rejected,
        },
        Candidates {
            entity: &u,
            given: true,
            slots: &[0, 1, 2],
            hashes: &user_rows.hashes,
            values: &user_rows,
            deletes: &[],
            rejected: &[],
        },
    ];
    settle(&parts, facts, policy).unwrap()
}

fn codes(verdict: &EntityVerdict) -> Vec<(u64, &'static str)> {
    verdict.findings.iter().map(|found| (found.row.0, found.reason.code().as_str())).collect()
}

#[test]
fn references_are_resolved_in_files_then_in_the_database_then_among_the_rejected() {
    let related = Related { entity: 0, file: 0, record: 9 };
    let case = Case {
        accounts: vec![vec![Some("A")]],
        users: vec![
            vec![Some("u0"), None, Some("A")],
            vec![Some("u1"), None, Some("DB")],
            vec![Some("u2"), None, Some("BAD")],
            vec![Some("u3"), None, Some("NONE")],
        ],
        rejected: vec![(b"BAD".to_vec(), related)],
        given: true,
    };
    let verdicts = run(&case, &Facts::none(), Duplicates::KeepFirst, 60);
    assert_eq!(
        codes(&verdicts.entities[1]),
        [(1, "unknown-account"), (2, "account-rejected"), (3, "unknown-account")]
    );
    assert_eq!(
        verdicts.entities[1].findings[1].reason,
        Reason::RejectedReference(RejectedRecord::Read(related))
    );
    assert!(verdicts.questions.is_empty(), "there is no database to ask");

    let mut facts = Facts::of_a_database();
    let verdicts = run(&case, &facts, Duplicates::KeepFirst, 60);
    let asked: Vec<_> = verdicts.questions.iter().map(|q| q.key.as_slice()).collect();
    assert_eq!(asked, [&b"DB"[..], b"BAD", b"NONE"]);
    let question = |key: &str| Question { entity: EntityIndex(0), key: key.into() };
    let held = Known { held: true, ..Known::default() };
    facts.answer(&verdicts.questions, HashMap::from([(question("DB"), held)]));
    let verdicts = run(&case, &facts, Duplicates::KeepFirst, 60);
    assert!(verdicts.questions.is_empty());
    assert_eq!(codes(&verdicts.entities[1]), [(2, "account-rejected"), (3, "unknown-account")]);
}

#[test]
fn a_reference_that_no_given_file_could_hold_is_a_warning() {
    let case = Case {
        accounts: vec![],
        users: vec![vec![Some("u0"), None, Some("A")]],
        rejected: vec![],
        given: false,
    };
    let verdicts = run(&case, &Facts::none(), Duplicates::KeepFirst, 60);
    assert_eq!(codes(&verdicts.entities[1]), [(0, "unresolved-reference")]);
    assert_eq!((verdicts.entities[1].accepted, verdicts.entities[1].warnings), (1, 1));
}

#[test]
fn a_rejected_row_takes_no_key_and_a_skipped_one_takes_none_of_its_other_values() {
    let case = Case {
        accounts: vec![vec![Some("A")]],
        users: vec![
            vec![Some("same"), None, Some("NONE")], // rejected: takes nothing
            vec![Some("same"), Some("1"), Some("A")],
            vec![Some("same"), Some("2"), Some("A")], // loses by its key, so "2" is free
            vec![Some("other"), Some("2"), Some("A")],
            vec![Some("third"), Some("2"), Some("A")], // loses by its second field
        ],
        rejected: vec![],
        given: true,
    };
    let verdicts = run(&case, &Facts::none(), Duplicates::KeepFirst, 60);
    let users = &verdicts.entities[1];
    assert_eq!(codes(users), [(0, "unknown-account"), (2, "duplicate-key"), (4, "duplicate-key")]);
    for (finding, of) in [(1, 1), (2, 3)] {
        assert_eq!(users.findings[finding].reason, Reason::Duplicate { of: RowNumber(of), kept: true });
    }
    assert_eq!((users.accepted, users.rejected, users.duplicates), (2, 1, 2));
}

#[test]
fn rejecting_all_leaves_no_account_and_takes_its_users_along() {
    let case = Case {
        accounts: vec![vec![Some("A")], vec![Some("A")]],
        users: vec![vec![Some("u0"), None, Some("A")]],
        rejected: vec![],
        given: true,
    };
    let verdicts = run(&case, &Facts::none(), Duplicates::RejectAll, 60);
    assert_eq!((verdicts.entities[0].rejected, verdicts.entities[0].duplicates), (2, 0));
    assert_eq!(codes(&verdicts.entities[1]), [(0, "account-rejected")]);
    let account = RejectedRecord::Row(EntityIndex(0), RowNumber(0));
    assert_eq!(verdicts.entities[1].findings[0].reason, Reason::RejectedReference(account));
}

#[test]
fn a_row_that_the_database_refuses_frees_its_duplicate() {
    let case = Case {
        accounts: vec![vec![Some("A")]],
        users: vec![vec![Some("same"), None, Some("A")], vec![Some("same"), None, Some("A")]],
        rejected: vec![],
        given: true,
    };
    let mut facts = Facts::none();
    facts.take_refused(EntityIndex(1), [(RowNumber(0), "23514".to_owned())]);
    let verdicts = run(&case, &facts, Duplicates::KeepFirst, 60);
    assert_eq!(codes(&verdicts.entities[1]), [(0, "database-rejected")]);
    assert_eq!(verdicts.entities[1].fates, [Fate::Rejected, Fate::Kept]);
}

#[test]
fn a_row_that_loses_to_another_is_a_duplicate_whatever_the_database_has() {
    let case = Case {
        accounts: vec![vec![Some("A")]],
        users: vec![
            vec![Some("a"), Some("1"), Some("A")],
            vec![Some("b"), Some("1"), Some("A")], // loses by its second field
            vec![Some("a"), Some("2"), Some("A")], // loses by its key
            vec![Some("c"), Some("2"), Some("A")],
            vec![Some("d"), Some("3"), Some("A")], // the database has "3" in another row
            vec![Some("e"), Some("3"), Some("A")],
        ],
        rejected: vec![],
        given: true,
    };
    let found = |policy, in_use: &[(u64, usize)]| {
        let in_use =
            in_use.iter().map(|&(row, slot)| InUse { row: RowNumber(row), slot: Slot(slot), holder: None });
        let mut facts = Facts::none();
        facts.take_in_use(EntityIndex(1), in_use);
        codes(&run(&case, &facts, policy, 60).entities[1])
    };
    // Of the two rows with "3", neither holds it in the database, so none of them can be kept.
    let both = [(1, "duplicate-key"), (2, "duplicate-key"), (4, "key-in-use"), (5, "key-in-use")];
    let keep_first = [(1, 1), (2, 1), (2, 2), (4, 1), (5, 1)];
    assert_eq!(found(Duplicates::KeepFirst, &keep_first), both);
    assert_eq!(found(Duplicates::KeepFirst, &[])[..2], both[..2]);
    let keep_last = [(0, 1), (2, 1), (4, 1), (5, 1)];
    let last = [(0, "duplicate-key"), (2, "duplicate-key"), (4, "key-in-use"), (5, "key-in-use")];
    assert_eq!(found(Duplicates::KeepLast, &keep_last), last);
    let all = [0, 1, 2, 3, 4, 5].map(|row| (row, "duplicate-key"));
    assert_eq!(found(Duplicates::RejectAll, &keep_first), all);
}

/// `a` and `A` are the same for the database's column: two rows of accounts, then a rejected record.
#[test]
fn a_reference_finds_the_row_whose_key_the_database_takes_for_the_same() {
    let record = Related { entity: 0, file: 0, record: 9 };
    let case = Case {
        accounts: vec![vec![Some("a")], vec![Some("A")], vec![Some("b")]],
        users: ["a", "A", "B", "C", "c", "D", "E"].map(|key| vec![Some(key), None, Some(key)]).to_vec(),
        rejected: vec![(b"c".to_vec(), record)],
        given: true,
    };
    let known = |key: &str, known: Known| (Question { entity: EntityIndex(0), key: key.into() }, known);
    let row = |row| Known { row: Some(RowNumber(row)), ..Known::default() };
    let answers = [
        known("A", row(0)),
        known("a", row(0)),
        known("B", row(2)),
        known("C", Known { rejected: Some(0), ..Known::default() }),
        known("D", Known { stored: Some(" D".into()), ..Known::default() }),
    ];
    for (policy, kept) in [(Duplicates::KeepFirst, 0), (Duplicates::KeepLast, 1)] {
        let mut facts = Facts::of_a_database();
        let alike = [(RowNumber(0), RowNumber(0)), (RowNumber(1), RowNumber(0))];
        facts.take_alike(EntityIndex(0), Slot(0), alike);
        let asked = run(&case, &facts, policy, 60).questions;
        facts.answer(&asked, HashMap::from(answers.clone()));
        let users = &run(&case, &facts, policy, 60).entities[1];
        assert_eq!(users.parents[0][..3], [kept, kept, 2]);
        let rejected =
            [(3, "account-rejected"), (4, "account-rejected"), (5, "key-in-use"), (6, "unknown-account")];
        assert_eq!(codes(users), rejected);
        let read = Reason::RejectedReference(RejectedRecord::Read(record));
        assert_eq!((&users.findings[0].reason, &users.findings[1].reason), (&read, &read));
    }
}

/// However often a key repeats, looking it up costs the same.
#[test]
fn references_to_a_key_of_many_rows_are_found_at_once() {
    let many = 5_000;
    let case = Case {
        accounts: vec![vec![Some("A")]; many],
        users: vec![vec![Some("u"), None, Some("A")]; many],
        rejected: vec![],
        given: true,
    };
    for policy in [Duplicates::KeepFirst, Duplicates::KeepLast, Duplicates::RejectAll] {
        let verdicts = run(&case, &Facts::none(), policy, 60);
        let kept = u64::from(policy != Duplicates::RejectAll);
        assert_eq!([0, 1].map(|entity| verdicts.entities[entity].accepted), [kept, kept]);
    }
}

/// Rows that want a value of the database, and rows that free it: only one of each is kept.
#[test]
fn a_value_that_many_free_and_many_want_costs_no_more_than_these_rows() {
    let many = 2_000;
    let rows = |key, value| std::iter::repeat_n(vec![Some(key), Some(value), Some("A")], many);
    let case = Case {
        accounts: vec![vec![Some("A")]],
        users: rows("frees", "new").chain(rows("wants", "old")).chain(rows("next", "new")).collect(),
        rejected: vec![],
        given: true,
    };
    let mut facts = Facts::none();
    let (frees, wants) = (0..many as u64, many as u64..2 * many as u64);
    let in_use = wants.map(|row| InUse { row: RowNumber(row), slot: Slot(1), holder: Some(7) });
    facts.take_in_use(EntityIndex(1), in_use);
    facts.take_freeing(EntityIndex(1), Slot(1), frees.map(|row| (7, RowNumber(row))));
    let kept = |facts: &Facts| {
        let fates = &run(&case, facts, Duplicates::KeepFirst, 60).entities[1].fates;
        (0..fates.len()).filter(|&row| fates[row] == Fate::Kept).collect::<Vec<_>>()
    };
    assert_eq!(kept(&facts), [0, many]);
    facts.take_refused(EntityIndex(1), (0..many as u64).map(|row| (RowNumber(row), "23514".to_owned())));
    assert_eq!(kept(&facts), [2 * many]);
}

/// The simplest way to settle users under keep-first or keep-last.
fn oracle(rows: &[(u8, Option<u8>, u8)], accounts: &[u8], reverse: bool) -> Vec<Fate> {
    let mut fates = vec![Fate::Kept; rows.len()];
    let mut taken: HashMap<(u8, u8), usize> = HashMap::new();
    let order: Vec<usize> = if reverse { (0..rows.len()).rev().collect() } else { (0..rows.len()).collect() };
    for row in order {
        let (key, legacy, account) = rows[row];
        if !accounts.contains(&account) {
            fates[row] = Fate::Rejected;
            continue;
        }
        let mine: Vec<_> = [Some((0, key)), legacy.map(|l| (1, l))].into_iter().flatten().collect();
        if mine.iter().any(|k| taken.contains_key(k)) {
            fates[row] = Fate::Duplicate;
        } else {
            taken.extend(mine.into_iter().map(|k| (k, row)));
        }
    }
    fates
}

const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];

proptest! {
    #[test]
    fn settling_agrees_with_the_oracle_even_if_every_hash_collides(
        rows in prop::collection::vec((0_u8..12, prop::option::of(0_u8..12), 0_u8..6), 0..40),
        accounts in prop::collection::vec(0_u8..6, 0..6),
        bits in 0_u32..8,
        reverse in any::<bool>(),
    ) {
        let name = |i: u8| Some(NAMES[usize::from(i)]);
        let case = Case {
            accounts: accounts.iter().map(|&a| vec![name(a)]).collect(),
            users: rows.iter().map(|&(k, l, a)| vec![name(k), l.and_then(name), name(a)]).collect(),
            rejected: vec![],
            given: true,
        };
        let policy = if reverse { Duplicates::KeepLast } else { Duplicates::KeepFirst };
        let verdicts = run(&case, &Facts::none(), policy, bits);
        let users = &verdicts.entities[1];
        prop_assert_eq!(&users.fates, &oracle(&rows, &accounts, reverse));
        prop_assert_eq!(users.accepted + users.rejected + users.duplicates, rows.len() as u64);
    }
}
