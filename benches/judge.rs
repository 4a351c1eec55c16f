//! How long the judge takes: `cargo bench --bench judge` prints counts and times.

use gateshift::{
    compare::{self, Limits},
    gateway::{
        dialect::Target,
        facts::{Absent, Facts},
        limits::{Channel, Judge, Version},
        objects::Objects,
        resolve,
    },
    ingress, nginx, read, report, targets, translate,
};
use std::{fmt::Write as _, hint::black_box, time::Instant};

fn ingress(host: &str, paths: &[(String, &str, String)], annotations: &str, tls: bool) -> String {
    let mut text = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {host}, namespace: shop, annotations: {{{annotations}}}}}\nspec:\n  ingressClassName: nginx\n"
    );
    if tls {
        let _ = writeln!(text, "  tls: [{{hosts: [{host}], secretName: cert}}]");
    }
    let _ = write!(text, "  rules:\n  - host: {host}\n    http:\n      paths:\n");
    for (path, kind, service) in paths {
        let _ =
            writeln!(text, "      - {{path: '{path}', pathType: {kind}, backend: {{service: {{name: {service}, port: {{number: 80}}}}}}}}");
    }
    text.push_str("---\n");
    text
}

fn prefix(path: &str, service: &str) -> (String, &'static str, String) {
    (path.to_owned(), "Prefix", service.to_owned())
}

#[allow(clippy::print_stdout)] // that is what it is for
fn measure(name: &str, yaml: &str, target: &str) {
    let inventory = read::texts([("input.yaml".to_owned(), yaml.to_owned())], &read::Options::default()).inventory;
    let controller = ingress::controller(&inventory, &ingress::Given::default());
    let config = ingress::resolve(&inventory, &controller, &ingress::Options::of(&inventory)).config;
    let options = translate::Options::of(targets::by_id(target).expect("target"), "any");
    let written = report::yaml_stream(&translate::translate(&config, &inventory, &options).objects, &inventory);
    let manifests = read::texts([("converted.yaml".to_owned(), written)], &read::Options::default()).inventory;
    let judge = Judge::new("1.5".parse::<Version>().expect("version"), Channel::Standard);
    let read = Objects::read(&manifests, Some(&judge));
    let dialect = Target::named(target).expect("dialect");
    let absent = Absent::UnlessKindIsUnknown;
    let policies = targets::read_back(target, &read.objects, &manifests, &Facts::of(&inventory, absent));
    let options = resolve::Options { gateway: None, absent, policies };
    let start = Instant::now();
    let new = resolve::resolve(&read.objects, &inventory, dialect, &options);
    let resolving = start.elapsed();
    let start = Instant::now();
    let old = nginx::Router::new(&config);
    let comparison = black_box(compare::compare(&old, &new, &Limits::default()));
    let judging = start.elapsed();
    let cells: usize = comparison.hosts.iter().map(|host| host.work.cells).sum();
    let summary = comparison.summary;
    println!(
        "{name:36} {target:14} {:6} proved {:6} differ {:3} undecided {cells:8} cells {resolving:>12.2?} to resolve {judging:>12.2?}",
        summary.proved, summary.differs, summary.undecided
    );
}

fn main() {
    let two = [prefix("/", "web"), prefix("/api", "api")];
    let many: Vec<_> = (0..400).map(|number| prefix(&format!("/svc{number}"), &format!("s{number}"))).collect();
    let regexes: Vec<_> =
        (0..20).map(|number| (format!("/svc{number}(/|$)(.*)"), "ImplementationSpecific", format!("s{number}"))).collect();
    let regex = "nginx.ingress.kubernetes.io/use-regex: 'true', nginx.ingress.kubernetes.io/rewrite-target: /$2";
    let hosts = |tls: bool| (0..8000).map(|number| ingress(&format!("app{number}.example.com"), &two, "", tls)).collect::<String>();
    let (plain, tls) = (hosts(false), hosts(true));
    for target in ["standard", "envoy-gateway"] {
        measure("8 000 hosts, 2 paths each", &plain, target);
        measure("8 000 hosts with TLS, 2 paths each", &tls, target);
        measure("1 host, 400 prefixes", &ingress("one.example", &many, "", false), target);
        measure("1 host, 20 rewriting expressions", &ingress("one.example", &regexes, regex, false), target);
    }
}
