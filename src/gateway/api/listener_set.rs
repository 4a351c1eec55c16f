//! ListenerSet: listeners that a team adds to a Gateway from its own namespace.

use serde::{Deserialize, Serialize};

use super::{GROUP, Listener, ParentRef, Resource, Spec, status::GatewayStatus};

/// More listeners for a Gateway.
pub type ListenerSet = Resource<ListenerSetSpec>;

/// `spec` of a ListenerSet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListenerSetSpec {
    /// The Gateway.
    pub parent_ref: ParentRef,
    /// Listeners.
    #[serde(default)]
    pub listeners: Vec<Listener>,
}

impl Spec for ListenerSetSpec {
    const GROUP: &'static str = GROUP;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "ListenerSet";
    type Status = GatewayStatus;
}
