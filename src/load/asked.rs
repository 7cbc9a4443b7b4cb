//! What the database knows of the staged rows: values that other rows have, references that lead elsewhere, rows
//! that somebody edited.

use crate::db::postgres::Row;
use crate::read::slots;
use crate::record::Slot;
use crate::settle::{Facts, InUse};

use super::stage::Layouts;
use super::{Cargo, Load, LoadError, row_number};

impl Load<'_> {
    /// Asks which staged rows the table does not allow as it stands.
    ///
    /// # Errors
    ///
    /// The server could not be asked.
    pub(crate) async fn facts(&self, cargo: &[Cargo<'_>]) -> Result<Facts, LoadError> {
        let mut facts = Facts::of_a_database();
        // An empty table has nothing to say.
        for item in cargo.iter().filter(|item| !self.is_fresh(item.entity)) {
            let statements = self.statements(item.entity);
            let entity = statements.entity;
            let layouts = Layouts::of(item.harvest);
            let present = |field: &usize| layouts.distinct.iter().any(|layout| layout.fields.contains(field));
            for (slot, field) in slots(entity).into_iter().enumerate().filter(|(_, field)| present(field)) {
                let sql = if entity.fields[field].reference.is_some() {
                    if self.options.move_rows {
                        continue;
                    }
                    statements.moved(field)
                } else if field == entity.key {
                    continue;
                } else if self.options.changes {
                    let goes = !item.harvest.deletes.is_empty() && !self.is_referred(item.entity);
                    statements.in_use_and_freed(field, &layouts, goes)
                } else {
                    statements.in_use(field)
                };
                let rows = self.query(&sql, &format!("asking table {} about keys", entity.table)).await?;
                let freed_by = |row: &Row| match row.try_get::<_, Vec<i64>>(1) {
                    Ok(rows) => rows.into_iter().map(row_number).collect(),
                    Err(_) => Vec::new(),
                };
                let found = rows.iter().map(|row| InUse {
                    row: row_number(row.get(0)),
                    slot: Slot(slot),
                    freed_by: freed_by(row),
                });
                facts.take_in_use(item.entity, found);
            }
            if self.options.protect_edited {
                self.find_edited(item, &layouts, &mut facts).await?;
            }
        }
        Ok(facts)
    }
}
