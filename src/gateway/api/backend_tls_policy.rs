//! BackendTLSPolicy: TLS towards backends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ExplicitRef, GROUP, Resource, Spec, status::PolicyStatus};

/// How a Service is spoken to with TLS.
pub type BackendTlsPolicy = Resource<BackendTlsPolicySpec>;

/// `spec` of a BackendTLSPolicy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendTlsPolicySpec {
    /// Services.
    #[serde(default)]
    pub target_refs: Vec<PolicyTarget>,
    /// What is checked.
    pub validation: BackendValidation,
    /// Options of an implementation.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

impl Spec for BackendTlsPolicySpec {
    const GROUP: &'static str = GROUP;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "BackendTLSPolicy";
    type Status = PolicyStatus;
}

/// `targetRefs[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyTarget {
    /// Group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Name of a port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
}

/// `validation`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackendValidation {
    /// Authorities; never together with `wellKnownCACertificates`.
    #[serde(rename = "caCertificateRefs", default, skip_serializing_if = "Vec::is_empty")]
    pub ca_certificate_refs: Vec<ExplicitRef>,
    /// `System`, or from 1.5 on a vendor's word.
    #[serde(rename = "wellKnownCACertificates", skip_serializing_if = "Option::is_none")]
    pub well_known_ca_certificates: Option<String>,
    /// Server name, and the name in the certificate where `subjectAltNames` is empty.
    pub hostname: String,
    /// Names of which the certificate must have one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subject_alt_names: Vec<SubjectAltName>,
}

/// `subjectAltNames[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectAltName {
    /// `Hostname` or `URI`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Host name, for the type `Hostname`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hostname: Option<String>,
    /// URI, for the type `URI`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}
