//! Listeners, as Gateways and ListenerSets have them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ExplicitRef, ExternalAuth, LabelSelector, SecretRef};

/// `listeners[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listener {
    /// Name, unique in its object.
    pub name: String,
    /// Host names that it answers; every name where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// Port.
    pub port: u16,
    /// Protocol.
    pub protocol: Protocol,
    /// Certificates, for HTTPS and TLS only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<ListenerTls>,
    /// Routes that may attach; those of the same namespace where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_routes: Option<AllowedRoutes>,
    /// Filters before routing (experimental, from 1.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filters: Option<ListenerFilters>,
}

impl Listener {
    /// A plain HTTP listener.
    pub fn http(name: impl Into<String>, hostname: Option<String>, port: u16) -> Self {
        Self { name: name.into(), hostname, port, protocol: Protocol::Http, ..Self::default() }
    }

    /// An HTTPS listener that shows these certificates.
    pub fn https(name: impl Into<String>, hostname: Option<String>, port: u16, certificates: Vec<SecretRef>) -> Self {
        let tls = ListenerTls { mode: Some(TlsMode::Terminate), certificate_refs: certificates, options: BTreeMap::new() };
        Self { name: name.into(), hostname, port, protocol: Protocol::Https, tls: Some(tls), ..Self::default() }
    }

    /// A TLS listener that hands connections through by server name.
    pub fn passthrough(name: impl Into<String>, hostname: Option<String>, port: u16) -> Self {
        let tls = ListenerTls { mode: Some(TlsMode::Passthrough), ..ListenerTls::default() };
        Self { name: name.into(), hostname, port, protocol: Protocol::Tls, tls: Some(tls), ..Self::default() }
    }

    /// The same for routes of the namespaces given.
    #[must_use]
    pub fn open_to(mut self, namespaces: FromNamespaces) -> Self {
        self.allowed_routes.get_or_insert_default().namespaces = Some(namespaces);
        self
    }
}

/// Protocol of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Protocol {
    /// HTTP, and HTTP/2 without TLS where it is asked for.
    #[default]
    Http,
    /// HTTP over TLS.
    Https,
    /// TLS, by server name.
    Tls,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// A protocol of an implementation.
    Other(String),
}

impl From<String> for Protocol {
    fn from(text: String) -> Self {
        match text.as_str() {
            "HTTP" => Self::Http,
            "HTTPS" => Self::Https,
            "TLS" => Self::Tls,
            "TCP" => Self::Tcp,
            "UDP" => Self::Udp,
            _ => Self::Other(text),
        }
    }
}

impl From<Protocol> for String {
    fn from(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Http => "HTTP".to_owned(),
            Protocol::Https => "HTTPS".to_owned(),
            Protocol::Tls => "TLS".to_owned(),
            Protocol::Tcp => "TCP".to_owned(),
            Protocol::Udp => "UDP".to_owned(),
            Protocol::Other(text) => text,
        }
    }
}

/// `tls` of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerTls {
    /// Mode, `Terminate` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<TlsMode>,
    /// Certificates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub certificate_refs: Vec<SecretRef>,
    /// Options of an implementation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

/// What a listener does with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TlsMode {
    /// Ends it.
    Terminate,
    /// Hands it through.
    Passthrough,
}

/// `allowedRoutes`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedRoutes {
    /// Namespaces; the same one where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<FromNamespaces>,
    /// Kinds; those of the protocol where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<RouteKind>,
}

/// `namespaces` of allowed routes and allowed ListenerSets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "FromWire", from = "FromWire")]
pub enum FromNamespaces {
    /// Every namespace.
    All,
    /// That of the object.
    Same,
    /// None at all (ListenerSets only).
    None,
    /// Namespaces with labels.
    Selector(LabelSelector),
    /// Nothing is said: the default of the field.
    Unspecified,
}

#[derive(Clone, Serialize, Deserialize)]
struct FromWire {
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<FromWord>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selector: Option<LabelSelector>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum FromWord {
    All,
    Selector,
    Same,
    None,
}

impl From<FromNamespaces> for FromWire {
    fn from(namespaces: FromNamespaces) -> Self {
        let (from, selector) = match namespaces {
            FromNamespaces::All => (Some(FromWord::All), None),
            FromNamespaces::Same => (Some(FromWord::Same), None),
            FromNamespaces::None => (Some(FromWord::None), None),
            FromNamespaces::Selector(selector) => (Some(FromWord::Selector), Some(selector)),
            FromNamespaces::Unspecified => (None, None),
        };
        Self { from, selector }
    }
}

impl From<FromWire> for FromNamespaces {
    fn from(wire: FromWire) -> Self {
        match wire.from {
            Some(FromWord::All) => Self::All,
            Some(FromWord::Same) => Self::Same,
            Some(FromWord::None) => Self::None,
            // A selector that is absent selects nothing, which no value of the type can say; an impossible requirement can.
            Some(FromWord::Selector) => Self::Selector(wire.selector.unwrap_or_else(LabelSelector::nothing)),
            None => Self::Unspecified,
        }
    }
}

/// `allowedRoutes.kinds[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RouteKind {
    /// Group, that of the Gateway API where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
}

/// `filters` of a listener.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerFilters {
    /// Filters for requests before they are routed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<ListenerFilter>,
}

/// `filters.requests[]` of a listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerFilter {
    /// `ExternalAuth` or `ExtensionRef`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Authorization by another service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_auth: Option<ExternalAuth>,
    /// A filter of an implementation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extension_ref: Option<ExplicitRef>,
}
