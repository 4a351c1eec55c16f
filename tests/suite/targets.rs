//! Traps of implementations: what one of them takes in another way than the rest is written so that it does no harm. Each test is named
//! for what must hold, over every target that it concerns.

use std::collections::{BTreeMap, BTreeSet};

use gateshift::{read, report, targets, translate};
use serde_yaml::Value;

use crate::judge::{ingresses, inventory};

/// Documents that a conversion writes.
fn documents(yaml: &str, target: &str, allow_raw: bool) -> Vec<Value> {
    let inventory = inventory(yaml);
    let options = translate::Options { allow_raw, ..translate::Options::of(targets::by_id(target).expect("target"), "any") };
    let translation = translate::translate(&ingresses(&inventory), &inventory, &options);
    let text = report::yaml_stream(&translation.objects, &inventory);
    serde_yaml::Deserializer::from_str(&text).map(|one| serde::Deserialize::deserialize(one).expect("document")).collect()
}

fn of_kind<'v>(documents: &'v [Value], kind: &str) -> Vec<&'v Value> {
    documents.iter().filter(|document| document["kind"] == kind).collect()
}

/// An Ingress with these annotations for `/`, whose host is its name.
fn ingress(name: &str, annotations: &[(&str, &str)]) -> String {
    let lines: String =
        annotations.iter().map(|(name, value)| format!("    nginx.ingress.kubernetes.io/{name}: {}\n", serde_json::json!(value))).collect();
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: app
  annotations:
{lines}spec:
  ingressClassName: nginx
  rules:
  - host: {name}.example
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}
---
"
    )
}

/// Trap 2: silent defaults.
#[test]
fn silence_ends_an_exchange_and_answers_are_not_held_back() {
    let yaml = ingress("a", &[]);
    let ngf = documents(&yaml, "nginx-gateway-fabric", false);
    let proxy = of_kind(&ngf, "ProxySettingsPolicy");
    assert_eq!(proxy.len(), 1);
    assert_eq!(proxy[0]["spec"]["targetRefs"][0]["kind"], "Gateway");
    assert_eq!(proxy[0]["spec"]["buffering"]["disable"], true);
    assert_eq!(proxy[0]["spec"]["timeout"]["read"], "60s");
    let kgateway = documents(&yaml, "kgateway", false);
    let traffic = of_kind(&kgateway, "TrafficPolicy");
    assert_eq!(traffic[0]["spec"]["timeouts"]["streamIdle"], "60s");
    assert_eq!(of_kind(&kgateway, "HTTPRoute")[0]["spec"]["rules"][0]["timeouts"]["request"], "0s");
}

/// Trap 3: a time of silence is no time of the whole exchange.
#[test]
fn silence_never_becomes_a_time_of_the_whole_exchange() {
    let yaml = ingress("a", &[("proxy-read-timeout", "300"), ("proxy-send-timeout", "300")]);
    for target in ["envoy-gateway", "kgateway", "nginx-gateway-fabric", "standard", "traefik"] {
        for document in documents(&yaml, target, false) {
            let text = serde_yaml::to_string(&document).expect("text");
            let wrong = text.lines().any(|line| {
                let line = line.trim();
                (line.starts_with("request:") || line.starts_with("requestTimeout:")) && !line.ends_with("0s")
            });
            assert!(!wrong, "{target}: {text}");
        }
    }
}

/// Trap 4: core fields that are refused or ignored.
#[test]
fn nginx_gateway_fabric_gets_no_times_no_retries_and_no_names_of_rules() {
    let yaml = ingress("a", &[("proxy-next-upstream", "error http_502"), ("proxy-read-timeout", "300"), ("limit-rps", "5")]);
    let written = documents(&yaml, "nginx-gateway-fabric", false);
    let routes = of_kind(&written, "HTTPRoute");
    assert!(!routes.is_empty());
    for rule in routes.iter().flat_map(|route| route["spec"]["rules"].as_sequence().expect("rules")) {
        for field in ["timeouts", "retry", "name", "sessionPersistence"] {
            assert!(rule.get(field).is_none(), "`{field}` in {rule:?}");
        }
    }
}

/// Trap 6: keys of Secrets with passwords.
#[test]
fn passwords_are_read_under_the_key_that_the_target_reads() {
    let yaml = ingress("a", &[("auth-type", "basic"), ("auth-secret", "users")]);
    let kgateway = documents(&yaml, "kgateway", false);
    let policies = of_kind(&kgateway, "TrafficPolicy");
    let keys: Vec<_> =
        policies.iter().map(|policy| &policy["spec"]["basicAuth"]["secretRef"]["key"]).filter(|key| !key.is_null()).collect();
    assert_eq!(keys, ["auth"]);
    assert_eq!(targets::by_id("nginx-gateway-fabric").expect("target").password_key(), "auth");
}

/// Trap 8: protection is never lost silently.
#[test]
fn address_lists_without_typed_field_close_the_route() {
    let yaml = ingress("a", &[("whitelist-source-range", "10.0.0.0/8")]);
    let closed = documents(&yaml, "nginx-gateway-fabric", false);
    assert!(of_kind(&closed, "HTTPRoute")[0]["spec"]["rules"][0].get("backendRefs").is_none());
    assert!(of_kind(&closed, "SnippetsFilter").is_empty());
    let raw = documents(&yaml, "nginx-gateway-fabric", true);
    assert!(of_kind(&raw, "HTTPRoute")[0]["spec"]["rules"][0].get("backendRefs").is_some());
    let snippet = &of_kind(&raw, "SnippetsFilter")[0]["spec"]["snippets"][0];
    assert_eq!(snippet["value"], "allow 10.0.0.0/8;\ndeny all;");
}

/// Trap 9: one expression in the form of each target.
#[test]
fn expressions_have_the_form_of_the_target() {
    let yaml =
        ingress("a", &[("use-regex", "true")]).replace("path: /,", "path: '/v[0-9]{2}',").replace("Prefix", "ImplementationSpecific");
    for (target, expected) in [
        ("envoy-gateway", "(?i)(?:/v[0-9]{2}).*"),
        ("kgateway", "(?i)(?:/v[0-9]{2}).*"),
        ("nginx-gateway-fabric", "/(?i)v[0-9][0-9]"),
        ("traefik", "(?i)^(?:/v[0-9]{2})"),
    ] {
        let written = documents(&yaml, target, false);
        assert_eq!(of_kind(&written, "HTTPRoute")[0]["spec"]["rules"][0]["matches"][0]["path"]["value"], expected, "{target}");
    }
}

/// Trap 10: limits by address.
#[test]
fn a_limit_of_one_client_never_becomes_one_of_all() {
    let yaml = ingress("a", &[("limit-rps", "5")]);
    let kgateway = documents(&yaml, "kgateway", false);
    assert!(of_kind(&kgateway, "TrafficPolicy").iter().all(|policy| policy["spec"].get("rateLimit").is_none()));
    let ngf = documents(&yaml, "nginx-gateway-fabric", false);
    let limit = &of_kind(&ngf, "RateLimitPolicy")[0]["spec"]["rateLimit"];
    assert_eq!(limit["local"]["rules"][0]["key"], "$binary_remote_addr");
    assert_eq!(limit["rejectCode"], 503);
}

/// Trap 14: one policy of a kind for a place.
#[test]
fn no_place_has_two_policies_of_a_kind() {
    let yaml = [
        ingress(
            "a",
            &[("limit-rps", "5"), ("proxy-body-size", "8m"), ("proxy-read-timeout", "90"), ("auth-type", "basic"), ("auth-secret", "u")],
        ),
        ingress("b", &[("proxy-connect-timeout", "9"), ("proxy-read-timeout", "90"), ("whitelist-source-range", "10.0.0.0/8")]),
        ingress("c", &[("affinity", "cookie"), ("load-balance", "ewma"), ("upstream-hash-by", "$http_x")]),
    ]
    .concat();
    for target in ["envoy-gateway", "kgateway", "nginx-gateway-fabric"] {
        let mut seen = BTreeSet::new();
        for document in documents(&yaml, target, true) {
            let spec = &document["spec"];
            let refs = spec["targetRefs"].as_sequence().cloned().unwrap_or_default().into_iter().chain(spec.get("targetRef").cloned());
            for place in refs {
                let key = format!("{:?} {:?} {:?}", document["kind"], document["metadata"]["namespace"], place);
                assert!(seen.insert(key.clone()), "{target}: {key}");
            }
        }
        assert!(!seen.is_empty(), "{target}");
    }
}

/// Trap 16: what belongs to a Service.
#[test]
fn routes_that_want_different_things_of_a_service_are_named() {
    let yaml = [ingress("a", &[("load-balance", "ewma")]), ingress("b", &[("upstream-hash-by", "$http_x_user")])].concat();
    let inventory = inventory(&yaml);
    for target in ["kgateway", "nginx-gateway-fabric"] {
        let options = translate::Options::of(targets::by_id(target).expect("target"), "any");
        let translation = translate::translate(&ingresses(&inventory), &inventory, &options);
        let codes: BTreeMap<&str, usize> = translation.findings.iter().fold(BTreeMap::new(), |mut codes, finding| {
            *codes.entry(finding.code.as_str()).or_default() += 1;
            codes
        });
        assert_eq!(codes.get("policy/of-service"), Some(&2), "{target}: {codes:?}");
        assert_eq!(codes.get("policy/service-shared"), Some(&1), "{target}: {codes:?}");
    }
}

/// Trap 18: values that are programs.
#[test]
fn signs_that_targets_read_are_escaped_in_header_values() {
    let yaml = format!(
        "{}apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: h, namespace: app}}\ndata: {{X-Note: 'half \"50%\"'}}\n",
        ingress("a", &[("custom-headers", "app/h")])
    );
    let controller = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata: {global-allowed-response-headers: X-Note}\n";
    let yaml = format!("{yaml}---\n{controller}");
    for (target, expected) in [
        ("envoy-gateway", "half \"50%%\""),
        ("kgateway", "half \"50%%\""),
        ("nginx-gateway-fabric", "half \\\"50%\\\""),
        ("traefik", "half \"50%\""),
    ] {
        let inventory = read::texts([("input.yaml".to_owned(), yaml.clone())], &read::Options::default()).inventory;
        let options = translate::Options::of(targets::by_id(target).expect("target"), "any");
        let translation = translate::translate(&ingresses(&inventory), &inventory, &options);
        let text = report::yaml_stream(&translation.objects, &inventory);
        let value = text.lines().skip_while(|line| !line.contains("X-Note")).find(|line| line.contains("value:"));
        let value = value.and_then(|line| serde_yaml::from_str::<Value>(line.trim()).ok()).map(|value| value["value"].clone());
        assert_eq!(value, Some(Value::from(expected)), "{target}: {text}");
    }
}
