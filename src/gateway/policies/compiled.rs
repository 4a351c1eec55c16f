//! Effects with their questions, and what they make of the answer of a rule.

use super::effect::{Addresses, AskedPath, Conduct, Effect, Instead, Network, Origin, Override, Service};
use crate::gateway::answer;
use crate::gateway::dialect::{Dialect, OwnAnswer};
use crate::gateway::filter::{self, Operation, Operations};
use crate::request::{
    Answer, Deny, ErrorPage, Field, Forwarding, Guard, HeaderExprs, NoAnswer, Part, PathExpr, PredicateId, Predicates, Share, Test,
    TextExpr, Valuation,
};

/// A replacement of answers, its headers read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guarded {
    /// The replacement.
    pub replaced: Override,
    /// Operations on headers of the answer.
    pub headers: Operations,
}

impl Guarded {
    /// An answer of the router that may have come from this replacement.
    pub fn made(&self, answer: &Answer) -> bool {
        let own = match answer {
            Answer::Respond { status, .. } | Answer::Redirect { status, .. } => Some(*status),
            // It comes once somebody who is asked lets pass.
            Answer::Forward(forwarding) => match forwarding.split.as_slice() {
                [Share { backend: None, status, .. }] => *status,
                _ => None,
            },
            Answer::Deny { .. } | Answer::NoRoute { .. } | Answer::NoAnswer(_) | Answer::Unmodelled { .. } => None,
        };
        let Some(status) = own else { return false };
        match &self.replaced.instead {
            Instead::Answer { status: Some(made), .. } => *made == status,
            Instead::Answer { status: None, .. } => self.replaced.of != Origin::Backend && self.replaced.takes(status),
            Instead::Route { .. } => false,
        }
    }
}

/// What is not known of a body over HTTP/2 that is longer than its limit by less than the frame that nobody counts.
pub const UNCOUNTED: &str = "a body whose last frame of HTTP/2 is above its limit";

/// A limit for bodies.
#[derive(Debug, Clone)]
struct BodyLimit {
    /// The body is longer.
    above: PredicateId,
    /// It may be complete before a service answers, and nobody looks at it then.
    waits: bool,
    /// Whether the request came over HTTP/2, and whether the body is longer by more than the frame that nobody counts.
    frame: Option<(PredicateId, PredicateId)>,
}

impl BodyLimit {
    fn new(limit: u64, asks: bool, dialect: &Dialect, predicates: &mut Predicates) -> Self {
        let mut ask = |field, test| predicates.intern(field, test, None);
        let uncounted = *dialect.uncounted_frame;
        Self {
            above: ask(Field::BodyLength, Test::Above(limit)),
            waits: asks && limit < *dialect.waiting_body,
            frame: (uncounted > 0).then(|| {
                let http2 = ask(Field::Protocol, Test::Equals("h2".to_owned()));
                (http2, ask(Field::BodyLength, Test::Above(limit.saturating_add(uncounted))))
            }),
        }
    }

    /// Why a body above the limit may pass.
    fn may_pass(&self, v: &impl Valuation) -> Option<&'static str> {
        if self.waits {
            return Some("a body above its limit, which passes where it is complete before the authentication service answers");
        }
        let (http2, longer) = self.frame?;
        (v.holds(http2) && !v.holds(longer)).then_some(UNCOUNTED)
    }
}

/// What policies do to the requests of a rule behind a listener.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Policy {
    abort: Option<u16>,
    guards: Vec<Guard>,
    body: Option<BodyLimit>,
    rules: Vec<(bool, PredicateId)>,
    others: Option<bool>,
    addresses_first: bool,
    removes_credentials: bool,
    /// Changes of request headers before routes are looked at.
    pub early: Operations,
    /// Replacements of answers.
    pub overrides: Vec<Guarded>,
    tells_certificate: bool,
    /// Proxies in front are trusted to tell who the client is.
    pub trusts: bool,
    /// Refusals carry the headers that the rule would have given to an answer of its backends.
    pub refuses_with_headers: bool,
    dropped: bool,
}

impl Policy {
    /// An effect on a rule and what happens to its connections, with the questions that they ask.
    pub fn new(effect: &Effect, conduct: &Conduct, dialect: &Dialect, predicates: &mut Predicates) -> Self {
        let mut ask = |networks: &[Network]| predicates.intern(Field::Client, Test::InNetworks(networks.to_vec()), None);
        let (rules, others) = match &effect.addresses {
            Some(Addresses { rules, others, first: _ }) => {
                (rules.iter().map(|(allow, networks)| (*allow, ask(networks))).collect(), Some(*others))
            }
            None => (Vec::new(), None),
        };
        // No limit at all is written as 0.
        let limit = effect.body.unwrap_or(*dialect.body_limit);
        let body = (limit > 0).then(|| BodyLimit::new(limit, effect.service.is_some(), dialect, predicates));
        let mut poison = None;
        let overrides: Vec<Guarded> = effect
            .overrides
            .iter()
            .flatten()
            .map(|replaced| {
                let headers = match &replaced.instead {
                    Instead::Answer { headers, .. } => filter::operations(headers, dialect, &mut poison),
                    Instead::Route { .. } => Vec::new(),
                };
                Guarded { replaced: replaced.clone(), headers }
            })
            .collect();
        let signin = overrides.iter().find(|one| one.replaced.takes(401) && one.replaced.of != Origin::Backend).and_then(location);
        let mut guards: Vec<Guard> = Vec::new();
        guards.extend(effect.service.as_ref().map(|service| guard(service, signin.clone())));
        guards.extend(effect.password.as_ref().map(|password| Guard::Password {
            secret: password.secret.clone(),
            digest: false,
            realm: String::new(),
        }));
        if effect.password_first {
            guards.reverse();
        }
        guards.extend(effect.rate.map(|status| Guard::Rate { status }));
        let early = filter::mutations(&conduct.early, dialect, &mut poison);
        let dropped = poison.is_some();
        Self {
            abort: effect.abort,
            guards,
            body,
            rules,
            others,
            early,
            overrides,
            addresses_first: effect.addresses.as_ref().is_some_and(|addresses| addresses.first),
            removes_credentials: effect.password.as_ref().is_some_and(|password| password.removed),
            tells_certificate: conduct.tells_certificate,
            trusts: conduct.trust.is_some(),
            refuses_with_headers: effect.headed || dialect.modified_own_answers.contains(&OwnAnswer::Refusal),
            dropped,
        }
    }

    /// There is nothing to do.
    pub fn is_empty(&self) -> bool {
        let Self {
            abort,
            guards,
            body,
            rules,
            others,
            addresses_first: _,
            removes_credentials: _,
            early,
            overrides,
            tells_certificate,
            trusts,
            refuses_with_headers: _,
            dropped,
        } = self;
        abort.is_none()
            && guards.is_empty()
            && body.is_none()
            && rules.is_empty()
            && others.is_none()
            && early.is_empty()
            && overrides.is_empty()
            && !tells_certificate
            && !trusts
            && !dropped
    }

    /// The answer of a rule as these policies leave it. Preflights are answered before anybody is asked.
    pub fn apply(&self, v: &impl Valuation, preflight: bool, unruled: Answer) -> Answer {
        if self.dropped {
            return Answer::Unmodelled { what: "a header value of a policy that the data plane refuses".to_owned() };
        }
        let headers = || {
            let carried = if let Answer::Forward(forwarding) = &unruled { Some(&forwarding.response_headers) } else { None };
            carried.filter(|_| self.refuses_with_headers).cloned().unwrap_or_default()
        };
        let respond = |status| Answer::Respond { status, response_headers: headers() };
        let deny = || Answer::Deny { why: Deny::Address, status: 403, response_headers: headers() };
        if let Some(status) = self.abort {
            // This filter stands before that of CORS.
            let mut aborted = respond(status);
            if let Answer::Respond { response_headers, .. } = &mut aborted {
                response_headers.retain(|(name, _)| !name.starts_with("access-control-"));
            }
            return self.replaced(aborted);
        }
        if preflight || matches!(unruled, Answer::Unmodelled { .. } | Answer::NoAnswer(NoAnswer::Refused | NoAnswer::Reset | NoAnswer::Tls))
        {
            return self.replaced(unruled);
        }
        if self.addresses_first && self.refuses(v) {
            return self.replaced(deny());
        }
        let large = self.body.as_ref().filter(|body| v.holds(body.above));
        if let Some(what) = large.and_then(|body| body.may_pass(v)) {
            return Answer::Unmodelled { what: what.to_owned() };
        }
        let refused = if large.is_some() {
            Some(respond(413))
        } else if self.refuses(v) {
            Some(deny())
        } else {
            None
        };
        let goes_on = refused.is_none();
        let mut answer = self.replaced(refused.unwrap_or(unruled));
        let asks = self.guards.iter().any(|guard| !matches!(guard, Guard::Rate { .. }));
        match &mut answer {
            Answer::Forward(forwarding) => self.guard(forwarding),
            Answer::Respond { status, response_headers } | Answer::Deny { status, response_headers, .. } if asks => {
                answer = self.behind_guards(*status, std::mem::take(response_headers));
            }
            Answer::NoRoute { response_headers } if asks => answer = self.behind_guards(404, std::mem::take(response_headers)),
            Answer::Redirect { status, location, response_headers } if asks && goes_on => {
                let mut response_headers = std::mem::take(response_headers);
                response_headers.push(("location".to_owned(), Some(std::mem::take(location))));
                answer = self.behind_guards(*status, response_headers);
            }
            Answer::Redirect { .. }
            | Answer::Respond { .. }
            | Answer::Deny { .. }
            | Answer::NoRoute { .. }
            | Answer::NoAnswer(_)
            | Answer::Unmodelled { .. } => {}
        }
        answer
    }

    fn refuses(&self, v: &impl Valuation) -> bool {
        let Some(others) = self.others else { return false };
        let named = self.rules.iter().find(|(_, networks)| v.holds(*networks));
        !named.map_or(others, |(allow, _)| *allow)
    }

    fn guard(&self, forwarding: &mut Forwarding) {
        forwarding.guards = self.guards.clone();
        if self.removes_credentials {
            forwarding.headers.retain(|(name, _)| name != "authorization");
            forwarding.headers.push(("authorization".to_owned(), None));
        }
        if self.tells_certificate {
            forwarding.headers.retain(|(name, _)| name != "x-forwarded-client-cert");
        }
        for guard in &self.guards {
            if let Guard::Service { copied_headers, .. } = guard {
                forwarding.headers.retain(|(name, _)| !copied_headers.contains(name));
            }
        }
        forwarding.error_page = self.error_page();
    }

    /// What takes the place of answers of backends.
    fn error_page(&self) -> Option<ErrorPage> {
        let of_backends: Vec<&Guarded> = self.overrides.iter().filter(|one| one.replaced.of != Origin::Router).collect();
        let (first, others) = of_backends.split_first()?;
        let ranges = of_backends.iter().flat_map(|one| &one.replaced.statuses);
        let codes = ranges.flat_map(|(first, last)| *first..=*last).collect();
        let unknown = |what: &str| Answer::Unmodelled { what: what.to_owned() };
        let answer = match &first.replaced.instead {
            _ if !others.is_empty() => unknown("errors that are replaced in several ways"),
            Instead::Answer { status, .. } => {
                let kept = first.replaced.statuses.first().map_or(500, |range| range.0);
                instead(status.unwrap_or(kept), first)
            }
            Instead::Route { .. } => unknown("errors that the router answers with another route"),
        };
        Some(ErrorPage { codes, intercepts: true, answer: Box::new(answer) })
    }

    /// An answer of the router that comes only after everybody who is asked has let pass.
    fn behind_guards(&self, status: u16, response_headers: HeaderExprs) -> Answer {
        let guards = self.guards.iter().filter(|guard| !matches!(guard, Guard::Rate { .. })).cloned().collect();
        Answer::Forward(Box::new(Forwarding {
            guards,
            any_guard: false,
            split: vec![Share { backend: None, weight: 1, status: Some(status) }],
            target: TextExpr(vec![Part::Path(PathExpr::Same), Part::Query]),
            host: None,
            speech: Vec::new(),
            handshakes: Vec::new(),
            headers: Vec::new(),
            response_headers,
            header_rules: Vec::new(),
            read_timeout: None,
            chunked_limit: None,
            error_page: None,
        }))
    }

    /// An answer of the router with its replacement, if there is one.
    fn replaced(&self, mut answer: Answer) -> Answer {
        let status = match &answer {
            Answer::Respond { status, .. } | Answer::Deny { status, .. } => Some(*status),
            Answer::NoRoute { .. } => Some(404),
            Answer::Forward(_) | Answer::Redirect { .. } | Answer::NoAnswer(_) | Answer::Unmodelled { .. } => None,
        };
        let found = status.and_then(|status| self.replacement(status, Origin::Router));
        if let (Some(status), Some(one)) = (status, found) {
            answer = match &one.replaced.instead {
                Instead::Answer { status: other, .. } => instead(other.unwrap_or(status), one),
                Instead::Route { .. } => answer,
            };
        }
        answer
    }

    /// The first replacement of answers with a status.
    pub fn replacement(&self, status: u16, of: Origin) -> Option<&Guarded> {
        self.overrides.iter().find(|one| (one.replaced.of == of || one.replaced.of == Origin::Both) && one.replaced.takes(status))
    }
}

/// The answer of a replacement.
pub(in crate::gateway) fn instead(status: u16, one: &Guarded) -> Answer {
    match location(one) {
        Some(location) if (300..400).contains(&status) => Answer::Redirect { status, location, response_headers: Vec::new() },
        Some(_) | None => {
            let mut response_headers = Vec::new();
            answer::modify_response(&mut response_headers, &one.headers);
            Answer::Respond { status, response_headers }
        }
    }
}

/// The Location that a replacement with a redirect sets.
fn location(one: &Guarded) -> Option<TextExpr> {
    let redirects = matches!(one.replaced.instead, Instead::Answer { status: Some(300..=399), .. });
    one.headers.iter().filter(|_| redirects).find_map(|(name, operation)| match operation {
        Operation::Set(text) | Operation::Add(text) if name == "location" => text.clone(),
        Operation::Set(_) | Operation::Add(_) | Operation::Remove => None,
    })
}

fn guard(service: &Service, signin: Option<TextExpr>) -> Guard {
    let url = match &service.path {
        AskedPath::Fixed(path) => TextExpr::literal(format!("{}{path}", service.base)),
        AskedPath::Behind(prefix) => {
            TextExpr(vec![Part::Literal(format!("{}{prefix}", service.base)), Part::Path(PathExpr::Same), Part::Query])
        }
    };
    Guard::Service {
        url,
        method: String::new(),
        signin,
        signin_headers: Vec::new(),
        copied_headers: service.copied.clone(),
        failure: service.failure,
    }
}
