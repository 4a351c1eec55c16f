//! Reading a live cluster, against a server that pages, forbids, expires, is silent, and cuts.

use std::time::Duration;

use gateshift::{
    k8s::{NamespacedName, PathType},
    ledger::Code,
    read::{
        self, Reading,
        cluster::{self, Error, Extent, Options, Patience, Scope},
    },
};
use serde_json::{Value, json};

use crate::cluster_server::{Misbehave, Request, Server};

const INGRESSES: &str = "/apis/networking.k8s.io/v1/ingresses";

pub(crate) const ESTATE: &[&str] = &[
    include_str!("../../testdata/clusters/shop/boutique.yaml"),
    include_str!("../../testdata/clusters/shop/payments.yaml"),
    include_str!("../../testdata/clusters/shop/platform.yaml"),
    "{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: shop-tls, namespace: boutique}, data: {tls.crt: eA==, tls.key: eA==}}",
    "{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: api-tls, namespace: boutique}, data: {tls.crt: eA==, tls.key: eA==}}",
];

const CONTROLLER: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: controller, namespace: edge, labels: {app.kubernetes.io/name: ingress-nginx}}
spec:
  template:
    spec:
      containers:
      - name: controller
        image: registry.k8s.io/ingress-nginx/controller:v1.15.1
        args: [/nginx-ingress-controller, --configmap=$(POD_NAMESPACE)/main, --tcp-services-configmap, edge/tcp]
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: main, namespace: edge}, data: {add-headers: edge/added, proxy-body-size: 2m}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: added, namespace: edge}, data: {X-A: b}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: tcp, namespace: edge}, data: {'9000': 'shop/db:5432'}}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: other, namespace: edge}, data: {nobody: names-me}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: edge}, spec: {template: {spec: {containers: [{image: web}]}}}}
";

const ONE: &str = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop, annotations: {nginx.ingress.kubernetes.io/auth-secret: users}}
spec:
  tls: [{hosts: [a.example], secretName: cert}]
  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}}]
";

pub(crate) fn options(server: &Server) -> Options {
    Options {
        kubeconfig: Some(server.kubeconfig().clone()),
        scope: Scope::All,
        patience: Patience { silence: Duration::from_secs(60), attempts: 3, pause: Duration::from_millis(1), restarts: 2 },
        ..Options::default()
    }
}

/// Who waits a moment only.
fn impatient(server: &Server) -> Options {
    let mut options = options(server);
    options.patience.silence = Duration::from_millis(300);
    options
}

pub(crate) fn try_read(options: &Options) -> Result<Reading, Error> {
    cluster::read(options, &mut |_| {})
}

pub(crate) fn read_all(server: &Server) -> Reading {
    try_read(&options(server)).expect("a reading")
}

fn ingress(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace, "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "8m"}},
        "spec": {"rules": [{"host": format!("{name}.example"), "http": {"paths": [
            {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]},
    })
}

fn many(count: usize) -> Vec<Value> {
    (0..count).map(|index| ingress(&format!("team-{:02}", index % 40), &format!("web-{index:05}"))).collect()
}

/// What is said, as code and the kind it is about.
pub(crate) fn said(reading: &Reading) -> Vec<(Code, String)> {
    let kind = |finding: &gateshift::ledger::Finding| finding.facts.iter().find(|(name, _)| *name == "kind").map(|(_, kind)| kind.clone());
    reading.findings.iter().map(|finding| (finding.code, kind(finding).unwrap_or_default())).collect()
}

pub(crate) fn only(path: &'static str, misbehave: Misbehave) -> impl Fn(&Request) -> Option<Misbehave> + Send + Sync + 'static {
    move |request| (request.path == path).then(|| misbehave.clone())
}

fn first(path: &'static str, misbehave: Misbehave) -> impl Fn(&Request) -> Option<Misbehave> + Send + Sync + 'static {
    move |request| (request.path == path && request.earlier == 0).then(|| misbehave.clone())
}

#[test]
fn a_list_is_read_page_by_page() {
    let server = Server::of(many(1203), |_| None);
    let reading = read_all(&server);
    assert_eq!(reading.inventory.ingresses.len(), 1203);
    assert_eq!(server.count(INGRESSES), 3);
    let limits: Vec<String> =
        server.requests().iter().filter(|request| request.path == INGRESSES).map(|r| r.query["limit"].clone()).collect();
    assert_eq!(limits, ["500", "500", "500"]);
}

#[test]
fn twenty_thousand_ingresses_are_all_there_once() {
    let server = Server::of(many(20_000), |_| None);
    let reading = read_all(&server);
    let names: std::collections::BTreeSet<_> = reading.inventory.ingresses.iter().map(|ingress| ingress.meta.key()).collect();
    assert_eq!((reading.inventory.ingresses.len(), names.len()), (20_000, 20_000));
    assert_eq!(server.count(INGRESSES), 40);
}

#[test]
fn a_list_that_expires_half_way_is_read_again_from_its_beginning() {
    let server =
        Server::of(many(1203), |request| (request.path == INGRESSES && request.earlier == 2).then_some(Misbehave::Status(410, "expired")));
    let reading = read_all(&server);
    assert_eq!(reading.inventory.ingresses.len(), 1203);
    assert_eq!(reading.inventory.objects.iter().filter(|(reference, _)| reference.kind == "Ingress").count(), 1203);
    assert_eq!(server.count(INGRESSES), 6);
}

#[test]
fn a_list_that_always_expires_is_given_up() {
    let server = Server::of(many(600), |request| request.query.contains_key("continue").then_some(Misbehave::Status(410, "expired")));
    let error = try_read(&options(&server)).expect_err("no reading");
    assert_eq!(error.to_string(), "reading Ingresses from the cluster: the list expired 3 times before its end was reached");
}

#[test]
fn ingresses_that_may_not_be_listed_end_the_run_with_advice() {
    let server = Server::with(&[ONE], only(INGRESSES, Misbehave::Status(403, "ingresses is forbidden: User \"u\" cannot list")));
    let error = try_read(&options(&server)).expect_err("no reading");
    let text = error.to_string();
    assert!(text.starts_with("Ingresses may not be listed in all namespaces: ingresses is forbidden"), "{text}");
    assert!(text.contains("name one with `-n`"), "{text}");
}

#[test]
fn where_every_optional_kind_is_forbidden_the_assumptions_are_said() {
    let server = Server::with(&[ONE], |request| (request.path != INGRESSES).then_some(Misbehave::Status(403, "no")));
    let reading = read_all(&server);
    let kinds = ["IngressClass", "Service", "Namespace", "Deployment", "DaemonSet", "ConfigMap", "Secret", "API group"];
    assert_eq!(said(&reading), kinds.map(|kind| (Code::ClusterForbidden, kind.to_owned())));
    assert!(!reading.partial);
    let inventory = &reading.inventory;
    assert_eq!(inventory.ingresses.len(), 1);
    let secrets: Vec<(&str, Option<&Vec<String>>)> = inventory.secrets.values().map(|s| (s.meta.name.as_str(), s.keys.as_ref())).collect();
    assert_eq!(secrets, [("cert", None), ("users", None)]);
}

#[test]
fn secrets_that_are_forbidden_in_many_namespaces_are_said_once() {
    let texts: Vec<String> = (0..5).map(|at| ONE.replace("namespace: shop", &format!("namespace: shop-{at}"))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let server = Server::with(&texts, |request| request.path.ends_with("/secrets").then_some(Misbehave::Status(403, "no")));
    let reading = read_all(&server);
    let facts: Vec<_> =
        reading.findings.iter().filter(|finding| finding.code == Code::ClusterForbidden).map(|finding| &finding.facts[1].1).collect();
    assert_eq!(facts, [" of 5 namespaces (`shop-0`, `shop-1`, `shop-2`, …)"]);
    assert_eq!(reading.inventory.secrets.len(), 10);
}

#[test]
fn a_server_that_fails_for_one_namespace_is_not_asked_about_the_others() {
    let texts: Vec<String> = (0..5).map(|at| ONE.replace("namespace: shop", &format!("namespace: shop-{at}"))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let server = Server::with(&texts, |request| request.path.ends_with("/secrets").then_some(Misbehave::Status(500, "no")));
    let reading = read_all(&server);
    assert!(reading.partial);
    assert_eq!(server.requests().iter().filter(|request| request.path.ends_with("/secrets")).count(), 3);
}

#[test]
fn kinds_that_are_not_served_are_said() {
    let server = Server::with(&[ONE], |request| request.path.contains("ingressclasses").then_some(Misbehave::Status(404, "no")));
    assert!(said(&read_all(&server)).contains(&(Code::ClusterNotServed, "IngressClass".to_owned())));
}

#[test]
fn an_optional_kind_that_fails_leaves_the_reading_partial() {
    let server = Server::with(&[ONE], only("/api/v1/services", Misbehave::Status(500, "etcd is down")));
    let reading = read_all(&server);
    assert!(reading.partial);
    assert!(said(&reading).contains(&(Code::ClusterUnreadable, "Service".to_owned())));
    assert_eq!(server.count("/api/v1/services"), 3);
}

#[test]
fn a_busy_server_is_asked_again() {
    for misbehave in
        [Misbehave::TooMany, Misbehave::Status(503, "busy"), Misbehave::Hang, Misbehave::Cut, Misbehave::Truncate, Misbehave::Silence]
    {
        let server = Server::with(&[ONE], first(INGRESSES, misbehave.clone()));
        let options = if matches!(misbehave, Misbehave::Silence) { impatient(&server) } else { options(&server) };
        let reading = try_read(&options).expect("a reading");
        assert_eq!(reading.inventory.ingresses.len(), 1, "{misbehave:?}");
        assert!(!reading.partial, "{misbehave:?}");
    }
}

#[test]
fn a_page_that_never_arrives_whole_ends_the_run() {
    for (misbehave, words) in [
        (Misbehave::Cut, "the answer was cut"),
        (Misbehave::Truncate, "the answer is no complete JSON object"),
        (Misbehave::Silence, "no answer for 300ms"),
        (Misbehave::Status(500, "boom"), "boom (500)"),
    ] {
        let silent = matches!(misbehave, Misbehave::Silence);
        let server = Server::of(many(2), move |request| request.query.contains_key("continue").then(|| misbehave.clone()));
        let options = Options { page: 1, ..if silent { impatient(&server) } else { options(&server) } };
        let error = try_read(&options).expect_err("no reading").to_string();
        assert!(error.contains(words), "{error}");
        // The first page once, the second three times.
        assert_eq!(server.count(INGRESSES), 4);
    }
}

#[test]
fn refused_credentials_end_the_run_at_once() {
    let server = Server::with(&[ONE], |_| Some(Misbehave::Status(401, "Unauthorized")));
    let error = try_read(&options(&server)).expect_err("no reading").to_string();
    assert_eq!(error, "the cluster does not accept the credentials: Unauthorized (401)");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_server_that_is_not_there_is_tried_twice_and_named() {
    let server = Server::start(&[]);
    let text = std::fs::read_to_string(server.kubeconfig()).expect("kubeconfig");
    let port = text.split("127.0.0.1:").nth(1).and_then(|rest| rest.split('\'').next()).expect("port").to_owned();
    // Port 1 of loopback: nobody listens.
    std::fs::write(server.kubeconfig(), text.replace(&port, "1")).expect("kubeconfig");
    let error = try_read(&options(&server)).expect_err("no reading").to_string();
    assert!(error.starts_with("reading Ingresses from the cluster: ") && error.to_lowercase().contains("refused"), "{error}");
}

#[test]
fn credentials_and_impersonation_are_sent_with_every_request() {
    let server = Server::with(&[ONE], |_| None);
    let options =
        Options { impersonate: Some("jane".to_owned()), impersonate_groups: vec!["dev".to_owned(), "ops".to_owned()], ..options(&server) };
    try_read(&options).expect("a reading");
    for request in server.requests() {
        assert_eq!(request.method, "GET");
        assert_eq!(request.headers["authorization"], "Bearer secret-token");
        assert_eq!(request.headers["impersonate-user"], "jane");
        assert_eq!(request.headers["impersonate-group"], "ops");
        assert!(request.headers["user-agent"].starts_with("gateshift/"));
    }
}

#[test]
fn the_namespace_of_the_context_is_read_and_that_is_said() {
    let mut objects = many(3);
    objects.push(ingress("shop", "mine"));
    let server = Server::of(objects, |_| None);
    let reading = try_read(&Options { scope: Scope::Context, context: Some("shop".to_owned()), ..options(&server) }).expect("a reading");
    let names: Vec<String> = reading.inventory.ingresses.iter().map(|ingress| ingress.meta.key().to_string()).collect();
    assert_eq!(names, ["shop/mine"]);
    assert!(said(&reading).contains(&(Code::ClusterOneNamespace, String::new())));
}

#[test]
fn an_unknown_context_is_named() {
    let server = Server::start(&[]);
    let error = try_read(&Options { context: Some("nowhere".to_owned()), ..options(&server) }).expect_err("no reading").to_string();
    assert!(error.starts_with("no cluster to read: ") && error.contains("nowhere"), "{error}");
}

#[test]
fn only_config_maps_that_are_named_are_fetched() {
    let server = Server::with(&[ONE, CONTROLLER], |_| None);
    let reading = read_all(&server);
    let names: Vec<String> = reading.inventory.config_maps.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["edge/added", "edge/main", "edge/tcp"]);
    assert_eq!(server.count("/api/v1/configmaps"), 0);
    assert!(reading.inventory.workloads.iter().map(|workload| workload.meta.name.as_str()).eq(["controller"]));
}

#[test]
fn a_controller_without_the_usual_label_is_found_by_its_image() {
    let plain = CONTROLLER.replace("app.kubernetes.io/name: ingress-nginx", "app: edge");
    let server = Server::with(&[ONE, &plain], |_| None);
    let reading = read_all(&server);
    assert!(reading.inventory.workloads.iter().map(|workload| workload.meta.name.as_str()).eq(["controller"]));
    assert_eq!(reading.inventory.objects.iter().filter(|(reference, _)| reference.kind == "Deployment").count(), 1);
}

#[test]
fn a_cluster_without_controller_is_said() {
    let server = Server::with(&[ONE], |_| None);
    assert!(said(&read_all(&server)).contains(&(Code::ClusterControllerUnknown, String::new())));
}

const SECRETS: &str = "
{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: cert, namespace: shop}, data: {tls.crt: CERT, tls.key: a2V5}}
---
{apiVersion: v1, kind: Secret, type: Opaque, metadata: {name: users, namespace: shop}, data: {auth: eA==}}
---
{apiVersion: v1, kind: Secret, type: Opaque, metadata: {name: unrelated, namespace: shop}, data: {a: eA==}}
---
{apiVersion: v1, kind: Secret, type: kubernetes.io/tls, metadata: {name: cert, namespace: elsewhere}, data: {tls.crt: eA==, tls.key: a2V5}}
";

#[test]
fn of_secrets_only_names_and_types_of_those_that_are_named_are_read() {
    let server = Server::with(&[ONE, SECRETS], |_| None);
    let inventory = read_all(&server).inventory;
    let secrets: Vec<(String, &str, Option<Vec<&str>>)> = inventory
        .secrets
        .values()
        .map(|secret| {
            (
                secret.meta.key().to_string(),
                secret.kind.as_str(),
                secret.keys.as_ref().map(|keys| keys.iter().map(String::as_str).collect()),
            )
        })
        .collect();
    assert_eq!(
        secrets,
        [("shop/cert".to_owned(), "kubernetes.io/tls", Some(vec!["tls.crt", "tls.key"])), ("shop/users".to_owned(), "Opaque", None),]
    );
    let asked: Vec<String> =
        server.requests().into_iter().filter(|request| request.path.contains("secrets")).map(|request| request.path).collect();
    assert_eq!(asked, ["/api/v1/namespaces/shop/secrets"]);
}

#[test]
fn secrets_that_come_whole_although_a_table_was_asked_for_are_dropped() {
    let whole = json!({"kind": "SecretList", "apiVersion": "v1", "items": [{"metadata": {"name": "cert"}, "data": {"tls.key": "a2V5"}}]});
    let server = Server::with(&[ONE], only("/api/v1/namespaces/shop/secrets", Misbehave::Body(whole)));
    let reading = read_all(&server);
    assert!(said(&reading).contains(&(Code::ClusterUnreadable, "Secret".to_owned())));
    assert!(!format!("{reading:?}").contains("a2V5"));
}

#[test]
fn names_in_certificates_are_read_on_request_and_keys_never_kept() {
    let pem = certificate();
    let server = Server::with(&[ONE, &SECRETS.replacen("CERT", &pem, 1)], |_| None);
    let reading = try_read(&Options { certificates: true, ..options(&server) }).expect("a reading");
    let secret = &reading.inventory.secrets[&NamespacedName::new("shop", "cert")];
    assert_eq!(
        secret.certificate_names.as_deref(),
        Some(&["shop.example.com", "www.shop.example.com", "api.shop.example.com"].map(str::to_owned)[..])
    );
    assert!(!format!("{reading:?}").contains("a2V5"));
    assert_eq!(server.count("/api/v1/namespaces/shop/secrets/users"), 0);
}

/// The certificate of `shop.example.com`, as `tls.crt` holds it.
fn certificate() -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let pem = include_bytes!("../../testdata/tls/shop.crt");
    let mut text = String::new();
    for chunk in pem.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| (bits << 8) | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let digit = char::from(DIGITS[(bits >> (18 - 6 * at)) as usize & 63]);
            text.push(if at <= chunk.len() { digit } else { '=' });
        }
    }
    text
}

#[test]
fn endpoint_slices_are_read_on_request_only() {
    let slice = "{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}, \
                 endpoints: [{addresses: [10.0.0.1], conditions: {ready: true}}], ports: [{name: http, port: 80}]}";
    let server = Server::with(&[ONE, slice], |_| None);
    assert!(read_all(&server).inventory.endpoint_slices.is_empty());
    let reading = try_read(&Options { endpoints: true, ..options(&server) }).expect("a reading");
    assert_eq!(reading.inventory.endpoint_slices.len(), 1);
}

const GATEWAYS: &str = "
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: httproutes.gateway.networking.k8s.io, annotations: {
  gateway.networking.k8s.io/bundle-version: v1.5.1, gateway.networking.k8s.io/channel: standard}}}
---
{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: widgets.example.com}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: eg}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
status: {supportedFeatures: [{name: Gateway}, {name: HTTPRoute}]}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: main, namespace: edge}, spec: {gatewayClassName: eg, listeners: []}}
";

#[test]
fn the_installed_gateway_api_and_its_classes_are_read() {
    let server = Server::with(&[ONE, GATEWAYS], |_| None);
    let inventory = read_all(&server).inventory;
    let installed = inventory.gateway_api.expect("an installed API");
    assert_eq!((installed.version.as_deref(), installed.channel.as_deref()), (Some("1.5.1"), Some("standard")));
    assert_eq!(installed.kinds["HTTPRoute"], ["v1", "v1beta1"]);
    let [(_, class)] = inventory.gateway_objects.as_slice() else { panic!("one object") };
    assert_eq!(class.get("kind").and_then(gateshift::yaml::Node::as_text), Some("GatewayClass"));
    assert_eq!(class.get("status").and_then(|status| status.get("supportedFeatures")).map(|features| features.items().len()), Some(2));
}

#[test]
fn all_objects_of_gateway_api_are_read_on_request() {
    let server = Server::with(&[ONE, GATEWAYS], |_| None);
    let reading = try_read(&Options {
        extent: Extent { gateway_objects: true, ..Extent::default() },
        scope: Scope::Namespace("shop".to_owned()),
        ..options(&server)
    })
    .expect("a reading");
    let kinds: Vec<&str> = reading.inventory.gateway_objects.iter().map(|(id, _)| reading.inventory.object(*id).kind.as_str()).collect();
    assert_eq!(kinds, ["GatewayClass", "Gateway"]);
}

#[test]
fn definitions_of_several_releases_are_said_and_the_oldest_is_taken() {
    let more = "{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: gateways.gateway.networking.k8s.io, annotations: {
        gateway.networking.k8s.io/bundle-version: v1.10.0, gateway.networking.k8s.io/channel: experimental}}}";
    let server = Server::with(&[ONE, GATEWAYS, more], |_| None);
    let reading = read_all(&server);
    assert!(said(&reading).contains(&(Code::ClusterMixedBundles, String::new())));
    let installed = reading.inventory.gateway_api.expect("an installed API");
    assert_eq!((installed.version.as_deref(), installed.channel.as_deref()), (Some("1.5.1"), Some("standard")));
}

#[test]
fn objects_are_read_as_files_are_without_a_place() {
    let server = Server::with(&[ONE], |_| None);
    let live = read_all(&server).inventory;
    let files = read::texts([("one.yaml".to_owned(), ONE.to_owned())], &read::Options::default()).inventory;
    let (live_one, file_one) = (&live.ingresses[0], &files.ingresses[0]);
    assert_eq!(live_one.rules, file_one.rules);
    assert_eq!(live_one.tls, file_one.tls);
    assert_eq!(live_one.meta.annotations, file_one.meta.annotations);
    assert_eq!(live_one.rules[0].paths.as_ref().expect("paths")[0].path_type, Some(PathType::Prefix));
    assert_eq!(live.objects[live_one.id.0 as usize].1, None);
}

#[test]
fn files_beside_a_cluster_win() {
    let server = Server::with(&[ONE, CONTROLLER], |_| None);
    let file = "{apiVersion: v1, kind: ConfigMap, metadata: {name: main, namespace: edge}, data: {proxy-body-size: 9m}}";
    let files = read::texts([("main.yaml".to_owned(), file.to_owned())], &read::Options::default());
    let reading = cluster::with_files(files, read_all(&server));
    let map = &reading.inventory.config_maps[&NamespacedName::new("edge", "main")];
    assert_eq!(map.data["proxy-body-size"], "9m");
    assert_eq!(reading.inventory.object(reading.inventory.ingresses[0].id).to_string(), "Ingress shop/web");
}

#[test]
fn the_cluster_converts_to_the_same_bytes_as_the_files() {
    let server = Server::start(ESTATE);
    let live = read_all(&server);
    let mut files =
        read::texts(ESTATE.iter().enumerate().map(|(at, text)| (format!("{at}.yaml"), (*text).to_owned())), &read::Options::default());
    assert_eq!(files.inventory.ingresses.len(), live.inventory.ingresses.len());
    // Objects of a cluster stand in no file, and comments say so.
    files.inventory.objects.iter_mut().for_each(|(_, origin)| *origin = None);
    assert_eq!(converted(&live), converted(&files));
}

/// What `convert` prints.
pub(crate) fn converted(reading: &Reading) -> String {
    use gateshift::{ingress, report, targets, translate};
    let inventory = &reading.inventory;
    let controller = ingress::controller(inventory, &ingress::Given::default());
    let resolved = ingress::resolve(inventory, &controller, &ingress::Options::of(inventory));
    let options = translate::Options::of(targets::by_id("standard").expect("a target"), "eg");
    let translation = translate::translate(&resolved.config, inventory, &options);
    report::yaml_stream(&translation.objects, inventory)
}
