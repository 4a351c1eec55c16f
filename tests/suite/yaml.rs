//! What is printed reads back the same, with our reader and with another one.

use gateshift::yaml::{Documents, Node, Resolved, Value, print};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

/// A node as the JSON that Kubernetes makes of it.
fn to_json(node: &Node) -> Json {
    match &node.value {
        Value::Scalar(scalar) => match scalar.resolve().expect("a scalar without a wrong tag") {
            Resolved::Null => Json::Null,
            Resolved::Bool(value) => json!(value),
            Resolved::Int(value) => json!(value),
            Resolved::Unsigned(value) => json!(value),
            Resolved::Float(value) => json!(value),
            Resolved::Text(text) => json!(text),
        },
        Value::Sequence(items) => Json::Array(items.iter().map(to_json).collect()),
        Value::Mapping(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.as_text().expect("a scalar key").to_owned(), to_json(value)));
            Json::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn read_back(text: &str) -> Json {
    let documents: Vec<_> = Documents::new(text).collect();
    let [document] = documents.as_slice() else { panic!("one document: {text}") };
    assert_eq!(document.problems, [], "{text}");
    document.root.as_ref().map_or(Json::Null, to_json)
}

/// Text as it occurs, and text as nobody writes it.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z/.$()|*-]{0,12}",
        "[-+0-9.:_xobeEtTzZ ]{1,10}",
        "[ -~]{0,20}",
        "[ \\t\\n\\r#:a'\"\\\\-]{0,12}",
        "([a-z #:]{0,6}\\n){0,4}",
        "\\PC{0,8}",
        any::<String>(),
        prop::sample::select(vec![
            "yes",
            "On",
            "null",
            "~",
            "<<",
            "=",
            "---",
            "...",
            "- a",
            "|",
            ".inf",
            "0o7",
            "1_0",
            "12:30:00",
            "2024-01-01",
            "\u{feff}",
            "\u{85}",
            "\0"
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        4 => text().prop_map(Json::String),
        1 => any::<i64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(|value| json!(value)),
        1 => (-1e6..1e6).prop_map(|number: f64| json!(number)),
        1 => Just(Json::Null),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Json::Array),
            prop::collection::vec((text(), inner), 0..5).prop_map(|entries| Json::Object(entries.into_iter().collect())),
        ]
    })
}

/// Maps with the same entries are equal whatever their order; whole floats are whole numbers to Kubernetes.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b))),
        _ => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_reads_back_the_same(value in value()) {
        let printed = print(&json!({"value": value})).expect("YAML");
        let back = read_back(&printed);
        prop_assert!(same(&back["value"], &value), "{printed}\n{back}\n{value}");
    }

    #[test]
    fn another_reader_reads_the_same(value in value()) {
        let printed = print(&json!({"value": value})).expect("YAML");
        let back: Json = serde_yaml::from_str(&printed).expect("YAML");
        prop_assert!(same(&back["value"], &value), "{printed}\n{back}\n{value}");
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,200}") {
        for document in Documents::new(&text) {
            prop_assert!(document.offset <= text.len());
        }
    }

    #[test]
    fn yaml_like_text_is_read_without_a_panic(text in "[-a-c0-2 \\n\\t:{}\\[\\],&*!|>'\"%@#?.~<\\\\]{0,80}") {
        for document in Documents::new(&text) {
            for problem in &document.problems {
                prop_assert!(problem.span.end as usize <= text.len() + 1, "{problem:?}");
            }
        }
    }
}
