//! Rules about listeners, addresses and certificates.

use std::net::Ipv6Addr;

use super::{Places, items, repeated, scalars};
use crate::gateway::json::Json;
use crate::k8s::names;

pub(super) fn no_tls_without_tls_protocol(listeners: &Json<'_>) -> Places {
    items(listeners, |listener| matches!(listener.text("protocol"), Some("HTTP" | "TCP" | "UDP")) && listener.get("tls").is_some())
}

fn tls_mode<'j>(listener: &'j Json<'j>) -> Option<&'j str> {
    listener.get("tls").and_then(|tls| tls.text("mode"))
}

pub(super) fn https_terminates(listeners: &Json<'_>) -> Places {
    items(listeners, |listener| {
        listener.text("protocol") == Some("HTTPS") && tls_mode(listener).is_some_and(|mode| !matches!(mode, "" | "Terminate"))
    })
}

pub(super) fn tls_mode_for_protocol_tls(listeners: &Json<'_>) -> Places {
    items(listeners, |listener| listener.text("protocol") == Some("TLS") && tls_mode(listener).is_none_or(str::is_empty))
}

pub(super) fn no_hostname_without_names(listeners: &Json<'_>) -> Places {
    items(listeners, |listener| {
        matches!(listener.text("protocol"), Some("TCP" | "UDP")) && listener.text("hostname").is_some_and(|name| !name.is_empty())
    })
}

pub(super) fn listeners_differ(listeners: &Json<'_>) -> Places {
    repeated(listeners, |listener| Some((listener.get("port")?.as_int()?, listener.text("protocol")?, listener.text("hostname"))))
}

pub(super) fn certificates_to_terminate(tls: &Json<'_>) -> bool {
    let options = matches!(tls.get("options"), Some(Json::Map(entries)) if !entries.is_empty());
    let certificates = tls.get("certificateRefs").is_some_and(|refs| !refs.items().is_empty());
    tls.text("mode") == Some("Terminate") && !options && !certificates
}

pub(super) fn addresses_differ(addresses: &Json<'_>, kind: &str) -> Places {
    repeated(addresses, |address| if address.text("type") == Some(kind) { address.text("value") } else { None })
}

pub(super) fn address_hostname(address: &Json<'_>) -> bool {
    address.text("type") == Some("Hostname") && address.text("value").is_some_and(|value| !scalars::is_hostname(value))
}

pub(super) fn address_is_ip(address: &Json<'_>) -> bool {
    // The format `ipv4` bears leading zeros, also behind `::ffff:`; `ipv6` does not.
    let is_ip = |text: &str| (text.contains('.') && names::is_ip(text)) || text.parse::<Ipv6Addr>().is_ok();
    address.text("type") == Some("IPAddress") && address.text("value").is_some_and(|value| !is_ip(value))
}

pub(super) fn trust_bundle_has_no_namespace(refs: &Json<'_>) -> Places {
    items(refs, |reference| {
        reference.text("group") == Some("certificates.k8s.io")
            && reference.text("kind") == Some("ClusterTrustBundle")
            && reference.get("namespace").is_some()
    })
}
