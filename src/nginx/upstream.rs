//! Service ports behind locations, with their canaries and their balancing: shared by every route that uses them.

use std::sync::Arc;

use super::{IngressId, UpstreamId, settings};
use crate::k8s::{NamespacedName, PortRef};

/// What an upstream stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// The built-in server that answers 404.
    BuiltIn,
    /// A Service port.
    Service {
        /// The Service.
        service: NamespacedName,
        /// Port as written in the Ingress.
        written: Option<PortRef>,
        /// Port of the Service that it means; `None` where it means none.
        port: Option<i64>,
    },
    /// An `ExternalName` Service.
    External {
        /// The Service.
        service: NamespacedName,
        /// Its `externalName`.
        name: String,
        /// Port as written in the Ingress.
        written: Option<PortRef>,
        /// Port that is used.
        port: Option<i64>,
    },
}

/// Whether somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoints {
    /// Endpoints were seen, or must be assumed.
    Some,
    /// The Service does not exist: 503.
    MissingService,
    /// The Service has no such port: 503.
    MissingPort,
    /// There are no ready endpoints: 503.
    NotReady,
    /// The controller refuses to use it (`ExternalName` that is disabled, or localhost): 503.
    Refused,
}

/// An upstream.
#[derive(Debug, Clone)]
pub struct Upstream {
    /// `namespace-service-port`; different Services can share one, then the older Ingress decides.
    pub key: String,
    /// What it stands for.
    pub backend: Backend,
    /// Whether somebody answers.
    pub endpoints: Endpoints,
    /// The Ingress that first referenced it and whose upstream settings count; `None` for the default backend.
    pub ingress: Option<IngressId>,
    /// First referenced by a canary: it gets no locations of its own.
    pub canary: Option<Arc<settings::Canary>>,
    /// Canaries merged into it. nginx only ever uses the first.
    pub alternatives: Vec<UpstreamId>,
    /// Cookie affinity: the Ingress whose cookie settings count (the last one), and the host and path pairs that set the cookie.
    pub affinity: Option<UpstreamAffinity>,
    /// The canary takes over the affinity of its primary: the primary.
    pub affinity_of: Option<UpstreamId>,
    /// A canary that found no location and was deleted.
    pub deleted: bool,
    /// Requests go to the address of the Service, whoever is behind it (`service-upstream`).
    pub by_address: bool,
}

/// Cookie affinity of an upstream.
#[derive(Debug, Clone)]
pub struct UpstreamAffinity {
    /// The Ingress whose cookie settings count.
    pub ingress: IngressId,
    /// Cookie settings.
    pub cookie: Arc<settings::Affinity>,
    /// Hosts and Ingress paths on which the cookie is set.
    pub paths: Vec<(String, String)>,
}

impl Upstream {
    /// `namespace/service:port` as in reports, or `None` for the built-in server.
    pub fn label(&self) -> Option<String> {
        match &self.backend {
            Backend::BuiltIn => None,
            Backend::Service { service, written, port } => Some(Self::label_of(service, *port, written.as_ref())),
            // An alias of a Service leads to that Service.
            Backend::External { service, name, written, port } => {
                let meant = NamespacedName::of_service_name(name);
                Some(Self::label_of(meant.as_ref().unwrap_or(service), *port, written.as_ref()))
            }
        }
    }

    fn label_of(service: &NamespacedName, port: Option<i64>, written: Option<&PortRef>) -> String {
        match (port, written) {
            (Some(port), _) => format!("{service}:{port}"),
            (None, Some(written)) => format!("{service}:{written}"),
            (None, None) => service.to_string(),
        }
    }

    /// Somebody answers.
    pub fn serves(&self) -> bool {
        !self.deleted && self.endpoints == Endpoints::Some
    }

    /// nginx knows an address to connect to.
    pub fn is_tried(&self) -> bool {
        self.serves() || (self.by_address && !self.deleted)
    }
}
