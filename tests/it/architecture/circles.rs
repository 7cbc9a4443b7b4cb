//! Which file of the program imports which. A name that a module re-exports leads to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use super::source::{Source, test_modules};

/// The program's modules, and the file of each.
pub struct Map<'s> {
    sources: &'s [Source],
    files: BTreeMap<&'s [String], usize>,
}

impl<'s> Map<'s> {
    /// The program without its tests, and without the files that only hand on what others hold.
    pub fn new(sources: &'s [Source]) -> Self {
        let tests = test_modules(sources);
        let is_program = |source: &Source| {
            !tests.iter().any(|test| source.module.starts_with(test))
                && !["lib.rs", "main.rs", "internals.rs"].contains(&source.path.as_str())
        };
        let files = sources.iter().enumerate().filter(|(_, source)| is_program(source));
        let files = files.map(|(at, source)| (source.module.as_slice(), at)).collect();
        Self { sources, files }
    }

    /// The paths of the crate that a file names, from the crate's root.
    pub fn names(&self, source: &Source) -> Vec<Vec<String>> {
        let is_passed_on = |name: &str| name != "*" && !source.words.contains(name);
        let imported = source.uses.iter().filter(|used| !used.is_public || !is_passed_on(&used.name));
        let paths = imported.map(|used| &used.path).chain(&source.paths);
        paths.filter_map(|path| self.absolute(source, path, true)).collect()
    }

    /// A path from the crate's root; `None` where it leads into another crate.
    fn absolute(&self, source: &Source, path: &[String], by_uses: bool) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let mut module = source.module.clone();
        let mut rest = rest;
        match first.as_str() {
            "crate" => module.clear(),
            "self" => {}
            "super" => {
                module.pop()?;
                while let Some(("super", after)) =
                    rest.split_first().map(|(word, after)| (word.as_str(), after))
                {
                    module.pop()?;
                    rest = after;
                }
            }
            name => {
                let child: Vec<String> = module.iter().cloned().chain([name.to_owned()]).collect();
                if self.files.contains_key(child.as_slice()) {
                    module = child;
                } else {
                    let used = by_uses.then(|| source.uses.iter().find(|used| used.name == name))??;
                    module = self.absolute(source, &used.path, false)?;
                }
            }
        }
        module.extend(rest.iter().cloned());
        Some(module)
    }

    /// The file that defines what a path from the root leads to; `None` where that is a module.
    fn file(&self, path: &[String], depth: usize) -> Option<usize> {
        let known = (0..=path.len()).rev().find(|&length| self.files.contains_key(&path[..length]))?;
        let at = self.files[&path[..known]];
        let source = &self.sources[at];
        let (name, rest) = path[known..].split_first()?;
        if name == "*" || depth > 10 {
            return Some(at);
        }
        let on = |target: Vec<String>| -> Option<usize> {
            self.file(&target.into_iter().chain(rest.iter().cloned()).collect::<Vec<_>>(), depth + 1)
        };
        if let Some(used) = source.uses.iter().find(|used| used.name == *name) {
            return self.absolute(source, &used.path, false).and_then(on);
        }
        let globs = source.uses.iter().filter(|used| used.name == "*" && used.is_public);
        for used in globs {
            let target = self.absolute(source, &used.path[..used.path.len() - 1], false);
            let below = target.map(|target| target.into_iter().chain([name.clone()]).collect::<Vec<_>>());
            if let Some(defined) = below.and_then(on)
                && self.sources[defined].words.contains(name)
            {
                return Some(defined);
            }
        }
        Some(at)
    }

    /// For each file, the files that it imports.
    pub fn imports(&self) -> Vec<BTreeSet<usize>> {
        let mut all = vec![BTreeSet::new(); self.sources.len()];
        for &at in self.files.values() {
            let named = self.names(&self.sources[at]);
            all[at] = named.iter().filter_map(|path| self.file(path, 0)).filter(|&file| file != at).collect();
        }
        all
    }

    /// The groups of files that import each other, directly or through others; each shown with one way around.
    pub fn circles(&self) -> Vec<(BTreeSet<&'s str>, String)> {
        let imports = self.imports();
        let reach: Vec<BTreeSet<usize>> = (0..imports.len()).map(|from| reached(&imports, from)).collect();
        let mut circles = Vec::new();
        for at in (0..imports.len()).filter(|&at| reach[at].contains(&at)) {
            let group: BTreeSet<usize> =
                reach[at].iter().copied().filter(|&other| reach[other].contains(&at)).collect();
            if group.first() == Some(&at) {
                let path = |&file: &usize| self.sources[file].path.as_str();
                let around = around(&imports, &group);
                let around = around.iter().map(path).collect::<Vec<_>>().join(" → ");
                circles.push((group.iter().map(path).collect(), around));
            }
        }
        circles
    }
}

/// All files that one imports, directly or through others.
fn reached(imports: &[BTreeSet<usize>], from: usize) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut next = vec![from];
    while let Some(at) = next.pop() {
        next.extend(imports[at].iter().filter(|&&to| found.insert(to)));
    }
    found
}

/// The shortest way from a file of the group back to itself.
fn around(imports: &[BTreeSet<usize>], group: &BTreeSet<usize>) -> Vec<usize> {
    let way = |start: usize| -> Vec<usize> {
        let mut ways = std::collections::VecDeque::from([vec![start]]);
        let mut seen = BTreeSet::new();
        while let Some(way) = ways.pop_front() {
            for &to in imports[way[way.len() - 1]].intersection(group) {
                if to == start || seen.insert(to) {
                    let longer = way.iter().copied().chain([to]).collect();
                    if to == start {
                        return longer;
                    }
                    ways.push_back(longer);
                }
            }
        }
        Vec::new()
    };
    group.iter().map(|&start| way(start)).min_by_key(Vec::len).unwrap_or_default()
}
