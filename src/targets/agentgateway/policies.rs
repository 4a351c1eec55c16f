//! Which policies an estate needs, and what each is attached to.

use std::collections::BTreeMap;

use super::{
    addresses, signin,
    types::{
        AgentgatewayPolicy, Authorization, Backend, BackendRef, BasicAuthentication, Buffer, BufferLimit, Expressions, ExtAuth, GROUP,
        HttpAuth, PasswordRef, Retry, TargetRef, Tcp, Tls, Traffic, Transform, Transformation, VERSION,
    },
};
use crate::{
    gateway::{
        AuthRequest, Intent,
        api::{Custom, GROUP as GATEWAY_API},
    },
    k8s::NamespacedName,
    ledger::Code,
    targets::{
        Estate, Own, Reference, Section, Wish,
        envoy::{self, Retries},
        services, wire,
    },
};

/// Places that one policy is attached to at most.
const MOST_PLACES: usize = 16;
/// Headers that one policy takes away at most.
const MOST_HEADERS: usize = 16;
/// What the authentication service gets to see besides what it always gets.
const SHOWN: [&str; 5] = ["authorization", "cookie", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

/// Phase of a policy that comes before routes are looked at.
pub(super) const BEFORE_ROUTING: &str = "PreRouting";

/// The URL of the original request.
const ORIGINAL: &str = "request.scheme + \"://\" + request.host + request.pathAndQuery";

/// All policies.
pub(super) fn policies(estate: &Estate) -> Own {
    let mut own = Own::default();
    of_clients(estate, &mut own);
    of_rules(estate, &mut own);
    own.findings.extend(envoy::forgeable(estate, &estate.told_elsewhere, "agentgateway"));
    let chosen = services::settle(&estate.wishes, &mut own, backend);
    for (service, backend) in chosen {
        let policy = AgentgatewayPolicy {
            // The core group is written as an empty text.
            target_refs: vec![target(Some(""), "Service", &service.name, None)],
            backend: Some(backend),
            ..AgentgatewayPolicy::default()
        };
        own.beside.push(custom(&service.namespace, format!("{}-backend", service.name), &policy));
    }
    own
}

fn custom(namespace: &str, name: String, policy: &AgentgatewayPolicy) -> Custom {
    wire::custom((GROUP, VERSION, "AgentgatewayPolicy"), namespace, name, policy)
}

fn target(group: Option<&str>, kind: &str, name: &str, section: Option<&str>) -> TargetRef {
    TargetRef {
        group: group.map(str::to_owned),
        kind: kind.to_owned(),
        name: name.to_owned(),
        section_name: section.map(str::to_owned),
        ..TargetRef::default()
    }
}

/// Clients do not send what authentication services tell backends: what the service does not answer with would pass. A policy before routing
/// is not merged with those after it, and the nearest one to a listener counts alone.
fn of_clients(estate: &Estate, own: &mut Own) {
    let mut groups: BTreeMap<(&str, bool, Vec<String>), Vec<&Section>> = BTreeMap::new();
    for section in &estate.sections {
        let mut remove = envoy::withdrawn(std::iter::once(section));
        if remove.len() > MOST_HEADERS {
            let left = remove.split_off(MOST_HEADERS);
            let tells = |intent: &Intent| match intent {
                Intent::ExternalAuth { asks, .. } => asks.response_headers.iter().any(|name| left.contains(&name.to_ascii_lowercase())),
                _ => false,
            };
            for wish in estate.wishes.iter().filter(|wish| wish.intents.iter().any(tells)) {
                let facts = vec![("ingress", wish.route.to_string()), ("target", "agentgateway".to_owned())];
                own.findings.push((Code::AccessForgedHeader, facts));
            }
        }
        if !remove.is_empty() {
            groups.entry((&section.namespace, section.set.is_some(), remove)).or_default().push(section);
        }
    }
    let mut number = 0;
    for ((home, _, remove), sections) in groups {
        for sections in sections.chunks(MOST_PLACES) {
            number += 1;
            let to = |section: &&Section| match &section.set {
                Some(set) => target(Some(GATEWAY_API), "ListenerSet", set, Some(&section.name)),
                None => target(Some(GATEWAY_API), "Gateway", &section.gateway, Some(&section.name)),
            };
            let request = Some(Transform { remove: remove.clone(), ..Transform::default() });
            let traffic = Traffic {
                phase: Some(BEFORE_ROUTING.to_owned()),
                transformation: Some(Transformation { request, ..Transformation::default() }),
                ..Traffic::default()
            };
            let target_refs = sections.iter().map(to).collect();
            let policy = AgentgatewayPolicy { target_refs, traffic: Some(traffic), ..AgentgatewayPolicy::default() };
            let name =
                if number == 1 { format!("{}-clients", estate.gateway.name) } else { format!("{}-clients-{number}", estate.gateway.name) };
            own.platform.push(custom(home, name, &policy));
        }
    }
}

/// How a Service is reached; `None` where nobody wishes anything.
fn backend(intents: &[Intent]) -> Option<Backend> {
    let mut backend = Backend::default();
    for intent in intents {
        match intent {
            Intent::Timeouts { connect: Some(seconds), .. } => {
                backend.tcp = Some(Tcp { connect_timeout: Some(format!("{seconds}s")), ..Tcp::default() });
            }
            // nginx verifies nothing where the annotation says no more.
            Intent::BackendTls => backend.tls = Some(Tls { insecure_skip_verify: Some("All".to_owned()), ..Tls::default() }),
            _ => {}
        }
    }
    (backend != Backend::default()).then_some(backend)
}

/// One policy for rules of one namespace that wish the same.
fn of_rules(estate: &Estate, own: &mut Own) {
    // A policy names places of one kind.
    let mut groups: BTreeMap<(&str, &str, &[Intent]), Vec<&Wish>> = BTreeMap::new();
    for wish in &estate.wishes {
        groups.entry((&wish.route.namespace, wish.kind, &wish.intents)).or_default().push(wish);
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    let place = |wish: &Wish| (wish.route.clone(), wish.rule.clone());
    groups.sort_by_key(|((namespace, ..), wishes)| ((*namespace).to_owned(), place(wishes[0])));
    for ((namespace, _, intents), wishes) in groups {
        let Some(traffic) = traffic(intents, namespace) else { continue };
        for wishes in wishes.chunks(MOST_PLACES) {
            let name = match &wishes[0].rule {
                Some(rule) => format!("{}-{rule}", wishes[0].route.name),
                None => wishes[0].route.name.clone(),
            };
            let to = |wish: &&Wish| target(Some(GATEWAY_API), wish.kind, &wish.route.name, wish.rule.as_deref());
            let target_refs = wishes.iter().map(to).collect();
            let policy = AgentgatewayPolicy { target_refs, traffic: Some(traffic.clone()), ..AgentgatewayPolicy::default() };
            own.beside.push(custom(namespace, name, &policy));
        }
        for intent in intents {
            let Intent::ExternalAuth { asks, .. } = intent else { continue };
            let Some((service, _)) = service(asks).filter(|(service, _)| service.namespace != namespace) else { continue };
            let from = namespace.to_owned();
            own.references.push(Reference { group: GROUP, kind: "AgentgatewayPolicy", from, to: "Service", target: service });
        }
    }
}

fn traffic(intents: &[Intent], namespace: &str) -> Option<Traffic> {
    let mut traffic = Traffic::default();
    for intent in intents {
        match intent {
            Intent::AddressLists { allow, deny } => {
                let policy = Expressions { match_expressions: vec![addresses::expression(allow, deny)], ..Expressions::default() };
                traffic.authorization = Some(Authorization { action: Some("Require".to_owned()), policy, ..Authorization::default() });
            }
            Intent::BasicAuth { secret, realm, .. } => {
                let name = secret.split_once('/').map_or(secret.as_str(), |(_, name)| name).to_owned();
                let secret = PasswordRef { name, key: Some("auth".to_owned()), ..PasswordRef::default() };
                traffic.basic_authentication = Some(BasicAuthentication {
                    realm: (!realm.is_empty()).then(|| realm.clone()),
                    mode: Some("Strict".to_owned()),
                    secret_ref: Some(secret),
                    ..BasicAuthentication::default()
                });
            }
            Intent::ExternalAuth { asks, .. } => traffic.ext_auth = external(asks, namespace),
            Intent::Retry { conditions, tries, seconds: _ } => {
                let Retries { attempts, statuses, triggers: _ } = envoy::retries(conditions, *tries);
                traffic.retry = Some(Retry { attempts: Some(attempts), codes: statuses, ..Retry::default() });
            }
            Intent::BodyLimit { bytes: Some(bytes) } => {
                let limit = BufferLimit { max_bytes: Some(*bytes), ..BufferLimit::default() };
                traffic.buffer = Some(Buffer { request: Some(limit), ..Buffer::default() });
            }
            _ => {}
        }
    }
    (traffic != Traffic::default()).then_some(traffic)
}

fn service(asks: &AuthRequest) -> Option<(NamespacedName, u16)> {
    let (name, port) = asks.service.as_ref()?;
    let (namespace, name) = name.split_once('/')?;
    Some((NamespacedName::new(namespace, name), *port))
}

/// Path and added headers are expressions: a text stands between double quotes.
fn external(asks: &AuthRequest, namespace: &str) -> Option<ExtAuth> {
    let (service, port) = service(asks)?;
    let path = asks.path.as_ref()?;
    let backend_ref = BackendRef {
        name: service.name,
        namespace: (service.namespace != namespace).then_some(service.namespace),
        port: Some(port),
        ..BackendRef::default()
    };
    let http = HttpAuth {
        path: Some(serde_json::Value::from(path.as_str()).to_string()),
        allowed_request_headers: SHOWN.iter().map(|name| (*name).to_owned()).collect(),
        add_request_headers: [("x-original-url", ORIGINAL), ("x-original-method", "request.method")]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        redirect: signin::expression(asks).filter(|_| !asks.signin.is_empty()),
        allowed_response_headers: asks.response_headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        ..HttpAuth::default()
    };
    Some(ExtAuth { backend_ref, http: Some(http), failure_mode: Some("FailClosed".to_owned()), ..ExtAuth::default() })
}
