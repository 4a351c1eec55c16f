//! `proxy-*` and `client-body-buffer-size` (`annotations/proxy`, `clientbodybuffersize`).

use std::sync::Arc;

use super::{
    check,
    reader::{Consequence, Reader, Stop},
};
use crate::nginx::settings::{Buffering, Given, NextUpstream, Proxy, ProxyRedirect, Setting, Timeouts};

pub(super) fn read(reader: &mut Reader<'_>, defaults: &Arc<Proxy>) -> Result<Arc<Proxy>, Stop> {
    let ours = |name: &str| (name.starts_with("proxy-") && !name.starts_with("proxy-ssl-")) || name == "client-body-buffer-size";
    if !reader.values().iter().any(|(known, _)| ours(known.name)) {
        return Ok(Arc::clone(defaults));
    }
    let body = reader.text("client-body-buffer-size");
    let body = match reader.strict("client-body-buffer-size", body, Consequence::Default)? {
        Some(value) => Setting::annotation("client-body-buffer-size", value),
        None => defaults.buffering.body.clone(),
    };
    Ok(Arc::new(Proxy {
        body_size: body_size(reader, defaults),
        buffering: Buffering {
            responses: reader.text_or("proxy-buffering", &defaults.buffering.responses),
            requests: reader.text_or("proxy-request-buffering", &defaults.buffering.requests),
            size: reader.text_or("proxy-buffer-size", &defaults.buffering.size),
            number: reader.int_or("proxy-buffers-number", &defaults.buffering.number),
            busy: reader.text_or("proxy-busy-buffers-size", &defaults.buffering.busy),
            temp_file: reader.text_or("proxy-max-temp-file-size", &defaults.buffering.temp_file),
            body,
        },
        timeouts: Timeouts {
            connect: reader.int_or("proxy-connect-timeout", &defaults.timeouts.connect),
            send: reader.int_or("proxy-send-timeout", &defaults.timeouts.send),
            read: reader.int_or("proxy-read-timeout", &defaults.timeouts.read),
        },
        next_upstream: NextUpstream {
            conditions: reader.text_or("proxy-next-upstream", &defaults.next_upstream.conditions),
            timeout: reader.int_or("proxy-next-upstream-timeout", &defaults.next_upstream.timeout),
            tries: reader.int_or("proxy-next-upstream-tries", &defaults.next_upstream.tries),
        },
        redirect: ProxyRedirect {
            from: reader.text_or("proxy-redirect-from", &defaults.redirect.from),
            to: reader.text_or("proxy-redirect-to", &defaults.redirect.to),
        },
        cookie_domain: reader.text_or("proxy-cookie-domain", &defaults.cookie_domain),
        cookie_path: reader.text_or("proxy-cookie-path", &defaults.cookie_path),
        http_version: reader.text_or("proxy-http-version", &defaults.http_version),
    }))
}

fn body_size(reader: &mut Reader<'_>, defaults: &Proxy) -> Setting<Option<u64>> {
    let text = reader.text_or("proxy-body-size", &Setting::default(String::new()));
    if text.value.is_empty() {
        return defaults.body_size;
    }
    Setting { value: limit(&text.value), given: Given::Annotation("proxy-body-size") }
}

/// Limit of a size text, 0 meaning none. Of a text that the template does not print nginx's own limit remains.
pub(crate) fn limit(text: &str) -> Option<u64> {
    check::size(text).map_or(Some(1 << 20), |size| (size > 0).then_some(size))
}
