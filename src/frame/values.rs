//! How often each value stands under each rule, in bounded memory: a table of rule, value and number.

use std::borrow::Cow;

use polars::prelude::{
    DataFrame, IntoLazy as _, JoinArgs, JoinType, LazyFrame, SortMultipleOptions, UnionArgs, col, concat,
    len, lit,
};

use super::FrameError;
use super::group::{ValueGroup, texts};

/// How many distinct values of one rule are told apart.
const ROOM: usize = 100_000;

/// How many findings wait at least before they are counted into the table: to group it costs as much as it is
/// large, so it must not be done for every block.
const WAITING: usize = 250_000;

/// The values of all rules.
pub(super) struct Values {
    room: usize,
    table: Option<DataFrame>,
    /// Tables of blocks that are not in the table yet, and how many findings they hold.
    waiting: (Vec<DataFrame>, usize),
    /// Rules of which rare values were left out.
    pruned: Vec<u32>,
    exact: Option<DataFrame>,
}

/// Of one rule: distinct values, whether there are more, the most frequent ones.
pub(super) type Listed = (u64, bool, Vec<ValueGroup>);

impl Default for Values {
    fn default() -> Self {
        Self::with_room(ROOM)
    }
}

impl Values {
    pub(super) fn with_room(room: usize) -> Self {
        Self { room, table: None, waiting: (Vec::new(), 0), pruned: Vec::new(), exact: None }
    }

    /// The table of one block: `numbers` names the rule of each of `values`, which stand there so many `times`.
    pub(super) fn table(
        numbers: &[u32],
        values: &[Cow<'_, str>],
        times: &[u64],
    ) -> Result<DataFrame, FrameError> {
        use polars::prelude::{Column, NamedFrom as _, Series};
        let columns: Vec<Column> = vec![
            Series::new("rule".into(), numbers).into(),
            texts("value", values.iter().map(|value| Some(value.as_ref()))).into(),
            Series::new("n".into(), times).into(),
        ];
        Ok(DataFrame::new_infer_height(columns)?)
    }

    /// Takes in the tables of some blocks. A rule that has too many values loses the rare ones.
    /// When that happens depends on the findings alone, so that the same values stay for any number of threads.
    pub(super) fn add(&mut self, tables: Vec<DataFrame>) -> Result<(), FrameError> {
        for table in tables {
            self.waiting.1 += table.height();
            self.waiting.0.push(table);
            if self.waiting.1 >= WAITING.max(self.table.as_ref().map_or(0, DataFrame::height) / 2) {
                self.count_waiting()?;
            }
        }
        Ok(())
    }

    /// Counts what waits.
    pub(super) fn count_waiting(&mut self) -> Result<(), FrameError> {
        let (waiting, _) = std::mem::take(&mut self.waiting);
        if waiting.is_empty() {
            return Ok(());
        }
        let table = summed(self.table.take().into_iter().chain(waiting))?;
        self.table = if self.exact.is_some() { Some(table) } else { Some(self.prune(table)?) };
        Ok(())
    }

    /// The step of Misra and Gries, rule by rule: the number that the value in the middle has is taken off
    /// all, and what has nothing left goes.
    fn prune(&mut self, mut table: DataFrame) -> Result<DataFrame, FrameError> {
        let sizes = table.clone().lazy().group_by([col("rule")]).agg([len().alias("size")]).collect()?;
        let sizes: Vec<(u32, u32)> = sizes
            .column("rule")?
            .u32()?
            .iter()
            .flatten()
            .zip(sizes.column("size")?.u32()?.iter().flatten())
            .collect();
        for (rule, size) in sizes.into_iter().filter(|&(_, size)| size as usize > self.room) {
            let own = table.clone().lazy().filter(col("rule").eq(lit(rule)));
            let most = SortMultipleOptions::default().with_order_descending(true);
            let ordered = own.clone().select([col("n")]).sort(["n"], most).collect()?;
            let middle = ordered.column("n")?.u64()?.get(self.room.min(size as usize - 1) / 2).unwrap_or(1);
            // Filtered first: `n` is unsigned.
            let kept = own.filter(col("n").gt(lit(middle))).with_column(col("n") - lit(middle));
            let others = table.clone().lazy().filter(col("rule").neq(lit(rule)));
            table = concat([others, kept], UnionArgs::default())?.collect()?;
            if !self.pruned.contains(&rule) {
                self.pruned.push(rule);
            }
        }
        Ok(table)
    }

    /// Whether values were left out, so that those kept must be counted again.
    pub(super) fn is_pruned(&self) -> bool {
        !self.pruned.is_empty()
    }

    /// Forgets the numbers and keeps the values.
    pub(super) fn begin_exact(&mut self) {
        self.exact = self.table.as_ref().and_then(|table| table.select(["rule", "value"]).ok());
        self.table = None;
    }

    /// Counts the values that were kept.
    pub(super) fn count_exactly(&mut self, tables: Vec<DataFrame>) -> Result<(), FrameError> {
        let Some(kept) = &self.exact else { return Ok(()) };
        let by = || [col("rule"), col("value")];
        let all = concat(
            tables.into_iter().map(polars::prelude::IntoLazy::lazy).collect::<Vec<_>>(),
            UnionArgs::default(),
        )?;
        let found = all.join(kept.clone().lazy(), by(), by(), JoinArgs::new(JoinType::Inner)).collect()?;
        self.add(vec![found])
    }

    /// For each rule its values, the `top` most frequent ones listed.
    pub(super) fn top(self, rules: usize, top: usize) -> Result<Vec<Listed>, FrameError> {
        let mut listed: Vec<Listed> = vec![Listed::default(); rules];
        let Some(table) = self.table else { return Ok(listed) };
        let order = SortMultipleOptions::default().with_order_descending_multi([true, false]);
        let table = table.sort(["n", "value"], order)?;
        let (rule, value, number) =
            (table.column("rule")?.u32()?, table.column("value")?.str()?, table.column("n")?.u64()?);
        for ((rule, value), findings) in rule.iter().zip(value.iter()).zip(number.iter()) {
            let (Some(rule), Some(value), Some(findings)) = (rule, value, findings) else { continue };
            let (distinct, _, values) = &mut listed[rule as usize];
            *distinct += 1;
            if values.len() < top {
                values.push(ValueGroup { value: value.to_owned(), findings });
            }
        }
        for rule in self.pruned {
            listed[rule as usize].1 = true;
        }
        Ok(listed)
    }
}

/// Several tables as one, their numbers added up.
fn summed(tables: impl IntoIterator<Item = DataFrame>) -> Result<DataFrame, FrameError> {
    let tables: Vec<LazyFrame> = tables.into_iter().map(polars::prelude::IntoLazy::lazy).collect();
    let all = concat(tables, UnionArgs::default())?;
    Ok(all.group_by([col("rule"), col("value")]).agg([col("n").sum()]).collect()?)
}
