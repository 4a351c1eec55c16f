//! What is to be emitted, before it is cut into objects: rules of a host, each with its owner and the place it came from.

use std::{
    collections::BTreeSet,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use crate::{
    gateway::{Intent, api::PathMatch},
    k8s::{NamespacedName, Subject},
    ledger::Code,
    nginx::IngressId,
    targets::{HostRules, VerifiedTls},
};

/// Path of a match.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathRule {
    /// `Exact`.
    Exact(String),
    /// `PathPrefix`, without trailing slash except for `/` itself.
    Prefix(String),
    /// `RegularExpression`.
    Regex(String),
}

impl PathRule {
    /// Every path of the other one is one of this prefix.
    pub(super) fn takes(&self, other: &Self) -> bool {
        let Self::Prefix(prefix) = self else { return false };
        let (Self::Exact(path) | Self::Prefix(path) | Self::Regex(path)) = other;
        !matches!(other, Self::Regex(_)) && super::paths::covers(prefix, path)
    }
}

/// What a condition is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// A header.
    Header,
    /// A parameter of the query.
    Query,
    /// The method; it has no name.
    Method,
}

/// Condition on a header, a parameter of the query, or the method.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct HeaderCondition {
    /// What it is about.
    pub on: On,
    /// Name.
    pub name: String,
    /// Value or expression.
    pub value: String,
    /// `value` is an expression.
    pub regex: bool,
}

/// Part of the traffic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Backend {
    /// Service.
    pub service: NamespacedName,
    /// Port of the Service.
    pub port: u16,
    /// Weight; 1 where there is only one backend.
    pub weight: u32,
}

/// A redirect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Redirect {
    /// Scheme of the target, that of the request where absent.
    pub scheme: Option<&'static str>,
    /// Host of the target, that of the request where absent.
    pub hostname: Option<String>,
    /// Port, where it is not that of the scheme.
    pub port: Option<u16>,
    /// Whole path of the target, that of the request where absent.
    pub path: Option<String>,
    /// `path` takes the place of the matched prefix only.
    pub prefix: bool,
    /// Status.
    pub status: u16,
}

/// What happens to requests of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    /// They are passed on. Never empty.
    Forward(Vec<Backend>),
    /// They are redirected.
    Redirect(Redirect),
    /// The redirect of the host to HTTPS; the host name is filled in when the route is known to have only one.
    ToHttps {
        /// Status.
        status: u16,
    },
    /// A filter of the implementation answers them.
    Answered,
    /// Nothing is emitted that would serve them: a rule without backends answers 500.
    Withheld(Code),
}

/// CORS, as the filter wants it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct CorsRule {
    /// Origins.
    pub origins: Vec<String>,
    /// Methods.
    pub methods: Vec<String>,
    /// Request headers.
    pub headers: Vec<String>,
    /// Response headers.
    pub expose: Vec<String>,
    /// Credentials.
    pub credentials: bool,
    /// Seconds.
    pub max_age: i32,
}

/// What carries the requests of a rule to a backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Wire {
    /// An HTTPRoute.
    #[default]
    Http,
    /// An HTTPRoute, to a backend that wants HTTP/2.
    GrpcOverHttp,
    /// A GRPCRoute.
    Grpc,
}

/// What is tried again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Retry {
    /// How often, besides the first time.
    pub attempts: u32,
    /// Statuses.
    pub codes: Vec<u16>,
}

/// A host whose TLS connections are handed through.
#[derive(Debug, Clone)]
pub(super) struct Passthrough {
    /// Ingress that asks for it.
    pub owner: IngressId,
    /// Server name.
    pub host: String,
    /// Service.
    pub backend: Backend,
}

/// What is changed on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Changes {
    /// Path sent upstream.
    pub path: Option<PathModifier>,
    /// Host sent upstream.
    pub host: Option<String>,
    /// Request headers that are set.
    pub request_headers: Vec<(String, String)>,
    /// Request headers that are taken away.
    pub request_removed: Vec<String>,
    /// Request headers that are added to what is left.
    pub request_added: Vec<(String, String)>,
    /// Response headers that are set.
    pub response_headers: Vec<(String, String)>,
    /// Response headers that are added.
    pub response_added: Vec<(String, String)>,
    /// Response headers that are taken away.
    pub response_removed: Vec<String>,
    /// CORS.
    pub cors: Option<Box<CorsRule>>,
    /// What the target keeps with objects of its own, sorted.
    pub wishes: Vec<Intent>,
    /// `timeouts.request: 0s`, where the target would cut long requests.
    pub no_timeout: bool,
    /// What carries the requests.
    pub wire: Wire,
    /// TLS towards the backend.
    pub backend_tls: Option<Box<VerifiedTls>>,
    /// Who gets copies.
    pub mirror: Option<Box<Backend>>,
    /// What is tried again.
    pub retry: Option<Box<Retry>>,
}

/// Changes of a rule. There are many rules, and most change nothing, or the same as the one before.
#[derive(Debug, Clone, Default)]
pub(super) struct Changed(Option<Arc<Changes>>);

/// What rules without changes change.
static NOTHING: Changes = Changes {
    path: None,
    host: None,
    request_headers: Vec::new(),
    request_removed: Vec::new(),
    request_added: Vec::new(),
    response_headers: Vec::new(),
    response_added: Vec::new(),
    response_removed: Vec::new(),
    cors: None,
    wishes: Vec::new(),
    no_timeout: false,
    wire: Wire::Http,
    backend_tls: None,
    mirror: None,
    retry: None,
};

impl Changed {
    /// The changes by themselves.
    pub(super) fn into_changes(self) -> Changes {
        self.0.map(Arc::unwrap_or_clone).unwrap_or_default()
    }

    /// Changes that equal those before them stand in memory once.
    pub(super) fn share(&mut self, before: &mut Self) {
        if self.0.is_none() {
            return;
        }
        if self == before {
            self.clone_from(before);
        } else {
            before.clone_from(self);
        }
    }
}

impl From<Changes> for Changed {
    fn from(changes: Changes) -> Self {
        Self((changes != NOTHING).then(|| Arc::new(changes)))
    }
}

impl Deref for Changed {
    type Target = Changes;

    fn deref(&self) -> &Changes {
        self.0.as_deref().unwrap_or(&NOTHING)
    }
}

impl DerefMut for Changed {
    fn deref_mut(&mut self) -> &mut Changes {
        Arc::make_mut(self.0.get_or_insert_default())
    }
}

impl PartialEq for Changed {
    fn eq(&self, other: &Self) -> bool {
        let (own, others): (&Changes, &Changes) = (self, other);
        std::ptr::eq(own, others) || own == others
    }
}

impl Eq for Changed {}

/// How the path is changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PathModifier {
    /// All of it.
    Full(String),
    /// The matched prefix.
    Prefix(String),
}

/// One match with what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// Ingress whose team owns it.
    pub owner: IngressId,
    /// Where it came from.
    pub origin: Subject,
    /// Path.
    pub path: PathRule,
    /// Conditions; more of them come first.
    pub headers: Vec<HeaderCondition>,
    /// What happens.
    pub action: Action,
    /// What is changed.
    pub changes: Changed,
}

impl Rule {
    /// Same treatment of whatever is matched.
    pub(super) fn same_action(&self, other: &Self) -> bool {
        self.action == other.action && self.changes == other.changes
    }
}

/// A name that a host answers to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hostname {
    /// Every name that nobody else has.
    All,
    /// A name, or `*.` and a name.
    Name(String),
}

impl Hostname {
    /// Text for objects.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::All => None,
            Self::Name(name) => Some(name),
        }
    }

    /// Exactly one name.
    pub(super) fn is_precise(&self) -> bool {
        matches!(self, Self::Name(name) if !name.starts_with("*."))
    }
}

/// How a host is served over TLS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TlsPlan {
    /// Not at all.
    None,
    /// By a listener of its own with this Secret.
    Own(NamespacedName),
    /// By the listener for every host, with the default certificate.
    Shared,
}

/// Headers that authentication services tell the backends of rules, in lower case.
pub(super) fn told_by_services(rules: &[Rule]) -> BTreeSet<String> {
    let served = rules.iter().filter(|rule| matches!(rule.action, Action::Forward(_)));
    let told = |intent: &Intent| match intent {
        Intent::ExternalAuth { asks, .. } => asks.response_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        _ => Vec::new(),
    };
    served.flat_map(|rule| rule.changes.wishes.iter().flat_map(told)).collect()
}

impl HostPlan {
    /// Headers that conditions of its rules look at, in lower case.
    pub(super) fn asked_headers(&self) -> impl Iterator<Item = String> {
        let conditions = self.http.iter().chain(&self.https).flat_map(|rule| &rule.headers);
        conditions.filter(|condition| condition.on == On::Header).map(|condition| condition.name.to_ascii_lowercase())
    }

    /// Its names and rules, for policies that are narrowed to them.
    pub(super) fn narrowed(&self) -> HostRules {
        let served = |rule: &&Rule| matches!(rule.action, Action::Forward(_));
        let mut rules: Vec<(PathMatch, Vec<Intent>)> = Vec::new();
        for rule in self.http.iter().chain(&self.https).filter(served) {
            let path = match &rule.path {
                PathRule::Exact(path) => PathMatch::Exact(path.clone()),
                PathRule::Prefix(path) => PathMatch::Prefix(path.clone()),
                PathRule::Regex(path) => PathMatch::Regex(path.clone()),
            };
            let known = (path, rule.changes.wishes.clone());
            if !rules.contains(&known) {
                rules.push(known);
            }
        }
        HostRules { names: self.hostnames.iter().filter_map(|(name, _)| name.text().map(str::to_owned)).collect(), rules }
    }

    /// Somebody is refused at some of its paths.
    pub(super) fn is_guarded(&self) -> bool {
        // Pages without a text and without headers, or with those of CORS alone, stand in for what nobody serves.
        let own = |(name, _): &(String, String)| !name.starts_with("Access-Control-");
        let refuses = |intent: &Intent| match intent {
            Intent::Refuse { .. } => true,
            Intent::Answer { status: 400.., headers, body } => body.is_some() || headers.iter().any(own),
            other => other.is_access_control(),
        };
        let guarded = |rule: &Rule| matches!(rule.action, Action::Withheld(_)) || rule.changes.wishes.iter().any(refuses);
        self.http.iter().chain(&self.https).any(guarded)
    }
}

/// Rules of one host, in nginx order.
#[derive(Debug, Clone)]
pub(super) struct HostPlan {
    /// Names with the same rules and the same TLS plan.
    pub hostnames: Vec<(Hostname, TlsPlan)>,
    /// Rules over plain HTTP.
    pub http: Vec<Rule>,
    /// Rules over HTTPS; empty where there is no TLS.
    pub https: Vec<Rule>,
    /// What the target keeps for the listeners of the host over TLS.
    pub tls_wishes: Vec<Intent>,
    /// Its TLS is handed through.
    pub passthrough: Option<Passthrough>,
}
