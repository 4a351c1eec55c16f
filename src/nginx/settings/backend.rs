//! Groups that say how a Service is spoken to and how its endpoints are chosen.

use super::Setting;
use crate::k8s::NamespacedName;

/// `backend-protocol`, upper case as the template compares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackendProtocol {
    /// `HTTP`.
    Http,
    /// `HTTPS`, never verified without `proxy-ssl-secret`.
    Https,
    /// `AUTO_HTTP`: the scheme of the request.
    AutoHttp,
    /// `GRPC`.
    Grpc,
    /// `GRPCS`.
    Grpcs,
    /// `grpc` or `grpcs` in another letter case: spoken, but none of the header settings reach the backend.
    GrpcWithoutHeaders {
        /// With TLS.
        tls: bool,
    },
    /// `FCGI`, in any letter case.
    Fcgi,
}

impl BackendProtocol {
    /// `proxy_pass` speaks it.
    pub const fn is_proxied(self) -> bool {
        match self {
            Self::Http | Self::Https | Self::AutoHttp => true,
            Self::Grpc | Self::Grpcs | Self::GrpcWithoutHeaders { .. } | Self::Fcgi => false,
        }
    }
}

/// `affinity-canary-behavior`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum CanaryBehavior {
    /// The canary takes over the affinity of its primary.
    #[default]
    Sticky,
    /// It does not.
    Legacy,
}

/// Cookie affinity.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Affinity {
    /// `affinity-mode` is `persistent`.
    pub persistent: bool,
    /// `session-cookie-name`.
    pub name: String,
    /// `session-cookie-path`, empty for the path of the rule.
    pub path: String,
    /// `session-cookie-domain`, empty where absent.
    pub domain: String,
    /// `session-cookie-expires`, empty where absent.
    pub expires: String,
    /// `session-cookie-max-age`, empty where absent.
    pub max_age: String,
    /// `session-cookie-samesite`, empty where absent.
    pub same_site: String,
    /// `session-cookie-conditional-samesite-none`.
    pub conditional_same_site_none: bool,
    /// `session-cookie-secure` is true.
    pub secure: bool,
    /// `session-cookie-change-on-failure`.
    pub change_on_failure: bool,
}

/// Choice of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadBalancing {
    /// `load-balance`, empty for `round_robin`.
    pub algorithm: Setting<String>,
    /// `upstream-hash-by`, empty where absent; may contain variables.
    pub hash_by: String,
    /// `upstream-hash-by-subset`.
    pub subset: bool,
    /// `upstream-hash-by-subset-size`.
    pub subset_size: i64,
    /// `service-upstream`.
    pub service_upstream: Setting<bool>,
}

/// A copy of each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirror {
    /// `mirror-target`; empty where it is invalid, and then the copy is routed inside the same host.
    pub target: String,
    /// `mirror-host`.
    pub host: String,
    /// `mirror-request-body` is not `off`.
    pub body: bool,
}

/// `FastCGI`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fastcgi {
    /// `fastcgi-index`.
    pub index: String,
    /// `fastcgi-params-configmap`.
    pub params: Option<NamespacedName>,
}

/// TLS towards the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ProxyTls {
    /// `proxy-ssl-secret`.
    pub secret: NamespacedName,
    /// The Secret has `ca.crt`.
    pub has_ca: bool,
    /// The Secret has a client certificate.
    pub has_certificate: bool,
    /// `proxy-ssl-ciphers`.
    pub ciphers: String,
    /// `proxy-ssl-protocols`.
    pub protocols: String,
    /// `proxy-ssl-name`, empty where absent.
    pub name: String,
    /// `proxy-ssl-verify` is `on`.
    pub verify: bool,
    /// `proxy-ssl-verify-depth`.
    pub depth: i64,
    /// `proxy-ssl-server-name` is `on`.
    pub server_name: bool,
}
