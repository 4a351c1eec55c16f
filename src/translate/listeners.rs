//! Listeners of the Gateway: one per host and scheme, or one for all where that admits nobody who is not admitted today.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    context::Options,
    names::{Names, host_slug},
    plan::{HostPlan, Hostname, TlsPlan},
};
use crate::{
    gateway::{
        Intent,
        api::{
            AllowedListeners, FromNamespaces, Gateway, GatewaySpec, LabelRequirement, LabelSelector, Listener, ListenerSet,
            ListenerSetSpec, ParentRef, SecretRef,
        },
    },
    k8s::NamespacedName,
    nginx::{Config, IngressId},
    targets::Section,
};

const MOST_LISTENERS: usize = 64;
/// Label that every namespace has.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// Plain text or TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Port 80.
    Http,
    /// Port 443.
    Https,
}

/// What a listener is for: a scheme and a host, `None` for every host.
type Key = (Side, Option<String>);

struct Planned {
    name: String,
    secret: Option<NamespacedName>,
    namespaces: BTreeSet<String>,
    /// ListenerSet that carries it; `None` for the Gateway itself.
    set: Option<String>,
}

/// The listeners that routes need.
pub(super) struct Listeners {
    gateway: NamespacedName,
    merged: bool,
    planned: BTreeMap<Key, Planned>,
}

/// The Gateway, its ListenerSets, and the Secrets that each of them uses from other namespaces.
pub(super) struct Emitted {
    pub gateway: Gateway,
    pub sets: Vec<ListenerSet>,
    /// Kind of the object that refers, and the Secret.
    pub secrets: BTreeSet<(&'static str, NamespacedName)>,
}

impl Listeners {
    /// Decides which listeners there will be.
    pub(super) fn new(plans: &[HostPlan], config: &Config, options: &Options) -> Self {
        let merged = merges(plans, config);
        let mut keys: BTreeMap<Key, Option<NamespacedName>> = BTreeMap::new();
        for plan in plans {
            for (hostname, tls) in &plan.hostnames {
                if !plan.http.is_empty() {
                    keys.insert(key(Side::Http, hostname, tls, merged), None);
                }
                if !plan.https.is_empty() {
                    let secret = match tls {
                        TlsPlan::None => continue,
                        TlsPlan::Own(secret) => Some(secret.clone()),
                        TlsPlan::Shared => config.globals.flags.default_ssl_certificate.clone(),
                    };
                    keys.insert(key(Side::Https, hostname, tls, merged), secret);
                }
            }
        }
        let too_many = keys.len() > MOST_LISTENERS;
        let mut names = Names::default();
        let mut in_sets = 0;
        // The Gateway needs a listener of its own; one for every host is the best, and it has none of the hosts' Secrets.
        let stays = keys.keys().filter(|(_, host)| host.is_none()).count();
        let planned = keys
            .into_iter()
            .enumerate()
            .map(|(position, ((side, host), secret))| {
                let scheme = if side == Side::Http { "http" } else { "https" };
                let wanted = host.as_deref().map_or_else(|| scheme.to_owned(), |host| format!("{scheme}-{}", host_slug(host)));
                let name = names.take("listener", "", &wanted);
                let own = host.is_none() || (stays == 0 && position == 0);
                let set = (too_many && !own).then(|| {
                    in_sets += 1;
                    format!("{}-{:03}", options.gateway.name, (in_sets - 1) / MOST_LISTENERS + 1)
                });
                ((side, host), Planned { name, secret, namespaces: BTreeSet::new(), set })
            })
            .collect();
        Self { gateway: options.gateway.clone(), merged, planned }
    }

    /// The parent of a route for a host, which admits the namespace from then on.
    pub(super) fn attach(&mut self, side: Side, hostname: &Hostname, tls: &TlsPlan, namespace: &str) -> ParentRef {
        let key = key(side, hostname, tls, self.merged);
        let planned = self.planned.get_mut(&key).expect("INVARIANT: every host that has rules for a scheme was planned");
        planned.namespaces.insert(namespace.to_owned());
        let section = Some(planned.name.clone());
        match &planned.set {
            Some(set) => ParentRef::listener_set(&self.gateway.namespace, set, section),
            None => ParentRef::gateway(&self.gateway.namespace, &self.gateway.name, section),
        }
    }

    /// Namespaces that some listener admits.
    pub(super) fn namespaces(&self) -> BTreeSet<&str> {
        self.planned.values().flat_map(|planned| planned.namespaces.iter().map(String::as_str)).collect()
    }

    /// The listeners as the target names them, with what it keeps for their hosts.
    pub(super) fn sections(&self, plans: &[HostPlan]) -> Vec<Section> {
        let mut wished: BTreeMap<Key, &[Intent]> = BTreeMap::new();
        for plan in plans.iter().filter(|plan| !plan.tls_wishes.is_empty()) {
            for (hostname, tls) in &plan.hostnames {
                wished.insert(key(Side::Https, hostname, tls, self.merged), &plan.tls_wishes);
            }
        }
        let section = |(key, planned): (&Key, &Planned)| Section {
            set: planned.set.clone(),
            name: planned.name.clone(),
            tls: key.0 == Side::Https,
            intents: wished.get(key).map(|intents| intents.to_vec()).unwrap_or_default(),
        };
        self.planned.iter().map(section).collect()
    }

    /// How many listeners the routes need.
    pub(super) fn len(&self) -> usize {
        self.planned.len()
    }

    /// No route needs a listener.
    pub(super) fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// The objects.
    pub(super) fn emit(self, options: &Options, class: &str) -> Emitted {
        let mut own = Vec::new();
        let mut sets: BTreeMap<String, Vec<Listener>> = BTreeMap::new();
        let mut secrets = BTreeSet::new();
        for ((side, host), planned) in self.planned {
            let listener = match side {
                Side::Http => Listener::http(planned.name, host, 80),
                Side::Https => Listener::https(
                    planned.name,
                    host,
                    443,
                    planned.secret.iter().map(|secret| secret_ref(secret, &self.gateway.namespace)).collect(),
                ),
            };
            let listener = listener.open_to(admitted(&planned.namespaces, &self.gateway.namespace, options));
            if let Some(secret) = planned.secret.filter(|secret| secret.namespace != self.gateway.namespace) {
                secrets.insert((if planned.set.is_some() { "ListenerSet" } else { "Gateway" }, secret));
            }
            match planned.set {
                Some(set) => sets.entry(set).or_default().push(listener),
                None => own.push(listener),
            }
        }
        let spec = GatewaySpec {
            gateway_class_name: class.to_owned(),
            listeners: own,
            allowed_listeners: (!sets.is_empty()).then_some(AllowedListeners { namespaces: Some(FromNamespaces::Same) }),
            ..GatewaySpec::default()
        };
        let gateway = Gateway::new(&self.gateway.namespace, &self.gateway.name, spec);
        let parent = ParentRef { name: self.gateway.name.clone(), ..ParentRef::default() };
        let sets = sets
            .into_iter()
            .map(|(name, listeners)| {
                ListenerSet::new(&self.gateway.namespace, name, ListenerSetSpec { parent_ref: parent.clone(), listeners })
            })
            .collect();
        Emitted { gateway, sets, secrets }
    }
}

fn secret_ref(secret: &NamespacedName, gateway_namespace: &str) -> SecretRef {
    if secret.namespace == gateway_namespace {
        SecretRef { name: secret.name.clone(), ..SecretRef::default() }
    } else {
        SecretRef::secret(&secret.namespace, &secret.name)
    }
}

fn key(side: Side, hostname: &Hostname, tls: &TlsPlan, merged: bool) -> Key {
    let for_all = match side {
        Side::Http => merged,
        Side::Https => *tls == TlsPlan::Shared,
    };
    (side, if for_all { None } else { hostname.text().map(str::to_owned) })
}

/// One listener serves every host over plain HTTP: all hosts admit the same namespaces, and no host could fall through to another.
fn merges(plans: &[HostPlan], config: &Config) -> bool {
    let wide = plans.iter().flat_map(|plan| &plan.hostnames).any(|(hostname, _)| !hostname.is_precise());
    let hosts = plans.iter().map(|plan| plan.hostnames.len()).sum::<usize>();
    if wide && hosts > 1 {
        return false;
    }
    let mut sets = plans.iter().filter(|plan| !plan.http.is_empty()).map(|plan| {
        let owners: BTreeSet<IngressId> = plan.http.iter().map(|rule| rule.owner).collect();
        owners.into_iter().map(|owner| config.ingress(owner).name.namespace.as_str()).collect::<BTreeSet<_>>()
    });
    let Some(first) = sets.next() else { return true };
    sets.all(|set| set == first)
}

fn admitted(namespaces: &BTreeSet<String>, gateway: &str, options: &Options) -> FromNamespaces {
    if let Some((label, value)) = &options.namespace_label {
        return FromNamespaces::Selector(LabelSelector::label(label, value));
    }
    if namespaces.len() == 1 && namespaces.contains(gateway) {
        return FromNamespaces::Same;
    }
    match namespaces.iter().collect::<Vec<_>>().as_slice() {
        [only] => FromNamespaces::Selector(LabelSelector::label(NAME_LABEL, *only)),
        several => {
            let values = several.iter().map(ToString::to_string).collect();
            let requirement = LabelRequirement { key: NAME_LABEL.to_owned(), operator: "In".to_owned(), values };
            FromNamespaces::Selector(LabelSelector { match_expressions: vec![requirement], ..LabelSelector::default() })
        }
    }
}
