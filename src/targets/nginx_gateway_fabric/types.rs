//! Objects of `gateway.nginx.org/v1alpha1` as they stand on the wire, as far as they are written or read here.

use serde_json::Value;

use crate::targets::wire::wire;

/// API group of all kinds.
pub(super) const GROUP: &str = "gateway.nginx.org";
/// Version of the kinds that are written.
pub(super) const VERSION: &str = "v1alpha1";
/// Version of `ObservabilityPolicy`.
pub(super) const TRACING_VERSION: &str = "v1alpha2";

wire! {
    /// `targetRef`, and an entry of `targetRefs`.
    struct TargetRef {
        group: String,
        kind: String,
        name: String,
    }
    /// What clients may send.
    struct ClientSettingsPolicy {
        target_ref: TargetRef,
        body: Option<ClientBody>,
        keep_alive: Option<Value>,
    }
    struct ClientBody {
        max_size: Option<String>,
        timeout: Option<String>,
    }
    /// How answers of backends are waited for and passed on.
    struct ProxySettingsPolicy {
        target_refs: Vec<TargetRef>,
        buffering: Option<Buffering>,
        timeout: Option<Timeout>,
    }
    struct Buffering {
        disable: Option<bool>,
        buffer_size: Option<String>,
        buffers: Option<Value>,
        busy_buffers_size: Option<String>,
    }
    struct Timeout {
        connect: Option<String>,
        read: Option<String>,
        send: Option<String>,
    }
    /// Requests by rate.
    struct RateLimitPolicy {
        target_refs: Vec<TargetRef>,
        rate_limit: RateLimit,
    }
    struct RateLimit {
        local: Option<LocalRateLimit>,
        dry_run: Option<bool>,
        log_level: Option<String>,
        reject_code: Option<u16>,
    }
    struct LocalRateLimit {
        rules: Vec<RateRule>,
    }
    struct RateRule {
        rate: Option<String>,
        key: Option<String>,
        zone_size: Option<String>,
        burst: Option<u64>,
        no_delay: Option<bool>,
        delay: Option<u64>,
    }
    /// How endpoints of a Service are chosen.
    struct UpstreamSettingsPolicy {
        target_refs: Vec<TargetRef>,
        load_balancing_method: Option<String>,
        hash_method_key: Option<String>,
        keep_alive: Option<Value>,
        zone_size: Option<String>,
    }
    /// Traces of a route.
    struct ObservabilityPolicy {
        target_refs: Vec<TargetRef>,
        tracing: Option<Tracing>,
    }
    struct Tracing {
        strategy: String,
        ratio: Option<u8>,
        context: Option<String>,
        span_name: Option<String>,
        span_attributes: Vec<Value>,
    }
    /// Passwords, as a filter of rules.
    struct AuthenticationFilter {
        r#type: String,
        basic: Option<BasicAuth>,
    }
    struct BasicAuth {
        secret_ref: SecretRef,
        realm: String,
    }
    struct SecretRef {
        name: String,
    }
    /// Text of nginx, as a filter of rules.
    struct SnippetsFilter {
        snippets: Vec<Snippet>,
    }
    struct Snippet {
        context: String,
        value: String,
    }
}
