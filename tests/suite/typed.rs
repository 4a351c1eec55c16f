//! Everything that an implementation has a released typed field for is kept, at every target that writes policies of its own: the table of
//! `vendor-policies.csv`, copied to `testdata/policies/typed.yaml`, is walked annotation by annotation.

use std::{collections::BTreeMap, fs, path::Path};

use gateshift::{gateway::dialect::Target, ingress, k8s::Step, ledger::Settlement, report, targets, translate};
use serde::Deserialize;

use crate::judge::inventory;

/// Targets that write policies of their own.
const WRITERS: [&str; 6] = ["agentgateway", "envoy-gateway", "istio", "kgateway", "nginx-gateway-fabric", "traefik"];

#[derive(Deserialize)]
struct Table {
    features: Vec<Feature>,
}

#[derive(Deserialize)]
struct Feature {
    feature: String,
    given: BTreeMap<String, String>,
    path: Option<String>,
    asked: Vec<String>,
    typed: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

/// What is not kept although there is a field: targets, feature, and why.
const EXCEPTIONS: &[(&[&str], &str, &str)] = &[
    (
        &["agentgateway", "envoy-gateway", "istio", "kgateway", "nginx-gateway-fabric"],
        "access-log",
        "the log of a whole Gateway, which belongs to its owner",
    ),
    (&["istio"], "auth-response-headers", "the service must be named in the configuration of the mesh, which no manifest here can change"),
    (&["istio"], "auth-signin", "the service must be named in the configuration of the mesh, which no manifest here can change"),
    (
        &["agentgateway", "kgateway", "nginx-gateway-fabric"],
        "auth-tls-verify",
        "certificates are asked for on a whole port or by an option of a listener of ours: other hosts of the port would be asked too",
    ),
    (&["traefik"], "auth-tls-verify", "one option for every host of the instance"),
    (&["istio"], "auth-url", "the service must be named in the configuration of the mesh, which no manifest here can change"),
    (&["kgateway"], "backend-grpc", "backends of a GRPCRoute are called over HTTP/1.1 unless their Service says that they speak HTTP/2"),
    (&["nginx-gateway-fabric"], "backend-https", "a BackendTLSPolicy always verifies, and nginx does not"),
    (&["agentgateway", "envoy-gateway", "kgateway"], "connection-proxy-header", "a header between two hops that proxies set themselves"),
    (
        &["agentgateway", "kgateway"],
        "custom-http-errors",
        "only answers of the proxy itself, or bodies made of expressions; nginx asks another Service",
    ),
    (
        &["traefik"],
        "custom-http-errors",
        "a Middleware asks the Service with the status in its path, and no header that error pages of nginx read",
    ),
    (&["envoy-gateway"], "default-backend", "a Backend for failures needs a switch of the controller"),
    (&["istio"], "default-backend", "a rule for everything else is not asked where a Service fails"),
    (&["kgateway"], "default-backend", "priorities of a Backend are about endpoints of one host, not about another Service"),
    (&["traefik"], "default-backend", "a failover needs a health check that nobody can know"),
    (&["agentgateway", "kgateway"], "limit-rps-rpm", "one bucket for all clients: the limit of one would refuse everybody"),
    (&["agentgateway"], "limit-whitelist", "without the limit there is nothing to exempt from"),
    (&["traefik"], "mirror-target", "mirroring and the other settings of a backend exclude each other in one object"),
    (
        &["agentgateway", "envoy-gateway", "istio", "kgateway"],
        "opentelemetry",
        "tracing of a whole Gateway with an exporter that nobody named",
    ),
    (
        &["agentgateway", "envoy-gateway", "kgateway"],
        "proxy-buffering",
        "a limit of memory for a connection, which buffers no answer as a whole",
    ),
    (&["traefik"], "proxy-buffering", "the Middleware buffers requests as well and ends streams"),
    (&["agentgateway", "kgateway"], "proxy-cookie", "a template or expression that nobody here can judge"),
    (&["istio"], "proxy-next-upstream", "`retry` of a rule, which is standard from Gateway API 1.7 on and not claimed"),
    (&["agentgateway", "istio"], "proxy-read-send-timeout", "a time of the whole exchange, which would cut downloads and streams"),
    (&["traefik"], "proxy-read-send-timeout", "its one time is about answers; nothing limits how long a backend takes to read a request"),
    (&["agentgateway", "kgateway"], "proxy-redirect", "a template or expression that nobody here can judge"),
    (&["agentgateway"], "regex-rewrite", "an expression that nobody here can judge"),
    (
        &["istio", "nginx-gateway-fabric"],
        "regex-rewrite",
        "core rewrites replace prefixes and whole paths, and the sample turns captures round",
    ),
    (&["agentgateway", "kgateway"], "service-upstream", "a static host in place of the Service, whose port and protocol are said again"),
    (&["istio"], "service-upstream", "does not apply to gateways well, says the table itself"),
    (&["agentgateway", "traefik"], "ssl-ciphers-protocols", "a whole Gateway, or every host of the instance"),
    (&["traefik"], "upstream-hash-by", "only the address of the client can decide, and the sample asks for a header"),
    (&["nginx-gateway-fabric"], "waf", "rules compiled for another product; those of ModSecurity have no form there"),
];

fn table() -> Vec<Feature> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/policies/typed.yaml");
    serde_yaml::from_str::<Table>(&fs::read_to_string(file).expect("table")).expect("table").features
}

fn input(feature: &Feature) -> String {
    let annotations: String = feature
        .given
        .iter()
        .map(|(name, value)| format!("    nginx.ingress.kubernetes.io/{name}: {}\n", serde_json::json!(value)))
        .collect();
    let path = feature.path.as_deref().unwrap_or("/");
    let kind = if feature.path.is_some() { "ImplementationSpecific" } else { "Prefix" };
    let service = |name: &str| {
        format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: app}}\nspec: {{ports: [{{port: 80}}]}}\n---\n")
    };
    format!(
        "{}{}{}apiVersion: v1
kind: ConfigMap
metadata: {{name: headers, namespace: app}}
data: {{X-Note: hello}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}
data: {{global-allowed-response-headers: X-Note}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: app
  annotations:
{annotations}spec:
  ingressClassName: nginx
  tls: [{{hosts: [shop.example], secretName: tls}}]
  rules:
  - host: shop.example
    http:
      paths:
      - {{path: '{path}', pathType: {kind}, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}
",
        service("web"),
        service("auth"),
        service("errors")
    )
}

/// Annotations that are asked for and not kept.
fn lost(feature: &Feature, target: &str) -> Vec<String> {
    let known = inventory(&input(feature));
    let arguments = vec!["--enable-ssl-passthrough=true".to_owned()];
    let controller = ingress::controller(&known, &ingress::Given { config_map: None, arguments });
    let resolved = ingress::resolve(&known, &controller, &ingress::Options::of(&known));
    let switches = Target::named(target).into_iter().flat_map(Target::switches).map(|switch| switch.name.clone()).collect();
    let options = translate::Options { switches, ..translate::Options::of(targets::by_id(target).expect("target"), "class") };
    let translation = translate::translate(&resolved.config, &known, &options);
    let ledger = report::account(&known, &controller, &resolved, &translation);
    let name = |entry: &gateshift::ledger::Entry| match entry.subject.field.steps().last() {
        Some(Step::Key(key)) => key.rsplit('/').next().unwrap_or_default().to_owned(),
        _ => String::new(),
    };
    let settled: BTreeMap<String, &Settlement> =
        ledger.entries().iter().filter_map(|entry| Some((name(entry), entry.settlement.as_ref()?))).collect();
    let mut lost = Vec::new();
    for asked in &feature.asked {
        match settled.get(asked.as_str()) {
            Some(Settlement::Exact | Settlement::Policy { .. } | Settlement::Differs { .. }) => {}
            Some(Settlement::Unmappable { codes }) => {
                lost.push(format!("{asked} ({})", codes.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(", ")));
            }
            Some(Settlement::NoEffect { why }) => panic!("{}: `{asked}` has no effect: {why}", feature.feature),
            Some(Settlement::Unknown { .. }) | None => panic!("{}: `{asked}` is not settled", feature.feature),
        }
    }
    lost
}

#[test]
fn whatever_has_a_released_typed_field_is_kept() {
    let mut wrong = Vec::new();
    let (mut kept, mut excused) = (0, Vec::new());
    for feature in table() {
        for target in WRITERS {
            let exception = EXCEPTIONS.iter().find(|(of, name, _)| of.contains(&target) && *name == feature.feature);
            if !feature.typed.contains_key(target) {
                assert_eq!(exception, None, "no exception is needed where there is no field");
                continue;
            }
            let lost = lost(&feature, target);
            match (lost.is_empty(), exception) {
                (true, None) => kept += 1,
                (false, Some(_)) => excused.push((target, feature.feature.clone())),
                (true, Some((.., why))) => wrong.push(format!("{target} keeps {} after all: {why}", feature.feature)),
                (false, None) => wrong.push(format!("{target}: {}: {}", feature.feature, lost.join("; "))),
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} rows:\n{}", wrong.len(), kept + wrong.len() + excused.len(), wrong.join("\n"));
    for (targets, feature, why) in EXCEPTIONS {
        for target in *targets {
            assert!(!why.is_empty() && excused.iter().any(|(of, name)| of == target && name == feature), "{target} {feature}");
        }
    }
}

/// The copied facts are those of the reference.
#[test]
fn the_table_is_that_of_the_reference() {
    let Some(folder) = crate::shared::shared("reference") else { return };
    let text = fs::read_to_string(folder.join("vendor-policies.csv")).expect("reference");
    for feature in table() {
        let start = format!("{},", feature.feature);
        assert!(text.lines().any(|line| line.starts_with(&start)), "{}", feature.feature);
        for (target, kinds) in &feature.typed {
            let title = Target::named(target).expect("target").title.as_str();
            for kind in kinds.values().flatten() {
                let row = format!("{},{title},{kind},", feature.feature);
                let quoted = format!("{},{title},\"{kind}\",", feature.feature);
                assert!(text.lines().any(|line| line.starts_with(&row) || line.starts_with(&quoted)), "{row}");
            }
        }
    }
}
