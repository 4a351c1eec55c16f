//! Status as controllers wrote it: read, shown, never printed.

use serde::Deserialize;

use super::ParentRef;

/// `conditions[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// For example `Accepted`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word why.
    pub reason: String,
    /// Sentence why.
    pub message: String,
    /// Generation of the object that this is about.
    pub observed_generation: Option<i64>,
    /// When it changed.
    pub last_transition_time: Option<String>,
}

/// `status` of kinds that only have conditions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConditionsStatus {
    /// Conditions.
    pub conditions: Vec<Condition>,
    /// Features of a GatewayClass.
    pub supported_features: Vec<SupportedFeature>,
}

/// `supportedFeatures[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SupportedFeature {
    /// Name of the feature.
    pub name: String,
}

/// `status` of a route: one entry for each parent and controller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RouteStatus {
    /// Entries.
    pub parents: Vec<ParentStatus>,
}

/// `status.parents[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ParentStatus {
    /// Parent as the route names it.
    pub parent_ref: ParentRef,
    /// Who wrote this.
    pub controller_name: String,
    /// Conditions.
    pub conditions: Vec<Condition>,
}

/// `status` of a policy: one entry for each ancestor and controller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PolicyStatus {
    /// Entries.
    pub ancestors: Vec<AncestorStatus>,
}

/// `status.ancestors[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AncestorStatus {
    /// Ancestor.
    pub ancestor_ref: ParentRef,
    /// Who wrote this.
    pub controller_name: String,
    /// Conditions.
    pub conditions: Vec<Condition>,
}

/// `status` of a Gateway or ListenerSet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct GatewayStatus {
    /// Addresses in use.
    pub addresses: Vec<StatusAddress>,
    /// Conditions.
    pub conditions: Vec<Condition>,
    /// One entry for each listener.
    pub listeners: Vec<ListenerStatus>,
    /// Attached ListenerSets.
    pub attached_listener_sets: Option<i64>,
}

/// `status.addresses[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct StatusAddress {
    /// `IPAddress`, `Hostname` or a vendor's word.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Address.
    pub value: String,
}

/// `status.listeners[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ListenerStatus {
    /// Name of the listener.
    pub name: String,
    /// Port, in ListenerSets of older versions.
    pub port: Option<i64>,
    /// Routes that are attached.
    pub attached_routes: i64,
    /// Conditions.
    pub conditions: Vec<Condition>,
    /// Kinds of routes that may attach.
    pub supported_kinds: Vec<RouteKindStatus>,
}

/// `supportedKinds[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct RouteKindStatus {
    /// Group.
    pub group: Option<String>,
    /// Kind.
    pub kind: String,
}
