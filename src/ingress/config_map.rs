//! The controller's ConfigMap (`template/configmap.go`): keys → [`Globals`], with the controller's defaults.
//!
//! Text is copied unchecked; what cannot be read as boolean, number or redirect code keeps its default and is a finding.

use std::{collections::BTreeSet, sync::Arc};

use indexmap::IndexMap;

use super::{keys, values};
use crate::{
    annotations::{check, external, misc, proxy, snippets, url::GoUrl},
    automata::pcre::Pattern,
    k8s::{FieldPath, Inventory, NamespacedName, ObjectId, Subject},
    ledger::{Code, Finding, Findings},
    nginx::{
        AccessLists, Errors, Flags, ForwardedHeaders, Globals, HeaderBuffers, Hsts, MapKey, Settings, Snippet,
        settings::{
            AddressLists, BackendProtocol, Buffering, CanaryBehavior, Cidr, ErrorPages, ExternalAuth, Given, LoadBalancing, ModSecurity,
            NextUpstream, Observability, Proxy, ProxyRedirect, RateLimits, Redirect, Rewrite, Satisfy, ServerTls, Setting, Timeouts,
        },
    },
    snippet::{arguments, map_keys, single},
};

/// Reads keys and remembers which were asked for.
struct Keys<'a> {
    data: &'a IndexMap<String, String>,
    object: Option<ObjectId>,
    known: BTreeSet<&'static str>,
    findings: Findings,
    refused: Vec<(&'static str, String)>,
}

impl<'a> Keys<'a> {
    fn get(&mut self, key: &'static str) -> Option<&'a str> {
        self.known.insert(key);
        self.data.get(key).map(String::as_str)
    }

    fn report(&mut self, code: Code, key: &str, value: &str) {
        self.report_then(code, key, value, "the default stays");
    }

    fn report_then(&mut self, code: Code, key: &str, value: &str, then: &str) {
        let facts = vec![("key", key.to_owned()), ("value", value.to_owned()), ("then", then.to_owned())];
        self.findings.push(match self.object {
            Some(object) => Finding::about(code, Subject::new(object, FieldPath::from(["data"]).child(key.to_owned())), facts),
            None => Finding::estate(code, facts),
        });
    }

    fn or<T>(&mut self, key: &'static str, default: T, read: impl FnOnce(&str) -> Option<T>) -> Setting<T> {
        let Some(text) = self.get(key) else { return Setting::default(default) };
        if let Some(value) = read(text) {
            return Setting::config_map(key, value);
        }
        self.report(Code::IngressInvalidConfigmapValue, key, text);
        Setting::default(default)
    }

    /// `mapstructure` with weak types: an empty text is false.
    fn bool(&mut self, key: &'static str, default: bool) -> Setting<bool> {
        self.or(key, default, |text| if text.is_empty() { Some(false) } else { check::go_bool(text) })
    }

    /// An empty text is 0; the prefix says the base.
    fn int(&mut self, key: &'static str, default: i64) -> Setting<i64> {
        self.or(key, default, |text| if text.is_empty() { Some(0) } else { check::go_int_of_any_base(text) })
    }

    /// A status; what no status can be is 0, which nginx refuses like any other number out of its range.
    fn status(&mut self, key: &'static str, default: u16) -> u16 {
        let value = self.int(key, i64::from(default)).value;
        u16::try_from(value).unwrap_or(0)
    }

    fn text(&mut self, key: &'static str, default: &str) -> Setting<String> {
        self.or(key, default.to_owned(), |text| Some(text.to_owned()))
    }

    /// A name of a header that is printed as it stands, without the blanks behind it that nginx does not read.
    fn header(&mut self, key: &'static str, default: &str) -> String {
        self.text(key, default).value.trim_end_matches([' ', '\t', '\r', '\n']).to_owned()
    }

    fn list(&mut self, key: &'static str) -> Vec<String> {
        let text = self.get(key).unwrap_or_default();
        text.split(',').filter(|item| !item.is_empty()).map(|item| item.trim().to_owned()).collect()
    }

    /// Keys of a `map` block; none where nginx refuses it.
    fn map(&mut self, key: &'static str) -> Vec<MapKey> {
        let list = self.list(key);
        map_keys(&list).unwrap_or_else(|problem| {
            self.refused.push((key, problem));
            Vec::new()
        })
    }

    /// Networks; what is none goes to nginx as it stands and stops it, which `bad` collects.
    fn networks(&mut self, key: &'static str, bad: &mut Vec<(&'static str, String)>) -> Vec<Cidr> {
        let mut list = Vec::new();
        for item in self.list(key) {
            // It is printed as it stands: quotation marks are those of nginx.
            match single(&item).unwrap_or_default().parse() {
                Ok(cidr) => list.push(cidr),
                Err(_) => bad.push((key, item)),
            }
        }
        list
    }

    /// The same where the key is given, else this network.
    fn networks_or(&mut self, key: &'static str, default: &str, bad: &mut Vec<(&'static str, String)>) -> Vec<Cidr> {
        if self.get(key).is_some() {
            return self.networks(key, bad);
        }
        vec![default.parse().expect("INVARIANT: a network")]
    }
}

/// What the ConfigMap says, and items that nginx cannot read.
pub(super) struct Read {
    pub(super) globals: Globals,
    pub(super) findings: Findings,
    pub(super) unreadable: Vec<(&'static str, String)>,
    /// Keys with whose value nginx refuses the configuration, and what it says.
    pub(super) refused: Vec<(&'static str, String)>,
}

/// `custom-http-errors`; items that are no status are left out.
fn error_codes(keys: &mut Keys<'_>) -> Vec<u16> {
    let Some(text) = keys.get("custom-http-errors") else { return Vec::new() };
    let codes = misc::global_errors(text);
    if codes.len() != text.split(',').filter(|item| !item.trim().is_empty()).count() {
        let then = if codes.is_empty() { "the default stays" } else { "what can be used of it counts" };
        keys.report_then(Code::IngressInvalidConfigmapValue, "custom-http-errors", text, then);
    }
    codes
}

/// Merges the ConfigMap with the defaults. `object` is where it was read, if it was.
pub(super) fn read(inventory: &Inventory, flags: Flags, data: &IndexMap<String, String>, object: Option<ObjectId>) -> Read {
    let mut keys = Keys { data, object, known: BTreeSet::new(), findings: Vec::new(), refused: Vec::new() };
    let mut unreadable = Vec::new();
    let risk = keys.text("annotations-risk-level", "High");
    let risk_level = match risk.to_ascii_lowercase().as_str() {
        "critical" => 3,
        "high" => 2,
        "medium" => 1,
        _ => 0,
    };
    if !["critical", "high", "medium", "low"].contains(&risk.to_ascii_lowercase().as_str()) {
        keys.report(Code::IngressInvalidConfigmapValue, "annotations-risk-level", &risk);
    }
    let errors = error_codes(&mut keys);
    let redirect_code = keys.or("http-redirect-code", 308, |text| {
        check::go_int(text).and_then(|code| u16::try_from(code).ok()).filter(|code| [301, 302, 307, 308].contains(code))
    });
    let map_named = |keys: &mut Keys<'_>, key| {
        let name = keys.text(key, "").value;
        let found = name.split_once('/').and_then(|(namespace, name)| inventory.config_maps.get(&NamespacedName::new(namespace, name)));
        if !name.is_empty() && found.is_none() {
            keys.report(Code::IngressInvalidConfigmapValue, key, &name);
        }
        found.map(|map| map.data.clone()).unwrap_or_default()
    };
    let trusted_proxies = keys.networks_or("proxy-real-ip-cidr", "0.0.0.0/0", &mut unreadable);
    let status_networks = [("nginx-status-ipv4-whitelist", "127.0.0.1"), ("nginx-status-ipv6-whitelist", "::1")]
        .into_iter()
        .flat_map(|(key, default)| keys.networks_or(key, default, &mut unreadable))
        .collect();
    let word_blocklist = keys.text("annotation-value-word-blocklist", "").value;
    let snippets = read_snippets(&mut keys);
    let first_buffer = keys.text("client-header-buffer-size", "1k").value;
    let buffers = keys.text("large-client-header-buffers", "4 8k").value;
    let allowed_response_headers = keys.list("global-allowed-response-headers");
    let allowed_response_headers = allowed_response_headers.into_iter().filter(|name| external::is_header(name)).collect();
    let globals = Globals {
        config_map: object.map(|object| Subject::new(object, FieldPath::from(["data"]))),
        redirect_code,
        no_tls_redirect_locations: locations(&keys.text("no-tls-redirect-locations", "/.well-known/acme-challenge")),
        no_auth_locations: locations(&keys.text("no-auth-locations", "/.well-known/acme-challenge")),
        hsts: Hsts {
            enabled: keys.bool("hsts", true),
            max_age: keys.text("hsts-max-age", "31536000").value,
            include_subdomains: keys.bool("hsts-include-subdomains", true).value,
            preload: keys.bool("hsts-preload", false).value,
        },
        forwarded: ForwardedHeaders {
            trusted: keys.bool("use-forwarded-headers", false),
            full_forwarded_for: keys.bool("compute-full-forwarded-for", false).value,
            real_ip: keys.bool("enable-real-ip", false).value,
            for_header: keys.header("forwarded-for-header", "X-Forwarded-For"),
            host_header: keys.header("forwarded-host-header", "X-Forwarded-Host"),
            trusted_proxies,
            proxy_protocol: keys.bool("use-proxy-protocol", false),
        },
        access: AccessLists {
            block_cidrs: keys.networks("block-cidrs", &mut unreadable),
            block_user_agents: keys.map("block-user-agents"),
            block_referers: keys.map("block-referers"),
        },
        external_auth: external_auth(&mut keys),
        errors: Errors { codes: errors.clone(), intercept_disabled: keys.bool("disable-proxy-intercept-errors", false).value },
        proxy_set_headers: map_named(&mut keys, "proxy-set-headers"),
        add_headers: map_named(&mut keys, "add-headers"),
        hide_headers: keys.list("hide-headers").iter().filter_map(|name| single(name)).collect(),
        allowed_response_headers,
        original_uri_header: keys.bool("proxy-add-original-uri-header", false).value,
        generate_request_id: keys.bool("generate-request-id", true).value,
        backend_server_header: keys.bool("allow-backend-server-header", false).value,
        server_tokens: keys.bool("server-tokens", false).value,
        underscores_in_headers: keys.bool("enable-underscores-in-headers", false).value,
        ignore_invalid_headers: keys.bool("ignore-invalid-headers", true).value,
        limit_request_status: keys.status("limit-req-status-code", 503),
        limit_connection_status: keys.status("limit-conn-status-code", 503),
        header_buffers: header_buffers(&first_buffer, &buffers),
        allow_snippets: keys.bool("allow-snippet-annotations", false),
        risk_level,
        // An item between two commas is found in every value.
        word_blocklist: if word_blocklist.is_empty() { Vec::new() } else { word_blocklist.trim().split(',').map(str::to_owned).collect() },
        cross_namespace: keys.bool("allow-cross-namespace-resources", false).value,
        strict_path_type: keys.bool("strict-validate-path-type", true).value,
        proxy_ssl_location_only: keys.bool("proxy-ssl-location-only", false).value,
        modsecurity: keys.bool("enable-modsecurity", false).value,
        snippets,
        use_http2: keys.bool("use-http2", true).value,
        ssl_reject_handshake: keys.bool("ssl-reject-handshake", false).value,
        status_networks,
        default_certificate: flags.default_ssl_certificate.clone(),
        defaults: Arc::new(defaults(&mut keys, errors, &mut unreadable)),
        logging: IndexMap::new(),
        flags,
    };
    finish(keys, globals, unreadable)
}

/// Keeps keys without influence, and reports those that the controller does not know.
fn finish(mut keys: Keys<'_>, mut globals: Globals, unreadable: Vec<(&'static str, String)>) -> Read {
    for (key, value) in keys.data {
        if keys.known.contains(key.as_str()) {
            continue;
        }
        if keys::without_influence(key) {
            globals.logging.insert(key.clone(), value.clone());
        } else {
            keys.report(Code::IngressUnknownConfigmapKey, key, value);
        }
    }
    for url in keys.map("skip-access-log-urls") {
        if let MapKey::Regex { pattern, caseless } = url
            && let Err(error) = Pattern::parse(&pattern, caseless)
        {
            keys.refused.push(("skip-access-log-urls", format!("`{pattern}` is no regular expression: {error}")));
        }
    }
    keys.refused.extend(values::problems(keys.data));
    Read { globals, findings: keys.findings, unreadable, refused: keys.refused }
}

/// Buffers for heads of requests; nginx refuses what is none.
fn header_buffers(first: &str, larger: &str) -> HeaderBuffers {
    let bytes = |text: &str| check::size(text).and_then(|size| usize::try_from(size).ok());
    let first = single(first).unwrap_or_default();
    let larger = arguments(larger).unwrap_or_default();
    let [number, size] = larger.as_slice() else {
        return HeaderBuffers { first: bytes(&first).unwrap_or(1 << 10), number: 4, size: 8 << 10 };
    };
    HeaderBuffers { first: bytes(&first).unwrap_or(1 << 10), number: number.parse().unwrap_or(4), size: bytes(size).unwrap_or(8 << 10) }
}

fn read_snippets(keys: &mut Keys<'_>) -> Vec<Snippet> {
    let mut snippets = Vec::new();
    let asks = keys.get("global-auth-url").is_some();
    for key in [
        "main-snippet",
        "http-snippet",
        "server-snippet",
        "location-snippet",
        "stream-snippet",
        "global-auth-snippet",
        "modsecurity-snippet",
    ] {
        // Without a service nobody writes it anywhere.
        if key == "global-auth-snippet" && !asks {
            continue;
        }
        let text = keys.text(key, "").value;
        if !text.is_empty() {
            snippets.push(snippets::global(key, text));
        }
    }
    snippets
}

fn locations(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim_matches(' ')).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

fn external_auth(keys: &mut Keys<'_>) -> Option<ExternalAuth> {
    let url = keys.or("global-auth-url", String::new(), |text| GoUrl::with_host(text).map(|_| text.to_owned())).value;
    let host = GoUrl::with_host(&url).map(|url| url.hostname().to_owned()).unwrap_or_default();
    let method = keys
        .or("global-auth-method", String::new(), |text| {
            let known = ["", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"].contains(&text);
            known.then(|| text.to_owned())
        })
        .value;
    let signin = keys.or("global-auth-signin", String::new(), |text| GoUrl::with_host(text).map(|_| text.to_owned())).value;
    let parameter = keys.text("global-auth-signin-redirect-param", "").value.trim().to_owned();
    let signin_parameter = if parameter.is_empty() || signin.is_empty() { "rd".to_owned() } else { parameter };
    let response_headers = keys.list("global-auth-response-headers").into_iter().filter(|name| external::is_header(name)).collect();
    let request_redirect = keys.text("global-auth-request-redirect", "").value;
    let snippet = keys.text("global-auth-snippet", "").value;
    let cache_key = keys.text("global-auth-cache-key", "").value;
    let cache_duration = match keys.get("global-auth-cache-duration") {
        Some(text) => external::cache_durations(text).unwrap_or_else(|| {
            keys.report(Code::IngressInvalidConfigmapValue, "global-auth-cache-duration", text);
            vec![external::CACHE_DURATION.to_owned()]
        }),
        None => Vec::new(),
    };
    let always_set_cookie = keys.or("global-auth-always-set-cookie", false, check::go_bool).value;
    (!url.is_empty()).then_some(ExternalAuth {
        given: Given::ConfigMap("global-auth-url"),
        url,
        host,
        method,
        signin,
        signin_parameter,
        response_headers,
        request_redirect,
        cache_key,
        cache_duration,
        proxy_set_headers: None,
        always_set_cookie,
        keepalive: 0,
        keepalive_requests: 0,
        keepalive_timeout: 0,
        keepalive_share_vars: false,
        code: snippets::auth(&snippet),
        snippet,
    })
}

/// Settings of an Ingress without annotations.
fn defaults(keys: &mut Keys<'_>, errors: Vec<u16>, unreadable: &mut Vec<(&'static str, String)>) -> Settings {
    let given = |present: bool, key| if present { Given::ConfigMap(key) } else { Given::Default };
    let allow = keys.networks("whitelist-source-range", unreadable);
    let deny = keys.networks("denylist-source-range", unreadable);
    let allow = Setting { given: given(!allow.is_empty(), "whitelist-source-range"), value: allow };
    let deny = Setting { given: given(!deny.is_empty(), "denylist-source-range"), value: deny };
    let rate = keys.int("limit-rate", 0).value;
    let rate_after = keys.int("limit-rate-after", 0).value;
    let limits = (rate > 0 || rate_after > 0).then(|| {
        Arc::new(RateLimits { connections: 0, per_second: 0, per_minute: 0, burst_multiplier: 5, rate, rate_after, exempt: Vec::new() })
    });
    let enabled = keys.bool("enable-modsecurity", false).value;
    let core_rules = keys.bool("enable-owasp-modsecurity-crs", false).value;
    let snippet = keys.text("modsecurity-snippet", "").value;
    Settings {
        rewrite: Rewrite {
            target: String::new(),
            use_regex: false,
            app_root: String::new(),
            ssl_redirect: keys.bool("ssl-redirect", true),
            force_ssl_redirect: keys.bool("force-ssl-redirect", false),
            preserve_trailing_slash: keys.bool("preserve-trailing-slash", false),
            use_port_in_redirects: keys.bool("use-port-in-redirects", false),
        },
        redirect: Redirect { fixed: None, www: false, relative: keys.bool("relative-redirects", false) },
        canary: None,
        cors: None,
        addresses: Arc::new(AddressLists { allow, deny, satisfy: Satisfy::All, says_satisfy: false }),
        limits,
        basic_auth: None,
        external_auth: None,
        global_auth: Setting::default(true),
        auth_tls: None,
        proxy_tls: None,
        protocol: Setting::default(BackendProtocol::Http),
        proxy: Arc::new(proxy_defaults(keys)),
        connection_header: String::new(),
        upstream_host: String::new(),
        forwarded_prefix: String::new(),
        custom_headers: None,
        errors: ErrorPages {
            codes: Setting { given: given(!errors.is_empty(), "custom-http-errors"), value: errors },
            intercept_disabled: Setting::default(false),
        },
        default_backend: String::new(),
        aliases: Vec::new(),
        affinity: None,
        canary_behavior: CanaryBehavior::Sticky,
        balancing: Arc::new(LoadBalancing {
            algorithm: keys.text("load-balance", ""),
            hash_by: String::new(),
            subset: false,
            subset_size: 3,
            service_upstream: keys.bool("service-upstream", false),
        }),
        mirror: None,
        fastcgi: None,
        server_tls: ServerTls::default(),
        modsecurity: Arc::new(ModSecurity {
            enabled,
            given: false,
            core_rules,
            transaction_id: String::new(),
            code: snippets::rules(&snippet),
            snippet,
        }),
        observability: Arc::new(Observability {
            access_log: Setting::default(true),
            rewrite_log: Setting::default(false),
            opentelemetry: None,
            opentelemetry_operation: String::new(),
            opentelemetry_trust: None,
        }),
        http2_push_preload: false,
        snippets: None,
        denied: None,
        host_denied: None,
    }
}

fn proxy_defaults(keys: &mut Keys<'_>) -> Proxy {
    let body = keys.text("proxy-body-size", "1m");
    let retry_non_idempotent = keys.bool("retry-non-idempotent", false).value;
    let mut conditions = keys.text("proxy-next-upstream", "error timeout");
    if retry_non_idempotent && !conditions.value.split(' ').any(|word| word == "non_idempotent") {
        conditions.value.push_str(" non_idempotent");
    }
    Proxy {
        body_size: Setting { value: proxy::limit(&body.value), given: body.given },
        buffering: Buffering {
            responses: keys.text("proxy-buffering", "off"),
            requests: keys.text("proxy-request-buffering", "on"),
            size: keys.text("proxy-buffer-size", "4k"),
            number: keys.int("proxy-buffers-number", 4),
            busy: keys.text("proxy-busy-buffers-size", ""),
            temp_file: keys.text("proxy-max-temp-file-size", "1024m"),
            body: keys.text("client-body-buffer-size", "8k"),
        },
        timeouts: Timeouts {
            connect: keys.int("proxy-connect-timeout", 5),
            send: keys.int("proxy-send-timeout", 60),
            read: keys.int("proxy-read-timeout", 60),
        },
        next_upstream: NextUpstream {
            conditions,
            timeout: keys.int("proxy-next-upstream-timeout", 0),
            tries: keys.int("proxy-next-upstream-tries", 3),
        },
        redirect: ProxyRedirect { from: keys.text("proxy-redirect-from", "off"), to: keys.text("proxy-redirect-to", "off") },
        cookie_domain: keys.text("proxy-cookie-domain", "off"),
        cookie_path: keys.text("proxy-cookie-path", "off"),
        http_version: keys.text("proxy-http-version", "1.1"),
    }
}
