//! `gateshift report`: what the move of the whole estate means, for people and machines.

use std::{fs, io::IsTerminal as _, path::Path};

use anyhow::Context as _;

use super::{
    Terminal,
    args::{Report, ReportFormat},
    config, convert, estate,
    exit::Exit,
    gather, named, needs,
};
use crate::{
    compare::{self, Limits},
    k8s::Inventory,
    ledger::Findings,
    nginx,
    report::{self, Diagnostics, Look, Sides, risk},
};

/// Width where nobody tells.
const WIDTH: u16 = 120;

/// Runs the verb: one report, of as many clusters as there are contexts.
pub(super) fn run(arguments: &Report, terminal: &Terminal) -> anyhow::Result<Exit> {
    let baseline = arguments.baseline.as_deref().map(baseline).transpose()?;
    let target = &arguments.gateway.target;
    let mut estate = if arguments.redact { risk::Estate::redacted(target) } else { risk::Estate::new(target) };
    let contexts = gather::contexts(&arguments.input);
    let mut accepted = Vec::new();
    let mut partial = false;
    let mut unread = gather::Unread::of(contexts.len());
    for context in &contexts {
        let added = add(arguments, context.as_deref(), contexts.len() > 1, &mut estate, terminal);
        let added = if contexts.len() > 1 {
            added.with_context(|| format!("context {}", report::printable(context.as_deref().unwrap_or_default())))
        } else {
            added
        };
        match added {
            Ok(added) => {
                partial |= added.partial;
                accepted.push(added.acceptances);
            }
            Err(error) => {
                let finding = unread.finding(context.as_deref(), error)?;
                terminal.notice(&Diagnostics::new(&Inventory::default(), terminal.colours).render(&finding));
                estate.say(&[finding]);
                partial = true;
            }
        }
    }
    estate.say(&config::of_all(accepted));
    let made = estate.report(baseline.as_ref());
    if let Some(path) = &arguments.write_baseline {
        fs::write(path, risk::Baseline::of(&made).text()).with_context(|| format!("writing {}", path.display()))?;
    }
    write(arguments, terminal, &made)?;
    let fail_on = convert::severity(arguments.fail_on);
    let failing = made.findings.iter().any(|item| item.counts() && !item.known && item.severity >= fail_on);
    std::mem::forget(made);
    Ok(match (partial, failing) {
        (true, _) => Exit::Partial,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    })
}

fn baseline(path: &Path) -> anyhow::Result<risk::Baseline> {
    let text = named("baseline", path)?;
    risk::Baseline::read(&text).with_context(|| format!("reading {}", path.display()))
}

/// What a cluster leaves to say of the whole.
struct Added {
    partial: bool,
    acceptances: Findings,
}

/// Reads and compares a cluster, or files, and adds what is found.
fn add(arguments: &Report, context: Option<&str>, several: bool, estate: &mut risk::Estate, terminal: &Terminal) -> anyhow::Result<Added> {
    let more = gather::More { gateway_objects: arguments.gateway.existing_gateway.is_some(), beside: true };
    let reading = gather::reading(&arguments.input, Some(&arguments.controller), more, context)?;
    let aim = estate::Aim::of(&arguments.gateway, Some(&reading.inventory));
    let options = estate::options(&arguments.gateway, aim, &reading.inventory)?;
    let old = estate::Old::new(reading, &arguments.controller);
    let translation = old.translate(&options);
    let needs = needs::of_emitted(options.target.id(), aim, &translation.objects, &old.reading.inventory);
    needs::say(&needs, context.filter(|_| several), terminal);
    let new = estate::New::of_conversion(&old, &translation, &arguments.gateway)?;
    let limits = Limits { probed_hosts: 0, ..Limits::default() };
    let mut comparison = compare::compare(&nginx::Router::new(&old.resolved.config), &new.config, &limits);
    let inventory = &old.reading.inventory;
    let sides = Sides { old: inventory, new: &new.inventory, old_name: "ingress-nginx", new_name: "Gateway API", context: None };
    let acceptances = config::accept(arguments.config.as_deref(), arguments.today.as_deref(), &mut comparison, sides)?;
    let mut findings = old.reading.findings.clone();
    findings.extend(old.resolved.findings.iter().cloned());
    findings.extend(translation.findings.iter().cloned());
    let ledger = report::account(inventory, &old.controller, &old.resolved, &translation);
    estate.add(&risk::Input {
        cluster: context.unwrap_or_default(),
        inventory,
        controller: &old.controller,
        resolved: &old.resolved,
        ledger: &ledger,
        findings: &findings,
        comparison: &comparison,
        manifests: &new.inventory,
        gateway: &new.config,
        gateway_namespace: &options.gateway.namespace,
    })?;
    let partial = old.reading.partial;
    if !several {
        // The process ends soon: to free a large estate piece by piece would take time for nothing.
        std::mem::forget((old, translation, new, comparison, ledger));
    }
    Ok(Added { partial, acceptances })
}

fn write(arguments: &Report, terminal: &Terminal, made: &risk::Report) -> anyhow::Result<()> {
    let text = match arguments.output {
        ReportFormat::Text => report::report_text(made, look(arguments, terminal)),
        ReportFormat::Markdown => report::report_markdown(made),
        ReportFormat::Json => report::report_json(made),
        ReportFormat::Sarif => report::report_sarif(made),
        ReportFormat::Html => report::report_html(made),
    };
    match &arguments.output_file {
        Some(path) => fs::write(path, text).with_context(|| format!("writing {}", path.display())),
        None => terminal.data(&text),
    }
}

/// The report goes to stdout, so that is the terminal that counts.
fn look(arguments: &Report, terminal: &Terminal) -> Look {
    let to_terminal = arguments.output_file.is_none() && std::io::stdout().is_terminal();
    let width = terminal.width_to(to_terminal).unwrap_or(WIDTH);
    Look { colours: if to_terminal { terminal.wanted } else { terminal.forced }, width }
}
