//! What must be there before manifests are applied: CRDs, versions, switches of the controller. Of a live cluster it is said whether it is.

use std::collections::{BTreeMap, BTreeSet};

use super::live;
use crate::{
    gateway::{
        api::GROUP as GATEWAY_API,
        dialect::{Prerequisite, Target, version_numbers},
        limits::{Channel, Version},
    },
    k8s::{Cluster, Inventory},
};

/// Whether something is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Met {
    /// It is.
    Yes,
    /// It is not.
    No,
    /// A cluster was read, and does not tell.
    Unknown,
    /// No cluster was read.
    NotAsked,
}

/// Something that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// What.
    pub text: String,
    /// Whether it is there.
    pub met: Met,
}

/// What manifests are written for.
#[derive(Debug, Clone, Copy)]
pub struct For<'a> {
    /// Name of the target.
    pub target: &'a str,
    /// Version of Gateway API.
    pub version: Version,
    /// Channel.
    pub channel: Channel,
}

/// What objects of these groups and kinds need, the CRDs of Gateway API first.
pub fn needs<'k>(written: For<'_>, kinds: impl IntoIterator<Item = (&'k str, &'k str)>, inventory: &Inventory) -> Vec<Need> {
    let mut by_group: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (group, kind) in kinds {
        by_group.entry(group).or_default().insert(kind);
    }
    let mut needs = Vec::new();
    if let Some(kinds) = by_group.get(GATEWAY_API) {
        needs.push(definitions(written, kinds, inventory));
    }
    let is_written = |kind: &String| by_group.values().any(|kinds| kinds.contains(kind.as_str()));
    for target in ["standard", written.target].into_iter().filter_map(Target::named) {
        for prerequisite in &target.prerequisites {
            let Prerequisite { value, evidence: _, kinds, serves, kubernetes, switch } = prerequisite;
            if !kinds.is_empty() && !kinds.iter().any(is_written) {
                continue;
            }
            let on = switch.as_ref().is_some_and(|switch| live::is_on(switch, inventory));
            let met = if on { Met::Yes } else { met(serves.as_deref(), kubernetes.as_deref(), inventory.cluster.as_ref()) };
            let need = Need { text: value.clone(), met };
            if !needs.contains(&need) {
                needs.push(need);
            }
        }
    }
    needs
}

/// `group/version`, and the oldest version of Kubernetes.
fn met(serves: Option<&str>, kubernetes: Option<&str>, cluster: Option<&Cluster>) -> Met {
    let Some(cluster) = cluster else { return Met::NotAsked };
    let said = |there: Option<bool>| match there {
        Some(true) => Met::Yes,
        Some(false) => Met::No,
        None => Met::Unknown,
    };
    let served = serves.and_then(|serves| serves.split_once('/')).map(|(group, version)| {
        said(cluster.groups.as_ref().map(|groups| groups.get(group).is_some_and(|versions| versions.iter().any(|known| known == version))))
    });
    let new_enough =
        kubernetes.map(|oldest| said(cluster.kubernetes.as_deref().map(|version| version_numbers(version) >= version_numbers(oldest))));
    match (served, new_enough) {
        (Some(Met::No), _) | (_, Some(Met::No)) => Met::No,
        (Some(Met::Yes), None | Some(Met::Yes)) | (None, Some(Met::Yes)) => Met::Yes,
        (Some(Met::Yes | Met::Unknown | Met::NotAsked) | None, _) => Met::Unknown,
    }
}

/// The CRDs of Gateway API.
fn definitions(written: For<'_>, kinds: &BTreeSet<&str>, inventory: &Inventory) -> Need {
    let For { version, channel, .. } = written;
    let names = kinds.iter().copied().collect::<Vec<_>>().join(", ");
    let mut text = format!("the CRDs of Gateway API {version} or later ({channel} channel) with {names}");
    let met = match (&inventory.gateway_api, &inventory.cluster) {
        (Some(installed), _) => {
            let missing: Vec<&str> = kinds.iter().copied().filter(|kind| !installed.kinds.contains_key(*kind)).collect();
            let old = installed.version.as_deref().is_some_and(|known| version_numbers(known) < version_numbers(&version.to_string()));
            let narrow = channel == Channel::Experimental && installed.channel.as_deref() == Some("standard");
            let mut lacks = Vec::new();
            if !missing.is_empty() {
                lacks.push(format!("without {}", missing.join(", ")));
            }
            if let Some(known) = installed.version.as_deref().filter(|_| old) {
                lacks.push(format!("version {known}"));
            }
            if narrow {
                lacks.push("of the standard channel".to_owned());
            }
            if !lacks.is_empty() {
                text.push_str(&format!("; the cluster has those {}", lacks.join(" and ")));
            }
            match (lacks.is_empty(), &installed.version) {
                (false, _) => Met::No,
                (true, Some(_)) => Met::Yes,
                (true, None) => Met::Unknown,
            }
        }
        (None, Some(Cluster { groups: Some(groups), .. })) if !groups.contains_key(GATEWAY_API) => Met::No,
        (None, Some(_)) => Met::Unknown,
        (None, None) => Met::NotAsked,
    };
    Need { text, met }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::k8s::InstalledApi;

    fn asked(target: &str, kinds: &[(&str, &str)], inventory: &Inventory) -> Vec<(bool, Met)> {
        let written = For { target, version: "1.5".parse().expect("version"), channel: Channel::Standard };
        needs(written, kinds.iter().copied(), inventory)
            .into_iter()
            .map(|need| (need.text.contains("CRDs of Gateway API"), need.met))
            .collect()
    }

    fn cluster(groups: &[(&str, &str)], kubernetes: &str) -> Option<Cluster> {
        let groups = groups.iter().map(|(group, version)| ((*group).to_owned(), vec![(*version).to_owned()])).collect();
        Some(Cluster { groups: Some(groups), kubernetes: Some(kubernetes.to_owned()) })
    }

    #[test]
    fn files_tell_nothing_of_what_is_there() {
        let inventory = Inventory::default();
        assert!(asked("envoy-gateway", &[(GATEWAY_API, "Gateway")], &inventory).iter().all(|(_, met)| *met == Met::NotAsked));
    }

    #[test]
    fn a_cluster_tells_which_groups_it_serves() {
        let with = Inventory { cluster: cluster(&[("gateway.envoyproxy.io", "v1alpha1")], "v1.33.1"), ..Inventory::default() };
        let without = Inventory { cluster: cluster(&[], "v1.33.1"), ..Inventory::default() };
        assert!(asked("envoy-gateway", &[], &with).contains(&(false, Met::Yes)));
        assert!(asked("envoy-gateway", &[(GATEWAY_API, "Gateway")], &without).contains(&(true, Met::No)));
        assert!(asked("envoy-gateway", &[], &without).contains(&(false, Met::No)));
    }

    #[test]
    fn definitions_are_compared_by_kind_version_and_channel() {
        let installed = |version: &str, kinds: &[&str]| Inventory {
            cluster: cluster(&[(GATEWAY_API, "v1")], "v1.33.1"),
            gateway_api: Some(InstalledApi {
                version: Some(version.to_owned()),
                channel: Some("standard".to_owned()),
                kinds: kinds.iter().map(|kind| ((*kind).to_owned(), vec!["v1".to_owned()])).collect(),
            }),
            ..Inventory::default()
        };
        let first = |inventory: &Inventory| asked("standard", &[(GATEWAY_API, "Gateway"), (GATEWAY_API, "TLSRoute")], inventory)[0].1;
        assert_eq!(first(&installed("1.6.1", &["Gateway", "TLSRoute"])), Met::Yes);
        assert_eq!(first(&installed("1.6.1", &["Gateway"])), Met::No);
        assert_eq!(first(&installed("1.4.0", &["Gateway", "TLSRoute"])), Met::No);
    }

    #[test]
    fn some_kinds_need_a_new_kubernetes() {
        let of = |version: &str| {
            let inventory = Inventory { cluster: cluster(&[], version), ..Inventory::default() };
            asked("standard", &[("", "TLSRoute")], &inventory)
        };
        assert_eq!(of("v1.30.9"), [(false, Met::No)]);
        assert_eq!(of("v1.31.0-gke.1"), [(false, Met::Yes)]);
    }
}
