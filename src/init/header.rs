//! What a column's header says: which fields its words name, and how surely. The values are not looked at.

use std::collections::HashSet;

use crate::schema::{Entity, header_key};

use super::synonyms::{Synonyms, Terms};

/// How surely a header names something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Said {
    /// It does not.
    #[default]
    Nothing,
    /// Some of its words do, and others are not known.
    Partly,
    /// All its words do.
    Fully,
    /// It is the schema's own name or an alias.
    Exactly,
}

/// What a header says about one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Hearing {
    pub(super) said: Said,
    /// How many of its words name the thing itself: the more, the nearer.
    pub(super) words: usize,
    /// Which of the target's names, the likelier first.
    pub(super) rank: usize,
    /// How many words stand beside the name: the bare name is the thing itself.
    pub(super) beside: usize,
}

/// What a column can become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// One field.
    Field(usize),
    /// The first word and the other words are fields.
    Split { first: usize, others: usize },
    /// It is put before or after the column of a field.
    Join { field: usize, before: bool },
}

/// A target with its names.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) target: Target,
    /// Per name, the likelier first: the words, and all of them without spaces.
    names: Vec<(usize, Vec<String>, String)>,
    /// Names that count only where another column is this field.
    pub(super) with: Option<(usize, Vec<String>)>,
    beside: HashSet<String>,
    required: HashSet<String>,
    other: HashSet<String>,
}

/// A header, taken apart.
#[derive(Debug, Clone)]
pub(super) struct Header {
    words: Vec<String>,
    key: String,
    name: String,
}

impl Header {
    pub(super) fn new(name: &str, synonyms: &Synonyms) -> Self {
        let words = synonyms.words(name);
        Self { key: words.concat(), words, name: name.to_owned() }
    }

    /// Whether any of its words is part of a name.
    pub(super) fn names_something(&self, synonyms: &Synonyms) -> bool {
        synonyms.names_something(&self.words)
    }

    /// The field that has it as its own name or as an alias.
    pub(super) fn own(&self, entity: &Entity) -> Option<usize> {
        if header_key(&self.name).is_empty() { None } else { entity.meant(&self.name) }
    }
}

/// Everything that a column of an entity's file can become.
pub(super) fn targets(entity: &Entity, synonyms: &Synonyms) -> Vec<Named> {
    let mut all = Vec::new();
    for (index, field) in entity.fields.iter().enumerate() {
        let listed = synonyms.fields.get(&entity.name).and_then(|fields| fields.get(&field.name));
        let (terms, own) = match listed {
            Some(terms) => (terms.clone(), Vec::new()),
            None => derived(entity, index, synonyms),
        };
        let mut named = Named::new(Target::Field(index), &terms, entity, synonyms);
        let spelled = std::iter::once(&field.name).chain(&field.aliases).chain(&own);
        for name in spelled {
            let words = synonyms.words(name);
            if !words.is_empty() {
                named.names.push((0, words.clone(), words.concat()));
            }
        }
        if !own.is_empty() {
            named.put_beside(&field.name, synonyms);
        }
        all.push(named);
    }
    let index = |name: &str| entity.field(name);
    for terms in synonyms.split.get(&entity.name).into_iter().flatten() {
        if let (Some(first), Some(others)) = (index(&terms.first), index(&terms.others)) {
            let names = Terms { is: terms.is.clone(), of: terms.of.clone(), ..Terms::default() };
            all.push(Named::new(Target::Split { first, others }, &names, entity, synonyms));
        }
    }
    for terms in synonyms.join.get(&entity.name).into_iter().flatten() {
        let names = Terms { is: terms.is.clone(), of: terms.of.clone(), ..Terms::default() };
        let before =
            terms.before.as_deref().and_then(index).map(|field| Target::Join { field, before: true });
        let after = terms.after.as_deref().and_then(index).map(|field| Target::Join { field, before: false });
        if let Some(target) = before.or(after) {
            all.push(Named::new(target, &names, entity, synonyms));
        }
    }
    all
}

/// The names of a field that the synonyms do not list: those that its last word is one of. The second result are its own
/// words, where they are enough.
fn derived(entity: &Entity, index: usize, synonyms: &Synonyms) -> (Terms, Vec<String>) {
    let name = &entity.fields[index].name;
    let last = name.rsplit('.').next().unwrap_or(name);
    let key = synonyms.words(last).concat();
    let is_last = |other: &str| synonyms.words(other.rsplit('.').next().unwrap_or(other)).concat() == key;
    let is_alone = entity.fields.iter().filter(|field| is_last(&field.name)).count() == 1;
    if !is_alone {
        return (Terms::default(), Vec::new());
    }
    let means = |phrases: &Vec<String>| phrases.iter().any(|each| synonyms.words(each).concat() == key);
    let is = synonyms.names.iter().filter(|(_, phrases)| means(phrases)).map(|(name, _)| name.clone());
    (Terms { is: is.collect(), ..Terms::default() }, vec![last.to_owned()])
}

impl Named {
    fn new(target: Target, terms: &Terms, entity: &Entity, synonyms: &Synonyms) -> Self {
        let mut names = Vec::new();
        for (rank, name) in terms.is.iter().enumerate() {
            for phrase in synonyms.names.get(name).into_iter().flatten() {
                let words = synonyms.words(phrase);
                names.push((rank, words.clone(), words.concat()));
            }
        }
        names.retain(|(_, words, _)| !words.is_empty());
        let group = |names: &[String]| -> HashSet<String> {
            names.iter().filter_map(|name| synonyms.groups.get(name)).flatten().cloned().collect()
        };
        let required = group(&terms.only);
        let mut beside = group(&terms.of);
        beside.extend(required.iter().cloned());
        beside.extend(synonyms.entities.get(&entity.name).into_iter().flatten().cloned());
        beside.extend(synonyms.words(&entity.name));
        let mut other: HashSet<String> = synonyms.groups.values().flatten().cloned().collect();
        beside.extend(synonyms.decorations.iter().cloned());
        other.retain(|word| !beside.contains(word));
        // Another name of the same thing says nothing else: `Tel. mobiel`.
        beside.extend(names.iter().flat_map(|(_, words, _)| words.iter().cloned()));
        let with = terms.is_with.iter().find_map(|(field, name)| {
            let phrases = synonyms.names.get(name)?;
            Some((entity.field(field)?, phrases.iter().map(|each| synonyms.words(each).concat()).collect()))
        });
        Self { target, names, with, beside, required, other }
    }

    /// What a header says about this target where a column is the other field of `with`.
    pub(super) fn hear_beside(&self, header: &Header) -> Hearing {
        match &self.with {
            Some((_, keys)) if keys.contains(&header.key) => {
                Hearing { said: Said::Fully, words: header.words.len(), ..Hearing::default() }
            }
            _ => Hearing::default(),
        }
    }

    /// The words before the last of a dotted name may stand beside its last.
    fn put_beside(&mut self, name: &str, synonyms: &Synonyms) {
        if let Some((group, _)) = name.rsplit_once('.') {
            let words = synonyms.words(group);
            self.other.retain(|word| !words.contains(word));
            self.beside.extend(words);
        }
    }

    /// What a header says about this target; `own` is the field that has it as its own name.
    pub(super) fn hear(&self, header: &Header, own: Option<usize>) -> Hearing {
        if let Target::Field(field) = self.target
            && own == Some(field)
        {
            return Hearing { said: Said::Exactly, words: header.words.len().max(1), ..Hearing::default() };
        }
        let heard = self.names.iter().filter_map(|name| self.heard(header, name));
        let better = |a: &Hearing, b: &Hearing| {
            (a.said, a.words, usize::MAX - a.rank) >= (b.said, b.words, usize::MAX - b.rank)
        };
        heard.reduce(|a, b| if better(&a, &b) { a } else { b }).unwrap_or_default()
    }

    fn heard(&self, header: &Header, (rank, words, key): &(usize, Vec<String>, String)) -> Option<Hearing> {
        if header.words.is_empty() {
            return None;
        }
        if *key == header.key && self.required.is_empty() {
            return Some(Hearing { said: Said::Fully, words: header.words.len(), rank: *rank, beside: 0 });
        }
        let mut rest: Vec<&String> = header.words.iter().collect();
        for word in words {
            let at = rest.iter().position(|other| *other == word)?;
            rest.remove(at);
        }
        if rest.iter().any(|word| self.other.contains(*word)) {
            return None;
        }
        if !self.required.is_empty() && !header.words.iter().any(|word| self.required.contains(word)) {
            return None;
        }
        let unknown = rest.iter().filter(|word| !self.beside.contains(**word)).count();
        let said = if unknown == 0 { Said::Fully } else { Said::Partly };
        let hearing = Hearing { said, words: words.len(), rank: *rank, beside: rest.len() };
        (unknown <= words.len()).then_some(hearing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;

    fn heard(entity: usize, header: &str) -> Vec<(String, Said)> {
        let schema = Schema::built_in().unwrap();
        let synonyms = Synonyms::parse(Synonyms::built_in_text()).unwrap();
        let entity = &schema.entities[entity];
        let header = Header::new(header, &synonyms);
        let mut found = Vec::new();
        for named in targets(entity, &synonyms) {
            let hearing = named.hear(&header, header.own(entity));
            if hearing.said > Said::Partly {
                let name = match named.target {
                    Target::Field(field) => entity.fields[field].name.clone(),
                    other => format!("{other:?}"),
                };
                found.push((name, hearing.said));
            }
        }
        found
    }

    #[test]
    fn words_of_a_group_say_which_of_the_like_fields_is_meant() {
        for (header, field) in [
            ("Factuuradres straat", "billingAddress.street"),
            ("billing_zip", "billingAddress.postalCode"),
            ("Klant e-mail", "contact.email"),
            ("E-mail", "contact.email"),
            ("Meldingen e-mail", "notifications.email"),
            ("Vergoeding IBAN", "reimbursement.iban"),
            ("IBAN", "payment.iban"),
            ("Telefoonnummer contactpersoon", "contact.phone"),
            ("N° TVA", "vatNumber"),
            ("USt-IdNr.", "vatNumber"),
        ] {
            assert_eq!(heard(0, header), [(field.to_owned(), Said::Fully)], "{header}");
        }
        for header in ["Leveradres straat", "Fax", "Shipping Zip", "Parent Account", "E-mail 2", "", "-"] {
            assert_eq!(heard(0, header), [], "{header}");
        }
        assert_eq!(heard(1, "e-mail").first(), Some(&("email".to_owned(), Said::Exactly)));
    }
}
