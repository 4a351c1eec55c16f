//! `gateshift targets`: what each implementation keeps of an estate, and which there are.

use super::{
    Terminal, Usage,
    args::{Targets, TargetsFormat},
    estate::{self, Aim, Old},
    exit::Exit,
    flags::Gateway,
    gather, needs,
};
use crate::{
    gateway::{Intent, dialect},
    report,
    targets::{self, Answer},
    translate,
};

/// Runs the verb.
pub(super) fn run(arguments: &Targets, terminal: &Terminal) -> anyhow::Result<Exit> {
    if arguments.list {
        terminal.data(&list())?;
        return Ok(Exit::Clean);
    }
    let run = |context: Option<&str>| one(arguments, context, terminal);
    match arguments.output {
        TargetsFormat::Json => gather::each_context(&arguments.input, terminal, run),
        TargetsFormat::Table | TargetsFormat::Markdown => gather::each_context_named(&arguments.input, terminal, run),
    }
}

/// The estate of one context.
fn one(arguments: &Targets, context: Option<&str>, terminal: &Terminal) -> anyhow::Result<Exit> {
    let reading = gather::reading(&arguments.input, Some(&arguments.controller), gather::More::WITH_GATEWAYS, context)?;
    gather::say_faults(&reading, terminal);
    let old = Old::new(reading, &arguments.controller);
    gather::say_assumptions(&old, terminal);
    let inventory = &old.reading.inventory;
    let aim = Aim::of(&arguments.gateway, Some(inventory));
    // A switch of one implementation is nothing to the others.
    let named = &arguments.gateway.target_switch;
    estate::check_switches(dialect::Target::all(), named)?;
    let base = estate::options(&Gateway { target_switch: Vec::new(), ..arguments.gateway.clone() }, aim, inventory)?;
    let mut columns = Vec::new();
    for &target in targets::all() {
        if !arguments.only.is_empty() && !arguments.only.iter().any(|id| id == target.id()) {
            continue;
        }
        let supported = targets::supported_features(target.id(), None, inventory);
        let emission = translate::Emission { supported, ..base.emission.clone() };
        let switches = estate::switches(target.id(), named, inventory);
        let options = translate::Options { target, switches, emission, ..base.clone() };
        let translation = old.translate(&options);
        let needs = needs::of_emitted(target.id(), aim, &translation.objects, inventory);
        needs::say(&needs, Some(target.id()), terminal);
        let ledger = report::account(inventory, &old.controller, &old.resolved, &translation);
        columns.push(report::target_column(target.id(), &ledger, &translation, inventory).needing(needs));
    }
    if columns.is_empty() {
        return Err(Usage(format!("no such target; known are {}", known())).into());
    }
    terminal.data(&match arguments.output {
        TargetsFormat::Table => report::targets_text(&columns, terminal.width()),
        TargetsFormat::Markdown => report::targets_markdown(&columns),
        TargetsFormat::Json => report::targets_json(&columns, gather::named(&arguments.input, context)),
    })?;
    Ok(if old.reading.partial { Exit::Partial } else { Exit::Clean })
}

/// Names of all targets.
pub(super) fn known() -> String {
    targets::all().iter().map(|target| target.id()).collect::<Vec<_>>().join(", ")
}

fn list() -> String {
    let mut text = String::new();
    for target in dialect::Target::all() {
        let versions = if target.versions.is_empty() { String::new() } else { format!(" {}", target.versions.join(", ")) };
        text.push_str(&format!("{:<28} {}{versions}\n", target.id, target.title));
    }
    text
}

/// What is known of a target, for `explain target ID`.
pub(super) fn explain(id: &str) -> Option<String> {
    let data = dialect::Target::named(id)?;
    let target = targets::by_id(id)?;
    let mut text = format!("{} ({})\n\n", data.title, data.id);
    if !data.versions.is_empty() {
        text.push_str(&format!("  versions    {}\n", data.versions.join(", ")));
    }
    if !data.controller_name.is_empty() {
        text.push_str(&format!("  controller  {}\n", data.controller_name));
    }
    for need in &data.prerequisites {
        text.push_str(&format!("  needs       {}\n", need.value));
    }
    for switch in data.switches() {
        text.push_str(&format!("  switch      {} (--target-switch)\n", switch.name));
    }
    for refused in &data.refused {
        text.push_str(&format!("  refuses     {}\n", refused.value.words()));
    }
    text.push_str("\nWhat core Gateway API has no field for:\n\n");
    for (name, intent) in Intent::samples() {
        let (answer, condition) = match (target.answer(&intent), target.switched(&intent)) {
            (Answer::No(_), Some((switch, answer))) => (answer, format!(" where `{switch}` is on")),
            (answer, _) => (answer, String::new()),
        };
        let said = match answer {
            Answer::No(code) => match data.nearest.iter().find(|nearest| nearest.intent == name) {
                Some(nearest) => format!("not kept ({code}); nearest: {} {} ({})", nearest.kind, nearest.field, nearest.fidelity),
                None => format!("not kept ({code})"),
            },
            Answer::Already => "done by itself".to_owned(),
            Answer::Kept { kind, changes } if changes.is_empty() => format!("kept by {kind}{condition}"),
            Answer::Kept { kind, changes } => {
                let changes = changes.iter().map(|code| code.as_str()).collect::<Vec<_>>().join(", ");
                format!("kept by {kind}{condition}, differs ({changes})")
            }
        };
        text.push_str(&format!("  {name:<30} {said}\n"));
    }
    if let Some(scope) = &data.scope {
        text.push_str(&format!("\nThe nearest fields are not written: {}.\n", scope.value));
    }
    if let Some(extension) = &data.extension {
        text.push_str(&format!("\nCode of one's own, for what no field says: {} ({}).\n", extension.kind, extension.field));
    }
    if let Some(features) = &data.features {
        let claimed = features.claimed.join(", ");
        text.push_str(&format!(
            "\nClaimed by its conformance report ({}, Gateway API {}): {claimed}\n",
            features.version, features.gateway_api
        ));
    }
    text.push_str("\n`gateshift explain CODE` says more about each.\n");
    Some(text)
}
