//! A record cut into cells, only to be shown.

/// Cuts a record at the delimiters outside quotes.
pub(crate) fn cells(record: &str, delimiter: char) -> Vec<&str> {
    let mut cells = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, c) in record.char_indices() {
        match c {
            '"' => quoted = !quoted,
            c if c == delimiter && !quoted => {
                cells.push(&record[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    cells.push(&record[start..]);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_cut_outside_quotes() {
        assert_eq!(cells("a;\"b;c\";;\"d\"\"e\"", ';'), ["a", "\"b;c\"", "", "\"d\"\"e\""]);
        assert_eq!(cells("", ','), [""]);
    }
}
