//! An estate of one cluster or of several: each is looked at alone, then everything becomes one report.

use std::collections::BTreeSet;

use super::{
    Input, OpenLedger, actions,
    baseline::Baseline,
    build::{self, Builder, Index},
    clusters::{self, Part},
    model::{Item, Report, Totals, VERSION},
    names::Names,
    places, rows,
    sentence::{self, Fare},
    waves,
};
use crate::ledger::Finding;

/// What was found, cluster by cluster.
#[derive(Debug)]
pub struct Estate {
    names: Names,
    target: String,
    parts: Vec<Part>,
    items: Vec<Item>,
}

impl Estate {
    /// An empty one, whose new side is for an implementation.
    pub fn new(target: &str) -> Self {
        Self { names: Names::default(), target: target.to_owned(), parts: Vec::new(), items: Vec::new() }
    }

    /// An empty one whose report shows pseudonyms in place of names and values.
    pub fn redacted(target: &str) -> Self {
        Self { names: Names::redacting(), ..Self::new(target) }
    }

    /// Adds a cluster. What is alike in two clusters has the same pseudonym in both.
    pub fn add(&mut self, input: &Input<'_>) -> Result<(), OpenLedger> {
        let open = input.ledger.open_entries().count();
        if open > 0 {
            return Err(OpenLedger(open));
        }
        let names = &self.names;
        let index = Index::new(input);
        let findings = build::findings(input);
        let places = places(input, &findings);
        let builder = Builder { input, names, index: &index, places };
        let mut items = builder.items(&findings);
        items.sort_by(rows::worst_first);
        let mut ingresses = rows::ingresses(&builder, &items);
        let mut hosts = rows::hosts(&builder, &items, &ingresses);
        rows::in_order(&mut ingresses, &mut hosts, &mut items);
        let totals = rows::totals(input, &hosts);
        self.parts.push(Part { cluster: names.cluster(input.cluster), items, hosts, ingresses, totals });
        Ok(())
    }

    /// Adds findings that are about no cluster.
    pub fn say(&mut self, findings: &[Finding]) {
        self.items.extend(findings.iter().map(|finding| build::of_estate(finding, &self.names)));
    }

    /// The report. Findings that a baseline knows are marked.
    pub fn report(self, baseline: Option<&Baseline>) -> Report {
        let Self { names, target, parts, items } = self;
        let clusters::Joined { mut items, mut hosts, ingresses, parts } = clusters::join(parts, items);
        if let Some(baseline) = baseline {
            baseline.mark(&mut items, &parts.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        }
        let waves = waves::plan(&mut hosts, &ingresses, &items);
        let (namespaces, owners) = rows::groups(&hosts, &ingresses, &items);
        let mut totals = parts.iter().fold(Totals::default(), |all, (_, part)| all.with(part));
        rows::count(&mut totals, items.iter());
        let clusters = if parts.len() > 1 { clusters::rows(parts, &hosts, &ingresses, &items, &waves) } else { Vec::new() };
        let (risk, counts) = rows::weigh(items.iter());
        let refusing = || items.iter().filter(|item| actions::refuses(item));
        let reason = if clusters.is_empty() {
            let assumed = items.iter().any(actions::assumes);
            sentence::estate(&Fare::of(&hosts, &waves), totals.ingresses, refusing().next().is_some(), assumed)
        } else {
            let refused: BTreeSet<usize> = refusing().filter_map(|item| item.cluster).collect();
            sentence::clusters(clusters.len(), &Fare::of(&hosts, &waves), refused.len(), items.iter().any(actions::assumes))
        };
        Report {
            version: VERSION,
            generator: concat!("gateshift ", env!("CARGO_PKG_VERSION")).to_owned(),
            target,
            redacted: names.redacted(),
            risk,
            reason,
            counts,
            totals,
            clusters,
            impacts: actions::impact_rows(&items, &hosts),
            actions: actions::actions(&items, &hosts, &ingresses),
            waves,
            effort_rule: waves::rule(),
            namespaces,
            owners,
            flags: actions::flags(&items),
            rules: actions::rules(&items, &ingresses),
            hosts,
            ingresses,
            findings: items,
        }
    }
}
