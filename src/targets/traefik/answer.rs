//! What Traefik makes of an intent.

use super::{middleware, service};
use crate::{
    gateway::{Buffers, Intent, Rate, Silence, Users, Waits},
    ledger::Code,
    targets::{Answer, standard::no_core_field},
};

const MIDDLEWARE: &str = "Middleware";

fn kept(changes: &[Code]) -> Answer {
    Answer::Kept { kind: MIDDLEWARE, changes: changes.to_vec() }
}

fn of_backend(kind: &'static str, changes: &[Code]) -> Answer {
    Answer::Kept { kind, changes: changes.to_vec() }
}

/// The answer.
pub(super) fn answer(intent: &Intent) -> Answer {
    match intent {
        // There is a list of those who may pass, and none of those who may not.
        Intent::AddressLists { allow, deny } if deny.is_empty() && !allow.is_empty() => kept(&[]),
        // Passwords are read from the only key of a Secret, whatever its name. With another key beside it the Middleware is broken, and what
        // it guards goes to other routes.
        Intent::BasicAuth { users: Users::Map, .. } => no_core_field(intent),
        Intent::BasicAuth { keys: Some(1), .. } => kept(&[]),
        Intent::BasicAuth { keys: None, users: Users::Sha | Users::Others | Users::Unknown, .. } => kept(&[]),
        Intent::BasicAuth { .. } => no_core_field(intent),
        Intent::ExternalAuth { url, asks, .. } if !url.contains('$') && !asks.signin.contains('$') => {
            // The sign-in is sent as it stands.
            let forgets = !asks.signin.is_empty() && !asks.names_return();
            let changes = [Some(Code::AccessForwardAuthDiffers), forgets.then_some(Code::AccessSignInForgets)];
            kept(&changes.into_iter().flatten().collect::<Vec<_>>())
        }
        Intent::BodyLimit { bytes: None } => Answer::Already,
        Intent::BodyLimit { bytes: Some(_) } => kept(&[Code::PolicyBodyBuffered]),
        Intent::RateLimit { rates, exempt, status, .. } => {
            let mut changes = Vec::new();
            let differs = *status != Some(429) || rates.iter().any(Rate::delays);
            changes.extend(differs.then_some(Code::PolicyTooManyRequests));
            changes.extend((!exempt.is_empty()).then_some(Code::PolicyRateLimitExempt));
            kept(&changes)
        }
        Intent::RegexRewrite { pattern, target } => match middleware::replacement(pattern, target) {
            Some(_) => kept(&[]),
            None => no_core_field(intent),
        },
        Intent::Retry { conditions, tries, seconds } => match middleware::retry(conditions, *tries, *seconds) {
            Some(_) => kept(&[Code::PolicyRetryOfConnections]),
            None => no_core_field(intent),
        },
        Intent::Timeouts { idle: None, connect: Some(_) } => of_backend("ServersTransport", &[]),
        // Nothing limits how long a backend takes to read a request.
        Intent::Timeouts { idle: Some(Silence { waits: Waits::ForRequest, .. }), .. } => no_core_field(intent),
        // Only the time to the head of an answer is limited.
        Intent::Timeouts { .. } => of_backend("ServersTransport", &[Code::PolicyTimeOfHead]),
        Intent::BackendTls => of_backend("ServersTransport", &[]),
        Intent::SessionAffinity { .. } | Intent::ServiceAddress => of_backend("TraefikService", &[]),
        Intent::LoadBalancing { by, hashed: false } if by == "ewma" => of_backend("TraefikService", &[Code::PolicyLoadBalancingDiffers]),
        Intent::LoadBalancing { hashed: true, .. } if service::is_by_address(intent) => of_backend("TraefikService", &[]),
        Intent::Cors(_) => kept(&[]),
        // Traefik streams both ways.
        Intent::Buffering { what: Buffers::Responses | Buffers::Requests, value } if value == "off" => Answer::Already,
        Intent::Buffering { what: Buffers::Memory, .. } => Answer::Already,
        Intent::AddressLists { .. }
        | Intent::DigestAuth { .. }
        | Intent::ExternalAuth { .. }
        | Intent::ClientCertificates { .. }
        | Intent::Firewall
        | Intent::Bandwidth { .. }
        | Intent::Refuse { .. }
        | Intent::Answer { .. }
        | Intent::FixedRedirect { .. }
        | Intent::LoadBalancing { .. }
        | Intent::Buffering { .. }
        | Intent::ErrorPages
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
        | Intent::Variables { .. } => no_core_field(intent),
    }
}
