//! Annotations of other tools that must move, because those tools look at other objects once there are no Ingresses.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    context::{Cx, differs, unmappable},
    emission::TlsOwner,
};
use crate::{
    catalog::{self, Key, Moves},
    gateway::api::Meta,
    k8s::Ingress,
    ledger::{Code, Settlement},
    nginx::{Certificate, IngressId},
};

/// The only annotation of external-dns that is read from the Gateway.
const TARGET: &str = "target";

/// Annotations of an Ingress that a tool reads, by their keys.
fn of_tool<'i>(ingress: &'i Ingress, prefix: &str, tool: Moves) -> Vec<(&'i str, &'i str)> {
    let reads = |key: &str| match catalog::resolve(key, prefix) {
        Key::Foreign(foreign) => foreign.moves == Some(tool),
        Key::Ours(_)
        | Key::Alias { .. }
        | Key::Core(_)
        | Key::Historical(_)
        | Key::WrongPrefix { .. }
        | Key::Unknown { .. }
        | Key::Unrelated => false,
    };
    let of_controller = |key: &str| key.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    let annotations = ingress.meta.annotations.iter().map(|(key, value)| (key.as_str(), value.as_str()));
    annotations.filter(|(key, _)| !of_controller(key) && reads(key)).collect()
}

/// What cert-manager has to find beside the listener of a host.
pub(super) fn issuer_annotations(cx: &Cx<'_>, host: &str) -> BTreeMap<String, String> {
    let ingress = cx.config.server(host).and_then(|server| server.tls.as_ref()?.ingress).and_then(|id| cx.inventory_ingress(id));
    let prefix = &cx.config.globals.flags.annotations_prefix;
    let found = ingress.map(|ingress| of_tool(ingress, prefix, Moves::CertManager)).unwrap_or_default();
    found.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

impl Cx<'_> {
    /// Puts what external-dns reads from routes on a route of the Ingress.
    pub(super) fn add_route_annotations(&self, owner: IngressId, meta: &mut Meta) {
        let Some(ingress) = self.inventory_ingress(owner) else { return };
        for (key, value) in of_tool(ingress, &self.config.globals.flags.annotations_prefix, Moves::ExternalDns) {
            if !is_target(key) {
                meta.annotations.insert(key, value);
            }
        }
    }

    /// What external-dns has to find on the Gateway: a target that all Ingresses have in common. It would count for every route.
    pub(super) fn common_target(&self) -> BTreeMap<String, String> {
        let prefix = &self.config.globals.flags.annotations_prefix;
        let mut common: Option<BTreeSet<(&str, &str)>> = None;
        for (at, _) in self.config.ingresses.iter().enumerate() {
            let id = IngressId(u32::try_from(at).unwrap_or(u32::MAX));
            let Some(ingress) = self.inventory_ingress(id) else { continue };
            let targets: BTreeSet<(&str, &str)> =
                of_tool(ingress, prefix, Moves::ExternalDns).into_iter().filter(|(key, _)| is_target(key)).collect();
            match &common {
                Some(known) if *known != targets => return BTreeMap::new(),
                Some(_) => {}
                None => common = Some(targets),
            }
        }
        common.unwrap_or_default().into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// Settles the annotations of both tools.
    pub(super) fn settle_tools(&mut self, on_gateway: &BTreeMap<String, String>) {
        let prefix = self.config.globals.flags.annotations_prefix.clone();
        let beside_listeners = self.issued_beside_listeners();
        for at in 0..self.config.ingresses.len() {
            let id = IngressId(u32::try_from(at).unwrap_or(u32::MAX));
            let Some(ingress) = self.inventory_ingress(id) else { continue };
            let object = ingress.id;
            let keys = |tool| -> Vec<String> { of_tool(ingress, &prefix, tool).into_iter().map(|(key, _)| key.to_owned()).collect() };
            let (issuers, names) = (keys(Moves::CertManager), keys(Moves::ExternalDns));
            let moved = beside_listeners.contains(&id);
            for key in issuers {
                let settlement = if moved { Settlement::Exact } else { unmappable(Code::AnnotationCertManager) };
                if !moved {
                    self.say_tool(Code::AnnotationCertManager, id, &key);
                }
                self.tools.insert((object, key), settlement);
            }
            for key in names {
                let lost = is_target(&key) && !on_gateway.contains_key(&key);
                let settlement = if lost { unmappable(Code::AnnotationExternalDnsTarget) } else { differs(Code::AnnotationExternalDns) };
                self.say_tool(if lost { Code::AnnotationExternalDnsTarget } else { Code::AnnotationExternalDns }, id, &key);
                self.tools.insert((object, key), settlement);
            }
        }
    }

    /// Ingresses whose certificates are all carried by ListenerSets of their namespace, where their issuer annotations stand too.
    fn issued_beside_listeners(&self) -> BTreeSet<IngressId> {
        if self.options.emission.tls_owner != TlsOwner::App {
            return BTreeSet::new();
        }
        let mut carried: BTreeMap<IngressId, bool> = BTreeMap::new();
        for server in &self.config.servers {
            let Some(decision) = &server.tls else { continue };
            let Some(id) = decision.ingress else { continue };
            let own = &self.config.ingress(id).name.namespace;
            let beside = match self.config.certificates.get(&server.host) {
                Some(Certificate::Secret(secret)) => secret.namespace == *own && secret.namespace != self.options.gateway.namespace,
                // Nothing is issued for a host that names no Secret.
                Some(Certificate::Default) | None if decision.unusable.is_none() => continue,
                Some(Certificate::Default) | None => false,
            };
            *carried.entry(id).or_insert(true) &= beside;
        }
        carried.into_iter().filter_map(|(id, carried)| carried.then_some(id)).collect()
    }

    fn say_tool(&mut self, code: Code, id: IngressId, key: &str) {
        let place = crate::k8s::Subject::new(self.config.ingress(id).object, crate::k8s::FieldPath::annotation(key));
        let facts = vec![("ingress", self.ingress_name(id)), ("annotation", key.to_owned())];
        self.say(code, Some(place), facts);
    }
}

fn is_target(key: &str) -> bool {
    key.rsplit_once('/').is_some_and(|(_, name)| name == TARGET)
}
