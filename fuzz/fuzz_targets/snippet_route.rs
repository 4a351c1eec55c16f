//! Any text as a snippet of an Ingress: routed, and translated, without a panic.
#![no_main]

use gateshift::{
    ingress, nginx, read,
    request::{Request, Scheme, Unknown},
    targets, translate,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: (bool, &str, &str)| {
    let (server, text, target) = data;
    let name = if server { "server-snippet" } else { "configuration-snippet" };
    let yaml = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}\ndata: {{allow-snippet-annotations: 'true', annotations-risk-level: Critical}}\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {{name: nginx}}\nspec: {{controller: k8s.io/ingress-nginx}}\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: a, namespace: b, annotations: {{nginx.ingress.kubernetes.io/{name}: {text:?}}}}}\n\
         spec: {{ingressClassName: nginx, rules: [{{host: a.example, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: s, port: {{number: 80}}}}}}}}]}}}}]}}\n"
    );
    let inventory = read::texts([("input.yaml".to_owned(), yaml)], &read::Options::default()).inventory;
    let controller = ingress::controller(&inventory, &ingress::Given::default());
    let mut config = ingress::resolve(&inventory, &controller, &ingress::Options::of(&inventory)).config;
    config.refusals.clear();
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
    let _ = nginx::Router::new(&config).decide(&request, &Unknown);
    let options = translate::Options::of(targets::by_id("standard").expect("target"), "any");
    let _ = translate::translate(&config, &inventory, &options);
});
