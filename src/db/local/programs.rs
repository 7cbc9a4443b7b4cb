//! Finds the machine's PostgreSQL programs and runs them. Knows where platforms put them; the caller decides which
//! cluster they work on.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::LocalError;
use super::owner::Owner;

/// One installed PostgreSQL server: the folder of its programs and its major version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    /// The folder that holds `initdb`, `pg_ctl` and `postgres`.
    pub(super) folder: PathBuf,
    /// The major version, as `PG_VERSION` of a data folder spells it.
    pub(super) major: String,
}

impl Programs {
    /// The installation to use: of major version `wanted` if a data folder exists already, else the newest.
    pub(super) fn find(wanted: Option<(&str, &Path)>) -> Result<Self, LocalError> {
        let mut found = Vec::new();
        for folder in candidates() {
            // A link in a folder of the PATH leads to where all the programs are.
            let real = folder.join("postgres").canonicalize().ok();
            let real = real.as_deref().and_then(Path::parent).map_or(folder.clone(), Path::to_owned);
            for folder in [real, folder] {
                if let Some(major) = version(&folder) {
                    found.push(Self { folder, major });
                    break;
                }
            }
        }
        let Some((data_major, data)) = wanted else {
            return found.into_iter().next().ok_or(LocalError::NotInstalled);
        };
        if found.is_empty() {
            return Err(LocalError::NotInstalled);
        }
        let installed: Vec<_> = found.iter().map(|programs| programs.major.clone()).collect();
        found.into_iter().find(|programs| programs.major == data_major).ok_or_else(|| {
            LocalError::OtherVersion {
                data: data.to_owned(),
                data_major: data_major.to_owned(),
                installed: installed.join(", "),
            }
        })
    }

    /// `psql`, which some systems keep apart from the server's programs.
    pub(super) fn psql(&self) -> Result<PathBuf, LocalError> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let folders = std::iter::once(self.folder.clone()).chain(std::env::split_paths(&path));
        let found = folders.map(|folder| folder.join("psql")).find(|path| path.is_file());
        found.ok_or_else(|| LocalError::NoPsql { folder: self.folder.clone() })
    }

    /// A command for `name`, run as the cluster's owner in a folder that this user can enter, and without any
    /// `PG*` variable that would lead it to another server.
    pub(super) fn command(&self, name: &str, owner: &Owner) -> Command {
        let mut command = Command::new(self.folder.join(name));
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C");
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PG") {
                command.env_remove(variable);
            }
        }
        owner.apply(&mut command);
        command
    }
}

/// Runs a command to its end and returns its output, or an error with what the program said.
pub(super) fn run(mut command: Command, doing: &'static str) -> Result<Output, LocalError> {
    let output = command.output().map_err(|source| LocalError::Program { doing, source })?;
    if output.status.success() {
        return Ok(output);
    }
    let mut said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if said.is_empty() {
        String::from_utf8_lossy(&output.stdout).trim().clone_into(&mut said);
    }
    Err(LocalError::Failed { doing, said })
}

/// Where programs may be, the best first.
fn candidates() -> Vec<PathBuf> {
    if let Some(folder) = std::env::var_os("MUSTER_PG_BIN").filter(|value| !value.is_empty()) {
        return vec![PathBuf::from(folder)];
    }
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    for (parent, prefix, suffix) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql@", "bin"),
        ("/usr/local/opt", "postgresql@", "bin"),
        ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        folders.extend(newest_first(Path::new(parent), prefix).into_iter().map(|found| found.join(suffix)));
    }
    folders
}

/// The folders of `parent` called `prefix` and a number, the largest number first.
fn newest_first(parent: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else { return Vec::new() };
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name();
            let number = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((number, entry.path()))
        })
        .collect();
    found.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    found.into_iter().map(|(_, path)| path).collect()
}

/// The major version of the server in `folder`, if it has all three programs.
fn version(folder: &Path) -> Option<String> {
    if !["initdb", "pg_ctl", "postgres"].iter().all(|name| folder.join(name).is_file()) {
        return None;
    }
    let output = Command::new(folder.join("postgres")).arg("--version").current_dir("/").output().ok()?;
    major_of(&String::from_utf8_lossy(&output.stdout))
}

/// The major version in what `postgres --version` prints (`postgres (PostgreSQL) 15.18 (Debian …)`).
fn major_of(printed: &str) -> Option<String> {
    let word = printed.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let major: String = word.chars().take_while(char::is_ascii_digit).collect();
    Some(major)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_every_form_of_the_version_line() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n").as_deref(), Some("15"));
        assert_eq!(major_of("postgres (PostgreSQL) 19beta1\n").as_deref(), Some("19"));
        assert_eq!(major_of("nothing"), None);
    }

    #[test]
    fn the_newest_version_comes_first_by_number_not_by_letter() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["9", "10", "16", "other"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        let names: Vec<_> = newest_first(folder.path(), "")
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["16", "10", "9"]);
    }
}
