//! `gateshift diff`: both sides of a migration, or of a change, compared for the whole request space.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::Result;

use super::{
    Terminal, Usage,
    args::{Diff, DiffFormat},
    config,
    estate::{self, Aim, New, Old},
    exit::Exit,
    flags::Gateway,
    gather, needs, requests, trace,
};
use crate::{
    compare::{self, Aspect, Comparison, Limits, Router},
    gateway::dialect::Target,
    k8s::Inventory,
    ledger::{Finding, Severity},
    nginx,
    read::Reading,
    report::{self, RouteTable, Selection, Sides},
    request::Unknown,
};

/// A side of a change review.
enum Reviewed {
    Ingresses(Box<Old>),
    Manifests(Box<New>),
}

impl Reviewed {
    fn table(&self, hosts: &[String]) -> RouteTable {
        match self {
            Self::Ingresses(old) => report::nginx_table(&old.resolved.config, hosts),
            Self::Manifests(new) => report::gateway_table(&new.config, hosts),
        }
    }

    fn inventory(&self) -> &Inventory {
        match self {
            Self::Ingresses(old) => &old.reading.inventory,
            Self::Manifests(new) => &new.inventory,
        }
    }
}

/// Runs the verb.
pub(super) fn run(arguments: &Diff, terminal: &Terminal) -> Result<Exit> {
    let selection = Selection { aspects: aspects(&arguments.aspect)?, only_differences: arguments.only_differences };
    if !arguments.ours.is_empty() {
        return review(arguments, &selection, terminal);
    }
    let run = |context: Option<&str>| migration(arguments, &selection, context, terminal);
    match arguments.output {
        DiffFormat::Json => gather::each_context(&arguments.input, terminal, run),
        DiffFormat::Text | DiffFormat::Markdown | DiffFormat::Table => gather::each_context_named(&arguments.input, terminal, run),
    }
}

/// The Ingresses of one estate against the new side.
fn migration(arguments: &Diff, selection: &Selection, context: Option<&str>, terminal: &Terminal) -> Result<Exit> {
    let with_gateways = arguments.against_cluster || arguments.gateway.existing_gateway.is_some();
    let reading = gather::reading(&arguments.input, Some(&arguments.controller), gather::More::gateways(with_gateways), context)?;
    let old = Old::new(reading, &arguments.controller);
    let mut partial = old.reading.partial;
    let new = if arguments.against_cluster {
        gather::cluster_side(&arguments.input, &arguments.controller, &arguments.gateway, &old.reading.inventory)?
    } else if arguments.against.is_empty() {
        let aim = Aim::of(&arguments.gateway, Some(&old.reading.inventory));
        let translation = old.translate(&estate::options(&arguments.gateway, aim, &old.reading.inventory)?);
        New::of_conversion(&old, &translation, &arguments.gateway)?
    } else {
        let manifests = estate::manifests(&arguments.against, &arguments.input, terminal)?;
        partial |= manifests.partial;
        manifest_side(arguments, manifests, Some(&old.reading.inventory), terminal)?
    };
    let aim = Aim::of(&arguments.gateway, Some(&old.reading.inventory));
    let target = &estate::dialect_of(&arguments.gateway)?.id;
    needs::say(&needs::of_manifests(target, aim, &new.inventory, &old.reading.inventory), None, terminal);
    let router = nginx::Router::new(&old.resolved.config);
    let sides = Sides {
        old: &old.reading.inventory,
        new: &new.inventory,
        old_name: "ingress-nginx",
        new_name: "Gateway API",
        context: gather::named(&arguments.input, context),
    };
    let tells = |finding: &&Finding| report::severity(finding) >= Severity::High || finding.code.is_fault() || finding.code.is_assumption();
    gather::say(old.reading.findings.iter().chain(&old.resolved.findings).filter(tells), &old.reading.inventory, terminal);
    gather::say(&new.config.findings, &new.inventory, terminal);
    let hosts = &arguments.host;
    let tables = || (report::nginx_table(&old.resolved.config, hosts), report::gateway_table(&new.config, hosts));
    print(arguments, &router, &new.config, (sides, &tables), selection, terminal).map(|exit| if partial { Exit::Partial } else { exit })
}

/// Policies are understood only as those of the target: where none was named and there are some, it is worth a word.
fn hint(arguments: &Diff, manifests: &Inventory, terminal: &Terminal) {
    let groups: BTreeSet<&str> = manifests.gateway_objects.iter().map(|(id, _)| manifests.object(*id).group.as_str()).collect();
    let named = arguments.gateway.target != Gateway::STANDARD;
    for target in Target::all().iter().filter(|target| !named && target.policy_groups.iter().any(|group| groups.contains(group.as_str()))) {
        let Target { id, title, .. } = target;
        terminal.notice(&format!("hint     there are objects of {title}, which `--target {id}` understands\n"));
    }
}

fn manifest_side(arguments: &Diff, manifests: Reading, facts: Option<&Inventory>, terminal: &Terminal) -> Result<New> {
    hint(arguments, &manifests.inventory, terminal);
    let judge = Aim::of(&arguments.gateway, facts).judge();
    Ok(New::new(manifests.inventory, facts, estate::dialect_of(&arguments.gateway)?, &judge))
}

/// A side, and whether something of it could not be read.
fn reviewed(arguments: &Diff, paths: &[PathBuf], terminal: &Terminal) -> Result<(Reviewed, bool)> {
    let reading = estate::manifests(paths, &arguments.input, terminal)?;
    let partial = reading.partial;
    if reading.inventory.ingresses.is_empty() && !reading.inventory.gateway_objects.is_empty() {
        return Ok((Reviewed::Manifests(Box::new(manifest_side(arguments, reading, None, terminal)?)), partial));
    }
    Ok((Reviewed::Ingresses(Box::new(Old::new(reading, &arguments.controller))), partial))
}

fn review(arguments: &Diff, selection: &Selection, terminal: &Terminal) -> Result<Exit> {
    let (ours, partial) = reviewed(arguments, &arguments.ours, terminal)?;
    let (theirs, other_partial) = reviewed(arguments, &arguments.theirs, terminal)?;
    let sides = Sides { old: ours.inventory(), new: theirs.inventory(), old_name: "ours", new_name: "theirs", context: None };
    for side in [&ours, &theirs] {
        if let Reviewed::Manifests(new) = side {
            gather::say(&new.config.findings, &new.inventory, terminal);
        }
    }
    let tables = || (ours.table(&arguments.host), theirs.table(&arguments.host));
    let sides = (sides, &tables as &dyn Fn() -> (RouteTable, RouteTable));
    let exit = match (&ours, &theirs) {
        (Reviewed::Ingresses(old), Reviewed::Ingresses(new)) => {
            let (old, new) = (nginx::Router::new(&old.resolved.config), nginx::Router::new(&new.resolved.config));
            print(arguments, &old, &new, sides, selection, terminal)
        }
        (Reviewed::Manifests(old), Reviewed::Manifests(new)) => print(arguments, &old.config, &new.config, sides, selection, terminal),
        (Reviewed::Ingresses(old), Reviewed::Manifests(new)) => {
            print(arguments, &nginx::Router::new(&old.resolved.config), &new.config, sides, selection, terminal)
        }
        (Reviewed::Manifests(old), Reviewed::Ingresses(new)) => {
            print(arguments, &old.config, &nginx::Router::new(&new.resolved.config), sides, selection, terminal)
        }
    }?;
    Ok(if partial || other_partial { Exit::Partial } else { exit })
}

/// Inventories and names of the sides, and their route tables.
type Shown<'a> = (Sides<'a>, &'a dyn Fn() -> (RouteTable, RouteTable));

fn print(
    arguments: &Diff,
    old: &impl Router,
    new: &impl Router,
    (sides, tables): Shown<'_>,
    selection: &Selection,
    terminal: &Terminal,
) -> Result<Exit> {
    let limits = Limits { only: arguments.host.iter().map(|host| host.to_ascii_lowercase()).collect(), ..Limits::default() };
    let mut comparison = compare::compare(old, new, &limits);
    let accepted = config::accept(arguments.config.as_deref(), arguments.today.as_deref(), &mut comparison, sides)?;
    gather::say(&accepted, sides.old, terminal);
    if !arguments.host.is_empty() && comparison.hosts.is_empty() {
        return Err(Usage(format!("no side has the host {}", arguments.host.join(", "))).into());
    }
    let mut own = String::new();
    let mut differing = 0;
    if let Some(path) = &arguments.requests {
        let both = compare::Requests::new(old, new);
        for asked in requests::read(path)?.requests {
            let judged = both.ask(&asked.request, &Unknown);
            differing += usize::from(judged.same != Some(true));
            own.push_str(&line(&asked, &judged));
        }
    }
    let body = match arguments.output {
        DiffFormat::Text => report::comparison_text(&comparison, sides, selection),
        DiffFormat::Json => report::comparison_json(&comparison, sides, selection),
        DiffFormat::Markdown => report::comparison_markdown(&comparison, sides, selection),
        DiffFormat::Table => {
            let (old, new) = tables();
            report::table_diff(&old, &new, sides.old_name, sides.new_name)
        }
    };
    match arguments.output {
        DiffFormat::Text | DiffFormat::Markdown | DiffFormat::Table => terminal.data(&format!("{own}{body}"))?,
        DiffFormat::Json => {
            terminal.notice(&own);
            terminal.data(&body)?;
        }
    }
    Ok(if differing > 0 || differs(&comparison, selection) { Exit::Findings } else { Exit::Clean })
}

fn differs(comparison: &Comparison, selection: &Selection) -> bool {
    comparison.differences().any(|(_, difference)| {
        difference.accepted.is_none() && (selection.aspects.is_empty() || selection.aspects.contains(&difference.aspect))
    })
}

fn line(asked: &requests::Asked, judged: &compare::Judged) -> String {
    let verdict = match judged.same {
        Some(true) => "same".to_owned(),
        None => trace::unknown(judged),
        Some(false) => trace::codes(judged).join(", "),
    };
    let (old, new) = (compare::describe::outcome(&judged.old.decision.outcome), compare::describe::outcome(&judged.new.decision.outcome));
    report::printable(&format!("{}: {verdict}: {old}; {new}", compare::witness::long(&asked.request))) + "\n"
}

fn aspects(names: &[String]) -> Result<Vec<Aspect>, Usage> {
    names
        .iter()
        .map(|name| {
            Aspect::ALL.into_iter().find(|aspect| aspect.as_str() == name).ok_or_else(|| {
                let known = Aspect::ALL.iter().map(|aspect| aspect.as_str()).collect::<Vec<_>>().join(", ");
                Usage(format!("unknown aspect `{name}`; known are {known}"))
            })
        })
        .collect()
}
