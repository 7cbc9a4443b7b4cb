//! Commands to be copied into a shell: the ones that come after a run. A file's name may hold anything; pasted, it
//! is one word, and shown, it steers no terminal.

use std::fmt::Write as _;

use crate::output::visible::picture;

use super::context::{Context, Returned, Status};

/// `word` so that a POSIX shell reads it as one word. Invisible characters are written as bash reads them (`$'\x1b'`).
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

/// The command that imports the rejected files once they are fixed. None if nothing was rejected, or if the run was not
/// committed: then the rows that the rejected ones refer to are not in the database.
pub(crate) fn import_corrected(
    context: &Context,
    status: Status,
    folder: &str,
    returned: &[Returned],
) -> Option<String> {
    if status != Status::Committed {
        return None;
    }
    let files: Vec<_> = returned
        .iter()
        .filter(|file| file.is_rejected())
        .map(|file| {
            let entity = &context.entities[file.entity].name;
            // The entity of a file that is named after it need not be given.
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
    let files: Vec<_> = returned.iter().filter(|file| file.is_rejected()).collect();
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
    returned.iter().filter(|file| file.is_rejected()).flat_map(of_one).collect()
}

/// The command that imports the sources after a run that wrote nothing. None after one that wrote or failed.
pub(crate) fn import_sources(context: &Context, status: Status) -> Option<String> {
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

fn command(context: &Context, verb: &str, files: &[String]) -> String {
    let options = context.again.iter().map(|word| quoted_option(word));
    let words = ["muster".to_owned(), verb.to_owned()].into_iter().chain(options);
    words.chain(files.iter().cloned()).collect::<Vec<_>>().join(" ")
}

/// An option's own dashes need no quotes.
fn quoted_option(word: &str) -> String {
    let name =
        word.strip_prefix("--").filter(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'));
    if name.is_some() { word.to_owned() } else { quoted(word) }
}

#[cfg(test)]
mod tests {
    use super::super::context::ReturnedKind;
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
        let file = |entity, name: &str, kind| Returned {
            entity,
            name: name.to_owned(),
            records: 1,
            kind,
            file: 0,
            sha256: String::new(),
            encoding: None,
            readings: Vec::new(),
        };
        let mut returned = [
            file(0, "accounts.rejected.csv", ReturnedKind::Rejected),
            file(1, "users.rejected.csv", ReturnedKind::Rejected),
            file(1, "users.duplicates.csv", ReturnedKind::Duplicates),
        ];
        assert_eq!(
            import_corrected(&context, Status::Committed, "out", &returned).unwrap(),
            "muster import --delimiter ';' out/accounts.rejected.csv out/users.rejected.csv"
        );
        context.again.clear();
        returned[1].encoding = Some("windows-1252".to_owned());
        let command = import_corrected(&context, Status::Committed, "out", &returned).unwrap();
        assert!(command.contains(" --encoding out/users.rejected.csv=windows-1252 out/"), "{command}");
        returned[0].encoding = Some("windows-1252".to_owned());
        let command = import_corrected(&context, Status::Committed, "out", &returned).unwrap();
        assert!(command.contains("import --encoding windows-1252 out/"), "{command}");
        assert_eq!(import_corrected(&context, Status::Committed, "out", &[]), None);
        assert_eq!(import_corrected(&context, Status::Checked, "out", &returned), None);
        assert_eq!(import_sources(&context, Status::Committed), None);
        assert!(
            import_sources(&context, Status::Checked)
                .unwrap()
                .ends_with("users=in/users.csv users==more.csv")
        );
    }
}
