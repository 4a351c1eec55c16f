//! Predictions for snippets against what the real controller answered (`truth/ingress-nginx/snippet-*.yaml`).

#![allow(clippy::print_stdout, reason = "tests say what they skip and what they measured")]

use std::{collections::BTreeMap, fs, path::PathBuf};

use gateshift::request::{Header, Request, Scheme};
use gateshift::snippet::{Ending, LocationModifier, Place, Reading, Site, SiteLocation, predict};
use serde::Deserialize;
use serde_yaml::Value;

use super::shared::shared;

const PREFIX: &str = "nginx.ingress.kubernetes.io/";

/// One host with one Ingress.
struct Host {
    server: Option<Reading>,
    location: Option<Reading>,
    paths: Vec<String>,
}

fn annotation(ingress: &Value, name: &str) -> Option<Reading> {
    let text = ingress["metadata"]["annotations"][format!("{PREFIX}{name}")].as_str()?;
    Some(Reading::new(text, Place::of_annotation(name)?))
}

/// Hosts whose first Ingress has neither a rewrite nor CORS, which snippets are not about.
fn hosts(given: &str) -> BTreeMap<String, Host> {
    let mut hosts: BTreeMap<String, Host> = BTreeMap::new();
    for document in serde_yaml::Deserializer::from_str(given) {
        let ingress = Value::deserialize(document).expect("document");
        let annotations = &ingress["metadata"]["annotations"];
        let left_out = ["rewrite-target", "enable-cors"].iter().any(|name| annotations.get(format!("{PREFIX}{name}")).is_some());
        if ingress["kind"] != "Ingress" || left_out {
            continue;
        }
        for rule in ingress["spec"]["rules"].as_sequence().into_iter().flatten() {
            let name = rule["host"].as_str().unwrap_or_default().to_owned();
            let server = annotation(&ingress, "server-snippet");
            let host = hosts.entry(name).or_insert_with(|| Host {
                server,
                location: annotation(&ingress, "configuration-snippet"),
                paths: Vec::new(),
            });
            let paths = rule["http"]["paths"].as_sequence().into_iter().flatten();
            host.paths.extend(paths.filter_map(|path| path["path"].as_str().map(str::to_owned)));
        }
    }
    hosts
}

fn request(wanted: &Value) -> Request {
    let text = |name: &str| wanted[name].as_str().map(str::to_owned);
    let headers = wanted["headers"].as_mapping().into_iter().flatten();
    Request {
        method: text("method").unwrap_or_else(|| "GET".to_owned()),
        scheme: if text("scheme").as_deref() == Some("https") { Scheme::Https } else { Scheme::Http },
        host: text("host"),
        sni: None,
        target: text("path").unwrap_or_else(|| "/".to_owned()),
        headers: headers
            .filter_map(|(name, value)| Some(Header { name: name.as_str()?.to_owned(), value: value.as_str()?.to_owned() }))
            .collect(),
        body_bytes: 0,
        chunked: false,
        http_version: "1.1".to_owned(),
        client: "10.77.200.1".to_owned(),
        port: None,
        client_certificate: None,
    }
}

/// What differs between the prediction and the answer.
fn compare(host: &Host, global: (&Option<Reading>, &Option<Reading>), request: &Request, observed: &Value) -> Vec<String> {
    let (server_snippet, location_snippet) = global;
    let snippets: Vec<&Reading> = host.location.iter().chain(location_snippet).collect();
    let mut site = Site { before: host.server.iter().collect(), after: server_snippet.iter().collect(), ..Site::default() };
    for path in &host.paths {
        let slash = format!("{}/", path.trim_end_matches('/'));
        site.locations.push(SiteLocation { modifier: LocationModifier::Prefix, path: slash.clone(), snippets: snippets.clone() });
        if slash != "/" {
            site.locations.push(SiteLocation { modifier: LocationModifier::Exact, path: path.clone(), snippets: snippets.clone() });
        }
    }
    let implicit = !host.paths.iter().any(|path| path == "/");
    if implicit {
        site.locations.push(SiteLocation { modifier: LocationModifier::Prefix, path: "/".to_owned(), snippets: snippets.clone() });
    }
    let prediction = predict(&site, request);
    let default = implicit && prediction.location == Some(site.locations.len() - 1);
    let (status, backend) = match prediction.ending {
        Ending::Backend => (if default { 404 } else { 200 }, !default),
        Ending::OtherBackend(_) => (200, true),
        Ending::Files => (if prediction.path == "/" { 200 } else { 404 }, false),
        Ending::Redirect { status, .. } | Ending::Answer { status, .. } => (status, false),
        Ending::Closed | Ending::Unknown => (0, false),
    };
    let mut wrong = Vec::new();
    if observed["status"].as_u64() != Some(u64::from(status)) || backend != observed.get("backend").is_some() {
        wrong.push(format!("{:?} predicted, {observed:?} answered", prediction.ending));
    }
    if let Ending::Redirect { location, .. } = &prediction.ending
        && location.as_deref() != observed["headers"]["location"].as_str()
    {
        wrong.push(format!("Location {location:?} predicted, {observed:?} answered"));
    }
    let mut headers = Vec::new();
    for effect in &prediction.response_headers {
        effect.apply(status, &mut headers);
    }
    for (name, value) in &headers {
        if observed["headers"][name.as_str()].as_str() != Some(value) {
            wrong.push(format!("{name}: {value} predicted, {observed:?} answered"));
        }
    }
    if backend {
        if prediction.rewritten && observed["upstream"]["path"].as_str() != Some(&prediction.path) {
            wrong.push(format!("path {} predicted, {observed:?} answered", prediction.path));
        }
        for effect in &prediction.request_headers {
            let name = effect.name.to_ascii_lowercase();
            let seen = if name == "host" { &observed["upstream"]["host"] } else { &observed["upstream"]["headers"][name.as_str()] };
            if seen.as_str() != effect.value.as_deref() {
                wrong.push(format!("{name}: {:?} predicted, {observed:?} answered", effect.value));
            }
        }
    }
    wrong
}

#[test]
fn the_controller_answered_as_predicted() {
    let Some(recordings) = shared("truth/ingress-nginx") else { return };
    let mut files: Vec<PathBuf> = fs::read_dir(recordings).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    let (mut wrong, mut compared) = (Vec::new(), 0);
    for file in files.iter().filter(|file| file.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("snippet-"))) {
        let value: Value = serde_yaml::from_str(&fs::read_to_string(file).expect("file")).expect("yaml");
        let config = &value["controller"]["configmap"];
        let allowed = config["allow-snippet-annotations"] == "true" && config["annotations-risk-level"] == "Critical";
        if !allowed || value.get("refused").is_some() {
            continue;
        }
        let hosts = hosts(value["given"].as_str().unwrap_or_default());
        let key = |name: &str| config[name].as_str().and_then(|text| Some(Reading::new(text, Place::of_config_key(name)?)));
        let (server, location) = (key("server-snippet"), key("location-snippet"));
        for exchange in value["exchanges"].as_sequence().into_iter().flatten() {
            let request = request(&exchange["request"]);
            let Some(host) = request.host.as_ref().and_then(|host| hosts.get(host)) else { continue };
            compared += 1;
            let found = compare(host, (&server, &location), &request, &exchange["observed"]);
            wrong.extend(found.into_iter().map(|what| format!("{} {}: {what}", file.display(), request.target)));
        }
    }
    println!("{compared} answers of the real controller compared");
    assert!(wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
    assert!(compared > 30, "{compared}");
}
