//! Envoy Gateway: its policies, filters and backends, written and read back.
//!
//! Only the oldest policy of a kind counts on one place, and one on a route or rule replaces those above it, so that all wishes of a rule
//! stand in one policy of each kind, each of which says everything that its rule needs.

mod answer;
mod authentication;
mod backend;
mod connections;
mod filter;
mod listeners;
mod policies;
mod read;
mod told;
mod traffic;
mod types;

pub(super) use read::read_back;

use super::{Answer, RegexForm, Said, Side, Substitute, Target, TlsReach, Told, VerifiedTls, Writer};
use crate::{
    gateway::{Intent, api::Custom},
    k8s::NamespacedName,
};

/// Envoy Gateway.
#[derive(Debug)]
pub(super) struct EnvoyGateway;

impl Target for EnvoyGateway {
    fn id(&self) -> &'static str {
        "envoy-gateway"
    }

    fn answer(&self, intent: &Intent) -> Answer {
        answer::answer(intent)
    }

    fn filters(&self, intents: &[Intent], namespace: &str, name: &str) -> Vec<Custom> {
        filter::filter(intents, namespace, name).into_iter().collect()
    }

    fn switched(&self, intent: &Intent) -> Option<(&'static str, Answer)> {
        backend::answer(intent).map(|answer| (backend::SWITCH, answer))
    }

    fn substitute(
        &self,
        intents: &[Intent],
        _: Option<&VerifiedTls>,
        service: &NamespacedName,
        port: u16,
        name: &str,
    ) -> Option<Substitute> {
        backend::substitute(intents, service, port, name)
    }

    fn tls_reach(&self) -> TlsReach {
        TlsReach::Rule { by_address: true }
    }

    fn header_of_request(&self, name: &str) -> Option<String> {
        Some(format!("%REQ({name})%"))
    }

    fn header_text(&self, pieces: &[Told<'_>], side: Side) -> Option<Said> {
        told::said(pieces, side)
    }

    fn password_key(&self) -> &'static str {
        ".htpasswd"
    }

    fn client_headers(&self, full: bool) -> &'static [(&'static str, &'static str)] {
        const CLIENT: &str = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%";
        const SCHEME: &str = "%REQ(X-FORWARDED-PROTO)%";
        const FULL: [(&str, &str); 3] = [("X-Real-IP", CLIENT), ("X-Scheme", SCHEME), ("X-Forwarded-Scheme", SCHEME)];
        const ONLY_CLIENT: [(&str, &str); 4] = [FULL[0], FULL[1], FULL[2], ("X-Forwarded-For", CLIENT)];
        if full { &FULL } else { &ONLY_CLIENT }
    }

    fn policies(&self) -> Option<Writer> {
        Some(policies::policies)
    }

    fn regex_form(&self) -> RegexForm {
        RegexForm::Full
    }

    fn finds_client(&self) -> bool {
        true
    }

    fn takes_proxy_protocol(&self) -> bool {
        true
    }

    fn cuts_long_requests(&self) -> bool {
        true
    }

    fn sets_headers_of_listeners(&self) -> bool {
        true
    }

    fn says_of_gateways(&self) -> &'static str {
        "headers that tell the client, times of silence, HTTP/1.0, escaped slashes, and header names with underscores"
    }

    fn closes_defaults(&self) -> bool {
        true
    }

    fn keeps_cors(&self) -> bool {
        true
    }

    fn replaces_root_prefix(&self) -> bool {
        false
    }

    /// Values are formats, in which `%` starts a command.
    fn header_value(&self, value: &str) -> String {
        value.replace('%', "%%")
    }

    fn controller_name(&self) -> Option<&'static str> {
        Some("gateway.envoyproxy.io/gatewayclass-controller")
    }
}
