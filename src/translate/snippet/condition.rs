//! Conditions of `if` and of rewrites as matches of a route.

use std::collections::BTreeMap;

use crate::{
    automata::{Answer, Budget, Domain, Lang},
    nginx::{
        Server, ServerName,
        code::{Condition, Question, Text, finds_all, ignores_query},
    },
    request::{Piece, is_proxy_header},
    targets::RegexForm,
    translate::{
        paths,
        plan::{HeaderCondition, On, PathRule, Rule},
        shape,
    },
};

/// Something that a match can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::translate) enum Match {
    /// A header, a query parameter or the method.
    Field(HeaderCondition),
    /// The path.
    Path(PathRule),
}

/// What a condition comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Said {
    /// It is always the same.
    Always(bool),
    /// One of these must match; turned round where `negated`.
    Any {
        any: Vec<Match>,
        negated: bool,
        /// What a match says otherwise than nginx does.
        but: Option<&'static str>,
    },
    /// A match cannot say it, for this reason.
    No(&'static str),
}

/// What a variable holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Held {
    /// This text, whatever the request.
    Text(String),
    /// A header of the answer of the authentication service; a name in lower case.
    OfAuth(String),
    /// Something that is not known.
    Unknown {
        /// It may depend on who the client is.
        of_client: bool,
    },
}

impl Held {
    /// The text, where it is known.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::OfAuth(_) | Self::Unknown { .. } => None,
        }
    }
}

/// Variables that were set, by the controller or by snippets.
pub(super) type Env = BTreeMap<String, Held>;

/// A text whose variables are known.
pub(super) fn known(text: &Text, env: &Env) -> Option<String> {
    text.iter()
        .map(|piece| match piece {
            Piece::Literal(text) => Some(text.clone()),
            Piece::Variable(name) | Piece::Named(name) => env.get(name).and_then(Held::text).map(str::to_owned),
            Piece::Group(_) => None,
        })
        .collect()
}

/// Methods that a match can name.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Variables that say the same of everybody who asks for the same thing with the same program.
const OF_ANYBODY: &[&str] = &[
    "best_http_host",
    "content_length",
    "content_type",
    "document_root",
    "document_uri",
    "host",
    "http_accept",
    "http_accept_encoding",
    "http_accept_language",
    "http_connection",
    "http_content_type",
    "http_host",
    "http_referer",
    "http_upgrade",
    "http_user_agent",
    "https",
    "ingress_name",
    "is_args",
    "location_path",
    "namespace",
    "pass_access_scheme",
    "request_filename",
    "request_method",
    "request_uri",
    "scheme",
    "server_name",
    "server_port",
    "server_protocol",
    "service_name",
    "service_port",
    "uri",
];

/// A variable may depend on who the client is, or on what it knows.
pub(super) fn is_of_client(variable: &str, env: &Env) -> bool {
    match env.get(variable) {
        Some(Held::Text(_)) => false,
        Some(Held::OfAuth(_)) => true,
        Some(Held::Unknown { of_client }) => *of_client,
        None => !OF_ANYBODY.contains(&variable),
    }
}

/// A condition tells clients apart. The query is rather what they ask for, but one that must hold something is like a password.
pub(super) fn tells_clients_apart(condition: &Condition, env: &Env) -> bool {
    let Condition { variable, question: _, negated } = condition;
    let of_query = variable == "args" || variable == "query_string" || variable.starts_with("arg_");
    is_of_client(variable, env) && (*negated || !of_query)
}

/// Where a condition is asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'s> {
    /// Variables that were set.
    pub(super) env: &'s Env,
    /// The server.
    pub(super) server: &'s Server,
    /// Requests come over TLS.
    pub(super) tls: bool,
    /// How the target reads expressions in paths.
    pub(super) form: RegexForm,
    /// What proxies in front say of the request is believed.
    pub(super) trusted: bool,
}

/// A condition as matches.
pub(super) fn said(condition: &Condition, ground: Ground<'_>) -> Said {
    let Condition { variable, question, negated } = condition;
    let Ground { env, server, tls, form, trusted } = ground;
    if let Question::File(_) = question {
        return Said::No(FILES);
    }
    let fixed = match variable.as_str() {
        "scheme" => Some(if tls { "https" } else { "http" }.to_owned()),
        "https" => Some(if tls { "on" } else { "" }.to_owned()),
        "server_port" => Some(if tls { "443" } else { "80" }.to_owned()),
        "host" | "http_host" => match &server.name {
            ServerName::Exact(name) if server.aliases.is_empty() => Some(name.to_ascii_lowercase()),
            _ => None,
        },
        name => match env.get(name) {
            Some(Held::Text(value)) => Some(value.clone()),
            Some(Held::OfAuth(_) | Held::Unknown { .. }) => return Said::No("a variable that it asks about is not known"),
            None => None,
        },
    };
    if let Some(value) = fixed {
        return match holds(&value, question, env) {
            Some(holds) => Said::Always(holds != *negated),
            None => Said::No("a text that it compares with is not known"),
        };
    }
    if variable == "request_method" {
        return method(question, *negated, env);
    }
    if variable == "uri" || variable == "document_uri" || variable == "request_uri" {
        return path(variable == "request_uri", question, *negated, env, form);
    }
    let (on, name) = if let Some(name) = variable.strip_prefix("http_") {
        let name = name.replace('_', "-");
        if !trusted && (is_proxy_header(&name) || name == "x-scheme") {
            return Said::No("gateways write this header themselves before they look for it");
        }
        (On::Header, name)
    } else if let Some(name) = variable.strip_prefix("arg_") {
        (On::Query, name.to_owned())
    } else if let Some(name) = variable.strip_prefix("cookie_") {
        return cookie(name, question, *negated, env);
    } else if variable == "content_type" {
        (On::Header, "content-type".to_owned())
    } else {
        return Said::No("a match cannot ask for it");
    };
    let one = |value: String, regex: bool| vec![Match::Field(HeaderCondition { on, name: name.clone(), value, regex })];
    match question {
        Question::Truthy => Said::Any { any: one("^(?:[^0]|..+)$".to_owned(), true), negated: *negated, but: Some(REGEX) },
        Question::Equals(text) => match known(text, env) {
            Some(text) if text.is_empty() => Said::Any { any: one("^.+$".to_owned(), true), negated: !negated, but: Some(REGEX) },
            Some(text) => Said::Any { any: one(text, false), negated: *negated, but: None },
            None => Said::No("a text that it compares with is not known"),
        },
        Question::File(_) => Said::No(FILES),
        Question::Matches { regex, caseless } => match searched(regex, *caseless) {
            Some(value) => Said::Any { any: one(value, true), negated: *negated, but: Some(REGEX) },
            None => Said::No("its expression needs PCRE, or is found in a text that is missing"),
        },
    }
}

const FILES: &str = "the files that it asks about stand in the controller's container";

const REGEX: &str = "expressions in matches are no part of the core of Gateway API";

/// An expression that is searched, as one that takes the whole value.
pub(in crate::translate) fn searched(regex: &str, caseless: bool) -> Option<String> {
    if regex_syntax::Parser::new().parse(regex).is_err() || regex.contains(['\n', '\r']) {
        return None;
    }
    let found = crate::automata::pcre::Pattern::parse(regex, caseless).ok()?;
    // A missing header is an empty text for nginx, and no match at all for a route.
    if found.is_match(b"").ok()? {
        return None;
    }
    let case = if caseless { "(?i)" } else { "" };
    Some(format!("{case}.*(?:{regex}).*"))
}

/// Whether something is true of a text that is known.
fn holds(value: &str, question: &Question, env: &Env) -> Option<bool> {
    match question {
        Question::Truthy => Some(!value.is_empty() && value != "0"),
        Question::Equals(text) => known(text, env).map(|text| text == value),
        Question::File(_) => None,
        Question::Matches { regex, caseless } => {
            crate::automata::pcre::Pattern::parse(regex, *caseless).ok()?.is_match(value.as_bytes()).ok()
        }
    }
}

/// A match can name the common methods only: what holds for others too is said of those that it does not hold for.
fn method(question: &Question, negated: bool, env: &Env) -> Said {
    let Some(others) = other_methods(question, env) else { return Said::No(METHOD) };
    let any: Vec<Match> = METHODS
        .iter()
        .filter(|method| (holds(method, question, env) == Some(true)) != others)
        .map(|method| Match::Field(HeaderCondition { on: On::Method, name: String::new(), value: (*method).to_owned(), regex: false }))
        .collect();
    let negated = negated != others;
    if any.is_empty() { Said::Always(negated) } else { Said::Any { any, negated, but: None } }
}

const METHOD: &str = "it asks for methods that a match cannot name";

/// Whether something holds for all methods that a match cannot name, or for none of them; `None` where only some are meant.
fn other_methods(question: &Question, env: &Env) -> Option<bool> {
    match question {
        Question::Truthy => Some(true),
        Question::Equals(text) => known(text, env).filter(|text| METHODS.contains(&text.as_str())).map(|_| false),
        Question::File(_) => None,
        Question::Matches { regex, caseless } => {
            let found = Lang::pcre(&crate::automata::pcre::Pattern::parse(regex, *caseless).ok()?);
            let others = Lang::or(METHODS.iter().map(Lang::exact)).not();
            let within = |wanted: &Lang| others.is_subset(wanted, Domain::methods(), Budget::default()) == Answer::Holds;
            if within(&found.clone().not()) { Some(false) } else { within(&found).then_some(true) }
        }
    }
}

fn cookie(name: &str, question: &Question, negated: bool, env: &Env) -> Said {
    let name = regex_syntax::escape(name);
    let whole = |value: &str| {
        let value = format!("^(?:.*;\\s*)?(?i:{name})={value}(?:;.*)?$");
        vec![Match::Field(HeaderCondition { on: On::Header, name: "Cookie".to_owned(), value, regex: true })]
    };
    match question {
        Question::Truthy => Said::Any { any: whole("(?:[^0;]|[^;][^;]+)"), negated, but: Some(REGEX) },
        Question::Equals(text) => match known(text, env) {
            Some(text) if text.is_empty() => Said::Any { any: whole("[^;]+"), negated: !negated, but: Some(REGEX) },
            Some(text) => Said::Any { any: whole(&regex_syntax::escape(&text)), negated, but: Some(REGEX) },
            None => Said::No("a text that it compares with is not known"),
        },
        Question::Matches { .. } => Said::No("it searches an expression in a cookie"),
        Question::File(_) => Said::No(FILES),
    }
}

/// How well a match must say what an expression says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// As it is, were it by an expression: somebody may be refused by it.
    Exactly,
    /// By a prefix, which can be replaced.
    Nearly,
}

/// What a match on the path does not see of the target.
pub(super) const QUERY: &str = "the query of the request is not looked at";

/// An expression that nginx searches in the path.
pub(super) fn searched_path(regex: &str, caseless: bool, form: RegexForm, how: How) -> Option<(PathRule, Option<&'static str>)> {
    // The anchor of `^/a|/b` belongs to the first alternative only.
    let body = regex.strip_prefix('^').filter(|_| paths::alternatives(regex).len() == 1);
    if let (Some(body), false) = (body, caseless) {
        if let Some(exact) = body.strip_suffix('$').filter(|exact| shape::is_literal(exact)) {
            return Some((PathRule::Exact(paths::literal(exact).ok()?), None));
        }
        if let Some(shape) = shape::shape(body) {
            if shape.is_element() || shape.prefix() == "/" {
                return Some((paths::prefix(shape.prefix()).ok()?, None));
            }
            if how == How::Nearly {
                return Some((paths::prefix(shape.prefix()).ok()?, Some("a prefix of a route ends where an element of the path ends")));
            }
        }
    }
    if finds_all(regex, caseless, Domain::clean_paths()) {
        return Some((PathRule::Prefix("/".to_owned()), None));
    }
    if regex_syntax::Parser::new().parse(regex).is_err() || crate::automata::pcre::Pattern::parse(regex, caseless).is_err() {
        return None;
    }
    let case = if caseless { "(?i)" } else { "" };
    let value = match (body, form) {
        (Some(body), RegexForm::Full) => format!("{case}(?:{body}).*"),
        (Some(body), RegexForm::Search) => format!("{case}^(?:{body})"),
        (Some(body), RegexForm::Either) => format!("{case}^(?:{body}).*"),
        (None, RegexForm::Full) => format!("{case}.*(?:{regex}).*"),
        (None, RegexForm::Search) => format!("{case}(?:{regex})"),
        (None, RegexForm::Either) => format!("{case}^.*(?:{regex}).*"),
        (body, RegexForm::Start) => {
            // The slash that every value begins with may be the first one of what is searched.
            let anywhere = format!("/?(?:.*(?:{regex}))");
            super::super::location::searched(body.unwrap_or(&anywhere), caseless)?
        }
    };
    (value.len() <= 1024)
        .then_some((PathRule::Regex(value), Some("which of an expression and a prefix goes first is up to the implementation")))
}

fn path(raw: bool, question: &Question, negated: bool, env: &Env, form: RegexForm) -> Said {
    let (rule, but) = match question {
        Question::Truthy => return Said::Always(!negated),
        Question::Equals(text) => match known(text, env).and_then(|text| paths::literal(&text).ok()) {
            Some(_) if raw => return Said::No("it compares the whole target, query included"),
            Some(path) => (PathRule::Exact(path), None),
            None => return Said::No("a text that it compares with is not known"),
        },
        Question::File(_) => return Said::No(FILES),
        Question::Matches { regex, caseless } if raw && finds_all(regex, *caseless, Domain::values()) => return Said::Always(!negated),
        Question::Matches { regex, caseless } => match searched_path(regex, *caseless, form, How::Exactly) {
            // With a query, the target is another text than the path.
            Some((rule, _)) if raw && !ignores_query(regex) => (rule, Some(QUERY)),
            Some((PathRule::Prefix(prefix), None)) if prefix == "/" => return Said::Always(!negated),
            Some(found) => found,
            None => return Said::No("its expression needs PCRE"),
        },
    };
    if negated && !matches!(rule, PathRule::Exact(_) | PathRule::Prefix(_)) {
        return Said::No("it asks for every path but those of an expression");
    }
    Said::Any { any: vec![Match::Path(rule)], negated, but }
}

/// Whether conditions can be met together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Together {
    /// A rule says them all.
    Said,
    /// No request meets them.
    Never,
    /// A rule cannot say them together; it has those that were before.
    Unsaid,
}

/// Adds conditions to a rule.
pub(super) fn add(rule: &mut Rule, conditions: &[Match]) -> Together {
    for condition in conditions {
        match condition {
            Match::Field(field) => {
                let same = |known: &&HeaderCondition| known.on == field.on && known.name.eq_ignore_ascii_case(&field.name);
                if let Some(known) = rule.headers.iter().find(same) {
                    if known == field {
                        continue;
                    }
                    // Two texts of one field exclude each other.
                    return if known.regex || field.regex { Together::Unsaid } else { Together::Never };
                }
                rule.headers.push(field.clone());
            }
            Match::Path(path) => match within(&rule.path, path) {
                Some(path) => rule.path = path,
                None if matches!(rule.path, PathRule::Regex(_)) || matches!(path, PathRule::Regex(_)) => return Together::Unsaid,
                None => return Together::Never,
            },
        }
    }
    Together::Said
}

/// Both paths at once; `None` where no request has both.
fn within(outer: &PathRule, inner: &PathRule) -> Option<PathRule> {
    let below =
        |path: &str, prefix: &str| prefix == "/" || path == prefix || path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    match (outer, inner) {
        (PathRule::Prefix(outer), inner) if outer == "/" => Some(inner.clone()),
        (PathRule::Prefix(outer), PathRule::Exact(path)) => below(path, outer).then(|| inner.clone()),
        (PathRule::Exact(path), PathRule::Exact(other)) => (path == other).then(|| inner.clone()),
        (PathRule::Exact(path), PathRule::Prefix(prefix)) => below(path, prefix).then(|| PathRule::Exact(path.clone())),
        (PathRule::Prefix(outer), PathRule::Prefix(path)) if below(path, outer) => Some(inner.clone()),
        (PathRule::Prefix(outer), PathRule::Prefix(path)) => below(outer, path).then(|| PathRule::Prefix(outer.clone())),
        (PathRule::Regex(outer), PathRule::Regex(other)) if outer == other => Some(inner.clone()),
        (PathRule::Regex(_), _) | (_, PathRule::Regex(_)) => None,
    }
}
