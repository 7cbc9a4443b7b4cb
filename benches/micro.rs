//! Single steps of a run, each by itself, with the allocations that it costs: `cargo bench --bench micro`, or
//! `cargo bench --bench micro -- split` for one. Nothing fails by the clock.

#![allow(missing_docs, clippy::unwrap_used)] // a benchmark has no public interface

use std::fmt::Write as _;

use divan::{AllocProfiler, Bencher, black_box, counter::BytesCount, counter::ItemsCount};

use muster::internals::{CleanRows, FieldRule, HashSeed, UsersPlan, encode_row};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const RECORDS: usize = 10_000;

fn main() {
    divan::main();
}

const HEADER: &str = "email,legacyId,account.legacyId,role,contact.gender,contact.firstName,contact.lastName,\
                      contact.phone,defaultLangCode,migrated";

/// Users without a header; `quoted` puts quotes around a name and doubles some inside.
fn users(quoted: bool) -> Vec<u8> {
    let mut text = String::new();
    for i in 0..RECORDS {
        let name = if quoted { "\"de \"\"Boer\"\"\"" } else { "de Boer" };
        let _ = writeln!(
            text,
            "piet.deboer{i}@kpnmail.nl,U-{i:07},A-{:06},,male,Piet,{name},+316{:08},nl,false",
            i % 1000,
            (i * 7_919) % 100_000_000
        );
    }
    text.into_bytes()
}

#[divan::bench(args = ["plain", "quoted"])]
fn split(bencher: Bencher<'_, '_>, kind: &str) {
    let users = users(kind == "quoted");
    let plan = UsersPlan::new(HEADER, false);
    bencher.counter(BytesCount::new(users.len())).bench(|| plan.cut(black_box(&users)));
}

/// The allocations are those of a block: a clean row of ASCII has none.
#[divan::bench(args = ["plain, keys", "plain, rows", "quoted, rows"])]
fn parse(bencher: Bencher<'_, '_>, kind: &str) {
    let seed = HashSeed::default();
    let plan = UsersPlan::new(HEADER, kind.ends_with("rows"));
    let cut = plan.cut(&users(kind.starts_with("quoted")));
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| cut.clone())
        .bench_values(|cut| assert_eq!(plan.parse(cut, &seed), RECORDS as u64));
}

/// A cell that each field of the built-in schemas takes, by the field's name.
const CELLS: [(&str, &str); 14] = [
    ("name", "Stichting Laadpalen"),
    ("type", "zakelijk"),
    ("language", "nl-NL"),
    ("contact.gender", "female"),
    ("contact.email", "piet.deboer@kpnmail.nl"),
    ("contact.phone", "+31612345678"),
    ("vatNumber", "NL004495445B01"),
    ("billingAddress.postalCode", "1234 AB"),
    ("billingAddress.countryCode", "Nederland"),
    ("payment.iban", "NL91ABNA0417164300"),
    ("payment.bic", "ABNANL2A"),
    ("reimbursement.enabled", "true"),
    ("featureFlags", "roaming,smart-charging"),
    ("labels", "vip"),
];

#[divan::bench(args = CELLS)]
fn rule(bencher: Bencher<'_, '_>, (name, cell): (&str, &str)) {
    apply(bencher, name, cell);
}

/// Spellings of telephone numbers, the last two of which only the library knows.
#[divan::bench(args = ["06-12345678", "(020) 123 4567", "+31 (0)6 12345678", "06 12345678 ext. 1", "06~12345678"])]
fn phone(bencher: Bencher<'_, '_>, cell: &str) {
    apply(bencher, "contact.phone", cell);
}

fn apply(bencher: Bencher<'_, '_>, field: &str, cell: &str) {
    let mut rule = FieldRule::of_accounts(field).unwrap();
    bencher.bench_local(|| rule.keeps(black_box(cell), Some("NL")));
}

#[divan::bench]
fn settle_clean_rows(bencher: Bencher<'_, '_>) {
    let rows = CleanRows::new(RECORDS);
    bencher.counter(ItemsCount::new(RECORDS * 11)).bench(|| rows.settle().unwrap());
}

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let cells: Vec<&str> =
        "piet.deboer1@kpnmail.nl,U-0000001,A-000001,none,male,Piet,de Boer,+31612345678,nl,false"
            .split(',')
            .collect();
    let mut row = Vec::with_capacity(1024);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        encode_row(black_box(&cells), &mut row);
        row.len()
    });
}
