//! CSV that says exactly what the values are: the empty text is `""`, quotes stand only where they are needed, and
//! nothing stands where there is no value.

use memchr::{memchr, memchr3};

/// Appends one value, without the comma behind it.
pub(crate) fn cell(out: &mut Vec<u8>, value: &[u8]) {
    let quoted =
        value.is_empty() || memchr3(b',', b'"', b'\n', value).is_some() || memchr(b'\r', value).is_some();
    if !quoted {
        out.extend_from_slice(value);
        return;
    }
    out.push(b'"');
    let mut rest = value;
    while let Some(at) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=at]);
        out.push(b'"');
        rest = &rest[at + 1..];
    }
    out.extend_from_slice(rest);
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_where_they_are_needed() {
        for (value, expected) in
            [("", "\"\""), ("a b", "a b"), ("a,b", "\"a,b\""), ("\"", "\"\"\"\""), ("a\rb", "\"a\rb\"")]
        {
            let mut out = Vec::new();
            cell(&mut out, value.as_bytes());
            assert_eq!(out, expected.as_bytes());
        }
    }
}
