//! Kubernetes objects as gateshift sees them: references, places inside objects, and everything that was read.
//!
//! Nothing here opens a file or decides what an object means.

mod field;
mod inventory;
pub(crate) mod names;
mod object;
pub(crate) mod time;

pub use field::{FieldPath, Step, Subject};
pub use inventory::{
    Backend, BackendTarget, Cluster, ConfigMap, EndpointSlice, HttpPath, Ingress, IngressClass, IngressRule, IngressTls, InstalledApi,
    Inventory, KindCount, Namespace, ObjectMeta, PathType, PortRef, Secret, Service, ServicePort, SlicePort, Workload,
};
pub use object::{NamespacedName, ObjectId, ObjectRef, Origin};
