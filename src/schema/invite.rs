//! Compiles `[invite]`: the fields with the address, the name and the language of an invitation.

use super::compiled::{Field, InviteFields};
use super::mistake::Mistakes;
use super::setting::Kind;
use super::shape::{EntityShape, INVITE_KEYS};

/// The types that each field may have; none means any.
const KINDS: [&[Kind]; 7] = [
    &[Kind::Email],
    &[],
    &[],
    &[Kind::Choice, Kind::Language],
    &[],
    &[Kind::Choice, Kind::Text],
    &[Kind::Boolean],
];
/// The position of the account among the keys.
const ACCOUNT: usize = 4;

/// `None` if the records are not invited or a mistake was reported.
pub(super) fn compile(
    shape: &EntityShape,
    fields: &[Option<Field>],
    mistakes: &mut Mistakes,
) -> Option<InviteFields> {
    let invite = shape.invite.as_ref()?;
    if invite.fields[0].is_none() {
        mistakes.advise(&invite.place, "[invite] does not say where mails go", "add email = \"…\", a field");
    }
    let mut found = [None; 7];
    for (at, name) in invite.fields.iter().enumerate() {
        let Some(name) = name else { continue };
        let Some(index) = shape.find(name, mistakes) else { continue };
        let kind = shape.fields[index].kind.as_ref().map(|kind| kind.value);
        if let Some(kind) = kind
            && !KINDS[at].is_empty()
            && !KINDS[at].contains(&kind)
        {
            let message = format!("field `{}` has type {}", name.value, kind.name());
            let wanted: Vec<_> = KINDS[at].iter().map(|kind| kind.name()).collect();
            let hint = format!("{} must be a field of type {}", INVITE_KEYS[at], wanted.join(" or "));
            mistakes.advise(&name.place, message, hint);
        }
        let refers = fields.get(index).and_then(Option::as_ref).is_none_or(|field| field.reference.is_some());
        if at == ACCOUNT && !refers {
            let message = format!("field `{}` is not a reference", name.value);
            mistakes.advise(&name.place, message, "account must be a field with references = \"…\"");
        }
        found[at] = Some(index);
    }
    let [email, first_name, last_name, language, account, role, migrated] = found;
    Some(InviteFields { email: email?, first_name, last_name, language, account, role, migrated })
}

#[cfg(test)]
mod tests {
    use super::super::{Schema, SchemaError, SchemaFile, compile};

    const ACCOUNTS: &str =
        "entity = \"accounts\"\nkey = \"k\"\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n";

    /// A schema of people with this `[invite]`, from line 4 on.
    fn people(invite: &str) -> Result<Schema, SchemaError> {
        let field = |name: &str, more: &str| format!("[[field]]\nname = \"{name}\"\n{more}\n");
        let fields = [
            field("mail", "type = \"email\"\nrequired = true"),
            field("first", "type = \"text\""),
            field("of", "type = \"text\"\nreferences = \"accounts\""),
            field("old", "type = \"boolean\""),
        ];
        let text = format!("entity = \"people\"\nkey = \"mail\"\n[invite]\n{invite}\n{}", fields.concat());
        compile(&[
            SchemaFile { name: "accounts.toml".to_owned(), text: ACCOUNTS.to_owned() },
            SchemaFile { name: "people.toml".to_owned(), text },
        ])
    }

    #[test]
    fn the_fields_of_an_invitation_are_found_by_name() {
        let schema =
            people("email = \"mail\"\nfirst_name = \"first\"\naccount = \"of\"\nmigrated = \"old\"").unwrap();
        assert_eq!(schema.entities[0].invite, None);
        let invite = schema.entities[1].invite.unwrap();
        assert_eq!(
            (invite.email, invite.first_name, invite.account, invite.migrated),
            (0, Some(1), Some(2), Some(3))
        );
        assert_eq!(invite.role, None);
        assert!(Schema::built_in().unwrap().entities[1].invite.is_some());
    }

    #[test]
    fn each_mistake_of_an_invitation_is_reported_at_its_line() {
        for (invite, line, word) in [
            ("first_name = \"first\"", 3, "where mails go"),
            ("email = \"first\"", 4, "type text"),
            ("email = \"mial\"", 4, "no field `mial`"),
            ("email = \"mail\"\naccount = \"first\"", 5, "is not a reference"),
            ("email = \"mail\"\nmigrated = \"first\"", 5, "type text"),
            ("email = \"mail\"\nname = \"first\"", 5, "unknown key"),
        ] {
            let error = people(invite).unwrap_err().to_string();
            assert!(
                error.contains(&format!("people.toml:{line}:")) && error.contains(word),
                "{invite}: {error}"
            );
        }
    }
}
