//! Istio: its policies for Services and for Gateways, written and read back.
//!
//! No policy of Istio belongs to a route: a `DestinationRule` belongs to the host of a Service, an `AuthorizationPolicy` to a Gateway, and
//! is narrowed to hosts and paths there. Client certificates are an option of a listener.

mod access;
mod answer;
mod destination;
mod listeners;
mod read;
mod types;

pub(super) use read::read_back;

use super::{Answer, Estate, Own, RegexForm, Target, TlsReach, Writer};
use crate::gateway::Intent;

/// Istio.
#[derive(Debug)]
pub(super) struct Istio;

/// All policies of an estate.
fn policies(estate: &Estate) -> Own {
    let mut own = Own::default();
    access::policies(estate, &mut own);
    destination::policies(estate, &mut own);
    own
}

impl Target for Istio {
    fn id(&self) -> &'static str {
        "istio"
    }

    fn answer(&self, intent: &Intent) -> Answer {
        answer::answer(intent)
    }

    // It makes a DestinationRule of the BackendTLSPolicy and takes the policy of one rule for a host (mergeDestinationRule).
    fn void_beside_backend_tls(&self) -> Option<&'static str> {
        Some("DestinationRule")
    }

    fn policies(&self) -> Option<Writer> {
        Some(policies)
    }

    fn listener_options(&self, intents: &[Intent]) -> Vec<(String, String)> {
        intents.iter().filter_map(listeners::option).collect()
    }

    fn narrows_to_hosts(&self) -> bool {
        true
    }

    fn tls_reach(&self) -> TlsReach {
        TlsReach::Mesh
    }

    fn regex_form(&self) -> RegexForm {
        RegexForm::Full
    }

    fn retries_in_core(&self) -> bool {
        false
    }

    fn cuts_long_requests(&self) -> bool {
        false
    }

    fn keeps_cors(&self) -> bool {
        true
    }

    fn replaces_root_prefix(&self) -> bool {
        false
    }

    fn controller_name(&self) -> Option<&'static str> {
        Some("istio.io/gateway-controller")
    }
}
