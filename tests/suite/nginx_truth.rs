//! What the real controller answered (`testdata/requests/ingress-nginx*`), asked of the model of the old side.

use std::{collections::BTreeSet, fs, path::Path};

use gateshift::{
    ingress::{self, Fate, Given, Options, Resolved},
    k8s::{EndpointSlice, Inventory, NamespacedName, ObjectMeta},
    nginx::RefusalKind,
    read,
};
use indexmap::IndexMap;
use serde_yaml::Value;

/// A recorded case.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) data: Value,
}

/// All recorded cases, sorted by folder and name.
pub(crate) fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/requests");
    let mut cases = Vec::new();
    for folder in ["ingress-nginx", "ingress-nginx-random"] {
        let mut files: Vec<_> = fs::read_dir(root.join(folder)).expect("cases").map(|entry| entry.expect("entry").path()).collect();
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).expect("case");
            let name = file.file_stem().and_then(|name| name.to_str()).expect("name").to_owned();
            cases.push(Case { name, data: serde_yaml::from_str(&text).expect("case is YAML") });
        }
    }
    cases
}

pub(crate) fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        _ => String::new(),
    }
}

impl Case {
    /// `refused` and `refused_more`: kind and object.
    fn refused(&self) -> Vec<(&str, &str)> {
        let first = self.data.get("refused").into_iter();
        first.chain(list(&self.data, "refused_more")).map(|entry| (text(entry, "kind"), text(entry, "object"))).collect()
    }

    /// The objects that were in the cluster.
    pub(crate) fn inventory(&self) -> Inventory {
        let given = text(&self.data, "given").to_owned();
        let absent: BTreeSet<String> = self
            .refused()
            .iter()
            .filter(|(kind, _)| *kind == "admission")
            .map(|(_, object)| (*object).to_owned())
            .collect();
        let mut inventory = read::texts([("given.yaml".to_owned(), given.clone())], &read::Options::default()).inventory;
        inventory.ingresses.retain(|ingress| !absent.contains(&format!("Ingress {}", ingress.meta.key())));
        // The words `lab/…` of the recordings.
        let silent: Vec<(String, String)> = inventory
            .services
            .values()
            .filter(|service| service.meta.annotations.get("lab/endpoints").is_some_and(|value| value == "none"))
            .map(|service| (service.meta.namespace.clone(), service.meta.name.clone()))
            .collect();
        for (namespace, service) in silent {
            let meta = ObjectMeta { name: service.clone(), namespace, ..ObjectMeta::default() };
            inventory.endpoint_slices.push(EndpointSlice { meta, service, ready: 0, ports: Vec::new() });
        }
        for document in serde_yaml::Deserializer::from_str(&given) {
            let Ok(document) = <Value as serde::Deserialize>::deserialize(document) else { continue };
            let names = document.get("stringData").map_or("", |data| text(data, "lab-cn"));
            if text(&document, "kind") != "Secret" || names.is_empty() {
                continue;
            }
            let meta = document.get("metadata").expect("metadata");
            let namespace = Some(text(meta, "namespace")).filter(|namespace| !namespace.is_empty()).unwrap_or("default");
            let secret = inventory.secrets.get_mut(&NamespacedName::new(namespace, text(meta, "name"))).expect("Secret");
            secret.certificate_names = Some(names.split(',').map(|name| name.trim().to_owned()).collect());
            secret.keys.push("tls.crt".to_owned());
        }
        inventory
    }

    pub(crate) fn given(&self) -> Given {
        let controller = self.data.get("controller").cloned().unwrap_or_default();
        let data = controller.get("configmap").and_then(Value::as_mapping).cloned().unwrap_or_default();
        let data: IndexMap<String, String> = data.iter().map(|(key, value)| (scalar(key), scalar(value))).collect();
        Given { config_map: Some(data), arguments: list(&controller, "flags").iter().map(scalar).collect() }
    }

    pub(crate) fn resolve(&self, inventory: &Inventory) -> Resolved {
        let controller = ingress::controller(inventory, &self.given());
        ingress::resolve(inventory, &controller, &Options::CLOSED)
    }
}

fn kind(kind: RefusalKind) -> &'static str {
    match kind {
        RefusalKind::Config => "config",
        RefusalKind::Crash => "crash",
        RefusalKind::Dynamic => "dynamic",
    }
}

#[test]
fn the_model_refuses_what_the_controller_refused() {
    let mut wrong = Vec::new();
    for case in cases() {
        // Directives of snippets are not read.
        if case.name == "snippet-unknown-directive" {
            continue;
        }
        let inventory = case.inventory();
        let resolved = case.resolve(&inventory);
        let mut expected: BTreeSet<String> = BTreeSet::new();
        for (kind, object) in case.refused() {
            match kind {
                "dropped" => expected.insert(object.to_owned()),
                "admission" => false,
                kind => expected.insert(kind.to_owned()),
            };
        }
        let mut found: BTreeSet<String> = resolved
            .ingresses
            .iter()
            .filter(|facts| match &facts.fate {
                Fate::Counts(_) => false,
                // Namespaces that are not watched are not even looked at.
                Fate::Ignored(why) => *why != ingress::Ignored::Namespace,
                Fate::LeftOut(_) => true,
            })
            .map(|facts| inventory.object(facts.object).to_string())
            .collect();
        found.extend(resolved.config.refusals.iter().map(|refusal| kind(refusal.kind).to_owned()));
        if expected != found {
            let messages: Vec<&str> = resolved.config.refusals.iter().map(|refusal| refusal.message.as_str()).collect();
            wrong.push(format!("{}: controller {expected:?}, model {found:?} {messages:?}", case.name));
        }
    }
    assert!(wrong.is_empty(), "{} cases differ\n{}", wrong.len(), wrong.join("\n"));
}
