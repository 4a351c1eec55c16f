//! Texts that depend on the request: how the path sent upstream, a `Location` or a header is made.
//!
//! Routers return these instead of texts, so that one decision stands for a whole class of requests; a concrete request
//! gives them a value.

use super::PredicateId;

/// One piece of a path template, with what the regular expression of the location took.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// Text as it stands.
    Literal(String),
    /// Numbered group, empty where it took nothing.
    Group(u8),
    /// Named group, empty where it took nothing.
    Named(String),
    /// Variable of the router, such as `host` or `args`.
    Variable(String),
}

/// How the path sent upstream is made. None of these touches the query.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PathExpr {
    /// The path as the client sent it, byte for byte.
    Same,
    /// Always this path.
    Fixed(String),
    /// The normalised path, its first `drop` bytes replaced.
    Splice {
        /// Bytes that are dropped.
        drop: usize,
        /// What takes their place.
        insert: String,
    },
    /// The path as the client sent it, with another text in place of this prefix, and then escaped as one that was decoded; 404 where it
    /// does not begin with that prefix.
    Restored {
        /// What is replaced.
        prefix: String,
        /// What takes its place.
        insert: String,
    },
    /// A template filled from a regular expression that is searched in the normalised path, then encoded again.
    Captures {
        /// The expression: a predicate on the path.
        regex: PredicateId,
        /// The template.
        template: Vec<Piece>,
    },
}

/// One part of a text that depends on the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// Text as it stands.
    Literal(String),
    /// `http` or `https`, of the connection.
    Scheme,
    /// Scheme as a trusted proxy in front tells it, else that of the connection.
    EffectiveScheme,
    /// Host by which the server was chosen: lower case, without port and final dot.
    Host,
    /// Host header as sent, with its port.
    HostHeader,
    /// Host as a trusted proxy in front tells it, else the Host header.
    ForwardedHost,
    /// The same, up to its first colon.
    ForwardedHostName,
    /// Port of the connection.
    Port,
    /// Port as a trusted proxy in front tells it, else that of the connection.
    EffectivePort,
    /// Target as sent, with its query.
    RawTarget {
        /// A final `/` is dropped, even one of the query.
        strip_slash: bool,
    },
    /// Path as made by the expression.
    Path(PathExpr),
    /// A template filled from a regular expression that is searched in the normalised path, as nginx writes it into a `Location`.
    Redirected {
        /// The expression: a predicate on the path.
        regex: PredicateId,
        /// The template.
        template: Vec<Piece>,
    },
    /// `?` and the query, where the request has one that is not empty.
    Query,
    /// `&` and the query, where the request has one that is not empty.
    MoreQuery,
    /// A template filled as [`PathExpr::Captures`] is, but not encoded again.
    Filled {
        /// The expression: a predicate on the path.
        regex: PredicateId,
        /// The template.
        template: Vec<Piece>,
    },
    /// `Location` of the backend's answer, a text at its start replaced. Parts behind it come before what is a path only then.
    BackendLocation {
        /// Text at its start.
        from: String,
        /// What takes its place.
        to: String,
    },
    /// `X-Forwarded-For` as the client sent it, with the address of the peer appended.
    FullForwardedFor,
    /// Port as it is told to backends: 443 for TLS, else that of the listener, or as a trusted proxy in front tells it.
    ForwardedPort,
    /// Address of the client, as a trusted proxy in front tells it.
    ClientAddress,
    /// Address of the peer.
    PeerAddress,
    /// Value of a request header (lower-case name), empty where absent.
    Header(String),
    /// Any other variable of the router.
    Variable(String),
}

/// A text that depends on the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TextExpr(pub Vec<Part>);

impl TextExpr {
    /// Always the same text.
    pub fn literal(text: impl Into<String>) -> Self {
        Self(vec![Part::Literal(text.into())])
    }

    /// The text, where it does not depend on the request.
    pub fn as_literal(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

impl<const N: usize> From<[Part; N]> for TextExpr {
    fn from(parts: [Part; N]) -> Self {
        Self(parts.into())
    }
}
