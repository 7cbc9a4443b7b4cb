//! The rules of the source tree that no compiler keeps: which module may import which, which module owns which
//! library, who prints, and how files look.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules from the top down. A module imports from the lines below its own; those on one line do not know
/// each other.
const LAYERS: [&[&str]; 11] = [
    &["cli"],
    &["command"],
    &["invite"],
    &["run"],
    &["report", "export", "load"],
    &["read", "settle", "db"],
    &["settings"],
    &["source", "output", "frame"],
    &["schema"],
    &["rule"],
    &["record"],
];
/// Below all, and known to all.
const BOTTOM: [&str; 4] = ["event", "exit", "fault", "signal"];

/// Libraries, and the modules that may name them.
const OWNERS: [(&str, &[&str]); 12] = [
    ("clap", &["cli"]),
    ("clap_complete", &["cli", "command"]),
    ("tokio_postgres", &["db"]),
    ("tokio_postgres_rustls", &["db"]),
    ("rustls", &["db", "invite"]),
    ("ureq", &["invite"]),
    ("mail_builder", &["invite"]),
    ("getrandom", &["invite"]),
    ("rayon", &["read", "settle", "export", "report"]),
    ("polars", &["frame"]),
    ("polars_parquet", &["frame"]),
    ("terminal_size", &["report"]),
];

const PRINTERS: [&str; 2] = ["report", "program"];
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "helper", "common", "manager", "types"];
const LONGEST: usize = 500;

struct Source {
    path: PathBuf,
    /// The top-level module.
    module: String,
    text: String,
}

impl Source {
    /// The lines of code with their numbers, without comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let short = path.strip_prefix(&root).unwrap();
                let first = short.components().next().unwrap().as_os_str().to_str().unwrap();
                let module = first.trim_end_matches(".rs").to_owned();
                found.push(Source { text: fs::read_to_string(&path).unwrap(), module, path });
            }
        }
    }
    assert!(found.len() > 10, "the sources are not where this test looks");
    found
}

/// Fails with all that was found, not with the first.
#[track_caller]
fn none(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The names of the crate's modules in a piece of code: what follows each `crate::`, groups too.
fn imports(line: &str) -> Vec<String> {
    let mut found = Vec::new();
    for rest in line.split("crate::").skip(1) {
        let name = |text: &str| -> String {
            text.trim().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect()
        };
        match rest.strip_prefix('{') {
            None => found.push(name(rest)),
            Some(group) => {
                let mut depth = 0_usize;
                let mut start = 0;
                for (at, c) in group.char_indices() {
                    match c {
                        '{' => depth += 1,
                        '}' if depth > 0 => depth -= 1,
                        ',' | '}' if depth == 0 => {
                            found.push(name(&group[start..at]));
                            start = at + 1;
                            if c == '}' {
                                break;
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn a_module_imports_only_from_those_below_it() {
    let mut faults = Vec::new();
    for source in sources() {
        if ["lib", "main", "program", "internals"].contains(&source.module.as_str()) {
            continue;
        }
        let own = layer(&source.module);
        if own.is_none() && !BOTTOM.contains(&source.module.as_str()) {
            faults.push(format!("{}: module {} has no layer", source.path.display(), source.module));
            continue;
        }
        let code: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
        for name in imports(&code) {
            let allowed = name == source.module
                || BOTTOM.contains(&name.as_str())
                || matches!((own, layer(&name)), (Some(own), Some(other)) if other > own)
                // The commands read what the command line said.
                || (source.module == "command" && name == "cli");
            if !allowed && (layer(&name).is_some() || name == "lib" || name == "main") {
                faults.push(format!("{}: {} imports {name}", source.path.display(), source.module));
            }
        }
    }
    none(&faults);
}

/// An import sends no mail: what it is made of cannot name what sends.
#[test]
fn nothing_but_the_commands_of_users_can_send_mails() {
    let may = ["invite", "cli", "lib", "program"];
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !may.contains(&source.module.as_str())) {
        let file = source.path.file_name().unwrap().to_str().unwrap();
        if source.module == "command" && ["error.rs", "invite.rs", "user.rs", "mod.rs"].contains(&file) {
            continue;
        }
        let code: String = source.code().flat_map(|(_, line)| [line, "\n"]).collect();
        // What sends has no other name: the libraries belong to `invite` (see OWNERS).
        if imports(&code).iter().any(|name| name == "invite")
            || (source.module == "command" && code.contains("invite::"))
        {
            faults.push(format!("{}: can send mails", source.path.display()));
        }
    }
    none(&faults);
}

#[test]
fn each_library_has_its_owner() {
    let mut faults = Vec::new();
    for source in sources() {
        for (library, owners) in OWNERS {
            if owners.contains(&source.module.as_str()) {
                continue;
            }
            for (number, line) in source.code() {
                let named =
                    line.contains(&format!("{library}::")) || line.contains(&format!("use {library};"));
                if named {
                    faults
                        .push(format!("{}:{number}: {library} belongs to {owners:?}", source.path.display()));
                }
            }
        }
    }
    none(&faults);
}

#[test]
fn only_the_report_and_the_program_print() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !PRINTERS.contains(&source.module.as_str())) {
        for (number, line) in source.code() {
            if ["println!", "eprintln!", "print!(", "eprint!("].iter().any(|word| line.contains(word)) {
                faults.push(format!("{}:{number}: {}", source.path.display(), line.trim()));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_file_says_what_it_is_and_is_short_enough() {
    let mut faults = Vec::new();
    for source in sources() {
        if !source.text.starts_with("//!") {
            faults.push(format!("{}: does not begin with `//!`", source.path.display()));
        }
        let lines = source.text.lines().count();
        if lines > LONGEST {
            faults.push(format!("{}: has {lines} lines, {LONGEST} are allowed", source.path.display()));
        }
    }
    none(&faults);
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let mut faults = Vec::new();
    for source in sources() {
        let stem = source.path.file_stem().unwrap().to_str().unwrap();
        let folder = source.path.parent().unwrap().file_name().unwrap().to_str().unwrap();
        for name in EMPTY_NAMES {
            let inline = source.code().any(|(_, line)| line.trim_end().ends_with(&format!("mod {name} {{")));
            if stem == name || folder == name || inline {
                faults.push(format!("{}: `{name}` says nothing", source.path.display()));
            }
        }
    }
    none(&faults);
}

#[test]
fn the_reader_of_imports_sees_groups_and_paths() {
    let found = imports("use crate::{db::{self, x}, event::Event, rule};\nlet a = crate::schema::compile();");
    assert_eq!(found, ["db", "event", "rule", "schema"]);
}
