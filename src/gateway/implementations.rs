//! Implementations as data: their names, what must be there, and how they read what the specification leaves open.
//!
//! Of some implementations only a part is known. What is not known of them is read as several others do it, and only what all these
//! readings agree on is decided.

use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_yaml::{Mapping, Value};

use super::dialect::{Dialect, Fact};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/annotation-maps/targets");

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| {
    let mut written: Vec<Written> = FILES
        .files()
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "yaml"))
        .map(|file| {
            let text = file.contents_utf8().expect("INVARIANT: target data is UTF-8");
            serde_yaml::from_str(text).unwrap_or_else(|error| panic!("INVARIANT: {} is well formed: {error}", file.path().display()))
        })
        .collect();
    written.sort_by(|a, b| a.id.cmp(&b.id));
    written.iter().map(|one| one.read(&written)).collect()
});

/// A file of the maps.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    id: String,
    title: String,
    versions: Vec<String>,
    controller_name: String,
    policy_groups: Vec<String>,
    #[serde(default)]
    prerequisites: Vec<Fact<String>>,
    #[serde(default)]
    agrees_with: Vec<String>,
    #[serde(default)]
    silent_as: Vec<String>,
    #[serde(default)]
    features: Option<Features>,
    #[serde(default)]
    scope: Option<Fact<String>>,
    #[serde(default)]
    nearest: Vec<Nearest>,
    #[serde(default)]
    extension: Option<Extension>,
    dialect: Mapping,
}

/// What the conformance report of an implementation claims. What is not claimed may work nevertheless.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Features {
    /// Version of Gateway API that the report is about.
    pub gateway_api: String,
    /// Version of the implementation.
    pub version: String,
    /// Names of extended features, sorted.
    pub claimed: Vec<String>,
}

/// The nearest field of an implementation for something that core cannot say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nearest {
    /// What people want, as [`crate::gateway::Intent::samples`] calls it.
    pub intent: String,
    /// Kind of the object.
    pub kind: String,
    /// Field of it.
    pub field: String,
    /// `exact` or `approximate`.
    pub fidelity: String,
    /// What shows it.
    pub evidence: Vec<String>,
}

/// Where an implementation takes code of one's own, for what no field says.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extension {
    /// Kind of the object.
    pub kind: String,
    /// Fields of it.
    pub field: String,
    /// What shows it.
    pub evidence: Vec<String>,
}

/// An implementation, or the specification alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name on the command line.
    pub id: String,
    /// Name for people.
    pub title: String,
    /// Versions that the data is about; empty for the specification.
    pub versions: Vec<String>,
    /// `controllerName` of its GatewayClass; empty for the specification.
    pub controller_name: String,
    /// API groups of its own kinds, whose objects change what core objects do.
    pub policy_groups: Vec<String>,
    /// What must be there before its objects are applied.
    pub prerequisites: Vec<Fact<String>>,
    /// Targets that must agree with this one before a silent place of the specification counts as decided.
    pub agrees_with: Vec<String>,
    /// What it does where the specification is silent; where that is not known, as one of several possibilities.
    pub dialect: Dialect,
    /// The other possibilities.
    pub possible: Vec<Target>,
    /// Names of what is known of it.
    pub known: Vec<String>,
    /// What its conformance report claims.
    pub features: Option<Features>,
    /// What its own policies belong to, where they are not written.
    pub scope: Option<Fact<String>>,
    /// Its nearest fields for what core cannot say, where they are not written.
    pub nearest: Vec<Nearest>,
    /// Where it takes code of one's own.
    pub extension: Option<Extension>,
}

impl Written {
    fn read(&self, all: &[Self]) -> Target {
        let parse = |dialect: &Mapping| -> Dialect {
            serde_yaml::from_value(Value::Mapping(dialect.clone()))
                .unwrap_or_else(|error| panic!("INVARIANT: the dialect of {} is well formed: {error}", self.id))
        };
        let mut readings: Vec<(String, Dialect)> = Vec::new();
        for id in &self.silent_as {
            let other = all.iter().find(|other| other.id == *id && other.silent_as.is_empty());
            let other = other.unwrap_or_else(|| panic!("INVARIANT: {id} is a target of which everything is known"));
            let mut dialect = other.dialect.clone();
            dialect.extend(self.dialect.clone());
            let dialect = parse(&dialect);
            if readings.iter().all(|(_, known)| *known != dialect) {
                readings.push((format!("{}, which {} may be like in this,", other.title, self.title), dialect));
            }
        }
        if readings.is_empty() {
            readings.push((self.title.clone(), parse(&self.dialect)));
        }
        let known = self.dialect.keys().filter_map(Value::as_str).map(str::to_owned).collect();
        let mut readings = readings.into_iter();
        let (_, dialect) = readings.next().expect("INVARIANT: there is one reading at least");
        let mut target = Target {
            id: self.id.clone(),
            title: self.title.clone(),
            versions: self.versions.clone(),
            controller_name: self.controller_name.clone(),
            policy_groups: self.policy_groups.clone(),
            prerequisites: self.prerequisites.clone(),
            agrees_with: self.agrees_with.clone(),
            dialect,
            possible: Vec::new(),
            known,
            features: self.features.clone(),
            scope: self.scope.clone(),
            nearest: self.nearest.clone(),
            extension: self.extension.clone(),
        };
        target.possible = readings.map(|(title, dialect)| Target { title, dialect, ..target.clone() }).collect();
        target
    }
}

impl Target {
    /// All targets, sorted by name.
    pub fn all() -> &'static [Self] {
        &TARGETS
    }

    /// The target of that name.
    pub fn named(id: &str) -> Option<&'static Self> {
        TARGETS.iter().find(|target| target.id == id)
    }

    /// Whether something of its dialect has evidence of its own.
    pub fn knows(&self, fact: &str) -> bool {
        self.known.iter().any(|known| known == fact)
    }

    /// Whether its conformance report claims a feature.
    pub fn claims(&self, feature: &str) -> bool {
        self.features.as_ref().is_some_and(|features| features.claimed.iter().any(|claimed| claimed == feature))
    }

    /// This target, what else it may be, and those that must agree with it.
    pub fn readings(&'static self) -> Vec<&'static Self> {
        std::iter::once(self).chain(&self.possible).chain(self.agrees_with.iter().filter_map(|id| Self::named(id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::dialect::{Slashes, Timeouts};

    #[test]
    fn every_target_can_be_read() {
        assert!(Target::all().len() >= 3);
        for target in Target::all() {
            assert_eq!(Target::named(&target.id), Some(target));
            assert_eq!(target.readings().len(), target.agrees_with.len() + target.possible.len() + 1, "{}", target.id);
        }
    }

    #[test]
    fn what_is_not_known_is_read_in_several_ways_and_what_is_known_in_one() {
        let written = |text: &str| serde_yaml::from_str::<Written>(text).expect("target");
        let files = ["envoy-gateway", "traefik"].map(|id| {
            let file = FILES.get_file(format!("{id}.yaml")).and_then(|file| file.contents_utf8());
            written(file.expect("file"))
        });
        let made = written(
            "{id: x, title: X, versions: [], controllerName: '', policyGroups: [], silentAs: [envoy-gateway, traefik], \
             dialect: {timeouts: {value: ignored, evidence: [somewhere]}}}",
        )
        .read(&files);
        let ways: Vec<_> = std::iter::once(&made).chain(&made.possible).map(|one| (*one.dialect.timeouts, *one.dialect.slashes)).collect();
        assert_eq!(ways, [(Timeouts::Ignored, Slashes::MergedUnlessAlone), (Timeouts::Ignored, Slashes::Merged)]);
        assert_eq!(made.known, ["timeouts"]);
    }
}
