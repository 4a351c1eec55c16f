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
pub(super) use markdown::{code, prose};
pub use sarif::report_sarif;
pub use text::{Look, report_text};

use std::collections::BTreeSet;

use super::risk::{Action, Cluster, Host, Item, Report, Risk, counted, joined};

/// Rows of a list that people read from the top.
const SHOWN: usize = 10;

/// Hosts, the worst first, then the largest.
fn worst_hosts(report: &Report) -> Vec<&Host> {
    let mut hosts: Vec<&Host> = report.hosts.iter().filter(|host| host.risk > Risk::None).collect();
    hosts.sort_by_key(|host| (std::cmp::Reverse(host.risk), std::cmp::Reverse(host.size)));
    hosts
}

/// How many of the worst hosts are not among those that are shown, and how many served hosts are without risk.
fn not_shown(report: &Report, worst: &[&Host], shown: usize) -> Option<String> {
    let more = worst.len().saturating_sub(shown);
    let quiet = report.hosts.iter().filter(|host| host.is_served() && host.risk == Risk::None).count();
    let parts = [(more, "more at risk"), (quiet, "without risk")];
    let parts: Vec<String> = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    (!parts.is_empty()).then(|| joined(&parts))
}

/// The wave of a host; nothing where there is nothing to move.
fn wave_of(host: &Host) -> String {
    if host.wave == 0 { String::new() } else { format!("wave {}", host.wave) }
}

/// A name, and of which cluster it is where there are several.
fn within(report: &Report, name: &str, cluster: Option<usize>) -> String {
    match report.cluster(cluster) {
        Some(cluster) => format!("{name} ({cluster})"),
        None => name.to_owned(),
    }
}

/// How many hosts of a cluster move in which wave.
fn shares(cluster: &Cluster) -> String {
    let parts: Vec<String> = cluster.waves.iter().map(|share| format!("{} in wave {}", share.hosts, share.wave)).collect();
    if parts.is_empty() { "nothing to move".to_owned() } else { parts.join(", ") }
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

/// Hosts, or Ingresses where none of them serves a host.
fn counts(hosts: usize, ingresses: usize) -> String {
    match (hosts, ingresses) {
        (0, 0) => "the whole estate".to_owned(),
        (0, ingresses) => counted(ingresses, "Ingress", "Ingresses"),
        (hosts, _) => counted(hosts, "host", "hosts"),
    }
}

/// Kinds of findings that are ended by doing one thing.
#[derive(Default)]
struct Step<'r> {
    actions: Vec<&'r Action>,
    hosts: BTreeSet<usize>,
    namespaces: BTreeSet<&'r str>,
    clusters: BTreeSet<&'r str>,
    ingresses: BTreeSet<usize>,
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

    /// Hosts, namespaces and clusters; names are shown as `name` shows them.
    fn touched(&self, name: impl Fn(&str) -> String) -> String {
        let list = |names: &BTreeSet<&str>, word: &str| match names.len() {
            0 => String::new(),
            1..=3 => joined(&names.iter().map(|one| name(one)).collect::<Vec<_>>()),
            count => format!("{count} {word}"),
        };
        let (namespaces, clusters) = (list(&self.namespaces, "namespaces"), list(&self.clusters, "clusters"));
        if self.hosts.is_empty() && self.ingresses.is_empty() {
            return if clusters.is_empty() { "the whole estate".to_owned() } else { format!("all of {clusters}") };
        }
        let namespaces = if namespaces.is_empty() { String::new() } else { format!(" in {namespaces}") };
        let clusters = if clusters.is_empty() { String::new() } else { format!(" ({clusters})") };
        format!("{}{namespaces}{clusters}", counts(self.hosts.len(), self.ingresses.len()))
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
                steps.push(Step::default());
                steps.last_mut().expect("INVARIANT: it was pushed")
            }
        };
        step.actions.push(action);
        step.hosts.extend(&action.hosts);
        step.ingresses.extend(&action.ingresses);
        step.namespaces.extend(action.namespaces.iter().map(String::as_str));
        step.clusters.extend(action.clusters.iter().filter_map(|&at| report.cluster(Some(at))));
    }
    steps
}

/// Where a finding is said to be.
fn place(report: &Report, item: &Item) -> String {
    let place = match (&item.file, item.line, &item.object) {
        (Some(file), Some(line), _) => format!("{file}:{line}"),
        (_, _, Some(object)) => object.clone(),
        _ => item.host.clone().unwrap_or_default(),
    };
    match report.cluster(item.cluster).filter(|_| place.is_empty()) {
        Some(cluster) => format!("cluster {cluster}"),
        None => within(report, &place, item.cluster),
    }
}
