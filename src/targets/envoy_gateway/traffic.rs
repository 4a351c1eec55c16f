//! `BackendTrafficPolicy`: limits, times, retries, how endpoints are chosen, and where a refused client is sent.

use std::collections::BTreeMap;

use serde_json::json;

use super::types::{
    BackendTrafficPolicy, ClientSelector, ConsistentHash, CustomResponse, HashCookie, HttpTimeout, LoadBalancer, LocalRateLimit, NamedHash,
    OverrideMatch, RateLimit, RateLimitRule, RateLimitValue, RequestBuffer, ResponseOverride, Retry, RetryOn, SourceCidr, StatusCodes,
    StatusRange, TcpTimeout, Timeout, header,
};
use crate::{
    gateway::{AuthRequest, Intent, Per, Rate, SessionCookie, api::HeaderModifier},
    targets::envoy::{self, Hashed, Retries},
};

/// The policy for the intents of a rule; `None` where none of them needs one.
pub(super) fn traffic(intents: &[Intent]) -> Option<BackendTrafficPolicy> {
    let mut policy = BackendTrafficPolicy { rate_limit: rate_limit(intents), ..BackendTrafficPolicy::default() };
    let (mut connect, mut idle) = (None, None);
    for intent in intents {
        match intent {
            Intent::BodyLimit { bytes: Some(bytes) } => {
                policy.request_buffer = Some(RequestBuffer { limit: envoy::quantity(*bytes).into(), ..RequestBuffer::default() });
            }
            Intent::Bandwidth { rate, .. } => {
                policy.bandwidth_limit =
                    Some(json!({"response": {"limit": {"value": rate.div_ceil(1024).to_string() + "Ki", "unit": "Second"}}}));
            }
            Intent::SessionAffinity { cookie, attributes } => policy.load_balancer = Some(by_cookie(cookie, attributes)),
            // A cookie decides before anything else.
            Intent::LoadBalancing { .. } if policy.load_balancer.as_ref().is_some_and(|known| known.consistent_hash.is_some()) => {}
            Intent::LoadBalancing { by, hashed } => policy.load_balancer = balancer(by, *hashed),
            Intent::Timeouts { connect: to_connect, idle: of_silence } => {
                connect = connect.max(*to_connect);
                idle = idle.max(of_silence.map(|silence| silence.longest()));
            }
            Intent::Retry { conditions, tries, seconds: _ } => policy.retry = Some(retry(conditions, *tries)),
            Intent::ServiceAddress => policy.routing_type = Some("Service".to_owned()),
            Intent::ExternalAuth { asks, .. } => {
                policy.response_override.extend(signin(asks));
                policy.response_override.extend(refused_authentication());
            }
            Intent::ErrorStatus { codes, status, of_backends } => policy.response_override.push(error_status(codes, *status, *of_backends)),
            _ => {}
        }
    }
    if connect.is_some() || idle.is_some() {
        policy.timeout = Some(Timeout {
            tcp: connect.map(|seconds| TcpTimeout { connect_timeout: Some(duration(seconds)), ..TcpTimeout::default() }),
            // Without a value of its own the whole request would end after 15 seconds.
            http: idle.map(|seconds| HttpTimeout {
                request_timeout: Some("0s".to_owned()),
                stream_idle_timeout: Some(duration(seconds)),
                ..HttpTimeout::default()
            }),
            ..Timeout::default()
        });
    }
    (policy != BackendTrafficPolicy::default()).then_some(policy)
}

/// Seconds as a duration, whose numbers have five digits at most.
pub(super) fn duration(seconds: u64) -> String {
    const MOST: u64 = 99_999;
    if seconds <= MOST {
        return format!("{seconds}s");
    }
    let (hours, rest) = ((seconds / 3600).min(MOST), seconds % 3600);
    let parts = [(hours, 'h'), (rest / 60, 'm'), (rest % 60, 's')];
    parts.iter().filter(|(number, _)| *number > 0).map(|(number, unit)| format!("{number}{unit}")).collect()
}

/// A bucket for each client address. A rule keeps one network only, so that both families need one.
fn rate_limit(intents: &[Intent]) -> Option<RateLimit> {
    // Of several limits for the same time and clients the strictest is the one that refuses.
    let mut strictest: BTreeMap<(Per, &[String]), u64> = BTreeMap::new();
    for intent in intents {
        let Intent::RateLimit { rates, exempt, .. } = intent else { continue };
        for Rate { requests, per, .. } in rates {
            let known = strictest.entry((*per, exempt)).or_insert(*requests);
            *known = (*known).min(*requests);
        }
    }
    let mut rules = Vec::new();
    for ((per, exempt), requests) in strictest {
        let unit = match per {
            Per::Second => "Second",
            Per::Minute => "Minute",
        };
        let limit = RateLimitValue { requests, unit: unit.to_owned(), ..RateLimitValue::default() };
        let mut rule = |value: &str, invert: Option<bool>| {
            let source_cidr =
                Some(SourceCidr { r#type: Some("Distinct".to_owned()), value: value.to_owned(), invert, ..SourceCidr::default() });
            let selector = ClientSelector { source_cidr, ..ClientSelector::default() };
            rules.push(RateLimitRule { client_selectors: vec![selector], limit: limit.clone(), ..RateLimitRule::default() });
        };
        for all in ["0.0.0.0/0", "::/0"] {
            match exempt {
                [only] if only.contains(':') == (all == "::/0") => rule(only, Some(true)),
                _ => rule(all, None),
            }
        }
    }
    let local = (!rules.is_empty()).then(|| LocalRateLimit { rules, ..LocalRateLimit::default() })?;
    Some(RateLimit { r#type: "Local".to_owned(), local: Some(local), ..RateLimit::default() })
}

fn by_cookie(cookie: &str, attributes: &SessionCookie) -> LoadBalancer {
    let SessionCookie { path, domain, max_age, same_site, secure } = attributes;
    let mut given = std::collections::BTreeMap::new();
    for (name, value) in [("Path", path), ("Domain", domain), ("SameSite", same_site)] {
        if !value.is_empty() {
            given.insert(name.to_owned(), value.clone());
        }
    }
    if *secure {
        given.insert("Secure".to_owned(), String::new());
    }
    // A time of zero makes a cookie for the session of the browser.
    let ttl = max_age.parse::<u32>().map_or_else(|_| "0s".to_owned(), |seconds| duration(seconds.into()));
    let cookie = HashCookie { name: cookie.to_owned(), ttl: Some(ttl), attributes: given, ..HashCookie::default() };
    consistent(ConsistentHash { r#type: "Cookie".to_owned(), cookie: Some(cookie), ..ConsistentHash::default() })
}

fn consistent(hash: ConsistentHash) -> LoadBalancer {
    LoadBalancer { r#type: "ConsistentHash".to_owned(), consistent_hash: Some(hash), ..LoadBalancer::default() }
}

/// How endpoints are chosen; `None` where Envoy Gateway has no such way.
pub(super) fn balancer(by: &str, hashed: bool) -> Option<LoadBalancer> {
    if !hashed {
        let kind = match by {
            "ewma" => "LeastRequest",
            "round_robin" => "RoundRobin",
            _ => return None,
        };
        return Some(LoadBalancer { r#type: kind.to_owned(), ..LoadBalancer::default() });
    }
    let named = |name: &str| vec![NamedHash { name: name.to_owned(), ..NamedHash::default() }];
    let of = |kind: &str| ConsistentHash { r#type: kind.to_owned(), ..ConsistentHash::default() };
    let hash = match envoy::hashed(by)? {
        Hashed::Address => of("SourceIP"),
        Hashed::Header(name) => ConsistentHash { headers: named(&name), ..of("Headers") },
        Hashed::Query(name) => ConsistentHash { query_params: named(name), ..of("QueryParams") },
        Hashed::Cookie(name) => {
            ConsistentHash { cookie: Some(HashCookie { name: name.to_owned(), ..HashCookie::default() }), ..of("Cookie") }
        }
    };
    Some(consistent(hash))
}

/// Conditions of nginx as triggers of Envoy.
fn retry(conditions: &str, tries: u64) -> Retry {
    let Retries { attempts, mut triggers, statuses } = envoy::retries(conditions, tries);
    if triggers.is_empty() && statuses.is_empty() {
        return Retry { num_retries: Some(0), ..Retry::default() };
    }
    if !statuses.is_empty() {
        triggers.push("retriable-status-codes");
    }
    let triggers = triggers.into_iter().map(str::to_owned).collect();
    let retry_on = RetryOn { triggers, http_status_codes: statuses, ..RetryOn::default() };
    Retry { num_retries: Some(attempts), retry_on: Some(retry_on), ..Retry::default() }
}

/// A refused client is sent to the sign-in page; what the application itself refuses stays.
fn signin(asks: &AuthRequest) -> Option<ResponseOverride> {
    let AuthRequest { signin, signin_parameter, .. } = asks;
    if signin.is_empty() {
        return None;
    }
    let location = signin_location(signin, signin_parameter)?;
    let header = HeaderModifier { set: vec![header("Location", &location)?], ..HeaderModifier::default() };
    let response = CustomResponse { status_code: Some(302), header: Some(header), ..CustomResponse::default() };
    Some(instead(vec![statuses(401, 401)], true, response))
}

/// nginx takes answers of an authentication service that are neither a yes nor 401 nor 403 for failures, and shows nothing else of them.
/// The statuses that are left out are Envoy's own: those of a slow client, a long body, a rate.
fn refused_authentication() -> [ResponseOverride; 2] {
    let ranges = [(300, 400), (402, 402), (404, 407), (409, 412), (414, 428), (430, 499)];
    let status = |status| CustomResponse { status_code: Some(status), ..CustomResponse::default() };
    let failed = ranges.map(|(first, last)| statuses(first, last)).to_vec();
    [instead(vec![statuses(403, 403)], true, status(403)), instead(failed, true, status(500))]
}

/// Errors that nginx answers with its built-in page, of another status.
fn error_status(codes: &[u16], status: u16, of_backends: bool) -> ResponseOverride {
    let response = CustomResponse { status_code: Some(status), ..CustomResponse::default() };
    instead(codes.iter().map(|code| statuses(*code, *code)).collect(), !of_backends, response)
}

fn statuses(start: u16, end: u16) -> StatusCodes {
    let (kind, value, range) = if start == end {
        ("Value", Some(start), None)
    } else {
        ("Range", None, Some(StatusRange { start, end, ..StatusRange::default() }))
    };
    StatusCodes { r#type: Some(kind.to_owned()), value, range, ..StatusCodes::default() }
}

/// `local`: only what Envoy answers itself.
fn instead(status_codes: Vec<StatusCodes>, local: bool, response: CustomResponse) -> ResponseOverride {
    ResponseOverride {
        r#match: OverrideMatch { status_codes, ..OverrideMatch::default() },
        source: local.then(|| "Local".to_owned()),
        response: Some(response),
        ..ResponseOverride::default()
    }
}

/// The sign-in page with the original URL, as a format of Envoy; `None` where it uses a variable that Envoy does not have.
pub(super) fn signin_location(signin: &str, parameter: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = signin;
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at].replace('%', "%%"));
        rest = &rest[at + 1..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        text.push_str(match &rest[..end] {
            "host" | "http_host" | "best_http_host" => "%REQ(:AUTHORITY)%",
            "scheme" | "pass_access_scheme" => "%REQ(X-FORWARDED-PROTO)%",
            "request_uri" | "escaped_request_uri" => "%REQ(:PATH)%",
            _ => return None,
        });
        rest = &rest[end..];
    }
    text.push_str(&rest.replace('%', "%%"));
    let query = signin.split_once('?').map_or("", |(_, query)| query);
    let given = query.split('&').filter_map(|pair| pair.split_once('=')).any(|(name, value)| name == parameter && !value.is_empty());
    if !given {
        let joint = if query.is_empty() { '?' } else { '&' };
        let original = "%REQ(X-FORWARDED-PROTO)%://%REQ(:AUTHORITY)%%REQ(:PATH)%";
        text.push_str(&format!("{joint}{parameter}={original}"));
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_limits_the_strictest_is_written() {
        let rate = |requests, per| Rate { requests, per, burst: 0, at_once: None };
        let limit = |rates| Intent::RateLimit { rates, connections: 0, exempt: Vec::new(), status: None };
        let intents = [limit(vec![rate(10, Per::Second)]), limit(vec![rate(2, Per::Second), rate(30, Per::Minute)])];
        let rules = rate_limit(&intents).and_then(|limit| limit.local).expect("rules").rules;
        let limits: Vec<u64> = rules.iter().map(|rule| rule.limit.requests).collect();
        assert_eq!(limits, [2, 2, 30, 30]);
    }

    #[test]
    fn the_original_url_is_added_where_the_page_does_not_name_it() {
        let original = "%REQ(X-FORWARDED-PROTO)%://%REQ(:AUTHORITY)%%REQ(:PATH)%";
        assert_eq!(signin_location("https://login.test/start", "rd"), Some(format!("https://login.test/start?rd={original}")));
        assert_eq!(
            signin_location("https://$host/oauth2/start?rd=$escaped_request_uri", "rd").as_deref(),
            Some("https://%REQ(:AUTHORITY)%/oauth2/start?rd=%REQ(:PATH)%")
        );
        assert_eq!(signin_location("https://login.test/$cookie_x", "rd"), None);
    }

    #[test]
    fn percent_signs_are_doubled() {
        assert_eq!(signin_location("https://l.test/?rd=a%20b", "rd").as_deref(), Some("https://l.test/?rd=a%%20b"));
    }

    #[test]
    fn long_times_are_written_in_hours() {
        assert_eq!([60, 99_999, 172_800, 604_861].map(duration), ["60s", "99999s", "48h", "168h1m1s"]);
    }

    #[test]
    fn sizes_are_whole_units() {
        assert_eq!(envoy::quantity(8 << 20), "8Mi");
        assert_eq!(envoy::quantity(1500), "1500");
    }

    #[test]
    fn one_exempt_network_turns_its_family_around() {
        let rates = vec![Rate { requests: 5, per: Per::Second, burst: 25, at_once: None }];
        let intent = Intent::RateLimit { rates, connections: 0, exempt: vec!["10.0.0.0/8".to_owned()], status: None };
        let rules = rate_limit(&[intent]).and_then(|limit| limit.local).expect("rules").rules;
        let sources: Vec<_> = rules.iter().filter_map(|rule| rule.client_selectors[0].source_cidr.clone()).collect();
        assert_eq!(
            sources.iter().map(|source| (source.value.as_str(), source.invert)).collect::<Vec<_>>(),
            [("10.0.0.0/8", Some(true)), ("::/0", None)]
        );
    }
}
