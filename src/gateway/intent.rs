//! What an Ingress wants and core Gateway API cannot say. Every target answers every intent: with a filter, a policy, or a reason.

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
    },
    /// Client certificates of a host.
    ClientCertificates {
        /// Secret with the authorities, `namespace/name`.
        secret: String,
    },
    /// Bodies above this size are refused; `None` lifts every limit.
    BodyLimit {
        /// Bytes.
        bytes: Option<u64>,
    },
    /// Requests or connections per client address.
    RateLimit,
    /// Bytes per second to the client.
    Bandwidth,
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
    },
    /// How endpoints are chosen.
    LoadBalancing {
        /// Algorithm, or the text that is hashed.
        by: String,
    },
    /// Buffers for requests and answers.
    Buffering,
    /// Seconds of silence, and to connect.
    Timeouts,
    /// Which failures are tried again.
    Retry,
    /// Errors are answered by another Service.
    ErrorPages,
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
    Ciphers,
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
            | Self::RateLimit
            | Self::Bandwidth
            | Self::RegexRewrite { .. }
            | Self::SessionAffinity { .. }
            | Self::LoadBalancing { .. }
            | Self::Buffering
            | Self::Timeouts
            | Self::Retry
            | Self::ErrorPages
            | Self::CookieRewrite
            | Self::LocationRewrite
            | Self::Mirror { .. }
            | Self::Tracing
            | Self::AccessLog
            | Self::Snippet
            | Self::Ciphers
            | Self::Fastcgi
            | Self::Grpc
            | Self::BackendTls
            | Self::ConnectionHeader
            | Self::BackendHttpVersion
            | Self::Passthrough
            | Self::ServiceAddress
            | Self::Variables { .. } => false,
        }
    }
}
