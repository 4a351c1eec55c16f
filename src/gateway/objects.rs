//! Gateway API objects of an inventory in their typed form, and the objects of implementations that change what they do.

use std::{borrow::Cow, sync::OnceLock};

use super::api::{self, Object};
use super::limits::Judge;
use crate::k8s::{Inventory, NamespacedName, ObjectId, ObjectRef};
use crate::ledger::{Code, Finding};
use crate::threads;
use crate::yaml::{Node, Scalar, ScalarStyle, Value};

/// Documents from which on two threads read them.
const LARGE: usize = 256;

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
    /// It adds matches to the rules that refer to it.
    pub adds_matches: bool,
}

/// Everything that a configuration is resolved from, besides Services, Secrets and Namespaces.
#[derive(Debug, Clone, Default)]
pub struct Objects {
    /// Objects that have a typed form, with the namespace they live in.
    pub typed: Vec<(ObjectId, Object)>,
    /// Objects of implementations.
    pub foreign: Vec<Foreign>,
    /// Objects that an API server would not store.
    pub refused: Vec<ObjectRef>,
    /// Positions of the typed objects by kind, namespace and name, once somebody asks.
    named: OnceLock<Vec<usize>>,
}

/// What reading an inventory came to.
#[derive(Debug, Clone, Default)]
pub struct Read {
    /// The objects.
    pub objects: Objects,
    /// What the typed form has no place for.
    pub issues: Vec<(ObjectId, api::Issue)>,
    /// Objects that an API server would not store; they are left out.
    pub refused: Vec<ObjectId>,
    /// What it would say of them.
    pub refusals: Vec<Finding>,
}

impl Objects {
    /// Name of an object of an implementation.
    pub fn name_of(&self, id: ObjectId) -> String {
        self.foreign.iter().find(|foreign| foreign.id == id).map(|foreign| foreign.object.to_string()).unwrap_or_default()
    }

    /// Whether there is an object of that kind and name. Asked when all objects were read.
    pub fn has(&self, kind: &str, name: &NamespacedName) -> bool {
        let key = |at: usize| {
            let (_, object) = &self.typed[at];
            (object.kind().as_str(), object.meta().namespace.as_str(), object.meta().name.as_str())
        };
        let named = self.named.get_or_init(|| {
            let mut named: Vec<usize> = (0..self.typed.len()).collect();
            named.sort_unstable_by(|one, other| key(*one).cmp(&key(*other)));
            named
        });
        named.binary_search_by(|at| key(*at).cmp(&(kind, name.namespace.as_str(), name.name.as_str()))).is_ok()
    }

    /// Reads what stands in an inventory. An object that cannot be read at all is left out, as no API server would have stored it,
    /// and so are those that the judge refuses; objects of a cluster need no judge.
    pub fn read(inventory: &Inventory, judge: Option<&Judge>) -> Read {
        let mut read = Read::default();
        for (id, node) in &inventory.gateway_objects {
            read.take(inventory, *id, node, judge);
        }
        read
    }

    /// The same, taking the documents out of the inventory: of a large estate they need not be there twice. Those of foreign kinds
    /// stay for the target that knows them.
    pub fn take(inventory: &mut Inventory, judge: Option<&Judge>) -> Read {
        let mut first = std::mem::take(&mut inventory.gateway_objects);
        let large = first.len() >= LARGE;
        let second = first.split_off(first.len() / 2);
        let known: &Inventory = inventory;
        let ((mut read, foreign), (more, others)) =
            threads::both_if(large, || Read::all(known, first, judge), || Read::all(known, second, judge));
        read.join(more);
        inventory.gateway_objects.extend(foreign.into_iter().chain(others));
        read.objects.typed.shrink_to_fit();
        read
    }
}

impl Read {
    /// Reads documents, and gives back those of foreign kinds.
    fn all(inventory: &Inventory, documents: Vec<(ObjectId, Node)>, judge: Option<&Judge>) -> (Self, Vec<(ObjectId, Node)>) {
        let (mut read, mut foreign) = (Self::default(), Vec::new());
        for (id, node) in documents {
            read.take(inventory, id, &node, judge);
            let name = inventory.object(id);
            if api::Kind::named(&name.group, &name.kind).is_none() {
                foreign.push((id, node));
            }
        }
        (read, foreign)
    }

    fn join(&mut self, other: Self) {
        let Self { objects: Objects { typed, foreign, refused: names, named: _ }, issues, refused, refusals } = other;
        self.objects.typed.extend(typed);
        self.objects.foreign.extend(foreign);
        self.issues.extend(issues);
        self.refused.extend(refused);
        self.objects.refused.extend(names);
        self.refusals.extend(refusals);
    }

    fn take(&mut self, inventory: &Inventory, id: ObjectId, node: &Node, judge: Option<&Judge>) {
        let name = inventory.object(id);
        if api::Kind::named(&name.group, &name.kind).is_none() {
            let adds_matches = node.get("spec").is_some_and(|spec| spec.get("matches").is_some());
            let targets = targets(node, &name.namespace);
            self.objects.foreign.push(Foreign { id, object: name.clone(), targets, adds_matches });
            return;
        }
        let judged = |node: &Node| judge.is_none_or(|judge| judge.node(node).is_accepted());
        let mut taken = Cow::Borrowed(node);
        if !judged(node) {
            let meant = letters_as_text(node);
            if !judged(&meant) {
                let said = judge.map(|judge| judge.findings(&[(id, node)])).unwrap_or_default();
                let refusals = said.into_iter().filter(|one| matches!(one.code, Code::GatewayApiRefused | Code::GatewayApiNotServed));
                self.refusals.extend(refusals);
                self.refused.push(id);
                self.objects.refused.push(name.clone());
                return;
            }
            taken = Cow::Owned(meant);
        }
        let (object, found) = api::read(&taken);
        self.issues.extend(found.into_iter().map(|issue| (id, issue)));
        let Some(mut object) = object else {
            self.objects.refused.push(name.clone());
            return self.refused.push(id);
        };
        if object.kind().is_namespaced() {
            object.meta_mut().namespace.clone_from(&name.namespace);
        }
        self.objects.typed.push((id, object));
    }
}

/// The document with unquoted `y` and `n` as texts: kubectl takes them for booleans and refuses the object, the author meant a name.
fn letters_as_text(node: &Node) -> Node {
    let mut meant = node.clone();
    let mut open = vec![&mut meant];
    while let Some(node) = open.pop() {
        match &mut node.value {
            Value::Scalar(Scalar { text, style, tag: None }) if matches!(text.as_str(), "y" | "Y" | "n" | "N") => {
                *style = ScalarStyle::Quoted;
            }
            Value::Scalar(_) => {}
            Value::Sequence(items) => open.extend(items),
            Value::Mapping(entries) => open.extend(entries.iter_mut().map(|(_, value)| value)),
        }
    }
    meant
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
