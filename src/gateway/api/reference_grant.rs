//! ReferenceGrant: who may refer to objects of this namespace.

use serde::{Deserialize, Serialize};

use super::{GROUP, Resource, Spec};

/// Permission for references from other namespaces.
pub type ReferenceGrant = Resource<ReferenceGrantSpec>;

/// `spec` of a ReferenceGrant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReferenceGrantSpec {
    /// Who may refer.
    #[serde(default)]
    pub from: Vec<GrantFrom>,
    /// To what.
    #[serde(default)]
    pub to: Vec<GrantTo>,
}

impl Spec for ReferenceGrantSpec {
    const GROUP: &'static str = GROUP;
    // Every version of the Gateway API serves v1beta1; v1 came with 1.5.
    const VERSION: &'static str = "v1beta1";
    const KIND: &'static str = "ReferenceGrant";
    type Status = ();
}

/// `from[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GrantFrom {
    /// Group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Namespace.
    pub namespace: String,
}

/// `to[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GrantTo {
    /// Group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name; every object of the kind where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
