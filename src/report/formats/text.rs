//! The report on a terminal: one screen that answers what breaks, for whom, and what to do first, and the lists behind it.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use super::{
    super::{
        Colours,
        risk::{Report, Risk, counted, duration},
    },
    SHOWN, facts, hint, not_shown, place, proofs, shares, steps, wave_of, within, worst_hosts,
};
use crate::ledger::Severity;

/// How the report may look.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Whether there is colour.
    pub colours: Colours,
    /// Characters in a line.
    pub width: u16,
}

/// Namespaces and owners that are named.
const GROUPS: usize = 6;
/// Findings of a list by name that are shown.
const FLAGGED: usize = 5;

/// The whole report.
pub fn report_text(report: &Report, look: Look) -> String {
    let mut page = Page { text: String::new(), look };
    page.headline(report);
    page.breaks(report);
    page.for_whom(report);
    page.first(report);
    page.waves(report);
    page.hosts(report);
    page.flags(report);
    page.findings(report);
    page.text
}

struct Page {
    text: String,
    look: Look,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text.trim_end());
        self.text.push('\n');
    }

    fn heading(&mut self, title: &str) {
        self.text.push('\n');
        let title = self.paint("1", title);
        self.line(&title);
    }

    fn paint(&self, code: &str, text: &str) -> String {
        match self.look.colours {
            Colours::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Colours::Off => text.to_owned(),
        }
    }

    /// Words at the width of the terminal.
    fn paragraph(&mut self, indent: &str, text: &str) {
        self.behind((indent, indent.chars().count()), indent, text);
    }

    /// Words at the width of the terminal: the first line begins with `head`, which has a width of its own, the others with `indent`.
    fn behind(&mut self, (head, head_width): (&str, usize), indent: &str, text: &str) {
        let width = usize::from(self.look.width);
        let mut room = width.saturating_sub(head_width).max(20);
        let mut lines = vec![String::new()];
        for word in text.split(' ') {
            let last = lines.last_mut().expect("INVARIANT: there is one from the start");
            if last.is_empty() {
                last.push_str(word);
            } else if last.chars().count() + 1 + word.chars().count() > room {
                lines.push(word.to_owned());
                room = width.saturating_sub(indent.chars().count()).max(20);
            } else {
                last.push(' ');
                last.push_str(word);
            }
        }
        for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            self.line(&format!("{}{line}", if at == 0 { head } else { indent }));
        }
    }

    /// Rows whose first cell is a level, painted after the table knows its widths.
    fn table(&mut self, rows: Vec<Vec<String>>) {
        let mut table = Table::new();
        table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(self.look.width);
        for row in rows {
            table.add_row(row);
        }
        let lines: Vec<String> = table.lines().collect();
        for line in lines {
            let painted = self.level(&line);
            self.line(&painted);
        }
    }

    fn level(&self, line: &str) -> String {
        let body = line.trim_start();
        let levels = [("blocked", "1;35"), ("high", "1;31"), ("medium", "33"), ("low", "36"), ("info", "2"), ("none", "32")];
        for (word, code) in levels {
            if let Some(rest) = body.strip_prefix(word).filter(|rest| rest.starts_with(' ') || rest.is_empty()) {
                return format!("{}{}{rest}", &line[..line.len() - body.len()], self.paint(code, word));
            }
        }
        line.to_owned()
    }

    fn headline(&mut self, report: &Report) {
        let title = self.paint("1", &format!("Migration risk: {}", report.risk));
        self.line(&format!("{title} (target {})", report.target));
        self.paragraph("", &report.reason);
        self.text.push('\n');
        self.paragraph("  ", &format!("{}.", facts(report)));
        self.paragraph("  ", &format!("{}.", proofs(report)));
        if report.totals.known > 0 {
            self.paragraph(
                "  ",
                &format!("{} known from the baseline, {} new.", counted(report.totals.known, "finding", "findings"), report.totals.new),
            );
        }
        let hint = hint(report);
        if !hint.is_empty() {
            self.paragraph("  ", &hint);
        }
    }

    fn breaks(&mut self, report: &Report) {
        self.heading("What breaks");
        if report.impacts.is_empty() {
            self.line(" nothing");
            return;
        }
        let mut rows: Vec<_> = report.impacts.iter().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.risk));
        let rows = rows
            .iter()
            .map(|row| {
                let touched = match (row.hosts, row.ingresses) {
                    (0, 0) => "the estate as a whole".to_owned(),
                    (hosts, ingresses) => format!("{}, {}", counted(hosts, "host", "hosts"), counted(ingresses, "Ingress", "Ingresses")),
                };
                vec![format!("{}", row.risk), row.title.to_owned(), touched, counted(row.findings, "finding", "findings")]
            })
            .collect();
        self.table(rows);
    }

    fn for_whom(&mut self, report: &Report) {
        self.heading("For whom");
        let lists = [("namespace", &report.namespaces), ("owner", &report.owners)];
        let clusters = report.clusters.iter().filter(|cluster| cluster.risk > Risk::None);
        let mut rows: Vec<Vec<String>> = clusters
            .map(|cluster| {
                vec![
                    cluster.risk.to_string(),
                    format!("cluster {}", cluster.name),
                    counted(cluster.totals.hosts, "host", "hosts"),
                    duration(cluster.minutes),
                    cluster.reason.clone(),
                ]
            })
            .collect();
        for (word, groups) in lists {
            let bad = groups.iter().filter(|group| group.risk > Risk::None);
            for group in bad.clone().take(GROUPS) {
                rows.push(vec![
                    group.risk.to_string(),
                    format!("{word} {}", within(report, &group.name, group.cluster)),
                    counted(group.hosts.len(), "host", "hosts"),
                    duration(group.minutes),
                    group.reason.clone(),
                ]);
            }
            let more = bad.count().saturating_sub(GROUPS);
            if more > 0 {
                rows.push(vec![String::new(), format!("and {more} more"), String::new(), String::new(), String::new()]);
            }
        }
        if rows.is_empty() {
            self.line(" nobody");
        } else {
            self.table(rows);
        }
    }

    fn first(&mut self, report: &Report) {
        self.heading("What to do first");
        if report.actions.is_empty() {
            self.line(" nothing: move");
        }
        let steps = steps(report);
        for (at, step) in steps.iter().take(FLAGGED).enumerate() {
            let word = step.first().severity.to_string();
            let head = format!(" {}. {} ", at + 1, self.level(&word));
            let head_width = (at + 1).to_string().len() + word.len() + 4;
            self.behind((&head, head_width), "    ", &format!("{} ({})", step.title(), step.touched(str::to_owned)));
            self.paragraph("    ", &step.first().advice);
        }
        let more = steps.len().saturating_sub(FLAGGED);
        if more > 0 {
            self.line(&format!(" and {more} more, below"));
        }
    }

    fn waves(&mut self, report: &Report) {
        if report.waves.is_empty() {
            return;
        }
        self.heading("Waves");
        let rows = report
            .waves
            .iter()
            .map(|wave| {
                vec![
                    wave.risk.to_string(),
                    format!("{}. {}", wave.number, wave.title),
                    counted(wave.hosts, "host", "hosts"),
                    duration(wave.minutes),
                    wave.reason.clone(),
                ]
            })
            .collect();
        self.table(rows);
        self.clusters(report);
    }

    fn clusters(&mut self, report: &Report) {
        if report.clusters.is_empty() {
            return;
        }
        self.heading("Clusters");
        let rows = report
            .clusters
            .iter()
            .map(|cluster| {
                let totals = &cluster.totals;
                vec![
                    cluster.risk.to_string(),
                    cluster.name.clone(),
                    counted(totals.ingresses, "Ingress", "Ingresses"),
                    format!(
                        "{}: {} proved, {} differ, {} undecided",
                        counted(totals.hosts, "host", "hosts"),
                        totals.proved,
                        totals.differs,
                        totals.undecided
                    ),
                    shares(cluster),
                    duration(cluster.minutes),
                ]
            })
            .collect();
        self.table(rows);
    }

    fn hosts(&mut self, report: &Report) {
        let worst = worst_hosts(report);
        if worst.is_empty() {
            return;
        }
        self.heading("Hosts");
        let rows = worst.iter().take(2 * SHOWN).map(|host| {
            vec![
                host.risk.to_string(),
                within(report, &host.host, host.cluster),
                host.verdict.to_owned(),
                wave_of(host),
                host.reason.clone(),
            ]
        });
        let rows = rows.collect();
        self.table(rows);
        if let Some(rest) = not_shown(report, &worst, 2 * SHOWN) {
            self.line(&format!(" and {rest}"));
        }
    }

    fn flags(&mut self, report: &Report) {
        for flag in report.flags.iter().filter(|flag| !flag.findings.is_empty()) {
            self.heading(flag.title);
            for &at in flag.findings.iter().take(FLAGGED) {
                let item = &report.findings[at];
                self.paragraph(" ", &item.message);
                let place = place(report, item);
                if !place.is_empty() {
                    self.paragraph("   ", &place);
                }
            }
            let more = flag.findings.len().saturating_sub(FLAGGED);
            if more > 0 {
                self.line(&format!(" and {more} more"));
            }
        }
    }

    fn findings(&mut self, report: &Report) {
        self.heading("Findings, worst first");
        let mut rules: Vec<_> = report.rules.iter().filter(|rule| rule.findings > 0).collect();
        rules.sort_by_key(|rule| (std::cmp::Reverse(rule.severity), rule.code));
        let rows: Vec<Vec<String>> = rules
            .iter()
            .map(|rule| vec![rule.severity.to_string(), rule.code.to_owned(), format!("{}×", rule.findings), rule.title.to_owned()])
            .collect();
        if rows.is_empty() {
            self.line(" none");
            return;
        }
        self.table(rows);
        let serious = report.findings.iter().filter(|item| item.counts() && item.severity >= Severity::Medium);
        let shown: Vec<_> = serious.clone().take(SHOWN).collect();
        for item in &shown {
            self.text.push('\n');
            let level = self.level(&item.severity.to_string());
            let new = if item.known { " (known)" } else { "" };
            self.line(&format!("{level}[{}]{new}", item.code));
            self.paragraph("  ", &item.message);
            let place = place(report, item);
            if !place.is_empty() {
                self.paragraph("  at  ", &place);
            }
            if let Some(witness) = item.witness.as_ref().filter(|witness| !witness.curl.is_empty()) {
                self.line(&format!("  try {}", witness.curl));
            }
        }
        let more = serious.count().saturating_sub(shown.len());
        if more > 0 {
            self.text.push('\n');
            self.paragraph("", &format!("and {more} more of medium severity or above; `-o html` or `-o json` shows all of them"));
        }
        self.line("\n`gateshift explain CODE` says more about each.");
    }
}
