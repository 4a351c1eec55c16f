//! What becomes of snippets: small ones judged against the old side.

use gateshift::{
    compare::{Judgement, Limits, compare},
    ingress, nginx, report,
    request::Unknown,
    targets, translate,
};
use proptest::prelude::*;

use super::{
    judge,
    snippet::{cases, fragments, wanted_verdict},
};

/// A host with `/` and a snippet, and a controller that takes it.
pub(super) fn objects(annotation: &str, text: &str) -> String {
    let text = serde_json::to_string(text).expect("text");
    format!(
        "apiVersion: v1
kind: ConfigMap
metadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}
data: {{allow-snippet-annotations: 'true', annotations-risk-level: Critical}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {{name: nginx}}
spec: {{controller: k8s.io/ingress-nginx}}
---
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: shop}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations: {{nginx.ingress.kubernetes.io/{annotation}: {text}}}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
      - {{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}
"
    )
}

/// The same host with another path.
fn at(path: &str, annotation: &str, text: &str) -> String {
    objects(annotation, text).replace("{path: /, ", &format!("{{path: {path}, "))
}

/// What the judge says of the conversion.
fn judged(annotation: &str, text: &str, target: &str) -> String {
    judge::summary(&judge::migration(&objects(annotation, text), target))
}

/// Snippets that are kept without any difference that a request could show.
const SAME: &[(&str, &str)] = &[
    ("configuration-snippet", "more_set_headers \"X-Frame-Options: DENY\" 'X-B: c';"),
    ("configuration-snippet", "add_header X-A one always;"),
    ("configuration-snippet", "proxy_set_header X-Up yes; proxy_set_header X-Gone \"\";"),
    ("configuration-snippet", "proxy_set_header Host fixed.example;"),
    ("configuration-snippet", "proxy_set_header X-Real-IP $remote_addr; proxy_set_header Upgrade $http_upgrade;"),
    ("configuration-snippet", "more_clear_headers X-Powered-By; more_clear_input_headers X-Debug;"),
    ("configuration-snippet", "return 301 https://new.example$request_uri;"),
    ("server-snippet", "return 308 https://$host$request_uri;"),
    ("configuration-snippet", "if ($http_x_beta = on) { return 302 https://beta.example$request_uri; }"),
    ("configuration-snippet", "if ($request_method = POST) { return 307 https://post.example$request_uri; }"),
    (
        "configuration-snippet",
        "set $beta 0; if ($http_x_beta = on) { set $beta 1; } if ($beta = 1) { return 302 https://beta.example$request_uri; }",
    ),
    (
        "configuration-snippet",
        "if ($http_x_beta = on) { return 302 https://beta.example$request_uri; } if ($request_method = POST) { return 307 https://post.example$request_uri; }",
    ),
    ("configuration-snippet", "proxy_set_header X-Path $request_uri; more_set_headers \"X-Team: $http_x_team\" \"X-From: $remote_addr\";"),
    (
        "configuration-snippet",
        "proxy_set_header X-To $service_name.$namespace.svc:$service_port; more_set_headers \"X-Of: $ingress_name\";",
    ),
    ("configuration-snippet", "set $team blue; more_set_headers \"X-Team: $team\"; proxy_set_header X-Scheme-Too $scheme;"),
    ("configuration-snippet", "auth_request_set $user $upstream_http_x_user; proxy_set_header X-User $user;"),
    ("configuration-snippet", "return 301 https://new.example/old$request_uri;"),
    ("configuration-snippet", "return 302 https://new.example/old?from=$host;"),
    ("configuration-snippet", "add_header X-Gone yes; more_set_headers \"X-Why: closed\"; return 410 closed;"),
    ("configuration-snippet", "rewrite ^(/docs)$ $1/ permanent;"),
    ("configuration-snippet", "if ($request_uri ~ ^/(.*/)?(.*)$) { rewrite ^/(.*)$ /in/$1 break; }"),
    ("server-snippet", "location = /health { default_type text/plain; add_header X-Up yes; return 200 ok; }"),
    ("server-snippet", "proxy_ssl_verify off; proxy_cache off; proxy_cache_valid 404 1m;"),
];

#[test]
fn simple_snippets_are_proved_the_same() {
    let mut wrong = Vec::new();
    for (annotation, text) in SAME {
        let found = judged(annotation, text, "envoy-gateway");
        // A redirect to a fixed URL keeps the query, which `return` drops.
        let allowed = |line: &str| line.contains("difference/own-page");
        let lines: Vec<&str> = found.lines().filter(|line| line.starts_with("  ") && !allowed(line)).collect();
        if !lines.is_empty() {
            wrong.push(format!("{text}\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), SAME.len(), wrong.join("\n"));
}

/// Without a certificate nobody listens there any more.
#[test]
fn a_redirect_to_https_leads_to_https_that_must_be_there() {
    let found = judged("configuration-snippet", "if ($scheme = http) { return 301 https://$host$request_uri; }", "envoy-gateway");
    let lines: Vec<&str> = found.lines().filter(|line| line.starts_with("  ") && !line.contains("difference/own-page")).collect();
    assert!(matches!(lines.as_slice(), [line] if line.contains("difference/not-served GET https://shop.example/")), "{found}");
}

#[test]
fn headers_that_are_not_sent_with_errors_are_assumed_away_in_the_open() {
    let assumed = |text: &str| {
        let comparison = judge::migration(&objects("configuration-snippet", text), "envoy-gateway");
        let host = comparison.hosts.iter().find(|host| host.host == "shop.example").expect("host");
        assert!(matches!(host.verdict, Judgement::Proved(_)), "{text}\n{}", judge::summary(&comparison));
        host.assumptions.iter().any(|assumption| assumption.starts_with("backends answer 200, 201"))
    };
    assert!(assumed("add_header X-A one;"));
    assert!(!assumed("add_header X-A one always;") && !assumed("more_set_headers \"X-A: one\";"));
}

#[test]
fn a_rewrite_without_a_flag_does_not_end_the_script() {
    for text in [
        "rewrite ^/a/(.*)$ /b/$1; return 403;",
        "rewrite ^/a/(.*)$ /b/$1; if ($http_x = a) { return 403; }",
        "rewrite ^/a/ /b break; return 403;",
    ] {
        for target in ["envoy-gateway", "nginx-gateway-fabric", "traefik"] {
            let found = judged("configuration-snippet", text, target);
            assert!(!found.contains("difference/access-lost"), "{text} for {target}\n{found}");
        }
    }
}

#[test]
fn a_rewrite_does_not_lead_past_the_guard_of_another_location() {
    let guarded = "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: private, namespace: shop, annotations: {nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8}}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http: {paths: [{path: /private, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
";
    for flag in ["", " last"] {
        let yaml = objects("configuration-snippet", &format!("rewrite ^/a/(.*)$ /private/$1{flag};")) + guarded;
        let new = judge::converted(&judge::ingresses(&judge::inventory(&yaml)), &judge::inventory(&yaml), "envoy-gateway");
        assert!(!new.contains("/private/") && !new.contains("replacePrefixMatch"), "{new}");
    }
}

#[test]
fn rewrites_see_the_whole_path_whatever_the_path_of_the_rule() {
    for text in [
        "rewrite ^/(.*)$ /in/$1 break;",
        "rewrite ^/a/(.*)$ /b/$1 break;",
        "rewrite ^/(.*)$ https://new.example/in/$1 permanent;",
        "rewrite ^/a/b/(.*)$ https://new.example/$1 redirect;",
    ] {
        let found = judge::summary(&judge::migration(&at("/a/b", "configuration-snippet", text), "envoy-gateway"));
        assert!(!found.contains("difference/path-upstream") && !found.contains("redirect-target"), "{text}\n{found}");
    }
}

#[test]
fn nothing_that_a_snippet_refuses_is_let_in() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for case in cases().iter().filter(|case| wanted_verdict(case) == "accepted" && !case.requests.is_empty()) {
        if !["configuration-snippet", "server-snippet"].contains(&case.place.as_str()) {
            continue;
        }
        seen += 1;
        for target in ["envoy-gateway", "kgateway", "nginx-gateway-fabric", "traefik"] {
            let found = judged(&case.place, &case.text, target);
            if found.contains("difference/access-lost") {
                wrong.push(format!("{} for {target}:\n{found}", case.name));
            }
        }
    }
    assert!(seen > 60, "{seen}");
    assert!(wrong.is_empty(), "{} let in:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn lists_of_annotations_stand_before_those_of_snippets() {
    for (place, text, other, networks) in [
        ("server-snippet", "allow 10.0.0.0/8; deny all;", "denylist-source-range", "10.1.0.0/16"),
        ("server-snippet", "allow 10.0.0.0/8; deny all;", "whitelist-source-range", "192.168.0.0/16"),
        ("configuration-snippet", "deny 192.168.7.7;", "whitelist-source-range", "192.168.0.0/16"),
        ("configuration-snippet", "deny 192.168.7.7;", "denylist-source-range", "10.1.0.0/16"),
        ("configuration-snippet", "allow 10.0.0.0/8; deny all;", "denylist-source-range", "10.1.0.0/16"),
        ("configuration-snippet", "allow 10.1.0.0/16; deny 10.0.0.0/8;", "denylist-source-range", "10.1.1.0/24"),
    ] {
        let beside = format!("annotations: {{nginx.ingress.kubernetes.io/{other}: {networks}, ");
        let yaml = objects(place, text).replace("annotations: {", &beside);
        let found = judge::summary(&judge::migration(&yaml, "envoy-gateway"));
        let opened = found.contains("difference/access-lost");
        let withheld = text.contains("deny 10.0.0.0/8");
        assert!(!opened && (withheld || found.starts_with("shop.example: proved\n")), "{text} beside {other}:\n{found}");
    }
}

/// `proxy_next_upstream` of a location adds to what the controller writes there: a real nginx 1.22.1 tried again after errors and 503.
#[test]
fn conditions_to_try_again_add_up() {
    let errors = ["connect-failure", "refused-stream", "reset"];
    for (text, triggers, statuses) in [
        ("proxy_next_upstream http_503;", &errors[..], &["503"][..]),
        ("proxy_next_upstream http_503; proxy_next_upstream http_502;", &errors[..], &["503", "502"][..]),
        ("proxy_next_upstream http_503 off;", &[], &[]),
    ] {
        let inventory = judge::inventory(&objects("configuration-snippet", text));
        let yaml = judge::converted(&judge::ingresses(&inventory), &inventory, "envoy-gateway");
        let (_, written) = yaml.split_once("  retry:\n    numRetries: ").expect("retries");
        let (tries, written) = written.split_once('\n').expect("what they are for");
        let items: Vec<&str> =
            written.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.trim().strip_prefix("- ")).collect();
        let again = if triggers.is_empty() { vec![] } else { [triggers, &["retriable-status-codes"], statuses].concat() };
        assert_eq!((tries, items), (if again.is_empty() { "0" } else { "2" }, again), "{text}");
    }
}

#[test]
fn a_snippet_without_effect_changes_nothing() {
    let yaml = objects("configuration-snippet", "deny all;").replace("allow-snippet-annotations: 'true', ", "");
    let found = judge::summary(&judge::migration(&yaml, "envoy-gateway"));
    assert!(found.starts_with("shop.example: proved\n"), "{found}");
}

/// Annotations that hold text of nginx.
const ANNOTATIONS: [&str; 5] = ["auth-snippet", "configuration-snippet", "modsecurity-snippet", "server-snippet", "stream-snippet"];

/// What `auth-snippet` and `modsecurity-snippet` need to have an effect.
const BESIDE: &str = "annotations: {nginx.ingress.kubernetes.io/auth-url: 'http://auth.auth.svc/check', \
                      nginx.ingress.kubernetes.io/enable-modsecurity: 'true', ";

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_routed_and_translated(
        text in fragments(),
        target in "[/a-c.?=%]{0,12}",
        annotation in prop::sample::select(ANNOTATIONS.to_vec()),
        implementation in prop::sample::select(vec!["standard", "envoy-gateway", "nginx-gateway-fabric"]),
        allow_raw in any::<bool>(),
    ) {
        let yaml = objects(annotation, &text).replace("annotations: {", BESIDE);
        let inventory = judge::inventory(&yaml);
        let controller = ingress::controller(&inventory, &ingress::Given::default());
        let mut resolved = ingress::resolve(&inventory, &controller, &ingress::Options::of(&inventory));
        resolved.config.refusals.clear();
        let config = &resolved.config;
        let request = judge::get(&format!("/{target}"));
        let decision = nginx::Router::new(config).decide(&request, &Unknown);
        prop_assert_eq!(&decision, &nginx::Router::new(config).decide(&request, &Unknown));
        let options = translate::Options { allow_raw, ..translate::Options::of(targets::by_id(implementation).expect("target"), "any") };
        let translation = translate::translate(config, &inventory, &options);
        let again = translate::translate(config, &inventory, &options);
        let text = |translation: &translate::Translation| report::yaml_stream(&translation.objects, &inventory);
        prop_assert_eq!(text(&translation), text(&again));
        let ledger = report::account(&inventory, &controller, &resolved, &translation);
        prop_assert!(ledger.entries().iter().all(|entry| entry.settlement.is_some()));
    }
}

#[test]
fn the_old_side_compared_with_itself_has_no_difference() {
    for case in cases().iter().filter(|case| wanted_verdict(case) == "accepted") {
        if !["configuration-snippet", "server-snippet"].contains(&case.place.as_str()) {
            continue;
        }
        let inventory = judge::inventory(&objects(&case.place, &case.text));
        let controller = ingress::controller(&inventory, &ingress::Given::default());
        let config = ingress::resolve(&inventory, &controller, &ingress::Options::of(&inventory)).config;
        let (one, two) = (nginx::Router::new(&config), nginx::Router::new(&config));
        let comparison = compare(&one, &two, &Limits::default());
        assert!(comparison.hosts.iter().all(|host| host.differences.is_empty()), "{}:\n{}", case.name, judge::summary(&comparison));
    }
}
