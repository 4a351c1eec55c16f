//! The report as data: every format shows this and nothing else, and its JSON is one of them.
//!
//! Lists point at each other by position: a host at its Ingresses and findings, an Ingress at its hosts.

use serde::Serialize;

use super::level::{Counts, Risk, Spread};
use crate::ledger::{Code, Severity};

/// Version of the machine format.
pub const VERSION: u8 = 1;

/// A migration risk report.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`VERSION`].
    pub version: u8,
    /// Name and version of the tool.
    pub generator: String,
    /// Implementation that the new side is for.
    pub target: String,
    /// Names and values are pseudonyms.
    pub redacted: bool,
    /// Risk of the estate: that of its worst finding.
    pub risk: Risk,
    /// Why, in one sentence.
    pub reason: String,
    /// Findings by severity.
    pub counts: Counts,
    /// Numbers of the estate.
    pub totals: Totals,
    /// The clusters, in the order in which they were named; empty where there is only one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<Cluster>,
    /// What breaks, the gravest first.
    pub impacts: Vec<ImpactRow>,
    /// What to do, first things first.
    pub actions: Vec<Action>,
    /// In which order hosts can move.
    pub waves: Vec<Wave>,
    /// How the effort of waves is counted.
    pub effort_rule: String,
    /// Namespaces, the worst first.
    pub namespaces: Vec<Group>,
    /// Owners, the worst first.
    pub owners: Vec<Group>,
    /// Hosts in the order of the judge, cluster by cluster.
    pub hosts: Vec<Host>,
    /// Ingresses by namespace and name, cluster by cluster.
    pub ingresses: Vec<IngressRow>,
    /// What people ask for by name.
    pub flags: Vec<Flag>,
    /// Everything that was found, the worst first.
    pub findings: Vec<Item>,
    /// The texts of the codes that occur.
    pub rules: Vec<Rule>,
}

impl Report {
    /// Name of the cluster at a position; `None` where there is only one, or none is meant.
    pub fn cluster(&self, at: Option<usize>) -> Option<&str> {
        self.clusters.get(at?).map(|cluster| cluster.name.as_str())
    }
}

/// A cluster, where a report is about several.
#[derive(Debug, Clone, Serialize)]
pub struct Cluster {
    /// Name of its context.
    pub name: String,
    /// The worst finding in it.
    pub risk: Risk,
    /// Why, in one sentence.
    pub reason: String,
    /// Findings by severity.
    pub counts: Counts,
    /// Its numbers.
    pub totals: Totals,
    /// Its part in each wave that it has a part in.
    pub waves: Vec<Share>,
    /// Positions of hosts.
    pub hosts: Vec<usize>,
    /// Positions of Ingresses.
    pub ingresses: Vec<usize>,
    /// Estimated work on it alone.
    pub minutes: usize,
}

/// What a cluster has to do in a wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Share {
    /// Number of the wave.
    pub wave: usize,
    /// Number of its hosts.
    pub hosts: usize,
    /// Estimated work on them alone.
    pub minutes: usize,
}

/// Numbers of the estate, or of a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Ingresses that were read.
    pub ingresses: usize,
    /// Those that the controller serves.
    pub served: usize,
    /// Hosts that an Ingress serves; the one for all others only where an Ingress serves it.
    pub hosts: usize,
    /// These hosts by risk.
    pub spread: Spread,
    /// Hosts that were proved the same.
    pub proved: usize,
    /// Hosts that differ.
    pub differs: usize,
    /// Hosts that are not decided.
    pub undecided: usize,
    /// Annotations by settlement.
    pub annotations: Settled,
    /// Findings that the implementation decides: another target can lift them.
    pub by_target: usize,
    /// Findings that a baseline knows.
    pub known: usize,
    /// Findings that no baseline knows; all of them without one.
    pub new: usize,
}

impl Totals {
    /// Both taken together.
    pub(super) fn with(self, other: &Self) -> Self {
        let Self { ingresses, served, hosts, spread, proved, differs, undecided, annotations, by_target, known, new } = other;
        Self {
            ingresses: self.ingresses + ingresses,
            served: self.served + served,
            hosts: self.hosts + hosts,
            spread: self.spread.with(spread),
            proved: self.proved + proved,
            differs: self.differs + differs,
            undecided: self.undecided + undecided,
            annotations: self.annotations.with(annotations),
            by_target: self.by_target + by_target,
            known: self.known + known,
            new: self.new + new,
        }
    }
}

/// How annotations were settled; what a policy keeps with a difference that has a name differs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the words of the ledger")]
pub struct Settled {
    pub exact: usize,
    pub policy: usize,
    pub differs: usize,
    pub no_effect: usize,
    pub unmappable: usize,
    pub unknown: usize,
}

impl Settled {
    fn with(self, other: &Self) -> Self {
        let Self { exact, policy, differs, no_effect, unmappable, unknown } = *other;
        Self {
            exact: self.exact + exact,
            policy: self.policy + policy,
            differs: self.differs + differs,
            no_effect: self.no_effect + no_effect,
            unmappable: self.unmappable + unmappable,
            unknown: self.unknown + unknown,
        }
    }
}

/// What breaks, by its meaning for traffic.
#[derive(Debug, Clone, Serialize)]
pub struct ImpactRow {
    /// Name.
    pub impact: &'static str,
    /// For people.
    pub title: &'static str,
    /// What hosts do, to go behind a count.
    pub does: &'static str,
    /// The worst finding.
    pub risk: Risk,
    /// Findings.
    pub findings: usize,
    /// Hosts that are touched.
    pub hosts: usize,
    /// Ingresses that are touched.
    pub ingresses: usize,
}

/// Something to do, for every place with the same finding.
#[derive(Debug, Clone, Serialize)]
pub struct Action {
    /// Code of the findings that it ends.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it means for traffic.
    pub impact: &'static str,
    /// What is wrong.
    pub title: &'static str,
    /// What to do.
    pub advice: String,
    /// Findings.
    pub findings: usize,
    /// Positions of hosts.
    pub hosts: Vec<usize>,
    /// Positions of Ingresses.
    pub ingresses: Vec<usize>,
    /// Names of namespaces.
    pub namespaces: Vec<String>,
    /// Positions of clusters, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub clusters: Vec<usize>,
}

/// Hosts that can move at the same time.
#[derive(Debug, Clone, Serialize)]
pub struct Wave {
    /// From 1.
    pub number: usize,
    /// For people.
    pub title: String,
    /// The worst host.
    pub risk: Risk,
    /// Why these together and now, in one sentence.
    pub reason: String,
    /// Hosts that must move together because they share an Ingress, as positions.
    pub units: Vec<Vec<usize>>,
    /// Number of hosts.
    pub hosts: usize,
    /// Number of Ingresses.
    pub ingresses: usize,
    /// Estimated work.
    pub minutes: usize,
}

/// A namespace or an owner.
#[derive(Debug, Clone, Serialize)]
pub struct Group {
    /// Name.
    pub name: String,
    /// Position of its cluster, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<usize>,
    /// Risk of the worst Ingress or host in it.
    pub risk: Risk,
    /// Why, in one sentence.
    pub reason: String,
    /// Findings by severity.
    pub counts: Counts,
    /// Hosts by risk.
    pub spread: Spread,
    /// Positions of hosts.
    pub hosts: Vec<usize>,
    /// Positions of Ingresses.
    pub ingresses: Vec<usize>,
    /// Estimated work on it alone.
    pub minutes: usize,
}

/// A host.
#[derive(Debug, Clone, Serialize)]
pub struct Host {
    /// A name, `*.example.com`, an expression behind `~`, or `*` for all other hosts.
    pub host: String,
    /// Position of its cluster, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<usize>,
    /// The worst finding.
    pub risk: Risk,
    /// Why, in one sentence.
    pub reason: String,
    /// `proved`, `differs`, `undecided` or `not-compared`.
    pub verdict: &'static str,
    /// Number of routes on the old side.
    pub size: usize,
    /// Findings by severity.
    pub counts: Counts,
    /// Names of namespaces.
    pub namespaces: Vec<String>,
    /// Names of owners.
    pub owners: Vec<String>,
    /// Number of the wave; 0 where there is nothing to move.
    pub wave: usize,
    /// Positions of Ingresses.
    pub ingresses: Vec<usize>,
    /// Positions of findings, the worst first.
    pub findings: Vec<usize>,
    /// What a proof takes for granted.
    pub assumptions: Vec<String>,
    /// Routes of ingress-nginx, in match order.
    pub old: Vec<Route>,
    /// Routes of the Gateway API, in match order.
    pub new: Vec<Route>,
}

impl Host {
    /// An Ingress serves it. The judge speaks of `*`, all other hosts, even where nobody has a route for them.
    pub fn is_served(&self) -> bool {
        !self.ingresses.is_empty()
    }
}

/// A route of either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// Ports, or empty for all.
    pub ports: String,
    /// Which paths, in the words of the side.
    pub path: String,
    /// What else is asked of the request.
    pub when: String,
    /// Who gets it, or the answer.
    pub to: String,
    /// What is done on the way.
    pub notes: String,
    /// The object that says so.
    pub from: String,
}

/// An Ingress.
#[derive(Debug, Clone, Serialize)]
pub struct IngressRow {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Position of its cluster, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<usize>,
    /// File.
    pub file: Option<String>,
    /// Line.
    pub line: Option<usize>,
    /// The worst finding.
    pub risk: Risk,
    /// Why, in one sentence.
    pub reason: String,
    /// The controller serves it.
    pub served: bool,
    /// Owner.
    pub owner: Option<String>,
    /// Findings by severity.
    pub counts: Counts,
    /// Positions of hosts.
    pub hosts: Vec<usize>,
    /// Positions of findings, the worst first.
    pub findings: Vec<usize>,
    /// Names of its annotations.
    pub annotations: Vec<String>,
    /// What became of each annotation and field.
    pub ledger: Vec<Entry>,
}

/// What became of an annotation or field.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// Annotation or field.
    pub field: String,
    /// Value.
    pub value: String,
    /// `exact`, `policy`, `differs`, `no-effect`, `unmappable` or `unknown`.
    pub settlement: &'static str,
    /// Codes that say why.
    pub codes: Vec<&'static str>,
    /// Why, where no code says it.
    pub why: Option<String>,
    /// Line.
    pub line: Option<usize>,
}

/// A list that people ask for by name.
#[derive(Debug, Clone, Serialize)]
pub struct Flag {
    /// Name.
    pub flag: &'static str,
    /// For people.
    pub title: &'static str,
    /// Positions of findings, the worst first.
    pub findings: Vec<usize>,
}

/// A finding about the input, a difference, or something that is not decided.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// Code.
    #[serde(serialize_with = "code")]
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What it means for traffic.
    pub impact: &'static str,
    /// What will happen to traffic, in one sentence.
    pub message: String,
    /// What to do, where it is more than the rule says.
    pub advice: Option<String>,
    /// Position of its cluster, where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<usize>,
    /// Object, as `Ingress shop/web`.
    pub object: Option<String>,
    /// Place in it.
    pub field: Option<String>,
    /// File.
    pub file: Option<String>,
    /// Line, from 1.
    pub line: Option<usize>,
    /// Column, from 1.
    pub column: Option<usize>,
    /// Host, of differences and of what is not decided.
    pub host: Option<String>,
    /// A request that shows it.
    pub witness: Option<Witness>,
    /// The reason for which the user accepts it.
    pub accepted: Option<String>,
    /// A baseline knows it.
    pub known: bool,
    /// Positions of hosts that it touches.
    pub hosts: Vec<usize>,
    /// Positions of Ingresses that it touches.
    pub ingresses: Vec<usize>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn code<S: serde::Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.as_str())
}

impl Item {
    /// It counts towards the risk.
    pub fn counts(&self) -> bool {
        self.accepted.is_none()
    }

    /// Risk that it makes.
    pub fn risk(&self) -> Risk {
        if self.counts() { self.severity.into() } else { Risk::None }
    }
}

/// A request that shows a difference, and what either side does with it.
#[derive(Debug, Clone, Serialize)]
pub struct Witness {
    /// The request.
    pub request: String,
    /// The same for `curl`.
    pub curl: String,
    /// All requests that are treated like this one, in words.
    pub region: String,
    /// What ingress-nginx does.
    pub old: Seen,
    /// What the Gateway does.
    pub new: Seen,
}

/// What a side does with a request.
#[derive(Debug, Clone, Serialize)]
pub struct Seen {
    /// What finally happens.
    pub outcome: String,
    /// How it came about.
    pub steps: Vec<String>,
}

/// The texts of a code.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// Code.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// Noun phrase.
    pub title: &'static str,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub advice: String,
    /// How often it occurs.
    pub findings: usize,
}
