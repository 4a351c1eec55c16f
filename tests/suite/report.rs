//! The migration risk report: its formats keep to their schemas, say nothing that a name or value could abuse, and agree with the samples.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::LazyLock,
};

use gateshift::{
    compare::{self, Limits},
    gateway::{
        dialect::Target,
        facts::{Absent, Facts},
        limits::{Channel, Judge},
        objects::Objects,
        resolve,
    },
    ingress,
    ledger::{Code, Finding},
    nginx, read,
    report::{self, Colours, Look, risk},
    targets, translate,
};
use serde_json::Value;

use crate::{cases::gateshift, shared::shared};

/// What `report` does, in one process.
pub(crate) fn report_of(reading: &read::Reading, target: &str, redact: bool) -> risk::Report {
    report_within(reading, target, redact, &Limits { probed_hosts: 0, samples: 4, cells: 2_000, ..Limits::default() })
}

fn report_within(reading: &read::Reading, target: &str, redact: bool, limits: &Limits) -> risk::Report {
    let mut estate = if redact { risk::Estate::redacted(target) } else { risk::Estate::new(target) };
    add(&mut estate, "", reading, target, limits);
    estate.report(None)
}

pub(crate) fn add(estate: &mut risk::Estate, cluster: &str, reading: &read::Reading, target: &str, limits: &Limits) {
    let inventory = &reading.inventory;
    let given = ingress::Given { config_map: None, arguments: vec!["--watch-ingress-without-class=true".to_owned()] };
    let controller = ingress::controller(inventory, &given);
    let resolved = ingress::resolve(inventory, &controller, &ingress::Options::of(inventory));
    let options = translate::Options::of(targets::by_id(target).expect("a known target"), "class");
    let translation = translate::translate(&resolved.config, inventory, &options);
    let text = report::yaml_stream(&translation.objects, inventory);
    let manifests = read::texts([("converted.yaml".to_owned(), text)], &read::Options::default()).inventory;
    let judge = Judge::new("1.5".parse().expect("a known version"), Channel::Standard);
    let objects = Objects::read(&manifests, Some(&judge)).objects;
    let dialect = Target::named(target).expect("a target with a dialect");
    let absent = Absent::UnlessKindIsUnknown;
    let policies = targets::read_back(target, &objects, &manifests, &Facts::of(inventory, absent));
    let options = resolve::Options { gateway: None, absent, policies };
    let gateway = resolve::resolve(&objects, inventory, dialect, &options);
    let comparison = compare::compare(&nginx::Router::new(&resolved.config), &gateway, limits);
    let mut findings: Vec<Finding> = reading.findings.clone();
    findings.extend(resolved.findings.iter().cloned());
    findings.extend(translation.findings.iter().cloned());
    let ledger = report::account(inventory, &controller, &resolved, &translation);
    let input = risk::Input {
        cluster,
        inventory,
        controller: &controller,
        resolved: &resolved,
        ledger: &ledger,
        findings: &findings,
        comparison: &comparison,
        manifests: &manifests,
        gateway: &gateway,
        gateway_namespace: "gateway-system",
    };
    estate.add(&input).expect("the ledger is closed");
}

fn of_text(text: &str, target: &str, redact: bool) -> risk::Report {
    report_of(&read::texts([("input.yaml".to_owned(), text.to_owned())], &read::Options::default()), target, redact)
}

fn validator(path: &str) -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).expect("schema")).expect("JSON");
    jsonschema::validator_for(&schema).expect("a valid schema")
}

static JSON: LazyLock<jsonschema::Validator> = LazyLock::new(|| validator("reports/report.schema.json"));
static SARIF: LazyLock<jsonschema::Validator> = LazyLock::new(|| validator("testdata/schemas/sarif-2.1.0.json"));

fn against(schema: &jsonschema::Validator, text: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(text).expect("JSON");
    schema.iter_errors(&value).take(5).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

const PLAIN: Look = Look { colours: Colours::Off, width: 100 };

/// Every format, by the ending of its files.
fn formats(report: &risk::Report) -> [(&'static str, String); 5] {
    [
        ("txt", report::report_text(report, PLAIN)),
        ("md", report::report_markdown(report)),
        ("json", report::report_json(report)),
        ("sarif", report::report_sarif(report)),
        ("html", report::report_html(report)),
    ]
}

/// What must hold for every report of whatever input.
fn wrong_with(report: &risk::Report) -> Vec<String> {
    let mut wrong = Vec::new();
    for (format, text) in formats(report) {
        if let Some(character) = text.chars().find(|character| character.is_control() && *character != '\n') {
            wrong.push(format!("{format}: control character {character:?}"));
        }
        match format {
            "json" => wrong.extend(against(&JSON, &text)),
            "sarif" => wrong.extend(against(&SARIF, &text)),
            _ => {}
        }
    }
    let (hosts, ingresses, findings) = (report.hosts.len(), report.ingresses.len(), report.findings.len());
    for item in &report.findings {
        if item.hosts.iter().any(|&at| at >= hosts) || item.ingresses.iter().any(|&at| at >= ingresses) {
            wrong.push(format!("{} points at nothing", item.code));
        }
        if item.message.contains("{ingress}") || item.message.contains("{host}") || item.message.contains("{annotation}") {
            wrong.push(format!("{}: a fact is missing: {}", item.code, item.message));
        }
    }
    for (at, cluster) in report.clusters.iter().enumerate() {
        let own = |hosts: &[usize]| hosts.iter().all(|&host| report.hosts[host].cluster == Some(at));
        let served = cluster.hosts.iter().filter(|&&host| report.hosts[host].is_served()).count();
        if !own(&cluster.hosts) || served != cluster.totals.hosts {
            wrong.push(format!("{} has hosts of another cluster", cluster.name));
        }
        if cluster.waves.iter().map(|share| share.hosts).sum::<usize>() > cluster.hosts.len() {
            wrong.push(format!("{} moves more hosts than it has", cluster.name));
        }
    }
    for host in &report.hosts {
        let worst = host.findings.iter().map(|&at| report.findings[at].risk()).max().unwrap_or(risk::Risk::None);
        if worst != host.risk || host.findings.iter().any(|&at| at >= findings) {
            wrong.push(format!("{}: risk {} although its worst finding is {worst}", host.host, host.risk));
        }
        if !host.ingresses.is_empty() && host.wave == 0 {
            wrong.push(format!("{} is in no wave", host.host));
        }
    }
    wrong
}

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut files: Vec<PathBuf> = fs::read_dir(root).expect("cases").map(|entry| entry.expect("entry").path().join("input.yaml")).collect();
    files.retain(|file| file.is_file());
    files.sort();
    files
}

#[test]
fn every_case_renders_in_every_format_and_keeps_to_the_schemas() {
    let mut wrong = Vec::new();
    for file in cases() {
        let reading = read::read(&read::Options { paths: vec![file.clone()], ..read::Options::default() }).expect("a file was named");
        wrong.extend(wrong_with(&report_of(&reading, "standard", false)).into_iter().map(|why| format!("{}: {why}", file.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_corpus_file_renders_in_every_format() {
    let Some(folder) = shared("corpus") else { return };
    let mut files: Vec<PathBuf> = fs::read_dir(folder).expect("corpus").map(|entry| entry.expect("entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut wrong = Vec::new();
    // The judge has tests of its own; here every file is rendered without it, and all of them with it as one estate.
    let limits = Limits { only: vec!["no such host".to_owned()], ..Limits::default() };
    for file in &files {
        let reading = read::read(&read::Options { paths: vec![file.clone()], ..read::Options::default() }).expect("a file was named");
        let report = report_within(&reading, "envoy-gateway", false, &limits);
        wrong.extend(wrong_with(&report).into_iter().map(|why| format!("{}: {why}", file.display())));
    }
    let reading = read::read(&read::Options { paths: files, ..read::Options::default() }).expect("files were named");
    let estate = report_of(&reading, "envoy-gateway", false);
    assert!(estate.hosts.len() > 300 && estate.findings.len() > 1_000, "{} hosts", estate.hosts.len());
    wrong.extend(wrong_with(&estate));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// An estate in which everything that a user can write is an attack on whoever reads the report.
pub(crate) fn hostile() -> String {
    let attacks = [
        "</script><script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "\\u001b[31mred\\u001b[0m\\u0007\\r\\u202e",
        "`](javascript:alert(1)) | **bold** <b>x</b>",
        "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
        "<!--<script>",
        "]]>",
    ];
    let mut text = String::new();
    for (at, attack) in attacks.iter().enumerate() {
        let yaml = attack.replace('"', "\\\"");
        let long = "x<b>".repeat(if at == 0 { 25_000 } else { 1 });
        text.push_str(&format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: \"n{at}{yaml}\"\n  namespace: \"s{at}{yaml}\"\n  labels: {{app.kubernetes.io/managed-by: Helm, app.kubernetes.io/instance: \"o{yaml}\"}}\n  annotations:\n    nginx.ingress.kubernetes.io/rewrite-target: \"/{yaml}$1\"\n    nginx.ingress.kubernetes.io/configuration-snippet: \"more_set_headers {yaml};\"\n    nginx.ingress.kubernetes.io/proxy-body-size: \"{yaml}\"\n    nginx.ingress.kubernetes.io/auth-url: \"https://a.example/{yaml}\"\n    \"nginx.ingress.kubernetes.io/x{yaml}\": \"{long}\"\n    \"k{yaml}/y\": \"{yaml}\"\nspec:\n  tls:\n  - hosts: [\"h{at}{yaml}\"]\n    secretName: \"t{yaml}\"\n  rules:\n  - host: \"h{at}{yaml}\"\n    http:\n      paths:\n      - path: \"/p{yaml}\"\n        pathType: Prefix\n        backend: {{service: {{name: \"b{yaml}\", port: {{name: \"q{yaml}\"}}}}}}\n  - host: \"good{at}.example.com\"\n    http:\n      paths:\n      - path: \"/p{yaml}\"\n        pathType: ImplementationSpecific\n        backend: {{service: {{name: web, port: {{number: 80}}}}}}\n---\n"
        ));
    }
    text
}

#[test]
fn hostile_names_and_values_are_inert_in_every_format() {
    for target in ["standard", "envoy-gateway"] {
        let limits = Limits { probed_hosts: 0, samples: 4, cells: 2_000, ..Limits::default() };
        let mut estate = risk::Estate::new(target);
        for cluster in ["</script><script>alert(1)</script>", "`](x) <b>\u{1b}[31m\u{202e}\" onload=\"alert(1)"] {
            let reading = read::texts([("input.yaml".to_owned(), hostile())], &read::Options::default());
            add(&mut estate, cluster, &reading, target, &limits);
        }
        let report = estate.report(None);
        assert!(report.ingresses.iter().any(|row| row.name.contains("<script>")), "the attack is in the report");
        assert_eq!(wrong_with(&report), Vec::<String>::new());
        for (format, text) in formats(&report) {
            assert!(text.len() < 4_000_000, "{format} is {} bytes", text.len());
            assert!(!text.contains('\u{202e}'), "{format} turns text around");
            match format {
                "html" => {
                    let blocks = text.matches("<script").count();
                    assert_eq!(blocks, text.matches("<script type=\"application/json\" id=\"data-").count() + 1, "somebody else's script");
                    // Data is quoted as data; everything else is markup.
                    let markup: Vec<&str> = text.lines().filter(|line| !line.starts_with("<script type=\"application/json\"")).collect();
                    let markup = markup.join("\n");
                    assert!(!text.contains("<img") && !text.contains("<!--"), "markup of the input");
                    let tags = markup.split('<').skip(1).filter_map(|rest| rest.split('>').next());
                    for tag in tags.filter(|tag| tag.starts_with(|first: char| first.is_ascii_alphabetic())) {
                        let names: String = tag.split('"').step_by(2).collect();
                        assert!(!names.contains("src=") && !names.contains("onmouse"), "an attribute of the input: {tag}");
                    }
                }
                "md" => {
                    for line in text.lines() {
                        // What is left beside code spans and escaped characters holds no markup.
                        let beside: String = outside_code(line);
                        assert!(!beside.contains('<') && !beside.contains("]("), "markup of the input: {line}");
                    }
                }
                _ => {}
            }
        }
    }
}

#[test]
fn several_clusters_make_one_report() {
    let limits = Limits { probed_hosts: 0, ..Limits::default() };
    let text =
        |file: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clusters/shop").join(file)).expect("shop");
    let parts = [("east", text("boutique.yaml")), ("west", text("payments.yaml"))];
    let reading = |text: &str| read::texts([("input.yaml".to_owned(), text.to_owned())], &read::Options::default());
    let alone = parts.each_ref().map(|(_, text)| report_within(&reading(text), "standard", false, &limits));
    let of = |redact: bool| {
        let mut estate = if redact { risk::Estate::redacted("standard") } else { risk::Estate::new("standard") };
        for (name, text) in &parts {
            add(&mut estate, name, &reading(text), "standard", &limits);
        }
        estate.report(None)
    };
    let together = of(false);
    assert_eq!(wrong_with(&together), Vec::<String>::new());
    assert_eq!(together.clusters.iter().map(|cluster| cluster.name.as_str()).collect::<Vec<_>>(), ["east", "west"]);
    for (cluster, alone) in together.clusters.iter().zip(&alone) {
        assert_eq!((cluster.risk, cluster.counts, &cluster.totals), (alone.risk, alone.counts, &alone.totals));
        let findings = |report: &risk::Report, of: &[usize]| -> Vec<String> {
            of.iter().flat_map(|&host| report.hosts[host].findings.iter().map(|&at| report.findings[at].message.clone())).collect()
        };
        let hosts: Vec<usize> = (0..alone.hosts.len()).collect();
        assert_eq!(findings(&together, &cluster.hosts), findings(alone, &hosts), "hosts keep their findings");
    }
    assert_eq!(together.findings.len(), alone.iter().map(|report| report.findings.len()).sum::<usize>());
    assert_eq!(together.totals.hosts, alone.iter().map(|report| report.totals.hosts).sum::<usize>());
    assert_eq!(together.risk, alone.iter().map(|report| report.risk).max().expect("two"));
    for wave in &together.waves {
        let shares = together.clusters.iter().flat_map(|cluster| &cluster.waves).filter(|share| share.wave == wave.number);
        assert_eq!(shares.map(|share| share.hosts).sum::<usize>(), wave.hosts, "wave {}", wave.number);
    }
    for (format, text) in formats(&together) {
        assert!(text.contains("east") && text.contains("west"), "{format} names its clusters");
    }
    let hidden = of(true);
    assert_eq!(wrong_with(&hidden), Vec::<String>::new());
    assert_eq!(hidden.clusters.iter().map(|cluster| cluster.name.as_str()).collect::<Vec<_>>(), ["cluster-1", "cluster-2"]);
}

/// A line of markdown without its code spans and escaped characters, read as `CommonMark` says: a span ends at as many backticks.
fn outside_code(line: &str) -> String {
    let characters: Vec<char> = line.chars().collect();
    let mut left = String::new();
    let mut at = 0;
    while at < characters.len() {
        match characters[at] {
            '\\' => at += 2,
            '`' => {
                let length = characters[at..].iter().take_while(|character| **character == '`').count();
                let mut end = at + length;
                let close = loop {
                    let Some(start) = (end..characters.len()).find(|&start| characters[start] == '`') else { break None };
                    let run = characters[start..].iter().take_while(|character| **character == '`').count();
                    if run == length {
                        break Some(start + run);
                    }
                    end = start + run;
                };
                at = close.unwrap_or(at + length);
            }
            character => {
                left.push(character);
                at += 1;
            }
        }
    }
    left
}

#[test]
fn redacted_reports_tell_no_name_and_no_value() {
    let input = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: zebraname\n  namespace: zebraspace\n  labels: {app.kubernetes.io/managed-by: Helm, app.kubernetes.io/instance: zebrarelease}\n  annotations:\n    nginx.ingress.kubernetes.io/rewrite-target: /zebrarewrite/$2\n    nginx.ingress.kubernetes.io/auth-url: https://zebraauth.example/check\n    nginx.ingress.kubernetes.io/whitelist-source-range: 203.0.113.77/32\n    nginx.ingress.kubernetes.io/configuration-snippet: |\n      more_set_headers \"X-Zebra: zebravalue\";\n      zebra_directive on;\n    nginx.ingress.kubernetes.io/server-alias: zebraalias.example\n    nginx.ingress.kubernetes.io/permanent-redirect-code: \"zebracode\"\n    zebrateam.example/zebrakey: zebranote\n    cert-manager.io/cluster-issuer: zebraissuer\nspec:\n  ingressClassName: nginx\n  tls:\n  - hosts: [zebrahost.example]\n    secretName: zebrasecret\n  rules:\n  - host: zebrahost.example\n    http:\n      paths:\n      - path: /zebrapath(/|$)(.*)\n        pathType: ImplementationSpecific\n        backend: {service: {name: zebraservice, port: {name: zebraport}}}\n      - path: /zebraopen\n        pathType: Prefix\n        backend: {service: {name: zebraservice, port: {number: 80}}}\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: zebrapolicy, namespace: zebraspace}\nspec:\n  podSelector: {}\n  ingress:\n  - from:\n    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}\n";
    for target in ["standard", "envoy-gateway", "traefik"] {
        let open = of_text(input, target, false);
        let hidden = report_of(&read::texts([("zebrafile.yaml".to_owned(), input.to_owned())], &read::Options::default()), target, true);
        assert_eq!(open.findings.len(), hidden.findings.len());
        assert_eq!((open.risk, open.totals.spread), (hidden.risk, hidden.totals.spread));
        assert_eq!(wrong_with(&hidden), Vec::<String>::new());
        assert!(report::report_json(&open).contains("zebrahost"));
        for (format, text) in formats(&hidden) {
            let lower = text.to_ascii_lowercase();
            for secret in ["zebra", "203.0.113.77"] {
                let around = lower.find(secret).map(|at| lower[at.saturating_sub(80)..].chars().take(160).collect::<String>());
                assert_eq!(around, None, "{target} {format}");
            }
        }
    }
}

#[test]
fn objects_beside_the_ingress_are_named() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/beside-objects/input.yaml")).expect("case");
    let report = of_text(&text, "standard", false);
    let found = |code: Code| report.findings.iter().filter(|item| item.code == code).map(|item| item.message.clone()).collect::<Vec<_>>();
    assert_eq!(
        found(Code::BesideNetworkPolicy),
        [
            "Pods behind `shop/from-the-controller` admit namespace `ingress-nginx` of the old controller only, so requests from the new Gateway are dropped"
        ]
    );
    assert_eq!(found(Code::BesideArgoRollouts).len(), 1);
    assert_eq!(found(Code::BesideFlagger).len(), 1);
    assert_eq!(found(Code::BesideCertManagerSolver).len(), 1);
    assert_eq!(found(Code::BesideGeneratedIngress).len(), 1);
    let flag = report.flags.iter().find(|flag| flag.flag == "beside").expect("the list exists");
    assert!(flag.findings.len() >= 5, "{flag:?}");
}

#[test]
fn annotations_that_never_worked_are_named() {
    let text =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases/annotation-unknown/input.yaml")).expect("case");
    let report = of_text(&text, "standard", false);
    let flag = report.flags.iter().find(|flag| flag.flag == "dead").expect("the list exists");
    let mut codes: Vec<&str> = flag.findings.iter().map(|&at| report.findings[at].code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["annotation/misspelt", "annotation/other-controller", "annotation/removed", "annotation/wrong-prefix"]);
}

#[test]
fn hosts_that_share_an_ingress_move_together() {
    let ingress = |name: &str, hosts: &[&str]| {
        let rules: String = hosts
            .iter()
            .map(|host| format!("  - host: {host}\n    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}\n"))
            .collect();
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: app}}\nspec:\n  rules:\n{rules}---\n"
        )
    };
    let text = [ingress("one", &["a.example", "b.example"]), ingress("two", &["b.example", "c.example"]), ingress("three", &["d.example"])]
        .concat();
    let report = of_text(&text, "standard", false);
    let mut units: Vec<Vec<&str>> = report
        .waves
        .iter()
        .flat_map(|wave| &wave.units)
        .map(|unit| unit.iter().map(|&at| report.hosts[at].host.as_str()).collect())
        .collect();
    units.sort();
    assert_eq!(units, [vec!["a.example", "b.example", "c.example"], vec!["d.example"]]);
}

/// An Ingress for hosts.
fn plain(name: &str, hosts: &[&str], annotations: &str) -> String {
    let rules: String = hosts
        .iter()
        .map(|host| {
            format!("  - host: {host}\n    http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]}}\n")
        })
        .collect();
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: {name}, namespace: app, annotations: {{{annotations}}}}}\nspec:\n  rules:\n{rules}---\n"
    )
}

#[test]
fn hosts_are_those_that_an_ingress_serves() {
    let report = of_text(&plain("one", &["a.example"], ""), "standard", false);
    assert!(report.hosts.iter().any(|host| host.host == "*" && !host.is_served()), "the judge speaks of the rest");
    assert_eq!((report.totals.hosts, report.totals.spread.none + report.totals.spread.low), (1, 1));
    assert_eq!(report.totals.proved + report.totals.differs + report.totals.undecided, 1);
    assert!(report.reason.starts_with("The only host can move"), "{}", report.reason);
    let empty = of_text("{apiVersion: v1, kind: Service, metadata: {name: web}}", "standard", false);
    assert_eq!(empty.reason, "No Ingress was read, so that there is nothing to move.");
}

#[test]
fn what_can_move_now_is_the_wave_that_moves_now() {
    let lossy = "nginx.ingress.kubernetes.io/limit-rps: \"5\"";
    let text =
        [plain("one", &["a.example", "b.example"], ""), plain("two", &["b.example"], lossy), plain("three", &["c.example"], "")].concat();
    let report = of_text(&text, "standard", false);
    let now: usize = report.waves.iter().filter(|wave| wave.risk == risk::Risk::None).map(|wave| wave.hosts).sum();
    assert_eq!(report.reason.contains(&format!("{now} can move now")), now > 0, "{now}: {}", report.reason);
    assert!(report.reason.contains("can move only together with them"), "{}", report.reason);
}

#[test]
fn snippets_that_are_taken_as_without_effect_are_listed_where_they_stand() {
    let text = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: a\n  annotations:\n    nginx.ingress.kubernetes.io/configuration-snippet: |\n      more_set_headers \"A: b\";\n      add_header C d;\nspec:\n  ingressClassName: nginx\n  rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]\n";
    let report = of_text(text, "standard", false);
    assert_eq!(report.actions.first().map(|action| action.code), Some("ingress/settings-assumed"));
    assert!(report.reason.contains("Ingresses with snippets are taken as left out"), "{}", report.reason);
    let flag = report.flags.iter().find(|flag| flag.flag == "snippets").expect("the list exists");
    let lines: Vec<_> = flag.findings.iter().map(|&at| report.findings[at].line).collect();
    assert_eq!(lines, [Some(7), Some(8)]);
    let allowed = format!(
        "{text}---\n{{apiVersion: v1, kind: ConfigMap, metadata: {{name: ingress-nginx-controller, namespace: ingress-nginx}}, data: {{allow-snippet-annotations: \"true\", annotations-risk-level: Critical}}}}\n"
    );
    let report = of_text(&allowed, "standard", false);
    assert!(report.findings.iter().all(|item| item.code != Code::SnippetAssumedOff));
    let entries = report.ingresses[0].ledger.iter().filter(|entry| entry.field.ends_with(']') && entry.field.contains("snippet"));
    assert_eq!(entries.map(|entry| entry.line).collect::<Vec<_>>(), [Some(7), Some(8)]);
}

fn scratch(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("gateshift-report-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("temporary folder");
    folder
}

#[test]
fn only_findings_beyond_the_baseline_count() {
    let folder = scratch("baseline");
    let old = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clusters/shop/boutique.yaml")).expect("shop");
    fs::write(folder.join("a.yaml"), &old).expect("file");
    let run = |more: &[&str]| {
        let mut arguments = vec!["report", "-f", "a.yaml", "--fail-on", "medium"];
        arguments.extend(more);
        gateshift(&folder, &arguments).status.code()
    };
    assert_eq!(run(&["--write-baseline", "known.json"]), Some(1));
    assert_eq!(run(&["--baseline", "known.json"]), Some(0));
    let padded = format!("# a comment that moves every line\n{old}");
    fs::write(folder.join("a.yaml"), padded).expect("file");
    assert_eq!(run(&["--baseline", "known.json"]), Some(0), "lines may move");
    let worse = old.replace("proxy-read-timeout: \"120\"", "proxy-send-timeout: \"99\"");
    assert_ne!(worse, old);
    fs::write(folder.join("a.yaml"), worse).expect("file");
    assert_eq!(run(&["--baseline", "known.json"]), Some(1), "what is new counts");
    assert_eq!(run(&["--baseline", "a.yaml"]), Some(4), "not a baseline");
    let _ = fs::remove_dir_all(folder);
}

#[test]
fn exit_code_follows_the_worst_finding() {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clusters/shop");
    let code = |fail_on: &str| gateshift(&shop, &["report", "-f", ".", "--fail-on", fail_on]).status.code();
    assert_eq!((code("blocked"), code("medium")), (Some(0), Some(1)));
}

#[test]
fn order_of_files_changes_no_byte() {
    let shop = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/clusters/shop");
    for format in ["json", "html"] {
        let forward = gateshift(&shop, &["report", "-f", "boutique.yaml", "-f", "payments.yaml", "-f", "platform.yaml", "-o", format]);
        let backward = gateshift(&shop, &["report", "-f", "platform.yaml", "-f", "payments.yaml", "-f", "boutique.yaml", "-o", format]);
        assert!(!forward.stdout.is_empty() && forward.stdout == backward.stdout, "{format}");
    }
}

/// The samples that README links to: `UPDATE_GOLDEN=1 cargo test samples` writes them anew.
#[test]
fn samples_are_what_the_report_says_today() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = root.join("reports/samples/shop");
    let mut wrong = Vec::new();
    for (format, file) in
        [("text", "report.txt"), ("markdown", "report.md"), ("json", "report.json"), ("sarif", "report.sarif"), ("html", "report.html")]
    {
        let output = gateshift(
            root,
            &["report", "-f", "testdata/clusters/shop", "--target", "envoy-gateway", "--gateway-class", "eg", "-o", format],
        );
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        let path = folder.join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&folder).expect("folder");
            fs::write(&path, &output.stdout).expect("sample is written");
        } else if fs::read(&path).unwrap_or_default() != output.stdout {
            wrong.push(path.display().to_string());
        }
    }
    assert!(wrong.is_empty(), "samples differ: {}", wrong.join(", "));
}
