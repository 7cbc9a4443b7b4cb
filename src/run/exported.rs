//! Whether an input is a file that muster exported: then a quoted empty cell is the empty text and one without
//! quotes is NULL, and a row like the header is a row. This is said by `manifest.json` in the file's own folder, which must list the file by its name and by
//! its SHA-256: a file that somebody has changed since is one from elsewhere.

use std::path::Path;

use crate::export::Manifest;
use crate::source::InputPath;

/// What a manifest says of a file.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    /// Its SHA-256 when it was exported.
    pub(crate) sha256: String,
    /// It has no rows.
    pub(crate) is_empty: bool,
}

/// What the manifest beside a file says of it; none if there is no manifest, or it does not list the file.
/// Whether the file is still the same is found out when it is read.
pub(crate) fn claim(path: &InputPath) -> Option<Claim> {
    let path = path.file()?;
    let name = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let (sha256, rows) = Manifest::beside(folder)?.file(name)?;
    Some(Claim { sha256, is_empty: rows == 0 })
}
