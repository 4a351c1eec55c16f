//! What the annotations of one Ingress mean, ConfigMap and defaults already merged in: one field per annotation group.
//!
//! INVARIANT: a value here is the one that takes effect in nginx. A value that its validator refused has already had its
//! consequence: it is the default, its group is absent, the Ingress is denied (`denied`), or the Ingress is not here at all.

mod access;
mod auth;
mod backend;
mod proxy;
mod routing;
mod value;

use std::sync::Arc;

use super::code::Code;

pub use access::{AddressLists, Cidr, RateLimits, Satisfy};
pub use auth::{AuthTls, BasicAuth, BasicKind, ExternalAuth, SecretKind, VerifyClient};
pub use backend::{Affinity, BackendProtocol, CanaryBehavior, Fastcgi, LoadBalancing, Mirror, ProxyTls};
pub use proxy::{Buffering, NextUpstream, Proxy, ProxyRedirect, Timeouts};
pub use routing::{Canary, Cors, CustomHeaders, ErrorPages, FixedRedirect, Redirect, Rewrite, SnippetRefusal, SnippetUnless, Snippets};
pub use value::{Given, Setting};

/// Why every location of an Ingress answers 503.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denied {
    /// The annotation, without prefix.
    pub annotation: &'static str,
    /// What is wrong with it, without full stop.
    pub why: String,
}

/// Settings of TLS towards the client, per host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServerTls {
    /// `ssl-ciphers`, empty for the controller's.
    pub ciphers: String,
    /// `ssl-prefer-server-ciphers`.
    pub prefer_server_ciphers: Option<bool>,
    /// `ssl-passthrough`.
    pub passthrough: bool,
}

/// Settings that change logs, metrics, firewalls and traces only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observability {
    /// `enable-access-log`.
    pub access_log: Setting<bool>,
    /// `enable-rewrite-log`.
    pub rewrite_log: Setting<bool>,
    /// `enable-opentelemetry`.
    pub opentelemetry: Option<bool>,
    /// `opentelemetry-operation-name`.
    pub opentelemetry_operation: String,
    /// `opentelemetry-trust-incoming-span`.
    pub opentelemetry_trust: Option<bool>,
}

/// `enable-modsecurity` and its companions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModSecurity {
    /// `enable-modsecurity`, with the ConfigMap merged in.
    pub enabled: bool,
    /// The annotation says something.
    pub given: bool,
    /// `enable-owasp-core-rules`, with the ConfigMap merged in.
    pub core_rules: bool,
    /// `modsecurity-transaction-id`.
    pub transaction_id: String,
    /// `modsecurity-snippet` with effect.
    pub snippet: String,
    /// The same, read.
    pub code: Code,
}

/// Everything an Ingress can say by annotation. Large groups are shared with the defaults where no annotation changes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `rewrite-target`, `use-regex`, `app-root`, `ssl-redirect`, `force-ssl-redirect`, `preserve-trailing-slash`, `use-port-in-redirects`.
    pub rewrite: Rewrite,
    /// `temporal-redirect`, `permanent-redirect`, their codes, `from-to-www-redirect`, `relative-redirects`.
    pub redirect: Redirect,
    /// `canary` and `canary-*`; `None` unless `canary` is true.
    pub canary: Option<Arc<Canary>>,
    /// `enable-cors` and `cors-*`; `None` unless `enable-cors` is true.
    pub cors: Option<Arc<Cors>>,
    /// `allowlist-source-range`, `denylist-source-range`, `satisfy`.
    pub addresses: Arc<AddressLists>,
    /// `limit-*`.
    pub limits: Option<Arc<RateLimits>>,
    /// `auth-type`, `auth-secret`, `auth-secret-type`, `auth-realm`.
    pub basic_auth: Option<Arc<BasicAuth>>,
    /// `auth-url` and its companions.
    pub external_auth: Option<Arc<ExternalAuth>>,
    /// `enable-global-auth`: the controller's external authentication applies (unless `external_auth` takes its place).
    pub global_auth: Setting<bool>,
    /// `auth-tls-*`; `None` without a Secret that has a CA.
    pub auth_tls: Option<Arc<AuthTls>>,
    /// `proxy-ssl-*`; `None` without `proxy-ssl-secret`.
    pub proxy_tls: Option<Arc<ProxyTls>>,
    /// `backend-protocol`.
    pub protocol: Setting<BackendProtocol>,
    /// `proxy-*` and `client-body-buffer-size`.
    pub proxy: Arc<Proxy>,
    /// `connection-proxy-header`, empty where absent.
    pub connection_header: String,
    /// `upstream-vhost`, empty where absent; may contain variables.
    pub upstream_host: String,
    /// `x-forwarded-prefix`, empty where absent; may contain `$1` and variables. Sent only together with a rewrite.
    pub forwarded_prefix: String,
    /// `custom-headers`.
    pub custom_headers: Option<Arc<CustomHeaders>>,
    /// `custom-http-errors`, `disable-proxy-intercept-errors`.
    pub errors: ErrorPages,
    /// `default-backend`: name of a Service of the namespace, empty where absent.
    pub default_backend: String,
    /// `server-alias`, sorted.
    pub aliases: Vec<String>,
    /// `affinity`, `affinity-mode`, `session-cookie-*`; `None` unless `affinity` is `cookie`.
    pub affinity: Option<Arc<Affinity>>,
    /// `affinity-canary-behavior`.
    pub canary_behavior: CanaryBehavior,
    /// `load-balance`, `upstream-hash-by*`, `service-upstream`.
    pub balancing: Arc<LoadBalancing>,
    /// `mirror-*`.
    pub mirror: Option<Arc<Mirror>>,
    /// `fastcgi-*`.
    pub fastcgi: Option<Arc<Fastcgi>>,
    /// `ssl-ciphers`, `ssl-prefer-server-ciphers`, `ssl-passthrough`.
    pub server_tls: ServerTls,
    /// `enable-modsecurity` and its companions.
    pub modsecurity: Arc<ModSecurity>,
    /// Logs and traces.
    pub observability: Arc<Observability>,
    /// `http2-push-preload`, which has no effect.
    pub http2_push_preload: bool,
    /// Snippets with effect (`allow-snippet-annotations`).
    pub snippets: Option<Arc<Snippets>>,
    /// Every location of the Ingress answers 503.
    pub denied: Option<Arc<Denied>>,
    /// The hosts of the Ingress answer 403: `auth-tls-secret` is broken.
    pub host_denied: Option<Arc<Denied>>,
}

impl Settings {
    /// The Ingress is a canary.
    pub fn is_canary(&self) -> bool {
        self.canary.is_some()
    }

    /// `rewrite-target` changes something for a location of this text.
    pub fn rewrites(&self, path: &str) -> bool {
        !self.rewrite.target.is_empty() && self.rewrite.target != path
    }
}
