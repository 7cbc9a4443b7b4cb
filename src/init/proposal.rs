//! What is proposed for a file: its entity, what becomes of each column, and the evidence for it.

use crate::schema::Schema;
use crate::settings::Decision;
use crate::source::Opening;

use super::header::Said;

/// How sure a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// A person must say so: it is written as a comment.
    Unsure,
    /// It is written; a person should look at it.
    Probable,
    /// Header and values agree.
    Sure,
}

impl Level {
    /// Its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unsure => "unsure",
            Self::Probable => "probable",
            Self::Sure => "sure",
        }
    }
}

/// What becomes of a column. Fields are positions in the entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Use {
    /// Nobody knows.
    Nothing,
    /// A person said that it is ignored.
    Ignore,
    /// It is this field.
    Field(usize),
    /// Its first word and its other words are these fields.
    Split { first: usize, others: usize },
    /// It is put before or after the column of this field.
    Join { field: usize, before: bool },
}

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct Proposed {
    /// Its name in the file, or `column 7` if it has none.
    pub(crate) header: String,
    pub(crate) is_named: bool,
    /// What becomes of it.
    pub(crate) used: Use,
    /// How sure that is.
    pub(crate) level: Level,
    /// What the header says.
    pub(crate) said: Said,
    /// Which share of the values is such, if their kind can be told; `None` if all texts are or there are none.
    pub(crate) fits: Option<f64>,
    /// Why it is not sure.
    pub(crate) why: Option<String>,
    /// Cells that are not empty.
    pub(crate) filled: u64,
    /// Filled cells that are no words for nothing, and those of them that the field accepts.
    pub(crate) judged: u64,
    pub(crate) accepted: u64,
    /// The first different values.
    pub(crate) samples: Vec<String>,
    /// They are bank accounts or passwords.
    pub(crate) is_secret: bool,
    /// Words in it that mean nothing.
    pub(crate) nulls: Vec<String>,
    /// What its values mean.
    pub(crate) values: Vec<(String, String)>,
    /// Values that the field does not know, the most frequent first.
    pub(crate) open: Vec<String>,
}

/// How a field that is made of several columns is made. Columns are positions in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Making {
    /// The columns with spaces between.
    Join(Vec<usize>),
    /// The first of these that is filled.
    FirstOf(Vec<Vec<usize>>),
    /// The first word of a column.
    FirstWord(usize),
    /// Its other words.
    OtherWords(usize),
}

/// One file.
#[derive(Debug)]
pub(crate) struct Proposal {
    /// The file as given.
    pub(crate) file: String,
    /// Position of the entity in the schema, and whether that is sure.
    pub(crate) entity: usize,
    pub(crate) entity_is_sure: bool,
    /// How the file is read.
    pub(crate) opening: Opening,
    /// How many records there are, and how many of them are broken.
    pub(crate) records: u64,
    pub(crate) broken: u64,
    /// In the order of the file.
    pub(crate) columns: Vec<Proposed>,
    /// Words that mean nothing in the whole file.
    pub(crate) nulls: Vec<String>,
    /// How dates and numbers are read, if the cells prove it.
    pub(crate) decisions: Vec<Decision>,
    /// Columns with dates or numbers that could be read in two ways.
    pub(crate) undecided: Vec<usize>,
    /// Columns whose times have no offset.
    pub(crate) zoneless: Vec<usize>,
    /// Fields that are made of columns.
    pub(crate) made: Vec<(usize, Making)>,
    /// Required fields that no column feeds.
    pub(crate) missing: Vec<usize>,
}

impl Proposal {
    /// Whether a person must decide something.
    pub(crate) fn is_open(&self) -> bool {
        !self.entity_is_sure
            || !self.missing.is_empty()
            || !self.undecided.is_empty()
            || !self.zoneless.is_empty()
            || self.columns.iter().any(Proposed::is_open)
    }

    /// The name of what a column becomes, for people.
    pub(crate) fn name_of(&self, used: &Use, schema: &Schema) -> String {
        let name = |field: &usize| schema.entities[self.entity].fields[*field].name.as_str();
        match used {
            Use::Nothing => String::new(),
            Use::Ignore => "ignored".to_owned(),
            Use::Field(field) => name(field).to_owned(),
            Use::Split { first, others } => format!("{} + {}", name(first), name(others)),
            Use::Join { field, before: true } => format!("before {}", name(field)),
            Use::Join { field, before: false } => format!("after {}", name(field)),
        }
    }
}

impl Proposed {
    /// Whether it is written, and not a comment.
    pub(crate) fn is_taken(&self) -> bool {
        !matches!(self.used, Use::Nothing | Use::Ignore) && self.level > Level::Unsure
    }

    /// Whether a person must decide something about it. A column without a value is nobody's loss.
    pub(crate) fn is_open(&self) -> bool {
        !self.open.is_empty() || !self.is_taken() && self.used != Use::Ignore && self.filled > 0
    }
}
