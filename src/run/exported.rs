//! Whether an input is a file that muster exported: then a quoted empty cell is the empty text and one without
//! quotes is NULL. Told by `manifest.json` in the file's own folder, which must list the file by its name and by
//! its SHA-256: a file that somebody has changed since is one from elsewhere.

use std::path::Path;

use crate::export::Manifest;
use crate::source::InputPath;

/// The SHA-256 that the manifest beside a file gives for it; none where there is no manifest, or it does not list
/// the file. Whether the file still has it is for whoever reads the whole of it.
pub(super) fn sha256(path: &InputPath) -> Option<String> {
    let InputPath::File(path) = path else { return None };
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Manifest::beside(folder)?.sha256(name).map(str::to_owned)
}
