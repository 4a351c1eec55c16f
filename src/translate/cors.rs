//! CORS as nginx does it, where the target has words for that: every answer to an allowed origin gets the headers, and `OPTIONS` of such an
//! origin is answered at once. The CORS filter of Gateway API treats both in another way.

use super::{
    changes::OwnHeader,
    context::Cx,
    plan::{Action, Changes, HeaderCondition, On, PathRule, Rule},
    snippet::{self, Condition},
};
use crate::{
    gateway::Intent,
    ledger::Settlement,
    nginx::{
        IngressId, Location,
        settings::{BackendProtocol, Cors},
    },
};

/// Status of nginx for `OPTIONS`.
const NO_CONTENT: u16 = 204;
/// Status of the built-in default backend.
const NOT_FOUND: u16 = 404;
/// The longest value of a condition on a header.
const LONGEST_VALUE: usize = 4096;

impl Cx<'_> {
    /// The target says by conditions and headers what nginx does for an origin.
    pub(super) fn says_origins(&self, location: &Location) -> bool {
        let settings = &location.settings;
        let Some(cors) = settings.cors.as_ref().filter(|cors| !cors.origins.is_empty() && settings.denied.is_none()) else { return false };
        let http = matches!(settings.protocol.value, BackendProtocol::Http | BackendProtocol::Https | BackendProtocol::AutoHttp);
        let short = origins(cors).is_none_or(|expression| expression.len() <= LONGEST_VALUE);
        http && short
            && self.options.target.header_of_request("Origin").is_some()
            && self.keeps(&Intent::Answer { status: NO_CONTENT, headers: Vec::new(), body: None })
    }

    /// The rules of a location, with those for allowed origins before them.
    pub(super) fn with_origins(&mut self, location: &Location, owner: IngressId, paths: &[PathRule], rules: Vec<Rule>) -> Vec<Rule> {
        let Some(cors) = location.settings.cors.clone() else { return rules };
        self.settle_origins(owner);
        let origin = origins(&cors).map(|value| HeaderCondition { on: On::Header, name: "Origin".to_owned(), value, regex: true });
        let options = HeaderCondition { on: On::Method, name: String::new(), value: "OPTIONS".to_owned(), regex: false };
        let headers = self.cors_headers(&cors);
        let mut made: Vec<Rule> = Vec::with_capacity(2 * rules.len() + paths.len());
        for path in paths {
            let rule = self.page(location, owner, path, NO_CONTENT, &headers);
            made.extend(conditioned(rule, origin.iter().chain([&options])));
        }
        if location.implicit && rules.is_empty() {
            // The built-in default backend answers.
            let pages = paths.iter().map(|path| self.page(location, owner, path, NOT_FOUND, &headers));
            made.extend(pages.filter_map(|rule| conditioned(rule, &origin)).collect::<Vec<_>>());
        }
        for rule in &rules {
            let mut rule = rule.clone();
            if matches!(rule.action, Action::Forward(_) | Action::ToHttps { .. } | Action::Redirect(_)) {
                let set = &mut rule.changes.response_headers;
                set.retain(|(known, _)| !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(known)));
                set.extend(headers.iter().cloned());
            }
            made.extend(conditioned(rule, &origin));
        }
        made.extend(origin.is_some().then_some(rules).into_iter().flatten());
        snippet::closed(made)
    }

    /// A rule that is answered without a backend, with the headers of every answer and these.
    fn page(&self, location: &Location, owner: IngressId, path: &PathRule, status: u16, headers: &[(String, String)]) -> Rule {
        let sayable = |OwnHeader { name, value, literal }: &OwnHeader| {
            let replaced = headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
            !value.is_empty() && (*literal || !value.contains('$')) && !replaced
        };
        let others = self.own_response_headers(location).into_iter().filter(sayable);
        let headers = others.map(|own| (own.name, self.header_value(&own.value))).chain(headers.iter().cloned()).collect();
        Rule {
            owner,
            origin: location.origin.as_ref().map_or_else(|| self.annotation(owner, "enable-cors"), |origin| origin.subject.clone()),
            path: path.clone(),
            headers: Vec::new(),
            action: Action::Answered,
            changes: Changes { wishes: vec![Intent::Answer { status, headers, body: None }], ..Changes::default() }.into(),
        }
    }

    pub(super) fn cors_headers(&self, cors: &Cors) -> Vec<(String, String)> {
        let echo = || self.options.target.header_of_request("Origin").unwrap_or_default();
        let origin = if cors.allows_all() { "*".to_owned() } else { echo() };
        let mut headers = vec![("Access-Control-Allow-Origin".to_owned(), origin)];
        let mut push = |name: &str, value: &str| headers.push((name.to_owned(), self.header_value(value)));
        if cors.credentials {
            push("Access-Control-Allow-Credentials", "true");
        }
        push("Access-Control-Allow-Methods", &cors.methods);
        push("Access-Control-Allow-Headers", &cors.headers);
        if !cors.expose.is_empty() {
            push("Access-Control-Expose-Headers", &cors.expose);
        }
        push("Access-Control-Max-Age", &cors.max_age.to_string());
        headers
    }

    fn settle_origins(&mut self, owner: IngressId) {
        let names = &[
            "enable-cors",
            "cors-allow-origin",
            "cors-allow-methods",
            "cors-allow-headers",
            "cors-allow-credentials",
            "cors-max-age",
            "cors-expose-headers",
        ];
        self.mark(owner, names, &Settlement::Exact);
    }
}

/// The expression that a whole value fits, where not every origin is allowed.
fn origins(cors: &Cors) -> Option<String> {
    cors.origin_expression().map(|expression| format!("(?i).*{expression}"))
}

/// The rule under more conditions; `None` where no request fits them all.
fn conditioned<'c>(mut rule: Rule, conditions: impl IntoIterator<Item = &'c HeaderCondition>) -> Option<Rule> {
    let conditions: Vec<_> = conditions.into_iter().cloned().map(Condition::Field).collect();
    snippet::restrict(&mut rule, &conditions).then_some(rule)
}
