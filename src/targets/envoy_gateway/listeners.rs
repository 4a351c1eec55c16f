//! `ClientTrafficPolicy`: what every listener needs to treat clients as nginx does, and certificates and cipher suites of clients.

use serde_json::json;

use super::traffic;
use super::types::{
    ClientIp, ClientTls, ClientTrafficPolicy, ClientValidation, ForwardedCertificate, HeaderSettings, PathSettings, SecretName, TrustedFor,
    header,
};
use crate::{
    gateway::{Intent, api::HeaderModifier},
    targets::{Estate, ciphers},
};

/// Headers in which nginx tells what it found out about the certificate of a client, and which no client can send where one is asked for.
const OF_CLIENT_CERTIFICATES: [&str; 4] = ["ssl-client-cert", "ssl-client-verify", "ssl-client-subject-dn", "ssl-client-issuer-dn"];

/// The policy of listeners with these intents, whose clients must not send the withdrawn headers.
pub(super) fn connections(estate: &Estate, tls: bool, intents: &[Intent], withdrawn: &[String]) -> ClientTrafficPolicy {
    let mut headers = HeaderSettings {
        with_underscores_action: Some(if estate.underscores { "Allow" } else { "DropHeader" }.to_owned()),
        early_request_headers: Some(early(estate, tls, intents, withdrawn)),
        ..HeaderSettings::default()
    };
    let mut policy = ClientTrafficPolicy {
        timeout: Some(json!({"http": {"streamIdleTimeout": traffic::duration(estate.idle)}})),
        http1: Some(json!({"http10": {}})),
        ..ClientTrafficPolicy::default()
    };
    if estate.proxied {
        policy.proxy_protocol = Some(json!({"optional": false}));
    }
    if !estate.guarded {
        // A slash that is escaped goes to backends as it came. Where paths are guarded, Envoy's redirect to the plain one is safer.
        let kept = Some("KeepUnchanged".to_owned());
        policy.path = Some(PathSettings { escaped_slashes_action: kept, ..PathSettings::default() });
    }
    let hsts = estate.hsts.iter().filter(|_| tls).map(|value| ("Strict-Transport-Security", value));
    let answered = estate.answers.iter().map(|(name, value)| (name.as_str(), value));
    let set: Vec<_> = hsts.chain(answered).filter_map(|(name, value)| header(name, &value.replace('%', "%%"))).collect();
    if !set.is_empty() {
        headers.late_response_headers = Some(HeaderModifier { set, ..HeaderModifier::default() });
    }
    if let Some(networks) = &estate.believed.proxies {
        let told = TrustedFor { trusted_cidrs: networks.clone(), ..TrustedFor::default() };
        policy.client_ip_detection = Some(ClientIp { x_forwarded_for: Some(told), ..ClientIp::default() });
    }
    let mut tls_settings = ClientTls::default();
    for intent in intents {
        if let Intent::Ciphers { list, .. } = intent {
            tls_settings.ciphers = ciphers::suites(list).into_iter().flat_map(|suites| suites.names).map(str::to_owned).collect();
        }
        let Intent::ClientCertificates { secret, required, checked, .. } = intent else { continue };
        let (namespace, name) = secret.split_once('/').unwrap_or(("", secret));
        let mode = match (required, checked) {
            (true, _) => None,
            (false, true) => Some("VerifyIfGiven"),
            (false, false) => Some("Request"),
        };
        let authority = SecretName {
            kind: Some("Secret".to_owned()),
            name: name.to_owned(),
            namespace: (namespace != estate.gateway.namespace).then(|| namespace.to_owned()),
            ..SecretName::default()
        };
        let validation =
            ClientValidation { mode: mode.map(str::to_owned), ca_certificate_refs: vec![authority], ..ClientValidation::default() };
        tls_settings.client_validation = Some(validation);
        let details = ["Subject", "Cert"].map(str::to_owned).to_vec();
        headers.x_forwarded_client_cert =
            Some(ForwardedCertificate { mode: "SanitizeSet".to_owned(), cert_details_to_add: details, ..ForwardedCertificate::default() });
    }
    policy.tls = (tls_settings != ClientTls::default()).then_some(tls_settings);
    policy.headers = Some(headers);
    policy
}

/// Headers that nginx tells backends, and those of clients that it does not let through. Envoy adds the address of the client to
/// `X-Forwarded-For` afterwards.
fn early(estate: &Estate, tls: bool, intents: &[Intent], withdrawn: &[String]) -> HeaderModifier {
    let (scheme, port) = if tls { ("https", "443") } else { ("http", "80") };
    let original = format!("{scheme}://%REQ(:AUTHORITY)%%REQ(:PATH)%");
    let mut set = Vec::new();
    let mut remove = vec!["Proxy"];
    if estate.believed.proxies.is_none() {
        set.extend([("X-Scheme", scheme), ("X-Forwarded-Scheme", scheme), ("X-Real-IP", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%")]);
        remove.extend(["X-Forwarded-For", "X-Original-Forwarded-For"]);
    }
    if estate.believed.host {
        // A port that nobody told cannot be filled in.
        set.push(("X-Forwarded-Host", "%REQ(X-FORWARDED-HOST?:AUTHORITY)%"));
    } else {
        set.extend([("X-Forwarded-Host", "%REQ(:AUTHORITY)%"), ("X-Forwarded-Port", port)]);
        remove.push("X-Original-Forwarded-Host");
    }
    let asks = |intent: &Intent| matches!(intent, Intent::ExternalAuth { .. });
    if estate.wishes.iter().any(|wish| wish.intents.iter().any(asks)) {
        set.extend([("X-Original-URL", original.as_str()), ("X-Original-Method", "%REQ(:METHOD)%")]);
    }
    if intents.iter().any(|intent| matches!(intent, Intent::ClientCertificates { .. })) {
        remove.extend(OF_CLIENT_CERTIFICATES);
    }
    let ours = |name: &str| set.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    remove.extend(withdrawn.iter().map(String::as_str).filter(|name| !ours(name)));
    HeaderModifier {
        set: set.into_iter().filter_map(|(name, value)| header(name, value)).collect(),
        remove: remove.into_iter().map(str::to_owned).collect(),
        ..HeaderModifier::default()
    }
}
