//! What policies of Istio do to requests, whoever wrote them: an `AuthorizationPolicy` belongs to the Gateway and is brought to the rules
//! that its hosts and paths cover.

use gateshift::request::{Outcome, Request, Unknown};

use crate::judge::{AROUND, get, inventory, manifests};

const ROUTE: &str = "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: app}
spec:
  parentRefs: [{name: gw}]
  hostnames: [shop.example]
  rules:
  - {name: admin, matches: [{path: {type: PathPrefix, value: /admin}}], backendRefs: [{name: web, port: 80}]}
  - {name: rest, matches: [{path: {type: PathPrefix, value: /}}], backendRefs: [{name: web, port: 80}]}
---
";

/// What a client of this address gets for a path, in one word.
fn answer(policy: &str, path: &str, client: &str) -> &'static str {
    let yaml = format!(
        "{AROUND}{ROUTE}apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: p, namespace: app}}
spec:
  targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: gw}}]
{policy}"
    );
    let facts = inventory(&yaml);
    let request = Request { client: client.to_owned(), ..get(path) };
    match manifests(&yaml, &facts, "istio").decide(&request, &Unknown).decision.outcome {
        Outcome::Forward(_) => "passed",
        Outcome::Deny { .. } => "refused",
        Outcome::Unmodelled { .. } => "unknown",
        Outcome::Redirect { .. } | Outcome::Respond { .. } | Outcome::NoRoute { .. } | Outcome::NoAnswer(_) => "other",
    }
}

const INSIDE: &str = "10.1.2.3";
const OUTSIDE: &str = "203.0.113.9";

#[test]
fn who_is_denied_for_a_path_passes_elsewhere() {
    let policy = "  action: DENY
  rules:
  - from: [{source: {notRemoteIpBlocks: [10.0.0.0/8]}}]
    to: [{operation: {hosts: [shop.example], paths: [/admin, /admin/*]}}]
";
    assert_eq!(answer(policy, "/admin/x", OUTSIDE), "refused");
    assert_eq!(answer(policy, "/admin/x", INSIDE), "passed");
    assert_eq!(answer(policy, "/", OUTSIDE), "passed");
}

#[test]
fn paths_that_are_left_out_have_rules_of_their_own() {
    let policy = "  action: DENY
  rules:
  - from: [{source: {remoteIpBlocks: [203.0.113.0/24]}}]
    to: [{operation: {hosts: [shop.example], notPaths: [/admin, /admin/*]}}]
";
    assert_eq!(answer(policy, "/", OUTSIDE), "refused");
    assert_eq!(answer(policy, "/", INSIDE), "passed");
    assert_eq!(answer(policy, "/admin", OUTSIDE), "passed");
}

#[test]
fn other_hosts_are_left_alone_and_what_is_not_understood_is_said_to_be() {
    let elsewhere = "  action: DENY
  rules: [{from: [{source: {remoteIpBlocks: [0.0.0.0/0]}}], to: [{operation: {hosts: [other.example]}}]}]
";
    assert_eq!(answer(elsewhere, "/", OUTSIDE), "passed");
    let part = "  action: DENY
  rules: [{from: [{source: {remoteIpBlocks: [0.0.0.0/0]}}], to: [{operation: {paths: [/admin/users]}}]}]
";
    assert_eq!(answer(part, "/admin/users", OUTSIDE), "unknown");
    assert_eq!(answer(part, "/", OUTSIDE), "passed");
    let custom = "  action: CUSTOM
  provider: {name: x}
  rules: [{to: [{operation: {paths: [/admin/*]}}]}]
";
    assert_eq!(answer(custom, "/", OUTSIDE), "unknown");
}
