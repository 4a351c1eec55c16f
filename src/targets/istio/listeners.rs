//! Client certificates and cipher suites: options of the listener of a host. The authorities stand beside the certificate of the listener.

use crate::{
    gateway::{
        Intent,
        api::{ListenerTls, Object},
        objects::Objects,
        policies::{ClientCertificates, Conduct, Place, Policies},
    },
    k8s::NamespacedName,
    targets::ciphers,
};

/// Name of the option for cipher suites, with commas between them.
const CIPHERS: &str = "gateway.istio.io/tls-cipher-suites";
/// Name of the option for certificates.
const MODE: &str = "gateway.istio.io/tls-terminate-mode";

/// The option for an intent; `None` where it has none.
pub(super) fn option(intent: &Intent) -> Option<(String, String)> {
    let Intent::ClientCertificates { secret: _, required, checked: true, extras } = intent else {
        return ciphers::option(CIPHERS, intent);
    };
    let mode = if *required { "MUTUAL" } else { "OPTIONAL_MUTUAL" };
    extras.is_empty().then(|| (MODE.to_owned(), mode.to_owned()))
}

/// What options of listeners do to their connections.
pub(super) fn read(objects: &Objects, policies: &mut Policies) {
    for (_, object) in &objects.typed {
        match object {
            Object::Gateway(gateway) => {
                let name = NamespacedName::new(&gateway.metadata.namespace, &gateway.metadata.name);
                for listener in &gateway.spec.listeners {
                    conduct(Place::new("Gateway", &name, Some(&listener.name)), listener.tls.as_ref(), policies);
                }
            }
            Object::ListenerSet(set) => {
                let name = NamespacedName::new(&set.metadata.namespace, &set.metadata.name);
                for listener in &set.spec.listeners {
                    conduct(Place::new("ListenerSet", &name, Some(&listener.name)), listener.tls.as_ref(), policies);
                }
            }
            _ => {}
        }
    }
}

fn conduct(place: Place, tls: Option<&ListenerTls>, policies: &mut Policies) {
    let Some(mode) = tls.and_then(|tls| tls.options.get(MODE)) else { return };
    let conduct = match mode.as_str() {
        "MUTUAL" => Conduct { certificates: Some(ClientCertificates::Required), ..Conduct::default() },
        "OPTIONAL_MUTUAL" => Conduct { certificates: Some(ClientCertificates::Checked), ..Conduct::default() },
        other => Conduct { unmodelled: Some(format!("the TLS mode `{other}` of a listener")), ..Conduct::default() },
    };
    policies.conduct(place, conduct);
}
