//! `ssl-passthrough`: a TLS listener that hands connections through, and a TLSRoute to the Service behind `/`.

use std::collections::BTreeMap;

use super::{
    Emitted,
    context::{Cx, no_effect, unmappable},
    listeners::{Attached, Listeners, Side},
    names::Names,
    plan::{Backend, HostPlan, Hostname, Passthrough, TlsPlan},
};
use crate::{
    gateway::{
        Intent,
        api::{BackendRef, Kind, TlsRoute, TlsRouteSpec, TlsRule},
        dialect::{Feature, Stand},
    },
    k8s::NamespacedName,
    ledger::{Code, Settlement},
    nginx::{IngressId, Server, Target},
};

const ANNOTATION: &[&str] = &["ssl-passthrough"];
/// Host names of one route: a limit that every version keeps.
const MOST_HOSTNAMES: usize = 16;

impl Cx<'_> {
    /// Takes the host out of TLS termination and hands its connections through, as far as version and channel can say it.
    pub(super) fn passthrough(&mut self, server: &Server, ingress: IngressId, plan: &mut HostPlan) {
        let root = server.locations.iter().find(|location| location.path == "/");
        let Some((root, &Target::Upstream(upstream))) = root.map(|root| (root, &root.target)) else {
            return self.mark(ingress, ANNOTATION, &no_effect("no Service stands behind `/` of the host"));
        };
        // The controller looks for the server name as it stands, so that wildcards and aliases are never found.
        let Some((Hostname::Name(host), tls)) = plan.hostnames.first_mut().filter(|(hostname, _)| hostname.is_precise()) else {
            return self.mark(ingress, ANNOTATION, &no_effect("no server name equals a wildcard"));
        };
        *tls = TlsPlan::None;
        let host = host.clone();
        if self.sayable.version_of(Kind::TlsRoute).is_none() {
            self.no_passthrough(ingress, host, Feature::TlsRoute);
            return;
        }
        let place = root.origin.as_ref().map_or_else(|| self.annotation(ingress, "ssl-passthrough"), |origin| origin.subject.clone());
        match self.backend(upstream, &place) {
            Ok(backend) => {
                self.mark(ingress, ANNOTATION, &Settlement::Exact);
                plan.passthrough = Some(Passthrough { owner: ingress, host, backend });
            }
            Err(code) => self.mark(ingress, ANNOTATION, &unmappable(code)),
        }
    }

    fn no_passthrough(&mut self, ingress: IngressId, host: String, feature: Feature) {
        let facts = vec![("host", host), ("version", self.sayable.who_lacks(feature)), ("feature", feature.words().to_owned())];
        self.ask(ingress, ANNOTATION, &Intent::Passthrough, facts);
    }
}

/// Hosts with TLS that ends stand on the port of those that are handed through. Not every implementation takes both on one Gateway.
pub(super) fn beside_termination(cx: &mut Cx<'_>, plans: &mut [HostPlan]) {
    let ends = |plan: &HostPlan| !plan.https.is_empty() && plan.hostnames.iter().any(|(_, tls)| *tls != TlsPlan::None);
    if !plans.iter().any(ends) {
        return;
    }
    for plan in plans.iter_mut().filter(|plan| plan.passthrough.is_some()) {
        match cx.sayable.stand(Feature::TlsModeMixed) {
            Stand::Claimed => {}
            Stand::Open => cx.say_unclaimed(Feature::TlsModeMixed),
            Stand::Refused => {
                let Some(Passthrough { owner, host, backend: _ }) = plan.passthrough.take() else { continue };
                cx.no_passthrough(owner, host, Feature::TlsModeMixed);
            }
        }
    }
}

/// One route for the hosts of an Ingress that lead to the same Service.
pub(super) fn routes(cx: &mut Cx<'_>, plans: &[HostPlan], listeners: &mut Listeners) -> Vec<Emitted> {
    let mut groups: BTreeMap<(&NamespacedName, IngressId, &Backend), Vec<&str>> = BTreeMap::new();
    for Passthrough { owner, host, backend } in plans.iter().filter_map(|plan| plan.passthrough.as_ref()) {
        groups.entry((&cx.config.ingress(*owner).name, *owner, backend)).or_default().push(host);
    }
    let mut names = Names::default();
    let mut routes = Vec::new();
    for ((ingress, owner, backend), mut hosts) in groups {
        hosts.sort_unstable();
        let NamespacedName { namespace: of, name } = &backend.service;
        for hosts in hosts.chunks(MOST_HOSTNAMES) {
            let mut parents = Vec::new();
            let mut served = Vec::new();
            for &host in hosts {
                let hostname = Hostname::Name(host.to_owned());
                match listeners.attach(Side::Passthrough, &hostname, &TlsPlan::None, &ingress.namespace, Kind::TlsRoute.as_str()) {
                    Ok(Attached { parent, other: _ }) => {
                        served.push(host.to_owned());
                        if !parents.contains(&parent) {
                            parents.push(parent);
                        }
                    }
                    Err(reason) => {
                        let place = cx.annotation(owner, "ssl-passthrough");
                        cx.say_no_listener(&format!("TLS passthrough of host `{host}`"), reason, Some(place));
                        cx.mark(owner, ANNOTATION, &unmappable(Code::GatewayNoListener));
                    }
                }
            }
            if served.is_empty() {
                continue;
            }
            let mut reference = BackendRef::service(name, backend.port);
            if *of != ingress.namespace {
                reference.namespace = Some(of.clone());
                cx.grant_service(Kind::TlsRoute.as_str(), &ingress.namespace, of, name);
            }
            let rules = vec![TlsRule { backend_refs: vec![reference], ..TlsRule::default() }];
            let spec = TlsRouteSpec { parent_refs: parents, hostnames: served, rules, ..TlsRouteSpec::default() };
            let route = TlsRoute::new(&ingress.namespace, names.take("TLSRoute", &ingress.namespace, &ingress.name), spec);
            let mut object = cx.in_served_version(route, Kind::TlsRoute);
            cx.add_route_annotations(owner, &mut object.metadata);
            routes.push(Emitted {
                object: object.into(),
                platform: false,
                sources: vec![cx.config.ingress(owner).object],
                withheld: vec![],
            });
        }
    }
    routes
}
