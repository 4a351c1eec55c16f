//! Headers of CORS in answers, and answers to preflights.

use super::answer::{Asked, header, reaches};
use super::api::Cors;
use super::config::{Origins, Rule};
use super::dialect::{CorsAnswers, Dialect, ForeignPreflight};
use super::filter::Plan;
use crate::request::{Answer, HeaderExprs, Part, PredicateId, TextExpr};

/// Whether the answer of the rule is that of its CORS filter.
pub(super) fn is_preflight(rule: &Rule, asked: Asked, dialect: &Dialect) -> bool {
    let Plan { failure, direct, redirect, cors, .. } = &rule.plan;
    asked.preflight
        && cors.is_some()
        && failure.is_none()
        && direct.is_none()
        && (*dialect.cors_answers != CorsAnswers::AllowedOrigins || redirect.is_none() && reaches(rule, dialect))
}

/// Whether the origin of a request is allowed.
pub(super) fn allows(origins: Option<&Origins>, holds: impl Fn(PredicateId) -> bool) -> bool {
    origins.is_some_and(|origins| origins.any || origins.asked.iter().any(|&asked| holds(asked)))
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

pub(super) fn cors_headers(cors: &Cors, asked: Asked, dialect: &Dialect) -> HeaderExprs {
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

pub(super) fn preflight(cors: &Cors, asked: Asked, dialect: &Dialect) -> Answer {
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
