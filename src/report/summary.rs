//! What a conversion did, on one screen.

use std::collections::BTreeMap;

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use super::{
    account::Tally,
    diagnostic::{Diagnostics, severity},
};
use crate::{
    catalog,
    k8s::Inventory,
    ledger::{Code, Finding, Findings, Severity},
    translate::Emitted,
};

/// How many findings are shown with an excerpt.
const SHOWN: usize = 10;

/// Numbers for the first lines.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Texts that were read.
    pub sources: usize,
    /// Ingresses that were read.
    pub ingresses: usize,
    /// Ingresses that the controller serves.
    pub served: usize,
    /// Line about the comparison of both sides; empty where there was none.
    pub verdict: String,
}

/// The summary of a conversion, several lines.
pub fn summary(
    counts: &Counts,
    objects: &[Emitted],
    tally: &Tally,
    findings: &Findings,
    inventory: &Inventory,
    diagnostics: &Diagnostics<'_>,
) -> String {
    let mut text = String::new();
    let mut shown: Vec<&Finding> = findings.iter().collect();
    shown.sort_by_cached_key(|finding| std::cmp::Reverse(severity(finding)));
    let mut per_code: BTreeMap<Code, usize> = BTreeMap::new();
    let mut printed = 0;
    for finding in &shown {
        let count = per_code.entry(finding.code).or_default();
        *count += 1;
        if *count == 1 && printed < SHOWN && severity(finding) >= Severity::Medium {
            text.push_str(&diagnostics.render(finding));
            text.push('\n');
            printed += 1;
        }
    }
    text.push_str(&format!(
        "read     {} file(s): {} Ingress(es), {} of them served{}\n",
        counts.sources,
        counts.ingresses,
        counts.served,
        others(inventory)
    ));
    let mut kinds: BTreeMap<crate::gateway::api::Kind, usize> = BTreeMap::new();
    for emitted in objects {
        *kinds.entry(emitted.object.kind()).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {}", kind.as_str())).collect();
    text.push_str(&format!("written  {}\n", if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") }));
    text.push_str(&format!("kept     {}\n", settlements(tally)));
    text.push_str(&counts.verdict);
    let withheld: usize = objects.iter().map(|emitted| emitted.withheld.len()).sum();
    if withheld > 0 {
        text.push_str(&format!("withheld {withheld} path(s): their rules have no backends and answer 500\n"));
    }
    if !per_code.is_empty() {
        text.push_str("\nfindings, worst first\n");
        text.push_str(&table(&per_code));
        text.push_str("\n`gateshift explain CODE` says more about each.\n");
    }
    text
}

fn others(inventory: &Inventory) -> String {
    let count: usize = inventory.others.values().sum();
    if count == 0 { String::new() } else { format!(", {count} object(s) of other kinds") }
}

fn settlements(tally: &Tally) -> String {
    format!(
        "{} of {} annotation(s) exactly, {} by policy, {} with a difference; {} without effect today, {} not converted, {} unknown",
        tally.settled("exact"),
        tally.total(),
        tally.settled("policy"),
        tally.settled("differs"),
        tally.settled("no-effect"),
        tally.settled("unmappable"),
        tally.settled("unknown")
    )
}

fn table(per_code: &BTreeMap<Code, usize>) -> String {
    let mut rows: Vec<(Severity, Code, usize, &str)> = per_code
        .iter()
        .map(|(&code, &count)| {
            let entry = catalog::finding(code.as_str());
            (entry.map_or(Severity::High, |entry| entry.severity), code, count, entry.map_or("", |entry| entry.title.as_str()))
        })
        .collect();
    rows.sort_by_key(|(severity, code, ..)| (std::cmp::Reverse(*severity), *code));
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    for (severity, code, count, title) in rows {
        table.add_row(vec![format!(" {severity}"), code.to_string(), format!("{count}×"), title.to_owned()]);
    }
    let mut text: String = table.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    if text.is_empty() {
        text.push('\n');
    }
    text
}
