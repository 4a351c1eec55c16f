//! `AuthorizationPolicy`: lists of client addresses. The policy belongs to the Gateway, so that it denies, for the hosts and paths of the
//! rules alone: one that allows would deny everything that it does not name.

use std::collections::BTreeSet;

use super::types::{AUTHORIZATION, AuthorizationPolicy, From, Operation, Rule, Source, TargetRef, To};
use crate::{
    gateway::{
        Intent,
        api::{GROUP as GATEWAY_API, PathMatch},
    },
    targets::{Estate, HostRules, Own, wire},
};

/// Places that one policy is attached to at most.
const MOST_PLACES: usize = 16;

/// One policy for each host with lists.
pub(super) fn policies(estate: &Estate, own: &mut Own) {
    let mut gateways: Vec<&str> = estate.sections.iter().map(|section| section.gateway.as_str()).collect();
    gateways.sort_unstable();
    gateways.dedup();
    if gateways.is_empty() {
        gateways.push(&estate.gateway.name);
    }
    for host in &estate.hosts {
        let rules = rules(host);
        if rules.is_empty() {
            continue;
        }
        let name = host.names.first().map_or("all", String::as_str).replace(['.', '*'], "-");
        for gateways in gateways.chunks(MOST_PLACES) {
            let target = |name: &&str| TargetRef {
                group: GATEWAY_API.to_owned(),
                kind: "Gateway".to_owned(),
                name: (*name).to_owned(),
                ..TargetRef::default()
            };
            let policy = AuthorizationPolicy {
                target_refs: gateways.iter().map(target).collect(),
                action: "DENY".to_owned(),
                rules: rules.clone(),
                ..AuthorizationPolicy::default()
            };
            own.platform.push(wire::custom(AUTHORIZATION, &estate.gateway.namespace, format!("{name}-addresses"), &policy));
        }
    }
}

fn lists(intents: &[Intent]) -> Option<(&[String], &[String])> {
    intents.iter().find_map(|intent| match intent {
        Intent::AddressLists { allow, deny } => Some((allow.as_slice(), deny.as_slice())),
        _ => None,
    })
}

fn rules(host: &HostRules) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut add = |rule: Rule| {
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    };
    for (path, intents) in &host.rules {
        let Some((allow, deny)) = lists(intents) else { continue };
        let others = host.rules.iter().filter(|(other, theirs)| lists(theirs) != Some((allow, deny)) && is_below(other, path));
        let not_paths: BTreeSet<String> = others.flat_map(|(other, _)| paths(other)).collect();
        let hosts = host.names.iter().flat_map(|name| [name.clone(), format!("{name}:*")]).collect();
        let operation = Operation { hosts, paths: paths(path), not_paths: not_paths.into_iter().collect(), ..Operation::default() };
        let to = vec![To { operation, ..To::default() }];
        let from = |source: Source| Rule { from: vec![From { source, ..From::default() }], to: to.clone(), ..Rule::default() };
        if !deny.is_empty() {
            add(from(Source { remote_ip_blocks: deny.to_vec(), ..Source::default() }));
        }
        if !allow.is_empty() {
            add(from(Source { not_remote_ip_blocks: allow.to_vec(), ..Source::default() }));
        }
    }
    rules
}

/// Paths of requests that a match takes; none for all, and for those of an expression.
pub(super) fn paths(path: &PathMatch) -> Vec<String> {
    match path {
        PathMatch::Prefix(prefix) if prefix == "/" => Vec::new(),
        PathMatch::Prefix(prefix) => vec![prefix.clone(), format!("{prefix}/*")],
        PathMatch::Exact(path) => vec![path.clone()],
        PathMatch::Regex(_) => Vec::new(),
    }
}

/// Another rule takes a part of what this one would.
fn is_below(other: &PathMatch, this: &PathMatch) -> bool {
    let PathMatch::Prefix(prefix) = this else { return false };
    let (PathMatch::Prefix(path) | PathMatch::Exact(path)) = other else { return false };
    other != this && (prefix == "/" || path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn intents(allow: &[&str]) -> Vec<Intent> {
        let allow: Vec<String> = allow.iter().map(|text| (*text).to_owned()).collect();
        if allow.is_empty() { Vec::new() } else { vec![Intent::AddressLists { allow, deny: Vec::new() }] }
    }

    fn made(of: &[(PathMatch, &[&str])]) -> Vec<(Vec<String>, Vec<String>)> {
        let rules = of.iter().map(|(path, allow)| (path.clone(), intents(allow))).collect();
        let host = HostRules { names: vec!["a.example".to_owned()], rules };
        super::rules(&host).into_iter().map(|rule| (rule.to[0].operation.paths.clone(), rule.to[0].operation.not_paths.clone())).collect()
    }

    fn prefix(text: &str) -> PathMatch {
        PathMatch::Prefix(text.to_owned())
    }

    #[test]
    fn rules_below_with_other_lists_are_left_out() {
        let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let all = [(prefix("/"), &["10.0.0.0/8"][..]), (prefix("/open"), &[]), (prefix("/same"), &["10.0.0.0/8"])];
        assert_eq!(made(&all), [(vec![], text(&["/open", "/open/*"])), (text(&["/same", "/same/*"]), vec![])]);
        assert_eq!(made(&[(prefix("/"), &[]), (prefix("/admin"), &["10.0.0.0/8"])]), [(text(&["/admin", "/admin/*"]), vec![])]);
    }
}
