//! What backends speak: HTTP, gRPC, and TLS as far as nginx verifies it, which a BackendTLSPolicy then does.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Emitted,
    changes::is_precise_hostname,
    context::{Cx, differs, unmappable},
    names::Names,
    plan::{Action, Backend, Wire},
    routes::Combined,
};
use crate::{
    gateway::{
        Intent,
        api::{BackendTlsPolicy, BackendTlsPolicySpec, BackendValidation, ExplicitRef, PolicyTarget},
        dialect::{Feature, Stand},
    },
    k8s::{NamespacedName, Service},
    ledger::{Code, Settlement},
    nginx::{
        self, Config, IngressId, Location, Server, Settings, Target,
        settings::{BackendProtocol, Given, ProxyTls},
    },
    targets::{Answer, TlsReach, VerifiedTls},
};

const PROTOCOL: &[&str] = &["backend-protocol"];
const PROXY_TLS: &[&str] = &["proxy-ssl-secret", "proxy-ssl-verify", "proxy-ssl-name", "proxy-ssl-server-name"];
const DETAILS: &[&str] = &["proxy-ssl-ciphers", "proxy-ssl-protocols", "proxy-ssl-verify-depth"];
/// Key of the authorities in a ConfigMap.
const AUTHORITIES: &str = "ca.crt";

/// Services that want TLS: how, and for which Ingresses.
pub(super) type TlsWishes = BTreeMap<(NamespacedName, u16), BTreeMap<VerifiedTls, BTreeSet<IngressId>>>;

/// What all locations together say of Services.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    /// Services whose certificate some location verifies.
    verified: BTreeSet<NamespacedName>,
    /// Services that some location speaks to in another way than over TLS that nobody verifies.
    otherwise: BTreeSet<NamespacedName>,
    /// Paths for which locations with a session cookie were written, by what they lead to; `None` where there are several.
    cookie_paths: BTreeMap<Target, Option<String>>,
}

/// TLS whose certificate is verified.
///
/// Without a name nginx expects that of its own upstream block in the certificate, which no host can be called.
fn verified<'c>(server: &'c Server, location: &'c Location) -> Option<&'c ProxyTls> {
    server
        .proxy_tls_of(location)
        .filter(|proxy_tls| proxy_tls.verify && proxy_tls.has_ca && is_precise_hostname(&proxy_tls.name.to_ascii_lowercase()))
}

fn is_over_tls(location: &Location) -> bool {
    match location.settings.protocol.value {
        BackendProtocol::Https | BackendProtocol::Grpcs | BackendProtocol::GrpcWithoutHeaders { tls: true } => true,
        BackendProtocol::Http
        | BackendProtocol::AutoHttp
        | BackendProtocol::Grpc
        | BackendProtocol::GrpcWithoutHeaders { tls: false }
        | BackendProtocol::Fcgi => false,
    }
}

/// Nothing is verified, and nothing is shown.
fn is_unverified(proxy_tls: Option<&ProxyTls>) -> bool {
    proxy_tls.is_none_or(|proxy_tls| !proxy_tls.verify && !proxy_tls.has_certificate)
}

/// What of TLS to a backend core has no words for.
fn unsayable(proxy_tls: Option<&ProxyTls>) -> String {
    match proxy_tls {
        Some(tls) if tls.verify && tls.has_ca && tls.name.is_empty() => {
            "nginx verifies its certificate by the name of its own upstream block, as there is no `proxy-ssl-name`".to_owned()
        }
        Some(tls) if tls.verify && tls.has_ca => {
            format!("nginx verifies its certificate by `{}`, which is no full host name", tls.name)
        }
        Some(tls) if tls.has_certificate => "nginx shows it a client certificate and verifies nothing".to_owned(),
        Some(_) | None => "nginx does not verify its certificate".to_owned(),
    }
}

/// The Services behind a location, its canaries included.
fn services<'c>(config: &'c Config, location: &Location) -> impl Iterator<Item = &'c NamespacedName> {
    let upstream = match location.target {
        Target::Upstream(upstream) => Some(config.upstream(upstream)),
        Target::Default => Some(config.upstream(Config::DEFAULT_BACKEND)),
        Target::Gone => None,
    };
    let all = upstream.into_iter().flat_map(|upstream| {
        let canaries = upstream.alternatives.iter().map(|canary| config.upstream(*canary));
        std::iter::once(upstream).chain(canaries)
    });
    all.filter_map(|upstream| match &upstream.backend {
        nginx::Backend::Service { service, .. } => Some(service),
        nginx::Backend::BuiltIn | nginx::Backend::External { .. } => None,
    })
}

impl Cx<'_> {
    /// How the backend of a location is spoken to, and its TLS; the code why it must not be served where that cannot be said.
    pub(super) fn protocol(
        &mut self,
        ingress: IngressId,
        server: &Server,
        location: &Location,
        tls: bool,
    ) -> Result<(Wire, Option<Box<VerifiedTls>>), Code> {
        let protocol = &location.settings.protocol;
        let mut settle = |wire: Wire| {
            if matches!(protocol.given, Given::Annotation(_)) && wire == Wire::Http {
                self.mark(ingress, PROTOCOL, &Settlement::Exact);
            }
            (wire, None)
        };
        match protocol.value {
            BackendProtocol::Http => Ok(settle(Wire::Http)),
            BackendProtocol::AutoHttp if !tls => Ok(settle(Wire::Http)),
            BackendProtocol::Grpc | BackendProtocol::GrpcWithoutHeaders { tls: false } => Ok(settle(Wire::GrpcOverHttp)),
            // Over plain HTTP the same Service is spoken to in plain text, which a policy of the Service cannot say.
            BackendProtocol::AutoHttp => {
                self.unverified(ingress, server, location, Wire::Http)?;
                Ok((Wire::Http, None))
            }
            BackendProtocol::Https => {
                let wish = self.verified(ingress, server, location, Wire::Http)?;
                Ok((Wire::Http, wish.map(Box::new)))
            }
            BackendProtocol::Grpcs | BackendProtocol::GrpcWithoutHeaders { tls: true } => {
                let wish = self.verified(ingress, server, location, Wire::GrpcOverHttp)?;
                Ok((Wire::GrpcOverHttp, wish.map(Box::new)))
            }
            BackendProtocol::Fcgi => {
                let names = ["backend-protocol", "fastcgi-index", "fastcgi-params-configmap"];
                Err(self.ask(ingress, &names, &Intent::Fastcgi, vec![]).unwrap_or(Code::BackendFastcgi))
            }
        }
    }

    /// TLS that nobody verifies by a full name has no core form: a BackendTLSPolicy always does.
    fn no_tls(&mut self, ingress: IngressId, own: bool, code: Code, why: String) -> Code {
        let names = Self::of_tls(own);
        self.mark(ingress, &names, &unmappable(code));
        let (place, name) = (self.annotation(ingress, PROTOCOL[0]), self.ingress_name(ingress));
        let facts = vec![("ingress", name), ("target", self.options.target.id().to_owned()), ("why", why)];
        self.say(code, Some(place), facts);
        code
    }

    /// Why a name outside of the cluster cannot be a backend, whatever is spoken to it.
    fn no_service(&mut self, location: &Location) -> Option<Code> {
        let Target::Upstream(id) = location.target else { return None };
        let outside = matches!(self.config.upstream(id).backend, nginx::Backend::External { .. });
        let origin = location.origin.as_ref().filter(|_| outside)?;
        self.backend(id, &origin.subject).err()
    }

    fn of_tls(own: bool) -> Vec<&'static str> {
        let more = if own { [PROXY_TLS, DETAILS].concat() } else { Vec::new() };
        PROTOCOL.iter().copied().chain(more).collect()
    }

    /// TLS that nobody verifies, where the target has words for that which say nothing of other requests.
    fn unverified(&mut self, ingress: IngressId, server: &Server, location: &Location, wire: Wire) -> Result<(), Code> {
        let own = location.settings.proxy_tls.is_some();
        if let Some(code) = self.no_service(location) {
            self.mark(ingress, &Self::of_tls(own), &unmappable(code));
            return Err(code);
        }
        let code = match self.answer(&Intent::BackendTls) {
            _ if !is_unverified(server.proxy_tls_of(location)) => Some(Code::BackendTls),
            Answer::No(code) => Some(code),
            Answer::Kept { .. } | Answer::Already => self.reaches_others(location, wire),
        };
        if let Some(code) = code {
            return Err(self.no_tls(ingress, own, code, unsayable(server.proxy_tls_of(location))));
        }
        let names = Self::of_tls(own);
        self.ask(ingress, &names, &Intent::BackendTls, vec![]).map_or(Ok(()), Err)
    }

    /// Why what the target says of TLS would not hold for the backends of a location, or for more than them.
    fn reaches_others(&self, location: &Location, wire: Wire) -> Option<Code> {
        let services: Vec<&NamespacedName> = services(self.config, location).collect();
        let known = |service: &&NamespacedName| self.inventory.services.get(*service);
        let shared = || services.iter().any(|service| self.spoken().otherwise.contains(*service));
        match self.options.target.tls_reach() {
            _ if services.is_empty() => Some(Code::BackendTls),
            // Only HTTPRoutes name such objects.
            TlsReach::Rule { .. } if wire != Wire::Http => Some(Code::BackendTls),
            TlsReach::Rule { by_address: true } => {
                let Settings { affinity, balancing, .. } = &*location.settings;
                let chooses = affinity.is_some() || !balancing.hash_by.is_empty();
                // Behind a name without address there is nobody who knows the ports of the Service.
                let nameless = services.iter().filter_map(known).any(Service::is_headless);
                (chooses || nameless).then_some(Code::BackendTls)
            }
            TlsReach::Rule { by_address: false } => None,
            TlsReach::Service | TlsReach::Mesh if shared() => Some(Code::BackendTlsShared),
            TlsReach::Service => None,
            TlsReach::Mesh => {
                let one_port = services.iter().all(|service| known(service).is_some_and(|known| known.ports.len() == 1));
                (!one_port).then_some(Code::BackendTls)
            }
        }
    }

    /// What all locations say of Services.
    fn spoken(&self) -> &Spoken {
        self.spoken.get_or_init(|| {
            let mut spoken = Spoken::default();
            let ways = self.config.servers.iter().flat_map(|server| server.locations.iter().map(move |location| (server, location)));
            for (server, location) in ways {
                let over_tls = is_over_tls(location);
                if over_tls && verified(server, location).is_some() {
                    spoken.verified.extend(services(self.config, location).cloned());
                }
                if location.settings.affinity.is_some() && !location.implicit {
                    let path = &location.ingress_path;
                    let known = spoken.cookie_paths.entry(location.target.clone()).or_insert_with(|| Some(path.clone()));
                    if known.as_ref() != Some(path) {
                        *known = None;
                    }
                }
                if !(over_tls && is_unverified(server.proxy_tls_of(location))) {
                    spoken.otherwise.extend(services(self.config, location).cloned());
                }
            }
            spoken
        })
    }

    /// The path that nginx writes into the cookie of a location, unless it writes another one for other paths of the Service.
    pub(super) fn path_of_cookie(&self, location: &Location) -> Option<String> {
        let known = self.spoken().cookie_paths.get(&location.target);
        let alone = known.is_none_or(|path| path.as_ref() == Some(&location.ingress_path));
        alone.then(|| location.ingress_path.clone())
    }

    /// Whether TLS to a Service behind a location is verified, for whichever location.
    pub(super) fn is_verified(&self, location: &Location) -> bool {
        services(self.config, location).any(|service| self.spoken().verified.contains(service))
    }

    /// Verified TLS needs a BackendTLSPolicy: without one nobody is sent to the backend.
    fn claim_verification(&mut self, ingress: IngressId, location: &Location) -> Result<(), Code> {
        match self.sayable.stand(Feature::BackendTlsPolicy) {
            Stand::Claimed => Ok(()),
            Stand::Open => {
                self.say_unclaimed(Feature::BackendTlsPolicy);
                Ok(())
            }
            Stand::Refused => {
                let code = Code::GatewayFeatureRefused;
                self.mark(ingress, &Self::of_tls(location.settings.proxy_tls.is_some()), &unmappable(code));
                let place = self.annotation(ingress, PROTOCOL[0]);
                self.say_refused(code, Feature::BackendTlsPolicy, ingress, place);
                Err(code)
            }
        }
    }

    fn verified(&mut self, ingress: IngressId, server: &Server, location: &Location, wire: Wire) -> Result<Option<VerifiedTls>, Code> {
        let Some(proxy_tls) = verified(server, location) else { return self.unverified(ingress, server, location, wire).map(|()| None) };
        self.claim_verification(ingress, location)?;
        self.mark(ingress, PROTOCOL, &Settlement::Exact);
        if location.settings.proxy_tls.is_some() {
            self.mark(ingress, PROXY_TLS, &Settlement::Exact);
            let usual = proxy_tls.ciphers == "DEFAULT" && proxy_tls.protocols == "TLSv1.2" && proxy_tls.depth <= 1;
            let details = if usual { Settlement::Exact } else { unmappable(Code::BackendCiphers) };
            self.mark(ingress, DETAILS, &details);
            if !usual {
                self.say_about(ingress, DETAILS, Code::BackendCiphers, vec![]);
            }
            if proxy_tls.has_certificate {
                self.mark(ingress, &["proxy-ssl-secret"], &differs(Code::BackendClientCertificate));
                let (place, name) = (self.annotation(ingress, "proxy-ssl-secret"), self.ingress_name(ingress));
                let facts = vec![("ingress", name), ("secret", proxy_tls.secret.to_string())];
                self.say(Code::BackendClientCertificate, Some(place), facts);
            }
        }
        Ok(Some(VerifiedTls { secret: proxy_tls.secret.clone(), hostname: proxy_tls.name.to_ascii_lowercase() }))
    }

    /// Rules that are emitted send requests to Services that want TLS, unless an object in their place says how.
    pub(super) fn wish_tls_of_rules(&mut self, rules: &[Combined<'_>], says_itself: impl Fn(usize, usize) -> bool) {
        for (number, rule) in rules.iter().enumerate() {
            let first = rule.matches[0];
            let (Some(wish), Action::Forward(backends)) = (&first.changes.backend_tls, &first.action) else { continue };
            for (place, backend) in backends.iter().enumerate() {
                if !says_itself(number, place) || wish.secret.namespace != backend.service.namespace {
                    self.wish_tls(first.owner, backend, wish);
                }
            }
        }
    }

    fn wish_tls(&mut self, ingress: IngressId, backend: &Backend, wish: &VerifiedTls) {
        let service = self.tls_wishes.entry((backend.service.clone(), backend.port)).or_default();
        service.entry(wish.clone()).or_default().insert(ingress);
    }

    /// Another Ingress decides how the certificate of a Service is verified.
    fn lose_verification(&mut self, service: &NamespacedName, chosen: &VerifiedTls, own: &VerifiedTls, losers: &BTreeSet<IngressId>) {
        let lost: Vec<&'static str> = [
            ("proxy-ssl-name", chosen.hostname != own.hostname),
            ("proxy-ssl-server-name", chosen.hostname != own.hostname),
            ("proxy-ssl-secret", chosen.secret != own.secret),
        ]
        .into_iter()
        .filter_map(|(name, differs)| differs.then_some(name))
        .collect();
        let text = |way: &VerifiedTls| format!("`{}` and the authorities of Secret `{}`", way.hostname, way.secret);
        for &ingress in losers {
            self.mark(ingress, &lost, &differs(Code::BackendTlsConflict));
            let facts = vec![("service", service.to_string()), ("old", text(own)), ("new", text(chosen))];
            self.say_about(ingress, &lost, Code::BackendTlsConflict, facts);
        }
    }

    /// The policies that the emitted rules need.
    pub(super) fn tls_policies(&mut self) -> Vec<Emitted> {
        let wishes = std::mem::take(&mut self.tls_wishes);
        let mut names = Names::default();
        let mut policies = Vec::new();
        for ((service, port), ways) in wishes {
            let mut ways = ways.into_iter();
            let Some((chosen, ingresses)) = ways.next() else { continue };
            for (other, losers) in ways {
                self.lose_verification(&service, &chosen, &other, &losers);
            }
            let VerifiedTls { secret, hostname } = chosen;
            let authorities = secret.name;
            let map = NamespacedName::new(&service.namespace, &authorities);
            if !self.inventory.config_maps.get(&map).is_some_and(|map| map.data.contains_key(AUTHORITIES)) {
                for &ingress in &ingresses {
                    self.mark(ingress, &["proxy-ssl-secret"], &differs(Code::BackendCaConfigMap));
                }
                let facts = vec![("service", service.to_string()), ("map", map.to_string()), ("secret", authorities.clone())];
                let place = ingresses.first().map(|&ingress| self.annotation(ingress, "proxy-ssl-secret"));
                self.say(Code::BackendCaConfigMap, place, facts);
            }
            let ports = self.inventory.services.get(&service).map_or(&[][..], |known| &known.ports);
            let section = ports.iter().find(|known| known.port == i64::from(port) && !known.name.is_empty()).filter(|_| ports.len() > 1);
            let target = PolicyTarget {
                group: String::new(),
                kind: "Service".to_owned(),
                name: service.name.clone(),
                section_name: section.map(|port| port.name.clone()),
            };
            let validation = BackendValidation {
                ca_certificate_refs: vec![ExplicitRef::local("", "ConfigMap", authorities)],
                hostname,
                ..BackendValidation::default()
            };
            let spec = BackendTlsPolicySpec { target_refs: vec![target], validation, ..BackendTlsPolicySpec::default() };
            let wanted = if ports.len() > 1 { format!("{}-{port}", service.name) } else { service.name.clone() };
            let policy = BackendTlsPolicy::new(&service.namespace, names.take("BackendTLSPolicy", &service.namespace, &wanted), spec);
            let sources = ingresses.iter().map(|&ingress| self.config.ingress(ingress).object).collect();
            policies.push(Emitted { object: policy.into(), platform: false, sources, withheld: vec![] });
        }
        policies
    }
}
