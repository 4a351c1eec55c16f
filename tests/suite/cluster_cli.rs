//! Verbs that read a cluster as a user runs them, against a server on loopback.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    cases::gateshift,
    cluster_server::{Misbehave, Server},
};

/// An Ingress with TLS for each of two contexts: that of namespace `default`, and that of `shop`.
const INGRESSES: &str = "
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: k8s.io/ingress-nginx}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: default}, spec: {ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {ports: [{port: 80}]}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: default, annotations: {nginx.ingress.kubernetes.io/permanent-redirect: 'https://new.example/', nginx.ingress.kubernetes.io/permanent-redirect-code: '308'}}
spec:
  ingressClassName: nginx
  rules: [{host: old.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
";

fn definitions(version: &str, channel: &str) -> String {
    format!(
        "{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {{name: httproutes.gateway.networking.k8s.io, annotations: {{
           gateway.networking.k8s.io/bundle-version: v{version}, gateway.networking.k8s.io/channel: {channel}}}}}}}"
    )
}

/// What `gateshift` says: exit code, stdout, stderr.
fn run(server: &Server, arguments: &[&str]) -> (i32, String, String) {
    let kubeconfig = server.kubeconfig().display().to_string();
    let mut all = arguments.to_vec();
    all.extend(["--kubeconfig", &kubeconfig]);
    let output = gateshift(&std::env::temp_dir(), &all);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("gateshift-cluster-cli-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("temporary folder");
    folder
}

#[test]
fn manifests_are_written_for_the_version_that_the_cluster_has() {
    for (version, channel, status) in
        [("1.4.1", "standard", 301), ("1.6.3", "standard", 308), ("1.4.0", "experimental", 301), ("9.0.0", "standard", 308)]
    {
        let server = Server::with(&[INGRESSES, &definitions(version, channel)], |_| None);
        let (_, stdout, stderr) = run(&server, &["convert", "-A"]);
        assert!(stdout.contains(&format!("statusCode: {status}")), "{version} {channel}: {stdout}{stderr}");
    }
}

#[test]
fn a_version_that_is_named_wins_over_that_of_the_cluster() {
    let server = Server::with(&[INGRESSES, &definitions("1.4.1", "standard")], |_| None);
    assert!(run(&server, &["convert", "-A", "--gateway-api", "1.6"]).1.contains("statusCode: 308"));
    assert!(run(&server, &["validate"]).2.contains("checked against 1.4 (standard channel)"));
}

#[test]
fn each_context_is_converted_into_a_folder_of_its_own() {
    let server = Server::with(&[INGRESSES], |_| None);
    let folder = scratch("contexts");
    let out = folder.join("out").display().to_string();
    let (code, stdout, stderr) = run(&server, &["convert", "--context", "test", "--context", "shop", "--output-dir", &out]);
    assert_eq!((code, stdout.as_str()), (0, ""), "{stderr}");
    for (file, there) in
        [("test/default/httproutes.yaml", true), ("shop/shop/httproutes.yaml", true), ("test/shop", false), ("shop/default", false)]
    {
        assert_eq!(folder.join("out").join(file).exists(), there, "{file}");
    }
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn several_contexts_need_a_verb_and_a_format_that_take_them() {
    let server = Server::with(&[INGRESSES], |_| None);
    let both = ["--context", "test", "--context", "shop"];
    let (code, _, stderr) = run(&server, &[&["convert"][..], &both].concat());
    assert_eq!(code, 2, "{stderr}");
    for (context, there) in [("test", true), ("shop", false)] {
        let (_, stdout, _) = run(&server, &["targets", "--context", context]);
        assert_eq!(stdout.contains("permanent-redirect"), there, "the context that is named is read: {stdout}");
    }
    for verb in ["diff", "targets"] {
        let (code, stdout, stderr) = run(&server, &[&[verb][..], &both].concat());
        assert!(code < 2 && stdout.contains("context test\n") && stdout.contains("context shop\n"), "{verb} {code}: {stdout}{stderr}");
    }
}

#[test]
fn machine_formats_name_each_of_several_contexts() {
    let server = Server::with(&[INGRESSES], |_| None);
    let both = ["--context", "test", "--context", "shop"];
    for verb in [
        &["diff", "-o", "json"][..],
        &["targets", "-o", "json"],
        &["validate", "-o", "json"],
        &["trace", "http://shop.example/", "-o", "json"],
    ] {
        let (code, stdout, stderr) = run(&server, &[verb, &both].concat());
        assert!(code < 2, "{verb:?}: {stderr}");
        let documents: Vec<Value> = serde_json::Deserializer::from_str(&stdout).into_iter().collect::<Result<_, _>>().expect("JSON");
        let names: Vec<&str> = documents.iter().filter_map(|document| document["context"].as_str()).collect();
        assert_eq!(names, ["test", "shop"], "{verb:?}");
        let (_, alone, _) = run(&server, &[verb, &both[..2]].concat());
        let alone: Value = serde_json::from_str(&alone).expect("JSON");
        assert_eq!(alone.get("context"), None, "{verb:?}");
    }
    let (_, stdout, stderr) = run(&server, &[&["trace", "http://shop.example/"][..], &both].concat());
    let of = |context: &str| stdout.split("context ").find(|part| part.starts_with(context)).expect("a part").to_owned();
    assert!(of("test").contains("answered with 404") && of("shop").contains("`shop/web:80`"), "{stdout}{stderr}");
}

#[test]
fn a_cluster_that_does_not_answer_does_not_end_the_others() {
    let server = Server::with(&[INGRESSES], |_| None);
    let both = ["--context", "gone", "--context", "shop"];
    for verb in [&["diff"][..], &["targets", "--only", "gke"], &["report"]] {
        let (code, stdout, stderr) = run(&server, &[verb, &both].concat());
        assert_eq!(code, 3, "{verb:?}: {stderr}");
        assert!(stderr.contains("high[cluster/unreachable]: nothing is known of cluster `gone`"), "{verb:?}: {stderr}");
        assert!(stdout.contains("shop") || verb == ["report"], "{verb:?}: {stdout}");
    }
    let (_, text, _) = run(&server, &[&["report"][..], &both].concat());
    assert!(text.contains("Cluster that was not read"), "{text}");
    // Where nobody answers there is nothing to say.
    for contexts in [&["--context", "gone"][..], &["--context", "gone", "--context", "nowhere"]] {
        let (code, stdout, _) = run(&server, &[&["diff"][..], contexts].concat());
        assert_eq!(code, 4, "{contexts:?}: {stdout}");
    }
}

#[test]
fn what_is_needed_comes_first_and_of_a_cluster_it_is_said_whether_it_is_there() {
    let server = Server::with(&[INGRESSES, &definitions("1.6.1", "standard")], |_| None);
    for verb in ["convert", "diff", "report"] {
        let (_, _, stderr) = run(&server, &[verb, "-A", "--target", "envoy-gateway"]);
        let lines: Vec<&str> = stderr.lines().filter(|line| !line.starts_with("context ")).collect();
        let first = lines.first().expect("a line");
        assert!(first.starts_with("needs    the CRDs of Gateway API 1.6 or later") && first.ends_with(" (there)"), "{verb}: {stderr}");
        let own = lines.iter().find(|line| line.contains("CRDs of gateway.envoyproxy.io")).expect("a line");
        assert!(own.ends_with("(missing in the cluster)"), "{verb}: {stderr}");
    }
    let old = Server::with(&[INGRESSES, &definitions("1.4.1", "standard")], |_| None);
    let (_, _, stderr) = run(&old, &["convert", "-A", "--gateway-api", "1.6"]);
    assert!(stderr.starts_with("needs    the CRDs of Gateway API 1.6"), "{stderr}");
    assert!(stderr.lines().next().is_some_and(|line| line.ends_with("version 1.4.1 (missing in the cluster)")), "{stderr}");
    let (_, stdout, _) = run(&server, &["targets", "-A", "--only", "envoy-gateway", "-o", "json"]);
    let told: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(told["targets"][0]["needs"][0]["met"], true, "{stdout}");
}

#[test]
fn several_contexts_are_one_report() {
    let server = Server::with(&[INGRESSES], |_| None);
    let both = ["report", "--context", "test", "--context", "shop", "--target", "envoy-gateway"];
    for format in ["text", "markdown", "sarif", "html"] {
        let (code, stdout, stderr) = run(&server, &[&both[..], &["-o", format]].concat());
        assert!(code < 2, "{format}: {code} {stderr}");
        assert!(stdout.contains("test") && stdout.contains("shop"), "{format}: {stdout}");
        assert_eq!(stdout.matches("igration risk: ").count(), usize::from(format != "sarif"), "one report: {format}");
    }
    let folder = scratch("report");
    let file = folder.join("report.json").display().to_string();
    let known = folder.join("known.json").display().to_string();
    let (code, stdout, stderr) = run(&server, &[&both[..], &["-o", "json", "--output-file", &file, "--write-baseline", &known]].concat());
    assert!(code < 2 && stdout.is_empty(), "{code}: {stdout}{stderr}");
    let report: Value = serde_json::from_str(&fs::read_to_string(&file).expect("the report is written")).expect("JSON");
    let names = |pointer: &str| report.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    assert_eq!((names("/clusters/0/name"), names("/clusters/1/name")), (Some("test".to_owned()), Some("shop".to_owned())));
    let hosts: Vec<(&str, u64)> = report["hosts"]
        .as_array()
        .expect("hosts")
        .iter()
        .map(|host| (host["host"].as_str().unwrap_or_default(), host["cluster"].as_u64().unwrap_or(9)))
        .filter(|(host, _)| *host != "*")
        .collect();
    assert_eq!(hosts, [("old.example", 0), ("shop.example", 1)]);
    // A baseline knows in which cluster something was found.
    let (code, ..) = run(&server, &[&both[..], &["--baseline", &known, "--fail-on", "low"]].concat());
    assert_eq!(code, 0, "everything is known");
    let other = [
        "report",
        "--context",
        "shop",
        "--context",
        "test",
        "--target",
        "envoy-gateway",
        "--baseline",
        &known,
        "--fail-on",
        "info",
        "-o",
        "json",
    ];
    assert_eq!(run(&server, &other).0, 0, "the order of contexts changes nothing");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn an_acceptance_is_used_where_any_cluster_needs_it() {
    let server = Server::with(&[INGRESSES], |_| None);
    let folder = scratch("accept");
    let config = folder.join("gateshift.yaml");
    let unused = |text: &str| {
        fs::write(&config, text).expect("the file is written");
        let arguments = ["report", "--context", "test", "--context", "shop", "-o", "json", "--config", &config.display().to_string()];
        let (_, stdout, _) = run(&server, &arguments);
        stdout.matches("\"code\": \"difference/acceptance-unused\"").count()
    };
    let (_, stdout, _) = run(&server, &["report", "--context", "test", "-o", "json"]);
    let report: Value = serde_json::from_str(&stdout).expect("JSON");
    let witnessed = report["findings"].as_array().expect("findings").iter().find(|finding| finding["witness"].is_object());
    let code = witnessed.expect("the redirect without TLS differs")["code"].as_str().expect("a code").to_owned();
    assert_eq!(unused(&format!("accept: [{{code: {code}, host: old.example, reason: known}}]")), 0);
    assert!(unused("accept: [{code: difference/letter-case, host: nobody.example, reason: known}]") > 0);
    let _ = fs::remove_dir_all(folder);
}

const ROUTES: &str = "
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: eg}, spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: main, namespace: edge}
spec: {gatewayClassName: eg, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop, generation: 2}
spec: {parentRefs: [{name: main, namespace: edge}], hostnames: [shop.example], rules: [{backendRefs: [{name: web, port: 80}]}]}
";

fn refused() -> String {
    "status: {parents: [{parentRef: {name: main, namespace: edge}, controllerName: gateway.envoyproxy.io/gatewayclass-controller, conditions: [
        {type: Accepted, status: 'False', reason: UnsupportedValue, message: no, observedGeneration: 2, lastTransitionTime: '2026-01-01T00:00:00Z'}]}]}\n"
        .to_owned()
}

#[test]
fn the_new_side_can_be_what_the_cluster_has_with_its_conditions() {
    let arguments = ["diff", "-A", "--against-cluster", "--host", "shop.example", "--target", "envoy-gateway"];
    let server = Server::with(&[INGRESSES, ROUTES], |_| None);
    let (_, stdout, stderr) = run(&server, &arguments);
    assert!(!stdout.contains("not-served"), "{stdout}{stderr}");
    let server = Server::with(&[INGRESSES, &format!("{ROUTES}{}", refused())], |_| None);
    let (code, stdout, stderr) = run(&server, &arguments);
    assert_eq!(code, 1, "{stdout}{stderr}");
    assert!(stdout.contains("not-served") && stderr.contains("gateway/condition-false"), "{stdout}{stderr}");
}

#[test]
fn a_request_is_traced_through_what_the_cluster_has() {
    let server = Server::with(&[INGRESSES, ROUTES], |_| None);
    let arguments = ["trace", "http://shop.example/x", "-A", "--against-cluster", "--target", "envoy-gateway", "-o", "json"];
    let (code, stdout, stderr) = run(&server, &arguments);
    assert_eq!(code, 0, "{stderr}");
    let line: Value = serde_json::from_str(&stdout).expect("a JSON line");
    assert_eq!((&line["old"]["backend"], &line["new"]["backend"]), (&json!("shop/web:80"), &json!("shop/web:80")), "{line}");
}

#[test]
fn routes_attach_to_a_gateway_that_the_cluster_has() {
    let server = Server::with(&[INGRESSES, ROUTES], |_| None);
    let (code, stdout, stderr) = run(&server, &["convert", "-A", "--existing-gateway", "edge/other"]);
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    let (code, stdout, stderr) = run(&server, &["convert", "-A", "--existing-gateway", "edge/main"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!stdout.contains("kind: Gateway\n") && stdout.contains("- name: main\n    namespace: edge\n    sectionName: http"), "{stdout}");
}

fn ingress(number: usize) -> Value {
    let (namespace, name) = (format!("team-{:02}", number % 40), format!("web-{number:05}"));
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": namespace, "annotations": {
            "nginx.ingress.kubernetes.io/proxy-body-size": "8m",
            "nginx.ingress.kubernetes.io/rewrite-target": "/$2",
            "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(600),
        }},
        "spec": {"ingressClassName": "nginx", "rules": [{"host": format!("{name}.example"), "http": {"paths": [
            {"path": "/api(/|$)(.*)", "pathType": "ImplementationSpecific", "backend": {"service": {"name": "web", "port": {"number": 80}}}}]}}]},
    })
}

/// Most memory that a process held, in MB, asked for until it ends.
fn peak(mut child: std::process::Child) -> (u64, bool) {
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        if let Some(line) = fs::read_to_string(&status).unwrap_or_default().lines().find(|line| line.starts_with("VmHWM:")) {
            let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0);
            most = most.max(kilobytes / 1024);
        }
        if let Some(end) = child.try_wait().expect("a child") {
            return (most, end.success());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn twenty_thousand_ingresses_take_less_than_300_mb() {
    let mut objects: Vec<Value> = (0..20_000).map(ingress).collect();
    objects.push(json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass", "metadata": {"name": "nginx"}, "spec": {"controller": "k8s.io/ingress-nginx"}}));
    let server = Server::of(objects, |_| None);
    let child = Command::new(env!("CARGO_BIN_EXE_gateshift"))
        .args(["convert", "-A", "--no-check", "--fail-on", "blocked", "--kubeconfig"])
        .arg(server.kubeconfig())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("gateshift runs");
    let (most, success) = peak(child);
    assert!(success && most > 20, "{most} MB, success {success}");
    assert!(most < 300, "{most} MB");
}

#[test]
fn each_verb_says_what_is_assumed_of_every_kind_that_is_forbidden() {
    let server = Server::with(&[INGRESSES], |request| (!request.path.ends_with("/ingresses")).then_some(Misbehave::Status(403, "no")));
    for verb in [&["convert"][..], &["diff"], &["targets"], &["trace", "http://shop.example/"]] {
        let (_, _, stderr) = run(&server, &[verb, &["-A"]].concat());
        for assumed in
            ["IngressClass may not be read", "Service may not be read", "Namespace may not be read", "Deployment may not be read"]
        {
            assert!(stderr.contains(&format!("cluster/forbidden]: {assumed}")), "{verb:?}: {stderr}");
        }
        assert!(verb != ["convert"] || stderr.contains("read     the cluster: "), "{stderr}");
    }
}
