//! A comparison of two sides, one file per format.

mod json;
mod markdown;
mod text;

pub use json::comparison_json;
pub use markdown::comparison_markdown;
pub use text::comparison_text;

use super::Diagnostics;
use crate::{
    compare::{Aspect, Cause, Comparison, Difference, HostVerdict, Side, Undecided},
    k8s::{Inventory, Subject},
    ledger::Finding,
};

/// What a reader asked for.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    /// Only these aspects; empty for all.
    pub aspects: Vec<Aspect>,
    /// Leave out proved and undecided hosts.
    pub only_differences: bool,
}

impl Selection {
    fn differences<'a>(&'a self, host: &'a HostVerdict) -> impl Iterator<Item = &'a Difference> {
        host.differences.iter().filter(|difference| self.aspects.is_empty() || self.aspects.contains(&difference.aspect))
    }
}

/// The inventories that subjects of the two sides belong to, and what the sides are called.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// Objects of the old side.
    pub old: &'a Inventory,
    /// Objects of the new side.
    pub new: &'a Inventory,
    /// Name of the old side.
    pub old_name: &'a str,
    /// Name of the new side.
    pub new_name: &'a str,
    /// Name of the cluster, where there are several.
    pub context: Option<&'a str>,
}

impl Sides<'_> {
    /// Object, file and line of a cause.
    fn place(&self, cause: &Cause) -> String {
        match cause.side {
            Side::Old => place(self.old, &cause.subject),
            Side::New => place(self.new, &cause.subject),
        }
    }
}

fn place(inventory: &Inventory, subject: &Subject) -> String {
    let object = inventory.object(subject.object);
    let diagnostics = Diagnostics::new(inventory, super::Colours::Off);
    match diagnostics.span(subject) {
        Some(span) => format!("{object} ({})", diagnostics.location(span)),
        None => object.to_string(),
    }
}

/// A difference in one sentence.
pub(crate) fn sentence(host: &HostVerdict, difference: &Difference) -> String {
    Diagnostics::message(&finding(host, difference))
}

/// A difference as a finding about the first thing of the old side that brings it about.
pub(crate) fn finding(host: &HostVerdict, difference: &Difference) -> Finding {
    let mut facts = difference.facts();
    facts.extend([("host", host.host.clone()), ("region", difference.region.clone())]);
    match difference.causes.iter().find(|cause| cause.side == Side::Old) {
        Some(cause) => Finding::about(difference.code, cause.subject.clone(), facts),
        None => Finding::estate(difference.code, facts),
    }
}

/// What is not decided, in one sentence.
fn open(host: &HostVerdict, undecided: &Undecided) -> String {
    let mut facts = undecided.facts();
    facts.push(("host", host.host.clone()));
    Diagnostics::message(&Finding::estate(undecided.code, facts))
}

/// Findings about everything that differs.
pub fn findings(comparison: &Comparison) -> Vec<Finding> {
    comparison
        .differences()
        .filter(|(_, difference)| difference.accepted.is_none())
        .map(|(host, difference)| finding(host, difference))
        .collect()
}

/// The three counts in words.
pub fn tally(comparison: &Comparison) -> String {
    let summary = comparison.summary;
    format!("{} host(s) proved the same, {} differ, {} undecided", summary.proved, summary.differs, summary.undecided)
}
