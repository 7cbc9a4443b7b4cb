//! What the tests, the benchmarks and the examples need from inside. No promise to anybody else.

use std::io;
use std::path::Path;

use foldhash::quality::FixedState;

use crate::cli::{Cli, LineError};
use crate::event::Silent;
use crate::read::micro::Cut;
use crate::read::{Keep, ReadOptions, ReadPlan, Seed, slots};
use crate::record::{RowEncoder, RowNumber, Slot};
use crate::rule::email::Email;
use crate::rule::phone::Phone;
use crate::rule::{CellFinding, NormalForm, Rule};
use crate::schema::{Entity, Schema};
use crate::settings::{Duplicates, Reading, Reports, Settings};
use crate::settle::{Candidates, Facts, SlotValues, settle};
use crate::source::{InputPath, Intake, LookOptions, Source, SourceError, look};

pub use crate::exit::Exit;
pub use crate::fault::Point;
pub use crate::record::{Code, Severity};

/// Reaching a server.
pub mod db {
    pub use crate::db::{Canceller, DbError, Endpoint, Session, postgres, require_writable};

    /// Connects, and goes back to the connection's own search path, for statements that name tables as people do.
    ///
    /// # Errors
    /// Why there is no session.
    pub async fn connect(url: Option<&str>, application_name: &str) -> Result<Session, DbError> {
        let session = crate::db::connect(url, application_name).await?;
        let restored = session.client.batch_execute(&session.path.restore()).await;
        restored.map_err(|error| DbError::of("setting the search path", error))?;
        Ok(session)
    }
}

/// Writing Parquet.
pub mod parquet_out {
    pub use crate::frame::parquet_out::{Kind, ParquetFile, Rows};
}

/// Why a command line cannot be typed; nothing where it can.
#[must_use]
pub fn wrong_command_line(words: &[String]) -> Option<String> {
    match Cli::read(words.iter().map(Into::into)) {
        // The line is right; the muster.toml that it names is not there.
        Ok(_) | Err(LineError::Config(_)) => None,
        Err(error) => Some(error.to_string()),
    }
}

/// How [`check`] reads.
#[derive(Debug, Clone, Copy)]
pub struct CheckSettings {
    /// The size of a block in bytes.
    pub block_size: usize,
    /// The size in bytes from which on a record is too large.
    pub max_record: u64,
    /// `--pad-short`.
    pub pad_short: bool,
    /// `--from-spreadsheet`.
    pub from_spreadsheet: bool,
}

impl Default for CheckSettings {
    fn default() -> Self {
        let Reading { block_size, max_record, pad_short, from_spreadsheet, .. } = Reading::default();
        Self { block_size, max_record, pad_short, from_spreadsheet }
    }
}

/// Checks one file and writes the reports to `out`. Returns the run's id.
///
/// # Errors
///
/// The file cannot be read as a whole.
pub fn check(file: &Path, out: &Path, settings: CheckSettings) -> Result<String, String> {
    let CheckSettings { block_size, max_record, pad_short, from_spreadsheet } = settings;
    let settings = Settings {
        inputs: vec![file.to_string_lossy().parse().map_err(|error: SourceError| error.to_string())?],
        reading: Reading { pad_short, from_spreadsheet, max_record, block_size, ..Reading::default() },
        reports: Reports { out: Some(out.to_owned()), ..Reports::default() },
        ..Settings::default()
    };
    let reported = crate::run::check(&settings, &Silent).map_err(|error| error.to_string())?;
    Ok(reported.context.run.to_string())
}

/// The rule of one field.
#[derive(Debug)]
pub struct FieldRule {
    rule: Rule,
    out: String,
    findings: Vec<CellFinding>,
}

impl FieldRule {
    fn new(rule: Rule) -> Self {
        Self { rule, out: String::new(), findings: Vec::new() }
    }

    /// The rule of a field of the built-in accounts.
    #[must_use]
    pub fn of_accounts(field: &str) -> Option<Self> {
        let schema = Schema::built_in().ok()?;
        let field = schema.entities[0].fields.iter().find(|other| other.name == field)?;
        Some(Self::new(field.rule.clone()))
    }

    /// The rule of telephone numbers, Dutch where no country is given.
    #[must_use]
    pub fn phone() -> Self {
        Self::new(Rule::Phone(Phone::new(Some("NL".to_owned()))))
    }

    /// The rule of e-mail addresses.
    #[must_use]
    pub fn email() -> Self {
        Self::new(Rule::Email(Email))
    }

    /// Applies the rule to a cell. True where the value is the cell as it is.
    pub fn keeps(&mut self, cell: &str, country: Option<&str>) -> bool {
        self.out.clear();
        self.findings.clear();
        self.rule.validate(cell, country, &mut self.out, &mut self.findings) == NormalForm::Same
    }
}

/// The plan for reading users.
#[derive(Debug)]
pub struct UsersPlan(ReadPlan<'static>);

/// Records of users that are cut out of their file and not parsed.
#[derive(Debug, Clone)]
pub struct CutUsers(Cut);

impl UsersPlan {
    /// For comma-separated files with this header. `rows`: clean rows are kept whole, as an import does.
    ///
    /// # Panics
    ///
    /// The built-in schemas are broken.
    #[must_use]
    pub fn new(header: &str, rows: bool) -> Self {
        // A benchmark makes few of them.
        let schema: &'static Schema = Box::leak(Box::new(Schema::built_in().expect("the built-in schemas")));
        let file = InputPath::Made(format!("{header}\n").into_bytes());
        let source =
            Source::open(&file, &Intake::unlimited(&std::env::temp_dir())).expect("a file made in memory");
        let look = look(&source, schema, Some(1), &LookOptions::default()).expect("a header of users");
        let keep = if rows { Keep::Rows } else { Keep::Keys };
        let settings: &'static Settings = Box::leak(Box::default());
        let options = ReadOptions { settings, keep, empty_text: false, unguard: false };
        Self(ReadPlan::new(&schema.entities[1], 0, &look, options))
    }

    /// Cuts all records without a header.
    ///
    /// # Panics
    ///
    /// There are no records.
    #[must_use]
    pub fn cut(&self, records: &[u8]) -> CutUsers {
        CutUsers(Cut::of(records, &self.0).expect("bytes in memory").expect("some records"))
    }

    /// Decodes, validates and encodes the records. Returns how many are clean.
    #[must_use]
    pub fn parse(&self, records: CutUsers, seed: &HashSeed) -> u64 {
        records.0.parse(&self.0, &seed.0)
    }
}

/// What keys are hashed with.
#[derive(Debug, Default)]
pub struct HashSeed(Seed);

/// Clean accounts and ten times as many users, of which the keys are known.
#[derive(Debug)]
pub struct CleanRows {
    schema: Schema,
    accounts: Keys,
    users: Keys,
}

impl CleanRows {
    /// So many accounts.
    ///
    /// # Panics
    ///
    /// The built-in schemas are broken.
    #[must_use]
    pub fn new(accounts: usize) -> Self {
        let user: [&dyn Fn(usize) -> String; 3] =
            [&|row| format!("piet{row}@kpnmail.nl"), &|row| format!("U-{row:07}"), &|row| {
                format!("A-{:06}", row * 7_919 % accounts)
            }];
        Self {
            schema: Schema::built_in().expect("the built-in schemas"),
            accounts: Keys::new(&[&|row| format!("A-{row:06}")], accounts),
            users: Keys::new(&user, accounts * 10),
        }
    }

    /// Resolves duplicates and references.
    ///
    /// # Errors
    ///
    /// Never: the keys are in memory.
    pub fn settle(&self) -> io::Result<()> {
        let [accounts, users] = [&self.schema.entities[0], &self.schema.entities[1]];
        let slots = [slots(accounts), slots(users)];
        let candidates =
            [self.accounts.candidates(accounts, &slots[0]), self.users.candidates(users, &slots[1])];
        settle(&candidates, &Facts::none(), Duplicates::KeepFirst).map(|_| ())
    }
}

/// Keys in memory, by slot.
#[derive(Debug)]
struct Keys {
    values: Vec<Vec<Vec<u8>>>,
    hashes: Vec<Vec<u64>>,
}

impl Keys {
    fn new(slots: &[&dyn Fn(usize) -> String], rows: usize) -> Self {
        use std::hash::BuildHasher as _;
        let hasher = FixedState::with_seed(7);
        let values: Vec<Vec<Vec<u8>>> =
            slots.iter().map(|slot| (0..rows).map(|row| slot(row).into_bytes()).collect()).collect();
        let hashes =
            values.iter().map(|values| values.iter().map(|value| hasher.hash_one(value)).collect()).collect();
        Self { values, hashes }
    }

    fn candidates<'a>(&'a self, entity: &'a Entity, slots: &'a [usize]) -> Candidates<'a> {
        Candidates {
            entity,
            given: true,
            slots,
            hashes: &self.hashes,
            values: self,
            rejected: &[],
            deletes: &[],
        }
    }
}

impl SlotValues for Keys {
    fn values(
        &self,
        rows: &[RowNumber],
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, Option<&[u8]>),
    ) -> io::Result<()> {
        for &row in rows {
            each(row, Some(&self.values[slot][row]));
        }
        Ok(())
    }

    fn parts(&self) -> usize {
        1
    }

    fn scan(
        &self,
        _part: usize,
        slot: Slot,
        each: &mut dyn FnMut(RowNumber, Option<&[u8]>),
    ) -> io::Result<()> {
        (0..).zip(&self.values[slot]).for_each(|(row, value)| each(RowNumber(row), Some(value)));
        Ok(())
    }
}

/// Encodes cells as a row of COPY.
pub fn encode_row(cells: &[&str], row: &mut Vec<u8>) {
    row.clear();
    for cell in cells {
        RowEncoder::text(row, cell);
    }
    RowEncoder::end_row(row);
}
