//! What happens to a request, in the same words for both routers.

use super::Handshake;
use crate::k8s::Subject;

/// Why access was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deny {
    /// Address not allowed, or denied.
    Address,
    /// Credentials are missing or wrong; the status is 401.
    Credentials,
    /// Client certificate missing or not matching.
    ClientCertificate,
    /// The configuration is broken in a way that refuses everybody.
    Broken,
}

/// Why there is no HTTP answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoAnswer {
    /// Nobody listens.
    Refused,
    /// The connection is closed without an answer.
    Reset,
    /// The TLS handshake fails.
    Tls,
}

/// Part of the traffic that one backend gets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share {
    /// `namespace/service:port`; `None` for requests that the router answers itself with `status`.
    pub backend: Option<String>,
    /// Parts of the sum of all shares.
    pub weight: u64,
    /// Status where `backend` is `None`.
    pub status: Option<u16>,
}

/// How a backend is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speech {
    /// HTTP/1.
    Http,
    /// HTTP over TLS: HTTP/1, unless both sides agree on HTTP/2 in the handshake.
    Https,
    /// HTTP/2 without TLS, as gRPC wants it.
    Http2,
    /// HTTP/2 over TLS.
    Http2Tls,
    /// `FastCGI`.
    FastCgi,
    /// The TLS of the client, passed through.
    Passthrough,
    /// What the client said inside its TLS, handed on without it.
    Decrypted,
}

impl Speech {
    /// HTTP in one of its versions, with or without TLS.
    pub const fn http(two: bool, tls: bool) -> Self {
        match (two, tls) {
            (false, false) => Self::Http,
            (false, true) => Self::Https,
            (true, false) => Self::Http2,
            (true, true) => Self::Http2Tls,
        }
    }

    /// Over TLS.
    pub const fn is_tls(self) -> bool {
        matches!(self, Self::Https | Self::Http2Tls)
    }

    /// HTTP/2.
    pub const fn is_http2(self) -> bool {
        matches!(self, Self::Http2 | Self::Http2Tls)
    }
}

/// A request that is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Who gets it, with which share. Never empty.
    pub split: Vec<Share>,
    /// Method sent upstream.
    pub method: String,
    /// Target sent upstream, with query.
    pub target: String,
    /// Host sent upstream; `None` where the model does not know.
    pub host: Option<String>,
    /// How backends are spoken to, sorted; empty where the model does not know.
    pub speech: Vec<Speech>,
    /// What is done in handshakes with backends, each way once, sorted; empty where none is spoken to over TLS, and where the model does
    /// not know.
    pub handshakes: Vec<Handshake>,
    /// Headers sent upstream that the model claims: name in lower case, value, or `None` for "not sent".
    pub headers: Vec<(String, Option<String>)>,
    /// Headers the client gets that the model claims: name in lower case, value, or `None` for "not sent".
    pub response_headers: Vec<(String, Option<String>)>,
}

/// What finally happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Passed on to a backend.
    Forward(Forward),
    /// Answered with a redirect.
    Redirect {
        /// Status.
        status: u16,
        /// Location header, complete.
        location: String,
        /// Headers the client gets that the model claims.
        response_headers: Vec<(String, Option<String>)>,
    },
    /// Answered by the router.
    Respond {
        /// Status.
        status: u16,
        /// Headers the client gets that the model claims.
        response_headers: Vec<(String, Option<String>)>,
    },
    /// Refused for reasons of access.
    Deny {
        /// Why.
        why: Deny,
        /// Status.
        status: u16,
        /// Headers the client gets that the model claims.
        response_headers: Vec<(String, Option<String>)>,
    },
    /// No route matches; the status is 404.
    NoRoute {
        /// Headers the client gets that the model claims.
        response_headers: Vec<(String, Option<String>)>,
    },
    /// No HTTP answer.
    NoAnswer(NoAnswer),
    /// The model does not know, and says what it lacks.
    Unmodelled {
        /// What is missing.
        what: String,
    },
}

/// One step on the way to a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was decided, in a sentence without full stop.
    pub text: String,
    /// What decided it.
    pub because: Option<Subject>,
}

/// An outcome and how it came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What happens.
    pub outcome: Outcome,
    /// Common name and alternative names of the certificate that is served, where TLS is used and the model knows.
    pub certificate: Option<String>,
    /// Steps, first to last.
    pub trace: Vec<Step>,
}
