//! Both sides of a migration, ready to be asked: the old one from Ingresses, the new one from manifests or from the conversion.

use std::collections::BTreeSet;

use anyhow::Context as _;

use super::{
    Terminal, Usage,
    flags::{Controller, Gateway, Input, TlsOwner},
    gather,
};
use crate::{
    catalog::DEFAULT_PREFIX,
    gateway::{
        self, dialect,
        facts::{Absent, Facts},
        limits::{Channel, Judge, Version},
        objects::Objects,
    },
    ingress,
    k8s::{Inventory, NamespacedName, names},
    read::{self, Reading},
    report, targets, translate,
};

/// The old side.
pub(super) struct Old {
    pub reading: Reading,
    pub controller: ingress::Controller,
    pub resolved: ingress::Resolved,
}

impl Old {
    /// Resolves what was read.
    pub(super) fn new(reading: Reading, arguments: &Controller) -> Self {
        let controller = gather::controller(&reading, arguments);
        let assumptions = gather::assumptions(&reading.inventory, arguments);
        Self::with(reading, controller, &assumptions)
    }

    /// Resolves what was read with settings that are known already.
    pub(super) fn with(reading: Reading, controller: ingress::Controller, assumptions: &ingress::Options) -> Self {
        let resolved = ingress::resolve(&reading.inventory, &controller, assumptions);
        Self { reading, controller, resolved }
    }

    /// The conversion.
    pub(super) fn translate(&self, options: &translate::Options) -> translate::Translation {
        translate::translate(&self.resolved.config, &self.reading.inventory, options)
    }
}

/// The new side. Manifests of our own are printed and read back like anyone's.
pub(super) struct New {
    /// Manifests, as they were read.
    pub inventory: Inventory,
    pub config: gateway::config::Config,
}

impl New {
    /// Resolves manifests that somebody wrote; Services, Secrets and Namespaces come from `facts` where they are not among the manifests.
    /// Manifests that name some say nothing of others: whether all of a kind are known is decided by `facts`. What an API server would
    /// refuse is among the findings.
    pub(super) fn new(manifests: Inventory, facts: Option<&Inventory>, target: &'static dialect::Target, judge: &Judge) -> Self {
        let Some(facts) = facts else {
            return Self::resolved(manifests, None, target, Some(judge), Absent::UnlessKindIsUnknown);
        };
        let absent = Absent::Known { services: !facts.services.is_empty(), secrets: !facts.secrets.is_empty() };
        let both = joined(&manifests, facts);
        Self::resolved(manifests, Some(&both), target, Some(judge), absent)
    }

    /// Resolves manifests. Without a judge they are taken for what a cluster has stored.
    fn resolved(
        mut manifests: Inventory,
        facts: Option<&Inventory>,
        target: &'static dialect::Target,
        judge: Option<&Judge>,
        absent: Absent,
    ) -> Self {
        let read = Objects::take(&mut manifests, judge);
        let facts = facts.unwrap_or(&manifests);
        let policies = targets::read_back(&target.id, &read.objects, &manifests, &Facts::of(facts, absent));
        let options = gateway::resolve::Options { gateway: None, absent, policies };
        let mut config = gateway::resolve::resolve(&read.objects, facts, target, &options);
        config.findings.extend(read.refusals);
        Self { inventory: manifests, config }
    }

    /// The conversion of the old side, as it is read back from its manifests. A Gateway that exists stands beside them.
    pub(super) fn of_conversion(old: &Old, translation: &translate::Translation, gateway: &Gateway) -> anyhow::Result<Self> {
        let text = report::yaml_stream(&translation.objects, &old.reading.inventory);
        let mut manifests = read::texts([("converted.yaml".to_owned(), text)], &read::Options::default()).inventory;
        let known = &old.reading.inventory;
        if gateway.existing_gateway.is_some() {
            copy_gateway_objects(known, &mut manifests, |kind| matches!(kind, "Gateway" | "GatewayClass" | "ListenerSet"));
        }
        let judge = Aim::of(gateway, Some(known)).judge();
        Ok(Self::resolved(manifests, Some(known), dialect_of(gateway)?, Some(&judge), Absent::UnlessKindIsUnknown))
    }

    /// What a cluster has, with the conditions that its controllers report. `facts` is what was read of it.
    pub(super) fn of_cluster(live: &Inventory, facts: &Inventory, gateway: &Gateway) -> anyhow::Result<Self> {
        let mut manifests = Inventory::default();
        copy_gateway_objects(live, &mut manifests, |_| true);
        Ok(Self::resolved(manifests, Some(facts), dialect_of(gateway)?, None, Absent::UnlessKindIsUnknown))
    }
}

/// What routes refer to outside the Gateway API, of both inventories: manifests are applied over what is there.
fn joined(manifests: &Inventory, facts: &Inventory) -> Inventory {
    let mut both = Inventory {
        services: facts.services.clone(),
        secrets: facts.secrets.clone(),
        config_maps: facts.config_maps.clone(),
        namespaces: facts.namespaces.clone(),
        listed: facts.listed.clone(),
        ..Inventory::default()
    };
    both.services.extend(manifests.services.clone());
    both.secrets.extend(manifests.secrets.clone());
    both.config_maps.extend(manifests.config_maps.clone());
    for (name, namespace) in &manifests.namespaces {
        let known = both.namespaces.entry(name.clone()).or_insert_with(|| namespace.clone());
        known.meta.labels.extend(namespace.meta.labels.clone());
    }
    let anew: BTreeSet<NamespacedName> = manifests.endpoint_slices.iter().map(|slice| slice.meta.key()).collect();
    both.endpoint_slices = facts.endpoint_slices.iter().filter(|slice| !anew.contains(&slice.meta.key())).cloned().collect();
    both.endpoint_slices.extend(manifests.endpoint_slices.iter().cloned());
    both
}

/// Copies Gateway API objects of some kinds, without their places in files: those of the same name that are there already stay.
fn copy_gateway_objects(from: &Inventory, to: &mut Inventory, wanted: impl Fn(&str) -> bool) {
    for (id, node) in &from.gateway_objects {
        let name = from.object(*id);
        if wanted(&name.kind) && to.objects.iter().all(|(known, _)| known != name) {
            let id = to.register(name.clone(), None);
            to.gateway_objects.push((id, node.clone()));
        }
    }
}

/// Reads what is known of the target and of the Gateway API, for whoever asks next.
pub(super) fn load(gateway: &Gateway) {
    let (id, _) = target_and_version(&gateway.target);
    dialect::Target::named(id);
    Aim::of(gateway, None).judge();
}

/// The dialect of the target.
pub(super) fn dialect_of(gateway: &Gateway) -> anyhow::Result<&'static dialect::Target> {
    let (id, _) = target_and_version(&gateway.target);
    dialect::Target::named(id).with_context(|| format!("target `{id}` has no dialect"))
}

/// `ID@VERSION`, or the name alone.
fn target_and_version(text: &str) -> (&str, Option<&str>) {
    text.split_once('@').map_or((text, None), |(id, version)| (id, Some(version)))
}

/// Manifests that were named on the command line. What could not be read of them is said.
pub(super) fn manifests(paths: &[std::path::PathBuf], input: &Input, terminal: &Terminal) -> Result<Reading, Usage> {
    let options = read::Options { paths: paths.to_vec(), recursive: true, namespace: input.namespace_of_objects() };
    let reading = read::read(&options).map_err(|error| Usage(error.to_string()))?;
    gather::say_faults(&reading, terminal);
    Ok(reading)
}

/// Version and channel that manifests are written and judged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Aim {
    pub version: Version,
    pub channel: Channel,
}

impl Aim {
    /// What the command line names, else what the cluster has installed, else the default.
    pub(super) fn new(version: Option<Version>, channel: Option<Channel>, inventory: Option<&Inventory>) -> Self {
        let installed = inventory.and_then(|inventory| inventory.gateway_api.as_ref());
        // A cluster may be newer than what is known here; what is written for the newest known version still fits.
        let of_cluster = installed.and_then(|installed| installed.version.as_ref()).map(|text| {
            let known = |version: &Version| *version <= nearest(text);
            Version::all().rfind(known).unwrap_or_else(|| Version::all().next().unwrap_or_else(Version::newest))
        });
        let default = translate::Emission::default();
        let channel_of_cluster = installed.and_then(|installed| installed.channel.as_ref()?.parse().ok());
        Self {
            version: version.or(of_cluster).unwrap_or(default.version),
            channel: channel.or(channel_of_cluster).unwrap_or(default.channel),
        }
    }

    /// What the gateway settings of a verb come to.
    pub(super) fn of(gateway: &Gateway, inventory: Option<&Inventory>) -> Self {
        Self::new(gateway.gateway_api, gateway.channel, inventory)
    }

    pub(super) fn judge(self) -> Judge {
        Judge::new(self.version, self.channel)
    }
}

/// The known version of that text, or the newest one where it is none of them.
fn nearest(text: &str) -> Version {
    text.parse().unwrap_or_else(|_| Version::newest())
}

/// Namespace and name of a flag, as an API server takes them.
fn namespaced(flag: &str, text: &str) -> Result<NamespacedName, Usage> {
    let wrong = |why: &str| Usage(format!("--{flag} takes NAMESPACE/NAME, not `{text}`{why}"));
    let (namespace, name) = text
        .split_once('/')
        .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains('/'))
        .ok_or_else(|| wrong(""))?;
    let reasons = [("namespace", namespace, names::label(namespace)), ("name", name, names::subdomain(name))];
    for (what, part, reasons) in reasons {
        if let Some(reason) = reasons.first() {
            return Err(wrong(&format!(": `{part}` is no {what}: {reason}")));
        }
    }
    Ok(NamespacedName::new(namespace, name))
}

/// Annotations of the user's own.
fn own_annotations(gateway: &Gateway) -> Result<translate::OwnAnnotations, Usage> {
    let Some(path) = &gateway.annotation_map else { return Ok(translate::OwnAnnotations::default()) };
    let wrong = |why: String| Usage(format!("--annotation-map {}: {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let own: translate::OwnAnnotations = serde_yaml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    match own.fault(DEFAULT_PREFIX) {
        Some(why) => Err(wrong(why)),
        None => Ok(own),
    }
}

/// Switches of a target that are on: those that the user names, and those that the configuration of its controller sets.
pub(super) fn switches(id: &str, named: &[String], inventory: &Inventory) -> BTreeSet<String> {
    let known = dialect::Target::named(id).into_iter().flat_map(dialect::Target::switches);
    let on = known.map(|switch| &switch.name).filter(|name| named.contains(name)).cloned();
    on.chain(targets::switches(id, inventory)).collect()
}

/// Refuses names of switches that none of the targets has.
pub(super) fn check_switches<'t>(of: impl IntoIterator<Item = &'t dialect::Target>, named: &[String]) -> Result<(), Usage> {
    let known: Vec<&str> = of.into_iter().flat_map(dialect::Target::switches).map(|switch| switch.name.as_str()).collect();
    let Some(unknown) = named.iter().find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    Err(Usage(format!("--target-switch {unknown}: there is no such switch; known are {known}")))
}

/// Choices of the translation.
pub(super) fn options(gateway: &Gateway, aim: Aim, inventory: &Inventory) -> Result<translate::Options, Usage> {
    let (id, version) = target_and_version(&gateway.target);
    let target = targets::by_id(id).ok_or_else(|| Usage(format!("unknown target `{id}`; known are {}", super::targets::known())))?;
    if let (Some(version), Some(data)) = (version, dialect::Target::named(id))
        && !data
            .versions
            .iter()
            .any(|known| version == known || version.strip_prefix(known.as_str()).is_some_and(|rest| rest.starts_with('.')))
    {
        let known = if data.versions.is_empty() { "none".to_owned() } else { data.versions.join(", ") };
        return Err(Usage(format!("what `{id}` keeps is known for versions {known}, not for {version}")));
    }
    check_switches(dialect::Target::named(id), &gateway.target_switch)?;
    let namespace_label = match &gateway.namespace_label {
        None => None,
        Some(text) => {
            let (key, value) = text
                .split_once('=')
                .filter(|(key, value)| names::qualified(key).is_empty() && names::label_value(value).is_empty())
                .ok_or_else(|| Usage(format!("--namespace-label takes KEY=VALUE, not `{text}`")))?;
            Some((key.to_owned(), value.to_owned()))
        }
    };
    let existing = gateway.existing_gateway.as_deref().map(|text| namespaced("existing-gateway", text)).transpose()?;
    if let Some(name) = existing.as_ref().filter(|name| !translate::has_gateway(inventory, name)) {
        return Err(Usage(format!(
            "Gateway `{name}` is not among what was read; add its manifest with -f, or read the cluster that has it"
        )));
    }
    let tls_owner = match gateway.tls_owner {
        TlsOwner::Platform => translate::TlsOwner::Platform,
        TlsOwner::App => translate::TlsOwner::App,
    };
    let supported = targets::supported_features(id, gateway.gateway_class.as_deref(), inventory);
    let policies_on_sets = version.zip(dialect::Target::named(id)).is_none_or(|(version, data)| data.takes_policies_on_sets(version));
    let emission = translate::Emission { version: aim.version, channel: aim.channel, tls_owner, existing, policies_on_sets, supported };
    if tls_owner == translate::TlsOwner::App && !emission.has_listener_sets(id) {
        return Err(Usage(format!(
            "--tls-owner app needs ListenerSets, which Gateway API {} ({}) does not have, or `{id}` does not claim, or takes no policies on in that version",
            aim.version, aim.channel
        )));
    }
    Ok(translate::Options {
        gateway: match &emission.existing {
            Some(name) => name.clone(),
            None => namespaced("gateway", &gateway.gateway)?,
        },
        gateway_class: gateway.gateway_class.clone(),
        emit_gateway_class: gateway.emit_gateway_class,
        namespace_label,
        target,
        allow_unprotected: gateway.allow_unprotected,
        allow_raw: gateway.allow_raw,
        switches: switches(id, &gateway.target_switch, inventory),
        own: own_annotations(gateway)?,
        emission,
        second_thread_from: translate::MANY_HOSTS,
    })
}
