//! Which policies an estate needs, and what each is attached to.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    backends, traffic,
    types::{
        GROUP, HttpSettings, ListenerPolicy, ListenerSettings, ServiceRef, TargetRef, TrafficPolicy, UpgradeConfig, VERSION, WEBSOCKET,
    },
};
use crate::{
    gateway::{
        Intent,
        api::{Custom, GROUP as GATEWAY_API, HeaderModifier},
    },
    targets::{Estate, Own, Reference, Wish, envoy, services, wire},
};

/// Places that one policy is attached to at most.
const MOST_PLACES: usize = 16;

/// All policies.
pub(super) fn policies(estate: &Estate) -> Own {
    let mut own = Own::default();
    of_gateway(estate, &mut own);
    of_clients(estate, &mut own);
    of_rules(estate, &mut own);
    let chosen = services::settle(&estate.wishes, &mut own, backends::backend);
    own.findings.extend(envoy::forgeable(estate, &told_without_policy(estate), "kgateway"));
    for (service, mut policy) in chosen {
        policy.target_refs = vec![ServiceRef { kind: "Service".to_owned(), name: service.name.clone(), ..ServiceRef::default() }];
        // The core group is written as an empty text, which must stand there.
        let mut policy = custom("BackendConfigPolicy", &service.namespace, service.name.clone(), &policy);
        policy.spec["targetRefs"][0]["group"] = "".into();
        own.beside.push(policy);
    }
    own
}

/// An object.
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

/// Silence ends an exchange, as in ingress-nginx: for our Gateways, or for our ListenerSets of another one.
fn of_gateway(estate: &Estate, own: &mut Own) {
    let Estate { gateway, gateways, idle, sections, .. } = estate;
    if *idle == 0 {
        return;
    }
    let mut places: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    if gateways.is_empty() {
        for section in sections {
            places.entry(&section.namespace).or_default().extend(section.set.as_deref().map(|set| ("ListenerSet", set)));
        }
    } else {
        places.entry(&gateway.namespace).or_default().extend(gateways.iter().map(|name| ("Gateway", name.as_str())));
    }
    for (namespace, places) in places {
        let policy = TrafficPolicy {
            target_refs: places.into_iter().map(|(kind, name)| target(kind, name, None)).collect(),
            timeouts: Some(traffic::silence(*idle)),
            ..TrafficPolicy::default()
        };
        own.platform.push(custom("TrafficPolicy", namespace, gateway.name.clone(), &policy));
    }
}

/// Headers that an authentication service tells and that no policy takes away from clients: those policies belong to Gateways alone.
fn told_without_policy(estate: &Estate) -> BTreeSet<String> {
    let mut told = estate.told_elsewhere.clone();
    if estate.gateways.is_empty() {
        told.extend(estate.sections.iter().flat_map(|section| section.told.iter().cloned()));
    }
    told
}

/// A `WebSocket` is passed on, proxies in front are believed about the client, and clients do not send what authentication services tell
/// backends.
fn of_clients(estate: &Estate, own: &mut Own) {
    let Estate { gateway, gateways, sections, believed, .. } = estate;
    let remove = envoy::withdrawn(sections.iter());
    if gateways.is_empty() {
        return;
    }
    let settings = HttpSettings {
        // Networks are only looked at where the address of the peer is not.
        use_remote_address: believed.proxies.as_ref().map(|_| false),
        xff_trusted_cidrs: believed.proxies.clone().unwrap_or_default(),
        // Without this, who asks for a WebSocket gets 403.
        upgrade_config: Some(UpgradeConfig { enabled_upgrades: vec![WEBSOCKET.to_owned()], ..UpgradeConfig::default() }),
        early_request_header_modifier: (!remove.is_empty()).then(|| HeaderModifier { remove, ..HeaderModifier::default() }),
        ..HttpSettings::default()
    };
    let policy = ListenerPolicy {
        target_refs: gateways.iter().map(|name| target("Gateway", name, None)).collect(),
        default: Some(ListenerSettings { http_settings: Some(settings), ..ListenerSettings::default() }),
        ..ListenerPolicy::default()
    };
    own.platform.push(custom("ListenerPolicy", &gateway.namespace, gateway.name.clone(), &policy));
}

/// One policy for rules of one namespace that wish the same.
fn of_rules(estate: &Estate, own: &mut Own) {
    let mut groups: BTreeMap<(&str, &[Intent]), Vec<&Wish>> = BTreeMap::new();
    for wish in &estate.wishes {
        groups.entry((&wish.route.namespace, &wish.intents)).or_default().push(wish);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    let place = |wish: &Wish| (wish.route.clone(), wish.rule.clone());
    groups.sort_by_key(|((namespace, _), wishes)| ((*namespace).to_owned(), place(wishes[0])));
    for ((namespace, intents), wishes) in groups {
        for wishes in wishes.chunks(MOST_PLACES) {
            let name = match &wishes[0].rule {
                Some(rule) => format!("{}-{rule}", wishes[0].route.name),
                None => wishes[0].route.name.clone(),
            };
            let Some(mut policy) = traffic::traffic(intents, &name) else { continue };
            policy.target_refs = wishes.iter().map(|wish| target(wish.kind, &wish.route.name, wish.rule.as_deref())).collect();
            own.beside.push(custom("TrafficPolicy", namespace, name.clone(), &policy));
            of_authentication(intents, namespace, &name, own);
        }
    }
}

fn of_authentication(intents: &[Intent], namespace: &str, name: &str, own: &mut Own) {
    for intent in intents {
        let Intent::ExternalAuth { asks, .. } = intent else { continue };
        let Some((service, extension)) = traffic::extension(asks, namespace) else { continue };
        own.beside.push(custom("GatewayExtension", namespace, name.to_owned(), &extension));
        if service.namespace != namespace {
            own.references.push(Reference {
                group: GROUP,
                kind: "GatewayExtension",
                from: namespace.to_owned(),
                to: "Service",
                target: service,
            });
        }
    }
}
