//! External authentication (`annotations/authreq`, `authreqglobal`).

use std::sync::Arc;

use super::{
    Context,
    auth::{object_name, optional},
    reader::{Consequence, Effect, Fault, Reader, Stop},
    snippets,
    url::GoUrl,
};
use crate::nginx::settings::{ExternalAuth, Given, Setting};

pub(crate) const CACHE_DURATION: &str = "200 202 401 5m";

pub(super) fn read(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Option<Arc<ExternalAuth>>, Stop> {
    let url = reader.text("auth-url");
    let Some(url) = reader.strict("auth-url", url, Consequence::GroupIgnored)? else { return Ok(None) };
    let Some(host) = GoUrl::with_host(&url).map(|url| url.hostname().to_owned()) else {
        return Err(reader.deny("auth-url", "it is no URL with scheme and host"));
    };
    let Ok(method) = optional(reader, "auth-method") else { return Err(reader.deny("auth-method", "it is no method")) };
    let signin = reader.text_or_empty("auth-signin");
    let signin_parameter = reader.text_or("auth-signin-redirect-param", &Setting::default("rd".to_owned())).value;
    let snippet = reader.text_or_empty("auth-snippet");
    let cache_key = reader.text_or_empty("auth-cache-key");
    let mut keepalive = reader.int_or("auth-keepalive", &Setting::default(0)).value.max(0);
    let keepalive_share_vars = reader.bool_or("auth-keepalive-share-vars", &Setting::default(false)).value;
    let keepalive_requests = reader.int_or("auth-keepalive-requests", &Setting::default(1000)).value;
    let keepalive_timeout = reader.int_or("auth-keepalive-timeout", &Setting::default(60)).value;
    if keepalive_requests <= 0 || keepalive_timeout <= 0 || host.contains('$') {
        keepalive = 0;
    }
    let Ok(durations) = optional(reader, "auth-cache-duration") else { return Err(reader.ignore("auth-cache-duration")) };
    let Some(cache_duration) = cache_durations(&durations) else {
        return Err(reader.deny("auth-cache-duration", "it is no list of codes and times"));
    };
    let Ok(headers) = optional(reader, "auth-response-headers") else {
        return Err(reader.deny("auth-response-headers", "it is no list of header names"));
    };
    let response_headers: Vec<String> = headers.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    if !response_headers.iter().all(|name| is_header(name)) {
        return Err(reader.deny("auth-response-headers", "it is no list of header names"));
    }
    let set_headers = reader.text_or_empty("auth-proxy-set-headers");
    let proxy_set_headers = set_headers_of(reader, cx, &set_headers)?;
    let Ok(request_redirect) = optional(reader, "auth-request-redirect") else { return Err(reader.ignore("auth-request-redirect")) };
    let always_set_cookie = match reader.bool("auth-always-set-cookie") {
        Ok(value) => value,
        Err(Fault::Invalid) => return Err(reader.ignore("auth-always-set-cookie")),
        Err(Fault::Missing | Fault::Content) => false,
    };
    reader.note("enable-global-auth", Effect::Superseded { by: "auth-url" });
    Ok(Some(Arc::new(ExternalAuth {
        given: Given::Annotation("auth-url"),
        url,
        host,
        method,
        signin,
        signin_parameter,
        response_headers,
        request_redirect,
        cache_key,
        cache_duration,
        proxy_set_headers,
        always_set_cookie,
        keepalive,
        keepalive_requests,
        keepalive_timeout,
        keepalive_share_vars,
        code: snippets::auth(&snippet),
        snippet,
    })))
}

fn set_headers_of(reader: &mut Reader<'_>, cx: &Context<'_>, text: &str) -> Result<Option<crate::k8s::NamespacedName>, Stop> {
    const NAME: &str = "auth-proxy-set-headers";
    if text.is_empty() {
        return Ok(None);
    }
    let Some(name) = object_name(text, cx.namespace) else {
        return Err(reader.deny(NAME, format!("`{text}` is neither a name nor namespace/name")));
    };
    if !cx.globals.cross_namespace && name.namespace != cx.namespace {
        return Err(reader.deny(NAME, format!("`{name}` is in another namespace")));
    }
    // The controller looks the text up as it stands, so a name without namespace is never found.
    let found = text.contains('/').then(|| cx.config_map(&name)).flatten();
    let Some(data) = found else { return Err(reader.deny(NAME, format!("ConfigMap `{text}` does not exist"))) };
    if !data.fits(|data| data.keys().all(|key| is_header(key))) {
        return Err(reader.deny(NAME, format!("ConfigMap `{name}` has a key that is no header name")));
    }
    Ok(Some(name))
}

pub(crate) fn is_header(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// `ParseStringToCacheDurations`; `None` where the list is broken.
pub(crate) fn cache_durations(text: &str) -> Option<Vec<String>> {
    let items: Vec<String> = text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect();
    if !items.iter().all(|item| is_cache_duration(item)) {
        return None;
    }
    Some(if items.is_empty() { vec![CACHE_DURATION.to_owned()] } else { items })
}

/// Codes, then a time; other words are passed over.
fn is_cache_duration(text: &str) -> bool {
    let mut timed = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        if word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit()) {
            if timed {
                return false;
            }
            continue;
        }
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        timed |= unit.len() < word.len() && ["ms", "s", "m", "h", "d", "w", "M", "y"].contains(&unit);
    }
    timed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cache_durations_are_codes_and_then_a_time() {
        assert!(cache_durations("200 202 10m, 401 1s").is_some());
        assert!(cache_durations("10m 200").is_none() && cache_durations("200 ten").is_none());
        assert_eq!(cache_durations(""), Some(vec![CACHE_DURATION.to_owned()]));
    }
}
