//! Namespace.

use serde::{Deserialize, Serialize};

use super::{Resource, Spec};

/// A namespace.
pub type Namespace = Resource<NamespaceSpec>;

/// `spec` of a Namespace, of which nothing is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamespaceSpec {}

impl Spec for NamespaceSpec {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Namespace";
    const NAMESPACED: bool = false;
    type Status = ();

    fn is_empty(&self) -> bool {
        true
    }
}
