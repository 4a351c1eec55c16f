//! Groups that ask who somebody is.

use crate::k8s::NamespacedName;

use super::Given;
use crate::nginx::code::Code;

/// `auth-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BasicKind {
    /// Exactly `basic`.
    Basic,
    /// Exactly `digest`.
    Digest,
    /// Another word that contains one of the two, which nginx takes for digest.
    OtherDigest,
}

/// `auth-secret-type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SecretKind {
    /// One htpasswd file in the key `auth`.
    File,
    /// One key per user.
    Map,
}

/// Basic or digest authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicAuth {
    /// `auth-type`.
    pub kind: BasicKind,
    /// `auth-realm`, empty where absent.
    pub realm: String,
    /// Secret.
    pub secret: NamespacedName,
    /// Shape of the Secret.
    pub secret_kind: SecretKind,
    /// The Secret was not read: without it nginx refuses everybody with 503.
    pub assumed: bool,
}

impl BasicAuth {
    /// The location asks for credentials. nginx takes the realm `off` for "nobody is asked", quoted or not
    /// (`ngx_http_auth_basic_handler`), and digest without a realm asks nobody either.
    pub fn protects(&self) -> bool {
        self.realm != "off" && (self.kind == BasicKind::Basic || !self.realm.is_empty())
    }
}

/// External authentication, of an Ingress or of the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalAuth {
    /// Who gave it.
    pub given: Given,
    /// `auth-url`; may contain variables.
    pub url: String,
    /// Host part of the URL.
    pub host: String,
    /// `auth-method`, empty for GET.
    pub method: String,
    /// `auth-signin`, empty where absent.
    pub signin: String,
    /// `auth-signin-redirect-param`, `rd` where absent.
    pub signin_parameter: String,
    /// `auth-response-headers`.
    pub response_headers: Vec<String>,
    /// `auth-request-redirect`, empty where absent.
    pub request_redirect: String,
    /// `auth-cache-key`, empty where absent.
    pub cache_key: String,
    /// `auth-cache-duration`.
    pub cache_duration: Vec<String>,
    /// `auth-proxy-set-headers`: ConfigMap with headers for the authentication service.
    pub proxy_set_headers: Option<NamespacedName>,
    /// `auth-always-set-cookie`.
    pub always_set_cookie: bool,
    /// `auth-keepalive`.
    pub keepalive: i64,
    /// `auth-keepalive-requests`.
    pub keepalive_requests: i64,
    /// `auth-keepalive-timeout` in seconds.
    pub keepalive_timeout: i64,
    /// `auth-keepalive-share-vars`.
    pub keepalive_share_vars: bool,
    /// `auth-snippet` with effect.
    pub snippet: String,
    /// The same, read.
    pub code: Code,
}

/// `auth-tls-verify-client`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VerifyClient {
    /// A valid certificate is required.
    On,
    /// Nothing is asked for.
    Off,
    /// Asked for; a certificate that is presented must be valid.
    Optional,
    /// Asked for, never checked.
    OptionalNoCa,
}

/// Client certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthTls {
    /// The Secret.
    pub secret: NamespacedName,
    /// The Secret has `ca.crt`. Without it nothing is asked of clients, but `match_cn` still refuses.
    pub ca: bool,
    /// Mode.
    pub verify: VerifyClient,
    /// `auth-tls-verify-depth`; nginx refuses a negative one.
    pub depth: i64,
    /// `auth-tls-error-page`, empty where absent.
    pub error_page: String,
    /// `auth-tls-match-cn` as written, with `CN=`, empty where absent.
    pub match_cn: String,
    /// `auth-tls-pass-certificate-to-upstream`.
    pub pass_certificate: bool,
    /// The Secret was not read: without it nginx refuses everybody with 403.
    pub assumed: bool,
}
