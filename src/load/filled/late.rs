//! Which rows break what the server checks at the end of the transaction, as deferred constraints and constraint triggers
//! are? It names none. So the rows are written a part at a time, and all is checked after each; a part that fails is
//! halved. The caller rolls all of it back.
//!
//! A row is written together with those that refer to it, since an account may need its users as they need the account.

use std::collections::HashMap;

use crate::db::postgres::Statement;
use crate::db::{DbError, LEAVE};
use crate::load::context::Context;
use crate::load::error::{LoadError, RefusedRow};
use crate::load::layouts::Layouts;
use crate::load::rows::{EntityRows, row_number};
use crate::record::{EntityIndex, RowNumber};
use crate::settle::{EntityVerdict, Fate, NO_PARENT};

use super::sql::Which;
use super::staged::Staged;
use super::swaps;

/// How many groups are written at first.
const PART: usize = 1000;

/// How many rows of a group are tried one by one with the row that they refer to.
const TRIED: usize = 50;

/// What is checked at the end of the transaction, of the tables `$1`. A table's references to itself are left out: rows
/// that come later may be what they lead to.
const DEFERRED: &str = "
    SELECT string_agg(format('%I.%I', n.nspname, k.conname), ', ')
    FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
    WHERE k.conrelid = ANY (ARRAY(SELECT to_regclass(t)::oid FROM unnest($1::text[]) t)) AND k.condeferred
      AND (k.contype IN ('u', 'x', 'p', 't') OR k.contype = 'f' AND k.confrelid <> k.conrelid)";

/// A row: its entity among those that are loaded, and its number.
type Member = (usize, i64);

/// Finds rows of one entity.
pub(crate) async fn find(
    context: &Context<'_>,
    entities: &[EntityRows<'_>],
    verdicts: &[EntityVerdict],
) -> Result<Option<(EntityIndex, Vec<RefusedRow>)>, LoadError> {
    let tables: Vec<_> = entities.iter().map(|item| context.entity(item.entity).table.to_string()).collect();
    let names = context.client.query_one(DEFERRED, &[&tables]).await.map_err(failed)?;
    let Some(names) = names.get::<_, Option<String>>(0) else { return Ok(None) };
    let mut writes = Vec::new();
    for item in entities {
        let layouts = Layouts::of(item.harvest);
        let staged = Staged::of(context, item, &layouts);
        staged.drop_unkept(&verdicts[item.entity]).await?;
        swaps::release(&staged).await?;
        writes.push(prepare(&staged).await?);
    }
    let judge = Judge { context, names, writes };
    let groups = groups(context, entities, verdicts);
    let mut refused = judge.refused(&groups, &(0..groups.len()).collect::<Vec<_>>()).await?;
    // What a group lacked may have been written after it.
    loop {
        let before = refused.len();
        let again: Vec<_> = refused.iter().map(|(group, _)| *group).collect();
        refused = judge.refused(&groups, &again).await?;
        if refused.len() == before {
            break;
        }
    }
    let mut rows: Vec<(Member, String)> = Vec::new();
    for (group, state) in refused {
        rows.extend(judge.members(&groups[group], state).await?);
    }
    rows.sort_unstable();
    let Some(((first, _), _)) = rows.first() else { return Ok(None) };
    let of_first = rows.iter().filter(|((item, _), _)| item == first);
    let found = of_first.map(|((_, row), state)| (row_number(*row), state.clone())).collect();
    Ok(Some((entities[*first].entity, found)))
}

/// The statements that write rows of an entity; `$1` are their numbers.
async fn prepare(staged: &Staged<'_>) -> Result<Vec<Statement>, LoadError> {
    let statements = &staged.statements;
    for table in [statements.stage(), statements.plan()] {
        staged.execute(&format!("CREATE INDEX ON {table} (o)")).await?;
    }
    let mut all = Vec::new();
    for (number, layout) in staged.layouts() {
        let update = statements.update(number, layout, Which::Listed);
        let insert = statements.insert(number, layout, true, Which::Listed);
        for sql in update.into_iter().chain([insert]) {
            let sql = statements.in_path(&sql).unwrap_or(sql);
            all.push(staged.client.prepare(&sql).await.map_err(|e| DbError::of(staged.doing(), e))?);
        }
    }
    Ok(all)
}

/// The kept rows, each with those that refer to it, in load order.
fn groups(
    context: &Context<'_>,
    entities: &[EntityRows<'_>],
    verdicts: &[EntityVerdict],
) -> Vec<Vec<Member>> {
    let mut groups: Vec<Vec<Member>> = Vec::new();
    let mut of_row: HashMap<EntityIndex, HashMap<u64, usize>> = HashMap::new();
    for (at, item) in entities.iter().enumerate() {
        let verdict = &verdicts[item.entity];
        let reference = context.entity(item.entity).references().next();
        let parents = reference
            .and_then(|(_, to)| Some((of_row.get(&EntityIndex(to.entity))?, verdict.parents.first()?)));
        let mut own = HashMap::new();
        for row in (0..item.harvest.rows).map(RowNumber) {
            if verdict.fates[row] != Fate::Kept || item.harvest.deletes.binary_search(&row).is_ok() {
                continue;
            }
            let parent = parents.and_then(|(groups, parents)| {
                let parent = *parents.get(row.position())?;
                groups.get(&u64::from(parent)).copied().filter(|_| parent != NO_PARENT)
            });
            let group = parent.unwrap_or_else(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            groups[group].push((at, i64::try_from(row.0).unwrap_or(i64::MAX)));
            own.insert(row.0, group);
        }
        of_row.insert(item.entity, own);
    }
    groups
}

/// Writes rows and has everything checked.
struct Judge<'a> {
    context: &'a Context<'a>,
    /// The deferred constraints.
    names: String,
    /// Per entity.
    writes: Vec<Vec<Statement>>,
}

impl Judge<'_> {
    /// Writes these groups but those that fail, and returns these, each with an SQLSTATE.
    async fn refused(
        &self,
        groups: &[Vec<Member>],
        these: &[usize],
    ) -> Result<Vec<(usize, String)>, LoadError> {
        let mut refused = Vec::new();
        let mut waiting: Vec<&[usize]> = these.chunks(PART).rev().collect();
        while let Some(part) = waiting.pop() {
            let members: Vec<Member> = part.iter().flat_map(|&group| groups[group].iter().copied()).collect();
            match (self.write(&members).await?, part) {
                (None, _) => {}
                (Some(state), [group]) => refused.push((*group, state)),
                (Some(_), part) => {
                    let (one, other) = part.split_at(part.len() / 2);
                    waiting.extend([other, one]);
                }
            }
        }
        Ok(refused)
    }

    /// The rows of a group to blame, if it fails as a whole with this SQLSTATE: those that fail when the others are there.
    /// If there is no telling, it is the one that the others refer to.
    async fn members(&self, group: &[Member], state: String) -> Result<Vec<(Member, String)>, LoadError> {
        let Some((&first, others)) = group.split_first() else { return Ok(Vec::new()) };
        let mut bases = vec![vec![first]];
        let tried = || others.iter().take(TRIED);
        bases.extend(tried().map(|&other| vec![first, other]));
        bases.extend(
            tried().map(|left_out| group.iter().copied().filter(|member| member != left_out).collect()),
        );
        for base in bases.iter().filter(|_| !others.is_empty()) {
            if self.write(base).await?.is_some() {
                continue;
            }
            let rest: Vec<_> =
                others.iter().filter(|other| !base.contains(other)).map(|&other| vec![other]).collect();
            let refused = self.refused(&rest, &(0..rest.len()).collect::<Vec<_>>()).await?;
            return Ok(refused.into_iter().map(|(at, state)| (rest[at][0], state)).collect());
        }
        Ok(vec![(first, state)])
    }

    /// Writes these rows. If the server refuses them, nothing is written, and the SQLSTATE returned.
    async fn write(&self, members: &[Member]) -> Result<Option<String>, LoadError> {
        let execute = |sql: &'static str| self.context.execute(sql, DOING);
        execute("SAVEPOINT part").await?;
        match self.write_and_check(members).await {
            Ok(()) => {
                execute("RELEASE part").await?;
                Ok(None)
            }
            Err(LoadError::Database(error)) if error.is_about_data() => {
                execute("ROLLBACK TO part; RELEASE part").await?;
                Ok(Some(error.sqlstate().map(|state| state.code().to_owned()).unwrap_or_default()))
            }
            Err(error) => Err(error),
        }
    }

    async fn write_and_check(&self, members: &[Member]) -> Result<(), LoadError> {
        for (at, writes) in self.writes.iter().enumerate() {
            let rows: Vec<i64> =
                members.iter().filter(|(item, _)| *item == at).map(|(_, row)| *row).collect();
            for write in writes.iter().filter(|_| !rows.is_empty()) {
                self.context.client.execute(write, &[&rows]).await.map_err(failed)?;
                self.context.execute(LEAVE, DOING).await?;
            }
        }
        let names = &self.names;
        let check = format!("SET CONSTRAINTS {names} IMMEDIATE; SET CONSTRAINTS {names} DEFERRED");
        self.context.execute_in_path(&check, DOING).await
    }
}

const DOING: &str = "finding the rows that break a deferred constraint";

fn failed(error: crate::db::postgres::Error) -> DbError {
    DbError::of(DOING, error)
}
