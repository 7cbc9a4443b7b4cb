//! Words of a command that a person copies into a shell. A file's name may hold anything; pasted, it is one
//! word, and shown, it steers no terminal.

use std::fmt::Write as _;

use crate::output::visible::picture;

use super::context::{Context, Returned, Status};

/// `word` so that a POSIX shell reads it as one word; what is invisible in the manner of bash (`$'\x1b'`).
#[must_use]
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./=:@%+-,".contains(c);
    if !word.is_empty() && !word.starts_with(['-', '=']) && word.chars().all(plain) {
        return word.to_owned();
    }
    if !word.chars().any(|c| picture(c).is_some()) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut out = String::from("$'");
    for c in word.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if picture(c).is_some() => {
                for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                    let _ = write!(out, "\\x{byte:02x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// The command that takes the mended files; none where nothing was rejected, or where nothing was written: the
/// rejected rows alone would miss what they refer to.
#[must_use]
pub(crate) fn mend(
    context: &Context,
    status: Status,
    folder: &str,
    returned: &[Returned],
) -> Option<Vec<String>> {
    if status != Status::Committed {
        return None;
    }
    let files: Vec<_> = returned
        .iter()
        .filter(|file| !file.duplicates)
        .map(|file| {
            let entity = &context.entities[file.entity].name;
            // A file that is called after its entity needs not be told.
            let plain = file.name.split('.').next() == Some(entity) && !folder.contains('=');
            let prefix = if plain { String::new() } else { format!("{entity}=") };
            quoted(&format!("{prefix}{folder}/{}", file.name))
        })
        .collect();
    let options = encodings(folder, returned).into_iter().chain(readings(folder, returned));
    let options: Vec<_> = options.chain(files).collect();
    (!options.is_empty()).then(|| command(context, &context.command, &options))
}

/// The encodings that must be named: one for all files, or one for each that needs it.
fn encodings(folder: &str, returned: &[Returned]) -> Vec<String> {
    let files: Vec<_> = returned.iter().filter(|file| !file.duplicates).collect();
    let first = files.first().and_then(|file| file.encoding.as_deref());
    if let Some(encoding) = first
        && files.iter().all(|file| file.encoding.as_deref() == first)
    {
        return vec!["--encoding".to_owned(), quoted(encoding)];
    }
    let of_one = |file: &&Returned| {
        let encoding = file.encoding.as_deref()?;
        Some(["--encoding".to_owned(), quoted(&format!("{folder}/{}={encoding}", file.name))])
    };
    files.iter().filter_map(of_one).flatten().collect()
}

/// How the columns of each file are read.
fn readings(folder: &str, returned: &[Returned]) -> Vec<String> {
    let of_one = |file: &Returned| {
        let option = |reading: &String| quoted(&format!("{folder}/{}:{reading}", file.name));
        file.readings.iter().flat_map(|reading| ["--reading".to_owned(), option(reading)]).collect::<Vec<_>>()
    };
    returned.iter().filter(|file| !file.duplicates).flat_map(of_one).collect()
}

/// The command that imports the sources after a run that wrote nothing; none after one that did, or that failed.
#[must_use]
pub(crate) fn onward(context: &Context, status: Status) -> Option<Vec<String>> {
    if !matches!(status, Status::Checked | Status::Planned | Status::Refused) {
        return None;
    }
    let files = context
        .entities
        .iter()
        .flat_map(|entity| entity.files.iter().map(|file| quoted(&format!("{}={}", entity.name, file.path))));
    let options = context.again_of_files.iter().map(|word| quoted_option(word));
    Some(command(context, "import", &options.chain(files).collect::<Vec<_>>()))
}

fn command(context: &Context, verb: &str, files: &[String]) -> Vec<String> {
    let options = context.again.iter().map(|word| quoted_option(word));
    let words = ["muster".to_owned(), verb.to_owned()].into_iter().chain(options);
    words.chain(files.iter().cloned()).collect()
}

/// The words of a command in lines of at most `width` columns where that is possible, each but the last
/// ending in a backslash, as a shell reads on.
#[must_use]
pub(crate) fn wrapped(words: &[String], indent: usize, width: usize) -> String {
    let mut out = words.first().cloned().unwrap_or_default();
    let mut used = indent + out.chars().count();
    for word in words.iter().skip(1) {
        let len = word.chars().count();
        if used + 1 + len + 2 > width {
            let _ = write!(out, " \\\n{:indent$}  {word}", "");
            used = indent + 2 + len;
        } else {
            let _ = write!(out, " {word}");
            used += 1 + len;
        }
    }
    out
}

/// An option's own dashes need no quotes.
fn quoted_option(word: &str) -> String {
    let name =
        word.strip_prefix("--").filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    if name.is_some() { word.to_owned() } else { quoted(word) }
}

#[cfg(test)]
mod tests {
    use super::super::findings::tests::context;
    use super::*;

    #[test]
    fn any_name_is_one_harmless_word() {
        for (word, expected) in [
            ("muster-runs/0193/users.csv", "muster-runs/0193/users.csv"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(rm -rf ~)", "'$(rm -rf ~)'"),
            ("", "''"),
            ("-x", "'-x'"),
            ("é.csv", "'é.csv'"),
            ("a\x1b[31m'\n", r"$'a\x1b[31m\'\x0a'"),
            ("\u{202e}x", r"$'\xe2\x80\xaex'"),
        ] {
            assert_eq!(quoted(word), expected, "{word:?}");
        }
    }

    #[test]
    fn the_next_command_repeats_what_reading_needs() {
        let mut context = context();
        context.again = ["--delimiter", ";"].map(str::to_owned).to_vec();
        let file = |entity, name: &str, duplicates| Returned {
            entity,
            name: name.to_owned(),
            records: 1,
            duplicates,
            encoding: None,
            readings: Vec::new(),
        };
        let mut returned = [
            file(0, "accounts.rejected.csv", false),
            file(1, "users.rejected.csv", false),
            file(1, "users.duplicates.csv", true),
        ];
        assert_eq!(
            mend(&context, Status::Committed, "out", &returned).unwrap().join(" "),
            "muster import --delimiter ';' out/accounts.rejected.csv out/users.rejected.csv"
        );
        context.again.clear();
        returned[1].encoding = Some("windows-1252".to_owned());
        let command = mend(&context, Status::Committed, "out", &returned).unwrap().join(" ");
        assert!(command.contains(" --encoding out/users.rejected.csv=windows-1252 out/"), "{command}");
        returned[0].encoding = Some("windows-1252".to_owned());
        let command = mend(&context, Status::Committed, "out", &returned).unwrap().join(" ");
        assert!(command.contains("import --encoding windows-1252 out/"), "{command}");
        assert_eq!(mend(&context, Status::Committed, "out", &[]), None);
        assert_eq!(mend(&context, Status::Checked, "out", &returned), None);
        assert_eq!(onward(&context, Status::Committed), None);
        assert!(
            onward(&context, Status::Checked)
                .unwrap()
                .join(" ")
                .ends_with("users=in/users.csv users==more.csv")
        );
    }
}
