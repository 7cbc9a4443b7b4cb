//! What tells the rules of an entity apart: code, severity, and the column by its name.

use std::collections::HashMap;
use std::sync::Arc;

use crate::record::{Code, Finding, Severity};

use super::super::context::Entity;

/// Into how many parts a file is divided for the chart of its rejects.
pub(crate) const BUCKETS: usize = 80;

/// A rule's identity within an entity. The column is an index into [`Columns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct RuleKey {
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) column: Option<u32>,
}

/// The distinct column names of an entity's files and fields.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    pub(super) names: Vec<Arc<str>>,
    /// For each file, for each column of its header.
    headers: Vec<Vec<u32>>,
    fields: Vec<u32>,
}

impl Columns {
    /// The names of an entity's columns.
    pub(super) fn of(entity: &Entity) -> Self {
        let mut columns = Self::default();
        let mut known = HashMap::new();
        let mut id = |names: &mut Vec<Arc<str>>, name: &str| {
            *known.entry(name.to_owned()).or_insert_with(|| {
                names.push(Arc::from(name));
                u32::try_from(names.len() - 1).unwrap_or(u32::MAX)
            })
        };
        for file in &entity.files {
            let header = file.names().map(|name| id(&mut columns.names, name)).collect();
            columns.headers.push(header);
        }
        columns.fields = entity.fields.iter().map(|field| id(&mut columns.names, &field.name)).collect();
        columns
    }

    /// The rule of a finding.
    pub(super) fn key(&self, finding: &Finding) -> RuleKey {
        let header = finding.column.and_then(|column| {
            self.headers.get(usize::from(finding.location.file))?.get(usize::from(column))
        });
        let column = header.or_else(|| self.fields.get(usize::from(finding.field?))).copied();
        RuleKey { code: finding.code, severity: finding.severity, column }
    }
}
