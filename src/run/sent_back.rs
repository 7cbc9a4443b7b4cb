//! What the run that returned a file's records knew of their source. Rejected records alone do not show what is usual in
//! it: where nearly all of them have cells too many, that may be why they were rejected.

use std::path::Path;

use crate::output::names;
use crate::report::rejects::{StoredFile, StoredRun};
use crate::source::InputPath;

/// How many empty cells the records of a file of rejected ones may have beyond the header: as many as in its source, if
/// the run's summary is beside it, else none. `None` for any other file: its own records decide.
pub(crate) fn extra_cells(path: &InputPath) -> Option<usize> {
    let path = path.file().filter(|path| names::holds_rejected(path))?;
    Some(stored(path).map_or(0, |file| file.extra_cells))
}

/// The file that the records of a returned file came from, as it was given.
pub(crate) fn source(path: &InputPath) -> Option<String> {
    stored(path.file()?).map(|file| file.path)
}

/// What the summary beside a returned file says of its source.
fn stored(path: &Path) -> Option<StoredFile> {
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let is_source = |file: &StoredFile| {
        file.returned.iter().any(|returned| returned.name == name)
            || Path::new(&file.path).file_name().is_some_and(|own| own == name)
    };
    let run = StoredRun::open(folder).ok()?;
    run.entities.into_iter().flat_map(|entity| entity.files).find(is_source)
}
