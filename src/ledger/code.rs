//! Codes of findings. Titles, severities and advice are data: `annotation-maps/findings/<area>.yaml`, one entry a code.

use std::{fmt, str::FromStr};

macro_rules! codes {
    ($($variant:ident = $text:literal,)*) => {
        /// What a finding is about: `area/what-is-true`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "the text of each code is in annotation-maps/findings")]
        pub enum Code {
            $($variant,)*
        }

        impl Code {
            /// All codes, in the order of the source.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// `area/what-is-true`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

// One line a code; keep areas together.
codes! {
    InputBrokenDocument = "input/broken-document",
    AccessAddressLists = "access/address-lists",
    AccessBasicAuth = "access/basic-auth",
    AccessClientCertificates = "access/client-certificates",
    AccessDigestAuth = "access/digest-auth",
    AccessExternalAuth = "access/external-auth",
    AccessFirewall = "access/firewall",
    AccessGlobalAuth = "access/global-auth",
    AccessHostDenied = "access/host-denied",
    AccessLocationDenied = "access/location-denied",
    BackendExternalName = "backend/external-name",
    BackendFastcgi = "backend/fastcgi",
    BackendGone = "backend/gone",
    BackendGrpc = "backend/grpc",
    BackendMissingPort = "backend/missing-port",
    BackendMissingService = "backend/missing-service",
    BackendNamedPort = "backend/named-port",
    BackendTls = "backend/tls",
    CanaryHeaderName = "canary/header-name",
    CanaryNeedsRegex = "canary/needs-regex",
    CorsMethodUnsayable = "cors/method-unsayable",
    CorsNotKept = "cors/not-kept",
    CorsOriginUnsayable = "cors/origin-unsayable",
    CorsOriginWidens = "cors/origin-widens",
    DefaultBodyLimit = "default/body-limit",
    DefaultForwardedHeaders = "default/forwarded-headers",
    DefaultTimeouts = "default/timeouts",
    GatewayClassPlaceholder = "gateway/class-placeholder",
    GatewayClassUnknown = "gateway/class-unknown",
    GatewayNamespaceLabel = "gateway/namespace-label",
    HeaderHostUnsayable = "header/host-unsayable",
    HeaderVariables = "header/variables",
    HostAliasUnsayable = "host/alias-unsayable",
    HostUnsayable = "host/unsayable",
    HostWildcardWidens = "host/wildcard-widens",
    PathNeedsCaselessRegex = "path/needs-caseless-regex",
    PathNeedsPcre = "path/needs-pcre",
    PathRegexBesidePrefix = "path/regex-beside-prefix",
    PathRegexTightened = "path/regex-tightened",
    PathTooLong = "path/too-long",
    PolicyAccessLog = "policy/access-log",
    PolicyBackendHttpVersion = "policy/backend-http-version",
    PolicyBandwidth = "policy/bandwidth",
    PolicyBodyLimit = "policy/body-limit",
    PolicyBuffering = "policy/buffering",
    PolicyCiphers = "policy/ciphers",
    PolicyConnectionHeader = "policy/connection-header",
    PolicyCookieRewrite = "policy/cookie-rewrite",
    PolicyErrorPages = "policy/error-pages",
    PolicyLoadBalancing = "policy/load-balancing",
    PolicyLocationRewrite = "policy/location-rewrite",
    PolicyMirror = "policy/mirror",
    PolicyRateLimit = "policy/rate-limit",
    PolicyRetry = "policy/retry",
    PolicyServiceAddress = "policy/service-address",
    PolicySessionAffinity = "policy/session-affinity",
    PolicySnippet = "policy/snippet",
    PolicyTimeouts = "policy/timeouts",
    PolicyTracing = "policy/tracing",
    RedirectAbsolute = "redirect/absolute",
    RedirectPortDropped = "redirect/port-dropped",
    RedirectQueryKept = "redirect/query-kept",
    RedirectTrailingSlash = "redirect/trailing-slash",
    RedirectUnsayable = "redirect/unsayable",
    RewriteNeedsCaptures = "rewrite/needs-captures",
    TlsNoCertificate = "tls/no-certificate",
    TlsPassthrough = "tls/passthrough",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no finding has the code `{0}`")]
pub struct UnknownCode(String);

impl FromStr for Code {
    type Err = UnknownCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}
