//! Objects of an implementation that change what Gateways do without naming one in `targetRefs`: by where they stand, by labels, by an
//! annotation of a route. None of them is modelled; what they may reach is left undecided, and a finding names them.

use serde_json::Value;

use super::documents::{Document, of_group};
use crate::{
    gateway::{
        api::Object,
        objects::Objects,
        policies::{Effect, Merge, Place, Policies, Reach},
    },
    k8s::{FieldPath, Inventory, NamespacedName, ObjectId, Subject},
    ledger::{Code, Finding},
};

/// Where Istio keeps what is for the whole mesh, unless `rootNamespace` of its configuration says otherwise.
pub(super) const ROOT_NAMESPACE: &str = "istio-system";

/// The label of Pods that Istio runs for a Gateway.
const GATEWAY_NAME: &str = "gateway.networking.k8s.io/gateway-name";

/// Kinds of Istio that decide about requests, and where each has its labels.
const ISTIO: &[(&str, &str, &str)] = &[
    ("extensions.istio.io", "WasmPlugin", "selector"),
    ("networking.istio.io", "EnvoyFilter", "workloadSelector"),
    ("security.istio.io", "AuthorizationPolicy", "selector"),
    ("security.istio.io", "RequestAuthentication", "selector"),
];

/// Notes what the other implementations have of that sort.
pub(super) fn note(target: &str, objects: &Objects, manifests: &Inventory, policies: &mut Policies) {
    match target {
        "cilium" => cilium(objects, manifests, policies),
        "kong" => kong(objects, manifests, policies),
        "traefik" => traefik(objects, manifests, policies),
        _ => {}
    }
}

/// What selects workloads by labels, or all of a namespace, or all of the mesh.
pub(super) fn istio(objects: &Objects, manifests: &Inventory, policies: &mut Policies) {
    for (group, kind, labels) in ISTIO {
        for document in of_group(objects, manifests, group).into_iter().filter(|document| document.object.kind == *kind) {
            let named = ["targetRef", "targetRefs"].iter().any(|key| document.spec.get(key).is_some_and(|value| !is_empty(value)));
            let silent = *kind == "EnvoyFilter" && document.spec.get("configPatches").is_none_or(is_empty);
            if named || silent || policies.understood.contains(&document.id) {
                continue;
            }
            let selector = document.spec.get(labels);
            let selector = selector.and_then(|selector| selector.get("matchLabels").or_else(|| selector.get("labels")));
            let name = selector.and_then(|labels| labels.get(GATEWAY_NAME)).and_then(Value::as_str);
            let namespace = Some(document.object.namespace.clone()).filter(|namespace| namespace != ROOT_NAMESPACE);
            let reach = match (name, namespace) {
                (Some(name), namespace) => Reach::Gateway { namespace, name: name.to_owned() },
                (None, Some(namespace)) => Reach::Namespace(namespace),
                (None, None) => Reach::Everywhere,
            };
            unseen(policies, objects, &document, reach);
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Plugins by annotation, and those of every request.
fn kong(objects: &Objects, manifests: &Inventory, policies: &mut Policies) {
    for (id, object) in &objects.typed {
        let meta = object.meta();
        let kind = object.kind().as_str();
        if !matches!(object, Object::HttpRoute(_) | Object::GrpcRoute(_)) {
            if matches!(object, Object::Gateway(_)) && names_plugins(meta.annotations.iter()) {
                let reach = Reach::Gateway { namespace: Some(meta.namespace.clone()), name: meta.name.clone() };
                let what = format!("{PLUGINS} of {kind} {}/{}", meta.namespace, meta.name);
                policies.unseen.push((reach, what.clone()));
                told(policies, *id, what);
            }
            continue;
        }
        let of_service =
            |service: &NamespacedName| manifests.services.get(service).is_some_and(|one| names_plugins(one.meta.annotations.iter()));
        let service = services(object).into_iter().find(of_service);
        let what = match service {
            _ if names_plugins(meta.annotations.iter()) => format!("{PLUGINS} of {kind} {}/{}", meta.namespace, meta.name),
            Some(service) => format!("{PLUGINS} of Service {service}"),
            None => continue,
        };
        route(policies, *id, object, what);
    }
    for document in of_group(objects, manifests, "configuration.konghq.com") {
        let label = manifests.gateway_object(document.id).and_then(|node| node.get("metadata")?.get("labels")?.get("global")?.as_text());
        if document.object.kind == "KongClusterPlugin" && label == Some("true") {
            unseen(policies, objects, &document, Reach::Everywhere);
        }
    }
}

fn names_plugins(mut annotations: impl Iterator<Item = (impl AsRef<str>, impl AsRef<str>)>) -> bool {
    annotations.any(|(key, value)| key.as_ref() == PLUGINS && !value.as_ref().trim().is_empty())
}

/// The annotation that names plugins.
const PLUGINS: &str = "konghq.com/plugins";

/// Services that a route names as backends.
fn services(object: &Object) -> Vec<NamespacedName> {
    let namespace = &object.meta().namespace;
    let service = |to: crate::gateway::api::BackendObjectRef| {
        let ours = to.group().is_empty() && to.kind() == "Service";
        ours.then(|| NamespacedName::new(to.namespace.as_deref().unwrap_or(namespace), &to.name))
    };
    match object {
        Object::HttpRoute(route) => {
            route.spec.rules.iter().flat_map(|rule| &rule.backend_refs).filter_map(|backend| service(backend.target())).collect()
        }
        Object::GrpcRoute(route) => {
            route.spec.rules.iter().flat_map(|rule| &rule.backend_refs).filter_map(|backend| service(backend.target())).collect()
        }
        _ => Vec::new(),
    }
}

/// Configurations of Envoy beside those that are made of Gateways.
fn cilium(objects: &Objects, manifests: &Inventory, policies: &mut Policies) {
    for document in of_group(objects, manifests, "cilium.io") {
        let everywhere = document.object.kind == "CiliumClusterwideEnvoyConfig";
        if !everywhere && document.object.kind != "CiliumEnvoyConfig" {
            continue;
        }
        let named: Vec<NamespacedName> = ["services", "backendServices"]
            .iter()
            .filter_map(|key| document.spec.get(key).and_then(Value::as_array))
            .flatten()
            .filter_map(|service| {
                let name = service.get("name")?.as_str()?;
                let namespace = service.get("namespace").and_then(Value::as_str).unwrap_or(&document.object.namespace);
                Some(NamespacedName::new(namespace, name))
            })
            .collect();
        for (_, object) in &objects.typed {
            if services(object).iter().any(|service| named.contains(service)) {
                attach(policies, document.id, object, document.object.to_string());
            }
        }
        told(policies, document.id, document.object.to_string());
        policies.understood.insert(document.id);
    }
}

/// Routes of its own kind, which stand beside those of the Gateway API, and the options of TLS for everybody.
fn traefik(objects: &Objects, manifests: &Inventory, policies: &mut Policies) {
    for document in of_group(objects, manifests, "traefik.io") {
        match document.object.kind.as_str() {
            "IngressRoute" => {
                let rules = document.spec.get("routes").and_then(Value::as_array).into_iter().flatten();
                let rules: Vec<&str> = rules.filter_map(|route| route.get("match").and_then(Value::as_str)).collect();
                for (_, object) in objects.typed.iter().filter(|(_, object)| matches!(object, Object::HttpRoute(_) | Object::GrpcRoute(_)))
                {
                    if rules.iter().any(|rule| may_be_for(rule, object)) {
                        attach(policies, document.id, object, document.object.to_string());
                    }
                }
                told(policies, document.id, document.object.to_string());
                policies.understood.insert(document.id);
            }
            // Of all namespaces the one of this name counts for every connection that names no other.
            "TLSOption" if document.object.name == "default" => {
                unseen(policies, objects, &document, Reach::Everywhere);
            }
            _ => {}
        }
    }
}

/// A rule of Traefik takes hosts of a route, or does not say which it takes.
fn may_be_for(rule: &str, object: &Object) -> bool {
    let hostnames = match object {
        Object::HttpRoute(route) => &route.spec.hostnames,
        Object::GrpcRoute(route) => &route.spec.hostnames,
        _ => return false,
    };
    let plain = rule.contains("Host(`") && !rule.contains("||") && !rule.contains('!') && !rule.contains("HostRegexp(");
    !plain
        || hostnames.is_empty()
        || hostnames.iter().any(|name| name.starts_with('*') || rule.to_ascii_lowercase().contains(&format!("`{name}`")))
}

/// Leaves a route undecided, and says why.
fn route(policies: &mut Policies, id: ObjectId, object: &Object, what: String) {
    told(policies, id, what.clone());
    attach(policies, id, object, what);
}

fn attach(policies: &mut Policies, id: ObjectId, object: &Object, what: String) {
    let meta = object.meta();
    let place = Place::new(object.kind().as_str(), &NamespacedName::new(&meta.namespace, &meta.name), None);
    let effect = Effect { unmodelled: Some(what), ..Effect::default() };
    policies.attach("unseen", place, id, effect, Merge::WithAll);
}

/// Leaves everything undecided that an object may reach; one that reaches no Gateway says nothing.
fn unseen(policies: &mut Policies, objects: &Objects, document: &Document<'_>, reach: Reach) {
    policies.understood.insert(document.id);
    let reached = |object: &Object| matches!(object, Object::Gateway(gateway) if reach.covers(&NamespacedName::new(&gateway.metadata.namespace, &gateway.metadata.name)));
    if objects.typed.iter().any(|(_, object)| reached(object)) {
        told(policies, document.id, document.object.to_string());
        policies.unseen.push((reach, document.object.to_string()));
    }
}

fn told(policies: &mut Policies, id: ObjectId, policy: String) {
    policies.findings.push(Finding::about(Code::GatewayUnknownPolicy, Subject::new(id, FieldPath::root()), vec![("policy", policy)]));
}
