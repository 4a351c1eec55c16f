//! How fast estates are converted and judged: `cargo bench --bench convert` prints counts and times. The counts are part of the promise.

use gateshift::{
    compare::{self, Limits},
    gateway::{
        self,
        dialect::Target,
        facts::Absent,
        limits::{Channel, Judge, Version},
        objects::Objects,
    },
    ingress, nginx, read, report, targets, translate,
};
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// That of the binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CLASS: &str =
    "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: nginx}\nspec: {controller: k8s.io/ingress-nginx}\n";

/// Ingresses in 200 namespaces, each with its own host, certificate and two paths.
fn hosts(count: usize) -> String {
    let mut text = CLASS.to_owned();
    for number in 0..count {
        let namespace = number % 200;
        let _ = write!(
            text,
            "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: app-{number}
  namespace: team-{namespace}
  labels:
    app.kubernetes.io/name: app-{number}
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
spec:
  ingressClassName: nginx
  tls:
  - hosts:
    - app-{number}.example.com
    secretName: app-{number}-tls
  rules:
  - host: app-{number}.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend: {{service: {{name: web-{number}, port: {{number: 80}}}}}}
      - path: /api
        pathType: Prefix
        backend: {{service: {{name: api-{number}, port: {{number: 8080}}}}}}
"
        );
    }
    text
}

/// One Ingress with many paths of one host.
fn paths(count: usize) -> String {
    let mut text = format!(
        "{CLASS}---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {{name: shop, namespace: shop}}
spec:
  ingressClassName: nginx
  tls:
  - hosts: [shop.example.com]
    secretName: shop-tls
  rules:
  - host: shop.example.com
    http:
      paths:
"
    );
    for number in 0..count {
        let _ = writeln!(
            text,
            "      - path: /svc{number}\n        pathType: Prefix\n        backend: {{service: {{name: svc-{number}, port: {{number: 80}}}}}}"
        );
    }
    text
}

struct Estate {
    reading: read::Reading,
    resolved: ingress::Resolved,
    translation: translate::Translation,
    manifests: String,
    took: Duration,
}

/// What `convert` does, one step after the other.
fn convert(text: String) -> Estate {
    let start = Instant::now();
    let reading = read::texts([("ingresses.yaml".to_owned(), text)], &read::Options::default());
    let given = ingress::Given { config_map: None, arguments: Vec::new() };
    let controller = ingress::controller(&reading.inventory, &given);
    let resolved = ingress::resolve(&reading.inventory, &controller, &ingress::Options::of(&reading.inventory));
    let options = translate::Options::of(targets::by_id("standard").expect("a known target"), "class");
    let translation = translate::translate(&resolved.config, &reading.inventory, &options);
    let judge = Judge::new("1.5".parse::<Version>().expect("a known version"), Channel::Standard);
    assert!(translation.objects.iter().all(|emitted| judge.object(&emitted.object).is_accepted_strictly()));
    let tally = report::tally_of_account(&reading.inventory, &resolved, &translation);
    assert_eq!(tally.total(), reading.inventory.ingresses.iter().map(|ingress| ingress.meta.annotations.len()).sum::<usize>());
    let manifests = report::yaml_stream(&translation.objects, &reading.inventory);
    Estate { reading, resolved, translation, manifests, took: start.elapsed() }
}

#[allow(clippy::print_stdout)] // that is what it is for
fn measure_conversion(name: &str, text: String, objects: usize) -> Duration {
    let read = text.len();
    let estate = convert(text);
    let (count, written) = (estate.translation.objects.len(), estate.manifests.len());
    println!("convert {name:34} {read:9} bytes read {count:7} objects {written:10} bytes written {:>10.2?}", estate.took);
    assert_eq!(count, objects, "{name}");
    estate.took
}

#[allow(clippy::print_stdout)] // that is what it is for
fn measure_judgement(name: &str, text: String, expected: Expected) {
    let estate = convert(text);
    let start = Instant::now();
    let inventory = read::texts([("converted.yaml".to_owned(), estate.manifests)], &read::Options::default()).inventory;
    let judge = Judge::new("1.5".parse::<Version>().expect("a known version"), Channel::Standard);
    let read = Objects::read(&inventory, Some(&judge));
    let target = Target::named("standard").expect("a known target");
    let options = gateway::resolve::Options { gateway: None, absent: Absent::UnlessKindIsUnknown, ..gateway::resolve::Options::default() };
    let config = gateway::resolve::resolve(&read.objects, &estate.reading.inventory, target, &options);
    let resolved = start.elapsed();
    let start = Instant::now();
    let limits = Limits { probed_hosts: 0, ..Limits::default() };
    let comparison = compare::compare(&nginx::Router::new(&estate.resolved.config), &config, &limits);
    let took = start.elapsed();
    let hosts = comparison.hosts.len();
    let (atoms, states, cells) = comparison
        .hosts
        .iter()
        .fold((0, 0, 0), |(atoms, states, cells), host| (atoms + host.work.atoms, states + host.work.states, cells + host.work.cells));
    println!(
        "judge   {name:34} {hosts:5} hosts {atoms:6} atoms {states:7} states {cells:7} cells {resolved:>10.2?} to read and resolve {took:>10.2?} to judge"
    );
    assert_eq!(Expected { hosts, atoms, cells }, expected, "{name}");
}

/// Sums over all hosts.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    hosts: usize,
    atoms: usize,
    cells: usize,
}

#[allow(clippy::print_stdout)] // that is what it is for
fn main() {
    measure_judgement("1 host, 400 paths", paths(400), Expected { hosts: 2, atoms: 806, cells: 2011 });
    measure_judgement("8 000 hosts, 2 paths each", hosts(8000), Expected { hosts: 8001, atoms: 24_005, cells: 112_008 });
    let few = measure_conversion("1 host, 1 000 paths", paths(1000), 67);
    let many = measure_conversion("1 host, 10 000 paths", paths(10_000), 629);
    let times = many.as_secs_f64() / few.as_secs_f64();
    println!("        {times:.1} times as long");
    // Far from what is promised (11), and far from what looking at all pairs of paths would take (100).
    assert!(times < 40.0, "ten times the paths take {times:.0} times as long");
    let small = measure_conversion("8 000 hosts, 2 paths each", hosts(8000), 16_852);
    let large = measure_conversion("100 000 hosts, 2 paths each", hosts(100_000), 209_527);
    println!("        {:.1} times as long", large.as_secs_f64() / small.as_secs_f64());
}
