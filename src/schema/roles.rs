//! What each role may do, as data: `roles.toml` in the folder of the schema files. muster itself does not use it. It is
//! checked against the choice whose values are the roles, and passed on to systems that need it.

use std::io;
use std::path::Path;

use toml::de::DeTable;

use super::compiled::Schema;
use super::mistake::{Located, Mistakes, Place, SchemaError, SchemaFile};
use super::node::{Node, string};
use super::order::order;
use crate::rule::Rule;
use crate::side_file;
use crate::sql::literal;

/// The file's name.
pub(crate) const FILE: &str = "roles.toml";

const KEYS: [&str; 3] = ["choice", "permissions", "role"];
const ROLE_KEYS: [&str; 4] = ["name", "label", "includes", "may"];

/// All roles with what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Roles {
    /// The entity and the field whose values the roles are.
    pub(crate) choice: (String, String),
    /// The permissions: name and meaning.
    pub(crate) permissions: Vec<(String, String)>,
    /// In the order of the file.
    pub(crate) roles: Vec<Role>,
}

/// One role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Role {
    /// The value that the field has.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) label: String,
    /// Positions in [`Roles::permissions`], including those of included roles; each once, in order.
    pub(crate) may: Vec<usize>,
}

impl Roles {
    /// The file that is compiled in.
    pub(crate) fn built_in_file() -> SchemaFile {
        SchemaFile { name: FILE.to_owned(), text: include_str!("../../schemas/roles.toml").to_owned() }
    }

    /// The file of a folder, if it has one.
    pub(crate) fn file(folder: &Path) -> Result<Option<SchemaFile>, SchemaError> {
        let path = folder.join(FILE);
        match side_file::read_text(&path) {
            Ok(text) => Ok(Some(SchemaFile { name: FILE.to_owned(), text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(SchemaError::Unreadable { path, source }),
        }
    }

    /// Compiles the file against the schema that it belongs to.
    /// Errors: [`SchemaError::Mistakes`] with all of them.
    pub(crate) fn compile(file: &SchemaFile, schema: &Schema) -> Result<Self, SchemaError> {
        let files = std::slice::from_ref(file);
        let mut mistakes = Mistakes::new(files);
        let roles = read(file, schema, &mut mistakes);
        mistakes.into_result()?;
        Ok(roles.expect("a file without mistakes has roles"))
    }

    /// The permissions of a role: name and meaning.
    pub(crate) fn permissions_of<'r>(&'r self, role: &'r Role) -> impl Iterator<Item = &'r (String, String)> {
        role.may.iter().map(|&index| &self.permissions[index])
    }

    /// A script that fills the table `muster.roles`: a row for each role and permission, for other systems to join with
    /// the field. It can be run again.
    pub(crate) fn script(&self) -> String {
        let (entity, field) = &self.choice;
        let comment = format!("What each role may do: role is {field} of {entity}. Made by muster roles.");
        let mut script = format!(
            "BEGIN;\nSET LOCAL standard_conforming_strings = on;\nCREATE SCHEMA IF NOT EXISTS muster;\n\
             CREATE TABLE IF NOT EXISTS muster.roles (\n    role text COLLATE \"C\" NOT NULL,\n    \
             permission text COLLATE \"C\" NOT NULL,\n    description text NOT NULL,\n    \
             PRIMARY KEY (role, permission)\n);\nCOMMENT ON TABLE muster.roles IS {};\n\
             LOCK TABLE muster.roles IN SHARE ROW EXCLUSIVE MODE;\nDELETE FROM muster.roles;\n",
            literal(&comment)
        );
        for role in &self.roles {
            for (permission, description) in self.permissions_of(role) {
                script.push_str(&format!(
                    "INSERT INTO muster.roles VALUES ({}, {}, {});\n",
                    literal(&role.name),
                    literal(permission),
                    literal(description)
                ));
            }
        }
        script.push_str("COMMIT;\n");
        script
    }
}

/// A role as in the file.
struct RoleShape {
    place: Place,
    name: Option<Located<String>>,
    label: Option<Located<String>>,
    includes: Vec<Located<String>>,
    may: Vec<Located<String>>,
}

fn read(file: &SchemaFile, schema: &Schema, mistakes: &mut Mistakes) -> Option<Roles> {
    let (table, errors) = DeTable::parse_recoverable(&file.text);
    for error in &errors {
        mistakes.add(&Place { file: 0, span: error.span().unwrap_or_default() }, error.message());
    }
    if !errors.is_empty() {
        return None;
    }
    let mut node = Node::new(0, 0..0, table.get_ref());
    let top = node.place.clone();
    let choice = node.string("choice", mistakes);
    if node.take("choice").is_none() {
        mistakes.advise(
            &top,
            "the file does not say whose values the roles are",
            "begin with choice = \"users.role\"",
        );
    }
    let permissions: Vec<(Located<String>, String)> = match node.table("permissions", mistakes) {
        Some(table) => table
            .entries()
            .into_iter()
            .filter_map(|(name, value)| Some((string(0, value, &name.value, mistakes)?.value, name)))
            .map(|(meaning, name)| (name, meaning))
            .collect(),
        None => Vec::new(),
    };
    let shapes: Vec<RoleShape> =
        node.tables("role", mistakes).into_iter().map(|role| read_role(role, mistakes)).collect();
    node.finish("roles.toml", &KEYS, mistakes);
    if node.take("role").is_none() {
        mistakes.advise(&top, "the file has no role", "begin each one with a line [[role]]");
    }
    let choice = choice.and_then(|choice| check_choice(&choice, &shapes, schema, mistakes));
    let known: Vec<&str> = permissions.iter().map(|(name, _)| name.value.as_str()).collect();
    let own = shapes.iter().map(|shape| {
        let find = |name: &Located<String>, mistakes: &mut Mistakes| {
            let found = known.iter().position(|known| *known == name.value);
            if found.is_none() {
                let message = format!("unknown permission `{}`", name.value);
                mistakes.unknown(&name.place, message, &name.value, known.iter().copied());
            }
            found
        };
        shape.may.iter().filter_map(|name| find(name, mistakes)).collect()
    });
    let own: Vec<Vec<usize>> = own.collect();
    let may = included(&shapes, own, mistakes);
    let roles = shapes
        .into_iter()
        .zip(may)
        .filter_map(|(shape, may)| Some(Role { name: shape.name?.value, label: shape.label?.value, may }));
    let permissions = permissions.into_iter().map(|(name, meaning)| (name.value, meaning)).collect();
    Some(Roles { roles: roles.collect(), choice: choice?, permissions })
}

fn read_role(mut node: Node, mistakes: &mut Mistakes) -> RoleShape {
    let place = node.place.clone();
    let [name, label] = ["name", "label"].map(|key| {
        let value = node.string(key, mistakes);
        if node.take(key).is_none() {
            mistakes.advise(&place, format!("the role has no {key}"), format!("add {key} = \"…\""));
        }
        value
    });
    let shape = RoleShape {
        includes: node.strings("includes", mistakes),
        may: node.strings("may", mistakes),
        name,
        label,
        place,
    };
    node.finish("[[role]]", &ROLE_KEYS, mistakes);
    shape
}

/// Checks that the field exists, is a choice, and has the roles as its values.
fn check_choice(
    choice: &Located<String>,
    shapes: &[RoleShape],
    schema: &Schema,
    mistakes: &mut Mistakes,
) -> Option<(String, String)> {
    let fields = schema.entities.iter().flat_map(|entity| {
        entity.fields.iter().filter_map(move |field| match &field.rule {
            Rule::Choice(rule) => Some((format!("{}.{}", entity.name, field.name), entity, field, rule)),
            _ => None,
        })
    });
    let fields: Vec<_> = fields.collect();
    let Some((_, entity, field, rule)) = fields.iter().find(|(name, ..)| *name == choice.value) else {
        let known = fields.iter().map(|(name, ..)| name.as_str());
        mistakes.unknown(
            &choice.place,
            format!("there is no choice `{}`", choice.value),
            &choice.value,
            known,
        );
        return None;
    };
    let mut seen: Vec<&str> = Vec::new();
    for name in shapes.iter().filter_map(|shape| shape.name.as_ref()) {
        if seen.contains(&name.value.as_str()) {
            mistakes.add(&name.place, format!("role `{}` is described twice", name.value));
        } else if !rule.values().any(|value| value == name.value) {
            let message = format!("`{}` is not a value of {}", name.value, choice.value);
            mistakes.unknown(&name.place, message, &name.value, rule.values());
        }
        seen.push(&name.value);
    }
    for value in rule.values().filter(|value| !seen.contains(value)) {
        let message = format!("`{value}` of {} has no [[role]]", choice.value);
        mistakes.advise(&choice.place, message, "add one, with may = [] if it may do nothing");
    }
    Some((entity.name.clone(), field.name.clone()))
}

/// What each role may do, including the roles that it includes.
fn included(shapes: &[RoleShape], mut own: Vec<Vec<usize>>, mistakes: &mut Mistakes) -> Vec<Vec<usize>> {
    let named =
        |name: &str| shapes.iter().position(|shape| shape.name.as_ref().is_some_and(|own| own.value == name));
    let mut edges = Vec::new();
    for (from, shape) in shapes.iter().enumerate() {
        for include in &shape.includes {
            if let Some(to) = named(&include.value) {
                edges.push((to, from));
            } else {
                let names = shapes.iter().filter_map(|shape| Some(shape.name.as_ref()?.value.as_str()));
                let message = format!("unknown role `{}`", include.value);
                mistakes.unknown(&include.place, message, &include.value, names);
            }
        }
    }
    match order(shapes.len(), &edges) {
        Ok(order) => {
            for at in order {
                let more: Vec<usize> = edges
                    .iter()
                    .filter(|(_, from)| *from == at)
                    .flat_map(|(to, _)| own[*to].clone())
                    .collect();
                own[at].extend(more);
                own[at].sort_unstable();
                own[at].dedup();
            }
        }
        Err(cycle) => {
            let place = &shapes[cycle[0]].place;
            mistakes.advise(place, "the roles include each other in a circle", "remove one of the includes");
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compiled(text: &str) -> Result<Roles, String> {
        let file = SchemaFile { name: FILE.to_owned(), text: text.to_owned() };
        Roles::compile(&file, &Schema::built_in().unwrap()).map_err(|error| error.to_string())
    }

    fn built_in() -> String {
        Roles::built_in_file().text
    }

    #[test]
    fn the_built_in_roles_are_those_of_the_documents() {
        let roles = compiled(&built_in()).unwrap();
        let listed: Vec<_> = roles
            .roles
            .iter()
            .map(|role| {
                let may: Vec<_> = roles.permissions_of(role).map(|(name, _)| name.as_str()).collect();
                format!("{}: {}", role.label, may.join(" "))
            })
            .collect();
        assert_eq!(
            listed,
            [
                "No role: see-own-location see-own-sessions",
                "API developer: see-own-location see-own-sessions read-api-credentials",
                "Locations facilitator: see-own-location see-own-sessions see-invited-location",
                "Field Service Technician: see-own-location see-own-sessions install-stations configure-stations",
                "Billing admin: see-own-location see-own-sessions see-invoices",
                "Account admin: see-own-location see-own-sessions add-users see-all-sessions",
            ]
        );
    }

    #[test]
    fn every_mistake_is_reported_with_its_line_and_column() {
        for (from, to, said, place) in [
            ("\"users.role\"", "\"users.rol\"", "there is no choice `users.rol`", "roles.toml:6:10"),
            (
                "name = \"billingAdmin\"",
                "name = \"billing\"",
                "`billing` is not a value of users.role",
                ":44:8",
            ),
            (
                "name = \"billingAdmin\"",
                "name = \"billing\"",
                "`billingAdmin` of users.role has no [[role]]",
                ":6:10",
            ),
            ("may = [\"see-invoices\"]", "may = [\"see-invoice\"]", "did you mean `see-invoices`?", ":47:8"),
            ("label = \"No role\"", "", "the role has no label", ":20:1"),
            ("label = \"No role\"", "labl = \"No role\"", "did you mean `label`?", ":22:1"),
            ("label = \"No role\"", "label = \"x\"\nincludes = [\"accountAdmin\"]", "in a circle", ":20:1"),
            ("includes = [\"none\"]", "includes = [\"nobody\"]", "unknown role `nobody`", ":28:13"),
            ("[permissions]", "[permissions", "unclosed table", "roles.toml:"),
        ] {
            let error = compiled(&built_in().replacen(from, to, 1)).expect_err(to);
            assert!(error.contains(said) && error.contains(place), "{to}:\n{error}");
        }
    }

    #[test]
    fn the_script_has_a_row_for_each_role_and_permission() {
        let roles = compiled(&built_in().replace("Add users", "Add users' users")).unwrap();
        let script = roles.script();
        assert!(script.contains("VALUES ('accountAdmin', 'add-users', 'Add users'' users');"), "{script}");
        assert_eq!(script.matches("INSERT INTO").count(), 19);
    }
}
