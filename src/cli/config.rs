//! `gateshift.yaml`: differences that the user accepts.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde::Deserialize;

use super::Usage;
use crate::{
    compare::{Acceptance, Cause, Comparison, Side, accept as accept_all, is_day},
    ledger::{Code, Findings},
    report::Sides,
};

/// Name that is looked for in the working directory.
const FILE: &str = "gateshift.yaml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Accepted differences.
    #[serde(default)]
    accept: Vec<Acceptance>,
}

/// Marks accepted differences. Without a day, acceptances never expire.
pub(super) fn accept(named: Option<&Path>, today: Option<&str>, comparison: &mut Comparison, sides: Sides<'_>) -> anyhow::Result<Findings> {
    if let Some(day) = today.filter(|day| !is_day(day)) {
        return Err(Usage(format!("--today takes a day as YYYY-MM-DD, not `{day}`")).into());
    }
    let (path, text) = match named {
        Some(path) => (path, super::named("config", path)?),
        None if Path::new(FILE).is_file() => (Path::new(FILE), fs::read_to_string(FILE).with_context(|| format!("reading {FILE}"))?),
        None => return Ok(Findings::new()),
    };
    let config: Config = serde_yaml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    if let Some(day) = config.accept.iter().filter_map(|acceptance| acceptance.expires.as_deref()).find(|day| !is_day(day)) {
        anyhow::bail!("reading {}: `expires` takes a day as YYYY-MM-DD, not `{day}`", path.display());
    }
    let object = |cause: &Cause| {
        let inventory = match cause.side {
            Side::Old => sides.old,
            Side::New => sides.new,
        };
        Some(inventory.object(cause.subject.object).clone())
    };
    Ok(accept_all(comparison, &config.accept, today.unwrap_or_default(), &object))
}

/// What is to be said of acceptances after several clusters were compared: one that matches in any of them is used.
pub(super) fn of_all(each: Vec<Findings>) -> Findings {
    let mut all = Findings::new();
    for finding in each.iter().flatten() {
        let unused = finding.code == Code::DifferenceAcceptanceUnused;
        if !all.contains(finding) && (!unused || each.iter().all(|findings| findings.contains(finding))) {
            all.push(finding.clone());
        }
    }
    all
}
