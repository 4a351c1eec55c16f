//! The ledger as JSON, version 1. The words are documented in README.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    k8s::{FieldPath, Inventory, ObjectId, Origin, Step},
    ledger::{Ledger, Settlement},
    yaml::Place,
};

#[derive(Serialize)]
struct Line<'a> {
    object: Object<'a>,
    field: String,
    value: &'a str,
    settlement: &'static str,
    codes: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    suggestion: Option<&'a str>,
    file: Option<&'a str>,
    line: Option<usize>,
}

#[derive(Serialize)]
struct Object<'a> {
    kind: &'a str,
    namespace: &'a str,
    name: &'a str,
}

/// `{version, entries: [{object, field, value, settlement, codes, file, line}]}`, one entry a line. Entries that nobody settled are a bug;
/// they are written as `open`.
pub fn ledger_json(ledger: &Ledger, inventory: &Inventory) -> String {
    let mut of_object: BTreeMap<ObjectId, Vec<usize>> = BTreeMap::new();
    for (index, entry) in ledger.entries().iter().enumerate() {
        of_object.entry(entry.subject.object).or_default().push(index);
    }
    let mut order: Vec<(&ObjectId, &Vec<usize>)> = of_object.iter().collect();
    order.sort_by_key(|(id, _)| (inventory.object(**id), **id));
    let mut entries = Vec::with_capacity(ledger.entries().len());
    for (&object, indices) in order {
        let (reference, origin) = &inventory.objects[object.0 as usize];
        let fields: Vec<&FieldPath> = indices.iter().map(|&index| &ledger.entries()[index].subject.field).collect();
        let lines = lines(inventory, *origin, &fields);
        for (position, &index) in indices.iter().enumerate() {
            let entry = &ledger.entries()[index];
            let settlement = entry.settlement.as_ref();
            entries.push(Line {
                object: Object { kind: &reference.kind, namespace: &reference.namespace, name: &reference.name },
                field: entry.subject.field.to_string(),
                value: &entry.value,
                settlement: settlement.map_or("open", Settlement::word),
                codes: codes(settlement),
                why: match settlement {
                    Some(Settlement::NoEffect { why }) => Some(why),
                    _ => None,
                },
                policy: match settlement {
                    Some(Settlement::Policy { target, kind, codes: _ }) => Some(format!("{target}/{kind}")),
                    _ => None,
                },
                suggestion: match settlement {
                    Some(Settlement::Unknown { suggestion }) => suggestion.as_deref(),
                    _ => None,
                },
                file: origin.map(|origin| inventory.sources.0[origin.source as usize].name.as_str()),
                line: entry
                    .at
                    .map(|(source, span)| inventory.sources.line_column(source, span.start).0)
                    .or_else(|| lines.get(position).copied().flatten()),
            });
        }
    }
    let mut text = String::from("{\"version\":1,\"entries\":[");
    for (index, line) in entries.iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&serde_json::to_string(line).expect("INVARIANT: the ledger has string keys only"));
    }
    text.push_str("\n]}\n");
    text
}

fn codes(settlement: Option<&Settlement>) -> Vec<&'static str> {
    match settlement {
        Some(Settlement::Differs { codes } | Settlement::Unmappable { codes } | Settlement::Policy { codes, .. }) => {
            codes.iter().map(|code| code.as_str()).collect()
        }
        Some(Settlement::Exact | Settlement::NoEffect { .. } | Settlement::Unknown { .. }) | None => Vec::new(),
    }
}

fn lines(inventory: &Inventory, origin: Option<Origin>, fields: &[&FieldPath]) -> Vec<Option<usize>> {
    let Some(Origin { source, offset, item }) = origin else { return vec![None; fields.len()] };
    let places = fields.iter().map(|field| {
        field
            .steps()
            .iter()
            .map(|step| match step {
                Step::Key(key) => Place::Key(key),
                Step::Index(index) => Place::Index(*index as usize),
            })
            .collect()
    });
    inventory.sources.locate(source, offset, item, places).map_or_else(
        || vec![None; fields.len()],
        |spans| spans.iter().map(|span| Some(inventory.sources.line_column(source, span.start).0)).collect(),
    )
}
