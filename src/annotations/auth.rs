//! Basic and digest authentication (`annotations/auth`) and client certificates (`annotations/authtls`).

use std::sync::Arc;

use super::{
    Context,
    reader::{Consequence, Fault, Reader, Stop},
};
use crate::{
    k8s::NamespacedName,
    nginx::settings::{AuthTls, BasicAuth, BasicKind, SecretKind, Setting, VerifyClient},
};

pub(super) fn basic(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Option<Arc<BasicAuth>>, Stop> {
    let kind = reader.text("auth-type");
    let Some(kind) = reader.strict("auth-type", kind, Consequence::GroupIgnored)? else { return Ok(None) };
    if !kind.contains("basic") && !kind.contains("digest") {
        return Err(reader.deny("auth-type", "it is neither basic nor digest"));
    }
    let secret_kind = reader.text("auth-secret-type");
    let secret_kind = reader.strict("auth-secret-type", secret_kind, Consequence::Default)?.unwrap_or_else(|| "auth-file".to_owned());
    let Ok(name) = reader.text("auth-secret") else {
        let culprit = if reader.has("auth-secret") { "auth-secret" } else { "auth-type" };
        return Err(reader.deny(culprit, "`auth-secret` names no Secret"));
    };
    let Some(secret) = object_name(&name, cx.namespace) else {
        return Err(reader.deny("auth-secret", format!("`{name}` is neither a name nor namespace/name")));
    };
    if !cx.globals.cross_namespace && secret.namespace != cx.namespace {
        return Err(reader.deny("auth-secret", format!("`{secret}` is in another namespace")));
    }
    let Some(keys) = cx.secret_keys(&secret) else {
        return Err(reader.deny("auth-secret", format!("Secret `{secret}` does not exist")));
    };
    let realm = reader.text("auth-realm");
    let realm = reader.strict("auth-realm", realm, Consequence::Default)?.unwrap_or_default();
    let secret_kind = match secret_kind.as_str() {
        "auth-file" if keys.fits(|keys| keys.iter().any(|key| key == "auth")) => SecretKind::File,
        "auth-file" => return Err(reader.deny("auth-secret", format!("Secret `{secret}` has no key `auth`"))),
        "auth-map" => SecretKind::Map,
        _ => return Err(reader.deny("auth-secret-type", "it is neither auth-file nor auth-map")),
    };
    let kind = match kind.as_str() {
        "basic" => BasicKind::Basic,
        "digest" => BasicKind::Digest,
        _ => BasicKind::OtherDigest,
    };
    let assumed = !cx.inventory.secrets.contains_key(&secret);
    Ok(Some(Arc::new(BasicAuth { kind, realm, secret, secret_kind, assumed })))
}

/// Client certificates; a denial here refuses the whole host.
pub(super) fn tls(reader: &mut Reader<'_>, cx: &Context<'_>) -> Result<Option<Arc<AuthTls>>, Stop> {
    let name = reader.text("auth-tls-secret");
    let Some(name) = reader.strict("auth-tls-secret", name, Consequence::GroupIgnored)? else { return Ok(None) };
    let Some((namespace, secret)) = name.split_once('/').filter(|(_, secret)| !secret.contains('/')) else {
        return Err(reader.deny("auth-tls-secret", format!("`{name}` is not namespace/name")));
    };
    let secret = NamespacedName::new(namespace, secret);
    // An empty namespace passes as that of the Ingress, but then no Secret is found under the name.
    if !cx.globals.cross_namespace && !namespace.is_empty() && namespace != cx.namespace {
        return Err(reader.deny("auth-tls-secret", format!("`{secret}` is in another namespace")));
    }
    let Some(keys) = cx.secret_keys(&secret) else {
        return Err(reader.deny("auth-tls-secret", format!("Secret `{secret}` does not exist")));
    };
    let has = |wanted: &str| keys.fits(|keys| keys.iter().any(|key| key == wanted));
    if !has("ca.crt") && !has("tls.crt") {
        return Err(reader.deny("auth-tls-secret", format!("Secret `{secret}` has neither a key pair nor a CA")));
    }
    let verify = match reader.text_or("auth-tls-verify-client", &Setting::default("on".to_owned())).value.as_str() {
        "off" => VerifyClient::Off,
        "optional" => VerifyClient::Optional,
        "optional_no_ca" => VerifyClient::OptionalNoCa,
        _ => VerifyClient::On,
    };
    let depth = reader.int_or("auth-tls-verify-depth", &Setting::default(1)).value;
    let error_page = reader.text("auth-tls-error-page");
    let error_page = reader.strict("auth-tls-error-page", error_page, Consequence::Default)?.unwrap_or_default();
    let pass_certificate = reader.bool("auth-tls-pass-certificate-to-upstream");
    let pass_certificate = reader.strict("auth-tls-pass-certificate-to-upstream", pass_certificate, Consequence::Default)?.unwrap_or(false);
    let match_cn = reader.text("auth-tls-match-cn");
    let match_cn = reader.strict("auth-tls-match-cn", match_cn, Consequence::Default)?.unwrap_or_default();
    let depth = if depth == 0 { 1 } else { depth };
    let assumed = !cx.inventory.secrets.contains_key(&secret);
    Ok(Some(Arc::new(AuthTls { ca: has("ca.crt"), secret, verify, depth, error_page, match_cn, pass_certificate, assumed })))
}

/// `cache.SplitMetaNamespaceKey`: a name of this namespace, or `namespace/name`.
pub(super) fn object_name(text: &str, namespace: &str) -> Option<NamespacedName> {
    let mut parts = text.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(name), None, _) | (Some(""), Some(name), None) => Some(NamespacedName::new(namespace, name)),
        (Some(namespace), Some(name), None) => Some(NamespacedName::new(namespace, name)),
        _ => None,
    }
}

/// Reads a value whose faults are all swallowed except that an invalid one is told apart.
pub(super) fn optional(reader: &mut Reader<'_>, name: &'static str) -> Result<String, Fault> {
    match reader.text(name) {
        Ok(text) => Ok(text),
        Err(Fault::Invalid) => Err(Fault::Invalid),
        Err(Fault::Missing | Fault::Content) => Ok(String::new()),
    }
}
