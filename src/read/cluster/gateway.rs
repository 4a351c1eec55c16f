//! Gateway API in the cluster: which version and channel, which kinds, the GatewayClasses, and on request all its objects.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Error, Progress,
    client::{Failure, Form},
    estate::{Reader, whence},
    list::{self, List},
    merge::absorb,
    resource::{DEFINITIONS, Resource},
};
use crate::{k8s::InstalledApi, ledger::Code, read::kinds::is_gateway_group, yaml::Node};

const GROUP: &str = "gateway.networking.k8s.io";
const CERT_MANAGER: &str = "cert-manager.io";
const BUNDLE_VERSION: &str = "gateway.networking.k8s.io/bundle-version";
const CHANNEL: &str = "gateway.networking.k8s.io/channel";

/// A kind that a group serves.
struct Served {
    group: String,
    plural: String,
    kind: String,
    namespaced: bool,
    /// Newest first.
    versions: Vec<String>,
}

/// Reads it, and gives the groups that the server serves where it tells them.
pub(super) async fn read(reader: &mut Reader<'_>) -> Result<Option<BTreeSet<String>>, Error> {
    let discovery = Resource { group: "", version: "", plural: "", kind: "API group" };
    (reader.progress)(Progress { kind: discovery.kind, objects: 0 });
    let groups = match reader.server.get("/apis", Form::Whole).await {
        Ok(groups) => groups,
        Err(failure) => {
            reader.assume(discovery, "", failure)?;
            reader.reading.inventory.cluster.get_or_insert_default();
            return Ok(None);
        }
    };
    let listed = groups.get("groups").map_or(&[][..], Node::items);
    let versions =
        |group: &Node| group.get("versions").map_or(&[][..], Node::items).iter().map(|one| text(one, "version").to_owned()).collect();
    let by_group = listed.iter().map(|group| (text(group, "name").to_owned(), versions(group))).collect();
    reader.reading.inventory.cluster.get_or_insert_default().groups = Some(by_group);
    let names = groups.get("groups").map_or(&[][..], Node::items).iter().map(|group| text(group, "name").to_owned()).collect();
    // What does not tell its version is read nevertheless.
    if let Ok(version) = reader.server.get("/version", Form::Whole).await {
        let version = Some(text(&version, "gitVersion").to_owned()).filter(|version| !version.is_empty());
        reader.reading.inventory.cluster.get_or_insert_default().kubernetes = version;
    }
    let mut installed = None;
    for group in groups.get("groups").map_or(&[][..], Node::items) {
        let name = text(group, "name");
        let wanted = name == GROUP || name == CERT_MANAGER || reader.options.extent.gateway_objects;
        if !wanted || !is_gateway_group(name) {
            continue;
        }
        let mut kinds: Vec<Served> = Vec::new();
        for version in group.get("versions").map_or(&[][..], Node::items) {
            served(reader, name, text(version, "version"), &mut kinds).await?;
        }
        if name == GROUP {
            let versions = kinds.iter().map(|served| (served.kind.clone(), served.versions.clone())).collect();
            installed = Some(InstalledApi { kinds: versions, ..InstalledApi::default() });
        }
        for served in kinds {
            let always = (name == GROUP && served.kind == "GatewayClass") || (name == CERT_MANAGER && served.kind == "Certificate");
            if always || (reader.options.extent.gateway_objects && name != CERT_MANAGER) {
                objects(reader, &served).await?;
            }
        }
    }
    match installed {
        Some(mut installed) => {
            definitions(reader, &mut installed).await?;
            reader.reading.inventory.gateway_api = Some(installed);
        }
        None => reader.assume(Resource { group: GROUP, version: "v1", plural: "", kind: "Gateway API" }, "", Failure::Absent)?,
    }
    Ok(Some(names))
}

fn text<'n>(node: &'n Node, key: &str) -> &'n str {
    node.get(key).and_then(Node::as_text).unwrap_or("")
}

/// Adds the kinds that a version of a group serves.
async fn served(reader: &mut Reader<'_>, group: &str, version: &str, kinds: &mut Vec<Served>) -> Result<(), Error> {
    let resources = match reader.server.get(&format!("/apis/{group}/{version}"), Form::Whole).await {
        Ok(resources) => resources,
        Err(failure) => {
            return reader.assume(Resource { group, version, plural: "", kind: "API group" }, &format!(" `{group}/{version}`"), failure);
        }
    };
    for resource in resources.get("resources").map_or(&[][..], Node::items) {
        let (plural, kind) = (text(resource, "name"), text(resource, "kind"));
        let listable = resource.get("verbs").is_some_and(|verbs| verbs.items().iter().any(|verb| verb.as_text() == Some("list")));
        if plural.contains('/') || !listable {
            continue;
        }
        match kinds.iter_mut().find(|served| served.plural == plural) {
            Some(served) => served.versions.push(version.to_owned()),
            None => kinds.push(Served {
                group: group.to_owned(),
                plural: plural.to_owned(),
                kind: kind.to_owned(),
                namespaced: text(resource, "namespaced") == "true",
                versions: vec![version.to_owned()],
            }),
        }
    }
    Ok(())
}

/// All objects of a kind. Gateways and grants of other namespaces matter to the namespace that is read, so all are asked for first.
async fn objects(reader: &mut Reader<'_>, served: &Served) -> Result<(), Error> {
    let resource = Resource {
        group: &served.group,
        version: served.versions.first().map_or("v1", String::as_str),
        plural: &served.plural,
        kind: &served.kind,
    };
    let own = reader.namespace.clone().filter(|_| served.namespaced);
    let own_only = served.kind == "Certificate";
    let mut result = reader.objects(resource, own.as_deref().filter(|_| own_only), "").await;
    if let (Err(Failure::Forbidden(_)), Some(namespace), false) = (&result, &own, own_only) {
        result = reader.objects(resource, Some(namespace), "").await;
    }
    match result {
        Ok(found) => {
            absorb(&mut reader.reading.inventory, found);
            Ok(())
        }
        Err(failure) => reader.assume(resource, &whence(own.as_deref()), failure),
    }
}

/// Version and channel, from the annotations of the CRDs.
async fn definitions(reader: &mut Reader<'_>, installed: &mut InstalledApi) -> Result<(), Error> {
    let path = DEFINITIONS.path(None);
    let list = List { path: &path, query: "", form: Form::Metadata, page: reader.options.page, kind: "CustomResourceDefinition" };
    let suffix = format!(".{GROUP}");
    let found = list::collect(&reader.server, list, reader.progress, |found: &mut BTreeMap<String, (String, String)>, _, item| {
        let Some(meta) = item.get("metadata") else { return };
        let name = text(meta, "name");
        if let (true, Some(annotations)) = (name.ends_with(&suffix), meta.get("annotations")) {
            found.insert(name.to_owned(), (text(annotations, BUNDLE_VERSION).to_owned(), text(annotations, CHANNEL).to_owned()));
        }
    });
    let found = match found.await {
        Ok(found) => found,
        Err(failure) => return reader.assume(DEFINITIONS, "", failure),
    };
    let bundles: BTreeSet<(Vec<u64>, String, String)> = found
        .into_values()
        .filter(|(version, _)| !version.is_empty())
        .map(|(version, channel)| (numbers(&version), version.trim_start_matches('v').to_owned(), channel))
        .collect();
    installed.version = bundles.first().map(|(_, version, _)| version.clone());
    // Where both channels are there, only what the standard one has is there for all kinds. `experimental` sorts first.
    installed.channel = bundles.iter().map(|(_, _, channel)| channel.clone()).filter(|channel| !channel.is_empty()).max();
    if bundles.len() > 1 {
        let names: Vec<String> = bundles.iter().map(|(_, version, channel)| format!("{version} {channel}")).collect();
        let version = installed.version.clone().unwrap_or_default();
        reader.note(Code::ClusterMixedBundles, vec![("bundles", names.join(", ")), ("version", version)]);
    }
    Ok(())
}

/// `v1.10.0-rc.1` as numbers, to compare.
fn numbers(version: &str) -> Vec<u64> {
    version.trim_start_matches('v').split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}
