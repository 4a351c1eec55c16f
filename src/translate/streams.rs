//! `tcp-services` and `udp-services`: each port of the ConfigMaps as a listener with a TCPRoute or UDPRoute.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Emitted,
    context::{Cx, no_effect, unmappable},
    listeners::{Attached, Listeners},
    names::Names,
    plan::Backend,
};
use crate::{
    gateway::{
        api::{BackendRef, Kind, Object, TcpRoute, TcpRouteSpec, TcpRule, UdpRoute, UdpRouteSpec, UdpRule},
        dialect::Feature,
    },
    k8s::{FieldPath, NamespacedName, ObjectId, Subject},
    ledger::{Code, Facts, Settlement},
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

/// `namespace/service:port[:PROXY][:PROXY]`, to the letter; only TCP knows the last two, and nothing may stand behind the second
/// (`getStreamServices` in `controller.go`).
fn entry(value: &str, transport: Transport) -> Option<Entry> {
    let parts: Vec<&str> = value.split(':').collect();
    let [service, port, more @ ..] = parts.as_slice() else { return None };
    let (namespace, name) = service.split_once('/')?;
    if namespace.is_empty() || name.is_empty() || name.contains('/') {
        return None;
    }
    let is_set = |part: &&str| part.eq_ignore_ascii_case("PROXY");
    let proxy_protocol = transport == Transport::Tcp && (more.first().is_some_and(is_set) || more.len() == 2 && is_set(&more[1]));
    Some(Entry { service: NamespacedName::new(namespace, name), port: (*port).to_owned(), proxy_protocol })
}

/// Number of a port; `None` where nobody listens on it.
fn port_number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|&port| port > 0)
}

/// Why an entry has no route.
enum Loss {
    /// The controller does not serve it either.
    Skipped(&'static str),
    /// For the reason of the code, which was said.
    Lost(Code),
}

/// The ports of both ConfigMaps that can be kept; the others are settled. Listeners of HTTP and HTTPS have the ports `taken`.
pub(super) fn streams(cx: &mut Cx<'_>, taken: &BTreeSet<u16>) -> Vec<Stream> {
    let flags = &cx.config.globals.flags;
    let maps = [(Transport::Tcp, flags.tcp_services.clone()), (Transport::Udp, flags.udp_services.clone())];
    let mut found: BTreeMap<(Transport, u16), Stream> = BTreeMap::new();
    for (transport, name) in maps {
        let Some(map) = name.and_then(|name| cx.inventory.config_maps.get(&name)) else { continue };
        for (key, value) in &map.data {
            let place = Subject::new(map.id, FieldPath::from(["data"]).child(key.clone()));
            let stream = cx.stream(transport, key, value, &place).and_then(|stream| cx.on_free_port(stream, &found, taken));
            let settlement = match stream {
                Ok(stream) => {
                    found.insert((stream.transport, stream.port), stream);
                    Settlement::Exact
                }
                Err(Loss::Skipped(why)) => {
                    let facts = vec![("entry", format!("{key}: {value}")), ("why", why.to_owned())];
                    cx.say(Code::StreamSkipped, Some(place.clone()), facts);
                    no_effect(why)
                }
                Err(Loss::Lost(code)) => unmappable(code),
            };
            cx.mark_path(&place, settlement);
        }
    }
    found.into_values().collect()
}

impl Cx<'_> {
    fn stream(&mut self, transport: Transport, key: &str, value: &str, place: &Subject) -> Result<Stream, Loss> {
        let flags = &self.config.globals.flags;
        let port = port_number(key).ok_or(Loss::Skipped("its key is no port, so nobody listens for it"))?;
        if RESERVED.contains(&port) || port == flags.http_port || port == flags.https_port {
            return Err(Loss::Skipped("the controller needs the port itself, so it skips the entry"));
        }
        let entry = entry(value, transport).ok_or(Loss::Skipped("its value names no Service and port, so the controller skips it"))?;
        let Some(target) = self.port_of_service(transport, &entry)? else {
            let facts = vec![("service", entry.service.to_string()), ("port", entry.port)];
            self.say(Code::BackendNamedPort, Some(place.clone()), facts);
            return Err(Loss::Lost(Code::BackendNamedPort));
        };
        let backend = Backend { service: entry.service, port: target, weight: 1 };
        let stream = Stream { transport, port, place: place.clone(), backend };
        if entry.proxy_protocol {
            return Err(self.lose_stream(&stream, Code::StreamProxyProtocol, vec![]));
        }
        if self.sayable.version_of(transport.kind()).is_none() {
            let more = vec![("kind", transport.kind().as_str().to_owned()), ("version", self.sayable.who_lacks(transport.feature()))];
            return Err(self.lose_stream(&stream, Code::StreamNeedsVersion, more));
        }
        Ok(stream)
    }

    /// The port of the Service that an entry names; `None` where that is not known.
    fn port_of_service(&self, transport: Transport, entry: &Entry) -> Result<Option<u16>, Loss> {
        let number = port_number(&entry.port);
        let Some(service) = self.inventory.services.get(&entry.service) else {
            let missing = !self.inventory.services.is_empty();
            return if missing { Err(Loss::Skipped("its Service does not exist, so the controller skips it")) } else { Ok(number) };
        };
        let mut ports = service.ports.iter().filter(|port| port.protocol == transport.protocol());
        let named = ports.find(|port| number.map_or(port.name == entry.port, |number| port.port == i64::from(number)));
        let known = named.and_then(|port| u16::try_from(port.port).ok()).filter(|port| *port > 0);
        known.map(Some).ok_or(Loss::Skipped("its Service has no such port, so the controller skips it"))
    }

    /// The stream, unless something else listens on its port. nginx listens once on a port, however the keys write it.
    fn on_free_port(&mut self, stream: Stream, found: &BTreeMap<(Transport, u16), Stream>, taken: &BTreeSet<u16>) -> Result<Stream, Loss> {
        let by = if stream.transport == Transport::Tcp && taken.contains(&stream.port) {
            "listeners of HTTP and HTTPS have the port on the Gateway"
        } else if found.contains_key(&(stream.transport, stream.port)) {
            "another entry names the same port, and one of both counts"
        } else {
            return Ok(stream);
        };
        Err(self.lose_stream(&stream, Code::StreamPortTaken, vec![("by", by.to_owned())]))
    }

    fn lose_stream(&mut self, stream: &Stream, code: Code, more: Facts) -> Loss {
        let mut facts = vec![("port", stream.port.to_string()), ("service", stream.backend.service.to_string())];
        facts.extend(more);
        self.say(code, Some(stream.place.clone()), facts);
        Loss::Lost(code)
    }
}

/// A route for each port, in the namespace of its Service.
pub(super) fn routes(cx: &mut Cx<'_>, streams: Vec<Stream>, listeners: &mut Listeners) -> Vec<Emitted> {
    let mut names = Names::default();
    let mut routes = Vec::new();
    for Stream { transport, port, place, backend } in streams {
        let Backend { service: NamespacedName { namespace, name }, port: target, weight: _ } = backend;
        let kind = transport.kind();
        let parent = match listeners.attach_stream(transport, port, &namespace) {
            Ok(Attached { parent, other: _ }) => parent,
            Err(reason) => {
                cx.say_no_listener(&format!("{} port {port}", transport.protocol()), reason, Some(place.clone()));
                cx.mark_path(&place, unmappable(Code::GatewayNoListener));
                continue;
            }
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

    #[test]
    fn an_entry_is_read_to_the_letter() {
        let read = entry(" db/postgres:5432 ", Transport::Tcp).expect("an entry");
        assert_eq!((read.service.namespace.as_str(), read.port.as_str()), (" db", "5432 "));
        assert!(!entry("db/postgres:5432::PROXY:", Transport::Tcp).expect("an entry").proxy_protocol);
        assert_eq!(entry("db/postgres:", Transport::Tcp).expect("an entry").port, "");
    }
}
