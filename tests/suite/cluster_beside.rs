//! What stands beside the Ingresses of a cluster, and is read for reports.

use std::collections::BTreeSet;

use gateshift::{
    ledger::Code,
    read::{
        self, Reading,
        cluster::{Extent, Options},
    },
};

use crate::{
    cluster::{only, options, read_all, said, try_read},
    cluster_server::{Misbehave, Server},
};

/// Options of a report.
fn of_report(server: &Server) -> Options {
    Options { extent: Extent { beside: true, ..Extent::default() }, ..options(server) }
}

const BESIDE: &str = include_str!("../../testdata/cases/beside-objects/input.yaml");

/// The objects of a text whose kinds the server has.
fn without_canaries(text: &str) -> String {
    text.split("\n---\n").filter(|document| !document.contains("kind: Canary")).collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn objects_beside_the_ingresses_are_read_for_reports() {
    let text = without_canaries(BESIDE);
    let server = Server::with(&[&text], |_| None);
    let reading = try_read(&of_report(&server)).expect("a reading");
    let files = read::texts([("beside.yaml".to_owned(), text.clone())], &read::Options::default());
    let found = |reading: &Reading| -> BTreeSet<String> {
        let kept = reading.inventory.beside.iter().chain(&reading.inventory.gateway_objects);
        kept.map(|(id, _)| reading.inventory.object(*id).to_string()).collect()
    };
    assert_eq!(found(&reading), found(&files));
    assert!(found(&reading).iter().any(|name| name.starts_with("Rollout ")), "{:?}", found(&reading));
    let absent = reading.findings.iter().find(|finding| finding.code == Code::ClusterNotInstalled).expect("what is not there is said");
    assert_eq!(absent.facts, [("kinds", "Canary".to_owned())]);
    // Nobody else needs them.
    assert!(read_all(&server).inventory.beside.is_empty());
}

#[test]
fn objects_beside_the_ingresses_that_are_forbidden_are_said() {
    const PATHS: [&str; 4] = ["/networkpolicies", "/rollouts", "/issuers", "/clusterissuers"];
    let text = without_canaries(BESIDE);
    let server =
        Server::with(&[&text], |request| PATHS.iter().any(|path| request.path.ends_with(path)).then_some(Misbehave::Status(403, "no")));
    let reading = try_read(&of_report(&server)).expect("a reading");
    let kinds: Vec<String> = said(&reading).into_iter().filter(|(code, _)| *code == Code::ClusterForbidden).map(|(_, kind)| kind).collect();
    assert_eq!(kinds, ["NetworkPolicy", "Rollout", "Issuer", "ClusterIssuer"]);
    assert!(!reading.partial && !reading.inventory.ingresses.is_empty());
}

#[test]
fn objects_beside_the_ingresses_are_asked_for_where_groups_are_not_told() {
    let server = Server::with(&[&without_canaries(BESIDE)], only("/apis", Misbehave::Status(403, "no")));
    let reading = try_read(&of_report(&server)).expect("a reading");
    assert!(reading.inventory.beside.iter().any(|(id, _)| reading.inventory.object(*id).kind == "Rollout"));
    assert!(said(&reading).contains(&(Code::ClusterNotInstalled, String::new())), "{:?}", said(&reading));
}
