//! `SecurityPolicy`: client addresses, passwords, and an authentication service.

use super::types::{Authorization, AuthorizationRule, BasicAuth, ExtAuth, HttpExtAuth, Principal, SecretName, SecurityPolicy, ServiceRef};
use crate::{
    gateway::{AuthRequest, Intent},
    k8s::NamespacedName,
};

/// What the authentication service gets to see besides what it always gets.
const SHOWN: [&str; 8] = [
    "cookie",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-original-method",
    "x-original-url",
    "x-real-ip",
    "x-auth-request-redirect",
];

/// The policy for the intents of a rule; `None` where none of them needs one.
pub(super) fn security(intents: &[Intent], namespace: &str) -> Option<SecurityPolicy> {
    let mut policy = SecurityPolicy::default();
    for intent in intents {
        match intent {
            Intent::AddressLists { allow, deny } => policy.authorization = Some(addresses(allow, deny)),
            Intent::BasicAuth { secret, .. } => {
                let name = secret.split_once('/').map_or(secret.as_str(), |(_, name)| name);
                policy.basic_auth =
                    Some(BasicAuth { users: SecretName { name: name.to_owned(), ..SecretName::default() }, ..BasicAuth::default() });
            }
            Intent::ExternalAuth { asks, url, .. } => policy.ext_auth = external(url, asks, namespace),
            _ => {}
        }
    }
    (policy != SecurityPolicy::default()).then_some(policy)
}

/// nginx looks at the denied networks first.
fn addresses(allow: &[String], deny: &[String]) -> Authorization {
    let rule = |action: &str, networks: &[String]| AuthorizationRule {
        action: action.to_owned(),
        principal: Principal { client_cidrs: networks.to_vec(), ..Principal::default() },
        ..AuthorizationRule::default()
    };
    let mut rules = Vec::new();
    if !deny.is_empty() {
        rules.push(rule("Deny", deny));
    }
    if !allow.is_empty() {
        rules.push(rule("Allow", allow));
    }
    let others = if allow.is_empty() { "Allow" } else { "Deny" };
    Authorization { default_action: Some(others.to_owned()), rules, ..Authorization::default() }
}

/// Service and port behind a URL, and path and query; `None` where no policy can say it.
pub(super) fn backend(url: &str, asks: &AuthRequest) -> Option<(NamespacedName, u16, String)> {
    let _ = url;
    let (name, port) = asks.service.as_ref()?;
    let (namespace, name) = name.split_once('/')?;
    Some((NamespacedName::new(namespace, name), *port, asks.path.clone()?))
}

fn external(url: &str, asks: &AuthRequest, namespace: &str) -> Option<ExtAuth> {
    let (service, port, path) = backend(url, asks)?;
    let reference = ServiceRef {
        name: service.name,
        namespace: (service.namespace != namespace).then_some(service.namespace),
        port: Some(port),
        ..ServiceRef::default()
    };
    let http = HttpExtAuth {
        backend_refs: vec![reference],
        path_override: Some(path),
        headers_to_backend: asks.response_headers.clone(),
        ..HttpExtAuth::default()
    };
    Some(ExtAuth {
        fail_open: Some(false),
        status_on_error: Some(500),
        headers_to_ext_auth: SHOWN.iter().map(|name| (*name).to_owned()).collect(),
        http: Some(http),
        ..ExtAuth::default()
    })
}
