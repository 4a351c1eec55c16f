//! What agentgateway makes of an intent.

use super::signin;
use crate::{
    gateway::{Buffers, Intent, Users},
    ledger::Code,
    targets::{Answer, envoy, standard::no_core_field},
};

const POLICY: &str = "AgentgatewayPolicy";

fn kept(changes: &[Code]) -> Answer {
    Answer::Kept { kind: POLICY, changes: changes.to_vec() }
}

/// The answer.
pub(super) fn answer(intent: &Intent) -> Answer {
    match intent {
        Intent::AddressLists { .. } => kept(&[]),
        Intent::BasicAuth { users: Users::Map, .. } => kept(&[Code::AccessPasswordKey]),
        Intent::BasicAuth { .. } => kept(&[]),
        Intent::ExternalAuth { asks, .. }
            if asks.service.is_some() && asks.path.is_some() && (asks.signin.is_empty() || signin::expression(asks).is_some()) =>
        {
            let forged = asks.response_headers.iter().any(|name| !envoy::is_withdrawn(name)).then_some(Code::AccessForgedHeader);
            let redirects = (!asks.signin.is_empty()).then_some(Code::AccessSigninOfForbidden);
            Answer::Kept { kind: POLICY, changes: [Code::AccessAuthRequestNarrow].into_iter().chain(forged).chain(redirects).collect() }
        }
        Intent::BodyLimit { bytes: None } => Answer::Already,
        Intent::BodyLimit { bytes: Some(_) } => kept(&[Code::PolicyBodyBuffered]),
        Intent::RateLimit { rates, .. } if rates.is_empty() => Answer::No(Code::PolicyConnectionLimit),
        Intent::RateLimit { .. } => Answer::No(Code::PolicyRateLimitShared),
        // There is no time of silence, and one of the whole exchange is another thing.
        Intent::Timeouts { connect: Some(_), .. } => kept(&[Code::PolicyOfService]),
        Intent::Retry { conditions, .. } if !conditions.contains("off") => kept(&[Code::PolicyRetryDiffers]),
        Intent::BackendTls => kept(&[Code::PolicyOfService]),
        Intent::Buffering { what: Buffers::Responses | Buffers::Requests, value } if value == "off" => Answer::Already,
        Intent::Buffering { what: Buffers::Memory, .. } => Answer::Already,
        Intent::DigestAuth { .. }
        | Intent::ExternalAuth { .. }
        | Intent::ClientCertificates { .. }
        | Intent::Firewall
        | Intent::Bandwidth { .. }
        | Intent::Refuse { .. }
        | Intent::FixedRedirect { .. }
        | Intent::RegexRewrite { .. }
        | Intent::SessionAffinity { .. }
        | Intent::LoadBalancing { .. }
        | Intent::Timeouts { .. }
        | Intent::Retry { .. }
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
        | Intent::Ciphers { .. }
        | Intent::Fastcgi
        | Intent::Grpc
        | Intent::ConnectionHeader
        | Intent::BackendHttpVersion
        | Intent::Passthrough
        | Intent::Cors(_)
        | Intent::Variables { .. } => no_core_field(intent),
    }
}
