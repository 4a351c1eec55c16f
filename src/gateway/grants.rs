//! Who may refer across namespaces, by the grants of the namespace that is referred to.

use std::collections::BTreeMap;

use super::api::{GROUP, Object};
use super::objects::Objects;

/// All grants, by the namespace that gives them.
#[derive(Debug, Clone, Default)]
pub struct Grants<'a> {
    by_namespace: BTreeMap<&'a str, Vec<&'a super::api::ReferenceGrant>>,
}

/// The object that refers: its kind (of the Gateway API) and namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referrer<'a> {
    /// Kind.
    pub kind: &'a str,
    /// Namespace.
    pub namespace: &'a str,
}

/// What is referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Referent<'a> {
    /// Group, empty for core.
    pub group: &'a str,
    /// Kind.
    pub kind: &'a str,
    /// Namespace.
    pub namespace: &'a str,
    /// Name.
    pub name: &'a str,
}

impl<'a> Grants<'a> {
    /// The grants among the objects.
    pub fn of(objects: &'a Objects) -> Self {
        let mut grants = Self::default();
        for (_, object) in &objects.typed {
            if let Object::ReferenceGrant(grant) = object {
                grants.by_namespace.entry(&grant.metadata.namespace).or_default().push(grant);
            }
        }
        grants
    }

    /// Whether the reference is allowed: inside one namespace always, else by a grant that names both sides.
    pub fn allow(&self, from: Referrer<'_>, to: Referent<'_>) -> bool {
        self.allow_of(GROUP, from, to)
    }

    /// The same for an object of another group than Gateway API's.
    pub fn allow_of(&self, group: &str, from: Referrer<'_>, to: Referent<'_>) -> bool {
        from.namespace == to.namespace
            || self.by_namespace.get(to.namespace).into_iter().flatten().any(|grant| {
                grant.spec.from.iter().any(|entry| entry.group == group && entry.kind == from.kind && entry.namespace == from.namespace)
                    && grant.spec.to.iter().any(|entry| {
                        entry.group == to.group && entry.kind == to.kind && entry.name.as_deref().is_none_or(|name| name == to.name)
                    })
            })
    }
}
