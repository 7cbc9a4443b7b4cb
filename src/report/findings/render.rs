//! One finding as a line of `rejects.ndjson` and as a record of `rejects.csv`. Written by hand into byte
//! buffers, because a file in which every row is rejected has millions of them; a test compares the lines with
//! what `serde_json` and `csv` read.

use std::borrow::Cow;

use crate::output::{ndjson, spreadsheet};
use crate::record::{Code, Finding, Message, Related, Severity};

use super::super::context::Context;
use super::super::mask::mask;

/// The header of `rejects.csv`.
pub(crate) const HEADER: &str = "run,entity,file,record,line_start,line_end,byte_start,byte_end,column,field,\
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

    fn clear(&mut self) {
        self.json.clear();
        self.csv.clear();
    }
}

/// What a finding is about. Findings about the same have most of their bytes in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct About {
    entity: usize,
    file: u16,
    column: Option<u16>,
    field: Option<u16>,
    severity: Severity,
    code: Code,
}

impl About {
    fn of(entity: usize, finding: &Finding) -> Self {
        let Finding { column, field, severity, code, .. } = *finding;
        Self { entity, file: finding.location.file, column, field, severity, code }
    }
}

/// The parts of the last rendered finding that the next one may repeat: neighbours mostly say the same of other
/// records.
#[derive(Debug, Default)]
pub(super) struct Memo {
    about: Option<About>,
    /// Up to the record's number.
    start: Both,
    /// From the bytes to the value.
    rule: Both,
    hides: bool,
    message: Option<Message>,
    /// From the value to the suggestion.
    after_value: Both,
}

impl Memo {
    fn keep(&mut self, message: &Message) {
        self.after_value.clear();
        self.after_value.json.extend_from_slice(b",\"message\":");
        ndjson::string(&mut self.after_value.json, message);
        self.after_value.json.extend_from_slice(b",\"suggestion\":");
        self.after_value.csv.push(b',');
        spreadsheet::cell(&mut self.after_value.csv, message);
        self.after_value.csv.push(b',');
        self.message = Some(message.clone());
    }
}

/// The texts that occur in many lines, made once.
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
        let run = Both::of(context.run.as_str());
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
            Names {
                starts,
                headers: entity
                    .files
                    .iter()
                    .map(|file| file.names().map(|name| Both::of(name)).collect())
                    .collect(),
                fields: entity.fields.iter().map(|field| Both::of(&field.name)).collect(),
                paths,
            }
        });
        Self { context, entities: entities.collect() }
    }

    /// Appends one finding to both buffers. `memo` holds what was kept of the finding before it.
    pub(super) fn finding(
        &self,
        json: &mut Vec<u8>,
        csv: &mut Vec<u8>,
        memo: &mut Memo,
        entity: usize,
        finding: &Finding,
    ) {
        let location = &finding.location;
        let about = About::of(entity, finding);
        if memo.about != Some(about) {
            self.begin(memo, about, finding);
        }
        json.extend_from_slice(&memo.start.json);
        csv.extend_from_slice(&memo.start.csv);
        if location.record == 0 {
            json.extend_from_slice(b"null,\"line_start\":null,\"line_end\":null");
            csv.extend_from_slice(b",,");
        } else {
            decimal(json, csv, location.record);
            json.extend_from_slice(b",\"line_start\":");
            csv.push(b',');
            decimal(json, csv, location.line_start);
            json.extend_from_slice(b",\"line_end\":");
            csv.push(b',');
            decimal(json, csv, location.line_end);
        }
        json.extend_from_slice(b",\"byte_start\":");
        csv.push(b',');
        decimal(json, csv, location.byte_start);
        json.extend_from_slice(b",\"byte_end\":");
        csv.push(b',');
        decimal(json, csv, location.byte_end);
        json.extend_from_slice(&memo.rule.json);
        csv.extend_from_slice(&memo.rule.csv);

        // A finding about a whole record has no value; an empty cell has one, the empty one.
        if finding.column.is_some() || !finding.value.is_empty() {
            text(json, csv, &self.shown(&finding.value, memo.hides));
        } else {
            json.extend_from_slice(b"null");
        }
        if memo.message.as_ref() != Some(&finding.message) {
            memo.keep(&finding.message);
        }
        json.extend_from_slice(&memo.after_value.json);
        csv.extend_from_slice(&memo.after_value.csv);
        if finding.suggestion.is_none() && finding.related.is_none() {
            json.extend_from_slice(b"null,\"related\":null}\n");
            csv.extend_from_slice(b",\r\n");
            return;
        }
        match &finding.suggestion {
            Some(suggestion) => text(json, csv, &self.shown(suggestion, memo.hides)),
            None => json.extend_from_slice(b"null"),
        }
        json.extend_from_slice(b",\"related\":");
        csv.push(b',');
        match finding.related {
            None => json.extend_from_slice(b"null"),
            Some(related) => self.related(json, csv, related),
        }
        json.extend_from_slice(b"}\n");
        csv.extend_from_slice(spreadsheet::LINE_END);
    }

    /// Renders what findings about the same have in common.
    #[cold]
    fn begin(&self, memo: &mut Memo, about: About, finding: &Finding) {
        let names = &self.entities[about.entity];
        let file = usize::from(about.file);
        memo.start.clear();
        if let Some(start) = names.starts.get(file) {
            memo.start.json.extend_from_slice(&start.json);
            memo.start.csv.extend_from_slice(&start.csv);
        }
        memo.rule.clear();
        let (json, csv) = (&mut memo.rule.json, &mut memo.rule.csv);
        let header = names.headers.get(file);
        let column = header.and_then(|header| header.get(usize::from(about.column?)));
        known(json, csv, ",\"column\":", column);
        known(json, csv, ",\"field\":", about.field.and_then(|field| names.fields.get(usize::from(field))));
        for (key, word) in
            [(",\"severity\":\"", about.severity.as_str()), ("\",\"code\":\"", about.code.as_str())]
        {
            json.extend_from_slice(key.as_bytes());
            json.extend_from_slice(word.as_bytes());
            csv.push(b',');
            csv.extend_from_slice(word.as_bytes());
        }
        json.extend_from_slice(b"\",\"value\":");
        csv.push(b',');
        memo.hides = self.context.hides(&self.context.entities[about.entity], finding);
        memo.about = Some(about);
    }

    /// A value or a suggestion, masked where it must be.
    fn shown<'v>(&self, text: &'v str, hidden: bool) -> Cow<'v, str> {
        if hidden { mask(text).into() } else { self.context.without_ibans(text) }
    }

    fn related(&self, json: &mut Vec<u8>, csv: &mut Vec<u8>, related: Related) {
        let names = self.entities.get(usize::from(related.entity));
        json.extend_from_slice(b"{\"file\":");
        match names.and_then(|names| names.paths.get(usize::from(related.file))) {
            Some(path) => json.extend_from_slice(&path.json),
            None => json.extend_from_slice(b"null"),
        }
        json.extend_from_slice(b",\"record\":");
        json.extend_from_slice(itoa::Buffer::new().format(related.record).as_bytes());
        json.push(b'}');
        let path = self.context.path(related.entity, related.file);
        spreadsheet::cell(csv, &format!("{path}:{}", related.record));
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

/// A value or a suggestion.
fn text(json: &mut Vec<u8>, csv: &mut Vec<u8>, text: &str) {
    ndjson::string(json, text);
    spreadsheet::cell(csv, text);
}

/// Appends a number.
#[inline]
fn decimal(json: &mut Vec<u8>, csv: &mut Vec<u8>, number: u64) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    json.extend_from_slice(digits);
    csv.extend_from_slice(digits);
}
