//! What was known before: only findings beyond a baseline are new.
//!
//! A finding is known by its code and what it is about, not by its line or its wording, so that a baseline survives edits around it. Where
//! a baseline knows two of them, a third one is new.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Item, Report};

/// Version of the file.
const VERSION: u8 = 1;

/// Findings that are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    version: u8,
    findings: Vec<Known>,
}

/// Findings that look alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cluster: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    count: usize,
}

/// What makes a finding the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    code: String,
    cluster: Option<String>,
    object: Option<String>,
    field: Option<String>,
    host: Option<String>,
}

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no baseline.
    #[error("not a baseline: {0}")]
    Shape(#[from] serde_json::Error),
    /// It was written by another release.
    #[error("baseline of version {0}; this release reads version {VERSION}")]
    Version(u8),
}

impl Baseline {
    /// Reads what [`Baseline::text`] wrote.
    pub fn read(text: &str) -> Result<Self, Error> {
        let baseline: Self = serde_json::from_str(text)?;
        if baseline.version == VERSION { Ok(baseline) } else { Err(Error::Version(baseline.version)) }
    }

    /// Everything of a report.
    pub fn of(report: &Report) -> Self {
        let names: Vec<&str> = report.clusters.iter().map(|cluster| cluster.name.as_str()).collect();
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        for item in report.findings.iter().filter(|item| item.counts()) {
            *counts.entry(key(item, &names)).or_default() += 1;
        }
        let findings = counts.into_iter().map(|(Key { code, cluster, object, field, host }, count)| Known {
            code,
            cluster,
            object,
            field,
            host,
            count,
        });
        Self { version: VERSION, findings: findings.collect() }
    }

    /// As JSON, one finding a line, so that a diff of it can be read.
    pub fn text(&self) -> String {
        let lines: Vec<String> =
            self.findings.iter().map(|known| serde_json::to_string(known).expect("INVARIANT: a baseline has string keys only")).collect();
        format!("{{\"version\":{},\"findings\":[\n{}\n]}}\n", self.version, lines.join(",\n"))
    }

    /// Marks what is known, where clusters have these names. Items must be in their final order.
    pub(super) fn mark(&self, items: &mut [Item], clusters: &[&str]) {
        let mut left: BTreeMap<Key, usize> = BTreeMap::new();
        for known in &self.findings {
            let Known { code, cluster, object, field, host, count } = known.clone();
            *left.entry(Key { code, cluster, object, field, host }).or_default() += count;
        }
        for item in items {
            if let Some(count) = left.get_mut(&key(item, clusters)).filter(|count| **count > 0) {
                *count -= 1;
                item.known = true;
            }
        }
    }
}

fn key(item: &Item, clusters: &[&str]) -> Key {
    // Positions in lists move when something is added before them.
    let field = item.field.as_ref().map(|field| {
        let mut inside = false;
        field
            .chars()
            .filter(|&character| {
                inside = (inside || character == '[') && character != ']';
                !(inside && character.is_ascii_digit())
            })
            .collect()
    });
    let cluster = item.cluster.and_then(|at| clusters.get(at)).map(|name| (*name).to_owned());
    Key { code: item.code.to_string(), cluster, object: item.object.clone(), field, host: item.host.clone() }
}
