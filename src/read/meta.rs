//! `metadata`, and the fields that many kinds share.

use std::borrow::Cow;

use indexmap::IndexMap;

use super::{Options, shape::whole};
use crate::{
    k8s::{ObjectMeta, ObjectRef, time},
    yaml::{Node, Resolved, Scalar},
};

/// The text that a scalar is to the controller: nothing for null, the words of the source for numbers and booleans.
pub(super) fn scalar_text(scalar: &Scalar) -> Cow<'_, str> {
    match scalar.resolve() {
        Ok(Resolved::Null) => Cow::Borrowed(""),
        Ok(Resolved::Text(text)) => text,
        Ok(Resolved::Bool(_) | Resolved::Int(_) | Resolved::Unsigned(_) | Resolved::Float(_)) | Err(_) => Cow::Borrowed(&scalar.text),
    }
}

/// Text of a field, if it is a scalar other than null.
pub(super) fn optional_text(node: &Node, key: &str) -> Option<String> {
    let scalar = node.get(key)?.as_scalar()?;
    (scalar.resolve() != Ok(Resolved::Null)).then(|| scalar_text(scalar).into_owned())
}

/// Text of a field, empty where there is none.
pub(super) fn text(node: &Node, key: &str) -> String {
    optional_text(node, key).unwrap_or_default()
}

/// Whole number of a field; one in quotes counts, although the API server refuses it.
pub(super) fn number(node: &Node, key: &str) -> Option<i64> {
    let scalar = node.get(key)?.as_scalar()?;
    match scalar.resolve() {
        Ok(Resolved::Text(text)) => text.parse().ok(),
        Ok(resolved) => whole(&resolved),
        Err(_) => None,
    }
}

/// Texts of a list; a single text counts as a list of it.
pub(super) fn list(node: &Node, key: &str) -> Vec<String> {
    let Some(list) = node.get(key) else { return Vec::new() };
    match list.as_scalar() {
        Some(scalar) => Some(scalar_text(scalar).into_owned()).filter(|text| !text.is_empty()).into_iter().collect(),
        None => list.items().iter().filter_map(Node::as_scalar).map(|scalar| scalar_text(scalar).into_owned()).collect(),
    }
}

/// Items of a list field.
pub(super) fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).map_or(&[], Node::items)
}

/// A map of texts in document order; the last of equal keys wins, at the place of the first.
pub(super) fn map(node: Option<&Node>) -> IndexMap<String, String> {
    let entries = node.map_or(&[][..], Node::entries);
    let mut map = IndexMap::with_capacity(entries.len());
    for (key, value) in entries {
        if let (Some(key), Some(value)) = (key.as_text(), value.as_scalar()) {
            map.insert(key.to_owned(), scalar_text(value).into_owned());
        }
    }
    map
}

/// `metadata` as Kubernetes would store it.
pub(super) fn metadata(root: &Node, namespaced: bool, options: &Options) -> ObjectMeta {
    let empty = Node::null();
    let meta = root.get("metadata").unwrap_or(&empty);
    let namespace = match text(meta, "namespace") {
        _ if !namespaced => String::new(),
        namespace if namespace.is_empty() => options.namespace.clone(),
        namespace => namespace,
    };
    ObjectMeta {
        name: name(meta),
        namespace,
        annotations: map(meta.get("annotations")),
        labels: map(meta.get("labels")),
        created: optional_text(meta, "creationTimestamp").and_then(|text| time::seconds(&text)),
    }
}

/// The name; without one, what the API server would make a name from.
fn name(meta: &Node) -> String {
    match text(meta, "name") {
        name if !name.is_empty() => name,
        _ => match text(meta, "generateName").trim_end_matches(['-', '.']) {
            "" => "unnamed".to_owned(),
            prefix => prefix.to_owned(),
        },
    }
}

/// The name of an object with this metadata.
pub(super) fn reference(group: &str, kind: &str, meta: &ObjectMeta) -> ObjectRef {
    ObjectRef { group: group.to_owned(), kind: kind.to_owned(), namespace: meta.namespace.clone(), name: meta.name.clone() }
}
