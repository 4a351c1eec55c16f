//! `gateshift convert`: Ingresses in, manifests and an account of every annotation out.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    sync::atomic::{AtomicUsize, Ordering},
};

use anyhow::Context as _;

use super::{
    Terminal, Usage,
    args::{Convert, FailOn, ManifestFormat},
    estate,
    exit::Exit,
    gather, needs, write,
};
use crate::{
    compare::{self, Limits},
    gateway::limits,
    ledger::{Code, Finding, Findings, Severity},
    nginx,
    report::{self, Counts, Diagnostics, Tally},
    threads, translate,
};

/// Runs the verb, for each context where there are several.
pub(super) fn run(arguments: &Convert, terminal: &Terminal) -> anyhow::Result<Exit> {
    let contexts = gather::contexts(&arguments.input);
    if contexts.len() == 1 {
        return one(arguments, contexts[0].as_deref(), arguments.output_dir.as_deref(), terminal);
    }
    let Some(directory) = arguments.output_dir.as_deref().filter(|_| arguments.ledger.is_none()) else {
        return Err(Usage("several contexts need --output-dir, which gets a folder for each, and no --ledger".to_owned()).into());
    };
    let mut taken = BTreeSet::new();
    gather::each_context(&arguments.input, terminal, |context| {
        let folder = folder_of(context.unwrap_or_default());
        if !taken.insert(folder.clone()) {
            return Err(Usage(format!("two contexts would be written to the folder `{folder}`")).into());
        }
        terminal.notice(&format!("context {}\n", report::printable(context.unwrap_or_default())));
        one(arguments, context, Some(&directory.join(folder)), terminal)
    })
}

/// A context as the name of a folder.
fn folder_of(context: &str) -> String {
    let name: String =
        context.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@') { c } else { '-' }).collect();
    if name.trim_matches('.').is_empty() { "context".to_owned() } else { name }
}

fn one(arguments: &Convert, context: Option<&str>, directory: Option<&Path>, terminal: &Terminal) -> anyhow::Result<Exit> {
    let with_gateways = arguments.gateway.existing_gateway.is_some();
    let read = || gather::reading(&arguments.input, Some(&arguments.controller), gather::More::gateways(with_gateways), context);
    let (reading, ()) = threads::both(read, || estate::load(&arguments.gateway));
    let reading = reading?;
    let aim = estate::Aim::of(&arguments.gateway, Some(&reading.inventory));
    let options = estate::options(&arguments.gateway, aim, &reading.inventory)?;
    let mut old = estate::Old::new(reading, &arguments.controller);
    let mut translation = old.translate(&options);
    needs::say(&needs::of_emitted(options.target.id(), aim, &translation.objects, &old.reading.inventory), None, terminal);

    let mut findings = std::mem::take(&mut old.reading.findings);
    findings.append(&mut old.resolved.findings);
    findings.append(&mut translation.findings);
    let unchecked = Unchecked::new(&translation.objects, aim);
    // Objects are checked on another thread while they are printed on this one, which then helps.
    let print = || write(arguments, directory, terminal, &old, &translation).map(|written| (written, unchecked.check()));
    let (written, theirs) = threads::both(print, || unchecked.check());
    let (written, mine) = written?;
    findings.extend(in_order(mine, theirs));
    findings.extend(written.differences);

    let inventory = &old.reading.inventory;
    let diagnostics = Diagnostics::new(inventory, terminal.colours);
    let counts = Counts {
        verdict: written.verdict,
        sources: (!arguments.input.filenames.is_empty()).then_some(inventory.sources.0.len()),
        ingresses: inventory.ingresses.len(),
        served: old.resolved.config.ingresses.len(),
    };
    terminal.notice(&report::summary(&counts, &translation.objects, &written.tally, &findings, inventory, &diagnostics));
    let exit = Exit::of(old.reading.partial, &findings, severity(arguments.fail_on));
    // The process ends here: to free a large estate piece by piece would take time for nothing.
    std::mem::forget((old, translation, findings));
    Ok(exit)
}

/// What writing the output left to say.
struct Written {
    tally: Tally,
    verdict: String,
    differences: Findings,
}

/// Compares both sides, unless that is skipped, and writes the manifests and the ledger.
fn write(
    arguments: &Convert,
    directory: Option<&Path>,
    terminal: &Terminal,
    old: &estate::Old,
    translation: &translate::Translation,
) -> anyhow::Result<Written> {
    let estate::Old { reading, controller, resolved } = old;
    let (objects, inventory) = (&translation.objects, &reading.inventory);
    let (mut verdict, mut differences, mut text) = (String::new(), Findings::new(), None);
    if !arguments.no_check && !objects.is_empty() {
        let new = estate::New::of_conversion(old, translation, &arguments.gateway)?;
        let limits = Limits { probed_hosts: 0, traces: false, ..Limits::default() };
        let comparison = compare::compare(&nginx::Router::new(&resolved.config), &new.config, &limits);
        differences = report::difference_findings(&comparison);
        verdict = format!("compared {}\n", report::tally(&comparison));
        // The text that was compared is the text that is written: a large estate is printed once.
        text = new.inventory.sources.0.into_iter().next().map(|source| source.text);
    }
    match (directory, arguments.output, text) {
        (Some(directory), _, _) => write::directory(directory, &report::folders(objects, inventory))?,
        (None, ManifestFormat::Yaml, Some(text)) => terminal.data(&text)?,
        (None, ManifestFormat::Yaml, None) => {
            report::write_yaml(objects, inventory, &mut terminal.stdout()).context("writing to standard output")?;
        }
        (None, ManifestFormat::Json, _) => terminal.data(&report::json_list(objects))?,
    }
    if let Some(path) = &arguments.ledger {
        let ledger = report::account(inventory, controller, resolved, translation);
        fs::write(path, report::ledger_json(&ledger, inventory)).with_context(|| format!("writing {}", path.display()))?;
    }
    let tally = report::tally_of_account(inventory, resolved, translation);
    Ok(Written { tally, verdict, differences })
}

/// The severity that a flag names.
pub(super) fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Info => Severity::Info,
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
        FailOn::Blocked => Severity::Blocked,
    }
}

/// Objects that threads take a few at a time.
const CHECKED_AT_ONCE: usize = 32;

/// Objects of ours that nobody has checked yet.
struct Unchecked<'a> {
    judge: limits::Judge,
    objects: &'a [translate::Emitted],
    next: AtomicUsize,
}

impl<'a> Unchecked<'a> {
    fn new(objects: &'a [translate::Emitted], aim: estate::Aim) -> Self {
        Self { judge: aim.judge(), objects, next: AtomicUsize::new(0) }
    }

    /// Those that an API server would refuse, by position. There must be none; if there are, the user has to know.
    fn check(&self) -> Vec<(usize, Finding)> {
        let mut refused = Vec::new();
        loop {
            let start = self.next.fetch_add(CHECKED_AT_ONCE, Ordering::Relaxed);
            let Some(rest) = self.objects.get(start..).filter(|rest| !rest.is_empty()) else { return refused };
            for (position, emitted) in rest.iter().take(CHECKED_AT_ONCE).enumerate() {
                refused.extend(self.refusals(emitted).map(|finding| (start + position, finding)));
            }
        }
    }

    fn refusals(&self, emitted: &translate::Emitted) -> impl Iterator<Item = Finding> {
        self.judge.object(&emitted.object).remarks.into_iter().filter_map(|remark| {
            let error = match &remark.what {
                limits::What::NotServed => "its version is not served".to_owned(),
                limits::What::Refused { rule } => format!("`{}` {rule}", remark.field),
                limits::What::Pruned | limits::What::Dropped => format!("`{}` does not exist", remark.field),
                limits::What::Defaulted { .. } | limits::What::Deprecated | limits::What::Doubtful { .. } => return None,
            };
            let facts = vec![("object", emitted.object.object_ref().to_string()), ("error", error)];
            Some(Finding::estate(Code::GatewayOwnObjectRefused, facts))
        })
    }
}

/// What both threads found, in the order of the objects.
fn in_order(mut mine: Vec<(usize, Finding)>, theirs: Vec<(usize, Finding)>) -> impl Iterator<Item = Finding> {
    mine.extend(theirs);
    mine.sort_by_key(|(position, _)| *position);
    mine.into_iter().map(|(_, finding)| finding)
}
