//! Which module may import which, which module owns which library, who prints, what is public, and how files look.

use std::collections::BTreeSet;

use super::circles::Map;
use super::source::{Source, rust_files, sources};
use crate::support::none;

/// The modules from the top down. A module imports from the lines below its own; those on one line do not know
/// each other.
const LAYERS: [&[&str]; 12] = [
    &["cli"],
    &["command"],
    &["invite", "init"],
    &["run"],
    &["report", "export", "load"],
    &["read", "settle", "db"],
    &["settings"],
    &["config"],
    &["source", "output", "frame"],
    &["schema"],
    &["rule"],
    &["record"],
];
/// Below all others; every module may import them.
const BOTTOM: [&str; 12] = [
    "disk",
    "event",
    "exit",
    "fault",
    "hash",
    "nearest",
    "panics",
    "parallel",
    "side_file",
    "signal",
    "sql",
    "width",
];

/// Libraries, and the modules that may name them.
const OWNERS: [(&str, &[&str]); 13] = [
    ("clap", &["cli"]),
    ("clap_complete", &["cli", "command"]),
    ("tokio_postgres", &["db"]),
    ("tokio_postgres_rustls", &["db"]),
    ("rustls", &["db", "invite"]),
    ("ureq", &["invite"]),
    ("mail_builder", &["invite"]),
    ("getrandom", &["invite"]),
    ("rayon", &["settle", "export", "parallel"]),
    ("polars", &["frame"]),
    ("polars_parquet", &["frame"]),
    ("terminal_size", &["report"]),
    ("unicode_width", &["width"]),
];

const PRINTERS: [&str; 2] = ["report", "program"];
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "helper", "common", "manager", "types"];
const LONGEST: usize = 500;

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

#[test]
fn the_map_in_docs_has_these_layers() {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = std::fs::read_to_string(format!("{root}/docs/ARCHITECTURE.md")).unwrap();
    let map = text.split("<!-- modules -->\n```text\n").nth(1).expect("the map").split("```").next().unwrap();
    // The names are before the first wide space, what they are after it.
    let names =
        |line: &str| line.split("    ").next().unwrap().split_whitespace().map(str::to_owned).collect();
    let shown: Vec<Vec<String>> = map.lines().map(names).collect();
    assert_eq!(shown, LAYERS.iter().copied().chain([&BOTTOM[..]]).collect::<Vec<_>>());
}

#[test]
fn a_module_imports_only_from_those_below_it() {
    let map = Map::new(sources());
    let mut faults = Vec::new();
    for source in sources() {
        let room = source.room();
        if ["lib", "main", "program", "internals"].contains(&room) {
            continue;
        }
        let own = layer(room);
        if own.is_none() && !BOTTOM.contains(&room) {
            faults.push(format!("{}: module {room} has no layer", source.path));
            continue;
        }
        for other in imported_rooms(&map, source) {
            let is_below = matches!((own, layer(&other)), (Some(own), Some(other)) if other > own);
            // The commands read the command line's options.
            let is_allowed = other == room
                || BOTTOM.contains(&other.as_str())
                || is_below
                || (room == "command" && other == "cli");
            if !is_allowed {
                faults.push(format!("{}: {room} imports {other}", source.path));
            }
        }
    }
    none(&faults);
}

/// The top-level modules that a file names, its unit tests included.
fn imported_rooms(map: &Map, source: &Source) -> BTreeSet<String> {
    let names = map.names(source).into_iter().chain(source.test_paths.iter().cloned());
    let rooms = names.filter_map(|path| path.into_iter().next());
    rooms.filter(|room| layer(room).is_some() || BOTTOM.contains(&room.as_str())).collect()
}

/// An import cannot send a mail: its code cannot name the module that sends.
#[test]
fn nothing_but_the_commands_of_users_can_send_mails() {
    let map = Map::new(sources());
    let may_send = |source: &Source| {
        ["invite", "cli", "lib", "internals", "program"].contains(&source.room())
            || ["command/error.rs", "command/invite.rs", "command/user.rs", "command/mod.rs"]
                .contains(&source.path.as_str())
    };
    let can_send = sources().iter().filter(|source| imported_rooms(&map, source).contains("invite"));
    let faults: Vec<_> = can_send
        .filter(|source| !may_send(source))
        .map(|source| format!("{}: can send mails", source.path))
        .collect();
    none(&faults);
}

#[test]
fn each_library_has_its_owner() {
    let mut faults = Vec::new();
    for source in sources() {
        for (library, owners) in OWNERS.iter().filter(|(_, owners)| !owners.contains(&source.room())) {
            let (path, import) = (format!("{library}::"), format!("use {library};"));
            for (number, _) in
                source.code().filter(|(_, line)| line.contains(&path) || line.contains(&import))
            {
                faults.push(format!("{}:{number}: {library} belongs to {owners:?}", source.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn only_the_report_and_the_program_print() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| !PRINTERS.contains(&source.room())) {
        for (number, line) in source.code() {
            if ["println!", "eprintln!", "print!(", "eprint!("].iter().any(|word| line.contains(word)) {
                faults.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_file_says_what_it_is_and_is_short_enough() {
    let mut faults = Vec::new();
    for (path, text) in ["src", "tests", "examples", "benches"].into_iter().flat_map(rust_files) {
        if !text.starts_with("//!") {
            faults.push(format!("{path}: does not begin with `//!`"));
        }
        let lines = text.lines().count();
        if lines > LONGEST {
            faults.push(format!("{path}: has {lines} lines, {LONGEST} are allowed"));
        }
    }
    none(&faults);
}

#[test]
fn no_module_has_a_name_that_says_nothing() {
    let mut faults = Vec::new();
    for source in sources() {
        let stem = source.path.trim_end_matches(".rs");
        for name in EMPTY_NAMES {
            let ending = format!("mod {name} {{");
            let inline = source.code().any(|(_, line)| line.ends_with(&ending));
            if inline || stem.split('/').any(|part| part == name) {
                faults.push(format!("{}: `{name}` says nothing", source.path));
            }
        }
    }
    none(&faults);
}

#[test]
fn no_two_files_import_each_other_not_even_through_others() {
    none(&Map::new(sources()).circles().iter().map(|(_, around)| around.clone()).collect::<Vec<_>>());
}

#[test]
fn only_the_entry_and_the_internals_for_tests_are_public() {
    let library = sources().iter().find(|source| source.path == "lib.rs").unwrap();
    let public: Vec<&str> =
        library.code().map(|(_, line)| line.trim()).filter(|line| line.starts_with("pub ")).collect();
    assert_eq!(public, ["pub mod internals;", "pub use program::run;"]);
    assert!(library.text.contains("#[doc(hidden)]\npub mod internals;"));
}

#[test]
fn dead_code_is_not_allowed_anywhere() {
    let allows = |source: &Source| source.code().any(|(_, line)| line.contains("allow(dead_code"));
    let faults: Vec<String> =
        sources().iter().filter(|source| allows(source)).map(|source| source.path.clone()).collect();
    none(&faults);
}
