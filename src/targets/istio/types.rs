//! Objects of `security.istio.io/v1` and `networking.istio.io/v1` as they stand on the wire, as far as they are written or read here.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::targets::wire::wire;

/// `AuthorizationPolicy`.
pub(super) const AUTHORIZATION: (&str, &str, &str) = ("security.istio.io", "v1", "AuthorizationPolicy");
/// `DestinationRule`.
pub(super) const DESTINATION: (&str, &str, &str) = ("networking.istio.io", "v1", "DestinationRule");

wire! {
    struct TargetRef {
        group: String,
        kind: String,
        name: String,
    }
    /// Who may pass a Gateway. Whom one policy denies, no other lets pass.
    struct AuthorizationPolicy {
        target_refs: Vec<TargetRef>,
        action: String,
        rules: Vec<Rule>,
    }
    struct Rule {
        from: Vec<From>,
        to: Vec<To>,
    }
    struct From {
        source: Source,
    }
    struct Source {
        remote_ip_blocks: Vec<String>,
        not_remote_ip_blocks: Vec<String>,
    }
    struct To {
        operation: Operation,
    }
    struct Operation {
        hosts: Vec<String>,
        paths: Vec<String>,
        not_paths: Vec<String>,
    }
    /// How a host of the mesh is reached.
    struct DestinationRule {
        host: String,
        traffic_policy: Option<TrafficPolicy>,
        subsets: Vec<Value>,
        export_to: Vec<String>,
    }
    struct TrafficPolicy {
        connection_pool: Option<ConnectionPool>,
        load_balancer: Option<LoadBalancer>,
        tls: Option<Tls>,
        port_level_settings: Vec<PortSettings>,
    }
    struct PortSettings {
        port: Port,
        tls: Option<Tls>,
    }
    struct Port {
        number: u16,
    }
    struct ConnectionPool {
        tcp: Option<Tcp>,
        http: Option<Value>,
    }
    struct Tcp {
        connect_timeout: Option<String>,
    }
    struct LoadBalancer {
        simple: Option<String>,
        consistent_hash: Option<ConsistentHash>,
    }
    struct ConsistentHash {
        http_header_name: Option<String>,
        http_query_parameter_name: Option<String>,
        use_source_ip: Option<bool>,
        http_cookie: Option<HttpCookie>,
    }
    struct HttpCookie {
        name: String,
        path: Option<String>,
        ttl: String,
        attributes: Vec<BTreeMap<String, String>>,
    }
    struct Tls {
        mode: String,
        insecure_skip_verify: Option<bool>,
    }
}
