//! What an API server of a version and channel of the Gateway API decides about an object, without asking one.
//!
//! Fields, versions and constraints are data (`annotation-maps/gateway-api`), rules across fields are code with a name there.
//! Nothing here knows what an object does to traffic, whether other objects exist, or what an implementation makes of it.

mod answer;
mod data;
mod doubts;
mod metadata;
mod rules;
mod schema;
mod version;
mod walk;

use std::sync::Arc;

pub use answer::{Answer, Remark, What};
pub use version::{Channel, UnknownChannel, UnknownVersion, Version};

use self::schema::Schema;
use super::api;
use super::json::Json;
use super::place::Place;
use crate::k8s::{FieldPath, ObjectId, Subject};
use crate::ledger::{Code, Facts, Finding};
use crate::yaml;

/// Judges objects as an API server of one version and channel would.
pub struct Judge {
    version: Version,
    channel: Channel,
    schema: Arc<Schema>,
    with_defaults: bool,
}

/// Findings about objects as they stand in files: everything an API server would do to them, but for filling in defaults and dropping
/// what says nothing.
pub fn check(objects: &[(ObjectId, &yaml::Node)], version: Version, channel: Channel) -> Vec<Finding> {
    Judge::new(version, channel).findings(objects)
}

/// Versions in which a kind is served, the best one to write first: not deprecated, then newest.
pub fn served(version: Version, channel: Channel, kind: &str) -> Vec<String> {
    let Some(release) = data::get().versions.get(&version) else { return Vec::new() };
    let list = |table: &std::collections::BTreeMap<Channel, std::collections::BTreeMap<String, Vec<String>>>| {
        table.get(&channel).and_then(|kinds| kinds.get(kind)).cloned().unwrap_or_default()
    };
    let deprecated = list(&release.deprecated);
    let mut versions = list(&release.served);
    versions.sort_by_cached_key(|served| (deprecated.contains(served), std::cmp::Reverse(stability(served))));
    versions
}

/// `v1` is above `v1beta2`, which is above `v1beta1` and `v1alpha3`.
fn stability(version: &str) -> (u8, u32) {
    let number = |text: &str| text.parse().unwrap_or(0);
    match (version.split_once("beta"), version.split_once("alpha")) {
        (Some((_, rest)), _) => (1, number(rest)),
        (None, Some((_, rest))) => (0, number(rest)),
        (None, None) => (2, number(version.trim_start_matches('v'))),
    }
}

impl Judge {
    /// A judge for a version and channel.
    pub fn new(version: Version, channel: Channel) -> Self {
        Self { version, channel, schema: Schema::of(version, channel), with_defaults: false }
    }

    /// The same, remarking too on defaults and on what is dropped without a word.
    #[must_use]
    pub fn with_defaults(mut self) -> Self {
        self.with_defaults = true;
        self
    }

    /// Findings about objects as they stand in files.
    pub fn findings(&self, objects: &[(ObjectId, &yaml::Node)]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (id, node) in objects {
            let answer = self.node(node);
            if !answer.remarks.is_empty() {
                let head = Head::of(&Json::from_node(node));
                findings.extend(answer.remarks.into_iter().map(|remark| self.finding(*id, &head, remark)));
            }
        }
        findings
    }

    /// What happens to a document. Of repeated keys the last one counts; the reader has said so.
    pub fn node(&self, node: &yaml::Node) -> Answer {
        self.json(Json::from_node(node))
    }

    /// What happens to an object in memory.
    pub fn value(&self, value: &serde_json::Value) -> Answer {
        self.json(Json::from_value(value))
    }

    /// What happens to an object that is about to be written.
    pub fn object(&self, object: &api::Object) -> Answer {
        self.json(Json::of(object).expect("INVARIANT: the wire types have string keys and no fallible serializer"))
    }

    fn json(&self, object: Json<'_>) -> Answer {
        let mut remarks = Vec::new();
        let head = Head::of(&object);
        let Some(kind) = self.schema.kind(&head.group, &head.kind) else {
            if is_ours(&head) {
                remarks.push(Remark { field: FieldPath::root(), what: What::NotServed });
            } else if head.group.is_empty() {
                metadata::check_core(&object, &head.kind, &mut remarks);
            }
            return Answer { remarks };
        };
        let Some(served) = kind.versions.get(head.version.as_str()) else {
            remarks.push(Remark { field: FieldPath::root(), what: What::NotServed });
            return Answer { remarks };
        };
        if served.deprecated {
            remarks.push(Remark { field: FieldPath::from(["apiVersion"]), what: What::Deprecated });
        }
        metadata::check(object.get("metadata"), kind.cluster, &mut remarks);
        let Json::Map(mut entries) = object else { return Answer { remarks } };
        entries.retain(|(key, _)| !matches!(key.as_ref(), "apiVersion" | "kind" | "metadata"));
        // A status is taken only from controllers: writing one is without effect, but its unknown fields count.
        if let Some(at) = entries.iter().position(|(key, _)| key == "status") {
            let (_, mut status) = entries.remove(at);
            let mut about_status = Vec::new();
            let place = Place::Key(&Place::Root, "status");
            match &served.status {
                Some(node) => {
                    walk::Walk { remarks: &mut about_status, with_defaults: false, checked: false }.value(&mut status, node, &place);
                }
                None => about_status.push(Remark { field: place.path(), what: What::Pruned }),
            }
            if self.with_defaults && served.status.is_some() {
                remarks.push(Remark { field: place.path(), what: What::Dropped });
            }
            remarks.extend(about_status.into_iter().filter(|remark| remark.what == What::Pruned));
        }
        let mut object = Json::Map(entries);
        walk::Walk { remarks: &mut remarks, with_defaults: self.with_defaults, checked: true }.value(
            &mut object,
            &served.root,
            &Place::Root,
        );
        doubts::check(&object, &mut remarks);
        Answer { remarks }
    }

    fn finding(&self, id: ObjectId, head: &Head, remark: Remark) -> Finding {
        let Remark { field, what } = remark;
        let mut facts: Facts = vec![("version", self.version.to_string()), ("channel", self.channel.to_string())];
        let named = |facts: &mut Facts| facts.push(("field", field.to_string()));
        let kind = |facts: &mut Facts| {
            facts.push(("api_version", head.api_version()));
            facts.push(("kind", head.kind.clone()));
        };
        let code = match what {
            What::NotServed => {
                kind(&mut facts);
                Code::GatewayApiNotServed
            }
            What::Refused { rule } => {
                named(&mut facts);
                facts.push(("rule", rule));
                Code::GatewayApiRefused
            }
            What::Pruned => {
                named(&mut facts);
                Code::GatewayApiPruned
            }
            What::Dropped => {
                named(&mut facts);
                Code::GatewayApiDropped
            }
            What::Defaulted { value } => {
                named(&mut facts);
                facts.push(("value", value.to_string()));
                Code::GatewayApiDefaulted
            }
            What::Deprecated => {
                kind(&mut facts);
                Code::GatewayApiDeprecatedVersion
            }
            What::Doubtful { rule } => {
                named(&mut facts);
                facts.push(("rule", rule));
                Code::GatewayApiDoubtful
            }
        };
        Finding::about(code, Subject::new(id, field), facts)
    }
}

/// What an object says it is.
struct Head {
    group: String,
    version: String,
    kind: String,
}

impl Head {
    fn of(object: &Json<'_>) -> Self {
        let api_version = object.text("apiVersion").unwrap_or_default();
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: object.text("kind").unwrap_or_default().to_owned() }
    }

    fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// Whether a kind would have to be one of ours: it has a group of the Gateway API, or the name of one of its kinds in a group that
/// belongs to Kubernetes. Anything else may be served by definitions that we do not know.
fn is_ours(head: &Head) -> bool {
    let kinds = &data::get().kinds;
    let of_kubernetes = !head.group.contains('.') || head.group.ends_with(".k8s.io");
    kinds.values().any(|kind| kind.group == head.group) || (of_kubernetes && kinds.contains_key(&head.kind))
}
