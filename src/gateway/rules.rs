//! Rules of routes as one dialect reads them: filters, backends with their faults, timeouts.

use std::collections::{BTreeMap, BTreeSet};

use super::api::{self, ExplicitRef, GROUP};
use super::config::{Backend, Rule};
use super::dialect::{BackendFilters, FilterFaults, GrpcBackends, MirrorFaults, Port443, Target, Timeouts};
use super::facts::{BackendFault, Facts};
use super::filter::{Known, Plan};
use super::grants::{Grants, Referent, Referrer};
use super::objects::Objects;
use super::policies::{self, Substitute};
use super::status::State;
use crate::k8s::{NamespacedName, ObjectRef, Subject};
use crate::request::{Authorities, Handshake, Speech, Verification};

/// `appProtocol` of ports that speak HTTP/2 without TLS.
pub const H2C: &str = "kubernetes.io/h2c";
/// `appProtocol` of ports that speak `WebSocket`.
const WS: &str = "kubernetes.io/ws";

/// What rules are made from.
#[derive(Debug, Clone, Copy)]
pub struct Maker<'a> {
    /// Services.
    pub facts: &'a Facts<'a>,
    /// Grants.
    pub grants: &'a Grants<'a>,
    /// The dialect.
    pub target: &'static Target,
    /// What the model does not know about objects, by group, kind, namespace and name.
    pub policies: &'a Policies,
    /// Policies and filters that are understood.
    pub understood: &'a policies::Policies,
}

/// Group, kind, namespace and name.
type Name = (String, String, String, String);

/// Policies of implementations by what they are attached to.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    by_target: BTreeMap<Name, Vec<(Option<String>, String)>>,
    by_kind: BTreeMap<(String, String, String), String>,
    objects: BTreeMap<Name, bool>,
    tls: BTreeMap<NamespacedName, Vec<TlsWish>>,
}

/// What a BackendTLSPolicy wants of a Service.
#[derive(Debug, Clone)]
struct TlsWish {
    /// Name of a port; every port where absent.
    port: Option<String>,
    /// ConfigMaps with authorities.
    authorities: Vec<NamespacedName>,
    /// Something that cannot be resolved.
    broken: bool,
    /// What is done in the handshake.
    handshake: Handshake,
}

impl Policies {
    /// The policies among the objects that nobody understands.
    pub fn of(objects: &Objects, understood: &policies::Policies) -> Self {
        let mut policies = Self::default();
        for foreign in objects.foreign.iter().filter(|foreign| !understood.understood.contains(&foreign.id)) {
            let object = &foreign.object;
            let name = (object.group.clone(), object.kind.clone(), object.namespace.clone(), object.name.clone());
            policies.objects.insert(name, foreign.adds_matches);
            for target in &foreign.targets {
                let (group, kind, namespace) = (target.group.clone(), target.kind.clone(), target.namespace.clone());
                let label = foreign.object.to_string();
                match &target.name {
                    Some(name) => {
                        policies.by_target.entry((group, kind, namespace, name.clone())).or_default().push((target.section.clone(), label));
                    }
                    None => {
                        policies.by_kind.entry((group, kind, namespace)).or_insert(label);
                    }
                }
            }
        }
        for (_, object) in &objects.typed {
            let api::Object::BackendTlsPolicy(policy) = object else { continue };
            for target in policy.spec.target_refs.iter().filter(|target| target.group.is_empty() && target.kind == "Service") {
                let name = NamespacedName::new(&policy.metadata.namespace, &target.name);
                policies.tls.entry(name).or_default().push(TlsWish::of(policy, target));
            }
        }
        policies
    }

    /// The BackendTLSPolicy of a port: of one that names the port before one that names the Service.
    fn tls(&self, service: &NamespacedName, port: Option<&str>) -> Option<&TlsWish> {
        let wishes = self.tls.get(service)?;
        let named = wishes.iter().find(|wish| wish.port.is_some() && wish.port.as_deref() == port);
        named.or_else(|| wishes.iter().find(|wish| wish.port.is_none()))
    }

    /// Whether an object of an implementation was read, and then whether it adds matches.
    pub fn knows(&self, group: &str, kind: &str, namespace: &str, name: &str) -> Option<bool> {
        if self.objects.is_empty() {
            return None;
        }
        self.objects.get(&(group.to_owned(), kind.to_owned(), namespace.to_owned(), name.to_owned())).copied()
    }

    /// The first policy on an object, or on a section of it.
    pub fn on(&self, group: &str, kind: &str, namespace: &str, name: &str, section: Option<&str>) -> Option<String> {
        if self.by_target.is_empty() && self.by_kind.is_empty() {
            return None;
        }
        let key = (group.to_owned(), kind.to_owned(), namespace.to_owned(), name.to_owned());
        let direct = self.by_target.get(&key).into_iter().flatten();
        let direct = direct.filter(|(wanted, _)| wanted.is_none() || wanted.as_deref() == section).map(|(_, label)| label).next();
        direct.or_else(|| self.by_kind.get(&(key.0, key.1, key.2))).cloned()
    }
}

impl TlsWish {
    fn of(policy: &api::BackendTlsPolicy, target: &api::PolicyTarget) -> Self {
        let validation = &policy.spec.validation;
        let references = &validation.ca_certificate_refs;
        let maps = references.iter().filter(|reference| reference.group.is_empty() && reference.kind == "ConfigMap");
        Self {
            port: target.section_name.clone(),
            authorities: maps.map(|map| NamespacedName::new(&policy.metadata.namespace, &map.name)).collect(),
            broken: references.is_empty() && validation.well_known_ca_certificates.is_none(),
            handshake: Handshake {
                verification: verification(validation, &policy.metadata.namespace),
                server_name: Some(validation.hostname.to_ascii_lowercase()),
                shown: None,
            },
        }
    }
}

/// How a policy looks at certificates.
fn verification(validation: &api::BackendValidation, namespace: &str) -> Verification {
    let api::BackendValidation { ca_certificate_refs, well_known_ca_certificates, hostname, subject_alt_names } = validation;
    let object = |reference: &ExplicitRef| ObjectRef {
        group: reference.group.clone(),
        kind: reference.kind.clone(),
        namespace: namespace.to_owned(),
        name: reference.name.clone(),
    };
    let authorities = match well_known_ca_certificates {
        Some(word) => Authorities::WellKnown(word.clone()),
        None => Authorities::Of(ca_certificate_refs.iter().map(object).collect()),
    };
    let alternatives = subject_alt_names.iter().filter_map(|name| name.hostname.as_ref().or(name.uri.as_ref()));
    let mut names: BTreeSet<String> = alternatives.map(|name| name.to_ascii_lowercase()).collect();
    if names.is_empty() {
        names.insert(hostname.to_ascii_lowercase());
    }
    Verification::By { authorities, names }
}

/// A backend reference, whatever route it stands in.
struct Reference<'r> {
    group: &'r str,
    kind: &'r str,
    namespace: &'r str,
    name: &'r str,
    port: Option<u16>,
}

/// A rule and the state of its references.
pub struct Made {
    /// The rule.
    pub rule: Rule,
    /// `ResolvedRefs`, as far as this rule goes.
    pub resolved: State,
    /// The rule is not accepted, which makes the route partially invalid.
    pub refused: bool,
}

impl Maker<'_> {
    /// A rule of an HTTPRoute.
    pub fn http(&self, route: &api::HttpRoute, rule: &api::HttpRule, origin: Subject) -> Made {
        let namespace = route.metadata.namespace.as_str();
        let plan = Plan::of_http(&rule.filters, &self.target.dialect, &|reference| self.knows(namespace, reference));
        let backends: Vec<(u64, api::BackendObjectRef, Plan)> = rule
            .backend_refs
            .iter()
            .map(|backend| {
                let plan = Plan::of_http(&backend.filters, &self.target.dialect, &|reference| self.knows(namespace, reference));
                (u64::from(backend.weight()), backend.target(), plan)
            })
            .collect();
        let mut made = self.make("HTTPRoute", &route.metadata, rule.name.as_deref(), plan, backends, origin);
        if !rule.filters.is_empty() {
            made.rule.bare_status = *self.target.dialect.only_filters_status;
        }
        made.rule.timeout = self.timeout(rule.timeouts).into_iter().chain(made.rule.timeout).min();
        made.rule.timed = rule.timeouts.is_some_and(|timeouts| timeouts.request.or(timeouts.backend_request).is_some());
        if rule.session_persistence.is_some() {
            made.rule.plan.response.retain(|(name, _)| name != "set-cookie");
        }
        made
    }

    /// A rule of a GRPCRoute.
    pub fn grpc(&self, route: &api::GrpcRoute, rule: &api::GrpcRule, origin: Subject) -> Made {
        let namespace = route.metadata.namespace.as_str();
        let plan = Plan::of_grpc(&rule.filters, &self.target.dialect, |reference| self.knows(namespace, reference));
        let backends: Vec<(u64, api::BackendObjectRef, Plan)> = rule
            .backend_refs
            .iter()
            .map(|backend| {
                let plan = Plan::of_grpc(&backend.filters, &self.target.dialect, |reference| self.knows(namespace, reference));
                (u64::from(backend.weight()), backend.target(), plan)
            })
            .collect();
        let mut made = self.make("GRPCRoute", &route.metadata, rule.name.as_deref(), plan, backends, origin);
        let dialect = &self.target.dialect;
        let reached = made.rule.backends.iter().any(|backend| backend.weight > 0 && backend.target.is_ok());
        let status = if reached { *dialect.grpc_share_status } else { *dialect.grpc_fault_status };
        for backend in made.rule.backends.iter_mut().filter(|backend| backend.target == Err(500)) {
            backend.target = Err(status);
        }
        made.rule.fault_status = *dialect.grpc_fault_status;
        made.rule.bare_status = *dialect.only_filters_status;
        made.rule.timeout = self.timeout(None);
        made
    }

    /// A rule of a TLSRoute.
    pub fn tls(&self, route: &api::TlsRoute, rule: &api::TlsRule, origin: Subject) -> Made {
        let backends = rule.backend_refs.iter().map(|backend| (u64::from(backend.weight()), backend.target(), Plan::default())).collect();
        self.make("TLSRoute", &route.metadata, rule.name.as_deref(), Plan::default(), backends, origin)
    }

    fn make(
        &self,
        kind: &str,
        route: &api::Meta,
        name: Option<&str>,
        mut plan: Plan,
        references: Vec<(u64, api::BackendObjectRef, Plan)>,
        origin: Subject,
    ) -> Made {
        let refused = plan.failure.is_some() && !plan.dangling;
        let mut resolved: State = if plan.dangling { Err("BackendNotFound") } else { Ok(()) };
        let mut unmodelled = self.policies.on(GROUP, kind, &route.namespace, &route.name, name);
        for mirror in &plan.mirrors {
            if let Err(fault) = self.backend(kind, route, &mirror.backend_ref, &mut unmodelled) {
                // A copy for a Service without endpoints is lost, nothing else.
                if fault != BackendFault::NoEndpoints && *self.target.dialect.mirror_faults != MirrorFaults::Ignored {
                    resolved = Err(reason(fault));
                    if *self.target.dialect.mirror_faults == MirrorFaults::Copies {
                        continue;
                    }
                    plan.failure.get_or_insert_with(|| format!("the mirror `{}` is not there", mirror.backend_ref.name));
                }
            }
        }
        let mut backends = Vec::with_capacity(references.len());
        let talks = |reference: &api::BackendObjectRef| {
            let namespace = reference.namespace.as_ref().unwrap_or(&route.namespace);
            reference.group().is_empty()
                && self
                    .facts
                    .port(&NamespacedName::new(namespace, &reference.name), reference.port)
                    .is_some_and(|port| port.app_protocol == WS)
        };
        plan.websockets = references.iter().any(|(_, reference, _)| talks(reference));
        let mut dropped = plan.dropped.take();
        let mut faults = Vec::new();
        for (weight, reference, mut plan) in references {
            // Filters of a backend belong to what is made of its Service, and nothing is made of a named object.
            if !reference.group().is_empty() && self.target.dialect.looks_up(reference.kind()) {
                plan = Plan { failure: plan.failure, ..Plan::default() };
            }
            if *self.target.dialect.backend_filters == BackendFilters::Ignored {
                plan = Plan { rewrite: None, redirect: None, mirrors: Vec::new(), ..plan };
            }
            let target = self.backend(kind, route, &reference, &mut unmodelled);
            if dropped.is_none() {
                let unmade =
                    (target == Err(BackendFault::Unmade)).then(|| format!("{} {} is missing or broken", reference.kind(), reference.name));
                dropped = plan.dropped.clone().or(unmade);
            }
            if let Err(fault) = target
                && !matches!(fault, BackendFault::UnverifiedTls | BackendFault::Unmade)
                && (fault != BackendFault::NoEndpoints
                    || *self.target.dialect.no_endpoints_status == 500
                    || *self.target.dialect.no_slices_status == 500)
            {
                resolved = Err(reason(fault));
            }
            if let Some(filter) = &plan.unmodelled {
                unmodelled.get_or_insert_with(|| filter.clone());
            }
            if plan.effect.is_some() || plan.regex.is_some() {
                unmodelled.get_or_insert_with(|| "what a filter of the implementation does for a backend".to_owned());
            }
            let rewrites_path = plan.rewrite.as_ref().is_some_and(|rewrite| rewrite.path.is_some());
            let refused = *self.target.dialect.backend_filters == BackendFilters::HostOnly
                && (rewrites_path || plan.redirect.is_some() || !plan.mirrors.is_empty() || plan.cors.is_some());
            if let Err(fault) = target {
                let namespace = reference.namespace.as_deref().unwrap_or(&route.namespace);
                let port = reference.port.map(|port| format!(":{port}")).unwrap_or_default();
                faults.push(format!("{} {namespace}/{}{port} {}", reference.kind(), reference.name, words(fault)));
            }
            let (speech, handshake) = self.spoken_to(kind, route, &reference);
            let others = *self.target.dialect.no_slices_status;
            let or = (target == Err(BackendFault::NoEndpoints) && others > 0 && kind == "HTTPRoute").then_some(others);
            let target = if plan.failure.is_some() || refused {
                resolved = Err("UnsupportedRefValue");
                Err(500)
            } else {
                target.map_err(|fault| self.status(fault))
            };
            if plan.redirect.is_some() && !refused {
                unmodelled.get_or_insert_with(|| "a redirect of a backend".to_owned());
            }
            let patience = self.patience(route, &reference);
            backends.push(Backend { weight, target, or, speech, handshake, patience, plan: plan.shared() });
        }
        if let Some(filter) = &plan.unmodelled {
            unmodelled.get_or_insert_with(|| filter.clone());
        }
        plan.dropped = dropped;
        if *self.target.dialect.filter_faults == FilterFaults::Silent && plan.failure.is_some() {
            resolved = Ok(());
        }
        let rule = Rule {
            faults,
            origin,
            plan,
            timeout: patience_of_all(&backends),
            backends,
            timed: false,
            policy: None,
            fault_status: 500,
            bare_status: 500,
            unmodelled,
        };
        Made { rule, resolved, refused }
    }

    fn backend(
        &self,
        kind: &str,
        route: &api::Meta,
        to: &api::BackendObjectRef,
        unmodelled: &mut Option<String>,
    ) -> Result<String, BackendFault> {
        let namespace = to.namespace.as_deref().unwrap_or(&route.namespace);
        let to = Reference { group: to.group(), kind: to.kind(), namespace, name: &to.name, port: to.port };
        if self.policies.knows(to.group, to.kind, to.namespace, to.name).is_some() {
            let name = format!("{} {}/{}", to.kind, to.namespace, to.name);
            unmodelled.get_or_insert_with(|| name.clone());
            let named = self.target.dialect.looks_up(to.kind);
            return if named { Ok(name) } else { Err(BackendFault::Kind) };
        }
        let referent = Referent { group: to.group, kind: to.kind, namespace: to.namespace, name: to.name };
        if !self.grants.allow(Referrer { kind, namespace: &route.namespace }, referent) {
            return Err(BackendFault::NotPermitted);
        }
        if !to.group.is_empty() || to.kind != "Service" {
            let name = NamespacedName::new(to.namespace, to.name);
            let named = self.target.dialect.looks_up(to.kind) || self.understood.substitute(to.kind, name.clone()).is_some();
            return if named && kind == "HTTPRoute" { self.stand_in(to.kind, name, unmodelled) } else { Err(BackendFault::Kind) };
        }
        let name = NamespacedName::new(to.namespace, to.name);
        let wish = self.tls_of(&name, to.port);
        if let Some(fault) = self.facts.service_fault(&name, to.port, *self.target.dialect.port443) {
            // Backends of gRPC and TLS routes are not spoken to in HTTP over TLS.
            let said = wish.is_some() || self.understood.tls_to(&name, to.port).is_some();
            let of_http = matches!(fault, BackendFault::UnverifiedTls | BackendFault::Protocol);
            if !of_http || (kind == "HTTPRoute" && !said) {
                return Err(fault);
            }
        }
        let broken = |wish: &TlsWish| wish.broken || !wish.authorities.iter().all(|map| self.facts.has_authorities(map));
        if kind != "TLSRoute" && wish.is_some_and(broken) {
            return Err(BackendFault::BrokenTls);
        }
        if let Some(policy) = self.policies.on("", "Service", to.namespace, to.name, None) {
            unmodelled.get_or_insert(policy);
        }
        Ok(format!("{name}:{}", to.port.unwrap_or_default()))
    }

    /// The port that an object of the implementation stands for.
    fn stand_in(&self, kind: &str, name: NamespacedName, unmodelled: &mut Option<String>) -> Result<String, BackendFault> {
        let Some(Substitute::Port { service, port, address, speech, handshake: _, patience: _ }) = self.understood.substitute(kind, name)
        else {
            return Err(BackendFault::Unmade);
        };
        let looked_up = self.target.dialect.looks_up(kind);
        match self.facts.service_fault(service, Some(*port), Port443::Plain) {
            None => {}
            Some(BackendFault::NoEndpoints) if *address => {
                unmodelled.get_or_insert_with(|| format!("the address of Service {service} without endpoints"));
            }
            // A name is asked of the DNS when requests come.
            Some(_) if !looked_up => drop(unmodelled.get_or_insert_with(|| format!("the name of Service {service}"))),
            Some(_) => return Err(BackendFault::Unmade),
        }
        if *address && self.facts.is_headless(service) {
            if looked_up {
                return Err(BackendFault::Unmade);
            }
            unmodelled.get_or_insert_with(|| format!("the name of Service {service}, which has no address"));
        }
        if speech.is_none() && self.facts.is_named_https(service, *port) {
            return Err(BackendFault::UnverifiedTls);
        }
        Ok(format!("{service}:{port}"))
    }

    fn tls_of(&self, service: &NamespacedName, port: Option<u16>) -> Option<&TlsWish> {
        self.policies.tls(service, self.facts.port(service, port).map(|port| port.name.as_str()))
    }

    /// How a backend is spoken to, and what is done in the handshake: a GRPCRoute asks for HTTP/2, and so does the port of a Service; a
    /// policy, or what stands in its place, asks for TLS.
    fn spoken_to(&self, kind: &str, route: &api::Meta, to: &api::BackendObjectRef) -> (Speech, Option<Handshake>) {
        let name = NamespacedName::new(to.namespace.as_ref().unwrap_or(&route.namespace), &to.name);
        if !to.group().is_empty() {
            let Some(Substitute::Port { speech, handshake, .. }) = self.understood.substitute(to.kind(), name) else {
                return (Speech::Http, None);
            };
            return (speech.unwrap_or(Speech::Http), handshake.clone());
        }
        let by_policy = || Some(Handshake { verification: self.understood.tls_to(&name, to.port)?.clone(), ..Handshake::default() });
        let handshake = self.tls_of(&name, to.port).map(|wish| wish.handshake.clone()).or_else(by_policy);
        let h2c = self.facts.port(&name, to.port).is_some_and(|port| port.app_protocol == H2C);
        let calls = kind == "GRPCRoute" && *self.target.dialect.grpc_backends == GrpcBackends::Http2;
        (Speech::http(calls || h2c, handshake.is_some()), handshake)
    }

    /// Milliseconds to the head of an answer that an object of the implementation gives a backend.
    fn patience(&self, route: &api::Meta, to: &api::BackendObjectRef) -> Option<u64> {
        let name = NamespacedName::new(to.namespace.as_ref().unwrap_or(&route.namespace), &to.name);
        match self.understood.substitute(to.kind(), name) {
            Some(Substitute::Port { patience, .. }) if !to.group().is_empty() => *patience,
            Some(Substitute::Port { .. } | Substitute::Broken(_)) | None => None,
        }
    }

    fn status(&self, fault: BackendFault) -> u16 {
        match fault {
            BackendFault::NoEndpoints => *self.target.dialect.no_endpoints_status,
            BackendFault::Kind
            | BackendFault::NotPermitted
            | BackendFault::Absent
            | BackendFault::Port
            | BackendFault::ExternalName
            | BackendFault::UnverifiedTls
            | BackendFault::BrokenTls
            | BackendFault::Protocol
            | BackendFault::Unmade => 500,
        }
    }

    /// Whether the object that an `ExtensionRef` names was read.
    fn knows(&self, namespace: &str, reference: &ExplicitRef) -> Known<'_> {
        if let Some(filter) = self.understood.filter_of(&reference.kind, namespace, &reference.name) {
            return Known::Filter(filter);
        }
        match self.policies.knows(&reference.group, &reference.kind, namespace, &reference.name) {
            Some(adds_matches) => Known::Opaque { adds_matches },
            None if self.is_foreign(&reference.group) => Known::Foreign,
            None => Known::Absent,
        }
    }

    /// Kinds of the group belong to another implementation. Where filters are asked for by name, whose they are does not matter.
    fn is_foreign(&self, group: &str) -> bool {
        let own = &self.target.policy_groups;
        !own.is_empty() && self.target.dialect.named_objects.is_empty() && !own.iter().any(|known| known == group)
    }

    fn timeout(&self, timeouts: Option<api::HttpTimeouts>) -> Option<u64> {
        let dialect = &self.target.dialect;
        let default = Some(*dialect.default_timeout).filter(|millis| *millis > 0);
        let (Timeouts::Kept, Some(timeouts)) = (*dialect.timeouts, timeouts) else { return default };
        // The narrower one is the backend's where there are no retries.
        let wanted = timeouts.backend_request.or(timeouts.request);
        wanted.map_or(default, |timeout| Some(timeout.as_millis()).filter(|millis| *millis > 0))
    }
}

/// What every backend that gets requests is given until the head of its answer; `None` where one gets more time than another.
fn patience_of_all(backends: &[Backend]) -> Option<u64> {
    let mut given = backends.iter().filter(|backend| backend.weight > 0 && backend.target.is_ok()).map(|backend| backend.patience);
    let first = given.next()?;
    first.filter(|_| given.all(|other| other == first))
}

/// What is wrong with a backend, to go behind its name.
const fn words(fault: BackendFault) -> &'static str {
    match fault {
        BackendFault::Kind => "is of a kind that gets no requests",
        BackendFault::NotPermitted => "is in another namespace, and no ReferenceGrant permits it",
        BackendFault::Absent => "does not exist",
        BackendFault::Port => "has no such port",
        BackendFault::ExternalName => "is the name of a host outside the cluster",
        BackendFault::NoEndpoints => "has no endpoints",
        BackendFault::UnverifiedTls => "is spoken to over TLS that nobody can verify",
        BackendFault::BrokenTls => "has a BackendTLSPolicy that cannot be resolved",
        BackendFault::Protocol => "speaks a protocol that the implementation does not",
        BackendFault::Unmade => "is missing or broken",
    }
}

const fn reason(fault: BackendFault) -> &'static str {
    match fault {
        BackendFault::Kind | BackendFault::Unmade => "InvalidKind",
        BackendFault::NotPermitted => "RefNotPermitted",
        BackendFault::BrokenTls => "InvalidBackendTLS",
        BackendFault::Absent
        | BackendFault::Port
        | BackendFault::NoEndpoints
        | BackendFault::ExternalName
        | BackendFault::UnverifiedTls => "BackendNotFound",
        BackendFault::Protocol => "UnsupportedProtocol",
    }
}
