//! Policies of implementations: which of them reach a rule or a listener, and what they do there.
//!
//! Who wrote them down in which kind is known to [`crate::targets`] alone. Here a policy is an effect on something; effects of one family
//! replace each other from the rule up to the Gateway, or are laid over each other where they say so.

mod compiled;
mod effect;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use compiled::instead;
pub use compiled::{Guarded, Policy, UNCOUNTED};
pub use effect::{
    Addresses, AskedPath, ClientCertificates, Conduct, Cookie, Effect, Filter, HostFrom, Instead, Network, Origin, Override, Password,
    Service, Trust,
};

use crate::k8s::{NamespacedName, ObjectId};
use crate::ledger::Findings;
use crate::request::{Handshake, Speech, Verification};

/// What a policy is attached to: a kind of Gateway API, its name, and a listener or a named rule of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: NamespacedName,
    /// Listener or rule; `None` for all of it.
    pub section: Option<String>,
}

impl Place {
    /// A place.
    pub fn new(kind: &str, name: &NamespacedName, section: Option<&str>) -> Self {
        Self { kind: kind.to_owned(), name: name.clone(), section: section.map(str::to_owned) }
    }
}

/// A policy on a place.
#[derive(Debug, Clone)]
struct Attached {
    id: ObjectId,
    effect: Effect,
    /// What less specific policies say is kept where this one is silent.
    merge: Merge,
}

/// A rule of a route behind a listener.
#[derive(Debug, Clone, Copy)]
pub struct Reached<'a> {
    /// Kind of the route.
    pub kind: &'a str,
    /// The route.
    pub route: &'a NamespacedName,
    /// Name of the rule.
    pub rule: Option<&'a str>,
    /// The listener.
    pub listener: ListenerOf<'a>,
}

/// A listener of a Gateway, or of a ListenerSet of it.
#[derive(Debug, Clone, Copy)]
pub struct ListenerOf<'a> {
    /// The Gateway.
    pub gateway: &'a NamespacedName,
    /// The ListenerSet.
    pub set: Option<&'a NamespacedName>,
    /// Name of the listener.
    pub name: &'a str,
}

impl Reached<'_> {
    /// Places in the route that reach the rule, the most specific first.
    fn places_of_route(self) -> Vec<Place> {
        let of_rule = self.rule.map(|name| Place::new(self.kind, self.route, Some(name)));
        of_rule.into_iter().chain([Place::new(self.kind, self.route, None)]).collect()
    }
}

impl ListenerOf<'_> {
    /// Places that reach the listener, the most specific first.
    fn places(self) -> Vec<Place> {
        let mut places = Vec::with_capacity(4);
        if let Some(set) = self.set {
            places.push(Place::new("ListenerSet", set, Some(self.name)));
            places.push(Place::new("ListenerSet", set, None));
        } else {
            places.push(Place::new("Gateway", self.gateway, Some(self.name)));
        }
        places.push(Place::new("Gateway", self.gateway, None));
        places
    }
}

/// What becomes of policies at less specific places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// They do nothing.
    Replaces,
    /// The one of the Gateway counts where this one is silent; another one of the route does nothing.
    WithGateway,
    /// All of them count where the more specific ones are silent.
    WithAll,
}

/// What an object of an implementation stands for as backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Substitute {
    /// A port of a Service.
    Port {
        /// The Service.
        service: NamespacedName,
        /// Its port.
        port: u16,
        /// It is reached at the address of the Service.
        address: bool,
        /// How it is spoken to; `None` where its number and name say so.
        speech: Option<Speech>,
        /// What is done in the handshake, where it is spoken to over TLS.
        handshake: Option<Handshake>,
        /// Milliseconds to the head of an answer; `None` for as long as it takes.
        patience: Option<u64>,
    },
    /// Nothing: it is broken.
    Broken(String),
}

/// How far something reaches that is not modelled and names nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Every Gateway.
    Everywhere,
    /// Gateways of a namespace.
    Namespace(String),
    /// Gateways of this name, in a namespace or, without one, in all.
    Gateway {
        /// The namespace.
        namespace: Option<String>,
        /// The name.
        name: String,
    },
}

impl Reach {
    /// It reaches this Gateway.
    pub fn covers(&self, gateway: &NamespacedName) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Namespace(namespace) => *namespace == gateway.namespace,
            Self::Gateway { namespace, name } => {
                *name == gateway.name && namespace.as_ref().is_none_or(|namespace| *namespace == gateway.namespace)
            }
        }
    }
}

/// The policies of one implementation.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    families: BTreeMap<&'static str, BTreeMap<Place, Attached>>,
    conducts: BTreeMap<Place, Conduct>,
    filters: BTreeMap<(String, NamespacedName), Filter>,
    /// Objects that stand for something else as backends, by kind and name.
    pub substitutes: BTreeMap<(String, NamespacedName), Substitute>,
    /// Services that are spoken to over TLS, and how their certificates are looked at.
    pub tls_services: BTreeMap<NamespacedName, Verification>,
    /// Ports of Services of which something else is said; `None` for no TLS.
    pub tls_ports: BTreeMap<(NamespacedName, u16), Option<Verification>>,
    /// What is not modelled and reaches Gateways without naming them: how far, and its name.
    pub unseen: Vec<(Reach, String)>,
    /// Objects that are understood.
    pub understood: BTreeSet<ObjectId>,
    /// Facts about them.
    pub findings: Findings,
}

impl Policies {
    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.understood.is_empty() && self.families.is_empty() && self.unseen.is_empty()
    }

    /// What reaches a Gateway without naming it and is not modelled.
    pub fn unseen_at(&self, gateway: &NamespacedName) -> Option<&str> {
        self.unseen.iter().find(|(reach, _)| reach.covers(gateway)).map(|(_, what)| what.as_str())
    }

    /// How the certificate of a port of a Service is looked at, where policies speak to it over TLS.
    pub fn tls_to(&self, service: &NamespacedName, port: Option<u16>) -> Option<&Verification> {
        let of_port = port.and_then(|port| self.tls_ports.get(&(service.clone(), port)));
        of_port.map_or_else(|| self.tls_services.get(service), Option::as_ref)
    }

    /// Attaches an effect. Of two in one family on one place the first counts; then it is given.
    pub fn attach(&mut self, family: &'static str, place: Place, id: ObjectId, effect: Effect, merge: Merge) -> Option<ObjectId> {
        let places = self.families.entry(family).or_default();
        if let Some(first) = places.get(&place) {
            return Some(first.id);
        }
        places.insert(place, Attached { id, effect, merge });
        None
    }

    /// A policy that takes the place of another one which asks who somebody is, and does not ask itself.
    pub fn opened(&self, reached: Reached<'_>) -> Option<(ObjectId, ObjectId)> {
        if self.families.is_empty() {
            return None;
        }
        let mut places = reached.places_of_route();
        places.extend(reached.listener.places());
        for family in self.families.values() {
            let mut found = places.iter().filter_map(|place| family.get(place));
            let Some(first) = found.next().filter(|first| first.merge == Merge::Replaces && first.effect.invalid.is_none()) else {
                continue;
            };
            let lost = |below: &&Attached| {
                below.effect.password.is_some() && first.effect.password.is_none()
                    || below.effect.service.is_some() && first.effect.service.is_none()
                    || below.effect.addresses.is_some() && first.effect.addresses.is_none()
            };
            if let Some(below) = found.find(lost) {
                return Some((first.id, below.id));
            }
        }
        None
    }

    /// Attaches what happens to connections. Of two on one place the first counts.
    pub fn conduct(&mut self, place: Place, conduct: Conduct) -> bool {
        let free = !self.conducts.contains_key(&place);
        self.conducts.entry(place).or_insert(conduct);
        free
    }

    /// Adds a filter that rules refer to.
    pub fn filter(&mut self, kind: &str, name: NamespacedName, filter: Filter) {
        self.filters.entry((kind.to_owned(), name)).or_insert(filter);
    }

    /// What policies do to a rule behind a listener.
    pub fn effect(&self, reached: Reached<'_>) -> Option<Effect> {
        if self.families.is_empty() {
            return None;
        }
        let of_route = reached.places_of_route();
        let of_gateway = reached.listener.places();
        let mut all: Option<Effect> = None;
        for family in self.families.values() {
            let mut attached = of_route.iter().chain(&of_gateway).filter_map(|place| family.get(place));
            let found = attached.next().map(|first| {
                let above = first.effect.clone();
                match first.merge {
                    Merge::Replaces => above,
                    Merge::WithGateway => match of_gateway.iter().find_map(|place| family.get(place)) {
                        Some(below) if below.id != first.id => above.over(below.effect.clone()),
                        Some(_) | None => above,
                    },
                    Merge::WithAll => attached.fold(above, |above, below| above.over(below.effect.clone())),
                }
            });
            all = match (all, found) {
                (Some(one), Some(other)) => Some(one.over(other)),
                (one, other) => one.or(other),
            };
        }
        all
    }

    /// What an object stands for as backend.
    pub fn substitute(&self, kind: &str, name: NamespacedName) -> Option<&Substitute> {
        self.substitutes.get(&(kind.to_owned(), name))
    }

    /// What happens to connections of a listener.
    pub fn conduct_of(&self, listener: ListenerOf<'_>) -> Option<&Conduct> {
        if self.conducts.is_empty() {
            return None;
        }
        listener.places().iter().find_map(|place| self.conducts.get(place))
    }

    /// What a filter does, if it was read.
    pub fn filter_of(&self, kind: &str, namespace: &str, name: &str) -> Option<&Filter> {
        if self.filters.is_empty() {
            return None;
        }
        self.filters.get(&(kind.to_owned(), NamespacedName::new(namespace, name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(timeout: u64) -> Effect {
        Effect { timeout: Some(timeout), ..Effect::default() }
    }

    fn timeout(policies: &Policies, rule: Option<&str>) -> Option<u64> {
        let (route, gateway) = (NamespacedName::new("a", "r"), NamespacedName::new("b", "gw"));
        let listener = ListenerOf { gateway: &gateway, set: None, name: "http" };
        policies.effect(Reached { kind: "HTTPRoute", route: &route, rule, listener }).and_then(|effect| effect.timeout)
    }

    #[test]
    fn the_more_specific_policy_replaces_the_other() {
        let mut policies = Policies::default();
        let (route, gateway) = (NamespacedName::new("a", "r"), NamespacedName::new("b", "gw"));
        policies.attach("t", Place::new("Gateway", &gateway, None), ObjectId(0), effect(1), Merge::Replaces);
        assert_eq!(timeout(&policies, Some("x")), Some(1));
        policies.attach("t", Place::new("HTTPRoute", &route, None), ObjectId(1), effect(2), Merge::Replaces);
        policies.attach("t", Place::new("HTTPRoute", &route, Some("x")), ObjectId(2), effect(3), Merge::Replaces);
        assert_eq!(
            policies.attach("t", Place::new("HTTPRoute", &route, Some("x")), ObjectId(3), effect(4), Merge::Replaces),
            Some(ObjectId(2))
        );
        assert_eq!((timeout(&policies, Some("x")), timeout(&policies, Some("y"))), (Some(3), Some(2)));
    }

    #[test]
    fn a_silent_policy_still_replaces_unless_it_merges() {
        let (route, gateway) = (NamespacedName::new("a", "r"), NamespacedName::new("b", "gw"));
        for (merge, expected) in [(Merge::Replaces, None), (Merge::WithGateway, Some(1)), (Merge::WithAll, Some(1))] {
            let mut policies = Policies::default();
            policies.attach("t", Place::new("Gateway", &gateway, None), ObjectId(0), effect(1), Merge::Replaces);
            policies.attach("t", Place::new("HTTPRoute", &route, None), ObjectId(1), Effect::default(), merge);
            assert_eq!(timeout(&policies, None), expected);
        }
    }

    #[test]
    fn a_policy_of_a_rule_merges_with_that_of_the_gateway_and_not_with_that_of_its_route() {
        for (merge, expected) in [(Merge::WithGateway, Some(1)), (Merge::WithAll, Some(2))] {
            let mut policies = Policies::default();
            let (route, gateway) = (NamespacedName::new("a", "r"), NamespacedName::new("b", "gw"));
            policies.attach("t", Place::new("Gateway", &gateway, None), ObjectId(0), effect(1), Merge::Replaces);
            policies.attach("t", Place::new("HTTPRoute", &route, None), ObjectId(1), effect(2), Merge::Replaces);
            policies.attach("t", Place::new("HTTPRoute", &route, Some("x")), ObjectId(2), Effect::default(), merge);
            assert_eq!(timeout(&policies, Some("x")), expected, "{merge:?}");
        }
    }
}
