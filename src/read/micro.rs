//! Doors to single steps of reading, for the micro-benchmarks alone (`benches/micro.rs`); nobody else comes in here.

use std::io;

use super::blocks::{Block, Blocks, Bytes, Opening};
use super::harvest::Seed;
use super::parse::{Task, parse};
use super::plan::Plan;
use super::split::{Grammar, Narrow};

impl Bytes for Vec<u8> {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).map_or(self.len(), |from| from.min(self.len()));
        let len = buf.len().min(self.len() - from);
        buf[..len].copy_from_slice(&self[from..from + len]);
        Ok(len)
    }
}

/// Records cut out of a file, ready to be parsed.
#[derive(Debug, Clone)]
pub(crate) struct Cut(Block);

impl Cut {
    /// Cuts all records without a header into one block; `None` where there are none.
    ///
    /// # Errors
    ///
    /// Never: the bytes are in memory.
    pub(crate) fn of(records: &Vec<u8>, plan: &Plan<'_>) -> io::Result<Option<Self>> {
        let grammar =
            Grammar { delimiter: plan.delimiter, columns: plan.columns, horizon: 4 << 20, by_record: false };
        let opening = Opening { offset: 0, line: 1, header: Vec::new() };
        let mut blocks = Blocks::new(records, Narrow, grammar, opening, records.len());
        Ok(blocks.next_block(Vec::new())?.map(Self))
    }

    /// Decodes, judges and encodes the records. Returns how many are clean.
    #[must_use]
    pub(crate) fn parse(self, plan: &Plan<'_>, seed: &Seed) -> u64 {
        let task = Task { plan, hasher: &seed.0, collect_evidence: true, referred_to: false };
        parse(task, self.0).counts.clean
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::cells::{split_plain, split_quoted};
    use super::super::split::Shape;
    use super::*;

    /// The cells of a whole file, split into records here and into cells as parsing does it.
    fn cells(file: &[u8], block_size: usize) -> Vec<Vec<String>> {
        let source = file.to_vec();
        let grammar = Grammar { delimiter: b',', columns: 3, horizon: 1 << 16, by_record: false };
        let opening = Opening { offset: 0, line: 1, header: Vec::new() };
        let mut blocks = Blocks::new(&source, Narrow, grammar, opening, block_size);
        let mut records = Vec::new();
        while let Some(block) = blocks.next_block(Vec::new()).unwrap() {
            for span in &block.spans {
                let start = span.start as usize;
                let bytes = &block.bytes[start..start + usize::try_from(span.len).unwrap()];
                let text = std::str::from_utf8(bytes).unwrap();
                let text = text.strip_suffix('\n').unwrap_or(text);
                let text = text.strip_suffix('\r').unwrap_or(text);
                let mut cells = Vec::new();
                match span.shape {
                    Shape::Plain => split_plain(text, b',', &mut cells),
                    Shape::Quoted => split_quoted(text, b',', &mut cells),
                    other => panic!("{other:?} in a valid file: {text:?}"),
                };
                records
                    .push(cells.iter().map(|cell| cell.text(text, &mut String::new()).to_owned()).collect());
            }
        }
        records
    }

    /// The cells of a whole file, as csv-core has them.
    fn of_csv_core(file: &[u8]) -> Vec<Vec<String>> {
        let mut reader = csv_core::Reader::new();
        let (mut fields, mut ends) = (vec![0; file.len() + 64], [0; 64]);
        let (mut records, mut rest) = (Vec::new(), file);
        loop {
            let (mut written, mut count) = (0, 0);
            let whole = loop {
                let (result, read, more, found) =
                    reader.read_record(rest, &mut fields[written..], &mut ends[count..]);
                rest = &rest[read..];
                written += more;
                count += found;
                match result {
                    csv_core::ReadRecordResult::InputEmpty => {}
                    csv_core::ReadRecordResult::Record => break true,
                    csv_core::ReadRecordResult::End => break false,
                    full => panic!("{full:?}"),
                }
            };
            if !whole {
                return records;
            }
            let starts = std::iter::once(0).chain(ends);
            let cell = |(from, to): (usize, &usize)| String::from_utf8(fields[from..*to].to_vec()).unwrap();
            records.push(starts.zip(&ends[..count]).map(cell).collect());
        }
    }

    proptest! {
        /// Of files with quotes where they belong, line breaks in cells, blank lines and any line ends, cut into
        /// blocks of any size.
        #[test]
        fn of_a_valid_file_all_cells_are_those_of_csv_core(
            rows in prop::collection::vec(
                (prop::array::uniform3(("[a,\" é\r\n]{0,8}", any::<bool>())), 0..4_usize, 0..8_usize), 0..24),
            size in 16_usize..200,
            ended: bool,
        ) {
            let mut file = String::new();
            let mut last = 0;
            for (cells, line_end, blank) in &rows {
                let written = cells.each_ref().map(|(text, quote)| {
                    let needs = *quote || text.contains([',', '"', '\n', '\r']);
                    if needs { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.clone() }
                });
                let line_end = ["\n", "\r\n", "\r", "\n"][*line_end];
                file.push_str(&written.join(","));
                last = file.len();
                file.push_str(line_end);
                if *blank == 0 {
                    file.push_str(line_end);
                }
            }
            if !ended {
                file.truncate(last);
            }
            prop_assert_eq!(cells(file.as_bytes(), size), of_csv_core(file.as_bytes()), "{:?}", file);
        }
    }
}
