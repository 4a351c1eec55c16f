//! Implementations as data: their names, what must be there, and how they read what the specification leaves open.
//!
//! Of some implementations only a part is known. What is not known of them is read as several others do it, and only what all these
//! readings agree on is decided.

use std::{collections::BTreeSet, sync::LazyLock};

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
    #[serde(default)]
    policies_on_sets_from: Option<String>,
    controller_name: String,
    policy_groups: Vec<String>,
    #[serde(default)]
    prerequisites: Vec<Prerequisite>,
    #[serde(default)]
    agrees_with: Vec<String>,
    #[serde(default)]
    silent_as: Vec<String>,
    #[serde(default)]
    features: Option<Features>,
    #[serde(default)]
    refused: Vec<Fact<Feature>>,
    #[serde(default)]
    hazards: Vec<Fact<Hazard>>,
    #[serde(default)]
    scope: Option<Fact<String>>,
    #[serde(default)]
    nearest: Vec<Nearest>,
    #[serde(default)]
    extension: Option<Extension>,
    dialect: Mapping,
}

/// `v1.31.2-gke` as numbers, to compare.
pub fn version_numbers(version: &str) -> Vec<u64> {
    version.trim_start_matches('v').split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect()
}

/// A switch of a controller, off unless somebody sets it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// Name.
    pub name: String,
    /// Key of the ConfigMap that has the configuration of the controller.
    pub key: String,
    /// Where in that configuration it stands, as a JSON pointer.
    pub field: String,
}

/// What must be there before objects are applied.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prerequisite {
    /// What, in words.
    pub value: String,
    /// Kinds of objects that need it; all of them where there are none.
    #[serde(default)]
    pub kinds: Vec<String>,
    /// `group/version` that a cluster serves where it is there.
    #[serde(default)]
    pub serves: Option<String>,
    /// The oldest Kubernetes that has it.
    #[serde(default)]
    pub kubernetes: Option<String>,
    /// It is a switch of the controller.
    #[serde(default)]
    pub switch: Option<Switch>,
    /// What shows it.
    pub evidence: Vec<String>,
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

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $words:literal;)*) => {
        /// Something that manifests use and that an implementation need not have.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
        pub enum Feature {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Feature {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in conformance reports, where it has one there.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// What it is, in words.
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$variant => $words,)*
                }
            }
        }
    };
}

features! {
    /// Status 303.
    Redirect303 = "HTTPRoute303RedirectStatusCode", "redirects with status 303";
    /// Status 307.
    Redirect307 = "HTTPRoute307RedirectStatusCode", "redirects with status 307";
    /// Status 308.
    Redirect308 = "HTTPRoute308RedirectStatusCode", "redirects with status 308";
    /// The CORS filter.
    Cors = "HTTPRouteCORS", "the CORS filter";
    /// Another host for the backend.
    HostRewrite = "HTTPRouteHostRewrite", "rewrites of hosts";
    /// Conditions on the method.
    MethodMatching = "HTTPRouteMethodMatching", "conditions on the method";
    /// Another path in a redirect.
    PathRedirect = "HTTPRoutePathRedirect", "redirects to another path";
    /// Another path for the backend.
    PathRewrite = "HTTPRoutePathRewrite", "rewrites of paths";
    /// Another port in a redirect.
    PortRedirect = "HTTPRoutePortRedirect", "redirects to another port";
    /// Conditions on the query.
    QueryParamMatching = "HTTPRouteQueryParamMatching", "conditions on the query";
    /// Copies of requests.
    RequestMirror = "HTTPRouteRequestMirror", "copies of requests";
    /// Other headers in answers.
    ResponseHeaderModification = "HTTPRouteResponseHeaderModification", "changes of answer headers";
    /// Another scheme in a redirect.
    SchemeRedirect = "HTTPRouteSchemeRedirect", "redirects to another scheme";
    /// Listeners beside the Gateway.
    ListenerSet = "ListenerSet", "ListenerSets";
    /// Expressions in paths, which no report names.
    PathExpression = "RegularExpression in paths", "expressions in paths";
    /// Expressions in conditions on headers and the query, which no report names.
    ValueExpression = "RegularExpression in headers", "expressions in conditions on headers";
    /// Kind `GRPCRoute`.
    GrpcRoute = "GRPCRoute", "GRPCRoute";
    /// Kind `TLSRoute`.
    TlsRoute = "TLSRoute", "TLSRoute";
    /// Kind `TCPRoute`.
    TcpRoute = "TCPRoute", "TCPRoute";
    /// Kind `UDPRoute`.
    UdpRoute = "UDPRoute", "UDPRoute";
    /// Listeners that end TLS beside listeners that hand it through, on one port.
    TlsModeMixed = "TLSRouteModeMixed", "TLS passthrough beside HTTPS on one port";
    /// Kind `BackendTLSPolicy`.
    BackendTlsPolicy = "BackendTLSPolicy", "BackendTLSPolicy";
}

/// Something that an implementation accepts with a good status, and then does in another way or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hazard {
    /// Expressions stand behind a prefix `/`, and everything behind a rule for every request is cut off.
    CutBehindCatchAll,
    /// Equal matches of two routes share their requests.
    MergedDuplicates,
    /// A star or a question mark in a path is a pattern, or refused.
    Globs,
    /// Values of header matches are split at commas.
    SplitAtCommas,
    /// A path of a match that has an escape is never met.
    EscapesNeverMatch,
    /// `CONNECT` and `TRACE` cannot be asked for.
    MethodsRefused,
    /// `timeouts`, `retry` and `sessionPersistence` of a rule do nothing.
    TimesPassedOver,
}

/// How an implementation stands to a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stand {
    /// It claims it, or nobody in particular was asked.
    Claimed,
    /// Its report does not claim it, which says nothing about whether it works.
    Open,
    /// It is known to refuse it or to pass it over.
    Refused,
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
    /// Older versions take its own policies on Gateways only, and not on ListenerSets.
    pub policies_on_sets_from: Option<String>,
    /// `controllerName` of its GatewayClass; empty for the specification.
    pub controller_name: String,
    /// API groups of its own kinds, whose objects change what core objects do.
    pub policy_groups: Vec<String>,
    /// What must be there before its objects are applied.
    pub prerequisites: Vec<Prerequisite>,
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
    /// What it is known to refuse or to pass over.
    pub refused: Vec<Fact<Feature>>,
    /// What it accepts and then does not do.
    pub hazards: Vec<Fact<Hazard>>,
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
            policies_on_sets_from: self.policies_on_sets_from.clone(),
            controller_name: self.controller_name.clone(),
            policy_groups: self.policy_groups.clone(),
            prerequisites: self.prerequisites.clone(),
            agrees_with: self.agrees_with.clone(),
            dialect,
            possible: Vec::new(),
            known,
            features: self.features.clone(),
            refused: self.refused.clone(),
            hazards: self.hazards.clone(),
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

    /// A version takes its own policies on ListenerSets.
    pub fn takes_policies_on_sets(&self, version: &str) -> bool {
        self.policies_on_sets_from.as_ref().is_none_or(|from| version_numbers(version) >= version_numbers(from))
    }

    /// Switches of its controller.
    pub fn switches(&self) -> impl Iterator<Item = &Switch> {
        self.prerequisites.iter().filter_map(|prerequisite| prerequisite.switch.as_ref())
    }

    /// Whether its conformance report claims a feature.
    pub fn claims(&self, feature: &str) -> bool {
        self.features.as_ref().is_some_and(|features| features.claimed.iter().any(|claimed| claimed == feature))
    }

    /// Whether something of that kind happens there.
    pub fn has_hazard(&self, hazard: Hazard) -> bool {
        self.hazards.iter().any(|known| known.value == hazard)
    }

    /// How it stands to a feature. What a live GatewayClass says of itself (`live`) is newer than any table.
    pub fn stand(&self, feature: Feature, live: Option<&BTreeSet<String>>) -> Stand {
        let named = |claimed: &str| claimed == feature.name();
        if live.is_some_and(|live| live.contains(feature.name())) {
            return Stand::Claimed;
        }
        if self.refused.iter().any(|refused| refused.value == feature) {
            return Stand::Refused;
        }
        let of_report = feature.name().starts_with("HTTPRoute")
            || matches!(feature, Feature::ListenerSet | Feature::TlsModeMixed | Feature::BackendTlsPolicy);
        match (&self.features, live) {
            (_, Some(_)) if of_report => Stand::Open,
            (Some(features), None) if of_report && !features.claimed.iter().any(|claimed| named(claimed)) => Stand::Open,
            (Some(_) | None, _) => Stand::Claimed,
        }
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
