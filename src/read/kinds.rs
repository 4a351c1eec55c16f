//! Services, classes, configuration and workloads, and which kinds are kept as they stand.

use super::{
    Options,
    meta::{items, list, metadata, number, optional_text, text},
};
use crate::{
    k8s::{ConfigMap, EndpointSlice, IngressClass, ObjectId, ObjectMeta, Service, ServicePort, SlicePort, Workload},
    yaml::{Node, Resolved},
};

/// Groups whose objects are kept as nodes: Gateway API, and what its implementations and their neighbours read.
const GATEWAY_GROUPS: &[&str] = &[
    "gateway.networking.k8s.io",
    "gateway.networking.x-k8s.io",
    "agentgateway.dev",
    "cert-manager.io",
    "cilium.io",
    "configuration.konghq.com",
    "extensions.istio.io",
    "gateway.envoyproxy.io",
    "gateway.k8s.aws",
    "gateway.kgateway.dev",
    "gateway.nginx.org",
    "networking.gke.io",
    "networking.istio.io",
    "security.istio.io",
    "telemetry.istio.io",
    "traefik.io",
];

/// Kinds that nobody means but in the group of Gateway API, so that another one is a mistake, which is to be found.
const GATEWAY_KINDS: &[&str] = &[
    "BackendTLSPolicy",
    "GRPCRoute",
    "Gateway",
    "GatewayClass",
    "HTTPRoute",
    "ListenerSet",
    "ReferenceGrant",
    "TCPRoute",
    "TLSRoute",
    "UDPRoute",
    "XBackend",
    "XBackendTrafficPolicy",
    "XListenerSet",
    "XMesh",
    "XTelemetryPolicy",
];

/// Whether objects of a group are kept.
pub(super) fn is_gateway_group(group: &str) -> bool {
    GATEWAY_GROUPS.contains(&group)
}

/// Whether the metadata of objects of a group is looked at together with the rest of them.
pub(super) fn is_judged(group: &str) -> bool {
    matches!(group, "gateway.networking.k8s.io" | "gateway.networking.x-k8s.io")
}

/// Whether an object in a file is kept: one of such a group, or of Gateway API in a group that Kubernetes does not have.
pub(super) fn is_gateway(group: &str, kind: &str) -> bool {
    is_gateway_group(group) || (GATEWAY_KINDS.contains(&kind) && (!group.contains('.') || group.ends_with(".k8s.io")))
}

/// Whether objects of a kind depend on the controller or steer its Ingresses.
pub(super) fn is_beside(group: &str, kind: &str) -> bool {
    matches!((group, kind), ("networking.k8s.io", "NetworkPolicy") | ("argoproj.io", "Rollout") | ("flagger.app", "Canary"))
}

/// Whether a kind of those groups has no namespace.
pub(super) fn is_cluster_scoped(kind: &str) -> bool {
    kind == "GatewayClass" || kind == "GatewayClassConfig" || kind.starts_with("Cluster") || kind.starts_with("CiliumClusterwide")
}

pub(super) fn service(root: &Node, id: ObjectId, meta: ObjectMeta) -> Service {
    let empty = Node::null();
    let spec = root.get("spec").unwrap_or(&empty);
    let or = |text: String, default: &str| if text.is_empty() { default.to_owned() } else { text };
    Service {
        id,
        meta,
        kind: or(text(spec, "type"), "ClusterIP"),
        external_name: text(spec, "externalName"),
        cluster_ip: text(spec, "clusterIP"),
        ports: items(spec, "ports")
            .iter()
            .map(|port| ServicePort {
                name: text(port, "name"),
                port: number(port, "port").unwrap_or(0),
                target_port: target_port(port),
                protocol: or(text(port, "protocol"), "TCP"),
                app_protocol: text(port, "appProtocol"),
            })
            .collect(),
    }
}

/// A number in the spelling of the API server (`0x50` is 80), or a name.
fn target_port(port: &Node) -> String {
    let Some(scalar) = port.get("targetPort").and_then(Node::as_scalar) else { return String::new() };
    match scalar.resolve() {
        Ok(Resolved::Int(0) | Resolved::Null) => String::new(),
        Ok(Resolved::Int(number)) => number.to_string(),
        _ => scalar.text.clone(),
    }
}

pub(super) fn ingress_class(root: &Node, id: ObjectId, meta: ObjectMeta) -> IngressClass {
    let empty = Node::null();
    IngressClass { id, meta, controller: text(root.get("spec").unwrap_or(&empty), "controller") }
}

pub(super) fn config_map(root: &Node, id: ObjectId, meta: ObjectMeta) -> ConfigMap {
    ConfigMap { id, meta, data: super::meta::map(root.get("data")) }
}

pub(super) fn endpoint_slice(root: &Node, options: &Options) -> EndpointSlice {
    let meta = metadata(root, true, options);
    let is_ready = |endpoint: &&Node| {
        let ready = endpoint.get("conditions").and_then(|conditions| conditions.get("ready")).and_then(Node::as_scalar);
        !ready.is_some_and(|ready| ready.resolve() == Ok(Resolved::Bool(false)))
    };
    EndpointSlice {
        service: meta.labels.get("kubernetes.io/service-name").cloned().unwrap_or_default(),
        ready: items(root, "endpoints").iter().filter(is_ready).map(|endpoint| items(endpoint, "addresses").len()).sum(),
        ports: items(root, "ports").iter().map(slice_port).collect(),
        meta,
    }
}

fn slice_port(port: &Node) -> SlicePort {
    let protocol = optional_text(port, "protocol").unwrap_or_else(|| "TCP".to_owned());
    SlicePort { name: text(port, "name"), number: number(port, "port"), protocol }
}

/// The containers of a Deployment or DaemonSet; `None` where none of them can be the controller.
pub(super) fn workload(root: &Node, id: ObjectId, meta: ObjectMeta) -> Option<Workload> {
    let pod = root.get("spec")?.get("template")?.get("spec")?;
    let containers: Vec<(String, Vec<String>)> = items(pod, "containers")
        .iter()
        .map(|container| {
            let mut words = list(container, "command");
            words.extend(list(container, "args"));
            (optional_text(container, "image").unwrap_or_default(), words)
        })
        .collect();
    let may_be_controller = |(image, words): &(String, Vec<String>)| {
        image.contains("ingress")
            || words.iter().any(|word| word.contains("nginx-ingress-controller") || word.starts_with("--ingress-class"))
    };
    containers.iter().any(may_be_controller).then_some(Workload { id, meta, containers })
}
