//! What kgateway makes of an intent.

use super::backends;
use crate::{
    gateway::{Buffers, Intent, Users},
    ledger::Code,
    targets::{Answer, envoy, standard::no_core_field},
};

const TRAFFIC: &str = "TrafficPolicy";
const BACKEND: &str = "BackendConfigPolicy";

fn kept(kind: &'static str, changes: &[Code]) -> Answer {
    Answer::Kept { kind, changes: changes.to_vec() }
}

/// The answer.
pub(super) fn answer(intent: &Intent) -> Answer {
    match intent {
        Intent::AddressLists { .. } => kept(TRAFFIC, &[]),
        Intent::BasicAuth { users: Users::Others, .. } => Answer::No(Code::AccessPasswordHashes),
        Intent::BasicAuth { users: Users::Map, .. } => kept(TRAFFIC, &[Code::AccessPasswordKey]),
        // The key can be chosen.
        Intent::BasicAuth { users: Users::Ready | Users::Sha, .. } => kept(TRAFFIC, &[Code::AccessBasicAuthDiffers]),
        Intent::BasicAuth { users: Users::Unknown, .. } => kept(TRAFFIC, &[Code::AccessHashesUnknown, Code::AccessBasicAuthDiffers]),
        Intent::ExternalAuth { asks, .. } if asks.service.is_some() && asks.path.is_some() => {
            let forged = asks.response_headers.iter().any(|name| !envoy::is_withdrawn(name)).then_some(Code::AccessForgedHeader);
            Answer::Kept { kind: "GatewayExtension", changes: [Code::AccessExternalAuthPath].into_iter().chain(forged).collect() }
        }
        Intent::Ciphers { list, prefer_server } => envoy::of_ciphers("Gateway", list, *prefer_server),
        Intent::BodyLimit { bytes: None } => Answer::Already,
        Intent::BodyLimit { bytes: Some(bytes) } if *bytes > envoy::LONGEST_BODY => no_core_field(intent),
        Intent::BodyLimit { bytes: Some(_) } => kept(TRAFFIC, &[Code::PolicyBodyBuffered]),
        Intent::RateLimit { rates, .. } if rates.is_empty() => Answer::No(Code::PolicyConnectionLimit),
        Intent::RateLimit { .. } => Answer::No(Code::PolicyRateLimitShared),
        Intent::Refuse { .. } => kept("DirectResponse", &[]),
        Intent::RegexRewrite { pattern, target } if envoy::replacement(pattern, target).is_some() => kept(TRAFFIC, &[]),
        Intent::Timeouts { connect: Some(_), .. } => kept(BACKEND, &[Code::PolicyOfService]),
        Intent::Timeouts { connect: None, idle } => kept(TRAFFIC, envoy::silence(idle.as_ref())),
        Intent::Retry { .. } => kept(TRAFFIC, &[Code::PolicyRetryDiffers]),
        Intent::BackendTls => kept(BACKEND, &[Code::PolicyOfService]),
        Intent::SessionAffinity { attributes, .. } => envoy::affinity(BACKEND, attributes),
        Intent::LoadBalancing { hashed, .. } if backends::balancer(intent).is_some() => {
            kept(BACKEND, if *hashed { &[Code::PolicyOfService] } else { &[Code::PolicyLoadBalancingDiffers, Code::PolicyOfService] })
        }
        // Envoy streams both ways, and takes heads of 60 KiB.
        Intent::Buffering { what: Buffers::Responses | Buffers::Requests, value } if value == "off" => Answer::Already,
        Intent::Buffering { what: Buffers::Memory, .. } => Answer::Already,
        Intent::DigestAuth { .. }
        | Intent::ExternalAuth { .. }
        | Intent::ClientCertificates { .. }
        | Intent::Firewall
        | Intent::Bandwidth { .. }
        | Intent::FixedRedirect { .. }
        | Intent::RegexRewrite { .. }
        | Intent::LoadBalancing { .. }
        | Intent::Buffering { .. }
        | Intent::ServiceAddress
        | Intent::ErrorPages
        | Intent::Answer { .. }
        | Intent::ErrorStatus { .. }
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
