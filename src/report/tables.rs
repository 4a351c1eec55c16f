//! Effective route tables of both sides as text, and their line diff.

use crate::{
    gateway::{
        self,
        config::{Behind, Entry},
        hostname::Hostname,
    },
    nginx::{self, Modifier, Target},
    request::{Predicate, PredicateId, Test},
};

use super::printable;

/// Lines of one side.
pub type RouteTable = Vec<String>;

/// Every location of every server, or of those for some hosts, in the order in which nginx looks at them.
pub fn nginx_table(config: &nginx::Config, hosts: &[String]) -> RouteTable {
    let wanted = |name: &str| {
        let meant = |host: &String| name.eq_ignore_ascii_case(host) || (host == "*" && name == "_");
        hosts.is_empty() || hosts.iter().any(meant)
    };
    let mut lines = Vec::new();
    for redirect in config.redirects.iter().filter(|redirect| wanted(&redirect.from)) {
        lines.push(format!("{} / → redirect to {}", redirect.from, redirect.to));
    }
    for server in config.servers.iter().filter(|server| wanted(&server.host)) {
        for location in &server.locations {
            let path = match location.modifier {
                Modifier::Exact => format!("= {}", location.path),
                Modifier::Prefix => location.path.clone(),
                Modifier::Regex => format!("~* ^{}", location.path),
            };
            let settings = &location.settings;
            let target = match (&settings.redirect.fixed, &location.target) {
                (Some(fixed), _) => format!("{} {}", fixed.status, fixed.url),
                (None, Target::Default) => "default backend".to_owned(),
                (None, Target::Gone) => "nobody".to_owned(),
                (None, Target::Upstream(id)) => split(config, *id),
            };
            let rewrite = if location.rewrites { format!(" as {}", settings.rewrite.target) } else { String::new() };
            lines.push(format!("{} {path} → {target}{rewrite}", server.host));
        }
    }
    lines.iter().map(|line| printable(line)).collect()
}

fn split(config: &nginx::Config, id: nginx::UpstreamId) -> String {
    let upstream = config.upstream(id);
    let main = upstream.label().unwrap_or_else(|| "default backend".to_owned());
    let canary =
        upstream.alternatives.first().map(|&id| config.upstream(id)).and_then(|canary| Some((canary.label()?, canary.canary.as_ref()?)));
    match canary {
        Some((name, policy)) => format!("{main}, {name} ({} of {})", policy.share(), policy.total()),
        None => main,
    }
}

/// Every match of every listener, or of those that requests to some hosts come to, in the order in which they are tried.
pub fn gateway_table(config: &gateway::config::Config, hosts: &[String]) -> RouteTable {
    let hosts: Vec<String> = hosts.iter().map(|host| host.to_ascii_lowercase()).collect();
    let wanted = |hostname: &Hostname| {
        let meant = |host: &String| match hostname {
            Hostname::Any => true,
            Hostname::Exact(name) => name == host,
            Hostname::Wildcard(suffix) => host.ends_with(suffix.as_str()),
        };
        hosts.is_empty() || hosts.iter().any(meant)
    };
    // Of a list for all hosts, an entry may ask for some.
    let asked = |entry: &Entry| {
        let meant = |&id: &PredicateId| match &config.predicates.get(id).test {
            Test::Equals(name) => hosts.contains(name),
            Test::Suffix(suffix) => hosts.iter().any(|host| host.ends_with(suffix.as_str())),
            Test::Present | Test::Prefix(_) | Test::Regex(_) | Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => true,
        };
        hosts.is_empty() || entry.hosts.is_empty() || entry.hosts.iter().any(meant)
    };
    let mut lines = Vec::new();
    let Some(reading) = config.readings.first() else { return lines };
    for (number, port) in &reading.ports {
        for side in [&port.plain, &port.tls] {
            for table in side.doors.iter().filter_map(|door| match door.behind {
                Behind::Table(index) => side.tables.get(index),
                Behind::Stream(..) | Behind::Wall => None,
            }) {
                for tier in table.tiers.iter().filter(|tier| wanted(&tier.hostname)) {
                    for entry in tier.entries.iter().filter(|entry| asked(entry)) {
                        let tests: Vec<String> =
                            entry.paths.iter().chain(&entry.conditions).map(|&id| words(config.predicates.get(id))).collect();
                        let backends: Vec<String> = entry
                            .rule
                            .backends
                            .iter()
                            .map(|backend| match &backend.target {
                                Ok(name) if entry.rule.backends.len() == 1 => name.clone(),
                                Ok(name) => format!("{name} ({})", backend.weight),
                                Err(status) => status.to_string(),
                            })
                            .collect();
                        let filters = if entry.rule.plan.is_empty() { "" } else { " with filters" };
                        let target = if backends.is_empty() { "filters or nobody".to_owned() } else { backends.join(", ") };
                        let line = format!("{number} {:?} {} → {target}{filters}", tier.hostname, tests.join(" and "));
                        lines.push(printable(&line));
                    }
                }
            }
        }
    }
    lines.dedup();
    lines
}

fn words(predicate: &Predicate) -> String {
    let field = format!("{:?}", predicate.field).to_ascii_lowercase();
    match &predicate.test {
        Test::Present => format!("{field} is there"),
        Test::Equals(text) => format!("{field} = {text}"),
        Test::Prefix(text) => format!("{field} starts with {text}"),
        Test::Suffix(text) => format!("{field} ends with {text}"),
        Test::Regex(regex) => format!("{field} ~ {}", regex.pattern),
        Test::InNetworks(_) => format!("{field} in networks"),
        Test::Above(number) => format!("{field} above {number}"),
        Test::Malformed(_) => format!("{field} malformed"),
    }
}

/// Both tables as a unified diff of their lines.
pub fn table_diff(old: &RouteTable, new: &RouteTable, old_name: &str, new_name: &str) -> String {
    let (old, new) = (old.join("\n") + "\n", new.join("\n") + "\n");
    let diff =
        similar::TextDiff::from_lines(&old, &new).unified_diff().context_radius(usize::MAX >> 1).header(old_name, new_name).to_string();
    if diff.is_empty() { old } else { diff }
}
