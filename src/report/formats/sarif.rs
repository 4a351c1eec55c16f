//! The report as SARIF 2.1.0, for code scanning and editors.

use serde_json::{Map, Value, json};

use super::super::risk::{Item, Report, Rule};
use crate::ledger::Severity;

/// The report as a log of one run.
pub fn report_sarif(report: &Report) -> String {
    let rules: Vec<&Rule> = report.rules.iter().filter(|rule| rule.findings > 0).collect();
    let position = |code: &str| rules.iter().position(|rule| rule.code == code);
    let baseline = report.findings.iter().any(|item| item.known);
    let results: Vec<Value> = report.findings.iter().map(|item| result(report, item, position(item.code.as_str()), baseline)).collect();
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "gateshift",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules.iter().map(|rule| self::rule(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {"risk": report.risk, "reason": report.reason, "target": report.target},
        }],
    });
    let mut text = serde_json::to_string_pretty(&log).expect("INVARIANT: the log has string keys only");
    text.push('\n');
    text
}

fn rule(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": format!("{}\n\n{}", rule.why, rule.advice)},
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"severity": rule.severity},
    })
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Blocked | Severity::High => "error",
        Severity::Medium => "warning",
        Severity::Low | Severity::Info => "note",
    }
}

fn result(report: &Report, item: &Item, rule: Option<usize>, baseline: bool) -> Value {
    let mut map = Map::new();
    map.insert("ruleId".to_owned(), json!(item.code.as_str()));
    if let Some(rule) = rule {
        map.insert("ruleIndex".to_owned(), json!(rule));
    }
    map.insert("level".to_owned(), json!(level(item.severity)));
    map.insert("message".to_owned(), json!({"text": message(item)}));
    let cluster = report.cluster(item.cluster);
    map.insert("locations".to_owned(), json!([location(item, cluster)]));
    let parts = [Some(item.code.as_str()), cluster, item.object.as_deref(), item.field.as_deref(), item.host.as_deref()];
    let fingerprint = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
    map.insert("partialFingerprints".to_owned(), json!({"gateshift/v1": fingerprint}));
    if baseline {
        map.insert("baselineState".to_owned(), json!(if item.known { "unchanged" } else { "new" }));
    }
    if let Some(reason) = &item.accepted {
        map.insert("suppressions".to_owned(), json!([{"kind": "external", "justification": reason}]));
    }
    let mut properties = Map::new();
    properties.insert("severity".to_owned(), json!(item.severity));
    properties.insert("impact".to_owned(), json!(item.impact));
    if let Some(cluster) = cluster {
        properties.insert("cluster".to_owned(), json!(cluster));
    }
    if let Some(witness) = &item.witness {
        properties.insert("request".to_owned(), json!(witness.request));
        properties.insert("old".to_owned(), json!(witness.old.outcome));
        properties.insert("new".to_owned(), json!(witness.new.outcome));
    }
    map.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(map)
}

fn message(item: &Item) -> String {
    // Brackets and braces have a meaning in messages: links and placeholders. A backslash before a bracket, and a second brace, take it away.
    let mut text = String::with_capacity(item.message.len());
    for character in item.message.chars() {
        match character {
            '[' | ']' | '\\' => text.extend(['\\', character]),
            '{' | '}' => text.extend([character, character]),
            _ => text.push(character),
        }
    }
    text
}

fn location(item: &Item, cluster: Option<&str>) -> Value {
    let mut map = Map::new();
    if let Some(file) = &item.file {
        let mut physical = Map::new();
        physical.insert("artifactLocation".to_owned(), json!({"uri": uri(file)}));
        if let Some(line) = item.line {
            let mut region = Map::new();
            region.insert("startLine".to_owned(), json!(line));
            if let Some(column) = item.column {
                region.insert("startColumn".to_owned(), json!(column));
            }
            physical.insert("region".to_owned(), Value::Object(region));
        }
        map.insert("physicalLocation".to_owned(), Value::Object(physical));
    }
    let logical = match (&item.object, &item.field, &item.host) {
        (Some(object), Some(field), _) => Some(format!("{object}: {field}")),
        (Some(object), None, _) => Some(object.clone()),
        (None, _, Some(host)) => Some(host.clone()),
        (None, _, None) => None,
    };
    let logical = match (cluster, logical) {
        (Some(cluster), Some(name)) => Some(format!("{cluster}: {name}")),
        (Some(cluster), None) => Some(cluster.to_owned()),
        (None, name) => name,
    };
    if let Some(name) = logical {
        map.insert("logicalLocations".to_owned(), json!([{"fullyQualifiedName": name}]));
    }
    Value::Object(map)
}

/// A file name as a relative reference.
fn uri(file: &str) -> String {
    let mut text = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
