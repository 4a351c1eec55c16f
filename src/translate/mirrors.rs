//! `mirror-target`: a copy of each request for a Service that is known. A mirror that does not exist would cost the whole rule.

use super::{
    context::{Cx, differs},
    plan::Backend,
};
use crate::{
    gateway::{
        Intent,
        dialect::{Handling, Target},
    },
    k8s::NamespacedName,
    ledger::Code,
    nginx::{IngressId, Location},
};

const ANNOTATIONS: &[&str] = &["mirror-target", "mirror-host", "mirror-request-body"];

impl Cx<'_> {
    /// Who gets copies of the requests of a location.
    pub(super) fn mirror(&mut self, ingress: IngressId, location: &Location) -> Option<Backend> {
        let mirror = location.settings.mirror.as_deref()?;
        let works = Target::named(self.options.target.id())
            .is_some_and(|target| target.knows("mirror") && *target.dialect.mirror == Handling::Works);
        let service = service_of_url(&mirror.target).filter(|(service, port)| works && self.has_port(service, *port));
        let Some((service, port)) = service else {
            let intent = Intent::Mirror { target: mirror.target.clone() };
            self.ask(ingress, ANNOTATIONS, &intent, vec![("value", mirror.target.clone())]);
            return None;
        };
        self.mark(ingress, ANNOTATIONS, &differs(Code::PolicyMirrorDiffers));
        let (place, name) = (self.annotation(ingress, "mirror-target"), self.ingress_name(ingress));
        self.say(Code::PolicyMirrorDiffers, Some(place), vec![("ingress", name), ("service", service.to_string())]);
        Some(Backend { service, port, weight: 1 })
    }

    /// A Service that was read, with endpoints of its own and this port.
    fn has_port(&self, service: &NamespacedName, port: u16) -> bool {
        self.inventory.services.get(service).is_some_and(|service| {
            service.kind != "ExternalName" && service.ports.iter().any(|known| known.port == i64::from(port) && known.protocol == "TCP")
        })
    }
}

/// Service and port of a URL inside the cluster. Names without namespace depend on where the resolver looks, and are left alone.
fn service_of_url(url: &str) -> Option<(NamespacedName, u16)> {
    let rest = url.strip_prefix("http://")?;
    let authority = rest.split(['/', '$', '?']).next()?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, port.parse().ok().filter(|&port| port > 0)?),
        None => (authority, 80),
    };
    let short = host.split_once('.').filter(|(_, namespace)| !namespace.contains('.'));
    let service =
        short.map_or_else(|| NamespacedName::of_service_name(host), |(name, namespace)| Some(NamespacedName::new(namespace, name)))?;
    Some((service, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_cluster_are_services() {
        let service = |url: &str| service_of_url(url).map(|(service, port)| format!("{service}:{port}"));
        assert_eq!(service("http://shadow.app.svc.cluster.local$request_uri").as_deref(), Some("app/shadow:80"));
        assert_eq!(service("http://shadow.app:8080/x").as_deref(), Some("app/shadow:8080"));
        for elsewhere in ["https://shadow.app.svc/", "http://shadow/", "http://shadow.example.com/", "$host", "http://a.b.svc.other"] {
            assert_eq!(service(elsewhere), None, "{elsewhere}");
        }
    }
}
