//! The documents are true: their commands can be typed, their links lead somewhere, their tables are the program's
//! own, and what they show of the samples is what the samples give. `make golden` rewrites the tables of codes and of
//! measured figures.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use muster::internals::{Code, Exit, wrong_command_line};

use super::support::{Database, Muster, none};

const README_LINES: usize = 200;

struct Document {
    /// Its path from the project's folder.
    name: String,
    text: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All documents for people, README.md first.
fn documents() -> Vec<Document> {
    let read = |name: String| Document { text: fs::read_to_string(root().join(&name)).unwrap(), name };
    let mut pages: Vec<String> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| format!("docs/{}", entry.unwrap().file_name().to_str().unwrap()))
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"))
        .collect();
    pages.sort();
    let others = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "samples/README.md"].map(str::to_owned);
    others.into_iter().chain(pages).map(read).collect()
}

fn document(name: &str) -> Document {
    documents().into_iter().find(|document| document.name == name).unwrap_or_else(|| panic!("no {name}"))
}

impl Document {
    /// The code blocks in this language.
    fn blocks(&self, language: &str) -> Vec<String> {
        let start = format!("```{language}");
        let mut blocks = Vec::new();
        let mut lines = self.text.lines();
        while let Some(line) = lines.next() {
            if line.trim() == start {
                let block = lines.by_ref().take_while(|line| line.trim() != "```");
                blocks.push(block.map(|line| format!("{line}\n")).collect());
            }
        }
        blocks
    }

    /// What follows the comment of this name, up to the next blank line.
    fn part(&self, name: &str) -> &str {
        let mark = format!("<!-- {name} -->\n");
        let start = self.text.find(&mark).unwrap_or_else(|| panic!("{} has no {mark}", self.name));
        let rest = &self.text[start + mark.len()..];
        &rest[..rest.find("\n\n").map_or(rest.len(), |end| end + 1)]
    }

    /// Asserts that the part of this name is `right`; `make golden` writes it.
    #[track_caller]
    fn part_is(&self, name: &str, right: &str) {
        let found = self.part(name);
        if std::env::var_os("MUSTER_GOLDEN").is_some() {
            fs::write(root().join(&self.name), self.text.replace(found, right)).unwrap();
        } else {
            let gone = found.lines().filter(|line| !right.contains(line)).map(|line| format!("- {line}"));
            let new = right.lines().filter(|line| !found.contains(line)).map(|line| format!("+ {line}"));
            none(&gone.chain(new).collect::<Vec<_>>());
            assert_eq!(found, right, "`make golden` rewrites {name} in {}", self.name);
        }
    }

    /// The text without its code blocks and code spans.
    fn prose(&self) -> String {
        let mut outside = true;
        let lines = self.text.lines().filter(|line| {
            let fence = line.trim_start().starts_with("```");
            outside ^= fence;
            outside && !fence
        });
        lines.map(|line| line.split('`').step_by(2).collect::<String>() + "\n").collect()
    }

    /// Where its links lead, as written.
    fn links(&self) -> Vec<String> {
        let prose = self.prose();
        let ends = prose.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0.to_owned()));
        ends.filter(|link| !link.starts_with("https://")).collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    fn anchors(&self) -> BTreeSet<String> {
        let headings = self.text.lines().filter(|line| line.starts_with('#'));
        headings
            .map(|line| {
                let title = line.trim_start_matches('#').trim().to_lowercase();
                let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
                kept.map(|c| if c == ' ' { '-' } else { c }).collect()
            })
            .collect()
    }
}

/// The commands of a shell script, each split into words. Here-documents are skipped, and what follows a redirection.
fn commands(script: &str) -> Vec<Vec<String>> {
    let mut commands = Vec::new();
    let joined = script.replace("\\\n", " ");
    let mut lines = joined.lines().filter(|line| !line.starts_with('#'));
    while let Some(line) = lines.next() {
        if let Some(end) = line.split("<<'").nth(1).and_then(|rest| rest.split('\'').next()) {
            lines.by_ref().find(|line| *line == end);
        }
        commands.extend(simple_commands(line));
    }
    commands
}

/// Splits a line into commands and words at what is outside quotes.
fn simple_commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![vec![String::new()]];
    let mut quote = None;
    for c in line.chars() {
        let command = commands.last_mut().unwrap();
        match c {
            _ if quote == Some(c) => quote = None,
            '\'' | '"' if quote.is_none() => quote = Some(c),
            ' ' if quote.is_none() => command.push(String::new()),
            '|' | '&' | ';' if quote.is_none() => commands.push(vec![String::new()]),
            c => command.last_mut().unwrap().push(c),
        }
    }
    for words in &mut commands {
        words.retain(|word| !word.is_empty());
        words.truncate(words.iter().position(|word| word.starts_with(['<', '>'])).unwrap_or(words.len()));
        if words.first().is_some_and(|word| word == "sudo") {
            words.drain(..words.iter().position(|word| word == "-u").map_or(1, |at| at + 2));
        }
    }
    commands.retain(|words| !words.is_empty());
    commands
}

/// Every command of every `sh` block, with the document that has it.
fn all_commands() -> Vec<(String, Vec<String>)> {
    let mut found = Vec::new();
    for document in documents() {
        for block in document.blocks("sh") {
            found.extend(commands(&block).into_iter().map(|words| (document.name.clone(), words)));
        }
    }
    found
}

#[test]
fn every_command_of_muster_can_be_typed() {
    let mut faults = Vec::new();
    let mut count = 0;
    for (document, mut words) in all_commands() {
        if words[0] != "muster" && !words[0].ends_with("/muster") {
            continue;
        }
        count += 1;
        "muster".clone_into(&mut words[0]);
        if let Some(error) = wrong_command_line(&words) {
            faults.push(format!("{document}: {words:?}: {error}"));
        }
    }
    assert!(count > 60, "the commands are not where this test looks: {count}");
    none(&faults);
}

#[test]
fn every_command_of_make_names_a_target() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let mut faults = Vec::new();
    for (document, words) in all_commands().iter().filter(|(_, words)| words[0] == "make") {
        let targets = words[1..].iter().filter(|word| !word.contains('='));
        for target in targets.filter(|target| !makefile.contains(&format!("\n{target}:"))) {
            faults.push(format!("{document}: make {target}"));
        }
    }
    none(&faults);
}

#[test]
fn every_sh_block_is_valid_shell() {
    let mut faults = Vec::new();
    for document in documents() {
        for block in document.blocks("sh") {
            let run = Command::new("sh").args(["-n", "-c", &block]).output().unwrap();
            if !run.status.success() {
                faults.push(format!("{}: {block}{}", document.name, String::from_utf8_lossy(&run.stderr)));
            }
        }
        for other in ["bash", "shell", "console"] {
            if !document.blocks(other).is_empty() {
                faults.push(format!("{}: a block in {other}; write it in sh", document.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn every_link_leads_to_a_file_and_a_heading() {
    let documents = documents();
    let anchors: HashMap<PathBuf, BTreeSet<String>> = documents
        .iter()
        .map(|document| (root().join(&document.name).canonicalize().unwrap(), document.anchors()))
        .collect();
    let mut faults = Vec::new();
    for document in &documents {
        let here = root().join(&document.name);
        for link in document.links() {
            let (path, anchor) = link.split_once('#').map_or((link.as_str(), None), |(p, a)| (p, Some(a)));
            let target = if path.is_empty() { here.clone() } else { here.parent().unwrap().join(path) };
            let found = target.canonicalize().ok();
            let right = found.is_some_and(|file| anchor.is_none_or(|anchor| anchors[&file].contains(anchor)));
            if !right {
                faults.push(format!("{}: {link} leads nowhere", document.name));
            }
        }
    }
    none(&faults);
}

/// Of the form `src/read/split.rs`; NAME is for the reader to choose.
#[test]
fn every_path_of_the_project_that_a_document_names_exists() {
    let folders = [
        "benches/",
        "docs/",
        "examples/",
        "packaging/",
        "samples/",
        "schemas/",
        "scripts/",
        "src/",
        "tests/",
    ];
    let mut faults = Vec::new();
    for document in documents() {
        let spans = document.text.lines().flat_map(|line| line.split('`').skip(1).step_by(2));
        for path in spans.filter(|span| folders.iter().any(|folder| span.starts_with(folder))) {
            if !path.contains("NAME") && !path.contains(' ') && !root().join(path).exists() {
                faults.push(format!("{}: {path}", document.name));
            }
        }
    }
    none(&faults);
}

#[test]
fn readme_is_short_and_leads_to_every_other_document() {
    let readme = document("README.md");
    let lines = readme.text.lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines, {README_LINES} are allowed; docs/ has room");
    let links = readme.links();
    let lost: Vec<String> = documents()
        .into_iter()
        .skip(1)
        .map(|document| document.name)
        .filter(|name| !links.contains(name))
        .collect();
    none(&lost);
}

#[test]
fn the_codes_are_those_of_muster_explain() {
    let mut table = String::from("| code | severity | meaning |\n| --- | --- | --- |\n");
    for code in Code::ALL {
        let (severity, what) = (code.default_severity(), code.explanation().what);
        writeln!(table, "| `{code}` | {severity} | {} |", what.trim_end_matches('.')).unwrap();
    }
    document("docs/codes.md").part_is("codes", &table);
}

#[test]
fn the_exit_codes_are_those_of_the_program_and_its_help() {
    let readme = document("README.md");
    let rows: Vec<(u8, &str)> = readme
        .part("exit codes")
        .lines()
        .skip(2)
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            (cells[0].parse().unwrap(), cells[1])
        })
        .collect();
    let all = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::Rejects,
        Exit::Refused,
        Exit::Unknown,
        Exit::Interrupted,
    ];
    assert_eq!(rows.iter().map(|row| row.0).collect::<Vec<_>>(), all.map(Exit::code));
    let help = Muster::new().run(["--help"]).exits(0).stdout();
    for (code, meaning) in rows {
        assert!(help.contains(&format!("\n  {code:<4} {meaning}\n")), "{code} {meaning} is not in:\n{help}");
    }
}

#[test]
fn every_type_and_setting_of_a_schema_is_described() {
    let printed = Muster::new().run(["schema", "json-schema"]).exits(0).stdout();
    let schema: serde_json::Value = serde_json::from_str(&printed).unwrap();
    let field = &schema["properties"]["field"]["items"]["properties"];
    let types = field["type"]["enum"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let page = document("docs/schemas.md");
    let missing: Vec<String> = field
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "type")
        .chain(types)
        .filter(|name| !page.text.contains(&format!("`{name}`")))
        .map(str::to_owned)
        .collect();
    none(&missing);
}

/// docs/speed.md chooses lines of the results and copies of each the ratio and the memory.
#[test]
fn the_figures_are_those_that_make_bench_wrote() {
    let results = fs::read_to_string(root().join("benches/RESULTS.md")).unwrap();
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    let measured: Vec<Vec<String>> = results.lines().map(cells).collect();
    let page = document("docs/speed.md");
    let mut lines = page.part("measured").lines();
    let mut table: String = lines.by_ref().take(2).flat_map(|line| [line, "\n"]).collect();
    for line in lines {
        let shown: Vec<String> = cells(line);
        let row = measured.iter().find(|row| row.len() == 8 && row[..2] == shown[..2]);
        let row = row.unwrap_or_else(|| panic!("benches/RESULTS.md has no such line: {line}"));
        writeln!(table, "| {} | {} | {} | {} |", row[0], row[1], row[4], row[6]).unwrap();
    }
    page.part_is("measured", &table);
}

#[test]
fn the_samples_give_what_is_shown_and_a_second_time_nothing_is_written() {
    let samples = root().join("samples");
    let files = ["accounts.csv", "users.csv"].map(|name| samples.join(name).to_str().unwrap().to_owned());
    let database = Database::new();
    let muster = Muster::on(&database);
    let import = |out: &str| muster.run(["import", "--out", out, &files[0], &files[1]]).exits(3);
    let first = import("first").stdout();
    let readme = document("README.md");
    let shown = readme.part("samples").trim_start_matches("```text\n").trim_end_matches("```\n");
    assert!(first.contains(shown), "the README shows\n{shown}\nand the samples give\n{first}");
    let second = import("second").summary("second");
    for entity in second["entities"].as_array().unwrap() {
        assert_eq!(entity["unchanged"], entity["accepted"], "{entity}");
        assert_eq!((entity["inserted"].as_u64(), entity["updated"].as_u64()), (Some(0), Some(0)), "{entity}");
    }
}

/// Runs the page's commands as one script, up to the reader's own database. What the page shows is printed.
#[test]
fn getting_started_can_be_pasted_from_top_to_bottom() {
    let page = document("docs/getting-started.md");
    let (own, _) = page.text.split_once("\n## 8. Your own database").expect("the last step");
    let page = Document { name: page.name.clone(), text: own.to_owned() };
    let script = page.blocks("sh").concat();
    let database = Database::new();
    let muster = Muster::on(&database);
    // Rejected rows are what the page shows; anything else that fails ends it.
    let shell = "set -e\nmuster() { \"$MUSTER\" \"$@\" || [ $? = 3 ]; }\n";
    let run = muster.script(&format!("{shell}{script}")).exits(0);
    let said = run.stdout();
    for shown in page.blocks("text") {
        assert!(said.contains(&shown), "{shown} is not in{run}");
    }
    for entity in run.summary("third")["entities"].as_array().unwrap() {
        assert_eq!(entity["rejected"], 0, "{run}");
    }
    assert_eq!(database.text("SELECT count(*) FROM accounts"), "3", "{run}");
    assert_eq!(database.text("SELECT count(*) FROM users"), "3", "{run}");
}
