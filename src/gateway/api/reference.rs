//! References to other objects. Absent group and kind have defaults, which the accessors give and nobody prints.

use serde::{Deserialize, Serialize};

/// Group of the Gateway API.
pub const GROUP: &str = "gateway.networking.k8s.io";

/// `parentRefs[]`: the Gateway, ListenerSet or Service that a route attaches to.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ParentRef {
    /// Group, `gateway.networking.k8s.io` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind, `Gateway` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name.
    pub name: String,
    /// Namespace, that of the route where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Name of a listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section_name: Option<String>,
    /// Port of a listener.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

impl ParentRef {
    /// A listener of a Gateway in another namespace or the same one.
    pub fn gateway(namespace: impl Into<String>, name: impl Into<String>, listener: Option<String>) -> Self {
        Self { name: name.into(), namespace: Some(namespace.into()), section_name: listener, ..Self::default() }
    }

    /// An entry of a ListenerSet.
    pub fn listener_set(namespace: impl Into<String>, name: impl Into<String>, listener: Option<String>) -> Self {
        Self { kind: Some("ListenerSet".to_owned()), ..Self::gateway(namespace, name, listener) }
    }

    /// Group with its default.
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or(GROUP)
    }

    /// Kind with its default.
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("Gateway")
    }
}

/// A reference to a backend without weight: mirrors and authorization services.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackendObjectRef {
    /// Group, core where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind, `Service` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name.
    pub name: String,
    /// Namespace, that of the route where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Port; a Service needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

impl BackendObjectRef {
    /// A port of a Service in the namespace of the route.
    pub fn service(name: impl Into<String>, port: u16) -> Self {
        Self { name: name.into(), port: Some(port), ..Self::default() }
    }

    /// Group with its default.
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or_default()
    }

    /// Kind with its default.
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("Service")
    }
}

/// `backendRefs[]` of TLS, TCP and UDP routes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackendRef {
    /// Group, core where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind, `Service` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name.
    pub name: String,
    /// Namespace, that of the route where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Port; a Service needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Share of the requests, 0 to 1 000 000; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
}

impl BackendRef {
    /// A port of a Service in the namespace of the route.
    pub fn service(name: impl Into<String>, port: u16) -> Self {
        Self { name: name.into(), port: Some(port), ..Self::default() }
    }

    /// What it points at, without its weight.
    pub fn target(&self) -> BackendObjectRef {
        let Self { group, kind, name, namespace, port, weight: _ } = self.clone();
        BackendObjectRef { group, kind, name, namespace, port }
    }

    /// Weight with its default.
    pub fn weight(&self) -> u32 {
        self.weight.unwrap_or(1)
    }
}

/// `backendRefs[]` of HTTP and gRPC routes, whose filters are those of rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound(deserialize = "F: Deserialize<'de>"))]
pub struct FilteredBackendRef<F> {
    /// Group, core where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind, `Service` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name.
    pub name: String,
    /// Namespace, that of the route where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Port; a Service needs one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Share of the requests, 0 to 1 000 000; 1 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u32>,
    /// Filters for requests that go to this backend.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<F>,
}

impl<F> FilteredBackendRef<F> {
    /// A port of a Service in the namespace of the route.
    pub fn service(name: impl Into<String>, port: u16) -> Self {
        BackendObjectRef::service(name, port).into()
    }

    /// The same with a share of the requests.
    #[must_use]
    pub fn weighted(mut self, weight: u32) -> Self {
        self.weight = Some(weight);
        self
    }

    /// What it points at, without weight and filters.
    pub fn target(&self) -> BackendObjectRef {
        BackendObjectRef {
            group: self.group.clone(),
            kind: self.kind.clone(),
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            port: self.port,
        }
    }

    /// Weight with its default.
    pub fn weight(&self) -> u32 {
        self.weight.unwrap_or(1)
    }
}

impl<F> From<BackendObjectRef> for FilteredBackendRef<F> {
    fn from(target: BackendObjectRef) -> Self {
        let BackendObjectRef { group, kind, name, namespace, port } = target;
        Self { group, kind, name, namespace, port, weight: None, filters: Vec::new() }
    }
}

/// A reference to a Secret or the like: certificates of listeners, client certificates of Gateways.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SecretRef {
    /// Group, core where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Kind, `Secret` where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Name.
    pub name: String,
    /// Namespace, that of the object where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl SecretRef {
    /// A Secret in a namespace.
    pub fn secret(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { name: name.into(), namespace: Some(namespace.into()), ..Self::default() }
    }

    /// Group with its default.
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or_default()
    }

    /// Kind with its default.
    pub fn kind(&self) -> &str {
        self.kind.as_deref().unwrap_or("Secret")
    }
}

/// A reference that spells everything out, in the namespace of the object unless it says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ExplicitRef {
    /// Group, empty for core.
    pub group: String,
    /// Kind.
    pub kind: String,
    /// Name.
    pub name: String,
    /// Namespace where the field allows one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
}

impl ExplicitRef {
    /// A reference in the namespace of the object.
    pub fn local(group: impl Into<String>, kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { group: group.into(), kind: kind.into(), name: name.into(), namespace: None }
    }
}
