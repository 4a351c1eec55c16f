//! Material beside the checkout that some tests need, and the pipeline of `convert` in one call.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use gateshift::{
    gateway::limits::{Channel, Judge, Version},
    ingress,
    ledger::{Findings, Ledger},
    read, report, targets, translate,
};

/// A folder of the shared material, or `None` with a message where it is absent.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GATESHIFT_SHARED").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let path = root.join(folder);
    if path.is_dir() {
        return Some(path);
    }
    skipped(&format!("no {folder} beside the checkout (GATESHIFT_SHARED names its folder)"));
    None
}

/// Says what was not tested. Tests that pass are silent otherwise: what they print is shown only where they fail.
pub(crate) fn skipped(what: &str) {
    writeln!(std::io::stderr(), "skipped: {what}").expect("stderr");
}

/// Everything that one conversion gives.
pub(crate) struct Converted {
    pub(crate) yaml: String,
    pub(crate) account: String,
    pub(crate) ledger: Ledger,
    pub(crate) findings: Findings,
    pub(crate) objects: Vec<translate::Emitted>,
    pub(crate) reading: read::Reading,
}

/// What `convert` does, in one process.
pub(crate) fn convert(paths: Vec<PathBuf>, target: &str, flags: &[&str]) -> Converted {
    let reading = read::read(&read::Options { paths, recursive: true, ..read::Options::default() }).expect("paths were named");
    let given = ingress::Given { config_map: None, arguments: flags.iter().map(ToString::to_string).collect() };
    let controller = ingress::controller(&reading.inventory, &given);
    let resolved = ingress::resolve(&reading.inventory, &controller, &ingress::Options::of(&reading.inventory));
    let options = translate::Options::of(targets::by_id(target).expect("a known target"), "class");
    let translation = translate::translate(&resolved.config, &reading.inventory, &options);
    let ledger = report::account(&reading.inventory, &controller, &resolved, &translation);
    let mut findings = reading.findings.clone();
    findings.extend(resolved.findings);
    findings.extend(translation.findings);
    Converted {
        yaml: report::yaml_stream(&translation.objects, &reading.inventory),
        account: report::ledger_json(&ledger, &reading.inventory),
        ledger,
        findings,
        objects: translation.objects,
        reading,
    }
}

/// Objects that an API server would refuse, with the reason.
pub(crate) fn refused(objects: &[translate::Emitted], version: &str) -> Vec<String> {
    let judge = Judge::new(version.parse::<Version>().expect("a known version"), Channel::Standard);
    objects
        .iter()
        .filter_map(|emitted| {
            let answer = judge.object(&emitted.object);
            (!answer.is_accepted_strictly()).then(|| format!("{}: {:?}", emitted.object.object_ref(), answer.remarks))
        })
        .collect()
}
