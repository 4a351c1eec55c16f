//! Listeners of Gateways and ListenerSets: which of them serve, on which port, for which hosts, routes and namespaces, with which
//! certificates.

use std::collections::BTreeMap;

use super::api::{self, Gateway, ListenerSet, Object, Protocol, TlsMode, status::GatewayStatus};
use super::config::Certificate;
use super::dialect::{BadCertificate, ListenerSets, ProtocolConflict, Target};
use super::facts::Facts;
use super::grants::{Grants, Referent, Referrer};
use super::hostname::Hostname;
use super::objects::Objects;
use super::policies::{Conduct, ListenerOf};
use super::status::{self, ListenerState, State};
use crate::k8s::{FieldPath, NamespacedName, ObjectId, Subject};
use crate::ledger::{Code, Finding, Findings};

/// Kinds of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names of the kinds")]
pub enum RouteKind {
    Http,
    Grpc,
    Tls,
}

impl RouteKind {
    /// The kind on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "HTTPRoute",
            Self::Grpc => "GRPCRoute",
            Self::Tls => "TLSRoute",
        }
    }
}

/// What a listener does with connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// TLS, ended here.
    Tls,
    /// TLS, handed through.
    Passthrough,
    /// Something that no HTTP request reaches.
    Other,
}

/// A listener.
#[derive(Debug)]
pub struct Listener<'a> {
    /// The place in its owner.
    pub origin: Subject,
    /// The Gateway that it belongs to in the end.
    pub gateway: NamespacedName,
    /// It comes from a ListenerSet.
    pub from_set: bool,
    /// The object as written.
    pub spec: &'a api::Listener,
    /// Its hostname.
    pub hostname: Hostname,
    /// What it does with connections.
    pub speaks: Speaks,
    /// Kinds that may attach.
    pub kinds: Vec<RouteKind>,
    /// Certificates that can be served.
    pub certificates: Vec<Certificate>,
    /// Conditions.
    pub state: ListenerState,
    /// A policy or setting that the model does not know.
    pub unmodelled: Option<String>,
    /// What policies do to its connections.
    pub conduct: Conduct,
    /// Secret of the certificate that its Gateway shows backends.
    pub shown: Option<NamespacedName>,
}

impl Listener<'_> {
    /// The listener as policies name it.
    pub fn place(&self) -> ListenerOf<'_> {
        ListenerOf { gateway: &self.gateway, set: self.from_set.then_some(&self.state.owner), name: &self.spec.name }
    }

    /// Whether it serves requests.
    pub fn serves(&self) -> bool {
        self.state.programmed.is_ok()
    }
}

/// Where listeners come from.
struct Owner<'a> {
    id: ObjectId,
    kind: &'static str,
    name: NamespacedName,
    gateway: NamespacedName,
    listeners: &'a [api::Listener],
    status: &'a GatewayStatus,
    generation: Option<i64>,
    refused: bool,
    unmodelled: Option<String>,
    shown: Option<NamespacedName>,
}

/// What listeners are made from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// Objects.
    pub objects: &'a Objects,
    /// Services, Secrets, Namespaces.
    pub facts: &'a Facts<'a>,
    /// Grants.
    pub grants: &'a Grants<'a>,
    /// The dialect.
    pub target: &'static Target,
    /// Only this Gateway, if any.
    pub only: Option<&'a NamespacedName>,
}

/// All listeners of the Gateways that the target's controller takes, in the order in which conflicts are settled.
pub fn listeners<'a>(sources: Sources<'a>, findings: &mut Findings) -> Vec<Listener<'a>> {
    let mut found = Vec::new();
    for owner in owners(sources, findings) {
        for (position, spec) in owner.listeners.iter().enumerate() {
            found.push(listener(&owner, position, spec, sources, findings));
        }
    }
    settle_conflicts(&mut found, *sources.target.dialect.protocol_conflict);
    for listener in &mut found {
        if let Some(reason) = listener.state.conflicted {
            listener.state.accepted = Err(reason);
            listener.state.programmed = Err(reason);
        }
    }
    found
}

fn owners<'a>(sources: Sources<'a>, findings: &mut Findings) -> Vec<Owner<'a>> {
    let classes: BTreeMap<&str, &api::GatewayClass> = sources
        .objects
        .typed
        .iter()
        .filter_map(|(_, object)| match object {
            Object::GatewayClass(class) => Some((class.metadata.name.as_str(), &**class)),
            _ => None,
        })
        .collect();
    let mut gateways: BTreeMap<NamespacedName, (ObjectId, &Gateway)> = BTreeMap::new();
    for (id, object) in &sources.objects.typed {
        let Object::Gateway(gateway) = object else { continue };
        let name = NamespacedName::new(&gateway.metadata.namespace, &gateway.metadata.name);
        let controller = classes.get(gateway.spec.gateway_class_name.as_str()).map(|class| class.spec.controller_name.as_str());
        let wanted = sources.target.controller_name.as_str();
        if controller.is_some_and(|controller| !wanted.is_empty() && controller != wanted) {
            let facts = vec![("class", gateway.spec.gateway_class_name.clone()), ("controller", controller.unwrap_or_default().to_owned())];
            findings.push(Finding::about(Code::GatewayOtherController, Subject::new(*id, ["spec", "gatewayClassName"]), facts));
            continue;
        }
        if sources.only.is_none_or(|only| *only == name) {
            gateways.insert(name, (*id, gateway));
        }
    }
    let mut owners: Vec<Owner<'a>> = Vec::new();
    for (name, (id, gateway)) in &gateways {
        let client_certificates = gateway.spec.tls.as_ref().is_some_and(|tls| tls.frontend.is_some());
        owners.push(Owner {
            id: *id,
            kind: "Gateway",
            name: name.clone(),
            gateway: name.clone(),
            listeners: &gateway.spec.listeners,
            status: &gateway.status,
            generation: gateway.metadata.generation,
            refused: report_refused(*id, &gateway.status.conditions, &["Accepted", "Programmed"], gateway.metadata.generation, findings),
            unmodelled: client_certificates.then(|| "client certificates".to_owned()),
            shown: shown(gateway),
        });
    }
    if *sources.target.dialect.listener_sets == ListenerSets::Ignored {
        return owners;
    }
    let mut sets: Vec<(ObjectId, &ListenerSet)> = sources
        .objects
        .typed
        .iter()
        .filter_map(|(id, object)| match object {
            Object::ListenerSet(set) => Some((*id, &**set)),
            _ => None,
        })
        .collect();
    sets.sort_by_key(|(_, set)| (&set.metadata.creation_timestamp, &set.metadata.namespace, &set.metadata.name));
    for (id, set) in sets {
        let meta = &set.metadata;
        let parent = &set.spec.parent_ref;
        let name = NamespacedName::new(parent.namespace.as_ref().unwrap_or(&meta.namespace), &parent.name);
        let Some((_, gateway)) = gateways.get(&name) else { continue };
        let allowed = gateway.spec.allowed_listeners.as_ref().and_then(|allowed| allowed.namespaces.as_ref());
        if !allows(allowed, &api::FromNamespaces::None, &name.namespace, &meta.namespace, sources.facts) {
            findings.push(Finding::about(
                Code::GatewayListenerSetNotAllowed,
                Subject::new(id, ["spec", "parentRef"]),
                vec![("gateway", name.to_string())],
            ));
            continue;
        }
        owners.push(Owner {
            id,
            kind: "ListenerSet",
            name: NamespacedName::new(&meta.namespace, &meta.name),
            gateway: name,
            listeners: &set.spec.listeners,
            status: &set.status,
            generation: meta.generation,
            refused: report_refused(id, &set.status.conditions, &["Accepted", "Programmed"], meta.generation, findings),
            unmodelled: None,
            shown: shown(gateway),
        });
    }
    owners
}

/// Secret of the certificate that a Gateway shows backends.
fn shown(gateway: &Gateway) -> Option<NamespacedName> {
    let backend = gateway.spec.tls.as_ref()?.backend.as_ref()?;
    let secret = backend.client_certificate_ref.as_ref()?;
    Some(NamespacedName::new(secret.namespace.as_ref().unwrap_or(&gateway.metadata.namespace), &secret.name))
}

/// Whether a condition of a manifest says that the object does not serve; a finding names it.
pub fn report_refused(
    id: ObjectId,
    conditions: &[api::status::Condition],
    kinds: &[&str],
    generation: Option<i64>,
    findings: &mut Findings,
) -> bool {
    let mut any = false;
    for kind in kinds {
        if let Some(condition) = status::refused(conditions, kind, generation) {
            let facts =
                vec![("condition", condition.kind.clone()), ("reason", condition.reason.clone()), ("message", condition.message.clone())];
            findings.push(Finding::about(Code::GatewayConditionFalse, Subject::new(id, FieldPath::from(["status"])), facts));
            any = true;
        }
    }
    any
}

/// Whether `from` allows a namespace, with the default of the field.
pub fn allows(from: Option<&api::FromNamespaces>, default: &api::FromNamespaces, own: &str, namespace: &str, facts: &Facts<'_>) -> bool {
    let from = match from {
        None | Some(api::FromNamespaces::Unspecified) => default,
        Some(from) => from,
    };
    match from {
        api::FromNamespaces::All => true,
        api::FromNamespaces::Same | api::FromNamespaces::Unspecified => own == namespace,
        api::FromNamespaces::None => false,
        api::FromNamespaces::Selector(selector) => facts.selects(selector, namespace),
    }
}

fn listener<'a>(
    owner: &Owner<'a>,
    position: usize,
    spec: &'a api::Listener,
    sources: Sources<'a>,
    findings: &mut Findings,
) -> Listener<'a> {
    let origin = Subject::new(owner.id, FieldPath::from(["spec", "listeners"]).child(position));
    let mode = spec.tls.as_ref().and_then(|tls| tls.mode).unwrap_or(TlsMode::Terminate);
    let speaks = match (&spec.protocol, mode) {
        (Protocol::Http, _) => Speaks::Http,
        (Protocol::Https, _) => Speaks::Https,
        (Protocol::Tls, TlsMode::Terminate) => Speaks::Tls,
        (Protocol::Tls, TlsMode::Passthrough) => Speaks::Passthrough,
        (Protocol::Tcp | Protocol::Udp | Protocol::Other(_), _) => Speaks::Other,
    };
    let (kinds, kinds_state) = kinds(spec, speaks);
    let (certificates, certificate_state) = match speaks {
        Speaks::Https | Speaks::Tls => certificates(owner, spec, sources),
        Speaks::Http | Speaks::Passthrough | Speaks::Other => (Vec::new(), Ok(())),
    };
    let accepted = if matches!(spec.protocol, Protocol::Other(_)) { Err("UnsupportedProtocol") } else { Ok(()) };
    let partly = *sources.target.dialect.bad_certificate == BadCertificate::Skipped && !certificates.is_empty();
    let resolved = kinds_state.and(certificate_state);
    let fails = kinds_state.is_err() || (certificate_state.is_err() && !partly);
    let conditions = owner.status.listeners.iter().find(|status| status.name == spec.name).map_or(&[][..], |status| &status.conditions);
    let refused = report_refused(owner.id, conditions, &["Accepted", "Programmed"], owner.generation, findings) || owner.refused;
    if certificate_state.is_err() {
        let facts = vec![("listener", spec.name.clone()), ("reason", certificate_state.err().unwrap_or_default().to_owned())];
        findings.push(Finding::about(Code::GatewayCertificateMissing, origin.clone(), facts));
    }
    Listener {
        origin,
        gateway: owner.gateway.clone(),
        from_set: owner.kind == "ListenerSet",
        hostname: Hostname::parse(spec.hostname.as_deref()),
        speaks,
        kinds,
        certificates,
        state: ListenerState {
            kind: owner.kind,
            owner: owner.name.clone(),
            name: spec.name.clone(),
            accepted,
            programmed: if fails || refused || accepted.is_err() { Err("Invalid") } else { Ok(()) },
            resolved,
            conflicted: None,
            attached: 0,
        },
        conduct: Conduct::default(),
        shown: owner.shown.clone(),
        unmodelled: owner.unmodelled.clone().or_else(|| spec.filters.as_ref().map(|_| "filters of a listener".to_owned())),
        spec,
    }
}

fn kinds(spec: &api::Listener, speaks: Speaks) -> (Vec<RouteKind>, State) {
    let (possible, others): (&[RouteKind], &[&str]) = match speaks {
        Speaks::Http | Speaks::Https => (&[RouteKind::Http, RouteKind::Grpc], &[]),
        Speaks::Tls => (&[RouteKind::Tls], &["TCPRoute"]),
        Speaks::Passthrough => (&[RouteKind::Tls], &[]),
        Speaks::Other => (&[], &["TCPRoute", "UDPRoute"]),
    };
    let wanted = spec.allowed_routes.as_ref().map_or(&[][..], |allowed| &allowed.kinds);
    if wanted.is_empty() {
        return (possible.to_vec(), Ok(()));
    }
    let mut kinds = Vec::new();
    let mut state = Ok(());
    for kind in wanted {
        let group = kind.group.as_deref().unwrap_or(api::GROUP);
        match possible.iter().find(|possible| possible.as_str() == kind.kind) {
            Some(known) if group == api::GROUP => kinds.push(*known),
            Some(_) | None if group == api::GROUP && others.contains(&kind.kind.as_str()) => {}
            Some(_) | None => state = Err("InvalidRouteKinds"),
        }
    }
    (kinds, state)
}

fn certificates(owner: &Owner<'_>, spec: &api::Listener, sources: Sources<'_>) -> (Vec<Certificate>, State) {
    let references = spec.tls.as_ref().map_or(&[][..], |tls| &tls.certificate_refs);
    let mut certificates = Vec::new();
    let mut state = if references.is_empty() { Err("InvalidCertificateRef") } else { Ok(()) };
    for reference in references {
        let namespace = reference.namespace.as_deref().unwrap_or(&owner.name.namespace);
        if reference.kind() != "Secret" || !reference.group().is_empty() {
            state = Err("InvalidCertificateRef");
            continue;
        }
        let to = Referent { group: "", kind: "Secret", namespace, name: &reference.name };
        if !sources.grants.allow(Referrer { kind: owner.kind, namespace: &owner.name.namespace }, to) {
            state = Err("RefNotPermitted");
            continue;
        }
        let secret = NamespacedName::new(namespace, &reference.name);
        if !sources.facts.has_certificate(&secret) {
            state = Err("InvalidCertificateRef");
            continue;
        }
        certificates.push(Certificate {
            names: sources.facts.certificate_names(&secret),
            secret: secret.to_string(),
            asked: Vec::new(),
            asked_exactly: Vec::new(),
        });
    }
    (certificates, state)
}

/// Listeners of one Gateway and port must not have one hostname twice nor mix TLS and plain text. Inside a Gateway nobody wins; a
/// Gateway wins over ListenerSets, and an older ListenerSet over a younger one.
fn settle_conflicts(listeners: &mut [Listener<'_>], protocols: ProtocolConflict) {
    let mut by_port: BTreeMap<(NamespacedName, u16), Vec<usize>> = BTreeMap::new();
    for (index, listener) in listeners.iter().enumerate() {
        if listener.serves() {
            by_port.entry((listener.gateway.clone(), listener.spec.port)).or_default().push(index);
        }
    }
    for members in by_port.into_values() {
        if protocols == ProtocolConflict::NoneServes {
            settle_protocols(listeners, &members);
        }
        let mut names: BTreeMap<(u8, String), Vec<usize>> = BTreeMap::new();
        for &index in members.iter().filter(|&&index| listeners[index].state.conflicted.is_none()) {
            names.entry((transport(&listeners[index]), listeners[index].hostname.to_string())).or_default().push(index);
        }
        for same in names.into_values().filter(|same| same.len() > 1) {
            let first = listeners[same[0]].state.owner.clone();
            let first_is_alone = same.iter().filter(|&&index| listeners[index].state.owner == first).count() == 1;
            for (position, &index) in same.iter().enumerate() {
                if position > 0 || !first_is_alone {
                    listeners[index].state.conflicted = Some("HostnameConflict");
                }
            }
        }
    }
}

/// What goes together on one port.
const fn transport(listener: &Listener<'_>) -> u8 {
    match listener.speaks {
        Speaks::Http => 0,
        Speaks::Https | Speaks::Tls | Speaks::Passthrough => 1,
        Speaks::Other => 2,
    }
}

/// A Gateway that disagrees with itself loses the port for everybody; one that agrees wins it; without one the first ListenerSet that
/// agrees with itself does.
fn settle_protocols(listeners: &mut [Listener<'_>], members: &[usize]) {
    let mut of_gateway: Vec<u8> =
        members.iter().filter(|&&index| !listeners[index].from_set).map(|&index| transport(&listeners[index])).collect();
    of_gateway.sort_unstable();
    of_gateway.dedup();
    let mut by_set: BTreeMap<NamespacedName, Vec<u8>> = BTreeMap::new();
    for &index in members.iter().filter(|&&index| listeners[index].from_set) {
        by_set.entry(listeners[index].state.owner.clone()).or_default().push(transport(&listeners[index]));
    }
    let mut winner = of_gateway.first().copied();
    for &index in members {
        let listener = &mut listeners[index];
        let mixed = winner.is_none() && by_set.get(&listener.state.owner).is_some_and(|all| all.iter().any(|one| *one != all[0]));
        if of_gateway.len() > 1 || mixed || winner.is_some_and(|winner| winner != transport(listener)) {
            listener.state.conflicted = Some("ProtocolConflict");
        } else {
            winner = Some(transport(listener));
        }
    }
}
