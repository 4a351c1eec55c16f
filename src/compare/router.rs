//! What the judge asks of a side: the questions it has, its ruling for a class of requests, its decision for one request.

use crate::request::{Answer, Decision, Field, Outcome, Predicates, Request, Ruling, Scheme, Valuation, World};

/// A door through which clients come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Scheme of the connection.
    pub scheme: Scheme,
    /// Port, where it is not that of the scheme.
    pub port: Option<u16>,
}

impl Entry {
    /// Plain text on port 80.
    pub const HTTP: Self = Self { scheme: Scheme::Http, port: None };
    /// TLS on port 443.
    pub const HTTPS: Self = Self { scheme: Scheme::Https, port: None };

    /// Port of the connection.
    pub fn number(self) -> u16 {
        self.port.unwrap_or(match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        })
    }

    /// `http` or `https`.
    pub const fn scheme_name(self) -> &'static str {
        match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }
}

/// The certificate that a client is shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    /// That of a Secret, `namespace/name`.
    Secret(String),
    /// One that the implementation makes itself.
    Default,
}

/// A ruling, and how sure the router is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The answer, or one of several, and how it came about.
    pub ruling: Ruling,
    /// Other answers that are possible; then `undecided` says why.
    pub others: Vec<Answer>,
    /// Why the answer is not decided.
    pub undecided: Option<String>,
    /// Milliseconds after which the exchange is ended, where that is known.
    pub timeout: Option<u64>,
    /// It may also be ended later.
    pub timeouts_differ: bool,
    /// Certificate that is served for TLS, where that is known.
    pub certificate: Option<Served>,
    /// Other certificates that may be served instead.
    pub other_certificates: Vec<Served>,
}

/// What happens to one request, and how sure the router is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision, or one of several.
    pub decision: Decision,
    /// Other outcomes that are possible; then `undecided` says why.
    pub others: Vec<Outcome>,
    /// Why the outcome is not decided.
    pub undecided: Option<String>,
    /// Names of other certificates that may be served instead.
    pub other_certificates: Vec<String>,
}

/// What an outcome depends on besides the request: how backends answer, and how many requests there are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dependence {
    /// Statuses of backends that are replaced by an error page.
    pub replaced: Vec<u16>,
    /// `Location` headers of backends are rewritten.
    pub rewrites_location: bool,
    /// Milliseconds after which a silent backend is given up.
    pub patience: Option<u64>,
    /// Requests above a rate are refused.
    pub limited: bool,
    /// A Secret that was only assumed to exist, `namespace/name`: without it everybody is refused.
    pub assumed: Option<String>,
    /// A response header whose value is not known.
    pub unknown_header: Option<String>,
}

/// One side of a comparison.
pub trait Router: Sync {
    /// Everything that may be asked of a request.
    fn predicates(&self) -> &Predicates;

    /// Rules for a class of requests to a host.
    fn route(&self, v: &impl Valuation, host: &str) -> Verdict;

    /// Decides for one request.
    fn decide(&self, request: &Request, world: &impl World) -> Decided;

    /// What the outcome of a request depends on.
    fn dependence(&self, request: &Request) -> Dependence {
        let _ = request;
        Dependence::default()
    }

    /// Doors besides those of the well-known ports.
    fn entries(&self) -> Vec<Entry> {
        Vec::new()
    }

    /// Whether there are ports for TCP or UDP, of which no request tells.
    fn has_streams(&self) -> bool {
        false
    }

    /// Whether the answer to this path, on a host that nobody names, is a page of the router's own.
    fn is_own_page(&self, path: &str) -> bool {
        let _ = path;
        false
    }

    /// Whether the question takes a header that is missing for an empty one.
    fn reads_absent_as_empty(&self, field: &Field) -> bool {
        let _ = field;
        false
    }
}
