//! What policies and filters of implementations do, in words that all of them share.

use std::net::IpAddr;

use crate::gateway::api::{Cors, HeaderModifier};
use crate::gateway::dialect::{EscapedSlash, Slashes, Underscores};
use crate::k8s::NamespacedName;

/// A network: first address and length of its prefix.
pub type Network = (IpAddr, u8);

/// Which clients may pass. The first rule that names the address decides.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Addresses {
    /// Whether those may pass whom a rule names, and whom it names.
    pub rules: Vec<(bool, Vec<Network>)>,
    /// Whether everybody else may pass.
    pub others: bool,
    /// Addresses are looked at before anybody is asked.
    pub first: bool,
}

/// Path with which an authentication service is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedPath {
    /// That of the request, behind this text.
    Behind(String),
    /// Always this one.
    Fixed(String),
}

/// An authentication service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// `http://name.namespace.svc.cluster.local:port`.
    pub base: String,
    /// Path with which it is asked.
    pub path: AskedPath,
    /// Headers of its answer that are copied onto the request, in lower case.
    pub copied: Vec<String>,
    /// Status of refused requests where it fails; `None` for its own.
    pub failure: Option<u16>,
}

/// HTTP Basic authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Password {
    /// Secret with the users.
    pub secret: NamespacedName,
    /// The credentials are not sent on.
    pub removed: bool,
}

/// Whose answers are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Those of the router.
    Router,
    /// Those of backends.
    Backend,
    /// Both.
    Both,
}

/// What is answered instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instead {
    /// Another status and other headers.
    Answer {
        /// Status; `None` keeps it.
        status: Option<u16>,
        /// Headers.
        headers: HeaderModifier,
    },
    /// What the router makes of a GET for this host and path, where it has a route for that.
    Route {
        /// Host; `None` keeps it.
        host: Option<String>,
        /// Path; `None` keeps it.
        path: Option<String>,
        /// Status of the answer where answers of the other route are replaced too.
        status: Option<u16>,
    },
}

/// Answers that are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// First and last status of each range.
    pub statuses: Vec<(u16, u16)>,
    /// Whose answers.
    pub of: Origin,
    /// What is answered instead.
    pub instead: Instead,
}

impl Override {
    /// Whether answers with this status are replaced.
    pub fn takes(&self, status: u16) -> bool {
        self.statuses.iter().any(|(first, last)| (*first..=*last).contains(&status))
    }
}

/// What policies do to the requests of a rule. `None` says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// Why every request is answered 500.
    pub invalid: Option<String>,
    /// Status with which every request is answered.
    pub abort: Option<u16>,
    /// Every hit of the expression in the path is replaced: expression, and text with `\1` for groups.
    pub path: Option<(String, String)>,
    /// CORS.
    pub cors: Option<Cors>,
    /// Authentication service.
    pub service: Option<Service>,
    /// Passwords.
    pub password: Option<Password>,
    /// Passwords are asked for before the service is.
    pub password_first: bool,
    /// Largest body in bytes.
    pub body: Option<u64>,
    /// Client addresses.
    pub addresses: Option<Addresses>,
    /// Status of requests above a limit by rate.
    pub rate: Option<u16>,
    /// Answers that are replaced, the first that fits.
    pub overrides: Option<Vec<Override>>,
    /// Milliseconds until the exchange is ended; 0 for never.
    pub timeout: Option<u64>,
    /// Milliseconds of silence until the exchange is ended; 0 for never.
    pub idle: Option<u64>,
    /// Refusals carry the headers that the rule gives to answers.
    pub headed: bool,
    /// What the model lacks to say more.
    pub unmodelled: Option<String>,
}

impl Effect {
    /// Somebody is refused, whoever that is.
    pub fn refuses(&self) -> bool {
        self.password.is_some() || self.service.is_some() || self.body.is_some() || self.addresses.is_some()
    }

    /// This effect, and what another one says where this one is silent.
    #[must_use]
    pub fn over(self, below: Self) -> Self {
        let Self {
            invalid,
            abort,
            path,
            cors,
            service,
            password,
            password_first,
            body,
            addresses,
            rate,
            overrides,
            timeout,
            idle,
            headed,
            unmodelled,
        } = below;
        Self {
            invalid: self.invalid.or(invalid),
            abort: self.abort.or(abort),
            path: self.path.or(path),
            cors: self.cors.or(cors),
            service: self.service.or(service),
            password: self.password.or(password),
            password_first: self.password_first || password_first,
            body: self.body.or(body),
            addresses: self.addresses.or(addresses),
            rate: self.rate.or(rate),
            overrides: self.overrides.or(overrides),
            timeout: self.timeout.or(timeout),
            idle: self.idle.or(idle),
            headed: self.headed || headed,
            unmodelled: self.unmodelled.or(unmodelled),
        }
    }
}

impl Effect {
    /// This effect, and behind it another one that comes second where each is a step of its own.
    #[must_use]
    pub fn then(self, mut second: Self) -> Self {
        let asks = self.password.is_some() || self.service.is_some();
        let twice = self.path.is_some() && second.path.is_some()
            || self.cors.is_some() && second.cors.is_some()
            || self.service.is_some() && second.service.is_some()
            || self.password.is_some() && second.password.is_some()
            || self.body.is_some() && second.body.is_some()
            || self.addresses.is_some() && second.addresses.is_some();
        let out_of_order = second.cors.is_some() && self.refuses()
            || self.body.is_some() && (second.password.is_some() || second.service.is_some() || second.addresses.is_some());
        if twice || out_of_order {
            second.unmodelled.get_or_insert_with(|| "filters in this order".to_owned());
        }
        if let (true, Some(addresses)) = (asks, &mut second.addresses) {
            addresses.first = false;
        }
        let password_first = self.password_first || self.password.is_some() && second.service.is_some();
        Self { password_first, ..self.over(second) }
    }
}

/// Certificates of clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Connections without a good one fail.
    Required,
    /// Connections with a bad one fail.
    Checked,
    /// They are asked for and not looked at.
    Unchecked,
}

/// Who is believed about the address of the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// The client is this entry of `X-Forwarded-For`, counted from the end; 1 is the last.
    Hops(usize),
    /// The client is the last entry outside of these networks, where the peer is inside.
    Networks(Vec<Network>),
}

/// What a policy does to connections of a listener. `None` says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conduct {
    /// Repeated slashes.
    pub slashes: Option<Slashes>,
    /// `%2F` and `%5C`.
    pub escaped_slash: Option<EscapedSlash>,
    /// Header names with underscores.
    pub underscores: Option<Underscores>,
    /// Who is believed about the address of the client; `None` takes the peer for it.
    pub trust: Option<Trust>,
    /// Certificates of clients.
    pub certificates: Option<ClientCertificates>,
    /// The certificate of the client is described in `X-Forwarded-Client-Cert`.
    pub tells_certificate: bool,
    /// Milliseconds of silence until an exchange is ended, where its rule says nothing; 0 for never.
    pub idle: Option<u64>,
    /// Requests of HTTP/1.0 are answered.
    pub serves_http10: bool,
    /// Requests for a `WebSocket` are passed on.
    pub passes_websockets: bool,
    /// Whether HTTP/2 is offered.
    pub http2: Option<bool>,
    /// Changes of request headers before routes are looked at.
    pub early: HeaderModifier,
    /// Changes of headers of every answer.
    pub late: HeaderModifier,
    /// What the model lacks to say more.
    pub unmodelled: Option<String>,
}

/// A condition on a cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Name, with its letter case.
    pub name: String,
    /// Value or expression.
    pub value: String,
    /// `value` is an expression.
    pub regex: bool,
}

/// A host that depends on the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostFrom {
    /// Value of a header.
    Header(String),
    /// Something that is not known here.
    Unknown,
}

/// What a filter of an implementation does.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Why rules with it answer 500.
    pub invalid: Option<String>,
    /// Why nothing is published any more for Gateways that have a rule with it.
    pub stops: Option<String>,
    /// Every hit of the expression in the path is replaced: expression, and text with `\1` for groups.
    pub path: Option<(String, String)>,
    /// Where the host sent upstream comes from.
    pub host: Option<HostFrom>,
    /// An answer without backend: status and headers.
    pub answer: Option<(u16, HeaderModifier)>,
    /// That answer has a type of its content.
    pub typed: bool,
    /// Alternatives of conditions that are added to every match.
    pub cookies: Vec<Vec<Cookie>>,
    /// What it does as a policy would.
    pub effect: Option<Effect>,
    /// Headers with a secret value that are sent upstream.
    pub injected: Vec<String>,
    /// Request headers that it takes away.
    pub removed: Vec<String>,
    /// What the model lacks to say more.
    pub unmodelled: Option<String>,
}
