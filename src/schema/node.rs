//! A TOML table that is read key by key. The value of each key is checked for its kind, and keys that were not read are
//! unknown keys. This file knows TOML and places, and nothing about schemas.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::{Located, Mistakes, Place};

/// One table of a file.
pub(crate) struct Node<'t, 'i> {
    /// Its place: the header of a table, or the braces of an inline one.
    pub(crate) place: Place,
    table: &'t DeTable<'i>,
    taken: Vec<&'static str>,
}

impl<'t, 'i> Node<'t, 'i> {
    pub(crate) fn new(file: usize, span: Range<usize>, table: &'t DeTable<'i>) -> Self {
        Self { place: Place { file, span }, table, taken: Vec::new() }
    }

    /// The value of `key`, if the file has it.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'i>>> {
        self.taken.push(key);
        self.table.get(key)
    }

    /// Whether the file has `key`.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    /// All keys with their places and values, in the order of the file.
    pub(crate) fn entries(&self) -> Vec<(Located<String>, &'t Spanned<DeValue<'i>>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, value)| (self.located(key.span(), key.get_ref().to_string()), value))
            .collect();
        entries.sort_by_key(|(key, _)| key.place.span.start);
        entries
    }

    /// The string under `key`.
    pub(crate) fn string(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Located<String>> {
        let value = self.take(key)?;
        string(self.place.file, value, key, mistakes)
    }

    /// The boolean under `key`.
    pub(crate) fn boolean(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Located<bool>> {
        let value = self.take(key)?;
        if let Some(boolean) = value.get_ref().as_bool() {
            return Some(self.located(value.span(), boolean));
        }
        mistakes.advise(
            &self.at(value),
            format!("`{key}` is {}, not a boolean", article(value)),
            "write true or false without quotes",
        );
        None
    }

    /// The number from 1 up under `key`.
    pub(crate) fn count(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Located<usize>> {
        let value = self.take(key)?;
        let number = value
            .get_ref()
            .as_integer()
            .and_then(|integer| usize::from_str_radix(integer.as_str(), integer.radix()).ok())
            .filter(|&number| number > 0);
        if let Some(number) = number {
            return Some(self.located(value.span(), number));
        }
        mistakes.advise(
            &self.at(value),
            format!("`{key}` is not a whole number from 1 up"),
            "write, for example, 200",
        );
        None
    }

    /// The string, number or boolean under `key`, as text.
    pub(crate) fn scalar(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Located<String>> {
        let value = self.take(key)?;
        let text = scalar_text(value);
        if text.is_none() {
            mistakes.advise(
                &self.at(value),
                format!("`{key}` is {}, not a single value", article(value)),
                "write it in quotes, as a cell would hold it",
            );
        }
        text.map(|text| self.located(value.span(), text))
    }

    /// The list of strings under `key`; empty if the file has none.
    pub(crate) fn strings(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Vec<Located<String>> {
        self.take(key).map(|value| strings(self.place.file, value, key, mistakes)).unwrap_or_default()
    }

    /// The table under `key`.
    pub(crate) fn table(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Option<Node<'t, 'i>> {
        let value = self.take(key)?;
        if let Some(table) = value.get_ref().as_table() {
            return Some(Node::new(self.place.file, value.span(), table));
        }
        mistakes.advise(
            &self.at(value),
            format!("`{key}` is {}, not a table", article(value)),
            format!("write {key} = {{ … }}"),
        );
        None
    }

    /// The tables `[[key]]`, in the order of the file.
    pub(crate) fn tables(&mut self, key: &'static str, mistakes: &mut Mistakes) -> Vec<Node<'t, 'i>> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            let message = format!("`{key}` is {}, not a list of tables", article(value));
            mistakes.advise(&self.at(value), message, format!("begin each one with a line [[{key}]]"));
            return Vec::new();
        };
        let mut nodes = Vec::new();
        for item in array {
            match item.get_ref().as_table() {
                Some(table) => nodes.push(Node::new(self.place.file, item.span(), table)),
                None => mistakes.add(&self.at(item), format!("`{key}` holds {}, not a table", article(item))),
            }
        }
        nodes
    }

    /// The string under `key`, which may be empty.
    pub(crate) fn any_string(
        &mut self,
        key: &'static str,
        mistakes: &mut Mistakes,
    ) -> Option<Located<String>> {
        let value = self.take(key)?;
        match value.get_ref().as_str() {
            Some("") => Some(self.located(value.span(), String::new())),
            _ => string(self.place.file, value, key, mistakes),
        }
    }

    /// A value of this table that must be a string and not empty; `key` is its name in mistakes.
    pub(crate) fn text(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        mistakes: &mut Mistakes,
    ) -> Option<Located<String>> {
        string(self.place.file, value, key, mistakes)
    }

    /// A value of this table that must be a list of strings; `key` is its name in mistakes.
    pub(crate) fn texts(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        mistakes: &mut Mistakes,
    ) -> Vec<Located<String>> {
        strings(self.place.file, value, key, mistakes)
    }

    /// Reports the keys that are described and not supported yet.
    pub(crate) fn refuse(&mut self, keys: &[&'static str], mistakes: &mut Mistakes) {
        for key in keys {
            if let Some((name, _)) = self.table.get_key_value(*key) {
                let place = Place { file: self.place.file, span: name.span() };
                mistakes.advise(&place, format!("`{key}` is not supported yet"), "take it out");
                self.taken.push(*key);
            }
        }
    }

    /// Reports every key that was not taken; `known` are the keys to suggest.
    pub(crate) fn finish(&self, what: &str, known: &[&str], mistakes: &mut Mistakes) {
        for (key, _) in self.entries() {
            if !self.taken.iter().any(|taken| *taken == key.value) {
                let message = format!("unknown key `{}` in {what}", key.value);
                mistakes.unknown(&key.place, message, &key.value, known.iter().copied());
            }
        }
    }

    /// The place of a value in this table's file.
    pub(crate) fn at<T>(&self, value: &Spanned<T>) -> Place {
        Place { file: self.place.file, span: value.span() }
    }

    fn located<T>(&self, span: Range<usize>, value: T) -> Located<T> {
        Located { value, place: Place { file: self.place.file, span } }
    }
}

/// A string, number or boolean as text.
pub(crate) fn scalar_text(value: &Spanned<DeValue<'_>>) -> Option<String> {
    match value.get_ref() {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Boolean(boolean) => Some(boolean.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// A value that must be a string and not empty.
pub(crate) fn string(
    file: usize,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    mistakes: &mut Mistakes,
) -> Option<Located<String>> {
    let place = Place { file, span: value.span() };
    match value.get_ref().as_str() {
        Some("") => {
            mistakes.add(&place, format!("`{key}` is empty"));
            None
        }
        Some(text) => Some(Located { value: text.to_owned(), place }),
        None => {
            mistakes.advise(
                &place,
                format!("`{key}` is {}, not a string", article(value)),
                "put it in double quotes",
            );
            None
        }
    }
}

/// A value that must be a list of strings.
pub(crate) fn strings(
    file: usize,
    value: &Spanned<DeValue<'_>>,
    key: &str,
    mistakes: &mut Mistakes,
) -> Vec<Located<String>> {
    let Some(array) = value.get_ref().as_array() else {
        let place = Place { file, span: value.span() };
        let message = format!("`{key}` is {}, not a list of strings", article(value));
        mistakes.advise(&place, message, format!("write {key} = [\"…\"]"));
        return Vec::new();
    };
    array.iter().filter_map(|item| string(file, item, key, mistakes)).collect()
}

/// What a value is, with its article.
pub(crate) fn article(value: &Spanned<DeValue<'_>>) -> String {
    match value.get_ref() {
        DeValue::Integer(_) => "an integer".to_owned(),
        DeValue::Array(_) => "a list".to_owned(),
        other => format!("a {}", other.type_str()),
    }
}
