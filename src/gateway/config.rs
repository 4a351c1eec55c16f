//! The new side resolved: listeners, the tables behind them, and what each rule does. Routing reads nothing else.
//!
//! A configuration holds one reading of the objects per dialect: one for an implementation, several for a target whose silent places
//! count as decided only where all dialects agree. All readings share their questions.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use super::candidates::Order;
use super::dialect::Target;
use super::filter::{Operations, Plan};
use super::hostname::Hostname;
use super::policies::{ClientCertificates, Policy, Trust};
use super::precedence::Place;
use super::regex::Compiled;
use super::status::Statuses;
use crate::k8s::{NamespacedName, ObjectRef, Subject};
use crate::ledger::Findings;
use crate::request::{Handshake, PathExpr, PredicateId, Predicates, Sequence, Speech};

/// Gateway API objects, resolved.
#[derive(Debug)]
pub struct Config {
    /// What the readings ask of a request.
    pub predicates: Predicates,
    /// One reading per dialect; never empty.
    pub readings: Vec<Reading>,
    /// Facts about the objects, such as routes that do not serve.
    pub findings: Findings,
    /// Routes whose parent is a Service: a mesh decides about them.
    pub mesh_routes: Vec<ObjectRef>,
    /// There are routes of TCP or UDP, which no request reaches.
    pub streams: bool,
    pub(super) compiled: Vec<OnceLock<Option<Compiled>>>,
}

/// The objects as one dialect reads them.
#[derive(Debug)]
pub struct Reading {
    /// The dialect.
    pub target: &'static Target,
    /// Ports with at least one listener that serves.
    pub ports: BTreeMap<u16, Port>,
    /// Questions that are asked before any route is looked at.
    pub first: FirstQuestions,
    /// Conditions that a controller would report.
    pub statuses: Statuses,
    /// A configuration that the data plane refuses in part: whether other ports take changes is left to chance.
    pub shaken: Option<Subject>,
    /// Headers with underscores that routes ask for, where such requests are refused.
    pub underscored: Vec<PredicateId>,
    /// What policies make of the dialect at a port, for plain requests or for TLS.
    pub conducts: BTreeMap<(u16, bool), Conducted>,
    /// Certificates that are served wherever the server name asks for them.
    pub loose: Side,
    /// Routes of TLS exist: connections without application protocol and known server name are closed.
    pub closes_unknown_names: bool,
}

/// A dialect as policies left it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conducted {
    /// The dialect.
    pub dialect: Box<super::dialect::Dialect>,
    /// Who is believed about the address of the client.
    pub trust: Option<Trust>,
}

/// Questions about the request as a whole.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "the names of the predicates")]
pub struct FirstQuestions {
    pub malformed_host: PredicateId,
    pub malformed_method: PredicateId,
    pub malformed_target: PredicateId,
    pub malformed_header: PredicateId,
    pub https: PredicateId,
    pub http10: PredicateId,
    pub http2: PredicateId,
    pub escaped_slash: PredicateId,
    pub grpc: PredicateId,
    pub options: PredicateId,
    pub preflight: PredicateId,
    pub origin: PredicateId,
    pub certificate: PredicateId,
    pub untrusted: PredicateId,
    /// Who asks for a WebSocket says so in two headers; asked where not everybody passes them on.
    pub websocket: Option<[PredicateId; 2]>,
    /// The body is larger than what is taken by default, where there is a limit.
    pub large: Option<PredicateId>,
}

/// A port.
#[derive(Debug)]
pub struct Port {
    /// Asks for the port.
    pub predicate: PredicateId,
    /// Doors for plain requests, most specific first.
    pub plain: Side,
    /// Doors for TLS.
    pub tls: Side,
    /// Nothing was published: nobody listens.
    pub dead: Option<Outage>,
}

/// Why nothing is published for a Gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// What stops it.
    pub origin: Subject,
    /// The reason, to go behind *because of*.
    pub cause: String,
}

/// All doors of one kind of a port. The first one whose question holds is taken.
#[derive(Debug, Default)]
pub struct Side {
    /// Questions that open the doors; `None` always opens.
    pub doors: Vec<Door>,
    /// What opens the first doors, as far as they have exact names.
    pub exact_opens: Sequence,
    /// What asks whether the Host would choose them.
    pub exact_hosts: Sequence,
    /// Tables that doors lead to.
    pub tables: Vec<Table>,
    /// Certificates by name, where the server name decides about the certificate only.
    pub certificates: Vec<Certificate>,
    /// Questions about the names of these certificates, and which certificate each is about.
    pub certificate_names: (Sequence, Vec<usize>),
    /// Server names that routes of this side name exactly.
    pub exact_names: Sequence,
}

/// A way into a table.
#[derive(Debug)]
pub struct Door {
    /// Asks for host or server name; `None` always opens.
    pub opens: Option<PredicateId>,
    /// Asks whether the Host would choose this door (TLS only); `None` always would.
    pub names_host: Option<PredicateId>,
    /// What it says in a trace.
    pub hostname: Hostname,
    /// The listener, or the TLSRoute.
    pub origin: Subject,
    /// What is behind it.
    pub behind: Behind,
    /// Certificates of the listener.
    pub certificates: Vec<Certificate>,
    /// HTTP/2 is offered (TLS only).
    pub http2: bool,
    /// Changes of headers of every answer.
    pub late: Operations,
    /// Certificates of clients (TLS only).
    pub client: Option<ClientCertificates>,
    /// Secret of the certificate that backends are shown.
    pub shown: Option<NamespacedName>,
    /// What the model lacks to say more.
    pub unmodelled: Option<String>,
}

/// What a door leads to.
#[derive(Debug)]
pub enum Behind {
    /// A table of rules.
    Table(usize),
    /// TLS is handed through to backends, or ended and handed on.
    Stream(Arc<Rule>, Speech),
    /// The connection is closed.
    Wall,
}

/// A certificate that a listener serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The Secret, `namespace/name`.
    pub secret: String,
    /// Names in it, where known.
    pub names: Option<Vec<String>>,
    /// Questions whether the server name is one of the names, where the certificate is picked by name.
    pub asked: Vec<PredicateId>,
    /// Those of the questions that are about a name without wildcard.
    pub asked_exactly: Vec<PredicateId>,
}

/// Rules behind a door: hostname levels, most specific first.
#[derive(Debug, Default)]
pub struct Table {
    /// Levels.
    pub tiers: Vec<Tier>,
    /// Hosts of the first levels, as far as they are exact.
    pub exact_hosts: Sequence,
    /// The data plane refused the whole table: every host gets 404.
    pub broken: Option<Subject>,
    /// Port of its listeners.
    pub port: u16,
}

/// Rules of one hostname.
#[derive(Debug)]
pub struct Tier {
    /// Asks for the host; `None` for every host.
    pub host: Option<PredicateId>,
    /// The hostname.
    pub hostname: Hostname,
    /// Matches in the order in which they are tried.
    pub entries: Vec<Entry>,
    /// The order of those that do not stand in `index`.
    pub order: Order,
    /// Entries by host, where hosts are asked entry by entry.
    pub index: Option<HostIndex>,
    /// Gateways with addresses of their own that each have a part of the entries: which one requests go to is not known.
    pub spread: Option<String>,
}

/// Entries by the exact host they ask for.
#[derive(Debug)]
pub struct HostIndex {
    /// Exact hosts.
    pub exact: Sequence,
    /// Entries of each of them.
    pub own: Vec<Order>,
}

/// A match of a rule.
#[derive(Debug, Clone)]
pub struct Entry {
    /// One of these must hold; empty for every host.
    pub hosts: Vec<PredicateId>,
    /// One of these must hold; empty for every path.
    pub paths: Vec<PredicateId>,
    /// All of these must hold.
    pub conditions: Vec<PredicateId>,
    /// Where it stands.
    pub place: Place,
    /// The match in the route.
    pub origin: Subject,
    /// What the path becomes where the rule replaces it.
    pub path: PathExpr,
    /// Origins that its CORS filter allows.
    pub origins: Option<Origins>,
    /// An implicit match for preflights, which answers nothing else.
    pub preflight_only: bool,
    /// A script of the location chose the match, and what is replaced is replaced in another place.
    pub chosen: bool,
    /// The rule.
    pub rule: Arc<Rule>,
}

/// Origins that a CORS filter allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins {
    /// Every origin.
    pub any: bool,
    /// One of these must hold otherwise.
    pub asked: Vec<PredicateId>,
}

/// What happens to requests of a match.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Backends that get nothing, and why.
    pub faults: Vec<String>,
    /// The rule in the route.
    pub origin: Subject,
    /// Its filters.
    pub plan: Plan,
    /// Its backends.
    pub backends: Vec<Backend>,
    /// Milliseconds until the exchange is ended; `None` for never.
    pub timeout: Option<u64>,
    /// The route itself says how long.
    pub timed: bool,
    /// What policies do.
    pub policy: Option<Arc<Policy>>,
    /// Status of every answer where a filter fails.
    pub fault_status: u16,
    /// Status where there are no backends.
    pub bare_status: u16,
    /// What the model lacks to say more.
    pub unmodelled: Option<String>,
}

/// A backend with its share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backend {
    /// Parts of the sum.
    pub weight: u64,
    /// `namespace/service:port`, or the status of its share.
    pub target: Result<String, u16>,
    /// Another status that its share may have.
    pub or: Option<u16>,
    /// How it is spoken to.
    pub speech: Speech,
    /// What is done in the handshake, where it is spoken to over TLS.
    pub handshake: Option<Handshake>,
    /// Milliseconds to the head of its answer; `None` for as long as it takes.
    pub patience: Option<u64>,
    /// Filters of the backend.
    pub plan: Arc<Plan>,
}
