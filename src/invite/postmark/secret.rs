//! The server's token: where it comes from. It is never printed.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::side_file;

use super::super::error::InviteError;

/// The permission bits of everybody else.
const OTHERS: u32 = 0o077;

/// A secret text. It has no `Display`, and its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Secret {
    /// The text, for the header that it goes into.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// The token in a file, or else in the variable `POSTMARK_SERVER_TOKEN`.
    /// Errors: there is none, others may read the file, or the text cannot be a token.
    pub(crate) fn token(file: Option<&Path>, variable: Option<&str>) -> Result<Self, InviteError> {
        let (text, option) = match (file, variable) {
            (Some(path), _) => {
                let unreadable = |source| InviteError::Unreadable { path: path.to_owned(), source };
                let mode = fs::metadata(path).map_err(unreadable)?.mode() & 0o7777;
                if mode & OTHERS != 0 {
                    return Err(InviteError::OpenToOthers { path: path.to_owned(), mode });
                }
                (side_file::read_text(path).map_err(unreadable)?, "--token-file")
            }
            (None, Some(text)) => (text.to_owned(), "POSTMARK_SERVER_TOKEN"),
            (None, None) => return Err(InviteError::NotActivated),
        };
        let token = text.trim();
        if token.is_empty() {
            return Err(InviteError::NotActivated);
        }
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            let problem = "holds something else than a token (one word of letters, digits and signs)";
            return Err(InviteError::Option { option, problem: problem.to_owned() });
        }
        Ok(Self(token.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_file_goes_before_the_variable_and_must_be_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "of-the-file\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = Secret::token(Some(&path), Some("of-the-variable")).unwrap_err();
        assert!(error.to_string().contains("mode 0640"), "{error}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let secret = Secret::token(Some(&path), Some("of-the-variable")).unwrap();
        assert_eq!(secret.reveal(), "of-the-file");
        assert!(!format!("{secret:?}").contains("of-the-file"));
    }

    #[test]
    fn without_a_token_the_error_says_what_to_do() {
        for nothing in [None, Some(""), Some(" \n")] {
            let error = Secret::token(None, nothing).unwrap_err().to_string();
            assert!(error.contains("must be activated first") && error.contains("--to-dir"), "{error}");
        }
        let error = Secret::token(None, Some("two words")).unwrap_err();
        assert!(!error.to_string().contains("two words"), "{error}");
    }
}
