//! Matches of routes for HTTP and for gRPC in one form.

use super::api::{self, MatchType, Object, ValueMatch};
use super::dialect::{Order, RegexScope};
use super::paths::{self, PathTests};
use super::precedence::PathKind;
use crate::request::Test;

/// The first header match of each name; later ones are ignored.
pub(super) fn first_of_each(headers: &[ValueMatch]) -> Vec<&ValueMatch> {
    let mut first: Vec<&ValueMatch> = Vec::with_capacity(headers.len());
    for header in headers {
        if !first.iter().any(|known| known.name.same_as(&header.name)) {
            first.push(header);
        }
    }
    first
}

/// A match of either kind of route, as an HTTP match.
pub(super) struct Matched {
    pub(super) http: api::HttpMatch,
    /// Questions about the path of a gRPC match.
    pub(super) grpc_path: Option<PathTests>,
    /// How that path is compared.
    pub(super) grpc_kind: Option<PathKind>,
    /// Its characters.
    pub(super) grpc_length: Option<usize>,
    /// The method alone is compared, which counts as a condition.
    pub(super) grpc_suffix: bool,
    /// Characters of the match as text.
    pub(super) grpc_text: Option<usize>,
}

/// The matches of a rule; one that matches everything where it has none.
pub(super) fn matches_of(object: &Object, rule: usize, order: Order) -> Vec<Matched> {
    let plain =
        |http: api::HttpMatch| Matched { http, grpc_path: None, grpc_kind: None, grpc_length: None, grpc_suffix: false, grpc_text: None };
    match object {
        Object::HttpRoute(route) => {
            let matches = route.spec.rules.get(rule).map_or(&[][..], |rule| &rule.matches);
            if matches.is_empty() { vec![plain(api::HttpMatch::default())] } else { matches.iter().cloned().map(plain).collect() }
        }
        Object::GrpcRoute(route) => {
            let matches = route.spec.rules.get(rule).map_or(&[][..], |rule| &rule.matches);
            if matches.is_empty() {
                vec![grpc(&api::GrpcMatch::default(), order)]
            } else {
                matches.iter().map(|matched| grpc(matched, order)).collect()
            }
        }
        Object::Namespace(_)
        | Object::GatewayClass(_)
        | Object::Gateway(_)
        | Object::ListenerSet(_)
        | Object::ReferenceGrant(_)
        | Object::Service(_)
        | Object::TlsRoute(_)
        | Object::TcpRoute(_)
        | Object::UdpRoute(_)
        | Object::BackendTlsPolicy(_)
        | Object::Custom(_) => Vec::new(),
    }
}

/// gRPC calls are POSTs to `/service/method`; whether other requests to that path are routed too, both implementations agree: they are.
fn grpc(matched: &api::GrpcMatch, order: Order) -> Matched {
    let method = matched.method.clone().unwrap_or_default();
    let service = method.service.as_deref().filter(|text| !text.is_empty());
    let name = method.method.as_deref().filter(|text| !text.is_empty());
    let full = |pattern: String| vec![paths::regex(&pattern, RegexScope::Full)];
    let (tests, kind, length, suffix) = match (method.kind, service, name) {
        (_, None, None) => (Vec::new(), PathKind::Prefix, 0, false),
        (MatchType::Exact, Some(service), Some(name)) => {
            let path = format!("/{service}/{name}");
            let length = path.len();
            (vec![Test::Equals(path)], PathKind::Exact, length, false)
        }
        (MatchType::Exact, Some(service), None) => {
            let tests = vec![Test::Equals(format!("/{service}")), Test::Prefix(format!("/{service}/"))];
            (tests, PathKind::Prefix, service.len() + 1, false)
        }
        (MatchType::Exact, None, Some(name)) => (vec![Test::Suffix(format!("/{name}"))], PathKind::Prefix, 0, true),
        (MatchType::RegularExpression, service, name) => {
            let pattern = format!("/{}/{}", service.unwrap_or("[A-Za-z_][A-Za-z0-9_.]*"), name.unwrap_or("[A-Za-z_][A-Za-z0-9_]*"));
            let length = pattern.len();
            (full(pattern), PathKind::Regex, length, false)
        }
    };
    // Traefik makes one expression of it, which it searches anywhere in the path.
    let tests = match (order, &matched.method) {
        (Order::Score, Some(_)) => vec![paths::regex(&grpc_expression(&method), RegexScope::Search)],
        (Order::Score, None) | (Order::Specification | Order::KindFirst | Order::ExpressionsAlike | Order::Locations, _) => tests,
    };
    Matched {
        http: api::HttpMatch { headers: matched.headers.clone(), ..api::HttpMatch::default() },
        grpc_path: Some(tests),
        grpc_kind: Some(kind),
        grpc_length: Some(length),
        grpc_suffix: suffix,
        grpc_text: Some(grpc_rule_text(matched)),
    }
}

fn grpc_expression(method: &api::GrpcMethod) -> String {
    let part = |text: &Option<String>| match text.as_deref().filter(|text| !text.is_empty()) {
        None => "[^/]+".to_owned(),
        Some(text) if method.kind.is_exact() => regex_syntax::escape(text),
        Some(text) => text.to_owned(),
    };
    format!("/{}/{}", part(&method.service), part(&method.method))
}

/// Length of the rule that Traefik makes of a gRPC match, which is its rank (buildGRPCMatchRule in grpcroute.go).
fn grpc_rule_text(matched: &api::GrpcMatch) -> usize {
    let quoted = |text: &str| text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\')).count() + 2;
    let path = match &matched.method {
        None => "PathPrefix(\"/\")".len(),
        Some(method) => "PathRegexp()".len() + quoted(&grpc_expression(method)),
    };
    let headers = matched.headers.iter().map(|header| {
        let name = if header.kind.is_exact() { "Header(,)" } else { "HeaderRegexp(,)" };
        " && ".len() + name.len() + quoted(header.name.as_str()) + quoted(&header.value)
    });
    path + headers.sum::<usize>()
}
