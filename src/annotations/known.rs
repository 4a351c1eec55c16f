//! The annotations that the controller parses, as the catalogue has them; aliases are names of their own here.

use crate::catalog::{self, Annotation, Risk};

/// An annotation under the name that an Ingress gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// The name, which may be an alias.
    pub(super) name: &'static str,
    entry: &'static Annotation,
}

/// The annotation of this name, without prefix.
pub(super) fn lookup(name: &str) -> Option<Known> {
    let all = catalog::annotations();
    match all.get(name) {
        Some(entry) => Some(Known { name: &entry.name, entry }),
        None => all.alias(name).map(|(name, entry)| Known { name, entry }),
    }
}

impl Known {
    /// The validator lets the value pass.
    pub(super) fn passes(self, value: &str) -> bool {
        self.entry.validate(value).is_ok()
    }

    /// Its mere presence drops the Ingress.
    pub(super) fn is_above(self, level: Risk) -> bool {
        self.entry.risk > level
    }

    /// Annotations without which it does nothing.
    pub(super) fn needs(self) -> impl Iterator<Item = &'static str> {
        self.entry.needs.iter().map(String::as_str)
    }
}
