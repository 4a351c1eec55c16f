//! The whole configuration, as the controller would hand it to nginx after a restart.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{Alias, Backend, Certificate, Globals, Location, RedirectServer, Server, Settings, Target, Upstream};
use crate::k8s::{FieldPath, NamespacedName, ObjectId, Subject};

/// Index of an Ingress in [`Config::ingresses`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IngressId(pub u32);

/// Index of an upstream in [`Config::upstreams`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UpstreamId(pub u32);

/// An Ingress that counts, with what its annotations mean.
#[derive(Debug, Clone)]
pub struct Source {
    /// The object.
    pub object: ObjectId,
    /// Namespace and name.
    pub name: NamespacedName,
    /// Creation time in seconds, if known.
    pub created: Option<i64>,
    /// Its annotations, merged with the ConfigMap and the defaults.
    pub settings: Arc<Settings>,
}

/// How far a refusal reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefusalKind {
    /// nginx refuses the configuration: a fresh controller listens nowhere, a running one keeps its last good state.
    Config,
    /// The controller ends with a panic.
    Crash,
    /// nginx runs but never gets endpoints or certificates: every request is answered 503.
    Dynamic,
    /// nginx gets endpoints, but the controller does not understand its answer and never hands over certificates.
    Certificates,
}

impl RefusalKind {
    /// Nothing listens.
    pub fn is_down(self) -> bool {
        match self {
            Self::Config | Self::Crash => true,
            Self::Dynamic | Self::Certificates => false,
        }
    }
}

/// Something that stops the controller for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// How far it reaches.
    pub kind: RefusalKind,
    /// What nginx or the controller stumbles over, as a sentence without full stop.
    pub message: String,
    /// The places that cause it.
    pub subjects: Vec<Subject>,
}

/// Everything nginx knows. INVARIANT: `servers` are sorted by host as in the file, `_` among them; locations are in match order.
#[derive(Debug, Clone)]
pub struct Config {
    /// ConfigMap and flags.
    pub globals: Globals,
    /// Ingresses that count, first (oldest) to last.
    pub ingresses: Vec<Source>,
    /// Upstreams, in the order in which they were first referenced; the first is the controller's default backend.
    pub upstreams: Vec<Upstream>,
    /// Servers that only redirect between `www.HOST` and `HOST`; nginx looks at them first.
    pub redirects: Vec<RedirectServer>,
    /// Servers sorted by host.
    pub servers: Vec<Server>,
    /// Certificate by server name: hosts, `*.` names, redirect sources and aliases that the certificate covers. A name that is
    /// missing here, also as `*.` plus what follows its first label, gets [`Globals::default_certificate`] and is not redirected by `ssl-redirect`.
    pub certificates: BTreeMap<String, Certificate>,
    /// Names in the certificates of Secrets, where they are known.
    pub certificate_names: BTreeMap<NamespacedName, Vec<String>>,
    /// What stops the controller; where this is not empty nothing else here takes effect.
    pub refusals: Vec<Refusal>,
}

impl Config {
    /// The upstream of [`super::Target::Default`]: `--default-backend-service` or the built-in server.
    pub const DEFAULT_BACKEND: UpstreamId = UpstreamId(0);

    /// Names that are served over TLS with the default certificate although `spec.tls` of their Ingress asks for TLS.
    pub fn names_without_certificate(&self) -> BTreeSet<String> {
        let hosts = self.certificates.iter().filter(|(_, certificate)| **certificate == Certificate::Default);
        let servers = self.servers.iter().filter(|server| server.tls.as_ref().is_some_and(|tls| tls.ingress.is_some()));
        let aliases = servers.flat_map(|server| &server.aliases).filter(|alias| !alias.covered).filter_map(Alias::hostname);
        hosts.map(|(host, _)| host.to_ascii_lowercase()).chain(aliases).collect()
    }

    /// An Ingress that counts.
    pub fn ingress(&self, id: IngressId) -> &Source {
        &self.ingresses[id.0 as usize]
    }

    /// An upstream.
    pub fn upstream(&self, id: UpstreamId) -> &Upstream {
        &self.upstreams[id.0 as usize]
    }

    /// The value of a variable that the controller's template sets at the start of a location (`getIngressInformation` in template.go),
    /// where it is the same for all requests.
    pub fn constant(&self, location: &Location, variable: &str) -> Option<String> {
        let origin = location.origin.as_ref()?;
        let name = &self.ingress(origin.ingress).name;
        let (service, port) = match location.target {
            Target::Upstream(id) if location.replaced.is_none() && (origin.path.is_some() || origin.rule.is_none()) => {
                match &self.upstream(id).backend {
                    Backend::Service { service, written, .. } | Backend::External { service, written, .. } => {
                        (Some(service), written.as_ref())
                    }
                    Backend::BuiltIn => (None, None),
                }
            }
            Target::Upstream(_) | Target::Default | Target::Gone => (None, None),
        };
        match variable {
            "namespace" => Some(name.namespace.clone()),
            "ingress_name" => Some(name.name.clone()),
            "location_path" => Some(location.ingress_path.clone()),
            "service_name" => Some(service?.name.clone()),
            "service_port" => Some(port?.to_string()),
            _ => None,
        }
    }

    /// An authentication service is asked about requests of the location.
    pub fn asks_service(&self, location: &Location) -> bool {
        let settings = &location.settings;
        let global = settings.global_auth.value && self.globals.external_auth.is_some();
        !location.no_auth && (settings.external_auth.is_some() || global)
    }

    /// The server of a rule host (`_` for rules without one).
    pub fn server(&self, host: &str) -> Option<&Server> {
        self.position(host).map(|index| &self.servers[index])
    }

    /// Where that server stands.
    pub(super) fn position(&self, host: &str) -> Option<usize> {
        self.servers.binary_search_by(|server| server.host.as_str().cmp(host)).ok()
    }

    /// The place of an annotation, named without prefix.
    pub fn annotation(&self, id: IngressId, name: &str) -> Subject {
        Subject::new(self.ingress(id).object, FieldPath::annotation(format!("{}/{name}", self.globals.flags.annotations_prefix)))
    }
}
