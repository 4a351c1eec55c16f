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
    ledger::{Code, Finding, Findings, Severity, Standing},
    translate::Emitted,
};

/// How many kinds of findings are shown with an excerpt, beside those that are told one by one.
const SHOWN: usize = 10;
/// How many lost routes and settings are told one by one.
const BLOCKED: usize = 50;

/// Numbers for the first lines.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// Texts that were read; `None` for a cluster.
    pub sources: Option<usize>,
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
    // Whoever gets nothing wants to know why, however little is wrong.
    let (mut text, per_code, left) = told(findings, diagnostics, counts.ingresses > 0 && objects.is_empty());
    text.push_str(&format!(
        "read     {}: {} Ingress(es), {} of them served{}\n",
        counts.sources.map_or_else(|| "the cluster".to_owned(), |sources| format!("{sources} file(s)")),
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
    if left > 0 {
        let (are, findings) = if left == 1 { ("is", "finding") } else { ("are", "findings") };
        text.push_str(&format!(
            "{left} more {findings} of medium severity or above {are} counted only: `gateshift report -o html` and `-o json` show each with its place.\n"
        ));
    }
    text
}

/// Findings in words, how many there are of each kind, and how many of medium severity or above are not among the words. What could not be
/// read, what is assumed, and what is lost is told one by one: the rest of the summary stands on it. `each`: one of each kind is told.
fn told(findings: &Findings, diagnostics: &Diagnostics<'_>, each: bool) -> (String, BTreeMap<Code, usize>, usize) {
    let mut shown: Vec<&Finding> = findings.iter().collect();
    shown.sort_by_cached_key(|finding| std::cmp::Reverse(severity(finding)));
    let mut text = String::new();
    let mut per_code: BTreeMap<Code, usize> = BTreeMap::new();
    let (mut kinds, mut blocked, mut left) = (0, 0, 0);
    for finding in shown {
        let count = per_code.entry(finding.code).or_default();
        *count += 1;
        let severity = severity(finding);
        let tell = if is_of_input(finding.code) {
            true
        } else if severity == Severity::Blocked {
            blocked += 1;
            blocked <= BLOCKED
        } else if severity >= Severity::Medium && *count == 1 {
            kinds += 1;
            kinds <= SHOWN
        } else {
            each && *count == 1
        };
        if tell {
            text.push_str(&if *count == 1 { diagnostics.render(finding) } else { diagnostics.render_briefly(finding) });
            text.push('\n');
        } else if severity >= Severity::Medium {
            left += 1;
        }
    }
    (text, per_code, left)
}

/// It is about what was read, or was not.
const fn is_of_input(code: Code) -> bool {
    code.is_fault() || code.is_assumption() || matches!(code, Code::InputWrongType | Code::InputWrongShape)
}

fn others(inventory: &Inventory) -> String {
    let count: usize = inventory.others.values().sum();
    if count == 0 { String::new() } else { format!(", {count} object(s) of other kinds") }
}

fn settlements(tally: &Tally) -> String {
    format!(
        "{} of {} annotation(s) exactly, {} by policy, {} with a difference; {} without effect today, {} not converted, {} unknown",
        tally.settled(Standing::Exact),
        tally.total(),
        tally.settled(Standing::Policy),
        tally.settled(Standing::Changed),
        tally.settled(Standing::NoEffect),
        tally.settled(Standing::Lost),
        tally.settled(Standing::Unknown)
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
