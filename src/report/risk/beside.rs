//! Objects beside the Ingress that must move too, or that steer it: read as they stand, nothing about requests is decided here.

use std::collections::BTreeMap;

use super::owner::owner;
use crate::{
    ingress::Controller,
    k8s::{FieldPath, Ingress, Inventory, NamespacedName, ObjectId, Step, Subject},
    ledger::{Code, Finding},
    yaml::Node,
};

/// Label that Kubernetes gives every namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Everything of the inventory that must move too. The Gateway stands in `gateway`.
pub(super) fn findings(inventory: &Inventory, controller: &Controller, gateway: &str) -> Vec<Finding> {
    let old = controller.workload.as_ref().or(controller.config_map.as_ref()).map_or("ingress-nginx", |name| name.namespace.as_str());
    let mut findings = Vec::new();
    for (id, node) in &inventory.beside {
        let spec = node.get("spec");
        match (inventory.object(*id).kind.as_str(), spec) {
            ("NetworkPolicy", Some(spec)) => findings.extend(network_policy(*id, spec, inventory, old, gateway)),
            ("Rollout", Some(spec)) => findings.extend(rollout(*id, spec, inventory)),
            ("Canary", Some(spec)) => findings.extend(flagger(*id, spec, inventory)),
            _ => {}
        }
    }
    for (id, node) in &inventory.gateway_objects {
        let object = inventory.object(*id);
        if object.group == "cert-manager.io" && matches!(object.kind.as_str(), "Issuer" | "ClusterIssuer") {
            findings.extend(solver(*id, node, inventory));
        }
    }
    findings.extend(inventory.ingresses.iter().filter_map(generated));
    findings
}

fn about(code: Code, id: ObjectId, inventory: &Inventory, field: FieldPath, more: Vec<(&'static str, String)>) -> Finding {
    let mut facts = more;
    facts.push(("object", qualified(id, inventory)));
    Finding::about(code, Subject::new(id, field), facts)
}

fn qualified(id: ObjectId, inventory: &Inventory) -> String {
    let object = inventory.object(id);
    if object.namespace.is_empty() { object.name.clone() } else { format!("{}/{}", object.namespace, object.name) }
}

/// A policy that lets the old controller in, and not the new Gateway.
fn network_policy(id: ObjectId, spec: &Node, inventory: &Inventory, old: &str, gateway: &str) -> Option<Finding> {
    let peers = || spec.get("ingress").map(Node::items).unwrap_or_default().iter().flat_map(from);
    // A rule without `from` lets everybody in.
    if peers().any(|peer| peer.is_none()) {
        return None;
    }
    let admits = |namespace: &str| peers().flatten().any(|peer| selects(peer, namespace, inventory));
    (admits(old) && !admits(gateway))
        .then(|| about(Code::BesideNetworkPolicy, id, inventory, FieldPath::from(["spec", "ingress"]), vec![("namespace", old.to_owned())]))
}

fn from(rule: &Node) -> Vec<Option<&Node>> {
    match rule.get("from").map(Node::items) {
        None | Some([]) => vec![None],
        Some(peers) => peers.iter().map(Some).collect(),
    }
}

/// Whether a peer stands for Pods of a namespace.
fn selects(peer: &Node, namespace: &str, inventory: &Inventory) -> bool {
    let Some(selector) = peer.get("namespaceSelector") else { return false };
    let labels = inventory.namespaces.get(namespace).map(|found| &found.meta.labels);
    let label = |key: &str| match key {
        NAME_LABEL => Some(namespace),
        // Charts of the controller give its namespace this label, and older policies select by it.
        _ => labels.and_then(|labels| labels.get(key)).map(String::as_str),
    };
    let text = |node: &Node| node.as_text().unwrap_or_default().to_owned();
    let equal = selector
        .get("matchLabels")
        .map(Node::entries)
        .unwrap_or_default()
        .iter()
        .all(|(key, value)| label(&text(key)) == Some(text(value).as_str()));
    let asked = selector.get("matchExpressions").map(Node::items).unwrap_or_default();
    equal
        && asked.iter().all(|expression| {
            let found = label(&expression.get("key").map(text).unwrap_or_default());
            let listed = || expression.get("values").map(Node::items).unwrap_or_default().iter().any(|value| found == value.as_text());
            match expression.get("operator").and_then(Node::as_text) {
                Some("In") => listed(),
                Some("NotIn") => !listed(),
                Some("Exists") => found.is_some(),
                Some("DoesNotExist") => found.is_none(),
                _ => false,
            }
        })
}

fn rollout(id: ObjectId, spec: &Node, inventory: &Inventory) -> Option<Finding> {
    let routing = spec.get("strategy")?.get("canary")?.get("trafficRouting")?.get("nginx")?;
    let several = routing.get("stableIngresses").map(Node::items).unwrap_or_default();
    let name = routing.get("stableIngress").or_else(|| several.first()).and_then(Node::as_text)?;
    let namespace = &inventory.object(id).namespace;
    let field = FieldPath::from(["spec", "strategy", "canary", "trafficRouting", "nginx"]);
    Some(about(Code::BesideArgoRollouts, id, inventory, field, vec![("ingress", format!("{namespace}/{name}"))]))
}

fn flagger(id: ObjectId, spec: &Node, inventory: &Inventory) -> Option<Finding> {
    let name = spec.get("ingressRef")?.get("name").and_then(Node::as_text)?;
    let namespace = &inventory.object(id).namespace;
    Some(about(
        Code::BesideFlagger,
        id,
        inventory,
        FieldPath::from(["spec", "ingressRef"]),
        vec![("ingress", format!("{namespace}/{name}"))],
    ))
}

fn solver(id: ObjectId, node: &Node, inventory: &Inventory) -> Option<Finding> {
    let solvers = node.get("spec")?.get("acme")?.get("solvers")?.items();
    let (index, ingress) = solvers.iter().enumerate().find_map(|(index, solver)| Some((index, solver.get("http01")?.get("ingress")?)))?;
    let class = ["ingressClassName", "class", "name"].into_iter().find_map(|key| ingress.get(key).and_then(Node::as_text));
    let field = FieldPath::from([Step::from("spec"), "acme".into(), "solvers".into(), index.into()]);
    Some(about(Code::BesideCertManagerSolver, id, inventory, field, vec![("class", class.unwrap_or("(default)").to_owned())]))
}

fn generated(ingress: &Ingress) -> Option<Finding> {
    let (tool, name) = owner(&ingress.meta)?;
    let facts = vec![("ingress", ingress.meta.key().to_string()), ("owner", format!("{tool} {name}"))];
    Some(Finding::about(Code::BesideGeneratedIngress, Subject::new(ingress.id, FieldPath::root()), facts))
}

/// Positions of Ingresses by namespace and name.
pub(super) fn by_name(inventory: &Inventory) -> BTreeMap<NamespacedName, usize> {
    inventory.ingresses.iter().enumerate().map(|(position, ingress)| (ingress.meta.key(), position)).collect()
}
