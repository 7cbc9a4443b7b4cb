//! Two runs compared, rule by rule: what is new, worse, the same, better, gone.

use polars::prelude::{
    Column, DataFrame, IntoLazy as _, JoinArgs, JoinCoalesce, JoinType, NamedFrom as _, Series, col,
};

use super::FrameError;
use super::group::texts;

/// How many rows a rule holds in one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleRows {
    /// The entity.
    pub entity: String,
    /// The code.
    pub code: String,
    /// The column.
    pub column: Option<String>,
    /// What it did.
    pub severity: String,
    /// Distinct rows.
    pub rows: u64,
}

/// What became of a rule between two runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It had no rows.
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

impl Verdict {
    /// The word used in every report.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Worse => "worse",
            Self::Same => "same",
            Self::Better => "better",
            Self::Gone => "gone",
        }
    }

    /// Whether something went the wrong way.
    #[must_use]
    pub fn is_bad(self) -> bool {
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
pub struct Change {
    /// What became of it.
    pub verdict: Verdict,
    /// The entity.
    pub entity: String,
    /// The code.
    pub code: String,
    /// The column.
    pub column: Option<String>,
    /// What it does.
    pub severity: String,
    /// Rows in the earlier run.
    pub before: u64,
    /// Rows now.
    pub now: u64,
}

const KEYS: [&str; 4] = ["entity", "code", "column", "severity"];

/// Holds the rules of two runs against each other: the bad news first, then by the size of the change, then
/// by entity, code, column and severity.
///
/// # Errors
///
/// None that data can cause.
pub fn compare(before: &[RuleRows], now: &[RuleRows]) -> Result<Vec<Change>, FrameError> {
    let keys = || KEYS.map(col).to_vec();
    let how = JoinArgs::new(JoinType::Full).with_coalesce(JoinCoalesce::CoalesceColumns);
    let how = JoinArgs { nulls_equal: true, ..how };
    let joined = table(before, "before")?.lazy().join(table(now, "now")?.lazy(), keys(), keys(), how);
    let joined = joined.group_by(keys()).agg([col("before").sum(), col("now").sum()]).collect()?;
    let text = |name: &str| -> Result<Vec<Option<String>>, FrameError> {
        Ok(joined.column(name)?.str()?.iter().map(|text| text.map(str::to_owned)).collect())
    };
    let number = |name: &str| -> Result<Vec<u64>, FrameError> {
        Ok(joined.column(name)?.u64()?.iter().map(Option::unwrap_or_default).collect())
    };
    let (entity, code, column, severity) =
        (text("entity")?, text("code")?, text("column")?, text("severity")?);
    let rows =
        entity.into_iter().zip(code).zip(column).zip(severity).zip(number("before")?).zip(number("now")?);
    let mut changes: Vec<_> = rows
        .filter(|&((_, before), now)| before + now > 0)
        .map(|(((((entity, code), column), severity), before), now)| Change {
            verdict: Verdict::of(before, now),
            entity: entity.unwrap_or_default(),
            code: code.unwrap_or_default(),
            column,
            severity: severity.unwrap_or_default(),
            before,
            now,
        })
        .collect();
    changes.sort_by(|a, b| {
        let order = |c: &Change| (c.verdict, std::cmp::Reverse(c.now.abs_diff(c.before)));
        let names = |c: &Change| (c.entity.clone(), c.code.clone(), c.column.clone(), c.severity.clone());
        order(a).cmp(&order(b)).then_with(|| names(a).cmp(&names(b)))
    });
    Ok(changes)
}

fn table(rules: &[RuleRows], name: &str) -> Result<DataFrame, FrameError> {
    let columns: Vec<Column> = vec![
        texts("entity", rules.iter().map(|rule| Some(rule.entity.as_str()))).into(),
        texts("code", rules.iter().map(|rule| Some(rule.code.as_str()))).into(),
        texts("column", rules.iter().map(|rule| rule.column.as_deref())).into(),
        texts("severity", rules.iter().map(|rule| Some(rule.severity.as_str()))).into(),
        Series::new(name.into(), rules.iter().map(|rule| rule.rows).collect::<Vec<_>>()).into(),
    ];
    Ok(DataFrame::new_infer_height(columns)?)
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
    fn each_rule_has_one_verdict_and_the_bad_ones_come_first() {
        let before =
            [rule("a", None, 5), rule("b", Some("x"), 5), rule("c", Some("x"), 5), rule("d", None, 5)];
        let now =
            [rule("a", None, 5), rule("b", Some("x"), 9), rule("c", Some("x"), 1), rule("b", Some("y"), 2)];
        let changes = compare(&before, &now).unwrap();
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
        assert!(compare(&[], &[]).unwrap().is_empty());
    }
}
