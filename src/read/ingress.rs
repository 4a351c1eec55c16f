//! Ingresses of every version, in the shape of `networking.k8s.io/v1`.

use super::meta::{items, number, optional_text, text};
use crate::{
    k8s::{Backend, BackendTarget, HttpPath, Ingress, IngressRule, IngressTls, ObjectId, ObjectMeta, PathType, PortRef},
    yaml::{Node, Resolved},
};

/// Reads an Ingress; `legacy` is the shape of `v1beta1`.
pub(super) fn read(root: &Node, id: ObjectId, meta: ObjectMeta, legacy: bool) -> Ingress {
    let empty = Node::null();
    let spec = root.get("spec").unwrap_or(&empty);
    let backend: fn(&Node) -> Backend = if legacy { legacy_backend } else { current_backend };
    let default = spec.get(if legacy { "backend" } else { "defaultBackend" }).filter(|node| !node.is_null());
    Ingress {
        id,
        meta,
        class_name: optional_text(spec, "ingressClassName"),
        default_backend: default.map(backend),
        tls: items(spec, "tls")
            .iter()
            .map(|tls| IngressTls { hosts: super::meta::list(tls, "hosts"), secret_name: text(tls, "secretName") })
            .collect(),
        rules: items(spec, "rules").iter().map(|rule| read_rule(rule, backend)).collect(),
        legacy,
    }
}

fn read_rule(rule: &Node, backend: fn(&Node) -> Backend) -> IngressRule {
    let http = rule.get("http").filter(|http| !http.is_null());
    IngressRule {
        host: optional_text(rule, "host"),
        paths: http.map(|http| items(http, "paths").iter().map(|path| read_path(path, backend)).collect()),
    }
}

fn read_path(path: &Node, backend: fn(&Node) -> Backend) -> HttpPath {
    let path_type = optional_text(path, "pathType").map(|text| match text.as_str() {
        "Exact" => PathType::Exact,
        "Prefix" => PathType::Prefix,
        "ImplementationSpecific" => PathType::ImplementationSpecific,
        _ => PathType::Other(text),
    });
    let empty = Node::null();
    HttpPath { path: text(path, "path"), path_type, backend: backend(path.get("backend").unwrap_or(&empty)) }
}

fn current_backend(node: &Node) -> Backend {
    let target = if let Some(service) = node.get("service").filter(|service| !service.is_null()) {
        let port = service.get("port");
        let by_number = port.and_then(|port| number(port, "number")).filter(|number| *number != 0).map(PortRef::Number);
        let by_name = || port.and_then(|port| optional_text(port, "name")).filter(|name| !name.is_empty()).map(PortRef::Name);
        // `port: 80` is refused by the API server, but says what is meant.
        let plain = || number(service, "port").map(PortRef::Number);
        BackendTarget::Service { name: text(service, "name"), port: by_name().or(by_number).or_else(plain) }
    } else {
        resource(node).unwrap_or(BackendTarget::Empty)
    };
    Backend { target }
}

fn legacy_backend(node: &Node) -> Backend {
    let name = text(node, "serviceName");
    let target = if name.is_empty() {
        resource(node).unwrap_or(BackendTarget::Empty)
    } else {
        let port = node.get("servicePort").and_then(Node::as_scalar).and_then(|scalar| match scalar.resolve().ok()? {
            Resolved::Int(number) => Some(PortRef::Number(number)),
            Resolved::Text(text) => Some(text.parse().map_or_else(|_| PortRef::Name(text.into_owned()), PortRef::Number)),
            Resolved::Null | Resolved::Bool(_) | Resolved::Unsigned(_) | Resolved::Float(_) => None,
        });
        let port = port.filter(|port| *port != PortRef::Number(0) && *port != PortRef::Name(String::new()));
        BackendTarget::Service { name, port }
    };
    Backend { target }
}

fn resource(node: &Node) -> Option<BackendTarget> {
    let resource = node.get("resource").filter(|resource| !resource.is_null())?;
    Some(BackendTarget::Resource { api_group: text(resource, "apiGroup"), kind: text(resource, "kind"), name: text(resource, "name") })
}
