//! A server block: one host of the rules, or one redirect between a name and its `www.` form.

use std::sync::Arc;

use super::{
    IngressId, Location,
    settings::{AuthTls, ProxyTls, VerifyClient},
};
use crate::k8s::{NamespacedName, Subject};

/// How nginx compares the name of a server with the host of a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServerName {
    /// A name, compared without regard to case.
    Exact(String),
    /// `*.suffix` with any number of labels (aliases only); the text after `*`, so with its leading dot.
    LeadingWildcard(String),
    /// `prefix.*` (aliases only); the text before `*`, so with its trailing dot.
    TrailingWildcard(String),
    /// A regular expression, without the `~`; rule hosts `*.suffix` become one that takes exactly one label.
    Regex(String),
    /// Everything that no other server takes.
    CatchAll,
}

/// An additional name by `server-alias`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alias {
    /// Text of the annotation item.
    pub text: String,
    /// What it matches.
    pub name: ServerName,
    /// The certificate of the host covers it, so that it is served for it and `ssl-redirect` works.
    pub covered: bool,
}

impl Alias {
    /// The name in lower case, with `*.` where it is a wildcard; `None` for what is neither a name nor a leading wildcard.
    pub fn hostname(&self) -> Option<String> {
        match &self.name {
            ServerName::Exact(name) => Some(name.to_ascii_lowercase()),
            ServerName::LeadingWildcard(suffix) => Some(format!("*{suffix}").to_ascii_lowercase()),
            ServerName::TrailingWildcard(_) | ServerName::Regex(_) | ServerName::CatchAll => None,
        }
    }
}

/// The certificate that is served for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Certificate {
    /// A TLS Secret.
    Secret(NamespacedName),
    /// `--default-ssl-certificate` or the self-signed one.
    Default,
}

/// Why a host has the certificate it has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsDecision {
    /// What is served.
    pub certificate: Certificate,
    /// The Ingress whose `spec.tls` decided; `None` for `_`.
    pub ingress: Option<IngressId>,
    /// The entry of `spec.tls` that was taken, or the whole section where none fitted; `None` for `_`.
    pub because: Option<Subject>,
    /// Secret that the entry names although it is not served (missing, unreadable, or not valid for the host).
    pub unusable: Option<NamespacedName>,
}

/// Client certificates of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The Ingress whose `auth-tls-*` count.
    pub ingress: IngressId,
    /// The Secret.
    pub secret: NamespacedName,
    /// What they say. Without a CA only `match_cn` has an effect.
    pub settings: Arc<AuthTls>,
}

impl ClientCertificates {
    /// Clients are asked for a certificate.
    pub fn are_asked(&self) -> bool {
        self.settings.ca && self.settings.verify != VerifyClient::Off
    }
}

/// A host of the rules.
#[derive(Debug, Clone)]
pub struct Server {
    /// Rule host as written, or `_`.
    pub host: String,
    /// How it is compared.
    pub name: ServerName,
    /// The Ingress that created it, and with it the implicit `/`; `None` for `_`.
    pub created_by: Option<IngressId>,
    /// All Ingresses with a rule for the host, in order, canaries included.
    pub ingresses: Vec<IngressId>,
    /// Additional names that nginx uses for this server.
    pub aliases: Vec<Alias>,
    /// The Ingress whose `server-alias` counts.
    pub aliases_from: Option<IngressId>,
    /// Certificate; `None` where no Ingress of the host has `spec.tls`, so that the host is not redirected by `ssl-redirect`.
    pub tls: Option<TlsDecision>,
    /// Client certificates.
    pub client_certificates: Option<ClientCertificates>,
    /// A broken `auth-tls-secret`: every path of the host is answered 403.
    pub denied: Option<IngressId>,
    /// All locations are regular expressions.
    pub regex: bool,
    /// What switched that on: Ingresses and their annotations, the first one first.
    pub regex_because: Vec<(IngressId, &'static str)>,
    /// `app-root` of the first location that has one: the location's index and the Ingress.
    pub app_root: Option<(usize, IngressId)>,
    /// `proxy-ssl-*` that locations without their own inherit.
    pub proxy_tls: Option<(IngressId, Arc<ProxyTls>)>,
    /// `ssl-passthrough` is on and the controller supports it.
    pub passthrough: Option<IngressId>,
    /// `server-snippet` with effect.
    pub snippet: Option<IngressId>,
    /// `ssl-ciphers` of the host.
    pub ssl_ciphers: Option<IngressId>,
    /// `ssl-prefer-server-ciphers` of the host.
    pub ssl_prefer_server_ciphers: Option<IngressId>,
    /// The Ingress whose `from-to-www-redirect` counts, even where the other name has its own rules.
    pub www: Option<IngressId>,
    /// Locations in match order.
    pub locations: Vec<Location>,
}

impl Server {
    /// How TLS to the backends of a location is spoken: as it says itself, or as the host does.
    pub fn proxy_tls_of<'s>(&'s self, location: &'s Location) -> Option<&'s ProxyTls> {
        location.settings.proxy_tls.as_deref().or_else(|| self.proxy_tls.as_ref().map(|(_, proxy_tls)| &**proxy_tls))
    }

    /// There is an error page for client certificates, so that those around the server are not inherited.
    pub fn has_error_page(&self) -> bool {
        self.client_certificates.as_ref().is_some_and(|found| found.settings.ca && !found.settings.error_page.is_empty())
    }
}

/// A server that answers every request with a redirect to another name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectServer {
    /// Name it listens to.
    pub from: String,
    /// Host it redirects to.
    pub to: String,
    /// Certificate of `to`, where it covers `from`.
    pub certificate: Option<Certificate>,
    /// The Ingress with `from-to-www-redirect`.
    pub ingress: IngressId,
}
