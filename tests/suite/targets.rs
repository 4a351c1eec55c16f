//! Traps of implementations: what one of them takes in another way than the rest is written so that it does no harm. Each test is named
//! for what must hold, over every target that it concerns.

use std::collections::{BTreeMap, BTreeSet};

use gateshift::{
    gateway::{Intent, dialect},
    read, report, targets, translate,
};
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

/// Trap 11: who the client is.
#[test]
fn addresses_are_not_compared_with_those_of_proxies_in_front() {
    let controller = "apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
data: {use-forwarded-headers: 'true'}
";
    let yaml = format!("{}{controller}", ingress("a", &[("whitelist-source-range", "10.0.0.0/8")]));
    for (target, open) in
        [("agentgateway", false), ("envoy-gateway", true), ("kgateway", false), ("nginx-gateway-fabric", false), ("traefik", false)]
    {
        let written = documents(&yaml, target, true);
        let rule = &of_kind(&written, "HTTPRoute")[0]["spec"]["rules"][0];
        assert_eq!(rule.get("backendRefs").is_some(), open, "{target}");
    }
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

/// The matrix of conformance reports: names of its columns, and cells by implementation.
fn matrix() -> Option<(Vec<String>, BTreeMap<String, Vec<String>>)> {
    let folder = crate::shared::shared("reference")?;
    let text = std::fs::read_to_string(folder.join("conformance-matrix.csv")).expect("matrix");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let columns = lines.next().expect("columns");
    Some((columns, lines.filter_map(|cells| Some((cells.first()?.clone(), cells))).collect()))
}

#[test]
fn claimed_features_are_those_of_the_conformance_reports() {
    let Some((columns, rows)) = matrix() else { return };
    let first = columns.iter().position(|column| column == "GatewayPort8080").expect("column");
    let mut compared = 0;
    for target in dialect::Target::all() {
        let Some(features) = &target.features else { continue };
        let row = &rows[if target.id == "kong" { "kong-operator" } else { &target.id }];
        let claimed: BTreeSet<&str> = columns[first..]
            .iter()
            .zip(&row[first..])
            .filter(|(column, cell)| *cell == "1" && !column.starts_with("Mesh"))
            .map(|(column, _)| column.as_str())
            .collect();
        assert_eq!(features.claimed.iter().map(String::as_str).collect::<BTreeSet<_>>(), claimed, "{}", target.id);
        assert_eq!(features.version, row[1].trim_start_matches('v'), "{}", target.id);
        assert_eq!(features.gateway_api, row[2].trim_start_matches('v'), "{}", target.id);
        compared += 1;
    }
    assert_eq!(compared, 10);
}

#[test]
fn nearest_fields_are_about_something_that_is_not_kept_and_are_in_the_table() {
    let names: BTreeMap<&str, Intent> = Intent::samples().into_iter().collect();
    let table =
        crate::shared::shared("reference").map(|folder| std::fs::read_to_string(folder.join("vendor-policies.csv")).expect("table"));
    let mut seen = 0;
    for data in dialect::Target::all() {
        let target = targets::by_id(&data.id).expect("code and data agree");
        for nearest in &data.nearest {
            let intent = names.get(nearest.intent.as_str()).unwrap_or_else(|| panic!("{}: `{}`", data.id, nearest.intent));
            assert!(matches!(target.answer(intent), targets::Answer::No(_)), "{}: {}", data.id, nearest.intent);
            assert!(["exact", "approximate"].contains(&nearest.fidelity.as_str()), "{}: {}", data.id, nearest.fidelity);
            let known = |table: &String| table.lines().any(|line| line.contains(&nearest.field) && line.contains(&nearest.kind));
            assert!(table.as_ref().is_none_or(known), "{}: {} {}", data.id, nearest.kind, nearest.field);
            seen += 1;
        }
        assert_eq!(data.nearest.is_empty(), data.scope.is_none(), "{}", data.id);
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn every_target_has_code_and_data_and_converts_core_objects() {
    let yaml = ingress("a", &[("ssl-redirect", "false"), ("auth-url", "http://auth.app.svc.cluster.local/check"), ("limit-rps", "5")]);
    let ids: Vec<&str> = targets::all().iter().map(|target| target.id()).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids, dialect::Target::all().iter().map(|target| target.id.as_str()).collect::<Vec<_>>());
    for id in ids {
        let written = documents(&yaml, id, false);
        assert_eq!(of_kind(&written, "HTTPRoute").len(), 1, "{id}");
        let data = dialect::Target::named(id).expect("data");
        let own = |document: &&Value| {
            let version = document["apiVersion"].as_str().unwrap_or_default();
            !data.policy_groups.iter().any(|group| version.starts_with(group.as_str()))
        };
        let foreign: Vec<_> = written.iter().filter(own).filter(|document| !of_core(document)).collect();
        assert_eq!(foreign, Vec::<&Value>::new(), "{id}");
    }
}

fn of_core(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    version == "v1" || version.starts_with("gateway.networking.k8s.io/")
}
