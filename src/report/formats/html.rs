//! The report as one page that works from disk: the first screen is in the markup, everything below is drawn from data in the page.
//!
//! Data stands in blocks that no browser runs, in pieces that are parsed when somebody looks at them; the script puts texts into the
//! page as texts only, and the content security policy runs this script and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use serde::Serialize;
use serde_json::{Value, json};

use super::{
    super::risk::{Cluster, Group, Report, Risk, Spread, Wave, counted, duration},
    Step, counts,
    digest::source_hash,
    facts, hint, proofs, shares, steps,
};

/// Positions in one block of data.
const FINDINGS: usize = 100;
const HOSTS: usize = 25;
const INGRESSES: usize = 25;

const STYLE: &str = include_str!("../../../reports/templates/report.css");
const SCRIPT: &str = include_str!("../../../reports/templates/report.js");

/// Rows of the three answers on the first screen.
const BREAKS: usize = 6;
const WHOM: usize = 6;
const FIRST: usize = 3;

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'r> {
    report: &'r Report,
    policy: String,
    style: &'static str,
    script: &'static str,
    facts: String,
    proofs: String,
    hint: String,
    spread: Vec<(Risk, usize)>,
    breaks: Vec<Break>,
    more_breaks: usize,
    clusters: Vec<ClusterRow<'r>>,
    namespaces: Vec<Whom<'r>>,
    more_namespaces: usize,
    owners: Vec<Whom<'r>>,
    first: Vec<First<'r>>,
    more_steps: usize,
    waves: Vec<WaveRow<'r>>,
    blocks: Vec<(String, String)>,
}

struct Break {
    risk: Risk,
    title: &'static str,
    impact: &'static str,
    touched: String,
}

struct ClusterRow<'r> {
    cluster: &'r Cluster,
    spread: Vec<(Risk, usize)>,
    hosts: String,
    waves: String,
    effort: String,
}

struct Whom<'r> {
    group: &'r Group,
    cluster: &'r str,
    spread: Vec<(Risk, usize)>,
    hosts: String,
    effort: String,
}

struct First<'r> {
    severity: crate::ledger::Severity,
    title: String,
    codes: String,
    touched: String,
    advice: Vec<(bool, &'r str)>,
}

struct WaveRow<'r> {
    wave: &'r Wave,
    clusters: String,
    hosts: String,
    effort: String,
}

/// The whole page.
pub fn report_html(report: &Report) -> String {
    let mut breaks: Vec<&_> = report.impacts.iter().collect();
    breaks.sort_by_key(|row| std::cmp::Reverse(row.risk));
    let at_risk = |groups: &'_ [Group]| groups.iter().filter(|group| group.risk > Risk::None).count();
    let steps = steps(report);
    let page = Page {
        report,
        policy: format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
            source_hash(SCRIPT),
            source_hash(STYLE)
        ),
        style: STYLE,
        script: SCRIPT,
        facts: facts(report),
        proofs: proofs(report),
        hint: hint(report),
        spread: Risk::ALL.into_iter().map(|risk| (risk, report.totals.spread.get(risk))).collect(),
        more_breaks: breaks.len().saturating_sub(BREAKS),
        breaks: breaks
            .into_iter()
            .take(BREAKS)
            .map(|row| Break { risk: row.risk, title: row.title, impact: row.impact, touched: counts(row.hosts, row.ingresses) })
            .collect(),
        // The worst come first.
        clusters: report.clusters.iter().map(cluster).collect(),
        namespaces: report.namespaces.iter().take(at_risk(&report.namespaces).min(WHOM)).map(|group| whom(report, group)).collect(),
        more_namespaces: at_risk(&report.namespaces).saturating_sub(WHOM),
        owners: report.owners.iter().take(at_risk(&report.owners).min(FIRST)).map(|group| whom(report, group)).collect(),
        first: steps.iter().take(FIRST).map(first).collect(),
        more_steps: steps.len().saturating_sub(FIRST),
        waves: report
            .waves
            .iter()
            .map(|wave| WaveRow {
                wave,
                clusters: of_clusters(report, wave),
                hosts: counted(wave.hosts, "host", "hosts"),
                effort: duration(wave.minutes),
            })
            .collect(),
        blocks: blocks(report),
    };
    page.render().expect("INVARIANT: the template writes to a String")
}

fn cluster(cluster: &Cluster) -> ClusterRow<'_> {
    ClusterRow {
        cluster,
        spread: occurring(&cluster.totals.spread),
        hosts: counted(cluster.totals.hosts, "host", "hosts"),
        waves: shares(cluster),
        effort: duration(cluster.minutes),
    }
}

/// How many hosts of a wave are in which cluster.
fn of_clusters(report: &Report, wave: &Wave) -> String {
    let count = |cluster: &Cluster| cluster.waves.iter().find(|share| share.wave == wave.number).map(|share| share.hosts);
    let parts = report.clusters.iter().filter_map(|cluster| Some(format!("{} in {}", count(cluster)?, cluster.name)));
    parts.collect::<Vec<_>>().join(", ")
}

fn occurring(spread: &Spread) -> Vec<(Risk, usize)> {
    Risk::ALL.into_iter().map(|risk| (risk, spread.get(risk))).filter(|(_, count)| *count > 0).collect()
}

fn whom<'r>(report: &'r Report, group: &'r Group) -> Whom<'r> {
    Whom {
        group,
        cluster: report.cluster(group.cluster).unwrap_or_default(),
        spread: occurring(&group.spread),
        hosts: counted(group.hosts.len(), "host", "hosts"),
        effort: duration(group.minutes),
    }
}

fn first<'r>(step: &Step<'r>) -> First<'r> {
    let action = step.first();
    First {
        severity: action.severity,
        title: step.title(),
        codes: step.actions.iter().map(|action| action.code).collect::<Vec<_>>().join(" "),
        touched: step.touched(str::to_owned),
        advice: action.advice.split('`').enumerate().map(|(at, part)| (at % 2 == 1, part)).collect(),
    }
}

/// Blocks of data by name.
fn blocks(report: &Report) -> Vec<(String, String)> {
    let mut blocks = vec![("overview".to_owned(), inert(&overview(report)))];
    for (number, findings) in report.findings.chunks(FINDINGS).enumerate() {
        let mut steps: Vec<Value> = Vec::new();
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let items: Vec<Value> = findings
            .iter()
            .map(|item| {
                let mut value = json!(item);
                for side in ["old", "new"] {
                    // Traces repeat each other: a step stands once in its block.
                    if let Some(Value::Array(list)) = value.pointer_mut(&format!("/witness/{side}/steps")) {
                        for step in list {
                            let text = step.as_str().unwrap_or_default().to_owned();
                            let at = *known.entry(text).or_insert_with_key(|text| {
                                steps.push(json!(text));
                                steps.len() - 1
                            });
                            *step = json!(at);
                        }
                    }
                }
                slim(value)
            })
            .collect();
        blocks.push((format!("f{number}"), inert(&json!({"steps": steps, "items": items}))));
    }
    for (number, hosts) in report.hosts.chunks(HOSTS).enumerate() {
        let details: Vec<Value> = hosts
            .iter()
            .map(|host| slim(json!({"findings": host.findings, "old": host.old, "new": host.new, "assumptions": host.assumptions})))
            .collect();
        blocks.push((format!("h{number}"), inert(&details)));
    }
    for (number, ingresses) in report.ingresses.chunks(INGRESSES).enumerate() {
        let details: Vec<Value> = ingresses
            .iter()
            .map(|row| {
                let place =
                    json!({"findings": row.findings, "ledger": row.ledger, "file": row.file, "line": row.line, "reason": row.reason});
                slim(place)
            })
            .collect();
        blocks.push((format!("i{number}"), inert(&details)));
    }
    blocks
}

/// The same without what says nothing.
fn slim(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, slim(value))).filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(list) => Value::Array(list.into_iter().map(slim).collect()),
        other => other,
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Ingresses that serve no host, cluster by cluster: their worst level, the rules of their findings, and their positions.
fn without_host(report: &Report, rule_of: impl Fn(&str) -> usize) -> Vec<Value> {
    let mut lists: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
    for (at, row) in report.ingresses.iter().enumerate().filter(|(_, row)| row.hosts.is_empty()) {
        lists.entry(row.cluster).or_default().push(at);
    }
    lists
        .into_iter()
        .map(|(cluster, list)| {
            let worst = list.iter().map(|&at| report.ingresses[at].risk).max().unwrap_or_default();
            let items = list.iter().flat_map(|&at| &report.ingresses[at].findings).map(|&at| &report.findings[at]);
            let rules: BTreeSet<usize> = items.filter(|item| item.risk() > Risk::None).map(|item| rule_of(item.code.as_str())).collect();
            of_cluster(cluster, json!([level(worst), rules, list]))
        })
        .collect()
}

/// What is needed before somebody opens anything.
fn overview(report: &Report) -> Value {
    let mut annotations: Vec<&str> = report.ingresses.iter().flat_map(|row| row.annotations.iter().map(String::as_str)).collect();
    annotations.sort_unstable();
    annotations.dedup();
    let rule_of = |code: &str| report.rules.binary_search_by(|rule| rule.code.cmp(code)).unwrap_or(0);
    let hosts: Vec<_> = report
        .hosts
        .iter()
        .map(|host| {
            let mut rules: Vec<usize> = host
                .findings
                .iter()
                .map(|&at| &report.findings[at])
                .filter(|item| item.risk() > Risk::None)
                .map(|item| rule_of(item.code.as_str()))
                .collect();
            rules.sort_unstable();
            rules.dedup();
            of_cluster(
                host.cluster,
                json!([
                    host.host,
                    level(host.risk),
                    host.reason,
                    host.verdict,
                    host.size,
                    host.namespaces,
                    host.owners,
                    host.wave,
                    host.ingresses,
                    rules
                ]),
            )
        })
        .collect();
    let ingresses: Vec<_> = report
        .ingresses
        .iter()
        .map(|row| {
            let own: Vec<usize> = row.annotations.iter().filter_map(|name| annotations.binary_search(&name.as_str()).ok()).collect();
            of_cluster(row.cluster, json!([row.namespace, row.name, level(row.risk), row.served, row.owner, row.hosts, own]))
        })
        .collect();
    let actions: Vec<_> = report
        .actions
        .iter()
        .map(|action| {
            json!({
                "code": action.code, "severity": action.severity, "impact": action.impact, "title": action.title, "advice": action.advice,
                "findings": action.findings, "hosts": action.hosts.len(), "namespaces": action.namespaces.len(),
            })
        })
        .collect();
    let impacts: Vec<_> = report.impacts.iter().map(|row| json!([row.impact, row.title])).collect();
    json!({
        "sizes": [FINDINGS, HOSTS, INGRESSES],
        "redacted": report.redacted,
        "annotations": annotations,
        "clusters": report.clusters.iter().map(|cluster| &cluster.name).collect::<Vec<_>>(),
        "hosts": hosts,
        "left": without_host(report, rule_of),
        "ingresses": ingresses,
        "actions": actions,
        "impacts": impacts,
        "namespaces": report.namespaces.iter().map(|group| &group.name).collect::<BTreeSet<_>>(),
        "waves": report.waves.iter().map(|wave| &wave.units).collect::<Vec<_>>(),
        "flags": report.flags,
        "rules": report.rules,
        "of": report.findings.iter().map(|item| rule_of(item.code.as_str())).collect::<Vec<_>>(),
    })
}

/// A row, and behind it the position of its cluster where there are several.
fn of_cluster(cluster: Option<usize>, mut row: Value) -> Value {
    if let (Some(at), Value::Array(cells)) = (cluster, &mut row) {
        cells.push(json!(at));
    }
    row
}

fn level(risk: Risk) -> usize {
    Risk::ALL.iter().rev().position(|level| *level == risk).unwrap_or(0)
}

/// JSON that cannot end the element it stands in, nor be anything but data.
fn inert(value: &impl Serialize) -> String {
    let text = serde_json::to_string(value).expect("INVARIANT: the report has string keys only");
    let mut written = String::with_capacity(text.len() + text.len() / 16);
    for character in text.chars() {
        match character {
            '<' => written.push_str("\\u003c"),
            '>' => written.push_str("\\u003e"),
            '&' => written.push_str("\\u0026"),
            '\u{2028}' => written.push_str("\\u2028"),
            '\u{2029}' => written.push_str("\\u2029"),
            other => written.push(other),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_cannot_end_its_element() {
        assert_eq!(inert(&"</script><!--&\u{2028}"), "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\"");
    }
}
