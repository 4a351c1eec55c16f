//! What all kinds have in common: `apiVersion`, `kind`, `metadata`, `spec`, in this order, and a status that is read but never printed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer, de::IgnoredAny, ser::SerializeMap};

use super::{Meta, read};
use crate::gateway::json::Json;
use crate::k8s::ObjectRef;

/// What makes a type the spec of a kind.
pub trait Spec: Serialize + for<'de> Deserialize<'de> + Default {
    /// API group, empty for core.
    const GROUP: &'static str;
    /// Version that is written unless the caller asks for an older one.
    const VERSION: &'static str;
    /// Kind.
    const KIND: &'static str;
    /// Whether objects live in namespaces.
    const NAMESPACED: bool = true;
    /// Status; `()` where nobody looks at it.
    type Status: for<'de> Deserialize<'de> + Default;

    /// Whether there is nothing to print.
    fn is_empty(&self) -> bool {
        false
    }
}

/// An object of the kind that `S` is the spec of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource<S: Spec> {
    /// Version without group: `v1`.
    pub version: Cow<'static, str>,
    /// Metadata.
    pub metadata: Meta,
    /// Spec.
    pub spec: S,
    /// Status as read.
    pub status: S::Status,
}

impl<S: Spec> Resource<S> {
    /// An object in the version that is written by default. The namespace of cluster-scoped kinds is dropped.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, spec: S) -> Self {
        let namespace = if S::NAMESPACED { namespace.into() } else { String::new() };
        Self { version: Cow::Borrowed(S::VERSION), metadata: Meta::new(namespace, name), spec, status: S::Status::default() }
    }

    /// The same object in another version of its group, for clusters that do not serve the default one.
    #[must_use]
    pub fn in_version(mut self, version: impl Into<Cow<'static, str>>) -> Self {
        self.version = version.into();
        self
    }

    /// Name of the object.
    pub fn object_ref(&self) -> ObjectRef {
        ObjectRef {
            group: S::GROUP.to_owned(),
            kind: S::KIND.to_owned(),
            namespace: self.metadata.namespace.clone(),
            name: self.metadata.name.clone(),
        }
    }

    /// `group/version`, or the version alone for the core group.
    pub fn api_version(&self) -> String {
        if S::GROUP.is_empty() { self.version.clone().into_owned() } else { format!("{}/{}", S::GROUP, self.version) }
    }

    pub(super) fn read(json: &Json<'_>, version: &str, issues: &mut Vec<read::Issue>) -> Option<Self> {
        let wire: Wire<S, S::Status> = read::from_json(json, issues)?;
        let Wire { api_version: _, kind: _, metadata, spec, status } = wire;
        let version = if version == S::VERSION { Cow::Borrowed(S::VERSION) } else { Cow::Owned(version.to_owned()) };
        Some(Self { version, metadata, spec, status })
    }
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "two fields are only there to be known")]
#[serde(rename_all = "camelCase", bound = "S: Deserialize<'de> + Default, T: Deserialize<'de> + Default")]
struct Wire<S, T> {
    api_version: IgnoredAny,
    kind: IgnoredAny,
    metadata: Meta,
    #[serde(default)]
    spec: S,
    #[serde(default)]
    status: T,
}

impl<S: Spec> Serialize for Resource<S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("apiVersion", &self.api_version())?;
        map.serialize_entry("kind", S::KIND)?;
        map.serialize_entry("metadata", &self.metadata)?;
        if !self.spec.is_empty() {
            map.serialize_entry("spec", &self.spec)?;
        }
        map.end()
    }
}
