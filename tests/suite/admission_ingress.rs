//! kube-apiserver 1.37 was asked about every Ingress of `testdata/admission/ingress`; what it accepted and refused is what the reader says.

use std::{collections::BTreeMap, fs};

use gateshift::{
    ledger::Code,
    read::{self, Options, Reading},
};
use serde::Deserialize;

use crate::admission_gateway::recorded;

/// One object and the answer of the API server.
#[derive(Debug, Deserialize)]
struct Case {
    about: String,
    #[serde(default)]
    expand: BTreeMap<String, Expansion>,
    object: String,
    verdict: BTreeMap<String, Verdict>,
    #[serde(default)]
    stored: BTreeMap<String, Stored>,
}

#[derive(Debug, Deserialize)]
struct Expansion {
    text: String,
    times: usize,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Verdict {
    Accepted(#[expect(dead_code, reason = "the word says it")] String),
    Refused { refused: String },
}

#[derive(Debug, Default, Deserialize)]
struct Stored {
    #[serde(default)]
    warnings: Vec<String>,
    strict: Option<serde_yaml::Value>,
}

fn cases() -> Vec<(String, Case)> {
    let mut cases = Vec::new();
    for file in recorded("ingress") {
        let name = file.file_name().expect("name").to_string_lossy().into_owned();
        let found: Vec<Case> = serde_yaml::from_str(&fs::read_to_string(&file).expect("text")).expect("cases");
        cases.extend(found.into_iter().map(|case| (format!("{name}: {}", case.about), case)));
    }
    cases
}

fn read(case: &Case) -> Reading {
    let mut text = case.object.clone();
    for (name, expansion) in &case.expand {
        text = text.replace(&format!("${{{name}}}"), &expansion.text.repeat(expansion.times));
    }
    read::bytes([("input.yaml".to_owned(), text.into_bytes())], &Options::default())
}

/// Which namespaces a cluster has is not in the object.
fn depends_on_the_cluster(message: &str) -> bool {
    message.starts_with("404 NotFound: namespaces")
}

#[test]
fn what_the_api_server_accepts_is_what_the_reader_says() {
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let reading = read(&case);
        let refused = reading
            .findings
            .iter()
            .filter(|finding| {
                matches!(
                    finding.code,
                    Code::InputRefusedByApiServer | Code::InputWrongShape | Code::InputWrongType | Code::InputBrokenDocument
                )
            })
            .map(|finding| format!("{:?}", finding.facts))
            .collect::<Vec<_>>();
        for verdict in case.verdict.values() {
            let expected = match verdict {
                Verdict::Accepted(_) => None,
                Verdict::Refused { refused } if depends_on_the_cluster(refused) => None,
                Verdict::Refused { refused } => Some(refused),
            };
            if expected.is_some() == refused.is_empty() {
                wrong.push(format!("{name}: {refused:?}, the API server: {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The field and the first words of every reason are those of the API server.
#[test]
fn every_reason_of_the_api_server_is_given() {
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let reading = read(&case);
        for verdict in case.verdict.values() {
            let Verdict::Refused { refused } = verdict else { continue };
            if refused.starts_with("40") {
                continue;
            }
            let reasons = refused.split(" | ").count();
            let found = reading.findings.iter().filter(|finding| finding.code == Code::InputRefusedByApiServer).count();
            if reasons != found {
                wrong.push(format!("{name}: {found} reasons for {refused}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_strict_decoding_refuses_is_reported() {
    let mut wrong = Vec::new();
    for (name, case) in cases() {
        let reading = read(&case);
        let unknown = reading.findings.iter().filter(|finding| finding.code == Code::InputUnknownField).count();
        let duplicate = reading.findings.iter().filter(|finding| finding.code == Code::InputDuplicateKey).count();
        let Some(stored) = case.stored.get("*") else { continue };
        let expected_unknown = stored.warnings.iter().filter(|warning| warning.starts_with("unknown field")).count();
        let expected_duplicate = stored.warnings.iter().filter(|warning| warning.contains("already set in map")).count();
        if (unknown, duplicate) != (expected_unknown, expected_duplicate) || stored.strict.is_some() != (unknown + duplicate > 0) {
            wrong.push(format!("{name}: {unknown} unknown fields and {duplicate} duplicate keys, the API server: {:?}", stored.warnings));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
