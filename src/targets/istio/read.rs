//! Policies of Istio, read back: what an `AuthorizationPolicy` of a Gateway denies is brought to the rules of routes that its hosts and
//! paths cover, and a `DestinationRule` tells which Services are spoken to over TLS.

use std::{
    cell::LazyCell,
    collections::{BTreeMap, BTreeSet},
    ops::Deref,
};

use super::{
    listeners,
    types::{AUTHORIZATION, AuthorizationPolicy, DESTINATION, DestinationRule, Operation, Rule, Tls},
};
use crate::{
    gateway::{
        api::{GrpcMatch, GrpcRoute, GrpcRule, HttpMatch, HttpRoute, HttpRouteSpec, HttpRule, MatchType, Object, PathMatch},
        facts::Facts,
        objects::Objects,
        policies::{Addresses, Effect, Merge, Network, Place, Policies},
    },
    k8s::{Inventory, NamespacedName, ObjectId},
    request::Verification,
    targets::{
        documents::{Document, network, of_group},
        unseen,
    },
};

/// How far something takes the requests of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cover {
    All,
    Nothing,
    Part,
}

/// What is denied.
struct Deny {
    id: ObjectId,
    /// Gateways it belongs to; `None` for all.
    gateways: Option<Vec<NamespacedName>>,
    operation: Operation,
    networks: Vec<Network>,
    /// Everybody else is denied.
    others: bool,
}

/// Everything that is denied. Most of it is about single hosts, and there may be many.
#[derive(Default)]
struct Denied {
    list: Vec<Deny>,
    /// Positions of what is about names of hosts only, by name.
    of_hosts: BTreeMap<String, Vec<usize>>,
    /// Positions of what may be about any host.
    of_any: Vec<usize>,
}

impl Denied {
    fn push(&mut self, deny: Deny) {
        let at = self.list.len();
        let hosts = &deny.operation.hosts;
        if hosts.is_empty() || hosts.iter().any(|host| is_pattern(host)) {
            self.of_any.push(at);
        } else {
            for host in hosts {
                self.of_hosts.entry(host.clone()).or_default().push(at);
            }
        }
        self.list.push(deny);
    }

    /// What may be about a route, in the order in which it was read.
    fn about(&self, route: &HttpRoute) -> Vec<&Deny> {
        let names = &route.spec.hostnames;
        if names.is_empty() {
            return self.list.iter().collect();
        }
        let named = names.iter().filter_map(|name| self.of_hosts.get(name)).flatten();
        let positions: BTreeSet<usize> = self.of_any.iter().chain(named).copied().collect();
        positions.into_iter().map(|at| &self.list[at]).collect()
    }
}

/// A host of a policy that stands for several names, not for all ports of one.
fn is_pattern(host: &str) -> bool {
    host.contains('*') && !host.ends_with(":*")
}

/// Reads everything that is written here.
pub(in crate::targets) fn read_back(objects: &Objects, manifests: &Inventory, _: &Facts<'_>) -> Policies {
    let mut policies = Policies::default();
    for document in of_group(objects, manifests, DESTINATION.0) {
        let Some(rule) = document.parse::<DestinationRule>().filter(|_| document.object.kind == DESTINATION.2) else { continue };
        // A name alone is that of a Service of the same namespace.
        let service = if rule.host.contains(['.', '*']) {
            NamespacedName::of_service_name(&rule.host)
        } else {
            Some(NamespacedName::new(&document.object.namespace, &rule.host))
        };
        if let (Some(service), Some(policy)) = (service, &rule.traffic_policy) {
            // What is said of a port takes the place of all that is said of the Service.
            for port in &policy.port_level_settings {
                policies.tls_ports.insert((service.clone(), port.port.number), port.tls.as_ref().and_then(verification));
            }
            if let Some(verification) = policy.tls.as_ref().and_then(verification) {
                policies.tls_services.insert(service, verification);
            }
        }
        policies.understood.insert(document.id);
    }
    let mut denied = Denied::default();
    for document in of_group(objects, manifests, AUTHORIZATION.0) {
        let Some(policy) = document.parse::<AuthorizationPolicy>().filter(|_| document.object.kind == AUTHORIZATION.2) else { continue };
        match denies(&policy, &document, objects) {
            Some(found) => found.into_iter().for_each(|deny| denied.push(deny)),
            // What reaches Gateways without naming them is looked for below.
            None if policy.target_refs.is_empty() => continue,
            None => unknown(&policy, &document, (objects, manifests), &mut policies),
        }
        policies.understood.insert(document.id);
    }
    unseen::istio(objects, manifests, &mut policies);
    listeners::read(objects, &mut policies);
    let routes = routes_of_hosts(objects);
    for (_, object) in &objects.typed {
        match object {
            Object::HttpRoute(route) => attach("HTTPRoute", route, &denied, &routes, &mut policies),
            // Calls have paths too, which a policy of the Gateway looks at.
            Object::GrpcRoute(route) => attach("GRPCRoute", &as_paths(route), &denied, &routes, &mut policies),
            _ => {}
        }
    }
    policies
}

/// How certificates are looked at; `None` without TLS.
fn verification(tls: &Tls) -> Option<Verification> {
    let Tls { mode, insecure_skip_verify, other } = tls;
    match mode.as_str() {
        "DISABLE" => None,
        "SIMPLE" if *insecure_skip_verify == Some(true) && other.is_empty() => Some(Verification::Nobody),
        _ => Some(Verification::Unknown),
    }
}

fn unknown(policy: &AuthorizationPolicy, document: &Document<'_>, read: (&Objects, &Inventory), policies: &mut Policies) {
    for target in &policy.target_refs {
        let place = Place::new(&target.kind, &NamespacedName::new(&document.object.namespace, &target.name), None);
        let effect = Effect { unmodelled: Some(format!("{}", document.object)), ..Effect::default() };
        document.attach(policies, read, "other", place, effect, Merge::WithAll);
    }
}

/// What a policy denies; `None` where it does something else.
fn denies(policy: &AuthorizationPolicy, document: &Document<'_>, objects: &Objects) -> Option<Vec<Deny>> {
    let AuthorizationPolicy { target_refs, action, rules, other } = policy;
    if action != "DENY" || !other.is_empty() || target_refs.iter().any(|target| target.kind != "Gateway" || !target.other.is_empty()) {
        return None;
    }
    let namespace = document.object.namespace.as_str();
    let gateways: Option<Vec<NamespacedName>> = if !target_refs.is_empty() {
        Some(target_refs.iter().map(|target| NamespacedName::new(namespace, &target.name)).collect())
    } else if namespace == unseen::ROOT_NAMESPACE {
        None
    } else {
        // Without a target it is about everything that runs in its namespace.
        let gateways = objects.typed.iter().filter(|(_, object)| matches!(object, Object::Gateway(_)));
        let names = gateways.map(|(_, object)| NamespacedName::new(&object.meta().namespace, &object.meta().name));
        Some(names.filter(|name| name.namespace == namespace).collect())
    };
    let mut found = Vec::new();
    for Rule { from, to, other } in rules {
        let ([from], true) = (from.as_slice(), other.is_empty()) else { return None };
        let source = &from.source;
        let (texts, others) = match (source.remote_ip_blocks.is_empty(), source.not_remote_ip_blocks.is_empty()) {
            (false, true) => (&source.remote_ip_blocks, false),
            (true, false) => (&source.not_remote_ip_blocks, true),
            (true, true) | (false, false) => return None,
        };
        if !from.other.is_empty() || !source.other.is_empty() {
            return None;
        }
        let networks: Vec<Network> = texts.iter().map(|text| network(text)).collect::<Option<_>>()?;
        let operations = if to.is_empty() { vec![Operation::default()] } else { to.iter().map(|to| to.operation.clone()).collect() };
        for operation in operations {
            if !operation.other.is_empty() {
                return None;
            }
            found.push(Deny { id: document.id, gateways: gateways.clone(), operation, networks: networks.clone(), others });
        }
    }
    Some(found)
}

/// A route of calls as one of paths.
fn as_paths(route: &GrpcRoute) -> HttpRoute {
    let path = |one: &GrpcMatch| {
        let path = one.method.as_ref().map(|method| match (method.kind, &method.service, &method.method) {
            (MatchType::Exact, Some(service), Some(name)) => PathMatch::Exact(format!("/{service}/{name}")),
            (MatchType::Exact, Some(service), None) => PathMatch::Prefix(format!("/{service}")),
            (_, service, name) => {
                let any = "[^/]+";
                PathMatch::Regex(format!("/{}/{}", service.as_deref().unwrap_or(any), name.as_deref().unwrap_or(any)))
            }
        });
        HttpMatch { path, headers: one.headers.clone(), ..HttpMatch::default() }
    };
    let rule =
        |rule: &GrpcRule| HttpRule { name: rule.name.clone(), matches: rule.matches.iter().map(path).collect(), ..HttpRule::default() };
    let spec = HttpRouteSpec {
        parent_refs: route.spec.parent_refs.clone(),
        hostnames: route.spec.hostnames.clone(),
        rules: route.spec.rules.iter().map(rule).collect(),
        ..HttpRouteSpec::default()
    };
    HttpRoute::new(&route.metadata.namespace, route.metadata.name.clone(), spec)
}

/// Brings what is denied to the rules of a route.
fn attach(kind: &str, route: &HttpRoute, denied: &Denied, routes: &RoutesOfHosts<'_>, policies: &mut Policies) {
    let meta = &route.metadata;
    let parent = |deny: &&Deny| {
        route.spec.parent_refs.iter().any(|parent| {
            let name = NamespacedName::new(parent.namespace.as_deref().unwrap_or(&meta.namespace), &parent.name);
            // Listeners of a set belong to a Gateway that is not looked for here.
            match &deny.gateways {
                None => true,
                Some(gateways) => gateways.contains(&name) || (parent.kind.as_deref() == Some("ListenerSet") && !gateways.is_empty()),
            }
        })
    };
    let denied: Vec<&Deny> = denied.about(route).into_iter().filter(parent).collect();
    let Some(first) = denied.first() else { return };
    let routed = LazyCell::new(|| routed(route, routes));
    let place = |section: Option<&str>| Place::new(kind, &NamespacedName::new(&meta.namespace, &meta.name), section);
    let effects: Vec<(Option<&str>, Option<Effect>)> =
        route.spec.rules.iter().map(|rule| (rule.name.as_deref(), effect(route, rule, &denied, &routed))).collect();
    if let Some((_, same)) = effects.first().filter(|(_, one)| effects.iter().all(|(_, other)| other == one)) {
        if let Some(effect) = same {
            policies.attach("addresses", place(None), first.id, effect.clone(), Merge::WithAll);
        }
        return;
    }
    let mut unnamed = None;
    for (name, effect) in effects {
        match (name, effect) {
            (Some(name), Some(effect)) => drop(policies.attach("addresses", place(Some(name)), first.id, effect, Merge::WithAll)),
            (None, Some(_)) => unnamed = Some(format!("which rules of {} a policy of the Gateway denies", meta.name)),
            (_, None) => {}
        }
    }
    if unnamed.is_some() {
        policies.attach("addresses", place(None), first.id, Effect { unmodelled: unnamed, ..Effect::default() }, Merge::WithAll);
    }
}

fn effect<'o>(route: &HttpRoute, rule: &HttpRule, denied: &[&Deny], routed: &impl Deref<Target = Vec<&'o PathMatch>>) -> Option<Effect> {
    let mut addresses = Addresses { rules: Vec::new(), others: true, first: true };
    let mut allowed: Option<Vec<Network>> = None;
    for deny in denied {
        match cover(route, rule, &deny.operation, routed) {
            Cover::Nothing => {}
            Cover::Part => {
                let what = "an AuthorizationPolicy that covers a part of the rule".to_owned();
                return Some(Effect { unmodelled: Some(what), ..Effect::default() });
            }
            Cover::All if deny.others && allowed.as_ref().is_some_and(|known| *known != deny.networks) => {
                return Some(Effect { unmodelled: Some("two lists of allowed addresses".to_owned()), ..Effect::default() });
            }
            Cover::All if deny.others => allowed = Some(deny.networks.clone()),
            Cover::All => addresses.rules.push((false, deny.networks.clone())),
        }
    }
    if let Some(allowed) = allowed {
        addresses.rules.push((true, allowed));
        addresses.others = false;
    }
    (!addresses.rules.is_empty()).then(|| Effect { addresses: Some(addresses), ..Effect::default() })
}

fn joined(covers: impl IntoIterator<Item = Cover>) -> Cover {
    covers.into_iter().reduce(|one, other| if one == other { one } else { Cover::Part }).unwrap_or(Cover::Nothing)
}

fn cover<'o>(route: &HttpRoute, rule: &HttpRule, operation: &Operation, routed: &impl Deref<Target = Vec<&'o PathMatch>>) -> Cover {
    let Operation { hosts, paths, not_paths, other: _ } = operation;
    let host = |name: &String| {
        if hosts.is_empty() || hosts.contains(name) {
            Cover::All
        } else if hosts.iter().any(|host| is_pattern(host)) {
            Cover::Part
        } else {
            Cover::Nothing
        }
    };
    let of_hosts = match (route.spec.hostnames.as_slice(), hosts.is_empty()) {
        ([], true) => Cover::All,
        ([], false) => Cover::Part,
        (names, _) => joined(names.iter().map(host)),
    };
    // Most policies are about other hosts.
    if of_hosts == Cover::Nothing {
        return Cover::Nothing;
    }
    let root = PathMatch::default();
    let matches: Vec<&PathMatch> =
        if rule.matches.is_empty() { vec![&root] } else { rule.matches.iter().map(|one| one.path.as_ref().unwrap_or(&root)).collect() };
    let of_paths = joined(matches.into_iter().map(|path| path_cover(path, paths, not_paths, routed)));
    match (of_hosts, of_paths) {
        (Cover::Nothing, _) | (_, Cover::Nothing) => Cover::Nothing,
        (Cover::All, Cover::All) => Cover::All,
        (Cover::All | Cover::Part, Cover::All | Cover::Part) => Cover::Part,
    }
}

fn path_cover(path: &PathMatch, paths: &[String], not_paths: &[String], routed: &[&PathMatch]) -> Cover {
    let within = |text: &str, list: &[String]| {
        list.iter().any(|one| one == text || one.strip_suffix('*').is_some_and(|start| text.starts_with(start)))
    };
    let whole = |list: &[String]| match path {
        PathMatch::Exact(text) => within(text, list),
        PathMatch::Prefix(text) => within(text, list) && within(&format!("{}/", text.trim_end_matches('/')), list),
        PathMatch::Regex(_) => false,
    };
    // What has a rule of its own below this one comes there, and never here.
    let elsewhere = |one: &&String| routed.iter().any(|other| comes_first(other, path) && takes(other, one));
    let taken = if paths.is_empty() || whole(paths) {
        Cover::All
    } else {
        let below = |one: &&String| match path {
            PathMatch::Regex(_) => true,
            PathMatch::Prefix(text) => one.starts_with(text.as_str()),
            PathMatch::Exact(text) => *one == text,
        };
        let (PathMatch::Exact(text) | PathMatch::Prefix(text) | PathMatch::Regex(text)) = path;
        let here = paths.iter().filter(below).any(|one| !elsewhere(&one));
        if here || within(text, paths) { Cover::Part } else { Cover::Nothing }
    };
    if taken != Cover::All || not_paths.is_empty() {
        return taken;
    }
    if whole(not_paths) {
        return Cover::Nothing;
    }
    if matches!(path, PathMatch::Prefix(_)) && not_paths.iter().all(|one| elsewhere(&one)) { Cover::All } else { Cover::Part }
}

/// A rule that is asked before another one whose requests it could take.
fn comes_first(other: &PathMatch, this: &PathMatch) -> bool {
    let PathMatch::Prefix(prefix) = this else { return false };
    match other {
        PathMatch::Exact(_) => true,
        PathMatch::Prefix(longer) => longer.len() > prefix.len(),
        PathMatch::Regex(_) => false,
    }
}

/// A rule takes every path that a policy means: one, or with a star at the end all that start with it.
fn takes(rule: &PathMatch, meant: &str) -> bool {
    match rule {
        PathMatch::Exact(path) => path == meant,
        PathMatch::Prefix(prefix) => {
            let start = meant.strip_suffix('*').unwrap_or(meant);
            start.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('/') || rest.is_empty() && !meant.ends_with('*'))
        }
        PathMatch::Regex(_) => false,
    }
}

/// HTTPRoutes by each of their hosts; those of every host by `None`.
type RoutesOfHosts<'o> = BTreeMap<Option<&'o str>, Vec<&'o HttpRoute>>;

fn routes_of_hosts(objects: &Objects) -> RoutesOfHosts<'_> {
    let mut routes = RoutesOfHosts::new();
    for (_, object) in &objects.typed {
        let Object::HttpRoute(route) = object else { continue };
        let names: BTreeSet<&str> = route.spec.hostnames.iter().map(String::as_str).collect();
        for name in names.iter().copied().map(Some).chain(names.is_empty().then_some(None)) {
            routes.entry(name).or_default().push(route);
        }
    }
    routes
}

/// Paths of rules without conditions, of all routes for the names of this one.
fn routed<'o>(route: &HttpRoute, routes: &RoutesOfHosts<'o>) -> Vec<&'o PathMatch> {
    let names = &route.spec.hostnames;
    let of_first = routes.get(&names.first().map(String::as_str)).into_iter().flatten();
    let same = of_first.filter(|other| names.iter().all(|name| other.spec.hostnames.contains(name)));
    let matches = same.flat_map(|other| &other.spec.rules).flat_map(|rule| &rule.matches);
    matches
        .filter(|one| one.headers.is_empty() && one.query_params.is_empty() && one.method.is_none())
        .filter_map(|one| one.path.as_ref())
        .collect()
}
