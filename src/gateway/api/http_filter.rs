//! Filters of HTTPRoutes: one type for rules and backends, with exactly one block.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use super::{BackendObjectRef, Cors, ExplicitRef, ExternalAuth, HeaderModifier};

/// `filters[]`. On the wire `type` names the one block that is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpFilter {
    /// Changes request headers.
    RequestHeaderModifier(HeaderModifier),
    /// Changes response headers.
    ResponseHeaderModifier(HeaderModifier),
    /// Sends a copy to another backend.
    RequestMirror(RequestMirror),
    /// Answers with a redirect.
    RequestRedirect(RequestRedirect),
    /// Changes host and path on the way to the backend.
    UrlRewrite(UrlRewrite),
    /// Answers preflight requests and adds CORS headers.
    Cors(Box<Cors>),
    /// Asks another service (experimental).
    ExternalAuth(Box<ExternalAuth>),
    /// A filter of an implementation.
    ExtensionRef(ExplicitRef),
}

impl HttpFilter {
    /// The `type` on the wire.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::RequestHeaderModifier(_) => "RequestHeaderModifier",
            Self::ResponseHeaderModifier(_) => "ResponseHeaderModifier",
            Self::RequestMirror(_) => "RequestMirror",
            Self::RequestRedirect(_) => "RequestRedirect",
            Self::UrlRewrite(_) => "URLRewrite",
            Self::Cors(_) => "CORS",
            Self::ExternalAuth(_) => "ExternalAuth",
            Self::ExtensionRef(_) => "ExtensionRef",
        }
    }
}

impl Serialize for HttpFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", self.type_name())?;
        match self {
            Self::RequestHeaderModifier(block) => map.serialize_entry("requestHeaderModifier", block)?,
            Self::ResponseHeaderModifier(block) => map.serialize_entry("responseHeaderModifier", block)?,
            Self::RequestMirror(block) => map.serialize_entry("requestMirror", block)?,
            Self::RequestRedirect(block) => map.serialize_entry("requestRedirect", block)?,
            Self::UrlRewrite(block) => map.serialize_entry("urlRewrite", block)?,
            Self::Cors(block) => map.serialize_entry("cors", block)?,
            Self::ExternalAuth(block) => map.serialize_entry("externalAuth", block)?,
            Self::ExtensionRef(block) => map.serialize_entry("extensionRef", block)?,
        }
        map.end()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    request_header_modifier: Option<HeaderModifier>,
    response_header_modifier: Option<HeaderModifier>,
    request_mirror: Option<RequestMirror>,
    request_redirect: Option<RequestRedirect>,
    url_rewrite: Option<UrlRewrite>,
    cors: Option<Box<Cors>>,
    external_auth: Option<Box<ExternalAuth>>,
    extension_ref: Option<ExplicitRef>,
}

impl<'de> Deserialize<'de> for HttpFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire {
            kind,
            request_header_modifier,
            response_header_modifier,
            request_mirror,
            request_redirect,
            url_rewrite,
            cors,
            external_auth,
            extension_ref,
        } = Wire::deserialize(deserializer)?;
        let mut blocks: Vec<Self> = [
            request_header_modifier.map(Self::RequestHeaderModifier),
            response_header_modifier.map(Self::ResponseHeaderModifier),
            request_mirror.map(Self::RequestMirror),
            request_redirect.map(Self::RequestRedirect),
            url_rewrite.map(Self::UrlRewrite),
            cors.map(Self::Cors),
            external_auth.map(Self::ExternalAuth),
            extension_ref.map(Self::ExtensionRef),
        ]
        .into_iter()
        .flatten()
        .collect();
        match blocks.pop() {
            Some(block) if blocks.is_empty() && block.type_name() == kind => Ok(block),
            Some(_) | None => Err(de::Error::custom(format_args!("a filter of type {kind} must have its own block and no other"))),
        }
    }
}

/// `requestMirror`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestMirror {
    /// Who gets the copies.
    pub backend_ref: BackendObjectRef,
    /// Share of the requests, 0 to 100; all where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// The same as a fraction; never both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fraction: Option<Fraction>,
}

/// `fraction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fraction {
    /// Numerator.
    pub numerator: u32,
    /// Denominator, 100 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denominator: Option<u32>,
}

/// `requestRedirect`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestRedirect {
    /// Scheme of the Location, that of the request where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<RedirectScheme>,
    /// Host of the Location, that of the request where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Port of the Location, that of scheme or listener where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Path of the Location, that of the request where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathModifier>,
    /// Status, 302 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_code: Option<RedirectStatus>,
}

/// Schemes that a redirect can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RedirectScheme {
    /// `http`.
    Http,
    /// `https`.
    Https,
}

/// Statuses that a redirect can have; 303, 307 and 308 from version 1.5 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "u16", try_from = "u16")]
pub enum RedirectStatus {
    /// 301.
    MovedPermanently,
    /// 302.
    Found,
    /// 303.
    SeeOther,
    /// 307.
    TemporaryRedirect,
    /// 308.
    PermanentRedirect,
}

impl From<RedirectStatus> for u16 {
    fn from(status: RedirectStatus) -> Self {
        match status {
            RedirectStatus::MovedPermanently => 301,
            RedirectStatus::Found => 302,
            RedirectStatus::SeeOther => 303,
            RedirectStatus::TemporaryRedirect => 307,
            RedirectStatus::PermanentRedirect => 308,
        }
    }
}

impl TryFrom<u16> for RedirectStatus {
    type Error = NotARedirect;

    fn try_from(status: u16) -> Result<Self, NotARedirect> {
        match status {
            301 => Ok(Self::MovedPermanently),
            302 => Ok(Self::Found),
            303 => Ok(Self::SeeOther),
            307 => Ok(Self::TemporaryRedirect),
            308 => Ok(Self::PermanentRedirect),
            _ => Err(NotARedirect(status)),
        }
    }
}

/// A status that a redirect cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a redirect cannot answer {0}, only 301, 302, 303, 307 and 308")]
pub struct NotARedirect(u16);

/// `urlRewrite`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlRewrite {
    /// Host sent to the backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Path sent to the backend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<PathModifier>,
}

/// `path` of redirects and rewrites.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "PathModifierWire", try_from = "PathModifierWire")]
pub enum PathModifier {
    /// The whole path becomes this.
    ReplaceFullPath(String),
    /// The matched prefix becomes this; the rule must have one prefix match.
    ReplacePrefixMatch(String),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PathModifierWire {
    #[serde(rename = "type")]
    kind: PathModifierKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace_full_path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replace_prefix_match: Option<String>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum PathModifierKind {
    ReplaceFullPath,
    ReplacePrefixMatch,
}

impl From<PathModifier> for PathModifierWire {
    fn from(path: PathModifier) -> Self {
        match path {
            PathModifier::ReplaceFullPath(to) => {
                Self { kind: PathModifierKind::ReplaceFullPath, replace_full_path: Some(to), replace_prefix_match: None }
            }
            PathModifier::ReplacePrefixMatch(to) => {
                Self { kind: PathModifierKind::ReplacePrefixMatch, replace_full_path: None, replace_prefix_match: Some(to) }
            }
        }
    }
}

impl TryFrom<PathModifierWire> for PathModifier {
    type Error = &'static str;

    fn try_from(wire: PathModifierWire) -> Result<Self, Self::Error> {
        match (wire.kind, wire.replace_full_path, wire.replace_prefix_match) {
            (PathModifierKind::ReplaceFullPath, Some(to), None) => Ok(Self::ReplaceFullPath(to)),
            (PathModifierKind::ReplacePrefixMatch, None, Some(to)) => Ok(Self::ReplacePrefixMatch(to)),
            (_, _, _) => Err("a path must have the one value that its type names"),
        }
    }
}
