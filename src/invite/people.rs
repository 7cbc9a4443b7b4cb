//! The recipients: users chosen by address, run, account and filters. This happens in the database, in temporary
//! tables of the current transaction, so that a million users are no burden.

use std::path::PathBuf;

use crate::db::DbError;
use crate::db::postgres::Client;
use crate::load::LoadError;
use crate::record::Code;
use crate::schema::{Entity, Field, FieldIndex, InviteFields, Schema, header_key};
use crate::sql::{ident, literal};

use super::error::InviteError;
use super::sender::is_one_address;

/// Who is chosen. All given filters apply.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    /// Addresses as typed.
    pub(crate) addresses: Vec<String>,
    /// A file of addresses.
    pub(crate) file: Option<PathBuf>,
    /// The run that inserted them: its id, or the beginning of its id.
    pub(crate) run: Option<String>,
    /// The key of their account.
    pub(crate) account: Option<String>,
    pub(crate) role: Option<String>,
    pub(crate) language: Option<String>,
    /// Whether they came from an older system.
    pub(crate) migrated: Option<bool>,
}

/// The entity whose records are invited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Invitees<'a> {
    pub(super) schema: &'a Schema,
    pub(super) entity: &'a Entity,
    pub(super) fields: InviteFields,
}

/// An address of the selection, and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    /// For people: a file and a line, or the argument.
    pub(crate) place: String,
    /// In its normal form.
    pub(crate) address: String,
}

pub(super) fn failed(error: crate::db::postgres::Error) -> LoadError {
    DbError::of("choosing who is invited", error).into()
}

impl<'a> Invitees<'a> {
    /// The entity that has an `[invite]` table; the first in load order.
    pub(crate) fn of(schema: &'a Schema) -> Result<Self, InviteError> {
        let found = schema.entities.iter().find_map(|entity| Some((entity, entity.invite?)));
        let (entity, fields) = found.ok_or(InviteError::NobodyToInvite)?;
        Ok(Self { schema, entity, fields })
    }

    /// The normal form of an address that somebody typed. None if it is invalid.
    pub(super) fn address(&self, text: &str) -> Option<String> {
        let normal = normal(&self.entity.fields[self.fields.email], text).ok()?;
        Some(normal.to_lowercase())
    }

    /// Whether a mail may go to an address that the table holds. The field's rule is asked again: other programs write
    /// to the table too, and `a@b.nl,c@d.nl` would be two recipients.
    pub(super) fn may_receive(&self, address: &str) -> bool {
        is_one_address(address) && normal(&self.entity.fields[self.fields.email], address).is_ok()
    }

    /// A column of the users' table.
    pub(super) fn column(&self, field: FieldIndex) -> String {
        format!("t.{}", ident(&self.entity.fields[field].column))
    }

    /// An optional column as text, empty without it.
    pub(super) fn text(&self, field: Option<FieldIndex>) -> String {
        field.map_or("''".to_owned(), |field| format!("coalesce({}::text, '')", self.column(field)))
    }

    /// The address as the outbox has it.
    pub(super) fn address_column(&self) -> String {
        format!("lower(btrim({}::text)) COLLATE \"C\"", self.column(self.fields.email))
    }

    /// The users' table as `t`, and the accounts' as `p`; the account's key; its name if it has a field of that name,
    /// else its key.
    pub(super) fn from(&self) -> (String, String, String) {
        let Some(field) = self.fields.account else {
            return (format!("{} t", self.entity.table), "NULL".to_owned(), "''".to_owned());
        };
        let Some(reference) = self.entity.fields[field].reference else {
            let key = format!("{}::text", self.column(field));
            return (format!("{} t", self.entity.table), key.clone(), key);
        };
        let parent = &self.schema.entities[reference.entity];
        let from = format!(
            "{} t LEFT JOIN {} p ON p.{} = {}",
            self.entity.table,
            parent.table,
            ident(&parent.system.id),
            self.column(field)
        );
        let key = format!("p.{}::text", ident(&parent.fields[parent.key].column));
        let name = parent.fields.iter().find(|field| header_key(&field.name) == "name");
        let name = name.map_or(key.clone(), |name| {
            format!("coalesce(nullif(btrim(p.{}::text), ''), {key})", ident(&name.column))
        });
        (from, key, name)
    }

    /// Whether the users' table exists.
    pub(super) async fn require_table(&self, client: &Client) -> Result<bool, LoadError> {
        let sql = format!("SELECT to_regclass({}) IS NOT NULL", literal(&self.entity.table.to_string()));
        Ok(client.query_one(&sql, &[]).await.map_err(failed)?.get(0))
    }

    /// The conditions of the filters, as SQL over `t`.
    pub(super) fn conditions(&self, selection: &Selection) -> Result<Vec<String>, InviteError> {
        let mut all = Vec::new();
        if let Some(account) = &selection.account {
            let (_, key, _) = self.from();
            all.push(format!("{key} = {}", literal(account.trim())));
        }
        let choices = [
            ("--role", &selection.role, self.fields.role),
            ("--language", &selection.language, self.fields.language),
        ];
        for (option, value, field) in choices {
            let Some(value) = value else { continue };
            let field = self.required(option, field)?;
            let value = normal(&self.entity.fields[field], value)
                .map_err(|problem| InviteError::Option { option, problem })?;
            all.push(format!("{}::text = {}", self.column(field), literal(&value)));
        }
        if let Some(migrated) = selection.migrated {
            let field = self.required("--migrated", self.fields.migrated)?;
            all.push(format!("coalesce({}, false) = {migrated}", self.column(field)));
        }
        Ok(all)
    }

    fn required(&self, option: &'static str, field: Option<FieldIndex>) -> Result<FieldIndex, InviteError> {
        field.ok_or_else(|| InviteError::Option {
            option,
            problem: format!("the [invite] table of {} names no such field", self.entity.name),
        })
    }

    /// Puts the chosen users into the temporary table `muster_chosen`, and the given addresses into `muster_wanted`.
    /// `run` is a run's full id.
    pub(super) async fn choose(
        &self,
        client: &Client,
        conditions: &[String],
        wanted: Option<&[Wanted]>,
        run: Option<&str>,
    ) -> Result<(), LoadError> {
        let (from, account, _) = self.from();
        let mut conditions = conditions.to_vec();
        let address = self.address_column();
        client
            .batch_execute(
                "CREATE TEMPORARY TABLE muster_wanted (place text, number bigint, address text COLLATE \"C\")
                     ON COMMIT DROP",
            )
            .await
            .map_err(failed)?;
        if let Some(wanted) = wanted {
            let places: Vec<&str> = wanted.iter().map(|wanted| wanted.place.as_str()).collect();
            let addresses: Vec<&str> = wanted.iter().map(|wanted| wanted.address.as_str()).collect();
            let sql = "INSERT INTO muster_wanted SELECT p, n, a
                       FROM unnest($1::text[], $2::text[]) WITH ORDINALITY u(p, a, n)";
            client.execute(sql, &[&places, &addresses]).await.map_err(failed)?;
            conditions.push(format!("{address} IN (SELECT w.address FROM muster_wanted w)"));
        }
        if let Some(run) = run {
            conditions.push(format!(
                "t.{id} IN (SELECT r.id FROM muster.inserted b CROSS JOIN LATERAL (
                    SELECT unnest(b.ids) AS id WHERE b.ids IS NOT NULL UNION ALL
                    SELECT generate_series(b.first_id, b.last_id) WHERE b.ids IS NULL) r
                 WHERE b.run = {run}::uuid AND b.entity = {entity})",
                id = ident(&self.entity.system.id),
                run = literal(run),
                entity = literal(&self.entity.name),
            ));
        }
        let orphan =
            if self.fields.account.is_some() { format!("{account} IS NULL") } else { "false".to_owned() };
        let all = if conditions.is_empty() { "true".to_owned() } else { conditions.join(" AND ") };
        let sql = format!(
            "CREATE TEMPORARY TABLE muster_chosen ON COMMIT DROP AS
             SELECT t.{id}::bigint AS id, {address} AS address, {language} AS language, {account} AS account,
                    {orphan} AS orphan, row_number() OVER (PARTITION BY {address} ORDER BY t.{id}) AS place
             FROM {from} WHERE {all};
             ANALYZE muster_chosen",
            id = ident(&self.entity.system.id),
            language = self.text(self.fields.language),
        );
        client.batch_execute(&sql).await.map_err(failed)
    }
}

/// The normal form of a value as in a cell of this field, or why it has none.
fn normal(field: &Field, value: &str) -> Result<String, String> {
    let (normal, findings) = field.rule.normal_form(value).map_err(|why| why.to_string())?;
    // A fixed rule replaces the value, which is not what was asked for.
    if let Some(replaced) = findings.iter().find(|finding| finding.code == Code::Defaulted) {
        return Err(replaced.message.to_string());
    }
    if normal.is_empty() { Err("it is empty".to_owned()) } else { Ok(normal) }
}
