//! Which keys the database and the files have, by the key column's own equality: it may take `a1` and `A1` for the same,
//! and so a row of the files can be meant that has another key than the one that is asked about.

use std::collections::{BTreeMap, HashSet};

use crate::db::DbError;
use crate::db::catalog::TableInfo;
use crate::db::postgres::Client;
use crate::load::error::LoadError;
use crate::load::repertoire::Repertoire;
use crate::load::rows::{EntityRows, count, row_number};
use crate::load::tables;
use crate::record::{EntityIndex, RowEncoder};
use crate::schema::{Entity, Schema};
use crate::settle::{Answers, Known, Question};

use super::{alike, otherwise};

/// Whom to ask about keys.
pub(in crate::load) struct Asked<'a> {
    pub(in crate::load) client: &'a Client,
    pub(in crate::load) schema: &'a Schema,
    pub(in crate::load) tables: &'a [Option<TableInfo>],
    pub(in crate::load) repertoire: &'a Repertoire,
    /// Large tables are scanned, too.
    pub(in crate::load) thorough: bool,
}

impl Asked<'_> {
    /// What is known of the keys in question.
    pub(in crate::load) async fn answers(
        &self,
        entities: &[EntityRows<'_>],
        questions: &[Question],
    ) -> Result<Answers, LoadError> {
        let askable = self.repertoire.askable(questions);
        let held = tables::held(self.client, self.schema, self.tables, &askable).await?;
        let mut open: BTreeMap<EntityIndex, Vec<&Question>> = BTreeMap::new();
        for question in askable.iter().filter(|question| !held.contains(*question)) {
            open.entry(question.entity).or_default().push(question);
        }
        let known = |question| (question, Known { held: true, ..Known::default() });
        let mut answers: Answers = held.into_iter().map(known).collect();
        for (index, mut open) in open {
            let (entity, Some(info)) = (&self.schema.entities[index.0], &self.tables[index]) else {
                continue;
            };
            if let Some(item) = entities.iter().find(|item| item.entity == index) {
                self.in_files(entity, info, item, &open, &mut answers).await?;
                open.retain(|question| !answers.contains_key(*question));
            }
            self.in_other_forms(entity, info, &open, &mut answers).await?;
        }
        Ok(answers)
    }

    /// Looks among the keys of the files for those that the column takes for one in question.
    async fn in_files(
        &self,
        entity: &Entity,
        info: &TableInfo,
        item: &EntityRows<'_>,
        open: &[&Question],
        answers: &mut Answers,
    ) -> Result<(), LoadError> {
        let column = info.column(&entity.fields[entity.key].column).filter(|column| column.lenient);
        let Some((column, asked)) = column.and_then(|column| Some((column, column.alike("k.key", "text")?)))
        else {
            return Ok(());
        };
        let is_same = column.equals(&format!("({asked})"), "r.key", "text");
        let (numbers, keys) = alike::values(item.harvest, entity.key, self.repertoire)?;
        // Nothing refers to a row that goes.
        let stays = |row: i64| item.harvest.deletes.binary_search(&row_number(row)).is_err();
        let present = numbers.into_iter().zip(keys).filter(|(row, _)| stays(*row));
        let (mut numbers, mut keys): (Vec<i64>, Vec<String>) = present.unzip();
        // The keys of rejected records are numbered after those of clean rows.
        let rows = item.harvest.rows;
        for (at, rejected) in (rows..).zip(&item.harvest.rejected_keys) {
            if self.repertoire.has(rejected.key.as_bytes()) {
                numbers.push(i64::try_from(at).unwrap_or(i64::MAX));
                keys.push(rejected.key.clone());
            }
        }
        let questions: Vec<_> = open.iter().map(|question| RowEncoder::unescape(&question.key)).collect();
        let sql = format!(
            "SELECT k.n, min(r.n) FROM unnest($1::text[]) WITH ORDINALITY k (key, n)
             JOIN unnest($2::bigint[], $3::text[]) r (n, key) ON {is_same} GROUP BY k.n"
        );
        let found = self.client.query(&sql, &[&questions, &numbers, &keys]).await;
        let doing = || format!("comparing keys as table {} does", entity.table);
        for row in found.map_err(|e| DbError::of(doing(), e))? {
            // Numbered from 1 by the server.
            let at = usize::try_from(count(row.get(0))).unwrap_or(0).wrapping_sub(1);
            let Some(question) = open.get(at) else { continue };
            let found = row_number(row.get(1));
            let mut known = Known::default();
            match usize::try_from(found.0.wrapping_sub(rows)) {
                Ok(at) if found.0 >= rows => known.rejected = Some(at),
                _ => known.row = Some(found),
            }
            answers.insert((*question).clone(), known);
        }
        Ok(())
    }

    /// Looks for keys that the table has in another form than the normal one.
    async fn in_other_forms(
        &self,
        entity: &Entity,
        info: &TableInfo,
        open: &[&Question],
        answers: &mut Answers,
    ) -> Result<(), LoadError> {
        let many = i64::try_from(open.len()).unwrap_or(i64::MAX);
        if many == 0 || !(self.thorough || otherwise::is_worth(self.client, entity, many).await?) {
            return Ok(());
        }
        let wanted: HashSet<&[u8]> = open.iter().map(|question| question.key.as_slice()).collect();
        let found = otherwise::keys(self.client, entity, info, &wanted).await?;
        for question in open {
            if let Some(stored) = found.get(&question.key) {
                let stored = Some(stored.as_str().into());
                answers.insert((*question).clone(), Known { stored, ..Known::default() });
            }
        }
        Ok(())
    }
}
