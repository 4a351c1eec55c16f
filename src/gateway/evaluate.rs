//! A concrete request on the new side: the verdict of each reading, given texts.

use super::agree;
use super::answer::{
    self, APPENDED, ARGUMENTS, EFFECTIVE_HOST_PORT, HEADER_OR, HOST_PORT, HOST_WITHOUT_DEFAULT_PORT, LISTED, LISTED_PEER, LOWER_HOST,
    RETOLD_ARGUMENTS, UNESCAPED_PATH,
};
use super::config::{Config, Reading};
use super::dialect::{Dialect, GrpcMiss, MissingHost, OwnAnswer, PrefixReplacement, RewriteEncoding, Slashes};
use super::filter::Operations;
use super::guards::{self, Passed};
use super::normalise;
use super::paths;
use super::policies::{self, Guarded, Instead, Origin};
use super::route::{Served, Verdict};
use super::view::{View, without_port};
use crate::request::uri;
use crate::request::{
    Answer, Decision, Deny, Forward, Forwarding, Guard, HeaderExprs, Outcome, Part, PathExpr, Request, Scheme, Share, TextExpr, Valuation,
    World,
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

/// A path that no longer begins with what is to be replaced is no location.
fn lost(target: &TextExpr, view: &View<'_>) -> Option<Outcome> {
    let sent = view.path.as_ref().map(|path| path.sent.as_slice()).unwrap_or_default();
    let misses = |part: &Part| matches!(part, Part::Path(PathExpr::Restored { prefix, .. }) if !sent.starts_with(prefix.as_bytes()));
    target.0.iter().any(misses).then(|| Outcome::NoRoute { response_headers: Vec::new() })
}

/// The target that is sent upstream. nginx escapes what it has decoded.
fn target_of(target: &TextExpr, view: &View<'_>, dialect: &Dialect) -> String {
    match *dialect.rewrite_encoding {
        RewriteEncoding::Raw | RewriteEncoding::Encoded => of_parts(target, view, dialect),
        RewriteEncoding::Escaped => target.0.iter().fold(String::new(), |made, one| match one {
            Part::Path(PathExpr::Same) => made + &part(one, view, dialect),
            Part::Path(PathExpr::Fixed(to)) => {
                let (path, query) = to.split_at(to.find('?').unwrap_or(to.len()));
                made + &uri::escape_path(path.as_bytes()) + query
            }
            Part::Path(expression) => made + &uri::escape_path(&bytes(expression, view, dialect)),
            _ => joined(made, one, view, dialect),
        }),
    }
}

/// The answer where an expression makes a path that cleaning would change, or one with a broken escape, and the router looks at that.
fn refused_rewrite(target: &TextExpr, view: &View<'_>, dialect: &Dialect) -> Option<Outcome> {
    let respond = |status| Some(Outcome::Respond { status, response_headers: Vec::new() });
    match *dialect.rewrite_encoding {
        RewriteEncoding::Raw | RewriteEncoding::Escaped => return None,
        RewriteEncoding::Encoded => {}
    }
    let made = target.0.iter().find_map(|part| match part {
        Part::Path(PathExpr::Captures { regex, template }) => Some(view.replaced(*regex, template)),
        _ => None,
    })?;
    if !normalise::has_whole_escapes(&made) {
        return respond(500);
    }
    let decoded = normalise::decode(&made);
    let clean = normalise::clean_path(&String::from_utf8_lossy(&decoded));
    let slash = if decoded.len() > 1 && decoded.ends_with(b"/") && clean.len() > 1 { "/" } else { "" };
    let same = made.is_empty() || String::from_utf8_lossy(&decoded) == format!("{clean}{slash}");
    if same { None } else { respond(400) }
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
                // What repeats a header that is not there changes nothing.
                [Part::Header(sent)] if view.header(sent).is_empty() => {}
                _ => claims.push((name.clone(), Some(parts.iter().map(|one| part(one, view, dialect)).collect()))),
            },
        }
    }
    claims
}

/// The text for a request as its own dialect writes it.
pub(super) fn text(text: &TextExpr, view: &View<'_>) -> String {
    of_parts(text, view, view.dialect())
}

fn of_parts(text: &TextExpr, view: &View<'_>, dialect: &Dialect) -> String {
    text.0.iter().fold(String::new(), |made, one| joined(made, one, view, dialect))
}

/// One part more. The arguments that nginx appends stand behind those that a replacement has.
fn joined(made: String, one: &Part, view: &View<'_>, dialect: &Dialect) -> String {
    let more = part(one, view, dialect);
    let arguments = matches!(one, Part::Variable(name) if name == ARGUMENTS || name == RETOLD_ARGUMENTS);
    match more.strip_prefix('?').filter(|_| arguments && made.contains('?')) {
        Some(more) => format!("{made}&{more}"),
        None => made + &more,
    }
}

fn part(part: &Part, view: &View<'_>, dialect: &Dialect) -> String {
    let host = || view.host.clone().unwrap_or_default();
    match part {
        Part::Literal(text) => text.clone(),
        Part::Scheme => view.scheme(),
        Part::EffectiveScheme => view.told_scheme(),
        Part::Host | Part::ForwardedHostName => without_port(&host()).to_owned(),
        Part::HostHeader | Part::ForwardedHost => host(),
        Part::Port | Part::EffectivePort => view.port().to_string(),
        Part::RawTarget { strip_slash: _ } => view.request.target.clone(),
        Part::Path(expression) => path(expression, view, dialect),
        Part::Query => view.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default(),
        Part::ClientAddress | Part::PeerAddress => view.client(),
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
    String::from_utf8_lossy(&bytes(expression, view, dialect)).into_owned()
}

/// What a path becomes, before anything is escaped.
fn bytes(expression: &PathExpr, view: &View<'_>, dialect: &Dialect) -> Vec<u8> {
    let path = view.path.as_ref().map(|path| path.path.as_slice()).unwrap_or_default();
    let sent = view.path.as_ref().map(|path| path.sent.as_slice()).unwrap_or_default();
    match expression {
        PathExpr::Same => return sent.to_vec(),
        PathExpr::Restored { prefix, insert } => return [insert.as_bytes(), sent.get(prefix.len()..).unwrap_or_default()].concat(),
        PathExpr::Captures { regex, template } => {
            let made = view.replaced(*regex, template);
            return match *dialect.rewrite_encoding {
                RewriteEncoding::Encoded => normalise::respelled(&made),
                RewriteEncoding::Raw | RewriteEncoding::Escaped => made,
            };
        }
        PathExpr::Fixed(_) | PathExpr::Splice { .. } => {}
    }
    // An expression that also takes all slashes behind the prefix (prefix2RegexRewrite in internal/xds/translator/route.go of Envoy Gateway);
    // where slashes are merged there is never more than one.
    let text =
        matches!(*dialect.prefix_replacement, PrefixReplacement::Text | PrefixReplacement::Literal) && *dialect.slashes == Slashes::Kept;
    if let (true, PathExpr::Splice { drop, insert }) = (text, expression)
        && insert == "/"
    {
        let rest = path.get(*drop..).unwrap_or_default();
        let slashes = rest.iter().take_while(|byte| **byte == b'/').count();
        return [b"/", &rest[slashes..]].concat();
    }
    let mut made = paths::apply(expression, path);
    // The expression of nginx takes everything up to a question mark.
    if let (RewriteEncoding::Escaped, PathExpr::Splice { insert, .. }) = (*dialect.rewrite_encoding, expression) {
        let end = made.iter().skip(insert.len()).position(|byte| *byte == b'?').map_or(made.len(), |at| at + insert.len());
        made.truncate(end);
    }
    made
}

/// The query as `querystring` of njs reads it and writes it again.
fn retold(query: &str) -> String {
    let decode = |text: &str| normalise::decode(text.replace('+', " ").as_bytes());
    let encode = |bytes: &[u8]| {
        uri::escape(String::from_utf8_lossy(bytes).as_bytes(), |byte| !(byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte)))
    };
    let mut names: Vec<(Vec<u8>, Vec<Vec<u8>>)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name), decode(value));
        match names.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(value),
            None => names.push((name, vec![value])),
        }
    }
    let pairs = names.iter().flat_map(|(name, values)| values.iter().map(|value| format!("{}={}", encode(name), encode(value))));
    pairs.collect::<Vec<_>>().join("&")
}

fn variable(name: &str, host: &str, view: &View<'_>) -> String {
    let port = host.strip_prefix(without_port(host)).unwrap_or_default();
    let default = match view.request.scheme {
        Scheme::Http => ":80",
        Scheme::Https => ":443",
    };
    match name {
        "request_method" => view.request.method.clone(),
        LOWER_HOST => {
            let name = without_port(host).to_ascii_lowercase();
            name.strip_suffix('.').unwrap_or(&name).to_owned()
        }
        ARGUMENTS | RETOLD_ARGUMENTS => {
            let query = view.query.as_deref().unwrap_or_default().split('#').next().unwrap_or_default();
            let query = if name == ARGUMENTS { query.to_owned() } else { retold(query) };
            if query.is_empty() { query } else { format!("?{query}") }
        }
        LISTED_PEER => view.header("x-forwarded-for").into_iter().chain([view.request.client.clone()]).collect::<Vec<_>>().join(", "),
        _ if name.starts_with(LISTED) => {
            let lines = view.header(&name[LISTED.len()..]).join(", ");
            if lines.is_empty() { lines } else { format!("{lines},") }
        }
        HOST_PORT => port.to_owned(),
        EFFECTIVE_HOST_PORT => (if port.len() < 2 { default } else { port })[1..].to_owned(),
        HOST_WITHOUT_DEFAULT_PORT if port == default => without_port(host).to_owned(),
        HOST_WITHOUT_DEFAULT_PORT => host.to_owned(),
        UNESCAPED_PATH => view
            .path
            .as_ref()
            .and_then(|path| path.unescaped.as_ref())
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .unwrap_or_default(),
        _ if name.starts_with(HEADER_OR) => {
            let (header, fallback) = name[HEADER_OR.len()..].split_once(' ').unwrap_or_default();
            let fallback = if fallback.is_empty() { host } else { fallback };
            view.header(header).into_iter().next().filter(|value| !value.is_empty()).unwrap_or_else(|| fallback.to_owned())
        }
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
