//! Core Gateway API: every intent is answered with its reason. The targets whose policies are not emitted answer alike and
//! differ in the form of what core says.

use super::{Answer, RegexForm, Target};
use crate::{gateway::Intent, ledger::Code};

/// Core Gateway API, whoever implements it.
#[derive(Debug)]
pub(super) struct Standard;

/// Why core Gateway API has no answer.
pub(super) fn no_core_field(intent: &Intent) -> Answer {
    Answer::No(match intent {
        Intent::AddressLists { .. } => Code::AccessAddressLists,
        Intent::BasicAuth { .. } => Code::AccessBasicAuth,
        Intent::DigestAuth { .. } => Code::AccessDigestAuth,
        Intent::ExternalAuth { global: false, .. } => Code::AccessExternalAuth,
        Intent::ExternalAuth { global: true, .. } => Code::AccessGlobalAuth,
        Intent::ClientCertificates { .. } => Code::AccessClientCertificates,
        Intent::Firewall => Code::AccessFirewall,
        Intent::BodyLimit { .. } => Code::PolicyBodyLimit,
        Intent::RateLimit { .. } => Code::PolicyRateLimit,
        Intent::Bandwidth { .. } => Code::PolicyBandwidth,
        Intent::Refuse { status: 403 } => Code::AccessHostDenied,
        Intent::Refuse { .. } => Code::AccessLocationDenied,
        Intent::Answer { .. } | Intent::Cors(_) => Code::CorsNotKept,
        Intent::FixedRedirect { .. } => Code::RedirectQueryKept,
        Intent::RegexRewrite { .. } => Code::RewriteNeedsCaptures,
        Intent::SessionAffinity { .. } => Code::PolicySessionAffinity,
        Intent::LoadBalancing { .. } => Code::PolicyLoadBalancing,
        Intent::Buffering { .. } => Code::PolicyBuffering,
        Intent::Timeouts { .. } => Code::PolicyTimeouts,
        Intent::Retry { .. } => Code::PolicyRetry,
        Intent::ErrorPages | Intent::ErrorStatus { .. } => Code::PolicyErrorPages,
        Intent::CookieRewrite => Code::PolicyCookieRewrite,
        Intent::LocationRewrite => Code::PolicyLocationRewrite,
        Intent::Mirror { .. } => Code::PolicyMirror,
        Intent::Tracing => Code::PolicyTracing,
        Intent::AccessLog => Code::PolicyAccessLog,
        Intent::Snippet => Code::SnippetNotConvertible,
        Intent::Ciphers { .. } => Code::PolicyCiphers,
        Intent::Fastcgi => Code::BackendFastcgi,
        Intent::Grpc => Code::BackendGrpc,
        Intent::BackendTls => Code::BackendTls,
        Intent::ConnectionHeader => Code::PolicyConnectionHeader,
        Intent::BackendHttpVersion => Code::PolicyBackendHttpVersion,
        Intent::Passthrough => Code::TlsPassthrough,
        Intent::ServiceAddress => Code::PolicyServiceAddress,
        Intent::Variables { .. } => Code::HeaderVariables,
    })
}

impl Target for Standard {
    fn id(&self) -> &'static str {
        "standard"
    }

    fn answer(&self, intent: &Intent) -> Answer {
        no_core_field(intent)
    }

    fn regex_form(&self) -> RegexForm {
        RegexForm::Either
    }

    fn cuts_long_requests(&self) -> bool {
        false
    }

    fn keeps_cors(&self) -> bool {
        true
    }

    fn replaces_root_prefix(&self) -> bool {
        true
    }

    fn controller_name(&self) -> Option<&'static str> {
        None
    }
}
