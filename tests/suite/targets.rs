//! What is known of implementations: code and data agree, and the data says what the references say.

use std::collections::{BTreeMap, BTreeSet};

use gateshift::{
    gateway::{Intent, dialect},
    targets,
};
use serde_yaml::Value;

use crate::traps::{documents, ingress, of_kind};

/// The matrix of conformance reports: names of its columns, and cells by implementation.
fn matrix() -> Option<(Vec<String>, BTreeMap<String, Vec<String>>)> {
    let folder = crate::shared::shared("reference")?;
    let text = std::fs::read_to_string(folder.join("conformance-matrix.csv")).expect("matrix");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let columns = lines.next().expect("columns");
    Some((columns, lines.filter_map(|cells| Some((cells.first()?.clone(), cells))).collect()))
}

#[test]
fn claimed_features_are_those_of_the_conformance_reports() {
    let Some((columns, rows)) = matrix() else { return };
    let first = columns.iter().position(|column| column == "GatewayPort8080").expect("column");
    let mut compared = 0;
    for target in dialect::Target::all() {
        let Some(features) = &target.features else { continue };
        let row = &rows[if target.id == "kong" { "kong-operator" } else { &target.id }];
        let claimed: BTreeSet<&str> = columns[first..]
            .iter()
            .zip(&row[first..])
            .filter(|(column, cell)| *cell == "1" && !column.starts_with("Mesh"))
            .map(|(column, _)| column.as_str())
            .collect();
        assert_eq!(features.claimed.iter().map(String::as_str).collect::<BTreeSet<_>>(), claimed, "{}", target.id);
        assert_eq!(features.version, row[1].trim_start_matches('v'), "{}", target.id);
        assert_eq!(features.gateway_api, row[2].trim_start_matches('v'), "{}", target.id);
        compared += 1;
    }
    assert_eq!(compared, 10);
}

#[test]
fn nearest_fields_are_about_something_that_is_not_kept_and_are_in_the_table() {
    let names: BTreeMap<&str, Intent> = Intent::samples().into_iter().collect();
    let table =
        crate::shared::shared("reference").map(|folder| std::fs::read_to_string(folder.join("vendor-policies.csv")).expect("table"));
    let mut seen = 0;
    for data in dialect::Target::all() {
        let target = targets::by_id(&data.id).expect("code and data agree");
        for nearest in &data.nearest {
            let intent = names.get(nearest.intent.as_str()).unwrap_or_else(|| panic!("{}: `{}`", data.id, nearest.intent));
            assert!(matches!(target.answer(intent), targets::Answer::No(_)), "{}: {}", data.id, nearest.intent);
            assert!(["exact", "approximate"].contains(&nearest.fidelity.as_str()), "{}: {}", data.id, nearest.fidelity);
            let known = |table: &String| table.lines().any(|line| line.contains(&nearest.field) && line.contains(&nearest.kind));
            assert!(table.as_ref().is_none_or(known), "{}: {} {}", data.id, nearest.kind, nearest.field);
            seen += 1;
        }
        assert_eq!(data.nearest.is_empty(), data.scope.is_none(), "{}", data.id);
    }
    assert!(seen > 40, "{seen}");
}

#[test]
fn every_target_has_code_and_data_and_converts_core_objects() {
    let yaml = ingress("a", &[("ssl-redirect", "false"), ("auth-url", "http://auth.app.svc.cluster.local/check"), ("limit-rps", "5")]);
    let ids: Vec<&str> = targets::all().iter().map(|target| target.id()).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids, dialect::Target::all().iter().map(|target| target.id.as_str()).collect::<Vec<_>>());
    for id in ids {
        let written = documents(&yaml, id, false);
        assert_eq!(of_kind(&written, "HTTPRoute").len(), 1, "{id}");
        let data = dialect::Target::named(id).expect("data");
        let own = |document: &&Value| {
            let version = document["apiVersion"].as_str().unwrap_or_default();
            !data.policy_groups.iter().any(|group| version.starts_with(group.as_str()))
        };
        let foreign: Vec<_> = written.iter().filter(own).filter(|document| !of_core(document)).collect();
        assert_eq!(foreign, Vec::<&Value>::new(), "{id}");
    }
}

fn of_core(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    version == "v1" || version.starts_with("gateway.networking.k8s.io/")
}
