//! Rules of hosts as HTTPRoutes: grouped by the Ingress that owns them, cut under the limits in a way that keeps precedence.

use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

use super::{
    context::{Cx, differs, unmappable},
    listeners::{Attached, Listeners, Side},
    names::{Names, host_slug},
    plan::{Action, Changes, HeaderCondition, HostPlan, Hostname, PathModifier, PathRule, Rule, TlsPlan, Wire},
    wire::wire_rule,
};
use crate::{
    gateway::Intent,
    gateway::api::{Custom, GrpcRoute, GrpcRouteSpec, GrpcRule, HttpRoute, HttpRouteSpec, HttpRule, Object, ParentRef},
    k8s::{NamespacedName, ObjectId, Subject},
    ledger::Code,
    nginx::IngressId,
    targets::Wish,
};

const MOST_RULES: usize = 16;
const MOST_MATCHES_IN_RULE: usize = 64;
const MOST_MATCHES: usize = 128;
const MOST_HOSTNAMES: usize = 16;

/// An HTTPRoute with what a reader wants to know about it.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub object: Object,
    /// Ingresses it came from, canaries last.
    pub sources: Vec<ObjectId>,
    /// Paths that are not served, with the reason.
    pub withheld: Vec<(String, Code, Subject)>,
    /// Filters of the implementation that its rules refer to.
    pub filters: Vec<Custom>,
    /// What policies of the implementation must do for it.
    pub wishes: Vec<Wish>,
    /// Ingress that owns it.
    owner: IngressId,
    /// How often a limit of its rules is counted where each match and each listener counts by itself.
    limited: usize,
}

/// Which connections a group of rules is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// Plain HTTP and HTTPS alike.
    Both,
    /// HTTPS only.
    Https,
    /// Plain HTTP only, and there is HTTPS as well.
    HttpBeside,
    /// Plain HTTP only, because there is no HTTPS.
    Http,
}

/// A rule, compared by its effect, whoever owns it and wherever it came from.
#[derive(Clone, Copy)]
struct Effect<'a>(&'a Rule);

impl<'a> Effect<'a> {
    fn key(self) -> (&'a PathRule, &'a [HeaderCondition], &'a Action, &'a Changes) {
        (&self.0.path, &self.0.headers, &self.0.action, &self.0.changes)
    }
}

impl PartialEq for Effect<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Effect<'_> {}

impl PartialOrd for Effect<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Effect<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

type Hostnames<'a> = Vec<(&'a Hostname, &'a TlsPlan)>;

/// Host names by the rules of one owner that they share.
type Units<'a> = BTreeMap<(IngressId, Scope, Vec<Effect<'a>>), Hostnames<'a>>;

/// Rules of one owner that several host names share.
struct Unit<'a> {
    scope: Scope,
    rules: Vec<Effect<'a>>,
    hostnames: Hostnames<'a>,
}

/// Makes the routes of all hosts and tells the listeners who needs them.
pub(super) fn routes(cx: &mut Cx<'_>, plans: &[HostPlan], listeners: &mut Listeners) -> Vec<Route> {
    let mut units = Units::new();
    for plan in plans {
        let http = by_owner(&plan.http);
        let https = by_owner(&plan.https);
        let owners: BTreeSet<IngressId> = http.keys().chain(https.keys()).copied().collect();
        for owner in owners {
            let plain = http.get(&owner).map_or(&[][..], Vec::as_slice);
            let secure = https.get(&owner).map_or(&[][..], Vec::as_slice);
            for (hostname, tls) in &plan.hostnames {
                let parts: Vec<(Scope, &[Effect<'_>])> = if *tls == TlsPlan::None {
                    vec![(Scope::Http, plain)]
                } else if plain == secure {
                    vec![(Scope::Both, secure)]
                } else {
                    vec![(Scope::Https, secure), (Scope::HttpBeside, plain)]
                };
                for (scope, rules) in parts {
                    if !rules.is_empty() {
                        units.entry((owner, scope, rules.to_vec())).or_default().push((hostname, tls));
                    }
                }
            }
        }
    }
    emit(cx, units, listeners)
}

fn by_owner(rules: &[Rule]) -> BTreeMap<IngressId, Vec<Effect<'_>>> {
    let mut owners: BTreeMap<IngressId, Vec<Effect<'_>>> = BTreeMap::new();
    for rule in rules {
        owners.entry(rule.owner).or_default().push(Effect(rule));
    }
    owners
}

fn emit(cx: &mut Cx<'_>, units: Units<'_>, listeners: &mut Listeners) -> Vec<Route> {
    let mut names = Names::default();
    let mut owners: BTreeMap<IngressId, Vec<Unit<'_>>> = BTreeMap::new();
    for ((owner, scope, rules), hostnames) in units {
        owners.entry(owner).or_default().push(Unit { scope, rules, hostnames });
    }
    // Plain names first, so that no derived name takes the name of another Ingress.
    let mut owners: Vec<(IngressId, Vec<Unit<'_>>)> = owners.into_iter().collect();
    owners.sort_by(|(a, _), (b, _)| cx.config.ingress(*a).name.cmp(&cx.config.ingress(*b).name));
    let mut wanted = Vec::new();
    for (owner, mut list) in owners {
        let first_rule = cx.inventory_ingress(owner).and_then(|ingress| ingress.rules.first());
        let first_host = first_rule.and_then(|rule| rule.host.as_deref()).unwrap_or_default();
        let leads = |unit: &Unit<'_>| unit.hostnames.iter().any(|(hostname, _)| hostname.text().unwrap_or_default() == first_host);
        list.sort_by_cached_key(|unit| (!leads(unit), unit.scope, unit.hostnames.iter().map(|(hostname, _)| (*hostname).clone()).min()));
        wanted.extend(list.into_iter().enumerate().map(|(position, unit)| (owner, position, leads(&unit), unit)));
    }
    wanted.sort_by_key(|(_, position, ..)| *position != 0);
    let mut drafts: Vec<Draft<'_>> = Vec::with_capacity(wanted.len());
    for (owner, position, leads, unit) in wanted {
        let base = base_name(cx, owner, position, leads, &unit);
        let Unit { scope, rules, mut hostnames } = unit;
        hostnames.sort_by_key(|(hostname, tls)| (listeners.gateway_of(hostname), *hostname, *tls));
        let same_gateway =
            |(one, _): &(&Hostname, &TlsPlan), (other, _): &(&Hostname, &TlsPlan)| listeners.gateway_of(one) == listeners.gateway_of(other);
        let groups: Vec<Hostnames<'_>> =
            hostnames.chunk_by(same_gateway).flat_map(|group| group.chunks(MOST_HOSTNAMES)).map(<[_]>::to_vec).collect();
        let ingress = &cx.config.ingress(owner).name;
        for hosts in groups {
            let parts = apart(combine(&rules), cx.options.target.attaches_to_rules());
            for rules in parts.into_iter().flat_map(chunks) {
                let mut wanted = base.clone();
                let last = drafts.last().filter(|last| last.namespace == ingress.namespace);
                if last.is_some_and(|last| starts(&last.name, &base)) {
                    let before = drafts.iter().rev().skip(1).take_while(|draft| starts(&draft.name, &base)).count();
                    wanted = format!("{base}-{}", 2 + before);
                }
                let name = names.take("route", &ingress.namespace, &wanted);
                let grpc = rules.first().is_some_and(|rule| rule.matches[0].changes.wire == Wire::Grpc);
                let mut draft =
                    Draft { owner, namespace: &ingress.namespace, name, grpc, parents: Vec::with_capacity(1), hosts: hosts.clone(), rules };
                draft.attach(cx, scope, listeners);
                // A route without parents would be taken by everybody and serve nobody.
                if !draft.parents.is_empty() {
                    drafts.push(draft);
                }
            }
        }
    }
    let routes = cx.for_all(drafts, |cx, draft| draft.route(cx));
    if cx.options.target.counts_by_match() {
        cx.say_limits_apart(&routes);
    }
    routes
}

impl Cx<'_> {
    /// nginx has one zone for an Ingress, whatever path or host is asked for.
    fn say_limits_apart(&mut self, routes: &[Route]) {
        let mut counts: BTreeMap<IngressId, usize> = BTreeMap::new();
        for route in routes {
            *counts.entry(route.owner).or_default() += route.limited;
        }
        for (ingress, count) in counts.into_iter().filter(|(_, count)| *count > 1) {
            self.limits_apart(ingress, count);
        }
    }
}

fn starts(name: &str, base: &str) -> bool {
    name == base
        || name.strip_prefix(base).and_then(|rest| rest.strip_prefix('-')).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
}

fn base_name(cx: &Cx<'_>, owner: IngressId, position: usize, leads: bool, unit: &Unit<'_>) -> String {
    let ingress = &cx.config.ingress(owner).name.name;
    if position == 0 {
        return ingress.clone();
    }
    let www = unit
        .rules
        .iter()
        .all(|rule| matches!(&rule.0.action, Action::Redirect(redirect) if redirect.hostname.is_some() && redirect.path.is_none()));
    let kind = match unit.scope {
        _ if www => "-www",
        Scope::HttpBeside if unit.rules.iter().all(|rule| matches!(rule.0.action, Action::ToHttps { .. })) => "-redirect",
        Scope::HttpBeside | Scope::Http => "-http",
        Scope::Both | Scope::Https => "",
    };
    if leads || (www && unit.hostnames.len() == 1) {
        return format!("{ingress}{kind}");
    }
    let host = unit.hostnames.iter().map(|(hostname, _)| *hostname).min().and_then(Hostname::text).unwrap_or_default();
    format!("{ingress}-{}{kind}", host_slug(host))
}

/// Rules with the same treatment as one rule with several matches.
pub(super) struct Combined<'a> {
    pub(super) matches: Vec<&'a Rule>,
}

fn combine<'a>(rules: &[Effect<'a>]) -> Vec<Combined<'a>> {
    let mut combined: Vec<Combined<'a>> = Vec::new();
    let mut index: BTreeMap<(&Action, &Changes), usize> = BTreeMap::new();
    for &Effect(rule) in rules {
        let prefix = |action: &Action| matches!(action, Action::Redirect(redirect) if redirect.prefix);
        let alone = !rule.headers.is_empty() || prefix(&rule.action) || matches!(rule.changes.path, Some(PathModifier::Prefix(_)));
        let last = combined.len().checked_sub(1);
        // Expressions of equal length are tried in the order of the rules, so they only join the rule before them.
        let place = match (&rule.path, alone) {
            (_, true) => None,
            (PathRule::Regex(_), false) => {
                last.filter(|&last| combined[last].matches.iter().all(|known| known.headers.is_empty() && known.same_action(rule)))
            }
            (PathRule::Exact(_) | PathRule::Prefix(_), false) => index.get(&(&rule.action, &rule.changes)).copied(),
        };
        if let Some(place) = place.filter(|&place| {
            combined[place].matches.len() < MOST_MATCHES_IN_RULE
                && !matches!(combined[place].matches[0].changes.path, Some(PathModifier::Prefix(_)))
        }) {
            combined[place].matches.push(rule);
        } else {
            if !alone {
                index.insert((&rule.action, &rule.changes), combined.len());
            }
            combined.push(Combined { matches: vec![rule] });
        }
    }
    combined
}

/// Rules that wish the same, where policies know routes only; everything in one otherwise.
fn apart(rules: Vec<Combined<'_>>, by_rule: bool) -> Vec<Vec<Combined<'_>>> {
    if by_rule {
        return vec![rules];
    }
    let mut parts: Vec<(&[Intent], Vec<Combined<'_>>)> = Vec::new();
    for rule in rules {
        let first = rule.matches[0];
        let wishes = if matches!(first.action, Action::Forward(_)) { first.changes.wishes.as_slice() } else { &[] };
        match parts.iter_mut().find(|(known, _)| *known == wishes) {
            Some((_, part)) => part.push(rule),
            None => parts.push((wishes, vec![rule])),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

/// Cuts rules into routes; the rules of one path stay together, because between routes age would decide.
fn chunks(rules: Vec<Combined<'_>>) -> Vec<Vec<Combined<'_>>> {
    let mut blocks: Vec<Vec<Combined<'_>>> = Vec::new();
    for rule in rules {
        match blocks.last_mut() {
            Some(block) if block[0].matches.len() == 1 && rule.matches.iter().any(|next| next.path == block[0].matches[0].path) => {
                block.push(rule);
            }
            Some(_) | None => blocks.push(vec![rule]),
        }
    }
    let mut chunks: Vec<Vec<Combined<'_>>> = Vec::new();
    let (mut count, mut matches) = (usize::MAX, 0);
    for block in blocks {
        let of_block: usize = block.iter().map(|rule| rule.matches.len()).sum();
        if count.saturating_add(block.len()) > MOST_RULES || matches + of_block > MOST_MATCHES {
            chunks.push(Vec::new());
            (count, matches) = (0, 0);
        }
        count += block.len();
        matches += of_block;
        chunks.last_mut().expect("INVARIANT: the first block opens a chunk").extend(block);
    }
    chunks
}

/// A route that has its name and its parents.
struct Draft<'a> {
    owner: IngressId,
    namespace: &'a str,
    name: String,
    /// It is a GRPCRoute.
    grpc: bool,
    parents: Vec<ParentRef>,
    hosts: Hostnames<'a>,
    rules: Vec<Combined<'a>>,
}

impl Draft<'_> {
    const fn kind(&self) -> &'static str {
        if self.grpc { "GRPCRoute" } else { "HTTPRoute" }
    }

    /// Finds the parents, and tells them who comes.
    fn attach(&mut self, cx: &mut Cx<'_>, scope: Scope, listeners: &mut Listeners) {
        let sides: &[Side] = match scope {
            Scope::Both => &[Side::Http, Side::Https],
            Scope::Https => &[Side::Https],
            Scope::HttpBeside | Scope::Http => &[Side::Http],
        };
        for &(hostname, tls) in &self.hosts {
            let mut refused = 0;
            for &side in sides {
                match listeners.attach(side, hostname, tls, self.namespace, self.kind()) {
                    Ok(Attached { parent, other }) => {
                        if let (Some(other), Some(host)) = (other, hostname.text()) {
                            cx.say_other_certificate(host, &parent, &other);
                        }
                        if !self.parents.contains(&parent) {
                            self.parents.push(parent);
                        }
                    }
                    Err(reason) => {
                        refused += 1;
                        self.say_refused(cx, side, hostname, reason);
                    }
                }
            }
            if refused > 0 {
                // HTTPS beside it may have found a listener.
                let nowhere = refused == sides.len() && scope != Scope::HttpBeside;
                let settlement = if nowhere { unmappable(Code::GatewayNoListener) } else { differs(Code::GatewayNoListener) };
                for place in self.places(cx, hostname) {
                    cx.mark_path(&place, settlement.clone());
                }
            }
        }
        if self.parents.is_empty() && scope != Scope::HttpBeside {
            let owners: BTreeSet<IngressId> = self.rules.iter().flat_map(|rule| &rule.matches).map(|rule| rule.owner).collect();
            for owner in owners {
                cx.lose_kept(owner, Code::GatewayNoListener);
            }
        }
    }

    /// A Gateway that exists has no listener for one side of a host.
    fn say_refused(&self, cx: &mut Cx<'_>, side: Side, hostname: &Hostname, reason: String) {
        let scheme = if side == Side::Https { "HTTPS" } else { "HTTP" };
        let host = hostname.text().map_or_else(|| "every other host".to_owned(), |host| format!("host `{host}`"));
        let place = self.places(cx, hostname).into_iter().next();
        cx.say_no_listener(&format!("{scheme} of {host}"), reason, place);
        if let Some(host) = hostname.text().filter(|_| side == Side::Https) {
            cx.settle_tls(host, unmappable(Code::GatewayNoListener));
        }
    }

    /// Where the Ingress says what the rules do for a host. Hosts with the same rules share those of the first.
    fn places(&self, cx: &Cx<'_>, hostname: &Hostname) -> Vec<Subject> {
        let server = cx.config.server(hostname.text().unwrap_or("_"));
        let origins = server.iter().flat_map(|server| &server.locations).filter_map(|location| location.origin.as_ref());
        let own: Vec<Subject> = origins.filter(|origin| origin.ingress == self.owner).map(|origin| origin.subject.clone()).collect();
        if own.is_empty() { self.rules.iter().flat_map(|rule| &rule.matches).map(|rule| rule.origin.clone()).collect() } else { own }
    }

    fn route(self, cx: &mut Cx<'_>) -> Route {
        let kind = self.kind();
        let Self { owner, namespace, name, grpc, parents, hosts, rules } = self;
        let rules = rules.as_slice();
        let single = match hosts.as_slice() {
            [(hostname, _)] if hostname.is_precise() => hostname.text(),
            _ => None,
        };
        let mut sources = vec![cx.config.ingress(owner).object];
        let mut withheld = Vec::new();
        for rule in rules.iter().flat_map(|rule| &rule.matches) {
            if let Action::Withheld(code) = &rule.action {
                let (PathRule::Exact(path) | PathRule::Prefix(path) | PathRule::Regex(path)) = &rule.path;
                withheld.push((path.clone(), *code, rule.origin.clone()));
            }
            if !sources.contains(&rule.origin.object) {
                sources.push(rule.origin.object);
            }
        }
        let hostnames = hosts.iter().filter_map(|(hostname, _)| hostname.text().map(str::to_owned)).collect();
        let limits = |rule: &&Combined<'_>| {
            let first = rule.matches[0];
            let limit = |wish: &Intent| matches!(wish, Intent::RateLimit { .. });
            matches!(first.action, Action::Forward(_)) && first.changes.wishes.iter().any(limit)
        };
        let limited = rules.iter().filter(limits).map(|rule| rule.matches.len()).sum::<usize>() * parents.len();
        let (mut filters, mut wishes) = (Vec::new(), Vec::new());
        let wished = rules.iter().any(|rule| !rule.matches[0].changes.wishes.is_empty());
        let reference = NamespacedName::new(namespace, &name);
        let mut object: Object = if grpc {
            let mut wire: Vec<GrpcRule> = rules.iter().map(|rule| super::grpc::wire_rule(cx, &rule.matches, namespace)).collect();
            cx.wish_tls_of_rules(rules, |_, _| false);
            if wished {
                wishes = super::wishes::wishes(kind, &reference, rules, |number, name| wire[number].name = Some(name));
            }
            let spec = GrpcRouteSpec { parent_refs: parents, hostnames, rules: wire, ..GrpcRouteSpec::default() };
            GrpcRoute::new(namespace, name, spec).into()
        } else {
            let mut wire: Vec<HttpRule> = rules.iter().map(|rule| wire_rule(cx, rule, namespace, single)).collect();
            if wished {
                super::wishes::filters(cx, &reference, rules, &mut wire, &mut filters);
                super::wishes::backends(cx, &reference, rules, &mut wire, &mut filters);
                wishes = super::wishes::wishes(kind, &reference, rules, |number, name| wire[number].name = Some(name));
            }
            cx.wish_tls_of_rules(rules, |number, place| wire[number].backend_refs[place].group.is_some());
            let spec = HttpRouteSpec { parent_refs: parents, hostnames, rules: wire, ..HttpRouteSpec::default() };
            HttpRoute::new(namespace, name, spec).into()
        };
        cx.add_route_annotations(owner, object.meta_mut());
        let own = cx.own_annotations(owner, !grpc, object.meta_mut());
        if let Object::HttpRoute(route) = &mut object {
            for rule in route.spec.rules.iter_mut().filter(|rule| !rule.backend_refs.is_empty()) {
                rule.filters.extend(own.iter().cloned());
            }
        }
        Route { object, sources, withheld, filters, wishes, owner, limited }
    }
}
