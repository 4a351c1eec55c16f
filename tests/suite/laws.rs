//! Laws of the judge, over small generated clusters: a configuration compared with itself has no difference, a proof holds for every
//! clean request, and every difference replays.

use gateshift::{
    compare::{Comparison, Judgement, Limits, Requests, Router, compare, witness},
    nginx,
    request::{Header, Request, World},
};
use proptest::{prelude::*, sample::select, test_runner::Config};

use super::judge::{converted, ingresses, inventory, manifests, summary};

/// Services that answer, and let everybody in.
struct Open;

impl World for Open {
    fn authentication(&self, _: &str) -> Option<u16> {
        Some(200)
    }

    fn password(&self, _: &gateshift::k8s::NamespacedName, _: &str, _: &str) -> Option<bool> {
        Some(true)
    }
}

const HOSTS: [&str; 4] = ["shop.example", "api.shop.example", "*.shop.example", "www.other.example"];
const PATHS: [&str; 8] = ["/", "/api", "/api/", "/api/v1", "/app", "/API", "/a.b", "/apple"];
const EXPRESSIONS: [&str; 4] = ["/api/v[0-9]+", "/app(/|$)(.*)", "/(a|b)c", "/x/.*"];
const ANNOTATIONS: [&str; 12] = [
    "use-regex: 'true'",
    "rewrite-target: /$2",
    "force-ssl-redirect: 'true'",
    "enable-cors: 'true'",
    "cors-allow-origin: 'https://a.example'",
    "permanent-redirect: 'https://new.example/x'",
    "whitelist-source-range: 10.0.0.0/8",
    "app-root: /home",
    "upstream-vhost: inner.example",
    "auth-url: 'http://auth.example/'",
    "proxy-body-size: 8m",
    "from-to-www-redirect: 'true'",
];

/// An Ingress as it is drawn.
#[derive(Debug, Clone)]
struct Drawn {
    host: &'static str,
    paths: Vec<(&'static str, &'static str, u8)>,
    annotations: Vec<&'static str>,
    tls: bool,
    canary: bool,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let kind = select(vec!["Prefix", "Exact", "ImplementationSpecific"]);
    let path = prop_oneof![
        4 => (select(PATHS.to_vec()), kind, 0..3_u8).boxed(),
        1 => (select(EXPRESSIONS.to_vec()), Just("ImplementationSpecific"), 0..3_u8).boxed(),
    ];
    let annotations = proptest::collection::vec(select(ANNOTATIONS.to_vec()), 0..3);
    (select(HOSTS.to_vec()), proptest::collection::vec(path, 1..4), annotations, any::<bool>(), proptest::bool::weighted(0.2))
        .prop_map(|(host, paths, annotations, tls, canary)| Drawn { host, paths, annotations, tls, canary })
}

fn yaml(cluster: &[Drawn]) -> String {
    let mut text = String::new();
    for (number, Drawn { host, paths, annotations, tls, canary }) in cluster.iter().enumerate() {
        let mut lines: Vec<String> = Vec::new();
        for annotation in annotations {
            let line = format!("    nginx.ingress.kubernetes.io/{annotation}\n");
            let key = line.split(": ").next().unwrap_or_default().to_owned();
            if !lines.iter().any(|known| known.starts_with(&key)) {
                lines.push(line);
            }
        }
        if *canary {
            lines.push(
                "    nginx.ingress.kubernetes.io/canary: 'true'\n    nginx.ingress.kubernetes.io/canary-by-header: X-Canary\n".to_owned(),
            );
        }
        text.push_str(&format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i{number}\n  namespace: shop\n  annotations:\n    any/x: y\n{}spec:\n  ingressClassName: nginx\n",
            lines.concat()
        ));
        if *tls {
            text.push_str(&format!("  tls: [{{hosts: ['{host}'], secretName: cert}}]\n"));
        }
        text.push_str(&format!("  rules:\n  - host: '{host}'\n    http:\n      paths:\n"));
        for (path, kind, service) in paths {
            text.push_str(&format!(
                "      - {{path: '{path}', pathType: {kind}, backend: {{service: {{name: s{service}, port: {{number: 80}}}}}}}}\n"
            ));
        }
        text.push_str("---\n");
    }
    text
}

/// A clean request, often near the paths of the cluster.
fn request() -> impl Strategy<Value = Request> {
    let hosts = vec![
        "shop.example",
        "api.shop.example",
        "x.shop.example",
        "a.b.shop.example",
        "www.other.example",
        "other.example",
        "else.example",
    ];
    let starts = vec!["/", "/api", "/api/", "/api/v1", "/API/v1", "/app", "/apple", "/App/x", "/ac", "/x/y", "/a.b", "/home", "/api/v12"];
    let tails = vec!["", "", "/", "x", "/x", "/x/y/", "?q=1"];
    let headers = vec![None, Some(("X-Canary", "always")), Some(("X-Canary", "other")), Some(("Origin", "https://a.example"))];
    let methods = vec!["GET", "POST", "OPTIONS", "HEAD"];
    let clients = vec!["203.0.113.7", "10.1.2.3"];
    (select(hosts), select(starts), select(tails), any::<bool>(), select(headers), select(methods), select(clients)).prop_map(
        |(host, start, tail, tls, header, method, client)| {
            let path = if start.ends_with('/') { format!("{start}{}", tail.trim_start_matches('/')) } else { format!("{start}{tail}") };
            let mut request = witness::get(&format!("{}://{host}{path}", if tls { "https" } else { "http" }));
            request.method = method.to_owned();
            request.client = client.to_owned();
            request.headers.extend(header.map(|(name, value)| Header { name: name.to_owned(), value: value.to_owned() }));
            request
        },
    )
}

/// The host of the result that a request belongs to.
fn label<'c>(comparison: &'c Comparison, host: &str) -> &'c str {
    let exact = comparison.hosts.iter().find(|verdict| verdict.host == host);
    let below = |verdict: &&gateshift::compare::HostVerdict| {
        verdict.host.strip_prefix('*').is_some_and(|suffix| !suffix.is_empty() && host.ends_with(suffix))
    };
    let wildcard = comparison.hosts.iter().filter(below).max_by_key(|verdict| verdict.host.len());
    exact.or(wildcard).map_or("*", |verdict| verdict.host.as_str())
}

/// The proof of a host excludes this request: nobody uses TLS with the certificate of the controller itself.
fn is_excluded(comparison: &Comparison, host: &str, request: &Request) -> bool {
    let assumed = comparison.host(host).is_some_and(|verdict| verdict.assumptions.iter().any(|text| text.contains("HTTPS")));
    assumed && request.sni.is_some()
}

fn config() -> Config {
    // The same clusters in every run; `GATESHIFT_LAW_CASES` asks for more, and then for others each time.
    let asked = std::env::var("GATESHIFT_LAW_CASES").ok().and_then(|text| text.parse().ok());
    let rng_seed = if asked.is_some() { proptest::test_runner::RngSeed::Random } else { proptest::test_runner::RngSeed::Fixed(7) };
    Config { cases: asked.unwrap_or(16), rng_seed, failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_configuration_compared_with_itself_has_no_difference(cluster in proptest::collection::vec(drawn(), 1..4)) {
        let inventory = inventory(&yaml(&cluster));
        let config = ingresses(&inventory);
        let router = nginx::Router::new(&config);
        let comparison = compare(&router, &router, &Limits::default());
        prop_assert_eq!(comparison.summary.differs, 0, "{}", summary(&comparison));
        for target in ["standard", "envoy-gateway", "traefik"] {
            let new = manifests(&converted(&config, &inventory, target), &inventory, target);
            let comparison = compare(&new, &new, &Limits::default());
            prop_assert_eq!(comparison.summary.differs, 0, "{}: {}", target, summary(&comparison));
        }
    }

    #[test]
    fn a_proof_holds_for_every_clean_request(cluster in proptest::collection::vec(drawn(), 1..4), requests in proptest::collection::vec(request(), 40)) {
        let inventory = inventory(&yaml(&cluster));
        let config = ingresses(&inventory);
        let old = nginx::Router::new(&config);
        for target in ["standard", "envoy-gateway", "traefik"] {
            let new = manifests(&converted(&config, &inventory, target), &inventory, target);
            let comparison = compare(&old, &new, &Limits::default());
            let asked = Requests::new(&old, &new);
            for request in &requests {
                let host = label(&comparison, request.host.as_deref().unwrap_or_default());
                let proved = comparison.host(host).is_some_and(|verdict| matches!(verdict.verdict, Judgement::Proved(_)));
                if !proved || is_excluded(&comparison, host, request) {
                    continue;
                }
                let judged = asked.ask(request, &Open);
                prop_assert!(judged.same == Some(true), "{target}: {host} is proved, but {}: {:?}\n{:#?}\n{:#?}", witness::long(request), judged.mismatches, judged.old.decision, judged.new.decision);
            }
        }
    }

    #[test]
    fn every_difference_has_its_code_among_what_requests_say(cluster in proptest::collection::vec(drawn(), 1..4), requests in proptest::collection::vec(request(), 40)) {
        let inventory = inventory(&yaml(&cluster));
        let config = ingresses(&inventory);
        let old = nginx::Router::new(&config);
        let new = manifests(&converted(&config, &inventory, "envoy-gateway"), &inventory, "envoy-gateway");
        let comparison = compare(&old, &new, &Limits::default());
        let asked = Requests::new(&old, &new);
        // No request differs in an aspect about which the verdict of its host is silent.
        for request in &requests {
            let host = label(&comparison, request.host.as_deref().unwrap_or_default());
            if is_excluded(&comparison, host, request) {
                continue;
            }
            let verdict = comparison.host(host).expect("host");
            for mismatch in asked.ask(request, &Open).mismatches {
                let said = verdict.differences.iter().any(|difference| difference.aspect == mismatch.aspect || difference.code == mismatch.code);
                prop_assert!(said || !verdict.undecided.is_empty(), "{}: {:?} is not among\n{}", witness::long(request), mismatch, summary(&comparison));
            }
        }
    }
}

#[test]
fn questions_of_both_sides_are_those_of_their_routers() {
    let inventory = inventory(&yaml(&[Drawn {
        host: "shop.example",
        paths: vec![("/", "Prefix", 0)],
        annotations: Vec::new(),
        tls: false,
        canary: false,
    }]));
    let config = ingresses(&inventory);
    let router = nginx::Router::new(&config);
    assert!(Router::predicates(&router).len() > 5);
}
