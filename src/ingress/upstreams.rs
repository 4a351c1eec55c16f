//! Upstreams: one per namespace, Service and port as written (`createUpstreams`).

use std::net::IpAddr;

use indexmap::IndexMap;

use super::{Item, findings::Shared};
use crate::{
    annotations::{Absent, Context, check},
    k8s::{Backend as Target, BackendTarget, EndpointSlice, Inventory, NamespacedName, PortRef, Service, ServicePort, Step},
    nginx::{Backend, Endpoints, Upstream, UpstreamId},
};

/// Name of the controller's default backend.
pub(super) const DEFAULT: &str = "upstream-default-backend";

/// Endpoint slices by Service.
pub(super) struct Slices<'a>(IndexMap<(&'a str, &'a str), Vec<&'a EndpointSlice>>);

impl<'a> Slices<'a> {
    pub(super) fn new(inventory: &'a Inventory) -> Self {
        let mut slices: IndexMap<_, Vec<_>> = IndexMap::new();
        for slice in &inventory.endpoint_slices {
            slices.entry((slice.meta.namespace.as_str(), slice.service.as_str())).or_default().push(slice);
        }
        Self(slices)
    }

    /// Somebody answers on the port; assumed where there are no slices.
    fn serve(&self, service: &Service, port: &ServicePort) -> bool {
        let Some(slices) = self.0.get(&(service.meta.namespace.as_str(), service.meta.name.as_str())) else { return true };
        let numeric = port.target_port.is_empty() || check::go_int(&port.target_port).is_some();
        slices.iter().any(|slice| {
            let listed = slice.ports.iter().filter(|listed| listed.protocol == port.protocol).any(|listed| {
                let named = port.name.is_empty() || listed.name == port.name;
                (named && listed.number.is_some()) || numeric
            });
            slice.ready > 0 && (listed || (slice.ports.is_empty() && numeric))
        })
    }
}

/// Upstreams by key.
pub(super) struct Upstreams<'a> {
    pub(super) list: Vec<Upstream>,
    index: IndexMap<String, UpstreamId>,
    /// Backends whose key another Service had first.
    pub(super) shared: Vec<Shared>,
    slices: Slices<'a>,
}

/// `namespace-service-port` (`upstreamName` in `util.go`).
pub(super) fn key(namespace: &str, name: &str, port: Option<&PortRef>) -> String {
    match port {
        Some(PortRef::Number(number)) if *number > 0 => [namespace, "-", name, "-", &number.to_string()].concat(),
        Some(PortRef::Name(port)) if !port.is_empty() => [namespace, "-", name, "-", port].concat(),
        Some(_) | None => format!("{namespace}-INVALID"),
    }
}

/// Name and port of a Service backend.
pub(super) fn service(backend: &Target) -> Option<(&str, Option<&PortRef>)> {
    match &backend.target {
        BackendTarget::Service { name, port } => Some((name, port.as_ref())),
        BackendTarget::Resource { .. } | BackendTarget::Empty => None,
    }
}

impl<'a> Upstreams<'a> {
    pub(super) fn new(cx: &Context<'a>) -> Self {
        let slices = Slices::new(cx.inventory);
        let mut default = plain(DEFAULT, Backend::BuiltIn, Endpoints::Some);
        if let Some(name) = &cx.globals.flags.default_backend_service {
            let found = cx.inventory.services.get(name).and_then(|service| Some((service, service.ports.first()?)));
            match found {
                Some((service, port)) if slices.serve(service, port) => {
                    default.backend =
                        Backend::Service { service: name.clone(), written: Some(PortRef::Number(port.port)), port: Some(port.port) };
                }
                None if cx.services == Absent::Assumed && !cx.inventory.services.contains_key(name) => {
                    default.backend = Backend::Service { service: name.clone(), written: None, port: None };
                }
                Some(_) | None => {}
            }
        }
        let index = IndexMap::from([(DEFAULT.to_owned(), UpstreamId(0))]);
        Self { list: vec![default], index, shared: Vec::new(), slices }
    }

    /// The upstream of a key, if it was not deleted.
    pub(super) fn get(&self, key: &str) -> Option<UpstreamId> {
        self.index.get(key).copied().filter(|id| !self.at(*id).deleted)
    }

    pub(super) fn at(&self, id: UpstreamId) -> &Upstream {
        &self.list[id.0 as usize]
    }

    pub(super) fn at_mut(&mut self, id: UpstreamId) -> &mut Upstream {
        &mut self.list[id.0 as usize]
    }

    /// Creates the upstreams of an Ingress. Its default backend replaces one that is there; its paths do not.
    pub(super) fn add(&mut self, cx: &Context<'_>, item: &Item<'_>) {
        let namespace = &item.ingress.meta.namespace;
        if let Some((name, port)) = item.ingress.default_backend.as_ref().and_then(service) {
            let key = key(namespace, name, port);
            let made = self.make(cx, item, &key, name, port);
            match self.index.get(&key) {
                Some(&id) => *self.at_mut(id) = made,
                None => {
                    self.push(key, made);
                }
            }
        }
        for (rule, found) in item.ingress.rules.iter().enumerate() {
            for (at, path) in found.paths.iter().flatten().enumerate() {
                let Some((name, port)) = service(&path.backend) else { continue };
                let key = key(namespace, name, port);
                if let Some(id) = self.index.get(&key).copied() {
                    self.compare(item, id, name, (rule, at));
                } else {
                    let made = self.make(cx, item, &key, name, port);
                    self.push(key, made);
                }
            }
        }
    }

    /// Two Services can have one key: `a/b-c` and `a-b/c`.
    fn compare(&mut self, item: &Item<'_>, id: UpstreamId, name: &str, (rule, at): (usize, usize)) {
        let first = match &self.at(id).backend {
            Backend::Service { service, .. } | Backend::External { service, .. } => service,
            Backend::BuiltIn => return,
        };
        let namespace = &item.ingress.meta.namespace;
        if first.name == name && first.namespace == *namespace {
            return;
        }
        let field = [Step::from("spec"), "rules".into(), rule.into(), "http".into(), "paths".into(), at.into(), "backend".into()];
        let shared = Shared {
            ingress: item.id,
            field: field.into(),
            service: format!("{namespace}/{name}"),
            first: first.to_string(),
            upstream: self.at(id).key.clone(),
        };
        self.shared.push(shared);
    }

    fn push(&mut self, key: String, upstream: Upstream) -> UpstreamId {
        let id = UpstreamId(u32::try_from(self.list.len()).expect("INVARIANT: fewer than 2^32 upstreams"));
        self.list.push(upstream);
        self.index.insert(key, id);
        id
    }

    /// The upstream of a `default-backend` annotation: first port of a Service that has endpoints.
    pub(super) fn custom_default(&mut self, cx: &Context<'_>, item: &Item<'_>, name: &str) -> Option<UpstreamId> {
        let namespace = &item.ingress.meta.namespace;
        let key = format!("custom-default-backend-{namespace}-{name}");
        if let Some(&id) = self.index.get(&key) {
            return Some(id);
        }
        let service = NamespacedName::new(namespace, name);
        let port = match cx.inventory.services.get(&service) {
            Some(found) => {
                let port = found.ports.first()?;
                if found.kind != "ExternalName" && !self.slices.serve(found, port) {
                    return None;
                }
                Some(port.port)
            }
            None => None,
        };
        let backend = Backend::Service { service, written: port.map(PortRef::Number), port };
        let mut made = plain(&key, backend, Endpoints::Some);
        made.ingress = Some(item.id);
        Some(self.push(key, made))
    }

    fn make(&self, cx: &Context<'_>, item: &Item<'_>, key: &str, name: &str, port: Option<&PortRef>) -> Upstream {
        let service = NamespacedName::new(&item.ingress.meta.namespace, name);
        let by_address = item.settings.balancing.service_upstream.value && self.has_address(cx, &service, port);
        let (backend, endpoints) = self.resolve(cx, &service, port, by_address);
        let mut made = plain(key, backend, endpoints);
        made.by_address = by_address;
        made.ingress = Some(item.id);
        made.canary.clone_from(&item.settings.canary);
        made
    }

    /// `getServiceClusterEndpoint`: a number is taken as it is, a name must be one of the Service.
    fn has_address(&self, cx: &Context<'_>, name: &NamespacedName, port: Option<&PortRef>) -> bool {
        let Some(service) = cx.inventory.services.get(name) else { return false };
        let known = match port {
            Some(PortRef::Number(_)) => true,
            Some(PortRef::Name(name)) => service.ports.iter().any(|known| known.name == *name),
            None => false,
        };
        known && service.kind != "ExternalName" && service.cluster_ip != "None"
    }

    fn resolve(&self, cx: &Context<'_>, name: &NamespacedName, port: Option<&PortRef>, by_address: bool) -> (Backend, Endpoints) {
        let written = port.cloned();
        let backend = |port| Backend::Service { service: name.clone(), written: written.clone(), port };
        let Some(port) = port else { return (backend(None), Endpoints::MissingPort) };
        let number = match port {
            PortRef::Number(number) => Some(*number),
            PortRef::Name(_) => None,
        };
        let Some(service) = cx.inventory.services.get(name) else {
            let state = if cx.services == Absent::Assumed { Endpoints::Some } else { Endpoints::MissingService };
            return (backend(number), state);
        };
        if service.kind == "ExternalName" {
            return external(cx, service, port, written);
        }
        let text = port.to_string();
        if by_address {
            let known = service.ports.iter().find(|candidate| match port {
                PortRef::Number(number) => candidate.port == *number,
                PortRef::Name(name) => candidate.name == *name,
            });
            return match known {
                Some(known) if self.slices.serve(service, known) => (backend(Some(known.port)), Endpoints::Some),
                Some(known) => (backend(Some(known.port)), Endpoints::NotReady),
                None => (backend(number), Endpoints::MissingPort),
            };
        }
        // The first port whose number, target port or name is the text (`serviceEndpoints`).
        let known = service.ports.iter().find(|candidate| {
            candidate.port.to_string() == text || candidate.target_port == text || (!candidate.name.is_empty() && candidate.name == text)
        });
        let Some(known) = known else { return (backend(None), Endpoints::MissingPort) };
        let state = if known.protocol == "TCP" && self.slices.serve(service, known) { Endpoints::Some } else { Endpoints::NotReady };
        (backend(Some(known.port)), state)
    }
}

fn external(cx: &Context<'_>, service: &Service, port: &PortRef, written: Option<PortRef>) -> (Backend, Endpoints) {
    let target = |found: &ServicePort| check::go_int(&found.target_port).filter(|&port| port != 0).unwrap_or(found.port);
    let number = match port {
        PortRef::Number(number) => Some(service.ports.iter().find(|found| found.port == *number).map_or(*number, target)),
        PortRef::Name(name) => service.ports.iter().find(|found| found.name == *name).map(target),
    };
    let name = &service.external_name;
    let address: Option<IpAddr> = name.parse().ok();
    let local = name == "localhost" || address.is_some_and(|address| address.is_loopback());
    let valid = address.is_some() || is_dns_name(name.strip_suffix('.').unwrap_or(name));
    let state = if cx.globals.flags.disable_external_name || local || !valid { Endpoints::Refused } else { Endpoints::Some };
    (Backend::External { service: service.meta.key(), name: name.clone(), written, port: number }, state)
}

/// `IsDNS1123Subdomain`.
fn is_dns_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

fn plain(key: &str, backend: Backend, endpoints: Endpoints) -> Upstream {
    Upstream {
        key: key.to_owned(),
        backend,
        endpoints,
        ingress: None,
        canary: None,
        alternatives: Vec::new(),
        affinity: None,
        affinity_of: None,
        deleted: false,
        by_address: false,
    }
}
