//! Which policies an estate needs, and what each is attached to.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    authentication, listeners, traffic,
    types::{GROUP, TargetRef, VERSION},
};
use crate::{
    gateway::{
        Intent,
        api::{Custom, GROUP as GATEWAY_API},
    },
    k8s::NamespacedName,
    targets::{Estate, Own, Reference, Section, Wish, envoy, wire},
};

/// Places that one policy is attached to at most.
const MOST_PLACES: usize = 16;

/// All policies.
pub(super) fn policies(estate: &Estate) -> Own {
    let mut own = Own::default();
    of_listeners(estate, &mut own);
    of_rules(estate, &mut own);
    own.findings.extend(envoy::forgeable(estate, &estate.told_elsewhere, "envoy-gateway"));
    own
}

pub(super) fn custom<T: Serialize>(kind: &'static str, namespace: &str, name: String, spec: &T) -> Custom {
    wire::custom((GROUP, VERSION, kind), namespace, name, spec)
}

fn target(kind: &str, name: &str, section: Option<&str>) -> TargetRef {
    TargetRef {
        group: GATEWAY_API.to_owned(),
        kind: kind.to_owned(),
        name: name.to_owned(),
        section_name: section.map(str::to_owned),
        ..TargetRef::default()
    }
}

/// One policy for the Gateway, where it is ours, which is right for plain listeners; and one for all others that treat clients alike.
fn of_listeners(estate: &Estate, own: &mut Own) {
    let gateway = &estate.gateway;
    if !estate.gateways.is_empty() {
        // Listeners of one port are one for Envoy, so that all plain ones are treated alike.
        let plain = estate.sections.iter().filter(|section| !section.tls);
        let mut policy = listeners::connections(estate, false, &[], &envoy::withdrawn(plain));
        policy.target_refs = estate.gateways.iter().map(|name| target("Gateway", name, None)).collect();
        own.platform.push(custom("ClientTrafficPolicy", &gateway.namespace, gateway.name.clone(), &policy));
    }
    let mut groups: BTreeMap<(&[Intent], &[String], &str, bool), Vec<&Section>> = BTreeMap::new();
    for section in estate.sections.iter().filter(|section| section.tls) {
        groups.entry((&section.intents, &section.told, &section.namespace, section.grpc)).or_default().push(section);
    }
    for (number, ((intents, _, home, grpc), sections)) in groups.into_iter().enumerate() {
        let mut policy = listeners::connections(estate, true, intents, &envoy::withdrawn(sections.iter().copied()));
        if grpc {
            // Without this Envoy Gateway offers HTTP/1.1 alone where another listener has a certificate for the same name.
            policy.tls.get_or_insert_default().alpn_protocols = Some(vec!["h2".to_owned(), "http/1.1".to_owned()]);
        }
        policy.target_refs = sections
            .iter()
            .map(|section| match &section.set {
                Some(set) => target("ListenerSet", set, Some(&section.name)),
                None => target("Gateway", &section.gateway, Some(&section.name)),
            })
            .collect();
        let name = if number == 0 { format!("{}-https", gateway.name) } else { format!("{}-https-{}", gateway.name, number + 1) };
        own.platform.push(custom("ClientTrafficPolicy", home, name, &policy));
        for intent in intents {
            let Intent::ClientCertificates { secret, .. } = intent else { continue };
            let Some((namespace, name)) = secret.split_once('/').filter(|(namespace, _)| *namespace != home) else { continue };
            own.references.push(Reference {
                group: GROUP,
                kind: "ClientTrafficPolicy",
                from: home.to_owned(),
                to: "Secret",
                target: NamespacedName::new(namespace, name),
            });
        }
    }
}

/// One policy of a kind for rules of one namespace that wish the same.
fn of_rules(estate: &Estate, own: &mut Own) {
    let mut groups: BTreeMap<(&str, &[Intent]), Vec<&Wish>> = BTreeMap::new();
    for wish in &estate.wishes {
        groups.entry((&wish.route.namespace, &wish.intents)).or_default().push(wish);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by(|(a, one), (b, other)| (a.0, place(one[0])).cmp(&(b.0, place(other[0]))));
    for ((namespace, intents), wishes) in groups {
        for wishes in wishes.chunks(MOST_PLACES) {
            let name = match &wishes[0].rule {
                Some(rule) => format!("{}-{rule}", wishes[0].route.name),
                None => wishes[0].route.name.clone(),
            };
            let places: Vec<TargetRef> = wishes.iter().map(|wish| target(wish.kind, &wish.route.name, wish.rule.as_deref())).collect();
            if let Some(mut policy) = authentication::security(intents, namespace) {
                policy.target_refs.clone_from(&places);
                own.beside.push(custom("SecurityPolicy", namespace, name.clone(), &policy));
            }
            if let Some(mut policy) = traffic::traffic(intents) {
                policy.target_refs = places;
                own.beside.push(custom("BackendTrafficPolicy", namespace, name, &policy));
            }
        }
        for intent in intents {
            let Intent::ExternalAuth { asks, url, .. } = intent else { continue };
            let Some((service, ..)) = authentication::backend(url, asks).filter(|(service, ..)| service.namespace != namespace) else {
                continue;
            };
            own.references.push(Reference {
                group: GROUP,
                kind: "SecurityPolicy",
                from: namespace.to_owned(),
                to: "Service",
                target: service,
            });
        }
    }
}

fn place(wish: &Wish) -> (&NamespacedName, Option<&str>) {
    (&wish.route, wish.rule.as_deref())
}
