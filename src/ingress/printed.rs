//! Annotations that the template prints into directives as they stand, and what nginx says against them.

use super::openssl;
use crate::{
    nginx::{
        Location, Server, Target,
        settings::{AuthTls, BackendProtocol, Given},
    },
    snippet::{arguments, single},
};

/// An annotation, and what nginx says.
type Problem = (&'static str, String);

/// Problems of a location whose directives are written.
pub(super) fn problems(server: &Server, location: &Location) -> Vec<Problem> {
    let settings = &location.settings;
    let mut problems = Vec::new();
    let plain = [BackendProtocol::Http, BackendProtocol::Https].contains(&settings.protocol.value) || location.target == Target::Default;
    if settings.proxy.redirect.from.value == "default" && !plain {
        problems.push(("proxy-redirect-from", "`proxy_redirect default` needs a `proxy_pass` without variables".to_owned()));
    }
    if let Some(limits) = &settings.limits {
        if (limits.per_second > 0 || limits.per_minute > 0) && limits.burst_multiplier <= 0 {
            let message = format!("`limit-burst-multiplier` {}: invalid burst value", limits.burst_multiplier);
            problems.push(("limit-burst-multiplier", message));
        }
        if limits.connections > 65535 {
            let message = format!("`limit-connections` {}: connection limit must be less 65536", limits.connections);
            problems.push(("limit-connections", message));
        }
    }
    let codes = &settings.errors.codes;
    if matches!(codes.given, Given::Annotation(_)) {
        problems.extend(codes.value.iter().filter_map(|&code| Some(("custom-http-errors", error_page(code)?))));
    }
    problems.extend(words(server, location));
    problems
}

/// What `error_page` says against a status.
pub(super) fn error_page(code: u16) -> Option<String> {
    match code {
        499 => Some("`custom-http-errors`: invalid value \"499\"".to_owned()),
        300..=599 => None,
        _ => Some(format!("`custom-http-errors`: value \"{code}\" must be between 300 and 599")),
    }
}

/// Values that must be one word.
fn words(server: &Server, location: &Location) -> Vec<Problem> {
    let settings = &location.settings;
    let auth = settings.external_auth.as_ref();
    // One Ingress of the host gives its ciphers.
    let ciphers = location.origin.as_ref().filter(|origin| server.ssl_ciphers == Some(origin.ingress));
    let fixed = settings.redirect.fixed.as_ref();
    let words = [
        ("auth-signin", auth.map_or("", |auth| &auth.signin)),
        ("auth-request-redirect", auth.map_or("", |auth| &auth.request_redirect)),
        ("ssl-ciphers", ciphers.map_or("", |_| &settings.server_tls.ciphers)),
        fixed.map_or(("permanent-redirect", ""), |fixed| (fixed.annotation, &fixed.url)),
    ];
    let given = words.into_iter().filter(|(_, text)| !text.is_empty());
    let refused = |name: &str, text: &str| {
        let of_openssl = || single(text).filter(|_| name == "ssl-ciphers").and_then(|word| openssl::ciphers(&word));
        no_word(text).or_else(of_openssl)
    };
    given.filter_map(|(name, text)| Some((name, format!("`{name}` `{text}`: {}", refused(name, text)?)))).collect()
}

/// Problems of what a host says about the certificates of clients.
pub(super) fn of_client_certificates(auth: &AuthTls) -> Vec<Problem> {
    let mut problems = Vec::new();
    // Without a CA nothing of this is written.
    if !auth.ca {
        return problems;
    }
    if auth.depth < 0 {
        problems.push(("auth-tls-verify-depth", format!("`auth-tls-verify-depth` {}: invalid number", auth.depth)));
    }
    // The check takes blanks out of what it looks at, and they are printed all the same.
    if let Some(problem) = no_word(&auth.error_page).filter(|_| !auth.error_page.is_empty()) {
        problems.push(("auth-tls-error-page", format!("`auth-tls-error-page` `{}`: {problem}", auth.error_page)));
    }
    problems
}

/// Why what is printed is not one word.
fn no_word(text: &str) -> Option<String> {
    match arguments(text) {
        Err(problem) => Some(problem),
        Ok(words) if words.len() == 1 => None,
        Ok(_) => Some("wrong number of arguments".to_owned()),
    }
}
