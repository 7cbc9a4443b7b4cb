//! Single steps of a run, each by itself, with the allocations that it costs: `cargo bench --bench micro`, or
//! `cargo bench --bench micro -- split` for one. Nothing fails by the clock.

#![allow(missing_docs, clippy::unwrap_used)] // a benchmark has no public interface

use std::fmt::Write as _;
use std::hash::BuildHasher;
use std::io;

use divan::{AllocProfiler, Bencher, black_box, counter::BytesCount, counter::ItemsCount};

use muster::read::micro::Cut;
use muster::read::{Keep, Plan, ReadOptions, Seed, slots};
use muster::record::RowEncoder;
use muster::rule::Rule;
use muster::schema::{Entity, Schema};
use muster::settle::{Candidates, Facts, Policy, Rows, settle};
use muster::source::Encoding;

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const RECORDS: usize = 10_000;

fn main() {
    divan::main();
}

fn schema() -> Schema {
    Schema::built_in().unwrap()
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

fn plan(schema: &Schema, keep: Keep) -> Plan<'_> {
    let entity = &schema.entities[1];
    let header: Vec<String> = HEADER.split(',').map(str::to_owned).collect();
    let position = |name: &str| header.iter().position(|cell| cell == name);
    let cells = entity.fields.iter().map(|field| position(&field.name)).collect();
    let options = ReadOptions { keep, ..ReadOptions::default() };
    Plan::new(entity, 0, Encoding::Utf8, b',', &header, cells, None, options)
}

#[divan::bench(args = ["plain", "quoted"])]
fn split(bencher: Bencher<'_, '_>, kind: &str) {
    let (schema, users) = (schema(), users(kind == "quoted"));
    let plan = plan(&schema, Keep::Keys);
    bencher
        .counter(BytesCount::new(users.len()))
        .bench(|| Cut::of(black_box(&users), &plan).unwrap().is_some());
}

/// The allocations are those of a block: a clean row of ASCII has none of its own.
#[divan::bench(args = ["plain, keys", "plain, rows", "quoted, rows"])]
fn parse(bencher: Bencher<'_, '_>, kind: &str) {
    let (schema, seed) = (schema(), Seed::default());
    let plan = plan(&schema, if kind.ends_with("keys") { Keep::Keys } else { Keep::Rows });
    let users = users(kind.starts_with("quoted"));
    let cut = Cut::of(&users, &plan).unwrap().unwrap();
    bencher
        .counter(ItemsCount::new(RECORDS))
        .with_inputs(|| cut.clone())
        .bench_values(|cut| assert_eq!(cut.parse(&plan, &seed), RECORDS as u64));
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
    let schema = schema();
    let field = schema.entities[0].fields.iter().find(|field| field.name == name).unwrap();
    judge(bencher, &field.rule, cell);
}

/// Spellings of telephone numbers, the last two of which only the library knows.
#[divan::bench(args = ["06-12345678", "(020) 123 4567", "+31 (0)6 12345678", "06 12345678 ext. 1", "06~12345678"])]
fn phone(bencher: Bencher<'_, '_>, cell: &str) {
    let schema = schema();
    let field = schema.entities[0].fields.iter().find(|field| field.name == "contact.phone").unwrap();
    judge(bencher, &field.rule, cell);
}

fn judge(bencher: Bencher<'_, '_>, rule: &Rule, cell: &str) {
    let (mut out, mut notes) = (String::new(), Vec::new());
    bencher.bench_local(|| {
        out.clear();
        notes.clear();
        rule.judge(black_box(cell), Some("NL"), &mut out, &mut notes)
    });
}

/// Accounts or users of which settling knows the keys.
struct Keys {
    /// Per slot.
    values: Vec<Vec<Vec<u8>>>,
    hashes: Vec<Vec<u64>>,
}

impl Keys {
    fn new(slots: &[fn(usize) -> String], rows: usize) -> Self {
        let hasher = foldhash::quality::FixedState::with_seed(7);
        let values: Vec<Vec<Vec<u8>>> =
            slots.iter().map(|slot| (0..rows).map(|row| slot(row).into_bytes()).collect()).collect();
        let hashes =
            values.iter().map(|values| values.iter().map(|value| hasher.hash_one(value)).collect()).collect();
        Self { values, hashes }
    }

    fn candidates<'a>(&'a self, entity: &'a Entity, index: usize, slots: &'a [usize]) -> Candidates<'a> {
        Candidates {
            entity,
            index,
            given: true,
            slots,
            hashes: &self.hashes,
            rows: self,
            rejected: &[],
            deletes: &[],
        }
    }
}

impl Rows for Keys {
    fn value(&self, row: u64, slot: usize) -> io::Result<Option<Vec<u8>>> {
        Ok(usize::try_from(row).ok().and_then(|row| self.values[slot].get(row).cloned()))
    }

    fn parts(&self) -> usize {
        1
    }

    fn scan(&self, _part: usize, slot: usize, each: &mut dyn FnMut(u64, Option<&[u8]>)) -> io::Result<()> {
        (0..).zip(&self.values[slot]).for_each(|(row, value)| each(row, Some(value)));
        Ok(())
    }
}

#[divan::bench]
fn settle_clean_rows(bencher: Bencher<'_, '_>) {
    let schema = schema();
    let accounts = Keys::new(&[|row| format!("A-{row:06}")], RECORDS);
    let users = Keys::new(
        &[
            |row| format!("piet{row}@kpnmail.nl"),
            |row| format!("U-{row:07}"),
            |row| format!("A-{:06}", row * 7_919 % RECORDS),
        ],
        RECORDS * 10,
    );
    let slots = [slots(&schema.entities[0]), slots(&schema.entities[1])];
    let candidates = [
        accounts.candidates(&schema.entities[0], 0, &slots[0]),
        users.candidates(&schema.entities[1], 1, &slots[1]),
    ];
    bencher
        .counter(ItemsCount::new(RECORDS * 11))
        .bench(|| settle(&candidates, &Facts::none(), Policy::KeepFirst).unwrap());
}

#[divan::bench]
fn encode(bencher: Bencher<'_, '_>) {
    let cells: Vec<&str> =
        "piet.deboer1@kpnmail.nl,U-0000001,A-000001,none,male,Piet,de Boer,+31612345678,nl,false"
            .split(',')
            .collect();
    let mut row = Vec::with_capacity(1024);
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        row.clear();
        for cell in black_box(&cells) {
            RowEncoder::text(&mut row, cell);
        }
        RowEncoder::end_row(&mut row);
        row.len()
    });
}
