//! Objects of implementations, written beside those of Gateway API. What stands in them is known to the implementation alone.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::Meta;
use crate::k8s::ObjectRef;

/// An object of another API group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Custom {
    /// API group.
    pub group: &'static str,
    /// Version without group.
    pub version: &'static str,
    /// Kind.
    pub kind: &'static str,
    /// Metadata.
    pub metadata: Meta,
    /// Spec, in the order in which it is written.
    pub spec: serde_json::Value,
}

impl Custom {
    /// Name of the object.
    pub fn object_ref(&self) -> ObjectRef {
        ObjectRef {
            group: self.group.to_owned(),
            kind: self.kind.to_owned(),
            namespace: self.metadata.namespace.clone(),
            name: self.metadata.name.clone(),
        }
    }

    /// `group/version`.
    pub fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }
}

impl Serialize for Custom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("apiVersion", &self.api_version())?;
        map.serialize_entry("kind", self.kind)?;
        map.serialize_entry("metadata", &self.metadata)?;
        map.serialize_entry("spec", &self.spec)?;
        map.end()
    }
}
