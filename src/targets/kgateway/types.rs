//! Objects of `gateway.kgateway.dev/v1alpha1` as they stand on the wire, as far as they are written or read here.

use serde_json::Value;

use crate::{gateway::api::HeaderModifier, targets::wire::wire};

/// API group of all kinds.
pub(super) const GROUP: &str = "gateway.kgateway.dev";
/// What Envoy calls a WebSocket, in any letter case.
pub(super) const WEBSOCKET: &str = "websocket";
/// Version of all kinds.
pub(super) const VERSION: &str = "v1alpha1";

wire! {
    /// An entry of `targetRefs`.
    struct TargetRef {
        group: String,
        kind: String,
        name: String,
        section_name: Option<String>,
    }
    /// What happens to the requests of a rule. Fields of the first level replace those of less specific policies one by one.
    struct TrafficPolicy {
        target_refs: Vec<TargetRef>,
        target_selectors: Vec<Value>,
        acl: Option<Acl>,
        basic_auth: Option<BasicAuth>,
        ext_auth: Option<ExtAuth>,
        buffer: Option<Buffer>,
        rate_limit: Option<RateLimit>,
        timeouts: Option<Timeouts>,
        retry: Option<Retry>,
        url_rewrite: Option<UrlRewrite>,
        compression: Option<Value>,
        tracing: Option<Value>,
        stat_prefix: Option<Value>,
    }
    struct Acl {
        default_action: String,
        rules: Vec<AclRule>,
        deny_response: Option<Value>,
    }
    struct AclRule {
        action: String,
        cidrs: Vec<String>,
        name: Option<String>,
    }
    struct BasicAuth {
        secret_ref: Option<PasswordRef>,
    }
    struct PasswordRef {
        name: String,
        namespace: Option<String>,
        key: Option<String>,
    }
    struct ExtAuth {
        extension_ref: Option<ExtensionRef>,
    }
    struct ExtensionRef {
        name: String,
        namespace: Option<String>,
    }
    struct Buffer {
        max_request_size: Option<Value>,
    }
    struct RateLimit {
        local: Option<Value>,
        global: Option<Value>,
    }
    struct Timeouts {
        request: Option<String>,
        stream_idle: Option<String>,
    }
    struct Retry {
        attempts: Option<u32>,
        retry_on: Vec<String>,
        status_codes: Vec<u16>,
        per_try_timeout: Option<String>,
        backoff_base_interval: Option<String>,
    }
    struct UrlRewrite {
        path_regex: Option<PathRegex>,
    }
    struct PathRegex {
        pattern: String,
        substitution: String,
    }
    /// Services that policies refer to.
    struct GatewayExtension {
        ext_auth: Option<ExtAuthService>,
    }
    struct ExtAuthService {
        headers_to_forward: Vec<String>,
        http_service: Option<HttpService>,
        fail_open: Option<bool>,
    }
    struct HttpService {
        backend_ref: BackendRef,
        path_prefix: Option<String>,
        authorization_response: Option<AuthorizationResponse>,
    }
    struct BackendRef {
        name: String,
        namespace: Option<String>,
        port: Option<u16>,
    }
    struct AuthorizationResponse {
        headers_to_backend: Vec<String>,
        headers_to_client: Vec<String>,
    }
    /// What happens to connections of a Gateway.
    struct ListenerPolicy {
        target_refs: Vec<TargetRef>,
        default: Option<ListenerSettings>,
        per_port: Vec<Value>,
    }
    struct ListenerSettings {
        http_settings: Option<HttpSettings>,
    }
    struct HttpSettings {
        use_remote_address: Option<bool>,
        xff_num_trusted_hops: Option<usize>,
        #[serde(rename = "xffTrustedCIDRs")]
        xff_trusted_cidrs: Vec<String>,
        early_request_header_modifier: Option<HeaderModifier>,
        upgrade_config: Option<UpgradeConfig>,
    }
    struct UpgradeConfig {
        enabled_upgrades: Vec<String>,
    }
    /// How a Service is reached.
    struct BackendConfigPolicy {
        target_refs: Vec<ServiceRef>,
        connect_timeout: Option<String>,
        load_balancer: Option<LoadBalancer>,
        tls: Option<Tls>,
    }
    struct Tls {
        insecure_skip_verify: Option<bool>,
        secret_ref: Option<Value>,
        sni: Option<String>,
        verify_subject_alt_names: Vec<String>,
    }
    struct ServiceRef {
        kind: String,
        name: String,
    }
    struct LoadBalancer {
        least_request: Option<Value>,
        ring_hash: Option<RingHash>,
    }
    struct RingHash {
        hash_policies: Vec<HashPolicy>,
    }
    struct HashPolicy {
        header: Option<HashHeader>,
        cookie: Option<HashCookie>,
        #[serde(rename = "sourceIP")]
        source_ip: Option<Value>,
    }
    struct HashHeader {
        name: String,
    }
    struct HashCookie {
        name: String,
        path: Option<String>,
        ttl: Option<String>,
        secure: Option<bool>,
        http_only: Option<bool>,
        same_site: Option<String>,
    }
    /// An answer without backend, as a filter of rules.
    struct DirectResponse {
        status: u16,
        body: Option<String>,
    }
}
