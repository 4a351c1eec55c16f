//! Doors and ports of what routes put into tables, and what is dead for all.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::gateway::api::{self};
use crate::gateway::candidates::Order;
use crate::gateway::config::{Behind, Certificate, Door, Entry, HostIndex, Outage, Port, Side, Table, Tier};
use crate::gateway::dialect::{
    CertificateScope, Dialect, Isolation, Order as RankOrder, OverlapHttp2, SameServerName, ServerName, SharedServices, UnroutedTls,
    Wildcard,
};
use crate::gateway::filter::{self, Operations};
use crate::gateway::hostname::Hostname;
use crate::gateway::listeners::{Listener, Speaks};
use crate::gateway::precedence::{Location, PathKind};
use crate::k8s::NamespacedName;
use crate::ledger::{Code, Finding, Findings};
use crate::request::{Field, PathExpr, PredicateId, Sequence, Speech, Test};

use super::{Builder, Built, Draft, Place, Shares};

impl Builder<'_> {
    /// Doors for every port with a listener that serves.
    pub(in crate::gateway) fn finish(mut self, findings: &mut Findings) -> Built {
        let mut ports: BTreeMap<u16, Port> = BTreeMap::new();
        let mut indices: BTreeMap<Place, usize> = BTreeMap::new();
        let mut shaken = None;
        self.stop_where_services_meet();
        let mut drafts = std::mem::take(&mut self.drafts);
        let overlapping = self.overlapping();
        let mut namesakes: BTreeMap<(u16, &Hostname), Vec<usize>> = BTreeMap::new();
        for (index, listener) in self.listeners.iter().enumerate() {
            namesakes.entry((listener.spec.port, &listener.hostname)).or_default().push(index);
        }
        for (index, listener) in self.listeners.iter().enumerate() {
            if !listener.serves() || listener.speaks == Speaks::Other {
                continue;
            }
            let number = listener.spec.port;
            let predicate = self.predicates.intern(Field::Port, Test::Equals(number.to_string()), Some(listener.origin.clone()));
            let dead = self.dead.get(&listener.gateway).cloned();
            let port = ports.entry(number).or_insert_with(|| Port { predicate, plain: Side::default(), tls: Side::default(), dead: None });
            port.dead = port.dead.take().or(dead);
            let tls = listener.speaks != Speaks::Http;
            let by_listener = if tls {
                *self.target.dialect.server_name == ServerName::Listener
            } else {
                *self.target.dialect.isolation == Isolation::ByListener
            };
            let place = if by_listener { Place::Listener(index) } else { Place::Port { port: number, tls } };
            let side = if tls { &mut port.tls } else { &mut port.plain };
            if !by_listener {
                side.certificates.extend(listener.certificates.iter().cloned());
            }
            if matches!(listener.speaks, Speaks::Tls | Speaks::Passthrough) {
                self.stream_doors(index, side);
                continue;
            }
            let known = indices.contains_key(&place);
            let table = *indices.entry(place).or_insert_with(|| {
                let draft = drafts.remove(&place).unwrap_or_default();
                let broken = draft.broken.clone();
                let tiers = self.tiers(draft, number, tls);
                let exact = tiers.iter().take_while(|tier| matches!(tier.hostname, Hostname::Exact(_)));
                let exact_hosts = exact.filter_map(|tier| tier.host).collect();
                side.tables.push(Table { tiers, exact_hosts, broken, port: number });
                side.tables.len() - 1
            });
            if let Some(subject) = &side.tables[table].broken {
                shaken = Some(subject.clone());
            }
            let blurred = self.blurred.contains(&index).then(|| "headers that are changed before matches look at them".to_owned());
            let unmodelled = listener.unmodelled.clone().or(blurred);
            if known && !by_listener {
                if let Some(unmodelled) = &unmodelled {
                    for door in side.doors.iter_mut().filter(|door| matches!(door.behind, Behind::Table(behind) if behind == table)) {
                        door.unmodelled.get_or_insert_with(|| unmodelled.clone());
                    }
                }
                continue;
            }
            let hostnames = match self.rival(index, &namesakes).filter(|_| by_listener) {
                Some(rival) => {
                    let known = |table: Option<&usize>, hostname: &Hostname| {
                        table.is_some_and(|&table| side.tables[table].tiers.iter().any(|tier| tier.hostname == *hostname))
                    };
                    let theirs = indices.get(&Place::Listener(rival));
                    let ours = side.tables[table].tiers.iter().map(|tier| tier.hostname.clone());
                    ours.filter(|hostname| *hostname != listener.hostname && !known(theirs, hostname)).collect()
                }
                None if by_listener => vec![listener.hostname.clone()],
                None => vec![Hostname::Any],
            };
            for hostname in hostnames {
                let field = if tls { Field::Sni } else { Field::Host };
                let opens = self.ask_name(field, &hostname, Wildcard::AnyText);
                let names_host = if tls { self.ask_host(&hostname) } else { None };
                let port = ports.get_mut(&number).expect("INVARIANT: the port was entered above");
                let side = if tls { &mut port.tls } else { &mut port.plain };
                side.doors.push(Door {
                    opens,
                    names_host,
                    hostname,
                    origin: listener.origin.clone(),
                    behind: Behind::Table(table),
                    certificates: if by_listener { listener.certificates.clone() } else { Vec::new() },
                    http2: listener
                        .conduct
                        .http2
                        .unwrap_or_else(|| !overlapping.contains(&index) || *self.target.dialect.overlap_http2 == OverlapHttp2::Kept),
                    late: late(listener, &self.target.dialect),
                    client: listener.conduct.certificates,
                    shown: listener.shown.clone(),
                    unmodelled: unmodelled.clone(),
                });
            }
        }
        let loose = self.finish_ports(&mut ports);
        Self::report_outages(&ports, findings);
        let closes_unknown_names = *self.target.dialect.server_name == ServerName::Certificate && !self.streams.is_empty();
        Built { ports, shaken, closes_unknown_names, loose, underscored: self.underscored }
    }

    /// A backend of routes of HTTP and of TLS has one name in both parts of the configuration of nginx, which it refuses.
    fn stop_where_services_meet(&mut self) {
        if *self.target.dialect.shared_services == SharedServices::Work {
            return;
        }
        for (index, streams) in &self.streams {
            let gateway = &self.listeners[*index].gateway;
            let Some(passed_on) = self.passed_on.get(gateway) else { continue };
            let backends =
                streams.iter().flat_map(|(_, origin, rule, _)| rule.backends.iter().map(move |backend| (origin, &backend.target)));
            let mut named = backends.filter_map(|(origin, target)| Some((origin, target.as_ref().ok()?)));
            if let Some((origin, name)) = named.find(|(_, name)| passed_on.contains(*name)) {
                let cause = format!("`{name}` is the backend of a route of HTTP and of a route of TLS");
                self.dead.entry(gateway.clone()).or_insert_with(|| Outage { origin: origin.clone(), cause });
            }
        }
    }

    /// The certificates of all listeners, where each is served at every port, in the order in which they are looked through: by the list of
    /// their names, the greatest first.
    fn all_certificates(&self) -> Vec<Certificate> {
        if *self.target.dialect.certificate_scope == CertificateScope::Port {
            return Vec::new();
        }
        let serving = self.listeners.iter().filter(|listener| listener.serves());
        let mut all: Vec<Certificate> = serving.flat_map(|listener| listener.certificates.iter().cloned()).collect();
        let names = |certificate: &Certificate| {
            let mut names = certificate.names.clone().unwrap_or_default();
            names.sort();
            names.join(",")
        };
        all.sort_by_key(|certificate| Reverse(names(certificate)));
        all.dedup_by(|one, other| one.secret == other.secret);
        all
    }

    /// An earlier listener of another Gateway for the same port and hostname. Each Gateway has an address of its own, and names lead to the
    /// one that routes them: the later one gets only the hosts that its routes name and the earlier one has not.
    fn rival(&self, index: usize, namesakes: &BTreeMap<(u16, &Hostname), Vec<usize>>) -> Option<usize> {
        let listener = &self.listeners[index];
        let all = namesakes.get(&(listener.spec.port, &listener.hostname))?;
        all.iter().copied().take_while(|&other| other < index).find(|&other| {
            let other = &self.listeners[other];
            other.serves() && other.gateway != listener.gateway && other.speaks == listener.speaks
        })
    }

    fn tiers(&mut self, draft: Draft, port: u16, tls: bool) -> Vec<Tier> {
        let tiers = draft.tiers.into_iter().map(|((_, hostname), mut entries)| {
            entries.sort_by(|one, other| one.place.cmp(&other.place));
            if *self.target.dialect.order == RankOrder::Locations {
                choose(&mut entries);
            }
            entries.shrink_to_fit();
            let by_host = hostname == Hostname::Any && entries.iter().any(|entry| !entry.hosts.is_empty());
            let (index, order) = if by_host { self.index(&entries) } else { (None, Order::all(&entries)) };
            let shares = self.shares.as_ref();
            let spread = shares.and_then(|shares| spread(shares.get(&(port, tls, hostname.clone()))?, &hostname));
            Tier { host: self.ask_host(&hostname), hostname, entries, order, index, spread }
        });
        tiers.collect()
    }

    /// Entries by exact host, and the others. An entry with a wildcard among its hosts stands with these.
    fn index(&self, entries: &[Entry]) -> (Option<HostIndex>, Order) {
        let mut own: BTreeMap<PredicateId, Vec<u32>> = BTreeMap::new();
        let mut others = Vec::new();
        for (position, entry) in entries.iter().enumerate() {
            let position = u32::try_from(position).unwrap_or(u32::MAX);
            let exact = |host: &PredicateId| matches!(self.predicates.get(*host).test, Test::Equals(_));
            if entry.hosts.is_empty() || !entry.hosts.iter().all(exact) {
                others.push(position);
                continue;
            }
            for host in &entry.hosts {
                own.entry(*host).or_default().push(position);
            }
        }
        let exact = own.keys().copied().collect();
        let own = own.into_values().map(|places| Order::new(entries, places)).collect();
        (Some(HostIndex { exact, own }), Order::new(entries, others))
    }

    /// Finishes all ports; what is given belongs to none of them.
    fn finish_ports(&mut self, ports: &mut BTreeMap<u16, Port>) -> Side {
        let mut loose = Side { certificates: self.all_certificates(), ..Side::default() };
        for (number, port) in ports {
            if !loose.certificates.is_empty() {
                port.tls.certificates.clone_from(&loose.certificates);
            }
            self.finish_port(*number, port);
        }
        self.finish_side(0, &mut loose);
        loose
    }

    fn finish_port(&mut self, number: u16, port: &mut Port) {
        stop_where_all_names_meet(port);
        if *self.target.dialect.same_server_name == SameServerName::Refused {
            stop_where_names_meet(port);
        }
        for side in [&mut port.plain, &mut port.tls] {
            self.finish_side(number, side);
        }
    }

    fn finish_side(&mut self, number: u16, side: &mut Side) {
        // Routes of TLS come before listeners of the same name; what nobody routes is closed.
        side.doors.sort_by_key(|door| {
            (Reverse(door.hostname.specificity()), matches!(door.behind, Behind::Table(_)), matches!(door.behind, Behind::Wall))
        });
        let exact = || side.doors.iter().take_while(|door| matches!(door.hostname, Hostname::Exact(_)));
        side.exact_opens = exact().filter_map(|door| door.opens).collect();
        side.exact_hosts = exact().filter_map(|door| door.names_host).collect();
        // Doors that no Host chooses stand among the others.
        if side.exact_hosts.len() < side.exact_opens.len() {
            side.exact_hosts = Sequence::default();
        }
        side.exact_names = self.exact_names.remove(&number).unwrap_or_default().into();
        let wildcard = *self.target.dialect.certificate_choice;
        let mut certificates: Vec<Certificate> = std::mem::take(&mut side.certificates);
        for certificate in certificates.iter_mut().chain(side.doors.iter_mut().flat_map(|door| &mut door.certificates)) {
            for name in certificate.names.clone().unwrap_or_default() {
                let hostname = Hostname::parse(Some(&name));
                let asked = self.ask_name(Field::Sni, &hostname, wildcard);
                certificate.asked.extend(asked);
                certificate.asked_exactly.extend(asked.filter(|_| matches!(hostname, Hostname::Exact(_))));
            }
        }
        let asked = certificates.iter().enumerate().flat_map(|(at, certificate)| certificate.asked.iter().map(move |&asked| (asked, at)));
        let (questions, owners): (Vec<_>, Vec<_>) = asked.unzip();
        side.certificate_names = (questions.into(), owners);
        side.certificates = certificates;
    }

    fn stream_doors(&mut self, index: usize, side: &mut Side) {
        let listener = &self.listeners[index];
        let wildcard = *self.target.dialect.certificate_wildcard;
        let mut streams = self.streams.get(&index).cloned().unwrap_or_default();
        streams.sort_by(|one, other| one.3.cmp(&other.3));
        let door = |opens, hostname, origin, behind| Door {
            opens,
            names_host: None,
            hostname,
            origin,
            behind,
            certificates: listener.certificates.clone(),
            http2: true,
            late: Vec::new(),
            client: None,
            shown: None,
            unmodelled: listener.unmodelled.clone(),
        };
        let speech = if listener.speaks == Speaks::Passthrough { Speech::Passthrough } else { Speech::Decrypted };
        let mut doors = Vec::new();
        let closes = streams.is_empty() && *self.target.dialect.unrouted_tls == UnroutedTls::Closes;
        if closes && !side.doors.iter().any(is_unrouted) {
            doors.push(door(None, Hostname::Any, listener.origin.clone(), Behind::Wall));
        }
        for (hostname, origin, rule, _) in streams {
            let opens = self.ask_name(Field::Sni, &hostname, wildcard);
            doors.push(door(opens, hostname, origin, Behind::Stream(rule, speech)));
        }
        // Where hosts are isolated rather than listeners, a name that no route has is left to less specific listeners.
        if *self.target.dialect.isolation == Isolation::ByListener {
            let opens = self.ask_name(Field::Sni, &listener.hostname, wildcard);
            doors.push(door(opens, listener.hostname.clone(), listener.origin.clone(), Behind::Wall));
        }
        side.doors.extend(doors);
    }

    /// HTTPS listeners of one Gateway and port whose certificates have names in common.
    fn overlapping(&self) -> Vec<usize> {
        let https: Vec<usize> = (0..self.listeners.len())
            .filter(|&index| self.listeners[index].serves() && self.listeners[index].speaks == Speaks::Https)
            .collect();
        let mut groups: BTreeMap<(&NamespacedName, u16), Vec<(usize, Hostname)>> = BTreeMap::new();
        for &index in &https {
            let listener = &self.listeners[index];
            let names = listener.certificates.iter().flat_map(|certificate| certificate.names.iter().flatten());
            let group = groups.entry((&listener.gateway, listener.spec.port)).or_default();
            group.extend(names.map(|name| (index, Hostname::parse(Some(name)))));
        }
        let mut overlapping = Vec::new();
        for names in groups.into_values() {
            // Names are looked up by themselves and by the wildcards above them, not pair by pair.
            let mut owners: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
            for (index, name) in &names {
                owners.entry(name.to_string()).or_default().insert(*index);
            }
            let mut shared: BTreeSet<String> = BTreeSet::new();
            for (index, name) in &names {
                for above in covering(name) {
                    if owners.get(&above).is_some_and(|owners| owners.iter().any(|other| other != index)) {
                        overlapping.push(*index);
                        shared.insert(above);
                    }
                }
            }
            overlapping.extend(shared.iter().filter_map(|name| owners.get(name)).flatten());
        }
        overlapping.sort_unstable();
        overlapping.dedup();
        overlapping
    }

    fn report_outages(ports: &BTreeMap<u16, Port>, findings: &mut Findings) {
        for (number, port) in ports {
            if let Some(Outage { origin, cause }) = &port.dead {
                let facts = vec![("effect", format!("nobody listens on port {number}")), ("cause", cause.clone())];
                findings.push(Finding::about(Code::GatewayOutage, origin.clone(), facts));
            }
            for table in port.plain.tables.iter().chain(&port.tls.tables) {
                if let Some(subject) = &table.broken {
                    let effect = format!("every host of port {number} gets 404");
                    let cause = "a value or hostname that the data plane refuses".to_owned();
                    findings.push(Finding::about(Code::GatewayOutage, subject.clone(), vec![("effect", effect), ("cause", cause)]));
                }
            }
        }
    }
}

/// What is not known of a hostname whose matches no Gateway has all of.
fn spread(shares: &Shares, hostname: &Hostname) -> Option<String> {
    let all: BTreeSet<_> = shares.values().flatten().collect();
    if shares.values().any(|share| share.len() == all.len()) {
        return None;
    }
    let names: Vec<String> = shares.keys().map(ToString::to_string).collect();
    Some(format!("which of the Gateways {} gets requests to `{hostname}`, since each has a part of its routes", names.join(" and ")))
}

/// Marks the matches that are chosen by a script, since their location has several or one with conditions, and says what comes of them
/// there: what is left of the path that a rewrite replaces is what the client sent, a redirect that replaces a prefix leads to the internal
/// location, and no slash is added (`createInternalLocationsForRule` and `initializeInternalMatchLocation` in servers.go of NGINX Gateway
/// Fabric).
fn choose(entries: &mut Vec<Entry>) {
    type Matches = BTreeSet<(String, usize, usize)>;
    let location = |entry: &Entry| {
        let (location, path) = entry.place.0.0.place()?;
        let kind = match location {
            Location::Whole => PathKind::Exact,
            Location::Bare | Location::Below => PathKind::Prefix,
            Location::Regex => PathKind::Regex,
            Location::Slash => return None,
        };
        Some((Reverse(path.len()), path.to_owned(), kind != PathKind::Exact, kind == PathKind::Regex))
    };
    let which = |entry: &Entry| (entry.place.1.name.clone(), entry.place.1.rule, entry.place.1.matched);
    let mut locations: BTreeMap<_, (Vec<(String, usize, usize)>, bool)> = BTreeMap::new();
    let mut seen: Matches = BTreeSet::new();
    for entry in entries.iter() {
        let Some(location) = location(entry) else { continue };
        let (matches, conditions) = locations.entry(location).or_default();
        if seen.insert(which(entry)) {
            matches.push(which(entry));
        }
        *conditions |= !entry.conditions.is_empty();
    }
    let chosen: Vec<(String, Matches)> = locations
        .iter()
        .filter(|(_, (matches, conditions))| matches.len() > 1 || *conditions)
        .map(|((_, path, _, _), (matches, _))| (path.clone(), matches.iter().cloned().collect()))
        .collect();
    entries.retain(|entry| {
        let slash = matches!(entry.place.0.0.place(), Some((Location::Slash, _)));
        !(slash && chosen.iter().any(|(_, matches)| matches.contains(&which(entry))))
    });
    for entry in entries.iter_mut() {
        let Some(location) = location(entry) else { continue };
        let Some((matches, conditions)) = locations.get(&location) else { continue };
        entry.chosen = matches.len() > 1 || *conditions;
        if !entry.chosen {
            continue;
        }
        let plan = &entry.rule.plan;
        match (&plan.redirect, plan.path_modifier(), &entry.path) {
            (Some(_), Some(api::PathModifier::ReplacePrefixMatch(_)), _) => {
                let number = locations.keys().position(|one| *one == location).unwrap_or_default();
                let position = matches.iter().position(|one| *one == which(entry)).unwrap_or_default();
                // The internal path begins with no prefix but the root, of which the slash is replaced.
                let begin = match &entry.path {
                    PathExpr::Splice { insert, .. } if location.1 == "/" => insert.as_str(),
                    _ => "/",
                };
                entry.path = PathExpr::Fixed(format!("{begin}_ngf-internal-rule{number}-route{position}"));
            }
            (None, _, PathExpr::Splice { drop, insert }) => {
                let prefix = location.1.chars().chain(['/']).take(*drop).collect();
                entry.path = PathExpr::Restored { prefix, insert: insert.clone() };
            }
            _ => {}
        }
    }
}

/// The door of listeners for TLS without routes.
fn is_unrouted(door: &Door) -> bool {
    door.opens.is_none() && matches!(door.behind, Behind::Wall)
}

/// A TLS listener without routes and an HTTPS listener without hostname would both take every server name, which Envoy refuses.
fn stop_where_all_names_meet(port: &mut Port) {
    let ends_all = port.tls.doors.iter().any(|door| door.opens.is_none() && matches!(door.behind, Behind::Table(_)));
    if let Some(unrouted) = port.tls.doors.iter().find(|door| is_unrouted(door)).filter(|_| ends_all) {
        let cause = "a TLS listener without routes beside an HTTPS listener without hostname".to_owned();
        port.dead.get_or_insert_with(|| Outage { origin: unrouted.origin.clone(), cause });
    }
}

/// Two routes of TLS for one server name, which Envoy refuses.
fn stop_where_names_meet(port: &mut Port) {
    let mut names = BTreeSet::new();
    let streams = port.tls.doors.iter().filter(|door| matches!(door.behind, Behind::Stream(..)));
    if let Some(second) = streams.into_iter().find(|door| !names.insert(door.hostname.to_string())) {
        let cause = format!("two routes of TLS for `{}`", second.hostname);
        port.dead.get_or_insert_with(|| Outage { origin: second.origin.clone(), cause });
    }
}

/// Changes of headers of every answer of a listener.
fn late(listener: &Listener<'_>, dialect: &Dialect) -> Operations {
    let early = filter::mutations(&listener.conduct.early, dialect, &mut None);
    let late = filter::mutations(&listener.conduct.late, dialect, &mut None);
    filter::beside(&late, || early.iter().map(|(name, _)| name.as_str()).collect()).into_owned()
}

/// A name and every wildcard that covers it.
fn covering(name: &Hostname) -> Vec<String> {
    let mut found = vec![name.to_string()];
    if let Hostname::Exact(text) | Hostname::Wildcard(text) = name {
        found.extend(text.match_indices('.').map(|(at, _)| format!("*{}", &text[at..])));
    }
    found.dedup();
    found
}
