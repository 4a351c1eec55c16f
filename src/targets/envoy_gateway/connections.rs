//! What a `ClientTrafficPolicy` does to connections and to requests before any route is looked at.

use super::{
    read::unknown,
    types::{ClientTrafficPolicy, ClientValidation},
};
use crate::{
    gateway::{
        dialect::{EscapedSlash, Slashes, Underscores},
        facts::Facts,
        policies::{ClientCertificates, Conduct, Network, Trust},
    },
    k8s::ObjectRef,
    targets::documents::{millis, network},
};

/// Reads a policy.
pub(super) fn conduct(policy: &ClientTrafficPolicy, object: &ObjectRef, facts: &Facts<'_>) -> Conduct {
    let mut conduct = Conduct { unmodelled: unknown(object, [&policy.other]), ..Conduct::default() };
    let idle = policy.timeout.as_ref().and_then(|timeout| timeout.pointer("/http/streamIdleTimeout")?.as_str());
    conduct.idle = idle.and_then(millis);
    conduct.serves_http10 = policy.http1.as_ref().is_some_and(|http1| http1.get("http10").is_some());
    let mut trust = None;
    let mut lacks = |what: &str| {
        conduct.unmodelled.get_or_insert_with(|| format!("`{what}` of {object}"));
    };
    // Whoever speaks it to the controller of today goes on doing so.
    if (policy.enable_proxy_protocol == Some(true) || policy.proxy_protocol.is_some()) && !facts.speaks_proxy_protocol() {
        lacks("proxyProtocol");
    }
    if let Some(detection) = &policy.client_ip_detection {
        match detection.x_forwarded_for.as_ref() {
            Some(told) if told.trusted_cidrs.is_empty() => trust = told.num_trusted_hops.filter(|hops| *hops > 0).map(Trust::Hops),
            Some(told) => {
                let networks: Option<Vec<Network>> = told.trusted_cidrs.iter().map(|text| network(text)).collect();
                trust = networks.map(Trust::Networks);
            }
            None => lacks("clientIPDetection"),
        }
    }
    if policy.health_check.is_some() {
        lacks("healthCheck");
    }
    conduct.trust = trust;
    if let Some(path) = &policy.path {
        conduct.slashes = (path.disable_merge_slashes == Some(true)).then_some(Slashes::Kept);
        conduct.escaped_slash = match path.escaped_slashes_action.as_deref() {
            Some("KeepUnchanged") => Some(EscapedSlash::Kept),
            Some("UnescapeAndForward") => Some(EscapedSlash::Unescaped),
            Some("RejectRequest") => Some(EscapedSlash::Refused),
            Some("UnescapeAndRedirect") | None => None,
            Some(_) => {
                conduct.unmodelled.get_or_insert_with(|| format!("`path.escapedSlashesAction` of {object}"));
                None
            }
        };
    }
    if let Some(headers) = &policy.headers {
        conduct.underscores = match headers.with_underscores_action.as_deref() {
            Some("Allow") => Some(Underscores::Kept),
            Some("DropHeader") => Some(Underscores::Dropped),
            Some(_) | None => None,
        };
        conduct.early = headers.early_request_headers.clone().unwrap_or_default();
        conduct.late = headers.late_response_headers.clone().unwrap_or_default();
        conduct.tells_certificate = headers.x_forwarded_client_cert.as_ref().is_some_and(|told| told.mode != "Sanitize");
    }
    if let Some(tls) = &policy.tls {
        conduct.certificates = tls.client_validation.as_ref().map(certificates);
        conduct.http2 = tls.alpn_protocols.as_ref().map(|protocols| protocols.iter().any(|name| name == "h2"));
    }
    conduct
}

fn certificates(validation: &ClientValidation) -> ClientCertificates {
    match (validation.mode.as_deref(), validation.optional) {
        (Some("VerifyIfGiven"), _) | (None, Some(true)) => ClientCertificates::Checked,
        (Some("RequireAny" | "Request"), _) => ClientCertificates::Unchecked,
        (Some(_) | None, _) => ClientCertificates::Required,
    }
}
