//! Requests that Envoy Gateway answers as ingress-nginx does, and such that it does not: what `trace` says of the golden cases.

use std::path::Path;

use serde_json::Value;

use crate::cases::gateshift;

/// What `trace` says of a request for a case.
fn traced(case: &str, request: &[&str]) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases").join(case);
    let arguments = std::fs::read_to_string(folder.join("arguments")).expect("arguments");
    let mut all = vec!["trace", "-f", "input.yaml", "-o", "json"];
    all.extend(arguments.lines());
    all.extend(request);
    let output = gateshift(&folder, &all);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{case} {request:?}: {}", String::from_utf8_lossy(&output.stderr)))
}

#[test]
fn requests_are_answered_alike() {
    let requests: [(&str, &[&str], u64); 12] = [
        ("envoy-gateway-cors", &["OPTIONS http://list.example/", "-H", "Origin: https://a.shop.example"], 204),
        ("envoy-gateway-cors", &["OPTIONS http://all.example/api"], 204),
        ("envoy-gateway-cors", &["http://all.example/other", "-H", "Origin: https://a.example"], 404),
        ("envoy-gateway-default-backend", &["http://gone.example/"], 503),
        ("envoy-gateway-own-pages", &["http://unknown.example/healthz"], 200),
        ("envoy-gateway-own-pages", &["http://unknown.example/nginx_status"], 403),
        ("envoy-gateway-own-pages", &["http://bare.shop.example/"], 404),
        ("envoy-gateway-known-host", &["http://d.example/go/a?b=1"], 302),
        ("envoy-gateway-known-host", &["http://d.example/"], 302),
        ("envoy-gateway-behind-proxy", &["http://shop.example/a"], 308),
        ("envoy-gateway-behind-proxy", &["http://shop.example/a", "-H", "X-Forwarded-Proto: http"], 308),
        ("envoy-gateway-refused-agents", &["http://shop.example/", "-H", "User-Agent: BadBot/1"], 403),
    ];
    for (case, request, status) in requests {
        let line = traced(case, request);
        assert_eq!((&line["same"], &line["old"]["status"]), (&Value::Bool(true), &Value::from(status)), "{case} {request:?}: {line}");
    }
}

#[test]
fn requests_reach_the_same_backend() {
    let requests: [(&str, &[&str], &str); 9] = [
        ("envoy-gateway-cors", &["OPTIONS http://list.example/", "-H", "Origin: https://other.example"], "app/web:80"),
        ("envoy-gateway-cors", &["http://list.example/", "-H", "Origin: https://app.example"], "app/web:80"),
        ("envoy-gateway-error-status", &["http://shop.example/"], "app/web:80"),
        ("envoy-gateway-default-backend", &["http://shop.example/elsewhere"], "app/fallback:80"),
        ("envoy-gateway-known-host", &["http://a.example/"], "app/web:80"),
        ("envoy-gateway-known-host", &["http://b.example/x/y"], "app/web:80"),
        ("envoy-gateway-known-host", &["http://c.example/x"], "app/web:80"),
        ("envoy-gateway-behind-proxy", &["http://shop.example/a", "-H", "X-Forwarded-Proto: https"], "app/web:80"),
        ("envoy-gateway-refused-agents", &["http://shop.example/", "-H", "User-Agent: goodbot"], "app/web:80"),
    ];
    for (case, request, backend) in requests {
        let line = traced(case, request);
        assert_eq!((&line["same"], &line["old"]["backend"]), (&Value::Bool(true), &Value::from(backend)), "{case} {request:?}: {line}");
    }
}

#[test]
fn an_authentication_service_that_may_answer_anything_is_not_called_the_same() {
    let line = traced("envoy-gateway-external-auth", &["http://a.example/"]);
    assert_eq!(line["same"], Value::Bool(false), "{line}");
}
