//! Error pages: which statuses somebody else answers, and how.

use super::{
    Config, Location, Router, Server, UpstreamId,
    route::Here,
    settings::{ErrorPages, Given},
};
use crate::request::{Answer, ErrorPage, Forwarding, Part, PathExpr, Share, Speech};

/// Statuses that somebody else answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedErrors {
    /// The statuses.
    pub codes: Vec<u16>,
    /// Answers of backends are replaced too, not only those of nginx.
    pub intercepts: bool,
    /// Who answers.
    pub backend: UpstreamId,
}

impl Config {
    /// Which errors of a location somebody else answers. A location with `error_page` of its own, or below a server with one, does not
    /// inherit those of the ConfigMap.
    pub fn replaced_errors(&self, server: &Server, location: &Location) -> Option<ReplacedErrors> {
        let settings = &location.settings;
        let ErrorPages { codes, intercept_disabled } = &settings.errors;
        let denied = settings.denied.is_some();
        let shadowed = || {
            let auth = settings.external_auth.as_deref().or(self.globals.external_auth.as_ref().filter(|_| settings.global_auth.value));
            let signin = !denied && !location.no_auth && auth.is_some_and(|auth| !auth.signin.is_empty());
            let page = server.client_certificates.as_ref().is_some_and(|found| found.settings.ca && !found.settings.error_page.is_empty());
            signin || page
        };
        // A denied location has no directives of its own.
        let own = matches!(codes.given, Given::Annotation(_)) && !denied;
        let codes = if own { codes.value.clone() } else { self.globals.errors.codes.clone() };
        if codes.is_empty() || (!own && shadowed()) || location.replaced.is_some() {
            return None;
        }
        let everywhere = !self.globals.errors.codes.is_empty() && !self.globals.errors.intercept_disabled;
        let backend = location.error_backend.filter(|_| own).unwrap_or(Self::DEFAULT_BACKEND);
        Some(ReplacedErrors { codes, intercepts: (own && !intercept_disabled.value) || everywhere, backend })
    }

    /// The built-in server inherits the error pages of the ConfigMap, but has no page for them.
    pub fn built_in_status(&self) -> u16 {
        if self.globals.errors.codes.contains(&404) { 500 } else { 404 }
    }
}

impl Router<'_> {
    /// Who answers errors here.
    pub(super) fn error_page(&self, here: &Here<'_>) -> Option<ErrorPage> {
        let ReplacedErrors { codes, intercepts, backend } = self.config.replaced_errors(here.server, here.location)?;
        Some(ErrorPage { codes, intercepts, answer: Box::new(self.error_answer(backend)) })
    }

    fn error_answer(&self, backend: UpstreamId) -> Answer {
        let response_headers = self.outer_headers();
        let Some(label) = self.config.upstream(backend).label() else {
            let status = self.config.built_in_status();
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
            header_rules: self.cleared(&response_headers),
            response_headers,
            read_timeout: None,
            error_page: None,
        }))
    }
}
