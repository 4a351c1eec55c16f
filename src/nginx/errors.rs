//! Error pages: which statuses somebody else answers, and how.

use super::{
    Config, Router, UpstreamId,
    route::Here,
    settings::{ErrorPages, Given},
};
use crate::request::{Answer, ErrorPage, Forwarding, Part, PathExpr, Share, Speech};

impl Router<'_> {
    /// Who answers errors here. A location with `error_page` of its own, or below a server with one, does not inherit those of the ConfigMap.
    pub(super) fn error_page(&self, here: &Here<'_>) -> Option<ErrorPage> {
        let ErrorPages { codes, intercept_disabled } = &here.settings().errors;
        let globals = &self.config.globals;
        let own = matches!(codes.given, Given::Annotation(_));
        let shadowed = || {
            let signin = here.settings().denied.is_none()
                && !here.location.no_auth
                && self.external_auth(here).is_some_and(|auth| !auth.signin.is_empty());
            let page =
                here.server.client_certificates.as_ref().is_some_and(|found| found.settings.ca && !found.settings.error_page.is_empty());
            signin || page
        };
        // A denied location has no directives of its own.
        let own = own && here.settings().denied.is_none();
        let codes = if own { codes.value.clone() } else { globals.errors.codes.clone() };
        if codes.is_empty() || (!own && shadowed()) || here.location.replaced.is_some() {
            return None;
        }
        let intercepts = (own && !intercept_disabled.value) || (!globals.errors.codes.is_empty() && !globals.errors.intercept_disabled);
        let backend = here.location.error_backend.filter(|_| own).unwrap_or(Config::DEFAULT_BACKEND);
        Some(ErrorPage { codes, intercepts, answer: Box::new(self.error_answer(backend)) })
    }

    fn error_answer(&self, backend: UpstreamId) -> Answer {
        let response_headers = self.outer_headers();
        let Some(label) = self.config.upstream(backend).label() else {
            let status = self.built_in_status();
            return if status == 404 { Answer::NoRoute { response_headers } } else { Answer::Respond { status, response_headers } };
        };
        Answer::Forward(Box::new(Forwarding {
            guards: Vec::new(),
            any_guard: false,
            split: vec![Share { backend: Some(label), weight: 1, status: None }],
            target: [Part::Path(PathExpr::Fixed("/".to_owned())), Part::Query].into(),
            host: Some([Part::ForwardedHost].into()),
            speech: vec![Speech::Http],
            headers: Vec::new(),
            response_headers,
            header_rules: Vec::new(),
            read_timeout: None,
            error_page: None,
        }))
    }

    /// The built-in server inherits the error pages of the ConfigMap, but has no page for them.
    pub(super) fn built_in_status(&self) -> u16 {
        if self.config.globals.errors.codes.contains(&404) { 500 } else { 404 }
    }
}
