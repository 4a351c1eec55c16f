//! Texts of nginx as expressions over the request.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::{
    Location, Modifier, Settings,
    settings::{BackendProtocol, ExternalAuth, ProxyTls},
    template,
};
use crate::{
    k8s::{NamespacedName, ObjectRef},
    request::{Guard, Handshake, HeaderExprs, Part, Piece, Speech, TextExpr, Verification},
};

/// How a backend is spoken to, as far as it matters for what it receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BackendProtocolOf {
    /// HTTP in some form.
    Http,
    /// gRPC whose header settings do not take effect.
    WithoutHeaders,
    /// `FastCGI`, which gets the headers of the client as parameters.
    Fcgi,
}

impl BackendProtocolOf {
    pub(super) fn of(settings: &Settings) -> Self {
        match settings.protocol.value {
            BackendProtocol::GrpcWithoutHeaders { .. } => Self::WithoutHeaders,
            BackendProtocol::Http | BackendProtocol::Https | BackendProtocol::AutoHttp | BackendProtocol::Grpc | BackendProtocol::Grpcs => {
                Self::Http
            }
            BackendProtocol::Fcgi => Self::Fcgi,
        }
    }
}

/// How the backend of a location is spoken to.
pub(super) fn speech(settings: &Settings, https: bool) -> Speech {
    match settings.protocol.value {
        BackendProtocol::Http => Speech::Http,
        BackendProtocol::Https => Speech::Https,
        BackendProtocol::AutoHttp => Speech::http(false, https),
        BackendProtocol::Grpc => Speech::Http2,
        BackendProtocol::Grpcs => Speech::Http2Tls,
        BackendProtocol::GrpcWithoutHeaders { tls } => Speech::http(true, tls),
        BackendProtocol::Fcgi => Speech::FastCgi,
    }
}

/// Name of the upstream block that every location hands its requests to.
pub(super) const BALANCER: &str = "upstream_balancer";

/// What nginx does in the handshake with a backend of a location.
pub(super) fn handshake(proxy_tls: Option<&ProxyTls>) -> Handshake {
    let Some(proxy_tls) = proxy_tls else { return Handshake::default() };
    let shown = proxy_tls.has_certificate.then(|| proxy_tls.secret.clone());
    // Without `ca.crt` the controller writes none of the directives that verify.
    if !(proxy_tls.verify && proxy_tls.has_ca) {
        return Handshake { shown, ..Handshake::default() };
    }
    // Without a name nginx expects that of its own upstream block.
    let name = if proxy_tls.name.is_empty() { BALANCER } else { &proxy_tls.name };
    let NamespacedName { namespace, name: secret } = proxy_tls.secret.clone();
    let authorities = ObjectRef { group: String::new(), kind: "Secret".to_owned(), namespace, name: secret };
    Handshake {
        verification: Verification::by([authorities], name),
        server_name: proxy_tls.server_name.then(|| name.to_ascii_lowercase()),
        shown,
    }
}

/// Pieces of a template that nginx accepted; one that it did not accept is never asked for.
pub(super) fn pieces(text: &str, groups: &BTreeSet<String>) -> Vec<Piece> {
    template::parse(text, groups).unwrap_or_else(|_| vec![Piece::Literal(text.to_owned())])
}

/// A text with variables, outside any regular expression.
pub(super) fn variables(text: &str) -> Vec<Part> {
    pieces(text, &BTreeSet::new())
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Literal(text) => Some(Part::Literal(text)),
            Piece::Variable(name) => Some(Part::Variable(name)),
            Piece::Group(_) | Piece::Named(_) => None,
        })
        .collect()
}

/// Headers of a ConfigMap.
pub(super) fn headers(map: &IndexMap<String, String>) -> HeaderExprs {
    map.iter().map(|(name, value)| (name.to_ascii_lowercase(), Some(TextExpr(variables(value))))).collect()
}

/// `more_set_headers`: a line takes the place of those before it, and an empty one takes them away.
pub(super) fn set(headers: &mut HeaderExprs, lines: HeaderExprs) {
    for (name, value) in lines {
        headers.retain(|(known, _)| *known != name);
        headers.push((name, value.filter(|value| value.as_literal() != Some(""))));
    }
}

/// `custom-headers`.
pub(super) fn custom(settings: &Settings) -> HeaderExprs {
    let headers = settings.custom_headers.iter().flat_map(|custom| &custom.headers);
    headers.map(|(name, value)| (name.to_ascii_lowercase(), Some(TextExpr::literal(value.as_str())))).collect()
}

/// CORS headers for an allowed origin.
pub(super) fn cors(settings: &Settings) -> HeaderExprs {
    let Some(cors) = &settings.cors else { return Vec::new() };
    let origin = if cors.origins == ["*"] { TextExpr::literal("*") } else { [Part::Header("origin".to_owned())].into() };
    let mut headers = vec![("access-control-allow-origin".to_owned(), Some(origin))];
    let mut push = |name: &str, value: String| headers.push((name.to_owned(), Some(TextExpr::literal(value))));
    if cors.credentials {
        push("access-control-allow-credentials", "true".to_owned());
    }
    push("access-control-allow-methods", cors.methods.clone());
    push("access-control-allow-headers", cors.headers.clone());
    if !cors.expose.is_empty() {
        push("access-control-expose-headers", cors.expose.clone());
    }
    push("access-control-max-age", cors.max_age.to_string());
    headers
}

/// The authentication service, and where a 401 of it leads.
pub(super) fn service(auth: &ExternalAuth, signin: TextExpr, signin_headers: HeaderExprs) -> Guard {
    Guard::Service {
        url: TextExpr(variables(&auth.url).into_iter().filter(|part| !is_of_arguments(part)).collect()),
        method: auth.method.clone(),
        signin: (!auth.signin.is_empty()).then_some(signin),
        signin_headers,
        copied_headers: auth.response_headers.clone(),
        failure: Some(500),
    }
}

/// A variable of the arguments, of which the request for authentication has none of its own.
fn is_of_arguments(part: &Part) -> bool {
    let named = |name: &str| matches!(name, "args" | "query_string" | "is_args") || name.starts_with("arg_");
    matches!(part, Part::Query) || matches!(part, Part::Variable(name) if named(name))
}

/// `buildAuthSignURL`: the original URL is appended unless the parameter is there.
pub(super) fn signin(auth: &ExternalAuth) -> TextExpr {
    let mut parts = variables(&auth.signin);
    let query = auth.signin.split_once('?').map_or("", |(_, query)| query.split('#').next().unwrap_or_default());
    let given =
        query.split('&').filter_map(|pair| pair.split_once('=')).any(|(key, value)| key == auth.signin_parameter && !value.is_empty());
    if !given {
        let joint = if query.is_empty() { '?' } else { '&' };
        parts.push(Part::Literal(format!("{joint}{}=", auth.signin_parameter)));
        parts.push(Part::EffectiveScheme);
        parts.push(Part::Literal("://".to_owned()));
        parts.push(Part::HostHeader);
        parts.push(Part::Variable("escaped_request_uri".to_owned()));
    }
    TextExpr(parts)
}

/// A location in a trace.
pub(super) fn location(location: &Location) -> String {
    let kind = match location.modifier {
        Modifier::Exact => "exact location",
        Modifier::Prefix => "prefix location",
        Modifier::Regex => "regex location",
    };
    if location.implicit { format!("the implicit `{}` of the host", location.path) } else { format!("{kind} `{}`", location.path) }
}
