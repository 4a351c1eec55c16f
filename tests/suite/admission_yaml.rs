//! kubectl 1.37 read every text of `testdata/admission/yaml`; what it took, refused and stored is what the reader says.

use std::fs;

use gateshift::{
    ledger::{Code, Finding},
    read::{self, Options, Reading},
    yaml::{Document, Documents, Node, ProblemKind, Resolved, Value, decode_base64},
};
use serde::Deserialize;

use crate::admission_gateway::recorded;

/// One text and what kubectl and the API server did with it.
#[derive(Debug, Deserialize)]
struct Case {
    about: String,
    text: Option<String>,
    text_base64: Option<String>,
    /// The annotation that was stored.
    read: Option<String>,
    /// The objects that were taken, where a whole file was tried.
    applied: Option<Vec<String>>,
    refused: Option<String>,
    data: Option<Vec<serde_yaml::Value>>,
}

fn cases() -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for file in recorded("yaml") {
        let name = file.file_name().expect("name").to_string_lossy().into_owned();
        let found: Vec<Case> = serde_yaml::from_str(&fs::read_to_string(&file).expect("text")).expect("cases");
        cases.extend(found.into_iter().map(|case| (format!("{name}: {}", case.about), case)));
    }
    cases
}

fn read(case: &Case) -> Reading {
    let text = match (&case.text, &case.text_base64) {
        (Some(text), None) => text.clone().into_bytes(),
        (None, Some(text)) => decode_base64(text).expect("base64"),
        _ => panic!("{}: one text", case.about),
    };
    read::bytes([("input.yaml".to_owned(), text)], &Options::default())
}

/// kubectl gives up on the whole file.
fn refuses_file(reading: &Reading, finding: &Finding) -> bool {
    match finding.code {
        Code::InputBrokenDocument
        | Code::InputRefusedByKubectl
        | Code::InputNotRendered
        | Code::InputNotAnObject
        | Code::InputEmptyFile => true,
        // kubectl decodes type and metadata of an object itself, and nothing else of it.
        Code::InputWrongShape | Code::InputWrongType => {
            let field = finding.subject.as_ref().expect("a field").field.to_string();
            assert!(reading.inventory.objects.len() > finding.subject.as_ref().expect("a field").object.0 as usize);
            ["apiVersion", "kind", "metadata"].contains(&field.split('.').next().unwrap_or_default())
        }
        _ => false,
    }
}

/// The API server refuses one object; `kubectl apply` asks it to be strict.
fn refuses_object(finding: &Finding) -> bool {
    matches!(finding.code, Code::InputWrongShape | Code::InputWrongType | Code::InputRefusedByApiServer | Code::InputUnknownField)
}

/// What `kubectl apply` would take, in our words.
fn applied(reading: &Reading) -> Vec<String> {
    if reading.findings.iter().any(|finding| refuses_file(reading, finding)) {
        return Vec::new();
    }
    let refused = |index: usize| {
        reading
            .findings
            .iter()
            .any(|finding| finding.subject.as_ref().is_some_and(|s| s.object.0 as usize == index) && refuses_object(finding))
    };
    let objects = reading.inventory.objects.iter().enumerate();
    objects.filter(|(index, _)| !refused(*index)).map(|(_, (object, _))| format!("{}/{}", object.kind, object.name)).collect()
}

#[test]
fn what_kubectl_takes_is_what_the_reader_says() {
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let reading = read(&case);
        let taken = applied(&reading);
        let expected = match (&case.applied, &case.refused) {
            (Some(applied), _) => applied.clone(),
            (None, Some(_)) => Vec::new(),
            (None, None) => vec!["ConfigMap/c".to_owned()],
        };
        if taken != expected {
            wrong.push(format!("{name}: {taken:?}, kubectl took {expected:?}\n    {:?}\n    {:?}", case.refused, reading.findings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_annotation_reads_as_it_was_stored() {
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let Some(expected) = &case.read else { continue };
        let reading = read(&case);
        let found = reading.inventory.config_maps.values().next().and_then(|map| map.meta.annotations.get("key")).cloned();
        if found.as_ref() != Some(expected) {
            wrong.push(format!("{name}: {found:?}, stored was {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn data_reads_as_it_was_stored() {
    for (name, case) in cases() {
        for expected in case.data.iter().flatten() {
            let reading = read(&case);
            let map = reading.inventory.config_maps.values().next().expect("a ConfigMap");
            let expected: indexmap::IndexMap<String, String> = serde_yaml::from_value(expected["data"].clone()).expect("data");
            assert_eq!(map.data, expected, "{name}");
        }
    }
}

/// A text that was just given to the reader of kubectl: `tests/lab/admission.py yaml` says how.
#[derive(Debug, Deserialize)]
struct Asked {
    text: String,
    documents: Option<Vec<serde_json::Value>>,
    broken: Option<String>,
    refused: Option<String>,
}

/// What a document is after the step to JSON.
fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Scalar(scalar) => match scalar.resolve().expect("a tag that fits") {
            Resolved::Null => serde_json::Value::Null,
            Resolved::Bool(value) => value.into(),
            Resolved::Int(value) => value.into(),
            Resolved::Unsigned(value) => value.into(),
            Resolved::Float(value) => value.into(),
            Resolved::Text(text) => text.into_owned().into(),
        },
        Value::Sequence(items) => items.iter().map(json).collect(),
        Value::Mapping(entries) => entries.iter().map(|(key, value)| (key.as_text().unwrap_or_default().to_owned(), json(value))).collect(),
    }
}

/// Numbers are equal where they are the same number, however they are written.
fn are_equal(ours: &serde_json::Value, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (serde_json::Value::Number(a), serde_json::Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (serde_json::Value::Array(a), serde_json::Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| are_equal(a, b)),
        (serde_json::Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| are_equal(value, other)))
        }
        (a, b) => a == b,
    }
}

/// What differs between a text as kubectl read it and as we do.
fn difference(asked: &Asked) -> Option<String> {
    let bytes = decode_base64(&asked.text).expect("base64");
    let text = String::from_utf8(bytes.clone()).ok().filter(|text| !text.starts_with('\u{feff}') && !text.contains('\0'));
    if let Some(text) = text {
        let documents: Vec<_> = Documents::new(&text).collect();
        let problems: Vec<_> = documents.iter().flat_map(|document| &document.problems).collect();
        let is_refused = problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Broken(_) | ProblemKind::Refused(_)));
        // kubectl reads only some way on behind a document.
        let behind = problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Dropped { .. }));
        if is_refused != asked.broken.is_some() && !(behind && is_refused) {
            return Some(format!("{problems:?}, kubectl: {:?}", asked.broken));
        }
        let seen = |document: &&Document| !document.problems.iter().any(|problem| matches!(problem.kind, ProblemKind::Dropped { .. }));
        let theirs = asked.documents.as_deref().unwrap_or_default();
        if !is_refused {
            let ours: Vec<_> = documents.iter().filter(seen).filter_map(|document| document.root.as_ref()).map(json).collect();
            if ours.len() != theirs.len() || !ours.iter().zip(theirs).all(|(ours, theirs)| are_equal(ours, theirs)) {
                return Some(format!("{ours:?}, kubectl: {theirs:?}"));
            }
        }
    }
    let reading = read::bytes([("input.yaml".to_owned(), bytes)], &Options::default());
    // A missing apiVersion is found by the server.
    let unversioned = |finding: &&Finding| finding.facts.iter().any(|(_, value)| value == "apiVersion not set");
    let refusal = reading.findings.iter().find(|finding| finding.code != Code::InputEmptyFile && refuses_file(&reading, finding));
    (refusal.is_some() != asked.refused.is_some() && !refusal.as_ref().is_some_and(unversioned))
        .then(|| format!("{refusal:?}, kubectl: {:?}", asked.refused))
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test must be seen, and how much was compared")]
fn texts_that_kubectl_read_are_read_alike() {
    let Ok(file) = std::env::var("GATESHIFT_TEXTS") else {
        crate::shared::skipped("GATESHIFT_TEXTS names no file of texts that kubectl read");
        return;
    };
    let (mut compared, mut wrong) = (0, Vec::new());
    // JSON has numbers that no reader of ours holds.
    for asked in fs::read_to_string(file).expect("text").lines().filter_map(|line| serde_json::from_str::<Asked>(line).ok()) {
        compared += 1;
        let text = decode_base64(&asked.text).expect("base64");
        wrong.extend(difference(&asked).map(|difference| format!("{:?}: {difference}", String::from_utf8_lossy(&text))));
    }
    eprintln!("{compared} texts compared, {} differ", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
