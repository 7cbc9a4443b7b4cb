//! The files of the program, each with the paths that its code names. Comments, literals and test code are left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::OnceLock;

/// One file below `src`.
#[derive(Default)]
pub struct Source {
    /// Its path below `src`.
    pub path: String,
    /// Its module's path in the crate: nothing for `lib.rs`, `["run", "import"]` for `run/import.rs`.
    pub module: Vec<String>,
    pub text: String,
    /// All that it imports, re-exports included.
    pub uses: Vec<Use>,
    /// The paths in its code, as written: `db::connect`, `super::Row`.
    pub paths: Vec<Vec<String>>,
    /// The single names in its code.
    pub words: BTreeSet<String>,
    /// What its unit tests name from the crate's root.
    pub test_paths: Vec<Vec<String>>,
    /// The child modules that are compiled for tests alone.
    test_children: Vec<String>,
}

/// One name that a `use` brings in.
pub struct Use {
    /// As written, without `as`; ends with `*` for a glob.
    pub path: Vec<String>,
    /// What it is called here.
    pub name: String,
    /// Whether others can see it here.
    pub is_public: bool,
}

impl Source {
    /// The top-level module that the file belongs to.
    pub fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap_or_default();
        first.trim_end_matches(".rs")
    }

    /// The lines of code with their numbers, without comments.
    pub fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines()).filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn new(path: String, text: String) -> Self {
        let mut module: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
        if ["mod", "lib", "main"].contains(&module.last().map_or("", String::as_str)) {
            module.pop();
        }
        let mut source = Self { path, module, ..Self::default() };
        Reader { tokens: &tokens(&text), at: 0, source: &mut source }.read();
        source.text = text;
        source
    }
}

/// All files of the program, read once.
pub fn sources() -> &'static [Source] {
    static SOURCES: OnceLock<Vec<Source>> = OnceLock::new();
    SOURCES.get_or_init(|| {
        let files = rust_files("src").into_iter();
        files.map(|(path, text)| Source::new(path["src/".len()..].to_owned(), text)).collect()
    })
}

/// The paths and texts of all Rust files below a folder of the project.
pub fn rust_files(folder: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let short = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                found.push((short, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no Rust files in {folder}");
    found.sort();
    found
}

/// The modules that are compiled for tests alone.
pub fn test_modules(sources: &[Source]) -> Vec<Vec<String>> {
    let children = |source: &Source| -> Vec<Vec<String>> {
        let path = |name: &String| source.module.iter().chain([name]).cloned().collect();
        source.test_children.iter().map(path).collect()
    };
    sources.iter().flat_map(children).collect()
}

/// The code's words and signs. A literal is left out; `::` is one sign.
fn tokens(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let find =
        |from: usize, what: &str| text[from..].find(what).map_or(text.len(), |at| from + at + what.len());
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let rest = &bytes[at..];
        match rest {
            [b'/', b'/', ..] => at = find(at, "\n"),
            [b'/', b'*', ..] => at = find(at, "*/"),
            [b'"', ..] => at = string_end(bytes, at + 1),
            [b'r' | b'b', b'r', b'"' | b'#', ..] | [b'r', b'"' | b'#', ..] if raw_string(rest).is_some() => {
                let (opening, closing) = raw_string(rest).unwrap();
                at = find(at + opening, &closing);
            }
            [b'b', b'"', ..] => at = string_end(bytes, at + 2),
            [b'\'', b'\\', ..] => at = find(at + 3, "'"),
            // A character, or a lifetime, whose quote is left out.
            [b'\'', ..] => {
                let character = text[at + 1..].chars().next().map_or(1, char::len_utf8);
                at += if bytes.get(at + 1 + character) == Some(&b'\'') { character + 2 } else { 1 };
            }
            [b':', b':', ..] => {
                tokens.push("::");
                at += 2;
            }
            [byte, ..] if is_word(*byte) => {
                let length = rest.iter().take_while(|&&byte| is_word(byte)).count();
                tokens.push(&text[at..at + length]);
                at += length;
            }
            [byte, ..] => {
                if !byte.is_ascii_whitespace() {
                    tokens.push(&text[at..=at]);
                }
                at += 1;
            }
            [] => break,
        }
    }
    tokens
}

/// The length of a raw string's opening, and what closes it.
fn raw_string(rest: &[u8]) -> Option<(usize, String)> {
    let letters = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
    let signs = rest[letters..].iter().take_while(|&&byte| byte == b'#').count();
    let quote = rest.get(letters + signs) == Some(&b'"');
    quote.then(|| (letters + signs + 1, format!("\"{}", "#".repeat(signs))))
}

fn string_end(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

struct Reader<'r, 't> {
    tokens: &'r [&'t str],
    at: usize,
    source: &'r mut Source,
}

impl<'t> Reader<'_, 't> {
    fn token(&self, ahead: usize) -> &'t str {
        self.tokens.get(self.at + ahead).copied().unwrap_or_default()
    }

    fn read(mut self) {
        while self.at < self.tokens.len() {
            match self.token(0) {
                "#" if self.is_for_tests() => self.read_tests(),
                "use" => self.read_use(),
                word if is_name(word) => self.read_path(),
                _ => self.at += 1,
            }
        }
    }

    fn is_for_tests(&self) -> bool {
        let words = [self.token(1), self.token(2), self.token(3), self.token(4)];
        words == ["[", "cfg", "(", "test"] || words == ["[", "cfg", "(", "all"] && self.token(6) == "test"
    }

    /// Reads an item that is compiled for tests alone: of its names, only the paths from the crate's root are kept.
    fn read_tests(&mut self) {
        let start = self.at + 1;
        self.skip_item();
        let mut tests = Source::default();
        Reader { tokens: &self.tokens[start..self.at], at: 0, source: &mut tests }.read();
        let paths = tests.uses.into_iter().map(|used| used.path).chain(tests.paths);
        let from_root = paths.filter(|path| path[0] == "crate").map(|path| path[1..].to_vec());
        self.source.test_paths.extend(from_root);
    }

    /// Skips an item with its attributes, to its `;` or its last brace.
    fn skip_item(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            if self.token(0) == "mod" && depth == 0 && self.token(2) == ";" {
                self.source.test_children.push(self.token(1).to_owned());
            }
            let token = self.token(0);
            match token {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 && (token == ";" || token == "}") {
                return;
            }
        }
    }

    fn read_use(&mut self) {
        let is_public = self.at > 0 && ["pub", ")"].contains(&self.tokens[self.at - 1]);
        self.at += 1;
        // `impl Trait + use<'a>` names no module.
        if self.token(0) != "<" {
            self.read_tree(&mut Vec::new(), is_public);
        }
    }

    fn read_tree(&mut self, before: &mut Vec<String>, is_public: bool) {
        let depth = before.len();
        loop {
            match self.token(0) {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !["}", ""].contains(&self.token(0)) {
                        self.read_tree(before, is_public);
                        if self.token(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    break;
                }
                word => {
                    before.push(word.to_owned());
                    self.at += 1;
                    if self.token(0) == "::" {
                        continue;
                    }
                    let mut path = before.clone();
                    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                        path.pop();
                    }
                    let mut name = path.last().cloned().unwrap_or_default();
                    if self.token(0) == "as" {
                        self.token(1).clone_into(&mut name);
                        self.at += 2;
                    }
                    self.source.uses.push(Use { path, name, is_public });
                    break;
                }
            }
        }
        before.truncate(depth);
    }

    fn read_path(&mut self) {
        let mut path = vec![self.token(0).to_owned()];
        self.at += 1;
        while self.token(0) == "::" && is_name(self.token(1)) {
            path.push(self.token(1).to_owned());
            self.at += 2;
        }
        if path.len() == 1 {
            self.source.words.extend(path);
        } else {
            self.source.words.extend(path.first().cloned());
            self.source.paths.push(path);
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

#[test]
fn the_reader_of_paths_sees_groups_aliases_and_what_is_written_in_code() {
    let text = "use crate::{db::{self, x as y}, rule::*};\npub(crate) use a::B;\n// use no::comment;\n\
        fn f<'a>(c: char) { let _ = ('\"', \"no::string\", r#\"no::\"raw\"#); super::g::<u8>(crate::h::I::j) }\n\
        #[cfg(test)]\n#[allow(x)]\nmod tests { use crate::test::T; use super::*; }\n#[cfg(test)]\nmod later;\nfn k() { l::m() }";
    let source = Source::new("a/b.rs".to_owned(), text.to_owned());
    let joined = |path: &Vec<String>| path.join("::");
    let uses: Vec<_> = source.uses.iter().map(|u| (joined(&u.path), u.name.as_str(), u.is_public)).collect();
    let expected = [
        ("crate::db", "db", false),
        ("crate::db::x", "y", false),
        ("crate::rule::*", "*", false),
        ("a::B", "B", true),
    ];
    assert_eq!(uses, expected.map(|(path, name, is_public)| (path.to_owned(), name, is_public)));
    assert_eq!(source.paths.iter().map(joined).collect::<Vec<_>>(), ["super::g", "crate::h::I::j", "l::m"]);
    assert_eq!(source.test_paths, [["test", "T"]]);
    assert_eq!(test_modules(&[source]), [["a", "b", "later"]]);
}
