//! `ReferenceGrants`: what one namespace must allow another, no more.

use std::collections::{BTreeMap, BTreeSet};

use super::names::Names;
use crate::{
    gateway::api::{GROUP, GrantFrom, GrantTo, ReferenceGrant, ReferenceGrantSpec},
    k8s::NamespacedName,
};

const MOST: usize = 16;

/// References across namespaces: from kind and namespace, to kind and object.
#[derive(Debug, Default)]
pub(super) struct Grants {
    wanted: BTreeMap<(String, &'static str, &'static str, String, &'static str), BTreeSet<String>>,
}

impl Grants {
    /// An object of `kind` in `from` refers to `target` of kind `to`.
    pub(super) fn add(&mut self, kind: &'static str, from: &str, to: &'static str, target: &NamespacedName) {
        self.add_of(GROUP, kind, from, to, target);
    }

    /// The same for an object of another group than Gateway API's.
    pub(super) fn add_of(&mut self, group: &'static str, kind: &'static str, from: &str, to: &'static str, target: &NamespacedName) {
        self.wanted.entry((target.namespace.clone(), group, kind, from.to_owned(), to)).or_default().insert(target.name.clone());
    }

    /// Takes the references of another part of the same estate.
    pub(super) fn absorb(&mut self, other: Self) {
        for (between, targets) in other.wanted {
            self.wanted.entry(between).or_default().extend(targets);
        }
    }

    /// One grant per pair of namespaces and kinds, cut under the limit.
    pub(super) fn emit(self) -> Vec<ReferenceGrant> {
        let mut names = Names::default();
        let mut grants = Vec::new();
        for ((namespace, group, kind, from, to), targets) in self.wanted {
            let targets: Vec<String> = targets.into_iter().collect();
            for chunk in targets.chunks(MOST) {
                let name = names.take("ReferenceGrant", &namespace, &format!("{from}-{}-to-{}", short(kind), short(to)));
                let spec = ReferenceGrantSpec {
                    from: vec![GrantFrom { group: group.to_owned(), kind: kind.to_owned(), namespace: from.clone() }],
                    to: chunk.iter().map(|name| GrantTo { group: String::new(), kind: to.to_owned(), name: Some(name.clone()) }).collect(),
                };
                grants.push(ReferenceGrant::new(&namespace, name, spec));
            }
        }
        grants
    }
}

fn short(kind: &str) -> String {
    let kind = kind.to_ascii_lowercase();
    kind.strip_suffix("cy").map_or_else(|| format!("{kind}s"), |stem| format!("{stem}cies"))
}
