//! What the generator promises about its files as wholes.

use std::collections::HashSet;

use super::*;

const COMMA: Dialect = Dialect { delimiter: b',', crlf: false, bom: false };

fn order(faults: u64) -> Order {
    Order {
        accounts: 400,
        users: 2000,
        skip_users: 0,
        faults,
        changed: 0,
        only: Vec::new(),
        untidy: false,
        large: false,
        seed: 11,
        dialect: COMMA,
    }
}

fn made(order: &Order) -> (Vec<Sums>, [Vec<u8>; 3]) {
    let mut files = [Vec::new(), Vec::new(), Vec::new()];
    let [accounts, users, plants] = &mut files;
    let sums = write(order, accounts, users, plants).unwrap();
    (sums, files)
}

#[test]
fn the_same_order_gives_the_same_bytes_and_another_seed_others() {
    let order = order(50_000);
    let (_, first) = made(&order);
    assert_eq!(first, made(&order).1);
    assert_ne!(first, made(&Order { seed: 12, ..order }).1);
}

#[test]
fn a_clean_file_has_no_plants_and_every_key_once() {
    let (sums, [_, users, plants]) = made(&order(0));
    assert!(sums.iter().all(|sums| sums.accepted == sums.read && sums.blank == 0));
    assert_eq!(String::from_utf8(plants).unwrap().lines().count(), 1, "only the header");
    let users = String::from_utf8(users).unwrap();
    let emails: HashSet<&str> = users.lines().skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(emails.len(), 2000);
}

#[test]
fn every_fault_is_planted_and_every_row_counts_once() {
    let (sums, files) = made(&Order { large: true, ..order(200_000) });
    for sums in &sums {
        assert_eq!(sums.read, sums.accepted + sums.rejected + sums.duplicates);
    }
    for (at, fault) in Fault::ALL.iter().enumerate() {
        let planted: u64 = sums.iter().map(|sums| sums.findings[at]).sum();
        assert!(planted > 0, "{} is missing", fault.code());
        let cells =
            planted == files[2].split(|&byte| byte == b'\n').filter(|line| has(line, *fault)).count() as u64;
        assert!(cells, "{} is not listed as often as it is counted", fault.code());
    }
}

fn has(line: &[u8], fault: Fault) -> bool {
    line.split(|&byte| byte == b',').nth(3) == Some(fault.code().as_bytes())
}

#[test]
fn only_the_faults_asked_for_are_planted_with_what_they_pull_along() {
    let (_, [_, _, plants]) = made(&Order { only: vec![Fault::InvalidIban], ..order(100_000) });
    let plants = String::from_utf8(plants).unwrap();
    let codes: HashSet<&str> = plants.lines().skip(1).filter_map(|line| line.split(',').nth(3)).collect();
    assert_eq!(codes, HashSet::from(["invalid-iban", "account-rejected"]));
}

#[test]
fn a_change_changes_the_telephone_number_and_nothing_else() {
    let (_, [_, before, _]) = made(&order(0));
    let (_, [_, after, _]) = made(&Order { changed: 100_000, ..order(0) });
    let [before, after] = [before, after].map(|file| String::from_utf8(file).unwrap());
    let pairs = before.lines().zip(after.lines()).filter(|(a, b)| a != b);
    let mut changed = 0;
    for (a, b) in pairs {
        changed += 1;
        let others = a.split(',').zip(b.split(',')).filter(|(a, b)| a != b);
        assert!(others.collect::<Vec<_>>().iter().all(|(a, b)| a.starts_with('+') && b.starts_with('+')));
    }
    assert!((120..280).contains(&changed), "{changed} of 2000");
}
