//! kubectl 1.37 read every text of `testdata/admission/yaml`; what it took, refused and stored is what the reader says.

use std::{fs, path::Path};

use gateshift::{
    ledger::{Code, Finding},
    read::{self, Options, Reading},
    yaml::decode_base64,
};
use serde::Deserialize;

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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/admission/yaml");
    let mut files: Vec<_> = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
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
        // kubectl decodes the metadata of an object itself, and nothing else of it.
        Code::InputWrongType => {
            let field = finding.subject.as_ref().expect("a field").field.to_string();
            assert!(reading.inventory.objects.len() > finding.subject.as_ref().expect("a field").object.0 as usize);
            field.starts_with("metadata")
        }
        _ => false,
    }
}

/// The API server refuses one object; `kubectl apply` asks it to be strict.
fn refuses_object(finding: &Finding) -> bool {
    matches!(finding.code, Code::InputWrongType | Code::InputRefusedByApiServer | Code::InputUnknownField)
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
