//! The routes of one host on both sides, as rows that stand side by side.

use std::collections::BTreeMap;

use super::{model::Route, names::Names};
use crate::{
    gateway::{
        api::{PathModifier, RedirectScheme},
        config::{Behind, Config, Entry, Rule, Tier},
        hostname::Hostname,
    },
    k8s::Inventory,
    nginx::{self, Location, Modifier, Server, Target},
    request::{Field, Predicate, Test},
};

/// Locations of a server, in match order.
pub(super) fn of_server(server: &Server, config: &nginx::Config, names: &Names) -> Vec<Route> {
    server
        .locations
        .iter()
        .filter(|location| !(location.implicit && location.target == Target::Default))
        .map(|location| old(location, server, config, names))
        .collect()
}

fn old(location: &Location, server: &Server, config: &nginx::Config, names: &Names) -> Route {
    let settings = &location.settings;
    let shown = names.path(&location.path);
    let path = match location.modifier {
        Modifier::Exact => format!("= {shown}"),
        Modifier::Prefix => shown,
        Modifier::Regex => format!("~* ^{shown}"),
    };
    let to = match (&settings.redirect.fixed, &location.target) {
        (Some(fixed), _) => format!("{} to {}", fixed.status, names.value(&fixed.url)),
        (None, Target::Default) => "default backend".to_owned(),
        (None, Target::Gone) => "nobody (503)".to_owned(),
        (None, Target::Upstream(id)) => upstream(config, *id, names),
    };
    let mut notes = Vec::new();
    if location.rewrites {
        notes.push(format!("rewrite to {}", names.value(&settings.rewrite.target)));
    }
    let redirects = settings.rewrite.force_ssl_redirect.value || (settings.rewrite.ssl_redirect.value && server.tls.is_some());
    if redirects && !location.no_tls_redirect {
        notes.push("HTTP to HTTPS".to_owned());
    }
    if location.copy {
        notes.push("copy of the prefix".to_owned());
    }
    let from = location.origin.as_ref().map(|origin| names.pair(&config.ingress(origin.ingress).name.to_string()));
    Route { ports: String::new(), path, when: String::new(), to, notes: notes.join(", "), from: from.unwrap_or_default() }
}

fn upstream(config: &nginx::Config, id: nginx::UpstreamId, names: &Names) -> String {
    let upstream = config.upstream(id);
    let main = upstream.label().map_or_else(|| "default backend".to_owned(), |label| names.backend(&label));
    let canary =
        upstream.alternatives.first().map(|&id| config.upstream(id)).and_then(|canary| Some((canary.label()?, canary.canary.as_ref()?)));
    match canary {
        Some((name, policy)) => format!("{main}; canary {} ({} of {})", names.backend(&name), policy.share(), policy.total()),
        None => main,
    }
}

/// A level of a table that can answer for a host.
struct Level<'c> {
    port: u16,
    tls: bool,
    tier: &'c Tier,
}

/// Tables of the new side by hostname.
pub(super) struct New<'c> {
    config: &'c Config,
    levels: BTreeMap<Hostname, Vec<Level<'c>>>,
}

impl<'c> New<'c> {
    /// The tables as the first dialect reads them.
    pub(super) fn of(config: &'c Config) -> Self {
        let mut levels: BTreeMap<Hostname, Vec<Level<'c>>> = BTreeMap::new();
        for (&port, doors) in config.readings.first().into_iter().flat_map(|reading| &reading.ports) {
            for (tls, side) in [(false, &doors.plain), (true, &doors.tls)] {
                let opened = |index: usize| side.doors.iter().any(|door| matches!(door.behind, Behind::Table(table) if table == index));
                for (index, table) in side.tables.iter().enumerate() {
                    if !opened(index) {
                        continue;
                    }
                    for tier in &table.tiers {
                        levels.entry(tier.hostname.clone()).or_default().push(Level { port, tls, tier });
                    }
                }
            }
        }
        Self { config, levels }
    }

    /// Rules for a host as the judge calls it.
    pub(super) fn of_host(&self, host: &str, names: &Names, manifests: &Inventory) -> Vec<Route> {
        let wanted = Hostname::parse(Some(host));
        // The most specific hostname of each port answers.
        let mut found: BTreeMap<(u16, bool), &Level<'c>> = BTreeMap::new();
        for hostname in covering(&wanted) {
            for level in self.levels.get(&hostname).into_iter().flatten() {
                found.entry((level.port, level.tls)).or_insert(level);
            }
        }
        let mut routes: Vec<Route> = Vec::new();
        for ((port, _), level) in found {
            for entry in level.tier.entries.iter().filter(|entry| !entry.preflight_only && self.takes(entry, host)) {
                let route = self.route(entry, names, manifests);
                match routes.iter_mut().find(|known| Route { ports: String::new(), ..(*known).clone() } == route) {
                    Some(known) => {
                        let port = port.to_string();
                        if known.ports != port && !known.ports.ends_with(&format!(", {port}")) {
                            known.ports = format!("{}, {port}", known.ports);
                        }
                    }
                    None => routes.push(Route { ports: port.to_string(), ..route }),
                }
            }
        }
        routes
    }

    fn takes(&self, entry: &Entry, host: &str) -> bool {
        entry.hosts.is_empty()
            || entry.hosts.iter().any(|&id| match &self.config.predicates.get(id).test {
                Test::Equals(text) => text.eq_ignore_ascii_case(host),
                Test::Suffix(text) => host.trim_start_matches('*').ends_with(text.as_str()),
                Test::Present | Test::Prefix(_) | Test::Regex(_) | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => true,
            })
    }

    fn route(&self, entry: &Entry, names: &Names, manifests: &Inventory) -> Route {
        let predicate = |id| self.config.predicates.get(id);
        let when: Vec<String> = entry.conditions.iter().map(|&id| condition(predicate(id), names)).collect();
        let from = manifests.objects.get(entry.origin.object.0 as usize).map(|(object, _)| names.object(object)).unwrap_or_default();
        Route {
            ports: String::new(),
            path: path(entry.paths.iter().map(|&id| &predicate(id).test), names),
            when: when.join(" and "),
            to: answer(&entry.rule, names),
            notes: notes(&entry.rule, names),
            from,
        }
    }
}

/// The hostname itself, then the wildcards above it, then every host.
fn covering(hostname: &Hostname) -> Vec<Hostname> {
    let mut list = vec![hostname.clone()];
    if let Hostname::Exact(text) | Hostname::Wildcard(text) = hostname {
        let dots = text.match_indices('.').skip(usize::from(text.starts_with('.')));
        list.extend(dots.map(|(at, _)| Hostname::Wildcard(text[at..].to_owned())));
    }
    if *hostname != Hostname::Any {
        list.push(Hostname::Any);
    }
    list
}

fn path<'t>(tests: impl Iterator<Item = &'t Test>, names: &Names) -> String {
    let mut exact = None;
    for test in tests {
        match test {
            Test::Prefix(text) => return names.path(if text.len() > 1 { text.trim_end_matches('/') } else { text }),
            Test::Regex(regex) => return format!("~ {}", names.path(&regex.pattern)),
            Test::Equals(text) => exact = exact.or_else(|| Some(format!("= {}", names.path(text)))),
            Test::Present | Test::Suffix(_) | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => {}
        }
    }
    exact.unwrap_or_else(|| "/".to_owned())
}

fn condition(predicate: &Predicate, names: &Names) -> String {
    let field = match &predicate.field {
        Field::Header(name) => format!("header {name}"),
        Field::Query(name) => format!("query {name}"),
        Field::Cookie(name) => format!("cookie {name}"),
        other => format!("{other:?}").to_ascii_lowercase(),
    };
    let field = names.field(&field, !names.redacted());
    match &predicate.test {
        Test::Equals(text) => format!("{field} = {}", names.value(text)),
        Test::Regex(regex) => format!("{field} ~ {}", names.value(&regex.pattern)),
        Test::Prefix(text) => format!("{field} starts with {}", names.value(text)),
        Test::Suffix(text) => format!("{field} ends with {}", names.value(text)),
        Test::Present | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => field,
    }
}

fn answer(rule: &Rule, names: &Names) -> String {
    if let Some(redirect) = &rule.plan.redirect {
        let status = redirect.status_code.map_or(302, u16::from);
        let scheme = match redirect.scheme {
            Some(RedirectScheme::Http) => "HTTP",
            Some(RedirectScheme::Https) => "HTTPS",
            None => "",
        };
        let host = redirect.hostname.as_deref().map(|host| names.host(host)).unwrap_or_default();
        let path = match &redirect.path {
            Some(PathModifier::ReplaceFullPath(text)) => names.value(text),
            Some(PathModifier::ReplacePrefixMatch(text)) => format!("prefix {}", names.value(text)),
            None => String::new(),
        };
        let place: Vec<&str> = [scheme, &host, &path].into_iter().filter(|part| !part.is_empty()).collect();
        return format!("{status} to {}", place.join(" "));
    }
    let shown = |target: &Result<String, u16>| match target {
        Ok(name) => names.backend(name),
        Err(status) => format!("nobody ({status})"),
    };
    match rule.backends.as_slice() {
        [] => "nobody (500)".to_owned(),
        [only] => shown(&only.target),
        several => several.iter().map(|backend| format!("{} ({})", shown(&backend.target), backend.weight)).collect::<Vec<_>>().join("; "),
    }
}

fn notes(rule: &Rule, names: &Names) -> String {
    let plan = &rule.plan;
    let mut notes = Vec::new();
    if let Some(rewrite) = &plan.rewrite {
        if let Some(path) = &rewrite.path {
            notes.push(match path {
                PathModifier::ReplaceFullPath(text) => format!("rewrite to {}", names.value(text)),
                PathModifier::ReplacePrefixMatch(text) => format!("prefix becomes {}", names.value(text)),
            });
        }
        if let Some(host) = &rewrite.hostname {
            notes.push(format!("host becomes {}", names.host(host)));
        }
    }
    if plan.cors.is_some() {
        notes.push("CORS".to_owned());
    }
    if !plan.request.is_empty() || !plan.response.is_empty() {
        notes.push("headers".to_owned());
    }
    if !plan.mirrors.is_empty() {
        notes.push("mirror".to_owned());
    }
    if plan.failure.is_some() {
        notes.push("fails with 500".to_owned());
    }
    notes.join(", ")
}

/// The redirect of a server that only answers with one.
pub(super) fn www(to: &str, names: &Names) -> Route {
    Route {
        ports: String::new(),
        path: "/".to_owned(),
        when: String::new(),
        to: format!("redirect to {}", names.host(to)),
        notes: "www redirect".to_owned(),
        from: String::new(),
    }
}
