//! Authentication services: who answers a URL, whatever name it goes by.

use super::{
    replay::Stage,
    router::{Entry, Router},
    witness,
};
use crate::{
    k8s::NamespacedName,
    request::{Outcome, Speech},
};

/// Who answers a URL, and what is asked there.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Service {
    /// Port of a Service, `namespace/name:port`.
    backend: String,
    /// Path and query.
    target: String,
    speech: Vec<Speech>,
}

/// The same is asked of the same service by a URL of the old side and one of the new side.
pub(super) fn same(old: &impl Router, new: &impl Router, before: &str, after: &str) -> bool {
    before == after || matches!((behind(old, before), behind(new, after)), (Some(one), Some(other)) if one == other)
}

/// Who answers a URL of the cluster, or one of this side itself: a service may be asked through the door that clients use. `None` where
/// that is somebody else, more than one, or behind a door that is guarded too.
fn behind(side: &impl Router, url: &str) -> Option<Service> {
    // Sides differ in what they ask where a URL has no path.
    let (_, rest) = url.split_once("://")?;
    rest.contains(['/', '?']).then_some(())?;
    let mut request = witness::get(url);
    let authority = request.host.take()?;
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok()?)),
        None => (authority.as_str(), None),
    };
    let usual = Entry { scheme: request.scheme, port: None }.number();
    if let Some(service) = NamespacedName::of_service_name(host) {
        let backend = format!("{service}:{}", port.unwrap_or(usual));
        return Some(Service { backend, target: request.target, speech: vec![Speech::http(false, request.sni.is_some())] });
    }
    request.port = port.filter(|port| *port != usual);
    request.sni = request.sni.map(|_| host.to_owned());
    request.host = Some(authority);
    let decided = side.decide(&request, &Stage { refuses: true, ..Stage::default() });
    let Outcome::Forward(forward) = decided.decision.outcome else { return None };
    match forward.split.as_slice() {
        [share] if decided.undecided.is_none() => {
            Some(Service { backend: share.backend.clone()?, target: forward.target, speech: forward.speech })
        }
        _ => None,
    }
}
