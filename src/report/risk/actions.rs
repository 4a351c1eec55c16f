//! What to do: one line for each kind of finding, first things first.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    impact::{impact, impacts},
    level::Risk,
    model::{Action, Flag, Host, ImpactRow, IngressRow, Item, Rule},
    sentence,
};
use crate::{
    catalog,
    ledger::{Code, Severity},
};

/// Positions of items by code.
fn by_code(items: &[Item]) -> BTreeMap<Code, Vec<usize>> {
    let mut found: BTreeMap<Code, Vec<usize>> = BTreeMap::new();
    for (at, item) in items.iter().enumerate() {
        found.entry(item.code).or_default().push(at);
    }
    found
}

/// What to do, for everything above info.
pub(super) fn actions(items: &[Item], all_hosts: &[Host], ingresses: &[IngressRow]) -> Vec<Action> {
    let mut actions: Vec<(usize, Action)> = Vec::new();
    for (code, mut of_code) in by_code(items) {
        of_code.retain(|&at| items[at].counts() && items[at].severity > Severity::Info);
        let Some(&first) = of_code.first() else { continue };
        let entry = catalog::finding(code.as_str());
        let hosts = served_of(of_code.iter().map(|&at| &items[at]), all_hosts);
        let touched: BTreeSet<usize> = of_code.iter().flat_map(|&at| items[at].ingresses.iter().copied()).collect();
        let clusters: BTreeSet<usize> = of_code.iter().filter_map(|&at| items[at].cluster).collect();
        let namespaces: BTreeSet<String> = touched.iter().map(|&at| ingresses[at].namespace.clone()).collect();
        let advice = items[first].advice.clone().or_else(|| entry.map(|entry| catalog::unfilled(&entry.advice)));
        let action = Action {
            code: code.as_str(),
            severity: items[first].severity,
            impact: items[first].impact,
            title: sentence::title(code),
            advice: advice.unwrap_or_default(),
            findings: of_code.len(),
            hosts: hosts.into_iter().collect(),
            ingresses: touched.into_iter().collect(),
            namespaces: namespaces.into_iter().collect(),
            clusters: clusters.into_iter().collect(),
        };
        actions.push((impact(code), action));
    }
    actions.sort_by_key(|(impact, action)| {
        let last = (*impact, std::cmp::Reverse(action.hosts.len()), action.code);
        (!hides(action.code), !decides(action.code), std::cmp::Reverse(action.severity), is_idle(&action.advice), last)
    });
    actions.into_iter().map(|(_, action)| action).collect()
}

/// Hosts that items touch, those that nobody serves left out.
fn served_of<'i>(items: impl Iterator<Item = &'i Item>, hosts: &[Host]) -> BTreeSet<usize> {
    items.flat_map(|item| item.hosts.iter().copied()).filter(|&at| hosts[at].is_served()).collect()
}

/// While nginx refuses the configuration, whatever else is said of traffic today is about nothing.
fn hides(code: &str) -> bool {
    let refused = super::impact::topics().iter().find(|topic| topic.id == "refused");
    let certain = catalog::finding(code).is_some_and(|entry| entry.severity >= Severity::High);
    certain && refused.zip(code.parse().ok()).is_some_and(|(topic, code)| topic.takes(code))
}

/// As long as this is assumed, whole Ingresses are taken as left out, and whatever else is said of them depends on it.
fn decides(code: &str) -> bool {
    code == Code::IngressSettingsAssumed.as_str()
}

/// The finding says that Ingresses are taken as left out.
pub(super) fn assumes(item: &Item) -> bool {
    item.counts() && decides(item.code.as_str())
}

/// The finding says that nginx refuses the configuration.
pub(super) fn refuses(item: &Item) -> bool {
    item.counts() && hides(item.code.as_str())
}

/// Advice that asks for something only of those whom it concerns; it stands behind what everybody has to do.
fn is_idle(advice: &str) -> bool {
    advice.starts_with("Nothing to do")
}

/// What breaks, by its meaning for traffic.
pub(super) fn impact_rows(items: &[Item], hosts: &[Host]) -> Vec<ImpactRow> {
    impacts()
        .iter()
        .filter_map(|impact| {
            let own: Vec<&Item> =
                items.iter().filter(|item| item.impact == impact.id && item.counts() && item.severity > Severity::Info).collect();
            let risk = own.iter().map(|item| item.risk()).max()?;
            let hosts = served_of(own.iter().copied(), hosts);
            let ingresses: BTreeSet<usize> = own.iter().flat_map(|item| item.ingresses.iter().copied()).collect();
            (risk > Risk::None).then(|| ImpactRow {
                impact: &impact.id,
                title: &impact.title,
                does: &impact.does,
                risk,
                findings: own.len(),
                hosts: hosts.len(),
                ingresses: ingresses.len(),
            })
        })
        .collect()
}

/// What people ask for by name.
pub(super) fn flags(items: &[Item]) -> Vec<Flag> {
    let of_code = by_code(items);
    super::impact::topics()
        .iter()
        .map(|topic| {
            let mut findings: Vec<usize> =
                of_code.iter().filter(|(code, _)| topic.takes(**code)).flat_map(|(_, found)| found.iter().copied()).collect();
            findings.sort_unstable();
            Flag { flag: &topic.id, title: &topic.title, findings }
        })
        .collect()
}

/// The texts of the codes that occur.
pub(super) fn rules(items: &[Item], ingresses: &[IngressRow]) -> Vec<Rule> {
    let of_code = by_code(items);
    let in_ledger = ingresses.iter().flat_map(|ingress| ingress.ledger.iter().flat_map(|entry| entry.codes.iter().copied()));
    let mut codes: BTreeSet<&str> = of_code.keys().map(|code| code.as_str()).chain(in_ledger).collect();
    codes.retain(|code| catalog::finding(code).is_some());
    codes
        .into_iter()
        .filter_map(|code| {
            let entry = catalog::finding(code)?;
            let count = of_code.iter().find(|(known, _)| known.as_str() == code).map_or(0, |(_, found)| found.len());
            Some(Rule {
                code: &entry.code,
                severity: entry.severity,
                title: &entry.title,
                why: catalog::unfilled(&entry.why),
                advice: catalog::unfilled(&entry.advice),
                findings: count,
            })
        })
        .collect()
}
