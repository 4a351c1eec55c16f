//! The migration risk report: what the closed ledger and the judge say, by Ingress, host, namespace, owner and estate.
//!
//! Nothing here looks at annotations to guess what they do: risk comes from what was found about traffic.

mod actions;
mod baseline;
mod beside;
mod build;
mod clusters;
mod estate;
mod impact;
mod level;
mod model;
mod names;
mod notes;
mod owner;
mod places;
mod routes;
mod rows;
mod sentence;
mod waves;

pub use baseline::{Baseline, Error as BaselineError};
pub use estate::Estate;
pub use level::{Counts, Risk, Spread};
pub use model::{
    Action, Cluster, Entry, Flag, Group, Host, ImpactRow, IngressRow, Item, Report, Route, Rule, Seen, Settled, Share, Totals, VERSION,
    Wave, Witness,
};
pub use waves::duration;

pub(crate) use sentence::{counted, joined};

use crate::{
    compare::{Comparison, Side},
    gateway::config::Config,
    ingress::{Controller, Resolved},
    k8s::{FieldPath, Inventory, Subject},
    ledger::{Finding, Ledger},
};
use places::Places;

/// What a report says of a cluster is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Name of the cluster, where there are several.
    pub cluster: &'a str,
    /// What was read of the old side.
    pub inventory: &'a Inventory,
    /// Settings of the controller.
    pub controller: &'a Controller,
    /// The old side.
    pub resolved: &'a Resolved,
    /// The closed ledger.
    pub ledger: &'a Ledger,
    /// Findings of reading, of the old side and of the translation.
    pub findings: &'a [Finding],
    /// What the judge says.
    pub comparison: &'a Comparison,
    /// Manifests of the new side.
    pub manifests: &'a Inventory,
    /// The new side.
    pub gateway: &'a Config,
    /// Namespace of the Gateway.
    pub gateway_namespace: &'a str,
}

/// A report was asked for before the ledger was closed.
#[derive(Debug, thiserror::Error)]
#[error("{0} ledger entries are open, so that no report can be made; this is a defect of gateshift")]
pub struct OpenLedger(usize);

/// Lines of everything that the report points at.
fn places(input: &Input<'_>, findings: &[Finding]) -> Places {
    let roots: Vec<Subject> = input.inventory.ingresses.iter().map(|ingress| Subject::new(ingress.id, FieldPath::root())).collect();
    let of_findings = findings.iter().filter_map(|finding| finding.subject.as_ref());
    let of_ledger = input.ledger.entries().iter().map(|entry| &entry.subject);
    let differences = || input.comparison.hosts.iter().flat_map(|host| &host.differences);
    let causes =
        differences().flat_map(|difference| &difference.causes).filter(|cause| cause.side == Side::Old).map(|cause| &cause.subject);
    let steps = differences().flat_map(|difference| &difference.old.decision.trace).filter_map(|step| step.because.as_ref());
    Places::of(input.inventory, roots.iter().chain(of_findings).chain(of_ledger).chain(causes).chain(steps))
}
