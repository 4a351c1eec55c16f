//! Objects of an implementation's own API groups among manifests, as their kinds read them.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::{
    gateway::{
        api::Duration,
        json::Json,
        objects::Objects,
        policies::{Effect, Merge, Network, Place, Policies},
    },
    k8s::{FieldPath, Inventory, NamespacedName, ObjectId, ObjectRef, Subject},
    ledger::{Code, Facts, Finding},
};

/// An object of an implementation.
#[derive(Debug, Clone)]
pub(super) struct Document<'a> {
    /// Its number.
    pub(super) id: ObjectId,
    /// Its name.
    pub(super) object: &'a ObjectRef,
    /// When it was created, as RFC 3339 text.
    pub(super) created: Option<String>,
    /// `spec`, or an empty object.
    pub(super) spec: Value,
}

/// All objects of a group: the oldest first, then by name; those that were not created yet last.
pub(super) fn of_group<'a>(objects: &'a Objects, manifests: &Inventory, group: &str) -> Vec<Document<'a>> {
    let mut documents: Vec<Document<'_>> = Vec::new();
    for foreign in objects.foreign.iter().filter(|foreign| foreign.object.group == group) {
        let Some(node) = manifests.gateway_object(foreign.id) else { continue };
        let value = Json::from_node(node).to_value();
        let created = value.pointer("/metadata/creationTimestamp").and_then(Value::as_str).map(str::to_owned);
        let spec = value.get("spec").cloned().unwrap_or_else(|| Value::Object(Map::new()));
        documents.push(Document { id: foreign.id, object: &foreign.object, created, spec });
    }
    documents.sort_by(|a, b| {
        let key = |one: &Document<'_>| (one.created.is_none(), one.created.clone(), one.object.namespace.clone(), one.object.name.clone());
        key(a).cmp(&key(b))
    });
    documents
}

impl Document<'_> {
    /// The spec as a wire type; `None` where it is none.
    pub(super) fn parse<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.spec).ok()
    }

    /// The first field that nobody here knows.
    pub(super) fn unknown(&self, other: &Map<String, Value>) -> Option<String> {
        other.keys().next().map(|field| format!("`{field}` of {}", self.object))
    }

    /// Where findings about it point to.
    pub(super) fn subject(&self) -> Subject {
        Subject::new(self.id, FieldPath::from(["spec"]))
    }

    /// What findings about it and one of its places say.
    pub(super) fn facts(&self, place: &Place) -> Facts {
        vec![("policy", self.object.to_string()), ("place", described(place))]
    }

    /// Attaches an effect, and says where that is in vain.
    pub(super) fn attach(
        &self,
        policies: &mut Policies,
        (objects, manifests): (&Objects, &Inventory),
        family: &'static str,
        place: Place,
        effect: Effect,
        merge: Merge,
    ) {
        let mut told = self.facts(&place);
        if !exists(objects, &place) {
            policies.findings.push(Finding::about(Code::GatewayPolicyLost, self.subject(), told.clone()));
        }
        let fails = effect.invalid.clone();
        if let Some(first) = policies.attach(family, place, self.id, effect, merge) {
            told.push(("first", manifests.object(first).to_string()));
            policies.findings.push(Finding::about(Code::GatewayPolicyIgnored, self.subject(), told));
        } else if let Some(reason) = fails {
            policies.findings.push(Finding::about(Code::GatewayRuleFails, self.subject(), vec![("reason", reason)]));
        }
    }
}

/// A place in words.
fn described(place: &Place) -> String {
    match &place.section {
        Some(section) => format!("section `{section}` of {} {}", place.kind, place.name),
        None => format!("{} {}", place.kind, place.name),
    }
}

/// Whether what a policy names was read, as far as kinds are known here.
fn exists(objects: &Objects, place: &Place) -> bool {
    let known = ["Gateway", "ListenerSet", "HTTPRoute", "GRPCRoute", "TLSRoute"].contains(&place.kind.as_str());
    !known || objects.has(&place.kind, &place.name)
}

/// A network, or a single address.
pub(super) fn network(text: &str) -> Option<Network> {
    let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let address: std::net::IpAddr = address.parse().ok()?;
    let full = if address.is_ipv4() { 32 } else { 128 };
    let length = match length {
        Some(length) => length.parse().ok().filter(|length| *length <= full)?,
        None => full,
    };
    Some((address, length))
}

/// Milliseconds of a duration.
pub(super) fn millis(text: &str) -> Option<u64> {
    text.parse::<Duration>().ok().map(Duration::as_millis)
}

/// The URL of a port of a Service, without path.
pub(super) fn url(service: &NamespacedName, port: u16) -> String {
    let port = if port == 80 { String::new() } else { format!(":{port}") };
    format!("http://{}.{}.svc.cluster.local{port}", service.name, service.namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_address_is_a_network() {
        assert_eq!(network("10.0.0.1"), Some(("10.0.0.1".parse().expect("address"), 32)));
        assert_eq!(network("10.0.0.0/33"), None);
    }
}
