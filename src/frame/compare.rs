//! Two runs compared, rule by rule: what is new, worse, the same, better, gone.

use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many rows have findings of a rule in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RuleRows {
    pub(crate) entity: String,
    pub(crate) code: String,
    pub(crate) column: Option<String>,
    pub(crate) severity: String,
    /// Distinct rows.
    pub(crate) rows: u64,
}

/// How the number of a rule's rows changed between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Trend {
    /// It had no rows before.
    New,
    /// It has more rows.
    Worse,
    /// It has as many rows.
    Same,
    /// It has fewer rows.
    Better,
    /// It has no rows any more.
    Gone,
}

impl Trend {
    /// The word used in every report.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::Better => "better",
            Self::Gone => "gone",
        }
    }

    /// Whether the rule has more rows than before.
    pub(crate) fn is_bad(self) -> bool {
        matches!(self, Self::New | Self::Worse)
    }

    fn of(before: u64, now: u64) -> Self {
        match (before, now) {
            (0, _) => Self::New,
            (_, 0) => Self::Gone,
            _ if now > before => Self::Worse,
            _ if now < before => Self::Better,
            _ => Self::Same,
        }
    }
}

/// One rule in both runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Change {
    /// How the number of its rows changed.
    pub(crate) verdict: Trend,
    pub(crate) entity: String,
    pub(crate) code: String,
    pub(crate) column: Option<String>,
    pub(crate) severity: String,
    /// Rows in the earlier run.
    pub(crate) before: u64,
    pub(crate) now: u64,
}

/// Entity, code, column, severity.
type RuleKey<'r> = (&'r str, &'r str, Option<&'r str>, &'r str);

/// Compares the rules of two runs. They are sorted by trend (new and worse ones first), then by the size of the change,
/// then by entity, code, column and severity.
pub(crate) fn compare(before: &[RuleRows], now: &[RuleRows]) -> Vec<Change> {
    // Rows before, rows now.
    let mut rules: BTreeMap<RuleKey<'_>, (u64, u64)> = BTreeMap::new();
    for rule in before {
        rules.entry(rule.key()).or_default().0 += rule.rows;
    }
    for rule in now {
        rules.entry(rule.key()).or_default().1 += rule.rows;
    }
    let mut changes: Vec<Change> = rules
        .into_iter()
        .filter(|&(_, (before, now))| before + now > 0)
        .map(|((entity, code, column, severity), (before, now))| Change {
            verdict: Trend::of(before, now),
            entity: entity.to_owned(),
            code: code.to_owned(),
            column: column.map(str::to_owned),
            severity: severity.to_owned(),
            before,
            now,
        })
        .collect();
    // The sort is stable: rules with equal keys stay in the order of their names.
    changes.sort_by_key(|change| (change.verdict, Reverse(change.now.abs_diff(change.before))));
    changes
}

impl RuleRows {
    fn key(&self) -> RuleKey<'_> {
        (&self.entity, &self.code, self.column.as_deref(), &self.severity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(code: &str, column: Option<&str>, rows: u64) -> RuleRows {
        RuleRows {
            entity: "users".into(),
            code: code.into(),
            column: column.map(str::to_owned),
            severity: "reject".into(),
            rows,
        }
    }

    #[test]
    fn each_rule_has_one_trend_and_worse_ones_come_first() {
        let before =
            [rule("a", None, 5), rule("b", Some("x"), 5), rule("c", Some("x"), 5), rule("d", None, 5)];
        let now =
            [rule("a", None, 5), rule("b", Some("x"), 9), rule("c", Some("x"), 1), rule("b", Some("y"), 2)];
        let changes = compare(&before, &now);
        let found: Vec<_> = changes
            .iter()
            .map(|c| (c.verdict.as_str(), c.code.as_str(), c.column.as_deref(), c.before, c.now))
            .collect();
        assert_eq!(
            found,
            [
                ("new", "b", Some("y"), 0, 2),
                ("worse", "b", Some("x"), 5, 9),
                ("same", "a", None, 5, 5),
                ("better", "c", Some("x"), 5, 1),
                ("gone", "d", None, 5, 0),
            ]
        );
        assert!(compare(&[], &[]).is_empty());
    }
}
