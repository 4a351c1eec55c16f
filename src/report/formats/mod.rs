//! The migration risk report, one file per format. All of them show the same model, and nothing in it can write to their reader by itself.

mod digest;
mod html;
mod json;
mod markdown;
mod sarif;
mod text;

pub use html::report_html;
pub use json::report_json;
pub use markdown::report_markdown;
pub use sarif::report_sarif;
pub use text::{Look, report_text};

use std::collections::BTreeSet;

use super::risk::{Action, Host, Report, Risk, counted, joined};

/// Rows of a list that people read from the top.
const SHOWN: usize = 10;

/// Hosts, the worst first, then the largest.
fn worst_hosts(report: &Report) -> Vec<&Host> {
    let mut hosts: Vec<&Host> = report.hosts.iter().filter(|host| host.risk > Risk::None).collect();
    hosts.sort_by_key(|host| (std::cmp::Reverse(host.risk), std::cmp::Reverse(host.size)));
    hosts
}

/// What was read and what became of it, in one line.
fn facts(report: &Report) -> String {
    let totals = &report.totals;
    let settled = &totals.annotations;
    let all = settled.exact + settled.policy + settled.differs + settled.no_effect + settled.unmappable + settled.unknown;
    format!(
        "{}, {} of them served; {}: {} kept, {} changed, {} not converted, {} without effect today",
        counted(totals.ingresses, "Ingress", "Ingresses"),
        totals.served,
        counted(all, "annotation", "annotations"),
        settled.exact + settled.policy,
        settled.differs,
        settled.unmappable,
        settled.no_effect + settled.unknown
    )
}

/// What was proved, in one line.
fn proofs(report: &Report) -> String {
    let totals = &report.totals;
    format!("{} proved the same, {} differ, {} undecided", counted(totals.proved, "host", "hosts"), totals.differs, totals.undecided)
}

/// The hint that another target can lift findings; empty where it cannot.
fn hint(report: &Report) -> String {
    if report.target != "standard" || report.totals.by_target == 0 {
        return String::new();
    }
    let findings = counted(report.totals.by_target, "finding depends", "findings depend");
    format!("This is for core Gateway API. Name your implementation with --target: {findings} on it.")
}

/// Kinds of findings that are ended by doing one thing.
struct Step<'r> {
    actions: Vec<&'r Action>,
    hosts: BTreeSet<usize>,
    namespaces: BTreeSet<&'r str>,
}

impl<'r> Step<'r> {
    fn title(&self) -> String {
        let titles: Vec<String> = self.actions.iter().map(|action| action.title.to_owned()).collect();
        match titles.as_slice() {
            [one, two, rest @ ..] if !rest.is_empty() => format!("{one}; {two}; and {} more", rest.len()),
            titles => titles.join("; "),
        }
    }

    fn first(&self) -> &'r Action {
        self.actions[0]
    }

    /// Hosts and namespaces; names are shown as `name` shows them.
    fn touched(&self, name: impl Fn(&str) -> String) -> String {
        let hosts = if self.hosts.is_empty() { "the whole estate".to_owned() } else { counted(self.hosts.len(), "host", "hosts") };
        let names: Vec<String> = self.namespaces.iter().map(|namespace| name(namespace)).collect();
        match names.len() {
            0 => hosts,
            1..=3 => format!("{hosts} in {}", joined(&names)),
            count => format!("{hosts} in {count} namespaces"),
        }
    }
}

/// What to do, first things first. Findings of one severity that ask for the same thing are one step.
fn steps(report: &Report) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    for action in &report.actions {
        let same = |step: &&mut Step<'_>| step.first().severity == action.severity && step.first().advice == action.advice;
        let step = match steps.iter_mut().find(same) {
            Some(step) => step,
            None => {
                steps.push(Step { actions: Vec::new(), hosts: BTreeSet::new(), namespaces: BTreeSet::new() });
                steps.last_mut().expect("INVARIANT: it was pushed")
            }
        };
        step.actions.push(action);
        step.hosts.extend(&action.hosts);
        step.namespaces.extend(action.namespaces.iter().map(String::as_str));
    }
    steps
}

/// Where a finding is said to be.
fn place(item: &super::risk::Item) -> String {
    match (&item.file, item.line, &item.object) {
        (Some(file), Some(line), _) => format!("{file}:{line}"),
        (_, _, Some(object)) => object.clone(),
        _ => item.host.clone().unwrap_or_default(),
    }
}
