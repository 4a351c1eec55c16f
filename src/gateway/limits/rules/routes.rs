//! Rules about routes: parents, matches, filters, backends.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Places, items, repeated};
use crate::gateway::api;
use crate::gateway::json::Json;
use crate::k8s::Step;

/// Who a reference is about. An absent namespace and an empty one are the same.
fn target<'j>(reference: &'j Json<'j>) -> [Option<&'j str>; 4] {
    ["group", "kind", "name", "namespace"].map(|key| reference.text(key).filter(|text| !text.is_empty()))
}

/// The value of a discriminating field as text; empty texts and port 0 count as absent.
fn part(reference: &Json<'_>, field: &str) -> Option<String> {
    match reference.get(field)? {
        Json::Text(text) if !text.is_empty() => Some(text.clone().into_owned()),
        Json::Int(number) if *number != 0 => Some(number.to_string()),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::Text(_) | Json::List(_) | Json::Map(_) => None,
    }
}

pub(super) fn parents_all_or_none(parents: &Json<'_>, fields: &[&str]) -> Places {
    let list = parents.items();
    if list.len() < 2 {
        return Vec::new();
    }
    let mut first: BTreeMap<[Option<&str>; 4], Vec<bool>> = BTreeMap::new();
    let mut broken = Vec::new();
    for (index, parent) in list.iter().enumerate() {
        let given: Vec<bool> = fields.iter().map(|field| part(parent, field).is_some()).collect();
        if *first.entry(target(parent)).or_insert_with(|| given.clone()) != given {
            broken.push(vec![Step::from(index)]);
        }
    }
    broken
}

pub(super) fn parents_differ(parents: &Json<'_>, fields: &[&str]) -> Places {
    repeated(parents, |parent| Some((target(parent), fields.iter().map(|field| part(parent, field)).collect::<Vec<_>>())))
}

pub(super) fn targets_all_or_none(targets: &Json<'_>) -> Places {
    parents_all_or_none(targets, &["sectionName"])
}

pub(super) fn targets_differ(targets: &Json<'_>) -> Places {
    parents_differ(targets, &["sectionName"])
}

pub(super) fn rule_names_differ(rules: &Json<'_>) -> Places {
    repeated(rules, |rule| rule.text("name"))
}

pub(super) fn matches_in_all(rules: &Json<'_>, most: usize) -> bool {
    rules.items().iter().map(|rule| rule.get("matches").map_or(0, |matches| matches.items().len())).sum::<usize>() > most
}

pub(super) fn no_ip_hostnames(hostnames: &Json<'_>) -> Places {
    items(hostnames, |name| name.as_text().is_some_and(|name| name.parse::<IpAddr>().is_ok()))
}

pub(super) fn at_most_one_of_type(filters: &Json<'_>, kind: &str) -> Places {
    repeated(filters, |filter| filter.text("type").filter(|found| *found == kind))
}

pub(super) fn redirect_or_rewrite(filters: &Json<'_>) -> bool {
    let has = |kind| filters.items().iter().any(|filter| filter.text("type") == Some(kind));
    has("RequestRedirect") && has("URLRewrite")
}

fn filters<'j>(value: &'j Json<'j>) -> &'j [Json<'j>] {
    value.get("filters").map_or(&[], Json::items)
}

pub(super) fn no_redirect_with_backends(rule: &Json<'_>) -> bool {
    let backends = rule.get("backendRefs").is_some_and(|backends| !backends.items().is_empty());
    backends && filters(rule).iter().any(|filter| filter.get("requestRedirect").is_some())
}

/// How many filters of the list replace a prefix.
pub(in crate::gateway::limits) fn prefix_replacements(value: &Json<'_>, block: &str) -> usize {
    let replaces = |filter: &&Json<'_>| {
        filter
            .get(block)
            .and_then(|block| block.get("path"))
            .is_some_and(|path| path.text("type") == Some("ReplacePrefixMatch") && path.get("replacePrefixMatch").is_some())
    };
    filters(value).iter().filter(replaces).count()
}

/// Whether the rule has exactly one match, of type `PathPrefix`.
pub(in crate::gateway::limits) fn has_one_prefix(rule: &Json<'_>) -> bool {
    let matches = rule.get("matches").map_or(&[][..], Json::items);
    matches!(matches, [only] if only.get("path").is_some_and(|path| path.text("type") == Some("PathPrefix")))
}

pub(super) fn one_prefix_to_replace(rule: &Json<'_>, block: &str) -> bool {
    prefix_replacements(rule, block) == 1 && !has_one_prefix(rule)
}

/// The schema asks only where exactly one backend replaces the prefix, and so do we here; the rest is doubtful.
pub(super) fn one_prefix_to_replace_in_backend(rule: &Json<'_>, block: &str) -> bool {
    let backends = rule.get("backendRefs").map_or(&[][..], Json::items);
    backends.iter().filter(|backend| prefix_replacements(backend, block) == 1).count() == 1 && !has_one_prefix(rule)
}

/// Value of a path match that is no regular expression.
pub(super) fn literal_path<'j>(path: &'j Json<'j>) -> Option<&'j str> {
    matches!(path.text("type"), Some("Exact" | "PathPrefix")).then(|| path.text("value")).flatten()
}

pub(super) fn path_characters(path: &Json<'_>) -> bool {
    let Some(value) = literal_path(path) else { return false };
    let mut rest = value.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        rest = match (first, behind) {
            (b'%', [high, low, behind @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => behind,
            (byte, _) if byte.is_ascii_alphanumeric() || b"-/._~!$&'()*+,;=:@".contains(byte) => behind,
            (_, _) => return true,
        };
    }
    value.is_empty()
}

pub(super) fn backend_timeout_within_request(timeouts: &Json<'_>) -> bool {
    let millis = |key| timeouts.text(key).and_then(api::millis);
    millis("request").zip(millis("backendRequest")).is_some_and(|(request, backend)| request != 0 && backend > request)
}

pub(super) fn service_has_port(reference: &Json<'_>) -> bool {
    reference.text("group") == Some("") && reference.text("kind") == Some("Service") && reference.get("port").is_none()
}

pub(super) fn xbackend_has_no_port(reference: &Json<'_>) -> bool {
    reference.text("group") == Some("gateway.networking.x-k8s.io")
        && reference.text("kind") == Some("XBackend")
        && reference.get("port").is_some()
}

fn exact_part<'j>(method: &'j Json<'j>, field: &str) -> Option<&'j str> {
    matches!(method.text("type"), None | Some("Exact")).then(|| method.text(field)).flatten()
}

fn is_identifier(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphabetic() || b == b'_';
    text.bytes().next().is_some_and(letter) && text.bytes().all(|b| letter(b) || b.is_ascii_digit())
}

/// `^(?i)\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$`.
pub(super) fn grpc_service_characters(method: &Json<'_>) -> bool {
    exact_part(method, "service").is_some_and(|service| !service.strip_prefix('.').unwrap_or(service).split('.').all(is_identifier))
}

pub(super) fn grpc_method_characters(method: &Json<'_>) -> bool {
    exact_part(method, "method").is_some_and(|method| !is_identifier(method))
}

pub(super) fn star_alone(list: &Json<'_>) -> bool {
    let list = list.items();
    list.len() > 1 && list.iter().any(|entry| entry.as_text() == Some("*"))
}
