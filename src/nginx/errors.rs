//! Error pages: which statuses somebody else answers, and how.

use super::{
    Config, Location, Router, Server, UpstreamId,
    route::{Here, Trace},
    settings::{ErrorPages, ExternalAuth, Given},
};
use crate::request::{Answer, Deny, ErrorPage, Forwarding, Part, PathExpr, Speech, TextExpr, Valuation};

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
        let shadowed = || self.signs_in(location).is_some() || server.has_error_page();
        // A denied location has no directives of its own.
        let own = matches!(codes.given, Given::Annotation(_)) && !denied;
        let codes = if own { codes.value.clone() } else { self.globals.errors.codes.clone() };
        if codes.is_empty() || (!own && shadowed()) {
            return None;
        }
        let everywhere = self.globals.errors.intercept_everywhere();
        let backend = location.error_backend.filter(|_| own).unwrap_or(Self::DEFAULT_BACKEND);
        Some(ReplacedErrors { codes, intercepts: (own && !intercept_disabled.value) || everywhere, backend })
    }

    /// Who is asked before a location, where a 401 leads to a sign-in.
    pub fn signs_in<'s>(&'s self, location: &'s Location) -> Option<&'s ExternalAuth> {
        let settings = &location.settings;
        let auth = settings.external_auth.as_deref().or(self.globals.external_auth.as_ref().filter(|_| settings.global_auth.value));
        auth.filter(|auth| settings.denied.is_none() && !location.no_auth && !auth.signin.is_empty())
    }

    /// The built-in server inherits the error pages of the ConfigMap, but has no page for them.
    pub fn built_in_status(&self) -> u16 {
        if self.globals.errors.codes.contains(&404) { 500 } else { 404 }
    }
}

/// Where nginx answers outside of any location.
#[derive(Clone, Copy)]
pub(super) enum Outside<'s> {
    /// In a server, which has the locations of error pages.
    Server(&'s Server),
    /// In a server without them, or before there is a path: the page cannot be reached.
    Unreachable,
}

/// The answer of an error page; a `Location` that was set before stays.
pub(super) fn with_location_of(replaced: Answer, mut page: Answer) -> Answer {
    let Answer::Redirect { location, .. } = replaced else { return page };
    let headers = match &mut page {
        Answer::Forward(forwarding) => &mut forwarding.response_headers,
        Answer::Redirect { response_headers, .. }
        | Answer::Respond { response_headers, .. }
        | Answer::Deny { response_headers, .. }
        | Answer::NoRoute { response_headers } => response_headers,
        Answer::NoAnswer(_) | Answer::Unmodelled { .. } => return page,
    };
    headers.push(("location".to_owned(), Some(location)));
    page
}

impl Router<'_> {
    /// An answer outside of any location, which the error pages of the ConfigMap replace: they stand around all servers, but a server with
    /// one of its own does not inherit them. `looked_up` is the status by which nginx looks.
    pub(super) fn outside(&self, v: &impl Valuation, outside: Outside<'_>, looked_up: u16, answer: Answer) -> Answer {
        let listed = self.config.globals.errors.codes.contains(&looked_up);
        match outside {
            Outside::Server(server) if listed && !server.has_error_page() => {
                // The default backend that is built in does not serve the method either, and has no page for that.
                let unserved = looked_up == 405 && self.config.upstream(Config::DEFAULT_BACKEND).label().is_none();
                let page = if unserved { self.failed() } else { self.error_answer(v, Config::DEFAULT_BACKEND, false) };
                with_location_of(answer, page)
            }
            Outside::Unreachable if listed => self.failed(),
            Outside::Server(_) | Outside::Unreachable => answer,
        }
    }

    fn failed(&self) -> Answer {
        Answer::Respond { status: 500, response_headers: self.outer_headers() }
    }

    /// Who answers errors here.
    pub(super) fn error_page(&self, v: &impl Valuation, here: &Here<'_>) -> Option<ErrorPage> {
        if let Some(ReplacedErrors { codes, intercepts, backend }) = self.config.replaced_errors(here.server, here.location) {
            return Some(ErrorPage { codes, intercepts, answer: Box::new(self.error_answer(v, backend, here.scripted)) });
        }
        // The sign-in is an error page as well, to which a 401 of the backend leads where answers of backends are looked at.
        let auth = self.config.signs_in(here.location).filter(|_| self.config.globals.errors.intercept_everywhere())?;
        let response_headers = self.signin_headers(v, here);
        let answer = Answer::Redirect { status: 302, location: self.signin(here, auth), response_headers };
        Some(ErrorPage { codes: vec![401], intercepts: true, answer: Box::new(answer) })
    }

    /// The page is a location of the server: `block-cidrs` refuses there too, and a second error is not replaced. Without the script of the
    /// location that failed, variables have no value, and no Host is sent.
    fn error_answer(&self, v: &impl Valuation, backend: UpstreamId, scripted: bool) -> Answer {
        let response_headers = self.outer_headers();
        if self.common.blocked.is_some_and(|id| v.holds(id)) {
            return Answer::Deny { why: Deny::Address, status: 403, response_headers };
        }
        if self.config.upstream(backend).label().is_none() {
            let status = self.config.built_in_status();
            return if status == 404 { Answer::NoRoute { response_headers } } else { Answer::Respond { status, response_headers } };
        }
        let split = match self.split(v, backend, &mut Trace::default()) {
            Ok(split) => split,
            Err(what) => return Answer::Unmodelled { what },
        };
        let host = if scripted { [Part::ForwardedHost].into() } else { TextExpr::literal("") };
        Answer::Forward(Box::new(Forwarding {
            guards: Vec::new(),
            any_guard: false,
            split,
            target: [Part::Path(PathExpr::Fixed("/".to_owned())), Part::Query].into(),
            host: Some(host),
            speech: vec![Speech::Http],
            handshakes: Vec::new(),
            headers: Vec::new(),
            header_rules: self.cleared(&response_headers),
            response_headers,
            read_timeout: None,
            chunked_limit: None,
            error_page: None,
        }))
    }
}
