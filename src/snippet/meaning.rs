//! What directives do to traffic: a closed list, so that whoever converts snippets decides about all of it.

use std::ops::Range;

use super::{Text, condition::Condition};
pub use crate::request::Statuses;

use crate::nginx::settings::{Cidr, Satisfy};

/// A header and its new value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderChange {
    /// Name as written; ends with `*` for every header that starts so (`more_clear_headers` only).
    pub name: String,
    /// Value; `None` takes the header away.
    pub value: Option<Text>,
}

/// How request headers are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestHow {
    /// `proxy_set_header`: one in a block hides all those of the blocks around it.
    ProxySet,
    /// `more_set_input_headers`, `more_clear_input_headers`: what nginx itself sees of the request changes too.
    Input {
        /// `-r`: only where the request has the header.
        replace_only: bool,
    },
}

/// Changes of request headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHeaders {
    /// The mechanism.
    pub how: RequestHow,
    /// Changes in order.
    pub changes: Vec<HeaderChange>,
    /// `-t`: only for these types of bodies; empty for all.
    pub types: Vec<String>,
}

/// How response headers are changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResponseHow {
    /// `add_header`: added to what there is; one in a block hides all those of the blocks around it.
    Add,
    /// `add_trailer`.
    Trailer,
    /// `more_set_headers`: takes the place of what there is; those of the blocks around it apply first.
    Set,
    /// `more_set_headers -a`.
    Append,
    /// `more_clear_headers`.
    Remove,
    /// `proxy_hide_header`: taken from what the backend sent.
    Hide,
    /// `proxy_pass_header`: kept although nginx would take it away.
    Keep,
}

/// Changes of response headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseHeaders {
    /// The mechanism.
    pub how: ResponseHow,
    /// Changes in order.
    pub changes: Vec<HeaderChange>,
    /// With which statuses.
    pub statuses: Statuses,
    /// `-t`: only for these types of content; empty for all.
    pub types: Vec<String>,
}

/// Value of `expires`, which sets `Expires` and `Cache-Control`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expires {
    /// `off`.
    Off,
    /// `epoch`: `Cache-Control: no-cache`.
    Epoch,
    /// `max`: ten years.
    Max,
    /// Seconds from now: `Cache-Control: max-age=…`, or `no-cache` where negative.
    After(i64),
    /// Seconds from the last modification.
    Modified(i64),
    /// `@15h30m`: at a time of the day.
    Daily(i64),
    /// A variable decides.
    Variable(Text),
}

/// What follows a rewrite that matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum After {
    /// The next directive; the location is chosen again at the end.
    Next,
    /// `last`: the location is chosen again at once.
    Last,
    /// `break`: this location goes on.
    Break,
    /// A redirect with the status.
    Redirect(u16),
}

/// `rewrite`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrite {
    /// Regular expression, searched in the normalised path.
    pub regex: String,
    /// What takes the place of the whole path, without a final `?`.
    pub replacement: Text,
    /// The query of the request is appended.
    pub keeps_query: bool,
    /// What follows.
    pub after: After,
}

/// How a nested `location` compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LocationModifier {
    /// `=`
    Exact,
    /// None.
    Prefix,
    /// `^~`
    PrefixBeforeRegex,
    /// `~`
    Regex,
    /// `~*`
    RegexIgnoringCase,
    /// `@name`
    Named,
}

/// `location`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationBlock {
    /// How it compares.
    pub modifier: LocationModifier,
    /// What it compares with, or its name.
    pub path: String,
    /// It hands requests to a backend, or its content comes from somewhere else than nginx's own files.
    pub answers: bool,
}

/// Whom `allow` and `deny` are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// `all`
    All,
    /// `unix:`
    Unix,
    /// A network.
    Network(Cidr),
}

/// A limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Limit {
    /// `client_max_body_size` in bytes; 0 for none.
    BodySize(u64),
    /// A timeout in milliseconds.
    Timeout {
        /// The directive.
        directive: String,
        /// Milliseconds.
        milliseconds: u64,
    },
    /// Buffers.
    Buffering {
        /// The directive.
        directive: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
    /// `limit_req`: the zone, and how many requests may wait.
    Rate {
        /// Zone, which `limit_req_zone` in an `http-snippet` must define.
        zone: String,
        /// `burst`.
        burst: u64,
        /// `nodelay`.
        no_delay: bool,
    },
    /// `limit_conn`.
    Connections {
        /// Zone.
        zone: String,
        /// Connections.
        most: u64,
    },
    /// `limit_rate`, `limit_rate_after`.
    Bandwidth {
        /// The directive.
        directive: String,
        /// Its value.
        value: Text,
    },
    /// A companion of the above, such as the status of a refusal.
    Other {
        /// The directive.
        directive: String,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// Directives about the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Upstream {
    /// `proxy_pass` and its kin: another backend.
    Pass {
        /// `proxy_pass`, `grpc_pass`, `fastcgi_pass` or `memcached_pass`.
        directive: String,
        /// Where to.
        url: Text,
    },
    /// When another endpoint is tried.
    Retry,
    /// How it is spoken to.
    Protocol,
    /// TLS towards it.
    Tls,
    /// `proxy_redirect`.
    Redirects,
    /// `proxy_cookie_*`.
    Cookies,
    /// Its errors are replaced by error pages.
    InterceptErrors,
}

/// Authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// `auth_basic`; `None` for `off`.
    Basic(Option<Text>),
    /// `auth_digest`; `None` for `off`.
    Digest(Option<Text>),
    /// `auth_request`; `None` for `off`.
    Request(Option<String>),
    /// `auth_request_set`.
    Variable {
        /// Without `$`.
        variable: String,
        /// Value.
        value: Text,
    },
    /// Client certificates.
    ClientCertificate,
    /// A companion, such as the file with the users.
    Other,
}

/// `set` and its kin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// Without `$`.
    pub variable: String,
    /// Value; `None` where it is computed in ways that are not modelled.
    pub value: Option<Text>,
    /// The controller's Lua code chooses the upstream by it.
    pub steers: bool,
}

/// What a directive does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// Headers sent to the backend.
    RequestHeaders(RequestHeaders),
    /// Headers sent to the client.
    ResponseHeaders(ResponseHeaders),
    /// `expires`.
    Expires(Expires),
    /// A redirect.
    Redirect {
        /// Status.
        status: u16,
        /// Location.
        location: Text,
    },
    /// A fixed answer, refusals among them.
    Answer {
        /// Status; 444 closes the connection.
        status: u16,
        /// Body.
        body: Option<Text>,
    },
    /// A rewrite.
    Rewrite(Rewrite),
    /// `break`: no more directives of the rewrite module.
    Break,
    /// `if`; its block follows.
    Condition(Condition),
    /// `location`; its block follows.
    Location(LocationBlock),
    /// `limit_except`; its block holds for all other methods.
    Methods(Vec<String>),
    /// `allow`, `deny`.
    Access {
        /// `allow`.
        allow: bool,
        /// Whom.
        who: Who,
    },
    /// `satisfy`.
    Satisfy(Satisfy),
    /// `internal`: requests from outside get 404.
    Internal,
    /// A limit.
    Limit(Limit),
    /// The backend.
    Upstream(Upstream),
    /// Caching of answers.
    Cache,
    /// `sub_filter` and other changes of bodies.
    Body,
    /// Authentication.
    Auth(Auth),
    /// A variable.
    Set(Set),
    /// Lua code.
    Lua,
    /// Rules of `ModSecurity`.
    ModSecurity,
    /// Pages for errors.
    ErrorPage,
    /// Answers from files of the controller's image.
    Files,
    /// Compression of answers.
    Compression,
    /// Type and character set of answers that nginx makes itself.
    ContentType,
    /// A cookie that nginx sets, or another addition to answers.
    Cookie,
    /// Copies of requests.
    Mirror,
    /// How redirects are written.
    RedirectForm,
    /// How requests are read: paths, headers, addresses.
    Reading,
    /// TLS and protocols towards the client.
    Listening,
    /// Something that other directives use: a `map`, an `upstream`, a zone.
    Definition {
        /// The variable or zone that it defines.
        defines: Option<Defined>,
    },
    /// TCP and UDP.
    Stream,
    /// Nothing that is visible in answers: logs, traces, performance.
    NoEffect,
    /// A pair of values, or another statement inside a block of values.
    Value,
    /// Not known, or not understood.
    Unknown,
}

/// What a definition is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Defined {
    /// A variable, without `$`.
    Variable(String),
    /// A shared memory zone.
    Zone(String),
    /// An upstream.
    Upstream(String),
}

impl Meaning {
    /// One word, for statistics and reports.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::RequestHeaders(_) => "request-header",
            Self::ResponseHeaders(_) | Self::Expires(_) => "response-header",
            Self::Redirect { .. } => "redirect",
            Self::Answer { .. } => "answer",
            Self::Rewrite(rewrite) => match rewrite.after {
                After::Redirect(_) => "redirect",
                After::Next | After::Last | After::Break => "rewrite",
            },
            Self::Break => "rewrite",
            Self::Condition(_) => "condition",
            Self::Location(_) => "location",
            Self::Methods(_) | Self::Access { .. } | Self::Satisfy(_) | Self::Internal => "access",
            Self::Limit(_) => "limit",
            Self::Upstream(_) => "upstream",
            Self::Cache => "cache",
            Self::Body => "body",
            Self::Auth(_) => "auth",
            Self::Set(_) => "set",
            Self::Lua => "lua",
            Self::ModSecurity => "modsecurity",
            Self::ErrorPage => "error-page",
            Self::Files => "files",
            Self::Compression => "compression",
            Self::ContentType => "content-type",
            Self::Cookie => "cookie",
            Self::Mirror => "mirror",
            Self::RedirectForm => "redirect-form",
            Self::Reading => "reading",
            Self::Listening => "listening",
            Self::Definition { .. } => "definition",
            Self::Stream => "stream",
            Self::NoEffect => "no-effect",
            Self::Value => "value",
            Self::Unknown => "unknown",
        }
    }

    /// Texts with variables in it.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::RequestHeaders(headers) => headers.changes.iter().filter_map(|change| change.value.as_ref()).collect(),
            Self::ResponseHeaders(headers) => headers.changes.iter().filter_map(|change| change.value.as_ref()).collect(),
            Self::Expires(Expires::Variable(text))
            | Self::Redirect { location: text, .. }
            | Self::Answer { body: Some(text), .. }
            | Self::Limit(Limit::Bandwidth { value: text, .. })
            | Self::Upstream(Upstream::Pass { url: text, .. })
            | Self::Auth(Auth::Basic(Some(text)) | Auth::Digest(Some(text)) | Auth::Variable { value: text, .. })
            | Self::Set(Set { value: Some(text), .. }) => vec![text],
            Self::Rewrite(rewrite) => vec![&rewrite.replacement],
            Self::Condition(condition) => condition.texts(),
            Self::Expires(_)
            | Self::Answer { body: None, .. }
            | Self::Limit(_)
            | Self::Upstream(_)
            | Self::Auth(_)
            | Self::Set(Set { value: None, .. })
            | Self::Break
            | Self::Location(_)
            | Self::Methods(_)
            | Self::Access { .. }
            | Self::Satisfy(_)
            | Self::Internal
            | Self::Cache
            | Self::Body
            | Self::Lua
            | Self::ModSecurity
            | Self::ErrorPage
            | Self::Files
            | Self::Compression
            | Self::ContentType
            | Self::Cookie
            | Self::Mirror
            | Self::RedirectForm
            | Self::Reading
            | Self::Listening
            | Self::Definition { .. }
            | Self::Stream
            | Self::NoEffect
            | Self::Value
            | Self::Unknown => Vec::new(),
        }
    }
}

/// A directive as understood; as many as the snippet has directives, in the same order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Understood {
    /// Bytes of the snippet: the directive without its block.
    pub span: Range<usize>,
    /// What it does.
    pub meaning: Meaning,
    /// In words, lower case, without full stop.
    pub why: String,
}
