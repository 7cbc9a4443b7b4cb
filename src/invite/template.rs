//! A small template language, a part of Mustache that Postmark's templates understand too: `{{name}}` is a
//! value; `{{#name}}…{{/name}}` is kept if the value is not empty, `{{^name}}…{{/name}}` if it is. The caller
//! gives the values.

use std::ops::Range;

/// A template in which every name is known and every section closed.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Text(Range<usize>),
    Value(&'static str),
    Section { name: &'static str, filled: bool, parts: Vec<Part> },
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub(crate) struct TemplateMistake {
    /// From 1.
    pub(crate) line: usize,
    /// What is wrong, and what to write instead.
    pub(crate) problem: String,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Escape {
    /// As they are.
    Text,
    /// With HTML's special characters replaced, so that no value can become an element or an attribute.
    Html,
}

impl Template {
    /// Reads a template that may use these names.
    /// Errors: the first mistake.
    pub(crate) fn parse(text: &str, names: &[&'static str]) -> Result<Self, TemplateMistake> {
        let mut open: Vec<(&'static str, bool, Vec<Part>, usize)> = Vec::new();
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(start) = text[at..].find("{{").map(|found| at + found) {
            let mistake = |problem: String| TemplateMistake { line: line(text, start), problem };
            parts.push(Part::Text(at..start));
            let Some(end) = text[start..].find("}}").map(|found| start + found) else {
                return Err(mistake("{{ is not followed by }}".to_owned()));
            };
            let tag = text[start + 2..end].trim();
            let (mark, word) = match tag.chars().next() {
                Some(mark @ ('#' | '^' | '/')) => (Some(mark), tag[1..].trim()),
                _ => (None, tag),
            };
            let Some(name) = names.iter().find(|name| **name == word) else {
                let known = names.join(", ");
                return Err(mistake(format!("{{{{{tag}}}}} is unknown; known are {known}")));
            };
            match mark {
                None => parts.push(Part::Value(name)),
                Some('/') => match open.pop() {
                    Some((opened, filled, outer, _)) if opened == *name => {
                        let inner = std::mem::replace(&mut parts, outer);
                        parts.push(Part::Section { name, filled, parts: inner });
                    }
                    _ => return Err(mistake(format!("{{{{/{word}}}}} closes what was not opened last"))),
                },
                Some(mark) => open.push((name, mark == '#', std::mem::take(&mut parts), line(text, start))),
            }
            at = end + 2;
        }
        parts.push(Part::Text(at..text.len()));
        match open.pop() {
            None => Ok(Self { text: text.to_owned(), parts }),
            Some((name, _, _, line)) => {
                Err(TemplateMistake { line, problem: format!("{name} is opened and never closed") })
            }
        }
    }

    /// Whether the value of `name` occurs in it.
    pub(crate) fn names(&self, name: &str) -> bool {
        fn within(parts: &[Part], name: &str) -> bool {
            parts.iter().any(|part| match part {
                Part::Text(_) => false,
                Part::Value(own) => *own == name,
                Part::Section { parts, .. } => within(parts, name),
            })
        }
        within(&self.parts, name)
    }

    /// The text with the values that `value` gives.
    pub(crate) fn render<'v>(&self, escape: Escape, value: impl Fn(&str) -> &'v str) -> String {
        let mut out = String::with_capacity(self.text.len() * 2);
        self.write(&self.parts, escape, &value, &mut out);
        out
    }

    fn write<'v>(&self, parts: &[Part], escape: Escape, value: &impl Fn(&str) -> &'v str, out: &mut String) {
        for part in parts {
            match part {
                Part::Text(range) => out.push_str(&self.text[range.clone()]),
                Part::Value(name) if escape == Escape::Html => push_escaped(out, value(name)),
                Part::Value(name) => out.push_str(value(name)),
                Part::Section { name, filled, parts } => {
                    if *filled != value(name).is_empty() {
                        self.write(parts, escape, value, out);
                    }
                }
            }
        }
    }
}

/// The line of a byte, from 1.
fn line(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

fn push_escaped(out: &mut String, value: &str) {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["name", "link"];

    fn rendered(text: &str, escape: Escape, name: &str) -> String {
        let template = Template::parse(text, &NAMES).unwrap();
        template.render(escape, |key| if key == "name" { name } else { "https://x/?a=1&b=2" })
    }

    #[test]
    fn values_and_sections_are_filled_in() {
        let text = "Dear {{#name}}{{ name }}{{/name}}{{^name}}customer{{/name}}, {{link}}";
        assert_eq!(rendered(text, Escape::Text, "Zoë"), "Dear Zoë, https://x/?a=1&b=2");
        assert_eq!(rendered(text, Escape::Text, ""), "Dear customer, https://x/?a=1&b=2");
        assert_eq!(rendered("no value } { here", Escape::Text, ""), "no value } { here");
    }

    #[test]
    fn no_value_becomes_html() {
        let text = "<a title=\"{{name}}\" href='{{link}}'>";
        assert_eq!(
            rendered(text, Escape::Html, "O'Brien <b>\"&"),
            "<a title=\"O&#39;Brien &lt;b&gt;&quot;&amp;\" href='https://x/?a=1&amp;b=2'>"
        );
    }

    #[test]
    fn a_value_is_never_read_as_a_template() {
        assert_eq!(rendered("{{name}}", Escape::Text, "{{link}}"), "{{link}}");
    }

    #[test]
    fn every_mistake_is_reported_with_its_line() {
        for (text, line, word) in [
            ("a\n{{nmae}}", 2, "nmae"),
            ("{{name", 1, "}}"),
            ("\n\n{{#name}}", 3, "never closed"),
            ("{{/name}}", 1, "not opened"),
            ("{{#name}}\n{{#link}}{{/name}}{{/link}}", 2, "not opened last"),
        ] {
            let mistake = Template::parse(text, &NAMES).unwrap_err();
            assert_eq!(mistake.line, line, "{text}");
            assert!(mistake.problem.contains(word), "{text}: {mistake}");
        }
    }

    #[test]
    fn it_is_known_whether_a_name_occurs_in_a_template() {
        let template = Template::parse("{{#name}}{{link}}{{/name}}", &NAMES).unwrap();
        assert!(template.names("link") && !template.names("name"));
    }
}
