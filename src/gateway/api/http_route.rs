//! HTTPRoute.

use serde::{Deserialize, Serialize};

use super::{
    Duration, FilteredBackendRef, GROUP, HttpFilter, HttpMatch, ParentRef, Resource, SessionPersistence, Spec, status::RouteStatus,
};

/// Routes of HTTP requests.
pub type HttpRoute = Resource<HttpRouteSpec>;

/// `backendRefs[]` of an HTTPRoute.
pub type HttpBackendRef = FilteredBackendRef<HttpFilter>;

/// `spec` of an HTTPRoute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRouteSpec {
    /// Where it attaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parent_refs: Vec<ParentRef>,
    /// Whether it attaches to default Gateways (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_default_gateways: Option<String>,
    /// Host names; those of the listeners where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hostnames: Vec<String>,
    /// Rules; as read, an absent list is the one rule that matches everything and has no backend.
    #[serde(default = "default_rules", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<HttpRule>,
}

fn default_rules() -> Vec<HttpRule> {
    vec![HttpRule::default()]
}

impl Spec for HttpRouteSpec {
    const GROUP: &'static str = GROUP;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "HTTPRoute";
    type Status = RouteStatus;
}

/// `rules[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpRule {
    /// Name, unique in the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Any of these must hold; an empty list matches every request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<HttpMatch>,
    /// Filters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<HttpFilter>,
    /// Backends; without any and without redirect the answer is 500.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backend_refs: Vec<HttpBackendRef>,
    /// Timeouts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeouts: Option<HttpTimeouts>,
    /// Retries (experimental before 1.7).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<Box<HttpRetry>>,
    /// Affinity (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<Box<SessionPersistence>>,
}

/// `timeouts`. Zero switches one off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpTimeouts {
    /// For the whole request with its retries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<Duration>,
    /// For one attempt; not longer than `request`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backend_request: Option<Duration>,
}

/// `retry`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpRetry {
    /// Statuses of the backend that are tried again, 400 to 599.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codes: Vec<u16>,
    /// How often, besides the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// Pause before the next attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backoff: Option<Duration>,
}
