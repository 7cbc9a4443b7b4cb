//! The globs of `muster.toml`: a file's name, with `*` for a date or a number that the next delivery will not have.

use super::proposal::Proposal;

/// So many digits are no part of a name that stays.
const DIGITS: usize = 4;

/// For each proposal that is written, its globs. Files that are read alike share one.
pub(super) fn globs(proposals: &[Proposal]) -> Vec<(Vec<String>, &Proposal)> {
    let wide: Vec<String> = proposals.iter().map(|each| glob(&each.file)).collect();
    let mut all: Vec<(Vec<String>, &Proposal)> = Vec::new();
    for (proposal, own) in proposals.iter().zip(&wide) {
        let same = |other: &Proposal| {
            other.entity == proposal.entity && other.opening.header == proposal.opening.header
        };
        let clashes = proposals.iter().zip(&wide).any(|(other, glob)| glob == own && !same(other));
        let glob = if clashes { proposal.file.clone() } else { own.clone() };
        let is_known = |(globs, other): &(Vec<String>, &Proposal)| globs.contains(&glob) && same(other);
        if !all.iter().any(is_known) {
            all.push((vec![glob], proposal));
        }
    }
    all
}

fn glob(file: &str) -> String {
    let (folder, name) = file.rsplit_once('/').map_or(("", file), |(folder, name)| (folder, name));
    let folder = if file.len() > name.len() { format!("{folder}/") } else { String::new() };
    let (stem, end) =
        name.split_once('.').map_or((name, String::new()), |(stem, end)| (stem, format!(".{end}")));
    let mut out = String::new();
    let mut run = String::new();
    for c in stem.chars().chain(['\0']) {
        if c.is_ascii_digit() || !run.is_empty() && matches!(c, '-' | '_' | 'T') {
            run.push(c);
            continue;
        }
        let kept = run.trim_end_matches(|c: char| !c.is_ascii_digit());
        if kept.bytes().filter(u8::is_ascii_digit).count() >= DIGITS {
            out.push('*');
            out.push_str(&run[kept.len()..]);
        } else {
            out.push_str(&run);
        }
        run.clear();
        if c != '\0' {
            out.push(c);
        }
    }
    if out == "*" { file.to_owned() } else { format!("{folder}{out}{end}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_long_numbers_become_wildcards() {
        for (file, want) in [
            ("Klanten.csv", "Klanten.csv"),
            ("Klanten 2026-01-31.csv", "Klanten *.csv"),
            ("in/klanten_20260131_v2.csv", "in/klanten_*_v2.csv"),
            ("export-12.csv.gz", "export-12.csv.gz"),
            ("20260131.csv", "20260131.csv"),
        ] {
            assert_eq!(glob(file), want, "{file}");
        }
    }
}
