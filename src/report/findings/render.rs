//! One finding as a line of `rejects.ndjson` and as a record of `rejects.csv`. Written by hand into byte
//! buffers, because a file in which every row is rejected has millions of them; a test holds the lines
//! against `serde_json` and `csv`.

use crate::output::{ndjson, spreadsheet};
use crate::record::{Finding, Related};

use super::super::context::Context;

/// The header of `rejects.csv`.
pub const HEADER: &str = "run,entity,file,record,line_start,line_end,byte_start,byte_end,column,field,\
                                 severity,code,value,message,suggestion,related";

/// A text in both formats.
#[derive(Debug, Default)]
struct Both {
    json: Vec<u8>,
    csv: Vec<u8>,
}

impl Both {
    fn of(text: &str) -> Self {
        let mut both = Self::default();
        ndjson::string(&mut both.json, text);
        spreadsheet::cell(&mut both.csv, text);
        both
    }
}

/// The texts that stand in many lines, made once.
#[derive(Debug)]
pub(super) struct Renderer<'a> {
    context: &'a Context,
    entities: Vec<Names>,
}

#[derive(Debug)]
struct Names {
    /// For each file: the beginning of its lines, up to the record's number.
    starts: Vec<Both>,
    /// For each file: its header.
    headers: Vec<Vec<Both>>,
    fields: Vec<Both>,
    paths: Vec<Both>,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(context: &'a Context) -> Self {
        let run = Both::of(&context.run);
        let entities = context.entities.iter().map(|entity| {
            let name = Both::of(&entity.name);
            let paths: Vec<_> = entity.files.iter().map(|file| Both::of(&file.path)).collect();
            let starts = paths.iter().map(|path| {
                let json = [
                    b"{\"run\":",
                    run.json.as_slice(),
                    b",\"entity\":",
                    &name.json,
                    b",\"file\":",
                    &path.json,
                    b",\"record\":",
                ];
                let csv = [run.csv.as_slice(), b",", &name.csv, b",", &path.csv, b","];
                Both { json: json.concat(), csv: csv.concat() }
            });
            let starts = starts.collect();
            let header = |names: &[String]| names.iter().map(|name| Both::of(name)).collect();
            Names {
                starts,
                headers: entity.files.iter().map(|file| header(&file.header)).collect(),
                fields: entity.fields.iter().map(|field| Both::of(&field.name)).collect(),
                paths,
            }
        });
        Self { context, entities: entities.collect() }
    }

    /// Appends one finding to both buffers.
    pub(super) fn finding(&self, json: &mut Vec<u8>, csv: &mut Vec<u8>, entity: usize, finding: &Finding) {
        let names = &self.entities[entity];
        let location = &finding.location;
        let file = usize::from(location.file);
        if let Some(start) = names.starts.get(file) {
            json.extend_from_slice(&start.json);
            csv.extend_from_slice(&start.csv);
        }
        let whole_file = location.record == 0;
        for (key, number) in [
            ("", location.record),
            (",\"line_start\":", location.line_start),
            (",\"line_end\":", location.line_end),
        ] {
            json.extend_from_slice(key.as_bytes());
            if whole_file {
                json.extend_from_slice(b"null");
            } else {
                decimal(json, number);
                decimal(csv, number);
            }
            csv.push(b',');
        }
        json.extend_from_slice(b",\"byte_start\":");
        decimal(json, location.byte_start);
        json.extend_from_slice(b",\"byte_end\":");
        decimal(json, location.byte_end);
        decimal(csv, location.byte_start);
        csv.push(b',');
        decimal(csv, location.byte_end);

        let header = names.headers.get(file);
        let column = header.and_then(|header| header.get(usize::from(finding.column?)));
        known(json, csv, ",\"column\":", column);
        known(json, csv, ",\"field\":", finding.field.and_then(|field| names.fields.get(usize::from(field))));
        for (key, word) in
            [(",\"severity\":\"", finding.severity.as_str()), ("\",\"code\":\"", finding.code.as_str())]
        {
            json.extend_from_slice(key.as_bytes());
            json.extend_from_slice(word.as_bytes());
            csv.push(b',');
            csv.extend_from_slice(word.as_bytes());
        }
        json.push(b'"');
        self.texts(json, csv, entity, finding);
        json.extend_from_slice(b",\"related\":");
        csv.push(b',');
        match finding.related {
            None => json.extend_from_slice(b"null"),
            Some(related) => self.related(json, csv, related),
        }
        json.extend_from_slice(b"}\n");
        csv.extend_from_slice(spreadsheet::LINE_END);
    }

    /// Value, message and suggestion.
    fn texts(&self, json: &mut Vec<u8>, csv: &mut Vec<u8>, entity: usize, finding: &Finding) {
        let (values, entity) = (self.context.values, &self.context.entities[entity]);
        // A finding about a whole record has no value; an empty cell has one, the empty one.
        let value = (finding.column.is_some() || !finding.value.is_empty())
            .then(|| values.shown(entity, finding, &finding.value));
        let suggestion = finding.suggestion.as_deref().map(|text| values.shown(entity, finding, text));
        for (key, text) in [
            (",\"value\":", value.as_deref()),
            (",\"message\":", Some(&*finding.message)),
            (",\"suggestion\":", suggestion.as_deref()),
        ] {
            json.extend_from_slice(key.as_bytes());
            ndjson::optional(json, text);
            csv.push(b',');
            spreadsheet::cell(csv, text.unwrap_or_default());
        }
    }

    fn related(&self, json: &mut Vec<u8>, csv: &mut Vec<u8>, related: Related) {
        let names = self.entities.get(usize::from(related.entity));
        json.extend_from_slice(b"{\"file\":");
        match names.and_then(|names| names.paths.get(usize::from(related.file))) {
            Some(path) => json.extend_from_slice(&path.json),
            None => json.extend_from_slice(b"null"),
        }
        json.extend_from_slice(b",\"record\":");
        decimal(json, related.record);
        json.push(b'}');
        let path = self.context.entities.get(usize::from(related.entity)).map(|e| e.path(related.file));
        spreadsheet::cell(csv, &format!("{}:{}", path.unwrap_or_default(), related.record));
    }
}

/// A text made earlier, or nothing.
fn known(json: &mut Vec<u8>, csv: &mut Vec<u8>, key: &str, text: Option<&Both>) {
    json.extend_from_slice(key.as_bytes());
    csv.push(b',');
    match text {
        Some(text) => {
            json.extend_from_slice(&text.json);
            csv.extend_from_slice(&text.csv);
        }
        None => json.extend_from_slice(b"null"),
    }
}

/// Appends a number.
fn decimal(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
