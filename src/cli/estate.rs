//! Both sides of a migration, ready to be asked: the old one from Ingresses, the new one from manifests or from the conversion.

use anyhow::Context as _;

use super::{
    Usage,
    args::{Controller, Gateway, Input},
    gather,
};
use crate::{
    gateway::{
        self, dialect,
        facts::{Absent, Facts},
        limits::Judge,
        objects::Objects,
    },
    ingress,
    k8s::{Inventory, NamespacedName},
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
    /// Resolves manifests; Services and Secrets come from `facts` where they are not among the manifests.
    pub(super) fn new(
        manifests: Inventory,
        facts: Option<&Inventory>,
        target: &'static dialect::Target,
        judge: &Judge,
        absent: Absent,
    ) -> Self {
        let read = Objects::read(&manifests, Some(judge));
        let facts = facts.unwrap_or(&manifests);
        let policies = targets::read_back(&target.id, &read.objects, &manifests, &Facts::of(facts, absent));
        let options = gateway::resolve::Options { gateway: None, absent, policies };
        let config = gateway::resolve::resolve(&read.objects, facts, target, &options);
        Self { inventory: manifests, config }
    }

    /// The conversion of the old side, as it would be read back from its manifests.
    pub(super) fn of_conversion(old: &Old, translation: &translate::Translation, gateway: &Gateway) -> anyhow::Result<Self> {
        Self::of_text(old, report::yaml_stream(&translation.objects, &old.reading.inventory), gateway)
    }

    /// The same where the manifests are printed already.
    pub(super) fn of_text(old: &Old, text: String, gateway: &Gateway) -> anyhow::Result<Self> {
        let manifests = read::texts([("converted.yaml".to_owned(), text)], &read::Options::default()).inventory;
        let judge = Judge::new(gateway.gateway_api, gateway.channel);
        Ok(Self::new(manifests, Some(&old.reading.inventory), dialect_of(gateway)?, &judge, Absent::UnlessKindIsUnknown))
    }
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

/// Manifests that were named on the command line.
pub(super) fn manifests(paths: &[std::path::PathBuf], input: &Input) -> Result<Reading, Usage> {
    let options = read::Options { paths: paths.to_vec(), recursive: true, namespace: input.namespace_of_objects() };
    read::read(&options).map_err(|error| Usage(error.to_string()))
}

/// Choices of the translation.
pub(super) fn options(gateway: &Gateway) -> Result<translate::Options, Usage> {
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
    let (namespace, name) = gateway
        .gateway
        .split_once('/')
        .filter(|(namespace, name)| !namespace.is_empty() && !name.is_empty() && !name.contains('/'))
        .ok_or_else(|| Usage(format!("--gateway takes NAMESPACE/NAME, not `{}`", gateway.gateway)))?;
    let namespace_label = match &gateway.namespace_label {
        None => None,
        Some(text) => {
            let (key, value) = text
                .split_once('=')
                .filter(|(key, _)| !key.is_empty())
                .ok_or_else(|| Usage(format!("--namespace-label takes KEY=VALUE, not `{text}`")))?;
            Some((key.to_owned(), value.to_owned()))
        }
    };
    if gateway.gateway_api < "1.5".parse().expect("INVARIANT: 1.5 is a known version") {
        return Err(Usage(format!("writing for Gateway API {} is not done yet; name 1.5 or later", gateway.gateway_api)));
    }
    Ok(translate::Options {
        gateway: NamespacedName::new(namespace, name),
        gateway_class: gateway.gateway_class.clone(),
        emit_gateway_class: gateway.emit_gateway_class,
        namespace_label,
        target,
        allow_unprotected: gateway.allow_unprotected,
    })
}
