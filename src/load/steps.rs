//! The order of a load's steps.

use std::collections::HashMap;

use crate::db::{Session, catalog};
use crate::event::Listener;
use crate::fault::{self, Point};
use crate::record::{EntityIndex, RunId};
use crate::schema::Schema;
use crate::settings::Target;
use crate::settle::{Answers, EntityVerdict, Facts, Question};

use super::again::Earlier;
use super::context::Context;
use super::empty::EmptyTable;
use super::error::{LoadError, RefusedRow};
use super::filled::{Staged, When, deletes, late, merge, readback, stage};
use super::journal::{self, RunNote};
use super::layouts::Layouts;
use super::path::Obstacle;
use super::repertoire::Repertoire;
use super::rows::{EntityRows, FieldChange, Written};
use super::{begin, commit, facts, identities, lock, rights, tables};

/// A load under way on one session.
pub(crate) struct Load<'a> {
    session: &'a Session,
    context: Context<'a>,
    earlier: Earlier,
}

impl<'a> Load<'a> {
    /// Takes the run's lock and looks at the tables. Changes nothing. `earlier` has what attempts before found.
    pub(crate) async fn prepare(
        session: &'a Session,
        schema: &'a Schema,
        options: &'a Target,
        listener: &'a dyn Listener,
        (run, earlier): (&RunId, &mut Earlier),
    ) -> Result<Self, LoadError> {
        let client = &session.client;
        lock::take(client, options.lock_timeout).await?;
        let tables = tables::look(client, schema).await?;
        earlier.compare(schema, &tables)?;
        rights::import(session, schema, &tables).await?;
        tables::fail_if_any(tables::faults(client, schema).await?)?;
        // All are staged, so that the row that the database refused can be identified.
        let obstacle = if earlier.find_refused { Some(Obstacle::Refused) } else { obstacle(options) };
        let obstacles = vec![obstacle; tables.len()];
        let run = run.clone();
        let unsent = vec![Vec::new(); tables.len()];
        let repertoire = Repertoire::default();
        let path = &session.path;
        let context =
            Context { client, path, schema, options, listener, run, tables, obstacles, repertoire, unsent };
        Ok(Self { session, context, earlier: earlier.clone() })
    }

    /// The reason of an error, if a table is gone that an attempt relied on. Ends the transaction.
    pub(crate) async fn explain(&self, error: LoadError) -> LoadError {
        let Context { client, schema, tables, .. } = &self.context;
        // Not a table, if it is in the way again.
        let error = if let LoadError::Appeared { source, .. } = error { source.into() } else { error };
        if !matches!(&error, LoadError::Database(error) if error.is_about_names())
            || client.batch_execute("ROLLBACK").await.is_err()
        {
            return error;
        }
        for (entity, _) in schema.entities.iter().zip(tables).filter(|(_, known)| known.is_some()) {
            if let Ok(None) = catalog::look_up(client, &entity.table).await {
                return LoadError::gone(&entity.table);
            }
        }
        error
    }

    /// Begins the transaction; see [`begin::begin`].
    pub(crate) async fn begin(&mut self, entities: &[EntityRows<'_>]) -> Result<(), LoadError> {
        begin::begin(&mut self.context, entities).await
    }

    /// Stages the clean rows of the tables that take the staged path, and compares them with the tables.
    pub(crate) async fn stage(&self, entities: &[EntityRows<'_>]) -> Result<(), LoadError> {
        for item in entities.iter().filter(|item| self.context.is_staged(item.entity)) {
            let layouts = Layouts::of(item.harvest);
            stage::stage(&Staged::of(&self.context, item, &layouts)).await?;
        }
        fault::reach(Point::Staged);
        Ok(())
    }

    /// What the database knows of the staged rows.
    pub(crate) async fn facts(&self, entities: &[EntityRows<'_>]) -> Result<Facts, LoadError> {
        let mut facts = facts::of_staged(&self.context, entities).await?;
        for item in entities {
            facts.take_refused(item.entity, self.context.unsent[item.entity].iter().cloned());
        }
        Ok(facts)
    }

    /// What is known of the keys in question.
    pub(crate) async fn answers(
        &self,
        entities: &[EntityRows<'_>],
        questions: &[Question],
    ) -> Result<Answers, LoadError> {
        let Context { client, schema, tables, repertoire, .. } = &self.context;
        let asked = facts::Asked { client, schema, tables, repertoire, thorough: false };
        asked.answers(entities, questions).await
    }

    /// Calls `each` with the keys of the entity's rows in the target that no record of the files has; see
    /// [`facts::absent`].
    pub(crate) async fn absent<E: From<LoadError>>(
        &self,
        item: &EntityRows<'_>,
        each: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), E> {
        facts::absent(&self.context, item, each).await
    }

    /// Writes the rows that were kept, in load order.
    /// Errors: the server refuses, or [`LoadError::MassDeletes`]. With [`LoadError::Rows`], [`LoadError::Referred`] and
    /// [`LoadError::NotReleased`] the transaction goes on, as it was before anything was written.
    pub(crate) async fn write(
        &self,
        entities: &[EntityRows<'_>],
        verdicts: &[EntityVerdict],
    ) -> Result<Vec<(Written, Vec<FieldChange>)>, LoadError> {
        let context = &self.context;
        context.execute("SAVEPOINT before_writing", "setting a savepoint").await?;
        let error = match self.write_all(entities, verdicts).await {
            Err(LoadError::Database(error)) if error.is_about_data() || error.is_used_up() => error,
            Err(error @ (LoadError::Referred { .. } | LoadError::NotReleased { .. })) => {
                self.go_back().await?;
                return Err(error);
            }
            other => return other,
        };
        let all_staged = entities.iter().all(|item| context.is_staged(item.entity));
        if all_staged || error.is_used_up() {
            self.go_back().await?;
            identities::no_fault(context, &error).await?;
        }
        if !all_staged || error.is_used_up() {
            let is_used_up = error.is_used_up();
            // A row is found on the staged path, on another connection.
            return Err(if is_used_up { error.into() } else { LoadError::DirectPath(error) });
        }
        tracing::info!("{error}; finding the rows");
        match self.refused(entities, verdicts).await {
            Err(LoadError::Database(error)) if error.is_about_data() || error.is_used_up() => {
                self.go_back().await?;
                identities::no_fault(context, &error).await?;
                Err(error.into())
            }
            Err(other) => Err(other),
            Ok(Some((entity, rows))) => {
                self.go_back().await?;
                self.earlier.unless_overtaken((self.session, context), entity, &rows).await?;
                Err(LoadError::Rows { entity, rows })
            }
            Ok(None) => Err(error.into()),
        }
    }

    /// Finds the rows of one entity that the database refuses: as they are written, or else at the end.
    async fn refused(
        &self,
        entities: &[EntityRows<'_>],
        verdicts: &[EntityVerdict],
    ) -> Result<Option<(EntityIndex, Vec<RefusedRow>)>, LoadError> {
        let context = &self.context;
        self.go_back().await?;
        deletes::delete(context, entities, verdicts, When::Before).await?;
        for item in entities {
            let layouts = Layouts::of(item.harvest);
            let staged = Staged::of(context, item, &layouts);
            let rows = merge::find_refused(&staged, &verdicts[item.entity]).await?;
            if !rows.is_empty() {
                return Ok(Some((item.entity, rows)));
            }
        }
        self.go_back().await?;
        deletes::delete(context, entities, verdicts, When::Before).await?;
        late::find(context, entities, verdicts).await
    }

    async fn write_all(
        &self,
        entities: &[EntityRows<'_>],
        verdicts: &[EntityVerdict],
    ) -> Result<Vec<(Written, Vec<FieldChange>)>, LoadError> {
        let context = &self.context;
        deletes::are_few(context, entities, verdicts).await?;
        let mut written = Vec::new();
        let mut loaded = HashMap::new();
        journal::stamp(context.client, &context.run).await?;
        fault::reach(Point::Stamped);
        let before = deletes::delete(context, entities, verdicts, When::Before).await?;
        for item in entities {
            let verdict = &verdicts[item.entity];
            if context.options.undoable {
                journal::note_records(context.client, context.origin(item.entity), item.harvest).await?;
                fault::reach(Point::RecordsNoted);
            }
            let layouts = Layouts::of(item.harvest);
            if context.is_staged(item.entity) {
                let staged = Staged::of(context, item, &layouts);
                written.push(merge::merge(&staged, verdict, deletes::accepted(item, verdict)).await?);
                continue;
            }
            let table = EmptyTable::of(context, item, &layouts);
            let (inserted, identifiers) = table.load(verdict, &loaded).await?;
            loaded.insert(item.entity, identifiers);
            written.push((Written { inserted, ..Written::default() }, Vec::new()));
        }
        let after = deletes::delete(context, entities, verdicts, When::After).await?;
        for (item, (written, _)) in entities.iter().zip(&mut written) {
            for gone in before.iter().chain(&after).filter(|gone| gone.entity == item.entity) {
                written.deleted += gone.deleted;
                written.unchanged += gone.absent;
            }
        }
        context.execute_in_path("SET CONSTRAINTS ALL IMMEDIATE", "checking the constraints").await?;
        fault::reach(Point::Checked);
        readback::check_again(context, entities, written.iter().map(|(written, _)| *written)).await?;
        Ok(written)
    }

    /// Writes the run to the journal. The last thing before [`Load::commit`].
    pub(crate) async fn note(&self, note: &RunNote) -> Result<(), LoadError> {
        let Context { client, schema, options, run, repertoire, .. } = &self.context;
        let mut note = note.clone();
        note.options = repertoire.fitted(client, &note.options).await?;
        for file in note.entities.iter_mut().flat_map(|entity| &mut entity.files) {
            file.path = repertoire.fitted(client, &file.path).await?;
        }
        journal::note(client, schema, run, &note, options.undoable).await
    }

    /// Commits.
    /// Errors: see [`LoadError::Unknown`]; with any other error the transaction was rolled back.
    pub(crate) async fn commit(&self) -> Result<(), LoadError> {
        commit::commit(self.session, &self.context.run).await
    }

    /// Rolls the transaction back.
    pub(crate) async fn roll_back(&mut self) -> Result<(), LoadError> {
        let context = &mut self.context;
        context.execute("ROLLBACK", "rolling back").await?;
        context.tables = tables::look(context.client, context.schema).await?;
        context.obstacles.fill(obstacle(context.options));
        Ok(())
    }

    async fn go_back(&self) -> Result<(), LoadError> {
        self.context.execute("ROLLBACK TO SAVEPOINT before_writing", "going back to the savepoint").await
    }
}

/// What keeps every table from the direct path, if anything does.
fn obstacle(target: &Target) -> Option<Obstacle> {
    if target.changes {
        return Some(Obstacle::Unusual("changes are applied"));
    }
    target.reconcile.then_some(Obstacle::Unusual("its columns are compared with the staged ones afterwards"))
}
