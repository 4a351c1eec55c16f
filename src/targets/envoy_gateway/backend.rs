//! `Backend`: a Service by its name in the DNS of the cluster, spoken to over TLS that nobody verifies. A BackendTLSPolicy always verifies.

use super::{
    policies::custom,
    types::{Backend, BackendEndpoint, BackendTls, Fqdn},
};
use crate::{
    gateway::{Intent, policies},
    k8s::NamespacedName,
    ledger::Code,
    request::{Handshake, Speech},
    targets::{Answer, Substitute},
};

/// Switch of the controller, `extensionApis` of its configuration, without which it refuses routes to such objects.
pub(super) const SWITCH: &str = "enableBackend";
/// Domain of the cluster, which nothing in manifests tells.
const DOMAIN: &str = "svc.cluster.local";

/// What is kept with such an object.
pub(super) fn answer(intent: &Intent) -> Option<Answer> {
    matches!(intent, Intent::BackendTls).then(|| Answer::Kept { kind: "Backend", changes: vec![Code::BackendByName] })
}

/// What takes the place of a port of a Service for these intents.
pub(super) fn substitute(intents: &[Intent], service: &NamespacedName, port: u16, name: &str) -> Option<Substitute> {
    if !intents.contains(&Intent::BackendTls) {
        return None;
    }
    let hostname = format!("{}.{}.{DOMAIN}", service.name, service.namespace);
    let endpoint = BackendEndpoint { fqdn: Some(Fqdn { hostname, port, ..Fqdn::default() }), ..BackendEndpoint::default() };
    let tls = BackendTls { insecure_skip_verify: Some(true), ..BackendTls::default() };
    let spec = Backend { endpoints: vec![endpoint], tls: Some(tls), ..Backend::default() };
    Some(Substitute { object: custom("Backend", &service.namespace, name.to_owned(), &spec), beside: Vec::new() })
}

/// The port that an object stands for; `None` where it is something else, or says more.
pub(super) fn stands_for(backend: &Backend) -> Option<policies::Substitute> {
    let Backend { endpoints, tls, other } = backend;
    let [BackendEndpoint { fqdn: Some(Fqdn { hostname, port, other: of_name }), other: of_endpoint }] = endpoints.as_slice() else {
        return None;
    };
    let handshake = match tls {
        None => None,
        Some(BackendTls { insecure_skip_verify: Some(true), other }) if other.is_empty() => Some(Handshake::default()),
        Some(_) => return None,
    };
    if ![other, of_name, of_endpoint].into_iter().all(serde_json::Map::is_empty) {
        return None;
    }
    let service = NamespacedName::of_service_name(hostname)?;
    Some(policies::Substitute::Port {
        service,
        port: *port,
        address: true,
        speech: Some(Speech::http(false, handshake.is_some())),
        handshake,
        patience: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<policies::Substitute> {
        stands_for(&serde_json::from_str(json).expect("backend"))
    }

    #[test]
    fn what_is_written_is_read_as_the_service_it_was_made_of() {
        let service = NamespacedName::new("app", "web");
        let made = substitute(&[Intent::BackendTls], &service, 443, "web-0-web").expect("object");
        let (speech, handshake) = (Some(Speech::Https), Some(Handshake::default()));
        let expected = policies::Substitute::Port { service, port: 443, address: true, speech, handshake, patience: None };
        assert_eq!(read(&made.object.spec.to_string()), Some(expected));
    }

    #[test]
    fn nothing_is_written_where_nobody_wishes_tls() {
        assert_eq!(substitute(&[Intent::ServiceAddress], &NamespacedName::new("app", "web"), 443, "web"), None);
    }

    #[test]
    fn what_is_more_than_a_service_is_not_known() {
        for text in [
            r#"{"endpoints": [{"ip": {"address": "10.0.0.1", "port": 80}}]}"#,
            r#"{"endpoints": [{"fqdn": {"hostname": "api.example.com", "port": 443}}]}"#,
            r#"{"endpoints": [{"fqdn": {"hostname": "web.app.svc.cluster.local", "port": 443}}], "tls": {"sni": "a.example"}}"#,
            r#"{"endpoints": [{"fqdn": {"hostname": "web.app.svc.cluster.local", "port": 443}}], "fallback": true}"#,
            r#"{"endpoints": []}"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
