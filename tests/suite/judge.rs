//! What the judge says about small pairs of configurations.

use gateshift::{
    compare::{Comparison, Judgement, Limits, compare, describe, witness},
    gateway::{
        config::Config,
        dialect::Target,
        facts::{Absent, Facts},
        limits::{Channel, Judge, Version},
        objects::Objects,
        resolve::{self, Options},
    },
    ingress,
    k8s::Inventory,
    nginx, read, report,
    request::{Request, Scheme},
    targets, translate,
};

/// A Gateway and a Service that routes of tests lie between.
pub(crate) const AROUND: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gw, namespace: app}
spec:
  gatewayClassName: any
  listeners:
  - {name: http, port: 80, protocol: HTTP}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: app}
spec: {ports: [{port: 80}]}
---
";

pub(crate) fn inventory(yaml: &str) -> Inventory {
    read::texts([("input.yaml".to_owned(), yaml.to_owned())], &read::Options::default()).inventory
}

/// A plain request to `shop.example`.
pub(crate) fn get(target: &str) -> Request {
    Request {
        method: "GET".to_owned(),
        scheme: Scheme::Http,
        host: Some("shop.example".to_owned()),
        sni: None,
        target: target.to_owned(),
        headers: Vec::new(),
        body_bytes: 0,
        chunked: false,
        http_version: "1.1".to_owned(),
        client: "192.0.2.1".to_owned(),
        port: None,
        client_certificate: None,
    }
}

/// The old side of Ingresses.
pub(crate) fn ingresses(inventory: &Inventory) -> nginx::Config {
    let controller = ingress::controller(inventory, &ingress::Given::default());
    ingress::resolve(inventory, &controller, &ingress::Options::of(inventory)).config
}

/// The new side of manifests.
pub(crate) fn manifests(yaml: &str, facts: &Inventory, target: &str) -> Config {
    let manifests = inventory(yaml);
    let judge = Judge::new("1.5".parse::<Version>().expect("version"), Channel::Standard);
    let read = Objects::read(&manifests, Some(&judge));
    let target = Target::named(target).expect("target");
    let policies = targets::read_back(&target.id, &read.objects, &manifests, &Facts::of(facts, Absent::UnlessKindIsUnknown));
    resolve::resolve(&read.objects, facts, target, &Options { absent: Absent::UnlessKindIsUnknown, policies, ..Options::default() })
}

/// What `convert` writes.
pub(crate) fn converted(config: &nginx::Config, inventory: &Inventory, target: &str) -> String {
    let options = translate::Options::of(targets::by_id(target).expect("target"), "any");
    let translation = translate::translate(config, inventory, &options);
    report::yaml_stream(&translation.objects, inventory)
}

/// The old side against its own conversion.
pub(crate) fn migration(yaml: &str, target: &str) -> Comparison {
    let inventory = inventory(yaml);
    let old = ingresses(&inventory);
    let new = manifests(&converted(&old, &inventory, target), &inventory, target);
    compare(&nginx::Router::new(&old), &new, &Limits::default())
}

/// The old side against hand-written manifests.
pub(crate) fn against(yaml: &str, new: &str, target: &str) -> Comparison {
    let inventory = inventory(yaml);
    let old = ingresses(&inventory);
    compare(&nginx::Router::new(&old), &manifests(new, &inventory, target), &Limits::default())
}

/// One line a host, one a difference, one an open region.
pub(crate) fn summary(comparison: &Comparison) -> String {
    let mut text = String::new();
    for host in &comparison.hosts {
        text.push_str(&format!("{}: {}\n", host.host, host.verdict.as_str()));
        for difference in &host.differences {
            text.push_str(&format!(
                "  {} {}: {} instead of {}\n",
                difference.code,
                witness::long(&difference.witness),
                describe::outcome(&difference.new.decision.outcome),
                describe::outcome(&difference.old.decision.outcome),
            ));
        }
        for open in &host.undecided {
            text.push_str(&format!("  {} ({}): {}\n", open.code, open.region, open.reason));
        }
    }
    text
}

pub(crate) const GATEWAY: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway, namespace: gateway-system}
spec:
  gatewayClassName: any
  listeners:
  - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
---
";

pub(crate) fn ingress(annotations: &str, paths: &str) -> String {
    format!(
        "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations: {{{annotations}}}
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example
    http:
      paths:
{paths}
---
"
    )
}

pub(crate) fn path(path: &str, kind: &str, service: &str) -> String {
    format!("      - {{path: {path:?}, pathType: {kind}, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}\n")
}

pub(crate) fn route(rules: &str) -> String {
    format!(
        "{GATEWAY}
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: shop}}
spec:
  parentRefs: [{{name: gateway, namespace: gateway-system}}]
  hostnames: [shop.example]
  rules:
{rules}
"
    )
}

pub(crate) fn rule(kind: &str, path: &str, service: &str) -> String {
    format!("  - matches: [{{path: {{type: {kind}, value: {path:?}}}}}]\n    backendRefs: [{{name: {service}, port: 80}}]\n")
}

#[test]
fn plain_prefixes_are_proved_the_same() {
    let paths = path("/", "Prefix", "web") + &path("/api", "Prefix", "api");
    let comparison = migration(&ingress("", &paths), "standard");
    let host = comparison.host("shop.example").expect("host");
    assert!(matches!(&host.verdict, Judgement::Proved(_)), "{}", summary(&comparison));
}

#[test]
fn the_naive_translation_of_a_regex_host_is_refuted() {
    let old = ingress("nginx.ingress.kubernetes.io/use-regex: 'true'", &path("/api/v[0-9]", "ImplementationSpecific", "api"));
    let comparison = against(&old, &route(&rule("RegularExpression", "/api/v[0-9]", "api")), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(
        summary.contains("difference/letter-case GET http://shop.example/API/V0: answered with 404 instead of sent to `shop/api:80`"),
        "{summary}"
    );
    assert!(summary.contains("difference/match-end GET http://shop.example/api/v0"), "{summary}");
}

#[test]
fn another_backend_is_shown() {
    let comparison = against(&ingress("", &path("/", "Prefix", "web")), &route(&rule("PathPrefix", "/", "other")), "standard");
    let summary = summary(&comparison);
    assert!(
        summary.contains("difference/backend GET http://shop.example/: sent to `shop/other:80` instead of sent to `shop/web:80`"),
        "{summary}"
    );
}

#[test]
fn a_final_catch_all_group_is_a_spliced_prefix() {
    let old = ingress("nginx.ingress.kubernetes.io/rewrite-target: '/$2'", &path("/api(/|$)(.*)", "ImplementationSpecific", "api"));
    let rule = "  - matches: [{path: {type: PathPrefix, value: /api}}]
    filters: [{type: URLRewrite, urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}]
    backendRefs: [{name: api, port: 80}]\n";
    let comparison = against(&old, &route(rule), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(!summary.contains("path-upstream") && summary.contains("difference/letter-case GET http://shop.example/API"), "{summary}");
}

#[test]
fn lost_access_control_comes_first() {
    let annotations = "nginx.ingress.kubernetes.io/auth-url: 'http://auth.example/check'";
    let comparison =
        against(&ingress(annotations, &path("/", "Prefix", "web")), &route(&rule("PathPrefix", "/", "other")), "envoy-gateway");
    let first = comparison.host("shop.example").expect("host").differences.first().map(|difference| difference.code.as_str());
    assert_eq!(first, Some("difference/access-lost"), "{}", summary(&comparison));
}

#[test]
fn addresses_that_were_refused_and_are_let_in_are_lost_access_control() {
    let annotations = "nginx.ingress.kubernetes.io/whitelist-source-range: 10.0.0.0/8";
    let comparison = against(&ingress(annotations, &path("/", "Prefix", "web")), &route(&rule("PathPrefix", "/", "web")), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(
        summary.contains("difference/access-lost GET http://shop.example/: sent to `shop/web:80` instead of refused with 403"),
        "{summary}"
    );
}

#[test]
fn a_forced_redirect_to_tls_that_is_gone_is_plain_text() {
    let annotations = "nginx.ingress.kubernetes.io/force-ssl-redirect: 'true'";
    let comparison = against(&ingress(annotations, &path("/", "Prefix", "web")), &route(&rule("PathPrefix", "/", "web")), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(summary.contains("difference/plain-text GET http://shop.example/"), "{summary}");
}

#[test]
fn a_prefix_of_bytes_takes_more_than_one_of_elements() {
    let old = ingress("nginx.ingress.kubernetes.io/use-regex: 'true'", &path("/app", "ImplementationSpecific", "app"));
    let comparison = against(&old, &route(&rule("PathPrefix", "/app", "app")), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(
        summary.contains("difference/element-boundary GET http://shop.example/appa: answered with 404 instead of sent to `shop/app:80`"),
        "{summary}"
    );
}

#[test]
fn a_slash_that_is_no_longer_appended_is_named() {
    let old = ingress("", &path("/app/", "ImplementationSpecific", "app"));
    let comparison = against(&old, &route(&rule("PathPrefix", "/app/", "app")), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(summary.contains("difference/trailing-slash-redirect GET http://shop.example/app: sent to `shop/app:80`"), "{summary}");
}

#[test]
fn a_body_limit_that_was_set_is_missed_and_the_default_is_assumed() {
    let new = route(&rule("PathPrefix", "/", "web"));
    let paths = path("/", "Prefix", "web");
    let set = against(&ingress("nginx.ingress.kubernetes.io/proxy-body-size: 8m", &paths), &new, "envoy-gateway");
    assert!(summary(&set).contains("difference/body-limit POST http://shop.example/"), "{}", summary(&set));
    let default = against(&ingress("", &paths), &new, "envoy-gateway");
    let host = default.host("shop.example").expect("host");
    assert!(host.assumptions.iter().any(|assumption| assumption.contains("1 MiB")), "{:?}", host.assumptions);
}

#[test]
fn what_is_not_modelled_is_undecided() {
    let annotations = "nginx.ingress.kubernetes.io/enable-modsecurity: 'true'";
    let comparison = against(&ingress(annotations, &path("/", "Prefix", "web")), &route(&rule("PathPrefix", "/", "web")), "envoy-gateway");
    let summary = summary(&comparison);
    assert!(summary.contains("shop.example: undecided") && summary.contains("undecided/unmodelled"), "{summary}");
}

#[test]
fn canaries_by_header_split_cells_only_where_they_are_asked_for() {
    let canary = ingress(
        "nginx.ingress.kubernetes.io/canary: 'true', nginx.ingress.kubernetes.io/canary-by-header: X-Canary",
        &path("/api", "Prefix", "api2"),
    )
    .replace("name: web\n", "name: canary\n");
    let old = ingress("", &(path("/", "Prefix", "web") + &path("/api", "Prefix", "api"))) + &canary;
    let comparison = migration(&old, "envoy-gateway");
    let host = comparison.host("shop.example").expect("host");
    assert!(matches!(host.verdict, Judgement::Proved(_)), "{}", summary(&comparison));
}

#[test]
fn work_is_counted_in_atoms_and_cells() {
    let work = |old: &str, new: &str| {
        let comparison = against(old, new, "envoy-gateway");
        let work = comparison.host("shop.example").expect("host").work;
        (work.atoms, work.states, work.cells)
    };
    let prefixes = route(&(rule("PathPrefix", "/", "web") + &rule("PathPrefix", "/api", "api")));
    let plain = ingress("", &(path("/", "Prefix", "web") + &path("/api", "Prefix", "api")));
    assert_eq!(work(&plain, &prefixes), (3, 0, 4));
    let regex = ingress("nginx.ingress.kubernetes.io/use-regex: 'true'", &path("/api/v[0-9]", "ImplementationSpecific", "api"));
    assert_eq!(work(&regex, &route(&rule("RegularExpression", "/api/v[0-9]", "api"))), (8, 57, 9));
}

#[test]
fn a_budget_that_ends_leaves_its_host_undecided() {
    let path = |path: &str| format!("{{path: {path}, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}");
    let yaml = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: shop, annotations: {{kubernetes.io/ingress.class: nginx}}}}\nspec:\n  rules: [{{host: a.example, http: {{paths: [{}, {}, {}]}}}}]\n",
        path("/a"),
        path("/b"),
        path("/c")
    );
    let inventory = inventory(&yaml);
    let old = ingresses(&inventory);
    let new = manifests(&converted(&old, &inventory, "envoy-gateway"), &inventory, "envoy-gateway");
    let comparison = compare(&nginx::Router::new(&old), &new, &Limits { cells: 1, ..Limits::default() });
    let host = comparison.hosts.iter().find(|host| host.host == "a.example").expect("the host");
    assert!(host.undecided.iter().any(|open| open.code == gateshift::ledger::Code::UndecidedOverBudget), "{}", summary(&comparison));
    assert!(!matches!(host.verdict, Judgement::Proved(_)), "{}", summary(&comparison));
}

/// With `satisfy any` an address that no line names is neither let in nor refused: it needs credentials like a denied one.
#[test]
fn a_list_that_only_denies_lets_nobody_in() {
    let name = |key: &str, value: &str| format!("nginx.ingress.kubernetes.io/{key}: '{value}'");
    let asked =
        [name("satisfy", "any"), name("denylist-source-range", "10.0.0.0/8"), name("auth-url", "http://auth.auth.svc.cluster.local/check")];
    let old = ingress(&asked.join(", "), &path("/", "Prefix", "web"));
    let open = summary(&against(&old, &route(&rule("PathPrefix", "/", "web")), "envoy-gateway"));
    assert!(open.contains("difference/access-lost GET http://shop.example/"), "{open}");
    let kept = summary(&migration(&old, "envoy-gateway"));
    assert!(kept.starts_with("shop.example: proved\n"), "{kept}");
}

/// What nginx does not do without another annotation, or leaves to another Ingress, is neither written nor called lost.
#[test]
fn what_has_no_effect_today_is_not_written() {
    let name = |key: &str, value: &str| format!("nginx.ingress.kubernetes.io/{key}: '{value}'");
    for (annotations, written, field) in [
        (vec![name("limit-rate", "100")], false, "bandwidthLimit"),
        (vec![name("limit-rate", "100"), name("proxy-buffering", "on")], true, "bandwidthLimit"),
        (vec![name("affinity", "cookie"), name("load-balance", "ewma")], false, "LeastRequest"),
        (vec![name("upstream-hash-by", "$http_x_user"), name("load-balance", "ewma")], false, "LeastRequest"),
        (vec![name("load-balance", "ewma")], true, "LeastRequest"),
    ] {
        let inventory = inventory(&ingress(&annotations.join(", "), &path("/", "Prefix", "web")));
        let yaml = converted(&ingresses(&inventory), &inventory, "envoy-gateway");
        assert_eq!(yaml.contains(field), written, "{annotations:?}:\n{yaml}");
    }
    let first = ingress(&name("load-balance", "ewma"), &path("/", "Prefix", "web")).replace("name: web\n", "name: zero\n");
    let second = ingress(&name("upstream-hash-by", "$http_x_user"), &path("/", "Prefix", "web"));
    let both = inventory(&[first, second.replace("shop.example", "second.example")].concat());
    let yaml = converted(&ingresses(&both), &both, "envoy-gateway");
    assert_eq!(yaml.contains("LeastRequest"), !yaml.contains("ConsistentHash"), "one says it for both:\n{yaml}");
}

/// Nobody is asked for a certificate without authorities, or where `off` says so.
#[test]
fn clients_that_are_asked_for_nothing_today_are_asked_for_nothing() {
    let pair = "kind: Secret\napiVersion: v1\nmetadata: {name: ca, namespace: shop}\ntype: kubernetes.io/tls\nstringData: {tls.crt: x, tls.key: y}\n---\n";
    let annotation = |verify: &str| {
        format!("nginx.ingress.kubernetes.io/auth-tls-secret: shop/ca, nginx.ingress.kubernetes.io/auth-tls-verify-client: '{verify}'")
    };
    for (secret, verify, asks) in [("", "on", true), ("", "off", false), (pair, "on", false)] {
        let listed = ingress(&annotation(verify), &path("/", "Prefix", "web"))
            .replace("  rules:\n", "  tls:\n  - {hosts: [shop.example], secretName: cert}\n  rules:\n");
        let objects = inventory(&[secret, &listed].concat());
        let yaml = converted(&ingresses(&objects), &objects, "envoy-gateway");
        assert_eq!(yaml.contains("clientValidation"), asks, "{secret} {verify}:\n{yaml}");
    }
}
