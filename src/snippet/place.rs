//! Where a snippet is written to, and the blocks of a configuration.

use serde::Deserialize;

/// A block of nginx configuration, as far as it decides which directives may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Context {
    /// Outside of every block.
    Main,
    /// `events`.
    Events,
    /// `http`.
    Http,
    /// `server` in `http`.
    Server,
    /// `location`.
    Location,
    /// `if` in a server.
    ServerIf,
    /// `if` in a location.
    LocationIf,
    /// `limit_except`.
    LimitExcept,
    /// `upstream` in `http`.
    Upstream,
    /// `stream`.
    Stream,
    /// `server` in `stream`.
    StreamServer,
    /// `upstream` in `stream`.
    StreamUpstream,
}

impl Context {
    /// As nginx's documentation calls it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Events => "events",
            Self::Http => "http",
            Self::Server => "server",
            Self::Location => "location",
            Self::ServerIf => "if in server",
            Self::LocationIf => "if in location",
            Self::LimitExcept => "limit_except",
            Self::Upstream => "upstream",
            Self::Stream => "stream",
            Self::StreamServer => "server in stream",
            Self::StreamUpstream => "upstream in stream",
        }
    }
}

/// A place of the controller's template into which somebody's text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// Annotation `configuration-snippet`: every location of the Ingress.
    ConfigurationSnippet,
    /// Annotation `server-snippet`: the server of each host.
    ServerSnippet,
    /// Annotation `auth-snippet`: the internal location that asks the authentication service.
    AuthSnippet,
    /// Annotation `stream-snippet`.
    StreamSnippet,
    /// Annotation or key `modsecurity-snippet`: rules of `ModSecurity` inside a quoted text.
    ModsecuritySnippet,
    /// Key `main-snippet`.
    MainSnippet,
    /// Key `http-snippet`.
    HttpSnippet,
    /// Key `server-snippet` of the `ConfigMap`, at the end of every server.
    GlobalServerSnippet,
    /// Key `location-snippet`, after `configuration-snippet` in every location.
    LocationSnippet,
    /// Key `global-auth-snippet`.
    GlobalAuthSnippet,
}

impl Place {
    /// All places.
    pub const ALL: &'static [Self] = &[
        Self::ConfigurationSnippet,
        Self::ServerSnippet,
        Self::AuthSnippet,
        Self::StreamSnippet,
        Self::ModsecuritySnippet,
        Self::MainSnippet,
        Self::HttpSnippet,
        Self::GlobalServerSnippet,
        Self::LocationSnippet,
        Self::GlobalAuthSnippet,
    ];

    /// The place of an annotation, named without prefix.
    pub fn of_annotation(name: &str) -> Option<Self> {
        match name {
            "configuration-snippet" => Some(Self::ConfigurationSnippet),
            "server-snippet" => Some(Self::ServerSnippet),
            "auth-snippet" => Some(Self::AuthSnippet),
            "stream-snippet" => Some(Self::StreamSnippet),
            "modsecurity-snippet" => Some(Self::ModsecuritySnippet),
            _ => None,
        }
    }

    /// The place of a key of the controller's `ConfigMap`.
    pub fn of_config_key(key: &str) -> Option<Self> {
        match key {
            "main-snippet" => Some(Self::MainSnippet),
            "http-snippet" => Some(Self::HttpSnippet),
            "server-snippet" => Some(Self::GlobalServerSnippet),
            "location-snippet" => Some(Self::LocationSnippet),
            "stream-snippet" => Some(Self::StreamSnippet),
            "global-auth-snippet" => Some(Self::GlobalAuthSnippet),
            "modsecurity-snippet" => Some(Self::ModsecuritySnippet),
            _ => None,
        }
    }

    /// The block it is written into; `None` where it is no nginx configuration.
    pub const fn context(self) -> Option<Context> {
        match self {
            Self::ConfigurationSnippet | Self::AuthSnippet | Self::LocationSnippet | Self::GlobalAuthSnippet => Some(Context::Location),
            Self::ServerSnippet | Self::GlobalServerSnippet => Some(Context::Server),
            Self::StreamSnippet => Some(Context::Stream),
            Self::MainSnippet => Some(Context::Main),
            Self::HttpSnippet => Some(Context::Http),
            Self::ModsecuritySnippet => None,
        }
    }

    /// The place that stands in the same kind of block of the template.
    pub(super) const fn same_block(self) -> Self {
        match self {
            Self::LocationSnippet => Self::ConfigurationSnippet,
            Self::GlobalServerSnippet => Self::ServerSnippet,
            Self::GlobalAuthSnippet => Self::AuthSnippet,
            Self::ConfigurationSnippet
            | Self::ServerSnippet
            | Self::AuthSnippet
            | Self::StreamSnippet
            | Self::ModsecuritySnippet
            | Self::MainSnippet
            | Self::HttpSnippet => self,
        }
    }

    /// Its name as in `annotation-maps`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfigurationSnippet => "configuration-snippet",
            Self::ServerSnippet => "server-snippet",
            Self::AuthSnippet => "auth-snippet",
            Self::StreamSnippet => "stream-snippet",
            Self::ModsecuritySnippet => "modsecurity-snippet",
            Self::MainSnippet => "main-snippet",
            Self::HttpSnippet => "http-snippet",
            Self::GlobalServerSnippet => "global-server-snippet",
            Self::LocationSnippet => "location-snippet",
            Self::GlobalAuthSnippet => "global-auth-snippet",
        }
    }
}
