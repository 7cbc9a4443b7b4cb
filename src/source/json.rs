//! One line of NDJSON taken apart: which value stands under which dotted name. Strict (RFC 8259), without
//! building a tree: values are places in the line, and nothing is copied but the names.
//!
//! What the values mean is decided by whoever walks the line; which names a file has, by `keys`.

use std::borrow::Cow;

use memchr::memchr2;

/// How deep objects and lists may be nested.
const DEEPEST: usize = 64;
/// How long a dotted name may be, in bytes.
const LONGEST: usize = 1024;

/// A value: none, or its place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`
    Null,
    /// A number, `true` or `false`.
    Bare(usize, usize),
    /// What stands between the quotes.
    Text {
        /// Its first byte.
        start: usize,
        /// One past its last byte.
        end: usize,
        /// It holds backslashes: see [`unescape`].
        escaped: bool,
    },
    /// A list with its brackets: see [`items`].
    List(usize, usize),
}

/// Why a line is not one JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The byte of the line, counted from 0.
    pub(crate) at: usize,
    /// What is wrong there, for a person.
    pub(crate) message: Cow<'static, str>,
}

impl Fault {
    fn new(at: usize, message: &'static str) -> Self {
        Self { at, message: message.into() }
    }
}

/// Calls `each` with the dotted name and the value of every member that is no object itself. `path` is a buffer.
///
/// # Errors
///
/// The line is not one JSON object, or `each` failed.
#[inline]
pub(crate) fn walk<E: From<Fault>>(
    line: &str,
    path: &mut String,
    mut each: impl FnMut(&str, Value) -> Result<(), E>,
) -> Result<(), E> {
    path.clear();
    let mut parser = Parser { line, at: 0 };
    parser.space();
    if parser.peek() != Some(b'{') {
        return Err(parser.fault("the line is no JSON object").into());
    }
    parser.object(path, 0, &mut each)?;
    parser.space();
    match parser.peek() {
        None => Ok(()),
        Some(_) => Err(parser.fault("more stands behind the object").into()),
    }
}

/// Calls `each` with the items of a list that [`walk`] has found; an item that is an object or a list itself is
/// given as `None`.
///
/// # Errors
///
/// Those of `each`.
pub(crate) fn items<E>(
    line: &str,
    start: usize,
    mut each: impl FnMut(Option<Value>) -> Result<(), E>,
) -> Result<(), E> {
    let mut parser = Parser { line, at: start + 1 };
    loop {
        parser.space();
        let nested = matches!(parser.peek(), Some(b'{' | b'['));
        // The whole list was found to be right before.
        let Ok(value) = parser.value(0) else { return Ok(()) };
        each(if nested { None } else { Some(value) })?;
        parser.space();
        if parser.peek() != Some(b',') {
            return Ok(());
        }
        parser.at += 1;
    }
}

/// Appends a text of the line with its escapes taken back.
pub(crate) fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 2..];
        rest = behind;
        match rest_byte(raw, raw.len() - behind.len() - 1) {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (char, len) = unicode(behind).unwrap_or((char::REPLACEMENT_CHARACTER, 4));
                out.push(char);
                rest = &behind[len..];
            }
            other => out.push(char::from(other)),
        }
    }
    out.push_str(rest);
}

fn rest_byte(text: &str, at: usize) -> u8 {
    text.as_bytes()[at]
}

/// The character of `XXXX`, or of `XXXX\uXXXX`, that stands behind `\u`, and its length.
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at..at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let first = unit(0)?;
    if (0xD800..0xDC00).contains(&first) {
        let second = (text.get(4..6) == Some("\\u")).then(|| unit(6)).flatten()?;
        let low = second.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
        return Some((char::from_u32(0x10000 + ((first - 0xD800) << 10) + low)?, 10));
    }
    Some((char::from_u32(first)?, 4))
}

struct Parser<'l> {
    line: &'l str,
    at: usize,
}

impl Parser<'_> {
    fn fault(&self, message: &'static str) -> Fault {
        Fault::new(self.at, message)
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.line.as_bytes().get(self.at).copied()
    }

    #[inline]
    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, message: &'static str) -> Result<(), Fault> {
        self.space();
        if self.peek() != Some(byte) {
            return Err(self.fault(message));
        }
        self.at += 1;
        self.space();
        Ok(())
    }

    /// An object, from its opening brace to behind its closing one.
    fn object<E: From<Fault>>(
        &mut self,
        path: &mut String,
        depth: usize,
        each: &mut impl FnMut(&str, Value) -> Result<(), E>,
    ) -> Result<(), E> {
        if depth == DEEPEST {
            return Err(self.fault("objects are nested too deep").into());
        }
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let before = path.len();
            self.name(path)?;
            if self.peek() == Some(b'{') {
                self.object(path, depth + 1, each)?;
            } else {
                let value = self.value(depth + 1)?;
                each(path, value)?;
            }
            path.truncate(before);
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.fault("a comma or a closing brace is missing").into()),
            }
            self.space();
        }
    }

    /// A key and its colon, added to the path.
    fn name(&mut self, path: &mut String) -> Result<(), Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key in double quotes is missing"));
        }
        if !path.is_empty() {
            path.push('.');
        }
        let begin = self.at;
        let Value::Text { start, end, escaped } = self.text()? else { return Ok(()) };
        let name = &self.line[start..end];
        if path.len() + name.len() > LONGEST {
            return Err(Fault::new(begin, "a key is longer than 1024 bytes"));
        }
        if escaped {
            unescape(name, path);
        } else {
            path.push_str(name);
        }
        self.expect(b':', "a colon is missing")
    }

    /// A text, from its opening quote to behind its closing one.
    fn text(&mut self) -> Result<Value, Fault> {
        let bytes = self.line.as_bytes();
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        let end = loop {
            match memchr2(b'"', b'\\', &bytes[at..]) {
                None => return Err(self.fault("a double quote is never closed")),
                Some(more) if bytes[at + more] == b'"' => break at + more,
                Some(more) => {
                    escaped = true;
                    at = self.escape(at + more)?;
                }
            }
        };
        if let Some(control) = bytes[start..end].iter().position(|byte| *byte < 0x20) {
            return Err(Fault::new(start + control, "a control character stands unescaped in a text"));
        }
        self.at = end + 1;
        Ok(Value::Text { start, end, escaped })
    }

    /// Where the escape that begins at `at` ends.
    fn escape(&self, at: usize) -> Result<usize, Fault> {
        let wrong = Fault::new(at, "a backslash is followed by no escape");
        match self.line.as_bytes().get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match unicode(&self.line[at + 2..]) {
                Some((_, len)) => Ok(at + 2 + len),
                None => Err(Fault::new(at, "a \\u escape is no character")),
            },
            _ => Err(wrong),
        }
    }

    /// A value of any kind; objects and lists are only looked through.
    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => self.text(),
            Some(b'n') => self.word("null").map(|_| Value::Null),
            Some(b't') => self.word("true").map(|end| Value::Bare(start, end)),
            Some(b'f') => self.word("false").map(|end| Value::Bare(start, end)),
            Some(b'-' | b'0'..=b'9') => self.number().map(|end| Value::Bare(start, end)),
            Some(b'[') => self.list(depth).map(|end| Value::List(start, end)),
            Some(b'{') => {
                // In a list: nobody asks for what is in it.
                self.object(&mut String::new(), depth, &mut |_: &str, _| Ok::<(), Fault>(()))?;
                Ok(Value::List(start, self.at))
            }
            _ => Err(self.fault("a value is missing")),
        }
    }

    fn word(&mut self, word: &str) -> Result<usize, Fault> {
        if !self.line[self.at..].starts_with(word) {
            return Err(self.fault("is neither null, true nor false"));
        }
        self.at += word.len();
        Ok(self.at)
    }

    fn number(&mut self) -> Result<usize, Fault> {
        let wrong = self.fault("is no JSON number");
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        let zero = self.peek() == Some(b'0');
        let whole = self.digits();
        if whole == 0 || (zero && whole > 1) {
            return Err(wrong);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(wrong);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(wrong);
            }
        }
        Ok(self.at)
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn list(&mut self, depth: usize) -> Result<usize, Fault> {
        if depth == DEEPEST {
            return Err(self.fault("lists are nested too deep"));
        }
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(self.at);
        }
        loop {
            self.value(depth + 1)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(self.at);
                }
                _ => return Err(self.fault("a comma or a closing bracket is missing")),
            }
            self.space();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The members of a line, values as JSON again.
    fn members(line: &str) -> Result<Vec<(String, String)>, String> {
        let mut found = Vec::new();
        let walked = walk(line, &mut String::new(), |name, value| {
            let value = match value {
                Value::Null => "null".to_owned(),
                Value::Bare(start, end) | Value::List(start, end) => line[start..end].to_owned(),
                Value::Text { start, end, escaped } => {
                    let mut text = String::new();
                    unescape(&line[start..end], &mut text);
                    assert_eq!(escaped, line[start..end].contains('\\'));
                    serde_json::Value::from(text).to_string()
                }
            };
            found.push((name.to_owned(), value));
            Ok::<(), Fault>(())
        });
        walked.map(|()| found).map_err(|fault| format!("{} at {}", fault.message, fault.at))
    }

    fn flat(prefix: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
        for (name, value) in value.as_object().unwrap() {
            let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            if value.is_object() { flat(&name, value, out) } else { out.push((name, value.to_string())) }
        }
    }

    #[test]
    fn names_are_dotted_and_values_are_places() {
        let line =
            r#" {"a":1.50,"b":{"c":"x\"\u00e9\ud83c\udfe0","d":{"e":[1,"y",{"z":{}}]}},"f":{},"g":true} "#;
        let found = members(line).unwrap();
        let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            found,
            [("a", "1.50"), ("b.c", "\"x\\\"é🏠\""), ("b.d.e", r#"[1,"y",{"z":{}}]"#), ("g", "true")]
        );
    }

    #[test]
    fn what_is_no_object_is_said_with_its_place() {
        for (line, said) in [
            ("", "the line is no JSON object at 0"),
            ("[1]", "the line is no JSON object at 0"),
            ("{", "a key in double quotes is missing at 1"),
            ("{\"a\"}", "a colon is missing at 4"),
            ("{\"a\":}", "a value is missing at 5"),
            ("{\"a\":1,}", "a key in double quotes is missing at 7"),
            ("{\"a\":01}", "is no JSON number at 5"),
            ("{\"a\":1.}", "is no JSON number at 5"),
            ("{\"a\":nul}", "is neither null, true nor false at 5"),
            ("{\"a\":\"x}", "a double quote is never closed at 5"),
            ("{\"a\":\"\t\"}", "a control character stands unescaped in a text at 6"),
            ("{\"a\":\"\\x\"}", "a backslash is followed by no escape at 6"),
            ("{\"a\":\"\\ud800\"}", "a \\u escape is no character at 6"),
            ("{\"a\":\"\\u12é4\"}", "a \\u escape is no character at 6"),
            ("{\"a\":1} x", "more stands behind the object at 8"),
            ("{\"a\":[1 2]}", "a comma or a closing bracket is missing at 8"),
        ] {
            assert_eq!(members(line).unwrap_err(), said, "{line}");
        }
        let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(members(&deep(60)).is_ok() && members(&deep(100_000)).is_err());
        assert!(members(&format!("{{\"a\":{}1", "[".repeat(100_000))).is_err());
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            "\\PC{0,4}|[\\\\\"\n\u{0}🏠]{0,4}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(3, 12, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::hash_map("[a-z]{1,3}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_another_writer_writes_is_read(value in prop::collection::hash_map("[a-z\"]{1,3}", value(), 0..4)) {
            let object = serde_json::Value::Object(value.into_iter().collect());
            let mut expected = Vec::new();
            flat("", &object, &mut expected);
            prop_assert_eq!(members(&object.to_string()).unwrap(), expected);
        }

        #[test]
        fn no_line_makes_it_panic_and_it_accepts_what_another_reader_accepts(
            line in "\\{?(\"[ab]\"[:,]?|[\\[\\]{},:0-9.eE+\\-]|true|null|\"\\\\u[0-9a-fD]{4}\"| |é){0,12}\\}?"
        ) {
            let other: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(&line);
            // The other reader also knows how large a number may be.
            if other.is_ok() {
                prop_assert!(members(&line).is_ok(), "{}", line);
            } else if members(&line).is_ok() {
                prop_assert!(other.unwrap_err().to_string().contains("number out of range"), "{}", line);
            }
        }
    }
}
