//! The migration risk report: what the closed ledger and the judge say, by Ingress, host, namespace, owner and estate.
//!
//! Nothing here looks at annotations to guess what they do: risk comes from what was found about traffic.

mod actions;
mod baseline;
mod beside;
mod build;
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
pub use level::{Counts, Risk, Spread};
pub use model::{
    Action, Entry, Flag, Group, Host, ImpactRow, IngressRow, Item, Report, Route, Rule, Seen, Settled, Totals, VERSION, Wave, Witness,
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
use build::{Builder, Index};
use level::Risk as Level;
use names::Names;
use places::Places;

/// What a report is made of.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
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
    /// Implementation that the new side is for.
    pub target: &'a str,
    /// Namespace of the Gateway.
    pub gateway_namespace: &'a str,
    /// Show pseudonyms in place of names and values.
    pub redact: bool,
    /// What was known before.
    pub baseline: Option<&'a Baseline>,
}

/// A report was asked for before the ledger was closed.
#[derive(Debug, thiserror::Error)]
#[error("{0} ledger entries are open, so that no report can be made; this is a defect of gateshift")]
pub struct OpenLedger(usize);

/// The report.
pub fn report(input: &Input<'_>) -> Result<Report, OpenLedger> {
    let open = input.ledger.open_entries().count();
    if open > 0 {
        return Err(OpenLedger(open));
    }
    let names = Names::new(input.redact);
    let index = Index::new(input);
    let findings = build::findings(input);
    let places = places(input, &findings);
    let builder = Builder { input, names: &names, index: &index, places };
    let mut items = builder.items(&findings);
    items.sort_by(|one, other| {
        let key = |item: &Item| (std::cmp::Reverse(item.severity), impact::impact(item.code), item.code);
        let place = |item: &Item| (item.host.clone(), item.object.clone(), item.file.clone(), item.line, item.field.clone());
        key(one).cmp(&key(other)).then_with(|| place(one).cmp(&place(other))).then_with(|| one.message.cmp(&other.message))
    });
    if let Some(baseline) = input.baseline {
        baseline.mark(&mut items);
    }
    let mut ingresses = rows::ingresses(&builder, &items);
    let mut hosts = rows::hosts(&builder, &items, &ingresses);
    rows::in_order(&mut ingresses, &mut hosts, &mut items);
    let waves = waves::plan(&mut hosts, &ingresses, &items);
    let (namespaces, owners) = rows::groups(&hosts, &ingresses, &items);
    let spread = Spread::of(hosts.iter().map(|host| host.risk));
    let risk = items.iter().map(Item::risk).max().unwrap_or(Level::None);
    let mut counts = Counts::default();
    for item in items.iter().filter(|item| item.counts()) {
        counts.add(item.severity);
    }
    Ok(Report {
        version: VERSION,
        generator: concat!("gateshift ", env!("CARGO_PKG_VERSION")).to_owned(),
        target: input.target.to_owned(),
        redacted: input.redact,
        risk,
        reason: sentence::estate(&spread, hosts.len(), items.iter().any(actions::refuses)),
        counts,
        totals: rows::totals(input, &items, spread, hosts.len()),
        impacts: actions::impact_rows(&items),
        actions: actions::actions(&items, &ingresses),
        waves,
        effort_rule: waves::rule(),
        namespaces,
        owners,
        flags: actions::flags(&items),
        rules: actions::rules(&items, &ingresses),
        hosts,
        ingresses,
        findings: items,
    })
}

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
