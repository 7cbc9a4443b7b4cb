//! Where `muster.toml` is: the file that the command line names, else the one in the current folder or the nearest above.

use std::path::{Path, PathBuf};

/// The file's name.
const NAME: &str = "muster.toml";

/// The nearest `muster.toml` from the current folder up, as a path that is as short as can be typed.
pub(crate) fn find() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    let mut way = PathBuf::new();
    for folder in here.ancestors() {
        if folder.join(NAME).is_file() {
            return Some(way.join(NAME));
        }
        way.push("..");
    }
    None
}

/// The folder of a file as it was given.
pub(super) fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new(""))
}
