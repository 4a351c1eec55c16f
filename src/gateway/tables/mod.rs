//! Doors and tables of each port, built from routes and the listeners they are attached to.

mod finish;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::api::{self, Object};
use super::attach::{Attachment, RouteHead};
use super::compile::{Compilation, Compiled, Remaining, compile, remaining};
use super::config::{Entry, Origins, Outage, Port, Rule, Side};
use super::dialect::{
    Dialect, ForeignHostname, HeaderSource, HostFallThrough, Isolation, Order as RankOrder, OverwrittenHeaders, RegexScope, ServerName,
    Target, Underscores, Wildcard,
};
use super::filter::{self, Operation};
use super::hostname::Hostname;
use super::listeners::{Listener, RouteKind, Speaks};
use super::paths;
use super::policies::{Conduct, Effect, Policy};
use super::precedence::{Rank, Shape, Tie};
use super::regex;
use crate::k8s::{NamespacedName, Subject};
use crate::ledger::Findings;
use crate::request::{Field, PathExpr, PredicateId, Predicates, Test, TextExpr};

/// What was built.
pub(super) struct Built {
    pub(super) ports: BTreeMap<u16, Port>,
    pub(super) shaken: Option<Subject>,
    pub(super) closes_unknown_names: bool,
    pub(super) loose: Side,
    pub(super) underscored: Vec<PredicateId>,
}

/// Which table a listener's routes stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Listener(usize),
    Port { port: u16, tls: bool },
}

#[derive(Default)]
struct Draft {
    tiers: Levels,
    /// Which listener brought a hostname first.
    hosts: BTreeMap<Hostname, usize>,
    broken: Option<Subject>,
}

/// A hostname of a TLSRoute at a listener.
type Stream = (Hostname, Subject, Arc<Rule>, Tie);

/// Levels of a table while it is filled, most specific first.
type Levels = BTreeMap<(Reverse<(u8, usize)>, Hostname), Vec<Entry>>;

/// Builds doors and tables.
pub(super) struct Builder<'b> {
    listeners: &'b [Listener<'b>],
    target: &'static Target,
    predicates: &'b mut Predicates,
    drafts: BTreeMap<Place, Draft>,
    streams: BTreeMap<usize, Vec<Stream>>,
    exact_names: BTreeMap<u16, Vec<PredicateId>>,
    dead: BTreeMap<NamespacedName, Outage>,
    /// Listeners that change headers at which matches look.
    blurred: BTreeSet<usize>,
    underscored: Vec<PredicateId>,
    /// Backends of routes of HTTP at each Gateway.
    passed_on: BTreeMap<NamespacedName, BTreeSet<String>>,
    /// What each of several Gateways has for a hostname of a port, where each has an address of its own.
    shares: Option<BTreeMap<(u16, bool, Hostname), Shares>>,
}

/// Matches by Gateway.
type Shares = BTreeMap<NamespacedName, BTreeSet<Subject>>;

impl<'b> Builder<'b> {
    pub(super) fn new(listeners: &'b [Listener<'b>], target: &'static Target, predicates: &'b mut Predicates) -> Self {
        // Without isolation listeners are those of one proxy, whatever Gateway they stand in.
        let mut serving = listeners.iter().filter(|listener| listener.serves()).map(|listener| &listener.gateway);
        let first = serving.next();
        let several = *target.dialect.isolation != Isolation::None && serving.any(|gateway| Some(gateway) != first);
        Self {
            shares: several.then(BTreeMap::new),
            listeners,
            target,
            predicates,
            drafts: BTreeMap::new(),
            streams: BTreeMap::new(),
            exact_names: BTreeMap::new(),
            dead: BTreeMap::new(),
            blurred: BTreeSet::new(),
            underscored: Vec::new(),
            passed_on: BTreeMap::new(),
        }
    }

    /// Puts the rules of a route into the tables of the listeners it is attached to. Gives those that were left out.
    pub(super) fn attach(
        &mut self,
        head: RouteHead<'_>,
        object: &Object,
        rules: &[Arc<Rule>],
        attachments: &[Attachment],
        findings: &mut Findings,
    ) -> Vec<usize> {
        if head.kind == RouteKind::Tls {
            for attachment in attachments {
                for hostname in &attachment.hostnames {
                    let Some(rule) = rules.first() else { continue };
                    let tie = tie(head, 0, 0, &self.target.dialect);
                    let stream = (hostname.clone(), rule.origin.clone(), Arc::clone(rule), tie);
                    self.streams.entry(attachment.listener).or_default().push(stream);
                }
            }
            return Vec::new();
        }
        let Compilation { matches, stops, refuses, left_out } = compile(&self.target.dialect, head, object, rules, findings);
        for attachment in attachments {
            let listener = &self.listeners[attachment.listener];
            if let Some(outage) = &stops {
                self.dead.entry(listener.gateway.clone()).or_insert_with(|| outage.clone());
            }
            if listener.serves() {
                self.fill(head, &matches, rules, attachment, refuses.as_ref());
            }
        }
        left_out
    }

    /// Effects of policies with their questions.
    pub(super) fn policy(&mut self, effect: &Effect, conduct: &Conduct) -> Option<Arc<Policy>> {
        let policy = Policy::new(effect, conduct, &self.target.dialect, self.predicates);
        (!policy.is_empty()).then(|| Arc::new(policy))
    }

    fn fill(
        &mut self,
        head: RouteHead<'_>,
        compiled: &[Compiled],
        rules: &[Arc<Rule>],
        attachment: &Attachment,
        refuses: Option<&Subject>,
    ) {
        let listener = &self.listeners[attachment.listener];
        let dialect = &self.target.dialect;
        let tls = match listener.speaks {
            Speaks::Http => false,
            Speaks::Https => true,
            Speaks::Tls | Speaks::Passthrough | Speaks::Other => return,
        };
        let port = listener.spec.port;
        let by_listener = if tls { *dialect.server_name == ServerName::Listener } else { *dialect.isolation == Isolation::ByListener };
        let place = if by_listener { Place::Listener(attachment.listener) } else { Place::Port { port, tls } };
        let one_list = *dialect.host_fall_through == HostFallThrough::OneList;
        let host_length = attachment.hostnames.iter().map(Hostname::length).max().unwrap_or_default();
        let hosts: Vec<Option<PredicateId>> = attachment.hostnames.iter().map(|hostname| self.ask_host(hostname)).collect();
        if tls {
            for hostname in &attachment.hostnames {
                if let Hostname::Exact(name) = hostname {
                    let asked = self.predicates.intern(Field::Sni, Test::Equals(name.clone()), None);
                    self.exact_names.entry(port).or_default().push(asked);
                }
            }
        }
        let mut early = filter::mutations(&listener.conduct.early, dialect, &mut None);
        if *dialect.overwritten_headers != OverwrittenHeaders::AsSent && listener.conduct.trust.is_none() {
            let scheme = Operation::Set(Some(TextExpr::literal(if tls { "https" } else { "http" })));
            let of_scheme = dialect.forwarded_headers.iter().filter(|forwarded| forwarded.source == HeaderSource::Scheme);
            early.extend(of_scheme.map(|forwarded| (forwarded.name.clone(), scheme.clone())));
        }
        let backends = rules.iter().flat_map(|rule| &rule.backends).filter_map(|backend| backend.target.as_ref().ok().cloned());
        self.passed_on.entry(listener.gateway.clone()).or_default().extend(backends);
        if let Some(subject) = refuses {
            self.drafts.entry(place).or_default().broken.get_or_insert_with(|| subject.clone());
        }
        for one in compiled {
            let asked = match remaining(&one.conditions, &early) {
                Remaining::Conditions(asked) => asked,
                Remaining::Never => continue,
                Remaining::Unknown => {
                    self.blurred.insert(attachment.listener);
                    one.conditions.clone()
                }
            };
            if listener.conduct.underscores.is_none_or(|underscores| underscores == Underscores::Refused) {
                self.ask_underscores(one);
            }
            let regex = rules[one.rule].plan.regex.as_ref().and_then(|(pattern, text)| {
                let template = regex::substitution(text)?;
                let regex = self.predicates.intern(Field::Path, paths::regex(pattern, RegexScope::Search), Some(one.origin.clone()));
                Some(PathExpr::Captures { regex, template })
            });
            let origins = rules[one.rule].plan.cors.as_ref().map(|cors| self.origins(cors));
            let conditions: Vec<PredicateId> =
                asked.into_iter().map(|(field, test)| self.predicates.intern(field, test, Some(one.origin.clone()))).collect();
            let rule = match &one.unmodelled {
                Some(what) => Arc::new(Rule { unmodelled: Some(what.clone()), ..Rule::clone(&rules[one.rule]) }),
                None => Arc::clone(&rules[one.rule]),
            };
            if let Some(shares) = &mut self.shares {
                for hostname in &attachment.hostnames {
                    let gateways = shares.entry((port, tls, hostname.clone())).or_default();
                    gateways.entry(listener.gateway.clone()).or_default().insert(one.origin.clone());
                }
            }
            for (tests, path) in &one.forms {
                let paths: Vec<PredicateId> =
                    tests.iter().map(|test| self.predicates.intern(Field::Path, test.clone(), Some(one.origin.clone()))).collect();
                let bare = !tests.is_empty() && tests.iter().all(|test| matches!(test, Test::Equals(_)));
                let rank = Rank::of(&Shape { host_length, ..one.shape }, *dialect.order, &one.path, bare);
                let place_of_entry = (Reverse(rank), tie(head, one.rule, one.matched, dialect));
                let entry = |hosts: Vec<PredicateId>| Entry {
                    hosts,
                    paths: paths.clone(),
                    conditions: conditions.clone(),
                    place: place_of_entry.clone(),
                    origin: one.origin.clone(),
                    path: regex.clone().unwrap_or_else(|| path.clone()),
                    origins: origins.clone(),
                    preflight_only: one.preflight_only,
                    chosen: false,
                    rule: Arc::clone(&rule),
                };
                let draft = self.drafts.entry(place).or_default();
                if rules[one.rule].plan.poison.is_some() {
                    draft.broken.get_or_insert_with(|| rules[one.rule].origin.clone());
                }
                if one_list {
                    let hosts = if hosts.iter().any(Option::is_none) { Vec::new() } else { hosts.iter().copied().flatten().collect() };
                    draft.tiers.entry((Reverse(Hostname::Any.specificity()), Hostname::Any)).or_default().push(entry(hosts));
                    continue;
                }
                for hostname in &attachment.hostnames {
                    let first = *draft.hosts.entry(hostname.clone()).or_insert(attachment.listener);
                    // Envoy refuses a table with one host twice, and every listener of the port brings its own.
                    let twice = first != attachment.listener && self.listeners[first].gateway == listener.gateway;
                    if twice && !tls && *dialect.isolation == Isolation::ByHost && *dialect.foreign_hostname == ForeignHostname::Dropped {
                        draft.broken.get_or_insert_with(|| one.origin.clone());
                    }
                    draft.tiers.entry((Reverse(hostname.specificity()), hostname.clone())).or_default().push(entry(Vec::new()));
                }
            }
        }
    }

    /// A request with such a header never gets as far as its routes.
    fn ask_underscores(&mut self, compiled: &Compiled) {
        if *self.target.dialect.underscores != Underscores::Refused {
            return;
        }
        for (field, _) in &compiled.conditions {
            if matches!(field, Field::Header(name) if name.contains('_')) {
                let asked = self.predicates.intern(field.clone(), Test::Present, Some(compiled.origin.clone()));
                if !self.underscored.contains(&asked) {
                    self.underscored.push(asked);
                }
            }
        }
    }

    /// A star stands for everything to its left, dots too.
    fn origins(&mut self, cors: &api::Cors) -> Origins {
        let field = || Field::Header("origin".to_owned());
        let plain = cors.allow_origins.iter().map(|origin| {
            if origin.contains('*') {
                paths::regex(&regex_syntax::escape(origin).replace("\\*", ".*"), RegexScope::Full)
            } else {
                Test::Equals(origin.clone())
            }
        });
        let found = cors.origin_patterns.iter().map(|pattern| paths::regex(pattern, RegexScope::Search));
        let asked = plain.chain(found).map(|test| self.predicates.intern(field(), test, None));
        Origins { asked: asked.collect(), any: cors.allow_origins.iter().any(|origin| origin == "*") }
    }

    fn ask_host(&mut self, hostname: &Hostname) -> Option<PredicateId> {
        let wildcard = *self.target.dialect.wildcard;
        self.ask_name(Field::Host, hostname, wildcard)
    }

    fn ask_name(&mut self, field: Field, hostname: &Hostname, wildcard: Wildcard) -> Option<PredicateId> {
        let test = match hostname {
            Hostname::Any => return None,
            Hostname::Exact(name) => Test::Equals(name.clone()),
            Hostname::Wildcard(suffix) => match wildcard {
                Wildcard::AnyText | Wildcard::TextOrNothing => Test::Suffix(suffix.clone()),
                Wildcard::HostCharacters => paths::regex(&format!("[a-z0-9.-]+{}", regex_syntax::escape(suffix)), RegexScope::Full),
                Wildcard::OneLabel => paths::regex(&format!("[a-z0-9_-]+{}", regex_syntax::escape(suffix)), RegexScope::Full),
            },
        };
        Some(self.predicates.intern(field, test, None))
    }
}

fn tie(head: RouteHead<'_>, rule: usize, matched: usize, dialect: &Dialect) -> Tie {
    let created = &head.meta.creation_timestamp;
    Tie {
        kind: head.kind == RouteKind::Grpc && *dialect.order == RankOrder::KindFirst,
        created: (created.is_none(), created.clone().unwrap_or_default()),
        name: format!("{}/{}", head.meta.namespace, head.meta.name),
        grpc: head.kind == RouteKind::Grpc,
        rule,
        matched,
    }
}
