//! `gateshift convert`: Ingresses in, manifests and an account of every annotation out.

use std::fs;

use anyhow::Context as _;

use super::{
    Terminal, Usage,
    args::{Convert, FailOn, Gateway, ManifestFormat},
    exit::Exit,
    gather, write,
};
use crate::{
    gateway::limits,
    ingress,
    k8s::NamespacedName,
    ledger::{Code, Finding, Findings, Severity},
    report::{self, Counts, Diagnostics},
    targets, translate,
};

/// Runs the verb.
pub(super) fn run(arguments: &Convert, terminal: &Terminal) -> anyhow::Result<Exit> {
    let options = options(&arguments.gateway)?;
    let mut reading = gather::reading(&arguments.input, Some(&arguments.controller)).map_err(|error| Usage(error.to_string()))?;
    let controller = gather::controller(&reading, &arguments.controller);
    let resolved = ingress::resolve(&reading.inventory, &controller, &gather::assumptions(&reading.inventory, &arguments.controller));
    let translation = translate::translate(&resolved.config, &reading.inventory, &options);
    let ledger = report::account(&reading.inventory, &controller, &resolved, &translation);

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
    let judge = limits::Judge::new(gateway.gateway_api, gateway.channel);
    let mut findings = Findings::new();
    for emitted in objects {
        for remark in judge.object(&emitted.object).remarks {
            let error = match &remark.what {
                limits::What::NotServed => "its version is not served".to_owned(),
                limits::What::Refused { rule } => format!("`{}` {rule}", remark.field),
                limits::What::Pruned | limits::What::Dropped => format!("`{}` does not exist", remark.field),
                limits::What::Defaulted { .. } | limits::What::Deprecated | limits::What::Doubtful { .. } => continue,
            };
            let facts = vec![("object", emitted.object.object_ref().to_string()), ("error", error)];
            findings.push(Finding::estate(Code::GatewayOwnObjectRefused, facts));
        }
    }
    findings
}
