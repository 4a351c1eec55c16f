//! Metadata and label selectors.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::text_map::TextMap;

/// `metadata`, as far as we write it or a router looks at it. Printed sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Meta {
    /// Name.
    pub name: String,
    /// Namespace; empty for cluster-scoped kinds, and as read where the document has none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub namespace: String,
    /// Labels.
    #[serde(skip_serializing_if = "TextMap::is_empty")]
    pub labels: TextMap,
    /// Annotations.
    #[serde(skip_serializing_if = "TextMap::is_empty")]
    pub annotations: TextMap,
    /// When it was created, as RFC 3339 in UTC, whose text order is the order of time. Read only.
    #[serde(skip_serializing)]
    pub creation_timestamp: Option<String>,
    /// Read only.
    #[serde(skip_serializing)]
    pub generation: Option<i64>,
}

impl Meta {
    /// Metadata of an object in a namespace.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: namespace.into(), ..Self::default() }
    }
}

/// A label selector. An empty one selects everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LabelSelector {
    /// Labels that must have these values.
    #[serde(skip_serializing_if = "TextMap::is_empty")]
    pub match_labels: TextMap,
    /// Requirements that must hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<LabelRequirement>,
}

impl LabelSelector {
    /// A selector for one label.
    pub fn label(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { match_labels: TextMap::from([(key.into(), value.into())]), match_expressions: Vec::new() }
    }

    /// A selector for no object at all.
    pub fn nothing() -> Self {
        let never = LabelRequirement { key: "kubernetes.io/metadata.name".to_owned(), operator: "In".to_owned(), values: Vec::new() };
        Self { match_labels: TextMap::default(), match_expressions: vec![never] }
    }

    /// Whether an object with these labels is selected. An operator that does not exist selects nothing.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.holds(labels.get(&requirement.key)))
    }
}

/// `matchExpressions[]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelRequirement {
    /// Label key.
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`.
    pub operator: String,
    /// Values for `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

impl LabelRequirement {
    fn holds(&self, value: Option<&String>) -> bool {
        match self.operator.as_str() {
            "In" => value.is_some_and(|value| self.values.contains(value)),
            "NotIn" => value.is_none_or(|value| !self.values.contains(value)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}
