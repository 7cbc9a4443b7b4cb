//! `muster` moves accounts and users from legacy CSV files into PostgreSQL, and proves that none was lost.
//!
//! This is the only description of the architecture. What each module is stands at its own top.
//!
//! # The way of a row
//!
//! ```text
//!  read ──▶ Harvest ──▶ facts ──▶ settle ──▶ verdicts ──▶ load ──▶ Written ──▶ publish
//!  split, parse, judge,   what the   pure; again    one transaction:        reports, sealed
//!  encode, per block      database   while there    accounts, then users    before COMMIT,
//!  on rayon               knows      are questions                          renamed after it
//! ```
//!
//! 1. **read.** One sequential pass splits the bytes *as stored* into blocks of whole records. It alone decides
//!    where a record begins and ends; because decoding comes after it, a position is a position in the file, and
//!    everything behind may run in parallel and still name lines and bytes. Each block is then, without I/O or
//!    shared state, decoded, judged cell by cell and encoded for COPY. The blocks' results are taken in block
//!    order into the [`read::Harvest`]: a spool of encoded clean rows, the hashes of their keys, findings, counts.
//!    An encoding that only the whole file could refute is assumed, and the file read again where it is refuted.
//! 2. **facts.** What the database knows about exactly these keys ([`settle::Facts`]). None where no database is
//!    asked.
//! 3. **settle.** A function of harvest and facts in input order: references, keys in use, duplicates
//!    ([`settle::settle()`]). Where it needs to know whether the database holds a key it hands out questions, and
//!    runs again with the answers.
//! 4. **load.** One transaction ([`load::Load`]), accounts first, since users refer to them. An empty table takes
//!    the kept rows straight from the spool by COPY; for a filled one they are staged, compared with the table,
//!    inserted and updated. The journal is written in the same transaction.
//! 5. **publish.** Findings of read and settle are merged into one order and written with the reports. The files
//!    are on the disk under other names before COMMIT is sent, so that a full disk refuses the run, and get their
//!    names after it, `summary.json` last.
//!
//! [`run`] holds this order; `check` is the same run without the load. The counts of each phase come from where
//! things happen: read from the splitter, inserted and updated from the server's reply, unchanged from the
//! comparison. None is the rest of others, so the two laws (read = accepted + rejected + duplicates, accepted =
//! inserted + updated + unchanged) can fail; then nothing is committed.
//!
//! # Who may import whom
//!
//! ```text
//! cli
//! command                 one file per subcommand
//! invite                  mails to users, sent once; no run can send any
//! run                     the order of the phases
//! report  export  load    what is told, what is handed out, what is written
//! read  settle  db        rows, verdicts, the server
//! source  output  frame   files that come in, files that go out, findings as tables
//! schema                  the column rules as data
//! rule                    one file per field type
//! record                  place, finding, code, COPY's text
//! event  fault            known to all: what the phases tell whoever shows progress; where the tests stop them
//! ```
//!
//! A module imports only from the lines below its own; those on one line do not know each other. Commands alone look
//! upward, at what the command line said. `rule` and `record` do no I/O. Options and errors belong to the module
//! that uses them, and `run` wraps each error once. A library has one owner (clap is `cli`'s, tokio-postgres `db`'s,
//! polars `frame`'s), and only `report` and the program's own file print. `tests/it/architecture.rs` keeps all
//! of this.
//!
//! # Decisions
//!
//! - **One record is a file of one row.** What is typed for a single account is written as a CSV file in memory and
//!   imported ([`run::one`]). A way of its own would be quicker by some milliseconds and would drift; this one cannot.
//!   Each answer of a dialogue is judged by the reader in the same way, with the answers before it.
//! - **PostgreSQL is the engine, always.** With no server named, a private cluster is kept with the machine's own
//!   programs ([`db`]). Nothing has to be kept true to a second engine.
//! - **The schemas are data.** No module knows the word "gender"; entities load in the order of their references.
//! - **Findings and errors are two things.** A finding is about data: counted, written, never stopping the run. An
//!   error stops the run, is typed, and says what to do next. Database errors are told apart by SQLSTATE.
//! - **The splitter emits a span for every record**, with its number, lines and quoting, not only block borders: the
//!   judgement about stray and unclosed quotes needs the whole record anyway, and the parser then only takes cells
//!   out of a record that it need not question. One bad quote costs one record.
//! - **COPY's text format, not binary.** Measured with rows like these, text was as fast or faster, and the server's
//!   own input functions then fit whatever column types a table has. A spooled row is sent as it stands, with its
//!   number and layout put before it, in messages of half a MiB.
//! - **Keys are settled by 64-bit hashes, then by bytes.** A hash that occurs once has no rival; only rows whose hash
//!   occurs twice are read back from the spool and compared byte for byte. A collision costs time, never a row.
//!   COPY's text of two values is equal exactly when the values are, so no key is kept a second time.
//! - **Settling is pure, and yet done on all threads.** It was a fifth of a check's time on one. Its parts (the
//!   rows of each block, each unique field) know nothing of each other, and what they find is joined in input
//!   order, so the verdicts are the same for any number of threads.
//! - **Findings travel as bytes and are rendered side by side.** A block's thread packs what it found, some forty bytes
//!   a finding; publish unpacks, merges, renders and tallies them in batches of whole records on all threads, and
//!   writes the batches in order. Where a batch ends changes no byte of a report.
//! - **`check` keeps of a clean row only what settling looks at.** Nothing reads the other fields once they have
//!   been judged, and not encoding them spares an eighth of the time and most of the memory.
//! - **Facts come by staging in `import`, by arrays in `check`.** Import stages its rows for a filled table anyway and
//!   asks by joins with them; check must write nothing, not even a temporary table, so that it works on a standby: it
//!   sends keys as arrays, in batches. Both give the same [`settle::Facts`].
//! - **INSERT and UPDATE planned by one comparison, instead of `INSERT … ON CONFLICT DO UPDATE`.** One statement joins
//!   the staged rows with the table, counts the rows that are the same and notes the number of every other as new or
//!   changed; two statements write just these. So inserted and updated are counted apart, by the server, and an
//!   unchanged row costs no lock and no dead tuple, which `ON CONFLICT … WHERE` would cost. The price is that another
//!   session may take a key between comparison and insert: that ends in a unique violation, never in a wrong row, and
//!   the transaction is tried again. The run's advisory lock keeps other runs away.
//! - **Two ways to load, chosen by looking at the table.** The empty-target way takes indexes and constraints down
//!   and puts them back exactly as they were; where anything about a table is out of the ordinary, the other way is
//!   taken and the reason said. Rows that the database refuses become facts, found inside the server a batch at a
//!   time, and settle and load run again.
//! - **Many new rows of a filled table are copied straight in, too**, under identifiers taken from its sequence
//!   beforehand. The plan already says which rows are new and what their references lead to; `INSERT … SELECT` would
//!   sort, join and give them back for the journal once more, which took a third of its time. Where a trigger, a rule or
//!   a column's type could make something else of what is sent, and below ten thousand rows, they are inserted.
//! - **Whether a row was changed since is told by its `xmin`, and where that cannot tell by a hash.** `xmin` costs
//!   nothing, and proves a row untouched. After a restored dump, an `ALTER TABLE` that writes the table anew or an
//!   edit that was put back it proves nothing; then the hash of the image that the run left decides. Of rows that are
//!   copied straight in the client makes it, of the texts that it sends, while the server is busy taking them; of all
//!   others the server does. SHA-256 of texts, so that it is the same in every version and on every machine.
//! - **Staging tables are temporary.** No other session can read them, they write no WAL, and a killed run leaves
//!   none. Each row carries the number of its layout, so that files with different columns are staged together and
//!   a column that a file does not have is left alone for the rows of that file.
//! - **The end of a run is known.** After COMMIT was sent, a run is never "interrupted": a lost reply is resolved by
//!   asking the server for the transaction's status, and by the journal where a server that crashed has forgotten the
//!   transaction's number. What fails after COMMIT is an error of its own with the exit code of "look": a script that
//!   takes 1 for "nothing was written" must not be told 1.
//! - **A run can be stopped at named points**, in test builds alone ([`fault`]): the crash test kills the program and
//!   its server's side at each of them, both ways of loading. What the tests need from inside has this one place.
//! - **Rows of a file of changes may swap unique values.** The server looks at each row as it is written, so the old
//!   holders let go of their values first, in one statement, and the journal keeps what they were before that. Whether
//!   a value is free depends on whether the row that frees it is kept: settling repeats until that holds for all. A
//!   plain import refuses such rows: what it is given need not be the state of any one instant.
//! - **Every format becomes a record of cells.** A JSON object's values are laid out as cells of its own line, so that
//!   places, rules and reports are those of CSV, and its header are the keys of all its records: where the first
//!   records lack one, the file is read again. A Parquet file is written as CSV into a temporary file, each value as
//!   its field is written, because what goes back must be something that a person can mend.
//! - **No memory maps, no unsafe code.** Files are read by offset into buffers that are used again; what cannot be
//!   read by offset (a pipe, a compressed file) is copied to a temporary file first.

mod cli;
mod command;
mod db;
mod event;
mod export;
mod fault;
mod frame;
#[doc(hidden)]
pub mod internals;
mod invite;
mod load;
mod nearest;
mod output;
mod program;
mod read;
mod record;
mod report;
mod rule;
mod run;
mod schema;
mod settle;
mod source;

pub use program::run;
