//! What a rule answers once a match was found.

use super::api::{RedirectScheme, RequestRedirect};
use super::config::{Entry, Rule, Table};
use super::cors::{cors_headers, preflight};
use super::dialect::{
    CorsAnswers, Dialect, FailingPreflights, FilterFaults, FilterOrder, GrpcMiss, OwnAnswer, RedirectPort, RewriteEncoding,
};
use super::filter::{Operation, Operations, Plan};
use super::forward::{Side, forward, modify, split};
use super::variables::{ARGUMENTS, HOST_PORT, HOST_WITHOUT_DEFAULT_PORT, LOWER_HOST, RETOLD_ARGUMENTS};
use crate::request::{Answer, HeaderExprs, Part, PathExpr, TextExpr};
/// What is known of the request beside the match.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent fact of the request")]
pub struct Asked {
    /// TLS.
    pub tls: bool,
    /// A call of gRPC.
    pub grpc: bool,
    /// `OPTIONS` that a rule with CORS answers itself.
    pub preflight: bool,
    /// The `Origin` is there.
    pub origin: bool,
    /// The `Origin` is one that the rule allows.
    pub allowed: bool,
}

/// The answer of a match.
pub fn answer(entry: &Entry, table: &Table, asked: Asked, dialect: &Dialect) -> Answer {
    let rule = &*entry.rule;
    if let Some(what) = &rule.unmodelled {
        return Answer::Unmodelled { what: what.clone() };
    }
    let plan = &rule.plan;
    if plan.failure.is_some() {
        // Where nothing is told of it, nothing else of the rule is there either.
        let plan = if *dialect.filter_faults == FilterFaults::Silent { &Plan::default() } else { plan };
        return own_error(rule.fault_status, plan, asked, dialect);
    }
    let everybody = *dialect.cors_answers != CorsAnswers::AllowedOrigins;
    if let Some(cors) = plan.cors.as_ref().filter(|_| everybody && asked.preflight) {
        return preflight(cors, asked, dialect);
    }
    if let Some((status, operations)) = &plan.direct {
        let mut response_headers = own_headers(plan, dialect);
        modify(&mut response_headers, operations, Side::Response);
        return direct(*status, response_headers);
    }
    if let Some(redirect) = &plan.redirect {
        return self::redirect(redirect, entry, table.port, asked, plan, dialect);
    }
    let anyway = *dialect.failing_preflights == FailingPreflights::Answered && !rule.backends.is_empty();
    if let Some(cors) = plan.cors.as_ref().filter(|_| anyway && asked.preflight) {
        return preflight(cors, asked, dialect);
    }
    let split = match split(rule, dialect) {
        Ok(split) => split,
        Err(status) => return own_error(status, plan, asked, dialect),
    };
    // Envoy asks its CORS filter only where requests are passed on.
    let cors = match &plan.cors {
        Some(cors) if asked.preflight => return preflight(cors, asked, dialect),
        Some(cors) => cors_headers(cors, asked, dialect),
        None => Vec::new(),
    };
    forward(rule, split, entry, cors, dialect)
}

/// The redirect to a path with the final slash that the request lacks, as nginx makes it.
pub(super) fn with_slash(path: &str, port: u16, tls: bool) -> Answer {
    let mut parts = vec![Part::Scheme, Part::Literal("://".to_owned()), Part::Variable(LOWER_HOST.to_owned())];
    if port != if tls { 443 } else { 80 } {
        parts.push(Part::Literal(format!(":{port}")));
    }
    parts.extend([Part::Path(PathExpr::Fixed(path.to_owned())), Part::Variable(ARGUMENTS.to_owned())]);
    Answer::Redirect { status: 301, location: TextExpr(parts), response_headers: Vec::new() }
}

/// The query behind a path that was replaced, or not.
pub(super) fn query(path: &PathExpr, chosen: bool, dialect: &Dialect) -> Part {
    match (*dialect.rewrite_encoding, path) {
        (RewriteEncoding::Raw | RewriteEncoding::Encoded, _) | (RewriteEncoding::Escaped, PathExpr::Same) => Part::Query,
        (RewriteEncoding::Escaped, _) => Part::Variable(if chosen { RETOLD_ARGUMENTS } else { ARGUMENTS }.to_owned()),
    }
}

/// An answer that a filter gives. With a status of redirects its Location is one.
fn direct(status: u16, mut response_headers: HeaderExprs) -> Answer {
    let location = response_headers.iter().position(|(name, text)| name == "location" && text.is_some());
    match location.filter(|_| (300..400).contains(&status)) {
        Some(at) => {
            let (_, location) = response_headers.remove(at);
            Answer::Redirect { status, location: location.unwrap_or_default(), response_headers }
        }
        None => Answer::Respond { status, response_headers },
    }
}

/// A redirect behind operations on its headers, of which Location is one: without it, the answer redirects nobody.
fn redirected(status: u16, location: TextExpr, mut response_headers: HeaderExprs, operations: &[(String, Operation)]) -> Answer {
    response_headers.insert(0, ("location".to_owned(), Some(location)));
    modify(&mut response_headers, operations, Side::Response);
    direct(status, response_headers)
}

/// Applies operations to the headers of an answer.
pub(super) fn modify_response(headers: &mut HeaderExprs, operations: &Operations) {
    modify(headers, operations, Side::Response);
}

/// Applies operations to the headers of an answer of any kind.
pub(super) fn modify_answer(answer: &mut Answer, operations: &Operations) {
    match answer {
        // A page that takes the place of the backend's answer is made behind the filter that adds them.
        Answer::Forward(forwarding) => modify(&mut forwarding.response_headers, operations, Side::Response),
        Answer::Redirect { status, location, response_headers } => {
            *answer = redirected(*status, std::mem::take(location), std::mem::take(response_headers), operations);
        }
        Answer::Respond { response_headers, .. } | Answer::Deny { response_headers, .. } | Answer::NoRoute { response_headers } => {
            modify(response_headers, operations, Side::Response);
        }
        Answer::NoAnswer(_) | Answer::Unmodelled { .. } => {}
    }
}

/// Whether somebody is there for a preflight request, or need not be.
pub(super) fn reaches(rule: &Rule, dialect: &Dialect) -> bool {
    match *dialect.failing_preflights {
        FailingPreflights::FailToo => split(rule, dialect).is_ok(),
        FailingPreflights::Answered => !rule.backends.is_empty(),
    }
}

/// An answer without backend: 500, 503. gRPC calls get it as a status of theirs.
fn own_error(status: u16, plan: &Plan, asked: Asked, dialect: &Dialect) -> Answer {
    own(status, own_headers(plan, dialect), asked.grpc, dialect)
}

/// Headers of answers without backend, as far as the rule changes them.
fn own_headers(plan: &Plan, dialect: &Dialect) -> HeaderExprs {
    let mut response_headers = Vec::new();
    if dialect.modified_own_answers.contains(&OwnAnswer::Error) {
        modify(&mut response_headers, &plan.response, Side::Response);
    }
    response_headers
}

/// An answer of the router as a call of gRPC gets it: the status is told in a header.
pub(super) fn told_by_grpc(answer: Answer) -> Answer {
    let told = |status: u16, mut response_headers: HeaderExprs| {
        response_headers.push(grpc_status(status));
        response_headers
    };
    match answer {
        Answer::Respond { status, response_headers } if response_headers.iter().all(|(name, _)| name != "grpc-status") => {
            Answer::Respond { status: 200, response_headers: told(status, response_headers) }
        }
        Answer::Deny { why, status, response_headers } => {
            Answer::Deny { why, status: 200, response_headers: told(status, response_headers) }
        }
        Answer::Redirect { status, location, mut response_headers } => {
            response_headers.push(("location".to_owned(), Some(location)));
            Answer::Respond { status: 200, response_headers: told(status, response_headers) }
        }
        Answer::Respond { .. } | Answer::Forward(_) | Answer::NoRoute { .. } | Answer::NoAnswer(_) | Answer::Unmodelled { .. } => answer,
    }
}

/// The header that tells a status to calls of gRPC.
fn grpc_status(status: u16) -> (String, Option<TextExpr>) {
    header("grpc-status", grpc_code(status).to_string())
}

/// The mapping of the gRPC documents: 404 is UNIMPLEMENTED, 502 to 504 are UNAVAILABLE.
const fn grpc_code(status: u16) -> u16 {
    match status {
        400 => 13,
        401 => 16,
        403 => 7,
        404 => 12,
        429 | 502..=504 => 14,
        _ => 2,
    }
}

/// An answer of the router itself.
pub fn own(status: u16, mut response_headers: HeaderExprs, grpc: bool, dialect: &Dialect) -> Answer {
    if grpc && *dialect.grpc_miss == GrpcMiss::GrpcStatus {
        response_headers.push(grpc_status(status));
        return Answer::Respond { status: 200, response_headers };
    }
    if status == 404 { Answer::NoRoute { response_headers } } else { Answer::Respond { status, response_headers } }
}

pub(super) fn header(name: &str, value: impl Into<String>) -> (String, Option<TextExpr>) {
    (name.to_owned(), Some(TextExpr::literal(value)))
}

fn redirect(redirect: &RequestRedirect, entry: &Entry, listener_port: u16, asked: Asked, plan: &Plan, dialect: &Dialect) -> Answer {
    let RequestRedirect { scheme, hostname, port, path: modifier, status_code } = redirect;
    let path = &entry.path;
    let mut parts = match scheme {
        None => vec![Part::Scheme, Part::Literal("://".to_owned())],
        Some(RedirectScheme::Http) => vec![Part::Literal("http://".to_owned())],
        Some(RedirectScheme::Https) => vec![Part::Literal("https://".to_owned())],
    };
    let well_known = |scheme: RedirectScheme| if scheme == RedirectScheme::Https { 443 } else { 80 };
    let connection = if asked.tls { RedirectScheme::Https } else { RedirectScheme::Http };
    let host = |parts: &mut Vec<Part>, without: Part| match hostname {
        Some(name) => parts.push(Part::Literal(name.clone())),
        None => parts.push(without),
    };
    match *dialect.redirect_port {
        RedirectPort::ListenerOrHost => {
            let port = port.unwrap_or_else(|| scheme.map_or(listener_port, well_known));
            if port == 80 || port == 443 {
                // Envoy drops the default port of a scheme that is left, and nothing else.
                let changes = scheme.is_some_and(|scheme| scheme != connection);
                host(&mut parts, if changes { Part::Variable(HOST_WITHOUT_DEFAULT_PORT.to_owned()) } else { Part::HostHeader });
            } else {
                host(&mut parts, Part::Host);
                parts.push(Part::Literal(format!(":{port}")));
            }
        }
        RedirectPort::SchemeOrHost => {
            let port = port.unwrap_or_else(|| scheme.map_or(listener_port, well_known));
            if port == well_known(scheme.unwrap_or(connection)) {
                let changes = scheme.is_some_and(|scheme| scheme != connection);
                host(&mut parts, if changes { Part::Variable(HOST_WITHOUT_DEFAULT_PORT.to_owned()) } else { Part::HostHeader });
            } else {
                host(&mut parts, Part::Host);
                parts.push(Part::Literal(format!(":{port}")));
            }
        }
        RedirectPort::Host => match (port, scheme) {
            (Some(port), _) => {
                host(&mut parts, Part::Host);
                parts.push(Part::Literal(format!(":{port}")));
            }
            (None, Some(_)) => host(&mut parts, Part::Host),
            (None, None) if hostname.is_some() => {
                host(&mut parts, Part::Host);
                parts.push(Part::Variable(HOST_PORT.to_owned()));
            }
            (None, None) => host(&mut parts, Part::HostHeader),
        },
        RedirectPort::UnlessScheme => {
            host(&mut parts, Part::Variable(LOWER_HOST.to_owned()));
            if scheme.is_none_or(|scheme| port.is_some_and(|port| port != well_known(scheme))) {
                parts.push(Part::Literal(format!(":{}", port.unwrap_or(listener_port))));
            }
        }
        RedirectPort::Listener => {
            let port = port.unwrap_or_else(|| scheme.map_or(listener_port, well_known));
            host(&mut parts, Part::Host);
            if port != well_known(scheme.unwrap_or(connection)) {
                parts.push(Part::Literal(format!(":{port}")));
            }
        }
    }
    parts.push(Part::Path(path.clone()));
    // Envoy keeps the query of a replacement and drops the client's.
    let appends = *dialect.rewrite_encoding == RewriteEncoding::Escaped;
    let own_query = !appends && modifier.is_some() && matches!(path, PathExpr::Fixed(path) if path.contains('?'));
    if !own_query {
        parts.push(query(path, entry.chosen, dialect));
    }
    let modified = dialect.modified_own_answers.contains(&OwnAnswer::Redirect) || *dialect.filter_order == FilterOrder::Listed;
    let operations = if modified { plan.response.as_slice() } else { &[] };
    redirected(status_code.map_or(302, u16::from), TextExpr(parts), Vec::new(), operations)
}
