//! What the judge says of TLS: where it ends, who uses it, and how certificates are looked at on either side of the router.

use gateshift::{
    compare::{Comparison, Limits, compare, describe},
    ingress as controller,
    nginx::{self, Router},
};

use crate::judge::{against, ingress, inventory, manifests, migration, path, route, rule, summary};

const HOST: &str = "shop.example";

/// An Ingress that leads everything to one Service.
fn web(annotations: &[(&str, &str)]) -> String {
    let annotations: Vec<String> =
        annotations.iter().map(|(name, value)| format!("nginx.ingress.kubernetes.io/{name}: '{value}'")).collect();
    ingress(&annotations.join(", "), &path("/", "Prefix", "web"))
}

/// The same with `spec.tls`.
fn with_tls(ingress: &str, tls: &str) -> String {
    ingress.replace("  rules:\n", &format!("  tls: [{{hosts: [{HOST}]{tls}}}]\n  rules:\n"))
}

fn assert_verdict(comparison: &Comparison, expected: &str) {
    let verdict = comparison.host(HOST).expect("host").verdict.as_str();
    assert_eq!(verdict, expected, "{}", summary(comparison));
}

fn assert_says(comparison: &Comparison, line: &str) {
    assert!(summary(comparison).contains(line), "{}", summary(comparison));
}

/// The old side of a controller that passes TLS through.
fn passing(yaml: &str) -> nginx::Config {
    let inventory = inventory(yaml);
    let given = controller::Given { arguments: vec!["--enable-ssl-passthrough=true".to_owned()], ..controller::Given::default() };
    controller::resolve(&inventory, &controller::controller(&inventory, &given), &controller::Options::of(&inventory)).config
}

fn passing_against(old: &str, new: &str) -> Comparison {
    compare(&Router::new(&passing(old)), &manifests(new, &inventory(old), "envoy-gateway"), &Limits::default())
}

const PASSED: &[(&str, &str)] = &[("ssl-passthrough", "true")];

/// A Gateway with a listener for TLS, and routes for plain requests and for TLS.
fn entry(listener: &str, of_tls: &str) -> String {
    format!(
        "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gateway, namespace: shop}}
spec:
  gatewayClassName: any
  listeners:
  - {{name: http, port: 80, protocol: HTTP}}
  - {{name: https, port: 443, hostname: {HOST}, {listener}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: plain, namespace: shop}}
spec:
  parentRefs: [{{name: gateway, sectionName: http}}]
  hostnames: [{HOST}]
  rules: [{{backendRefs: [{{name: web, port: 80}}]}}]
---
apiVersion: gateway.networking.k8s.io/v1
{of_tls}
"
    )
}

const PASSING: &str = "protocol: TLS, tls: {mode: Passthrough}";
const ENDING: &str = "protocol: HTTPS, tls: {certificateRefs: [{name: cert}]}";

fn route_of(kind: &str, service: &str) -> String {
    format!(
        "kind: {kind}
metadata: {{name: secure, namespace: shop}}
spec:
  parentRefs: [{{name: gateway, sectionName: https}}]
  hostnames: [{HOST}]
  rules: [{{backendRefs: [{{name: {service}, port: 80}}]}}]"
    )
}

#[test]
fn a_host_whose_tls_is_passed_through_needs_no_certificate_to_be_used_over_tls() {
    let kept = passing_against(&web(PASSED), &entry(PASSING, &route_of("TLSRoute", "web")));
    assert_verdict(&kept, "proved");
    let gone = passing_against(&web(PASSED), &entry(PASSING, "kind: TLSRoute\nmetadata: {name: none, namespace: shop}\nspec: {rules: []}"));
    assert_says(&gone, "difference/not-served GET https://shop.example/");
    let elsewhere = passing_against(&web(PASSED), &entry(PASSING, &route_of("TLSRoute", "other")));
    assert_says(&elsewhere, "difference/backend GET https://shop.example/");
}

#[test]
fn tls_that_is_passed_through_is_not_tls_that_ends_at_the_gateway() {
    let listed = |annotations| with_tls(&web(annotations), ", secretName: cert");
    let redirect = [PASSED, &[("ssl-redirect", "false")]].concat();
    let ended = passing_against(&listed(&redirect), &entry(ENDING, &route_of("HTTPRoute", "web")));
    assert_says(&ended, "difference/passthrough GET https://shop.example/");
    let difference = ended.host(HOST).expect("host").differences.first().expect("a difference");
    let said = describe::outcomes(&difference.old.decision.outcome, &difference.new.decision.outcome);
    assert_eq!(said, ("sent to `shop/web:80` with its TLS passed through".to_owned(), "sent to `shop/web:80` in plain text".to_owned()));
    let passed = passing_against(&listed(&[("ssl-redirect", "false")]), &entry(PASSING, &route_of("TLSRoute", "web")));
    assert_says(&passed, "difference/passthrough GET https://shop.example/");
    let reencrypted = listed(&[("ssl-redirect", "false"), ("backend-protocol", "HTTPS")]);
    assert_says(&passing_against(&reencrypted, &entry(PASSING, &route_of("TLSRoute", "web"))), "difference/passthrough");
}

#[test]
fn https_that_plain_requests_are_sent_to_is_used() {
    let listed = with_tls(&web(&[]), "");
    assert_says(&migration(&listed, "envoy-gateway"), "difference/not-served GET https://shop.example/");
    let forced = web(&[("force-ssl-redirect", "true")]);
    assert_says(&migration(&forced, "envoy-gateway"), "difference/not-served GET https://shop.example/");
    assert_verdict(&migration(&web(&[]), "envoy-gateway"), "proved");
}

/// Behind a proxy that has ended TLS the redirect leads to that proxy.
#[test]
fn https_of_a_proxy_before_nginx_is_not_that_of_nginx() {
    let trusting = "apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx, labels: {app.kubernetes.io/name: ingress-nginx}}
data: {use-forwarded-headers: 'true'}
---
";
    let forced = [trusting, &web(&[("force-ssl-redirect", "true")])].concat();
    let comparison = migration(&forced, "envoy-gateway");
    assert!(!summary(&comparison).contains("not-served"), "{}", summary(&comparison));
}

#[test]
fn another_certificate_is_told_whatever_else_differs() {
    let listed = with_tls(&web(&[("ssl-redirect", "false")]), ", secretName: cert");
    let of = |secret: &str, service: &str| entry(&ENDING.replace("cert}", &format!("{secret}}}")), &route_of("HTTPRoute", service));
    // Without a policy of the Gateway the header for HSTS is lost.
    let also = against(&listed, &of("foreign", "web"), "envoy-gateway");
    assert_says(&also, "difference/hsts");
    assert_says(&also, "undecided/certificate");
    assert_says(&against(&listed, &of("foreign", "other"), "envoy-gateway"), "undecided/certificate");
    let same = against(&listed, &of("cert", "web"), "envoy-gateway");
    assert!(!summary(&same).contains("undecided"), "{}", summary(&same));
}

const VERIFIED: &[(&str, &str)] = &[
    ("backend-protocol", "HTTPS"),
    ("proxy-ssl-secret", "shop/ca"),
    ("proxy-ssl-verify", "on"),
    ("proxy-ssl-name", "Web.internal"),
    ("proxy-ssl-server-name", "on"),
];

/// A backend that nginx looks at, and the Secret by which it does.
fn verified(keys: &str) -> String {
    let secret = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: ca, namespace: shop}}\nstringData: {{{keys}}}\n---\n");
    secret + &web(VERIFIED)
}

const CA: &str = "ca.crt: -----BEGIN CERTIFICATE-----";
const PAIR: &str = "ca.crt: -----BEGIN CERTIFICATE-----, tls.crt: y, tls.key: z";

/// The route of the backend, and what says how it is spoken to.
fn beside(policy: &str) -> String {
    format!("{}---\n{policy}\n", route(&rule("PathPrefix", "/", "web")))
}

fn policy(validation: &str) -> String {
    beside(&format!(
        "apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: web, namespace: shop}}
spec: {{targetRefs: [{{group: '', kind: Service, name: web}}], validation: {{{validation}}}}}"
    ))
}

const OWN: &str = "caCertificateRefs: [{group: '', kind: ConfigMap, name: ca}]";

fn assumptions(comparison: &Comparison) -> &[String] {
    &comparison.host(HOST).expect("host").assumptions
}

#[test]
fn a_verified_backend_that_is_converted_is_verified_alike() {
    for target in ["standard", "envoy-gateway", "traefik", "istio"] {
        let comparison = migration(&verified(CA), target);
        assert_verdict(&comparison, "proved");
        let rests = "ConfigMap shop/ca holds the authorities of Secret shop/ca";
        assert!(assumptions(&comparison).iter().any(|assumption| assumption == rests), "{:?}", assumptions(&comparison));
    }
}

#[test]
fn a_backend_that_is_verified_otherwise_differs() {
    let says = |validation: &str, line: &str| assert_says(&against(&verified(CA), &policy(validation), "envoy-gateway"), line);
    says(&format!("{OWN}, hostname: other.internal"), "difference/backend-verification GET http://shop.example/");
    says("wellKnownCACertificates: System, hostname: web.internal", "difference/backend-verification");
    let names = "subjectAltNames: [{type: Hostname, hostname: web.internal}, {type: Hostname, hostname: any.internal}]";
    says(&format!("{OWN}, hostname: web.internal, {names}"), "difference/backend-verification");
    let same = against(&verified(CA), &policy(&format!("{OWN}, hostname: web.internal")), "envoy-gateway");
    assert_verdict(&same, "proved");
    let elsewhere = OWN.replace("name: ca", "name: other");
    says(
        &format!("{elsewhere}, hostname: web.internal"),
        "undecided/unmodelled (http: paths like `/`): whether ConfigMap shop/other holds the authorities of Secret shop/ca",
    );
}

#[test]
fn a_backend_that_nobody_verifies_any_more_differs() {
    let substitute = "apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: {name: web, namespace: shop}
spec:
  endpoints: [{fqdn: {hostname: web.shop.svc.cluster.local, port: 80}}]
  tls: {insecureSkipVerify: true}";
    let by_object = |text: String| text.replace("{name: web, port: 80}", "{group: gateway.envoyproxy.io, kind: Backend, name: web}");
    let unseen = by_object(beside(substitute));
    assert_says(&against(&verified(CA), &unseen, "envoy-gateway"), "difference/backend-verification GET http://shop.example/");
    let plain = web(&[("backend-protocol", "HTTPS")]);
    assert_verdict(&against(&plain, &unseen, "envoy-gateway"), "proved");
    let now = against(&plain, &policy(&format!("{OWN}, hostname: web.internal")), "envoy-gateway");
    assert_says(&now, "difference/backend-verified GET http://shop.example/");
    let rule = |tls: &str| {
        beside(&format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: web, namespace: shop}}\nspec: {{host: web, trafficPolicy: {{tls: {{mode: SIMPLE{tls}}}}}}}"
        ))
    };
    assert_says(&against(&verified(CA), &rule(", insecureSkipVerify: true"), "istio"), "difference/backend-verification");
    assert_says(&against(&verified(CA), &rule(", sni: web.internal"), "istio"), "undecided/unmodelled");
}

#[test]
fn a_certificate_that_the_backend_is_no_longer_shown_differs() {
    let kept = policy(&format!("{OWN}, hostname: web.internal"));
    assert_says(&against(&verified(PAIR), &kept, "envoy-gateway"), "difference/backend-client-certificate GET http://shop.example/");
    let shows = |secret: &str| {
        let of_gateway = format!("gatewayClassName: any\n  tls: {{backend: {{clientCertificateRef: {secret}}}}}\n");
        kept.replacen("gatewayClassName: any\n", &of_gateway, 1)
    };
    let same = against(&verified(PAIR), &shows("{name: ca, namespace: shop}"), "envoy-gateway");
    assert_verdict(&same, "proved");
    let other = against(&verified(PAIR), &shows("{name: other}"), "envoy-gateway");
    assert_says(&other, "whether Secret gateway-system/other holds the certificate of Secret shop/ca");
    let also = against(&verified(CA), &shows("{name: ca, namespace: shop}"), "envoy-gateway");
    assert_verdict(&also, "proved");
    assert!(assumptions(&also).iter().any(|assumption| assumption.contains("ask for no client certificate")), "{:?}", assumptions(&also));
}

#[test]
fn hosts_hand_tls_to_backends_down_unless_only_locations_may_have_it() {
    let secret =
        "---\napiVersion: v1\nkind: Secret\nmetadata: {name: ca, namespace: shop}\nstringData: {ca.crt: -----BEGIN CERTIFICATE-----}\n";
    let paths = path("/", "Prefix", "web");
    let verifying =
        ingress("nginx.ingress.kubernetes.io/proxy-ssl-secret: shop/ca, nginx.ingress.kubernetes.io/proxy-ssl-verify: 'on'", &paths);
    let of = |location_only: bool| {
        let map = format!(
            "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}\ndata: {{proxy-ssl-location-only: '{location_only}'}}\n"
        );
        let inventory = inventory(&format!("{verifying}{secret}{map}"));
        let given = controller::Given::default();
        let config =
            controller::resolve(&inventory, &controller::controller(&inventory, &given), &controller::Options::of(&inventory)).config;
        config.server(HOST).expect("server").proxy_tls.is_some()
    };
    assert_eq!((of(false), of(true)), (true, false));
}
