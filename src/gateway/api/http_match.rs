//! What an HTTPRoute matches.

use serde::{Deserialize, Serialize};

use super::ValueMatch;

/// `matches[]`: all parts must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpMatch {
    /// Path; every path where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathMatch>,
    /// Headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<ValueMatch>,
    /// Query parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query_params: Vec<ValueMatch>,
    /// Method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<HttpMethod>,
}

impl HttpMatch {
    /// A match of the path alone.
    pub fn path(path: PathMatch) -> Self {
        Self { path: Some(path), ..Self::default() }
    }
}

/// `path`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "PathWire", from = "PathWire")]
pub enum PathMatch {
    /// This path.
    Exact(String),
    /// This path and those below it, segment by segment.
    Prefix(String),
    /// Paths that a regular expression of the implementation's dialect matches.
    Regex(String),
}

impl PathMatch {
    /// The path or expression as written.
    pub fn value(&self) -> &str {
        match self {
            Self::Exact(value) | Self::Prefix(value) | Self::Regex(value) => value,
        }
    }
}

impl Default for PathMatch {
    /// Every path.
    fn default() -> Self {
        Self::Prefix("/".to_owned())
    }
}

#[derive(Clone, Serialize, Deserialize)]
struct PathWire {
    #[serde(rename = "type", default)]
    kind: PathKind,
    #[serde(default = "root")]
    value: String,
}

#[derive(Clone, Copy, Default, Serialize, Deserialize)]
enum PathKind {
    Exact,
    #[default]
    PathPrefix,
    RegularExpression,
}

fn root() -> String {
    "/".to_owned()
}

impl From<PathMatch> for PathWire {
    fn from(path: PathMatch) -> Self {
        match path {
            PathMatch::Exact(value) => Self { kind: PathKind::Exact, value },
            PathMatch::Prefix(value) => Self { kind: PathKind::PathPrefix, value },
            PathMatch::Regex(value) => Self { kind: PathKind::RegularExpression, value },
        }
    }
}

impl From<PathWire> for PathMatch {
    fn from(wire: PathWire) -> Self {
        match wire.kind {
            PathKind::Exact => Self::Exact(wire.value),
            PathKind::PathPrefix => Self::Prefix(wire.value),
            PathKind::RegularExpression => Self::Regex(wire.value),
        }
    }
}

macro_rules! methods {
    ($($variant:ident = $text:literal,)*) => {
        /// Methods that a match can name. There are no others, WebDAV included.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[expect(missing_docs, reason = "the names of the methods")]
        pub enum HttpMethod {
            $(#[serde(rename = $text)] $variant,)*
        }

        impl HttpMethod {
            /// The method as sent.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }

            /// The method of that name.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}

methods! {
    Get = "GET",
    Head = "HEAD",
    Post = "POST",
    Put = "PUT",
    Delete = "DELETE",
    Connect = "CONNECT",
    Options = "OPTIONS",
    Trace = "TRACE",
    Patch = "PATCH",
}
