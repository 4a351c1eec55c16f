//! Traefik: Middleware objects that rules refer to, written and read back. A Middleware does one thing, so that a rule may need several;
//! they run in the order in which the rule names them. What belongs to backends is said by a `TraefikService` in place of the Service.

mod answer;
mod middleware;
mod read;
mod service;

pub(super) use read::read_back;

use super::{Answer, RegexForm, Substitute, Target, TlsReach, VerifiedTls};
use crate::{
    gateway::{Intent, api::Custom},
    k8s::NamespacedName,
};

/// API group of its own kinds.
const GROUP: &str = "traefik.io";
/// Their version.
const VERSION: &str = "v1alpha1";

/// Traefik.
#[derive(Debug)]
pub(super) struct Traefik;

impl Target for Traefik {
    fn id(&self) -> &'static str {
        "traefik"
    }

    fn answer(&self, intent: &Intent) -> Answer {
        answer::answer(intent)
    }

    fn filters(&self, intents: &[Intent], namespace: &str, name: &str) -> Vec<Custom> {
        middleware::all(intents, namespace, name)
    }

    // Each router has a chain of Middlewares of its own (`BuildChain` in middlewares.go), and each match is a router.
    fn counts_by_match(&self) -> bool {
        true
    }

    fn scopes_cookies(&self) -> bool {
        true
    }

    fn is_guard(&self, filter: &Custom) -> bool {
        middleware::is_guard(&filter.spec)
    }

    fn substitute(
        &self,
        intents: &[Intent],
        verified: Option<&VerifiedTls>,
        service: &NamespacedName,
        port: u16,
        name: &str,
    ) -> Option<Substitute> {
        service::substitute(intents, verified, service, port, name)
    }

    fn tls_reach(&self) -> TlsReach {
        TlsReach::Rule { by_address: false }
    }

    fn regex_form(&self) -> RegexForm {
        RegexForm::Search
    }

    fn cuts_long_requests(&self) -> bool {
        false
    }

    fn keeps_cors(&self) -> bool {
        false
    }

    fn changes_answers_of_grpc(&self) -> bool {
        false
    }

    fn replaces_root_prefix(&self) -> bool {
        true
    }

    fn retries_in_core(&self) -> bool {
        false
    }

    fn controller_name(&self) -> Option<&'static str> {
        Some("traefik.io/gateway-controller")
    }
}
