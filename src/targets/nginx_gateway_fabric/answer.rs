//! What NGINX Gateway Fabric makes of an intent.

use super::{listeners, policies, snippets, values};
use crate::{
    gateway::{Buffers, Intent, Users},
    ledger::Code,
    targets::{Answer, standard::no_core_field},
};

const CLIENT: &str = "ClientSettingsPolicy";
const PROXY: &str = "ProxySettingsPolicy";
const UPSTREAM: &str = "UpstreamSettingsPolicy";

fn kept(kind: &'static str, changes: &[Code]) -> Answer {
    Answer::Kept { kind, changes: changes.to_vec() }
}

/// What its typed kinds say.
pub(super) fn answer(intent: &Intent) -> Answer {
    match intent {
        Intent::BasicAuth { users: Users::Map, .. } => kept("AuthenticationFilter", &[Code::AccessPasswordKey]),
        Intent::BasicAuth { .. } => kept("AuthenticationFilter", &[]),
        Intent::BodyLimit { bytes } if values::size(bytes.unwrap_or(0)).is_some() => kept(CLIENT, &[]),
        Intent::Ciphers { .. } if !listeners::options(intent).is_empty() => kept("Gateway", &[]),
        Intent::RateLimit { rates, .. } if rates.is_empty() => Answer::No(Code::PolicyConnectionLimit),
        Intent::RateLimit { connections, exempt, .. } => {
            let mut changes = Vec::new();
            changes.extend((*connections > 0).then_some(Code::PolicyConnectionLimit));
            changes.extend((!exempt.is_empty()).then_some(Code::PolicyRateLimitExempt));
            Answer::Kept { kind: "RateLimitPolicy", changes }
        }
        Intent::Timeouts { .. } if policies::timeout(intent).is_some() => kept(PROXY, &[]),
        Intent::Buffering { what: Buffers::Responses, value } if value == "off" => Answer::Already,
        Intent::Buffering { what: Buffers::Requests, value } if value == "on" => Answer::Already,
        // Nothing is kept in memory or on disk where answers are passed on as they come.
        Intent::Buffering { what: Buffers::Memory, .. } => Answer::Already,
        Intent::Buffering { .. } if policies::buffering(intent).is_some() => kept(PROXY, &[]),
        Intent::LoadBalancing { hashed, .. } if policies::balancing(intent).is_some() => {
            kept(UPSTREAM, if *hashed { &[Code::PolicyOfService] } else { &[Code::PolicyLoadBalancingDiffers, Code::PolicyOfService] })
        }
        Intent::Tracing => kept("ObservabilityPolicy", &[Code::PolicyTracingExporter]),
        Intent::SessionAffinity { .. } => kept(UPSTREAM, &[Code::PolicyAffinityByAddress, Code::PolicyOfService]),
        Intent::AddressLists { .. }
        | Intent::DigestAuth { .. }
        | Intent::ExternalAuth { .. }
        | Intent::ClientCertificates { .. }
        | Intent::Firewall
        | Intent::Ciphers { .. }
        | Intent::BodyLimit { .. }
        | Intent::Bandwidth { .. }
        | Intent::Refuse { .. }
        | Intent::FixedRedirect { .. }
        | Intent::RegexRewrite { .. }
        | Intent::LoadBalancing { .. }
        | Intent::Timeouts { .. }
        | Intent::Buffering { .. }
        | Intent::Retry { .. }
        | Intent::ServiceAddress
        | Intent::ErrorPages
        | Intent::Answer { .. }
        | Intent::ErrorStatus { .. }
        | Intent::CookieRewrite
        | Intent::LocationRewrite
        | Intent::Mirror { .. }
        | Intent::AccessLog
        | Intent::Snippet
        | Intent::Fastcgi
        | Intent::Grpc
        | Intent::BackendTls
        | Intent::ConnectionHeader
        | Intent::BackendHttpVersion
        | Intent::Passthrough
        | Intent::Cors(_)
        | Intent::Variables { .. } => no_core_field(intent),
    }
}

/// What text of nginx says, where the user wants it.
pub(super) fn raw(intent: &Intent) -> Option<Answer> {
    snippets::lines(intent).map(|_| kept("SnippetsFilter", &[Code::PolicyRawText]))
}
