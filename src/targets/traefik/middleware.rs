//! Middleware objects for the intents of a rule.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{GROUP, VERSION};
use crate::gateway::{
    AuthRequest, CorsWish, Intent, Per, Rate,
    api::{Custom, Meta},
    regex,
};

/// All objects, in the order in which they run: addresses, limits, credentials, bodies, paths.
pub(super) fn all(intents: &[Intent], namespace: &str, name: &str) -> Vec<Custom> {
    let mut made: Vec<(u8, &'static str, Value)> = Vec::new();
    for intent in intents {
        match intent {
            Intent::AddressLists { allow, .. } => made.push((1, "allow", json!({"ipAllowList": {"sourceRange": allow}}))),
            Intent::RateLimit { rates, connections, .. } => {
                for Rate { requests, per, burst, .. } in rates {
                    let (suffix, period) = match per {
                        Per::Second => ("rate", "1s"),
                        Per::Minute => ("rate-minute", "1m"),
                    };
                    let burst = (*burst).max(1);
                    made.push((1, suffix, json!({"rateLimit": {"average": requests, "period": period, "burst": burst}})));
                }
                if *connections > 0 {
                    // Requests are counted by their host unless something else is said.
                    let by_address = json!({"ipStrategy": {"depth": 0}});
                    made.push((1, "connections", json!({"inFlightReq": {"amount": connections, "sourceCriterion": by_address}})));
                }
            }
            Intent::BasicAuth { secret, realm, .. } => {
                let secret = secret.split_once('/').map_or(secret.as_str(), |(_, name)| name);
                let mut basic = Map::new();
                basic.insert("secret".to_owned(), secret.into());
                if !realm.is_empty() {
                    basic.insert("realm".to_owned(), realm.as_str().into());
                }
                basic.insert("removeHeader".to_owned(), true.into());
                made.push((2, "password", json!({"basicAuth": basic})));
            }
            Intent::ExternalAuth { url, asks, .. } => made.push((3, "auth", json!({"forwardAuth": forward_auth(url, asks)}))),
            Intent::Cors(cors) => made.push((0, "cors", json!({"headers": self::cors(cors)}))),
            Intent::BodyLimit { bytes: Some(bytes) } => made.push((4, "body", json!({"buffering": {"maxRequestBodyBytes": bytes}}))),
            Intent::Retry { tries, .. } => {
                let attempts = if *tries == 0 { 3 } else { *tries };
                made.push((5, "retry", json!({"retry": {"attempts": attempts}})));
            }
            Intent::RegexRewrite { pattern, target } => {
                if let Some((regex, replacement)) = replacement(pattern, target) {
                    made.push((6, "rewrite", json!({"replacePathRegex": {"regex": regex, "replacement": replacement}})));
                }
            }
            _ => {}
        }
    }
    made.sort_by_key(|(order, suffix, _)| (*order, *suffix));
    let custom = |suffix: String, spec| Custom {
        group: GROUP,
        version: VERSION,
        kind: "Middleware",
        metadata: Meta::new(namespace, format!("{name}-{suffix}")),
        spec,
    };
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unique = |suffix| {
        let known = count.entry(suffix).or_default();
        *known += 1;
        if *known == 1 { suffix.to_owned() } else { format!("{suffix}-{known}") }
    };
    made.into_iter().map(|(_, suffix, spec)| custom(unique(suffix), spec)).collect()
}

/// Headers of CORS. Preflights are answered before anybody is asked for credentials.
fn cors(wish: &CorsWish) -> Value {
    let CorsWish { origins, methods, headers, expose, credentials, max_age } = wish;
    let (wildcards, plain): (Vec<&String>, Vec<&String>) = origins.iter().partition(|origin| origin.len() > 1 && origin.contains('*'));
    // One label, as in nginx.
    let wildcards: Vec<String> =
        wildcards.into_iter().map(|origin| format!("^{}$", regex_syntax::escape(origin).replace("\\*", "[^.]+"))).collect();
    let mut made = Map::new();
    let mut list = |name: &str, values: Value| {
        if values.as_array().is_some_and(|values| !values.is_empty()) {
            made.insert(name.to_owned(), values);
        }
    };
    list("accessControlAllowOriginList", json!(plain));
    list("accessControlAllowOriginListRegex", json!(wildcards));
    list("accessControlAllowMethods", json!(methods));
    list("accessControlAllowHeaders", json!(headers));
    list("accessControlExposeHeaders", json!(expose));
    if *credentials {
        made.insert("accessControlAllowCredentials".to_owned(), true.into());
    }
    made.insert("accessControlMaxAge".to_owned(), (*max_age).into());
    Value::Object(made)
}

fn forward_auth(url: &str, asks: &AuthRequest) -> Value {
    let mut auth = Map::new();
    auth.insert("address".to_owned(), url.into());
    if !asks.response_headers.is_empty() {
        auth.insert("authResponseHeaders".to_owned(), asks.response_headers.clone().into());
    }
    if !asks.signin.is_empty() {
        auth.insert("authSigninURL".to_owned(), asks.signin.as_str().into());
    }
    Value::Object(auth)
}

/// A rewrite of nginx as an expression of Go over the whole path and a replacement; `None` where that cannot be said.
pub(super) fn replacement(pattern: &str, target: &str) -> Option<(String, String)> {
    if target.contains("://") || !target.starts_with('/') {
        return None;
    }
    let replacement = groups(target)?;
    let path = pattern.strip_prefix('^').unwrap_or(pattern);
    let inner = if path.ends_with('$') && !path.ends_with("\\$") { path.to_owned() } else { format!("{path}.*$") };
    let whole = if regex::has_bar(path) { format!("(?i)^(?:{})$", inner.trim_end_matches('$')) } else { format!("(?i)^{inner}") };
    let whole = whole.replace("(.*).*$", "(.*)$").replace(".*.*$", ".*$");
    regex::is_valid(&whole).then_some((whole, replacement))
}

/// `$1` becomes `${1}`, since Go reads as many letters and digits as there are; `None` for variables.
fn groups(target: &str) -> Option<String> {
    let mut text = String::new();
    let mut chars = target.chars();
    while let Some(character) = chars.next() {
        if character != '$' {
            text.push(character);
            continue;
        }
        let digit = chars.next().filter(char::is_ascii_digit)?;
        text.push_str(&format!("${{{digit}}}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_stand_in_braces() {
        assert_eq!(replacement("/a/(.*)", "/x$1y"), Some(("(?i)^/a/(.*)$".to_owned(), "/x${1}y".to_owned())));
        assert_eq!(replacement("/a/(.*)", "/$uri"), None);
    }

    #[test]
    fn several_limits_of_one_rule_have_names_of_their_own() {
        let rate = |requests| Rate { requests, per: Per::Second, burst: 0, at_once: None };
        let limit = |requests| Intent::RateLimit { rates: vec![rate(requests)], connections: 1, exempt: Vec::new(), status: None };
        let names: Vec<String> = all(&[limit(2), limit(10)], "a", "r").into_iter().map(|one| one.metadata.name).collect();
        assert_eq!(names, ["r-connections", "r-connections-2", "r-rate", "r-rate-2"]);
    }

    #[test]
    fn addresses_come_before_credentials() {
        let users = crate::gateway::Users::Unknown;
        let basic = Intent::BasicAuth { secret: "a/s".to_owned(), realm: "r".to_owned(), users, keys: Some(1) };
        let lists = Intent::AddressLists { allow: vec!["10.0.0.0/8".to_owned()], deny: Vec::new() };
        let names: Vec<String> = all(&[basic, lists], "a", "r").into_iter().map(|one| one.metadata.name).collect();
        assert_eq!(names, ["r-allow", "r-password"]);
    }
}
