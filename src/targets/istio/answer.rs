//! What Istio makes of an intent.

use super::{destination, listeners};
use crate::{
    gateway::{Buffers, Intent},
    ledger::Code,
    targets::{Answer, envoy, standard::no_core_field},
};

const DESTINATION: &str = "DestinationRule";

fn kept(kind: &'static str, changes: &[Code]) -> Answer {
    Answer::Kept { kind, changes: changes.to_vec() }
}

/// The answer.
pub(super) fn answer(intent: &Intent) -> Answer {
    match intent {
        Intent::AddressLists { .. } => kept("AuthorizationPolicy", &[Code::AccessOfGateway]),
        Intent::ClientCertificates { .. } if listeners::option(intent).is_some() => {
            kept("Gateway", &[Code::AccessClientCertificatesDiffer, Code::AccessAuthoritiesSecret])
        }
        Intent::BackendTls => kept(DESTINATION, &[Code::PolicyOfService]),
        Intent::Ciphers { list, prefer_server } => envoy::of_ciphers("Gateway", list, *prefer_server),
        Intent::BodyLimit { bytes: None } => Answer::Already,
        Intent::RateLimit { rates, .. } if rates.is_empty() => Answer::No(Code::PolicyConnectionLimit),
        // Nothing ends an exchange, and silence does not either.
        Intent::Timeouts { connect: Some(_), idle: None } => kept(DESTINATION, &[Code::PolicyOfService]),
        Intent::SessionAffinity { attributes, .. } => envoy::affinity(DESTINATION, attributes),
        Intent::LoadBalancing { hashed, .. } if destination::balancer(intent).is_some() => {
            kept(DESTINATION, if *hashed { &[Code::PolicyOfService] } else { &[Code::PolicyLoadBalancingDiffers, Code::PolicyOfService] })
        }
        // Envoy streams both ways, and takes heads of 60 KiB.
        Intent::Buffering { what: Buffers::Responses | Buffers::Requests, value } if value == "off" => Answer::Already,
        Intent::Buffering { what: Buffers::Memory, .. } => Answer::Already,
        Intent::BasicAuth { .. }
        | Intent::DigestAuth { .. }
        | Intent::ExternalAuth { .. }
        | Intent::ClientCertificates { .. }
        | Intent::Firewall
        | Intent::BodyLimit { .. }
        | Intent::RateLimit { .. }
        | Intent::Bandwidth { .. }
        | Intent::Refuse { .. }
        | Intent::Answer { .. }
        | Intent::FixedRedirect { .. }
        | Intent::RegexRewrite { .. }
        | Intent::LoadBalancing { .. }
        | Intent::Buffering { .. }
        | Intent::Timeouts { .. }
        | Intent::Retry { .. }
        | Intent::ErrorPages
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
        | Intent::ServiceAddress
        | Intent::Cors(_)
        | Intent::Variables { .. } => no_core_field(intent),
    }
}
