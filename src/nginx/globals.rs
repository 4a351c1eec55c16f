//! What applies to the whole controller: its flags and the keys of its ConfigMap that no annotation overrides.

use std::net::IpAddr;

use indexmap::IndexMap;

use super::{
    code::Code,
    settings::{Cidr, ExternalAuth, Setting, SnippetRefusal},
};
use crate::k8s::{NamespacedName, Subject};

/// Command line of the controller, with its defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Flags {
    /// `--ingress-class`.
    pub ingress_class: String,
    /// `--controller-class`.
    pub controller_class: String,
    /// `--watch-ingress-without-class`.
    pub watch_ingress_without_class: bool,
    /// `--ingress-class-by-name`.
    pub ingress_class_by_name: bool,
    /// `--watch-namespace`, empty for all.
    pub watch_namespace: String,
    /// `--watch-namespace-selector`: label requirements as text, empty for none.
    pub watch_namespace_selector: String,
    /// `--annotations-prefix`.
    pub annotations_prefix: String,
    /// `--enable-annotation-validation`.
    pub annotation_validation: bool,
    /// `--deep-inspect`.
    pub deep_inspect: bool,
    /// `--disable-catch-all`.
    pub disable_catch_all: bool,
    /// `--default-backend-service`.
    pub default_backend_service: Option<NamespacedName>,
    /// `--default-ssl-certificate`.
    pub default_ssl_certificate: Option<NamespacedName>,
    /// `--enable-ssl-passthrough`.
    pub ssl_passthrough: bool,
    /// `--ssl-passthrough-proxy-port`, on which nginx listens for TLS then.
    pub ssl_passthrough_proxy_port: u16,
    /// `--disable-svc-external-name`.
    pub disable_external_name: bool,
    /// `--enable-topology-aware-routing`.
    pub topology_aware_routing: bool,
    /// `--http-port`.
    pub http_port: u16,
    /// `--https-port`.
    pub https_port: u16,
    /// `--default-server-port`, on which nginx answers 404 for a default backend without endpoints.
    pub default_server_port: u16,
    /// `--health-check-path`.
    pub health_check_path: String,
    /// `--tcp-services-configmap`.
    pub tcp_services: Option<NamespacedName>,
    /// `--udp-services-configmap`.
    pub udp_services: Option<NamespacedName>,
}

impl Default for Flags {
    fn default() -> Self {
        Self {
            ingress_class: "nginx".to_owned(),
            controller_class: "k8s.io/ingress-nginx".to_owned(),
            watch_ingress_without_class: false,
            ingress_class_by_name: false,
            watch_namespace: String::new(),
            watch_namespace_selector: String::new(),
            annotations_prefix: "nginx.ingress.kubernetes.io".to_owned(),
            annotation_validation: true,
            deep_inspect: true,
            disable_catch_all: false,
            default_backend_service: None,
            default_ssl_certificate: None,
            ssl_passthrough: false,
            ssl_passthrough_proxy_port: 442,
            disable_external_name: false,
            topology_aware_routing: false,
            http_port: 80,
            https_port: 443,
            default_server_port: 8181,
            health_check_path: "/healthz".to_owned(),
            tcp_services: None,
            udp_services: None,
        }
    }
}

impl Flags {
    /// Port on which nginx listens for TLS; with `--enable-ssl-passthrough` somebody else stands in front of it.
    pub fn tls_port(&self) -> u16 {
        if self.ssl_passthrough { self.ssl_passthrough_proxy_port } else { self.https_port }
    }

    /// The flag that names it.
    pub fn tls_port_flag(&self) -> &'static str {
        if self.ssl_passthrough { "--ssl-passthrough-proxy-port" } else { "--https-port" }
    }
}

/// `Strict-Transport-Security`, on every answer from a location over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hsts {
    /// `hsts`.
    pub enabled: Setting<bool>,
    /// `hsts-max-age`, copied unchecked.
    pub max_age: String,
    /// `hsts-include-subdomains`.
    pub include_subdomains: bool,
    /// `hsts-preload`.
    pub preload: bool,
}

impl Hsts {
    /// Value of the header, if it is sent.
    pub fn header(&self) -> Option<String> {
        self.enabled.value.then(|| {
            let subdomains = if self.include_subdomains { "; includeSubDomains" } else { "" };
            let preload = if self.preload { "; preload" } else { "" };
            format!("max-age={}{subdomains}{preload}", escaped(&self.max_age))
        })
    }
}

/// Control characters of a header that Lua sets are escaped like those of a URI (`ngx_http_lua_escape_uri`), tabs excepted.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for character in value.chars() {
        if character.is_ascii_control() && character != '\t' {
            out.push_str(&format!("%{:02X}", u32::from(character)));
        } else {
            out.push(character);
        }
    }
    out
}

/// Trust in what proxies in front say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardedHeaders {
    /// `use-forwarded-headers`.
    pub trusted: Setting<bool>,
    /// `compute-full-forwarded-for`.
    pub full_forwarded_for: bool,
    /// `enable-real-ip`.
    pub real_ip: bool,
    /// `forwarded-for-header`.
    pub for_header: String,
    /// `forwarded-host-header`.
    pub host_header: String,
    /// `proxy-real-ip-cidr`.
    pub trusted_proxies: Vec<Cidr>,
    /// `use-proxy-protocol`.
    pub proxy_protocol: Setting<bool>,
}

impl ForwardedHeaders {
    /// A header of the request says who the client is. Without `use-forwarded-headers` the PROXY protocol alone does, where it is spoken.
    pub fn believe_header(&self) -> bool {
        *self.trusted || (self.real_ip && !*self.proxy_protocol)
    }

    /// Proxies in front tell the client in the header that everybody uses for that.
    pub fn tell_client(&self) -> bool {
        self.believe_header() && self.for_header.eq_ignore_ascii_case("x-forwarded-for")
    }
}

/// Lists of the ConfigMap that refuse everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessLists {
    /// `block-cidrs`.
    pub block_cidrs: Vec<Cidr>,
    /// `block-user-agents`.
    pub block_user_agents: Vec<MapKey>,
    /// `block-referers`.
    pub block_referers: Vec<MapKey>,
}

/// A key of a `map` block, by which a header is looked up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MapKey {
    /// The whole value, in lower case: letter case does not count. An empty one is for the header that is missing.
    Text(String),
    /// An expression that is searched; an empty value is never looked up.
    Regex {
        /// The expression.
        pattern: String,
        /// Letter case does not count.
        caseless: bool,
    },
}

impl AccessLists {
    /// The address is blocked.
    pub fn blocks(&self, address: IpAddr) -> bool {
        self.block_cidrs.iter().any(|cidr| cidr.contains(address))
    }
}

/// `custom-http-errors` of the ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Errors {
    /// Codes.
    pub codes: Vec<u16>,
    /// `disable-proxy-intercept-errors`.
    pub intercept_disabled: bool,
}

impl Errors {
    /// Answers of backends are looked at in every location.
    pub fn intercept_everywhere(&self) -> bool {
        !self.codes.is_empty() && !self.intercept_disabled
    }
}

/// Nginx text of the ConfigMap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// `main-snippet`, `http-snippet`, `server-snippet`, `location-snippet`, `stream-snippet`, `global-auth-snippet`, `modsecurity-snippet`.
    pub key: &'static str,
    /// The text.
    pub text: String,
    /// The text, read; empty where it does not concern HTTP.
    pub code: Code,
    /// The text, read, where it does not concern requests themselves.
    pub aside: Code,
    /// Why nginx refuses the configuration with it.
    pub refused: Vec<SnippetRefusal>,
    /// What it defines for other snippets: variables with `$`, and names of zones.
    pub defines: Vec<String>,
}

/// Memory for the head of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderBuffers {
    /// Bytes of the first buffer.
    pub first: usize,
    /// How many larger ones there may be besides.
    pub number: usize,
    /// Bytes of a larger one.
    pub size: usize,
}

impl HeaderBuffers {
    /// Whether the lines of a head fit: one that does not fit into what is left of a buffer is moved into a new one as a whole
    /// (`ngx_http_alloc_large_header_buffer`).
    pub fn hold(&self, lines: impl IntoIterator<Item = usize>) -> bool {
        let (mut left, mut number) = (self.first, self.number);
        for line in lines {
            if line > left {
                if line > self.size || number == 0 {
                    return false;
                }
                (left, number) = (self.size, number - 1);
            }
            left -= line;
        }
        true
    }
}

/// Keys that only concern logs and metrics, or performance, kept as they stand.
pub type Logging = IndexMap<String, String>;

/// Everything controller-wide.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Globals {
    /// Command line.
    pub flags: Flags,
    /// The ConfigMap that was read, for places of its keys.
    pub config_map: Option<Subject>,
    /// `http-redirect-code`: redirects to HTTPS and between `www.` names.
    pub redirect_code: Setting<u16>,
    /// `no-tls-redirect-locations`.
    pub no_tls_redirect_locations: Vec<String>,
    /// `no-auth-locations`.
    pub no_auth_locations: Vec<String>,
    /// HSTS.
    pub hsts: Hsts,
    /// Forwarded headers.
    pub forwarded: ForwardedHeaders,
    /// Lists that refuse everywhere.
    pub access: AccessLists,
    /// Global external authentication.
    pub external_auth: Option<ExternalAuth>,
    /// Error pages.
    pub errors: Errors,
    /// `proxy-set-headers`: sent to every backend in addition.
    pub proxy_set_headers: IndexMap<String, String>,
    /// `add-headers`: sent to every client.
    pub add_headers: IndexMap<String, String>,
    /// `hide-headers`.
    pub hide_headers: Vec<String>,
    /// `global-allowed-response-headers`.
    pub allowed_response_headers: Vec<String>,
    /// `proxy-add-original-uri-header`.
    pub original_uri_header: bool,
    /// `generate-request-id`.
    pub generate_request_id: bool,
    /// `allow-backend-server-header`.
    pub backend_server_header: bool,
    /// `server-tokens`.
    pub server_tokens: bool,
    /// `enable-underscores-in-headers`.
    pub underscores_in_headers: bool,
    /// `ignore-invalid-headers`.
    pub ignore_invalid_headers: bool,
    /// `limit-req-status-code`.
    pub limit_request_status: u16,
    /// `limit-conn-status-code`.
    pub limit_connection_status: u16,
    /// `client-header-buffer-size` and `large-client-header-buffers`.
    pub header_buffers: HeaderBuffers,
    /// `allow-snippet-annotations`.
    pub allow_snippets: Setting<bool>,
    /// `annotations-risk-level`: 0 low to 3 critical.
    pub risk_level: u8,
    /// `annotation-value-word-blocklist`.
    pub word_blocklist: Vec<String>,
    /// `allow-cross-namespace-resources`.
    pub cross_namespace: bool,
    /// `strict-validate-path-type`, which only the webhook looks at.
    pub strict_path_type: bool,
    /// `proxy-ssl-location-only`.
    pub proxy_ssl_location_only: bool,
    /// `enable-modsecurity`.
    pub modsecurity: bool,
    /// Snippets of the ConfigMap that are not empty.
    pub snippets: Vec<Snippet>,
    /// `use-http2`.
    pub use_http2: bool,
    /// `ssl-reject-handshake`.
    pub ssl_reject_handshake: bool,
    /// `nginx-status-ipv4-whitelist` and `nginx-status-ipv6-whitelist`: who may see the status page of nginx.
    pub status_networks: Vec<Cidr>,
    /// What hosts get that have no certificate of their own: the names in it where they are known.
    pub default_certificate: Option<NamespacedName>,
    /// Settings that annotations override, as they are without any.
    pub defaults: std::sync::Arc<super::Settings>,
    /// Keys without effect on what is answered.
    pub logging: Logging,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_move_into_larger_buffers_as_a_whole() {
        let buffers = HeaderBuffers { first: 1 << 10, number: 4, size: 8 << 10 };
        assert!(buffers.hold([8192]) && !buffers.hold([8193]));
        assert!(buffers.hold([100, 7000, 7000, 7000, 7000]) && !buffers.hold([100, 7000, 7000, 7000, 7000, 7000]));
        assert!(HeaderBuffers { first: 32 << 10, ..buffers }.hold([31_000]));
    }
}
