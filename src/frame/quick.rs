//! A quick reader of `rejects.ndjson` for grouping: it expects the members in the order in which the reports write them
//! and skips what grouping does not need. A line that is written differently is left to the JSON parser.

use memchr::{memchr2, memmem};

/// The parts of a line that grouping needs, as they are written in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct QuickLine<'l> {
    /// The entity's name.
    pub(super) entity: &'l str,
    /// The text from the column to the value: if it is the same on two lines, so are the names of their rules.
    pub(super) names: &'l str,
    pub(super) column: Option<&'l str>,
    pub(super) field: Option<&'l str>,
    pub(super) severity: &'l str,
    pub(super) code: &'l str,
    pub(super) value: Option<&'l str>,
}

impl<'l> QuickLine<'l> {
    /// Reads a line; `None` if it is not written as the reports write it, or if a text in it has escapes.
    pub(super) fn of(line: &'l str) -> Option<Self> {
        let mut rest = Rest(line);
        rest.past("{\"run\":")?;
        rest.text()?;
        rest.past(",\"entity\":")?;
        let entity = rest.text()?;
        rest.past(",\"file\":")?;
        rest.text()?;
        // There are only numbers between the file and the column.
        let places = memmem::find(rest.0.as_bytes(), b",\"column\":").filter(|&at| at < 160)?;
        let is_plain =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b",:\"_".contains(&byte);
        if !rest.0.as_bytes()[..places].iter().all(|&byte| is_plain(byte)) {
            return None;
        }
        let start = &rest.0[places..];
        rest.0 = start;
        rest.past(",\"column\":")?;
        let (mut column, mut field, mut value) = (None, None, None);
        rest.optional(&mut column)?;
        rest.past(",\"field\":")?;
        rest.optional(&mut field)?;
        rest.past(",\"severity\":")?;
        let severity = rest.text()?;
        rest.past(",\"code\":")?;
        let code = rest.text()?;
        rest.past(",\"value\":")?;
        let names = &start[..start.len() - rest.0.len()];
        rest.optional(&mut value)?;
        let whole = rest.0.starts_with(",\"message\":") && rest.0.ends_with('}');
        whole.then_some(Self { entity, names, column, field, severity, code, value })
    }
}

/// The rest of the line.
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

    /// A text or `null` into `found`; `None` if it is neither.
    #[inline]
    fn optional(&mut self, found: &mut Option<&'l str>) -> Option<()> {
        if self.past("null").is_none() {
            *found = Some(self.text()?);
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::stored::GroupedFinding;
    use super::*;

    const LINE: &str = r#"{"run":"r","entity":"users","file":"a, \"column\":.csv","record":1,"line_start":2,"line_end":2,"byte_start":6,"byte_end":9,"column":"E-mail","field":null,"severity":"reject","code":"invalid-email","value":"x","message":"no","suggestion":null,"related":null}"#;

    #[test]
    fn a_line_of_a_report_is_read_as_the_parser_reads_it() {
        let plain = LINE.replace("\\\"", "");
        for line in [plain.clone(), plain.replace("\"x\"", "null"), plain.replace("\"E-mail\"", "null")] {
            let quick = QuickLine::of(&line).unwrap();
            let parsed: GroupedFinding<'_> = serde_json::from_str(&line).unwrap();
            assert_eq!((quick.entity, quick.severity), (&*parsed.entity, &*parsed.severity));
            assert_eq!((quick.column, quick.field), (parsed.column.as_deref(), parsed.field.as_deref()));
            assert_eq!((quick.code, quick.value), (&*parsed.code, parsed.value.as_deref()));
            assert!(quick.names.starts_with(",\"column\":") && quick.names.ends_with("\"value\":"));
        }
    }

    #[test]
    fn a_line_that_is_written_differently_is_left_to_the_parser() {
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
            assert_eq!(QuickLine::of(&line), None, "{line}");
        }
        assert_eq!(QuickLine::of(LINE), None);
        assert_eq!(QuickLine::of(""), None);
    }
}
