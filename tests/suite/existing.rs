//! A Gateway that exists and serves others too: what is written leaves it as it is, and what it leaves out is said.

use std::collections::BTreeSet;

use gateshift::{
    k8s::NamespacedName,
    report, targets,
    translate::{self, Emission, TlsOwner},
};
use serde_yaml::Value;

use crate::judge::{ingresses, inventory};

/// What is around routes of tests: a Gateway with listeners of its own.
pub(crate) const EDGE: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: infra}
spec:
  gatewayClassName: edge
  allowedListeners: {namespaces: {from: All}}
  listeners:
  - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
---
";

/// An Ingress over TLS.
const INGRESS: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: web-tls}]
  rules:
  - host: shop.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
---
";

/// What is written for the Gateway `infra/edge`, and the codes of what is said.
pub(crate) fn attached(yaml: &str, target: &str, tls_owner: TlsOwner) -> (Vec<Value>, BTreeSet<String>) {
    let inventory = inventory(&(EDGE.to_owned() + yaml));
    let gateway = NamespacedName::new("infra", "edge");
    let emission = Emission { existing: Some(gateway.clone()), tls_owner, ..Emission::default() };
    let options = translate::Options { gateway, emission, ..translate::Options::of(targets::by_id(target).expect("target"), "any") };
    let translation = translate::translate(&ingresses(&inventory), &inventory, &options);
    let text = report::yaml_stream(&translation.objects, &inventory);
    let documents = serde_yaml::Deserializer::from_str(&text).map(|one| serde::Deserialize::deserialize(one).expect("document")).collect();
    (documents, translation.findings.iter().map(|finding| finding.code.as_str().to_owned()).collect())
}

#[test]
fn no_policy_is_attached_to_a_gateway_of_others() {
    for target in targets::all() {
        for owner in [TlsOwner::Platform, TlsOwner::App] {
            let (documents, findings) = attached(INGRESS, target.id(), owner);
            for document in &documents {
                let places = document["spec"]["targetRefs"].as_sequence().into_iter().flatten().chain(document["spec"].get("targetRef"));
                let of_gateway: Vec<_> = places.filter(|place| place["kind"] == "Gateway").collect();
                assert_eq!(of_gateway, Vec::<&Value>::new(), "{}: {document:?}", target.id());
            }
            assert_eq!(findings.contains("gateway/of-others"), !target.says_of_gateways().is_empty(), "{}", target.id());
        }
    }
}

#[test]
fn defaults_that_no_policy_keeps_are_said() {
    for target in ["envoy-gateway", "kgateway", "nginx-gateway-fabric", "standard"] {
        let (_, findings) = attached(INGRESS, target, TlsOwner::Platform);
        for code in ["default/forwarded-headers", "default/timeouts"] {
            assert!(findings.contains(code), "{target}: {findings:?}");
        }
    }
}

/// What sets headers of every answer is a policy of the Gateway where that is ours.
#[test]
fn strict_transport_security_is_set_by_routes() {
    let (documents, _) = attached(INGRESS, "envoy-gateway", TlsOwner::App);
    let routes: Vec<&Value> = documents.iter().filter(|document| document["kind"] == "HTTPRoute").collect();
    let text = serde_yaml::to_string(&routes).expect("text");
    assert!(text.contains("Strict-Transport-Security"), "{text}");
}
