//! What the real controller answered (`testdata/requests/ingress-nginx*`), asked of the model of the old side. The answers of
//! `ingress-nginx-source` were not recorded of it: they follow from nginx.tmpl and nginx itself.

#![expect(clippy::print_stdout, reason = "numbers for whoever runs it with --nocapture")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use gateshift::{
    ingress::{self, Fate, Given, Options, Resolved},
    k8s::{EndpointSlice, Inventory, NamespacedName, ObjectMeta},
    nginx::{RefusalKind, Router},
    read,
    request::{Decision, Forward, NoAnswer, Outcome, Speech, World},
};
use indexmap::IndexMap;
use serde_yaml::Value;

use super::{
    echo::{self, Echo, joined},
    shared::skipped,
};

/// A recorded case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// All recorded cases, sorted by folder and name.
pub(crate) fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/requests");
    let folders = ["ingress-nginx", "ingress-nginx-more", "ingress-nginx-random", "ingress-nginx-source"];
    folders.iter().flat_map(|folder| cases_of(&root.join(folder))).collect()
}

fn cases_of(folder: &Path) -> Vec<Case> {
    let mut files: Vec<_> = fs::read_dir(folder).expect("cases").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    let case = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("case");
        let name = file.file_stem().and_then(|name| name.to_str()).expect("name").to_owned();
        Case { name, data: serde_yaml::from_str(&text).expect("case is YAML") }
    };
    files.iter().map(case).collect()
}

pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
}

pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        _ => String::new(),
    }
}

impl Case {
    /// `refused` and `refused_more`: kind and object.
    fn refused(&self) -> Vec<(&str, &str)> {
        let first = self.data.get("refused").into_iter();
        first.chain(list(&self.data, "refused_more")).map(|entry| (text(entry, "kind"), text(entry, "object"))).collect()
    }

    /// The objects that were in the cluster.
    pub(crate) fn inventory(&self) -> Inventory {
        // An authority that the lab makes.
        let given = text(&self.data, "given").replace("ca.crt: lab-ca", "ca.crt: -----BEGIN CERTIFICATE-----");
        let absent: BTreeSet<String> =
            self.refused().iter().filter(|(kind, _)| *kind == "admission").map(|(_, object)| (*object).to_owned()).collect();
        let mut inventory = read::texts([("given.yaml".to_owned(), given.clone())], &read::Options::default()).inventory;
        inventory.ingresses.retain(|ingress| !absent.contains(&format!("Ingress {}", ingress.meta.key())));
        // The words `lab/…` of the recordings.
        let silent: Vec<(String, String)> = inventory
            .services
            .values()
            .filter(|service| service.meta.annotations.get("lab/endpoints").is_some_and(|value| value == "none"))
            .map(|service| (service.meta.namespace.clone(), service.meta.name.clone()))
            .collect();
        for (namespace, service) in silent {
            let meta = ObjectMeta { name: service.clone(), namespace, ..ObjectMeta::default() };
            inventory.endpoint_slices.push(EndpointSlice { meta, service, ready: 0, ports: Vec::new() });
        }
        for document in serde_yaml::Deserializer::from_str(&given) {
            let Ok(document) = <Value as serde::Deserialize>::deserialize(document) else { continue };
            let names = document.get("stringData").map_or("", |data| text(data, "lab-cn"));
            if text(&document, "kind") != "Secret" || names.is_empty() {
                continue;
            }
            let meta = document.get("metadata").expect("metadata");
            let namespace = Some(text(meta, "namespace")).filter(|namespace| !namespace.is_empty()).unwrap_or("default");
            let secret = inventory.secrets.get_mut(&NamespacedName::new(namespace, text(meta, "name"))).expect("Secret");
            secret.certificate_names = Some(names.split(',').map(|name| name.trim().to_owned()).collect());
            secret.keys.get_or_insert_default().push("tls.crt".to_owned());
        }
        inventory
    }

    pub(crate) fn given(&self) -> Given {
        let controller = self.data.get("controller").cloned().unwrap_or_default();
        let data = controller.get("configmap").and_then(Value::as_mapping).cloned().unwrap_or_default();
        let data: IndexMap<String, String> = data.iter().map(|(key, value)| (scalar(key), scalar(value))).collect();
        Given { config_map: Some(data), arguments: list(&controller, "flags").iter().map(scalar).collect() }
    }

    pub(crate) fn resolve(&self, inventory: &Inventory) -> Resolved {
        let controller = ingress::controller(inventory, &self.given());
        ingress::resolve(inventory, &controller, &Options::CLOSED)
    }
}

fn kind(kind: RefusalKind) -> &'static str {
    match kind {
        RefusalKind::Config => "config",
        RefusalKind::Crash => "crash",
        RefusalKind::Dynamic | RefusalKind::Certificates => "dynamic",
    }
}

#[test]
fn the_model_refuses_what_the_controller_refused() {
    let wrong = refused_otherwise(&cases());
    assert!(wrong.is_empty(), "{} cases differ\n{}", wrong.len(), wrong.join("\n"));
}

/// Cases in which other objects or configurations were refused than the model says.
fn refused_otherwise(cases: &[Case]) -> Vec<String> {
    let mut wrong = Vec::new();
    for case in cases {
        let inventory = case.inventory();
        let resolved = case.resolve(&inventory);
        let mut expected: BTreeSet<String> = BTreeSet::new();
        for (kind, object) in case.refused() {
            match kind {
                "dropped" => expected.insert(object.to_owned()),
                "admission" => false,
                kind => expected.insert(kind.to_owned()),
            };
        }
        let mut found: BTreeSet<String> = resolved
            .ingresses
            .iter()
            .filter(|facts| match &facts.fate {
                Fate::Counts(_) => false,
                // Namespaces that are not watched are not even looked at.
                Fate::Ignored(why) => *why != ingress::Ignored::Namespace,
                Fate::LeftOut(_) => true,
            })
            .map(|facts| inventory.object(facts.object).to_string())
            .collect();
        found.extend(resolved.config.refusals.iter().map(|refusal| kind(refusal.kind).to_owned()));
        if expected != found {
            let messages: Vec<&str> = resolved.config.refusals.iter().map(|refusal| refusal.message.as_str()).collect();
            wrong.push(format!("{}: controller {expected:?}, model {found:?} {messages:?}", case.name));
        }
    }
    wrong
}

const CORS: [&str; 6] = [
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-credentials",
    "access-control-expose-headers",
    "access-control-max-age",
];

/// What of an answer is compared: status, backend and headers for the client.
struct Predicted<'d> {
    status: Option<u16>,
    forward: Option<&'d Forward>,
    headers: &'d [(String, Option<String>)],
    location: Option<&'d str>,
}

fn predicted<'d>(decision: &'d Decision, world: &impl World) -> Option<Predicted<'d>> {
    let plain =
        |status: u16, headers: &'d [(String, Option<String>)]| Predicted { status: Some(status), forward: None, headers, location: None };
    Some(match &decision.outcome {
        Outcome::Forward(forward) => {
            let backend = forward.split.iter().find_map(|share| share.backend.as_deref()).unwrap_or_default();
            let status = world.backend(backend, &forward.target).map_or(200, |answer| answer.status);
            Predicted { status: Some(status), forward: Some(forward), headers: &forward.response_headers, location: None }
        }
        Outcome::Redirect { status, location, response_headers } => {
            Predicted { status: Some(*status), forward: None, headers: response_headers, location: Some(location) }
        }
        Outcome::Respond { status, response_headers } | Outcome::Deny { status, response_headers, .. } => plain(*status, response_headers),
        Outcome::NoRoute { response_headers } => plain(404, response_headers),
        Outcome::NoAnswer(_) => Predicted { status: None, forward: None, headers: &[], location: None },
        Outcome::Unmodelled { .. } => return None,
    })
}

/// Differences between a decision and what was observed, each with its aspect.
fn differences(decision: &Decision, observed: &Value, world: &impl World) -> Vec<(&'static str, String)> {
    let mut wrong = Vec::new();
    let Some(found) = predicted(decision, world) else { return wrong };
    if let Outcome::NoAnswer(why) = &decision.outcome {
        let expected = match why {
            NoAnswer::Refused => "refused",
            // Whether a connection is reset or closed depends on what was read of it.
            NoAnswer::Reset if text(observed, "error").contains("closed without an answer") => "closed",
            NoAnswer::Reset => "reset",
            NoAnswer::Tls => "SSL",
        };
        if !text(observed, "error").to_lowercase().contains(&expected.to_lowercase()) {
            wrong.push(("error", format!("{expected}, observed {:?}", observed.get("error"))));
        }
        return wrong;
    }
    if observed.get("error").is_some() {
        return vec![("error", format!("observed {:?}", observed.get("error")))];
    }
    if let Some(split) = observed.get("split") {
        return split_differences(&found, split);
    }
    let status = observed.get("status").and_then(Value::as_u64);
    if found.status.map(u64::from) != status {
        wrong.push(("status", format!("{:?}, observed {status:?}", found.status)));
    }
    let backend = observed.get("backend").and_then(Value::as_str);
    let ours: Vec<Option<&str>> =
        found.forward.map_or_else(|| vec![None], |forward| forward.split.iter().map(|share| share.backend.as_deref()).collect());
    if !ours.contains(&backend) {
        wrong.push(("backend", format!("{ours:?}, observed {backend:?}")));
    }
    if let (Some(forward), Some(upstream)) = (found.forward, observed.get("upstream")) {
        for (aspect, ours) in [("path", Some(&forward.target)), ("method", Some(&forward.method)), ("host", forward.host.as_ref())] {
            let theirs = upstream.get(aspect).map(scalar);
            if ours.is_some() && ours != theirs.as_ref() {
                wrong.push((
                    if aspect == "path" {
                        "upstream path"
                    } else if aspect == "host" {
                        "upstream host"
                    } else {
                        "upstream method"
                    },
                    format!("{ours:?}, observed {theirs:?}"),
                ));
            }
        }
        for (aspect, ours) in
            [("tls", forward.speech.iter().any(|speech| speech.is_tls())), ("http2", forward.speech.iter().any(|speech| speech.is_http2()))]
        {
            if !forward.speech.is_empty() && forward.speech != [Speech::Passthrough] && ours != upstream.get(aspect).is_some() {
                wrong.push(("upstream protocol", format!("{aspect}: {ours}, observed {:?}", upstream.get(aspect))));
            }
        }
        // Answers that were not recorded name the headers that matter.
        let named = upstream.get("some_headers").and_then(Value::as_mapping);
        for (name, theirs) in named.into_iter().flatten() {
            let ours = forward.headers.iter().find(|(known, _)| Some(known.as_str()) == name.as_str()).map(|(_, value)| value.clone());
            if ours != Some(theirs.as_str().map(str::to_owned)) {
                wrong.push(("upstream header", format!("{name:?}: {ours:?}, observed {theirs:?}")));
            }
        }
        for (name, ours) in forward.headers.iter().filter(|_| upstream.get("headers").is_some()) {
            let theirs = upstream.get("headers").and_then(|headers| headers.get(name.as_str())).map(joined);
            if *ours != theirs && theirs.as_deref() != Some("present") {
                wrong.push(("upstream header", format!("{name}: {ours:?}, observed {theirs:?}")));
            }
        }
    }
    let header = |name: &str| observed.get("headers").and_then(|headers| headers.get(name)).map(joined);
    if found.location.is_some() && found.location.map(str::to_owned) != header("location") {
        wrong.push(("location", format!("{:?}, observed {:?}", found.location, header("location"))));
    }
    // The recordings leave out how long a body is.
    for (name, ours) in found.headers.iter().filter(|(name, _)| name != "content-length") {
        if *ours != header(name) {
            let aspect = if name == "strict-transport-security" { "hsts" } else { "header" };
            wrong.push((aspect, format!("{name}: {ours:?}, observed {:?}", header(name))));
        }
    }
    for name in CORS {
        if header(name).is_some() && !found.headers.iter().any(|(known, _)| known == name) {
            wrong.push(("cors", format!("{name} is not predicted, observed {:?}", header(name))));
        }
    }
    if let Some(certificate) = observed.get("certificate") {
        let names: Vec<String> = list(certificate, "san").iter().map(scalar).chain([scalar(&certificate["cn"])]).collect();
        // No certificate is claimed of backends that end TLS themselves.
        let ours: Vec<&str> = decision.certificate.as_deref().map(|names| names.split(", ").collect()).unwrap_or_default();
        if !ours.iter().all(|name| names.iter().any(|known| known == name)) {
            wrong.push(("certificate", format!("{:?}, observed {names:?}", decision.certificate)));
        }
    }
    wrong
}

/// Counted answers at four sigma.
#[expect(clippy::cast_precision_loss, reason = "weights are small")]
fn split_differences(found: &Predicted<'_>, split: &Value) -> Vec<(&'static str, String)> {
    let counts: IndexMap<String, f64> =
        split.as_mapping().into_iter().flatten().map(|(key, count)| (scalar(key), count.as_f64().unwrap_or(0.0))).collect();
    let total: f64 = counts.values().sum();
    let mut shares: IndexMap<String, f64> = IndexMap::new();
    match found.forward {
        Some(forward) => {
            let sum: u64 = forward.split.iter().map(|share| share.weight).sum();
            for share in &forward.split {
                let key = share.backend.clone().unwrap_or_else(|| format!("status {}", share.status.unwrap_or(0)));
                *shares.entry(key).or_default() += share.weight as f64 / sum as f64;
            }
        }
        None => {
            shares.insert(format!("status {}", found.status.unwrap_or(0)), 1.0);
        }
    }
    let mut wrong = Vec::new();
    for key in shares.keys().chain(counts.keys()) {
        let p = shares.get(key).copied().unwrap_or(0.0);
        let n = counts.get(key).copied().unwrap_or(0.0);
        if (n / total - p).abs() > 4.0 * (p * (1.0 - p) / total).sqrt() + 0.5 / total {
            wrong.push(("split", format!("{key}: {p}, observed {n} of {total}")));
        }
    }
    wrong
}

#[test]
fn the_model_answers_as_the_controller_did() {
    let (total, lost, wrong) = answered_otherwise(&cases());
    assert!(wrong.is_empty(), "{} of {total} differ\n{}", wrong.len(), wrong.join("\n"));
    assert!(50 * lost <= total, "{lost} of {total} are not modelled");
}

/// Answers that a lab gave just now: `tests/lab/ingress_nginx_lab.py -o` says how.
#[test]
fn answers_of_a_lab_of_the_controller_are_what_the_model_says() {
    let Some(folder) = std::env::var_os("GATESHIFT_CONTROLLER_ANSWERS") else {
        return skipped("GATESHIFT_CONTROLLER_ANSWERS names no folder of answered cases");
    };
    let cases = cases_of(Path::new(&folder));
    let refused = refused_otherwise(&cases);
    let (total, _, wrong) = answered_otherwise(&cases);
    assert!(refused.is_empty() && wrong.is_empty(), "{} of {total} differ\n{}\n{}", wrong.len(), refused.join("\n"), wrong.join("\n"));
}

/// How many requests there are, how many are not modelled, and those that were answered otherwise.
fn answered_otherwise(cases: &[Case]) -> (usize, usize, Vec<String>) {
    let mut wrong = Vec::new();
    let mut aspects: IndexMap<&str, usize> = IndexMap::new();
    let mut unmodelled: IndexMap<String, usize> = IndexMap::new();
    let mut total = 0;
    for case in cases {
        let inventory = case.inventory();
        let resolved = case.resolve(&inventory);
        let router = Router::new(&resolved.config);
        let world = Echo::new(&inventory, text(&case.data, "given"));
        for (number, exchange) in echo::exchanges(&case.data).iter().enumerate() {
            let request = echo::request(&exchange["request"], text(&case.data, "client"));
            let decision = router.decide(&request, &world);
            total += 1;
            if let Outcome::Unmodelled { what } = &decision.outcome {
                *unmodelled.entry(format!("{}: {what}", case.name)).or_default() += 1;
                continue;
            }
            let mut found = differences(&decision, &exchange["observed"], &world);
            // How many requests a limit refuses depends on the time between them.
            if case.name.starts_with("limit-") {
                found.retain(|(aspect, _)| *aspect != "split");
            }
            for (aspect, _) in &found {
                *aspects.entry(aspect).or_default() += 1;
            }
            if !found.is_empty() {
                let shown = serde_json::to_string(&exchange["request"]).expect("JSON");
                let list: Vec<String> = found.iter().map(|(aspect, text)| format!("    {aspect}: {text}")).collect();
                wrong.push(format!("{} #{number} {shown}\n{}", case.name, list.join("\n")));
            }
        }
    }
    let lost: usize = unmodelled.values().sum();
    println!("{total} requests, {} wrong, {lost} not modelled, {aspects:?}", wrong.len());
    for (what, count) in &unmodelled {
        println!("  {count:4} {what}");
    }
    (total, lost, wrong)
}
