//! What taking lines apart promises, compared with another reader and writer.

use proptest::prelude::*;

use super::*;

/// The members of a line, values as JSON again.
fn members(line: &str) -> Result<Vec<(String, String)>, String> {
    let mut found = Vec::new();
    let walked = walk(line, &mut String::new(), |name, value| {
        let value = match value {
            Value::Null => "null".to_owned(),
            Value::Bare(start, end) | Value::List(start, end) => line[start..end].to_owned(),
            Value::Text { start, end, escaped } => {
                let mut text = String::new();
                unescape(&line[start..end], &mut text);
                assert_eq!(escaped, line[start..end].contains('\\'));
                serde_json::Value::from(text).to_string()
            }
        };
        found.push((name.to_owned(), value));
        Ok::<(), Fault>(())
    });
    walked.map(|()| found).map_err(|fault| format!("{} at {}", fault.message, fault.at))
}

fn flat(prefix: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
    for (name, value) in value.as_object().unwrap() {
        let name = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        if value.is_object() { flat(&name, value, out) } else { out.push((name, value.to_string())) }
    }
}

#[test]
fn names_are_dotted_and_values_are_places() {
    let line = r#" {"a":1.50,"b":{"c":"x\"\u00e9\ud83c\udfe0","d":{"e":[1,"y",{"z":{}}]}},"f":{},"g":true} "#;
    let found = members(line).unwrap();
    let found: Vec<_> = found.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(
        found,
        [("a", "1.50"), ("b.c", "\"x\\\"é🏠\""), ("b.d.e", r#"[1,"y",{"z":{}}]"#), ("g", "true")]
    );
}

#[test]
fn a_line_that_is_not_an_object_is_refused_with_the_place_of_its_fault() {
    for (line, said) in [
        ("", "the line is not a JSON object at 0"),
        ("[1]", "the line is not a JSON object at 0"),
        ("{", "a key in double quotes is missing at 1"),
        ("{\"a\"}", "a colon is missing at 4"),
        ("{\"a\":}", "a value is missing at 5"),
        ("{\"a\":1,}", "a key in double quotes is missing at 7"),
        ("{\"a\":01}", "it is not a JSON number at 5"),
        ("{\"a\":1.}", "it is not a JSON number at 5"),
        ("{\"a\":nul}", "it is neither null, true nor false at 5"),
        ("{\"a\":\"x}", "a double quote is never closed at 5"),
        ("{\"a\":\"\t\"}", "a control character in a text is not escaped at 6"),
        ("{\"a\":\"\\x\"}", "a backslash does not begin an escape at 6"),
        ("{\"a\":\"\\ud800\"}", "a \\u escape is not a character at 6"),
        ("{\"a\":\"\\u12é4\"}", "a \\u escape is not a character at 6"),
        ("{\"a\":1} x", "there is more text after the object at 8"),
        ("{\"a\":[1 2]}", "a comma or a closing bracket is missing at 8"),
    ] {
        assert_eq!(members(line).unwrap_err(), said, "{line}");
    }
    let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
    assert!(members(&deep(60)).is_ok() && members(&deep(100_000)).is_err());
    assert!(members(&format!("{{\"a\":{}1", "[".repeat(100_000))).is_err());
}

fn value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        "\\PC{0,4}|[\\\\\"\n\u{0}🏠]{0,4}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map("[a-z]{1,3}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn lines_of_another_writer_are_read(value in prop::collection::hash_map("[a-z\"]{1,3}", value(), 0..4)) {
        let object = serde_json::Value::Object(value.into_iter().collect());
        let mut expected = Vec::new();
        flat("", &object, &mut expected);
        prop_assert_eq!(members(&object.to_string()).unwrap(), expected);
    }

    #[test]
    fn no_line_makes_it_panic_and_it_accepts_every_line_that_another_reader_accepts(
        line in "\\{?(\"[ab]\"[:,]?|[\\[\\]{},:0-9.eE+\\-]|true|null|\"\\\\u[0-9a-fD]{4}\"| |é){0,12}\\}?"
    ) {
        let other: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(&line);
        // The other reader also knows how large a number may be.
        if other.is_ok() {
            prop_assert!(members(&line).is_ok(), "{}", line);
        } else if members(&line).is_ok() {
            prop_assert!(other.unwrap_err().to_string().contains("number out of range"), "{}", line);
        }
    }
}
