//! What the controller makes of Ingresses that come from files: order, assumptions, and the findings about both.

use gateshift::{
    compare::witness,
    ingress::{self, Absent, Fate, Given, Options, Order, PathFate, Resolved},
    k8s::Inventory,
    ledger::Code,
    nginx::{self, Certificate, Endpoints, Modifier},
    read,
};

fn inventory(text: &str) -> Inventory {
    read::texts([("given.yaml".to_owned(), text.to_owned())], &read::Options::default()).inventory
}

fn resolve(text: &str, options: impl FnOnce(&Inventory) -> Options) -> Resolved {
    let inventory = inventory(text);
    let controller = ingress::controller(&inventory, &Given::default());
    ingress::resolve(&inventory, &controller, &options(&inventory))
}

fn codes(resolved: &Resolved) -> Vec<Code> {
    resolved.findings.iter().map(|finding| finding.code).collect()
}

fn one(name: &str, annotations: &str, host: &str, path: &str, service: &str) -> String {
    format!(
        "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  annotations: {{{annotations}}}
spec:
  ingressClassName: nginx
  tls: [{{hosts: [{host}], secretName: cert}}]
  rules:
    - host: {host}
      http: {{paths: [{{path: {path}, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}]}}
"
    )
}

fn owner<'r>(resolved: &'r Resolved, host: &str, path: &str) -> Option<&'r str> {
    let server = resolved.config.server(host)?;
    let location = server.locations.iter().find(|location| location.path == path)?;
    let origin = location.origin.as_ref()?;
    Some(&resolved.config.ingress(origin.ingress).name.name)
}

#[test]
fn without_creation_times_the_greater_name_comes_first_and_that_is_a_finding() {
    let text = one("aaa", "", "x.test", "/p", "a") + &one("bbb", "", "x.test", "/p", "b");
    let resolved = resolve(&text, Options::of);
    assert_eq!(owner(&resolved, "x.test", "/p/"), Some("bbb"));
    let found = codes(&resolved);
    assert!(found.contains(&Code::IngressDuplicatePath) && found.contains(&Code::IngressOrderAssumed));
}

#[test]
fn the_order_of_the_documents_can_be_taken_instead() {
    let text = one("aaa", "", "x.test", "/p", "a") + &one("bbb", "", "x.test", "/p", "b");
    let resolved = resolve(&text, |inventory| Options { order: Order::Document, ..Options::of(inventory) });
    assert_eq!(owner(&resolved, "x.test", "/p/"), Some("aaa"));
}

#[test]
fn ingresses_that_do_not_meet_need_no_order() {
    let text = one("aaa", "", "x.test", "/p", "a") + &one("bbb", "", "y.test", "/p", "b");
    assert!(!codes(&resolve(&text, Options::of)).contains(&Code::IngressOrderAssumed));
}

#[test]
fn secrets_and_services_are_assumed_where_none_were_read() {
    let resolved = resolve(&one("a", "", "x.test", "/p", "a"), Options::of);
    let server = resolved.config.server("x.test").expect("server");
    assert!(matches!(&server.tls.as_ref().expect("TLS").certificate, Certificate::Secret(secret) if secret.name == "cert"));
    assert!(resolved.config.upstreams.iter().all(|upstream| upstream.endpoints == Endpoints::Some));
    assert!(codes(&resolved).contains(&Code::IngressObjectsAssumed));
}

#[test]
fn a_secret_that_nobody_read_matters_only_where_its_location_is_asked() {
    let annotations =
        ["auth-type: basic", "auth-secret: users", "app-root: /start"].map(|one| format!("nginx.ingress.kubernetes.io/{one}"));
    let resolved = resolve(&one("a", &annotations.join(", "), "x.test", "/", "a"), Options::of);
    let router = nginx::Router::new(&resolved.config);
    let secret = |url: &str| router.assumed_secret(&witness::get(url)).map(|secret| secret.name.as_str());
    assert_eq!(secret("https://x.test/"), None);
    assert_eq!(secret("https://x.test/start"), Some("users"));
}

#[test]
fn a_missing_secret_leaves_the_default_certificate_where_everything_was_read() {
    let resolved = resolve(&one("a", "", "x.test", "/p", "a"), |_| Options { ingress_classes: Absent::Assumed, ..Options::CLOSED });
    let server = resolved.config.server("x.test").expect("server");
    assert_eq!(server.tls.as_ref().expect("TLS").certificate, Certificate::Default);
    assert!(codes(&resolved).contains(&Code::IngressTlsSecretUnusable));
}

#[test]
fn a_controller_that_runs_has_found_the_service_of_a_mirror() {
    let mirror = "nginx.ingress.kubernetes.io/mirror-target: http://shadow.default.svc.cluster.local/x";
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: default}\nspec: {ports: [{port: 80}]}\n";
    let text = one("a", mirror, "x.test", "/p", "a") + service;
    assert_eq!(resolve(&text, Options::of).config.refusals, []);
    let everything = |_: &Inventory| Options { ingress_classes: Absent::Assumed, ..Options::CLOSED };
    assert_eq!(resolve(&text, everything).config.refusals.len(), 1);
}

#[test]
fn one_rewrite_makes_every_path_of_the_host_an_expression() {
    let text = one("a", "", "x.test", "/api", "a") + &one("b", "nginx.ingress.kubernetes.io/rewrite-target: /new", "x.test", "/old", "b");
    let resolved = resolve(&text, Options::of);
    let server = resolved.config.server("x.test").expect("server");
    assert!(server.regex && server.locations.iter().all(|location| location.modifier == Modifier::Regex));
    assert_eq!(server.regex_because.len(), 1);
    assert!(codes(&resolved).contains(&Code::NginxRegexHost));
}

#[test]
fn a_host_whose_paths_are_all_rewritten_holds_no_surprise() {
    let text = one("b", "nginx.ingress.kubernetes.io/rewrite-target: /new", "x.test", "/old", "b");
    assert!(!codes(&resolve(&text, Options::of)).contains(&Code::NginxRegexHost));
}

#[test]
fn a_value_that_drops_the_ingress_is_named() {
    let text = one("a", "nginx.ingress.kubernetes.io/permanent-redirect: 'https://new.test$request_uri'", "x.test", "/", "a");
    let resolved = resolve(&text, Options::of);
    assert!(matches!(resolved.ingresses[0].fate, Fate::LeftOut(_)));
    let finding = resolved.findings.iter().find(|finding| finding.code == Code::AnnotationDroppedIngress).expect("finding");
    let field = finding.subject.as_ref().expect("subject").field.to_string();
    assert_eq!(field, "metadata.annotations[\"nginx.ingress.kubernetes.io/permanent-redirect\"]");
}

#[test]
fn authentication_that_fails_open_is_a_finding() {
    let text = one(
        "a",
        "nginx.ingress.kubernetes.io/auth-url: 'http://auth.svc/check', nginx.ingress.kubernetes.io/auth-always-set-cookie: 'maybe'",
        "x.test",
        "/",
        "a",
    );
    let resolved = resolve(&text, Options::of);
    assert!(codes(&resolved).contains(&Code::AnnotationAuthIgnored));
    assert!(resolved.config.ingresses[0].settings.external_auth.is_none());
}

#[test]
fn canaries_attach_to_the_upstream_of_their_path() {
    let text = one("main", "", "x.test", "/", "a")
        + &one("canary", "nginx.ingress.kubernetes.io/canary: 'true', nginx.ingress.kubernetes.io/canary-weight: '10'", "x.test", "/", "b");
    let resolved = resolve(&text, Options::of);
    let canary =
        resolved.ingresses.iter().find(|facts| facts.settings.as_ref().is_some_and(|settings| settings.is_canary())).expect("canary");
    let PathFate::Canary { primaries, dead: false } = &canary.paths[0][0] else { panic!("{:?}", canary.paths) };
    assert_eq!(resolved.config.upstream(primaries[0]).label().as_deref(), Some("default/a:80"));
}
