//! What each implementation keeps of an estate, side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use comfy_table::{ContentArrangement, Table, presets::NOTHING};
use serde_json::{Value, json};

use crate::{
    catalog,
    k8s::{Inventory, ObjectId, Step},
    ledger::{Code, Ledger, Settlement, Severity, Standing},
    targets::{Met, Need},
    translate::Translation,
};

/// How many uses were settled in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// By core, with the same effect.
    pub exactly: usize,
    /// By an object of the implementation, with the same effect as far as it is known.
    pub by_policy: usize,
    /// With a difference that has a name.
    pub changed: usize,
    /// Not at all.
    pub not_kept: usize,
}

impl Kept {
    fn add(&mut self, settlement: &Settlement) {
        match settlement.standing() {
            Standing::Exact => self.exactly += 1,
            Standing::Policy => self.by_policy += 1,
            Standing::Changed => self.changed += 1,
            Standing::Lost => self.not_kept += 1,
            Standing::NoEffect | Standing::Unknown => {}
        }
    }

    /// Uses that have an effect today.
    pub fn total(&self) -> usize {
        self.exactly + self.by_policy + self.changed + self.not_kept
    }

    fn json(self) -> Value {
        json!({"exactly": self.exactly, "byPolicy": self.by_policy, "changed": self.changed, "notKept": self.not_kept})
    }
}

/// What one target keeps.
#[derive(Debug, Clone, Default)]
pub struct Column {
    /// Target.
    pub id: String,
    /// All annotations together.
    pub all: Kept,
    /// By annotation, without prefix.
    pub annotations: BTreeMap<String, Kept>,
    /// By Ingress, the worst of its annotations.
    pub ingresses: BTreeMap<String, Kept>,
    /// Paths that are not served.
    pub withheld: usize,
    /// What withholds paths or is not kept, worst first, with the number of places.
    pub blockers: Vec<(Code, usize)>,
    /// What must be there before its objects are applied.
    pub needs: Vec<Need>,
}

impl Column {
    /// The same with what must be there.
    #[must_use]
    pub fn needing(self, needs: Vec<Need>) -> Self {
        Self { needs, ..self }
    }
}

/// What a target keeps, from the closed account of a conversion.
pub fn column(id: &str, ledger: &Ledger, translation: &Translation, inventory: &Inventory) -> Column {
    let mut column = Column { id: id.to_owned(), ..Column::default() };
    let mut codes: BTreeMap<Code, usize> = BTreeMap::new();
    let mut worst: BTreeMap<ObjectId, Settlement> = BTreeMap::new();
    for entry in ledger.entries() {
        let [Step::Key(first), Step::Key(second), Step::Key(key)] = entry.subject.field.steps() else { continue };
        let (true, Some(settlement)) = (first == "metadata" && second == "annotations", &entry.settlement) else { continue };
        let name = key.rsplit('/').next().unwrap_or(key).to_owned();
        column.all.add(settlement);
        if !matches!(settlement, Settlement::NoEffect { .. } | Settlement::Unknown { .. }) {
            column.annotations.entry(name).or_default().add(settlement);
            worst.entry(entry.subject.object).and_modify(|known| known.join(settlement)).or_insert_with(|| settlement.clone());
        }
        if let Settlement::Unmappable { codes: found } = settlement {
            for code in found {
                *codes.entry(*code).or_default() += 1;
            }
        }
    }
    for (object, settlement) in worst {
        column.ingresses.entry(inventory.object(object).to_string()).or_default().add(&settlement);
    }
    column.withheld = translation.objects.iter().map(|emitted| emitted.withheld.len()).sum();
    column.blockers = codes.into_iter().collect();
    column.blockers.sort_by_key(|(code, count)| (std::cmp::Reverse(severity_of(*code)), std::cmp::Reverse(*count), *code));
    column
}

fn names(columns: &[Column], of: impl Fn(&Column) -> &BTreeMap<String, Kept>) -> BTreeSet<String> {
    columns.iter().flat_map(|column| of(column).keys().cloned()).collect()
}

/// `kept/changed/lost`, or a dash.
fn cell(kept: Option<&Kept>) -> String {
    match kept.filter(|kept| kept.total() > 0) {
        None => "-".to_owned(),
        Some(Kept { exactly, by_policy, changed, not_kept }) => format!("{exactly} {by_policy} {changed} {not_kept}"),
    }
}

/// Rows of all tables: a heading, then a row an annotation and an Ingress.
fn rows(columns: &[Column]) -> Vec<(&'static str, Vec<(String, Vec<String>)>)> {
    let total = vec![
        ("annotations".to_owned(), columns.iter().map(|column| cell(Some(&column.all))).collect()),
        ("paths withheld".to_owned(), columns.iter().map(|column| column.withheld.to_string()).collect()),
    ];
    let by = |of: fn(&Column) -> &BTreeMap<String, Kept>| {
        names(columns, of)
            .into_iter()
            .map(|name| (name.clone(), columns.iter().map(|column| cell(of(column).get(&name))).collect()))
            .collect()
    };
    vec![("all", total), ("by annotation", by(|column| &column.annotations)), ("by Ingress", by(|column| &column.ingresses))]
}

const LEGEND: &str = "Numbers: kept exactly, kept by policy, changed, not kept.";

/// For a terminal. Where a table is wider than that, its columns go on below.
pub fn targets_text(columns: &[Column], width: Option<u16>) -> String {
    let mut text = format!("{LEGEND}\n");
    for (heading, rows) in rows(columns) {
        for part in parts(heading, columns, &rows, width.map_or(usize::MAX, usize::from)) {
            let mut table = Table::new();
            table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Disabled);
            table.set_header(std::iter::once(heading.to_owned()).chain(columns[part.clone()].iter().map(|column| column.id.clone())));
            for (name, cells) in &rows {
                table.add_row(std::iter::once(super::printable(name)).chain(cells[part.clone()].iter().cloned()));
            }
            text.push('\n');
            text.extend(table.lines().map(|line| format!("{}\n", line.trim_end())));
        }
    }
    for column in columns {
        text.push_str(&format!("\n{}: ", column.id));
        if column.blockers.is_empty() {
            text.push_str("nothing is lost\n");
            continue;
        }
        text.push_str("what is lost\n");
        for (code, count) in &column.blockers {
            let line = format!("  {:<8} {code}  {count}×", severity_of(*code).to_string());
            let title = title(*code);
            let fits = width.is_none_or(|width| line.chars().count() + 2 + title.chars().count() <= usize::from(width));
            text.push_str(&line);
            text.push_str(if fits { "  " } else { "\n           " });
            text.push_str(title);
            text.push('\n');
        }
    }
    text
}

/// Columns that stand beside each other within a width; at least one.
fn parts(heading: &str, columns: &[Column], rows: &[(String, Vec<String>)], width: usize) -> Vec<Range<usize>> {
    // The table puts a blank on both sides of a cell.
    let cell = |text: &str| text.chars().count() + 2;
    let first = rows.iter().map(|(name, _)| cell(name)).max().unwrap_or(0).max(cell(heading));
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut used = 0;
    for (at, column) in columns.iter().enumerate() {
        let wide = rows.iter().map(|(_, cells)| cell(&cells[at])).max().unwrap_or(0).max(cell(&column.id));
        match parts.last_mut() {
            Some(part) if used + wide <= width => {
                part.end = at + 1;
                used += wide;
            }
            Some(_) | None => {
                parts.push(at..at + 1);
                used = first + wide;
            }
        }
    }
    parts
}

/// For an issue or a wiki.
pub fn targets_markdown(columns: &[Column]) -> String {
    let mut text = format!("{LEGEND}\n");
    for (heading, rows) in rows(columns) {
        let ids: Vec<&str> = columns.iter().map(|column| column.id.as_str()).collect();
        text.push_str(&format!("\n| {heading} | {} |\n|---|{}\n", ids.join(" | "), "---|".repeat(ids.len())));
        for (name, cells) in rows {
            text.push_str(&format!("| `{}` | {} |\n", super::printable(&name).replace('|', "\\|"), cells.join(" | ")));
        }
    }
    for column in columns.iter().filter(|column| !column.blockers.is_empty()) {
        text.push_str(&format!("\nLost on {}:\n\n", column.id));
        for (code, count) in &column.blockers {
            text.push_str(&format!("- `{code}` {count}×: {}\n", title(*code)));
        }
    }
    text
}

fn met(met: Met) -> Value {
    match met {
        Met::Yes => true.into(),
        Met::No => false.into(),
        Met::Unknown | Met::NotAsked => Value::Null,
    }
}

/// For machines.
pub fn targets_json(columns: &[Column], context: Option<&str>) -> String {
    let map =
        |kept: &BTreeMap<String, Kept>| kept.iter().map(|(name, kept)| (name.clone(), kept.json())).collect::<serde_json::Map<_, _>>();
    let targets: Vec<Value> = columns
        .iter()
        .map(|column| {
            let blockers: Vec<Value> = column
                .blockers
                .iter()
                .map(|(code, count)| json!({"code": code.as_str(), "severity": severity_of(*code).to_string(), "count": count}))
                .collect();
            let needs: Vec<Value> = column.needs.iter().map(|need| json!({"text": need.text, "met": met(need.met)})).collect();
            json!({
                "target": column.id,
                "needs": needs,
                "all": column.all.json(),
                "withheld": column.withheld,
                "annotations": map(&column.annotations),
                "ingresses": map(&column.ingresses),
                "blockers": blockers,
            })
        })
        .collect();
    let mut whole = json!({"version": 1, "targets": targets});
    if let Some(context) = context {
        whole["context"] = context.into();
    }
    let mut text = serde_json::to_string_pretty(&whole).expect("INVARIANT: columns have string keys");
    text.push('\n');
    text
}

fn severity_of(code: Code) -> Severity {
    catalog::finding(code.as_str()).map_or(Severity::Info, |entry| entry.severity)
}

fn title(code: Code) -> &'static str {
    catalog::finding(code.as_str()).map_or("", |entry| entry.title.as_str())
}
