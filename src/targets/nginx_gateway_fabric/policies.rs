//! Which policies an estate needs: one of a kind for a route, and one for the Gateway that says what ingress-nginx does without being
//! asked. Policies know no rules, so that all rules of a route wish the same; those of Services hold for every route to them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    types::{
        Buffering, ClientBody, ClientSettingsPolicy, GROUP, LocalRateLimit, ObservabilityPolicy, ProxySettingsPolicy, RateLimit,
        RateLimitPolicy, RateRule, TRACING_VERSION, TargetRef, Timeout, Tracing, UpstreamSettingsPolicy, VERSION,
    },
    values::{size, time},
};
use crate::{
    gateway::{
        Buffers, Intent, Per, Rate, Waits,
        api::{Custom, GROUP as GATEWAY_API},
    },
    targets::{Estate, Own, Wish, services, wire},
};

/// Places that one policy is attached to at most.
const MOST_PLACES: usize = 16;
/// Bytes of the body limit of nginx.
const BODY_LIMIT: u64 = 1 << 20;

/// How endpoints are chosen: the method, and what is hashed.
pub(super) type Balancing = (&'static str, Option<String>);

/// All policies.
pub(super) fn policies(estate: &Estate) -> Own {
    let mut own = Own::default();
    if !estate.gateways.is_empty() {
        of_gateway(estate, &mut own);
    }
    for wish in &estate.wishes {
        of_client(wish, &mut own);
    }
    of_routes(estate, &mut own);
    of_services(estate, &mut own);
    own
}

pub(super) fn custom<T: Serialize>(kind: &'static str, namespace: &str, name: String, spec: &T) -> Custom {
    wire::custom((GROUP, VERSION, kind), namespace, name, spec)
}

fn target(kind: &str, name: &str) -> TargetRef {
    TargetRef { group: GATEWAY_API.to_owned(), kind: kind.to_owned(), name: name.to_owned(), ..TargetRef::default() }
}

fn route(wish: &Wish) -> TargetRef {
    target(wish.kind, &wish.route.name)
}

/// Answers are passed on as they come, and silence ends an exchange, as in ingress-nginx.
fn of_gateway(estate: &Estate, own: &mut Own) {
    let Estate { gateway, idle, connect, body, .. } = estate;
    let gateways: Vec<TargetRef> = estate.gateways.iter().map(|name| target("Gateway", name)).collect();
    let silence = time(*idle).filter(|_| *idle > 0);
    let timeout = Timeout { connect: time(*connect).filter(|_| *connect > 0), read: silence.clone(), send: silence, ..Timeout::default() };
    let policy = ProxySettingsPolicy {
        target_refs: gateways.clone(),
        buffering: Some(Buffering { disable: Some(true), ..Buffering::default() }),
        timeout: (timeout != Timeout::default()).then_some(timeout),
        ..ProxySettingsPolicy::default()
    };
    own.platform.push(custom("ProxySettingsPolicy", &gateway.namespace, gateway.name.clone(), &policy));
    let Some(max_size) = size(body.unwrap_or(0)).filter(|_| *body != Some(BODY_LIMIT)) else { return };
    for target_ref in gateways {
        let name = target_ref.name.clone();
        let body = Some(ClientBody { max_size: Some(max_size.clone()), ..ClientBody::default() });
        let policy = ClientSettingsPolicy { target_ref, body, ..ClientSettingsPolicy::default() };
        own.platform.push(custom("ClientSettingsPolicy", &gateway.namespace, name, &policy));
    }
}

/// A policy of this kind has one target.
fn of_client(wish: &Wish, own: &mut Own) {
    let limit = |intent: &Intent| match intent {
        Intent::BodyLimit { bytes } => size(bytes.unwrap_or(0)),
        _ => None,
    };
    let Some(max_size) = wish.intents.iter().find_map(limit) else { return };
    let body = Some(ClientBody { max_size: Some(max_size), ..ClientBody::default() });
    let policy = ClientSettingsPolicy { target_ref: route(wish), body, ..ClientSettingsPolicy::default() };
    own.beside.push(custom("ClientSettingsPolicy", &wish.route.namespace, wish.route.name.clone(), &policy));
}

/// One policy of a kind for routes of one namespace that wish the same.
fn of_routes(estate: &Estate, own: &mut Own) {
    let mut groups: BTreeMap<(&str, &[Intent]), Vec<&Wish>> = BTreeMap::new();
    for wish in &estate.wishes {
        groups.entry((&wish.route.namespace, &wish.intents)).or_default().push(wish);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|((a, _), one), ((b, _), other)| (a, &one[0].route).cmp(&(b, &other[0].route)));
    for ((namespace, intents), wishes) in groups {
        for wishes in wishes.chunks(MOST_PLACES) {
            let name = wishes[0].route.name.clone();
            let target_refs: Vec<TargetRef> = wishes.iter().map(|wish| route(wish)).collect();
            if let Some(policy) = proxy(intents) {
                let policy = ProxySettingsPolicy { target_refs: target_refs.clone(), ..policy };
                own.beside.push(custom("ProxySettingsPolicy", namespace, name.clone(), &policy));
            }
            if let Some(rate_limit) = rate_limit(intents, estate.rate_status) {
                let policy = RateLimitPolicy { target_refs: target_refs.clone(), rate_limit, ..RateLimitPolicy::default() };
                own.beside.push(custom("RateLimitPolicy", namespace, name.clone(), &policy));
            }
            if intents.contains(&Intent::Tracing) {
                // The controller samples everything, and passes the context of a trace on.
                let tracing = Tracing { strategy: "ratio".to_owned(), context: Some("propagate".to_owned()), ..Tracing::default() };
                let policy = ObservabilityPolicy { target_refs, tracing: Some(tracing), ..ObservabilityPolicy::default() };
                own.beside.push(wire::custom((GROUP, TRACING_VERSION, "ObservabilityPolicy"), namespace, name, &policy));
            }
        }
    }
}

fn proxy(intents: &[Intent]) -> Option<ProxySettingsPolicy> {
    let mut policy = ProxySettingsPolicy::default();
    for intent in intents {
        if let Some(Timeout { connect, read, send, .. }) = timeout(intent) {
            let whole = policy.timeout.get_or_insert_with(Timeout::default);
            whole.connect = connect.or(whole.connect.take());
            whole.read = read.or(whole.read.take());
            whole.send = send.or(whole.send.take());
        }
        if let Some(Buffering { disable, buffer_size, .. }) = buffering(intent) {
            let whole = policy.buffering.get_or_insert_with(Buffering::default);
            whole.disable = disable.or(whole.disable);
            whole.buffer_size = buffer_size.or(whole.buffer_size.take());
        }
    }
    (policy != ProxySettingsPolicy::default()).then_some(policy)
}

/// Times of an intent; `None` where they cannot be said.
pub(super) fn timeout(intent: &Intent) -> Option<Timeout> {
    let Intent::Timeouts { connect, idle } = intent else { return None };
    let said = |seconds: &Option<u64>| match seconds {
        Some(seconds) => time(*seconds).map(Some),
        None => Some(None),
    };
    let of = |waits| idle.filter(|idle| idle.waits == waits).map(|idle| idle.seconds);
    let (read, send) = (said(&of(Waits::ForAnswer))?, said(&of(Waits::ForRequest))?);
    let timeout = Timeout { connect: said(connect)?, read, send, ..Timeout::default() };
    (timeout != Timeout::default()).then_some(timeout)
}

/// Buffers of an intent; `None` where there is no field.
pub(super) fn buffering(intent: &Intent) -> Option<Buffering> {
    match intent {
        Intent::Buffering { what: Buffers::Responses, value } if value == "on" => {
            Some(Buffering { disable: Some(false), ..Buffering::default() })
        }
        Intent::Buffering { what: Buffers::Head, value } => {
            let size = super::values::bytes(value).and_then(size)?;
            Some(Buffering { buffer_size: Some(size), ..Buffering::default() })
        }
        _ => None,
    }
}

/// The limits by rate of a rule, each with a zone of its own.
fn rate_limit(intents: &[Intent], status: u16) -> Option<RateLimit> {
    let mut rules = Vec::new();
    let mut reject_code = status;
    for intent in intents {
        let Intent::RateLimit { rates, status, .. } = intent else { continue };
        reject_code = status.unwrap_or(reject_code);
        rules.extend(rates.iter().map(rate_rule));
    }
    let local = (!rules.is_empty()).then(|| LocalRateLimit { rules, ..LocalRateLimit::default() })?;
    Some(RateLimit { local: Some(local), reject_code: Some(reject_code), ..RateLimit::default() })
}

/// `limit_req` again: without a burst nothing waits, and without `noDelay` everything above the rate does.
fn rate_rule(rate: &Rate) -> RateRule {
    let Rate { requests, per, burst, at_once } = rate;
    let unit = match per {
        Per::Second => "s",
        Per::Minute => "m",
    };
    let some = *burst > 0;
    RateRule {
        rate: Some(format!("{requests}r/{unit}")),
        key: Some("$binary_remote_addr".to_owned()),
        burst: some.then_some(*burst),
        no_delay: (some && !rate.delays()).then_some(true),
        delay: at_once.filter(|at_once| rate.delays() && *at_once > 0),
        ..RateRule::default()
    }
}

/// How endpoints are chosen for an intent; `None` where there is no method.
pub(super) fn balancing(intent: &Intent) -> Option<Balancing> {
    match intent {
        // The schema takes one variable of small letters.
        Intent::LoadBalancing { by, hashed: true } => {
            let name = by.strip_prefix('$')?;
            let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
            plain.then(|| ("hash consistent", Some(by.clone())))
        }
        Intent::LoadBalancing { by, hashed: false } if by == "ewma" => Some(("least_conn", None)),
        Intent::SessionAffinity { .. } => Some(("ip_hash", None)),
        _ => None,
    }
}

/// Affinity goes before the way in which strangers are distributed.
fn of_services(estate: &Estate, own: &mut Own) {
    let wanted = |intents: &[Intent]| {
        let affinity = intents.iter().filter(|intent| matches!(intent, Intent::SessionAffinity { .. }));
        affinity.chain(intents).find_map(balancing)
    };
    let chosen = services::settle(&estate.wishes, own, wanted);
    for (service, (method, key)) in chosen {
        let reference =
            TargetRef { group: "core".to_owned(), kind: "Service".to_owned(), name: service.name.clone(), ..TargetRef::default() };
        let policy = UpstreamSettingsPolicy {
            target_refs: vec![reference],
            load_balancing_method: Some(method.to_owned()),
            hash_method_key: key,
            ..UpstreamSettingsPolicy::default()
        };
        own.beside.push(custom("UpstreamSettingsPolicy", &service.namespace, service.name.clone(), &policy));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_is_hashed_and_a_text_of_several_is_not() {
        let hashed = |by: &str| balancing(&Intent::LoadBalancing { by: by.to_owned(), hashed: true });
        assert_eq!(hashed("$request_uri"), Some(("hash consistent", Some("$request_uri".to_owned()))));
        assert_eq!(hashed("$host$request_uri"), None);
        assert_eq!(hashed("$arg_A"), None);
    }

    #[test]
    fn a_burst_goes_at_once_and_refusals_keep_their_status() {
        let rate = Rate { requests: 5, per: Per::Second, burst: 20, at_once: None };
        let intent = Intent::RateLimit { rates: vec![rate], connections: 0, exempt: Vec::new(), status: None };
        let limit = rate_limit(&[intent], 503).expect("limit");
        let rules = limit.local.expect("rules").rules;
        assert_eq!((rules[0].rate.as_deref(), rules[0].burst, rules[0].no_delay), (Some("5r/s"), Some(20), Some(true)));
        assert_eq!(limit.reject_code, Some(503));
    }

    #[test]
    fn what_waits_is_said_as_nginx_says_it() {
        let rule = |burst, at_once| {
            let made = rate_rule(&Rate { requests: 10, per: Per::Second, burst, at_once });
            (made.burst, made.no_delay, made.delay)
        };
        assert_eq!(rule(0, Some(0)), (None, None, None));
        assert_eq!(rule(5, Some(0)), (Some(5), None, None));
        assert_eq!(rule(5, Some(2)), (Some(5), None, Some(2)));
        assert_eq!(rule(5, None), (Some(5), Some(true), None));
    }
}
