//! Named services: sections of `.pg_service.conf`, each with the settings of one connection.

use std::path::{Path, PathBuf};

use crate::side_file;

use super::super::DbError;
use super::conninfo::{Settings, shown};

/// The settings of a service, from the first of the files that has it.
pub(super) fn look_up(name: &str, files: &[PathBuf]) -> Result<Settings, DbError> {
    for file in files {
        let text = match side_file::read_text(file) {
            Ok(text) => text,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    tracing::warn!(file = %file.display(), "the service file cannot be read, so it is not used: {error}");
                }
                continue;
            }
        };
        if let Some(settings) = find(&text, name, file)? {
            return Ok(settings);
        }
    }
    let looked: Vec<_> = files.iter().map(|file| file.display().to_string()).collect();
    Err(DbError::NoService { name: shown(name).to_owned(), looked_in: looked.join(", ") })
}

fn find(text: &str, name: &str, file: &Path) -> Result<Option<Settings>, DbError> {
    let mut found: Option<Settings> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if section.strip_suffix(']') == Some(name) {
                found = Some(Settings::default());
            }
        } else if let Some(settings) = &mut found {
            let (key, value) = line.split_once('=').ok_or_else(|| DbError::ServiceLine {
                file: file.to_owned(),
                line: number,
                problem: "is not of the form name=value",
            })?;
            if key.trim() == "service" {
                return Err(DbError::ServiceLine {
                    file: file.to_owned(),
                    line: number,
                    problem: "names another service, which a service may not",
                });
            }
            settings.set(key.trim(), value.trim());
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# all\n[one]\nhost=a\n\n[two]\nhost = b\nport=5433\n# end\n[three]\nnonsense\n";

    #[test]
    fn a_service_has_the_settings_of_its_section_alone() {
        let settings = find(TEXT, "two", Path::new("f")).unwrap().unwrap();
        assert_eq!(settings, Settings::parse("host=b port=5433").unwrap());
        assert_eq!(find(TEXT, "four", Path::new("f")).unwrap(), None);
    }

    #[test]
    fn a_broken_line_is_named() {
        let error = find(TEXT, "three", Path::new("f")).unwrap_err();
        assert!(matches!(error, DbError::ServiceLine { line: 10, .. }), "{error:?}");
    }
}
