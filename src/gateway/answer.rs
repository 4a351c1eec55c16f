//! What a rule answers once a match was found: CORS, redirects, rewrites, headers, shares of backends.

use super::api::{Cors, RedirectScheme, RequestRedirect};
use super::config::{Backend, Entry, Origins, Rule, Table};
use super::dialect::{
    CorsAnswers, Dialect, FailingPreflights, FilterFaults, FilterOrder, ForeignPreflight, GrpcMiss, HeaderOrder, HeaderSource, LoneWeight,
    OwnAnswer, RedirectPort, RewriteEncoding, WeightlessFaults,
};
use super::filter::{self, Operation, Operations, Plan};
use super::paths::{self, Purpose};
use crate::request::{Answer, Forwarding, Handshake, HeaderExprs, Part, PathExpr, Share, Speech, TextExpr};

/// Name of the variable for the port of the Host header with its colon, empty where it has none.
pub const HOST_PORT: &str = "host-port";
/// Name of the variable for the port of the Host header, else that of the scheme.
pub const EFFECTIVE_HOST_PORT: &str = "effective-host-port";
/// Name of the variable for the path with escaped slashes read as slashes.
pub const UNESCAPED_PATH: &str = "unescaped-path";
/// Name of the variable for the Host header without a port that is that of the scheme.
pub const HOST_WITHOUT_DEFAULT_PORT: &str = "host-without-default-port";
/// Name of the variable for the host in lower case, without port and final dot.
pub const LOWER_HOST: &str = "lower-host";
/// Name of the variable for what the client sent as `X-Forwarded-For` with its address, in one list.
pub const LISTED_PEER: &str = "listed-peer";
/// Start of the name of variables for what the client sent under a header and a comma behind it, nothing where it sent none.
pub const LISTED: &str = "listed ";
/// Name of the variable for the query with its question mark, nothing where it is empty.
pub const ARGUMENTS: &str = "arguments";
/// Name of the variable for the same query read and written again.
pub const RETOLD_ARGUMENTS: &str = "retold-arguments";
/// Start of the name of variables for the value of a header; behind its name stands what it is where the client sends none, the Host
/// header where that is empty.
pub const HEADER_OR: &str = "header-or ";
/// Start of the name of variables for what the client sent under a header with something appended.
pub const APPENDED: &str = "appended ";

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
fn query(path: &PathExpr, chosen: bool, dialect: &Dialect) -> Part {
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

/// Whether the answer of the rule is that of its CORS filter.
pub fn is_preflight(rule: &Rule, asked: Asked, dialect: &Dialect) -> bool {
    let Plan { failure, direct, redirect, cors, .. } = &rule.plan;
    asked.preflight
        && cors.is_some()
        && failure.is_none()
        && direct.is_none()
        && (*dialect.cors_answers != CorsAnswers::AllowedOrigins || redirect.is_none() && reaches(rule, dialect))
}

/// Whether somebody is there for a preflight request, or need not be.
fn reaches(rule: &Rule, dialect: &Dialect) -> bool {
    match *dialect.failing_preflights {
        FailingPreflights::FailToo => split(rule, dialect).is_ok(),
        FailingPreflights::Answered => !rule.backends.is_empty(),
    }
}

/// Whether the origin of a request is allowed.
pub fn allows(origins: Option<&Origins>, holds: impl Fn(crate::request::PredicateId) -> bool) -> bool {
    origins.is_some_and(|origins| origins.any || origins.asked.iter().any(|&asked| holds(asked)))
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

fn header(name: &str, value: impl Into<String>) -> (String, Option<TextExpr>) {
    (name.to_owned(), Some(TextExpr::literal(value)))
}

const CORS_HEADERS: [&str; 6] = [
    "access-control-allow-credentials",
    "access-control-allow-headers",
    "access-control-allow-methods",
    "access-control-allow-origin",
    "access-control-expose-headers",
    "access-control-max-age",
];

fn absent_cors(headers: &mut HeaderExprs, names: &[&str]) {
    for name in names {
        if !headers.iter().any(|(known, _)| known == name) {
            headers.push(((*name).to_owned(), None));
        }
    }
}

/// What names the origin, where it is allowed.
fn allowed_origin(cors: &Cors, asked: Asked, dialect: &Dialect) -> Option<TextExpr> {
    let echo = || TextExpr::from([Part::Header("origin".to_owned())]);
    let any = cors.allow_origins.iter().any(|origin| origin == "*") && *dialect.cors_answers == CorsAnswers::Everybody;
    let literal = any && cors.allow_credentials != Some(true);
    match cors.allow_origins.first() {
        Some(first) if literal && (first == "*" || !asked.origin) => Some(TextExpr::literal("*")),
        Some(_) if any && !asked.origin => Some(TextExpr::literal("")),
        // An origin that stands before the star is named itself.
        _ => (asked.origin && asked.allowed && !literal).then(echo),
    }
}

fn exposed(cors: &Cors, dialect: &Dialect) -> Option<(String, Option<TextExpr>)> {
    let star = *dialect.cors_answers == CorsAnswers::Everybody
        && cors.allow_credentials == Some(true)
        && cors.expose_headers.iter().any(|name| name == "*");
    (!cors.expose_headers.is_empty() && !star)
        .then(|| header("access-control-expose-headers", cors.expose_headers.join(separator(dialect))))
}

/// What stands between the values of a list.
fn separator(dialect: &Dialect) -> &'static str {
    match *dialect.cors_answers {
        CorsAnswers::AllowedOrigins | CorsAnswers::EveryAnswer => ", ",
        CorsAnswers::Everybody => ",",
    }
}

/// What every answer has, and whether it is for this client.
fn origin_headers(cors: &Cors, asked: Asked, dialect: &Dialect) -> (HeaderExprs, bool) {
    let answered = asked.allowed || *dialect.cors_answers != CorsAnswers::AllowedOrigins;
    let origin = allowed_origin(cors, asked, dialect).map(|origin| ("access-control-allow-origin".to_owned(), Some(origin)));
    (origin.into_iter().chain(exposed(cors, dialect).filter(|_| answered)).collect(), answered)
}

fn cors_headers(cors: &Cors, asked: Asked, dialect: &Dialect) -> HeaderExprs {
    if *dialect.cors_answers == CorsAnswers::EveryAnswer {
        return preflight_headers(cors, asked, dialect);
    }
    let (mut headers, answered) = origin_headers(cors, asked, dialect);
    if answered && cors.allow_credentials == Some(true) {
        headers.push(header("access-control-allow-credentials", "true"));
    }
    no_other_cors(&mut headers, cors, asked, dialect);
    headers
}

/// Says of headers that are not there that they are not, unless which of two origins is named depends on more than is known here.
fn no_other_cors(headers: &mut HeaderExprs, cors: &Cors, asked: Asked, dialect: &Dialect) {
    let open = *dialect.cors_answers == CorsAnswers::Everybody && asked.allowed && allowed_origin(cors, asked, dialect).is_none();
    if !open {
        absent_cors(headers, &CORS_HEADERS);
    }
}

fn preflight(cors: &Cors, asked: Asked, dialect: &Dialect) -> Answer {
    Answer::Respond { status: 200, response_headers: preflight_headers(cors, asked, dialect) }
}

fn preflight_headers(cors: &Cors, asked: Asked, dialect: &Dialect) -> HeaderExprs {
    let credentials = cors.allow_credentials == Some(true);
    let told = asked.allowed || *dialect.cors_answers != CorsAnswers::EveryAnswer;
    let everybody = *dialect.cors_answers == CorsAnswers::Everybody;
    let (mut headers, _) = origin_headers(cors, asked, dialect);
    if asked.allowed || *dialect.foreign_preflight == ForeignPreflight::AnsweredWithoutOrigin {
        if credentials && told {
            headers.push(header("access-control-allow-credentials", "true"));
        }
        let list = |name: &str, values: &[String], asked: &str| {
            if values.iter().any(|value| value == "*") && (credentials || !everybody) {
                // With credentials a star would be taken literally by browsers, so what was asked for is repeated.
                Some((name.to_owned(), Some(TextExpr::from([Part::Header(asked.to_owned())]))))
            } else {
                (!values.is_empty()).then(|| header(name, values.join(separator(dialect))))
            }
        };
        headers.extend(list("access-control-allow-methods", &cors.allow_methods, "access-control-request-method"));
        headers.extend(list("access-control-allow-headers", &cors.allow_headers, "access-control-request-headers"));
        headers.extend(cors.max_age.map(|seconds| header("access-control-max-age", seconds.to_string())));
    }
    no_other_cors(&mut headers, cors, asked, dialect);
    headers
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

fn forward(rule: &Rule, split: Vec<Share>, entry: &Entry, cors: HeaderExprs, dialect: &Dialect) -> Answer {
    let plan = &rule.plan;
    let host = plan.rewrite.as_ref().and_then(|rewrite| rewrite.hostname.clone());
    let early = rule.policy.as_ref().map_or(&[][..], |policy| policy.early.as_slice());
    let mut headers = forwarded_headers(dialect, early);
    if rule.policy.as_ref().is_some_and(|policy| policy.trusts) {
        // Envoy tells the address of the peer only where it takes the peer for the client.
        headers.retain(|(name, _)| name != "x-envoy-external-address");
    }
    let mut response_headers = cors;
    let of_backends = || rule.backends.iter().flat_map(|backend| &backend.plan.request);
    let touched = || early.iter().chain(&plan.request).chain(of_backends()).map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    let of_rule = |headers: &mut HeaderExprs, response_headers: &mut HeaderExprs| {
        modify(headers, &filter::beside(&plan.request, touched), Side::Request);
        modify(response_headers, &filter::beside(&plan.response, touched), Side::Response);
    };
    match *dialect.header_order {
        HeaderOrder::RuleLast => {
            backend_filters(&rule.backends, &mut headers, &mut response_headers, touched);
            of_rule(&mut headers, &mut response_headers);
        }
        HeaderOrder::BackendLast => {
            of_rule(&mut headers, &mut response_headers);
            backend_filters(&rule.backends, &mut headers, &mut response_headers, touched);
        }
    }
    for forwarded in &*dialect.forwarded_headers {
        match forwarded.source {
            HeaderSource::LatePeer => append_peer(&mut headers, &forwarded.name),
            HeaderSource::WhereAbsent => headers.retain(|(name, text)| *name != forwarded.name || text.is_some()),
            HeaderSource::Peer
            | HeaderSource::AppendedPeer
            | HeaderSource::ListedPeer
            | HeaderSource::Scheme
            | HeaderSource::Host
            | HeaderSource::HostPort
            | HeaderSource::Unforeseeable
            | HeaderSource::Removed => {}
        }
    }
    if let (Some(_), Some(name)) = (&host, &*dialect.rewritten_host_header) {
        headers.retain(|(known, _)| known != name);
        headers.push((name.clone(), Some(TextExpr::from([Part::Variable(format!("{APPENDED}{name}"))]))));
    }
    let set = plan.host.clone().filter(|_| plan.host_is_last);
    let host = set.or_else(|| host.map(TextExpr::literal)).or_else(|| plan.host.clone());
    let host = host.or_else(|| plan.host_header.as_deref().map(|name| host_from(name, &headers)));
    let host = host.unwrap_or_else(|| TextExpr::from([Part::HostHeader]));
    let Some((host, path)) = backend_rewrites(&rule.backends, host, &entry.path, dialect) else {
        return Answer::Unmodelled { what: "rewrites that differ from backend to backend".to_owned() };
    };
    Answer::Forward(Box::new(Forwarding {
        guards: Vec::new(),
        any_guard: false,
        split,
        target: TextExpr(vec![Part::Path(path.clone()), query(&path, entry.chosen, dialect)]),
        host: Some(host),
        speech: speech(&rule.backends),
        handshakes: handshakes(&rule.backends),
        headers,
        response_headers,
        header_rules: Vec::new(),
        read_timeout: None,
        chunked_limit: None,
        error_page: None,
    }))
}

/// The host that the first line of a header names once the rule has changed it; the Host stays where there is no such header.
fn host_from(name: &str, headers: &HeaderExprs) -> TextExpr {
    let lines: Vec<Option<&TextExpr>> = headers.iter().filter(|(known, _)| known == name).map(|(_, text)| text.as_ref()).collect();
    let sent = |line: &TextExpr| matches!(line.0.as_slice(), [Part::Header(sent)] if sent == name);
    let or = |fallback: &str| TextExpr::from([Part::Variable(format!("{HEADER_OR}{name} {fallback}"))]);
    match lines.as_slice() {
        [] => or(""),
        [None, ..] => TextExpr::from([Part::HostHeader]),
        [Some(line), rest @ ..] if sent(line) => match rest.first() {
            Some(Some(TextExpr(parts))) => match parts.as_slice() {
                [Part::Literal(text)] => or(text),
                _ => or(""),
            },
            Some(None) | None => or(""),
        },
        [Some(line), ..] => (*line).clone(),
    }
}

/// A connection that is handed on without a look at its requests.
pub fn stream(rule: &Rule, speech: Speech, dialect: &Dialect) -> Answer {
    if let Some(what) = &rule.unmodelled {
        return Answer::Unmodelled { what: what.clone() };
    }
    match split(rule, dialect) {
        Err(_) => Answer::NoAnswer(crate::request::NoAnswer::Reset),
        Ok(split) => Answer::Forward(Box::new(Forwarding {
            guards: Vec::new(),
            any_guard: false,
            split,
            target: TextExpr::from([Part::RawTarget { strip_slash: false }]),
            host: Some(TextExpr::from([Part::HostHeader])),
            speech: vec![speech],
            handshakes: Vec::new(),
            headers: Vec::new(),
            response_headers: Vec::new(),
            header_rules: Vec::new(),
            read_timeout: None,
            chunked_limit: None,
            error_page: None,
        })),
    }
}

/// Backends that get requests.
fn reached(backends: &[Backend]) -> impl Iterator<Item = &Backend> {
    backends.iter().filter(|backend| backend.weight > 0 && backend.target.is_ok())
}

/// How those backends are spoken to that get requests.
fn speech(backends: &[Backend]) -> Vec<Speech> {
    let mut speech: Vec<Speech> = reached(backends).map(|backend| backend.speech).collect();
    speech.sort_unstable();
    speech.dedup();
    speech
}

/// What is done in handshakes with those backends that get requests.
fn handshakes(backends: &[Backend]) -> Vec<Handshake> {
    let mut handshakes: Vec<Handshake> = reached(backends).filter_map(|backend| backend.handshake.clone()).collect();
    handshakes.sort();
    handshakes.dedup();
    handshakes
}

/// Shares of backends, each once; the status where no backend gets anything.
fn split(rule: &Rule, dialect: &Dialect) -> Result<Vec<Share>, u16> {
    let backends = &rule.backends;
    if backends.is_empty() {
        return Err(rule.bare_status);
    }
    let mut shares: Vec<Share> = Vec::new();
    let alone = backends.len() == 1 && *dialect.lone_weight == LoneWeight::Ignored;
    for Backend { weight, target, or: _, speech: _, handshake: _, patience: _, plan: _ } in
        backends.iter().filter(|backend| alone || backend.weight > 0)
    {
        let weight = if alone { &1 } else { weight };
        let (backend, status) = match target {
            Ok(name) => (Some(name.clone()), None),
            Err(status) => (None, Some(*status)),
        };
        match shares.iter_mut().find(|share| share.backend == backend && share.status == status) {
            Some(share) => share.weight += weight,
            None => shares.push(Share { backend, weight: *weight, status }),
        }
    }
    let weightless = *dialect.weightless_faults == WeightlessFaults::Count && backends.iter().any(|backend| backend.target == Err(500));
    match shares.as_slice() {
        [] => Err(*dialect.no_weight_status),
        [Share { backend: None, status: Some(_), .. }] if weightless => Err(500),
        [Share { backend: None, status: Some(status), .. }] => Err(*status),
        shares if shares.iter().all(|share| share.backend.is_none()) => Err(500),
        _ => Ok(shares),
    }
}

/// Headers that the router sends by itself, after changes that were made before routes were looked at.
fn forwarded_headers(dialect: &Dialect, early: &[(String, Operation)]) -> HeaderExprs {
    let mut headers = Vec::new();
    modify(&mut headers, early, Side::Request);
    for forwarded in &*dialect.forwarded_headers {
        let name = forwarded.name.clone();
        let text = match forwarded.source {
            HeaderSource::Peer => Some(TextExpr::from([Part::PeerAddress])),
            HeaderSource::AppendedPeer => appended(&name, &headers),
            HeaderSource::ListedPeer => Some(TextExpr::from([Part::Variable(LISTED_PEER.to_owned())])),
            // What the client sent is dropped; the address comes last of all.
            HeaderSource::LatePeer => None,
            HeaderSource::Scheme => Some(TextExpr::from([Part::EffectiveScheme])),
            HeaderSource::Host => Some(TextExpr::from([Part::HostHeader])),
            HeaderSource::HostPort => Some(TextExpr::from([Part::Variable(EFFECTIVE_HOST_PORT.to_owned())])),
            HeaderSource::Removed if !name.ends_with('*') => None,
            HeaderSource::Removed | HeaderSource::Unforeseeable | HeaderSource::WhereAbsent => continue,
        };
        headers.retain(|(known, _)| *known != name);
        headers.push((name, text));
    }
    headers
}

/// The address of the peer in one line behind what filters made of a header.
fn append_peer(headers: &mut HeaderExprs, name: &str) {
    let lines: Vec<Option<TextExpr>> = headers.iter().filter(|(known, _)| known == name).map(|(_, text)| text.clone()).collect();
    if lines.is_empty() {
        return;
    }
    headers.retain(|(known, _)| known != name);
    let mut parts: Vec<Part> = Vec::new();
    for TextExpr(line) in lines.into_iter().flatten() {
        parts.extend(line);
        parts.push(Part::Literal(", ".to_owned()));
    }
    parts.push(Part::PeerAddress);
    headers.push((name.to_owned(), Some(TextExpr(parts))));
}

/// The address of the peer behind what there is, or behind what was made of it before.
fn appended(name: &str, before: &HeaderExprs) -> Option<TextExpr> {
    match before.iter().find(|(known, _)| known == name) {
        None => Some(TextExpr::from([Part::Variable(format!("{APPENDED}{name}"))])),
        Some((_, None)) => Some(TextExpr::from([Part::PeerAddress])),
        Some((_, Some(TextExpr(parts)))) => {
            Some(TextExpr(parts.iter().cloned().chain([Part::Literal(",".to_owned()), Part::PeerAddress]).collect()))
        }
    }
}

/// Whose headers are modified.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    /// What the client sent stands in the request.
    Request,
    /// What the backend sends is not known, and taken for nothing.
    Response,
}

/// Applies operations to claims.
fn modify(headers: &mut HeaderExprs, operations: &[(String, Operation)], side: Side) {
    for (name, operation) in operations {
        let known = headers.iter().any(|(other, _)| other == name);
        match operation {
            // Which of two values is sent depends on the request: nothing is claimed.
            Operation::Set(_) if known && operation.may_be_empty() => headers.retain(|(other, _)| other != name),
            Operation::Set(text) => {
                headers.retain(|(other, _)| other != name);
                headers.extend(text.clone().map(|text| (name.clone(), Some(text))));
            }
            Operation::Remove => {
                headers.retain(|(other, _)| other != name);
                headers.push((name.clone(), None));
            }
            // One more line that nobody knows.
            Operation::Add(None) => headers.retain(|(other, _)| other != name),
            Operation::Add(text) => {
                headers.retain(|(other, value)| other != name || value.is_some());
                if !known && side == Side::Request {
                    headers.push((name.clone(), Some(TextExpr::from([Part::Header(name.clone())]))));
                }
                headers.extend(text.clone().map(|text| (name.clone(), Some(text))));
            }
        }
    }
}

/// Host and path after rewrites of backends; `None` where backends do not agree.
fn backend_rewrites(backends: &[Backend], host: TextExpr, path: &PathExpr, dialect: &Dialect) -> Option<(TextExpr, PathExpr)> {
    let Some((first, rest)) = backends.split_first() else { return Some((host, path.clone())) };
    let same = |backend: &Backend| backend.plan.rewrite == first.plan.rewrite && backend.plan.host == first.plan.host;
    if !rest.iter().all(same) {
        return None;
    }
    let set = first.plan.host.clone();
    let Some(rewrite) = &first.plan.rewrite else { return Some((set.unwrap_or(host), path.clone())) };
    let last = set.clone().filter(|_| first.plan.host_is_last);
    let host = last.or_else(|| rewrite.hostname.clone().map(TextExpr::literal)).or(set).unwrap_or(host);
    match &rewrite.path {
        None => Some((host, path.clone())),
        Some(super::api::PathModifier::ReplaceFullPath(to)) => Some((host, paths::full(to, Purpose::Rewrite, dialect))),
        Some(super::api::PathModifier::ReplacePrefixMatch(_)) => None,
    }
}

/// Filters of backends: where all backends have the same ones they are claims, else nothing is claimed about what they touch.
fn backend_filters<'r>(
    backends: &'r [Backend],
    headers: &mut HeaderExprs,
    response_headers: &mut HeaderExprs,
    touched: impl Fn() -> Vec<&'r str>,
) {
    let Some((first, rest)) = backends.split_first() else { return };
    if rest.iter().all(|backend| backend.plan == first.plan) {
        modify(headers, &filter::beside(&first.plan.request, &touched), Side::Request);
        modify(response_headers, &filter::beside(&first.plan.response, &touched), Side::Response);
        return;
    }
    for backend in backends {
        headers.retain(|(name, _)| !backend.plan.request.iter().any(|(touched, _)| touched == name));
        response_headers.retain(|(name, _)| !backend.plan.response.iter().any(|(touched, _)| touched == name));
    }
}
