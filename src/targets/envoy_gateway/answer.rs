//! What Envoy Gateway makes of an intent: the kind that keeps it, what that kind treats differently, or why there is none.

use super::{authentication, filter, traffic};
use crate::{
    gateway::{Intent, Users},
    ledger::Code,
    targets::{Answer, standard::no_core_field},
};

const SECURITY: &str = "SecurityPolicy";
const TRAFFIC: &str = "BackendTrafficPolicy";
const CLIENT: &str = "ClientTrafficPolicy";
const FILTER: &str = "HTTPRouteFilter";

fn kept(kind: &'static str, changes: &[Code]) -> Answer {
    Answer::Kept { kind, changes: changes.to_vec() }
}

/// The answer.
pub(super) fn answer(intent: &Intent) -> Answer {
    match intent {
        Intent::AddressLists { .. } => kept(SECURITY, &[]),
        Intent::BasicAuth { users: Users::Others, .. } => Answer::No(Code::AccessPasswordHashes),
        Intent::BasicAuth { users: Users::Ready, .. } => kept(SECURITY, &[Code::AccessBasicAuthDiffers]),
        Intent::BasicAuth { users: Users::Sha | Users::Unknown, .. } => {
            kept(SECURITY, &[Code::AccessBasicAuthDiffers, Code::AccessPasswordKey])
        }
        Intent::ExternalAuth { asks, url, .. } => match authentication::backend(url, asks) {
            Some(_) => kept(SECURITY, &[Code::AccessExternalAuthDiffers]),
            None => no_core_field(intent),
        },
        Intent::ClientCertificates { .. } => kept(CLIENT, &[Code::AccessClientCertificatesDiffer]),
        Intent::BodyLimit { bytes: None } => kept(TRAFFIC, &[]),
        Intent::BodyLimit { bytes: Some(_) } => kept(TRAFFIC, &[Code::PolicyBodyBuffered]),
        Intent::RateLimit { per_second: 0, per_minute: 0, .. } => Answer::No(Code::PolicyConnectionLimit),
        Intent::RateLimit { connections, exempt, .. } => {
            let mut changes = vec![Code::PolicyRateLimitDiffers];
            changes.extend((*connections > 0).then_some(Code::PolicyConnectionLimit));
            changes.extend((exempt.len() > 1).then_some(Code::PolicyRateLimitExempt));
            Answer::Kept { kind: TRAFFIC, changes }
        }
        Intent::Bandwidth { rate: 0, .. } => no_core_field(intent),
        Intent::Bandwidth { .. } => kept(TRAFFIC, &[Code::PolicyBandwidthShared]),
        Intent::FixedRedirect { .. } | Intent::Refuse { .. } => kept(FILTER, &[]),
        Intent::RegexRewrite { pattern, target } => match filter::replacement(pattern, target) {
            Some(_) => kept(FILTER, &[]),
            None => no_core_field(intent),
        },
        Intent::SessionAffinity { .. } => kept(TRAFFIC, &[Code::PolicyAffinityByHash]),
        Intent::LoadBalancing { by, hashed } => match traffic::balancer(by, *hashed) {
            Some(_) if !*hashed => kept(TRAFFIC, &[Code::PolicyLoadBalancingDiffers]),
            Some(_) => kept(TRAFFIC, &[]),
            None => no_core_field(intent),
        },
        Intent::Timeouts { .. } => kept(TRAFFIC, &[]),
        Intent::Retry { .. } => kept(TRAFFIC, &[Code::PolicyRetryDiffers]),
        Intent::ServiceAddress => kept(TRAFFIC, &[]),
        Intent::DigestAuth { .. }
        | Intent::Firewall
        | Intent::Buffering
        | Intent::ErrorPages
        | Intent::CookieRewrite
        | Intent::LocationRewrite
        | Intent::Mirror { .. }
        | Intent::Tracing
        | Intent::AccessLog
        | Intent::Snippet
        | Intent::Ciphers
        | Intent::Fastcgi
        | Intent::Grpc
        | Intent::BackendTls
        | Intent::ConnectionHeader
        | Intent::BackendHttpVersion
        | Intent::Passthrough
        | Intent::Variables { .. } => no_core_field(intent),
    }
}
