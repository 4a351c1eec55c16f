//! The report for a pull request or a wiki.

use std::fmt::Write as _;

use super::{
    super::risk::{Group, Report, Risk, counted, duration},
    SHOWN, facts, hint, not_shown, place, proofs, shares, steps, wave_of, worst_hosts,
};

/// Hosts, findings and namespaces that are listed.
const LISTED: usize = 50;

/// The whole report.
pub fn report_markdown(report: &Report) -> String {
    let mut text = format!("# Migration risk: {}\n\n{}\n\n", report.risk, prose(&report.reason));
    let _ = writeln!(text, "- Target: {}", prose(&report.target));
    let _ = writeln!(text, "- {}", prose(&facts(report)));
    let _ = writeln!(text, "- {}", prose(&proofs(report)));
    if report.totals.known > 0 {
        let _ =
            writeln!(text, "- {} known from the baseline, {} new", counted(report.totals.known, "finding", "findings"), report.totals.new);
    }
    let hint = hint(report);
    if !hint.is_empty() {
        let _ = writeln!(text, "\n> {}", prose(&hint));
    }
    breaks(&mut text, report);
    for_whom(&mut text, report);
    first(&mut text, report);
    waves(&mut text, report);
    clusters(&mut text, report);
    hosts(&mut text, report);
    flags(&mut text, report);
    findings(&mut text, report);
    text
}

fn table(text: &mut String, head: &[&str], rows: Vec<Vec<String>>) {
    let _ = writeln!(text, "\n| {} |\n|{}", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let _ = writeln!(text, "| {} |", row.join(" | "));
    }
}

fn breaks(text: &mut String, report: &Report) {
    text.push_str("\n## What breaks\n");
    if report.impacts.is_empty() {
        text.push_str("\nNothing.\n");
        return;
    }
    let mut impacts: Vec<_> = report.impacts.iter().collect();
    impacts.sort_by_key(|row| std::cmp::Reverse(row.risk));
    let rows = impacts
        .iter()
        .map(|row| {
            vec![row.risk.to_string(), row.title.to_owned(), row.hosts.to_string(), row.ingresses.to_string(), row.findings.to_string()]
        })
        .collect();
    table(text, &["risk", "what", "hosts", "Ingresses", "findings"], rows);
}

fn for_whom(text: &mut String, report: &Report) {
    text.push_str("\n## For whom\n");
    let rows = |word: &str, groups: &[Group]| -> Vec<Vec<String>> {
        let bad = groups.iter().filter(|group| group.risk > Risk::None).take(LISTED);
        bad.map(|group| {
            vec![
                group.risk.to_string(),
                named(report, &format!("{word} {}", code(&group.name)), group.cluster),
                group.hosts.len().to_string(),
                duration(group.minutes),
                prose(&group.reason),
            ]
        })
        .collect()
    };
    let clusters = report.clusters.iter().filter(|cluster| cluster.risk > Risk::None);
    let mut all: Vec<Vec<String>> = clusters
        .map(|cluster| {
            vec![
                cluster.risk.to_string(),
                format!("cluster {}", code(&cluster.name)),
                cluster.totals.hosts.to_string(),
                duration(cluster.minutes),
                prose(&cluster.reason),
            ]
        })
        .collect();
    all.extend(rows("namespace", &report.namespaces));
    all.extend(rows("owner", &report.owners));
    if all.is_empty() {
        text.push_str("\nNobody.\n");
    } else {
        table(text, &["risk", "who", "hosts", "effort", "why"], all);
    }
}

fn first(text: &mut String, report: &Report) {
    text.push_str("\n## What to do first\n\n");
    if report.actions.is_empty() {
        text.push_str("Nothing: move.\n");
    }
    for (at, step) in steps(report).iter().take(SHOWN).enumerate() {
        let (first, touched) = (step.first(), step.touched(code));
        let _ = writeln!(text, "{}. **{}** ({}; {touched}) {}", at + 1, prose(&step.title()), first.severity, prose(&first.advice));
    }
}

fn waves(text: &mut String, report: &Report) {
    if report.waves.is_empty() {
        return;
    }
    text.push_str("\n## Waves\n");
    let rows = report
        .waves
        .iter()
        .map(|wave| {
            let names: Vec<String> = wave
                .units
                .iter()
                .flatten()
                .take(SHOWN)
                .map(|&at| &report.hosts[at])
                .map(|host| named(report, &code(&host.host), host.cluster))
                .collect();
            let more = wave.hosts.saturating_sub(names.len());
            let names = if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") };
            vec![wave.number.to_string(), prose(&wave.title), wave.risk.to_string(), duration(wave.minutes), prose(&wave.reason), names]
        })
        .collect();
    table(text, &["wave", "what", "risk", "effort", "why", "hosts"], rows);
    let _ = writeln!(text, "\nEffort: {}", prose(&report.effort_rule));
}

fn clusters(text: &mut String, report: &Report) {
    if report.clusters.is_empty() {
        return;
    }
    text.push_str("\n## Clusters\n");
    let rows = report
        .clusters
        .iter()
        .map(|cluster| {
            let totals = &cluster.totals;
            vec![
                cluster.risk.to_string(),
                code(&cluster.name),
                totals.ingresses.to_string(),
                totals.hosts.to_string(),
                totals.proved.to_string(),
                totals.differs.to_string(),
                totals.undecided.to_string(),
                shares(cluster),
                duration(cluster.minutes),
            ]
        })
        .collect();
    table(text, &["risk", "cluster", "Ingresses", "hosts", "proved", "differ", "undecided", "waves", "effort"], rows);
}

fn hosts(text: &mut String, report: &Report) {
    let worst = worst_hosts(report);
    if worst.is_empty() {
        return;
    }
    text.push_str("\n## Hosts\n");
    let rows = worst
        .iter()
        .take(LISTED)
        .map(|host| {
            vec![
                host.risk.to_string(),
                named(report, &code(&host.host), host.cluster),
                host.verdict.to_owned(),
                wave_of(host).trim_start_matches("wave ").to_owned(),
                prose(&host.reason),
            ]
        })
        .collect();
    table(text, &["risk", "host", "verdict", "wave", "why"], rows);
    if let Some(rest) = not_shown(report, &worst, LISTED) {
        let _ = writeln!(text, "\nNot listed: {rest}.");
    }
}

fn flags(text: &mut String, report: &Report) {
    for flag in report.flags.iter().filter(|flag| !flag.findings.is_empty()) {
        let _ = writeln!(text, "\n## {}\n", prose(flag.title));
        for &at in flag.findings.iter().take(SHOWN) {
            let item = &report.findings[at];
            let place = place(report, item);
            let place = if place.is_empty() { String::new() } else { format!(" ({})", code(&place)) };
            let _ = writeln!(text, "- {}{place}", prose(&item.message));
        }
        let more = flag.findings.len().saturating_sub(SHOWN);
        if more > 0 {
            let _ = writeln!(text, "- and {more} more");
        }
    }
}

fn findings(text: &mut String, report: &Report) {
    text.push_str("\n## Findings\n");
    let shown = report.findings.iter().filter(|item| item.risk() > Risk::None);
    let rows: Vec<Vec<String>> = shown
        .clone()
        .take(LISTED)
        .map(|item| {
            let witness = item.witness.as_ref().map(|witness| code(&witness.request)).unwrap_or_default();
            vec![item.severity.to_string(), code(item.code.as_str()), prose(&item.message), code(&place(report, item)), witness]
        })
        .collect();
    if rows.is_empty() {
        text.push_str("\nNone.\n");
        return;
    }
    table(text, &["severity", "code", "what", "where", "request"], rows);
    let more = shown.count().saturating_sub(LISTED);
    if more > 0 {
        let _ = writeln!(text, "\nAnd {more} more.");
    }
}

/// Markdown, and of which cluster it tells where there are several.
fn named(report: &Report, written: &str, cluster: Option<usize>) -> String {
    match report.cluster(cluster) {
        Some(cluster) => format!("{written} ({})", code(cluster)),
        None => written.to_owned(),
    }
}

/// Text as code that cannot end its own span.
pub(in crate::report) fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = text.replace('|', "\\|");
    let longest = text.split(|character| character != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    if longest > 0 { format!("{fence} {text} {fence}") } else { format!("{fence}{text}{fence}") }
}

/// A sentence in which only backticks are markup: what stands between two of them is code, and nothing else can be more than text.
pub(in crate::report) fn prose(text: &str) -> String {
    let mut written = String::with_capacity(text.len() + 8);
    let parts: Vec<&str> = text.split('`').collect();
    for (at, part) in parts.iter().enumerate() {
        let is_code = at % 2 == 1 && at + 1 < parts.len();
        if is_code {
            written.push_str(&code(part));
            continue;
        }
        if at % 2 == 1 {
            written.push_str("\\`");
        }
        for character in part.chars() {
            if matches!(character, '|' | '<' | '>' | '*' | '_' | '[' | ']' | '\\' | '#' | '~' | '&' | '$' | '@') {
                written.push('\\');
            }
            written.push(character);
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_stays_code_and_text_stays_text() {
        assert_eq!(prose("`a_b` of <b>x</b>"), "`a_b` of \\<b\\>x\\</b\\>");
        assert_eq!(prose("odd ` [x](y)"), "odd \\` \\[x\\](y)");
        assert_eq!(code("a`b|c"), "`` a`b\\|c ``");
    }
}
