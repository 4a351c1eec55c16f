//! `gateshift validate`: would an API server take these manifests?

use serde::Serialize;

use super::{
    Terminal, Usage,
    args::{FindingsFormat, Validate},
    estate::Aim,
    exit::Exit,
    gather,
};
use crate::{
    gateway::{
        dialect,
        facts::{Absent, Facts},
        limits::{Judge, What},
        objects::Objects,
        resolve,
    },
    k8s::Inventory,
    ledger::{Code, Finding, Severity},
    report::{Diagnostics, severity},
    targets,
};

/// Runs the verb. Findings go to stdout: they are what was asked for.
pub(super) fn run(arguments: &Validate, terminal: &Terminal) -> anyhow::Result<Exit> {
    let run = |context: Option<&str>| one(arguments, context, terminal);
    match arguments.output {
        FindingsFormat::Json => gather::each_context(&arguments.input, terminal, run),
        FindingsFormat::Text => gather::each_context_named(&arguments.input, terminal, run),
    }
}

fn one(arguments: &Validate, context: Option<&str>, terminal: &Terminal) -> anyhow::Result<Exit> {
    let reading = gather::reading(&arguments.input, None, gather::More::WITH_GATEWAYS, context)?;
    let inventory = &reading.inventory;
    let aim = Aim::new(arguments.gateway_api, arguments.channel, Some(inventory));
    let mut judge = aim.judge();
    if arguments.show_defaults {
        judge = judge.with_defaults();
    }
    let mut refused = 0;
    for (_, node) in &inventory.gateway_objects {
        let answer = judge.node(node);
        let counts = if arguments.strict {
            !answer.is_accepted_strictly()
        } else {
            answer.remarks.iter().any(|remark| matches!(remark.what, What::Refused { .. } | What::NotServed))
        };
        refused += usize::from(counts);
    }
    let objects: Vec<_> = inventory.gateway_objects.iter().map(|(id, node)| (*id, node)).collect();
    let mut findings: Vec<Finding> =
        reading.findings.iter().filter(|finding| finding.code != Code::InputRefusedByApiServer).cloned().collect();
    findings.extend(judge.findings(&objects));
    let mut hazards = 0;
    if let Some(target) = &arguments.target {
        let found = hazards_of(target, inventory, &judge)?;
        hazards = found.iter().filter(|finding| severity(finding) == Severity::Blocked).count();
        findings.extend(found);
    }
    let diagnostics = Diagnostics::new(inventory, terminal.colours);
    match arguments.output {
        FindingsFormat::Text => terminal.data(&findings.iter().map(|finding| diagnostics.render(finding) + "\n").collect::<String>())?,
        FindingsFormat::Json => terminal.data(&json(&findings, &diagnostics, gather::named(&arguments.input, context)))?,
    }
    let checked = objects.len();
    if checked == 0 && !arguments.input.filenames.is_empty() {
        terminal.notice("nothing was checked: there is no Gateway API object among what was read\n");
        return Ok(Exit::Partial);
    }
    let others: usize = inventory.others.values().sum();
    terminal.notice(&format!(
        "{checked} Gateway API object(s) checked against {} ({} channel): {refused} would be refused{}\n",
        aim.version,
        aim.channel,
        if others > 0 { format!("; {others} object(s) of other kinds were left alone") } else { String::new() }
    ));
    if let Some(target) = &arguments.target {
        terminal.notice(&format!("{hazards} place(s) that `{target}` accepts and that break traffic\n"));
    }
    Ok(match (reading.partial, refused + hazards) {
        (true, _) => Exit::Partial,
        (false, 0) => Exit::Clean,
        (false, _) => Exit::Findings,
    })
}

/// What an implementation accepts, and what then breaks traffic.
fn hazards_of(target: &str, inventory: &Inventory, judge: &Judge) -> anyhow::Result<Vec<Finding>> {
    let dialect =
        dialect::Target::named(target).ok_or_else(|| Usage(format!("unknown target `{target}`; known are {}", super::targets::known())))?;
    let read = Objects::read(inventory, Some(judge)).objects;
    let facts = Facts::of(inventory, Absent::UnlessKindIsUnknown);
    let policies = targets::read_back(&dialect.id, &read, inventory, &facts);
    let options = resolve::Options { policies, ..resolve::Options::default() };
    let config = resolve::resolve(&read, inventory, dialect, &options);
    Ok(config.findings.clone())
}

#[derive(Serialize)]
struct Line {
    code: &'static str,
    severity: String,
    message: String,
    place: Option<String>,
}

fn json(findings: &[Finding], diagnostics: &Diagnostics<'_>, context: Option<&str>) -> String {
    let lines: Vec<Line> = findings
        .iter()
        .map(|finding| Line {
            code: finding.code.as_str(),
            severity: severity(finding).to_string(),
            message: Diagnostics::message(finding),
            place: diagnostics.place(finding).map(|place| diagnostics.location(place)),
        })
        .collect();
    let mut whole = serde_json::json!({"version": 1, "findings": lines});
    if let Some(context) = context {
        whole["context"] = context.into();
    }
    let mut text = serde_json::to_string_pretty(&whole).expect("INVARIANT: findings have string keys");
    text.push('\n');
    text
}
