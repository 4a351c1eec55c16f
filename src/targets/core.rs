//! Implementations whose own kinds are not written: core objects in the form that each of them takes, and an account of what is missing,
//! with the nearest field that it has.

use super::{Answer, RegexForm, Target, standard::no_core_field};
use crate::{
    gateway::{
        Intent,
        dialect::{self, RegexScope},
    },
    ledger::Code,
};

/// An implementation that everything is known of as data.
#[derive(Debug)]
pub(super) struct Core(pub(super) &'static str);

impl Core {
    fn data(&self) -> &'static dialect::Target {
        dialect::Target::named(self.0).expect("INVARIANT: every target has a file")
    }
}

impl Target for Core {
    fn id(&self) -> &'static str {
        self.0
    }

    fn answer(&self, intent: &Intent) -> Answer {
        match intent {
            Intent::RateLimit { rates, .. } if rates.is_empty() => Answer::No(Code::PolicyConnectionLimit),
            _ => no_core_field(intent),
        }
    }

    fn regex_form(&self) -> RegexForm {
        let data = self.data();
        match *data.dialect.regex {
            _ if !data.knows("regex") => RegexForm::Either,
            RegexScope::Full => RegexForm::Full,
            RegexScope::Search => RegexForm::Search,
            RegexScope::Start => RegexForm::Start,
        }
    }

    fn retries_in_core(&self) -> bool {
        self.data().claims("HTTPRouteRetry")
    }

    fn cuts_long_requests(&self) -> bool {
        let data = self.data();
        data.knows("defaultTimeout") && *data.dialect.default_timeout > 0
    }

    fn keeps_cors(&self) -> bool {
        self.data().claims("HTTPRouteCORS")
    }

    fn replaces_root_prefix(&self) -> bool {
        false
    }

    fn controller_name(&self) -> Option<&'static str> {
        Some(self.data().controller_name.as_str())
    }
}
