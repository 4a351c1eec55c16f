//! What several verbs need first: objects and the controller's settings.

use std::path::PathBuf;

use super::{
    Terminal, Usage,
    estate::{New, Old},
    exit::Exit,
    flags::{Controller, Gateway, Input, Order},
};
use crate::{
    ingress, k8s,
    ledger::{Code, Finding},
    read::{self, Reading},
    report::{self, Diagnostics},
};

/// What is read of a cluster beside what decides about routing.
#[derive(Debug, Clone, Copy, Default)]
#[cfg_attr(not(feature = "cluster"), expect(dead_code, reason = "files are read whole"))]
pub(super) struct More {
    /// Objects of Gateway API and of its implementations.
    pub gateway_objects: bool,
    /// Objects that steer Ingresses or depend on the controller.
    pub beside: bool,
}

impl More {
    pub(super) const WITH_GATEWAYS: Self = Self { gateway_objects: true, beside: false };

    /// Objects of Gateway API where they are wanted.
    pub(super) const fn gateways(wanted: bool) -> Self {
        Self { gateway_objects: wanted, beside: false }
    }
}

/// Reads input, or the cluster where none is named, and the files that hold the controller's settings, as one inventory.
/// Files give all objects; of a cluster those of Gateway API are read where they are wanted.
pub(super) fn reading(input: &Input, controller: Option<&Controller>, more: More, context: Option<&str>) -> anyhow::Result<Reading> {
    #[cfg(feature = "cluster")]
    if input.filenames.is_empty() {
        return Ok(super::cluster::reading(input, controller, more, context)?);
    }
    let _ = (more, context);
    let mut paths: Vec<PathBuf> = input.filenames.clone();
    paths.extend(controller.into_iter().flat_map(|controller| controller.controller_config.iter().cloned()));
    let options = read::Options { paths, recursive: input.recursive, namespace: input.namespace_of_objects() };
    Ok(read::read(&options).map_err(|error| Usage(error.to_string()))?)
}

/// Says findings about objects of an inventory.
pub(super) fn say<'f>(findings: impl IntoIterator<Item = &'f Finding>, inventory: &k8s::Inventory, terminal: &Terminal) {
    let diagnostics = Diagnostics::new(inventory, terminal.colours);
    terminal.notice(&findings.into_iter().map(|finding| diagnostics.render(finding)).collect::<String>());
}

/// Says what of the input could not be read, for verbs that say nothing else of it; whether there is something.
pub(super) fn say_faults(reading: &Reading, terminal: &Terminal) -> bool {
    say(reading.faults(), &reading.inventory, terminal);
    reading.partial
}

/// Says what was assumed of settings that were not read, for verbs that say nothing else of the old side.
pub(super) fn say_assumptions(old: &Old, terminal: &Terminal) {
    say(old.resolved.findings.iter().filter(|finding| finding.code.is_assumption()), &old.reading.inventory, terminal);
}

/// The contexts to read, one after the other; none stands for the current one, and for files.
pub(super) fn contexts(input: &Input) -> Vec<Option<String>> {
    #[cfg(feature = "cluster")]
    if !input.cluster.context.is_empty() {
        let mut named: Vec<Option<String>> = Vec::new();
        for context in &input.cluster.context {
            if !named.contains(&Some(context.clone())) {
                named.push(Some(context.clone()));
            }
        }
        return named;
    }
    let _ = input;
    vec![None]
}

/// The name of a context, where there are several to tell apart.
pub(super) fn named<'c>(input: &Input, context: Option<&'c str>) -> Option<&'c str> {
    context.filter(|_| contexts(input).len() > 1)
}

/// Runs a verb for each context, and gives the worst end: what could not be read beats what was found. A cluster that cannot be read does
/// not end the others.
pub(super) fn each_context(
    input: &Input,
    terminal: &Terminal,
    mut run: impl FnMut(Option<&str>) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    let contexts = contexts(input);
    let mut worst = Exit::Clean;
    let mut unread = Unread::of(contexts.len());
    for context in &contexts {
        let exit = match run(context.as_deref()) {
            Ok(exit) => exit,
            Err(error) => {
                let finding = unread.finding(context.as_deref(), error)?;
                terminal.notice(&Diagnostics::new(&k8s::Inventory::default(), terminal.colours).render(&finding));
                Exit::Partial
            }
        };
        worst = match (worst, exit) {
            (Exit::Partial, _) | (_, Exit::Partial) => Exit::Partial,
            (Exit::Clean, exit) => exit,
            (worst, _) => worst,
        };
    }
    Ok(worst)
}

/// Clusters of several that could not be read.
pub(super) struct Unread {
    /// Clusters that are left.
    left: usize,
    several: bool,
}

impl Unread {
    /// None of so many yet.
    pub(super) const fn of(contexts: usize) -> Self {
        Self { left: contexts, several: contexts > 1 }
    }

    /// What is said of a cluster; the error itself where it is not about reading, or where no other cluster is left.
    pub(super) fn finding(&mut self, context: Option<&str>, error: anyhow::Error) -> anyhow::Result<Finding> {
        self.left = self.left.saturating_sub(1);
        if !self.several || self.left == 0 || !error.is::<read::Error>() {
            return Err(error);
        }
        let facts = vec![("context", context.unwrap_or_default().to_owned()), ("error", format!("{error:#}"))];
        Ok(Finding::estate(Code::ClusterUnreachable, facts))
    }
}

/// The same for verbs that print to stdout: where there are several contexts, each begins with its name.
pub(super) fn each_context_named(
    input: &Input,
    terminal: &Terminal,
    mut run: impl FnMut(Option<&str>) -> anyhow::Result<Exit>,
) -> anyhow::Result<Exit> {
    let several = contexts(input).len() > 1;
    each_context(input, terminal, |context| {
        if several {
            terminal.data(&format!("context {}\n\n", report::printable(context.unwrap_or_default())))?;
        }
        run(context)
    })
}

/// The new side as a cluster has it: the cluster that was read, or the current one where the Ingresses came from files.
pub(super) fn cluster_side(input: &Input, controller: &Controller, gateway: &Gateway, read: &k8s::Inventory) -> anyhow::Result<New> {
    if input.filenames.is_empty() {
        return New::of_cluster(read, read, gateway);
    }
    live_side(input, controller, gateway)
}

#[cfg(feature = "cluster")]
fn live_side(input: &Input, controller: &Controller, gateway: &Gateway) -> anyhow::Result<New> {
    let live = super::cluster::reading(input, Some(controller), More::WITH_GATEWAYS, None)?.inventory;
    New::of_cluster(&live, &live, gateway)
}

#[cfg(not(feature = "cluster"))]
fn live_side(_: &Input, _: &Controller, _: &Gateway) -> anyhow::Result<New> {
    Err(Usage("this gateshift was built without support for clusters".to_owned()).into())
}

/// The controller's settings: those of the input, or of the files that were named for it, overridden by flags.
pub(super) fn controller(reading: &Reading, arguments: &Controller) -> ingress::Controller {
    let given = ingress::Given {
        config_map: main_config_map(&reading.inventory, arguments).map(|map| map.data.clone()),
        arguments: arguments.arguments(),
    };
    ingress::controller(&reading.inventory, &given)
}

/// What is taken of objects that were not read.
pub(super) fn assumptions(inventory: &k8s::Inventory, arguments: &Controller) -> ingress::Options {
    let order = match arguments.order {
        Order::Timestamp => ingress::Order::Name,
        Order::Document => ingress::Order::Document,
    };
    ingress::Options { order, ..ingress::Options::of(inventory) }
}

/// The only ConfigMap of the files that were named by `--controller-config`; with several, their names decide as they do for other input.
fn main_config_map<'a>(inventory: &'a k8s::Inventory, arguments: &Controller) -> Option<&'a k8s::ConfigMap> {
    let named: Vec<String> = arguments.controller_config.iter().map(|path| path.display().to_string()).collect();
    let mut maps = inventory.config_maps.values().filter(|map| {
        inventory.objects[map.id.0 as usize].1.is_some_and(|origin| named.contains(&inventory.sources.0[origin.source as usize].name))
    });
    match (maps.next(), maps.next()) {
        (Some(only), None) => Some(only),
        (Some(_), Some(_)) | (None, _) => None,
    }
}
