//! What is sent to backends, and which: shares, texts, headers, and how backends are spoken to.

use super::answer::query;
use super::config::{Backend, Entry, Rule};
use super::dialect::{Dialect, HeaderOrder, HeaderSource, LoneWeight, WeightlessFaults};
use super::filter::{self, Operation};
use super::paths::{self, Purpose};
use super::variables::{APPENDED, EFFECTIVE_HOST_PORT, HEADER_OR, LISTED_PEER};
use crate::request::{Answer, Forwarding, Handshake, HeaderExprs, Part, PathExpr, Share, Speech, TextExpr};

pub(super) fn forward(rule: &Rule, split: Vec<Share>, entry: &Entry, cors: HeaderExprs, dialect: &Dialect) -> Answer {
    let plan = &rule.plan;
    let host = plan.rewrite.as_ref().and_then(|rewrite| rewrite.hostname.clone());
    let early = rule.policy.as_ref().map_or(&[][..], |policy| policy.early.as_slice());
    let mut headers = forwarded_headers(dialect, early);
    if rule.policy.as_ref().is_some_and(|policy| policy.trusts) {
        // Envoy tells the address of the peer only where it takes the peer for the client.
        headers.retain(|(name, _)| name != "x-envoy-external-address");
    }
    let mut response_headers = cors;
    let of_backends = || rule.backends.iter().flat_map(|backend| &backend.plan.request);
    let touched = || early.iter().chain(&plan.request).chain(of_backends()).map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let of_rule = |headers: &mut HeaderExprs, response_headers: &mut HeaderExprs| {
        modify(headers, &filter::beside(&plan.request, touched), Side::Request);
        modify(response_headers, &filter::beside(&plan.response, touched), Side::Response);
    };
    match *dialect.header_order {
        HeaderOrder::RuleLast => {
            backend_filters(&rule.backends, &mut headers, &mut response_headers, touched);
            of_rule(&mut headers, &mut response_headers);
        }
        HeaderOrder::BackendLast => {
            of_rule(&mut headers, &mut response_headers);
            backend_filters(&rule.backends, &mut headers, &mut response_headers, touched);
        }
    }
    for forwarded in &*dialect.forwarded_headers {
        match forwarded.source {
            HeaderSource::LatePeer => append_peer(&mut headers, &forwarded.name),
            HeaderSource::WhereAbsent => headers.retain(|(name, text)| *name != forwarded.name || text.is_some()),
            HeaderSource::Peer
            | HeaderSource::AppendedPeer
            | HeaderSource::ListedPeer
            | HeaderSource::Scheme
            | HeaderSource::Host
            | HeaderSource::HostPort
            | HeaderSource::Unforeseeable
            | HeaderSource::Removed => {}
        }
    }
    if let (Some(_), Some(name)) = (&host, &*dialect.rewritten_host_header) {
        headers.retain(|(known, _)| known != name);
        headers.push((name.clone(), Some(TextExpr::from([Part::Variable(format!("{APPENDED}{name}"))]))));
    }
    let set = plan.host.clone().filter(|_| plan.host_is_last);
    let host = set.or_else(|| host.map(TextExpr::literal)).or_else(|| plan.host.clone());
    let host = host.or_else(|| plan.host_header.as_deref().map(|name| host_from(name, &headers)));
    let host = host.unwrap_or_else(|| TextExpr::from([Part::HostHeader]));
    let Some((host, path)) = backend_rewrites(&rule.backends, host, &entry.path, dialect) else {
        return Answer::Unmodelled { what: "rewrites that differ from backend to backend".to_owned() };
    };
    Answer::Forward(Box::new(Forwarding {
        guards: Vec::new(),
        any_guard: false,
        split,
        target: TextExpr(vec![Part::Path(path.clone()), query(&path, entry.chosen, dialect)]),
        host: Some(host),
        speech: speech(&rule.backends),
        handshakes: handshakes(&rule.backends),
        headers,
        response_headers,
        header_rules: Vec::new(),
        read_timeout: None,
        chunked_limit: None,
        error_page: None,
    }))
}

/// The host that the first line of a header names once the rule has changed it; the Host stays where there is no such header.
fn host_from(name: &str, headers: &HeaderExprs) -> TextExpr {
    let lines: Vec<Option<&TextExpr>> = headers.iter().filter(|(known, _)| known == name).map(|(_, text)| text.as_ref()).collect();
    let sent = |line: &TextExpr| matches!(line.0.as_slice(), [Part::Header(sent)] if sent == name);
    let or = |fallback: &str| TextExpr::from([Part::Variable(format!("{HEADER_OR}{name} {fallback}"))]);
    match lines.as_slice() {
        [] => or(""),
        [None, ..] => TextExpr::from([Part::HostHeader]),
        [Some(line), rest @ ..] if sent(line) => match rest.first() {
            Some(Some(TextExpr(parts))) => match parts.as_slice() {
                [Part::Literal(text)] => or(text),
                _ => or(""),
            },
            Some(None) | None => or(""),
        },
        [Some(line), ..] => (*line).clone(),
    }
}

/// A connection that is handed on without a look at its requests.
pub(super) fn stream(rule: &Rule, speech: Speech, dialect: &Dialect) -> Answer {
    if let Some(what) = &rule.unmodelled {
        return Answer::Unmodelled { what: what.clone() };
    }
    match split(rule, dialect) {
        Err(_) => Answer::NoAnswer(crate::request::NoAnswer::Reset),
        Ok(split) => Answer::Forward(Box::new(Forwarding::stream(split, speech))),
    }
}

/// Backends that get requests.
fn reached(backends: &[Backend]) -> impl Iterator<Item = &Backend> {
    backends.iter().filter(|backend| backend.weight > 0 && backend.target.is_ok())
}

/// How those backends are spoken to that get requests.
fn speech(backends: &[Backend]) -> Vec<Speech> {
    let mut speech: Vec<Speech> = reached(backends).map(|backend| backend.speech).collect();
    speech.sort_unstable();
    speech.dedup();
    speech
}

/// What is done in handshakes with those backends that get requests.
fn handshakes(backends: &[Backend]) -> Vec<Handshake> {
    let mut handshakes: Vec<Handshake> = reached(backends).filter_map(|backend| backend.handshake.clone()).collect();
    handshakes.sort();
    handshakes.dedup();
    handshakes
}

/// Shares of backends, each once; the status where no backend gets anything.
pub(super) fn split(rule: &Rule, dialect: &Dialect) -> Result<Vec<Share>, u16> {
    let backends = &rule.backends;
    if backends.is_empty() {
        return Err(rule.bare_status);
    }
    let mut shares: Vec<Share> = Vec::new();
    let alone = backends.len() == 1 && *dialect.lone_weight == LoneWeight::Ignored;
    for Backend { weight, target, or: _, speech: _, handshake: _, patience: _, plan: _ } in
        backends.iter().filter(|backend| alone || backend.weight > 0)
    {
        let weight = if alone { &1 } else { weight };
        let (backend, status) = match target {
            Ok(name) => (Some(name.clone()), None),
            Err(status) => (None, Some(*status)),
        };
        match shares.iter_mut().find(|share| share.backend == backend && share.status == status) {
            Some(share) => share.weight += weight,
            None => shares.push(Share { backend, weight: *weight, status }),
        }
    }
    let weightless = *dialect.weightless_faults == WeightlessFaults::Count && backends.iter().any(|backend| backend.target == Err(500));
    match shares.as_slice() {
        [] => Err(*dialect.no_weight_status),
        [Share { backend: None, status: Some(_), .. }] if weightless => Err(500),
        [Share { backend: None, status: Some(status), .. }] => Err(*status),
        shares if shares.iter().all(|share| share.backend.is_none()) => Err(500),
        _ => Ok(shares),
    }
}

/// Headers that the router sends by itself, after changes that were made before routes were looked at.
fn forwarded_headers(dialect: &Dialect, early: &[(String, Operation)]) -> HeaderExprs {
    let mut headers = Vec::new();
    modify(&mut headers, early, Side::Request);
    for forwarded in &*dialect.forwarded_headers {
        let name = forwarded.name.clone();
        let text = match forwarded.source {
            HeaderSource::Peer => Some(TextExpr::from([Part::PeerAddress])),
            HeaderSource::AppendedPeer => appended(&name, &headers),
            HeaderSource::ListedPeer => Some(TextExpr::from([Part::Variable(LISTED_PEER.to_owned())])),
            // What the client sent is dropped; the address comes last of all.
            HeaderSource::LatePeer => None,
            HeaderSource::Scheme => Some(TextExpr::from([Part::EffectiveScheme])),
            HeaderSource::Host => Some(TextExpr::from([Part::HostHeader])),
            HeaderSource::HostPort => Some(TextExpr::from([Part::Variable(EFFECTIVE_HOST_PORT.to_owned())])),
            HeaderSource::Removed if !name.ends_with('*') => None,
            HeaderSource::Removed | HeaderSource::Unforeseeable | HeaderSource::WhereAbsent => continue,
        };
        headers.retain(|(known, _)| *known != name);
        headers.push((name, text));
    }
    headers
}

/// The address of the peer in one line behind what filters made of a header.
fn append_peer(headers: &mut HeaderExprs, name: &str) {
    let lines: Vec<Option<TextExpr>> = headers.iter().filter(|(known, _)| known == name).map(|(_, text)| text.clone()).collect();
    if lines.is_empty() {
        return;
    }
    headers.retain(|(known, _)| known != name);
    let mut parts: Vec<Part> = Vec::new();
    for TextExpr(line) in lines.into_iter().flatten() {
        parts.extend(line);
        parts.push(Part::Literal(", ".to_owned()));
    }
    parts.push(Part::PeerAddress);
    headers.push((name.to_owned(), Some(TextExpr(parts))));
}

/// The address of the peer behind what there is, or behind what was made of it before.
fn appended(name: &str, before: &HeaderExprs) -> Option<TextExpr> {
    match before.iter().find(|(known, _)| known == name) {
        None => Some(TextExpr::from([Part::Variable(format!("{APPENDED}{name}"))])),
        Some((_, None)) => Some(TextExpr::from([Part::PeerAddress])),
        Some((_, Some(TextExpr(parts)))) => {
            Some(TextExpr(parts.iter().cloned().chain([Part::Literal(",".to_owned()), Part::PeerAddress]).collect()))
        }
    }
}

/// Whose headers are modified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// What the client sent stands in the request.
    Request,
    /// What the backend sends is not known, and taken for nothing.
    Response,
}

/// Applies operations to claims.
pub(super) fn modify(headers: &mut HeaderExprs, operations: &[(String, Operation)], side: Side) {
    for (name, operation) in operations {
        let known = headers.iter().any(|(other, _)| other == name);
        match operation {
            // Which of two values is sent depends on the request: nothing is claimed.
            Operation::Set(_) if known && operation.may_be_empty() => headers.retain(|(other, _)| other != name),
            Operation::Set(text) => {
                headers.retain(|(other, _)| other != name);
                headers.extend(text.clone().map(|text| (name.clone(), Some(text))));
            }
            Operation::Remove => {
                headers.retain(|(other, _)| other != name);
                headers.push((name.clone(), None));
            }
            // One more line that nobody knows.
            Operation::Add(None) => headers.retain(|(other, _)| other != name),
            Operation::Add(text) => {
                headers.retain(|(other, value)| other != name || value.is_some());
                if !known && side == Side::Request {
                    headers.push((name.clone(), Some(TextExpr::from([Part::Header(name.clone())]))));
                }
                headers.extend(text.clone().map(|text| (name.clone(), Some(text))));
            }
        }
    }
}

/// Host and path after rewrites of backends; `None` where backends do not agree.
fn backend_rewrites(backends: &[Backend], host: TextExpr, path: &PathExpr, dialect: &Dialect) -> Option<(TextExpr, PathExpr)> {
    let Some((first, rest)) = backends.split_first() else { return Some((host, path.clone())) };
    let same = |backend: &Backend| backend.plan.rewrite == first.plan.rewrite && backend.plan.host == first.plan.host;
    if !rest.iter().all(same) {
        return None;
    }
    let set = first.plan.host.clone();
    let Some(rewrite) = &first.plan.rewrite else { return Some((set.unwrap_or(host), path.clone())) };
    let last = set.clone().filter(|_| first.plan.host_is_last);
    let host = last.or_else(|| rewrite.hostname.clone().map(TextExpr::literal)).or(set).unwrap_or(host);
    match &rewrite.path {
        None => Some((host, path.clone())),
        Some(super::api::PathModifier::ReplaceFullPath(to)) => Some((host, paths::full(to, Purpose::Rewrite, dialect))),
        Some(super::api::PathModifier::ReplacePrefixMatch(_)) => None,
    }
}

/// Filters of backends: where all backends have the same ones they are claims, else nothing is claimed about what they touch.
fn backend_filters<'r>(
    backends: &'r [Backend],
    headers: &mut HeaderExprs,
    response_headers: &mut HeaderExprs,
    touched: impl Fn() -> Vec<&'r str>,
) {
    let Some((first, rest)) = backends.split_first() else { return };
    if rest.iter().all(|backend| backend.plan == first.plan) {
        modify(headers, &filter::beside(&first.plan.request, &touched), Side::Request);
        modify(response_headers, &filter::beside(&first.plan.response, &touched), Side::Response);
        return;
    }
    for backend in backends {
        headers.retain(|(name, _)| !backend.plan.request.iter().any(|(touched, _)| touched == name));
        response_headers.retain(|(name, _)| !backend.plan.response.iter().any(|(touched, _)| touched == name));
    }
}
