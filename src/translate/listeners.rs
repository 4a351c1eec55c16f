//! Listeners that routes need: one per host and scheme, or one for all where that admits nobody who is not admitted today; and who
//! carries them: the Gateway, ListenerSets, more Gateways where there are none, or a Gateway that exists.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    context::Cx,
    emission::TlsOwner,
    existing::{Existing, Taken},
    names::{Names, host_slug},
    plan::{self, HostPlan, Hostname, TlsPlan, Wire},
    streams::Transport,
    tools,
};
use crate::{
    gateway::{
        Intent,
        api::{
            AllowedListeners, FromNamespaces, Gateway, GatewaySpec, LabelRequirement, LabelSelector, Listener, ListenerSet,
            ListenerSetSpec, ParentRef, Protocol, SecretRef,
        },
        hostname,
    },
    k8s::NamespacedName,
    nginx::{Config, IngressId},
    targets::{Section, Target},
};

const MOST_LISTENERS: usize = 64;
/// Label that every namespace has.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What is wanted of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    /// Port 80.
    Http,
    /// Port 443.
    Https,
    /// Port 443, TLS handed through.
    Passthrough,
}

/// What a listener is for; `None` stands for every host. The number is that of the Gateway, where there are several.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Host(Side, Option<String>, usize),
    Stream(Transport, u16),
}

impl Key {
    fn wanted_name(&self) -> String {
        match self {
            Self::Host(side, host, _) => {
                let word = match side {
                    Side::Http => "http",
                    Side::Https => "https",
                    Side::Passthrough => "tls",
                };
                host.as_deref().map_or_else(|| word.to_owned(), |host| format!("{word}-{}", host_slug(host)))
            }
            Self::Stream(Transport::Tcp, port) => format!("tcp-{port}"),
            Self::Stream(Transport::Udp, port) => format!("udp-{port}"),
        }
    }

    const fn gateway(&self) -> usize {
        match self {
            Self::Host(_, _, gateway) => *gateway,
            Self::Stream(..) => 0,
        }
    }

    const fn is_for_all(&self) -> bool {
        match self {
            Self::Host(_, host, _) => host.is_none(),
            Self::Stream(..) => true,
        }
    }

    /// The object, without certificates and namespaces.
    fn listener(&self, name: String) -> Listener {
        match self {
            Self::Host(Side::Http, host, _) => Listener::http(name, host.clone(), 80),
            Self::Host(Side::Https, host, _) => Listener::https(name, host.clone(), 443, vec![]),
            Self::Host(Side::Passthrough, host, _) => Listener::passthrough(name, host.clone(), 443),
            Self::Stream(Transport::Tcp, port) => Listener { name, port: *port, protocol: Protocol::Tcp, ..Listener::default() },
            Self::Stream(Transport::Udp, port) => Listener { name, port: *port, protocol: Protocol::Udp, ..Listener::default() },
        }
    }
}

/// Who carries a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Home {
    /// The Gateway of that number.
    Gateway,
    /// The ListenerSet of that number.
    Set(usize),
    /// A Gateway that exists.
    Elsewhere,
}

struct Planned {
    name: String,
    secret: Option<NamespacedName>,
    /// Namespaces that it admits, sorted.
    namespaces: Vec<String>,
    home: Home,
    /// Options of TLS, in the words of the implementation.
    options: BTreeMap<String, String>,
}

struct Set {
    name: NamespacedName,
    annotations: BTreeMap<String, String>,
    app: bool,
}

/// The listeners that routes need.
pub(super) struct Listeners {
    gateway: NamespacedName,
    merged: bool,
    /// Gateways by host, where one does not hold all listeners.
    spread: BTreeMap<Hostname, usize>,
    planned: BTreeMap<Key, Planned>,
    sets: Vec<Set>,
    existing: Option<Existing>,
}

/// Names of headers by the listener that they are about.
pub(super) struct Told(BTreeMap<Key, BTreeSet<String>>);

/// How a route is attached.
pub(super) struct Attached {
    pub(super) parent: ParentRef,
    /// The listener shows another certificate than nginx does.
    pub(super) other: Option<OtherCertificate>,
}

/// A certificate that a listener of somebody else does not show.
pub(super) struct OtherCertificate {
    /// Secret with the certificate that nginx shows.
    pub(super) secret: NamespacedName,
    /// Secrets with what is shown in its place.
    pub(super) shown: Vec<NamespacedName>,
}

/// Gateways, ListenerSets, and the Secrets that each of them uses from other namespaces.
pub(super) struct Emitted {
    pub gateways: Vec<Gateway>,
    /// ListenerSets, and whether the team of the application owns each.
    pub sets: Vec<(ListenerSet, bool)>,
    /// Kind and namespace of the object that refers, and the Secret.
    pub secrets: BTreeSet<(&'static str, String, NamespacedName)>,
}

impl Listeners {
    /// Decides which listeners there will be.
    pub(super) fn new(plans: &[HostPlan], streams: impl IntoIterator<Item = (Transport, u16)>, cx: &Cx<'_>) -> Self {
        let options = cx.options;
        let merged = merges(plans, cx.config);
        let existing = options.emission.existing.as_ref().map(|name| Existing::read(cx.inventory, name));
        let streams: Vec<Key> = streams.into_iter().map(|(transport, port)| Key::Stream(transport, port)).collect();
        let mut keys = keys(plans, merged, &BTreeMap::new(), cx);
        let mut spread = BTreeMap::new();
        if existing.is_none() && !cx.sayable.listener_sets && keys.len() + streams.len() > MOST_LISTENERS {
            spread = spread_over_gateways(plans, merged, streams.len());
            keys = self::keys(plans, merged, &spread, cx);
        }
        keys.extend(streams.into_iter().map(|key| (key, None)));
        let mut names = Names::default();
        let mut listeners = Self { gateway: options.gateway.clone(), merged, spread, planned: BTreeMap::new(), sets: Vec::new(), existing };
        let wanted: Vec<(Key, Option<NamespacedName>, String)> =
            keys.into_iter().map(|(key, secret)| (key.clone(), secret, names.take(listener_names(&key), "", &key.wanted_name()))).collect();
        listeners.settle(wanted, cx);
        listeners
    }

    /// Ports on which the routes of hosts need a listener.
    pub(super) fn ports(plans: &[HostPlan]) -> BTreeSet<u16> {
        let names = plans.iter().flat_map(|plan| plan.hostnames.iter().map(move |(hostname, tls)| (plan, hostname, tls)));
        let keys = names.flat_map(|(plan, hostname, tls)| keys_of(plan, hostname, tls, false, 0));
        keys.map(|key| key.listener(String::new()).port).collect()
    }

    /// Finds a home for every listener.
    fn settle(&mut self, wanted: Vec<(Key, Option<NamespacedName>, String)>, cx: &Cx<'_>) {
        let app = cx.options.emission.tls_owner == TlsOwner::App;
        let of_app = |key: &Key, secret: &Option<NamespacedName>| {
            app && !key.is_for_all() && secret.as_ref().is_some_and(|secret| secret.namespace != cx.options.gateway.namespace)
        };
        // Sets that still have room, with how many listeners each holds, and how many sets each namespace has.
        let mut open_of_apps: BTreeMap<(String, BTreeMap<String, String>), (usize, usize)> = BTreeMap::new();
        let mut sets_of_apps: BTreeMap<String, usize> = BTreeMap::new();
        let others = wanted.iter().filter(|(key, secret, _)| !of_app(key, secret)).count();
        let too_many = cx.sayable.listener_sets && others > MOST_LISTENERS;
        // The Gateway needs a listener of its own; one for every host is the best, and it has none of the hosts' Secrets.
        let stays = wanted.iter().filter(|(key, _, _)| key.is_for_all()).count();
        let (mut in_sets, mut open_of_platform) = (0, 0);
        let mut planned = Vec::with_capacity(wanted.len());
        for (position, (key, secret, name)) in wanted.into_iter().enumerate() {
            let home = if of_app(&key, &secret) {
                let namespace = secret.as_ref().map(|secret| secret.namespace.clone()).unwrap_or_default();
                let annotations = tools::issuer_annotations(cx, &key_host(&key));
                let open = open_of_apps.entry((namespace.clone(), annotations.clone())).or_insert((0, MOST_LISTENERS));
                if open.1 == MOST_LISTENERS {
                    let nth = sets_of_apps.entry(namespace.clone()).or_default();
                    let name = if *nth == 0 { self.gateway.name.clone() } else { format!("{}-{:03}", self.gateway.name, *nth + 1) };
                    *nth += 1;
                    *open = (self.sets.len(), 0);
                    self.sets.push(Set { name: NamespacedName::new(&namespace, name), annotations, app: true });
                }
                open.1 += 1;
                Home::Set(open.0)
            } else if self.existing.is_some() {
                Home::Elsewhere
            } else if too_many && !key.is_for_all() && !(stays == 0 && position == 0) {
                if in_sets % MOST_LISTENERS == 0 {
                    let name = format!("{}-{:03}", self.gateway.name, in_sets / MOST_LISTENERS + 1);
                    let name = NamespacedName::new(&self.gateway.namespace, name);
                    open_of_platform = self.sets.len();
                    self.sets.push(Set { name, annotations: BTreeMap::new(), app: false });
                }
                in_sets += 1;
                Home::Set(open_of_platform)
            } else {
                Home::Gateway
            };
            planned.push((key, Planned { name, secret, namespaces: Vec::new(), home, options: BTreeMap::new() }));
        }
        // Built at once, its nodes are full.
        self.planned = planned.into_iter().collect();
    }

    /// Number of the Gateway that takes a host.
    pub(super) fn gateway_of(&self, hostname: &Hostname) -> usize {
        self.spread.get(hostname).copied().unwrap_or(0)
    }

    /// The parent of a route for a host, which admits the namespace from then on; or why a Gateway that exists has none.
    pub(super) fn attach(
        &mut self,
        side: Side,
        hostname: &Hostname,
        tls: &TlsPlan,
        namespace: &str,
        kind: &str,
    ) -> Result<Attached, String> {
        let key = key(side, hostname, tls, self.merged, self.gateway_of(hostname));
        self.take(&key, namespace, kind, &hostname::Hostname::parse(hostname.text()))
    }

    /// The parent of a route for a port.
    pub(super) fn attach_stream(&mut self, transport: Transport, port: u16, namespace: &str) -> Result<Attached, String> {
        self.take(&Key::Stream(transport, port), namespace, transport.kind().as_str(), &hostname::Hostname::Any)
    }

    fn take(&mut self, key: &Key, namespace: &str, kind: &str, hostname: &hostname::Hostname) -> Result<Attached, String> {
        let planned = self.planned.get_mut(key).expect("INVARIANT: every host that has rules for a scheme was planned");
        if let Err(at) = planned.namespaces.binary_search_by(|known| known.as_str().cmp(namespace)) {
            // Most hosts are served from one namespace.
            planned.namespaces.reserve_exact(usize::from(planned.namespaces.is_empty()));
            planned.namespaces.insert(at, namespace.to_owned());
        }
        let section = Some(planned.name.clone());
        match planned.home {
            Home::Gateway => {
                let parent = ParentRef::gateway(&self.gateway.namespace, gateway_name(&self.gateway.name, key.gateway()), section);
                Ok(Attached { parent, other: None })
            }
            Home::Set(set) => {
                let name = &self.sets[set].name;
                Ok(Attached { parent: ParentRef::listener_set(&name.namespace, &name.name, section), other: None })
            }
            Home::Elsewhere => {
                let wanted = key.listener(String::new());
                let existing = self.existing.as_ref().expect("INVARIANT: listeners are elsewhere only where a Gateway exists");
                let Taken { parent, certificates } = existing.taken(&wanted, hostname, namespace, kind)?;
                let other = planned.secret.clone().filter(|secret| !certificates.contains(secret));
                Ok(Attached { parent, other: other.map(|secret| OtherCertificate { secret, shown: certificates }) })
            }
        }
    }

    /// Namespaces that some listener admits.
    pub(super) fn namespaces(&self) -> BTreeSet<&str> {
        self.planned.values().flat_map(|planned| planned.namespaces.iter().map(String::as_str)).collect()
    }

    /// Headers that an authentication service tells the backends of a listener, unless clients are meant to send them.
    pub(super) fn told(&self, plans: &[HostPlan]) -> Told {
        let mut told: BTreeMap<Key, BTreeSet<String>> = BTreeMap::new();
        for plan in plans {
            for (hostname, tls) in &plan.hostnames {
                for (side, rules) in [(Side::Http, &plan.http), (Side::Https, &plan.https)] {
                    let names = plan::told_by_services(rules);
                    if !names.is_empty() {
                        told.entry(key(side, hostname, tls, self.merged, self.gateway_of(hostname))).or_default().extend(names);
                    }
                }
            }
        }
        // Where a condition looks at such a header, clients are meant to send it.
        let asked: BTreeSet<String> = plans.iter().flat_map(HostPlan::asked_headers).collect();
        for names in told.values_mut() {
            names.retain(|name| !asked.contains(name));
        }
        Told(told)
    }

    /// Headers that an authentication service tells the backends of hosts whose listeners are not ours.
    pub(super) fn told_elsewhere(&self, told: &Told) -> BTreeSet<String> {
        let is_elsewhere = |key: &Key| self.planned.get(key).is_some_and(|planned| planned.home == Home::Elsewhere);
        told.0.iter().filter(|(key, _)| is_elsewhere(key)).flat_map(|(_, names)| names).cloned().collect()
    }

    /// The listeners of ours as the target names them, with what it keeps for their hosts.
    pub(super) fn sections(&self, plans: &[HostPlan], told: &Told) -> Vec<Section> {
        let mut wished: BTreeMap<Key, &[Intent]> = BTreeMap::new();
        for plan in plans.iter().filter(|plan| !plan.tls_wishes.is_empty()) {
            for (hostname, tls) in &plan.hostnames {
                wished.insert(key(Side::Https, hostname, tls, self.merged, self.gateway_of(hostname)), &plan.tls_wishes);
            }
        }
        let speaks_grpc = |plan: &&HostPlan| plan.https.iter().any(|rule| rule.changes.wire != Wire::Http);
        let grpc: BTreeSet<Key> = plans
            .iter()
            .filter(speaks_grpc)
            .flat_map(|plan| &plan.hostnames)
            .map(|(hostname, tls)| key(Side::Https, hostname, tls, self.merged, self.gateway_of(hostname)))
            .collect();
        let section = |(key, planned): (&Key, &Planned)| {
            let (namespace, set) = match planned.home {
                Home::Gateway => (&self.gateway.namespace, None),
                Home::Set(set) => (&self.sets[set].name.namespace, Some(self.sets[set].name.name.clone())),
                // Nothing is attached to a Gateway that is not ours.
                Home::Elsewhere => return None,
            };
            Some(Section {
                namespace: namespace.clone(),
                gateway: gateway_name(&self.gateway.name, key.gateway()),
                set,
                name: planned.name.clone(),
                tls: matches!(key, Key::Host(Side::Https, ..)),
                grpc: grpc.contains(key),
                intents: wished.get(key).map(|intents| intents.to_vec()).unwrap_or_default(),
                told: told.0.get(key).into_iter().flatten().cloned().collect(),
            })
        };
        // Only connections of HTTP are clients of a policy.
        self.planned.iter().filter(|(key, _)| matches!(key, Key::Host(Side::Http | Side::Https, ..))).filter_map(section).collect()
    }

    /// Takes options of TLS for listeners of hosts that wish something.
    pub(super) fn set_options(&mut self, plans: &[HostPlan], target: &dyn Target) {
        for plan in plans.iter().filter(|plan| !plan.tls_wishes.is_empty()) {
            for (hostname, tls) in &plan.hostnames {
                let key = key(Side::Https, hostname, tls, self.merged, self.gateway_of(hostname));
                if let Some(planned) = self.planned.get_mut(&key) {
                    planned.options.extend(target.listener_options(&plan.tls_wishes));
                }
            }
        }
    }

    /// How many listeners the routes need.
    pub(super) fn len(&self) -> usize {
        self.planned.len()
    }

    /// No route needs a listener.
    pub(super) fn is_empty(&self) -> bool {
        self.planned.is_empty()
    }

    /// ListenerSets of ours that the Gateway that exists does not let attach; none where the Gateway is ours.
    pub(super) fn refused_sets(&self) -> Vec<NamespacedName> {
        let Some(existing) = &self.existing else { return Vec::new() };
        self.sets.iter().map(|set| &set.name).filter(|name| !existing.admits_set(&name.namespace)).cloned().collect()
    }

    /// The objects.
    pub(super) fn emit(self, cx: &Cx<'_>, class: &str) -> Emitted {
        let options = cx.options;
        let mut own: BTreeMap<usize, Vec<Listener>> = BTreeMap::new();
        let mut of_sets: BTreeMap<usize, Vec<Listener>> = BTreeMap::new();
        let mut secrets = BTreeSet::new();
        for (key, planned) in self.planned {
            let Planned { name, secret, namespaces, home, options: of_tls } = planned;
            let (kind, namespace) = match home {
                Home::Gateway => ("Gateway", self.gateway.namespace.as_str()),
                Home::Set(set) => ("ListenerSet", self.sets[set].name.namespace.as_str()),
                Home::Elsewhere => continue,
            };
            let mut listener = key.listener(name);
            if let (Some(tls), Some(secret)) = (&mut listener.tls, &secret) {
                tls.certificate_refs = vec![secret_ref(secret, namespace)];
                tls.options = of_tls;
            }
            let listener = listener.open_to(admitted(&namespaces, namespace, options.namespace_label.as_ref()));
            if let Some(secret) = secret.filter(|secret| secret.namespace != namespace) {
                secrets.insert((kind, namespace.to_owned(), secret));
            }
            match home {
                Home::Gateway => own.entry(key.gateway()).or_default().push(listener),
                Home::Set(set) => of_sets.entry(set).or_default().push(listener),
                Home::Elsewhere => {}
            }
        }
        let owners: BTreeSet<&String> = self.sets.iter().map(|set| &set.name.namespace).collect();
        let owners: Vec<String> = owners.into_iter().cloned().collect();
        let allowed = (!owners.is_empty()).then(|| AllowedListeners { namespaces: Some(admitted(&owners, &self.gateway.namespace, None)) });
        let gateways = own
            .into_iter()
            .map(|(number, listeners)| {
                let spec = GatewaySpec {
                    gateway_class_name: class.to_owned(),
                    listeners,
                    allowed_listeners: allowed.clone().filter(|_| number == 0),
                    ..GatewaySpec::default()
                };
                Gateway::new(&self.gateway.namespace, gateway_name(&self.gateway.name, number), spec)
            })
            .collect();
        let sets = of_sets
            .into_iter()
            .map(|(set, listeners)| {
                let Set { name, annotations, app } = &self.sets[set];
                let gateway = options.emission.existing.as_ref().unwrap_or(&self.gateway);
                let namespace = (name.namespace != gateway.namespace).then(|| gateway.namespace.clone());
                let parent_ref = ParentRef { name: gateway.name.clone(), namespace, ..ParentRef::default() };
                let mut object = ListenerSet::new(&name.namespace, &name.name, ListenerSetSpec { parent_ref, listeners });
                for (key, value) in annotations {
                    object.metadata.annotations.insert(key.as_str(), value.as_str());
                }
                (object, *app)
            })
            .collect();
        Emitted { gateways, sets, secrets }
    }
}

fn listener_names(key: &Key) -> &'static str {
    // Names must differ within one object; Gateways are numbered in the order of their hosts.
    if key.gateway() == 0 { "listener" } else { "listener of another Gateway" }
}

fn key_host(key: &Key) -> String {
    match key {
        Key::Host(_, host, _) => host.clone().unwrap_or_default(),
        Key::Stream(..) => String::new(),
    }
}

/// Name of a Gateway where there are several.
fn gateway_name(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}-{:03}", number + 1) }
}

fn secret_ref(secret: &NamespacedName, namespace: &str) -> SecretRef {
    if secret.namespace == namespace {
        SecretRef { name: secret.name.clone(), ..SecretRef::default() }
    } else {
        SecretRef::secret(&secret.namespace, &secret.name)
    }
}

fn key(side: Side, hostname: &Hostname, tls: &TlsPlan, merged: bool, gateway: usize) -> Key {
    let for_all = match side {
        Side::Http => merged,
        Side::Https => *tls == TlsPlan::Shared,
        Side::Passthrough => false,
    };
    Key::Host(side, if for_all { None } else { hostname.text().map(str::to_owned) }, gateway)
}

/// Keys of one host of a plan.
fn keys_of<'p>(
    plan: &'p HostPlan,
    hostname: &'p Hostname,
    tls: &'p TlsPlan,
    merged: bool,
    gateway: usize,
) -> impl Iterator<Item = Key> + 'p {
    let passes = plan.passthrough.as_ref().is_some_and(|passthrough| hostname.text() == Some(&passthrough.host));
    [(Side::Http, !plan.http.is_empty()), (Side::Https, !plan.https.is_empty() && *tls != TlsPlan::None), (Side::Passthrough, passes)]
        .into_iter()
        .filter(|(_, wanted)| *wanted)
        .map(move |(side, _)| key(side, hostname, tls, merged, gateway))
}

fn keys(plans: &[HostPlan], merged: bool, spread: &BTreeMap<Hostname, usize>, cx: &Cx<'_>) -> BTreeMap<Key, Option<NamespacedName>> {
    let mut keys = BTreeMap::new();
    for plan in plans {
        for (hostname, tls) in &plan.hostnames {
            let gateway = spread.get(hostname).copied().unwrap_or(0);
            for key in keys_of(plan, hostname, tls, merged, gateway) {
                let secret = match (&key, tls) {
                    (Key::Host(Side::Https, ..), TlsPlan::Own(secret)) => Some(secret.clone()),
                    (Key::Host(Side::Https, ..), TlsPlan::Shared) => cx.config.globals.flags.default_ssl_certificate.clone(),
                    (Key::Host(..) | Key::Stream(..), _) => None,
                };
                keys.insert(key, secret);
            }
        }
    }
    keys
}

/// Hosts by the Gateway that takes them: all listeners of a host stay together, because a name leads to one address.
fn spread_over_gateways(plans: &[HostPlan], merged: bool, streams: usize) -> BTreeMap<Hostname, usize> {
    let mut hosts: Vec<(&Hostname, &TlsPlan, &HostPlan)> =
        plans.iter().flat_map(|plan| plan.hostnames.iter().map(move |(hostname, tls)| (hostname, tls, plan))).collect();
    hosts.sort_by_key(|(hostname, _, _)| *hostname);
    let mut spread = BTreeMap::new();
    let mut taken: BTreeSet<Key> = BTreeSet::new();
    let (mut number, mut used) = (0, streams);
    for (hostname, tls, plan) in hosts {
        let wanted = |number: usize, taken: &BTreeSet<Key>| -> Vec<Key> {
            keys_of(plan, hostname, tls, merged, number).filter(|key| !taken.contains(key)).collect()
        };
        let mut new = wanted(number, &taken);
        if used + new.len() > MOST_LISTENERS {
            number += 1;
            used = 0;
            new = wanted(number, &taken);
        }
        used += new.len();
        taken.extend(new);
        spread.insert(hostname.clone(), number);
    }
    spread
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

fn admitted(namespaces: &[String], own: &str, label: Option<&(String, String)>) -> FromNamespaces {
    if let Some((label, value)) = label {
        return FromNamespaces::Selector(LabelSelector::label(label, value));
    }
    match namespaces {
        [only] if only == own => FromNamespaces::Same,
        [only] => FromNamespaces::Selector(LabelSelector::label(NAME_LABEL, only)),
        several => {
            let values = several.to_vec();
            let requirement = LabelRequirement { key: NAME_LABEL.to_owned(), operator: "In".to_owned(), values };
            FromNamespaces::Selector(LabelSelector { match_expressions: vec![requirement], ..LabelSelector::default() })
        }
    }
}
