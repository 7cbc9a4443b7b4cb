//! Unique values that pass from one row to another while both stay, as in a file of changes: two users who have exchanged
//! their numbers. The server checks each row as it writes it, so the old holders first release their values, all at
//! once; the old rows are kept for the journal. An undo does the same.
//!
//! NULL stands in for a released value, or, if the column refuses that and is a text, a text that no row has. If the
//! server does not take that either, or another table's reference would follow the released value, the value is in use,
//! as in any other import.

use crate::load::error::LoadError;

use super::staged::Staged;

/// Has rows that stay release values that other rows need. Whether there are any.
pub(super) async fn release(rows: &Staged<'_>) -> Result<bool, LoadError> {
    let statements = &rows.statements;
    let fields: Vec<_> = statements.passed_on().collect();
    if !rows.options.changes || fields.is_empty() {
        return Ok(false);
    }
    rows.execute(&statements.create_released()).await?;
    let mut released = 0;
    for &field in &fields {
        for (number, _) in rows.layouts().filter(|(_, layout)| layout.fields.contains(&field)) {
            released += rows.execute(&statements.find_released(field, number)).await?;
        }
    }
    for &field in fields.iter().filter(|_| released > 0) {
        if rows.one(&statements.is_followed(field)).await?.get(0) {
            return Err(LoadError::NotReleased { table: rows.table(), error: None });
        }
        match rows.write(&statements.release(field)).await {
            Err(LoadError::Database(error)) if error.is_about_data() => {
                return Err(LoadError::NotReleased { table: rows.table(), error: Some(error) });
            }
            done => done?,
        };
    }
    Ok(released > 0)
}
