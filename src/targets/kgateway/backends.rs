//! `BackendConfigPolicy`: how a Service is connected to, and how its endpoints are chosen.

use serde_json::json;

use super::traffic::duration;
use super::types::{BackendConfigPolicy, HashCookie, HashHeader, HashPolicy, LoadBalancer, RingHash, Tls};
use crate::{
    gateway::{Intent, SessionCookie},
    targets::envoy::{self, Hashed},
};

/// The policy for the intents of a rule, without its target; `None` where none of them needs one.
pub(super) fn backend(intents: &[Intent]) -> Option<BackendConfigPolicy> {
    let mut policy = BackendConfigPolicy::default();
    for intent in intents {
        match intent {
            Intent::Timeouts { connect: Some(seconds), .. } => policy.connect_timeout = Some(duration(*seconds)),
            // nginx verifies nothing where the annotation says no more.
            Intent::BackendTls => policy.tls = Some(Tls { insecure_skip_verify: Some(true), ..Tls::default() }),
            Intent::SessionAffinity { cookie, attributes } => policy.load_balancer = Some(by_cookie(cookie, attributes)),
            // A cookie decides before anything else.
            Intent::LoadBalancing { .. } if policy.load_balancer.is_none() => policy.load_balancer = balancer(intent),
            _ => {}
        }
    }
    (policy != BackendConfigPolicy::default()).then_some(policy)
}

fn ring(hashed: HashPolicy) -> LoadBalancer {
    let ring = RingHash { hash_policies: vec![hashed], ..RingHash::default() };
    LoadBalancer { ring_hash: Some(ring), ..LoadBalancer::default() }
}

/// How endpoints are chosen; `None` where there is no such way.
pub(super) fn balancer(intent: &Intent) -> Option<LoadBalancer> {
    let Intent::LoadBalancing { by, hashed } = intent else { return None };
    if !hashed {
        return (by == "ewma").then(|| LoadBalancer { least_request: Some(json!({})), ..LoadBalancer::default() });
    }
    Some(ring(match envoy::hashed(by)? {
        Hashed::Address => HashPolicy { source_ip: Some(json!({})), ..HashPolicy::default() },
        Hashed::Header(name) => HashPolicy { header: Some(HashHeader { name, ..HashHeader::default() }), ..HashPolicy::default() },
        Hashed::Cookie(name) => {
            let cookie = HashCookie { name: name.to_owned(), ..HashCookie::default() };
            HashPolicy { cookie: Some(cookie), ..HashPolicy::default() }
        }
        Hashed::Query(_) => return None,
    }))
}

/// A cookie that Envoy sets where the client has none needs a life.
fn by_cookie(name: &str, attributes: &SessionCookie) -> LoadBalancer {
    let SessionCookie { path, domain: _, max_age, same_site, secure } = attributes;
    let cookie = HashCookie {
        name: name.to_owned(),
        path: Some(if path.is_empty() { "/".to_owned() } else { path.clone() }),
        ttl: Some(duration(max_age.parse::<u64>().unwrap_or(0))),
        secure: secure.then_some(true),
        http_only: Some(true),
        same_site: ["Strict", "Lax", "None"].into_iter().find(|known| known.eq_ignore_ascii_case(same_site)).map(str::to_owned),
        ..HashCookie::default()
    };
    ring(HashPolicy { cookie: Some(cookie), ..HashPolicy::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_goes_before_other_ways() {
        let affinity = Intent::SessionAffinity { cookie: "route".to_owned(), attributes: SessionCookie::default() };
        let fewest = Intent::LoadBalancing { by: "ewma".to_owned(), hashed: false };
        let both = backend(&[affinity.clone(), fewest]).expect("policy");
        assert_eq!(Some(both), backend(&[affinity]));
    }

    #[test]
    fn parameters_of_the_query_cannot_be_hashed() {
        assert_eq!(balancer(&Intent::LoadBalancing { by: "$arg_user".to_owned(), hashed: true }), None);
    }
}
