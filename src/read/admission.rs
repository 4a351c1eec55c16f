//! What kube-apiserver 1.37 refuses when an object is created: the metadata of every kind, and Ingress, IngressClass, ConfigMap and Secret whole
//! (`pkg/apis/networking/validation`, `pkg/apis/core/validation`, `apimachinery/pkg/api/validation`).

use super::{
    at::{At, Complaints},
    shape::whole,
};
use crate::{
    k8s::names::{self, Reasons},
    yaml::{Node, Resolved, decode_base64},
};

const ANNOTATION_BYTES: usize = 256 * 1024;
const DATA_BYTES: usize = 1024 * 1024;
const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";
const SERVICE_ACCOUNT_ANNOTATION: &str = "kubernetes.io/service-account.name";
/// Finalizers that need no domain.
const STANDARD_FINALIZERS: &[&str] = &["kubernetes", "orphan", "foregroundDeletion"];

/// How the objects of a kind are named.
#[derive(Clone, Copy)]
pub(super) struct Naming {
    pub(super) namespaced: bool,
    pub(super) name: fn(&str) -> Reasons,
    /// Whether the API server counts changes of the object itself, whatever the object says.
    pub(super) counted: bool,
}

/// A field that is there and not null.
fn field<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    node.get(key).filter(|value| !value.is_null())
}

/// Text of a field, empty where it is absent or null.
fn text<'n>(node: &'n Node, key: &str) -> &'n str {
    field(node, key).and_then(Node::as_text).unwrap_or("")
}

/// `ValidateObjectMeta`.
pub(super) fn metadata(cx: &mut Complaints<'_>, root: &Node, naming: Naming) {
    let at = At::Root;
    let at = at.key("metadata");
    let Some(meta) = field(root, "metadata") else {
        return cx.refuse(&at.key("name"), "name or generateName is required");
    };
    let (name, generate_name) = (text(meta, "name"), text(meta, "generateName"));
    if !generate_name.is_empty() {
        cx.refuse_all(&at.key("generateName"), names::prefix_of(generate_name, naming.name));
    }
    if !name.is_empty() {
        cx.refuse_all(&at.key("name"), (naming.name)(name));
    } else if generate_name.is_empty() {
        cx.refuse(&at.key("name"), "name or generateName is required");
    } else {
        cx.refuse_all(&at.key("name"), (naming.name)(&names::generated(generate_name)));
    }
    let namespace = text(meta, "namespace");
    if naming.namespaced && !namespace.is_empty() {
        cx.refuse_all(&at.key("namespace"), names::label(namespace));
    }
    if !naming.counted
        && let Some(generation) = field(meta, "generation").and_then(number)
        && generation < 0
    {
        cx.refuse(&at.key("generation"), "must be greater than or equal to 0");
    }
    labels(cx, meta, &at);
    annotations(cx, meta, &at);
    owners(cx, meta, &at);
    finalizers(cx, meta, &at);
}

fn number(node: &Node) -> Option<i64> {
    node.as_scalar().and_then(|scalar| scalar.resolve().ok()).and_then(|resolved| whole(&resolved))
}

fn labels(cx: &mut Complaints<'_>, meta: &Node, at: &At<'_>) {
    let at = at.key("labels");
    for (key, value) in meta.get("labels").map_or(&[][..], Node::entries) {
        let key = key.as_text().unwrap_or("");
        let at = at.key(key);
        cx.refuse_all(&at, names::qualified(key));
        if !value.is_null() {
            cx.refuse_all(&at, names::label_value(value.as_text().unwrap_or("")));
        }
    }
}

fn annotations(cx: &mut Complaints<'_>, meta: &Node, at: &At<'_>) {
    let at = at.key("annotations");
    let mut bytes = 0;
    for (key, value) in meta.get("annotations").map_or(&[][..], Node::entries) {
        let key = key.as_text().unwrap_or("");
        // Case does not matter in the prefix of an annotation.
        let reasons = if key.bytes().any(|byte| !byte.is_ascii() || byte.is_ascii_uppercase()) {
            names::qualified(&key.to_lowercase())
        } else {
            names::qualified(key)
        };
        cx.refuse_all(&at.key(key), reasons);
        bytes += key.len() + if value.is_null() { 0 } else { value.as_text().map_or(0, str::len) };
    }
    if bytes > ANNOTATION_BYTES {
        cx.refuse(&at, format!("may not be more than {ANNOTATION_BYTES} bytes in all, and is {bytes}"));
    }
}

fn owners(cx: &mut Complaints<'_>, meta: &Node, at: &At<'_>) {
    let at = at.key("ownerReferences");
    let mut controllers = 0;
    for (index, owner) in distinct_owners(meta.get("ownerReferences").map_or(&[][..], Node::items)).into_iter().enumerate() {
        let item = at.index(index);
        for key in ["apiVersion", "kind", "name", "uid"] {
            if text(owner, key).is_empty() {
                cx.refuse(&item.key(key), "must not be empty");
            }
        }
        let version = text(owner, "apiVersion");
        if version.matches('/').count() > 1 || version.ends_with('/') {
            cx.refuse(&item.key("apiVersion"), "must be <group>/<version> or <version>");
        }
        if version.trim_start_matches('/') == "v1" && text(owner, "kind") == "Event" {
            cx.refuse(&item, "an Event may not be an owner");
        }
        controllers += usize::from(is_true(owner, "controller"));
        if is_true(owner, "controller") && controllers > 1 {
            cx.refuse(&at, "only one reference can have `controller` set to true");
        }
    }
}

fn is_true(node: &Node, key: &str) -> bool {
    field(node, key).and_then(Node::as_scalar).is_some_and(|scalar| scalar.resolve() == Ok(Resolved::Bool(true)))
}

/// What is left when the API server has dropped owners that are there twice (`dedupOwnerReferences`).
fn distinct_owners(owners: &[Node]) -> Vec<&Node> {
    let facts = |owner: &Node| {
        let given = |key: &str| field(owner, key).is_some().then(|| is_true(owner, key));
        let texts = ["apiVersion", "kind", "name", "uid"].map(|key| text(owner, key).to_owned());
        (texts, given("controller"), given("blockOwnerDeletion"))
    };
    let mut seen = std::collections::BTreeSet::new();
    owners.iter().filter(|owner| seen.insert(facts(owner))).collect()
}

fn finalizers(cx: &mut Complaints<'_>, meta: &Node, at: &At<'_>) {
    let at = at.key("finalizers");
    let finalizers: Vec<&str> = meta
        .get("finalizers")
        .map_or(&[][..], Node::items)
        .iter()
        .map(|finalizer| if finalizer.is_null() { "" } else { finalizer.as_text().unwrap_or("") })
        .collect();
    for finalizer in &finalizers {
        cx.refuse_all(&at, names::qualified(finalizer));
    }
    if finalizers.contains(&"orphan") && finalizers.contains(&"foregroundDeletion") {
        cx.refuse(&at, "`orphan` and `foregroundDeletion` cannot be both set");
    }
    for (index, finalizer) in finalizers.iter().enumerate() {
        if !finalizer.contains('/') && !STANDARD_FINALIZERS.contains(finalizer) {
            cx.refuse(&at.index(index), "name is neither a standard finalizer name nor is it fully qualified");
        }
    }
}

/// `ValidateIngressCreate` without the metadata.
pub(super) fn ingress(cx: &mut Complaints<'_>, root: &Node) {
    let at = At::Root;
    let empty = Node::null();
    let spec_at = at.key("spec");
    let spec = field(root, "spec").unwrap_or(&empty);
    let rules = spec.get("rules").map_or(&[][..], Node::items);
    let default = field(spec, "defaultBackend");
    if rules.is_empty() && default.is_none() {
        cx.refuse(&spec_at, "either `defaultBackend` or `rules` must be specified");
    }
    if let Some(default) = default {
        backend(cx, default, &spec_at.key("defaultBackend"));
    }
    let rules_at = spec_at.key("rules");
    for (index, rule) in rules.iter().enumerate() {
        ingress_rule(cx, rule, &rules_at.index(index));
    }
    let tls_at = spec_at.key("tls");
    for (index, tls) in spec.get("tls").map_or(&[][..], Node::items).iter().enumerate() {
        ingress_tls(cx, tls, &tls_at.index(index));
    }
    let Some(class) = field(spec, "ingressClassName").and_then(Node::as_text) else { return };
    cx.refuse_all(&spec_at.key("ingressClassName"), names::subdomain(class));
    let annotations = root.get("metadata").and_then(|meta| meta.get("annotations"));
    if let Some(annotation) = annotations.and_then(|annotations| annotations.get(CLASS_ANNOTATION))
        && (if annotation.is_null() { Some("") } else { annotation.as_text() }) != Some(class)
    {
        let at = at.key("metadata");
        let at = at.key("annotations");
        cx.refuse(&at.key(CLASS_ANNOTATION), "must match `ingressClassName` when both are specified");
    }
}

fn ingress_tls(cx: &mut Complaints<'_>, tls: &Node, at: &At<'_>) {
    let hosts_at = at.key("hosts");
    for (index, host) in tls.get("hosts").map_or(&[][..], Node::items).iter().enumerate() {
        let host = if host.is_null() { "" } else { host.as_text().unwrap_or("") };
        cx.refuse_all(&hosts_at.index(index), if host.contains('*') { names::wildcard(host) } else { names::subdomain(host) });
    }
    let secret = text(tls, "secretName");
    if !secret.is_empty() {
        cx.refuse_all(&at.key("secretName"), names::subdomain(secret));
    }
}

fn ingress_rule(cx: &mut Complaints<'_>, rule: &Node, at: &At<'_>) {
    let host = text(rule, "host");
    if !host.is_empty() {
        let at = at.key("host");
        if names::is_ip(host) {
            cx.refuse(&at, "must be a DNS name, not an IP address");
        }
        cx.refuse_all(&at, if host.contains('*') { names::wildcard(host) } else { names::subdomain(host) });
    }
    let Some(http) = field(rule, "http") else { return };
    let at = at.key("http");
    let at = at.key("paths");
    let paths = http.get("paths").map_or(&[][..], Node::items);
    if paths.is_empty() {
        cx.refuse(&at, "is required");
    }
    for (index, path) in paths.iter().enumerate() {
        http_path(cx, path, &at.index(index));
    }
}

fn http_path(cx: &mut Complaints<'_>, path: &Node, at: &At<'_>) {
    let Some(path_type) = field(path, "pathType").and_then(Node::as_text) else {
        return cx.refuse(&at.key("pathType"), "pathType must be specified");
    };
    let value = text(path, "path");
    let value_at = at.key("path");
    match path_type {
        "Exact" | "Prefix" => {
            if !value.starts_with('/') {
                cx.refuse(&value_at, "must be an absolute path");
            }
            let inside = ["//", "/./", "/../", "%2f", "%2F"].into_iter().filter(|part| value.contains(part));
            cx.refuse_all(&value_at, inside.map(|part| format!("must not contain '{part}'")));
            let end = ["/..", "/."].into_iter().filter(|part| value.ends_with(part));
            cx.refuse_all(&value_at, end.map(|part| format!("cannot end with '{part}'")));
        }
        "ImplementationSpecific" => {
            if !value.is_empty() && !value.starts_with('/') {
                cx.refuse(&value_at, "must be an absolute path");
            }
        }
        _ => cx.refuse(&at.key("pathType"), "must be `Exact`, `Prefix` or `ImplementationSpecific`"),
    }
    backend(cx, field(path, "backend").unwrap_or(&Node::null()), &at.key("backend"));
}

fn backend(cx: &mut Complaints<'_>, backend: &Node, at: &At<'_>) {
    let (service, resource) = (field(backend, "service"), field(backend, "resource"));
    match (service, resource) {
        (Some(_), Some(_)) => cx.refuse(at, "cannot set both resource and service backends"),
        (None, Some(resource)) => object_reference(cx, resource, &at.key("resource")),
        (Some(service), None) => service_backend(cx, service, at),
        (None, None) => cx.refuse(at, "resource or service backend is required"),
    }
}

fn service_backend(cx: &mut Complaints<'_>, service: &Node, at: &At<'_>) {
    let service_at = at.key("service");
    let name = text(service, "name");
    if name.is_empty() {
        cx.refuse(&service_at.key("name"), "is required");
    } else {
        cx.refuse_all(&service_at.key("name"), names::label(name));
    }
    let empty = Node::null();
    let port = field(service, "port").unwrap_or(&empty);
    let port_at = service_at.key("port");
    let port_name = text(port, "name");
    match (port_name, field(port, "number").and_then(number).unwrap_or(0)) {
        ("", 0) => cx.refuse(at, "port name or number is required"),
        ("", 1..=65535) => {}
        ("", _) => cx.refuse(&port_at.key("number"), "must be between 1 and 65535, inclusive"),
        (_, 0) => cx.refuse_all(&port_at.key("name"), names::port_name(port_name)),
        (_, _) => cx.refuse(at, "cannot set both port name & port number"),
    }
}

/// `validateIngressTypedLocalObjectReference`.
fn object_reference(cx: &mut Complaints<'_>, reference: &Node, at: &At<'_>) {
    if let Some(group) = field(reference, "apiGroup").and_then(Node::as_text) {
        cx.refuse_all(&at.key("apiGroup"), names::subdomain(group));
    }
    for key in ["kind", "name"] {
        match text(reference, key) {
            "" => cx.refuse(&at.key(key), "is required"),
            value => cx.refuse_all(&at.key(key), names::path_segment(value)),
        }
    }
}

/// `ValidateIngressClass` without the metadata.
pub(super) fn ingress_class(cx: &mut Complaints<'_>, root: &Node) {
    let at = At::Root;
    let at = at.key("spec");
    let empty = Node::null();
    let spec = field(root, "spec").unwrap_or(&empty);
    let controller = text(spec, "controller");
    if controller.len() > 250 {
        cx.refuse(&at.key("controller"), "may not be more than 250 bytes");
    }
    cx.refuse_all(&at.key("controller"), names::domain_prefixed_path(controller));
    let Some(parameters) = field(spec, "parameters") else { return };
    let at = at.key("parameters");
    object_reference(cx, parameters, &at);
    // `scope` is `Cluster` where it is absent.
    let namespace = field(parameters, "namespace").and_then(Node::as_text);
    match (field(parameters, "scope").and_then(Node::as_text).unwrap_or("Cluster"), namespace) {
        ("Cluster", None) => {}
        ("Cluster", Some(_)) => cx.refuse(&at.key("namespace"), "`parameters.scope` is set to 'Cluster'"),
        ("Namespace", None) => cx.refuse(&at.key("namespace"), "`parameters.scope` is set to 'Namespace'"),
        ("Namespace", Some(namespace)) => cx.refuse_all(&at.key("namespace"), names::label(namespace)),
        _ => cx.refuse(&at.key("scope"), "must be `Cluster` or `Namespace`"),
    }
}

/// `ValidateConfigMap` without the metadata.
pub(super) fn config_map(cx: &mut Complaints<'_>, root: &Node) {
    let root_at = At::Root;
    let empty = Node::null();
    let (data, binary) = (root.get("data").unwrap_or(&empty), root.get("binaryData").unwrap_or(&empty));
    let mut bytes = 0;
    for (bag, entries) in [("data", data), ("binaryData", binary)] {
        let at = root_at.key(bag);
        for (key, value) in entries.entries() {
            let key = key.as_text().unwrap_or("");
            cx.refuse_all(&at.key(key), names::config_key(key));
            let len = if value.is_null() { 0 } else { value.as_text().map_or(0, str::len) };
            bytes += if bag == "data" { len } else { len / 4 * 3 };
        }
    }
    if !binary.entries().is_empty() {
        let known: std::collections::BTreeSet<&str> = binary.entries().iter().filter_map(|(key, _)| key.as_text()).collect();
        let at = root_at.key("data");
        for key in data.entries().iter().filter_map(|(key, _)| key.as_text()).filter(|key| known.contains(key)) {
            cx.refuse(&at.key(key), "duplicate of key present in binaryData");
        }
    }
    if bytes > DATA_BYTES {
        cx.refuse(&At::Root, format!("may not be more than {DATA_BYTES} bytes, and is {bytes}"));
    }
}

/// `ValidateSecret` without the metadata, for the types whose content matters here.
pub(super) fn secret(cx: &mut Complaints<'_>, root: &Node) {
    let root_at = At::Root;
    let empty = Node::null();
    let (data, strings) = (root.get("data").unwrap_or(&empty), root.get("stringData").unwrap_or(&empty));
    for (bag, entries) in [("data", data), ("stringData", strings)] {
        let at = root_at.key(bag);
        for key in entries.entries().iter().filter_map(|(key, _)| key.as_text()) {
            if bag == "stringData" || strings.get(key).is_none() {
                cx.refuse_all(&at.key(key), names::config_key(key));
            }
        }
    }
    // What is given in both is taken from `stringData`.
    let value = |key: &str| match strings.get(key) {
        Some(value) => Some(text_of(value).as_bytes().to_vec()),
        None => data.get(key).map(|value| decode_base64(text_of(value)).unwrap_or_default()),
    };
    let has = |key: &str| data.get(key).is_some() || strings.get(key).is_some();
    let given = data.entries().iter().chain(strings.entries()).filter_map(|(key, _)| key.as_text());
    let size: usize = given.collect::<std::collections::BTreeSet<_>>().into_iter().filter_map(value).map(|bytes| bytes.len()).sum();
    let at = root_at.key("data");
    if size > DATA_BYTES {
        cx.refuse(&at, format!("may not be more than {DATA_BYTES} bytes, and is {size}"));
    }
    let required: &[&str] = match text(root, "type") {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/ssh-auth" if value("ssh-privatekey").is_none_or(|bytes| bytes.is_empty()) => {
            return cx.refuse(&at.key("ssh-privatekey"), "is required");
        }
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/basic-auth" if !has("username") && !has("password") => &["username", "password"],
        "kubernetes.io/service-account-token" => {
            let annotations = root.get("metadata").and_then(|meta| meta.get("annotations")).unwrap_or(&empty);
            if text(annotations, SERVICE_ACCOUNT_ANNOTATION).is_empty() {
                let at = root_at.key("metadata");
                cx.refuse(&at.key("annotations").key(SERVICE_ACCOUNT_ANNOTATION), "is required");
            }
            return;
        }
        _ => &[],
    };
    for key in required {
        match value(key) {
            None => cx.refuse(&at.key(key), "is required"),
            Some(content) if key.starts_with(".docker") && !is_json_map(&content) => cx.refuse(&at.key(key), "must be a JSON object"),
            Some(_) => {}
        }
    }
}

fn text_of(node: &Node) -> &str {
    if node.is_null() { "" } else { node.as_text().unwrap_or("") }
}

/// What Go decodes into a map.
fn is_json_map(bytes: &[u8]) -> bool {
    serde_json::from_slice::<Option<serde_json::Map<String, serde_json::Value>>>(bytes).is_ok()
}
