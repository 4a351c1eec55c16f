//! Implementations: what each can say beyond core Gateway API, and in which form it keeps what core says. One file per implementation.

mod agentgateway;
mod ciphers;
mod core;
mod documents;
mod envoy;
mod envoy_gateway;
mod hazards;
mod istio;
mod kgateway;
mod live;
mod needs;
mod nginx_gateway_fabric;
mod services;
mod standard;
mod told;
mod traefik;
mod unseen;
mod wire;

pub use live::{supported_features, switches};
pub use needs::{For, Met, Need, needs};
pub use told::{Said, Side, Told};

use std::collections::BTreeSet;

use crate::{
    gateway::{
        Intent,
        api::{Custom, PathMatch},
        dialect,
        facts::Facts,
        objects::Objects,
        policies::{Effect, Merge, Place, Policies},
    },
    k8s::{Inventory, NamespacedName},
    ledger::{Code, Facts as Words},
};

/// Answer of a target to an intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It cannot be said; the finding says why and what to do.
    No(Code),
    /// The implementation does so by itself.
    Already,
    /// It is kept by an object of the implementation.
    Kept {
        /// Kind of the object.
        kind: &'static str,
        /// What it treats differently.
        changes: Vec<Code>,
    },
}

/// A rule, or a route whose rules all wish the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Kind of the route.
    pub kind: &'static str,
    /// The route.
    pub route: NamespacedName,
    /// Name of the rule; `None` for the whole route.
    pub rule: Option<String>,
    /// Place of its Ingress among all, the oldest first.
    pub age: usize,
    /// What the target said it keeps, sorted.
    pub intents: Vec<Intent>,
    /// Services that the requests go to, sorted.
    pub services: Vec<NamespacedName>,
}

/// A listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Namespace of the Gateway, or of the ListenerSet.
    pub namespace: String,
    /// The Gateway that carries it, unless a ListenerSet does.
    pub gateway: String,
    /// The ListenerSet that carries it.
    pub set: Option<String>,
    /// Name.
    pub name: String,
    /// It speaks TLS.
    pub tls: bool,
    /// It speaks TLS, and some of its requests are gRPC, which needs HTTP/2.
    pub grpc: bool,
    /// What the target said it keeps for its host.
    pub intents: Vec<Intent>,
    /// Headers that an authentication service tells the backends of its hosts, in lower case, sorted. What nothing but it may tell.
    pub told: Vec<String>,
}

/// The rules of a host, by whatever route they stand in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostRules {
    /// Its names; none for every other host.
    pub names: Vec<String>,
    /// Paths of rules that are served, and what the target said it keeps for them.
    pub rules: Vec<(PathMatch, Vec<Intent>)>,
}

/// What proxies in front are believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Believed {
    /// Networks of those that may tell the client; `None` where nobody may.
    pub proxies: Option<Vec<String>>,
    /// Host and port of `X-Forwarded-Host` and `-Port` count.
    pub host: bool,
}

/// Everything that an implementation writes its own objects for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Estate {
    /// The Gateway.
    pub gateway: NamespacedName,
    /// Names of our Gateways in its namespace, sorted; none where the Gateway is not ours, to which nothing may be attached.
    pub gateways: Vec<String>,
    /// Listeners of our Gateways and ListenerSets, sorted.
    pub sections: Vec<Section>,
    /// Headers that an authentication service tells the backends of hosts whose listeners are not ours, in lower case.
    pub told_elsewhere: BTreeSet<String>,
    /// Rules with wishes, sorted.
    pub wishes: Vec<Wish>,
    /// All hosts, where the target narrows its policies to them.
    pub hosts: Vec<HostRules>,
    /// Seconds of silence after which nginx gives up by default.
    pub idle: u64,
    /// Seconds to connect after which nginx gives up by default.
    pub connect: u64,
    /// Bytes of a body that nginx takes by default; `None` for no limit.
    pub body: Option<u64>,
    /// Status of requests above a rate.
    pub rate_status: u16,
    /// Header names with underscores are kept; nginx leaves them out by default.
    pub underscores: bool,
    /// `Strict-Transport-Security` of every answer over TLS, where the target sets it for listeners.
    pub hsts: Option<String>,
    /// Headers of every answer, where the target sets them for listeners.
    pub answers: Vec<(String, String)>,
    /// Somebody is refused at some path: a request that takes another way to the same path must not come past.
    pub guarded: bool,
    /// What proxies in front are believed.
    pub believed: Believed,
    /// Connections begin with the PROXY protocol.
    pub proxied: bool,
}

/// A reference across namespaces that a grant must allow.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reference {
    /// Group of the object that refers.
    pub group: &'static str,
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace.
    pub from: String,
    /// Kind that is referred to, of the core group.
    pub to: &'static str,
    /// The object.
    pub target: NamespacedName,
}

/// An object of an implementation that takes the place of a Service as backend of rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Substitute {
    /// The object.
    pub object: Custom,
    /// What it refers to.
    pub beside: Vec<Custom>,
}

/// TLS towards a backend, verified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VerifiedTls {
    /// Secret with the authorities; a ConfigMap of its name takes its place where Secrets are not read.
    pub secret: NamespacedName,
    /// Name in the certificate.
    pub hostname: String,
}

/// Objects of an implementation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Objects for the Gateway, which belong to the platform team.
    pub platform: Vec<Custom>,
    /// Objects beside routes.
    pub beside: Vec<Custom>,
    /// References that need a grant.
    pub references: Vec<Reference>,
    /// What is to be said of them.
    pub findings: Vec<(Code, Words)>,
    /// What the target said it keeps and what another Ingress decides for the same Service: place of the Ingress, and the wish.
    pub lost: Vec<(usize, Intent)>,
}

/// In which form a target keeps a path that nginx searches without regard to case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegexForm {
    /// The expression must match the whole path: `(?i)(?:P).*`.
    Full,
    /// The expression is searched in the path: `(?i)^(?:P)`.
    Search,
    /// The expression of nginx itself, which must begin with a slash: `/(?i)` and the rest of it.
    Start,
    /// Whether it is one or the other is open: `(?i)^(?:P).*` says the same to both.
    Either,
}

/// What an answer to [`Intent::BackendTls`] holds for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsReach {
    /// Requests of one rule of an HTTPRoute: an object takes the place of the Service.
    Rule {
        /// It leads to the address of the Service, so that nobody can wish how endpoints are chosen.
        by_address: bool,
    },
    /// All ports of a Service, for requests that come through the Gateway.
    Service,
    /// All ports of a Service, whoever sends requests to it.
    Mesh,
}

/// Writes the objects of an implementation that are not about single rules.
pub type Writer = fn(&Estate) -> Own;

/// An implementation, or core Gateway API where none was named.
pub trait Target: Sync {
    /// Name on the command line.
    fn id(&self) -> &'static str;

    /// What it makes of an intent.
    fn answer(&self, intent: &Intent) -> Answer;

    /// What it makes of an intent with raw configuration, where it has a place for that.
    fn raw(&self, intent: &Intent) -> Option<Answer> {
        let _ = intent;
        None
    }

    /// What it makes of an intent where a switch of its controller is on, and the name of the switch.
    fn switched(&self, intent: &Intent) -> Option<(&'static str, Answer)> {
        let _ = intent;
        None
    }

    /// What TLS to backends that nobody verifies holds for, where it keeps that.
    fn tls_reach(&self) -> TlsReach {
        TlsReach::Service
    }

    /// Kind of its objects for Services, where a BackendTLSPolicy for the same Service makes them void.
    fn void_beside_backend_tls(&self) -> Option<&'static str> {
        None
    }

    /// Request headers that tell who the client is where proxies in front are trusted, as name and value. `full`: together with what
    /// they told.
    fn client_headers(&self, full: bool) -> &'static [(&'static str, &'static str)] {
        let _ = full;
        &[]
    }

    /// Filters that a rule with these wishes needs, in the order in which they are named. Names begin with `name`.
    fn filters(&self, intents: &[Intent], namespace: &str, name: &str) -> Vec<Custom> {
        let _ = (intents, namespace, name);
        Vec::new()
    }

    /// Limits are counted for each match of a rule and each listener by itself.
    fn counts_by_match(&self) -> bool {
        false
    }

    /// Cookies of sessions are written for the path and the scheme that nginx writes them for.
    fn scopes_cookies(&self) -> bool {
        false
    }

    /// One of these filters guards, or asks somebody about the request: it is named before what changes headers, host and path, and sees
    /// what the client sent.
    fn is_guard(&self, filter: &Custom) -> bool {
        let _ = filter;
        false
    }

    /// What takes the place of a port of a Service for a rule with these wishes, in the namespace of the Service. `verified`: how its
    /// certificate is, where a BackendTLSPolicy of the Service would say it.
    fn substitute(
        &self,
        intents: &[Intent],
        verified: Option<&VerifiedTls>,
        service: &NamespacedName,
        port: u16,
        name: &str,
    ) -> Option<Substitute> {
        let _ = (intents, verified, service, port, name);
        None
    }

    /// Options of TLS for a listener whose host wishes this.
    fn listener_options(&self, intents: &[Intent]) -> Vec<(String, String)> {
        let _ = intents;
        Vec::new()
    }

    /// A header value that repeats a header of the request, where it has words for that.
    fn header_of_request(&self, name: &str) -> Option<String> {
        let _ = name;
        None
    }

    /// A header value that is made of variables, where it has words for all of it.
    fn header_text(&self, pieces: &[Told<'_>], side: Side) -> Option<Said> {
        let _ = (pieces, side);
        None
    }

    /// Key of Secrets under which it reads passwords.
    fn password_key(&self) -> &'static str {
        "auth"
    }

    /// Its own objects show backends the password, which a filter of core takes away after it was looked at.
    fn shows_passwords(&self) -> bool {
        false
    }

    /// What writes policies for everything that is wished, and for what nginx does without being asked.
    fn policies(&self) -> Option<Writer> {
        None
    }

    /// Form of its regular expressions.
    fn regex_form(&self) -> RegexForm;

    /// Requests end after a time of its own unless the route says otherwise.
    fn cuts_long_requests(&self) -> bool;

    /// Its own objects find the client behind proxies that are trusted to tell it.
    fn finds_client(&self) -> bool {
        false
    }

    /// Its own objects take the PROXY protocol, which tells the client before the first request.
    fn takes_proxy_protocol(&self) -> bool {
        false
    }

    /// Its policies can be attached to single rules, which have names then.
    fn attaches_to_rules(&self) -> bool {
        true
    }

    /// Its policies for access belong to the Gateway and are narrowed to names of hosts and to paths, which are no expressions there.
    fn narrows_to_hosts(&self) -> bool {
        false
    }

    /// It does what `retry` of a rule says.
    fn retries_in_core(&self) -> bool {
        true
    }

    /// Bodies are limited as nginx limits them, where nobody says otherwise.
    fn keeps_body_limit(&self) -> bool {
        false
    }

    /// Headers of every answer over TLS, its own ones too, are set for listeners.
    fn sets_headers_of_listeners(&self) -> bool {
        false
    }

    /// What its policies for whole Gateways say, in words; empty where it has none.
    fn says_of_gateways(&self) -> &'static str {
        ""
    }

    /// Its own policies do what nginx does without being asked: times, and headers for backends.
    fn closes_defaults(&self) -> bool {
        false
    }

    /// Its own policies end exchanges by silence, as nginx does without being asked.
    fn closes_times(&self) -> bool {
        self.closes_defaults()
    }

    /// It processes the CORS filter; where it does not, a rule with the filter would be answered 500.
    fn keeps_cors(&self) -> bool;

    /// It processes the filter for response headers in a GRPCRoute; where it does not, a rule with the filter would answer no call.
    fn changes_answers_of_grpc(&self) -> bool {
        true
    }

    /// It speaks HTTP/2 to the backends of a GRPCRoute; where it does not, their Services must say that they do.
    fn calls_grpc_backends(&self) -> bool {
        true
    }

    /// Replacing the prefix `/` by something else works.
    fn replaces_root_prefix(&self) -> bool;

    /// A header value as it is written for it.
    fn header_value(&self, value: &str) -> String {
        value.to_owned()
    }

    /// Header values may hold `$`.
    fn takes_dollars(&self) -> bool {
        true
    }

    /// `controllerName` of its GatewayClass, where it is known.
    fn controller_name(&self) -> Option<&'static str>;
}

/// The answer of core Gateway API to an intent.
pub fn of_core(intent: &Intent) -> Answer {
    standard::no_core_field(intent)
}

/// All targets, sorted by name.
pub fn all() -> &'static [&'static dyn Target] {
    &[
        &agentgateway::Agentgateway,
        &core::Core("aws-load-balancer-controller"),
        &core::Core("cilium"),
        &envoy_gateway::EnvoyGateway,
        &core::Core("gke"),
        &istio::Istio,
        &kgateway::Kgateway,
        &core::Core("kong"),
        &nginx_gateway_fabric::NginxGatewayFabric,
        &standard::Standard,
        &traefik::Traefik,
    ]
}

/// The target of that name.
pub fn by_id(id: &str) -> Option<&'static dyn Target> {
    all().iter().copied().find(|target| target.id() == id)
}

/// Policies and filters of an implementation among the objects, in words that the router understands, and what is to be said of what it
/// accepts and does not do.
pub fn read_back(target: &str, objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    let mut policies = own_policies(target, objects, manifests, facts);
    unseen::note(target, objects, manifests, &mut policies);
    if let Some(data) = dialect::Target::named(target) {
        let hazards::Hazards { findings, open } = hazards::hazards(data, objects);
        policies.findings.extend(findings);
        for (id, route) in open {
            let what = format!("what {} makes of HTTPRoute {route}", data.title);
            let effect = Effect { unmodelled: Some(what), ..Effect::default() };
            policies.attach("hazards", Place::new("HTTPRoute", &route, None), id, effect, Merge::WithAll);
        }
    }
    policies
}

fn own_policies(target: &str, objects: &Objects, manifests: &Inventory, facts: &Facts<'_>) -> Policies {
    match target {
        "agentgateway" => agentgateway::read_back(objects, manifests, facts),
        "envoy-gateway" => envoy_gateway::read_back(objects, manifests, facts),
        "istio" => istio::read_back(objects, manifests, facts),
        "kgateway" => kgateway::read_back(objects, manifests, facts),
        "nginx-gateway-fabric" => nginx_gateway_fabric::read_back(objects, manifests, facts),
        "traefik" => traefik::read_back(objects, manifests, facts),
        _ => Policies::default(),
    }
}
