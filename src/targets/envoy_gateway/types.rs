//! Objects of `gateway.envoyproxy.io/v1alpha1` as they stand on the wire, as far as they are written or read here.

use serde_json::Value;

use crate::{
    gateway::api::{HeaderModifier, HeaderValue},
    targets::wire::wire,
};

/// API group of all kinds.
pub(super) const GROUP: &str = "gateway.envoyproxy.io";
/// Version of all kinds.
pub(super) const VERSION: &str = "v1alpha1";

wire! {
    /// `targetRefs[]`.
    struct TargetRef {
        group: String,
        kind: String,
        name: String,
        section_name: Option<String>,
    }
    /// `targetSelectors[]`.
    struct TargetSelector {
        group: String,
        kind: String,
        match_labels: std::collections::BTreeMap<String, String>,
    }
    /// What requests are sent to in place of a Service.
    struct Backend {
        endpoints: Vec<BackendEndpoint>,
        tls: Option<BackendTls>,
    }
    struct BackendEndpoint {
        fqdn: Option<Fqdn>,
    }
    struct Fqdn {
        hostname: String,
        port: u16,
    }
    struct BackendTls {
        insecure_skip_verify: Option<bool>,
    }
    /// Who is allowed to pass, who is asked, and CORS.
    struct SecurityPolicy {
        target_refs: Vec<TargetRef>,
        target_ref: Option<TargetRef>,
        target_selectors: Vec<TargetSelector>,
        merge_type: Option<String>,
        cors: Option<Cors>,
        basic_auth: Option<BasicAuth>,
        ext_auth: Option<ExtAuth>,
        authorization: Option<Authorization>,
    }
    struct Cors {
        allow_origins: Vec<String>,
        allow_methods: Vec<String>,
        allow_headers: Vec<String>,
        expose_headers: Vec<String>,
        max_age: Option<String>,
        allow_credentials: Option<bool>,
    }
    struct SecretName {
        group: Option<String>,
        kind: Option<String>,
        name: String,
        namespace: Option<String>,
    }
    struct BasicAuth {
        users: SecretName,
        forward_username_header: Option<String>,
    }
    struct ExtAuth {
        fail_open: Option<bool>,
        status_on_error: Option<u16>,
        timeout: Option<String>,
        headers_to_ext_auth: Vec<String>,
        http: Option<HttpExtAuth>,
    }
    struct HttpExtAuth {
        backend_refs: Vec<ServiceRef>,
        backend_ref: Option<ServiceRef>,
        path: Option<String>,
        path_override: Option<String>,
        headers_to_backend: Vec<String>,
    }
    struct ServiceRef {
        group: Option<String>,
        kind: Option<String>,
        name: String,
        namespace: Option<String>,
        port: Option<u16>,
    }
    struct Authorization {
        default_action: Option<String>,
        rules: Vec<AuthorizationRule>,
    }
    struct AuthorizationRule {
        name: Option<String>,
        action: String,
        principal: Principal,
    }
    struct Principal {
        #[serde(rename = "clientCIDRs")]
        client_cidrs: Vec<String>,
    }
    /// What happens between the rule and its backends.
    struct BackendTrafficPolicy {
        target_refs: Vec<TargetRef>,
        target_ref: Option<TargetRef>,
        target_selectors: Vec<TargetSelector>,
        merge_type: Option<String>,
        load_balancer: Option<LoadBalancer>,
        retry: Option<Retry>,
        timeout: Option<Timeout>,
        rate_limit: Option<RateLimit>,
        bandwidth_limit: Option<Value>,
        request_buffer: Option<RequestBuffer>,
        response_override: Vec<ResponseOverride>,
        routing_type: Option<String>,
        circuit_breaker: Option<Value>,
        compression: Vec<Value>,
        compressor: Vec<Value>,
        connection: Option<Value>,
        dns: Option<Value>,
        health_check: Option<Value>,
        http2: Option<Value>,
        proxy_protocol: Option<Value>,
        tcp_keepalive: Option<Value>,
        telemetry: Option<Value>,
        use_client_protocol: Option<bool>,
        http_upgrade: Vec<Value>,
        fault_injection: Option<FaultInjection>,
    }
    struct LoadBalancer {
        r#type: String,
        consistent_hash: Option<ConsistentHash>,
        slow_start: Option<Value>,
        zone_aware: Option<Value>,
        endpoint_override: Option<Value>,
    }
    struct ConsistentHash {
        r#type: String,
        headers: Vec<NamedHash>,
        header: Option<NamedHash>,
        query_params: Vec<NamedHash>,
        cookie: Option<HashCookie>,
        table_size: Option<u64>,
    }
    struct NamedHash {
        name: String,
    }
    struct HashCookie {
        name: String,
        ttl: Option<String>,
        attributes: std::collections::BTreeMap<String, String>,
    }
    struct Retry {
        num_retries: Option<u32>,
        num_attempts_per_priority: Option<u32>,
        retry_on: Option<RetryOn>,
        per_retry: Option<PerRetry>,
    }
    struct RetryOn {
        triggers: Vec<String>,
        http_status_codes: Vec<u16>,
    }
    struct PerRetry {
        timeout: Option<String>,
        back_off: Option<Value>,
    }
    struct Timeout {
        tcp: Option<TcpTimeout>,
        http: Option<HttpTimeout>,
    }
    struct TcpTimeout {
        connect_timeout: Option<String>,
    }
    struct HttpTimeout {
        connection_idle_timeout: Option<String>,
        max_connection_duration: Option<String>,
        max_stream_duration: Option<String>,
        request_timeout: Option<String>,
        stream_idle_timeout: Option<String>,
    }
    struct RateLimit {
        r#type: String,
        local: Option<LocalRateLimit>,
        global: Option<Value>,
    }
    struct LocalRateLimit {
        rules: Vec<RateLimitRule>,
    }
    struct RateLimitRule {
        client_selectors: Vec<ClientSelector>,
        limit: RateLimitValue,
    }
    struct ClientSelector {
        headers: Vec<Value>,
        methods: Vec<Value>,
        path: Option<Value>,
        #[serde(rename = "sourceCIDR")]
        source_cidr: Option<SourceCidr>,
    }
    struct SourceCidr {
        r#type: Option<String>,
        value: String,
        invert: Option<bool>,
    }
    struct RateLimitValue {
        requests: u64,
        unit: String,
    }
    struct RequestBuffer {
        limit: Value,
    }
    struct ResponseOverride {
        r#match: OverrideMatch,
        source: Option<String>,
        response: Option<CustomResponse>,
        redirect: Option<OverrideRedirect>,
    }
    struct OverrideMatch {
        status_codes: Vec<StatusCodes>,
    }
    struct StatusCodes {
        r#type: Option<String>,
        value: Option<u16>,
        range: Option<StatusRange>,
    }
    struct StatusRange {
        start: u16,
        end: u16,
    }
    struct CustomResponse {
        content_type: Option<String>,
        body: Option<Value>,
        status_code: Option<u16>,
        header: Option<HeaderModifier>,
    }
    struct OverrideRedirect {
        scheme: Option<String>,
        hostname: Option<String>,
        path: Option<OverridePath>,
        port: Option<u16>,
        status_code: Option<u16>,
    }
    struct OverridePath {
        r#type: String,
        replace_full_path: Option<String>,
        replace_prefix_match: Option<String>,
    }
    struct FaultInjection {
        abort: Option<FaultAbort>,
        delay: Option<Value>,
    }
    struct FaultAbort {
        http_status: Option<u16>,
        grpc_status: Option<u16>,
        percentage: Option<f64>,
    }
    /// What happens between clients and listeners.
    struct ClientTrafficPolicy {
        target_refs: Vec<TargetRef>,
        target_ref: Option<TargetRef>,
        target_selectors: Vec<TargetSelector>,
        tcp_keepalive: Option<Value>,
        enable_proxy_protocol: Option<bool>,
        proxy_protocol: Option<Value>,
        #[serde(rename = "clientIPDetection")]
        client_ip_detection: Option<ClientIp>,
        tls: Option<ClientTls>,
        path: Option<PathSettings>,
        headers: Option<HeaderSettings>,
        timeout: Option<Value>,
        connection: Option<Value>,
        http1: Option<Value>,
        http2: Option<Value>,
        http3: Option<Value>,
        health_check: Option<Value>,
    }
    struct ClientIp {
        x_forwarded_for: Option<TrustedFor>,
        custom_header: Option<Value>,
    }
    struct TrustedFor {
        num_trusted_hops: Option<usize>,
        #[serde(rename = "trustedCIDRs")]
        trusted_cidrs: Vec<String>,
    }
    struct ClientTls {
        min_version: Option<String>,
        max_version: Option<String>,
        ciphers: Vec<String>,
        ecdh_curves: Vec<String>,
        signature_algorithms: Vec<String>,
        alpn_protocols: Option<Vec<String>>,
        client_validation: Option<ClientValidation>,
        session: Option<Value>,
    }
    struct ClientValidation {
        mode: Option<String>,
        optional: Option<bool>,
        ca_certificate_refs: Vec<SecretName>,
        crl: Option<Value>,
    }
    struct PathSettings {
        escaped_slashes_action: Option<String>,
        disable_merge_slashes: Option<bool>,
    }
    struct HeaderSettings {
        enable_envoy_headers: Option<bool>,
        disable_rate_limit_headers: Option<bool>,
        with_underscores_action: Option<String>,
        x_forwarded_client_cert: Option<ForwardedCertificate>,
        preserve_x_request_id: Option<bool>,
        request_id: Option<String>,
        early_request_headers: Option<HeaderModifier>,
        late_response_headers: Option<HeaderModifier>,
    }
    struct ForwardedCertificate {
        mode: String,
        cert_details_to_add: Vec<String>,
    }
    /// A filter of a rule.
    struct HttpRouteFilter {
        url_rewrite: Option<OwnRewrite>,
        direct_response: Option<DirectResponse>,
        matches: Vec<OwnMatch>,
        credential_injection: Option<CredentialInjection>,
    }
    struct OwnRewrite {
        hostname: Option<HostRewrite>,
        path: Option<PathRewrite>,
    }
    struct HostRewrite {
        r#type: String,
        header: Option<String>,
    }
    struct PathRewrite {
        r#type: String,
        replace_regex_match: Option<RegexReplacement>,
    }
    struct RegexReplacement {
        pattern: String,
        substitution: String,
    }
    struct DirectResponse {
        content_type: Option<String>,
        body: Option<Value>,
        status_code: Option<u16>,
        header: Option<HeaderModifier>,
    }
    struct OwnMatch {
        cookies: Vec<CookieMatch>,
    }
    struct CookieMatch {
        r#type: Option<String>,
        name: String,
        value: String,
    }
    struct CredentialInjection {
        header: Option<String>,
        overwrite: Option<bool>,
        credential: Option<Value>,
    }
}

/// A header set to a text.
pub(super) fn header(name: &str, value: &str) -> Option<HeaderValue> {
    HeaderValue::new(name, value)
}
