//! What the targets with policies of their own make of the corpus of real Ingresses: nothing that is protected today is served open, and
//! how much is kept, counted by use and by repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use gateshift::{
    gateway::{api::Object, dialect},
    ingress,
    k8s::{ObjectId, Step},
    ledger::{Code, Ledger, Settlement},
    read, report, targets, translate,
};

use crate::shared::shared;

/// Targets that write policies or filters of their own.
const FULL: [&str; 4] = ["envoy-gateway", "kgateway", "nginx-gateway-fabric", "traefik"];

/// Targets whose counts are told.
const COUNTED: [&str; 6] = ["agentgateway", "envoy-gateway", "istio", "kgateway", "nginx-gateway-fabric", "traefik"];

/// Annotations that protect.
const PROTECTS: &[&str] = &[
    "allowlist-source-range",
    "auth-secret",
    "auth-tls-secret",
    "auth-type",
    "auth-url",
    "denylist-source-range",
    "enable-modsecurity",
    "whitelist-source-range",
];

/// How a use was settled, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    Exactly,
    ByPolicy,
    Changed,
    Not,
}

fn kept(settlement: &Settlement) -> Option<Kept> {
    match settlement {
        Settlement::Exact => Some(Kept::Exactly),
        Settlement::Policy { codes, .. } if codes.is_empty() => Some(Kept::ByPolicy),
        Settlement::Policy { .. } | Settlement::Differs { .. } => Some(Kept::Changed),
        Settlement::Unmappable { .. } => Some(Kept::Not),
        Settlement::NoEffect { .. } | Settlement::Unknown { .. } => None,
    }
}

/// HTTPS of the host ends, and with it everybody whom the annotation could keep out or let in.
fn ends(settlement: &Settlement) -> bool {
    matches!(settlement, Settlement::Unmappable { codes } if codes.iter().all(|code| *code == Code::TlsNoCertificate))
}

/// Annotations of Ingresses without prefix, and how they were settled.
fn annotations(ledger: &Ledger) -> Vec<(ObjectId, String, &Settlement)> {
    let of = |entry: &'_ gateshift::ledger::Entry| match entry.subject.field.steps() {
        [Step::Key(first), Step::Key(second), Step::Key(key)] if first == "metadata" && second == "annotations" => {
            key.split_once("ingress.kubernetes.io/").map(|(_, name)| name.to_owned())
        }
        _ => None,
    };
    ledger.entries().iter().filter_map(|entry| Some((entry.subject.object, of(entry)?, entry.settlement.as_ref()?))).collect()
}

/// Ingresses that a route with backends came from.
fn served(objects: &[translate::Emitted]) -> BTreeSet<ObjectId> {
    let open = |object: &Object| match object {
        Object::HttpRoute(route) => route.spec.rules.iter().any(|rule| !rule.backend_refs.is_empty()),
        Object::GrpcRoute(route) => route.spec.rules.iter().any(|rule| !rule.backend_refs.is_empty()),
        _ => false,
    };
    objects.iter().filter(|emitted| open(&emitted.object)).flat_map(|emitted| emitted.sources.iter().copied()).collect()
}

#[test]
fn nothing_that_is_protected_today_is_served_open_and_uses_are_counted() {
    let Some(folder) = shared("corpus") else { return };
    let mut files: Vec<PathBuf> = fs::read_dir(folder).expect("corpus").map(|entry| entry.expect("entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut wrong: Vec<String> = Vec::new();
    let mut uses: BTreeMap<(&str, Kept), usize> = BTreeMap::new();
    let mut by_repository: BTreeMap<(&str, String, String), Kept> = BTreeMap::new();
    for file in files {
        let name = file.file_name().expect("name").display().to_string();
        let repository: String = name.split("__").take(2).collect::<Vec<_>>().join("/");
        let reading = read::read(&read::Options { paths: vec![file], ..read::Options::default() }).expect("a path was named");
        let inventory = &reading.inventory;
        let given = ingress::Given { config_map: None, arguments: vec!["--watch-ingress-without-class=true".to_owned()] };
        let controller = ingress::controller(inventory, &given);
        let resolved = ingress::resolve(inventory, &controller, &ingress::Options::of(inventory));
        for id in targets::all().iter().map(|target| target.id()) {
            let options = translate::Options::of(targets::by_id(id).expect("target"), "class");
            let translation = translate::translate(&resolved.config, inventory, &options);
            let ledger = report::account(inventory, &controller, &resolved, &translation);
            let served = served(&translation.objects);
            for (object, annotation, settlement) in annotations(&ledger) {
                let Some(kept) = kept(settlement) else { continue };
                if kept == Kept::Not && !ends(settlement) && PROTECTS.contains(&annotation.as_str()) && served.contains(&object) {
                    wrong.push(format!("{id}: {name}: {} is served without {annotation}", inventory.object(object)));
                }
                if !COUNTED.contains(&id) {
                    continue;
                }
                *uses.entry((id, kept)).or_default() += 1;
                let known = by_repository.entry((id, repository.clone(), annotation)).or_insert(kept);
                *known = (*known).max(kept);
            }
        }
    }
    let mut repositories: BTreeMap<(&str, Kept), usize> = BTreeMap::new();
    for ((id, ..), kept) in by_repository {
        *repositories.entry((id, kept)).or_default() += 1;
    }
    tell(&uses, "uses");
    tell(&repositories, "annotations of repositories");
    assert!(wrong.is_empty(), "{} open:\n{}", wrong.len(), wrong.join("\n"));
    // Whatever else an Ingress asks for is not kept where its paths are not served.
    for (id, most) in FULL.into_iter().zip([25, 30, 40, 30]) {
        let count = |kept| repositories.get(&(id, kept)).copied().unwrap_or(0);
        let total: usize = [Kept::Exactly, Kept::ByPolicy, Kept::Changed, Kept::Not].into_iter().map(count).sum();
        assert!(total > 400, "{id}: {total}");
        assert!(count(Kept::Not) * 100 < total * most, "{id}: {} of {total} are not kept", count(Kept::Not));
        assert!(dialect::Target::named(id).is_some_and(|data| data.nearest.is_empty()), "{id}");
    }
}

/// The counts, for whoever reads the output of the test.
#[expect(clippy::print_stderr, reason = "counts are for readers")]
fn tell(counts: &BTreeMap<(&str, Kept), usize>, of: &str) {
    for id in COUNTED {
        let count = |kept| counts.get(&(id, kept)).copied().unwrap_or(0);
        eprintln!(
            "{id}, {of}: {} exactly, {} by policy, {} changed, {} not kept",
            count(Kept::Exactly),
            count(Kept::ByPolicy),
            count(Kept::Changed),
            count(Kept::Not)
        );
    }
}
