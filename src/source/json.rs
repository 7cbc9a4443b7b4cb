//! One line of NDJSON taken apart into dotted names and their values. Strict (RFC 8259), and without building a tree:
//! values are places in the line, and only names are copied.
//!
//! The caller decides what the values mean; `keys` finds which names a file has.

use memchr::memchr2;

/// How deeply objects and lists may be nested.
const DEEPEST: usize = 64;
/// How long a dotted name may be, in bytes.
const LONGEST: usize = 1024;

/// A value: null, or its place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Value {
    /// `null`
    Null,
    /// A number, `true` or `false`.
    Bare(usize, usize),
    /// A text, without its quotes.
    Text {
        /// Its first byte.
        start: usize,
        /// One past its last byte.
        end: usize,
        /// It has escapes: see [`unescape`].
        escaped: bool,
    },
    /// A list with its brackets: see [`items`].
    List(usize, usize),
}

/// Why a line is not one JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The byte in the line, counted from 0.
    pub(crate) at: usize,
    /// What is wrong there, for a person.
    pub(crate) message: &'static str,
}

impl Fault {
    fn new(at: usize, message: &'static str) -> Self {
        Self { at, message }
    }
}

/// Calls `each` with the dotted name and the value of every member that is not an object. `path` is a buffer.
/// Errors: the line is not one JSON object, or `each` failed.
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
        return Err(parser.fault("the line is not a JSON object").into());
    }
    parser.object(path, 0, &mut each)?;
    parser.space();
    match parser.peek() {
        None => Ok(()),
        Some(_) => Err(parser.fault("there is more text after the object").into()),
    }
}

/// Calls `each` with the items of a list that [`walk`] has found; `None` for an item that is an object or a list.
pub(crate) fn items<E>(
    line: &str,
    start: usize,
    mut each: impl FnMut(Option<Value>) -> Result<(), E>,
) -> Result<(), E> {
    let mut parser = Parser { line, at: start + 1 };
    loop {
        parser.space();
        let nested = matches!(parser.peek(), Some(b'{' | b'['));
        // `walk` has checked the whole list.
        let Ok(value) = parser.value(0) else { return Ok(()) };
        each(if nested { None } else { Some(value) })?;
        parser.space();
        if parser.peek() != Some(b',') {
            return Ok(());
        }
        parser.at += 1;
    }
}

/// Appends a text of the line with its escapes decoded.
pub(crate) fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let escape = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let (char, len) = unicode(rest).unwrap_or((char::REPLACEMENT_CHARACTER, 4));
                out.push(char);
                rest = &rest[len..];
            }
            other => out.push(char::from(other)),
        }
    }
    out.push_str(rest);
}

/// The character of `XXXX`, or of `XXXX\uXXXX`, after `\u`, and its length.
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

    /// An object, from its opening brace to after its closing one.
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

    /// A text, from its opening quote to after its closing one.
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
            return Err(Fault::new(start + control, "a control character in a text is not escaped"));
        }
        self.at = end + 1;
        Ok(Value::Text { start, end, escaped })
    }

    /// The end of the escape that begins at `at`.
    fn escape(&self, at: usize) -> Result<usize, Fault> {
        let wrong = Fault::new(at, "a backslash does not begin an escape");
        match self.line.as_bytes().get(at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 2),
            Some(b'u') => match unicode(&self.line[at + 2..]) {
                Some((_, len)) => Ok(at + 2 + len),
                None => Err(Fault::new(at, "a \\u escape is not a character")),
            },
            _ => Err(wrong),
        }
    }

    /// A value of any kind; objects and lists are only checked.
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
                // In a list: its members are not needed.
                self.object(&mut String::new(), depth, &mut |_: &str, _| Ok::<(), Fault>(()))?;
                Ok(Value::List(start, self.at))
            }
            _ => Err(self.fault("a value is missing")),
        }
    }

    fn word(&mut self, word: &str) -> Result<usize, Fault> {
        if !self.line[self.at..].starts_with(word) {
            return Err(self.fault("it is neither null, true nor false"));
        }
        self.at += word.len();
        Ok(self.at)
    }

    fn number(&mut self) -> Result<usize, Fault> {
        let wrong = self.fault("it is not a JSON number");
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
#[path = "json_tests.rs"]
mod tests;
