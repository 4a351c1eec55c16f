//! Which Ingresses are the controller's, and which of those it leaves out before looking at their settings.

use std::collections::BTreeSet;

use super::{
    facts::{Ignored, LeftOut},
    selector::Selector,
};
use crate::{
    annotations::Absent,
    k8s::{FieldPath, Ingress, Inventory, Subject},
    nginx::Globals,
};

/// `kubernetes.io/ingress.class`.
const CLASS: &str = "kubernetes.io/ingress.class";

/// What decides about Ingresses one by one.
pub(super) struct Selection<'a> {
    globals: &'a Globals,
    classes: BTreeSet<&'a str>,
    existing: BTreeSet<&'a str>,
    namespaces: Option<BTreeSet<&'a str>>,
    default: Option<&'a str>,
    inventory: &'a Inventory,
}

impl<'a> Selection<'a> {
    pub(super) fn new(inventory: &'a Inventory, globals: &'a Globals, absent: Absent) -> Self {
        let flags = &globals.flags;
        let ours = |class: &&crate::k8s::IngressClass| {
            class.controller == flags.controller_class || (flags.ingress_class_by_name && class.meta.name == flags.ingress_class)
        };
        let mut classes: BTreeSet<&str> = inventory.ingress_classes.iter().filter(ours).map(|class| class.meta.name.as_str()).collect();
        let existing: BTreeSet<&str> = inventory.ingress_classes.iter().map(|class| class.meta.name.as_str()).collect();
        // Files often hold Ingresses without their IngressClass; the class that the controller's own manifests create is taken as there.
        if absent == Absent::Assumed && inventory.ingress_classes.is_empty() {
            classes.insert(&flags.ingress_class);
        }
        let mut defaults: Vec<_> = inventory.ingress_classes.iter().filter(|class| is_default(class)).collect();
        defaults.sort_by_key(|class| (std::cmp::Reverse(class.meta.created), &class.meta.name));
        let default = defaults.first().map(|class| class.meta.name.as_str());
        let namespaces = if !flags.watch_namespace.is_empty() {
            Some(BTreeSet::from([flags.watch_namespace.as_str()]))
        } else if flags.watch_namespace_selector.is_empty() || inventory.namespaces.is_empty() {
            None
        } else {
            let selector = Selector::parse(&flags.watch_namespace_selector);
            let matching = inventory.namespaces.values().filter(|namespace| selector.matches(&namespace.meta.labels));
            Some(matching.map(|namespace| namespace.meta.name.as_str()).collect())
        };
        Self { globals, classes, existing, namespaces, default, inventory }
    }

    /// Why the Ingress is not the controller's, if it is not.
    pub(super) fn ignored(&self, ingress: &Ingress) -> Option<Ignored> {
        let flags = &self.globals.flags;
        if self.namespaces.as_ref().is_some_and(|namespaces| !namespaces.contains(ingress.meta.namespace.as_str())) {
            return Some(Ignored::Namespace);
        }
        if let Some(class) = &ingress.class_name {
            if !self.classes.contains(class.as_str()) {
                return Some(Ignored::OtherClass { class: class.clone(), exists: self.existing.contains(class.as_str()) });
            }
        } else if let Some(class) = ingress.meta.annotations.get(CLASS) {
            if *class != flags.ingress_class {
                return Some(Ignored::OtherClassAnnotation { class: class.clone() });
            }
        } else if let Some(class) = self.default.filter(|_| self.is_from_file(ingress)) {
            if !self.classes.contains(class) {
                return Some(Ignored::OtherClass { class: class.to_owned(), exists: true });
            }
        } else if !flags.watch_ingress_without_class {
            return Some(Ignored::NoClass);
        }
        (flags.disable_catch_all && ingress.default_backend.is_some()).then_some(Ignored::CatchAll)
    }

    /// The API server fills in the default class when it creates the object, so it is in the object where it was read from a cluster.
    fn is_from_file(&self, ingress: &Ingress) -> bool {
        self.inventory.objects.get(ingress.id.0 as usize).is_some_and(|(_, origin)| origin.is_some())
    }

    /// Why the Ingress is left out, annotations aside.
    pub(super) fn left_out(&self, ingress: &Ingress) -> Option<LeftOut> {
        if self.globals.flags.deep_inspect
            && let Some(field) = inspect(ingress)
        {
            return Some(LeftOut::Inspection(Subject::new(ingress.id, field)));
        }
        self.blocked(ingress)
    }

    fn blocked(&self, ingress: &Ingress) -> Option<LeftOut> {
        if self.globals.word_blocklist.is_empty() {
            return None;
        }
        let prefix = self.globals.flags.annotations_prefix.as_str();
        for (key, value) in &ingress.meta.annotations {
            if !key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/')) {
                continue;
            }
            if let Some(word) = self.globals.word_blocklist.iter().find(|word| value.contains(word.as_str())) {
                let subject = Subject::new(ingress.id, FieldPath::annotation(key.clone()));
                return Some(LeftOut::Word { subject, word: word.clone() });
            }
        }
        None
    }
}

fn is_default(class: &crate::k8s::IngressClass) -> bool {
    class.meta.annotations.get("ingressclass.kubernetes.io/is-default-class").is_some_and(|value| value == "true")
}

/// The first place with a text that the controller's inspector refuses.
fn inspect(ingress: &Ingress) -> Option<FieldPath> {
    for (at, rule) in ingress.rules.iter().enumerate() {
        if rule.host.as_deref().is_some_and(suspicious) {
            return Some(["spec".into(), "rules".into(), at.into(), crate::k8s::Step::from("host")].into());
        }
        for (index, path) in rule.paths.iter().flatten().enumerate() {
            if suspicious(&path.path) {
                return Some(
                    ["spec".into(), "rules".into(), at.into(), "http".into(), "paths".into(), index.into(), crate::k8s::Step::from("path")]
                        .into(),
                );
            }
        }
    }
    for (at, tls) in ingress.tls.iter().enumerate() {
        if suspicious(&tls.secret_name) || tls.hosts.iter().any(|host| suspicious(host)) {
            return Some(["spec".into(), "tls".into(), crate::k8s::Step::from(at)].into());
        }
    }
    None
}

/// `internal/ingress/inspector/rules.go`.
fn suspicious(text: &str) -> bool {
    let directive = |word: &str| text.find(word).is_some_and(|at| text[at + word.len()..].contains(';'));
    let system = || {
        text.match_indices("/etc/")
            .any(|(at, _)| ["passwd", "shadow", "group", "nginx", "ingress-controller"].iter().any(|name| text[at + 5..].starts_with(name)))
    };
    (text.contains(';') && (directive("alias") || directive("root")))
        || text.contains("_by_lua")
        || text.contains("/var/run/secrets")
        || system()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_paths_are_suspicious_too() {
        assert!(suspicious("/root;x") && suspicious("/etc/nginx-docs"));
        assert!(!suspicious("/root") && !suspicious("/etc/hosts"));
    }
}
