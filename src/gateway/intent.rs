//! What an Ingress wants and core Gateway API cannot say. Every target answers every intent: with a filter, a policy, or a reason.

/// What is known of the passwords of a Secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Users {
    /// The key `.htpasswd` has `{SHA}` hashes only.
    Ready,
    /// The key `auth` has `{SHA}` hashes only.
    Sha,
    /// There are other hashes.
    Others,
    /// Each user has a key of its own.
    Map,
    /// Nobody read them.
    Unknown,
}

/// A request to an authentication service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct AuthRequest {
    /// Service behind the URL, `namespace/name` and port, where it is one of the cluster.
    pub service: Option<(String, u16)>,
    /// Path and query that are asked for; `None` where they depend on the request.
    pub path: Option<String>,
    /// Where a 401 is redirected to; empty for nowhere.
    pub signin: String,
    /// Query parameter of the sign-in that gets the original URL.
    pub signin_parameter: String,
    /// Headers of the answer that are sent to the backend.
    pub response_headers: Vec<String>,
    /// What of it a policy may have no field for, as names of annotations.
    pub extras: Vec<&'static str>,
}

impl AuthRequest {
    /// The query of the sign-in page, empty where it has none.
    pub fn signin_query(&self) -> &str {
        self.signin.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default())
    }

    /// The sign-in itself names where it leads back to, so that nginx appends nothing (`buildAuthSignURL` in template.go).
    pub fn names_return(&self) -> bool {
        self.signin_query()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .any(|(name, value)| name == self.signin_parameter && !value.is_empty())
    }
}

/// Cookie of a session.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct SessionCookie {
    /// `Path`.
    pub path: String,
    /// `Domain`.
    pub domain: String,
    /// Seconds; empty for the session of the browser.
    pub max_age: String,
    /// `SameSite`.
    pub same_site: String,
    /// `Secure`.
    pub secure: bool,
}

/// CORS. A star stands for everything in lists, and for one label in origins.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct CorsWish {
    /// Origins.
    pub origins: Vec<String>,
    /// Methods.
    pub methods: Vec<String>,
    /// Request headers.
    pub headers: Vec<String>,
    /// Response headers.
    pub expose: Vec<String>,
    /// Credentials.
    pub credentials: bool,
    /// Seconds.
    pub max_age: u32,
}

/// What is buffered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Buffers {
    /// Whether answers are read as a whole before they are passed on.
    Responses,
    /// Whether requests are read as a whole before they are passed on.
    Requests,
    /// Room for the head of an answer.
    Head,
    /// How much is kept in memory, and how much on disk.
    Memory,
}

/// Text of an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Body {
    /// The text, written as the target takes it.
    pub text: String,
    /// Its type.
    pub content_type: String,
}

/// Unit of a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Per {
    /// A second.
    Second,
    /// A minute.
    Minute,
}

/// Requests of one client by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate {
    /// So many, at least one.
    pub requests: u64,
    /// In this time.
    pub per: Per,
    /// Requests above the rate that are not refused.
    pub burst: u64,
    /// How many of those are let through at once while the others wait; `None` for all.
    pub at_once: Option<u64>,
}

impl Rate {
    /// Requests above the rate have to wait.
    pub fn delays(&self) -> bool {
        self.at_once.is_some_and(|at_once| at_once < self.burst)
    }
}

/// What nginx waits for in silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Waits {
    /// Between two pieces of an answer.
    ForAnswer,
    /// Between two pieces of a request that a backend takes.
    ForRequest,
}

/// Seconds of silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Silence {
    /// Seconds.
    pub seconds: u64,
    /// Seconds in the other direction.
    pub other: u64,
    /// The direction.
    pub waits: Waits,
}

impl Silence {
    /// Seconds after which nothing passes in either direction: where one time counts for both, none of them is cut short.
    pub fn longest(&self) -> u64 {
        self.seconds.max(self.other)
    }
}

/// A wish without a core field. The variants carry what a policy would need.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Intent {
    /// Only some client addresses, or all but some. Networks as text.
    AddressLists {
        /// Allowed networks; empty allows all.
        allow: Vec<String>,
        /// Denied networks.
        deny: Vec<String>,
    },
    /// HTTP Basic authentication by a Secret `namespace/name`.
    BasicAuth {
        /// Secret with an htpasswd file.
        secret: String,
        /// Realm.
        realm: String,
        /// What is known of the passwords.
        users: Users,
        /// How many keys the Secret has, where it was read.
        keys: Option<usize>,
    },
    /// HTTP Digest authentication.
    DigestAuth {
        /// Secret.
        secret: String,
    },
    /// An authentication service is asked first.
    ExternalAuth {
        /// Its URL.
        url: String,
        /// The controller's ConfigMap asks for it, not the Ingress.
        global: bool,
        /// What is asked.
        asks: Box<AuthRequest>,
    },
    /// Client certificates of a host.
    ClientCertificates {
        /// Secret with the authorities, `namespace/name`.
        secret: String,
        /// Clients without a certificate are refused.
        required: bool,
        /// Certificates are looked at: those that no authority signed are refused.
        checked: bool,
        /// What else is asked, as names of annotations.
        extras: Vec<&'static str>,
    },
    /// Bodies above this size are refused; `None` lifts every limit.
    BodyLimit {
        /// Bytes.
        bytes: Option<u64>,
    },
    /// Requests or connections per client address.
    RateLimit {
        /// Limits by rate, each of which counts.
        rates: Vec<Rate>,
        /// Connections; 0 for no limit.
        connections: u64,
        /// Networks that are not limited.
        exempt: Vec<String>,
        /// Status of refused requests, where it is another than that of the controller.
        status: Option<u16>,
    },
    /// Bytes per second to the client.
    Bandwidth {
        /// Bytes a second of one answer.
        rate: u64,
        /// Bytes that come before.
        after: u64,
    },
    /// Everybody is refused with this status, as today.
    Refuse {
        /// Status.
        status: u16,
    },
    /// Everybody is answered with this status and these headers, whose values are written as the target takes them.
    Answer {
        /// Status.
        status: u16,
        /// Headers of the answer.
        headers: Vec<(String, String)>,
        /// What it says.
        body: Option<Body>,
    },
    /// A redirect to a URL whose own query counts, or with headers of its own, all written as the target takes them.
    FixedRedirect {
        /// The URL.
        url: String,
        /// Status.
        status: u16,
        /// Headers of the answer.
        headers: Vec<(String, String)>,
    },
    /// The path sent upstream is made of captured text.
    RegexRewrite {
        /// Expression, as nginx reads it.
        pattern: String,
        /// Template.
        target: String,
    },
    /// Requests of one client stay with one endpoint.
    SessionAffinity {
        /// Cookie.
        cookie: String,
        /// Its attributes.
        attributes: SessionCookie,
    },
    /// How endpoints are chosen.
    LoadBalancing {
        /// Algorithm, or the text that is hashed.
        by: String,
        /// It is a text that is hashed.
        hashed: bool,
    },
    /// Buffers for requests and answers.
    Buffering {
        /// Which.
        what: Buffers,
        /// The value as nginx takes it.
        value: String,
    },
    /// Seconds of silence, and to connect.
    Timeouts {
        /// To connect.
        connect: Option<u64>,
        /// Of silence.
        idle: Option<Silence>,
    },
    /// Which failures are tried again.
    Retry {
        /// Conditions in the words of nginx.
        conditions: String,
        /// How often a request is sent at most; 0 for no limit.
        tries: u64,
        /// For how many seconds; 0 for no limit.
        seconds: u64,
    },
    /// Errors are answered by another Service.
    ErrorPages,
    /// Errors are answered with another status, by a page without content.
    ErrorStatus {
        /// Statuses that are replaced.
        codes: Vec<u16>,
        /// Status of the page.
        status: u16,
        /// Answers of backends are replaced too.
        of_backends: bool,
    },
    /// Domain or path of cookies in answers is changed.
    CookieRewrite,
    /// Location headers of backends are changed.
    LocationRewrite,
    /// A copy of each request.
    Mirror {
        /// Where to.
        target: String,
    },
    /// A web application firewall.
    Firewall,
    /// Traces.
    Tracing,
    /// Access and rewrite logs.
    AccessLog,
    /// nginx text.
    Snippet,
    /// Cipher suites of a host.
    Ciphers {
        /// List as OpenSSL takes it; empty for that of the controller.
        list: String,
        /// The order of the list counts more than that of the client; `None` where nobody says so, and then it does.
        prefer_server: Option<bool>,
    },
    /// Backends that speak FastCGI.
    Fastcgi,
    /// Backends that speak gRPC.
    Grpc,
    /// Backends that speak TLS.
    BackendTls,
    /// Connection header towards the backend.
    ConnectionHeader,
    /// HTTP version towards the backend.
    BackendHttpVersion,
    /// The TLS connection goes to the backend as it is.
    Passthrough,
    /// Requests go to the address of the Service, not to its endpoints.
    ServiceAddress,
    /// CORS, where the filter of core is refused.
    Cors(Box<CorsWish>),
    /// A header or path that is made of variables.
    Variables {
        /// Text with variables.
        text: String,
    },
}

impl Intent {
    /// Without an answer, requests would reach what they must not reach.
    pub const fn is_access_control(&self) -> bool {
        match self {
            Self::AddressLists { .. }
            | Self::BasicAuth { .. }
            | Self::DigestAuth { .. }
            | Self::ExternalAuth { .. }
            | Self::ClientCertificates { .. }
            | Self::Firewall => true,
            Self::BodyLimit { .. }
            | Self::RateLimit { .. }
            | Self::Bandwidth { .. }
            | Self::FixedRedirect { .. }
            | Self::Refuse { .. }
            | Self::Answer { .. }
            | Self::RegexRewrite { .. }
            | Self::SessionAffinity { .. }
            | Self::LoadBalancing { .. }
            | Self::Buffering { .. }
            | Self::Timeouts { .. }
            | Self::Retry { .. }
            | Self::ErrorPages
            | Self::ErrorStatus { .. }
            | Self::CookieRewrite
            | Self::LocationRewrite
            | Self::Mirror { .. }
            | Self::Tracing
            | Self::AccessLog
            | Self::Snippet
            | Self::Ciphers { .. }
            | Self::Fastcgi
            | Self::Grpc
            | Self::BackendTls
            | Self::ConnectionHeader
            | Self::BackendHttpVersion
            | Self::Passthrough
            | Self::ServiceAddress
            | Self::Cors(_)
            | Self::Variables { .. } => false,
        }
    }
}

impl Intent {
    /// One of each, under the name of what people want, for tables of what a target keeps.
    pub fn samples() -> Vec<(&'static str, Self)> {
        let text = |text: &str| text.to_owned();
        let rate = Rate { requests: 5, per: Per::Second, burst: 25, at_once: None };
        let asks = AuthRequest { service: Some((text("auth/auth"), 80)), path: Some(text("/check")), ..AuthRequest::default() };
        vec![
            ("client addresses", Self::AddressLists { allow: vec![text("10.0.0.0/8")], deny: Vec::new() }),
            ("passwords (SHA)", Self::BasicAuth { secret: text("a/b"), realm: String::new(), users: Users::Ready, keys: Some(1) }),
            (
                "passwords (other hashes)",
                Self::BasicAuth { secret: text("a/b"), realm: String::new(), users: Users::Others, keys: Some(1) },
            ),
            ("digest authentication", Self::DigestAuth { secret: text("a/b") }),
            ("authentication service", Self::ExternalAuth { url: text("http://auth.auth.svc/check"), global: false, asks: Box::new(asks) }),
            ("client certificates", Self::ClientCertificates { secret: text("a/b"), required: true, checked: true, extras: Vec::new() }),
            ("web application firewall", Self::Firewall),
            ("body limit", Self::BodyLimit { bytes: Some(1 << 20) }),
            ("rate limit", Self::RateLimit { rates: vec![rate], connections: 0, exempt: Vec::new(), status: None }),
            ("connection limit", Self::RateLimit { rates: Vec::new(), connections: 5, exempt: Vec::new(), status: None }),
            ("bandwidth", Self::Bandwidth { rate: 1024, after: 0 }),
            ("refusal of everybody", Self::Refuse { status: 503 }),
            ("redirect with a query", Self::FixedRedirect { url: text("https://a.test/?b"), status: 301, headers: Vec::new() }),
            ("rewrite with captures", Self::RegexRewrite { pattern: text("/a/([^/]+)/(.*)"), target: text("/$2/$1") }),
            ("session affinity", Self::SessionAffinity { cookie: text("route"), attributes: SessionCookie::default() }),
            ("hash of a header", Self::LoadBalancing { by: text("$http_x_user"), hashed: true }),
            ("load balancing", Self::LoadBalancing { by: text("ewma"), hashed: false }),
            ("buffering of answers", Self::Buffering { what: Buffers::Responses, value: text("on") }),
            ("timeouts", Self::Timeouts { connect: Some(5), idle: Some(Silence { seconds: 60, other: 60, waits: Waits::ForAnswer }) }),
            ("retries", Self::Retry { conditions: text("error timeout"), tries: 3, seconds: 0 }),
            ("error pages", Self::ErrorPages),
            ("cookie rewrite", Self::CookieRewrite),
            ("Location rewrite", Self::LocationRewrite),
            ("mirror", Self::Mirror { target: text("http://a.test") }),
            ("traces", Self::Tracing),
            ("access log", Self::AccessLog),
            ("ciphers", Self::Ciphers { list: text("ECDHE-RSA-AES128-GCM-SHA256"), prefer_server: None }),
            ("address of the Service", Self::ServiceAddress),
            ("TLS to backends, unverified", Self::BackendTls),
            ("snippets", Self::Snippet),
            ("CORS beside core", Self::Cors(Box::new(CorsWish { origins: vec![text("https://a.test")], ..CorsWish::default() }))),
        ]
    }
}
