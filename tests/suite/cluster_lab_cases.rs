//! Golden cases before a real kube-apiserver: what each says is written for a version and channel, that version and channel must take.
//! It skips loudly where the server or its CRDs are absent.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use gateshift::gateway::limits::Version;
use serde::Deserialize as _;

use crate::cluster_lab::{Admin, Lab, home, install, skip};

/// Manifests of a golden case and what they are written for.
struct Case {
    name: String,
    text: String,
    version: Version,
    channel: String,
}

/// The value of a flag in `arguments`, on one line or on two.
fn argument(arguments: &str, flag: &str) -> Option<String> {
    let mut lines = arguments.lines();
    while let Some(line) = lines.next() {
        match line.strip_prefix(flag) {
            Some("") => return lines.next().map(str::to_owned),
            Some(rest) if rest.starts_with('=') => return Some(rest[1..].to_owned()),
            Some(_) | None => {}
        }
    }
    None
}

fn cases() -> Vec<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cases");
    let mut folders: Vec<PathBuf> = fs::read_dir(root).expect("cases").map(|entry| entry.expect("entry").path()).collect();
    folders.sort();
    // Cases of other verbs write no manifests.
    folders.retain(|folder| !folder.join("command").is_file());
    let case = |folder: PathBuf| {
        let arguments = fs::read_to_string(folder.join("arguments")).unwrap_or_default();
        Case {
            name: folder.file_name().expect("name").display().to_string(),
            text: of_gateway_api(&fs::read_to_string(folder.join("output.yaml")).expect("a golden file")),
            version: argument(&arguments, "--gateway-api").unwrap_or_else(|| "1.5".to_owned()).parse().expect("a version"),
            channel: argument(&arguments, "--channel").unwrap_or_else(|| "standard".to_owned()),
        }
    };
    folders.into_iter().map(case).filter(|case| !case.text.trim().is_empty()).collect()
}

/// Version and channel of a folder of CRDs, `gateway-api-1.5.1-standard`.
fn release(folder: &Path) -> Option<(Version, String)> {
    let name = folder.file_name()?.to_str()?.strip_prefix("gateway-api-")?;
    let (version, channel) = name.rsplit_once('-')?;
    Some((version.parse().ok()?, channel.to_owned()))
}

/// Objects of older versions stay valid in the standard channel; the experimental one promises nothing.
fn fits(case: &Case, version: Version, channel: &str) -> bool {
    case.channel == channel && if channel == "standard" { case.version <= version } else { case.version == version }
}

/// The documents that these CRDs decide about; those of implementations need others.
fn of_gateway_api(text: &str) -> String {
    let objects = serde_yaml::Deserializer::from_str(text).filter_map(|document| serde_json::Value::deserialize(document).ok());
    let ours = |object: &serde_json::Value| {
        let version = object["apiVersion"].as_str().unwrap_or_default();
        version == "v1" || version.starts_with("gateway.networking.k8s.io/")
    };
    objects.filter(ours).map(|object| object.to_string()).collect::<Vec<_>>().join("\n---\n")
}

fn namespaces(text: &str) -> BTreeSet<String> {
    serde_yaml::Deserializer::from_str(text)
        .filter_map(|document| serde_json::Value::deserialize(document).ok())
        .filter_map(|object| Some(object["metadata"]["namespace"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn a_real_server_takes_every_golden_case_in_its_version_and_channel() {
    let Some(home) = home() else { return skip("no etcd and kube-apiserver") };
    let mut folders: Vec<PathBuf> = fs::read_dir(home.join("crds")).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    folders.sort();
    let releases: BTreeMap<(Version, String), PathBuf> =
        folders.into_iter().filter_map(|folder| Some((release(&folder)?, folder))).collect();
    if releases.is_empty() {
        return skip("no CRDs of Gateway API");
    }
    let cases = cases();
    let mut lab = Lab::start(&home);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let admin = runtime.block_on(Admin::new(&mut lab));
    let all: BTreeSet<String> = cases.iter().flat_map(|case| namespaces(&case.text)).collect();
    for namespace in all {
        let object = format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: '{namespace}'}}}}");
        assert_eq!(runtime.block_on(admin.apply(&object)), Vec::<String>::new());
    }
    let mut asked = 0;
    let mut refused = Vec::new();
    for ((version, channel), folder) in &releases {
        runtime.block_on(install(&admin, folder));
        for case in cases.iter().filter(|case| fits(case, *version, channel)) {
            asked += 1;
            let messages = runtime.block_on(admin.try_apply(&case.text));
            refused.extend(messages.into_iter().map(|message| format!("{version} {channel}: {}: {message}", case.name)));
        }
        runtime.block_on(admin.uninstall());
    }
    assert!(asked > cases.len() / 2, "only {asked} cases fit the CRDs that are there");
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}
