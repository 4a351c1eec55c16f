//! `gateshift convert`: Ingresses in, manifests and an account of every annotation out.

use std::fs;

use anyhow::Context as _;

use super::{
    Terminal,
    args::{Convert, FailOn, Gateway, ManifestFormat},
    estate,
    exit::Exit,
    gather, write,
};
use crate::{
    compare::{self, Limits},
    gateway::limits,
    ledger::{Code, Finding, Findings, Severity},
    nginx,
    report::{self, Counts, Diagnostics},
    translate,
};

/// Runs the verb.
pub(super) fn run(arguments: &Convert, terminal: &Terminal) -> anyhow::Result<Exit> {
    let options = estate::options(&arguments.gateway)?;
    let reading = gather::reading(&arguments.input, Some(&arguments.controller))?;
    let old = estate::Old::new(reading, &arguments.controller);
    let translation = old.translate(&options);
    let estate::Old { reading, controller, resolved } = &old;
    let ledger = report::account(&reading.inventory, controller, resolved, &translation);

    let mut findings = reading.findings.clone();
    findings.extend(controller.findings.iter().cloned());
    findings.extend(resolved.findings.iter().cloned());
    findings.extend(translation.findings.iter().cloned());
    findings.extend(refused(&translation.objects, &arguments.gateway));
    let mut verdict = String::new();
    if !arguments.no_check && !translation.objects.is_empty() {
        let new = estate::New::of_conversion(&old, &translation, &arguments.gateway)?;
        let comparison =
            compare::compare(&nginx::Router::new(&resolved.config), &new.config, &Limits { probed_hosts: 0, ..Limits::default() });
        findings.extend(report::difference_findings(&comparison));
        verdict = format!("compared {}\n", report::tally(&comparison));
    }

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
        verdict,
        sources: reading.inventory.sources.0.len(),
        ingresses: reading.inventory.ingresses.len(),
        served: resolved.config.ingresses.len(),
    };
    terminal.notice(&report::summary(&counts, &translation.objects, &ledger, &findings, &reading.inventory, &diagnostics));
    Ok(Exit::of(reading.partial, &findings, severity(arguments.fail_on)))
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
