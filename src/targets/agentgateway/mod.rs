//! agentgateway: its policy, written and read back. What it says with expressions of CEL is written where the expression is a simple one.

mod addresses;
mod answer;
mod policies;
mod read;
mod signin;
mod types;

pub(super) use read::read_back;

use super::{Answer, RegexForm, Target, Writer};
use crate::gateway::Intent;

/// agentgateway.
#[derive(Debug)]
pub(super) struct Agentgateway;

impl Target for Agentgateway {
    fn id(&self) -> &'static str {
        "agentgateway"
    }

    fn answer(&self, intent: &Intent) -> Answer {
        answer::answer(intent)
    }

    fn policies(&self) -> Option<Writer> {
        Some(policies::policies)
    }

    fn regex_form(&self) -> RegexForm {
        RegexForm::Full
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
        Some("agentgateway.dev/agentgateway")
    }
}
