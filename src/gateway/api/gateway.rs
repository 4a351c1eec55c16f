//! Gateway.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ExplicitRef, FromNamespaces, GROUP, Listener, Resource, SecretRef, Spec, status::GatewayStatus};

/// A proxy and its listeners.
pub type Gateway = Resource<GatewaySpec>;

/// `spec` of a Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewaySpec {
    /// Class, and with it the implementation.
    pub gateway_class_name: String,
    /// Requested addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<Address>,
    /// What the implementation makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub infrastructure: Option<Box<Infrastructure>>,
    /// Listeners.
    #[serde(default)]
    pub listeners: Vec<Listener>,
    /// ListenerSets that may attach; none where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed_listeners: Option<AllowedListeners>,
    /// Certificates of clients, and ours towards backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Box<GatewayTls>>,
    /// Whether routes without parents attach (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_scope: Option<String>,
}

impl Spec for GatewaySpec {
    const GROUP: &'static str = GROUP;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Gateway";
    type Status = GatewayStatus;
}

/// `addresses[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// `IPAddress` where absent.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Address; whatever is free where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Who can reach it (experimental, from 1.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub routability: Option<String>,
}

/// `infrastructure`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Infrastructure {
    /// Labels of what is made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations of what is made.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Parameters of the implementation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<ExplicitRef>,
}

/// `allowedListeners`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllowedListeners {
    /// Namespaces of the ListenerSets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<FromNamespaces>,
}

/// `tls` of a Gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayTls {
    /// Towards clients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frontend: Option<FrontendTls>,
    /// Towards backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend: Option<BackendTls>,
}

/// `tls.backend`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTls {
    /// Certificate that is shown to backends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_certificate_ref: Option<SecretRef>,
}

/// `tls.frontend`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FrontendTls {
    /// For ports that `perPort` does not name.
    pub default: FrontendTlsConfig,
    /// For single ports.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub per_port: Vec<PortTls>,
}

/// `tls.frontend.perPort[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortTls {
    /// Port.
    pub port: u16,
    /// What holds there.
    pub tls: FrontendTlsConfig,
}

/// What is asked of clients.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrontendTlsConfig {
    /// Client certificates; none are asked for where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation: Option<ClientValidation>,
}

/// `validation` of client certificates.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientValidation {
    /// Authorities.
    #[serde(default)]
    #[serde(rename = "caCertificateRefs")]
    pub ca_certificate_refs: Vec<ExplicitRef>,
    /// `AllowValidOnly` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<ValidationMode>,
}

/// What happens to clients without a valid certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ValidationMode {
    /// They are refused.
    AllowValidOnly,
    /// They get in.
    AllowInsecureFallback,
}
