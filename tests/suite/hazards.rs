//! Objects that an implementation accepts and that then break traffic, or do nothing: each is found in manifests, whoever wrote them, and
//! none is ever written. The cases are those of `gateway-api.md` sections 9 and 14.1.

use std::{collections::BTreeSet, fs, path::Path};

use gateshift::{
    gateway::dialect,
    ledger::{Code, Severity},
    report, targets, translate,
};

use crate::judge::{AROUND, converted, ingresses, inventory, manifests};

/// A route of the Gateway with these rules.
fn route(name: &str, rules: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: app}}
spec:
  parentRefs: [{{name: gw}}]
  hostnames: [shop.example]
  rules:
{rules}
---
"
    )
}

/// Codes of the highest severity that manifests get.
fn codes(yaml: &str, target: &str) -> BTreeSet<&'static str> {
    let yaml = format!("{AROUND}{yaml}");
    let facts = inventory(&yaml);
    let config = manifests(&yaml, &facts, target);
    config.findings.iter().filter(|finding| finding.code.severity() == Severity::Blocked).map(|finding| finding.code.as_str()).collect()
}

const TO: &str = "backendRefs: [{name: web, port: 80}]";

fn rule(text: &str) -> String {
    format!("  - {{matches: [{{path: {{type: PathPrefix, value: /a}}}}], {text}, {TO}}}\n")
}

fn matched(text: &str) -> String {
    format!("  - {{matches: [{{{text}}}], {TO}}}\n")
}

/// `silent` for what is accepted and not done, and so on.
fn only(code: Code) -> BTreeSet<&'static str> {
    BTreeSet::from([code.as_str()])
}

#[test]
fn a_harmless_route_is_no_hazard_anywhere() {
    let yaml = route("web", &matched("path: {type: PathPrefix, value: /}"));
    for target in dialect::Target::all() {
        assert_eq!(codes(&yaml, &target.id), BTreeSet::new(), "{}", target.id);
    }
}

#[test]
fn a_lone_percent_sign_takes_every_host_of_the_listener_down() {
    let header = |value: &str| {
        route(
            "web",
            &rule(&format!(
                "filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: X-A, value: '{value}'}}]}}}}]"
            )),
        )
    };
    assert_eq!(codes(&header("50% off"), "envoy-gateway"), only(Code::GatewayOutage));
    assert_eq!(codes(&header("50%% off"), "envoy-gateway"), BTreeSet::new());
    assert_eq!(codes(&header("50% off"), "traefik"), BTreeSet::new());
}

#[test]
fn an_empty_expression_stops_the_whole_gateway() {
    let yaml = route("web", &matched("path: {type: RegularExpression, value: ''}"));
    assert!(codes(&yaml, "envoy-gateway").contains(Code::GatewayOutage.as_str()));
}

#[test]
fn a_mirror_to_a_missing_service_costs_its_rule() {
    let yaml = route("web", &rule("filters: [{type: RequestMirror, requestMirror: {backendRef: {name: gone, port: 80}}}]"));
    for target in ["envoy-gateway", "istio", "cilium"] {
        assert_eq!(codes(&yaml, target), only(Code::GatewayRuleFails), "{target}");
    }
    // Only the copies are lost.
    for target in ["kgateway", "nginx-gateway-fabric"] {
        assert_eq!(codes(&yaml, target), BTreeSet::new(), "{target}");
    }
}

#[test]
fn expressions_that_the_engine_refuses_cost_their_rule() {
    for value in ["/(?!x).*", "/a++", "/(a", "/(a)\\\\1"] {
        let yaml = route("web", &matched(&format!("path: {{type: RegularExpression, value: \"{value}\"}}")));
        for target in ["envoy-gateway", "traefik", "istio"] {
            assert_eq!(codes(&yaml, target), only(Code::GatewayRuleDropped), "{target}: {value}");
        }
        assert_eq!(codes(&yaml, "kgateway"), only(Code::GatewayOutage), "{value}");
    }
}

#[test]
fn host_in_a_header_modifier_costs_its_rule() {
    let yaml =
        route("web", &rule("filters: [{type: RequestHeaderModifier, requestHeaderModifier: {set: [{name: Host, value: a.example}]}}]"));
    assert_eq!(codes(&yaml, "envoy-gateway"), only(Code::GatewayRuleFails));
}

#[test]
fn a_replaced_root_prefix_glues_paths() {
    let yaml = route(
        "web",
        &format!(
            "  - {{matches: [{{path: {{type: PathPrefix, value: /}}}}], filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: /inner}}}}}}], {TO}}}\n"
        ),
    );
    assert_eq!(codes(&yaml, "envoy-gateway"), only(Code::GatewayRootPrefix));
    assert_eq!(codes(&yaml, "traefik"), BTreeSet::new());
}

#[test]
fn filters_that_do_not_exist_cost_their_rule() {
    for (target, group, kind, cost) in [
        ("envoy-gateway", "gateway.envoyproxy.io", "HTTPRouteFilter", Code::GatewayRuleFails),
        ("kgateway", "gateway.kgateway.dev", "DirectResponse", Code::GatewayRuleFails),
        ("nginx-gateway-fabric", "gateway.nginx.org", "SnippetsFilter", Code::GatewayRuleFails),
        ("traefik", "traefik.io", "Middleware", Code::GatewayRuleDropped),
        ("traefik", "traefik.io", "Plugin", Code::GatewayRuleFails),
    ] {
        let yaml =
            route("web", &rule(&format!("filters: [{{type: ExtensionRef, extensionRef: {{group: {group}, kind: {kind}, name: gone}}}}]")));
        assert_eq!(codes(&yaml, target), only(cost), "{target}");
    }
}

#[test]
fn paths_that_cannot_stand_in_a_location_cost_their_rule() {
    for path in ["/a;b", "/a"] {
        let yaml = route("web", &matched(&format!("path: {{type: PathPrefix, value: '{path}'}}")));
        let refused = if path == "/a" { BTreeSet::new() } else { only(Code::GatewayRuleDropped) };
        assert_eq!(codes(&yaml, "nginx-gateway-fabric"), refused, "{path}");
        assert_eq!(codes(&yaml, "envoy-gateway"), BTreeSet::new(), "{path}");
    }
}

#[test]
fn headers_that_nobody_may_change_cost_their_rule() {
    let set = |name: &str| {
        route(
            "web",
            &rule(&format!("filters: [{{type: ResponseHeaderModifier, responseHeaderModifier: {{set: [{{name: {name}, value: x}}]}}}}]")),
        )
    };
    for (name, refused) in [("Server", true), ("X-Accel-Buffering", true), ("X-Server", false)] {
        let cost = if refused { only(Code::GatewayRuleFails) } else { BTreeSet::new() };
        assert_eq!(codes(&set(name), "nginx-gateway-fabric"), cost, "{name}");
        assert_eq!(codes(&set(name), "envoy-gateway"), BTreeSet::new(), "{name}");
    }
}

/// Trap 4 of `vendor-policies.md`.
#[test]
fn traefik_answers_500_for_cors_and_mirrors() {
    for filter in [
        "type: CORS, cors: {allowOrigins: ['https://a.example']}",
        "type: RequestMirror, requestMirror: {backendRef: {name: web, port: 80}}",
    ] {
        let yaml = route("web", &rule(&format!("filters: [{{{filter}}}]")));
        assert_eq!(codes(&yaml, "traefik"), only(Code::GatewayRuleFails), "{filter}");
    }
}

#[test]
fn times_of_a_rule_do_nothing_for_some() {
    let yaml = route("web", &rule("timeouts: {request: 5s}"));
    for (target, silent) in [("nginx-gateway-fabric", true), ("traefik", true), ("envoy-gateway", false), ("istio", false)] {
        assert_eq!(codes(&yaml, target), if silent { only(Code::GatewaySilent) } else { BTreeSet::new() }, "{target}");
    }
}

#[test]
fn expressions_behind_a_catch_all_are_cut_off_by_istio() {
    let expression = matched("path: {type: RegularExpression, value: '/v[0-9]+.*'}");
    let yaml = route("web", &format!("{expression}{}", matched("path: {type: PathPrefix, value: /}")));
    assert_eq!(codes(&yaml, "istio"), only(Code::GatewaySilent));
    assert_eq!(codes(&yaml, "envoy-gateway"), BTreeSet::new());
    let apart = [route("web", &expression), route("root", &matched("path: {type: PathPrefix, value: /}"))].concat();
    assert_eq!(codes(&apart, "istio"), only(Code::GatewaySilent));
    let as_expressions = route("web", &format!("{expression}{}", matched("path: {type: RegularExpression, value: '.*'}")));
    assert_eq!(codes(&as_expressions, "istio"), BTreeSet::new());
}

#[test]
fn what_becomes_of_a_cut_off_rule_is_not_claimed_to_be_the_same() {
    let yaml = ingress("nginx.ingress.kubernetes.io/ssl-redirect: 'false'", &["/a", "/"])
        .replace("  tls: [{hosts: [shop.example], secretName: tls}]\n", "");
    let new = |second: &str| {
        let first = matched("path: {type: PathPrefix, value: /a}");
        format!("{AROUND}{}", route("web", &format!("{first}{}{second}", matched("path: {type: PathPrefix, value: /}"))))
    };
    let verdict = |second: &str| {
        let comparison = crate::judge::against(&yaml, &new(second), "istio");
        comparison.hosts.iter().find(|host| host.host == "shop.example").map(|host| host.verdict.as_str())
    };
    assert_eq!(verdict(&matched("path: {type: RegularExpression, value: '/v.*'}")), Some("undecided"));
    assert_ne!(verdict(""), Some("undecided"));
}

#[test]
fn equal_matches_of_two_routes_are_merged_by_cilium() {
    let one = |name: &str| route(name, &matched("path: {type: PathPrefix, value: /a}"));
    let yaml = [one("first"), one("second")].concat();
    assert_eq!(codes(&yaml, "cilium"), only(Code::GatewaySilent));
    assert_eq!(codes(&one("first"), "cilium"), BTreeSet::new());
    assert_eq!(codes(&yaml, "istio"), BTreeSet::new());
}

#[test]
fn stars_in_paths_are_patterns_of_a_load_balancer() {
    let yaml = route("web", &matched("path: {type: Exact, value: '/a*'}"));
    assert_eq!(codes(&yaml, "aws-load-balancer-controller"), only(Code::GatewaySilent));
    assert_eq!(codes(&yaml, "gke"), BTreeSet::new());
}

#[test]
fn values_with_commas_are_split_and_methods_refused_by_nginx_gateway_fabric() {
    let header = route("web", &matched("headers: [{name: X-A, value: 'a,b'}]"));
    let method = route("web", &matched("method: TRACE"));
    for yaml in [header, method] {
        assert_eq!(codes(&yaml, "nginx-gateway-fabric"), only(Code::GatewaySilent));
        assert_eq!(codes(&yaml, "envoy-gateway"), BTreeSet::new());
    }
}

#[test]
fn matches_with_escapes_are_never_met_in_traefik() {
    let yaml = route("web", &matched("path: {type: PathPrefix, value: /a%20b}"));
    assert_eq!(codes(&yaml, "traefik"), only(Code::GatewaySilent));
    assert_eq!(codes(&yaml, "envoy-gateway"), BTreeSet::new());
}

#[test]
fn what_a_target_refuses_is_named_in_foreign_manifests() {
    let expression = matched("path: {type: RegularExpression, value: '/v[0-9]+'}");
    let redirect = |text: &str| format!("  - {{filters: [{{type: RequestRedirect, requestRedirect: {{{text}}}}}]}}\n");
    let rewrite = rule("filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, replaceFullPath: /b}}}]");
    let answer = rule("filters: [{type: ResponseHeaderModifier, responseHeaderModifier: {remove: [X-A]}}]");
    for (target, rules) in [
        ("gke", &expression),
        ("gke", &rewrite),
        ("aws-load-balancer-controller", &rewrite),
        ("aws-load-balancer-controller", &answer),
        ("kong", &redirect("scheme: https, statusCode: 301")),
        ("kong", &matched("queryParams: [{name: a, value: b}]")),
    ] {
        assert_eq!(codes(&route("web", rules), target), only(Code::GatewayFeatureIgnored), "{target}: {rules}");
        assert_eq!(codes(&route("web", rules), "cilium"), BTreeSet::new(), "{rules}");
    }
    let tls = "apiVersion: gateway.networking.k8s.io/v1\nkind: TLSRoute\nmetadata: {name: t, namespace: app}\nspec: {parentRefs: [{name: gw}], hostnames: [a.example], rules: [{backendRefs: [{name: web, port: 80}]}]}\n";
    assert!(codes(tls, "gke").contains(Code::GatewayFeatureIgnored.as_str()));
}

/// Policies of Envoy Gateway that answer 500, or open what another one closed.
#[test]
fn policies_that_fail_or_replace_each_other_are_named() {
    let web = route("web", &matched("path: {type: PathPrefix, value: /}"));
    let secret =
        |data: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: users, namespace: app}}\nstringData: {{{data}}}\n---\n");
    let policy = |name: &str, target: &str, spec: &str| {
        format!(
            "apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: SecurityPolicy\nmetadata: {{name: {name}, namespace: app}}\nspec:\n  targetRefs: [{{group: gateway.networking.k8s.io, {target}}}]\n  {spec}\n---\n"
        )
    };
    let basic = |target: &str| policy("basic", target, "basicAuth: {users: {name: users}}");
    let of_route = "kind: HTTPRoute, name: web";
    let good = ".htpasswd: 'a:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='";
    assert_eq!(codes(&[web.clone(), secret(good), basic(of_route)].concat(), "envoy-gateway"), BTreeSet::new());
    for bad in ["auth: 'a:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M='", ".htpasswd: 'a:$apr1$x$y'"] {
        assert_eq!(codes(&[web.clone(), secret(bad), basic(of_route)].concat(), "envoy-gateway"), only(Code::GatewayRuleFails), "{bad}");
    }
    let asks = policy("ext", of_route, "extAuth: {http: {backendRefs: [{name: gone, port: 80}]}}");
    assert_eq!(codes(&[web.clone(), asks].concat(), "envoy-gateway"), only(Code::GatewayRuleFails));
    let opens = policy("cors", of_route, "cors: {allowOrigins: ['https://a.example']}");
    let replaced = [web.clone(), secret(good), basic("kind: Gateway, name: gw"), opens.clone()].concat();
    assert_eq!(codes(&replaced, "envoy-gateway"), only(Code::GatewayPolicyReplaced));
    let second = [web.clone(), secret(good), basic(of_route), opens].concat();
    assert_eq!(codes(&second, "envoy-gateway"), only(Code::GatewayPolicyIgnored));
    let lost = [web, secret(good), basic("kind: HTTPRoute, name: gone")].concat();
    assert_eq!(codes(&lost, "envoy-gateway"), only(Code::GatewayPolicyLost));
}

/// Inputs of the golden cases.
fn inputs() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut inputs: Vec<(String, String)> = fs::read_dir(root)
        .expect("cases")
        .filter_map(|entry| {
            let path = entry.expect("entry").path();
            Some((path.file_name()?.display().to_string(), fs::read_to_string(path.join("input.yaml")).ok()?))
        })
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn nothing_that_is_written_is_a_hazard_for_its_target() {
    let mut wrong = Vec::new();
    for (name, yaml) in inputs() {
        let known = inventory(&yaml);
        let old = ingresses(&known);
        for target in targets::all() {
            let new = manifests(&converted(&old, &known, target.id()), &known, target.id());
            for finding in new.findings.iter().filter(|finding| finding.code.severity() == Severity::Blocked) {
                // A finding of the conversion asks for another key of the Secret; a port that is missing answers 500 today.
                let message = report::Diagnostics::message(finding);
                if message.contains(" has no `") || message.contains(" has no port ") {
                    continue;
                }
                wrong.push(format!("{name} for {}: {}", target.id(), report::Diagnostics::message(finding)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} hazards:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn nothing_that_is_written_for_real_ingresses_is_a_hazard_for_its_target() {
    let Some(folder) = crate::shared::shared("corpus") else { return };
    let mut wrong = BTreeSet::new();
    let mut read = 0;
    for entry in fs::read_dir(folder).expect("corpus") {
        let path = entry.expect("entry").path();
        let Ok(yaml) = fs::read_to_string(&path) else { continue };
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        read += 1;
        let known = inventory(&yaml);
        let old = ingresses(&known);
        for target in targets::all() {
            let new = manifests(&converted(&old, &known, target.id()), &known, target.id());
            let blocked = new.findings.iter().filter(|finding| finding.code.severity() == Severity::Blocked);
            let told = blocked
                .map(report::Diagnostics::message)
                .filter(|message| !message.contains(" has no `") && !message.contains(" has no port "));
            wrong.extend(told.map(|message| format!("{} for {}: {message}", path.display(), target.id())));
        }
    }
    assert!(read > 50, "{read}");
    assert!(wrong.is_empty(), "{} hazards:\n{}", wrong.len(), wrong.into_iter().take(40).collect::<Vec<_>>().join("\n"));
}

/// What a conversion says, by code.
fn said(yaml: &str, target: &str) -> (String, BTreeSet<&'static str>) {
    let known = inventory(yaml);
    let options = translate::Options::of(targets::by_id(target).expect("target"), "any");
    let translation = translate::translate(&ingresses(&known), &known, &options);
    (report::yaml_stream(&translation.objects, &known), translation.findings.iter().map(|finding| finding.code.as_str()).collect())
}

fn ingress(annotations: &str, paths: &[&str]) -> String {
    let paths: String = paths
        .iter()
        .map(|path| {
            format!(
                "      - {{path: '{path}', pathType: ImplementationSpecific, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}\n"
            )
        })
        .collect();
    format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: app
  annotations: {{{annotations}}}
spec:
  ingressClassName: nginx
  tls: [{{hosts: [shop.example], secretName: tls}}]
  rules:
  - host: shop.example
    http:
      paths:
{paths}"
    )
}

/// Trap 12 of `vendor-policies.md`.
#[test]
fn permanent_redirects_are_301_where_308_is_not_claimed() {
    let yaml = ingress("", &["/"]);
    for (target, status) in [("gke", 301), ("aws-load-balancer-controller", 301), ("envoy-gateway", 308), ("istio", 308), ("standard", 308)]
    {
        let (text, codes) = said(&yaml, target);
        assert!(text.contains(&format!("statusCode: {status}")), "{target}: {text}");
        assert_eq!(codes.contains(Code::RedirectStatusDegraded.as_str()), status == 301, "{target}");
    }
    // Kong refuses to change the scheme at all.
    let (text, codes) = said(&yaml, "kong");
    assert!(!text.contains("requestRedirect"), "{text}");
    assert!(codes.contains(Code::GatewayFeatureRefused.as_str()));
}

#[test]
fn a_live_class_that_claims_a_feature_wins_over_the_table() {
    let class = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: GatewayClass\nmetadata: {name: any}\nspec: {controllerName: networking.gke.io/gateway}\nstatus: {supportedFeatures: [{name: HTTPRoute308RedirectStatusCode}, {name: HTTPRouteSchemeRedirect}]}\n";
    let known = inventory(&format!("{}{class}", ingress("", &["/"])));
    let mut options = translate::Options::of(targets::by_id("gke").expect("target"), "any");
    options.emission.supported = targets::supported_features("gke", Some("any"), &known);
    let translation = translate::translate(&ingresses(&known), &known, &options);
    assert!(report::yaml_stream(&translation.objects, &known).contains("statusCode: 308"));
    assert_eq!(targets::supported_features("gke", Some("other"), &known), None);
}

#[test]
fn expressions_are_written_out_where_the_target_takes_none() {
    let regex = "nginx.ingress.kubernetes.io/use-regex: 'true'";
    let (text, codes) = said(&ingress(regex, &["/(api|web)/.*", "/health$", "/"]), "gke");
    assert!(!text.contains("RegularExpression"), "{text}");
    for value in ["/api", "/web", "/health", "/"] {
        assert!(text.contains(&format!("value: {value}\n")), "{value}: {text}");
    }
    assert!(codes.contains(Code::PathRegexSpelled.as_str()));
    let (text, codes) = said(&ingress(regex, &["/v[0-9]+", "/"]), "gke");
    assert!(!text.contains("backendRefs") && !text.contains("RegularExpression"), "{text}");
    assert!(codes.contains(Code::PathRegexRefused.as_str()));
}

#[test]
fn expressions_never_stand_behind_a_prefix_for_istio() {
    let (text, _) = said(&ingress("nginx.ingress.kubernetes.io/use-regex: 'true'", &["/v[0-9]+", "/"]), "istio");
    assert!(text.contains("value: .*\n") && !text.contains("value: /\n"), "{text}");
}

#[test]
fn what_misses_a_guarded_prefix_does_not_reach_the_same_service() {
    let guarded = ingress(
        "nginx.ingress.kubernetes.io/use-regex: 'true', nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users",
        &["/admin"],
    );
    let open = ingress("", &["/"]).replacen("name: web\n", "name: open\n", 1);
    let yaml = format!("{guarded}---\n{open}");
    let (text, codes) = said(&yaml, "gke");
    assert!(codes.contains(Code::PathGuardedBelow.as_str()), "{text}");
    assert!(!text.contains("backendRefs"), "{text}");
}

#[test]
fn encoded_paths_are_expressions_for_traefik() {
    let (text, _) = said(&ingress("", &["/a b"]), "traefik");
    assert!(text.contains("value: ^/a b(?:/|$)"), "{text}");
}
