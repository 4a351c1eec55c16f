//! A small API server on loopback: lists in pages, tables and metadata, discovery, and every misbehaviour that a test asks for.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, Mutex},
};

use serde::Deserialize as _;
use serde_json::{Value, json};

/// A request as it came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// Without query.
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) headers: BTreeMap<String, String>,
    /// How many requests for this path came before.
    pub(crate) earlier: usize,
}

/// What to do instead of answering properly.
#[derive(Debug, Clone)]
pub(crate) enum Misbehave {
    /// This status and message.
    Status(u16, &'static str),
    /// 429 and a header that asks for no pause.
    TooMany,
    /// The connection is closed without an answer.
    Hang,
    /// The body is cut in the middle, against its announced length.
    Cut,
    /// Half of the body, announced as whole.
    Truncate,
    /// Nothing for longer than the client waits.
    Silence,
    /// A body that is another object.
    Body(Value),
}

type Rule = dyn Fn(&Request) -> Option<Misbehave> + Send + Sync;

struct State {
    objects: Vec<Value>,
    rule: Box<Rule>,
    requests: Mutex<Vec<Request>>,
}

/// The server. It stops with the test process.
pub(crate) struct Server {
    state: Arc<State>,
    kubeconfig: PathBuf,
}

/// Group, version, plural, kind, namespaced.
const RESOURCES: &[(&str, &str, &str, &str, bool)] = &[
    ("networking.k8s.io", "v1", "ingresses", "Ingress", true),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false),
    ("", "v1", "services", "Service", true),
    ("", "v1", "namespaces", "Namespace", false),
    ("", "v1", "configmaps", "ConfigMap", true),
    ("", "v1", "secrets", "Secret", true),
    ("apps", "v1", "deployments", "Deployment", true),
    ("apps", "v1", "daemonsets", "DaemonSet", true),
    ("discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", true),
    ("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", false),
    ("gateway.networking.k8s.io", "v1", "gatewayclasses", "GatewayClass", false),
    ("gateway.networking.k8s.io", "v1", "gateways", "Gateway", true),
    ("gateway.networking.k8s.io", "v1", "httproutes", "HTTPRoute", true),
    ("gateway.networking.k8s.io", "v1beta1", "httproutes", "HTTPRoute", true),
    ("cert-manager.io", "v1", "certificates", "Certificate", true),
    ("cert-manager.io", "v1", "issuers", "Issuer", true),
    ("cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", false),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true),
    ("argoproj.io", "v1alpha1", "rollouts", "Rollout", true),
];

impl Server {
    /// Serves the objects of YAML texts.
    pub(crate) fn start(texts: &[&str]) -> Self {
        Self::with(texts, |_| None)
    }

    /// Serves them, and misbehaves where the rule says so.
    pub(crate) fn with(texts: &[&str], rule: impl Fn(&Request) -> Option<Misbehave> + Send + Sync + 'static) -> Self {
        let documents = texts.iter().flat_map(|text| serde_yaml::Deserializer::from_str(text));
        let objects = documents.map(|document| Value::deserialize(document).expect("YAML")).filter(|object| !object.is_null());
        Self::of(objects.collect(), rule)
    }

    /// Serves objects.
    pub(crate) fn of(mut objects: Vec<Value>, rule: impl Fn(&Request) -> Option<Misbehave> + Send + Sync + 'static) -> Self {
        for object in &mut objects {
            let kind = object["kind"].as_str().unwrap_or("").to_owned();
            let known = RESOURCES.iter().find(|resource| resource.3 == kind).unwrap_or_else(|| panic!("no resource for {kind}"));
            if known.4 && object["metadata"]["namespace"].is_null() {
                object["metadata"]["namespace"] = json!("default");
            }
        }
        objects.sort_by_cached_key(|object| (text(&object["metadata"]["namespace"]), text(&object["metadata"]["name"])));
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let port = listener.local_addr().expect("address").port();
        let kubeconfig = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kubeconfig-{}-{port}", std::process::id()));
        std::fs::write(
            &kubeconfig,
            format!(
                "apiVersion: v1\nkind: Config\ncurrent-context: test\nclusters: [{{name: c, cluster: {{server: 'http://127.0.0.1:{port}'}}}}, {{name: gone, cluster: {{server: 'http://127.0.0.1:1'}}}}]\n\
                 users: [{{name: u, user: {{token: secret-token}}}}]\n\
                 contexts: [{{name: test, context: {{cluster: c, user: u}}}}, {{name: shop, context: {{cluster: c, user: u, namespace: shop}}}}, {{name: gone, context: {{cluster: gone, user: u}}}}]\n"
            ),
        )
        .expect("kubeconfig");
        let state = Arc::new(State { objects, rule: Box::new(rule), requests: Mutex::default() });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(&state, stream));
            }
        });
        Self { state, kubeconfig }
    }

    pub(crate) fn kubeconfig(&self) -> &PathBuf {
        &self.kubeconfig
    }

    /// Requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.state.requests.lock().expect("no panic").clone()
    }

    /// How many requests for a path came.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.requests().iter().filter(|request| request.path == path).count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.kubeconfig);
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or("").to_owned()
}

fn serve(state: &State, stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("stream"));
    let mut stream = stream;
    while let Some(request) = receive(state, &mut reader) {
        let misbehave = (state.rule)(&request);
        if answer(state, &request, misbehave.as_ref(), &mut stream).is_none() {
            break;
        }
    }
}

fn receive(state: &State, reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    if reader.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(key, value)| (key.to_owned(), value.replace("%2F", "/").replace("%3D", "=").replace("%2B", "+"))).collect();
    let mut requests = state.requests.lock().expect("no panic");
    let earlier = requests.iter().filter(|request| request.path == path).count();
    let request = Request { method, path: path.to_owned(), query, headers, earlier };
    requests.push(request.clone());
    Some(request)
}

fn answer(state: &State, request: &Request, misbehave: Option<&Misbehave>, stream: &mut TcpStream) -> Option<()> {
    let status_body =
        |code: u16, message: &str| json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code});
    let (code, body) = match misbehave {
        None | Some(Misbehave::Cut | Misbehave::Truncate) => {
            respond(state, request).unwrap_or_else(|| (404, status_body(404, "not found")))
        }
        Some(Misbehave::Status(code, message)) => (*code, status_body(*code, message)),
        Some(Misbehave::TooMany) => (429, status_body(429, "too many requests")),
        Some(Misbehave::Body(body)) => (200, body.clone()),
        Some(Misbehave::Hang) => {
            let _ = stream.shutdown(std::net::Shutdown::Both);
            return None;
        }
        Some(Misbehave::Silence) => {
            // Until the client gives up.
            let _ = std::io::Read::read(stream, &mut [0]);
            return None;
        }
    };
    let body = body.to_string();
    let half = body.len() / 2;
    let (announced, sent) = match misbehave {
        Some(Misbehave::Cut) => (body.len(), &body[..half]),
        Some(Misbehave::Truncate) => (half, &body[..half]),
        _ => (body.len(), body.as_str()),
    };
    let retry = if code == 429 { "Retry-After: 0\r\n" } else { "" };
    write!(stream, "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\n{retry}Content-Length: {announced}\r\n\r\n{sent}").ok()?;
    stream.flush().ok()?;
    if matches!(misbehave, Some(Misbehave::Cut)) {
        let _ = stream.shutdown(std::net::Shutdown::Both);
        return None;
    }
    Some(())
}

fn respond(state: &State, request: &Request) -> Option<(u16, Value)> {
    assert_eq!(request.method, "GET", "only get and list: {request:?}");
    let parts: Vec<&str> = request.path.trim_start_matches('/').split('/').collect();
    let (group, rest) = match parts.as_slice() {
        ["version"] => return Some((200, json!({"gitVersion": "v1.33.1"}))),
        ["apis"] => return Some((200, groups())),
        ["apis", group, version] => return Some((200, resources(group, version))),
        ["apis", group, version, rest @ ..] => ((*group, *version), rest),
        ["api", version, rest @ ..] => (("", *version), rest),
        _ => return None,
    };
    let (namespace, plural, name) = match rest {
        ["namespaces", namespace, plural] => (Some(*namespace), *plural, None),
        ["namespaces", namespace, plural, name] => (Some(*namespace), *plural, Some(*name)),
        [plural] => (None, *plural, None),
        [plural, name] => (None, *plural, Some(*name)),
        _ => return None,
    };
    let kind = RESOURCES.iter().find(|resource| (resource.0, resource.1) == group && resource.2 == plural)?.3;
    let label = request.query.get("labelSelector").and_then(|selector| selector.split_once('='));
    let mut found = state.objects.iter().filter(|object| {
        let meta = &object["metadata"];
        object["kind"] == kind
            && namespace.is_none_or(|namespace| meta["namespace"] == namespace)
            && name.is_none_or(|name| meta["name"] == name)
            && label.is_none_or(|(key, value)| meta["labels"][key] == value)
    });
    let accept = request.headers.get("accept").map_or("", String::as_str);
    if name.is_some() {
        return Some((200, found.next()?.clone()));
    }
    let start: usize = request.query.get("continue").map_or(0, |token| token.trim_start_matches("from+").parse().expect("a token"));
    let limit: usize = request.query.get("limit").map_or(usize::MAX, |limit| limit.parse().expect("a limit"));
    let mut items: Vec<&Value> = found.by_ref().skip(start).take(limit).collect();
    let more = found.next().is_some();
    let token = if more { format!("from+{}", start + items.len()) } else { String::new() };
    let list_meta = json!({"resourceVersion": "7", "continue": token});
    let api_version = if group.0.is_empty() { group.1.to_owned() } else { format!("{}/{}", group.0, group.1) };
    Some((
        200,
        if accept.contains("as=Table") {
            assert_eq!(request.query.get("includeObject").map(String::as_str), Some("None"));
            table(&list_meta, &items)
        } else if accept.contains("as=PartialObjectMetadataList") {
            let items: Vec<Value> = items.iter().map(|item| json!({"metadata": item["metadata"]})).collect();
            json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": list_meta, "items": items})
        } else {
            assert_ne!(kind, "Secret", "Secrets must not be listed whole");
            // Items of built-in kinds leave their type to the list.
            let untyped: Vec<Value> = items
                .drain(..)
                .map(|item| {
                    let mut item = item.clone();
                    item.as_object_mut().expect("object").retain(|key, _| key != "kind" && key != "apiVersion");
                    item
                })
                .collect();
            json!({"kind": format!("{kind}List"), "apiVersion": api_version, "metadata": list_meta, "items": untyped})
        },
    ))
}

fn table(list_meta: &Value, items: &[&Value]) -> Value {
    let rows: Vec<Value> = items
        .iter()
        .map(|item| {
            let count = item["data"].as_object().map_or(0, serde_json::Map::len);
            let kind = item["type"].as_str().unwrap_or("Opaque");
            json!({"cells": [item["metadata"]["name"], kind, count, "5d"], "object": null})
        })
        .collect();
    let columns: Vec<Value> = ["Name", "Type", "Data", "Age"].iter().map(|name| json!({"name": name, "type": "string"})).collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": list_meta, "columnDefinitions": columns, "rows": rows})
}

fn groups() -> Value {
    let mut versions: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, version, ..) in RESOURCES.iter().filter(|resource| !resource.0.is_empty()) {
        let known = versions.entry(group).or_default();
        if !known.contains(version) {
            known.push(version);
        }
    }
    let groups: Vec<Value> = versions
        .iter()
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions.iter().map(|version| json!({"version": version})).collect();
            json!({"name": group, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn resources(group: &str, version: &str) -> Value {
    let resources: Vec<Value> = RESOURCES
        .iter()
        .filter(|resource| (resource.0, resource.1) == (group, version))
        .map(|(_, _, plural, kind, namespaced)| json!({"name": plural, "kind": kind, "namespaced": namespaced, "verbs": ["get", "list"]}))
        .collect();
    json!({"kind": "APIResourceList", "apiVersion": "v1", "resources": resources})
}
