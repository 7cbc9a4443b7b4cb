//! What the tests of all rules share.

/// The normal form that a rule gives a cell (`None`: rejected), and its findings.
macro_rules! validated {
    ($rule:expr, $cell:expr) => {
        validated!($rule, $cell, None)
    };
    ($rule:expr, $cell:expr, $sibling:expr) => {{
        let (mut out, mut findings) = (String::new(), Vec::new());
        let cell: &str = $cell;
        let result = match $rule.validate(cell, $sibling, &mut out, &mut findings) {
            crate::rule::NormalForm::Same => Some(cell.to_owned()),
            crate::rule::NormalForm::Rewritten => Some(out),
            crate::rule::NormalForm::Rejected => None,
        };
        (result, findings)
    }};
}

/// Asserts the contract of `validate` on any cell: a normal form is its own normal form, a rejected cell has one
/// rejecting finding, and all other cells have warnings only.
macro_rules! stays {
    ($rule:expr, $cell:expr) => {
        stays!($rule, $cell, None)
    };
    ($rule:expr, $cell:expr, $sibling:expr) => {{
        let rule = $rule;
        let (normal, findings) = crate::rule::tests::validated!(rule, $cell, $sibling);
        let rejecting = |finding: &&crate::rule::CellFinding| {
            finding.code.default_severity() == crate::record::Severity::Reject
        };
        proptest::prop_assert_eq!(findings.iter().filter(rejecting).count(), usize::from(normal.is_none()));
        if let Some(normal) = normal {
            let again = crate::rule::tests::validated!(rule, &normal, $sibling).0;
            proptest::prop_assert_eq!(again, Some(normal));
        }
    }};
}

pub(super) use {stays, validated};
