//! The cases of `testdata/snippets` asked of the whole model of the old side, against what a real nginx answered.

#![allow(clippy::print_stdout, reason = "tests say what they measured")]

use std::{collections::BTreeMap, fs, path::Path};

use gateshift::{
    ingress::{self, Given, Options},
    nginx::Router,
    read,
    request::{BackendAnswer, Decision, Outcome, Request, World},
};
use indexmap::IndexMap;

use super::snippet::{Answer, Case, Recorded, cases, request};

/// The backend of the recordings: 200, or the status that the path names.
struct Echo;

impl World for Echo {
    fn resolves(&self, _: &str) -> Option<bool> {
        Some(true)
    }

    fn backend(&self, _: &str, target: &str) -> Option<BackendAnswer> {
        let status = target.strip_prefix("/status/").and_then(|rest| rest.split(['?', '/']).next()?.parse().ok()).unwrap_or(200);
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        Some(BackendAnswer { status, headers: vec![header("x-backend", "yes"), header("x-powered-by", "echo")], delay: 0 })
    }
}

/// One host with `/app` and, with the snippet, `/`.
fn objects(case: &Case) -> String {
    let host = format!("{}.example.org", case.name);
    let ingress = |name: &str, path: &str, annotation: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: default{annotation}}}\nspec:\n  \
             ingressClassName: nginx\n  rules:\n    - host: {host}\n      http:\n        paths:\n          - {{path: {path}, pathType: Prefix, \
             backend: {{service: {{name: web, port: {{number: 80}}}}}}}}\n---\n"
        )
    };
    let text = serde_json::to_string(&case.text).expect("text");
    let annotation = format!(", annotations: {{nginx.ingress.kubernetes.io/{}: {text}}}", case.place);
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: nginx}}\nspec: {{controller: k8s.io/ingress-nginx}}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {{name: web, namespace: default}}\nspec: {{ports: [{{port: 80}}]}}\n---\n{}{}",
        ingress("app", "/app", ""),
        ingress("root", "/", &annotation)
    )
}

fn decide(case: &Case, request: &Request) -> Decision {
    let inventory = read::texts([("case.yaml".to_owned(), objects(case))], &read::Options::default()).inventory;
    let data = [("allow-snippet-annotations", "true"), ("annotations-risk-level", "Critical"), ("server-tokens", "false")];
    let data: IndexMap<String, String> = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let controller = ingress::controller(&inventory, &Given { config_map: Some(data), arguments: Vec::new() });
    let resolved = ingress::resolve(&inventory, &controller, &Options::CLOSED);
    Router::new(&resolved.config).decide(request, &Echo)
}

/// What the decision and the answer disagree about.
fn compare(decision: &Decision, answer: &Answer) -> Vec<String> {
    let mut wrong = Vec::new();
    let (status, headers, location) = match &decision.outcome {
        Outcome::Forward(forward) => {
            let split = forward.split.iter().find_map(|share| share.backend.as_deref()).unwrap_or_default();
            // The recordings have no backend but their own.
            let status =
                if split == "default/web:80" { Echo.backend(split, &forward.target).map_or(200, |answer| answer.status) } else { 502 };
            (status, &forward.response_headers, None)
        }
        Outcome::Redirect { status, location, response_headers } => (*status, response_headers, Some(location)),
        Outcome::Respond { status, response_headers } | Outcome::Deny { status, response_headers, .. } => (*status, response_headers, None),
        Outcome::NoRoute { response_headers } => (404, response_headers, None),
        Outcome::NoAnswer(_) => return (answer.status != 0).then(|| "no answer predicted".to_owned()).into_iter().collect(),
        Outcome::Unmodelled { what } => return vec![format!("unmodelled: {what}")],
    };
    if status != answer.status {
        return vec![format!("status {status} predicted, {} answered: {:?}", answer.status, decision.trace)];
    }
    if let Some(location) = location.filter(|location| answer.headers.get("location").is_none_or(|seen| seen[0] != **location)) {
        wrong.push(format!("Location {location}, {:?} answered", answer.headers.get("location")));
    }
    for (name, value) in headers.iter().filter(|(name, _)| !name.ends_with('*') && name != "location") {
        let seen = answer.headers.get(name).map(|lines| {
            let mut lines = lines.clone();
            lines.sort();
            lines.join(", ")
        });
        let predicted = value.as_ref().map(|value| {
            let mut lines: Vec<&str> = value.split(", ").collect();
            lines.sort_unstable();
            lines.join(", ")
        });
        if predicted != seen && seen.as_ref().is_none_or(|seen| value.as_ref() != Some(seen)) {
            wrong.push(format!("{name}: {predicted:?} predicted, {seen:?} answered"));
        }
    }
    if let (Outcome::Forward(forward), false) = (&decision.outcome, answer.upstream.is_empty()) {
        let line = answer.upstream[0].split(' ').nth(1);
        if line != Some(&forward.target) {
            wrong.push(format!("target {} predicted, {line:?} sent", forward.target));
        }
        // The servers of the recordings send fewer headers than the controller does.
        let ours = ["x-real-ip", "x-scheme", "proxy"];
        let known = |name: &str| ours.contains(&name) || name.starts_with("x-forwarded-") || name.starts_with("x-original-");
        for (name, value) in forward.headers.iter().filter(|(name, _)| !known(name)) {
            let prefix = format!("{name}: ");
            let sent = answer.upstream.iter().find(|line| line.to_ascii_lowercase().starts_with(&prefix)).map(|line| &line[prefix.len()..]);
            if sent != value.as_deref() {
                wrong.push(format!("{name}: {value:?} predicted, {sent:?} sent"));
            }
        }
    }
    wrong
}

#[test]
fn the_model_answers_as_a_real_nginx_did() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/snippets/recorded.yaml")).expect("recorded answers");
    let recorded: Vec<Recorded> = serde_yaml::from_str(&text).expect("recorded answers");
    let cases: BTreeMap<String, Case> = cases().into_iter().map(|case| (case.name.clone(), case)).collect();
    let (mut wrong, mut by_controller, mut compared) = (Vec::new(), 0, 0);
    for one in &recorded {
        let case = &cases[&one.name];
        let wanted = &case.requests[one.request];
        let decision = decide(case, &request(case, wanted));
        // The recordings lack the controller's Lua code, which answers 503 where the script of its location did not run.
        if decision.trace.iter().any(|step| step.text.contains("knows no upstream") || step.text.contains("`limit_except` takes")) {
            by_controller += 1;
            continue;
        }
        compared += 1;
        wrong.extend(compare(&decision, &one.answer).into_iter().map(|what| format!("{} {}: {what}", one.name, wanted.path)));
    }
    println!("{compared} answers compared, {by_controller} left to the controller's own code");
    assert!(wrong.is_empty(), "{} of {compared} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 140 && by_controller < 12, "{compared} compared, {by_controller} left out");
}
