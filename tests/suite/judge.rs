//! What the judge says about small pairs of configurations.

use gateshift::{
    compare::{Comparison, Judgement, Limits, compare, describe, witness},
    gateway::{
        config::Config,
        dialect::Target,
        facts::Absent,
        limits::{Channel, Judge, Version},
        objects::Objects,
        resolve::{self, Options},
    },
    ingress,
    k8s::{Inventory, NamespacedName},
    nginx, read, report, targets, translate,
};

pub(crate) fn inventory(yaml: &str) -> Inventory {
    read::texts([("input.yaml".to_owned(), yaml.to_owned())], &read::Options::default()).inventory
}

/// The old side of Ingresses.
pub(crate) fn ingresses(inventory: &Inventory) -> nginx::Config {
    let controller = ingress::controller(inventory, &ingress::Given::default());
    ingress::resolve(inventory, &controller, &ingress::Options::of(inventory)).config
}

/// The new side of manifests.
pub(crate) fn manifests(yaml: &str, facts: &Inventory, target: &str) -> Config {
    let manifests = inventory(yaml);
    let judge = Judge::new("1.5".parse::<Version>().expect("version"), Channel::Standard);
    let read = Objects::read(&manifests, Some(&judge));
    let target = Target::named(target).expect("target");
    resolve::resolve(&read.objects, facts, target, &Options { gateway: None, absent: Absent::UnlessKindIsUnknown })
}

/// What `convert` writes.
pub(crate) fn converted(config: &nginx::Config, inventory: &Inventory, target: &str) -> String {
    let options = translate::Options {
        gateway: NamespacedName::new("gateway-system", "gateway"),
        gateway_class: Some("any".to_owned()),
        emit_gateway_class: false,
        namespace_label: None,
        target: targets::by_id(target).expect("target"),
        allow_unprotected: false,
    };
    let translation = translate::translate(config, inventory, &options);
    report::yaml_stream(&translation.objects, inventory)
}

/// The old side against its own conversion.
pub(crate) fn migration(yaml: &str, target: &str) -> Comparison {
    let inventory = inventory(yaml);
    let old = ingresses(&inventory);
    let new = manifests(&converted(&old, &inventory, target), &inventory, target);
    compare(&nginx::Router::new(&old), &new, &Limits::default())
}

/// The old side against hand-written manifests.
pub(crate) fn against(yaml: &str, new: &str, target: &str) -> Comparison {
    let inventory = inventory(yaml);
    let old = ingresses(&inventory);
    compare(&nginx::Router::new(&old), &manifests(new, &inventory, target), &Limits::default())
}

/// One line a host, one a difference, one an open region.
pub(crate) fn summary(comparison: &Comparison) -> String {
    let mut text = String::new();
    for host in &comparison.hosts {
        text.push_str(&format!("{}: {}\n", host.host, host.verdict.as_str()));
        for difference in &host.differences {
            text.push_str(&format!(
                "  {} {}: {} instead of {}\n",
                difference.code,
                witness::long(&difference.witness),
                describe::outcome(&difference.new.decision.outcome),
                describe::outcome(&difference.old.decision.outcome),
            ));
        }
        for open in &host.undecided {
            text.push_str(&format!("  {} ({}): {}\n", open.code, open.region, open.reason));
        }
    }
    text
}

const GATEWAY: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway, namespace: gateway-system}
spec:
  gatewayClassName: any
  listeners:
  - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
---
";

fn ingress(annotations: &str, paths: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations: {{{annotations}}}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
{paths}
---
"
    )
}

fn path(path: &str, kind: &str, service: &str) -> String {
    format!("      - {{path: {path:?}, pathType: {kind}, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}\n")
}

fn route(rules: &str) -> String {
    format!(
        "{GATEWAY}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: shop}}
spec:
  parentRefs: [{{name: gateway, namespace: gateway-system}}]
  hostnames: [shop.example]
  rules:
{rules}
"
    )
}

fn rule(kind: &str, path: &str, service: &str) -> String {
    format!("  - matches: [{{path: {{type: {kind}, value: {path:?}}}}}]\n    backendRefs: [{{name: {service}, port: 80}}]\n")
}

#[test]
fn plain_prefixes_are_proved_the_same() {
    let paths = path("/", "Prefix", "web") + &path("/api", "Prefix", "api");
    let comparison = migration(&ingress("", &paths), "standard");
    let host = comparison.host("shop.example").expect("host");
    assert!(matches!(&host.verdict, Judgement::Proved(_)), "{}", summary(&comparison));
}

#[test]
fn the_naive_translation_of_a_regex_host_is_refuted() {
    let old = ingress("nginx.ingress.kubernetes.io/use-regex: 'true'", &path("/api/v[0-9]", "ImplementationSpecific", "api"));
    let comparison = against(&old, &route(&rule("RegularExpression", "/api/v[0-9]", "api")), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(summary.contains("difference/letter-case GET http://shop.example/API/V0: answered with 404 instead of sent to `shop/api:80`"), "{summary}");
    assert!(summary.contains("difference/match-end GET http://shop.example/api/v0"), "{summary}");
}

#[test]
fn another_backend_is_shown() {
    let comparison = against(&ingress("", &path("/", "Prefix", "web")), &route(&rule("PathPrefix", "/", "other")), "standard");
    let summary = summary(&comparison);
    assert!(summary.contains("difference/backend GET http://shop.example/: sent to `shop/other:80` instead of sent to `shop/web:80`"), "{summary}");
}
