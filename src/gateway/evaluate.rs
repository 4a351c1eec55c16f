//! A concrete request on the new side: the verdict of each reading, given texts.

use super::agree;
use super::answer;
use super::config::{Config, Reading};
use super::dialect::{Dialect, GrpcMiss, MissingHost, OwnAnswer};
use super::filter::Operations;
use super::guards::{self, Passed};
use super::policies::{self, Guarded, Instead, Origin};
use super::route::{Served, Verdict};
use super::texts::{claims, lost, of_parts, refused_rewrite, target_of};
use super::view::View;
use crate::request::{
    Answer, Decision, Deny, Forward, Forwarding, Guard, HeaderExprs, Outcome, Request, Scheme, Share, TextExpr, Valuation, World,
};

/// What happens to a request, and how sure the model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The decision, or one of several.
    pub decision: Decision,
    /// Other outcomes that are possible; then `undecided` says why.
    pub others: Vec<Outcome>,
    /// Why the outcome is not decided.
    pub undecided: Option<String>,
    /// Status of requests above a limit by rate, where there is one.
    pub limited: Option<u16>,
    /// Names of other certificates that may be served instead.
    pub other_certificates: Vec<String>,
}

/// What the outcome of a request depends on besides the request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Expected {
    /// Statuses of backends that are replaced.
    pub replaced: Vec<u16>,
    /// Milliseconds after which a silent backend is given up.
    pub patience: Option<u64>,
    /// Requests above a rate are refused.
    pub limited: bool,
}

impl Config {
    /// What the outcome of a request depends on; nothing is said where several dialects have a say.
    pub fn expected(&self, request: &Request) -> Expected {
        let [reading] = self.readings.as_slice() else { return Expected::default() };
        let view = self.view(reading, request);
        if view.odd.is_some() {
            return Expected::default();
        }
        let Verdict { ruling, timeout, .. } = reading.route(&view);
        let Answer::Forward(forwarding) = ruling.answer else { return Expected::default() };
        let limited = forwarding.guards.iter().any(|guard| matches!(guard, Guard::Rate { .. }));
        let page = forwarding.error_page.filter(|page| page.intercepts);
        Expected { replaced: page.map(|page| page.codes).unwrap_or_default(), patience: timeout.filter(|timeout| *timeout > 0), limited }
    }

    fn view<'v>(&'v self, reading: &'v Reading, request: &'v Request) -> View<'v> {
        let secure = request.scheme == Scheme::Https;
        let port = request.port.unwrap_or(if secure { 443 } else { 80 });
        let conducted = reading.conducts.get(&(port, secure));
        let dialect = conducted.map_or(&reading.target.dialect, |conducted| &*conducted.dialect);
        View::new(self, dialect, conducted.and_then(|conducted| conducted.trust.as_ref()), request)
    }

    /// What happens to a request. Where dialects differ in what counts, the outcome is undecided.
    pub fn decide(&self, request: &Request, world: &impl World) -> Decided {
        let mut readings = self.readings.iter();
        let first = readings.next().expect("INVARIANT: a configuration has at least one reading");
        let (mut decided, answer) = self.decide_as(first, request, world);
        for reading in readings {
            let (other, other_answer) = self.decide_as(reading, request, world);
            if let (Some(ours), Some(theirs)) = (&answer, &other_answer)
                && let Some(why) = agree::header_dispute(ours, theirs, &reading.target.title)
            {
                decided.undecided.get_or_insert(why);
            }
            let same = counting(&decided.decision.outcome) == counting(&other.decision.outcome);
            if same && other.undecided.is_none() {
                claim_less(&mut decided.decision.outcome, &other.decision.outcome);
            } else {
                let why = other.undecided.unwrap_or_else(|| format!("{} treats it in another way", reading.target.title));
                decided.undecided.get_or_insert(why);
                decided.others.push(other.decision.outcome);
                decided.others.extend(other.others);
            }
            agree::join_certificates(&mut decided.decision.certificate, &mut decided.other_certificates, other.decision.certificate);
        }
        decided
    }

    /// What a dialect makes of a request, and the answer behind it.
    fn decide_as(&self, reading: &Reading, request: &Request, world: &impl World) -> (Decided, Option<Answer>) {
        let view = self.view(reading, request);
        let dialect = view.dialect();
        if let Some(what) = view.odd {
            let outcome = Outcome::Unmodelled { what: what.to_owned() };
            let decided = Decided {
                decision: Decision { outcome, certificate: None, trace: Vec::new() },
                others: Vec::new(),
                undecided: None,
                limited: None,
                other_certificates: Vec::new(),
            };
            return (decided, None);
        }
        let Verdict {
            ruling,
            others,
            undecided,
            certificate,
            other_certificates: _,
            timeout,
            timeouts_differ: _,
            overrides,
            refuses_with_headers,
            late,
            unread: _,
        } = reading.route(&view);
        let exchange =
            Exchange { config: self, reading, view: &view, dialect, timeout, overrides: &overrides, refuses_with_headers, late: &late };
        let certificate = certificate.and_then(|served| match served {
            Served::Secret(certificate) => certificate.names.map(|names| names.join(", ")),
            Served::Default => Some(DEFAULT_CERTIFICATE.to_owned()),
        });
        let limited = match &ruling.answer {
            Answer::Forward(forwarding) => forwarding.guards.iter().find_map(|guard| match guard {
                Guard::Rate { status } => Some(*status),
                Guard::Password { .. } | Guard::Service { .. } => None,
            }),
            _ => None,
        };
        let decided = Decided {
            decision: Decision { outcome: exchange.outcome(&ruling.answer, world), certificate, trace: ruling.trace },
            others: others.iter().map(|answer| exchange.outcome(answer, world)).collect(),
            undecided,
            limited,
            other_certificates: Vec::new(),
        };
        (decided, Some(ruling.answer))
    }
}

/// A concrete request, and what the router found for it beside its answer.
struct Exchange<'e> {
    config: &'e Config,
    reading: &'e Reading,
    view: &'e View<'e>,
    dialect: &'e Dialect,
    timeout: Option<u64>,
    overrides: &'e [Guarded],
    refuses_with_headers: bool,
    late: &'e Operations,
}

impl Exchange<'_> {
    /// What becomes of an answer: guards are asked, slow backends given up, answers replaced.
    fn outcome(&self, answer: &Answer, world: &impl World) -> Outcome {
        if let Answer::Forward(forwarding) = answer {
            match guards::pass(&forwarding.guards, self.view, world) {
                Passed::Yes => {}
                Passed::Unknown(what) => return Outcome::Unmodelled { what: what.to_owned() },
                Passed::No(status) => {
                    let passes_on = forwarding.split.iter().any(|share| share.backend.is_some());
                    let carried = passes_on && self.refuses_with_headers;
                    // The headers of an authentication service come last, so that nothing is known to be absent.
                    let sent = |(_, text): &&(String, Option<TextExpr>)| text.is_some();
                    let response_headers = forwarding.response_headers.iter().filter(|_| carried).filter(sent).cloned().collect();
                    let mut refused = Answer::Deny { why: Deny::Credentials, status, response_headers };
                    if *self.dialect.grpc_miss == GrpcMiss::GrpcStatus && self.view.holds(self.reading.first.grpc) {
                        refused = answer::told_by_grpc(refused);
                    }
                    // What the rule carries has been through the changes of the listener already.
                    if !carried {
                        answer::modify_answer(&mut refused, self.late);
                    }
                    let refused = outcome(&refused, self.view, self.dialect);
                    return self.replaced(refused, status, Origin::Router, world);
                }
            }
        }
        let outcome = timed(outcome(answer, self.view, self.dialect), self.timeout, world, self.dialect, || self.given_up());
        match &outcome {
            Outcome::Forward(Forward { split, target, response_headers, .. }) => match split.as_slice() {
                [Share { backend: None, status: Some(status), .. }] => {
                    let own = own(*status, response_headers.clone());
                    if self.is_replacement(answer) { own } else { self.replaced(own, *status, Origin::Router, world) }
                }
                [Share { backend: Some(backend), .. }] => match world.backend(backend, target).map(|answer| answer.status) {
                    Some(status) => self.replaced(outcome, status, Origin::Backend, world),
                    None => outcome,
                },
                _ => outcome,
            },
            // A backend was given up, or another route may answer. Replacements by answers of the router's own were made before.
            Outcome::Respond { status, .. } if matches!(answer, Answer::Forward(_)) => {
                let status = *status;
                self.replaced(outcome, status, Origin::Router, world)
            }
            // Only a request that has come to its end passes the router again.
            Outcome::Respond { status, .. } if !self.is_replacement(answer) && self.view.request.body_bytes == 0 => {
                let status = *status;
                self.replaced(outcome, status, Origin::Router, world)
            }
            Outcome::Respond { .. }
            | Outcome::Redirect { .. }
            | Outcome::Deny { .. }
            | Outcome::NoRoute { .. }
            | Outcome::NoAnswer(_)
            | Outcome::Unmodelled { .. } => outcome,
        }
    }

    /// What is answered in place of a backend that takes too long; gRPC calls get it as a status of theirs.
    fn given_up(&self) -> Outcome {
        let grpc = *self.dialect.grpc_miss == GrpcMiss::GrpcStatus && self.view.holds(self.reading.first.grpc);
        outcome(&answer::own(504, Vec::new(), grpc, self.dialect), self.view, self.dialect)
    }

    /// The outcome, or what takes its place.
    fn replaced(&self, kept: Outcome, status: u16, of: Origin, world: &impl World) -> Outcome {
        let fits = |one: &&Guarded| (one.replaced.of == of || one.replaced.of == Origin::Both) && one.replaced.takes(status);
        let Some(one) = self.overrides.iter().find(fits) else { return kept };
        match &one.replaced.instead {
            Instead::Answer { status: other, .. } => {
                // It is made behind the filter that adds headers of listeners.
                outcome(&policies::instead(other.unwrap_or(status), one), self.view, self.dialect)
            }
            Instead::Route { host, path, status } => self.routed_again(host.as_deref(), path.as_deref(), *status, world).unwrap_or(kept),
        }
    }

    /// The answer came from a replacement.
    fn is_replacement(&self, answer: &Answer) -> bool {
        self.overrides.iter().any(|one| one.made(answer))
    }

    /// What a GET for another host and path gets on the same connection, where there is a route for it.
    fn routed_again(&self, host: Option<&str>, path: Option<&str>, status: Option<u16>, world: &impl World) -> Option<Outcome> {
        let before = self.view.request;
        let path = path.map_or_else(|| before.target.split('?').next().unwrap_or_default().to_owned(), str::to_owned);
        let query = self.view.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let host = host.map(str::to_owned).or_else(|| self.view.host.clone());
        let request = Request { method: "GET".to_owned(), host, target: format!("{path}{query}"), body_bytes: 0, ..before.clone() };
        let view = View::new(self.config, self.dialect, None, &request);
        let Verdict { ruling, timeout, overrides, refuses_with_headers, .. } = self.reading.route(&view);
        let again = Exchange { view: &view, timeout, overrides: &[], refuses_with_headers, ..*self };
        let mut outcome = again.outcome(&ruling.answer, world);
        // The filter that changes the status is there for routes with replacements only.
        let changed = status.filter(|_| !overrides.is_empty());
        match (&mut outcome, changed) {
            (Outcome::NoRoute { .. }, _) => None,
            (Outcome::Forward(_), Some(_)) => {
                Some(Outcome::Unmodelled { what: "an error that another route answers with a status of its own".to_owned() })
            }
            (Outcome::Forward(forward), None) => {
                // It passes the router a second time, which appends an address of its own that nobody knows here.
                forward.headers.retain(|(name, _)| name != "x-forwarded-for");
                Some(outcome)
            }
            (Outcome::Respond { status, .. } | Outcome::Redirect { status, .. } | Outcome::Deny { status, .. }, changed) => {
                *status = changed.unwrap_or(*status);
                Some(outcome)
            }
            (Outcome::NoAnswer(_) | Outcome::Unmodelled { .. }, _) => Some(outcome),
        }
    }
}

/// An answer of the router once everybody who is asked has let pass; with a Location it redirects.
fn own(status: u16, mut response_headers: Vec<(String, Option<String>)>) -> Outcome {
    let location = response_headers.iter().position(|(name, value)| name == "location" && value.is_some());
    match location.filter(|_| (300..400).contains(&status)) {
        Some(at) => {
            let (_, location) = response_headers.remove(at);
            Outcome::Redirect { status, location: location.unwrap_or_default(), response_headers }
        }
        None => Outcome::Respond { status, response_headers },
    }
}

/// What stands for a certificate that an implementation makes itself.
pub const DEFAULT_CERTIFICATE: &str = "(default certificate)";

/// A backend that takes longer than the rule allows is given up.
fn timed(outcome: Outcome, timeout: Option<u64>, world: &impl World, dialect: &Dialect, given_up: impl FnOnce() -> Outcome) -> Outcome {
    let (Outcome::Forward(forward), Some(timeout)) = (&outcome, timeout) else { return outcome };
    let delay =
        |share: &Share| share.backend.as_ref().and_then(|backend| world.backend(backend, &forward.target)).map_or(0, |answer| answer.delay);
    // Whoever gets it is given up, or nothing can be said of all.
    if forward.split.iter().any(|share| delay(share) <= timeout) {
        return outcome;
    }
    let modified = dialect.modified_own_answers.contains(&OwnAnswer::Error);
    let mut instead = given_up();
    if let (true, Outcome::Respond { response_headers, .. }) = (modified, &mut instead) {
        response_headers.splice(0..0, forward.response_headers.iter().cloned());
    }
    instead
}

fn outcome(answer: &Answer, view: &View<'_>, dialect: &Dialect) -> Outcome {
    let headers = |headers: &HeaderExprs| claims(headers, view, dialect);
    match answer {
        Answer::Forward(forwarding) => {
            let Forwarding {
                guards: _,
                any_guard: _,
                split,
                target,
                host,
                speech,
                handshakes,
                headers: sent,
                response_headers,
                header_rules: _,
                read_timeout: _,
                chunked_limit: _,
                error_page: _,
            } = &**forwarding;
            if let Some(refused) = refused_rewrite(target, view, dialect).or_else(|| lost(target, view)) {
                return refused;
            }
            Outcome::Forward(Forward {
                split: split.clone(),
                method: view.request.method.clone(),
                target: target_of(target, view, dialect),
                // Go names the backend where the request names nobody.
                host: host
                    .as_ref()
                    .map(|host| of_parts(host, view, dialect))
                    .filter(|host| !host.is_empty() || *dialect.missing_host == MissingHost::Refused),
                speech: speech.clone(),
                handshakes: handshakes.clone(),
                headers: headers(sent),
                response_headers: headers(response_headers),
            })
        }
        Answer::Redirect { status, location, response_headers } => {
            Outcome::Redirect { status: *status, location: of_parts(location, view, dialect), response_headers: headers(response_headers) }
        }
        Answer::Respond { status, response_headers } => Outcome::Respond { status: *status, response_headers: headers(response_headers) },
        Answer::Deny { why, status, response_headers } => {
            Outcome::Deny { why: why.clone(), status: *status, response_headers: headers(response_headers) }
        }
        Answer::NoRoute { response_headers } => Outcome::NoRoute { response_headers: headers(response_headers) },
        Answer::NoAnswer(silence) => Outcome::NoAnswer(*silence),
        Answer::Unmodelled { what } => Outcome::Unmodelled { what: what.clone() },
    }
}

/// The outcome with what counts only.
fn counting(outcome: &Outcome) -> Outcome {
    let mut outcome = outcome.clone();
    let keep = |headers: &mut Vec<(String, Option<String>)>| {
        headers.retain(|(name, value)| value.is_some() && (name.starts_with("access-control-") || name == "strict-transport-security"));
        headers.sort();
    };
    match &mut outcome {
        Outcome::Forward(forward) => {
            forward.headers.clear();
            forward.split.sort();
            keep(&mut forward.response_headers);
        }
        Outcome::Redirect { response_headers, .. }
        | Outcome::Respond { response_headers, .. }
        | Outcome::Deny { response_headers, .. }
        | Outcome::NoRoute { response_headers } => keep(response_headers),
        Outcome::NoAnswer(_) | Outcome::Unmodelled { .. } => {}
    }
    outcome
}

/// Drops claims that the other outcome does not make.
fn claim_less(ours: &mut Outcome, theirs: &Outcome) {
    if let (Outcome::Forward(ours), Outcome::Forward(theirs)) = (&mut *ours, theirs) {
        ours.headers.retain(|header| theirs.headers.contains(header));
    }
    let theirs = match theirs {
        Outcome::Forward(Forward { response_headers, .. })
        | Outcome::Redirect { response_headers, .. }
        | Outcome::Respond { response_headers, .. }
        | Outcome::Deny { response_headers, .. }
        | Outcome::NoRoute { response_headers } => response_headers,
        Outcome::NoAnswer(_) | Outcome::Unmodelled { .. } => return,
    };
    if let Outcome::Forward(Forward { response_headers, .. })
    | Outcome::Redirect { response_headers, .. }
    | Outcome::Respond { response_headers, .. }
    | Outcome::Deny { response_headers, .. }
    | Outcome::NoRoute { response_headers } = ours
    {
        response_headers.retain(|header| theirs.contains(header));
    }
}
