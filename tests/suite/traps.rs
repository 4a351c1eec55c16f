//! Traps of implementations: what one of them takes in another way than the rest is written so that it does no harm. Each test is named
//! for what must hold, over every target that it concerns.

use std::collections::{BTreeMap, BTreeSet};

use gateshift::{k8s::Step, ledger::Settlement, report, targets, translate};
use serde_yaml::Value;

use crate::judge::{ingresses, inventory};

/// Documents that a conversion writes.
pub(crate) fn documents(yaml: &str, target: &str, allow_raw: bool) -> Vec<Value> {
    serde_yaml::Deserializer::from_str(&emitted(yaml, target, allow_raw))
        .map(|one| serde::Deserialize::deserialize(one).expect("document"))
        .collect()
}

/// The same as text.
fn emitted(yaml: &str, target: &str, allow_raw: bool) -> String {
    let inventory = inventory(yaml);
    let options = translate::Options { allow_raw, ..translate::Options::of(targets::by_id(target).expect("target"), "any") };
    let translation = translate::translate(&ingresses(&inventory), &inventory, &options);
    report::yaml_stream(&translation.objects, &inventory)
}

pub(crate) fn of_kind<'v>(documents: &'v [Value], kind: &str) -> Vec<&'v Value> {
    documents.iter().filter(|document| document["kind"] == kind).collect()
}

/// An Ingress with these annotations for `/`, whose host is its name.
pub(crate) fn ingress(name: &str, annotations: &[(&str, &str)]) -> String {
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
        [("agentgateway", false), ("envoy-gateway", true), ("kgateway", true), ("nginx-gateway-fabric", false), ("traefik", false)]
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
    let yaml = [ingress("a", &[("proxy-connect-timeout", "3")]), ingress("b", &[("proxy-connect-timeout", "9")])].concat();
    let inventory = inventory(&yaml);
    for target in ["kgateway", "istio"] {
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
        let text = emitted(&yaml, target, false);
        let value = text.lines().skip_while(|line| !line.contains("X-Note")).find(|line| line.contains("value:"));
        let value = value.and_then(|line| serde_yaml::from_str::<Value>(line.trim()).ok()).map(|value| value["value"].clone());
        assert_eq!(value, Some(Value::from(expected)), "{target}: {text}");
    }
}

/// NGINX Gateway Fabric would refuse the rule with the header.
#[test]
fn headers_that_nobody_may_change_are_not_written() {
    let yaml = format!(
        "{}apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: h, namespace: app}}\ndata: {{Server: hidden, X-Note: kept}}\n",
        ingress("a", &[("custom-headers", "app/h")])
    );
    let controller = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata: {global-allowed-response-headers: 'X-Note,Server'}\n";
    let yaml = format!("{yaml}---\n{controller}");
    for (target, written) in [("envoy-gateway", true), ("nginx-gateway-fabric", false)] {
        let text = emitted(&yaml, target, false);
        assert_eq!(text.contains("hidden"), written, "{target}: {text}");
        assert!(text.contains("kept"), "{target}: {text}");
    }
}

/// NGINX Gateway Fabric takes no semicolon, and compares with what escapes stand for.
#[test]
fn odd_literal_paths_are_expressions_where_escapes_are_decoded() {
    let odd = |path: &str| {
        let yaml = ingress("a", &[])
            .replace("path: /,", &format!("path: '{path}',"))
            .replace("pathType: Prefix", "pathType: ImplementationSpecific");
        let written =
            |target: &str| of_kind(&documents(&yaml, target, false), "HTTPRoute")[0]["spec"]["rules"][0]["matches"][0]["path"].clone();
        (written("nginx-gateway-fabric"), written("envoy-gateway"))
    };
    let said = |path: &Value| format!("{} {}", path["type"].as_str().unwrap_or_default(), path["value"].as_str().unwrap_or_default());
    for (path, ngf, envoy) in [
        ("/a;b", "RegularExpression /a\\x3Bb(?:/|$)", "PathPrefix /a;b"),
        ("/a b", "RegularExpression /a\\x20b(?:/|$)", "PathPrefix /a%20b"),
        ("/a(b)", "PathPrefix /a(b)", "PathPrefix /a(b)"),
    ] {
        let (first, second) = odd(path);
        assert_eq!((said(&first), said(&second)), (ngf.to_owned(), envoy.to_owned()), "{path}");
    }
}

/// Trap 1: a star with credentials.
#[test]
fn every_origin_never_comes_with_credentials() {
    let yaml = ingress("a", &[("enable-cors", "true")]);
    let mut seen = 0;
    for target in targets::all() {
        for route in of_kind(&documents(&yaml, target.id(), false), "HTTPRoute") {
            let rules = route["spec"]["rules"].as_sequence().expect("rules");
            let filters = rules.iter().flat_map(|rule| rule["filters"].as_sequence().into_iter().flatten());
            for cors in filters.map(|filter| &filter["cors"]).filter(|cors| cors.is_mapping()) {
                assert_eq!(cors["allowOrigins"][0], "*", "{}", target.id());
                assert!(cors.get("allowCredentials").is_none(), "{}", target.id());
                assert_eq!(cors["maxAge"], 1_728_000, "{}", target.id());
                seen += 1;
            }
        }
    }
    assert!(seen >= 4, "{seen}");
}

/// Trap 5: `BackendTLSPolicy` always verifies.
#[test]
fn certificates_of_backends_are_verified_only_where_nginx_verifies_them() {
    let https = ("backend-protocol", "HTTPS");
    let secret = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ca, namespace: app}\ndata: {ca.crt: x}\n";
    let verified = [https, ("proxy-ssl-verify", "on"), ("proxy-ssl-secret", "app/ca"), ("proxy-ssl-name", "web.example")];
    for target in targets::all() {
        let plain = documents(&ingress("a", &[https]), target.id(), false);
        assert_eq!(of_kind(&plain, "BackendTLSPolicy").len(), 0, "{}", target.id());
        let written = documents(&format!("{}{secret}", ingress("a", &verified)), target.id(), false);
        for policy in of_kind(&written, "BackendTLSPolicy") {
            assert_eq!(policy["spec"]["validation"]["hostname"], "web.example", "{}", target.id());
        }
    }
}

/// Trap 7: external authentication.
#[test]
fn whoever_asks_an_authentication_service_fails_closed_and_asks_the_exact_path() {
    let yaml = format!(
        "{}apiVersion: v1\nkind: Service\nmetadata: {{name: auth, namespace: app}}\nspec: {{ports: [{{port: 80}}]}}\n",
        ingress("a", &[("auth-url", "http://auth.app.svc.cluster.local/check"), ("auth-response-headers", "X-User")])
    );
    for target in targets::all() {
        let written = documents(&yaml, target.id(), false);
        let text = written.iter().map(|document| serde_yaml::to_string(document).expect("text")).collect::<String>();
        for open in ["failOpen: true", "failureMode: FailOpen", "failureModeAllow: true"] {
            assert!(!text.contains(open), "{}: {text}", target.id());
        }
        let served = of_kind(&written, "HTTPRoute").iter().any(|route| route["spec"]["rules"][0].get("backendRefs").is_some());
        assert_eq!(served, text.contains("check"), "{}: either it is asked, or nobody is served: {text}", target.id());
        assert!(!served || text.to_lowercase().contains("x-user"), "{}: {text}", target.id());
    }
    let envoy = documents(&yaml, "envoy-gateway", false);
    let policies = of_kind(&envoy, "SecurityPolicy");
    assert_eq!(policies[0]["spec"]["extAuth"]["http"]["pathOverride"], "/check");
    // The address of the original request is made before the service is asked, so that no client can forge it.
    let early = of_kind(&envoy, "ClientTrafficPolicy").into_iter().any(|policy| {
        let set = policy["spec"]["headers"]["earlyRequestHeaders"]["set"].as_sequence().cloned().unwrap_or_default();
        set.iter().any(|header| header["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case("X-Original-URL")))
    });
    assert!(early);
}

/// Trap 13: `sessionPersistence` has another shape in the next version.
#[test]
fn affinity_never_becomes_a_field_of_a_route() {
    let yaml = ingress("a", &[("affinity", "cookie"), ("session-cookie-name", "route")]);
    for target in targets::all() {
        for document in documents(&yaml, target.id(), true) {
            let text = serde_yaml::to_string(&document).expect("text");
            assert!(!text.contains("sessionPersistence") && document["kind"] != "XBackendTrafficPolicy", "{}: {text}", target.id());
        }
    }
}

/// Trap 15: gates. What the controller has to be told to read is only written where the user asked for raw configuration.
#[test]
fn objects_behind_gates_are_never_written_unasked() {
    const GATED: [&str; 9] = [
        "Backend",
        "EnvoyPatchPolicy",
        "EnvoyExtensionPolicy",
        "EnvoyFilter",
        "WasmPlugin",
        "SnippetsFilter",
        "SnippetsPolicy",
        "CiliumEnvoyConfig",
        "KongPlugin",
    ];
    let yaml = [
        ingress("a", &[("whitelist-source-range", "10.0.0.0/8"), ("limit-rps", "5"), ("proxy-body-size", "8m"), ("affinity", "cookie")]),
        ingress("b", &[("configuration-snippet", "more_set_headers \"X-A: b\";"), ("proxy-cookie-path", "/ /x"), ("limit-rate", "100")]),
        ingress("c", &[("backend-protocol", "HTTPS")]),
    ]
    .concat();
    for target in targets::all() {
        for document in documents(&yaml, target.id(), false) {
            let kind = document["kind"].as_str().unwrap_or_default();
            assert!(!GATED.contains(&kind), "{}: {kind}", target.id());
        }
    }
}

/// Trap 17: client certificates belong to a host.
#[test]
fn client_certificates_are_asked_for_by_the_listener_of_their_host_alone() {
    let with_tls = |name: &str, annotations: &[(&str, &str)]| {
        ingress(name, annotations).replace("  rules:\n", &format!("  tls: [{{hosts: [{name}.example], secretName: {name}}}]\n  rules:\n"))
    };
    let yaml = [with_tls("a", &[("auth-tls-secret", "app/ca")]), with_tls("b", &[])].concat();
    for target in targets::all() {
        let written = documents(&yaml, target.id(), false);
        let open: Vec<&str> = of_kind(&written, "HTTPRoute")
            .into_iter()
            .filter(|route| route["spec"]["rules"].as_sequence().expect("rules").iter().any(|rule| rule.get("backendRefs").is_some()))
            .filter_map(|route| route["spec"]["hostnames"][0].as_str())
            .collect();
        assert!(open.contains(&"b.example"), "{}: {open:?}", target.id());
        for gateway in of_kind(&written, "Gateway") {
            assert!(gateway["spec"].get("tls").is_none(), "{}: the whole Gateway would ask", target.id());
        }
        if open.contains(&"a.example") {
            let policies = of_kind(&written, "ClientTrafficPolicy").into_iter();
            let of_policies = policies
                .filter(|policy| policy["spec"]["tls"].get("clientValidation").is_some())
                .filter_map(|policy| policy["spec"]["targetRefs"][0]["sectionName"].as_str());
            let gateways = of_kind(&written, "Gateway").into_iter();
            let listeners = gateways.flat_map(|gateway| gateway["spec"]["listeners"].as_sequence().into_iter().flatten());
            let of_options =
                listeners.filter(|listener| listener["tls"].get("options").is_some()).filter_map(|listener| listener["name"].as_str());
            let asked: Vec<&str> = of_policies.chain(of_options).collect();
            assert_eq!(asked, ["https-a-example"], "{}", target.id());
        }
    }
}

/// The filters of the first rule that has a backend: types, and names of Middlewares.
fn filters_of_rule(written: &[Value]) -> Vec<String> {
    let routes = of_kind(written, "HTTPRoute");
    let rules = routes.iter().flat_map(|route| route["spec"]["rules"].as_sequence().expect("rules"));
    let rule = rules.into_iter().find(|rule| rule.get("backendRefs").is_some()).expect("a rule with a backend");
    let name = |filter: &Value| filter["extensionRef"]["name"].as_str().or(filter["type"].as_str()).expect("a filter").to_owned();
    rule["filters"].as_sequence().into_iter().flatten().map(name).collect()
}

#[test]
fn traefik_asks_a_service_about_the_request_that_the_client_sent() {
    let yaml = ingress("a", &[("auth-url", "http://auth.sso.svc:80/check"), ("upstream-vhost", "in.example"), ("rewrite-target", "/in")]);
    let written = documents(&yaml, "traefik", false);
    let filters = filters_of_rule(&written);
    assert_eq!(filters, ["a-0-auth-headers", "a-0-auth", "URLRewrite"]);
    let taken =
        of_kind(&written, "Middleware").into_iter().find(|one| one["metadata"]["name"] == "a-0-auth-headers").expect("a Middleware");
    assert_eq!(taken["spec"]["headers"]["customRequestHeaders"]["X-Original-URL"], "");
    assert_eq!(taken["spec"]["headers"]["customRequestHeaders"]["X-Original-Method"], "");
}

#[test]
fn traefik_speaks_tls_to_a_verified_backend_whatever_stands_in_the_place_of_its_service() {
    let verified = [
        ("backend-protocol", "HTTPS"),
        ("proxy-ssl-secret", "app/up"),
        ("proxy-ssl-verify", "on"),
        ("proxy-ssl-name", "in.example"),
        ("proxy-connect-timeout", "9"),
    ];
    let written = documents(&ingress("a", &verified), "traefik", false);
    let service = &of_kind(&written, "TraefikService")[0]["spec"]["weighted"]["services"][0];
    assert_eq!(service["scheme"], "https");
    let transport = &of_kind(&written, "ServersTransport")[0]["spec"];
    assert_eq!((&transport["serverName"], &transport["rootCAs"][0]["secret"]), (&"in.example".into(), &"up".into()));
    assert!(of_kind(&written, "BackendTLSPolicy").is_empty());
    let plain = documents(&ingress("a", &verified[..4]), "traefik", false);
    assert_eq!(of_kind(&plain, "BackendTLSPolicy").len(), 1);
}

#[test]
fn traefik_sets_the_cookie_of_a_session_for_the_path_and_the_scheme_of_its_rule() {
    let cookie = |yaml: &str| {
        let written = documents(yaml, "traefik", false);
        of_kind(&written, "TraefikService")[0]["spec"]["weighted"]["services"][0]["sticky"]["cookie"].clone()
    };
    let plain = ingress("a", &[("affinity", "cookie")]).replace("path: /,", "path: /basket,");
    assert_eq!((&cookie(&plain)["path"], cookie(&plain).get("secure")), (&"/basket".into(), None));
    let tls = plain.replace("  rules:\n", "  tls: [{hosts: [a.example], secretName: a-tls}]\n  rules:\n");
    assert_eq!(cookie(&tls)["secure"], true);
    let both = tls.replace("  annotations:\n", "  annotations:\n    nginx.ingress.kubernetes.io/ssl-redirect: \"false\"\n");
    assert_eq!(cookie(&both).get("secure"), None);
    let own = ingress("a", &[("affinity", "cookie"), ("session-cookie-path", "/own")]);
    assert_eq!(cookie(&own)["path"], "/own");
}

/// Annotations that are lost, and the codes that say why.
fn lost(yaml: &str, target: &str) -> BTreeMap<String, Vec<String>> {
    let inventory = inventory(yaml);
    let controller = gateshift::ingress::controller(&inventory, &gateshift::ingress::Given::default());
    let resolved = gateshift::ingress::resolve(&inventory, &controller, &gateshift::ingress::Options::of(&inventory));
    let options = translate::Options::of(targets::by_id(target).expect("target"), "any");
    let translation = translate::translate(&resolved.config, &inventory, &options);
    let ledger = report::account(&inventory, &controller, &resolved, &translation);
    let mut lost: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in ledger.entries() {
        let (Some(Step::Key(key)), Some(Settlement::Unmappable { codes })) = (entry.subject.field.steps().last(), &entry.settlement) else {
            continue;
        };
        let name = key.rsplit('/').next().unwrap_or_default().to_owned();
        lost.entry(name).or_default().extend(codes.iter().map(|code| code.as_str().to_owned()));
    }
    lost
}

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: auth, namespace: app}\nspec: {ports: [{port: 80}]}\n---\n";

/// What the authentication service does not answer with, clients could tell backends themselves.
#[test]
fn clients_cannot_forge_what_an_authentication_service_tells_backends() {
    let given = [("auth-url", "http://auth.app.svc.cluster.local/check"), ("auth-response-headers", "X-User")];
    let documents = documents(&(SERVICE.to_owned() + &ingress("a", &given)), "agentgateway", false);
    let policies = of_kind(&documents, "AgentgatewayPolicy");
    let early: Vec<_> = policies.iter().filter(|policy| policy["spec"]["traffic"]["phase"] == "PreRouting").collect();
    assert_eq!(early.len(), 1);
    assert_eq!(early[0]["spec"]["targetRefs"][0]["kind"], "Gateway");
    assert_eq!(early[0]["spec"]["traffic"]["transformation"]["request"]["remove"][0], "x-user");
}

/// A sign-in page that is made of variables is an expression of CEL, and what the client asked for is escaped in it.
#[test]
fn the_usual_sign_in_leads_back_to_what_was_asked_for() {
    let given = [
        ("auth-url", "http://auth.app.svc.cluster.local/oauth2/auth"),
        ("auth-signin", "https://$host/oauth2/start?rd=$escaped_request_uri"),
    ];
    let documents = documents(&(SERVICE.to_owned() + &ingress("a", &given)), "agentgateway", false);
    let policy = of_kind(&documents, "AgentgatewayPolicy")[0];
    let redirect = policy["spec"]["traffic"]["extAuth"]["http"]["redirect"].as_str().expect("expression");
    assert_eq!(redirect, r#""https://" + request.host + "/oauth2/start?rd=" + url.encode(request.pathAndQuery)"#);
}

/// The controller sends no credentials to backends that it asked a password for.
#[test]
fn backends_do_not_see_passwords() {
    let documents = documents(&ingress("a", &[("auth-type", "basic"), ("auth-secret", "p")]), "nginx-gateway-fabric", false);
    let filters = &of_kind(&documents, "HTTPRoute")[0]["spec"]["rules"][0]["filters"];
    assert_eq!(filters[0]["requestHeaderModifier"]["remove"][0], "Authorization");
}

/// nginx counts silence of requests and of answers apart.
#[test]
fn silence_of_requests_is_no_silence_of_answers() {
    let yaml = ingress("a", &[("proxy-read-timeout", "300"), ("proxy-send-timeout", "10")]);
    let ngf = documents(&yaml, "nginx-gateway-fabric", false);
    let proxy = of_kind(&ngf, "ProxySettingsPolicy").into_iter().find(|policy| policy["metadata"]["namespace"] == "app").expect("policy");
    assert_eq!((&proxy["spec"]["timeout"]["read"], &proxy["spec"]["timeout"]["send"]), (&Value::from("300s"), &Value::from("10s")));
    let short = ingress("a", &[("proxy-read-timeout", "10"), ("proxy-send-timeout", "300")]);
    for yaml in [&yaml, &short] {
        let kgateway = documents(yaml, "kgateway", false);
        let traffic =
            of_kind(&kgateway, "TrafficPolicy").into_iter().find(|policy| policy["metadata"]["namespace"] == "app").expect("policy");
        assert_eq!(traffic["spec"]["timeouts"]["streamIdle"], "300s");
    }
    assert_eq!(lost(&yaml, "traefik").into_keys().collect::<Vec<_>>(), ["proxy-send-timeout"]);
}

/// What says what holds anyway loses nothing.
#[test]
fn times_that_hold_for_everybody_are_not_lost() {
    let usual = [("proxy-read-timeout", "60"), ("proxy-send-timeout", "60"), ("proxy-connect-timeout", "5")];
    for target in ["agentgateway", "istio", "standard", "traefik"] {
        assert_eq!(lost(&ingress("a", &usual), target), BTreeMap::new(), "{target}");
    }
    let other = [("proxy-read-timeout", "61")];
    assert_eq!(lost(&ingress("a", &other), "istio").into_keys().collect::<Vec<_>>(), ["proxy-read-timeout"]);
}

/// Fields of one policy that do not exclude each other go together, and what loses is settled as lost.
#[test]
fn wishes_for_one_service_go_together_field_by_field() {
    let older = ingress("older", &[("proxy-connect-timeout", "3")])
        .replace("  namespace: app\n", "  namespace: app\n  creationTimestamp: \"2024-01-01T00:00:00Z\"\n");
    let newer = ingress("newer", &[("proxy-connect-timeout", "9"), ("affinity", "cookie")])
        .replace("  namespace: app\n", "  namespace: app\n  creationTimestamp: \"2024-02-01T00:00:00Z\"\n");
    let yaml = newer + &older;
    let documents = documents(&yaml, "istio", false);
    let rules = of_kind(&documents, "DestinationRule");
    assert_eq!(rules.len(), 1);
    let policy = &rules[0]["spec"]["trafficPolicy"];
    assert_eq!(policy["connectionPool"]["tcp"]["connectTimeout"], "3s");
    assert!(!policy["loadBalancer"].is_null());
    let lost = lost(&yaml, "istio");
    assert_eq!(lost.keys().collect::<Vec<_>>(), ["proxy-connect-timeout"]);
    assert!(lost["proxy-connect-timeout"].contains(&"policy/service-shared".to_owned()));
}
