//! Objects beside the Ingresses that steer them, or depend on the controller: `NetworkPolicies`, and what rollout and certificate tools own.

use std::collections::BTreeSet;

use super::{
    Error,
    client::Failure,
    estate::{Reader, whence},
    merge::absorb,
    resource::{self, Resource},
};
use crate::ledger::Code;

/// A kind of a tool that a cluster may not have.
struct Tool {
    resource: Resource<'static>,
    namespaced: bool,
}

const fn tool(group: &'static str, version: &'static str, plural: &'static str, kind: &'static str, namespaced: bool) -> Tool {
    Tool { resource: Resource { group, version, plural, kind }, namespaced }
}

const TOOLS: [Tool; 4] = [
    tool("argoproj.io", "v1alpha1", "rollouts", "Rollout", true),
    tool("flagger.app", "v1beta1", "canaries", "Canary", true),
    tool("cert-manager.io", "v1", "issuers", "Issuer", true),
    tool("cert-manager.io", "v1", "clusterissuers", "ClusterIssuer", false),
];

/// Reads them. `groups` are those that the server serves, where that is known: what it does not serve, it has not.
pub(super) async fn read(reader: &mut Reader<'_>, groups: Option<&BTreeSet<String>>) -> Result<(), Error> {
    let own = reader.namespace.clone();
    reader.kind(resource::NETWORK_POLICIES, own.as_deref()).await?;
    let mut absent = Vec::new();
    for Tool { resource, namespaced } in TOOLS {
        let namespace = own.as_deref().filter(|_| namespaced);
        let served = groups.is_none_or(|groups| groups.contains(resource.group));
        let found = if served { reader.objects(resource, namespace, "").await } else { Err(Failure::Absent) };
        match found {
            Ok(found) => absorb(&mut reader.reading.inventory, found),
            Err(Failure::Absent) => absent.push(resource.kind),
            Err(failure) => reader.assume(resource, &whence(namespace), failure)?,
        }
    }
    if !absent.is_empty() {
        reader.note(Code::ClusterNotInstalled, vec![("kinds", absent.join(", "))]);
    }
    Ok(())
}
