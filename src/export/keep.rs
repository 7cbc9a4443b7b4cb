//! A folder of exports, each in a folder of its own named after the time, of which only the newest whole ones are
//! kept.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::error::ExportError;
use super::manifest::{self, Manifest};

/// The folder of an export that begins now: `20261124T163000.123Z`, so that names sort by their time.
#[must_use]
pub fn fresh(parent: &Path) -> PathBuf {
    let now = format!("{:.3}", Timestamp::now());
    parent.join(now.replace(['-', ':'], ""))
}

/// Takes away all but the newest `keep` whole exports. A folder that holds no manifest, or that this did not
/// name, is not touched.
///
/// # Errors
///
/// A folder cannot be read or taken away.
pub fn prune(parent: &Path, keep: usize) -> Result<Vec<PathBuf>, ExportError> {
    let failed = |source| ExportError::Read { path: parent.to_owned(), source };
    let mut whole = Vec::new();
    for entry in fs::read_dir(parent).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_ours(&path) && Manifest::read(&path.join(manifest::NAME)).is_ok() {
            whole.push(path);
        }
    }
    whole.sort();
    let old = whole.len().saturating_sub(keep);
    whole.truncate(old);
    for path in &whole {
        // The manifest goes first: what is taken away half never looks whole.
        let manifest = path.join(manifest::NAME);
        fs::remove_file(&manifest)
            .and_then(|()| fs::remove_dir_all(path))
            .map_err(|source| ExportError::write(path, source))?;
    }
    Ok(whole)
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.len() == 20
        && name.ends_with('Z')
        && name.chars().all(|c| c.is_ascii_digit() || matches!(c, 'T' | '.' | 'Z'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_folder_is_known_again() {
        assert!(is_ours(&fresh(Path::new("exports"))));
        assert!(!is_ours(Path::new("exports/important-papers.Z")));
    }
}
