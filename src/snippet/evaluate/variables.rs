//! Values of variables.

use std::collections::BTreeMap;

use super::run::State;
use crate::request::{Request, Scheme};
use crate::snippet::{Text, TextPiece};

/// Evaluates a text; `None` where it holds a variable whose value is unknown.
pub(super) fn text(text: &Text, state: &State) -> Option<String> {
    let mut out = String::new();
    for piece in &text.0 {
        match piece {
            TextPiece::Literal(literal) => out.push_str(literal),
            TextPiece::Group(number) => out.push_str(state.groups.numbered.get(usize::from(*number)).map_or("", String::as_str)),
            TextPiece::Variable(name) => out.push_str(&value(name, state)?),
        }
    }
    Some(out)
}

/// The value of a variable; `None` where it is unknown.
pub(super) fn value(name: &str, state: &State) -> Option<String> {
    if let Some(value) = state.variables.get(name) {
        return value.clone();
    }
    let request = state.request;
    let own = match name {
        "uri" | "document_uri" => state.path.clone(),
        "args" | "query_string" => state.query.clone(),
        "is_args" => if state.query.is_empty() { "" } else { "?" }.to_owned(),
        "request_uri" => request.target.clone(),
        "request_method" => request.method.clone(),
        "scheme" | "pass_access_scheme" => scheme(request).to_owned(),
        "https" => if request.scheme == Scheme::Https { "on" } else { "" }.to_owned(),
        "host" => host(request)?,
        "http_host" | "best_http_host" => request.host.clone().unwrap_or_default(),
        "server_port" | "pass_server_port" | "pass_port" => port(request).to_string(),
        "remote_addr" | "realip_remote_addr" => request.client.clone(),
        "server_protocol" => format!("HTTP/{}", if request.http_version == "2" { "2.0" } else { &request.http_version }),
        "request" => format!("{} {} HTTP/{}", request.method, request.target, request.http_version),
        "content_length" if request.body_bytes > 0 => request.body_bytes.to_string(),
        "content_type" => header(request, "content-type", &state.input),
        "nginx_version" | "server_name" | "request_id" | "req_id" => return None,
        "literal_dollar" => "$".to_owned(),
        "content_length" | "cors" | "auth_cookie" | "proxy_alternative_upstream_name" => String::new(),
        "balancer_ewma_score" => "-1".to_owned(),
        _ => return prefixed(name, state),
    };
    Some(own)
}

fn prefixed(name: &str, state: &State) -> Option<String> {
    if let Some(wanted) = name.strip_prefix("http_") {
        return Some(header(state.request, &wanted.to_ascii_lowercase().replace('_', "-"), &state.input));
    }
    if let Some(wanted) = name.strip_prefix("arg_") {
        let found = state.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            key.eq_ignore_ascii_case(wanted).then(|| value.to_owned())
        });
        return Some(found.unwrap_or_default());
    }
    if let Some(wanted) = name.strip_prefix("cookie_") {
        let cookies = header(state.request, "cookie", &state.input);
        let found = cookies.split(';').find_map(|pair| {
            let (key, value) = pair.trim().split_once('=')?;
            key.trim_end().eq_ignore_ascii_case(wanted).then(|| value.trim_start().to_owned())
        });
        return Some(found.unwrap_or_default());
    }
    // Variables that a snippet of the site sets somewhere are empty until they are set.
    state.declared.contains(name).then(String::new)
}

/// Lines of a header, joined as nginx joins them; `input` holds what snippets changed.
pub(super) fn header(request: &Request, name: &str, input: &BTreeMap<String, Option<String>>) -> String {
    if let Some(changed) = input.get(name) {
        return changed.clone().unwrap_or_default();
    }
    if name == "host" {
        return request.host.clone().unwrap_or_default();
    }
    let wanted = |header: &&crate::request::Header| header.name.to_ascii_lowercase().replace('_', "-") == name;
    let separator = if name == "cookie" { "; " } else { ", " };
    request.headers.iter().filter(wanted).map(|header| header.value.as_str()).collect::<Vec<_>>().join(separator)
}

pub(super) const fn scheme(request: &Request) -> &'static str {
    match request.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    }
}

fn port(request: &Request) -> u16 {
    request.port.unwrap_or(if request.scheme == Scheme::Https { 443 } else { 80 })
}

/// Lower case, without port and final dot.
pub(super) fn host(request: &Request) -> Option<String> {
    let host = request.host.as_deref().filter(|host| !host.is_empty())?;
    let name = if host.starts_with('[') { host.split_inclusive(']').next()? } else { host.split(':').next()? };
    Some(name.trim_end_matches('.').to_ascii_lowercase())
}
