//! Filters of HTTPRoutes that say who may ask: CORS and external authorization.

use serde::{Deserialize, Serialize};

use super::BackendObjectRef;

/// `cors`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cors {
    /// Origins; none where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_origins: Vec<String>,
    /// Expressions of which one is found in an origin that is allowed. No field of the API: implementations say it.
    #[serde(skip)]
    pub origin_patterns: Vec<String>,
    /// Whether credentials may be sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow_credentials: Option<bool>,
    /// Methods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_methods: Vec<String>,
    /// Request headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow_headers: Vec<String>,
    /// Response headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expose_headers: Vec<String>,
    /// Seconds that an answer may be kept, at least 1; 5 where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u32>,
}

/// `externalAuth` (experimental).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExternalAuth {
    /// How the service is asked.
    pub protocol: AuthProtocol,
    /// The service.
    pub backend_ref: BackendObjectRef,
    /// Details for gRPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grpc: Option<GrpcAuth>,
    /// Details for HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpAuth>,
    /// Whether the body is sent along.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_body: Option<ForwardBody>,
}

/// Protocol of an authorization service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum AuthProtocol {
    /// HTTP.
    Http,
    /// gRPC, Envoy's protocol.
    Grpc,
}

/// `externalAuth.grpc`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GrpcAuth {
    /// Headers that are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_headers: Vec<String>,
}

/// `externalAuth.http`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HttpAuth {
    /// Prefix of the path that is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Headers that are sent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_headers: Vec<String>,
    /// Headers of the answer that go to the backend.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_response_headers: Vec<String>,
}

/// `externalAuth.forwardBody`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ForwardBody {
    /// Bytes, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_size: Option<u32>,
}
