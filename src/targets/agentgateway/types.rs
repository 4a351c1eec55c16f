//! Objects of `agentgateway.dev/v1alpha1` as they stand on the wire, as far as they are written or read here.

use serde_json::Value;

use crate::targets::wire::wire;

/// API group of all kinds.
pub(super) const GROUP: &str = "agentgateway.dev";
/// Version of all kinds.
pub(super) const VERSION: &str = "v1alpha1";

wire! {
    /// An entry of `targetRefs`.
    struct TargetRef {
        group: Option<String>,
        kind: String,
        name: String,
        section_name: Option<String>,
    }
    /// One policy: what happens to requests, and how a Service is reached. Policies are merged field by field.
    struct AgentgatewayPolicy {
        target_refs: Vec<TargetRef>,
        traffic: Option<Traffic>,
        backend: Option<Backend>,
        frontend: Option<Value>,
        strategy: Option<Value>,
    }
    struct Traffic {
        phase: Option<String>,
        transformation: Option<Transformation>,
        authorization: Option<Authorization>,
        basic_authentication: Option<BasicAuthentication>,
        ext_auth: Option<ExtAuth>,
        buffer: Option<Buffer>,
        rate_limit: Option<Value>,
        retry: Option<Retry>,
        timeouts: Option<Timeouts>,
    }
    struct Transformation {
        request: Option<Transform>,
        response: Option<Value>,
    }
    struct Transform {
        remove: Vec<String>,
    }
    struct Authorization {
        action: Option<String>,
        policy: Expressions,
    }
    struct Expressions {
        match_expressions: Vec<String>,
    }
    struct BasicAuthentication {
        realm: Option<String>,
        mode: Option<String>,
        secret_ref: Option<PasswordRef>,
        users: Vec<String>,
    }
    struct PasswordRef {
        name: String,
        key: Option<String>,
    }
    struct ExtAuth {
        backend_ref: BackendRef,
        http: Option<HttpAuth>,
        failure_mode: Option<String>,
    }
    struct BackendRef {
        name: String,
        namespace: Option<String>,
        port: Option<u16>,
    }
    struct HttpAuth {
        path: Option<String>,
        redirect: Option<String>,
        allowed_request_headers: Vec<String>,
        add_request_headers: std::collections::BTreeMap<String, String>,
        allowed_response_headers: Vec<String>,
    }
    struct Buffer {
        request: Option<BufferLimit>,
        response: Option<Value>,
    }
    struct BufferLimit {
        max_bytes: Option<u64>,
    }
    struct Retry {
        attempts: Option<u32>,
        codes: Vec<u16>,
        backoff: Option<String>,
    }
    struct Timeouts {
        request: Option<String>,
    }
    struct Backend {
        tcp: Option<Tcp>,
        tls: Option<Tls>,
    }
    struct Tls {
        insecure_skip_verify: Option<String>,
    }
    struct Tcp {
        connect_timeout: Option<String>,
    }
}
