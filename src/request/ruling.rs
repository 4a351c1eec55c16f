//! What a router rules for a class of requests: a [`super::Decision`] whose texts still depend on the request.

use super::{Deny, Handshake, HeaderOperation, HeaderRule, NoAnswer, Part, Share, Speech, Statuses, Step, TextExpr};
use crate::k8s::NamespacedName;

/// Headers that a model claims: name in lower case, and how the value is made; `None` for "not sent".
pub type HeaderExprs = Vec<(String, Option<TextExpr>)>;

/// Somebody who is asked before a request is passed on; what he says is not in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Guard {
    /// User name and password. Requests without them get 401.
    Password {
        /// Where the users stand.
        secret: NamespacedName,
        /// Digest instead of Basic.
        digest: bool,
        /// Realm of the challenge.
        realm: String,
    },
    /// A service that is asked with a request of its own: 2xx lets pass, 401 and 403 refuse, anything else is 500.
    Service {
        /// URL that is asked.
        url: TextExpr,
        /// Method that is used; empty for GET.
        method: String,
        /// Where a 401 is redirected to (302).
        signin: Option<TextExpr>,
        /// Headers the client gets with that redirect.
        signin_headers: HeaderExprs,
        /// Headers of the answer that are copied onto the request, or removed from it.
        copied_headers: Vec<String>,
        /// Status of refused requests where the service fails; `None` for its own.
        failure: Option<u16>,
    },
    /// A limit by rate or by concurrency; the status of what is above it.
    Rate {
        /// Status of a refused request.
        status: u16,
    },
}

/// Errors that somebody else answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorPage {
    /// Statuses that are replaced.
    pub codes: Vec<u16>,
    /// Answers of backends are replaced too, not only those of the router.
    pub intercepts: bool,
    /// What is answered instead.
    pub answer: Box<Answer>,
}

/// A request that is passed on, if the guards let it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forwarding {
    /// Who is asked, in this order.
    pub guards: Vec<Guard>,
    /// One guard that lets pass is enough.
    pub any_guard: bool,
    /// Who gets it, with which share. Never empty. A share without backend is answered by the router with its status.
    pub split: Vec<Share>,
    /// Target sent upstream, with query.
    pub target: TextExpr,
    /// Host sent upstream; `None` where the model does not know.
    pub host: Option<TextExpr>,
    /// How backends are spoken to, sorted; empty where the model does not know.
    pub speech: Vec<Speech>,
    /// What is done in handshakes with backends, each way once, sorted; empty where none is spoken to over TLS, and where the model does
    /// not know.
    pub handshakes: Vec<Handshake>,
    /// Headers sent upstream.
    pub headers: HeaderExprs,
    /// Headers the client gets, before `header_rules`.
    pub response_headers: HeaderExprs,
    /// Changes of them that depend on the status, in their order.
    pub header_rules: Vec<HeaderRule>,
    /// Seconds until a silent backend is given up.
    pub read_timeout: Option<u64>,
    /// Bytes above which a body without Content-Length is answered with 413 while it is read, once the guards let the request pass.
    pub chunked_limit: Option<u64>,
    /// Errors that somebody else answers.
    pub error_page: Option<ErrorPage>,
}

impl Forwarding {
    /// A connection that is handed on without a look at its requests.
    pub fn stream(split: Vec<Share>, speech: Speech) -> Self {
        Self {
            guards: Vec::new(),
            any_guard: false,
            split,
            target: [Part::RawTarget { strip_slash: false }].into(),
            host: Some([Part::HostHeader].into()),
            speech: vec![speech],
            handshakes: Vec::new(),
            headers: Vec::new(),
            response_headers: Vec::new(),
            header_rules: Vec::new(),
            read_timeout: None,
            chunked_limit: None,
            error_page: None,
        }
    }

    /// The TLS of the client ends at the backend.
    pub fn is_passed_through(&self) -> bool {
        self.speech == [Speech::Passthrough]
    }

    /// Headers the client gets with an answer of this status.
    pub fn headers_with(&self, status: u16) -> std::borrow::Cow<'_, HeaderExprs> {
        if self.header_rules.is_empty() {
            return std::borrow::Cow::Borrowed(&self.response_headers);
        }
        std::borrow::Cow::Owned(super::with_rules(&self.response_headers, &self.header_rules, status))
    }

    /// A response header whose value is not known. `Expires` is none: it is a date, of which `Cache-Control` says the same.
    pub fn unknown_header(&self) -> Option<&str> {
        let known = |name: &str, later: &[HeaderRule]| {
            let decides = |rule: &HeaderRule| matches!(rule.operation, HeaderOperation::Set(_) | HeaderOperation::Remove);
            later.iter().any(|rule| rule.covers(name) && rule.statuses == Statuses::All && decides(rule))
        };
        let mut rules = self.header_rules.iter().enumerate();
        let found = rules.find(|(at, rule)| {
            rule.operation == HeaderOperation::Unknown && rule.name != "expires" && !known(&rule.name, &self.header_rules[at + 1..])
        });
        found.map(|(_, rule)| rule.name.as_str())
    }
}

/// What finally happens to the requests of a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Passed on.
    Forward(Box<Forwarding>),
    /// Answered with a redirect.
    Redirect {
        /// Status.
        status: u16,
        /// Location header.
        location: TextExpr,
        /// Headers the client gets.
        response_headers: HeaderExprs,
    },
    /// Answered by the router.
    Respond {
        /// Status.
        status: u16,
        /// Headers the client gets.
        response_headers: HeaderExprs,
    },
    /// Refused for reasons of access.
    Deny {
        /// Why.
        why: Deny,
        /// Status.
        status: u16,
        /// Headers the client gets.
        response_headers: HeaderExprs,
    },
    /// No route matches.
    NoRoute {
        /// Headers the client gets.
        response_headers: HeaderExprs,
    },
    /// No HTTP answer.
    NoAnswer(NoAnswer),
    /// The model does not know, and says what it lacks.
    Unmodelled {
        /// What is missing.
        what: String,
    },
}

/// An answer and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// What happens.
    pub answer: Answer,
    /// Steps, first to last.
    pub trace: Vec<Step>,
}
