//! Headers and query parameters: names, matches, modifications.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Name of a header or query parameter: 1 to 256 token characters of RFC 9110.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct HeaderName(String);

/// A text that is no name of a header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no header name: 1 to 256 letters, digits or !#$%&'*+-.^_`|~")]
pub struct NotAHeaderName(String);

impl HeaderName {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether both name the same header.
    pub fn same_as(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for HeaderName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for HeaderName {
    type Err = NotAHeaderName;

    fn from_str(text: &str) -> Result<Self, NotAHeaderName> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for HeaderName {
    type Error = NotAHeaderName;

    fn try_from(text: String) -> Result<Self, NotAHeaderName> {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if (1..=256).contains(&text.len()) && text.bytes().all(token) { Ok(Self(text)) } else { Err(NotAHeaderName(text)) }
    }
}

impl From<HeaderName> for String {
    fn from(name: HeaderName) -> Self {
        name.0
    }
}

/// A header and its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderValue {
    /// Name.
    pub name: HeaderName,
    /// Value.
    pub value: String,
}

impl HeaderValue {
    /// A header with a value; `None` where the name is none.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Option<Self> {
        Some(Self { name: name.into().try_into().ok()?, value: value.into() })
    }
}

/// `requestHeaderModifier` and `responseHeaderModifier`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderModifier {
    /// Headers that get this value alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<HeaderValue>,
    /// Headers that get this value besides those they have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add: Vec<HeaderValue>,
    /// Headers that are taken away.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

impl HeaderModifier {
    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        let Self { set, add, remove } = self;
        set.is_empty() && add.is_empty() && remove.is_empty()
    }
}

/// `headers[]` and `queryParams[]` of a match: a name, and what its value must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueMatch {
    /// How the value is compared, `Exact` where absent.
    #[serde(rename = "type", default, skip_serializing_if = "MatchType::is_exact")]
    pub kind: MatchType,
    /// Name of the header or parameter.
    pub name: HeaderName,
    /// Value or regular expression.
    pub value: String,
}

impl ValueMatch {
    /// The value itself.
    pub fn exact(name: HeaderName, value: impl Into<String>) -> Self {
        Self { kind: MatchType::Exact, name, value: value.into() }
    }

    /// A regular expression of the implementation's dialect.
    pub fn regex(name: HeaderName, value: impl Into<String>) -> Self {
        Self { kind: MatchType::RegularExpression, name, value: value.into() }
    }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MatchType {
    /// Byte for byte.
    #[default]
    Exact,
    /// By a regular expression.
    RegularExpression,
}

impl MatchType {
    /// Whether this is the default.
    pub const fn is_exact(&self) -> bool {
        matches!(self, Self::Exact)
    }
}
