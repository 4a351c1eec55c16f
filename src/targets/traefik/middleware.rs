//! Middleware objects for the intents of a rule.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{GROUP, VERSION};
use crate::gateway::{
    AuthRequest, CorsWish, Intent, Per, Rate,
    api::{Custom, Meta},
    regex,
};

/// When a Middleware runs: the earlier it stands here, the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    /// Preflights are answered before anybody is asked for credentials.
    Cors,
    Limits,
    Password,
    /// What clients tell an authentication service is taken away before it is asked.
    Forged,
    Service,
    Body,
    Retry,
    Path,
}

/// What nginx itself tells an authentication service of the request, and Traefik does not (`auth_request` in nginx.tmpl).
const TOLD: [&str; 4] = ["X-Auth-Request-Redirect", "X-Original-Method", "X-Original-URL", "X-Sent-From"];
/// What it tells besides where `auth-method` is set.
const TOLD_WITH_METHOD: [&str; 2] = ["X-Original-URI", "X-Scheme"];

/// Tries where nginx goes on until no endpoint is left.
const ENDLESS_TRIES: u64 = 3;

/// All objects, in the order in which they run.
pub(super) fn all(intents: &[Intent], namespace: &str, name: &str) -> Vec<Custom> {
    let mut made: Vec<(Stage, &'static str, Value)> = Vec::new();
    for intent in intents {
        match intent {
            Intent::AddressLists { allow, .. } => made.push((Stage::Limits, "allow", json!({"ipAllowList": {"sourceRange": allow}}))),
            Intent::RateLimit { rates, connections, .. } => {
                for Rate { requests, per, burst, .. } in rates {
                    let (suffix, period) = match per {
                        Per::Second => ("rate", "1s"),
                        Per::Minute => ("rate-minute", "1m"),
                    };
                    let burst = (*burst).max(1);
                    made.push((Stage::Limits, suffix, json!({"rateLimit": {"average": requests, "period": period, "burst": burst}})));
                }
                if *connections > 0 {
                    // Requests are counted by their host unless something else is said.
                    let by_address = json!({"ipStrategy": {"depth": 0}});
                    made.push((
                        Stage::Limits,
                        "connections",
                        json!({"inFlightReq": {"amount": connections, "sourceCriterion": by_address}}),
                    ));
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
                made.push((Stage::Password, "password", json!({"basicAuth": basic})));
            }
            Intent::ExternalAuth { url, asks, .. } => {
                made.push((Stage::Forged, "auth-headers", json!({"headers": {"customRequestHeaders": taken_away(asks)}})));
                made.push((Stage::Service, "auth", json!({"forwardAuth": forward_auth(url, asks)})));
            }
            Intent::Cors(cors) => made.push((Stage::Cors, "cors", json!({"headers": self::cors(cors)}))),
            Intent::BodyLimit { bytes: Some(bytes) } => {
                made.push((Stage::Body, "body", json!({"buffering": {"maxRequestBodyBytes": bytes}})));
            }
            Intent::Retry { conditions, tries, seconds } => {
                made.extend(retry(conditions, *tries, *seconds).map(|retry| (Stage::Retry, "retry", json!({"retry": retry}))));
            }
            Intent::RegexRewrite { pattern, target } => {
                if let Some((regex, replacement)) = replacement(pattern, target) {
                    made.push((Stage::Path, "rewrite", json!({"replacePathRegex": {"regex": regex, "replacement": replacement}})));
                }
            }
            _ => {}
        }
    }
    made.sort_by_key(|(stage, suffix, _)| (*stage, *suffix));
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

/// It does not change what the backend gets, or must see the request as the client sent it.
pub(super) fn is_guard(spec: &Value) -> bool {
    ["replacePathRegex", "retry"].iter().all(|change| spec.get(change).is_none())
}

/// Headers that only nginx tells the service: `forwardAuth` copies whatever the client sends.
fn taken_away(asks: &AuthRequest) -> Value {
    let with_method: &[&str] = if asks.extras.contains(&"auth-method") { &TOLD_WITH_METHOD } else { &[] };
    TOLD.iter().chain(with_method).map(|name| ((*name).to_owned(), Value::from(""))).collect::<Map<String, Value>>().into()
}

/// Headers of CORS.
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

/// What is tried again, how often and how long; `None` where Traefik knows none of the conditions.
pub(super) fn retry(conditions: &str, tries: u64, seconds: u64) -> Option<Value> {
    let words: Vec<&str> = conditions.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    let statuses: Vec<&str> = words.iter().filter_map(|word| word.strip_prefix("http_")).collect();
    let connects = has("error") || has("timeout");
    if has("off") || (!connects && statuses.is_empty()) {
        return None;
    }
    let mut retry = Map::new();
    retry.insert("attempts".to_owned(), if tries == 0 { ENDLESS_TRIES } else { tries }.into());
    if !statuses.is_empty() {
        retry.insert("status".to_owned(), statuses.into());
    }
    if seconds > 0 {
        retry.insert("timeout".to_owned(), format!("{seconds}s").into());
    }
    if has("non_idempotent") {
        retry.insert("retryNonIdempotentMethod".to_owned(), true.into());
    }
    if !connects {
        retry.insert("disableRetryOnNetworkError".to_owned(), true.into());
    }
    Some(retry.into())
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
    fn what_clients_tell_the_service_is_taken_away_before_it_is_asked() {
        let made = |extras: Vec<&'static str>| {
            let asks = Box::new(AuthRequest { extras, ..AuthRequest::default() });
            all(&[Intent::ExternalAuth { url: "http://a.test".to_owned(), global: false, asks }], "a", "r")
        };
        let plain = made(vec![]);
        let names: Vec<&str> = plain.iter().map(|one| one.metadata.name.as_str()).collect();
        assert_eq!(names, ["r-auth-headers", "r-auth"]);
        let taken = &plain[0].spec["headers"]["customRequestHeaders"];
        assert_eq!((&taken["X-Original-URL"], taken.get("X-Scheme")), (&json!(""), None));
        assert_eq!(made(vec!["auth-method"])[0].spec["headers"]["customRequestHeaders"]["X-Scheme"], "");
    }

    #[test]
    fn conditions_of_retries_are_statuses_and_connections() {
        let of = |conditions: &str| retry(conditions, 2, 10);
        assert_eq!(of("error http_502 http_429"), Some(json!({"attempts": 2, "status": ["502", "429"], "timeout": "10s"})));
        let only_statuses = of("http_502 non_idempotent").expect("a retry");
        assert_eq!(only_statuses["disableRetryOnNetworkError"], true);
        assert_eq!(only_statuses["retryNonIdempotentMethod"], true);
        assert_eq!((of("off error"), of("invalid_header")), (None, None));
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
