//! What becomes of snippets: small ones judged against the old side, those of the shared corpus counted.

#![allow(clippy::print_stdout, reason = "tests say what they skip and what they measured")]

use std::{collections::BTreeMap, fs};

use gateshift::{
    compare::{Limits, compare},
    ingress,
    ledger::{Code, Settlement},
    nginx, report,
    request::{Request, Scheme, Unknown},
    targets, translate,
};
use proptest::prelude::*;

use super::{
    judge,
    snippet::{cases, fragments, shared, snippets_of, wanted_verdict},
};

/// A host with `/` and a snippet, and a controller that takes it.
fn objects(annotation: &str, text: &str) -> String {
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
    ("configuration-snippet", "if ($scheme = http) { return 301 https://$host$request_uri; }"),
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

#[test]
fn nothing_that_a_snippet_refuses_is_let_in() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for case in cases().iter().filter(|case| wanted_verdict(case) == "accepted" && !case.requests.is_empty()) {
        if !["configuration-snippet", "server-snippet"].contains(&case.place.as_str()) {
            continue;
        }
        seen += 1;
        for target in ["envoy-gateway", "traefik"] {
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
fn a_snippet_without_effect_changes_nothing() {
    let yaml = objects("configuration-snippet", "deny all;").replace("allow-snippet-annotations: 'true', ", "");
    let found = judge::summary(&judge::migration(&yaml, "envoy-gateway"));
    assert!(found.starts_with("shop.example: proved\n"), "{found}");
}

/// How the directives of a snippet were settled.
fn settled(annotation: &str, text: &str, target: &str) -> Vec<Settlement> {
    let inventory = judge::inventory(&objects(annotation, text));
    let controller = ingress::controller(&inventory, &ingress::Given::default());
    let config = ingress::resolve(&inventory, &controller, &ingress::Options::of(&inventory)).config;
    let options = translate::Options::of(targets::by_id(target).expect("target"), "any");
    let translation = translate::translate(&config, &inventory, &options);
    for finding in translation.findings.iter().filter(|finding| finding.code.as_str() == "snippet/not-convertible" && target == "standard")
    {
        println!("LOST {}", report::Diagnostics::message(finding));
    }
    translation.directives.into_values().collect()
}

/// A directive has a form in Gateway API, or one that a policy of the target would have.
fn has_form(settlement: &Settlement) -> bool {
    match settlement {
        Settlement::Exact | Settlement::Policy { .. } | Settlement::Differs { .. } | Settlement::NoEffect { .. } => true,
        Settlement::Unmappable { codes } => codes.iter().all(|code| !code.as_str().starts_with("snippet/") && *code != Code::PolicySnippet),
        Settlement::Unknown { .. } => false,
    }
}

fn is_kept(settlement: &Settlement) -> bool {
    !matches!(settlement, Settlement::Unmappable { .. } | Settlement::Unknown { .. })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_routed_and_translated(text in fragments(), target in "[/a-c.?=%]{0,12}", server in any::<bool>()) {
        let annotation = if server { "server-snippet" } else { "configuration-snippet" };
        let inventory = judge::inventory(&objects(annotation, &text));
        let mut config = judge::ingresses(&inventory);
        config.refusals.clear();
        let request = Request {
            method: "GET".to_owned(),
            scheme: Scheme::Http,
            host: Some("shop.example".to_owned()),
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
        let decision = nginx::Router::new(&config).decide(&request, &Unknown);
        prop_assert_eq!(&decision, &nginx::Router::new(&config).decide(&request, &Unknown));
        let new = judge::converted(&config, &inventory, "envoy-gateway");
        prop_assert_eq!(&new, &judge::converted(&config, &inventory, "envoy-gateway"));
    }
}

#[test]
fn most_snippets_of_the_corpus_are_converted() {
    let Some(shared) = shared() else {
        println!("SKIPPED: no shared corpus");
        return;
    };
    let mut files: Vec<_> = fs::read_dir(shared.join("corpus")).expect("folder").map(|entry| entry.expect("entry").path()).collect();
    files.sort();
    let mut repositories: BTreeMap<String, bool> = BTreeMap::new();
    let (mut snippets, mut kept, mut formed, mut directives, mut kept_directives) = (0, 0, 0, 0, 0);
    let mut lost = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "yaml")) {
        let name = file.file_name().expect("name").to_string_lossy().into_owned();
        for (annotation, text) in snippets_of(&fs::read_to_string(file).expect("file")) {
            if !["configuration-snippet", "server-snippet"].contains(&annotation.as_str()) {
                continue;
            }
            let found = settled(&annotation, &text, "standard");
            snippets += 1;
            directives += found.len();
            kept_directives += found.iter().filter(|settlement| is_kept(settlement)).count();
            kept += usize::from(found.iter().all(is_kept));
            let form = settled(&annotation, &text, "envoy-gateway").iter().all(has_form);
            formed += usize::from(form);
            if !form {
                lost.push(name.clone());
            }
            *repositories.entry(name.split("__").take(2).collect::<Vec<_>>().join("/")).or_insert(true) &= form;
        }
    }
    let whole = repositories.values().filter(|&&all| all).count();
    println!(
        "{snippets} snippets: {kept} fully converted to core, {formed} with what policies can say; {kept_directives} of {directives} directives to core; \
         {whole} of {} repositories have nothing else",
        repositories.len()
    );
    println!("not fully: {lost:?}");
    assert!(snippets > 50, "{snippets}");
    assert!(100 * kept >= 45 * snippets && 100 * formed >= 60 * snippets, "{kept} and {formed} of {snippets}");
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
