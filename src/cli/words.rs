//! The words of a command line before it is parsed.

use std::ffi::OsString;

/// The only options before a command that take a value.
const WITH_VALUE: [&str; 2] = ["--log-format", "--config"];

/// The words that belong to no option, the command first; `help` may come before it.
pub(super) fn words(line: &[OsString]) -> Vec<&str> {
    let mut words = line.iter().skip(1);
    let mut found = Vec::new();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some(flag) if WITH_VALUE.contains(&flag) => _ = words.next(),
            Some("help") if found.is_empty() => {}
            Some(flag) if flag.starts_with('-') => {}
            Some(word) => found.push(word),
            None => found.push(""),
        }
    }
    found
}

/// The value of an option, anywhere before `--`.
pub(super) fn option(line: &[OsString], name: &str) -> Option<OsString> {
    let mut words = line.iter().take_while(|word| *word != "--");
    while let Some(word) = words.next() {
        if word == name {
            return words.next().cloned();
        }
        let joined = word.to_str().and_then(|word| word.strip_prefix(name)?.strip_prefix('='));
        if let Some(value) = joined {
            return Some(value.into());
        }
    }
    None
}

/// Whether a switch is given, anywhere before `--`.
pub(super) fn is_given(line: &[OsString], name: &str) -> bool {
    line.iter().take_while(|word| *word != "--").any(|word| word == name)
}
