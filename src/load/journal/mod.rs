//! The journal: a schema `muster` in the target database, written in the run's own transaction. It has a run exactly
//! if the run was committed.
//!
//! Whether a row was changed after muster wrote it is decided in two steps.
//!
//! First by the row's `xmin`: it is the run's transaction (or the part of it after a savepoint, the run's stamp) as long
//! as nobody has written the row since (freezing keeps it, since PostgreSQL 9.4). This costs nothing and is nearly
//! always enough. It proves nothing if the row was written again: by an update that changed nothing, by an `ALTER TABLE`
//! that rewrites the table, or by a restored dump, after which all rows have the numbers of the restore. The run's row
//! in `muster.stamps` shows that case: its own `xmin` then differs from the one in the journal (`pg_upgrade` keeps
//! them). It proves nothing either once four thousand million transactions have passed and numbers repeat.
//!
//! Then by a hash of the row as the run left it: of an inserted row the columns that muster sent and those that nobody
//! fills, eight bytes in its block (see `image`); of an updated row all columns. A row with the same values counts as
//! unchanged, even if somebody has written it. What a computed default or a trigger fills (a time, a random number) is
//! not part of an inserted row's hash unless muster sends it: if only that was changed, `xmin` shows it and the hash
//! does not, and the row counts as unchanged. Rows that a run inserted with version 2 of the journal or before have no
//! hash: unless `xmin` proves them unchanged, undo refuses them and `--protect-edited` takes them for edited.

mod exact;
mod image;
mod images;
mod inserted;
mod names;
mod note;
mod prune;
mod records;
mod runs;
mod tables;

pub(crate) use exact::{JSON_HASH, ROW_HASH, exact, exact_row, updated_hash};
pub(crate) use image::{Hasher, Image, SIZE as HASH_SIZE, text};
pub(crate) use images::Images;
pub(crate) use inserted::InsertedBlocks;
pub(crate) use names::{Origin, STAMPS, canonical, restored};
pub(crate) use note::{EntityNote, FileNote, RecordCounts, RunNote};
pub(crate) use note::{hostname, note, stamp};
pub(crate) use prune::{forget, prune};
pub(crate) use records::note_records;
pub(crate) use runs::EntityRecord;
pub(crate) use runs::{RunRecord, find, list};
pub(crate) use tables::ensure;
