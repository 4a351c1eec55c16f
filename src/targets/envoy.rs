//! What the implementations on Envoy have in common: rewrites by RE2, retries, what is hashed, and quantities.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Answer, Estate, Section, ciphers};
use crate::{
    gateway::{AuthRequest, Intent, SessionCookie, Silence, regex},
    ledger::{Code, Facts},
};

/// A rewrite of nginx as an expression over the whole path and a substitution; `None` where RE2 cannot say it.
///
/// nginx searches from the start of the path without regard to case, and the target takes the place of all of it.
pub(super) fn replacement(pattern: &str, target: &str) -> Option<(String, String)> {
    if target.contains("://") || !target.starts_with('/') {
        return None;
    }
    let (pattern, names) = regex::without_names(pattern);
    let substitution = substitution(target, &names)?;
    let path = pattern.strip_prefix('^').unwrap_or(&pattern);
    let inner = if path.ends_with('$') && !path.ends_with("\\$") { path.to_owned() } else { format!("{path}.*$") };
    // A bar outside of groups would tear the anchors apart.
    let whole = if regex::has_bar(path) { format!("(?i)^(?:{})", inner.trim_end_matches('$')) + "$" } else { format!("(?i)^{inner}") };
    // Expressions that end with everything need nothing behind it.
    let whole = whole.replace("(.*).*$", "(.*)$").replace(".*.*$", ".*$");
    regex::is_valid(&whole).then_some((whole, substitution))
}

/// `$1` and names of groups become `\1`; `None` for variables.
fn substitution(target: &str, names: &[Option<String>]) -> Option<String> {
    let mut text = String::new();
    let mut chars = target.chars().peekable();
    while let Some(character) = chars.next() {
        match character {
            '\\' => text.push_str("\\\\"),
            '$' => {
                if let Some(digit) = chars.next_if(char::is_ascii_digit) {
                    // Groups that do not exist are empty for nginx; Envoy would leave the path as it is.
                    if digit.to_digit(10).is_some_and(|number| number as usize <= names.len()) {
                        text.extend(['\\', digit]);
                    }
                    continue;
                }
                let mut name = String::new();
                while let Some(letter) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(letter);
                }
                if name == "uri" {
                    // All of the path: the expression takes it from end to end.
                    text.push_str("\\0");
                    continue;
                }
                let number = names.iter().position(|known| known.as_deref() == Some(name.as_str())).filter(|at| *at < 9)? + 1;
                text.push_str(&format!("\\{number}"));
            }
            other => text.push(other),
        }
    }
    Some(text)
}

/// oauth2-proxy is asked where it answers 202 to whoever is signed in, and Envoy lets pass who gets 200 alone.
pub(super) fn is_answered_202(asks: &AuthRequest) -> bool {
    asks.path.as_deref().is_some_and(|path| path.split('?').next().is_some_and(|path| path.ends_with("/oauth2/auth")))
}

/// What Envoy makes of cipher suites, which an object of this kind names. It goes by the order of its own list.
pub(super) fn of_ciphers(kind: &'static str, list: &str, prefer_server: Option<bool>) -> Answer {
    let by_client = prefer_server == Some(false);
    match ciphers::suites(list) {
        Some(suites) => {
            let changes = if suites.narrowed || by_client { vec![Code::PolicyCiphersDiffer] } else { Vec::new() };
            Answer::Kept { kind, changes }
        }
        None if list.is_empty() && !by_client => Answer::Already,
        None => Answer::No(Code::PolicyCiphers),
    }
}

/// What is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Retries {
    /// How often, besides the first time.
    pub(super) attempts: u32,
    /// Failures, in the words of Envoy.
    pub(super) triggers: Vec<&'static str>,
    /// Statuses.
    pub(super) statuses: Vec<u16>,
}

/// Conditions of nginx as triggers of Envoy. nginx counts the first time, and 0 is no limit.
pub(super) fn retries(conditions: &str, tries: u64) -> Retries {
    let words: Vec<&str> = conditions.split_whitespace().collect();
    let mut retries = Retries { attempts: 0, triggers: Vec::new(), statuses: Vec::new() };
    if words.contains(&"off") {
        return retries;
    }
    for word in words {
        match word {
            "error" => retries.triggers.extend(["connect-failure", "refused-stream"]),
            "timeout" | "invalid_header" => retries.triggers.push("reset"),
            _ => retries.statuses.extend(word.strip_prefix("http_").and_then(|code| code.parse::<u16>().ok())),
        }
    }
    retries.triggers.dedup();
    retries.attempts = if tries == 0 { 3 } else { u32::try_from(tries - 1).unwrap_or(u32::MAX) };
    retries
}

/// What decides about the endpoint of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hashed<'a> {
    /// Address of the client.
    Address,
    /// A header.
    Header(String),
    /// A parameter of the query.
    Query(&'a str),
    /// A cookie.
    Cookie(&'a str),
}

/// A variable of nginx as something that Envoy can hash; `None` where it cannot.
pub(super) fn hashed(by: &str) -> Option<Hashed<'_>> {
    let named = |prefix: &str| {
        let name = by.strip_prefix(prefix)?;
        (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then_some(name)
    };
    match by {
        "$remote_addr" | "$binary_remote_addr" | "$the_real_ip" => Some(Hashed::Address),
        "$host" | "$http_host" => Some(Hashed::Header(":authority".to_owned())),
        _ => named("$http_")
            .map(|name| Hashed::Header(name.replace('_', "-")))
            .or_else(|| named("$arg_").map(Hashed::Query))
            .or_else(|| named("$cookie_").map(Hashed::Cookie)),
    }
}

/// Headers, in lower case, that clients send on their own account: for the authentication service itself, or for paths beside those that
/// it guards.
const OF_CLIENTS: [&str; 26] = [
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "access-control-request-headers",
    "access-control-request-method",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "origin",
    "range",
    "referer",
    "te",
    "upgrade",
    "user-agent",
    "x-auth-request-redirect",
    "x-real-ip",
];

/// Whether a header that an authentication service tells backends can be taken away from clients before the service is asked.
///
/// Envoy lets what a client sent pass where the answer of the service does not have the header.
pub(super) fn is_withdrawn(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    !OF_CLIENTS.contains(&name.as_str()) && !["x-forwarded-", "x-original-"].iter().any(|told| name.starts_with(told))
}

/// What is taken away from clients of listeners, sorted.
pub(super) fn withdrawn<'s>(sections: impl Iterator<Item = &'s Section>) -> Vec<String> {
    let told: BTreeSet<&String> = sections.flat_map(|section| &section.told).filter(|name| is_withdrawn(name)).collect();
    told.into_iter().cloned().collect()
}

/// What is to be said where no policy of ours takes headers away that an authentication service tells, because the listener or its Gateway
/// is not ours.
pub(super) fn forgeable(estate: &Estate, told: &BTreeSet<String>, target: &str) -> Vec<(Code, Facts)> {
    let left = |name: &String| is_withdrawn(name) && told.contains(&name.to_ascii_lowercase());
    let asks = |intent: &Intent| match intent {
        Intent::ExternalAuth { asks, .. } => asks.response_headers.iter().any(left),
        _ => false,
    };
    let wishes = estate.wishes.iter().filter(|wish| wish.intents.iter().any(asks));
    wishes.map(|wish| (Code::AccessForgedHeader, vec![("ingress", wish.route.to_string()), ("target", target.to_owned())])).collect()
}

/// What is to be said of a time of silence: there is one for both directions.
pub(super) fn silence(idle: Option<&Silence>) -> &'static [Code] {
    if idle.is_some_and(|idle| idle.seconds != idle.other) { &[Code::PolicySilenceOfBoth] } else { &[] }
}

/// Affinity by a hash of a cookie for all requests to a Service, whose path is `/` where nobody names another.
pub(super) fn affinity(kind: &'static str, attributes: &SessionCookie) -> Answer {
    let differs = (attributes.path.is_empty() || !attributes.secure).then_some(Code::PolicyAffinityCookie);
    Answer::Kept { kind, changes: [Code::PolicyAffinityByHash, Code::PolicyOfService].into_iter().chain(differs).collect() }
}

/// Longest body that Envoy can be told to take (`max_request_bytes` of its filter for buffers is a `uint32`).
pub(super) const LONGEST_BODY: u64 = u32::MAX as u64;

/// Bytes as a quantity of Kubernetes.
pub(super) fn quantity(bytes: u64) -> String {
    let fits = |(unit, size): (&str, u64)| (bytes > 0 && bytes.is_multiple_of(size)).then(|| format!("{}{unit}", bytes / size));
    [("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)].into_iter().find_map(fits).unwrap_or_else(|| bytes.to_string())
}

/// Bytes of a quantity: a number, or one with a suffix of either kind. Parts of a byte count as one.
pub(super) fn bytes(value: &Value) -> Option<u64> {
    const SUFFIXES: [(&str, u64); 11] = [
        ("", 1),
        ("k", 1_000),
        ("M", 1_000_000),
        ("G", 1_000_000_000),
        ("T", 1_000_000_000_000),
        ("P", 1_000_000_000_000_000),
        ("Ki", 1 << 10),
        ("Mi", 1 << 20),
        ("Gi", 1 << 30),
        ("Ti", 1 << 40),
        ("Pi", 1 << 50),
    ];
    let text = match value {
        Value::Number(number) => return number.as_u64(),
        Value::String(text) => text,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let length = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, suffix) = text.split_at(length);
    let factor = SUFFIXES.iter().find(|(known, _)| *known == suffix)?.1;
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let number = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<u64>().ok() };
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    number(whole)?.checked_mul(factor)?.checked_add(number(part)?.checked_mul(factor)?.div_ceil(scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_bytes() {
        let bytes = |text: &str| bytes(&Value::String(text.to_owned()));
        assert_eq!([bytes("1Ki"), bytes("8Mi"), bytes("100"), bytes("2k")], [Some(1024), Some(8 << 20), Some(100), Some(2000)]);
        assert_eq!(
            [bytes("1.5Mi"), bytes("0.3"), bytes("10M"), bytes("1G")],
            [Some(3 << 19), Some(1), Some(10_000_000), Some(1_000_000_000)]
        );
        assert_eq!([bytes("1m"), bytes(""), bytes("Mi"), bytes("1.2.3")], [None; 4]);
    }

    #[test]
    fn captures_become_groups_over_the_whole_path() {
        let made = |pattern: &str, target: &str| replacement(pattern, target);
        assert_eq!(made("/api/v([0-9]+)/(.*)", "/$2"), Some(("(?i)^/api/v([0-9]+)/(.*)$".to_owned(), "/\\2".to_owned())));
        assert_eq!(made("/a/([^/]+)", "/$1"), Some(("(?i)^/a/([^/]+).*$".to_owned(), "/\\1".to_owned())));
        assert_eq!(made("/", "/in/$1/$2x"), Some(("(?i)^/.*$".to_owned(), "/in//x".to_owned())));
        assert_eq!(made("/x/(\\d+)$", "/$1"), Some(("(?i)^/x/(\\d+)$".to_owned(), "/\\1".to_owned())));
    }

    #[test]
    fn alternatives_stay_between_the_anchors() {
        assert_eq!(replacement("/a(/|$)(.*)", "/$2").expect("rewrite").0, "(?i)^/a(/|$)(.*)$");
        assert_eq!(replacement("/a/(.*)|/b", "/$1").expect("rewrite").0, "(?i)^(?:/a/(.*)|/b.*)$");
    }

    #[test]
    fn names_of_groups_become_numbers() {
        let made = replacement("/u/(?<uid>[0-9]+)/(?<rest>.*)", "/users/$uid/$rest");
        assert_eq!(made, Some(("(?i)^/u/([0-9]+)/(.*)$".to_owned(), "/users/\\1/\\2".to_owned())));
    }

    #[test]
    fn variables_and_look_around_cannot_be_said() {
        assert_eq!(replacement("/a/(.*)", "/$host/$1"), None);
        assert_eq!(replacement("/(?!a)(.*)", "/$1"), None);
        assert_eq!(replacement("/(.*)", "https://x.test/$1"), None);
    }
}
