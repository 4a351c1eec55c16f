//! `gateshift convert`: Ingresses in, manifests and an account of every annotation out.

use std::{collections::BTreeMap, fs};

use anyhow::Context as _;

use super::{
    Terminal, Usage,
    args::{Channel, Convert, FailOn, Gateway, ManifestFormat, Order, Version},
    exit::Exit,
    gather, write,
};
use crate::{
    gateway::limits,
    ingress,
    k8s::NamespacedName,
    ledger::{Finding, Findings, Ledger, Severity},
    report::{self, Counts, Diagnostics},
    targets, translate,
};

/// Runs the verb.
pub(super) fn run(arguments: &Convert, terminal: &Terminal) -> anyhow::Result<Exit> {
    let options = options(&arguments.gateway)?;
    let mut reading = gather::reading(&arguments.input, Some(&arguments.controller)).map_err(|error| Usage(error.to_string()))?;
    let controller = gather::controller(&reading, &arguments.controller);
    let resolved = ingress::resolve(&reading.inventory, &controller, order(arguments.controller.order));
    let translation = translate::translate(&resolved.config, &reading.inventory, &options);
    let mut ledger = Ledger::default();
    translate::account(&mut ledger, &reading.inventory, &resolved, &translation);

    let mut findings = std::mem::take(&mut reading.findings);
    findings.extend(controller.findings.iter().cloned());
    findings.extend(resolved.findings.iter().cloned());
    findings.extend(translation.findings.iter().cloned());
    findings.extend(refused(&translation.objects, &arguments.gateway));

    let diagnostics = Diagnostics::new(&reading.inventory, terminal.colours);
    match (&arguments.output_dir, arguments.output) {
        (Some(directory), _) => write::directory(directory, &report::folders(&translation.objects, &reading.inventory))?,
        (None, ManifestFormat::Yaml) => terminal.data(&report::yaml_stream(&translation.objects, &reading.inventory))?,
        (None, ManifestFormat::Json) => terminal.data(&report::json_list(&translation.objects))?,
    }
    if let Some(path) = &arguments.ledger {
        fs::write(path, report::ledger_json(&ledger, &reading.inventory)).with_context(|| format!("writing {}", path.display()))?;
    }
    let counts = Counts {
        sources: reading.inventory.sources.0.len(),
        ingresses: reading.inventory.ingresses.len(),
        served: resolved.config.ingresses.len(),
    };
    terminal.notice(&report::summary(&counts, &translation.objects, &ledger, &findings, &reading.inventory, &diagnostics));
    Ok(Exit::of(reading.partial, &findings, severity(arguments.fail_on)))
}

fn options(gateway: &Gateway) -> Result<translate::Options, Usage> {
    let target = targets::by_id(&gateway.target).ok_or_else(|| {
        let known = targets::all().iter().map(|target| target.id()).collect::<Vec<_>>().join(", ");
        Usage(format!("unknown target `{}`; known are {known}", gateway.target))
    })?;
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
    if gateway.gateway_api == Version::V1_4 {
        return Err(Usage("writing for Gateway API 1.4 is not done yet; 1.5, 1.6 and 1.7 are".to_owned()));
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

pub(super) fn order(order: Order) -> ingress::Order {
    match order {
        Order::Timestamp => ingress::Order::Timestamp,
        Order::Document => ingress::Order::Document,
    }
}

fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Info => Severity::Info,
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
        FailOn::Blocked => Severity::Blocked,
    }
}

/// Objects of ours that an API server would refuse. There must be none; if there are, the user has to know.
fn refused(objects: &[translate::Emitted], gateway: &Gateway) -> Findings {
    let (version, channel) = (version(gateway.gateway_api), channel(gateway.channel));
    let mut seen = BTreeMap::new();
    for emitted in objects {
        for problem in limits::check_object(&emitted.object, version, channel) {
            seen.entry((emitted.object.object_ref(), problem.to_string())).or_insert(problem);
        }
    }
    seen.into_keys()
        .map(|(object, problem)| Finding::estate(crate::ledger::Code::GatewayOwnObjectRefused, vec![("object", object.to_string()), ("error", problem)]))
        .collect()
}

pub(super) fn version(version: Version) -> limits::Version {
    match version {
        Version::V1_4 => limits::Version::V1_4,
        Version::V1_5 => limits::Version::V1_5,
        Version::V1_6 => limits::Version::V1_6,
        Version::V1_7 => limits::Version::V1_7,
    }
}

pub(super) fn channel(channel: Channel) -> limits::Channel {
    match channel {
        Channel::Standard => limits::Channel::Standard,
        Channel::Experimental => limits::Channel::Experimental,
    }
}
