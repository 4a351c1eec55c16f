//! What real implementations of Gateway API answered (`testdata/requests/{envoy-gateway,kgateway,nginx-gateway-fabric,traefik}`), asked of the
//! model of the new side
//! with the dialect of the implementation that answered.

use std::{collections::BTreeMap, fs, path::Path};

use gateshift::{
    gateway::{
        config::Config,
        dialect::Target,
        evaluate::{DEFAULT_CERTIFICATE, Decided},
        facts::{Absent, Facts},
        limits::{Channel, Judge},
        objects::Objects,
        resolve::{self, Options},
    },
    k8s::{EndpointSlice, Inventory, NamespacedName, ObjectMeta},
    read,
    request::{BackendAnswer, Deny, Forward, Header, NoAnswer, Outcome, Request, Scheme, Speech, World},
    targets,
};
use serde_yaml::Value;

/// A recorded case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// Verdicts over many exchanges.
#[derive(Default)]
pub(crate) struct Score {
    pub(crate) right: usize,
    pub(crate) undecided: usize,
    pub(crate) unmodelled: BTreeMap<String, usize>,
    pub(crate) wrong: Vec<String>,
}

pub(crate) fn cases(folder: &str) -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/requests").join(folder);
    let mut files: Vec<_> = fs::read_dir(root).expect("cases").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("case");
            let name = file.file_stem().and_then(|name| name.to_str()).expect("name").to_owned();
            Case { name, data: serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display())) }
        })
        .collect()
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

pub(crate) fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(items) => items.iter().map(scalar).collect(),
        other => vec![scalar(other)],
    }
}

impl Case {
    /// The objects that were in the cluster.
    pub(crate) fn inventory(&self) -> Inventory {
        let given = text(&self.data, "given").to_owned();
        let mut inventory = read::texts([("given.yaml".to_owned(), given.clone())], &read::Options::default()).inventory;
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

    pub(crate) fn resolve(&self, target: &'static Target) -> Config {
        let inventory = self.inventory();
        // Envoy Gateway was recorded with the experimental definitions, which take more, the others with the standard ones.
        let standard = ["nginx-gateway-fabric", "traefik"].contains(&target.id.as_str());
        let channel = if standard { Channel::Standard } else { Channel::Experimental };
        let judge = Judge::new("1.6".parse().expect("version"), channel);
        let objects = Objects::read(&inventory, Some(&judge)).objects;
        let gateway = self.data.get("gateway").and_then(Value::as_str).and_then(|name| name.split_once('/'));
        let gateway = gateway.map(|(namespace, name)| NamespacedName::new(namespace, name));
        let policies = targets::read_back(&target.id, &objects, &inventory, &Facts::of(&inventory, Absent::Missing));
        resolve::resolve(&objects, &inventory, target, &Options { gateway, absent: Absent::Missing, policies })
    }

    pub(crate) fn ask(&self, target: &'static Target, score: &mut Score) {
        let config = self.resolve(target);
        for (position, exchange) in list(&self.data, "exchanges").iter().enumerate() {
            let asked = exchange.get("request").expect("request");
            let observed = exchange.get("observed").expect("observed");
            let label = || {
                format!(
                    "{} #{position} {}",
                    self.name,
                    serde_json::to_string(asked).unwrap_or_default().chars().take(220).collect::<String>()
                )
            };
            let Some(request) = request(asked, text(&self.data, "client")) else {
                *score.unmodelled.entry("a handshake that a request cannot say".to_owned()).or_default() += 1;
                continue;
            };
            let decided = config.decide(&request, &Lab { request: &request });
            if let Outcome::Unmodelled { what } = &decided.decision.outcome {
                *score.unmodelled.entry(format!("{}: {what}", self.name)).or_default() += 1;
                continue;
            }
            let limited = decided.limited.is_some_and(|status| observed.get("status").and_then(Value::as_u64) == Some(status.into()));
            let wrong = if limited { None } else { compare(&request, asked, observed, &decided) };
            match wrong {
                None if limited => score.undecided += 1,
                None if decided.undecided.is_some() => score.undecided += 1,
                None => score.right += 1,
                Some(difference) => score.wrong.push(format!(
                    "{}\n    {difference}\n    {:?}",
                    label(),
                    decided.decision.trace.iter().map(|step| &step.text).collect::<Vec<_>>()
                )),
            }
        }
        compare_statuses(self, &config, score);
    }
}

/// The echo servers of the recordings.
pub(crate) struct Echo;

fn lab_number(target: &str, word: &str) -> Option<u64> {
    let path = target.split('?').next().unwrap_or_default();
    let (_, rest) = path.split_once(word)?;
    rest.split('/').next()?.parse().ok()
}

/// The same, with the user and the authentication service of the recordings.
struct Lab<'r> {
    request: &'r Request,
}

impl World for Lab<'_> {
    fn backend(&self, backend: &str, target: &str) -> Option<BackendAnswer> {
        Echo.backend(backend, target)
    }

    fn password(&self, _: &NamespacedName, user: &str, password: &str) -> Option<bool> {
        Some((user, password) == ("alice", "password"))
    }

    fn authentication(&self, url: &str) -> Option<u16> {
        let told = lab_number(url, "/lab/status/").and_then(|status| u16::try_from(status).ok());
        let good =
            self.request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("authorization") && header.value == "Bearer good");
        Some(if good { told.unwrap_or(200) } else { 401 })
    }
}

impl World for Echo {
    fn backend(&self, _: &str, target: &str) -> Option<BackendAnswer> {
        let status = lab_number(target, "/lab/status/").and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
        Some(BackendAnswer { status, headers: Vec::new(), delay: lab_number(target, "/lab/sleep/").unwrap_or(0) })
    }
}

/// The request; `None` where a request cannot say it.
pub(crate) fn request(asked: &Value, client: &str) -> Option<Request> {
    if asked.get("tls_max").is_some_and(|max| scalar(max) == "1.1") {
        return None;
    }
    if !list(asked, "alpn").is_empty() && !list(asked, "alpn").iter().any(|name| name == "h2" || name == "http/1.1") {
        return None;
    }
    let scheme = if text(asked, "scheme") == "https" { Scheme::Https } else { Scheme::Http };
    let host = asked.get("host").and_then(|host| (!host.is_null()).then(|| scalar(host)));
    let name = host.as_deref().map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name).trim_end_matches('.').to_owned());
    let sni = asked.get("sni").map(scalar).or(name).filter(|sni| !sni.is_empty());
    let mut headers = Vec::new();
    for (name, value) in asked.get("headers").and_then(Value::as_mapping).into_iter().flatten() {
        headers.extend(lines(value).into_iter().map(|value| Header { name: scalar(name), value }));
    }
    let number = |key: &str| asked.get(key).and_then(Value::as_u64);
    let from = ["from", "client"].iter().map(|key| text(asked, key)).chain([client, "198.51.100.7"]).find(|text| !text.is_empty());
    Some(Request {
        method: Some(text(asked, "method")).filter(|method| !method.is_empty()).unwrap_or("GET").to_owned(),
        scheme,
        host,
        sni: if scheme == Scheme::Https { sni } else { None },
        target: asked.get("path").map_or_else(|| "/".to_owned(), scalar),
        headers,
        body_bytes: number("body_bytes").unwrap_or(0),
        chunked: asked.get("chunked").and_then(Value::as_bool).unwrap_or(false),
        http_version: if text(asked, "protocol") == "h2" {
            "2".to_owned()
        } else {
            asked.get("http_version").map_or_else(|| "1.1".to_owned(), scalar)
        },
        client: from.unwrap_or_default().to_owned(),
        port: number("port").and_then(|port| u16::try_from(port).ok()),
        client_certificate: asked.get("client_cert").map(scalar),
    })
}

/// What stands in `grpc-status` for a status of the router.
fn grpc_code(status: u16) -> &'static str {
    if status == 503 { "14" } else { "2" }
}

/// The first difference between what was observed and what the model says; `None` where what was observed is one of the outcomes.
pub(crate) fn compare(request: &Request, asked: &Value, observed: &Value, decided: &Decided) -> Option<String> {
    let first = compare_one(request, asked, observed, &decided.decision.outcome);
    let found = match first {
        Some(difference) if !decided.others.iter().any(|other| compare_one(request, asked, observed, other).is_none()) => Some(difference),
        Some(_) | None => None,
    };
    found.or_else(|| compare_certificate(observed, decided))
}

fn compare_certificate(observed: &Value, decided: &Decided) -> Option<String> {
    let (served, claimed) = (observed.get("certificate")?, decided.decision.certificate.as_ref()?);
    let names: Vec<String> = list(served, "san").iter().map(scalar).collect();
    let same = names.join(", ") == *claimed
        || text(served, "cn") == claimed
        || (claimed == DEFAULT_CERTIFICATE && text(served, "cn").contains("DEFAULT"));
    (!same).then(|| format!("certificate {served:?}, model {claimed}"))
}

fn compare_one(request: &Request, asked: &Value, observed: &Value, outcome: &Outcome) -> Option<String> {
    let difference =
        |what: &str| Some(format!("{what}: observed {}, model {outcome:?}", serde_json::to_string(observed).unwrap_or_default()));
    if let Some(split) = observed.get("split").and_then(Value::as_mapping) {
        return compare_split(split, outcome).and_then(|what| difference(&what));
    }
    let status = observed.get("status").and_then(Value::as_u64);
    let Some(status) = status else {
        let error = text(observed, "error");
        return match outcome {
            Outcome::NoAnswer(NoAnswer::Refused) if error.contains("refused") => None,
            Outcome::NoAnswer(NoAnswer::Reset | NoAnswer::Tls) if !error.contains("refused") => None,
            _ => difference("no answer"),
        };
    };
    let backend = observed.get("backend").and_then(Value::as_str);
    let headers = |claims: &[(String, Option<String>)]| compare_headers(observed.get("headers"), claims, &request.target);
    match outcome {
        Outcome::Forward(Forward { split, method, target, host, speech, handshakes: _, headers: sent, response_headers }) => {
            let Some(backend) = backend else {
                // A call of gRPC gets the status in a header.
                let code = observed.get("headers").map_or("", |headers| text(headers, "grpc-status"));
                let own = split.iter().any(|share| share.status.is_some_and(|own| u64::from(own) == status || grpc_code(own) == code));
                return if own { None } else { difference("forwarded") };
            };
            if !split.iter().any(|share| share.backend.as_deref() == Some(backend)) {
                return difference("backend");
            }
            let upstream = observed.get("upstream").expect("upstream");
            if text(upstream, "path") != target || text(upstream, "method") != method {
                return difference("target");
            }
            if host.as_ref().is_some_and(|host| text(upstream, "host") != host) {
                return difference("host");
            }
            let two = text(upstream, "protocol") == "HTTP/2";
            let tls = upstream.get("tls").is_some();
            // Over TLS the handshake may lead to HTTP/2 where nobody insists on it.
            let handed_on = |speech: &Speech| matches!(speech, Speech::Passthrough | Speech::Decrypted);
            let fits =
                |speech: &Speech| handed_on(speech) || speech.is_tls() == tls && (speech.is_http2() == two || *speech == Speech::Https);
            if !speech.is_empty() && !speech.iter().any(fits) {
                return difference("protocol");
            }
            // Who is asked for a WebSocket opens one.
            let opened = status == 101 && request.headers.iter().any(|header| header.name.eq_ignore_ascii_case("upgrade"));
            if !opened && u64::from(Echo.backend(backend, target).map_or(200, |answer| answer.status)) != status {
                return difference("status");
            }
            if let Some(name) = compare_headers(upstream.get("headers"), sent, "").or_else(|| headers(response_headers)) {
                return difference(&name);
            }
            None
        }
        Outcome::Redirect { status: ours, location, response_headers } => {
            let theirs = observed.get("headers").map_or("", |headers| text(headers, "location"));
            if u64::from(*ours) != status || theirs != location || backend.is_some() {
                return difference("redirect");
            }
            headers(response_headers).and_then(|name| difference(&name))
        }
        // The answer of an authentication service is handed on, which the recordings tell by its name.
        Outcome::Deny { why: Deny::Credentials, status: ours, response_headers } if u64::from(*ours) == status => {
            headers(response_headers).and_then(|name| difference(&name))
        }
        Outcome::Respond { status: ours, response_headers } | Outcome::Deny { status: ours, response_headers, .. } => {
            if u64::from(*ours) != status || backend.is_some() {
                return difference("own answer");
            }
            headers(response_headers).and_then(|name| difference(&name))
        }
        Outcome::NoRoute { response_headers } => {
            if status != 404 || backend.is_some() {
                return difference("no route");
            }
            let _ = asked;
            headers(response_headers).and_then(|name| difference(&name))
        }
        Outcome::NoAnswer(_) | Outcome::Unmodelled { .. } => difference("answer"),
    }
}

pub(crate) fn compare_split(split: &serde_yaml::Mapping, outcome: &Outcome) -> Option<String> {
    let counts: BTreeMap<String, f64> = split.iter().map(|(key, value)| (scalar(key), value.as_f64().unwrap_or(0.0))).collect();
    let total: f64 = counts.values().sum();
    let shares: BTreeMap<String, f64> = match outcome {
        Outcome::Forward(forward) => {
            let sum: u64 = forward.split.iter().map(|share| share.weight).sum();
            let name = |share: &gateshift::request::Share| {
                share.backend.clone().unwrap_or_else(|| format!("status {}", share.status.unwrap_or_default()))
            };
            #[expect(clippy::cast_precision_loss, reason = "weights are at most a million")]
            forward.split.iter().map(|share| (name(share), share.weight as f64 / sum as f64)).collect()
        }
        Outcome::Respond { status, .. } | Outcome::Redirect { status, .. } | Outcome::Deny { status, .. } => {
            BTreeMap::from([(format!("status {status}"), 1.0)])
        }
        Outcome::NoRoute { .. } => BTreeMap::from([("status 404".to_owned(), 1.0)]),
        Outcome::NoAnswer(_) | Outcome::Unmodelled { .. } => BTreeMap::new(),
    };
    for key in counts.keys().chain(shares.keys()) {
        let (seen, expected) = (counts.get(key).copied().unwrap_or(0.0) / total, shares.get(key).copied().unwrap_or(0.0));
        if (seen - expected).abs() > 4.0 * (expected * (1.0 - expected) / total).sqrt() + 0.5 / total {
            return Some(format!("share of {key}"));
        }
    }
    None
}

/// Compares claimed headers. What the request asks the echo server to send is left out.
fn compare_headers(observed: Option<&Value>, claims: &[(String, Option<String>)], target: &str) -> Option<String> {
    for (name, _) in claims {
        if target.to_ascii_lowercase().contains(&format!("lab-set={name}:"))
            || target.to_ascii_lowercase().contains(&format!("lab-header={name}:"))
        {
            continue;
        }
        let theirs: Vec<String> = observed.and_then(|headers| headers.get(name.as_str())).map(lines).unwrap_or_default();
        // The recordings leave these out.
        if ["content-type", "content-length", "user-agent", "accept", "date", "connection"].contains(&name.as_str()) {
            continue;
        }
        if theirs == ["present"] {
            continue;
        }
        let ours: Vec<String> = claims.iter().filter(|(other, _)| other == name).filter_map(|(_, value)| value.clone()).collect();
        if theirs.join("\n") != ours.join("\n") && theirs.join(",") != ours.join(",") {
            return Some(format!("header {name} {theirs:?} {ours:?}"));
        }
    }
    None
}

/// `Accepted`, `ResolvedRefs` and `Programmed` of listeners and routes.
pub(crate) fn compare_statuses(case: &Case, config: &Config, score: &mut Score) {
    let Some(statuses) = case.data.get("statuses") else { return };
    let ours = &config.readings[0].statuses;
    let condition = |owner: &Value, kind: &str| {
        let found = list(owner, "conditions").iter().find(|condition| text(condition, "type") == kind)?;
        Some((text(found, "status") == "True", text(found, "reason").to_owned()))
    };
    let mut wrong = Vec::new();
    let check = |wrong: &mut Vec<String>, what: String, observed: Option<(bool, String)>, ours: bool| {
        if let Some((theirs, reason)) = observed
            && theirs != ours
        {
            wrong.push(format!("{} status of {what}: observed {theirs} ({reason}), model {ours}", case.name));
        }
    };
    for gateway in list(statuses, "gateways") {
        for listener in list(gateway, "listeners") {
            let (owner, name) = (text(gateway, "name"), text(listener, "name"));
            let Some(state) = ours.listeners.iter().find(|state| state.owner.to_string() == owner && state.name == name) else { continue };
            let label = |kind: &str| format!("{owner} listener {name} {kind}");
            check(&mut wrong, label("Accepted"), condition(listener, "Accepted"), state.accepted.is_ok());
            check(&mut wrong, label("Programmed"), condition(listener, "Programmed"), state.programmed.is_ok());
            check(&mut wrong, label("ResolvedRefs"), condition(listener, "ResolvedRefs"), state.resolved.is_ok());
            if let Some(attached) = listener.get("attachedRoutes").and_then(Value::as_u64)
                && usize::try_from(attached).ok() != Some(state.attached)
            {
                wrong.push(format!("{} attachedRoutes of {owner} {name}: observed {attached}, model {}", case.name, state.attached));
            }
        }
    }
    for route in list(statuses, "routes") {
        for parent in list(route, "parents") {
            let (kind, name) = (text(route, "kind"), text(route, "name"));
            let same = |state: &&gateshift::gateway::status::RouteState| {
                state.route.kind == kind
                    && format!("{}/{}", state.route.namespace, state.route.name) == name
                    && state.parent.name == text(parent, "name")
                    && state.parent.section_name.as_deref().unwrap_or_default() == text(parent, "sectionName")
                    && state.parent.port.map(u64::from) == parent.get("port").and_then(Value::as_u64)
            };
            let Some(state) = ours.routes.iter().find(same) else {
                wrong.push(format!("{}: no status of {kind} {name}", case.name));
                continue;
            };
            check(&mut wrong, format!("{kind} {name} Accepted"), condition(parent, "Accepted"), state.accepted.is_ok());
            check(&mut wrong, format!("{kind} {name} ResolvedRefs"), condition(parent, "ResolvedRefs"), state.resolved.is_ok());
        }
    }
    score.wrong.extend(wrong);
}

fn score(folder: &str, target: &str) -> Score {
    let target = Target::named(target).expect("target");
    let mut score = Score::default();
    for case in cases(folder) {
        case.ask(target, &mut score);
    }
    score
}

pub(crate) fn report(score: &Score) -> String {
    format!(
        "{} right, {} undecided and possible, {} unmodelled, {} wrong\n{}\nunmodelled: {:#?}",
        score.right,
        score.undecided,
        score.unmodelled.values().sum::<usize>(),
        score.wrong.len(),
        score.wrong.join("\n"),
        score.unmodelled
    )
}

#[test]
fn envoy_gateway_answers_as_the_model_says() {
    let score = score("envoy-gateway", "envoy-gateway");
    assert!(score.wrong.is_empty(), "{}", report(&score));
    // Its own policies are read too: what is left are handshakes that no request can say.
    assert!(score.unmodelled.values().sum::<usize>() <= 2, "{}", report(&score));
}

/// Answers of the nginx that NGINX Gateway Fabric configures (`tests/lab/ngf_lab.py`).
#[test]
fn nginx_gateway_fabric_answers_as_the_model_says() {
    let score = score("nginx-gateway-fabric", "nginx-gateway-fabric");
    assert!(score.wrong.is_empty(), "{}", report(&score));
    assert!(score.right > 1000, "{}", report(&score));
}

#[test]
fn traefik_answers_as_the_model_says() {
    let score = score("traefik", "traefik");
    assert!(score.wrong.is_empty(), "{}", report(&score));
}

/// Answers of the same Envoy Gateway that `lab` recorded later.
#[test]
fn envoy_gateway_gives_more_answers_as_the_model_says() {
    let score = score("envoy-gateway-more", "envoy-gateway");
    assert!(score.wrong.is_empty(), "{}", report(&score));
}

/// Answers of the same Traefik that `lab` recorded later, its own kinds among the objects.
#[test]
fn traefik_gives_more_answers_as_the_model_says() {
    let score = score("traefik-more", "traefik");
    assert!(score.wrong.is_empty(), "{}", report(&score));
}

/// Answers of a released kgateway on the same cases, and on some with its own kinds.
#[test]
fn kgateway_answers_as_the_model_says() {
    let score = score("kgateway", "kgateway");
    assert!(score.wrong.is_empty(), "{}", report(&score));
    // A service that cannot be asked.
    assert!(score.unmodelled.values().sum::<usize>() <= 2, "{}", report(&score));
}

/// Answers that a lab gave just now: `tests/lab/random_gateway.py --keep` says how.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped test must be seen, and how much was compared")]
fn answers_of_a_lab_are_what_the_model_says() {
    let Ok(folder) = std::env::var("GATESHIFT_ANSWERS") else {
        crate::shared::skipped("GATESHIFT_ANSWERS names no folder of answered cases");
        return;
    };
    let server = std::env::var("GATESHIFT_TARGET").unwrap_or_else(|_| "envoy-gateway".to_owned());
    let score = score(&folder, &server);
    eprintln!("{}", report(&score));
    assert!(score.wrong.is_empty());
}
