//! Makes legacy files of an electric charging company's customers, for the samples, the tests and the
//! benchmarks: `cargo run --example generate -- --accounts N --users M --faults P --seed S --out DIR`.
//!
//! Beside `accounts.csv` and `users.csv` it writes `plants.csv`, which record carries which fault, and
//! `plants.summary.json`, what a right validator must count. What the rows look like is [`customers`]' part.

mod customers;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use customers::{Dialect, Fault, Order};

/// Makes accounts.csv and users.csv with known faults.
#[derive(Debug, Parser)]
#[command(name = "generate")]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Options {
    /// How many accounts.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    accounts: u64,
    /// How many users.
    #[arg(long, value_name = "M", default_value_t = 10_000)]
    users: u64,
    /// Skip this number of users first: other people, in the same accounts.
    #[arg(long, value_name = "K", default_value_t = 0)]
    skip_users: u64,
    /// Percentage of rows with a planted fault.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = share)]
    faults: f64,
    /// Percentage of rows with another telephone number than without this option.
    #[arg(long, value_name = "P", default_value_t = 0.0, value_parser = share)]
    changed: f64,
    /// Plant only these codes.
    #[arg(long, value_name = "CODE", value_delimiter = ',', value_parser = fault)]
    only: Vec<Fault>,
    /// Spaces, capitals, national numbers: untidiness that is accepted.
    #[arg(long)]
    untidy: bool,
    /// One record of more than a MiB in each file.
    #[arg(long)]
    large: bool,
    /// The same seed gives the same bytes.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// The delimiter between cells.
    #[arg(long, value_enum, default_value_t = Delimiter::Comma)]
    dialect: Delimiter,
    /// Line ends as on Windows.
    #[arg(long)]
    crlf: bool,
    /// Begin with a byte order mark.
    #[arg(long)]
    bom: bool,
    /// Where to write; made when missing.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Delimiter {
    Comma,
    Semicolon,
}

/// Between 0 and 100.
fn share(text: &str) -> Result<f64, String> {
    let share: f64 = text.trim_end_matches('%').parse().map_err(|_| "not a number".to_owned())?;
    if (0.0..=100.0).contains(&share) { Ok(share) } else { Err("not between 0 and 100".to_owned()) }
}

fn fault(code: &str) -> Result<Fault, String> {
    Fault::from_code(code).ok_or_else(|| {
        let known: Vec<&str> = Fault::ALL.iter().map(|fault| fault.code()).collect();
        format!("no such fault; there are {}", known.join(", "))
    })
}

/// A percentage in millionths.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100, as parsed")]
fn millionths(percent: f64) -> u64 {
    (percent * 10_000.0).round() as u64
}

impl Options {
    fn order(&self) -> Order {
        let delimiter = match self.dialect {
            Delimiter::Comma => b',',
            Delimiter::Semicolon => b';',
        };
        Order {
            accounts: self.accounts,
            users: self.users,
            skip_users: self.skip_users,
            faults: millionths(self.faults),
            changed: millionths(self.changed),
            only: self.only.clone(),
            untidy: self.untidy,
            large: self.large,
            seed: self.seed,
            dialect: Dialect { delimiter, crlf: self.crlf, bom: self.bom },
        }
    }
}

fn main() -> ExitCode {
    let options = Options::parse();
    match run(&options.order(), &options.out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}: {error}", options.out.display());
            ExitCode::FAILURE
        }
    }
}

fn run(order: &Order, folder: &Path) -> io::Result<()> {
    if order.accounts == 0 && order.users > 0 {
        return Err(io::Error::other("users need at least one account to belong to"));
    }
    fs::create_dir_all(folder)?;
    let create = |name| File::create(folder.join(name)).map(|file| BufWriter::with_capacity(1 << 18, file));
    let sums = customers::write(order, create("accounts.csv")?, create("users.csv")?, create("plants.csv")?)?;
    fs::write(folder.join("plants.summary.json"), customers::summary_json(order.seed, &sums))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The order in `samples/README.md`.
    const SAMPLES: &str =
        "generate --accounts 1000 --users 10000 --faults 5 --untidy --seed 2026 --out samples";

    #[test]
    fn the_samples_are_what_the_generator_makes() {
        let options = Options::parse_from(SAMPLES.split(' '));
        let mut files = [Vec::new(), Vec::new(), Vec::new()];
        let [accounts, users, plants] = &mut files;
        customers::write(&options.order(), accounts, users, plants).unwrap();
        let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
        for (name, made) in ["accounts.csv", "users.csv"].iter().zip(&files) {
            let kept = fs::read(samples.join(name)).unwrap();
            assert!(kept == *made, "samples/{name} differs: make it again as samples/README.md says");
        }
    }
}
