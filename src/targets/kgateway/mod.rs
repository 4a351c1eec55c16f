//! kgateway: its policies and filters, written and read back.
//!
//! All wishes of a rule stand in one `TrafficPolicy`; what belongs to a Service holds for every route to it.

mod answer;
mod backends;
mod policies;
mod read;
mod traffic;
mod types;

pub(super) use read::read_back;

use super::{Answer, RegexForm, Target, Writer, ciphers};
use crate::gateway::{Intent, api::Custom};

/// Option of a listener for cipher suites, with commas between them.
const CIPHERS: &str = "kgateway.dev/cipher-suites";

/// kgateway.
#[derive(Debug)]
pub(super) struct Kgateway;

impl Target for Kgateway {
    fn id(&self) -> &'static str {
        "kgateway"
    }

    fn answer(&self, intent: &Intent) -> Answer {
        answer::answer(intent)
    }

    fn filters(&self, intents: &[Intent], namespace: &str, name: &str) -> Vec<Custom> {
        let refusal = intents.iter().find_map(|intent| match intent {
            Intent::Refuse { status } => Some(*status),
            _ => None,
        });
        let response = refusal.map(|status| types::DirectResponse { status, ..types::DirectResponse::default() });
        response.map(|response| policies::custom("DirectResponse", namespace, name.to_owned(), &response)).into_iter().collect()
    }

    fn password_key(&self) -> &'static str {
        ".htpasswd"
    }

    fn policies(&self) -> Option<Writer> {
        Some(policies::policies)
    }

    fn listener_options(&self, intents: &[Intent]) -> Vec<(String, String)> {
        intents.iter().filter_map(|intent| ciphers::option(CIPHERS, intent)).collect()
    }

    fn regex_form(&self) -> RegexForm {
        RegexForm::Full
    }

    fn finds_client(&self) -> bool {
        true
    }

    fn says_of_gateways(&self) -> &'static str {
        "times of silence, WebSockets, and which proxies are trusted to tell the client"
    }

    fn closes_times(&self) -> bool {
        true
    }

    fn cuts_long_requests(&self) -> bool {
        true
    }

    fn keeps_cors(&self) -> bool {
        true
    }

    fn calls_grpc_backends(&self) -> bool {
        false
    }

    fn replaces_root_prefix(&self) -> bool {
        false
    }

    /// Envoy reads values as formats; a lone `%` may cost the whole listener.
    fn header_value(&self, value: &str) -> String {
        value.replace('%', "%%")
    }

    fn controller_name(&self) -> Option<&'static str> {
        Some("kgateway.dev/kgateway")
    }
}
