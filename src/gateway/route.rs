//! The new side's router: port, door, host, match, rule. Written once over a valuation, so that a concrete request and a class of
//! requests take the same way.

use super::answer::{self, Asked};
use super::config::{Behind, Certificate, Config, Door, Entry, Port, Reading, Rule, Side, Table};
use super::cors;
use super::dialect::{
    CorsOptions, EscapedSlash, ForeignPort, GrpcMiss, HostFallThrough, Http10, Misdirected, ServerName, Ties, UnknownServerName, Websockets,
};
use super::filter::Operations;
use super::forward;
use super::policies::{ClientCertificates, Guarded};
use super::precedence::Location;
use super::variables::UNESCAPED_PATH;
use std::sync::Arc;

use crate::k8s::{NamespacedName, Subject};
use crate::request::{Answer, NoAnswer, Part, PathExpr, PredicateId, Ruling, Step, TextExpr, Valuation};

/// What the router rules, and how sure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The answer, or one of several, and how it came about.
    pub ruling: Ruling,
    /// Other answers that are possible; then `undecided` says why.
    pub others: Vec<Answer>,
    /// Why the answer is not decided.
    pub undecided: Option<String>,
    /// Certificate that is served.
    pub certificate: Option<Served>,
    /// Other certificates that may be served instead.
    pub other_certificates: Vec<Served>,
    /// Milliseconds after which the exchange is ended with 504.
    pub timeout: Option<u64>,
    /// Dialects give up at different times, and `timeout` is the first.
    pub timeouts_differ: bool,
    /// Answers that are replaced.
    pub overrides: Vec<Guarded>,
    /// Those who are refused by somebody who is asked get the headers that the rule gives to answers.
    pub refuses_with_headers: bool,
    /// Changes of headers of every answer.
    pub late: Operations,
    /// The request was refused before its headers were read.
    pub unread: bool,
}

/// A certificate that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    /// That of a Secret.
    Secret(Certificate),
    /// One that the implementation makes itself.
    Default,
}

impl Verdict {
    fn new(answer: Answer, trace: Vec<Step>) -> Self {
        Self {
            ruling: Ruling { answer, trace },
            others: Vec::new(),
            undecided: None,
            certificate: None,
            other_certificates: Vec::new(),
            timeout: None,
            timeouts_differ: false,
            overrides: Vec::new(),
            refuses_with_headers: false,
            late: Vec::new(),
            unread: false,
        }
    }

    /// Backends that ask for a certificate are shown that of a Secret.
    fn show(&mut self, secret: &NamespacedName) {
        for answer in std::iter::once(&mut self.ruling.answer).chain(&mut self.others) {
            let Answer::Forward(forwarding) = answer else { continue };
            for handshake in &mut forwarding.handshakes {
                handshake.shown.get_or_insert_with(|| secret.clone());
            }
        }
    }
}

impl Config {
    /// What happens to a request, or to a class of requests. Where the readings of several dialects differ in what counts, the
    /// verdict is undecided.
    pub fn route(&self, v: &impl Valuation) -> Verdict {
        let mut verdicts = self.readings.iter().map(|reading| (reading, reading.route(v)));
        let (_, mut verdict) = verdicts.next().expect("INVARIANT: a configuration has at least one reading");
        for (reading, other) in verdicts {
            super::agree::join(&mut verdict, other, reading.target);
        }
        verdict
    }
}

impl Reading {
    /// What this dialect makes of it.
    pub fn route(&self, v: &impl Valuation) -> Verdict {
        let mut trace = Vec::new();
        let tls = v.holds(self.first.https);
        let port = self.ports.values().find(|port| v.holds(port.predicate));
        let side = port.map(|port| if tls { &port.tls } else { &port.plain });
        let (Some(port), Some(side)) = (port, side.filter(|side| !side.doors.is_empty())) else {
            return self.nobody_listens(port, tls, v, trace);
        };
        if let Some(outage) = &port.dead {
            trace.push(step("nothing is published for this Gateway", Some(&outage.origin)));
            return Verdict::new(Answer::NoAnswer(NoAnswer::Refused), trace);
        }
        let Some(door) = first_door(side, v) else {
            return self.no_door(side, tls, v, trace);
        };
        trace.push(step(&format!("listener or TLS route for `{}` takes the connection", door.hostname), Some(&door.origin)));
        let certificate = if tls { self.certificate(side, door, v) } else { None };
        let mut verdict = self.behind(door, side, tls, v, trace);
        if !door.late.is_empty() {
            // An answer that takes the place of another one is made behind the filter that adds them.
            let overrides = std::mem::take(&mut verdict.overrides);
            let instead = |one: &Answer| overrides.iter().any(|replaced| replaced.made(one));
            let answers = std::iter::once(&mut verdict.ruling.answer).chain(&mut verdict.others);
            // A value that is made from the request is empty where that was not read, and then nothing is done.
            let late: Operations = door.late.iter().filter(|(_, operation)| !verdict.unread || operation.is_literal()).cloned().collect();
            answers.filter(|one| !instead(one)).for_each(|one| answer::modify_answer(one, &late));
            verdict.overrides = overrides;
            verdict.late.clone_from(&door.late);
        }
        // The certificate of a connection that is handed through is the backend's.
        let passes = matches!(door.behind, Behind::Stream(..) | Behind::Wall) && door.certificates.is_empty();
        verdict.certificate = certificate.filter(|_| !passes && !matches!(verdict.ruling.answer, Answer::NoAnswer(_)));
        verdict
    }

    fn nobody_listens(&self, port: Option<&Port>, tls: bool, v: &impl Valuation, mut trace: Vec<Step>) -> Verdict {
        trace.push(step("no listener serves this port and protocol", None));
        if *self.target.dialect.foreign_port == ForeignPort::NotFound {
            let verdict = Verdict::new(Answer::NoRoute { response_headers: Vec::new() }, trace);
            return self.without_door(verdict, &self.loose, tls, v);
        }
        let listens = port.is_some_and(|port| port.dead.is_none() && !(port.plain.doors.is_empty() && port.tls.doors.is_empty()));
        let silence = match (listens, tls) {
            (false, _) => NoAnswer::Refused,
            (true, true) => NoAnswer::Tls,
            (true, false) => NoAnswer::Reset,
        };
        Verdict::new(Answer::NoAnswer(silence), trace)
    }

    fn no_door(&self, side: &Side, tls: bool, v: &impl Valuation, mut trace: Vec<Step>) -> Verdict {
        trace.push(step("no listener of the port takes this host", None));
        if tls && *self.target.dialect.unknown_server_name == UnknownServerName::Reset {
            return Verdict::new(Answer::NoAnswer(NoAnswer::Reset), trace);
        }
        let answer = self.refused(v, None).unwrap_or_else(|| self.unknown_host(v));
        self.without_door(Verdict::new(answer, trace), side, tls, v)
    }

    /// What is answered where the port has nothing for the connection.
    fn without_door(&self, mut verdict: Verdict, side: &Side, tls: bool, v: &impl Valuation) -> Verdict {
        if !tls {
            return verdict;
        }
        if self.closes_unknown_names && !v.holds(self.first.http2) {
            self.close_unknown(&mut verdict);
            return verdict;
        }
        let named = self.served_by_name(side, v);
        verdict.certificate = Some(named.map_or(Served::Default, |certificate| Served::Secret(certificate.clone())));
        verdict
    }

    /// A connection that says no application protocol is closed.
    fn close_unknown(&self, verdict: &mut Verdict) {
        verdict.others.push(std::mem::replace(&mut verdict.ruling.answer, Answer::NoAnswer(NoAnswer::Tls)));
        verdict.undecided = Some(
            "connections without application protocol (ALPN) and with a server name that no route names exactly are closed".to_owned(),
        );
    }

    /// The certificate that a server name asks for, of those that are served at the port.
    fn served_by_name<'s>(&self, side: &'s Side, v: &impl Valuation) -> Option<&'s Certificate> {
        let (questions, owners) = &side.certificate_names;
        v.first(questions).map(|at| &side.certificates[owners[at]])
    }

    fn behind(&self, door: &Door, side: &Side, tls: bool, v: &impl Valuation, mut trace: Vec<Step>) -> Verdict {
        if let Some(what) = &door.unmodelled {
            return Verdict::new(Answer::Unmodelled { what: what.clone() }, trace);
        }
        if tls && self.refuses_certificate(door.client, v) {
            trace.push(step("the certificate of the client is missing or nobody vouches for it", Some(&door.origin)));
            return Verdict::new(Answer::NoAnswer(NoAnswer::Tls), trace);
        }
        let table = match &door.behind {
            Behind::Wall => return Verdict::new(Answer::NoAnswer(NoAnswer::Reset), trace),
            Behind::Stream(rule, speech) => {
                trace.push(step("the connection is handed on", Some(&rule.origin)));
                let mut verdict = Verdict::new(forward::stream(rule, *speech, &self.target.dialect), trace);
                if matches!(&verdict.ruling.answer, Answer::Forward(to) if to.split.iter().any(|share| share.backend.is_none())) {
                    verdict.others.push(Answer::NoAnswer(NoAnswer::Reset));
                    verdict.undecided = Some("the connection may go to a backend that is not there".to_owned());
                }
                return verdict;
            }
            Behind::Table(table) => &side.tables[*table],
        };
        if tls && !door.http2 && v.holds(self.first.http2) {
            trace.push(step("HTTP/2 is not offered, since certificates of two listeners overlap", Some(&door.origin)));
            return Verdict::new(Answer::NoAnswer(NoAnswer::Tls), trace);
        }
        if let Some(refused) = self.refused(v, Some((table.port, tls))) {
            trace.push(step("the request is refused before any route is looked at", None));
            return Verdict { unread: true, ..Verdict::new(refused, trace) };
        }
        if tls && *self.target.dialect.misdirected == Misdirected::Answered421 {
            let exact = v.first(&side.exact_hosts).and_then(|position| side.doors.get(position));
            let mut tables = side.doors[side.exact_hosts.len()..].iter().filter(|door| matches!(door.behind, Behind::Table(_)));
            let fitting = exact.or_else(|| tables.find(|door| door.names_host.is_none_or(|host| v.holds(host))));
            if let Some(fitting) = fitting.filter(|fitting| !std::ptr::eq(*fitting, door)) {
                trace.push(step("the Host belongs to another listener than the server name", Some(&fitting.origin)));
                return Verdict::new(Answer::Respond { status: 421, response_headers: Vec::new() }, trace);
            }
        }
        let mut verdict = self.table(table, tls, v, trace);
        if let Some(secret) = &door.shown {
            verdict.show(secret);
        }
        if tls && self.closes_unknown_names && !v.holds(self.first.http2) && v.first(&side.exact_names).is_none() {
            self.close_unknown(&mut verdict);
        }
        if let (Some(subject), None) = (&self.shaken, &table.broken) {
            verdict.ruling.trace.push(step("whether this port takes changes is left to chance", Some(subject)));
            verdict.others.push(self.not_found(v));
            verdict.undecided =
                Some("the data plane refuses another table, and whether this one is taken differs from start to start".to_owned());
        }
        verdict
    }

    fn refuses_certificate(&self, wanted: Option<ClientCertificates>, v: &impl Valuation) -> bool {
        let (given, untrusted) = (self.first.certificate, self.first.untrusted);
        match wanted {
            None | Some(ClientCertificates::Unchecked) => false,
            Some(ClientCertificates::Checked) => v.holds(given) && v.holds(untrusted),
            Some(ClientCertificates::Required) => !v.holds(given) || v.holds(untrusted),
        }
    }

    /// What the data plane answers before any route is looked at.
    fn refused(&self, v: &impl Valuation, port: Option<(u16, bool)>) -> Option<Answer> {
        let first = &self.first;
        let conducted = port.and_then(|port| self.conducts.get(&port));
        let dialect = conducted.map_or(&self.target.dialect, |conducted| &*conducted.dialect);
        let upgrade = *dialect.http10 == Http10::UpgradeRequired;
        let respond = |status| Some(Answer::Respond { status, response_headers: Vec::new() });
        // What is rarely so is asked first: every question that is asked of all requests tells more classes of them apart.
        if v.holds(first.malformed_target) {
            // Whether the target or the version is looked at first depends on what is wrong with the target.
            let other_version = v.holds(first.http2) || (upgrade && v.holds(first.http10));
            let what = "a broken target over another version than HTTP/1.1".to_owned();
            return if other_version { Some(Answer::Unmodelled { what }) } else { respond(400) };
        }
        // Over HTTP/2 every word is a method.
        let method = v.holds(first.malformed_method) && !v.holds(first.http2);
        if method || v.holds(first.malformed_header) || self.underscored.iter().any(|&header| v.holds(header)) {
            return respond(400);
        }
        if upgrade && v.holds(first.http10) {
            return respond(426);
        }
        if v.holds(first.malformed_host) {
            return respond(400);
        }
        match *dialect.escaped_slash {
            EscapedSlash::Redirected if v.holds(first.escaped_slash) => {
                let location = TextExpr::from([Part::Variable(UNESCAPED_PATH.to_owned()), Part::Query]);
                Some(Answer::Redirect { status: 307, location, response_headers: Vec::new() })
            }
            EscapedSlash::Refused if v.holds(first.escaped_slash) => respond(400),
            EscapedSlash::Redirected | EscapedSlash::Refused | EscapedSlash::Unescaped | EscapedSlash::Kept => None,
        }
    }

    fn not_found(&self, v: &impl Valuation) -> Answer {
        if self.first.large.is_some_and(|large| v.holds(large)) {
            return Answer::Respond { status: 413, response_headers: Vec::new() };
        }
        self.unknown_host(v)
    }

    /// Where nobody has the host, nobody looks at the body either.
    fn unknown_host(&self, v: &impl Valuation) -> Answer {
        let grpc = *self.target.dialect.grpc_miss == GrpcMiss::GrpcStatus && v.holds(self.first.grpc);
        answer::own(404, Vec::new(), grpc, &self.target.dialect)
    }

    fn table(&self, table: &Table, tls: bool, v: &impl Valuation, mut trace: Vec<Step>) -> Verdict {
        if let Some(subject) = &table.broken {
            trace.push(step("the data plane refuses all routes of this port", Some(subject)));
            return Verdict::new(self.not_found(v), trace);
        }
        let falls_through = *self.target.dialect.host_fall_through != HostFallThrough::None;
        let mut known = false;
        // Of exact hostnames at most one holds; the wildcards stand behind them.
        let exact = v.first(&table.exact_hosts).map(|position| &table.tiers[position]);
        let others = table.tiers[table.exact_hosts.len()..].iter().filter(|tier| tier.host.is_none_or(|host| v.holds(host)));
        for tier in exact.into_iter().chain(others) {
            if let Some(what) = &tier.spread {
                return Verdict::new(Answer::Unmodelled { what: what.clone() }, trace);
            }
            known = true;
            let mut entries = tier.candidates(v);
            if let Some(entry) = first_match(&mut entries, v) {
                return self.matched(entry, entries, table, tls, v, trace);
            }
            trace.push(step(&format!("no rule for hostname `{}` matches", tier.hostname), None));
            if !falls_through {
                break;
            }
        }
        Verdict::new(if known { self.not_found(v) } else { self.unknown_host(v) }, trace)
    }

    /// The entry matches, and the others stand behind it.
    fn matched<'e>(
        &self,
        entry: &'e Entry,
        others: impl Iterator<Item = &'e Entry>,
        table: &Table,
        tls: bool,
        v: &impl Valuation,
        mut trace: Vec<Step>,
    ) -> Verdict {
        let dialect = &self.target.dialect;
        trace.push(step("the match is the first that holds", Some(&entry.origin)));
        trace.extend(entry.rule.faults.iter().map(|fault| step(&format!("{fault}: it gets no requests"), Some(&entry.rule.origin))));
        let mut verdict = Verdict::new(self.answer(entry, table, tls, v), trace);
        verdict.timeout = entry.rule.timeout;
        if let Some(policy) = &entry.rule.policy {
            verdict.overrides.clone_from(&policy.overrides);
            verdict.refuses_with_headers = policy.refuses_with_headers;
        }
        if let Some(other) = with_other_statuses(&entry.rule) {
            let possible = self.answer(&Entry { rule: Arc::new(other), ..entry.clone() }, table, tls, v);
            if possible != verdict.ruling.answer {
                verdict.undecided = Some("whether an empty EndpointSlice is there, or none".to_owned());
                verdict.others.push(possible);
            }
        }
        if *dialect.ties == Ties::Chance {
            for other in others.take_while(|other| other.place.0 == entry.place.0) {
                if !matches(other, v) {
                    continue;
                }
                let possible = self.answer(other, table, tls, v);
                if possible != verdict.ruling.answer && !verdict.others.contains(&possible) {
                    verdict.ruling.trace.push(step("another match of equal rank may win as well", Some(&other.origin)));
                    verdict.undecided = Some("matches of equal rank are tried in an order that differs from start to start".to_owned());
                    verdict.others.push(possible);
                }
            }
        }
        verdict
    }

    /// The answer of a match, as policies leave it.
    fn answer(&self, entry: &Entry, table: &Table, tls: bool, v: &impl Valuation) -> Answer {
        let dialect = &self.target.dialect;
        if self.refuses_websocket(&entry.rule, (table.port, tls), v) {
            return Answer::Respond { status: 403, response_headers: Vec::new() };
        }
        if let (Some((Location::Slash, _)), PathExpr::Fixed(path)) = (entry.place.0.0.place(), &entry.path) {
            return answer::with_slash(path, table.port, tls);
        }
        let asked = self.asked(entry, tls, v);
        let answer = answer::answer(entry, table, asked, dialect);
        let answer = match &entry.rule.policy {
            Some(policy) => policy.apply(v, cors::is_preflight(&entry.rule, asked, dialect), answer),
            None => answer,
        };
        if asked.grpc { answer::told_by_grpc(answer) } else { answer }
    }

    /// Whether the rule is asked for a WebSocket that nothing has enabled. Redirects are refused too.
    fn refuses_websocket(&self, rule: &Rule, port: (u16, bool), v: &impl Valuation) -> bool {
        let dialect = self.conducts.get(&port).map_or(&self.target.dialect, |conducted| &*conducted.dialect);
        *dialect.websockets == Websockets::AskedFor
            && !rule.plan.websockets
            && self.first.websocket.is_some_and(|questions| questions.into_iter().all(|question| v.holds(question)))
    }

    fn asked(&self, entry: &Entry, tls: bool, v: &impl Valuation) -> Asked {
        let cors = entry.rule.plan.cors.is_some();
        let origin = cors && v.holds(self.first.origin);
        Asked {
            tls,
            grpc: *self.target.dialect.grpc_miss == GrpcMiss::GrpcStatus && v.holds(self.first.grpc),
            preflight: match *self.target.dialect.cors_options {
                CorsOptions::Preflights => origin && v.holds(self.first.options) && v.holds(self.first.preflight),
                CorsOptions::Every => cors && v.holds(self.first.options),
            },
            origin,
            allowed: origin && cors::allows(entry.origins.as_ref(), |asked| v.holds(asked)),
        }
    }

    fn certificate(&self, side: &Side, door: &Door, v: &impl Valuation) -> Option<Served> {
        let by_name = *self.target.dialect.server_name == ServerName::Certificate;
        let of_side = by_name && door.certificates.is_empty();
        let certificates = if of_side { &side.certificates } else { &door.certificates };
        let named = if of_side {
            self.served_by_name(side, v)
        } else {
            // A certificate with the name itself comes before one with a wildcard.
            let exact = certificates.iter().find(|certificate| certificate.asked_exactly.iter().any(|&asked| v.holds(asked)));
            exact.or_else(|| certificates.iter().find(|certificate| certificate.asked.iter().any(|&asked| v.holds(asked))))
        };
        match (named, certificates.first()) {
            (Some(certificate), _) => Some(Served::Secret(certificate.clone())),
            (None, _) if by_name => Some(Served::Default),
            (None, Some(first)) => Some(Served::Secret(first.clone())),
            (None, None) => None,
        }
    }
}

/// The rule with the other statuses that shares of its backends may have.
fn with_other_statuses(rule: &Rule) -> Option<Rule> {
    if rule.backends.iter().all(|backend| backend.or.is_none()) {
        return None;
    }
    let mut rule = rule.clone();
    for backend in &mut rule.backends {
        if let Some(status) = backend.or {
            backend.target = Err(status);
        }
    }
    Some(rule)
}

/// The first door that its question opens. Doors with exact names stand first, and of these at most one name holds.
fn first_door<'s>(side: &'s Side, v: &impl Valuation) -> Option<&'s Door> {
    match v.first(&side.exact_opens) {
        Some(position) => side.doors.get(position),
        None => side.doors[side.exact_opens.len()..].iter().find(|door| door.opens.is_none_or(|opens| v.holds(opens))),
    }
}

/// The first entry that matches. Where the path alone finds a place, entries of other places do not come into question.
fn first_match<'e>(entries: &mut impl Iterator<Item = &'e Entry>, v: &impl Valuation) -> Option<&'e Entry> {
    let mut found = None;
    for entry in entries.filter(|entry| reaches(entry, v)) {
        let place = entry.place.0.0.place();
        if found.is_some() && place.is_some() && found != place {
            return None;
        }
        found = place;
        if holds(entry, v) {
            return Some(entry);
        }
    }
    None
}

fn matches(entry: &Entry, v: &impl Valuation) -> bool {
    reaches(entry, v) && holds(entry, v)
}

/// Host and path are those of the entry.
fn reaches(entry: &Entry, v: &impl Valuation) -> bool {
    let one_of = |predicates: &[PredicateId]| predicates.is_empty() || predicates.iter().any(|&predicate| v.holds(predicate));
    one_of(&entry.hosts) && one_of(&entry.paths)
}

/// What else the entry asks for holds.
fn holds(entry: &Entry, v: &impl Valuation) -> bool {
    entry.conditions.iter().all(|&condition| v.holds(condition))
}

fn step(text: &str, because: Option<&Subject>) -> Step {
    Step { text: text.to_owned(), because: because.cloned() }
}
