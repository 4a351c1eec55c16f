//! `TrafficPolicy`: who passes, who is asked, limits, times, retries, and rewrites by expressions.

use std::net::IpAddr;

use super::types::{
    Acl, AclRule, AuthorizationResponse, BackendRef, BasicAuth, Buffer, ExtAuth, ExtAuthService, ExtensionRef, GatewayExtension,
    HttpService, PasswordRef, PathRegex, Retry, Timeouts, TrafficPolicy, UrlRewrite,
};
use crate::{
    gateway::{AuthRequest, Intent, Users, policies::Network},
    k8s::NamespacedName,
    targets::{
        documents::network,
        envoy::{self, Retries},
    },
};

/// What the authentication service gets to see besides what it always gets.
const SHOWN: [&str; 5] = ["authorization", "cookie", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];
/// What a refused client gets to see of its answer.
const TOLD: [&str; 3] = ["location", "set-cookie", "www-authenticate"];

/// The policy for the intents of a rule, without its targets; `None` where none of them needs one. `extension` is the name of the object
/// with the authentication service.
pub(super) fn traffic(intents: &[Intent], extension: &str) -> Option<TrafficPolicy> {
    let mut policy = TrafficPolicy::default();
    let mut longest = 0;
    for intent in intents {
        match intent {
            Intent::AddressLists { allow, deny } => policy.acl = Some(acl(allow, deny)),
            Intent::BasicAuth { secret, users, .. } => {
                let key = if *users == Users::Ready || *users == Users::Map { ".htpasswd" } else { "auth" };
                let name = secret.split_once('/').map_or(secret.as_str(), |(_, name)| name);
                let secret = PasswordRef { name: name.to_owned(), key: Some(key.to_owned()), ..PasswordRef::default() };
                policy.basic_auth = Some(BasicAuth { secret_ref: Some(secret), ..BasicAuth::default() });
            }
            Intent::ExternalAuth { .. } => {
                let extension = ExtensionRef { name: extension.to_owned(), ..ExtensionRef::default() };
                policy.ext_auth = Some(ExtAuth { extension_ref: Some(extension), ..ExtAuth::default() });
            }
            Intent::BodyLimit { bytes: Some(bytes) } => {
                policy.buffer = Some(Buffer { max_request_size: Some(envoy::quantity(*bytes).into()), ..Buffer::default() });
            }
            // Without a value of its own the whole request would end after 15 seconds.
            Intent::Timeouts { idle: Some(of), .. } => longest = longest.max(of.longest()),
            Intent::Retry { conditions, tries, seconds: _ } => policy.retry = Some(retry(conditions, *tries)),
            Intent::RegexRewrite { pattern, target } => {
                policy.url_rewrite = envoy::replacement(pattern, target).map(|(pattern, substitution)| {
                    let path = PathRegex { pattern, substitution, ..PathRegex::default() };
                    UrlRewrite { path_regex: Some(path), ..UrlRewrite::default() }
                });
            }
            _ => {}
        }
    }
    if longest > 0 {
        policy.timeouts = Some(silence(longest));
    }
    (policy != TrafficPolicy::default()).then_some(policy)
}

/// Seconds as the definitions take them: five digits a unit at most.
pub(super) fn duration(seconds: u64) -> String {
    const MOST: u64 = 99_999;
    if seconds <= MOST {
        return format!("{seconds}s");
    }
    let units = [((seconds / 3600).min(MOST), "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    units.into_iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect()
}

/// Only silence ends an exchange.
pub(super) fn silence(seconds: u64) -> Timeouts {
    Timeouts { request: Some("0s".to_owned()), stream_idle: Some(duration(seconds)), ..Timeouts::default() }
}

fn retry(conditions: &str, tries: u64) -> Retry {
    let Retries { attempts, triggers, statuses } = envoy::retries(conditions, tries);
    let retry_on = triggers.into_iter().map(str::to_owned).collect();
    Retry { attempts: Some(attempts), retry_on, status_codes: statuses, ..Retry::default() }
}

/// nginx looks at the denied networks first, kgateway takes the longest prefix: what is allowed inside of a denied network stays out.
fn acl(allow: &[String], deny: &[String]) -> Acl {
    let denied: Vec<Network> = deny.iter().filter_map(|text| network(text)).collect();
    let free = |text: &&String| !network(text).is_some_and(|inner| denied.iter().any(|outer| contains(*outer, inner)));
    let allowed: Vec<String> = allow.iter().filter(free).cloned().collect();
    let rule = |action: &str, cidrs: Vec<String>| AclRule { action: action.to_owned(), cidrs, ..AclRule::default() };
    let rules = [("deny", deny.to_vec()), ("allow", allowed)];
    Acl {
        default_action: if allow.is_empty() { "allow" } else { "deny" }.to_owned(),
        rules: rules.into_iter().filter(|(_, cidrs)| !cidrs.is_empty()).map(|(action, cidrs)| rule(action, cidrs)).collect(),
        ..Acl::default()
    }
}

/// Whether a network lies in another one, or is it.
fn contains((outer, length): Network, (inner, inner_length): Network) -> bool {
    let same = |outer: u128, inner: u128, bits: u32| {
        let rest = bits - u32::from(length);
        rest >= 128 || outer >> rest == inner >> rest
    };
    length <= inner_length
        && match (outer, inner) {
            (IpAddr::V4(outer), IpAddr::V4(inner)) => same(outer.to_bits().into(), inner.to_bits().into(), 32),
            (IpAddr::V6(outer), IpAddr::V6(inner)) => same(outer.to_bits(), inner.to_bits(), 128),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
}

/// Service of an authentication request, and what stands for it; `None` where it is none of the cluster.
pub(super) fn extension(asks: &AuthRequest, namespace: &str) -> Option<(NamespacedName, GatewayExtension)> {
    let (name, port) = asks.service.as_ref()?;
    let (of, name) = name.split_once('/')?;
    let path = asks.path.as_deref()?.split('?').next().unwrap_or_default().trim_end_matches('/');
    let service = NamespacedName::new(of, name);
    let backend_ref = BackendRef {
        name: service.name.clone(),
        namespace: (service.namespace != namespace).then(|| service.namespace.clone()),
        port: Some(*port),
        ..BackendRef::default()
    };
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let response = AuthorizationResponse {
        headers_to_backend: asks.response_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        headers_to_client: texts(&TOLD),
        ..AuthorizationResponse::default()
    };
    let http = HttpService {
        backend_ref,
        path_prefix: (!path.is_empty()).then(|| path.to_owned()),
        authorization_response: Some(response),
        ..HttpService::default()
    };
    let auth = ExtAuthService { headers_to_forward: texts(&SHOWN), http_service: Some(http), ..ExtAuthService::default() };
    Some((service, GatewayExtension { ext_auth: Some(auth), ..GatewayExtension::default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn what_is_allowed_inside_of_a_denied_network_stays_out() {
        let made = acl(&texts(&["10.1.2.3", "10.0.0.0/8", "192.168.0.0/16"]), &texts(&["10.1.0.0/16"]));
        assert_eq!(made.default_action, "deny");
        assert_eq!(made.rules.iter().map(|rule| rule.action.as_str()).collect::<Vec<_>>(), ["deny", "allow"]);
        assert_eq!(made.rules[1].cidrs, ["10.0.0.0/8", "192.168.0.0/16"]);
    }

    #[test]
    fn a_unit_of_a_duration_has_five_digits_at_most() {
        assert_eq!([0, 60, 99_999].map(duration), ["0s", "60s", "99999s"]);
        assert_eq!([172_800, 100_000, 31_536_001].map(duration), ["48h", "27h46m40s", "8760h1s"]);
        assert!(duration(u64::MAX).starts_with("99999h"));
    }

    #[test]
    fn networks_of_both_families_are_told_apart() {
        let inside = |outer: &str, inner: &str| contains(network(outer).expect("network"), network(inner).expect("network"));
        assert!(inside("0.0.0.0/0", "10.0.0.1") && inside("::/0", "::1") && inside("10.0.0.0/8", "10.0.0.0/8"));
        assert!(!inside("10.0.0.0/8", "11.0.0.0/8") && !inside("::/0", "10.0.0.1") && !inside("10.1.0.0/16", "10.0.0.0/8"));
    }
}
