//! `gateshift report`: what the move of the whole estate means, for people and machines.

use std::{fs, io::IsTerminal as _};

use anyhow::Context as _;

use super::{
    Terminal, Usage,
    args::{Report, ReportFormat},
    config, convert, estate,
    exit::Exit,
    gather,
};
use crate::{
    compare::{self, Limits},
    nginx,
    report::{self, Look, Sides, risk},
};

/// Width where nobody tells.
const WIDTH: u16 = 120;

/// Runs the verb.
pub(super) fn run(arguments: &Report, terminal: &Terminal) -> anyhow::Result<Exit> {
    let several = gather::contexts(&arguments.input).len() > 1;
    if several && (arguments.output_file.is_some() || !matches!(arguments.output, ReportFormat::Text | ReportFormat::Markdown)) {
        return Err(Usage("several contexts are reported one after the other as text or markdown; name one --context".to_owned()).into());
    }
    gather::each_context_named(&arguments.input, terminal, |context| one(arguments, context, terminal))
}

fn one(arguments: &Report, context: Option<&str>, terminal: &Terminal) -> anyhow::Result<Exit> {
    let baseline = arguments.baseline.as_ref().map(|path| {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        risk::Baseline::read(&text).with_context(|| format!("reading {}", path.display()))
    });
    let baseline = baseline.transpose()?;
    let with_gateways = arguments.gateway.existing_gateway.is_some();
    let reading = gather::reading(&arguments.input, Some(&arguments.controller), with_gateways, context)?;
    let aim = estate::Aim::of(&arguments.gateway, Some(&reading.inventory));
    let options = estate::options(&arguments.gateway, aim, &reading.inventory)?;
    let old = estate::Old::new(reading, &arguments.controller);
    let translation = old.translate(&options);
    let new = estate::New::of_conversion(&old, &translation, &arguments.gateway)?;
    let limits = Limits { probed_hosts: 0, ..Limits::default() };
    let mut comparison = compare::compare(&nginx::Router::new(&old.resolved.config), &new.config, &limits);
    let inventory = &old.reading.inventory;
    let sides = Sides { old: inventory, new: &new.inventory, old_name: "ingress-nginx", new_name: "Gateway API" };
    let mut findings = config::accept(arguments.config.as_deref(), arguments.today.as_deref(), &mut comparison, sides)?;
    findings.extend(old.reading.findings.iter().cloned());
    findings.extend(old.resolved.findings.iter().cloned());
    findings.extend(translation.findings.iter().cloned());
    let ledger = report::account(inventory, &old.controller, &old.resolved, &translation);
    let made = risk::report(&risk::Input {
        inventory,
        controller: &old.controller,
        resolved: &old.resolved,
        ledger: &ledger,
        findings: &findings,
        comparison: &comparison,
        manifests: &new.inventory,
        gateway: &new.config,
        target: &arguments.gateway.target,
        gateway_namespace: &options.gateway.namespace,
        redact: arguments.redact,
        baseline: baseline.as_ref(),
    })?;
    if let Some(path) = &arguments.write_baseline {
        fs::write(path, risk::Baseline::of(&made.findings).text()).with_context(|| format!("writing {}", path.display()))?;
    }
    write(arguments, terminal, &made)?;
    let fail_on = convert::severity(arguments.fail_on);
    let failing = made.findings.iter().any(|item| item.counts() && !item.known && item.severity >= fail_on);
    let exit = match (old.reading.partial, failing) {
        (true, _) => Exit::Partial,
        (false, true) => Exit::Findings,
        (false, false) => Exit::Clean,
    };
    // The process ends here: to free a large estate piece by piece would take time for nothing.
    std::mem::forget((old, translation, new, comparison, ledger, made));
    Ok(exit)
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
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok()).filter(|&columns: &u16| columns >= 40);
    let width = columns.or_else(|| to_terminal.then(|| comfy_table::Table::new().width()).flatten()).unwrap_or(WIDTH);
    Look { colours: if to_terminal { terminal.wanted } else { terminal.forced }, width }
}
