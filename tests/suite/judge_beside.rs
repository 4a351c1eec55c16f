//! What changes traffic beside routes and their filters: policies that name nobody, several Gateways, certificates, times, limits.

use gateshift::compare::{Comparison, Judgement};

use crate::judge::{GATEWAY, against, ingress, path, route, rule, summary};

const POLICY: &str = "security.istio.io/v1";

fn web() -> String {
    ingress("", &path("/", "Prefix", "web"))
}

fn plain() -> String {
    route(&rule("PathPrefix", "/", "web"))
}

/// The plain pair with one more object on the new side.
fn beside(target: &str, object: &str) -> Comparison {
    against(&web(), &format!("{}---\n{object}\n", plain()), target)
}

fn verdict(comparison: &Comparison) -> &'static str {
    comparison.host("shop.example").expect("host").verdict.as_str()
}

fn assert_verdict(comparison: &Comparison, expected: &str) {
    assert_eq!(verdict(comparison), expected, "{}", summary(comparison));
}

fn istio(version: &str, kind: &str, namespace: &str, spec: &str) -> Comparison {
    beside("istio", &format!("apiVersion: {version}\nkind: {kind}\nmetadata: {{name: v, namespace: {namespace}}}\nspec: {spec}"))
}

#[test]
fn a_policy_without_target_in_the_namespace_of_the_gateway_is_about_it() {
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "gateway-system", "{}"), "undecided");
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "istio-system", "{}"), "undecided");
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "shop", "{}"), "proved");
}

#[test]
fn a_list_of_addresses_without_target_denies_at_gateways_of_its_namespace_only() {
    let spec = "{action: DENY, rules: [{from: [{source: {remoteIpBlocks: [10.0.0.0/8]}}]}]}";
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "gateway-system", spec), "differs");
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "istio-system", spec), "differs");
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "unrelated", spec), "proved");
}

#[test]
fn a_selector_may_select_a_gateway() {
    let labels = "{matchLabels: {gateway.networking.k8s.io/gateway-name: gateway}}";
    let denies = format!("{{selector: {labels}, action: DENY, rules: [{{}}]}}");
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "gateway-system", &denies), "undecided");
    assert_verdict(&istio(POLICY, "RequestAuthentication", "gateway-system", &format!("{{selector: {labels}}}")), "undecided");
    let other = "{selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: other}}, action: DENY, rules: [{}]}";
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "gateway-system", other), "proved");
}

#[test]
fn a_single_target_counts() {
    let spec = "{targetRef: {group: gateway.networking.k8s.io, kind: Gateway, name: gateway}, action: DENY, rules: [{}]}";
    assert_verdict(&istio(POLICY, "AuthorizationPolicy", "gateway-system", spec), "undecided");
}

#[test]
fn a_filter_of_envoy_is_not_modelled() {
    let spec = "{workloadSelector: {labels: {gateway.networking.k8s.io/gateway-name: gateway}}, configPatches: [{applyTo: HTTP_FILTER}]}";
    assert_verdict(&istio("networking.istio.io/v1alpha3", "EnvoyFilter", "gateway-system", spec), "undecided");
}

#[test]
fn a_destination_rule_speaks_of_a_service_of_its_namespace_and_of_ports() {
    let rule = |namespace: &str, spec: &str| istio("networking.istio.io/v1", "DestinationRule", namespace, spec);
    let short = "{host: web, trafficPolicy: {tls: {mode: SIMPLE}}}";
    assert!(summary(&rule("shop", short)).contains("difference/protocol"), "{}", summary(&rule("shop", short)));
    assert_verdict(&rule("gateway-system", short), "proved");
    let of_port = |port: u16| {
        let port = format!("{{port: {{number: {port}}}, tls: {{mode: SIMPLE}}}}");
        rule("shop", &format!("{{host: web.shop.svc.cluster.local, trafficPolicy: {{portLevelSettings: [{port}]}}}}"))
    };
    assert!(summary(&of_port(80)).contains("difference/protocol"), "{}", summary(&of_port(80)));
    assert_verdict(&of_port(81), "proved");
}

#[test]
fn plugins_of_kong_are_not_modelled() {
    let annotated = plain().replace(
        "metadata: {name: web, namespace: shop}",
        "metadata: {name: web, namespace: shop, annotations: {konghq.com/plugins: deny}}",
    );
    assert_verdict(&against(&web(), &annotated, "kong"), "undecided");
    let global = |label: &str| {
        beside(
            "kong",
            &format!(
                "apiVersion: configuration.konghq.com/v1\nkind: KongClusterPlugin\nmetadata: {{name: deny{label}}}\nplugin: request-termination"
            ),
        )
    };
    assert_verdict(&global(", labels: {global: 'true'}"), "undecided");
    assert_eq!(verdict(&global("")), verdict(&against(&web(), &plain(), "kong")));
}

#[test]
fn what_stands_beside_routes_is_not_modelled() {
    let ingress_route = |host: &str| {
        beside(
            "traefik",
            &format!(
                "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {{name: r, namespace: shop}}\nspec: {{routes: [{{match: 'Host(`{host}`)', kind: Rule}}]}}"
            ),
        )
    };
    assert_verdict(&ingress_route("shop.example"), "undecided");
    assert_verdict(&ingress_route("other.example"), "proved");
    let options =
        "apiVersion: traefik.io/v1alpha1\nkind: TLSOption\nmetadata: {name: default, namespace: x}\nspec: {minVersion: VersionTLS13}";
    assert_verdict(&beside("traefik", options), "undecided");
    let cilium = "apiVersion: cilium.io/v2\nkind: CiliumEnvoyConfig\nmetadata: {name: c, namespace: shop}\nspec: {services: [{name: web, namespace: shop}]}";
    assert_verdict(&beside("cilium", cilium), "undecided");
}

/// Two Gateways, each with a route for the host.
fn two_gateways(first: &str, second: &str) -> Comparison {
    let other = GATEWAY.replace("name: gateway,", "name: other,");
    let of_other = |rules: &str| {
        let route = route(rules).replace("metadata: {name: web,", "metadata: {name: other,");
        route.replace("parentRefs: [{name: gateway,", "parentRefs: [{name: other,").replace(GATEWAY, "")
    };
    let old = ingress("", &(path("/", "Prefix", "web") + &path("/api", "Prefix", "api")));
    against(&old, &format!("{}---\n{other}{}", route(first), of_other(second)), "envoy-gateway")
}

#[test]
fn a_host_whose_routes_are_spread_over_gateways_is_not_proved() {
    let (web, api) = (rule("PathPrefix", "/", "web"), rule("PathPrefix", "/api", "api"));
    let comparison = two_gateways(&web, &api);
    assert_verdict(&comparison, "undecided");
    assert!(summary(&comparison).contains("gateway-system/gateway and gateway-system/other"), "{}", summary(&comparison));
}

#[test]
fn explicit_changes_of_default_headers_are_seen() {
    for change in [
        "remove: [Authorization]",
        "set: [{name: Authorization, value: Basic x}]",
        "set: [{name: X-Request-Id, value: a}]",
        "remove: [X-Scheme]",
    ] {
        let filters = format!("[{{type: RequestHeaderModifier, requestHeaderModifier: {{{change}}}}}]");
        for target in ["envoy-gateway", "traefik", "standard"] {
            let of_rule = format!("{}    filters: {filters}\n", rule("PathPrefix", "/", "web"));
            let of_backend = format!("  - backendRefs: [{{name: web, port: 80, filters: {filters}}}]\n");
            for rules in [of_rule, of_backend] {
                let comparison = against(&web(), &route(&rules), target);
                assert_ne!(verdict(&comparison), "proved", "{target}: {change}\n{}", summary(&comparison));
            }
        }
    }
}

#[test]
fn a_witness_has_the_header_that_is_taken_away() {
    let filters = "    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {remove: [Authorization]}}]\n";
    let comparison = against(&web(), &route(&(rule("PathPrefix", "/", "web") + filters)), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(summary.contains("difference/request-header GET http://shop.example/ -H 'Authorization: "), "{summary}");
}

#[test]
fn a_password_that_nginx_takes_away_is_no_difference_by_itself() {
    let basic = "nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users";
    let comparison = against(&ingress(basic, &path("/", "Prefix", "web")), &plain(), "envoy-gateway");
    assert!(!summary(&comparison).contains("request-header"), "{}", summary(&comparison));
}

#[test]
fn the_shorter_timeout_of_either_side_is_seen() {
    let short = ingress("nginx.ingress.kubernetes.io/proxy-read-timeout: '2'", &path("/", "Prefix", "web"));
    let comparison = against(&short, &plain(), "envoy-gateway");
    assert!(summary(&comparison).contains("difference/timeout-lost"), "{}", summary(&comparison));
    let timed = |time: &str| route(&format!("{}    timeouts: {{request: {time}}}\n", rule("PathPrefix", "/", "web")));
    assert_verdict(&against(&short, &timed("2s"), "envoy-gateway"), "proved");
    let long = ingress("nginx.ingress.kubernetes.io/proxy-read-timeout: '3600'", &path("/", "Prefix", "web"));
    assert!(summary(&against(&long, &timed("5s"), "envoy-gateway")).contains("difference/timeout "));
    for old in [&long, &web()] {
        let comparison = against(old, &timed("5s"), "standard");
        let assumptions = &comparison.host("shop.example").expect("host").assumptions;
        assert!(assumptions.iter().any(|assumption| assumption.contains("within 5 s")), "{assumptions:?}");
    }
}

#[test]
fn a_new_limit_by_rate_is_an_assumption() {
    let policy = "apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: {name: limit, namespace: shop}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: web}]
  rateLimit: {type: Local, local: {rules: [{limit: {requests: 1, unit: Hour}}]}}";
    let comparison = beside("envoy-gateway", policy);
    let host = comparison.host("shop.example").expect("host");
    assert!(
        !matches!(host.verdict, Judgement::Proved(_)) || host.assumptions.iter().any(|assumption| assumption.contains("limits by rate")),
        "{}",
        summary(&comparison)
    );
}

#[test]
fn headers_that_implementations_read_differently_are_undecided() {
    let filters =
        "    filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: X-Who, value: '%REQ(:AUTHORITY)%'}]}}]\n";
    let old = ingress("", &path("/", "Prefix", "web"));
    let comparison = against(&old, &route(&(rule("PathPrefix", "/", "web") + filters)), "standard");
    assert_ne!(verdict(&comparison), "proved", "{}", summary(&comparison));
}

#[test]
fn another_certificate_is_seen_where_implementations_disagree() {
    let secret = |name: &str, host: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: shop}}\ntype: kubernetes.io/tls\nstringData: {{tls.crt: '{host}', tls.key: x}}\n---\n"
        )
    };
    let old = format!(
        "{}{}{}",
        secret("own", "a"),
        secret("other", "b"),
        web().replace("  rules:\n", "  tls: [{hosts: [shop.example], secretName: own}]\n  rules:\n")
    );
    let gateway = "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway, namespace: shop}
spec:
  gatewayClassName: any
  listeners:
  - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: other}]}}
  - {name: http, port: 80, protocol: HTTP}
---
";
    let new = plain().replace(GATEWAY, gateway).replace("namespace: gateway-system", "namespace: shop");
    let comparison = against(&old, &new, "standard");
    assert_ne!(verdict(&comparison), "proved", "{}", summary(&comparison));
}

#[test]
fn paths_that_are_configured_and_not_clean_are_probed() {
    let old = ingress("", &(path("/", "Prefix", "web") + &path("/caf%C3%A9", "Prefix", "api")));
    let new = route(&(rule("PathPrefix", "/", "web") + &rule("PathPrefix", "/caf%C3%A9", "api")));
    let comparison = against(&old, &new, "envoy-gateway");
    let probed = &comparison.host("shop.example").expect("host").probed;
    let targets: Vec<&str> = probed.iter().map(|probe| probe.request.target.as_str()).collect();
    assert!(targets.contains(&"/caf%C3%A9") && targets.contains(&"/caf%25C3%25A9"), "{targets:?}");
}

#[test]
fn probes_of_the_root_are_requests() {
    let comparison = against(&web(), &plain(), "envoy-gateway");
    let probed = &comparison.host("shop.example").expect("host").probed;
    for probe in probed {
        let target = &probe.request.target;
        assert!(target.starts_with('/') && !target.contains("/../../"), "{}: {target}", probe.family);
    }
}
