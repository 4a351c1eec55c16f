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

impl Candidate {
    /// Secrets with the certificates that it shows.
    fn certificates(&self) -> Vec<NamespacedName> {
        let references = self.listener.tls.iter().flat_map(|tls| &tls.certificate_refs);
        references.map(|secret| NamespacedName::new(secret.namespace.as_deref().unwrap_or(&self.namespace), &secret.name)).collect()
    }
}

/// The listener that takes a route.
pub(super) struct Taken {
    /// How the route names it.
    pub(super) parent: ParentRef,
    /// Secrets with the certificates that it shows.
    pub(super) certificates: Vec<NamespacedName>,
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

    /// The most specific listener for the port, protocol and host, which must admit routes of the kind and namespace; or why none takes
    /// the route.
    pub(super) fn taken(&self, wanted: &Listener, hostname: &Hostname, namespace: &str, kind: &str) -> Result<Taken, String> {
        let mode = |listener: &Listener| listener.tls.as_ref().and_then(|tls| tls.mode).unwrap_or(TlsMode::Terminate);
        let speaks = |candidate: &&Candidate| {
            let listener = &candidate.listener;
            listener.protocol == wanted.protocol
                && listener.port == wanted.port
                && (listener.protocol != Protocol::Tls || mode(listener) == mode(wanted))
        };
        let covers = |candidate: &&Candidate| Hostname::parse(candidate.listener.hostname.as_deref()).covers(hostname);
        // Requests go to the most specific listener, whoever that admits; a route on a wider one would not be reached.
        let specificity = |candidate: &Candidate| (Hostname::parse(candidate.listener.hostname.as_deref()).specificity(), candidate.own);
        let Some(chosen) = self.candidates.iter().filter(speaks).filter(covers).max_by_key(|candidate| specificity(candidate)) else {
            let (protocol, port) = (String::from(wanted.protocol.clone()), wanted.port);
            return Err(match self.candidates.iter().find(speaks) {
                Some(_) => format!("no listener for {protocol} on port {port} has the host name"),
                None => format!("it has no listener for {protocol} on port {port}"),
            });
        };
        let routes = chosen.listener.allowed_routes.as_ref();
        let from = routes.and_then(|routes| routes.namespaces.as_ref());
        let name = &chosen.listener.name;
        if !allows(from, &FromNamespaces::Same, &chosen.namespace, namespace, &Facts::of(&self.labels, Absent::Assumed)) {
            return Err(format!("`allowedRoutes.namespaces` of listener `{name}` leaves out namespace `{namespace}`"));
        }
        if routes.is_some_and(|routes| !routes.kinds.is_empty() && routes.kinds.iter().all(|known| known.kind != kind)) {
            return Err(format!("`allowedRoutes.kinds` of listener `{name}` leaves out {kind}"));
        }
        Ok(Taken { parent: chosen.parent.clone(), certificates: chosen.certificates() })
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
