//! A set of digit patterns as one deterministic automaton, which finds the patterns that match a string of digits with
//! one table look-up per digit. What the patterns mean is left to `plan`.
//!
//! Thompson's construction over the ten digits, then the subset construction. The patterns are those of
//! libphonenumber's metadata: literals, classes, repetition, groups, alternation. A pattern with anything else (an
//! anchor, a boundary) is not accepted, and its calling code then has no automaton.

use std::collections::HashMap;

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// A plan with more states gets no table: it would not stay in the caches.
const MOST_STATES: usize = 1 << 12;
/// Columns of the table for each state: ten digits, rounded up to a power of two.
const STRIDE: usize = 16;
const ALL_DIGITS: u16 = 0x3ff;

enum Node {
    /// Accepts one of these digits (a bit each).
    Digit(u16, usize),
    Either(Vec<usize>),
    /// The pattern with this number has matched.
    Match(usize),
}

/// Collects patterns, then becomes an [`Automaton`].
pub(super) struct Builder {
    nodes: Vec<Node>,
    starts: Vec<usize>,
}

impl Builder {
    pub(super) fn new() -> Self {
        Self { nodes: Vec::new(), starts: Vec::new() }
    }

    /// Adds a pattern that must match all digits, and returns its number.
    pub(super) fn whole(&mut self, pattern: &str) -> Option<usize> {
        let (tag, target) = self.tag();
        self.add(pattern, target).then_some(tag)
    }

    /// Adds a pattern that must match the first digits only.
    pub(super) fn beginning(&mut self, pattern: &str) -> Option<usize> {
        let (tag, target) = self.tag();
        let around = self.push(Node::Either(Vec::new()));
        let any = self.push(Node::Digit(ALL_DIGITS, around));
        self.nodes[around] = Node::Either(vec![target, any]);
        self.add(pattern, around).then_some(tag)
    }

    fn tag(&mut self) -> (usize, usize) {
        let tag = self.starts.len();
        (tag, self.push(Node::Match(tag)))
    }

    fn add(&mut self, pattern: &str, target: usize) -> bool {
        let parsed = ParserBuilder::new().unicode(false).utf8(false).build().parse(pattern);
        let Some(start) = parsed.ok().and_then(|hir| self.compile(&hir, target)) else { return false };
        self.starts.push(start);
        true
    }

    fn push(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    /// Adds the nodes of `hir` before `next`; returns the first.
    fn compile(&mut self, hir: &Hir, next: usize) -> Option<usize> {
        match hir.kind() {
            HirKind::Empty => Some(next),
            HirKind::Literal(literal) => literal.0.iter().rev().try_fold(next, |next, &byte| {
                byte.is_ascii_digit().then(|| self.push(Node::Digit(1 << (byte - b'0'), next)))
            }),
            HirKind::Class(class) => {
                let digits = digits_of(class)?;
                Some(self.push(Node::Digit(digits, next)))
            }
            HirKind::Capture(capture) => self.compile(&capture.sub, next),
            HirKind::Concat(parts) => {
                parts.iter().rev().try_fold(next, |next, part| self.compile(part, next))
            }
            HirKind::Alternation(parts) => {
                let firsts = parts.iter().map(|part| self.compile(part, next)).collect::<Option<_>>()?;
                Some(self.push(Node::Either(firsts)))
            }
            HirKind::Repetition(repetition) => {
                let mut first = next;
                if let Some(max) = repetition.max {
                    for _ in repetition.min..max {
                        let once = self.compile(&repetition.sub, first)?;
                        first = self.push(Node::Either(vec![once, next]));
                    }
                } else {
                    first = self.push(Node::Either(Vec::new()));
                    let once = self.compile(&repetition.sub, first)?;
                    self.nodes[first] = Node::Either(vec![once, next]);
                }
                (0..repetition.min).try_fold(first, |first, _| self.compile(&repetition.sub, first))
            }
            HirKind::Look(_) => None,
        }
    }

    /// The automaton. `lengths` gets which patterns match (by number) and returns the lengths of the whole string (a
    /// bit each) for which the string is good. `None` makes the state a dead end.
    pub(super) fn build(self, lengths: impl Fn(&[bool]) -> Option<u32>) -> Option<Automaton> {
        let mut automaton = Automaton { next: vec![0; STRIDE], good: vec![0] };
        let mut known: HashMap<Vec<usize>, u16> = HashMap::new();
        let mut sets = vec![Vec::new()];
        let mut enter = |set: Vec<usize>, sets: &mut Vec<Vec<usize>>, automaton: &mut Automaton| {
            if let Some(&state) = known.get(&set) {
                return Some(state);
            }
            let mut matched = vec![false; self.starts.len()];
            for &node in &set {
                if let Node::Match(tag) = self.nodes[node] {
                    matched[tag] = true;
                }
            }
            // A pattern that matches no digit at all says nothing about a number.
            let is_start = sets.len() == 1;
            let good = if is_start { Some(0) } else { lengths(&matched) };
            let state = match good {
                None => 0,
                Some(good) => {
                    if sets.len() == MOST_STATES {
                        return None;
                    }
                    automaton.good.push(good);
                    automaton.next.resize(automaton.next.len() + STRIDE, 0);
                    sets.push(set.clone());
                    u16::try_from(sets.len() - 1).ok()?
                }
            };
            known.insert(set, state);
            Some(state)
        };
        enter(self.closure(self.starts.clone()), &mut sets, &mut automaton)?;
        let mut at = 1;
        while at < sets.len() {
            for digit in 0..10 {
                let reached = sets[at].iter().filter_map(|&node| match self.nodes[node] {
                    Node::Digit(digits, next) if digits >> digit & 1 == 1 => Some(next),
                    _ => None,
                });
                let set = self.closure(reached.collect());
                automaton.next[at * STRIDE + digit] = enter(set, &mut sets, &mut automaton)?;
            }
            at += 1;
        }
        Some(automaton)
    }

    /// All nodes that are reached without a digit, sorted, without those that only branch.
    fn closure(&self, mut todo: Vec<usize>) -> Vec<usize> {
        let mut seen = vec![false; self.nodes.len()];
        let mut set = Vec::new();
        while let Some(node) = todo.pop() {
            if !std::mem::replace(&mut seen[node], true) {
                match &self.nodes[node] {
                    Node::Either(firsts) => todo.extend_from_slice(firsts),
                    Node::Digit(..) | Node::Match(_) => set.push(node),
                }
            }
        }
        set.sort_unstable();
        set
    }
}

fn digits_of(class: &Class) -> Option<u16> {
    let Class::Bytes(class) = class else { return None };
    let mut digits = 0;
    for range in class.ranges() {
        if !(range.start().is_ascii_digit() && range.end().is_ascii_digit()) {
            return None;
        }
        for byte in range.start()..=range.end() {
            digits |= 1 << (byte - b'0');
        }
    }
    Some(digits)
}

/// See [`Builder::build`]. State 0 is the dead end, state 1 the start.
pub(super) struct Automaton {
    next: Vec<u16>,
    good: Vec<u32>,
}

impl Automaton {
    /// Whether `digits` are ASCII digits, and good.
    #[inline]
    pub(super) fn accepts(&self, digits: &[u8]) -> bool {
        let state = usize::from(self.run(digits));
        digits.len() < 32 && self.good[state] >> digits.len() & 1 == 1
    }

    /// Whether `digits` are ASCII digits, lead to no dead end, and are not good.
    pub(super) fn refuses(&self, digits: &[u8]) -> bool {
        self.run(digits) > 1 && !self.accepts(digits)
    }

    #[inline]
    fn run(&self, digits: &[u8]) -> u16 {
        let mut state = 1_u16;
        for &byte in digits {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return 0;
            }
            state = self.next[usize::from(state) * STRIDE + usize::from(digit)];
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_agrees_with_the_regex_crate_on_every_string_of_up_to_five_digits() {
        for pattern in
            ["1[2-4]\\d{1,2}", "(?:0|9(?:1|2[35])?)\\d*5", "\\d{2,}", "7|(?:12){1,2}3?", "[0-35]{3}|44"]
        {
            let mut builder = Builder::new();
            builder.whole(pattern).unwrap();
            let automaton = builder.build(|matched| Some(if matched[0] { u32::MAX } else { 0 })).unwrap();
            let regex = regex::Regex::new(&format!("^(?:{pattern})$")).unwrap();
            for length in 1..=5_u32 {
                for number in 0..10_u32.pow(length) {
                    let digits = format!("{number:0width$}", width = length as usize);
                    assert_eq!(
                        automaton.accepts(digits.as_bytes()),
                        regex.is_match(&digits),
                        "{pattern} {digits}"
                    );
                }
            }
        }
    }

    #[test]
    fn patterns_with_anything_but_digits_are_not_accepted() {
        for pattern in ["^12", "\\b1", "[a-z]1", "a", "("] {
            assert_eq!(Builder::new().whole(pattern), None, "{pattern}");
        }
    }

    #[test]
    fn a_beginning_stays_matched_and_lengths_and_dead_ends_count() {
        let mut builder = Builder::new();
        let beginning = builder.beginning("12").unwrap();
        let stop = builder.whole("129").unwrap();
        let automaton = builder
            .build(|matched| if matched[stop] { None } else { Some(u32::from(matched[beginning]) << 4) })
            .unwrap();
        assert!(automaton.accepts(b"1234"));
        assert!(!automaton.accepts(b"123"));
        assert!(!automaton.accepts(b"1294"));
        assert!(!automaton.accepts(b"12a4"));
        // Digits that no pattern can match are known to be wrong; of a dead end nothing is known.
        assert!(automaton.refuses(b"9999") && automaton.refuses(b"123"));
        assert!(!automaton.refuses(b"1294") && !automaton.refuses(b"12a4") && !automaton.refuses(b"1234"));
    }
}
