//! The annotations that the controller parses: validator, risk, and which other annotation switches each one on.

use super::check::{Check, Class, Pattern};

/// An annotation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) check: Check,
    /// 0 low, 1 medium, 2 high, 3 critical.
    pub(super) risk: u8,
    /// Without that annotation this one does nothing; empty where it stands alone.
    pub(super) needs: &'static str,
}

const ON_OFF: &[&str] = &["on", "off"];

const fn known(name: &'static str, check: Check, risk: u8, needs: &'static str) -> Known {
    Known { name, check, risk, needs }
}

/// Sorted by name.
#[rustfmt::skip]
static KNOWN: &[Known] = &[
    known("affinity", Check::Word(&["cookie"]), 0, ""),
    known("affinity-canary-behavior", Check::Word(&["sticky", "legacy"]), 0, "canary"),
    known("affinity-mode", Check::Word(&["balanced", "persistent"]), 1, "affinity"),
    known("allowlist-source-range", Check::Cidrs, 1, ""),
    known("app-root", Check::Capture(false), 1, ""),
    known("auth-always-set-cookie", Check::Bool, 0, "auth-url"),
    known("auth-cache-duration", Check::Chars(Class::Extended, false), 1, "auth-url"),
    known("auth-cache-key", Check::Chars(Class::Variable, true), 1, "auth-url"),
    known("auth-keepalive", Check::Int, 0, "auth-url"),
    known("auth-keepalive-requests", Check::Int, 0, "auth-url"),
    known("auth-keepalive-share-vars", Check::Bool, 0, "auth-url"),
    known("auth-keepalive-timeout", Check::Int, 0, "auth-url"),
    known("auth-method", Check::Squeezed(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE"]), 0, "auth-url"),
    known("auth-proxy-set-headers", Check::Chars(Class::Basic, true), 1, "auth-url"),
    known("auth-realm", Check::Chars(Class::Spaced, false), 1, "auth-type"),
    known("auth-request-redirect", Check::Chars(Class::Url, true), 1, "auth-url"),
    known("auth-response-headers", Check::Chars(Class::Headers, true), 1, "auth-url"),
    known("auth-secret", Check::Chars(Class::Basic, true), 1, "auth-type"),
    known("auth-secret-type", Check::Contains(&["auth-file", "auth-map"]), 0, "auth-type"),
    known("auth-signin", Check::Chars(Class::UrlVariables, true), 2, "auth-url"),
    known("auth-signin-redirect-param", Check::Chars(Class::Url, true), 1, "auth-url"),
    known("auth-snippet", Check::Any, 3, "auth-url"),
    known("auth-tls-error-page", Check::Pattern(Pattern::ErrorPage, true), 2, "auth-tls-secret"),
    known("auth-tls-match-cn", Check::CommonName, 2, "auth-tls-secret"),
    known("auth-tls-pass-certificate-to-upstream", Check::Bool, 0, "auth-tls-secret"),
    known("auth-tls-secret", Check::Chars(Class::Basic, true), 1, ""),
    known("auth-tls-verify-client", Check::Squeezed(&["on", "off", "optional", "optional_no_ca"]), 1, "auth-tls-secret"),
    known("auth-tls-verify-depth", Check::Int, 0, "auth-tls-secret"),
    known("auth-type", Check::Contains(&["basic", "digest"]), 0, ""),
    known("auth-url", Check::Chars(Class::UrlVariables, true), 2, ""),
    known("backend-protocol", Check::WordAnyCase(&["auto_http", "http", "https", "grpc", "grpcs", "fcgi"]), 0, ""),
    known("canary", Check::Bool, 0, ""),
    known("canary-by-cookie", Check::Chars(Class::Basic, true), 1, "canary"),
    known("canary-by-header", Check::Chars(Class::Basic, true), 1, "canary"),
    known("canary-by-header-pattern", Check::Chars(Class::Regex, false), 1, "canary"),
    known("canary-by-header-value", Check::Chars(Class::Basic, true), 1, "canary"),
    known("canary-weight", Check::Int, 0, "canary"),
    known("canary-weight-total", Check::Int, 0, "canary"),
    known("client-body-buffer-size", Check::Size, 0, ""),
    known("configuration-snippet", Check::Any, 3, ""),
    known("connection-proxy-header", Check::Squeezed(&["close", "keep-alive"]), 0, ""),
    known("cors-allow-credentials", Check::Bool, 0, "enable-cors"),
    known("cors-allow-headers", Check::Chars(Class::Headers, true), 1, "enable-cors"),
    known("cors-allow-methods", Check::Pattern(Pattern::CorsMethods, true), 1, "enable-cors"),
    known("cors-allow-origin", Check::Pattern(Pattern::CorsOrigins, true), 1, "enable-cors"),
    known("cors-expose-headers", Check::Pattern(Pattern::CorsExpose, true), 1, "enable-cors"),
    known("cors-max-age", Check::Int, 0, "enable-cors"),
    known("custom-headers", Check::Chars(Class::Basic, true), 1, ""),
    known("custom-http-errors", Check::Pattern(Pattern::ErrorCodes, true), 0, ""),
    known("default-backend", Check::ServiceName, 0, ""),
    known("denylist-source-range", Check::Cidrs, 1, ""),
    known("disable-proxy-intercept-errors", Check::Bool, 0, "custom-http-errors"),
    known("enable-access-log", Check::Bool, 0, ""),
    known("enable-cors", Check::Bool, 0, ""),
    known("enable-global-auth", Check::Bool, 0, ""),
    known("enable-modsecurity", Check::Bool, 0, ""),
    known("enable-opentelemetry", Check::Bool, 0, ""),
    known("enable-owasp-core-rules", Check::Bool, 0, "enable-modsecurity"),
    known("enable-rewrite-log", Check::Bool, 0, ""),
    known("fastcgi-index", Check::Pattern(Pattern::FastcgiIndex, true), 1, "backend-protocol"),
    known("fastcgi-params-configmap", Check::Chars(Class::Basic, true), 1, "backend-protocol"),
    known("force-ssl-redirect", Check::Bool, 1, ""),
    known("from-to-www-redirect", Check::Bool, 0, ""),
    known("http2-push-preload", Check::Bool, 0, ""),
    known("limit-allowlist", Check::Cidrs, 0, "limit-rps"),
    known("limit-burst-multiplier", Check::Int, 0, "limit-rps"),
    known("limit-connections", Check::Int, 0, ""),
    known("limit-rate", Check::Int, 0, ""),
    known("limit-rate-after", Check::Int, 0, ""),
    known("limit-rpm", Check::Int, 0, ""),
    known("limit-rps", Check::Int, 0, ""),
    known("limit-whitelist", Check::Cidrs, 0, "limit-rps"),
    known("load-balance", Check::Word(&["round_robin", "chash", "chashsubset", "sticky_balanced", "sticky_persistent", "ewma"]), 0, ""),
    known("mirror-host", Check::ServerName, 2, "mirror-target"),
    known("mirror-request-body", Check::Squeezed(ON_OFF), 0, "mirror-target"),
    known("mirror-target", Check::ServerName, 2, ""),
    known("modsecurity-snippet", Check::Any, 3, "enable-modsecurity"),
    known("modsecurity-transaction-id", Check::Chars(Class::Variable, true), 2, "enable-modsecurity"),
    known("opentelemetry-operation-name", Check::Chars(Class::Operation, true), 1, "enable-opentelemetry"),
    known("opentelemetry-trust-incoming-span", Check::Bool, 0, "enable-opentelemetry"),
    known("permanent-redirect", Check::Chars(Class::Url, false), 1, ""),
    known("permanent-redirect-code", Check::Int, 0, "permanent-redirect"),
    known("preserve-trailing-slash", Check::Bool, 1, ""),
    known("proxy-body-size", Check::Size, 1, ""),
    known("proxy-buffer-size", Check::Size, 0, ""),
    known("proxy-buffering", Check::Word(ON_OFF), 0, ""),
    known("proxy-buffers-number", Check::Int, 0, ""),
    known("proxy-busy-buffers-size", Check::Size, 0, ""),
    known("proxy-connect-timeout", Check::Int, 0, ""),
    known("proxy-cookie-domain", Check::Pattern(Pattern::CookieDomain, false), 1, ""),
    known("proxy-cookie-path", Check::Chars(Class::Url, true), 1, ""),
    known("proxy-http-version", Check::Word(&["1.0", "1.1"]), 0, ""),
    known("proxy-max-temp-file-size", Check::Size, 0, ""),
    known("proxy-next-upstream", Check::Pattern(Pattern::NextUpstream, false), 1, ""),
    known("proxy-next-upstream-timeout", Check::Int, 0, ""),
    known("proxy-next-upstream-tries", Check::Int, 0, ""),
    known("proxy-read-timeout", Check::Int, 0, ""),
    known("proxy-redirect-from", Check::Chars(Class::Url, true), 1, ""),
    known("proxy-redirect-to", Check::Chars(Class::Url, true), 1, "proxy-redirect-from"),
    known("proxy-request-buffering", Check::Word(ON_OFF), 0, ""),
    known("proxy-send-timeout", Check::Int, 0, ""),
    known("proxy-ssl-ciphers", Check::Chars(Class::Ciphers, true), 1, "proxy-ssl-secret"),
    known("proxy-ssl-name", Check::ServerName, 2, "proxy-ssl-secret"),
    known("proxy-ssl-protocols", Check::Pattern(Pattern::ProxySslProtocols, true), 0, "proxy-ssl-secret"),
    known("proxy-ssl-secret", Check::Chars(Class::Basic, true), 1, ""),
    known("proxy-ssl-server-name", Check::Squeezed(ON_OFF), 0, "proxy-ssl-secret"),
    known("proxy-ssl-verify", Check::Squeezed(ON_OFF), 0, "proxy-ssl-secret"),
    known("proxy-ssl-verify-depth", Check::Int, 0, "proxy-ssl-secret"),
    known("relative-redirects", Check::Bool, 0, ""),
    known("rewrite-target", Check::Capture(false), 1, ""),
    known("satisfy", Check::Word(&["any", "all"]), 0, ""),
    known("server-alias", Check::ServerNames, 2, ""),
    known("server-snippet", Check::Any, 3, ""),
    known("service-upstream", Check::Bool, 0, ""),
    known("session-cookie-change-on-failure", Check::Bool, 0, "affinity"),
    known("session-cookie-conditional-samesite-none", Check::Bool, 0, "affinity"),
    known("session-cookie-domain", Check::Chars(Class::Basic, true), 1, "affinity"),
    known("session-cookie-expires", Check::Pattern(Pattern::CookieAge, true), 1, "affinity"),
    known("session-cookie-max-age", Check::Pattern(Pattern::CookieAge, false), 1, "affinity"),
    known("session-cookie-name", Check::Chars(Class::Basic, true), 1, "affinity"),
    known("session-cookie-path", Check::Chars(Class::Url, true), 1, "affinity"),
    known("session-cookie-samesite", Check::WordAnyCase(&["none", "lax", "strict"]), 0, "affinity"),
    known("session-cookie-secure", Check::Bool, 0, "affinity"),
    known("ssl-ciphers", Check::Pattern(Pattern::SslCiphers, true), 0, ""),
    known("ssl-passthrough", Check::Bool, 0, ""),
    known("ssl-prefer-server-ciphers", Check::Bool, 0, ""),
    known("ssl-redirect", Check::Bool, 0, ""),
    known("stream-snippet", Check::Any, 3, ""),
    known("temporal-redirect", Check::Chars(Class::Url, false), 1, ""),
    known("temporal-redirect-code", Check::Int, 0, "temporal-redirect"),
    known("upstream-hash-by", Check::Chars(Class::Variable, true), 2, ""),
    known("upstream-hash-by-subset", Check::Bool, 0, "upstream-hash-by"),
    known("upstream-hash-by-subset-size", Check::Int, 0, "upstream-hash-by-subset"),
    known("upstream-vhost", Check::ServerName, 0, ""),
    known("use-port-in-redirects", Check::Bool, 0, ""),
    known("use-regex", Check::Bool, 0, ""),
    known("whitelist-source-range", Check::Cidrs, 1, ""),
    known("x-forwarded-prefix", Check::Capture(true), 1, "rewrite-target"),
];

/// The annotation of this name (without prefix).
pub(super) fn lookup(name: &str) -> Option<&'static Known> {
    KNOWN.binary_search_by(|known| known.name.cmp(name)).ok().map(|index| &KNOWN[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_complete() {
        assert!(KNOWN.is_sorted_by(|a, b| a.name < b.name));
        assert_eq!(KNOWN.len(), 138, "136 annotations and two aliases");
        assert!(KNOWN.iter().all(|known| known.needs.is_empty() || lookup(known.needs).is_some()));
    }
}
