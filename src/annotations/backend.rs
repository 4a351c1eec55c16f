//! How a Service is spoken to and how its endpoints are chosen: protocol, balancing, affinity, mirror, FastCGI, TLS.

use std::sync::Arc;

use indexmap::IndexMap;

use super::{
    Content, Context,
    auth::object_name,
    external::is_header,
    reader::{Consequence, Effect, Fault, Reader, Stop},
    url::GoUrl,
};
use crate::k8s::NamespacedName;
use crate::nginx::settings::{Affinity, BackendProtocol, CustomHeaders, Fastcgi, LoadBalancing, Mirror, ProxyTls, Setting};

/// The template compares the exact spelling where it writes headers and parameters, but any spelling where it writes the protocol.
pub(super) fn protocol(reader: &mut Reader<'_>) -> Setting<BackendProtocol> {
    let text = reader.text_or("backend-protocol", &Setting::default("HTTP".to_owned()));
    let value = match text.value.as_str() {
        "GRPC" => BackendProtocol::Grpc,
        "GRPCS" => BackendProtocol::Grpcs,
        other => match other.to_ascii_uppercase().as_str() {
            "HTTPS" => BackendProtocol::Https,
            "AUTO_HTTP" => BackendProtocol::AutoHttp,
            "GRPC" => BackendProtocol::GrpcWithoutHeaders { tls: false },
            "GRPCS" => BackendProtocol::GrpcWithoutHeaders { tls: true },
            "FCGI" => BackendProtocol::Fcgi,
            _ => BackendProtocol::Http,
        },
    };
    Setting { value, given: text.given }
}

/// `load-balance`, `upstream-hash-by*` and `service-upstream`.
pub(super) fn balancing(reader: &mut Reader<'_>, defaults: &Arc<LoadBalancing>) -> Result<Arc<LoadBalancing>, Stop> {
    const NAMES: [&str; 5] =
        ["load-balance", "upstream-hash-by", "upstream-hash-by-subset", "upstream-hash-by-subset-size", "service-upstream"];
    if !NAMES.iter().any(|name| reader.has(name)) {
        return Ok(Arc::clone(defaults));
    }
    let algorithm = reader.text("load-balance");
    let algorithm = match reader.strict("load-balance", algorithm, Consequence::Default)? {
        Some(value) => Setting::annotation("load-balance", value),
        None => defaults.algorithm.clone(),
    };
    let (hash_by, subset, subset_size) = match hash(reader) {
        Err(Stop::Ignore) => (String::new(), false, 3),
        other => other?,
    };
    // An unusable value is false even where the ConfigMap says true.
    let service_upstream = match reader.bool("service-upstream") {
        Ok(value) => Setting::annotation("service-upstream", value),
        Err(Fault::Missing) => defaults.service_upstream,
        Err(Fault::Content | Fault::Invalid) => {
            reader.note("service-upstream", Effect::Unusable(Consequence::Default));
            Setting::annotation("service-upstream", false)
        }
    };
    Ok(Arc::new(LoadBalancing { algorithm, hash_by, subset, subset_size, service_upstream }))
}

fn hash(reader: &mut Reader<'_>) -> Result<(String, bool, i64), Stop> {
    let ignored = Consequence::GroupIgnored;
    let by = reader.text("upstream-hash-by");
    let by = reader.strict("upstream-hash-by", by, ignored)?.unwrap_or_default();
    let subset = reader.bool("upstream-hash-by-subset");
    let subset = reader.strict("upstream-hash-by-subset", subset, ignored)?.unwrap_or(false);
    let size = reader.int("upstream-hash-by-subset-size");
    let size = reader.strict("upstream-hash-by-subset-size", size, ignored)?.filter(|&size| size != 0).unwrap_or(3);
    if by.is_empty() {
        reader.note("upstream-hash-by-subset", Effect::Idle { needs: "upstream-hash-by" });
    }
    if by.is_empty() || !subset {
        reader.note("upstream-hash-by-subset-size", Effect::Idle { needs: "upstream-hash-by-subset" });
    }
    Ok((by, subset, size))
}

pub(super) fn affinity(reader: &mut Reader<'_>) -> Option<Arc<Affinity>> {
    if reader.text_or_empty("affinity") != "cookie" {
        return None;
    }
    let unset = Setting::default(false);
    let mut age = |name| {
        let text = reader.text_or_empty(name);
        if super::check::Pattern::CookieAge.matches(&text) { text } else { String::new() }
    };
    let expires = age("session-cookie-expires");
    let max_age = age("session-cookie-max-age");
    Some(Arc::new(Affinity {
        persistent: reader.text_or_empty("affinity-mode") == "persistent",
        name: reader.text_or("session-cookie-name", &Setting::default("INGRESSCOOKIE".to_owned())).value,
        path: reader.text_or_empty("session-cookie-path"),
        domain: reader.text_or_empty("session-cookie-domain"),
        expires,
        max_age,
        same_site: reader.text_or_empty("session-cookie-samesite"),
        conditional_same_site_none: reader.bool_or("session-cookie-conditional-samesite-none", &unset).value,
        secure: reader.bool_or("session-cookie-secure", &unset).value,
        change_on_failure: reader.bool_or("session-cookie-change-on-failure", &unset).value,
    }))
}

/// An invalid target leaves a mirror that leads nowhere, which nginx then routes inside the host.
pub(super) fn mirror(reader: &mut Reader<'_>) -> Option<Arc<Mirror>> {
    let target = match reader.text("mirror-target") {
        Ok(target) => target,
        Err(Fault::Invalid) => {
            reader.note("mirror-target", Effect::Unusable(Consequence::Default));
            String::new()
        }
        Err(Fault::Missing | Fault::Content) => {
            reader.note("mirror-target", Effect::Unusable(Consequence::Default));
            return None;
        }
    };
    let host = match reader.text("mirror-host") {
        Ok(host) => host,
        Err(_) => GoUrl::with_host(target.split('$').next().unwrap_or("")).map(|url| url.hostname().to_owned()).unwrap_or_default(),
    };
    let body = reader.text_or("mirror-request-body", &Setting::default("on".to_owned())).value != "off";
    Some(Arc::new(Mirror { target, host, body }))
}

pub(super) fn fastcgi(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Option<Arc<Fastcgi>>, Stop> {
    let index = reader.text("fastcgi-index");
    let index = reader.strict("fastcgi-index", index, Consequence::Default)?.unwrap_or_default();
    let text = reader.text("fastcgi-params-configmap");
    let Some(text) = reader.strict("fastcgi-params-configmap", text, Consequence::Default)? else {
        return Ok((!index.is_empty()).then(|| Arc::new(Fastcgi { index, params: None })));
    };
    let Some(name) = object_name(&text, cx.namespace) else {
        return Err(reader.deny("fastcgi-params-configmap", format!("`{text}` is neither a name nor namespace/name")));
    };
    if !cx.globals.cross_namespace && name.namespace != cx.namespace {
        return Err(reader.ignore("fastcgi-params-configmap"));
    }
    let name = NamespacedName::new(cx.namespace, name.name);
    let Some(data) = cx.config_map(&name) else {
        return Err(reader.deny("fastcgi-params-configmap", format!("ConfigMap `{name}` does not exist")));
    };
    let value_fits = |value: &str| value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_${}/.".contains(&byte));
    if !data.fits(|data| data.iter().all(|(key, value)| super::check::Pattern::FastcgiIndex.matches(key) && value_fits(value))) {
        return Err(reader.drop("fastcgi-params-configmap", "its ConfigMap has a key or value with forbidden characters"));
    }
    Ok(Some(Arc::new(Fastcgi { index, params: Some(name) })))
}

pub(super) fn tls(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Option<Arc<ProxyTls>>, Stop> {
    let name = reader.text("proxy-ssl-secret");
    let Some(name) = reader.strict("proxy-ssl-secret", name, Consequence::GroupIgnored)? else { return Ok(None) };
    let Some((namespace, secret)) = name.split_once('/').filter(|(_, secret)| !secret.contains('/')) else {
        return Err(reader.deny("proxy-ssl-secret", format!("`{name}` is not namespace/name")));
    };
    let secret = NamespacedName::new(namespace, secret);
    if !cx.globals.cross_namespace && namespace != cx.namespace {
        return Err(reader.deny("proxy-ssl-secret", format!("`{secret}` is in another namespace")));
    }
    let Some(keys) = cx.secret_keys(&secret) else {
        return Err(reader.deny("proxy-ssl-secret", format!("Secret `{secret}` does not exist")));
    };
    let has = |wanted: &str| keys.fits(|keys| keys.iter().any(|key| key == wanted));
    if !has("ca.crt") && !has("tls.crt") {
        return Err(reader.deny("proxy-ssl-secret", format!("Secret `{secret}` has neither a key pair nor a CA")));
    }
    let text = |value: &str| Setting::default(value.to_owned());
    Ok(Some(Arc::new(ProxyTls {
        has_ca: has("ca.crt"),
        has_certificate: has("tls.crt"),
        ciphers: reader.text_or("proxy-ssl-ciphers", &text("DEFAULT")).value,
        protocols: reader.text_or("proxy-ssl-protocols", &text("TLSv1.2")).value,
        name: reader.text_or_empty("proxy-ssl-name"),
        verify: reader.text_or_empty("proxy-ssl-verify") == "on",
        depth: Some(reader.int_or("proxy-ssl-verify-depth", &Setting::default(1)).value).filter(|&depth| depth != 0).unwrap_or(1),
        server_name: reader.text_or_empty("proxy-ssl-server-name") == "on",
        secret,
    })))
}

/// `custom-headers`: every header must be allowed by the ConfigMap of the controller.
pub(super) fn custom_headers(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Option<Arc<CustomHeaders>>, Stop> {
    const NAME: &str = "custom-headers";
    let text = reader.text_or_empty(NAME);
    if text.is_empty() {
        return Ok(None);
    }
    // The controller looks the text up as it stands, so a name without namespace is never found; any namespace will do.
    let name = text.contains('/').then(|| object_name(&text, cx.namespace)).flatten();
    let Some((name, data)) = name.and_then(|name| cx.config_map(&name).map(|data| (name, data))) else {
        return Err(reader.deny(NAME, format!("ConfigMap `{text}` does not exist")));
    };
    let headers = match data {
        Content::Read(data) => data.clone(),
        Content::Assumed => IndexMap::new(),
    };
    let value_fits = |value: &str| {
        !value.is_empty()
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_ :;.,\\/\"'?!(){}[]@<>=-+*#$&`|~^%".contains(&byte))
    };
    for (header, value) in &headers {
        if !is_header(header) || !value_fits(value) {
            return Err(reader.deny(NAME, format!("header `{header}` of ConfigMap `{name}` is invalid")));
        }
        if !cx.globals.allowed_response_headers.iter().any(|allowed| allowed == header) {
            return Err(reader.deny(NAME, format!("`global-allowed-response-headers` does not allow `{header}`")));
        }
    }
    Ok(Some(Arc::new(CustomHeaders { config_map: name, headers })))
}

/// `default-backend`: a Service of the namespace that exists.
pub(super) fn default_backend(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<String, Stop> {
    let name = reader.text("default-backend");
    let Some(name) = reader.strict("default-backend", name, Consequence::GroupIgnored)? else { return Ok(String::new()) };
    if !cx.service_exists(&NamespacedName::new(cx.namespace, &name)) {
        return Err(reader.ignore("default-backend"));
    }
    Ok(name)
}
