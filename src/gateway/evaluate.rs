//! A concrete request on the new side: the verdict of each reading, given texts.

use super::answer::{self, APPENDED, EFFECTIVE_HOST_PORT, HOST_PORT, HOST_WITHOUT_DEFAULT_PORT, UNESCAPED_PATH};
use super::config::{Config, Reading};
use super::dialect::{Dialect, GrpcMiss, OwnAnswer, RewriteEncoding};
use super::normalise;
use super::paths;
use super::route::{Served, Verdict};
use super::view::{View, without_port};
use crate::request::{
    Answer, Decision, Forward, Forwarding, HeaderExprs, Outcome, Part, PathExpr, Request, Scheme, TextExpr, Valuation, World,
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
}

impl Config {
    /// What happens to a request. Where dialects differ in what counts, the outcome is undecided.
    pub fn decide(&self, request: &Request, world: &impl World) -> Decided {
        let mut readings = self.readings.iter();
        let first = readings.next().expect("INVARIANT: a configuration has at least one reading");
        let mut decided = self.decide_as(first, request, world);
        for reading in readings {
            let other = self.decide_as(reading, request, world);
            let same = counting(&decided.decision.outcome) == counting(&other.decision.outcome);
            if same && other.undecided.is_none() {
                claim_less(&mut decided.decision.outcome, &other.decision.outcome);
            } else {
                let why = other.undecided.unwrap_or_else(|| format!("{} treats it in another way", reading.target.title));
                decided.undecided.get_or_insert(why);
                decided.others.push(other.decision.outcome);
                decided.others.extend(other.others);
            }
            if decided.decision.certificate != other.decision.certificate {
                decided.decision.certificate = None;
            }
        }
        decided
    }

    fn decide_as(&self, reading: &Reading, request: &Request, world: &impl World) -> Decided {
        let dialect = &reading.target.dialect;
        let view = View::new(self, dialect, request);
        if let Some(what) = view.odd {
            let outcome = Outcome::Unmodelled { what: what.to_owned() };
            return Decided { decision: Decision { outcome, certificate: None, trace: Vec::new() }, others: Vec::new(), undecided: None };
        }
        let Verdict { ruling, others, undecided, certificate, timeout } = reading.route(&view);
        let grpc = || *dialect.grpc_miss == GrpcMiss::GrpcStatus && view.holds(reading.first.grpc);
        let outcome = |answer: &Answer| match timed(outcome(answer, &view, dialect), timeout, world, dialect) {
            Ok(outcome) => outcome,
            Err(headers) => with_headers(self::outcome(&answer::own(504, Vec::new(), grpc(), dialect), &view, dialect), headers),
        };
        let certificate = certificate.and_then(|served| match served {
            Served::Secret(certificate) => certificate.names.map(|names| names.join(", ")),
            Served::Default => Some(DEFAULT_CERTIFICATE.to_owned()),
        });
        Decided {
            decision: Decision { outcome: outcome(&ruling.answer), certificate, trace: ruling.trace },
            others: others.iter().map(outcome).collect(),
            undecided,
        }
    }
}

/// What stands for a certificate that an implementation makes itself.
pub const DEFAULT_CERTIFICATE: &str = "(default certificate)";

/// A backend that takes longer than the rule allows is given up: the headers of the answer that is then made.
fn timed(outcome: Outcome, timeout: Option<u64>, world: &impl World, dialect: &Dialect) -> Result<Outcome, Claims> {
    let (Outcome::Forward(forward), Some(timeout)) = (&outcome, timeout) else { return Ok(outcome) };
    let [share] = forward.split.as_slice() else { return Ok(outcome) };
    let delay = share.backend.as_ref().and_then(|backend| world.backend(backend, &forward.target)).map_or(0, |answer| answer.delay);
    if delay <= timeout {
        return Ok(outcome);
    }
    let modified = dialect.modified_own_answers.contains(&OwnAnswer::Error);
    Err(if modified { forward.response_headers.clone() } else { Vec::new() })
}

/// Claimed headers.
type Claims = Vec<(String, Option<String>)>;

/// An answer of the router itself with more headers.
fn with_headers(mut outcome: Outcome, headers: Claims) -> Outcome {
    if let Outcome::Respond { response_headers, .. } = &mut outcome {
        response_headers.splice(0..0, headers);
    }
    outcome
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
                headers: sent,
                response_headers,
                read_timeout: _,
                error_page: _,
            } = &**forwarding;
            Outcome::Forward(Forward {
                split: split.clone(),
                method: view.request.method.clone(),
                target: text(target, view, dialect),
                host: host.as_ref().map(|host| text(host, view, dialect)),
                speech: speech.clone(),
                headers: headers(sent),
                response_headers: headers(response_headers),
            })
        }
        Answer::Redirect { status, location, response_headers } => {
            Outcome::Redirect { status: *status, location: text(location, view, dialect), response_headers: headers(response_headers) }
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

/// Claimed headers with their values. A header that stays as the client sent it has as many lines as the client sent.
fn claims(headers: &HeaderExprs, view: &View<'_>, dialect: &Dialect) -> Vec<(String, Option<String>)> {
    let mut claims = Vec::new();
    for (name, value) in headers {
        match value {
            None => claims.push((name.clone(), None)),
            Some(TextExpr(parts)) => match parts.as_slice() {
                [Part::Header(sent)] if sent == name => {
                    claims.extend(view.header(sent).into_iter().map(|value| (name.clone(), Some(value))));
                }
                // What repeats a header that is not there is not there either.
                [Part::Header(sent)] if view.header(sent).is_empty() => claims.push((name.clone(), None)),
                _ => claims.push((name.clone(), Some(parts.iter().map(|one| part(one, view, dialect)).collect()))),
            },
        }
    }
    claims
}

fn text(text: &TextExpr, view: &View<'_>, dialect: &Dialect) -> String {
    text.0.iter().map(|one| part(one, view, dialect)).collect()
}

fn part(part: &Part, view: &View<'_>, dialect: &Dialect) -> String {
    let host = || view.host.clone().unwrap_or_default();
    let scheme = match view.request.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    match part {
        Part::Literal(text) => text.clone(),
        Part::Scheme | Part::EffectiveScheme => scheme.to_owned(),
        Part::Host | Part::ForwardedHostName => without_port(&host()).to_owned(),
        Part::HostHeader | Part::ForwardedHost => host(),
        Part::Port | Part::EffectivePort => view.port().to_string(),
        Part::RawTarget { strip_slash: _ } => view.request.target.clone(),
        Part::Path(expression) => path(expression, view, dialect),
        Part::Query => view.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default(),
        Part::ClientAddress | Part::PeerAddress => view.request.client.clone(),
        Part::Header(name) => view.header(name).join(","),
        Part::Variable(name) => variable(name, &host(), view),
        // INVARIANT: this side never makes texts of these; only ingress-nginx does.
        Part::BackendLocation { .. }
        | Part::Redirected { .. }
        | Part::MoreQuery
        | Part::Filled { .. }
        | Part::FullForwardedFor
        | Part::ForwardedPort => String::new(),
    }
}

fn path(expression: &PathExpr, view: &View<'_>, dialect: &Dialect) -> String {
    let path = view.path.as_ref().map(|path| path.path.as_slice()).unwrap_or_default();
    let made = match (expression, *dialect.rewrite_encoding) {
        (PathExpr::Splice { .. }, RewriteEncoding::Encoded) => {
            return normalise::encode_path(&paths::apply(expression, &normalise::decode(path)));
        }
        (PathExpr::Same | PathExpr::Fixed(_) | PathExpr::Captures { .. }, _) | (PathExpr::Splice { .. }, RewriteEncoding::Raw) => {
            paths::apply(expression, path)
        }
    };
    String::from_utf8_lossy(&made).into_owned()
}

fn variable(name: &str, host: &str, view: &View<'_>) -> String {
    let port = host.strip_prefix(without_port(host)).unwrap_or_default();
    let default = match view.request.scheme {
        Scheme::Http => ":80",
        Scheme::Https => ":443",
    };
    match name {
        HOST_PORT => port.to_owned(),
        EFFECTIVE_HOST_PORT => (if port.is_empty() { default } else { port })[1..].to_owned(),
        HOST_WITHOUT_DEFAULT_PORT if port == default => without_port(host).to_owned(),
        HOST_WITHOUT_DEFAULT_PORT => host.to_owned(),
        UNESCAPED_PATH => view
            .path
            .as_ref()
            .and_then(|path| path.unescaped.as_ref())
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .unwrap_or_default(),
        _ => {
            let header = name.strip_prefix(APPENDED).unwrap_or(name);
            let appended = if header == "x-forwarded-for" { view.request.client.as_str() } else { host };
            view.header(header).into_iter().chain([appended.to_owned()]).collect::<Vec<_>>().join(",")
        }
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
