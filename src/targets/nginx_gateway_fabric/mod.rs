//! NGINX Gateway Fabric: its policies and filters, written and read back.
//!
//! It is nginx, so that limits, times and passwords keep their meaning. Its policies know routes and Services and no rules.

mod answer;
mod listeners;
mod policies;
mod read;
mod snippets;
mod told;
mod types;
mod values;

pub(super) use read::read_back;

use self::types::{AuthenticationFilter, BasicAuth, SecretRef};
use super::{Answer, RegexForm, Said, Side, Target, Told, Writer};
use crate::gateway::{Intent, api::Custom};

/// NGINX Gateway Fabric.
#[derive(Debug)]
pub(super) struct NginxGatewayFabric;

/// The passwords of a rule, if it has some.
fn passwords(intents: &[Intent], namespace: &str, name: &str) -> Option<Custom> {
    let basic = intents.iter().find_map(|intent| match intent {
        Intent::BasicAuth { secret, realm, .. } => Some((secret, realm)),
        _ => None,
    });
    let (secret, realm) = basic?;
    let secret = secret.split_once('/').map_or(secret.as_str(), |(_, name)| name);
    // The field must be there.
    let realm = if realm.is_empty() { "Authentication Required" } else { realm };
    let secret_ref = SecretRef { name: secret.to_owned(), ..SecretRef::default() };
    let filter = AuthenticationFilter {
        r#type: "Basic".to_owned(),
        basic: Some(BasicAuth { secret_ref, realm: realm.to_owned(), ..BasicAuth::default() }),
        ..AuthenticationFilter::default()
    };
    Some(policies::custom("AuthenticationFilter", namespace, name.to_owned(), &filter))
}

/// A text between double quotes.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"")
}

impl Target for NginxGatewayFabric {
    fn id(&self) -> &'static str {
        "nginx-gateway-fabric"
    }

    fn answer(&self, intent: &Intent) -> Answer {
        answer::answer(intent)
    }

    fn listener_options(&self, intents: &[Intent]) -> Vec<(String, String)> {
        intents.iter().flat_map(listeners::options).collect()
    }

    fn raw(&self, intent: &Intent) -> Option<Answer> {
        answer::raw(intent)
    }

    fn filters(&self, intents: &[Intent], namespace: &str, name: &str) -> Vec<Custom> {
        passwords(intents, namespace, name).into_iter().chain(snippets::filter(intents, namespace, name)).collect()
    }

    fn header_text(&self, pieces: &[Told<'_>], side: Side) -> Option<Said> {
        told::said(pieces, side)
    }

    // `auth_basic` and `proxy_set_header` stand in one location.
    fn shows_passwords(&self) -> bool {
        true
    }

    fn policies(&self) -> Option<Writer> {
        Some(policies::policies)
    }

    fn regex_form(&self) -> RegexForm {
        RegexForm::Start
    }

    fn attaches_to_rules(&self) -> bool {
        false
    }

    fn retries_in_core(&self) -> bool {
        false
    }

    fn keeps_body_limit(&self) -> bool {
        true
    }

    fn says_of_gateways(&self) -> &'static str {
        "times, buffering of answers, and the limit of bodies"
    }

    fn closes_times(&self) -> bool {
        true
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

    /// Values stand between double quotes.
    fn header_value(&self, value: &str) -> String {
        escaped(value)
    }

    /// `validateEscapedStringNoVarExpansion` in validation/common.go.
    fn takes_dollars(&self) -> bool {
        false
    }

    fn controller_name(&self) -> Option<&'static str> {
        Some("gateway.nginx.org/nginx-gateway-controller")
    }
}
