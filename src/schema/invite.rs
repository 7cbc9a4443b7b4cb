//! Compiles `[invite]`: which fields say where an invitation goes, to whom, and in which language.

use super::compiled::{Field, InviteFields};
use super::entity::find;
use super::mistake::Mistakes;
use super::setting::Kind;
use super::shape::{EntityShape, INVITE_KEYS};

/// Of which types a field must be; none means any.
const KINDS: [&[Kind]; 7] = [
    &[Kind::Email],
    &[],
    &[],
    &[Kind::Choice, Kind::Language],
    &[],
    &[Kind::Choice, Kind::Text],
    &[Kind::Boolean],
];
/// Which of the keys is the account.
const ACCOUNT: usize = 4;

/// `None` where the records are not invited, or a mistake was reported.
pub(super) fn compile(
    shape: &EntityShape,
    fields: &[Option<Field>],
    mistakes: &mut Mistakes,
) -> Option<InviteFields> {
    let invite = shape.invite.as_ref()?;
    if invite.fields[0].is_none() {
        mistakes.advise(
            &invite.place,
            "[invite] does not say where a mail goes",
            "add email = \"…\", a field",
        );
    }
    let mut found = [None; 7];
    for (at, name) in invite.fields.iter().enumerate() {
        let Some(name) = name else { continue };
        let Some(index) = find(shape, name, mistakes) else { continue };
        let kind = shape.fields[index].kind.as_ref().map(|kind| kind.value);
        if let Some(kind) = kind
            && !KINDS[at].is_empty()
            && !KINDS[at].contains(&kind)
        {
            let message = format!("field `{}` has type {}", name.value, kind.name());
            let wanted: Vec<_> = KINDS[at].iter().map(|kind| kind.name()).collect();
            let hint = format!("{} is a field of type {}", INVITE_KEYS[at], wanted.join(" or "));
            mistakes.advise(&name.place, message, hint);
        }
        let refers = fields.get(index).and_then(Option::as_ref).is_none_or(|field| field.reference.is_some());
        if at == ACCOUNT && !refers {
            let message = format!("field `{}` refers to nothing", name.value);
            mistakes.advise(&name.place, message, "account is a field with references = \"…\"");
        }
        found[at] = Some(index);
    }
    let [email, first_name, last_name, language, account, role, migrated] = found;
    Some(InviteFields { email: email?, first_name, last_name, language, account, role, migrated })
}
