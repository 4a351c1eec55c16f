//! What Envoy Gateway makes of an intent: the kind that keeps it, what that kind treats differently, or why there is none.

use super::{authentication, traffic};
use crate::{
    gateway::{Buffers, Intent, Users},
    ledger::Code,
    targets::{Answer, envoy, standard::no_core_field},
};

const SECURITY: &str = "SecurityPolicy";
const TRAFFIC: &str = "BackendTrafficPolicy";
const CLIENT: &str = "ClientTrafficPolicy";
const FILTER: &str = "HTTPRouteFilter";

fn kept(kind: &'static str, changes: &[Code]) -> Answer {
    Answer::Kept { kind, changes: changes.to_vec() }
}

/// A size of nginx: a number with `k`, `m` or nothing.
fn bytes(text: &str) -> Option<u64> {
    let (number, factor) = match text.as_bytes().last()? {
        b'k' | b'K' => (&text[..text.len() - 1], 1 << 10),
        b'm' | b'M' => (&text[..text.len() - 1], 1 << 20),
        _ => (text, 1),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// The answer.
pub(super) fn answer(intent: &Intent) -> Answer {
    match intent {
        Intent::AddressLists { .. } => kept(SECURITY, &[]),
        Intent::BasicAuth { users: Users::Others, .. } => Answer::No(Code::AccessPasswordHashes),
        Intent::BasicAuth { users: Users::Ready, .. } => kept(SECURITY, &[Code::AccessBasicAuthDiffers]),
        Intent::BasicAuth { users: Users::Sha | Users::Map | Users::Unknown, .. } => {
            kept(SECURITY, &[Code::AccessBasicAuthDiffers, Code::AccessPasswordKey])
        }
        Intent::ExternalAuth { asks, url, .. } if envoy::is_answered_202(asks) && authentication::backend(url, asks).is_some() => {
            kept(SECURITY, &[Code::AccessAuthAnswers202, Code::AccessExternalAuthDiffers])
        }
        Intent::ExternalAuth { asks, url, .. } => match authentication::backend(url, asks) {
            Some(_) if asks.response_headers.iter().all(|name| envoy::is_withdrawn(name)) => {
                kept(SECURITY, &[Code::AccessExternalAuthDiffers])
            }
            Some(_) => kept(SECURITY, &[Code::AccessExternalAuthDiffers, Code::AccessForgedHeader]),
            None => no_core_field(intent),
        },
        Intent::ClientCertificates { .. } => kept(CLIENT, &[Code::AccessClientCertificatesDiffer]),
        Intent::BodyLimit { bytes: None } => kept(TRAFFIC, &[]),
        Intent::BodyLimit { bytes: Some(bytes) } if *bytes > envoy::LONGEST_BODY => no_core_field(intent),
        Intent::BodyLimit { bytes: Some(_) } => kept(TRAFFIC, &[Code::PolicyBodyBuffered]),
        Intent::RateLimit { rates, .. } if rates.is_empty() => Answer::No(Code::PolicyConnectionLimit),
        Intent::RateLimit { connections, exempt, .. } => {
            let mut changes = vec![Code::PolicyRateLimitDiffers];
            changes.extend((*connections > 0).then_some(Code::PolicyConnectionLimit));
            changes.extend((exempt.len() > 1).then_some(Code::PolicyRateLimitExempt));
            Answer::Kept { kind: TRAFFIC, changes }
        }
        Intent::Bandwidth { rate: 0, .. } => no_core_field(intent),
        Intent::Bandwidth { .. } => kept(TRAFFIC, &[Code::PolicyBandwidthShared]),
        // Envoy takes no longer texts unless it is told to.
        Intent::Answer { body: Some(body), .. } if body.text.is_empty() || body.text.len() > 4096 => no_core_field(intent),
        Intent::FixedRedirect { .. } | Intent::Refuse { .. } | Intent::Answer { .. } => kept(FILTER, &[]),
        Intent::RegexRewrite { pattern, target } => match envoy::replacement(pattern, target) {
            Some(_) => kept(FILTER, &[]),
            None => no_core_field(intent),
        },
        Intent::SessionAffinity { .. } => kept(TRAFFIC, &[Code::PolicyAffinityByHash]),
        Intent::LoadBalancing { by, hashed } => match traffic::balancer(by, *hashed) {
            Some(_) if !*hashed => kept(TRAFFIC, &[Code::PolicyLoadBalancingDiffers]),
            Some(_) => kept(TRAFFIC, &[]),
            None => no_core_field(intent),
        },
        Intent::Timeouts { idle, .. } => kept(TRAFFIC, envoy::silence(idle.as_ref())),
        Intent::Retry { .. } => kept(TRAFFIC, &[Code::PolicyRetryDiffers]),
        Intent::ServiceAddress | Intent::ErrorStatus { .. } => kept(TRAFFIC, &[]),
        // Envoy streams both ways, and takes heads of 60 KiB.
        Intent::Buffering { what: Buffers::Responses | Buffers::Requests, value } if value == "off" => Answer::Already,
        Intent::Buffering { what: Buffers::Memory, .. } => Answer::Already,
        Intent::Buffering { what: Buffers::Head, value } if bytes(value).is_some_and(|bytes| bytes <= 60 << 10) => Answer::Already,
        Intent::Buffering { .. } => no_core_field(intent),
        Intent::BackendTls => Answer::No(Code::BackendTlsSwitch),
        Intent::Ciphers { list, prefer_server } => envoy::of_ciphers(CLIENT, list, *prefer_server),
        Intent::DigestAuth { .. }
        | Intent::Firewall
        | Intent::ErrorPages
        | Intent::CookieRewrite
        | Intent::LocationRewrite
        | Intent::Mirror { .. }
        | Intent::Tracing
        | Intent::AccessLog
        | Intent::Snippet
        | Intent::Fastcgi
        | Intent::Grpc
        | Intent::ConnectionHeader
        | Intent::BackendHttpVersion
        | Intent::Passthrough
        | Intent::Cors(_)
        | Intent::Variables { .. } => no_core_field(intent),
    }
}
