//! `tcp-services` and `udp-services`: each port of the ConfigMaps as a listener with a TCPRoute or UDPRoute.

use super::{
    Emitted,
    context::{Cx, no_effect, unmappable},
    listeners::Listeners,
    names::Names,
    plan::Backend,
};
use crate::{
    gateway::{
        api::{BackendRef, Kind, Object, TcpRoute, TcpRouteSpec, TcpRule, UdpRoute, UdpRouteSpec, UdpRule},
        dialect::Feature,
    },
    k8s::{FieldPath, NamespacedName, ObjectId, Subject},
    ledger::{Code, Settlement},
};

/// Ports of the controller itself (`reservedPorts` in `controller.go`), besides those of HTTP and HTTPS.
const RESERVED: [u16; 6] = [442, 8181, 10254, 10245, 10246, 10247];

/// What runs over a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

impl Transport {
    /// Kind of its routes.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Tcp => Kind::TcpRoute,
            Self::Udp => Kind::UdpRoute,
        }
    }

    const fn feature(self) -> Feature {
        match self {
            Self::Tcp => Feature::TcpRoute,
            Self::Udp => Feature::UdpRoute,
        }
    }

    const fn protocol(self) -> &'static str {
        match self {
            Self::Tcp => "TCP",
            Self::Udp => "UDP",
        }
    }
}

/// A port that is handed on to a Service.
pub(super) struct Stream {
    pub(super) transport: Transport,
    pub(super) port: u16,
    place: Subject,
    backend: Backend,
}

/// What an entry says, as far as it can be read.
struct Entry {
    service: NamespacedName,
    port: String,
    proxy_protocol: bool,
}

/// `namespace/service:port[:PROXY][:PROXY]`; only TCP knows the last two.
fn entry(value: &str, transport: Transport) -> Option<Entry> {
    let mut parts = value.trim().split(':');
    let (namespace, name) = parts.next()?.split_once('/')?;
    let port = parts.next().filter(|port| !port.is_empty())?;
    if namespace.is_empty() || name.is_empty() || name.contains('/') {
        return None;
    }
    let proxy_protocol = transport == Transport::Tcp && parts.any(|part| part.eq_ignore_ascii_case("PROXY"));
    Some(Entry { service: NamespacedName::new(namespace, name), port: port.to_owned(), proxy_protocol })
}

/// The ports of both ConfigMaps that can be kept; the others are settled.
pub(super) fn streams(cx: &mut Cx<'_>) -> Vec<Stream> {
    let flags = &cx.config.globals.flags;
    let maps = [(Transport::Tcp, flags.tcp_services.clone()), (Transport::Udp, flags.udp_services.clone())];
    let mut found = Vec::new();
    for (transport, name) in maps {
        let Some(map) = name.and_then(|name| cx.inventory.config_maps.get(&name)) else { continue };
        for (key, value) in &map.data {
            let place = Subject::new(map.id, FieldPath::from(["data"]).child(key.clone()));
            match cx.stream(transport, key, value, &place) {
                Ok(stream) => found.push(stream),
                Err(settlement) => cx.mark_path(&place, settlement),
            }
        }
    }
    found.sort_by_key(|stream| (stream.transport, stream.port));
    // nginx listens once on a port, whatever it is called.
    found.dedup_by_key(|stream| (stream.transport, stream.port));
    found
}

impl Cx<'_> {
    fn stream(&mut self, transport: Transport, key: &str, value: &str, place: &Subject) -> Result<Stream, Settlement> {
        let flags = &self.config.globals.flags;
        let port: u16 =
            key.parse().ok().filter(|&port| port > 0).ok_or_else(|| no_effect("its key is no port, so the controller skips it"))?;
        if RESERVED.contains(&port) || port == flags.http_port || port == flags.https_port {
            return Err(no_effect("the controller needs the port itself, so it skips the entry"));
        }
        let entry = entry(value, transport).ok_or_else(|| no_effect("its value names no Service and port, so the controller skips it"))?;
        let known = self.inventory.services.get(&entry.service);
        if known.is_none() && !self.inventory.services.is_empty() {
            return Err(no_effect("its Service does not exist, so the controller skips it"));
        }
        let number = entry.port.parse::<u16>().ok().filter(|&number| number > 0);
        let of_service = known.map(|service| {
            let mut ports = service.ports.iter().filter(|port| port.protocol == transport.protocol());
            ports.find(|port| number.map_or(port.name == entry.port, |number| port.port == i64::from(number))).map(|port| port.port)
        });
        let backend = match of_service {
            Some(Some(port)) => u16::try_from(port).ok(),
            Some(None) => return Err(no_effect("its Service has no such port, so the controller skips it")),
            None => number,
        };
        let facts = |more: Vec<(&'static str, String)>| {
            let mut facts = vec![("port", port.to_string()), ("service", entry.service.to_string())];
            facts.extend(more);
            facts
        };
        let Some(backend) = backend else {
            self.say(
                Code::BackendNamedPort,
                Some(place.clone()),
                vec![("service", entry.service.to_string()), ("port", entry.port.clone())],
            );
            return Err(unmappable(Code::BackendNamedPort));
        };
        if entry.proxy_protocol {
            self.say(Code::StreamProxyProtocol, Some(place.clone()), facts(vec![]));
            return Err(unmappable(Code::StreamProxyProtocol));
        }
        if self.sayable.version_of(transport.kind()).is_none() {
            let more = vec![("kind", transport.kind().as_str().to_owned()), ("version", self.sayable.who_lacks(transport.feature()))];
            self.say(Code::StreamNeedsVersion, Some(place.clone()), facts(more));
            return Err(unmappable(Code::StreamNeedsVersion));
        }
        self.mark_path(place, Settlement::Exact);
        let backend = Backend { service: entry.service, port: backend, weight: 1 };
        Ok(Stream { transport, port, place: place.clone(), backend })
    }
}

/// A route for each port, in the namespace of its Service.
pub(super) fn routes(cx: &mut Cx<'_>, streams: Vec<Stream>, listeners: &mut Listeners) -> Vec<Emitted> {
    let mut names = Names::default();
    let mut routes = Vec::new();
    for Stream { transport, port, place, backend } in streams {
        let Backend { service: NamespacedName { namespace, name }, port: target, weight: _ } = backend;
        let kind = transport.kind();
        let Some(parent) = listeners.attach_stream(transport, port, &namespace) else {
            cx.say_no_listener(&format!("{} port {port}", transport.protocol()), &namespace, Some(place.clone()));
            cx.mark_path(&place, unmappable(Code::GatewayNoListener));
            continue;
        };
        let route_name = names.take(kind.as_str(), &namespace, &format!("{name}-{}-{port}", transport.protocol().to_ascii_lowercase()));
        let backend_refs = vec![BackendRef::service(&name, target)];
        let parent_refs = vec![parent];
        let object: Object = match transport {
            Transport::Tcp => {
                let rules = vec![TcpRule { backend_refs, ..TcpRule::default() }];
                let route = TcpRoute::new(&namespace, route_name, TcpRouteSpec { parent_refs, rules, ..TcpRouteSpec::default() });
                cx.in_served_version(route, kind).into()
            }
            Transport::Udp => {
                let rules = vec![UdpRule { backend_refs, ..UdpRule::default() }];
                let route = UdpRoute::new(&namespace, route_name, UdpRouteSpec { parent_refs, rules, ..UdpRouteSpec::default() });
                cx.in_served_version(route, kind).into()
            }
        };
        routes.push(Emitted { object, platform: false, sources: vec![source(&place)], withheld: vec![] });
    }
    routes
}

fn source(place: &Subject) -> ObjectId {
    place.object
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_names_a_service_and_a_port() {
        let read = entry("db/postgres:5432", Transport::Tcp).expect("an entry");
        assert_eq!((read.service.to_string().as_str(), read.port.as_str(), read.proxy_protocol), ("db/postgres", "5432", false));
        assert!(entry("db/postgres:5432::PROXY", Transport::Tcp).expect("an entry").proxy_protocol);
        assert!(!entry("dns/kube-dns:53:PROXY", Transport::Udp).expect("an entry").proxy_protocol);
        for wrong in ["", "postgres:5432", "db/postgres", "db/:1", "a/b/c:1"] {
            assert!(entry(wrong, Transport::Tcp).is_none(), "{wrong}");
        }
    }
}
