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

use super::risk::{Host, Report, Risk, counted};

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

/// Where a finding is said to be.
fn place(item: &super::risk::Item) -> String {
    match (&item.file, item.line, &item.object) {
        (Some(file), Some(line), _) => format!("{file}:{line}"),
        (_, _, Some(object)) => object.clone(),
        _ => item.host.clone().unwrap_or_default(),
    }
}
