//! A Gateway that exists: which of its listeners, or of its ListenerSets, takes a route.

use crate::{
    gateway::{
        api::{FromNamespaces, Gateway, Listener, Object, ParentRef, Protocol, TlsMode},
        facts::{Absent, Facts},
        hostname::Hostname,
        listeners::allows,
        objects::Objects,
    },
    k8s::{Inventory, NamespacedName},
};

/// A listener and how a route names it.
struct Candidate {
    parent: ParentRef,
    namespace: String,
    listener: Listener,
    /// It belongs to the Gateway itself, which wins over ListenerSets.
    own: bool,
}

/// A Gateway that was read.
pub(super) struct Existing {
    candidates: Vec<Candidate>,
    /// For each namespace that was asked for, in the words of the Gateway.
    allowed: FromNamespaces,
    namespace: String,
    /// Labels of namespaces that were read.
    labels: Inventory,
}

impl Existing {
    /// Whether the objects that were read have this Gateway.
    pub(super) fn is_among(inventory: &Inventory, name: &NamespacedName) -> bool {
        find(&Objects::read(inventory, None).objects, name).is_some()
    }

    /// The Gateway and its ListenerSets. Where it is missing it has no listeners.
    pub(super) fn read(inventory: &Inventory, name: &NamespacedName) -> Self {
        let objects = Objects::read(inventory, None).objects;
        let mut candidates = Vec::new();
        let mut allowed = FromNamespaces::None;
        let labels = Inventory { namespaces: inventory.namespaces.clone(), ..Inventory::default() };
        let facts = Facts::of(&labels, Absent::Assumed);
        if let Some(gateway) = find(&objects, name) {
            if let Some(namespaces) = gateway.spec.allowed_listeners.as_ref().and_then(|allowed| allowed.namespaces.clone()) {
                allowed = namespaces;
            }
            candidates.extend(gateway.spec.listeners.iter().map(|listener| Candidate {
                parent: ParentRef::gateway(&name.namespace, &name.name, Some(listener.name.clone())),
                namespace: name.namespace.clone(),
                listener: listener.clone(),
                own: true,
            }));
        }
        for (_, object) in &objects.typed {
            let Object::ListenerSet(set) = object else { continue };
            let own = &set.metadata.namespace;
            let parent = &set.spec.parent_ref;
            let here = parent.name == name.name && *parent.namespace.as_ref().unwrap_or(own) == name.namespace;
            if !here || !allows(Some(&allowed), &FromNamespaces::None, &name.namespace, own, &facts) {
                continue;
            }
            candidates.extend(set.spec.listeners.iter().map(|listener| Candidate {
                parent: ParentRef::listener_set(own, &set.metadata.name, Some(listener.name.clone())),
                namespace: own.clone(),
                listener: listener.clone(),
                own: false,
            }));
        }
        Self { candidates, allowed, namespace: name.namespace.clone(), labels }
    }

    /// The most specific listener for the port, protocol and host that admits routes of the kind and namespace.
    pub(super) fn parent(&self, wanted: &Listener, hostname: &Hostname, namespace: &str, kind: &str) -> Option<ParentRef> {
        let facts = Facts::of(&self.labels, Absent::Assumed);
        let mode = |listener: &Listener| listener.tls.as_ref().and_then(|tls| tls.mode).unwrap_or(TlsMode::Terminate);
        let fits = |candidate: &&Candidate| {
            let listener = &candidate.listener;
            let same = listener.protocol == wanted.protocol
                && listener.port == wanted.port
                && (listener.protocol != Protocol::Tls || mode(listener) == mode(wanted));
            same && Hostname::parse(listener.hostname.as_deref()).covers(hostname)
        };
        // Requests go to the most specific listener, whoever that admits; a route on a wider one would not be reached.
        let specificity = |candidate: &Candidate| (Hostname::parse(candidate.listener.hostname.as_deref()).specificity(), candidate.own);
        let chosen = self.candidates.iter().filter(fits).max_by_key(|candidate| specificity(candidate))?;
        let routes = chosen.listener.allowed_routes.as_ref();
        let from = routes.and_then(|routes| routes.namespaces.as_ref());
        let admits = allows(from, &FromNamespaces::Same, &chosen.namespace, namespace, &facts);
        let takes_kind = routes.is_none_or(|routes| routes.kinds.is_empty() || routes.kinds.iter().any(|known| known.kind == kind));
        (admits && takes_kind).then(|| chosen.parent.clone())
    }

    /// Whether ListenerSets of a namespace may attach.
    pub(super) fn admits_set(&self, namespace: &str) -> bool {
        let facts = Facts::of(&self.labels, Absent::Assumed);
        allows(Some(&self.allowed), &FromNamespaces::None, &self.namespace, namespace, &facts)
    }
}

fn find<'o>(objects: &'o Objects, name: &NamespacedName) -> Option<&'o Gateway> {
    objects.typed.iter().find_map(|(_, object)| match object {
        Object::Gateway(gateway) if gateway.metadata.namespace == name.namespace && gateway.metadata.name == name.name => Some(&**gateway),
        _ => None,
    })
}
