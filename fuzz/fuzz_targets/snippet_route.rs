//! Any text as a snippet of an Ingress: routed, and translated, without a panic.
#![no_main]

use gateshift::{
    ingress, nginx, read, report,
    request::{Request, Scheme, Unknown},
    targets, translate,
};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 5] = ["configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet", "modsecurity-snippet"];
const TARGETS: [&str; 3] = ["standard", "envoy-gateway", "nginx-gateway-fabric"];

fuzz_target!(|data: (u8, &str, &str)| {
    let (choice, text, target) = data;
    let name = NAMES[usize::from(choice) % NAMES.len()];
    let implementation = TARGETS[usize::from(choice) / NAMES.len() % TARGETS.len()];
    let yaml = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}\ndata: {{allow-snippet-annotations: 'true', annotations-risk-level: Critical}}\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: nginx}}\nspec: {{controller: k8s.io/ingress-nginx}}\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, namespace: b, annotations: {{nginx.ingress.kubernetes.io/auth-url: http://a.b.svc/c, nginx.ingress.kubernetes.io/enable-modsecurity: \"true\", nginx.ingress.kubernetes.io/{name}: {text:?}}}}}\n\
         spec: {{ingressClassName: nginx, rules: [{{host: a.example, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: s, port: {{number: 80}}}}}}}}]}}}}]}}\n"
    );
    let inventory = read::texts([("input.yaml".to_owned(), yaml)], &read::Options::default()).inventory;
    let controller = ingress::controller(&inventory, &ingress::Given::default());
    let mut resolved = ingress::resolve(&inventory, &controller, &ingress::Options::of(&inventory));
    resolved.config.refusals.clear();
    let config = &resolved.config;
    let request = Request {
        method: "GET".to_owned(),
        scheme: Scheme::Http,
        host: Some("a.example".to_owned()),
        sni: None,
        target: format!("/{target}"),
        headers: Vec::new(),
        body_bytes: 0,
        chunked: false,
        http_version: "1.1".to_owned(),
        client: "192.0.2.1".to_owned(),
        port: None,
        client_certificate: None,
    };
    let _ = nginx::Router::new(config).decide(&request, &Unknown);
    let options = translate::Options { allow_raw: choice > 127, ..translate::Options::of(targets::by_id(implementation).expect("target"), "any") };
    let translation = translate::translate(config, &inventory, &options);
    let ledger = report::account(&inventory, &controller, &resolved, &translation);
    assert!(ledger.entries().iter().all(|entry| entry.settlement.is_some()));
});
