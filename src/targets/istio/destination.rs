//! `DestinationRule`: how a Service is connected to, and how its endpoints are chosen.

use std::collections::BTreeMap;

use super::types::{ConnectionPool, ConsistentHash, DESTINATION, DestinationRule, HttpCookie, LoadBalancer, Tcp, Tls, TrafficPolicy};
use crate::{
    gateway::{Intent, SessionCookie},
    targets::{
        Estate, Own,
        envoy::{self, Hashed},
        services, wire,
    },
};

/// One rule for each Service that somebody wishes something of.
pub(super) fn policies(estate: &Estate, own: &mut Own) {
    let chosen = services::settle(&estate.wishes, own, traffic);
    for (service, policy) in chosen {
        let host = format!("{}.{}.svc.cluster.local", service.name, service.namespace);
        let rule = DestinationRule { host, traffic_policy: Some(policy), ..DestinationRule::default() };
        own.beside.push(wire::custom(DESTINATION, &service.namespace, service.name, &rule));
    }
}

/// The policy for the intents of a rule; `None` where none of them needs one.
fn traffic(intents: &[Intent]) -> Option<TrafficPolicy> {
    let mut policy = TrafficPolicy::default();
    for intent in intents {
        match intent {
            Intent::Timeouts { connect: Some(seconds), .. } => {
                let tcp = Tcp { connect_timeout: Some(format!("{seconds}s")), ..Tcp::default() };
                policy.connection_pool = Some(ConnectionPool { tcp: Some(tcp), ..ConnectionPool::default() });
            }
            // nginx verifies nothing where the annotation says no more.
            Intent::BackendTls => {
                policy.tls = Some(Tls { mode: "SIMPLE".to_owned(), insecure_skip_verify: Some(true), ..Tls::default() });
            }
            Intent::SessionAffinity { cookie, attributes } => policy.load_balancer = Some(by_cookie(cookie, attributes)),
            // A cookie decides before anything else.
            Intent::LoadBalancing { .. } if policy.load_balancer.is_none() => policy.load_balancer = balancer(intent),
            _ => {}
        }
    }
    (policy != TrafficPolicy::default()).then_some(policy)
}

fn hash(hash: ConsistentHash) -> LoadBalancer {
    LoadBalancer { consistent_hash: Some(hash), ..LoadBalancer::default() }
}

/// How endpoints are chosen; `None` where there is no such way.
pub(super) fn balancer(intent: &Intent) -> Option<LoadBalancer> {
    let Intent::LoadBalancing { by, hashed } = intent else { return None };
    if !hashed {
        return (by == "ewma").then(|| LoadBalancer { simple: Some("LEAST_REQUEST".to_owned()), ..LoadBalancer::default() });
    }
    match envoy::hashed(by)? {
        Hashed::Address => Some(hash(ConsistentHash { use_source_ip: Some(true), ..ConsistentHash::default() })),
        Hashed::Header(name) => Some(hash(ConsistentHash { http_header_name: Some(name), ..ConsistentHash::default() })),
        Hashed::Query(name) => Some(hash(ConsistentHash { http_query_parameter_name: Some(name.to_owned()), ..ConsistentHash::default() })),
        // The cookie would be made where the client has none.
        Hashed::Cookie(_) => None,
    }
}

fn by_cookie(name: &str, cookie: &SessionCookie) -> LoadBalancer {
    let SessionCookie { path, domain, max_age, same_site, secure } = cookie;
    let attribute = |name: &str, value: &str| -> BTreeMap<String, String> {
        let value = Some(("value".to_owned(), value.to_owned())).filter(|_| !value.is_empty());
        std::iter::once(("name".to_owned(), name.to_owned())).chain(value).collect()
    };
    let mut attributes = vec![attribute("HttpOnly", "")];
    attributes.extend((!domain.is_empty()).then(|| attribute("Domain", domain)));
    attributes.extend((!same_site.is_empty()).then(|| attribute("SameSite", same_site)));
    attributes.extend(secure.then(|| attribute("Secure", "")));
    let cookie = HttpCookie {
        name: name.to_owned(),
        path: Some(if path.is_empty() { "/".to_owned() } else { path.clone() }),
        ttl: format!("{}s", max_age.parse::<u64>().unwrap_or(0)),
        attributes,
        ..HttpCookie::default()
    };
    hash(ConsistentHash { http_cookie: Some(cookie), ..ConsistentHash::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_before_other_ways_and_joins_the_rest() {
        let affinity = Intent::SessionAffinity { cookie: "route".to_owned(), attributes: SessionCookie::default() };
        let fewest = Intent::LoadBalancing { by: "ewma".to_owned(), hashed: false };
        let made = traffic(&[affinity, fewest, Intent::Timeouts { connect: Some(9), idle: None }, Intent::BackendTls]).expect("policy");
        let hash = made.load_balancer.and_then(|balancer| balancer.consistent_hash).and_then(|hash| hash.http_cookie).expect("cookie");
        assert_eq!((hash.name.as_str(), hash.ttl.as_str(), hash.path.as_deref()), ("route", "0s", Some("/")));
        assert_eq!(made.connection_pool.and_then(|pool| pool.tcp).and_then(|tcp| tcp.connect_timeout).as_deref(), Some("9s"));
        assert_eq!(made.tls.map(|tls| (tls.mode, tls.insecure_skip_verify)), Some(("SIMPLE".to_owned(), Some(true))));
    }

    #[test]
    fn cookies_of_others_cannot_be_hashed_without_being_made() {
        assert_eq!(balancer(&Intent::LoadBalancing { by: "$cookie_user".to_owned(), hashed: true }), None);
    }
}
