//! Small groups: aliases, error pages, headers, TLS of the host, snippets, `ModSecurity`, logs and traces.

use std::sync::Arc;

use super::{
    check,
    reader::{Consequence, Effect, Fault, Reader, Stop},
    snippets,
};
use crate::nginx::settings::{ErrorPages, ModSecurity, Observability, ServerTls, Setting};

/// `server-alias`, sorted, each once.
pub(super) fn aliases(reader: &mut Reader<'_>) -> Result<Vec<String>, Stop> {
    let text = reader.text("server-alias");
    let text = reader.strict("server-alias", text, Consequence::GroupIgnored)?.unwrap_or_default();
    let mut list: Vec<String> = text.split(',').map(str::trim).filter(|alias| !alias.is_empty()).map(str::to_owned).collect();
    list.sort_unstable();
    list.dedup();
    Ok(list)
}

/// `custom-http-errors` and `disable-proxy-intercept-errors`.
pub(super) fn errors(reader: &mut Reader<'_>, defaults: &ErrorPages) -> Result<ErrorPages, Stop> {
    let text = reader.text("custom-http-errors");
    let text = reader.strict("custom-http-errors", text, Consequence::GroupIgnored);
    let text = match text {
        Err(Stop::Ignore) => None,
        other => other?,
    };
    let codes = text.and_then(|text| {
        let codes: Option<Vec<u16>> = text.split(',').map(str::trim).filter(|code| !code.is_empty()).map(status).collect();
        if codes.is_none() {
            reader.note("custom-http-errors", Effect::Unusable(Consequence::GroupIgnored));
        }
        codes.filter(|codes| !codes.is_empty())
    });
    let codes = codes.map_or_else(|| defaults.codes.clone(), |codes| Setting::annotation("custom-http-errors", codes));
    let intercept_disabled = match reader.bool("disable-proxy-intercept-errors") {
        Ok(value) => Setting::annotation("disable-proxy-intercept-errors", value),
        Err(Fault::Missing) => Setting::default(false),
        Err(Fault::Content | Fault::Invalid) => {
            reader.note("disable-proxy-intercept-errors", Effect::Unusable(Consequence::Default));
            Setting::default(false)
        }
    };
    Ok(ErrorPages { codes, intercept_disabled })
}

/// A number as Go reads it; what no status can be is 0, which nginx refuses like any other number out of its range.
fn status(text: &str) -> Option<u16> {
    check::go_int(text).map(|code| u16::try_from(code).unwrap_or(0))
}

/// `ssl-ciphers` and `ssl-prefer-server-ciphers`; `ssl-passthrough` stands alone.
pub(super) fn server_tls(reader: &mut Reader<'_>) -> Result<ServerTls, Stop> {
    let prefer_server_ciphers = match reader.bool("ssl-prefer-server-ciphers") {
        Ok(value) => Some(value),
        Err(Fault::Missing) => None,
        Err(Fault::Content | Fault::Invalid) => {
            reader.note("ssl-prefer-server-ciphers", Effect::Unusable(Consequence::Default));
            None
        }
    };
    let ciphers = reader.text("ssl-ciphers");
    let ciphers = reader.strict("ssl-ciphers", ciphers, Consequence::Default)?.unwrap_or_default();
    let passthrough = reader.bool("ssl-passthrough");
    let passthrough = match reader.strict("ssl-passthrough", passthrough, Consequence::GroupIgnored) {
        Err(Stop::Ignore) => None,
        other => other?,
    };
    Ok(ServerTls { ciphers, prefer_server_ciphers, passthrough: passthrough.unwrap_or(false) })
}

/// A text whose only validator may drop the Ingress: `upstream-vhost`, `x-forwarded-prefix`, `connection-proxy-header`.
pub(super) fn strict_text(reader: &mut Reader<'_>, name: &'static str) -> Result<String, Stop> {
    let text = reader.text(name);
    match reader.strict(name, text, Consequence::GroupIgnored) {
        Err(Stop::Ignore) => Ok(String::new()),
        other => Ok(other?.unwrap_or_default()),
    }
}

/// `http2-push-preload`.
pub(super) fn http2_push_preload(reader: &mut Reader<'_>) -> Result<bool, Stop> {
    let value = reader.bool("http2-push-preload");
    match reader.strict("http2-push-preload", value, Consequence::GroupIgnored) {
        Err(Stop::Ignore) => Ok(false),
        other => Ok(other?.unwrap_or(false)),
    }
}

pub(super) fn modsecurity(reader: &mut Reader<'_>, defaults: &Arc<ModSecurity>, snippets: bool) -> Arc<ModSecurity> {
    const NAMES: [&str; 4] = ["enable-modsecurity", "enable-owasp-core-rules", "modsecurity-transaction-id", "modsecurity-snippet"];
    if !NAMES.iter().any(|name| reader.has(name)) {
        return Arc::clone(defaults);
    }
    let enabled = reader.bool("enable-modsecurity");
    if matches!(enabled, Err(Fault::Content | Fault::Invalid)) {
        reader.note("enable-modsecurity", Effect::Unusable(Consequence::Default));
    }
    let given = enabled.is_ok();
    let core_rules = reader.bool_or("enable-owasp-core-rules", &Setting::default(defaults.core_rules)).value;
    let transaction_id = reader.text_or_empty("modsecurity-transaction-id");
    let snippet = if snippets { reader.text_or_empty("modsecurity-snippet") } else { String::new() };
    Arc::new(ModSecurity {
        enabled: enabled.unwrap_or(defaults.enabled),
        given,
        core_rules,
        transaction_id,
        code: snippets::rules(&snippet),
        snippet,
    })
}

pub(super) fn observability(reader: &mut Reader<'_>, defaults: &Arc<Observability>) -> Result<Arc<Observability>, Stop> {
    const NAMES: [&str; 3] = ["enable-access-log", "enable-rewrite-log", "enable-opentelemetry"];
    if !NAMES.iter().any(|name| reader.has(name)) {
        return Ok(Arc::clone(defaults));
    }
    let mut found = Observability {
        access_log: reader.bool_or("enable-access-log", &Setting::default(true)),
        rewrite_log: reader.bool_or("enable-rewrite-log", &Setting::default(false)),
        opentelemetry: reader.bool("enable-opentelemetry").ok(),
        opentelemetry_operation: String::new(),
        opentelemetry_trust: None,
    };
    if found.opentelemetry.is_none() {
        reader.note("enable-opentelemetry", Effect::Unusable(Consequence::Default));
    }
    if found.opentelemetry == Some(true) {
        found.opentelemetry_trust = reader.bool("opentelemetry-trust-incoming-span").ok();
        let operation = reader.text("opentelemetry-operation-name");
        found.opentelemetry_operation = reader.strict("opentelemetry-operation-name", operation, Consequence::Default)?.unwrap_or_default();
    }
    Ok(Arc::new(found))
}

/// Codes of `custom-http-errors` in the ConfigMap: numbers from 300 to 599, others left out.
pub(crate) fn global_errors(text: &str) -> Vec<u16> {
    text.split(',')
        .map(str::trim)
        .filter_map(check::go_int)
        .filter_map(|code| u16::try_from(code).ok())
        .filter(|code| (300..600).contains(code))
        .collect()
}
