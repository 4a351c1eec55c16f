//! Which routes attach to which listeners, with which hostnames, and why the others do not.

use std::collections::BTreeMap;

use super::api::{self, GROUP, ParentRef, status::RouteStatus};
use super::dialect::{Dialect, ForeignHostname, ParentPorts, RouteAcceptance};
use super::facts::Facts;
use super::hostname::Hostname;
use super::listeners::{self, Listener, RouteKind, Speaks};
use super::status;
use crate::k8s::{FieldPath, NamespacedName, ObjectId, ObjectRef, Subject};
use crate::ledger::{Code, Finding, Findings};

/// A route of any kind, as far as attaching goes.
#[derive(Debug, Clone, Copy)]
pub struct RouteHead<'a> {
    /// Its identity in the inventory.
    pub id: ObjectId,
    /// Its kind.
    pub kind: RouteKind,
    /// Metadata.
    pub meta: &'a api::Meta,
    /// `parentRefs`.
    pub parents: &'a [ParentRef],
    /// `hostnames`.
    pub hostnames: &'a [String],
    /// Status as read.
    pub status: &'a RouteStatus,
}

impl RouteHead<'_> {
    /// Name of the route.
    pub fn object_ref(&self) -> ObjectRef {
        ObjectRef {
            group: GROUP.to_owned(),
            kind: self.kind.as_str().to_owned(),
            namespace: self.meta.namespace.clone(),
            name: self.meta.name.clone(),
        }
    }
}

/// A listener that a route is attached to, and the hostnames they have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Index of the listener.
    pub listener: usize,
    /// Hostnames, at least one, in the order of the route.
    pub hostnames: Vec<Hostname>,
}

/// What became of one parentRef.
#[derive(Debug)]
pub struct Parent {
    /// The parentRef.
    pub reference: ParentRef,
    /// Listeners that take the route, whether or not they serve.
    pub attachments: Vec<Attachment>,
    /// `Accepted`.
    pub accepted: status::State,
    /// The controller reported that references of the route are not resolved.
    pub unresolved: bool,
}

/// Listeners of a Gateway or ListenerSet.
#[derive(Debug, Default)]
struct Owned<'l> {
    all: Vec<usize>,
    by_name: BTreeMap<&'l str, Vec<usize>>,
}

/// Listeners by what refers to them.
#[derive(Debug)]
pub struct Index<'l> {
    listeners: &'l [Listener<'l>],
    refused: &'l [ObjectRef],
    owners: BTreeMap<(&'static str, &'l NamespacedName), Owned<'l>>,
    /// Hostnames of listeners by Gateway and port.
    hostnames: BTreeMap<(&'l NamespacedName, u16, &'l Hostname), usize>,
}

impl<'l> Index<'l> {
    /// An index of listeners; `refused` are objects that an API server would not store.
    pub fn of(listeners: &'l [Listener<'l>], refused: &'l [ObjectRef]) -> Self {
        let mut owners: BTreeMap<(&'static str, &NamespacedName), Owned<'_>> = BTreeMap::new();
        let mut hostnames = BTreeMap::new();
        for (index, listener) in listeners.iter().enumerate() {
            let owned = owners.entry((listener.state.kind, &listener.state.owner)).or_default();
            owned.all.push(index);
            owned.by_name.entry(&listener.spec.name).or_default().push(index);
            hostnames.entry((&listener.gateway, listener.spec.port, &listener.hostname)).or_insert(index);
        }
        Self { listeners, refused, owners, hostnames }
    }

    /// What becomes of each parentRef that names a Gateway or ListenerSet of ours. Findings say why a route does not serve.
    pub fn parents(&self, route: RouteHead<'_>, dialect: &Dialect, facts: &Facts<'_>, findings: &mut Findings) -> Vec<Parent> {
        let mut parents = Vec::new();
        let same_but_port =
            |one: &ParentRef, other: &ParentRef| ParentRef { port: None, ..one.clone() } == ParentRef { port: None, ..other.clone() };
        let last_counts = *dialect.parent_ports == ParentPorts::LastCounts;
        for (position, reference) in route.parents.iter().enumerate() {
            if last_counts && route.parents[..position].iter().any(|earlier| same_but_port(earlier, reference)) {
                continue;
            }
            let counts = route.parents.iter().rfind(|other| last_counts && same_but_port(other, reference)).unwrap_or(reference);
            let kind = match (reference.group(), reference.kind()) {
                (GROUP, "Gateway") => "Gateway",
                (GROUP, "ListenerSet") => "ListenerSet",
                (_, _) => continue,
            };
            let subject = || Subject::new(route.id, FieldPath::from(["spec", "parentRefs"]).child(position));
            let owner = NamespacedName::new(reference.namespace.as_ref().unwrap_or(&route.meta.namespace), &reference.name);
            let about = |reason: Option<&str>| {
                let mut facts = vec![("route", route.object_ref().to_string()), ("parent", format!("{kind} {owner}"))];
                facts.extend(reason.map(|reason| ("reason", reason.to_owned())));
                facts
            };
            let Some(members) = self.owners.get(&(kind, &owner)) else {
                let mut facts = about(None);
                let same = |one: &ObjectRef| one.kind == kind && one.namespace == owner.namespace && one.name == owner.name;
                let refused = self.refused.iter().any(same);
                facts.push(("absence", if refused { "an API server would refuse" } else { "is not among the objects" }.to_owned()));
                findings.push(Finding::about(Code::GatewayParentMissing, subject(), facts));
                continue;
            };
            let mut parent = Parent { reference: reference.clone(), ..self.parent(route, counts, members, dialect, facts) };
            if let Some(status) = route.status.parents.iter().find(|status| status.parent_ref == *reference) {
                let refused = |kinds: &[&str], findings: &mut Findings| {
                    listeners::report_refused(route.id, &status.conditions, kinds, route.meta.generation, findings)
                };
                parent.unresolved = refused(&["ResolvedRefs"], findings);
                if refused(&["Accepted", "Programmed"], findings) {
                    parent.accepted = Err("Reported");
                    parent.attachments.clear();
                }
            }
            if let Err(reason) = parent.accepted {
                findings.push(Finding::about(Code::GatewayRouteNotAccepted, subject(), about(Some(reason))));
            }
            parents.push(parent);
        }
        parents
    }

    fn parent(&self, route: RouteHead<'_>, reference: &ParentRef, owned: &Owned<'_>, dialect: &Dialect, facts: &Facts<'_>) -> Parent {
        let mut attachments = Vec::new();
        let (mut named, mut allowed) = (false, false);
        let named_so = match &reference.section_name {
            Some(name) => owned.by_name.get(name.as_str()).map_or(&[][..], Vec::as_slice),
            None => &owned.all,
        };
        for &index in named_so {
            let listener = &self.listeners[index];
            if reference.port.is_some_and(|port| port != listener.spec.port) {
                continue;
            }
            named = true;
            let from = listener.spec.allowed_routes.as_ref().and_then(|allowed| allowed.namespaces.as_ref());
            let open = listeners::allows(from, &api::FromNamespaces::Same, &listener.state.owner.namespace, &route.meta.namespace, facts);
            if !open || !listener.kinds.contains(&route.kind) {
                continue;
            }
            allowed = true;
            let hostnames = self.common_hostnames(index, route.hostnames, dialect);
            if !hostnames.is_empty() {
                attachments.push(Attachment { listener: index, hostnames });
            }
        }
        let serves = |attachment: &Attachment| self.listeners[attachment.listener].serves();
        let accepted = if attachments.iter().any(|one| serves(one) || *dialect.route_acceptance == RouteAcceptance::Allowed) {
            Ok(())
        } else if !attachments.is_empty() {
            Err("NoMatchingParent")
        } else if allowed {
            Err("NoMatchingListenerHostname")
        } else if named {
            Err("NotAllowedByListeners")
        } else {
            Err("NoMatchingParent")
        };
        Parent { reference: reference.clone(), attachments, accepted, unresolved: false }
    }

    /// Whether a listener for plain requests beside this one has a more specific hostname that covers it.
    fn is_covered(&self, index: usize, hostname: &Hostname) -> bool {
        let listener = &self.listeners[index];
        let beside = |other: &Listener<'_>| {
            other.gateway == listener.gateway && other.spec.port == listener.spec.port && other.speaks == Speaks::Http
        };
        listener.speaks == Speaks::Http
            && self.listeners.iter().any(|other| {
                beside(other) && other.hostname.specificity() > listener.hostname.specificity() && other.hostname.covers(hostname)
            })
    }

    fn common_hostnames(&self, index: usize, route: &[String], dialect: &Dialect) -> Vec<Hostname> {
        let listener = &self.listeners[index];
        if route.is_empty() {
            return vec![listener.hostname.clone()];
        }
        let mut common: Vec<Hostname> = Vec::new();
        for hostname in route {
            let Some(hostname) = listener.hostname.intersection(&Hostname::parse(Some(hostname))) else { continue };
            let foreign = self
                .hostnames
                .get(&(&listener.gateway, listener.spec.port, &hostname))
                .is_some_and(|&other| other != index && hostname != Hostname::Any && hostname != listener.hostname);
            let left = match *dialect.foreign_hostname {
                ForeignHostname::Dropped => foreign,
                ForeignHostname::Covered => self.is_covered(index, &hostname),
                ForeignHostname::Kept => false,
            };
            if left {
                continue;
            }
            if !common.contains(&hostname) {
                common.push(hostname);
            }
        }
        common
    }
}
