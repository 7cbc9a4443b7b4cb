//! Whether the names and values in a source fit the schema. Without a schema nothing is judged.

use jiff::tz::TimeZone;

use crate::nearest::nearest;
use crate::record::Code;
use crate::schema::{Entity, Field, Located, Mistakes, Schema};
use crate::source::field_advice;

/// What the fields of a source can be.
pub(super) struct Judge<'s> {
    entities: Option<Vec<&'s Entity>>,
}

impl<'s> Judge<'s> {
    /// The fields of the entity that the source names, else of all.
    pub(super) fn new(
        schema: Option<&'s Schema>,
        entity: Option<&Located<String>>,
        mistakes: &mut Mistakes<'_>,
    ) -> Self {
        let Some(schema) = schema else { return Self { entities: None } };
        let Some(entity) = entity else { return Self { entities: Some(schema.entities.iter().collect()) } };
        let found = schema.entities.iter().find(|known| known.name == entity.value);
        if found.is_none() {
            let known = schema.entities.iter().map(|known| known.name.as_str());
            let message = format!("there is no entity `{}`", entity.value);
            mistakes.unknown(&entity.place, message, &entity.value, known);
        }
        Self { entities: found.map(|entity| vec![entity]) }
    }

    /// The field of this name, if only one entity has it.
    fn found(&self, name: &str) -> Option<&'s Field> {
        let entities = self.entities.as_ref()?;
        let mut found = entities.iter().filter_map(|entity| Some(&entity.fields[entity.field(name)?]));
        found.next().filter(|_| found.next().is_none())
    }

    /// A field that the source may name.
    pub(super) fn field(&self, name: &Located<String>, mistakes: &mut Mistakes<'_>) -> Option<String> {
        let Some(entities) = &self.entities else { return Some(name.value.clone()) };
        if entities.iter().any(|entity| entity.field(&name.value).is_some()) {
            return Some(name.value.clone());
        }
        let fields = entities.iter().flat_map(|entity| &entity.fields).map(|field| field.name.as_str());
        let entity = entities.first().map_or("", |entity| entity.name.as_str());
        let of = if let [one] = entities.as_slice() { format!(" in {}", one.name) } else { String::new() };
        let message = format!("there is no field `{}`{of}", name.value);
        mistakes.advise(&name.place, message, field_advice(&name.value, fields, entity));
        None
    }

    /// A value that a field is given: whether its rule accepts it.
    pub(super) fn value(&self, field: &str, value: &Located<String>, mistakes: &mut Mistakes<'_>) {
        let Some(field) = self.found(field) else { return };
        let why = match field.rule.normal_form(&value.value) {
            Err(why) => Some(why),
            // What becomes another value is none of them.
            Ok((_, notes)) => {
                notes.into_iter().find(|note| note.code == Code::Defaulted).map(|note| note.message)
            }
        };
        if let Some(why) = why {
            let message = format!("`{}` is no value of {}", value.value, field.name);
            mistakes.advise(&value.place, message, why.to_string());
        } else if field.required && value.value.trim().is_empty() {
            mistakes.add(&value.place, format!("{} must not be empty", field.name));
        }
    }

    /// A time zone that is known.
    pub(super) fn time_zone(&self, name: &Located<String>, mistakes: &mut Mistakes<'_>) -> Option<String> {
        if TimeZone::get(&name.value).is_ok() {
            return Some(name.value.clone());
        }
        let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
        let folded = known.iter().map(|zone| (zone.to_lowercase(), zone.as_str()));
        let city = known.iter().filter_map(|zone| {
            let city = zone.rsplit_once('/')?.1;
            Some((city.to_lowercase(), zone.as_str()))
        });
        let word = name.value.to_lowercase();
        let near = nearest(&word, folded).or_else(|| nearest(&word, city));
        let hint = near.map_or_else(
            || "write an IANA name, for example Europe/Amsterdam".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        mistakes.advise(&name.place, format!("`{}` is no time zone", name.value), hint);
        None
    }
}
