//! GRPCRoute.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeMap};

use super::{
    ExplicitRef, FilteredBackendRef, GROUP, HeaderModifier, MatchType, ParentRef, RequestMirror, Resource, SessionPersistence, Spec,
    ValueMatch, status::RouteStatus,
};

/// Routes of gRPC calls.
pub type GrpcRoute = Resource<GrpcRouteSpec>;

/// `backendRefs[]` of a GRPCRoute.
pub type GrpcBackendRef = FilteredBackendRef<GrpcFilter>;

/// `spec` of a GRPCRoute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrpcRouteSpec {
    /// Where it attaches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parent_refs: Vec<ParentRef>,
    /// Whether it attaches to default Gateways (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub use_default_gateways: Option<String>,
    /// Host names; those of the listeners where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hostnames: Vec<String>,
    /// Rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<GrpcRule>,
}

impl Spec for GrpcRouteSpec {
    const GROUP: &'static str = GROUP;
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "GRPCRoute";
    type Status = RouteStatus;
}

/// `rules[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrpcRule {
    /// Name, unique in the route.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Any of these must hold; an empty list matches every call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub matches: Vec<GrpcMatch>,
    /// Filters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<GrpcFilter>,
    /// Backends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backend_refs: Vec<GrpcBackendRef>,
    /// Affinity (experimental).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_persistence: Option<SessionPersistence>,
}

/// `matches[]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrpcMatch {
    /// Service and method; every call where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<GrpcMethod>,
    /// Headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<ValueMatch>,
}

/// `method` of a match: a service, a method, or both.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrpcMethod {
    /// How both are compared, `Exact` where absent.
    #[serde(rename = "type", default, skip_serializing_if = "MatchType::is_exact")]
    pub kind: MatchType,
    /// Full name of the service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Name of the method.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// `filters[]`. On the wire `type` names the one block that is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrpcFilter {
    /// Changes request headers.
    RequestHeaderModifier(HeaderModifier),
    /// Changes response headers.
    ResponseHeaderModifier(HeaderModifier),
    /// Sends a copy to another backend.
    RequestMirror(RequestMirror),
    /// A filter of an implementation.
    ExtensionRef(ExplicitRef),
}

impl GrpcFilter {
    /// The `type` on the wire.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::RequestHeaderModifier(_) => "RequestHeaderModifier",
            Self::ResponseHeaderModifier(_) => "ResponseHeaderModifier",
            Self::RequestMirror(_) => "RequestMirror",
            Self::ExtensionRef(_) => "ExtensionRef",
        }
    }
}

impl Serialize for GrpcFilter {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("type", self.type_name())?;
        match self {
            Self::RequestHeaderModifier(block) => map.serialize_entry("requestHeaderModifier", block)?,
            Self::ResponseHeaderModifier(block) => map.serialize_entry("responseHeaderModifier", block)?,
            Self::RequestMirror(block) => map.serialize_entry("requestMirror", block)?,
            Self::ExtensionRef(block) => map.serialize_entry("extensionRef", block)?,
        }
        map.end()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(rename = "type")]
    kind: String,
    request_header_modifier: Option<HeaderModifier>,
    response_header_modifier: Option<HeaderModifier>,
    request_mirror: Option<RequestMirror>,
    extension_ref: Option<ExplicitRef>,
}

impl<'de> Deserialize<'de> for GrpcFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { kind, request_header_modifier, response_header_modifier, request_mirror, extension_ref } =
            Wire::deserialize(deserializer)?;
        let mut blocks: Vec<Self> = [
            request_header_modifier.map(Self::RequestHeaderModifier),
            response_header_modifier.map(Self::ResponseHeaderModifier),
            request_mirror.map(Self::RequestMirror),
            extension_ref.map(Self::ExtensionRef),
        ]
        .into_iter()
        .flatten()
        .collect();
        match blocks.pop() {
            Some(block) if blocks.is_empty() && block.type_name() == kind => Ok(block),
            Some(_) | None => Err(de::Error::custom(format_args!("a filter of type {kind} must have its own block and no other"))),
        }
    }
}
