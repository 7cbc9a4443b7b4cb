//! What grouping needs of a line of `rejects.ndjson`, found without reading all of it: the members stand in the order
//! in which the reports write them, the names of a rule side by side. A line that is written otherwise is left to
//! the JSON parser, which takes any.

use memchr::{memchr2, memmem};

/// The parts of a line, as they stand in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Quick<'l> {
    /// The entity's name.
    pub(super) entity: &'l str,
    /// From the column to the value: in lines with the same, all names of the rule are the same.
    pub(super) names: &'l str,
    pub(super) column: Option<&'l str>,
    pub(super) field: Option<&'l str>,
    pub(super) severity: &'l str,
    pub(super) code: &'l str,
    pub(super) value: Option<&'l str>,
}

impl<'l> Quick<'l> {
    /// Reads a line; nothing where it is not written as the reports write it, or where a text in it has escapes.
    pub(super) fn of(line: &'l str) -> Option<Self> {
        let mut rest = Rest(line);
        rest.past("{\"run\":")?;
        rest.text()?;
        rest.past(",\"entity\":")?;
        let entity = rest.text()?;
        rest.past(",\"file\":")?;
        rest.text()?;
        // Nothing but numbers stands between the file and the column.
        let places = memmem::find(rest.0.as_bytes(), b",\"column\":").filter(|&at| at < 160)?;
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b",:\"_".contains(&byte);
        if !rest.0.as_bytes()[..places].iter().all(|&byte| is_plain(byte)) {
            return None;
        }
        let start = &rest.0[places..];
        rest.0 = start;
        rest.past(",\"column\":")?;
        let column = rest.optional()?;
        rest.past(",\"field\":")?;
        let field = rest.optional()?;
        rest.past(",\"severity\":")?;
        let severity = rest.text()?;
        rest.past(",\"code\":")?;
        let code = rest.text()?;
        rest.past(",\"value\":")?;
        let names = &start[..start.len() - rest.0.len()];
        let value = rest.optional()?;
        let whole = rest.0.starts_with(",\"message\":") && rest.0.ends_with('}');
        whole.then_some(Self { entity, names, column, field, severity, code, value })
    }
}

/// What is still to be read.
struct Rest<'l>(&'l str);

impl<'l> Rest<'l> {
    #[inline]
    fn past(&mut self, expected: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// A text without escapes.
    #[inline]
    fn text(&mut self) -> Option<&'l str> {
        let inner = self.0.strip_prefix('"')?;
        let end = memchr2(b'"', b'\\', inner.as_bytes())?;
        if inner.as_bytes()[end] == b'\\' {
            return None;
        }
        self.0 = &inner[end + 1..];
        Some(&inner[..end])
    }

    /// A text or `null`; the outer nothing says that it is neither.
    #[inline]
    #[allow(clippy::option_option)]
    fn optional(&mut self) -> Option<Option<&'l str>> {
        if let Some(rest) = self.0.strip_prefix("null") {
            self.0 = rest;
            return Some(None);
        }
        self.text().map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::super::stored::Grouped;
    use super::*;

    const LINE: &str = r#"{"run":"r","entity":"users","file":"a, \"column\":.csv","record":1,"line_start":2,"line_end":2,"byte_start":6,"byte_end":9,"column":"E-mail","field":null,"severity":"reject","code":"invalid-email","value":"x","message":"no","suggestion":null,"related":null}"#;

    #[test]
    fn a_line_of_a_report_is_read_as_the_parser_reads_it() {
        let plain = LINE.replace("\\\"", "");
        for line in [plain.clone(), plain.replace("\"x\"", "null"), plain.replace("\"E-mail\"", "null")] {
            let quick = Quick::of(&line).unwrap();
            let parsed: Grouped<'_> = serde_json::from_str(&line).unwrap();
            assert_eq!((quick.entity, quick.severity), (&*parsed.entity, &*parsed.severity));
            assert_eq!((quick.column, quick.field), (parsed.column.as_deref(), parsed.field.as_deref()));
            assert_eq!((quick.code, quick.value), (&*parsed.code, parsed.value.as_deref()));
            assert!(quick.names.starts_with(",\"column\":") && quick.names.ends_with("\"value\":"));
        }
    }

    #[test]
    fn whatever_is_written_otherwise_is_left_to_the_parser() {
        let plain = LINE.replace("\\\"", "");
        for (from, to) in [
            ("\"users\"", "\"us\\u0065rs\""),
            ("\"x\"", "\"a\\\\b\""),
            ("\"x\"", "7"),
            ("\"record\":1", "\"record\":{\"value\":1}"),
            ("\"run\":\"r\",", ""),
            ("\"file\":", "\"file\" : "),
            ("null}", "null"),
            (",\"code\":", ",\"kode\":"),
        ] {
            let line = plain.replacen(from, to, 1);
            assert_ne!(line, plain);
            assert_eq!(Quick::of(&line), None, "{line}");
        }
        assert_eq!(Quick::of(LINE), None);
        assert_eq!(Quick::of(""), None);
    }
}
