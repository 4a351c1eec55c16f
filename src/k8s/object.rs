//! Names of objects, and where an object was read.

use std::fmt;

/// Group, kind, namespace and name of an object. `namespace` is empty for cluster-scoped kinds, `group` for the core group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectRef {
    /// API group without version, for example `networking.k8s.io`.
    pub group: String,
    /// Kind, for example `Ingress`.
    pub kind: String,
    /// Namespace, or empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl fmt::Display for ObjectRef {
    /// `Ingress shop/web`, or `GatewayClass eg` where there is no namespace.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(f, "{} {}", self.kind, self.name)
        } else {
            write!(f, "{} {}/{}", self.kind, self.namespace, self.name)
        }
    }
}

/// Namespace and name. Its order (namespace, then name) is not the controller's `namespace/name` text order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NamespacedName {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
}

impl NamespacedName {
    /// Joins the two parts.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), name: name.into() }
    }

    /// The Service that a DNS name of a cluster stands for: `NAME.NAMESPACE.svc` and `NAME.NAMESPACE.svc.cluster.local`, with or without
    /// a final dot.
    pub fn of_service_name(name: &str) -> Option<Self> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        match labels.as_slice() {
            [service, namespace, "svc"] | [service, namespace, "svc", "cluster", "local"]
                if !service.is_empty() && !namespace.is_empty() =>
            {
                Some(Self::new(*namespace, *service))
            }
            _ => None,
        }
    }
}

impl fmt::Display for NamespacedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

/// Index of an object in [`super::Inventory::objects`]; meaningless without its inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId(pub u32);

/// Where an object was read: a file of the inventory's sources and the document in it. A live cluster has no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// Index of the source in `Inventory::sources`.
    pub source: u32,
    /// Byte offset at which the YAML document starts.
    pub offset: u32,
    /// Position in `items` where the object is part of a list.
    pub item: Option<u32>,
}
