//! The conformance suite of Gateway API v1.6.1 as tables of our own (`testdata/requests/conformance`), asked of the specification alone.
//!
//! Beside the words of the recordings: `request.backend_delay` and `request.backend_headers` say how the backend answers,
//! `observed.redirect` takes a Location apart, `one_of` lists values that are all right, `absent_headers` must not be there.

use std::collections::BTreeMap;

use gateshift::{
    gateway::dialect::Target,
    request::{BackendAnswer, Forward, Outcome, Request, World},
};
use serde_yaml::Value;

use crate::gateway_truth::{Score, cases, compare_split, compare_statuses, lines, list, report, request, scalar, text};

struct Slow(u64);

impl World for Slow {
    fn backend(&self, _: &str, _: &str) -> Option<BackendAnswer> {
        Some(BackendAnswer { status: 200, headers: Vec::new(), delay: self.0 })
    }
}

/// The specification without the implementations that must agree with it.
fn specification() -> &'static Target {
    let standard = Target::named("standard").expect("target").clone();
    Box::leak(Box::new(Target { agrees_with: Vec::new(), ..standard }))
}

fn squeezed(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace()).collect()
}

/// Headers after claims were applied to what was sent.
fn effective(sent: &BTreeMap<String, String>, claims: &[(String, Option<String>)]) -> BTreeMap<String, String> {
    let mut headers = sent.clone();
    for (name, _) in claims {
        let values: Vec<String> = claims.iter().filter(|(other, _)| other == name).filter_map(|(_, value)| value.clone()).collect();
        if values.is_empty() {
            headers.remove(name);
        } else {
            headers.insert(name.clone(), values.join(","));
        }
    }
    headers
}

fn compare_headers(expected: &Value, headers: &BTreeMap<String, String>, appended: &BTreeMap<String, String>) -> Option<String> {
    for (name, value) in expected.get("headers").and_then(Value::as_mapping).into_iter().flatten() {
        let name = scalar(name);
        let found = headers.get(&name).cloned().unwrap_or_default();
        let options = value.get("one_of").map_or_else(|| vec![scalar(value)], lines);
        // What a backend sends itself stays in front of what is added to it.
        let with_own = appended.get(&name).map(|own| format!("{own},{found}")).unwrap_or_default();
        if !options.iter().any(|option| squeezed(option) == squeezed(&found) || squeezed(option) == squeezed(&with_own)) {
            return Some(format!("{name}: {found:?}"));
        }
    }
    list(expected, "absent_headers").iter().map(scalar).find(|name| headers.contains_key(name)).map(|name| format!("{name} is there"))
}

fn mapping(value: Option<&Value>) -> BTreeMap<String, String> {
    value.and_then(Value::as_mapping).into_iter().flatten().map(|(key, value)| (scalar(key).to_ascii_lowercase(), scalar(value))).collect()
}

fn compare(request: &Request, asked: &Value, expected: &Value, outcome: &Outcome) -> Option<String> {
    if let Some(split) = expected.get("split").and_then(Value::as_mapping) {
        let Outcome::Forward(forward) = outcome else { return Some("not forwarded".to_owned()) };
        let mut forward = forward.clone();
        for share in &mut forward.split {
            share.backend = share.backend.as_ref().and_then(|name| name.split_once(':').map(|(name, _)| name.to_owned()));
        }
        return compare_split(split, &Outcome::Forward(forward));
    }
    let statuses: Vec<String> = expected.get("status").map(lines).unwrap_or_default();
    let status = |status: u16| (!statuses.contains(&status.to_string())).then(|| format!("status {status}"));
    let own = mapping(asked.get("backend_headers"));
    let response = |claims: &[(String, Option<String>)]| compare_headers(expected, &effective(&own, claims), &own);
    match outcome {
        Outcome::Forward(Forward { split, target, host, headers, response_headers, .. }) => {
            if let Some(difference) = status(200).or_else(|| response(response_headers)) {
                return Some(difference);
            }
            let backend = text(expected, "backend");
            if !backend.is_empty()
                && !split.iter().any(|share| share.backend.as_deref().is_some_and(|name| name.starts_with(&format!("{backend}:"))))
            {
                return Some("backend".to_owned());
            }
            let upstream = expected.get("upstream")?;
            if text(upstream, "path") != target {
                return Some(format!("path {target}"));
            }
            if upstream.get("host").is_some() && host.as_deref() != Some(text(upstream, "host")) {
                return Some(format!("host {host:?}"));
            }
            let sent = request.headers.iter().map(|header| (header.name.to_ascii_lowercase(), header.value.clone())).collect();
            compare_headers(upstream, &effective(&sent, headers), &BTreeMap::new())
        }
        Outcome::Redirect { status: ours, location, response_headers } => {
            let Some(redirect) = expected.get("redirect") else { return Some("redirected".to_owned()) };
            let port = redirect.get("port").map(scalar).map(|port| format!(":{port}")).unwrap_or_default();
            let wanted = format!("{}://{}{port}{}", text(redirect, "scheme"), text(redirect, "host"), text(redirect, "path"));
            if wanted != *location {
                return Some(format!("location {location}, wanted {wanted}"));
            }
            status(*ours).or_else(|| response(response_headers))
        }
        Outcome::Respond { status: ours, response_headers } | Outcome::Deny { status: ours, response_headers, .. } => {
            status(*ours).or_else(|| response(response_headers))
        }
        Outcome::NoRoute { .. } => status(404),
        Outcome::NoAnswer(_) | Outcome::Unmodelled { .. } => Some("no answer".to_owned()),
    }
}

#[test]
fn the_conformance_suite_passes() {
    let target = specification();
    let mut score = Score::default();
    for case in cases("conformance") {
        let config = case.resolve(target);
        compare_statuses(&case, &config, &mut score);
        for (position, exchange) in list(&case.data, "exchanges").iter().enumerate() {
            let asked = exchange.get("request").expect("request");
            let expected = exchange.get("observed").expect("observed");
            let request = request(asked, "").expect("request");
            let delay = asked.get("backend_delay").and_then(Value::as_u64).unwrap_or(0);
            let decided = config.decide(&request, &Slow(delay));
            match compare(&request, asked, expected, &decided.decision.outcome) {
                None => score.right += 1,
                Some(difference) => score.wrong.push(format!(
                    "{} #{position} {}: {difference}\n    expected {}\n    {:?}\n    {:?}",
                    case.name,
                    serde_json::to_string(asked).unwrap_or_default(),
                    serde_json::to_string(expected).unwrap_or_default(),
                    decided.decision.outcome,
                    decided.decision.trace.iter().map(|step| &step.text).collect::<Vec<_>>()
                )),
            }
        }
    }
    assert!(score.wrong.is_empty(), "{}", report(&score));
}
