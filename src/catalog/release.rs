//! Defaults that changed between releases of the controller. The other maps say what the newest release does.

use serde::Deserialize;

use super::maps;

/// A release that changed defaults.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Release {
    /// Major and minor number.
    pub release: String,
    /// Where the controller's repository says so.
    pub source: String,
    /// Defaults that it changed, sorted by name.
    pub changes: Vec<Change>,
}

/// A default that a release changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// Key of the ConfigMap, or flag.
    pub name: String,
    /// Default before.
    pub from: String,
    /// Default since.
    pub to: String,
}

/// Releases that changed defaults, oldest first.
pub fn releases() -> Vec<Release> {
    let mut releases: Vec<Release> = maps::texts("controllers")
        .into_iter()
        .map(|(file, text)| {
            serde_yaml::from_str(text)
                .unwrap_or_else(|error| panic!("INVARIANT: tests read every release, but {file}.yaml is wrong: {error}"))
        })
        .collect();
    releases.sort_by_key(|release| release.release.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>());
    releases
}
