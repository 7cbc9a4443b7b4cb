//! Files beside the inputs: what people write for muster (schemas, templates, passwords) and what muster itself wrote
//! (`manifest.json`, `summary.json`, metrics). They are opened without waiting and only if they are regular files, and
//! what is read whole has a limit. A file of muster's own is not opened through a symbolic link. Inputs, which may be
//! streams of any size, are opened in `source`.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

/// The largest file that is read whole. Most have some kB; mail templates with pictures have some MB.
pub(crate) const MOST: u64 = 32 << 20;

/// Reads a file that somebody wrote and named: links are followed.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    bounded(open(path)?, MOST)
}

/// Reads a text as [`read`] does.
pub(crate) fn read_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read(path)?).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Reads a file that muster wrote.
pub(crate) fn read_own(path: &Path) -> io::Result<Vec<u8>> {
    bounded(open_own(path)?, MOST)
}

/// Opens a file that somebody named, of any size.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    opened(path, OFlags::empty())
}

/// Opens a file that muster wrote, of any size.
pub(crate) fn open_own(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path)?.is_symlink() {
        return Err(io::Error::other(
            "it is a symbolic link, and files of muster's own are not read through links",
        ));
    }
    opened(path, OFlags::NOFOLLOW)
}

/// Whether something with this name is there, and is no regular file.
pub(crate) fn is_irregular(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| !found.is_file())
}

/// Reads to the end.
/// Errors: there are more than `most` bytes.
pub(crate) fn bounded(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let problem = format!("it has more than {} MiB", most >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

/// Opens a regular file. A device is not opened at all, since opening one may do something.
fn opened(path: &Path, more: OFlags) -> io::Result<File> {
    let regular = |found: io::Result<fs::Metadata>| {
        if found?.is_file() { Ok(()) } else { Err(io::Error::other("it is not a regular file")) }
    };
    regular(fs::metadata(path))?;
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY | more).bits().cast_signed();
    let file = File::options().read(true).custom_flags(flags).open(path)?;
    // Another file may have taken its place since.
    regular(file.metadata())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn only_small_regular_files_are_read_and_nothing_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("file"), "text").unwrap();
        symlink(path("file"), path("link")).unwrap();
        symlink("/dev/zero", path("endless")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(path("fifo")).status().unwrap();
        assert!(made.success());
        File::create(path("large")).unwrap().set_len(1 << 40).unwrap();
        assert_eq!(read_text(&path("file")).unwrap(), "text");
        assert_eq!(read_own(&path("file")).unwrap(), b"text");
        assert_eq!(read(&path("link")).unwrap(), b"text");
        let error = read_own(&path("link")).unwrap_err().to_string();
        assert!(error.contains("symbolic link"), "{error}");
        for name in ["endless", "fifo", "large", "."] {
            assert!(read(&path(name)).is_err() && read_own(&path(name)).is_err(), "{name}");
        }
        for (name, irregular) in
            [("file", false), ("none", false), ("link", true), ("fifo", true), (".", true)]
        {
            assert_eq!(is_irregular(&path(name)), irregular, "{name}");
        }
        assert_eq!(read(&path("none")).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(read(&path("large")).unwrap_err().to_string(), "it has more than 32 MiB");
    }
}
