//! Matches of routes as one dialect reads them: conditions, rank and rewritten paths, ready to stand in tables.

use std::sync::Arc;

use super::api::{self, MatchType, Object, PathMatch, PathModifier, ValueMatch};
use super::attach::RouteHead;
use super::config::{Outage, Rule};
use super::dialect::{
    BadRegex, Dialect, EmptyRegex, GrpcMethods, HeaderSource, MethodPreflights, Order as RankOrder, OverwrittenHeaders, PrefixReplacement,
    RegexScope, RepeatedNames,
};
use super::filter::{Operation, Operations};
use super::matches::{Matched, first_of_each, matches_of};
use super::paths::{self, PathTests, Purpose};
use super::precedence::{PathKind, Shape};
use super::regex;
use super::resolve;
use crate::k8s::Subject;
use crate::ledger::{Code, Finding, Findings};
use crate::request::{Field, Part, PathExpr, Test};

/// One match, ready to stand in tables.
pub(super) struct Compiled {
    pub(super) forms: Vec<(PathTests, PathExpr)>,
    pub(super) conditions: Vec<(Field, Test)>,
    pub(super) shape: Shape,
    pub(super) path: String,
    pub(super) origin: Subject,
    pub(super) rule: usize,
    pub(super) matched: usize,
    pub(super) preflight_only: bool,
    /// What the model lacks to know whether the match holds where all conditions do.
    pub(super) unmodelled: Option<String>,
}

/// What the rules of a route came to.
pub(super) struct Compilation {
    /// Their matches.
    pub(super) matches: Vec<Compiled>,
    /// What stops everything.
    pub(super) stops: Option<Outage>,
    /// A match for which the data plane refuses all routes of the port.
    pub(super) refuses: Option<Subject>,
    /// Rules that are left out for an expression that is none.
    pub(super) left_out: Vec<usize>,
}

/// Compiles the matches of all rules.
pub(super) fn compile(
    dialect: &Dialect,
    head: RouteHead<'_>,
    object: &Object,
    rules: &[Arc<Rule>],
    findings: &mut Findings,
) -> Compilation {
    let mut compiled = Vec::new();
    let (mut stops, mut refuses) = (None, None);
    let mut left_out = Vec::new();
    for (position, rule) in rules.iter().enumerate() {
        let before = compiled.len();
        if let Some(cause) = &rule.plan.stops {
            stops.get_or_insert_with(|| Outage { origin: rule.origin.clone(), cause: cause.clone() });
        }
        if let Some(reason) = &rule.plan.dropped {
            findings.push(Finding::about(Code::GatewayRuleDropped, rule.origin.clone(), vec![("reason", reason.clone())]));
            continue;
        }
        let matches = matches_of(object, position, *dialect.order);
        for (number, matched) in matches.iter().enumerate() {
            let origin = match matches.len() {
                1 => rule.origin.clone(),
                _ => Subject { object: head.id, field: rule.origin.field.child("matches").child(number) },
            };
            let is_empty = matches!(&matched.http.path, Some(PathMatch::Regex(value)) if value.is_empty());
            if is_empty && *dialect.empty_regex == EmptyRegex::Everything {
                stops.get_or_insert_with(|| Outage { origin: origin.clone(), cause: "an empty regular expression".to_owned() });
            }
            let bad = if is_empty && *dialect.empty_regex == EmptyRegex::Match {
                Some("the regular expression is empty".to_owned())
            } else {
                refused_path(matched, dialect).or_else(|| resolve::bad_expression(&matched.http, *dialect.regex))
            };
            let empty_refused = is_empty && *dialect.empty_regex == EmptyRegex::Port;
            if empty_refused || (bad.is_some() && *dialect.bad_regex == BadRegex::Port) {
                refuses.get_or_insert_with(|| origin.clone());
                continue;
            }
            if let Some(reason) = bad {
                findings.push(Finding::about(Code::GatewayRuleDropped, origin.clone(), vec![("reason", reason)]));
                if *dialect.bad_regex == BadRegex::Rule {
                    compiled.truncate(before);
                    left_out.push(position);
                    break;
                }
                continue;
            }
            if let Some(made) = glued(&matched.http, rule, dialect) {
                findings.push(Finding::about(Code::GatewayRootPrefix, origin.clone(), vec![("path", made)]));
            }
            compile_match(dialect, matched, rule, origin, (position, number), rules.len(), &mut compiled);
        }
    }
    Compilation { matches: compiled, stops, refuses, left_out }
}

/// Why a path cannot be compared with.
fn refused_path(matched: &Matched, dialect: &Dialect) -> Option<String> {
    let everything = matched.grpc_length == Some(0) && !matched.grpc_suffix;
    let partial = matched.grpc_kind.is_some_and(|kind| kind != PathKind::Exact && !everything);
    if partial && *dialect.grpc_methods == GrpcMethods::Whole {
        return Some("the implementation wants exact names of a service and a method".to_owned());
    }
    let path = matched.http.path.as_ref()?.value();
    let refused = path.chars().find(|&one| dialect.refused_in_paths.contains(one))?;
    Some(format!("the implementation takes no path with `{refused}`"))
}

/// What tells the location of a match from others, where there are locations.
fn location_of(matched: &Matched, path: &PathMatch, dialect: &Dialect) -> String {
    match (*dialect.order, &matched.grpc_path) {
        (RankOrder::Specification | RankOrder::KindFirst | RankOrder::ExpressionsAlike | RankOrder::Score, _) => String::new(),
        (RankOrder::Locations, None) => path.value().to_owned(),
        (RankOrder::Locations, Some(tests)) => format!("{tests:?}"),
    }
}

fn compile_match(
    dialect: &Dialect,
    matched: &Matched,
    rule: &Rule,
    origin: Subject,
    (position, number): (usize, usize),
    rules: usize,
    compiled: &mut Vec<Compiled>,
) {
    let scope = *dialect.value_regex;
    let path = matched.http.path.clone().unwrap_or_default();
    let purpose = if rule.plan.redirect.is_some() { Purpose::Redirect } else { Purpose::Rewrite };
    let forms = match &matched.grpc_path {
        Some(tests) => vec![(tests.clone(), PathExpr::Same)],
        None => paths::forms(&path, rule.plan.path_modifier(), purpose, dialect),
    };
    let text = location_of(matched, &path, dialect);
    let forms = if *dialect.order == RankOrder::Locations { paths::places(forms) } else { forms };
    let headers = match *dialect.repeated_names {
        RepeatedNames::First => first_of_each(&matched.http.headers),
        RepeatedNames::All => matched.http.headers.iter().collect(),
    };
    let queries = &matched.http.query_params;
    let value = |value: &ValueMatch| match value.kind {
        MatchType::Exact => Test::Equals(value.value.clone()),
        MatchType::RegularExpression => paths::regex(&value.value, scope),
    };
    let mut conditions: Vec<(Field, Test)> = Vec::new();
    let mut unmodelled = None;
    for header in &headers {
        let name = header.name.as_str().to_ascii_lowercase();
        match overwritten(&name, value(header), dialect) {
            Seen::Asked(condition) => conditions.push(condition),
            Seen::Never => return,
            Seen::Unknown => unmodelled = Some(format!("a match on `{name}`, which the router itself sets")),
        }
    }
    conditions.extend(queries.iter().map(|query| (Field::Query(query.name.as_str().to_owned()), value(query))));
    let method = matched.http.method.map(|method| (Field::Method, Test::Equals(method.as_str().to_owned())));
    let kind = matched.grpc_kind.unwrap_or(match &path {
        PathMatch::Exact(_) => PathKind::Exact,
        PathMatch::Prefix(_) => PathKind::Prefix,
        PathMatch::Regex(_) => PathKind::Regex,
    });
    let shape = Shape {
        path: kind,
        path_length: matched.grpc_length.unwrap_or_else(|| path.value().len()),
        whole: matched.grpc_kind.is_none() && path == PathMatch::default(),
        slash: false,
        method: method.is_some(),
        // What a filter adds to the match is not known: of all matches of this path it stands first.
        headers: if rule.plan.adds_matches { usize::MAX / 2 } else { headers.len() + usize::from(matched.grpc_suffix) },
        exact_headers: headers.iter().filter(|header| header.kind.is_exact()).count(),
        queries: queries.len(),
        exact_queries: queries.iter().filter(|query| query.kind.is_exact()).count(),
        host_length: 0,
        rules_left: rules - position,
        grpc_text: matched.grpc_text,
    };
    // Envoy Gateway answers preflights for a rule with CORS whose method is another one (processHTTPRouteRule in route.go).
    let implicit = *dialect.method_preflights == MethodPreflights::Taken
        && rule.plan.cors.is_some()
        && matched.http.method.is_some_and(|method| method != api::HttpMethod::Options);
    if implicit {
        let present = |name: &str| (Field::Header(name.to_owned()), Test::Present);
        let mut preflight = conditions.clone();
        preflight.push((Field::Method, Test::Equals("OPTIONS".to_owned())));
        preflight.extend([present("origin"), present("access-control-request-method")]);
        let shape = Shape { method: true, headers: shape.headers + 2, ..shape };
        let forms = forms.clone();
        compiled.push(Compiled {
            forms,
            conditions: preflight,
            shape,
            path: text.clone(),
            origin: origin.clone(),
            rule: position,
            matched: number,
            preflight_only: true,
            unmodelled: unmodelled.clone(),
        });
    }
    conditions.extend(method);
    if conditions.is_empty() && matched.grpc_kind.is_none() {
        let place = Place { origin: &origin, text: &text, position, number };
        compiled.extend(without_slash(&path, rule, dialect).map(|bare| slashed(bare, shape, &place)));
    }
    // Alternatives of a filter make a match each.
    let alternatives = if rule.plan.cookies.is_empty() { &[Vec::new()][..] } else { &rule.plan.cookies };
    for cookies in alternatives {
        let mut conditions = conditions.clone();
        conditions.extend(cookies.iter().map(|cookie| {
            let test = if cookie.regex { paths::regex(&cookie.value, RegexScope::Full) } else { Test::Equals(cookie.value.clone()) };
            (Field::Cookie(cookie.name.clone()), test)
        }));
        let shape = Shape { headers: shape.headers.saturating_add(cookies.len()), ..shape };
        let (forms, origin, path) = (forms.clone(), origin.clone(), text.clone());
        compiled.push(Compiled {
            forms,
            conditions,
            shape,
            path,
            origin,
            rule: position,
            matched: number,
            preflight_only: false,
            unmodelled: unmodelled.clone(),
        });
    }
}

/// Where a match stands.
struct Place<'p> {
    origin: &'p Subject,
    text: &'p str,
    position: usize,
    number: usize,
}

/// The match of a path that lacks its final slash.
fn slashed(bare: &str, shape: Shape, place: &Place<'_>) -> Compiled {
    Compiled {
        forms: vec![(vec![Test::Equals(bare.to_owned())], PathExpr::Fixed(format!("{bare}/")))],
        conditions: Vec::new(),
        shape: Shape { slash: true, ..shape },
        path: place.text.to_owned(),
        origin: place.origin.clone(),
        rule: place.position,
        matched: place.number,
        preflight_only: false,
        unmodelled: None,
    }
}

/// The path without its final slash, where nginx adds that by itself: in a location that passes requests on.
fn without_slash<'p>(path: &'p PathMatch, rule: &Rule, dialect: &Dialect) -> Option<&'p str> {
    let (PathMatch::Exact(value) | PathMatch::Prefix(value)) = path else { return None };
    let passes = rule.plan.redirect.is_none() && rule.plan.failure.is_none() && rule.plan.cookies.is_empty();
    let bare = value.strip_suffix('/').filter(|bare| !bare.is_empty());
    bare.filter(|_| passes && *dialect.order == RankOrder::Locations)
}

/// How a match on a header sees what the router has made of the header.
enum Seen {
    /// This is asked.
    Asked((Field, Test)),
    /// It never holds.
    Never,
    /// Nobody knows here.
    Unknown,
}

/// The question of a header match. Where headers are overwritten before matches look at them, the Host is none of them.
fn overwritten(name: &str, test: Test, dialect: &Dialect) -> Seen {
    let forwarded = dialect.forwarded_headers.iter().find(|forwarded| forwarded.name == name);
    let source = match forwarded.map(|forwarded| forwarded.source) {
        _ if *dialect.overwritten_headers != OverwrittenHeaders::AsMade => None,
        None if name == "host" => return Seen::Never,
        source => source,
    };
    match source {
        // The scheme is that of the listener, which is known once the route is attached to it.
        None | Some(HeaderSource::WhereAbsent | HeaderSource::Scheme) => Seen::Asked((Field::Header(name.to_owned()), test)),
        Some(HeaderSource::LatePeer) => Seen::Never,
        Some(HeaderSource::Peer) => Seen::Asked((Field::Client, test)),
        Some(
            HeaderSource::AppendedPeer
            | HeaderSource::ListedPeer
            | HeaderSource::Host
            | HeaderSource::HostPort
            | HeaderSource::Unforeseeable
            | HeaderSource::Removed,
        ) => Seen::Unknown,
    }
}

/// What becomes of `/a` where text replaces the slash alone.
fn glued(matched: &api::HttpMatch, rule: &Rule, dialect: &Dialect) -> Option<String> {
    let root = matches!(&matched.path, None | Some(PathMatch::Prefix(_))) && matched.path.clone().unwrap_or_default().value() == "/";
    let Some(PathModifier::ReplacePrefixMatch(to)) = rule.plan.path_modifier() else { return None };
    let glues = match *dialect.prefix_replacement {
        PrefixReplacement::Text => true,
        PrefixReplacement::Literal => !to.ends_with('/'),
        PrefixReplacement::Join | PrefixReplacement::Elements | PrefixReplacement::Expression => false,
    };
    let to = to.strip_suffix('/').unwrap_or(to);
    (root && !to.is_empty() && glues).then(|| format!("{to}a"))
}

/// What remains to be asked of a request once a listener has changed its headers.
pub(super) enum Remaining {
    /// These conditions.
    Conditions(Vec<(Field, Test)>),
    /// The match never holds.
    Never,
    /// Nobody knows.
    Unknown,
}

/// Whether a text passes; `None` where that is not known.
fn holds(test: &Test, text: &str) -> Option<bool> {
    match test {
        Test::Present => Some(true),
        Test::Equals(wanted) => Some(text == wanted),
        Test::Regex(wanted) => regex::Compiled::new(wanted).map(|compiled| compiled.is_match(text.as_bytes())),
        _ => None,
    }
}

/// Conditions behind changes of request headers that come before them.
pub(super) fn remaining(conditions: &[(Field, Test)], early: &Operations) -> Remaining {
    let mut remaining = Vec::with_capacity(conditions.len());
    for (field, test) in conditions {
        let last = match field {
            Field::Header(name) => early.iter().rfind(|(changed, _)| changed == name).map(|(_, operation)| operation),
            _ => None,
        };
        match last {
            None => remaining.push((field.clone(), test.clone())),
            Some(Operation::Remove) => return Remaining::Never,
            Some(Operation::Set(Some(text))) => match text.0.as_slice() {
                [Part::Literal(sent)] => match holds(test, sent) {
                    Some(true) => {}
                    Some(false) => return Remaining::Never,
                    None => return Remaining::Unknown,
                },
                _ => return Remaining::Unknown,
            },
            Some(Operation::Set(None) | Operation::Add(_)) => return Remaining::Unknown,
        }
    }
    Remaining::Conditions(remaining)
}
