//! Gateway API objects of an inventory in their typed form, and the objects of implementations that change what they do.

use super::api::{self, Object};
use crate::k8s::{Inventory, ObjectId, ObjectRef};
use crate::yaml::{Node, Value};

/// What a policy of an implementation is attached to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTarget {
    /// API group of the target.
    pub group: String,
    /// Kind of the target.
    pub kind: String,
    /// Name of the target; `None` where labels select it.
    pub name: Option<String>,
    /// Namespace of the target.
    pub namespace: String,
    /// Listener of a Gateway, or named rule of a route.
    pub section: Option<String>,
}

/// An object of another API group than those of the Gateway API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreign {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Its name.
    pub object: ObjectRef,
    /// What it is attached to; empty where others refer to it.
    pub targets: Vec<PolicyTarget>,
}

/// Everything that a configuration is resolved from, besides Services, Secrets and Namespaces.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// Objects that have a typed form, with the namespace they live in.
    pub typed: Vec<(ObjectId, Object)>,
    /// Objects of implementations.
    pub foreign: Vec<Foreign>,
}

impl Objects {
    /// Reads what stands in an inventory. The issues say what the typed form has no place for; an object that cannot be read at
    /// all is left out, as no API server would have stored it.
    pub fn read(inventory: &Inventory) -> (Self, Vec<(ObjectId, api::Issue)>) {
        let mut objects = Self::default();
        let mut issues = Vec::new();
        for (id, node) in &inventory.gateway_objects {
            let name = inventory.object(*id);
            if api::Kind::named(&name.group, &name.kind).is_none() {
                objects.foreign.push(Foreign { id: *id, object: name.clone(), targets: targets(node, &name.namespace) });
                continue;
            }
            let (object, found) = api::read(node);
            issues.extend(found.into_iter().map(|issue| (*id, issue)));
            if let Some(mut object) = object {
                if object.kind().is_namespaced() {
                    object.meta_mut().namespace.clone_from(&name.namespace);
                }
                objects.typed.push((*id, object));
            }
        }
        (objects, issues)
    }
}

/// `spec.targetRefs`, `spec.targetRef` and `spec.targetSelectors`.
fn targets(node: &Node, namespace: &str) -> Vec<PolicyTarget> {
    let Some(spec) = node.get("spec") else { return Vec::new() };
    let items = |key: &str| match spec.get(key).map(|list| &list.value) {
        Some(Value::Sequence(items)) => items.iter().collect(),
        Some(Value::Scalar(_) | Value::Mapping(_)) | None => Vec::new(),
    };
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::as_text).map(str::to_owned);
    let mut found: Vec<PolicyTarget> = Vec::new();
    for item in items("targetRefs").into_iter().chain(spec.get("targetRef")) {
        found.push(PolicyTarget {
            group: text(item, "group").unwrap_or_default(),
            kind: text(item, "kind").unwrap_or_default(),
            name: Some(text(item, "name").unwrap_or_default()),
            namespace: text(item, "namespace").unwrap_or_else(|| namespace.to_owned()),
            section: text(item, "sectionName"),
        });
    }
    for item in items("targetSelectors") {
        found.push(PolicyTarget {
            group: text(item, "group").unwrap_or_else(|| api::GROUP.to_owned()),
            kind: text(item, "kind").unwrap_or_default(),
            name: None,
            namespace: namespace.to_owned(),
            section: None,
        });
    }
    found
}
