//! Tests of the compiler: the built-in schemas are the documented ones, and each mistake is reported at its line.

use super::*;
use crate::record::{Code, Severity};
use crate::rule::Rule;

fn entity<'s>(schema: &'s Schema, name: &str) -> &'s Entity {
    schema.entities.iter().find(|entity| entity.name == name).unwrap()
}

fn columns(entity: &Entity) -> Vec<(&str, &str)> {
    entity.fields.iter().map(|field| (field.name.as_str(), field.column.as_str())).collect()
}

#[test]
fn the_built_in_schemas_compile_and_accounts_load_first() {
    let schema = Schema::built_in().unwrap_or_else(|error| panic!("{error}"));
    let names: Vec<&str> = schema.entities.iter().map(|entity| entity.name.as_str()).collect();
    assert_eq!(names, ["accounts", "users"]);
    assert_eq!(schema.sha256.len(), 64);
}

#[test]
fn accounts_have_every_documented_column() {
    let schema = Schema::built_in().unwrap();
    let accounts = entity(&schema, "accounts");
    let expected = [
        ("legacyId", "legacy_id"),
        ("type", "type"),
        ("name", "name"),
        ("plan", "plan"),
        ("language", "language"),
        ("contact.gender", "contact_gender"),
        ("contact.firstName", "contact_first_name"),
        ("contact.lastName", "contact_last_name"),
        ("contact.email", "contact_email"),
        ("contact.phone", "contact_phone"),
        ("companyNumber", "company_number"),
        ("vatNumber", "vat_number"),
        ("billingAddress.street", "billing_address_street"),
        ("billingAddress.number", "billing_address_number"),
        ("billingAddress.postalCode", "billing_address_postal_code"),
        ("billingAddress.city", "billing_address_city"),
        ("billingAddress.province", "billing_address_province"),
        ("billingAddress.countryCode", "billing_address_country_code"),
        ("payment.method", "payment_method"),
        ("payment.iban", "payment_iban"),
        ("payment.bic", "payment_bic"),
        ("payment.accountHolder", "payment_account_holder"),
        ("payment.reference", "payment_reference"),
        ("reimbursement.enabled", "reimbursement_enabled"),
        ("reimbursement.iban", "reimbursement_iban"),
        ("reimbursement.bic", "reimbursement_bic"),
        ("reimbursement.accountHolder", "reimbursement_account_holder"),
        ("reimbursement.email", "reimbursement_email"),
        ("reimbursement.reference", "reimbursement_reference"),
        ("notifications.enabled", "notifications_enabled"),
        ("notifications.email", "notifications_email"),
        ("featureFlags", "feature_flags"),
        ("labels", "labels"),
    ];
    assert_eq!(columns(accounts), expected);
    assert_eq!(accounts.fields[accounts.key].name, "legacyId");
    assert_eq!(accounts.ignored, ["integrations.*", "netsuite.*"]);
    let sensitive: Vec<&str> =
        accounts.fields.iter().filter(|field| field.sensitive).map(|field| field.name.as_str()).collect();
    assert_eq!(
        sensitive,
        [
            "payment.iban",
            "payment.bic",
            "payment.accountHolder",
            "reimbursement.iban",
            "reimbursement.bic",
            "reimbursement.accountHolder"
        ]
    );
}

#[test]
fn users_have_every_documented_column() {
    let schema = Schema::built_in().unwrap();
    let users = entity(&schema, "users");
    let expected = [
        ("email", "email"),
        ("legacyId", "legacy_id"),
        ("account.legacyId", "account_id"),
        ("role", "role"),
        ("contact.gender", "contact_gender"),
        ("contact.firstName", "contact_first_name"),
        ("contact.lastName", "contact_last_name"),
        ("contact.phone", "contact_phone"),
        ("defaultLangCode", "default_lang_code"),
        ("migrated", "migrated"),
    ];
    assert_eq!(columns(users), expected);
    let account = &users.fields[users.field("account.legacyId").unwrap()];
    assert_eq!(account.reference, Some(Reference { entity: 0 }));
    assert_eq!(account.aliases, ["accountLegacyId", "accountExternalId", "accountId", "organization"]);
    let unique: Vec<&str> = users.unique_fields().map(|i| users.fields[i].name.as_str()).collect();
    assert_eq!(unique, ["email", "legacyId"]);
}

#[test]
fn the_fixed_rules_are_in_the_data() {
    let schema = Schema::built_in().unwrap();
    let users = entity(&schema, "users");
    let accounts = entity(&schema, "accounts");
    for (entity, field, empty) in [
        (accounts, "contact.gender", Some("male")),
        (users, "contact.gender", Some("male")),
        (users, "defaultLangCode", Some("en")),
        (users, "migrated", Some("false")),
        (users, "role", Some("none")),
        (accounts, "language", Some("en")),
        (accounts, "featureFlags", Some("{}")),
        (accounts, "reimbursement.enabled", None),
        (accounts, "type", None),
    ] {
        assert_eq!(entity.fields[entity.field(field).unwrap()].when_empty(), empty, "{field}");
    }
    let role = &users.fields[users.field("role").unwrap()];
    let Rule::Choice(role) = &role.rule else { panic!("role is a choice") };
    let roles: Vec<&str> = role.values().collect();
    assert_eq!(
        roles,
        [
            "none",
            "apiDeveloper",
            "locationsFacilitator",
            "fieldServiceTechnician",
            "billingAdmin",
            "accountAdmin"
        ]
    );
}

#[test]
fn a_field_is_validated_after_the_one_that_it_needs() {
    let schema = Schema::built_in().unwrap();
    let accounts = entity(&schema, "accounts");
    let at = |name: &str| {
        let index = accounts.field(name).unwrap();
        accounts.validation_order.iter().position(|&i| i == index).unwrap()
    };
    for name in ["contact.phone", "companyNumber", "vatNumber", "billingAddress.postalCode"] {
        assert!(at("billingAddress.countryCode") < at(name), "{name}");
    }
    assert!(at("payment.iban") < at("payment.bic"));
    assert_eq!(accounts.validation_order.len(), accounts.fields.len());
}

#[test]
fn a_third_entity_needs_no_code() {
    let mut files = Schema::built_in_files();
    files.push(SchemaFile {
        name: "locations.toml".into(),
        text: "entity = \"locations\"\nkey = \"code\"\n[table]\nschema = \"crm\"\nid = \"nr\"\nupdated_at = false\n\
               [[field]]\nname = \"code\"\ntype = \"text\"\nrequired = true\n\
               [[field]]\nname = \"account\"\ntype = \"text\"\nreferences = \"accounts\"\ncolumn = \"account_id\"\n\
               [[field]]\nname = \"power\"\ntype = \"integer\"\nseverity = { too-long = \"warning\" }\n\
               [[row_rule]]\nkind = \"one-of\"\nfields = [\"account\", \"power\"]\n"
            .into(),
    });
    let schema = compile(&files).unwrap_or_else(|error| panic!("{error}"));
    let locations = entity(&schema, "locations");
    assert_eq!(locations.table.to_string(), "\"crm\".\"locations\"");
    assert_eq!(locations.system.updated_at, None);
    assert_eq!(locations.fields[1].reference, Some(Reference { entity: 0 }));
    assert_eq!(locations.fields[2].severity(Code::TooLong), Severity::Warning);
    assert_eq!(locations.row_rules.len(), 1);
}

const HEAD: &str =
    "entity = \"things\"\nkey = \"id1\"\n[[field]]\nname = \"id1\"\ntype = \"text\"\nrequired = true\n";

/// The mistakes of fields after a correct beginning of six lines: `line:column message`.
fn mistakes_of(rest: &str) -> Vec<String> {
    listed(&[SchemaFile { name: "things.toml".into(), text: format!("{HEAD}{rest}") }])
}

fn listed(files: &[SchemaFile]) -> Vec<String> {
    match compile(files) {
        Ok(_) => Vec::new(),
        Err(SchemaError::Mistakes(mistakes)) => {
            mistakes.iter().map(|m| format!("{}:{} {}", m.line, m.column, m.message)).collect()
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn each_mistake_is_reported_at_its_place() {
    let field = |settings: &str| format!("[[field]]\nname = \"x\"\n{settings}\n");
    let table = [
        ("type = \"text\"\nrequird = true", "10:1 unknown key `requird` in a field"),
        ("type = \"txt\"", "9:8 unknown type `txt`"),
        ("", "8:8 the field has no type"),
        ("type = \"text\"\nvalues = [\"a\"]", "10:1 `values` does not fit type text"),
        ("type = \"phone\"\niban_field = \"id1\"", "10:1 `iban_field` does not fit type phone"),
        ("type = \"text\"\nrequired = \"yes\"", "10:12 `required` is a string, not a boolean"),
        ("type = \"text\"\nmax_length = 0", "10:14 `max_length` is not a whole number from 1 up"),
        ("type = \"text\"\nmin_length = 9\nmax_length = 3", "10:14 min_length 9 is more than max_length 3"),
        (
            "type = \"text\"\naliases = [\"ID-1\"]",
            "10:12 header `ID-1` already means field `id1` (things.toml:4)",
        ),
        ("type = \"text\"\ncolumn = \"id1\"", "10:10 column `id1` is used twice; first at things.toml:4"),
        ("type = \"text\"\ncolumn = \"id\"", "10:10 column `id` is used twice; first at things.toml:1"),
        ("type = \"text\"\ncolumn = \"xmin\"", "10:10 column `xmin` is one of PostgreSQL's own"),
        ("type = \"text\"\naliases = [\"password\"]", "10:12 `password` looks like a column of passwords"),
        ("type = \"text\"\nreferences = \"thing\"", "10:14 no file describes entity `thing`"),
        ("type = \"text\"\nreferences = \"things\"", "10:14 the references form a circle: things → things"),
        ("type = \"phone\"\ncountry_field = \"land\"", "10:17 entity `things` has no field `land`"),
        ("type = \"phone\"\ncountry_field = \"id1\"", "10:17 field `id1` has type text, not country"),
        ("type = \"phone\"\ndefault_country = \"Holland\"", "10:19 `Holland` is not a country code"),
        ("type = \"text\"\npattern = \"(\"", "10:11 the pattern does not compile: unclosed group"),
        (
            "type = \"text\"\npattern = { regex = \"a\", when = \"id1\" }",
            "10:33 a pattern's condition needs both `when` and `equals`",
        ),
        (
            "type = \"text\"\npattern = { regex = \"a\", when = \"x\", equals = \"b\" }",
            "10:33 the fields depend on each other in a circle: x → x",
        ),
        ("type = \"text\"\nseverity = { no-such = \"reject\" }", "10:14 unknown code `no-such`"),
        ("type = \"text\"\nseverity = { too-long = \"error\" }", "10:25 unknown severity `error`"),
        (
            "type = \"text\"\nseverity = { nul-byte = \"ignore\" }",
            "10:14 `nul-byte` is about a record's structure, not about a field",
        ),
        (
            "type = \"text\"\nseverity = { not-text = \"ignore\" }",
            "10:14 `not-text` is about whole files, not about a field",
        ),
        (
            "type = \"text\"\nseverity = { invalid-iban = \"warning\" }",
            "10:14 `invalid-iban` never occurs with type text",
        ),
        (
            "type = \"boolean\"\nseverity = { invalid-boolean = \"warning\" }",
            "10:14 a column of type boolean cannot hold a value with `invalid-boolean`",
        ),
        (
            "type = \"date\"\nseverity = { ambiguous-date = \"ignore\" }",
            "10:14 a column of type date cannot hold a value with `ambiguous-date`",
        ),
        (
            "type = \"text\"\nrequired = true\nseverity = { required = \"warning\" }",
            "11:14 the column cannot hold the missing value: the field is required",
        ),
        (
            "type = \"text\"\nrequired = true\ndefault = \"a\"",
            "11:11 a required field is never empty, so its default is never used",
        ),
        ("type = \"boolean\"\ndefault = \"nee\"", "10:11 `nee` is none of the field's values"),
        (
            "type = \"boolean\"\nspellings = { true = [\"false\"] }",
            "10:23 `false` cannot be both true and false",
        ),
        ("type = \"choice\"", "8:8 the choice `x` has no values"),
        ("type = \"choice\"\nvalues = [\"a b\", \"A_B\"]", "10:18 `A_B` already means `a b`"),
        ("type = \"choice\"\nvalues = [\"a\", \"a\"]", "10:16 `a` is listed twice"),
        (
            "type = \"choice\"\nvalues = [\"a\"]\notherwise = \"b\"",
            "11:13 otherwise `b` is none of the values",
        ),
        ("type = \"choice\"\nvalues = { a = [\"b\"] }\nexact = true", "10:17 an exact choice has no aliases"),
        (
            "type = \"list\"\nseparator = \"; \"",
            "10:13 the separator is not one character that a cell can hold",
        ),
        ("type = \"date\"\nformat = \"day\"", "10:10 the format `day` is not complete"),
        ("type = \"text\"\non_update = \"never\"", "10:13 unknown on_update `never`"),
    ];
    let mut wrong = Vec::new();
    for (settings, expected) in table {
        let found = mistakes_of(&field(settings));
        if found != [expected] {
            wrong.push(format!("{settings}\n  expected {expected}\n  found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn mistakes_outside_fields_are_reported_at_their_place() {
    let table: [(&str, &[&str]); 10] = [
        ("[[row_rule]]\nkind = \"some-of\"\n", &["8:8 unknown kind `some-of`"]),
        ("[[row_rule]]\nfield = \"id1\"\n", &["7:1 the row rule has no kind"]),
        (
            "[[row_rule]]\nkind = \"one-of\"\nfields = [\"id1\", \"id3\"]\n",
            &["9:18 entity `things` has no field `id3`"],
        ),
        ("[[row_rule]]\nkind = \"one-of\"\nfields = [\"id1\"]\n", &["8:8 one-of needs at least two fields"]),
        (
            "[[row_rule]]\nkind = \"equal-to\"\nfield = \"id1\"\nother = \"id1\"\n",
            &["10:9 the rule names the same field twice"],
        ),
        (
            "[[row_rule]]\nkind = \"equal-to\"\nfield = \"id1\"\n",
            &["8:8 a row rule of kind equal-to needs `other`"],
        ),
        ("[table]\nnam = \"x\"\n", &["8:1 unknown key `nam` in [table]"]),
        ("[[field]]\ntype = \"text\"\n", &["7:1 the field has no name"]),
        ("[[field]\nname = 1\n", &["7:9 unclosed array table, expected `]`"]),
        ("[other]\nname = 1\n", &["7:2 unknown key `other` in a schema file"]),
    ];
    for (rest, expected) in table {
        assert_eq!(mistakes_of(rest), expected, "{rest}");
    }
}

#[test]
fn an_entity_needs_a_name_that_can_be_typed_and_a_required_text_as_key() {
    let file = |text: &str| [SchemaFile { name: "a.toml".into(), text: text.into() }];
    let field = "[[field]]\nname = \"k\"\ntype = \"text\"\n";
    assert_eq!(listed(&file(&format!("entity = \"a\"\n{field}"))), ["1:10 the entity has no key"]);
    assert_eq!(
        listed(&file(&format!("entity = \"a\"\nkey = \"k\"\n{field}"))),
        ["4:8 the key `k` is not required"]
    );
    let date = "[[field]]\nname = \"k\"\ntype = \"date\"\nrequired = true\n";
    assert_eq!(
        listed(&file(&format!("entity = \"a\"\nkey = \"k\"\n{date}"))),
        ["5:8 the key `k` has type date"]
    );
    let sound = "[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n";
    assert_eq!(
        listed(&file(&format!("entity = \"../a\"\nkey = \"k\"\n{sound}"))),
        ["1:10 `../a` cannot be typed as entity=FILE"]
    );
    assert_eq!(listed(&file(field)), ["1:1 the file does not name its entity"]);
}

#[test]
fn all_mistakes_of_all_files_are_reported_at_once() {
    let files = [
        SchemaFile {
            name: "b.toml".into(),
            text: "entity = \"b\"\nkey = \"k\"\n[[field]]\nname = \"k\"\ntype = \"texts\"\n\
                   [[field]]\nname = \"p\"\ntype = \"phone\"\ncountry_field = \"q\"\ncolour = 1\n"
                .into(),
        },
        SchemaFile { name: "a.toml".into(), text: "entity = \n".into() },
    ];
    let Err(SchemaError::Mistakes(mistakes)) = compile(&files) else { panic!("a broken schema compiled") };
    let places: Vec<(&str, usize)> = mistakes.iter().map(|m| (m.file.as_str(), m.line)).collect();
    assert_eq!(places, [("a.toml", 1), ("b.toml", 4), ("b.toml", 5), ("b.toml", 9), ("b.toml", 10)]);
    assert_eq!(mistakes[2].hint.as_deref(), Some("did you mean `text`?"));
}

#[test]
fn references_in_a_circle_are_a_mistake() {
    let file = |name: &str, other: &str| SchemaFile {
        name: format!("{name}.toml"),
        text: format!(
            "entity = \"{name}\"\nkey = \"k\"\n[[field]]\nname = \"k\"\ntype = \"text\"\nrequired = true\n\
             [[field]]\nname = \"o\"\ntype = \"text\"\nreferences = \"{other}\"\n"
        ),
    };
    let found = listed(&[file("a", "b"), file("b", "a")]);
    assert_eq!(found, ["10:14 the references form a circle: a → b → a"]);
}

#[test]
fn a_folder_may_hold_other_toml_files() {
    let folder = tempfile::tempdir().unwrap();
    let empty = Schema::load(folder.path()).unwrap_err();
    assert!(matches!(empty, SchemaError::NoSchema { .. }));
    for file in Schema::built_in_files() {
        std::fs::write(folder.path().join(&file.name), &file.text).unwrap();
    }
    std::fs::write(folder.path().join("roles.toml"), "[roles]\nadmin = \"accountAdmin\"\n").unwrap();
    let loaded = Schema::load(folder.path()).unwrap();
    assert_eq!(loaded.sha256, Schema::built_in().unwrap().sha256);
    let missing = Schema::load(&folder.path().join("none")).unwrap_err();
    assert!(matches!(missing, SchemaError::Unreadable { .. }));
}

#[test]
fn values_in_a_schema_are_validated_by_the_rules_of_their_fields() {
    let country = "[[field]]\nname = \"land\"\ntype = \"country\"\n";
    for (settings, place) in [
        ("[[field]]\nname = \"x\"\ntype = \"phone\"\ndefault_country = \"XX\"\n", "10:19 "),
        ("[[field]]\nname = \"x\"\ntype = \"language\"\ndefault = \"Nederlands!\"\n", "10:11 "),
        ("[[field]]\nname = \"x\"\ntype = \"integer\"\ndefault = 1.5\n", "10:11 "),
        (
            &format!(
                "{country}[[field]]\nname = \"x\"\ntype = \"text\"\n\
                 pattern = {{ regex = \"a\", when = \"land\", equals = \"Narnia\" }}\n"
            ),
            "13:50 ",
        ),
        (
            &format!(
                "{country}[[row_rule]]\nkind = \"required-when\"\nfield = \"id1\"\nwhen = \"land\"\nequals = \"?\"\n"
            ),
            "14:10 ",
        ),
    ] {
        let found = mistakes_of(settings);
        assert!(found.len() == 1 && found[0].starts_with(place), "{settings}{found:?}");
    }
    let other_form = format!(
        "{country}[[field]]\nname = \"x\"\ntype = \"text\"\n\
         pattern = {{ regex = \"a\", when = \"land\", equals = \"Nederland\" }}\n"
    );
    assert_eq!(mistakes_of(&other_form), ["13:50 `Nederland` is kept as `NL` in the other field"]);
}
