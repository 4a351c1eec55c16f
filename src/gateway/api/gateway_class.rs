//! GatewayClass.

use serde::{Deserialize, Serialize};

use super::{ExplicitRef, GROUP, Resource, Spec, status::ConditionsStatus};

/// Who runs the Gateways that name this class.
pub type GatewayClass = Resource<GatewayClassSpec>;

/// `spec` of a GatewayClass.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GatewayClassSpec {
    /// Name of the controller: `domain/path`.
    pub controller_name: String,
    /// Parameters of the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters_ref: Option<ExplicitRef>,
    /// At most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Spec for GatewayClassSpec {
    const GROUP: &'static str = GROUP;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "GatewayClass";
    const NAMESPACED: bool = false;
    type Status = ConditionsStatus;
}
