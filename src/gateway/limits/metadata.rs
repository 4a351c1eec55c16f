//! Names, labels and annotations, which every object has.

use super::answer::{Remark, What};
use super::rules::scalars::is_qualified_name;
use crate::gateway::json::Json;
use crate::gateway::place::Place;
use crate::k8s::names::{self, is_label, is_label_text, is_subdomain};
use crate::k8s::time;

/// What a value is decoded into.
enum Shape {
    Any,
    Text,
    Boolean,
    Integer,
    Time,
    List(&'static Shape),
    Map,
    Object(&'static [(&'static str, Shape)]),
}

/// `ObjectMeta`, as every kind has it.
const METADATA: &Shape = &Shape::Object(&[
    ("annotations", Shape::Map),
    ("creationTimestamp", Shape::Time),
    ("deletionGracePeriodSeconds", Shape::Integer),
    ("deletionTimestamp", Shape::Time),
    ("finalizers", Shape::List(&Shape::Text)),
    ("generateName", Shape::Text),
    ("generation", Shape::Integer),
    ("labels", Shape::Map),
    ("managedFields", Shape::List(MANAGED_FIELDS)),
    ("name", Shape::Text),
    ("namespace", Shape::Text),
    ("ownerReferences", Shape::List(OWNER)),
    ("resourceVersion", Shape::Text),
    ("selfLink", Shape::Text),
    ("uid", Shape::Text),
]);

const OWNER: &Shape = &Shape::Object(&[
    ("apiVersion", Shape::Text),
    ("blockOwnerDeletion", Shape::Boolean),
    ("controller", Shape::Boolean),
    ("kind", Shape::Text),
    ("name", Shape::Text),
    ("uid", Shape::Text),
]);

const MANAGED_FIELDS: &Shape = &Shape::Object(&[
    ("apiVersion", Shape::Text),
    ("fieldsType", Shape::Text),
    ("fieldsV1", Shape::Any),
    ("manager", Shape::Text),
    ("operation", Shape::Text),
    ("subresource", Shape::Text),
    ("time", Shape::Time),
]);

/// All annotations of an object together, in bytes (`TotalAnnotationSizeLimitB` of the API machinery).
const ANNOTATION_BYTES: usize = 256 * 1024;

/// What names of custom resources are (`NameIsDNSSubdomain`).
const SUBDOMAIN: NameRule = NameRule {
    holds: |name| name.len() <= 253 && is_subdomain(name),
    says: "a lower-case DNS name of at most 253 letters, digits, `-` and `.`, each part with a letter or digit at both ends",
};

/// What names of Namespaces and Services are.
const LABEL: NameRule = NameRule {
    holds: |name| name.len() <= 63 && is_label(name),
    says: "a DNS label of at most 63 lower-case letters, digits and `-`, a letter or digit at both ends",
};

const KEY_SAYS: &str = "a name of at most 63 letters, digits, `-`, `_` and `.`, perhaps with a DNS name and `/` in front";
const VALUE_SAYS: &str = "at most 63 letters, digits, `-`, `_` and `.`, a letter or digit at both ends";

#[derive(Clone, Copy)]
struct NameRule {
    holds: fn(&str) -> bool,
    says: &'static str,
}

/// Checks `metadata` of a custom resource.
pub(super) fn check(metadata: Option<&Json<'_>>, cluster: bool, remarks: &mut Vec<Remark>) {
    let mut checker = Checker { remarks, place: &Place::Key(&Place::Root, "metadata") };
    checker.metadata(metadata, cluster, SUBDOMAIN);
}

/// Checks `metadata` of the core kinds that are written beside custom resources; others are left alone.
pub(super) fn check_core(object: &Json<'_>, kind: &str, remarks: &mut Vec<Remark>) {
    let mut checker = Checker { remarks, place: &Place::Key(&Place::Root, "metadata") };
    let metadata = object.get("metadata");
    match kind {
        "Namespace" => checker.metadata(metadata, true, LABEL),
        "Service" => checker.metadata(metadata, false, LABEL),
        _ => {}
    }
}

struct Checker<'c> {
    remarks: &'c mut Vec<Remark>,
    place: &'c Place<'c>,
}

impl Checker<'_> {
    fn refuse(&mut self, key: &str, rule: impl Into<String>) {
        self.remarks.push(Remark { field: Place::Key(self.place, key).path(), what: What::Refused { rule: rule.into() } });
    }

    fn metadata(&mut self, metadata: Option<&Json<'_>>, cluster: bool, rule: NameRule) {
        let nothing = Json::Null;
        let metadata = metadata.unwrap_or(&nothing);
        // What cannot be decoded is not looked at any further.
        if !self.decode(metadata, METADATA, self.place) {
            return;
        }
        let text = |key| metadata.text(key).unwrap_or_default();
        self.name(text("name"), text("generateName"), rule);
        self.namespace(text("namespace"), cluster);
        if let Some(Json::Map(labels)) = metadata.get("labels") {
            self.labels(labels);
        }
        if let Some(Json::Map(annotations)) = metadata.get("annotations") {
            self.annotations(annotations);
        }
        self.owners(metadata.get("ownerReferences").map_or(&[], Json::items));
        self.finalizers(metadata.get("finalizers").map_or(&[], Json::items));
    }

    /// Whether a value can be decoded; `null` always can. Unknown fields go.
    fn decode(&mut self, value: &Json<'_>, shape: &Shape, place: &Place<'_>) -> bool {
        let (fits, wanted) = match (shape, value) {
            (Shape::Any, _) | (_, Json::Null) => return true,
            (Shape::Object(fields), Json::Map(entries)) => {
                let mut all = true;
                for (key, value) in entries {
                    let place = Place::Key(place, key);
                    match fields.iter().find(|(name, _)| name == key) {
                        Some((_, shape)) => all &= self.decode(value, shape, &place),
                        None => self.remarks.push(Remark { field: place.path(), what: What::Pruned }),
                    }
                }
                return all;
            }
            (Shape::Map, Json::Map(entries)) => {
                let fits = |(_, value): &&(std::borrow::Cow<'_, str>, Json<'_>)| matches!(value, Json::Null | Json::Text(_));
                let Some((key, value)) = entries.iter().find(|entry| !fits(entry)) else { return true };
                let rule = format!("has a value of type {} for `{key}`, which must be a string", value.type_name());
                self.remarks.push(Remark { field: place.path(), what: What::Refused { rule } });
                return false;
            }
            (Shape::List(each), Json::List(items)) => {
                let mut all = true;
                for (index, item) in items.iter().enumerate() {
                    all &= self.decode(item, each, &Place::Index(place, index));
                }
                return all;
            }
            (Shape::Time, Json::Text(text)) => (time::seconds(text).is_some(), "a time such as `2006-01-02T15:04:05Z`"),
            (Shape::Text | Shape::Time, value) => (matches!(value, Json::Text(_)), "of type string"),
            (Shape::Boolean, value) => (matches!(value, Json::Bool(_)), "of type boolean"),
            (Shape::Integer, value) => (matches!(value, Json::Int(_)), "of type integer"),
            (Shape::List(_), _) => (false, "of type array"),
            (Shape::Map | Shape::Object(_), _) => (false, "of type object"),
        };
        if !fits {
            let rule = match value {
                Json::Text(text) => format!("must be {wanted}, not `{text}`"),
                value => format!("must be {wanted}, not {}", value.type_name()),
            };
            self.remarks.push(Remark { field: place.path(), what: What::Refused { rule } });
        }
        fits
    }

    fn name(&mut self, name: &str, prefix: &str, rule: NameRule) {
        if name.is_empty() && prefix.is_empty() {
            self.refuse("name", "is required");
        }
        if !name.is_empty() && !(rule.holds)(name) {
            self.refuse("name", format!("must be {}", rule.says));
        }
        // A generated suffix follows, so a hyphen may be last (`maskTrailingDash` of the API machinery).
        let fits = match prefix.strip_suffix('-') {
            Some(rest) if !rest.is_empty() => {
                let kept = rest.len() - rest.chars().next_back().map_or(0, char::len_utf8);
                (rule.holds)(&format!("{}a", &rest[..kept]))
            }
            Some(_) | None => prefix.is_empty() || (rule.holds)(prefix),
        };
        if !fits {
            self.refuse("generateName", format!("must begin {}", rule.says));
        }
        if name.is_empty() && !prefix.is_empty() && !(rule.holds)(&names::generated(prefix)) {
            self.refuse("name", format!("is made of `{prefix}` and must be {}", rule.says));
        }
    }

    fn namespace(&mut self, namespace: &str, cluster: bool) {
        if !cluster && !namespace.is_empty() && (namespace.len() > 63 || !is_label(namespace)) {
            self.refuse("namespace", "must be a DNS label of at most 63 characters");
        }
    }

    fn labels(&mut self, labels: &[(std::borrow::Cow<'_, str>, Json<'_>)]) {
        for (key, value) in labels {
            if !is_qualified_name(key) {
                self.refuse("labels", format!("has the key `{key}`, which is no label key: {KEY_SAYS}"));
            }
            let text = value.as_text().unwrap_or_default();
            if !text.is_empty() && (text.len() > 63 || !is_label_text(text)) {
                self.refuse("labels", format!("has the value `{text}`, which is no label value: {VALUE_SAYS}"));
            }
        }
    }

    fn annotations(&mut self, annotations: &[(std::borrow::Cow<'_, str>, Json<'_>)]) {
        let mut bytes = 0;
        for (key, value) in annotations {
            bytes += key.len() + value.as_text().map_or(0, str::len);
            // Keys of annotations may be of any case (`ValidateAnnotations` lowers them first).
            if !is_qualified_name(&key.to_lowercase()) {
                self.refuse("annotations", format!("has the key `{key}`, which is no annotation key: {KEY_SAYS}"));
            }
        }
        if bytes > ANNOTATION_BYTES {
            self.refuse("annotations", format!("must have at most {ANNOTATION_BYTES} bytes, and has {bytes}"));
        }
    }

    fn owners(&mut self, owners: &[Json<'_>]) {
        let list = Place::Key(self.place, "ownerReferences");
        let mut controllers = 0;
        for (index, owner) in owners.iter().enumerate() {
            let place = Place::Index(&list, index);
            let mut refuse = |place: &Place<'_>, rule: &str| {
                self.remarks.push(Remark { field: place.path(), what: What::Refused { rule: rule.to_owned() } });
            };
            let text = |key| owner.text(key).unwrap_or_default();
            for key in ["apiVersion", "kind", "name", "uid"].into_iter().filter(|key| text(key).is_empty()) {
                refuse(&Place::Key(&place, key), "is required");
            }
            let version = text("apiVersion");
            if version.matches('/').count() > 1 || version.ends_with('/') {
                refuse(&Place::Key(&place, "apiVersion"), "must be `group/version` or `version`");
            }
            if version.trim_start_matches('/') == "v1" && text("kind") == "Event" {
                refuse(&place, "is an Event, which may not be an owner");
            }
            // An owner that is there twice is dropped before (`dedupOwnerReferences`).
            if owner.get("controller") == Some(&Json::Bool(true)) && !owners[..index].contains(owner) {
                controllers += 1;
                if controllers > 1 {
                    refuse(&list, "must have only one reference with `controller: true`");
                }
            }
        }
    }

    fn finalizers(&mut self, finalizers: &[Json<'_>]) {
        let name = |finalizer: &Json<'_>| finalizer.as_text().unwrap_or_default().to_owned();
        let names: Vec<String> = finalizers.iter().map(name).collect();
        if let Some(name) = names.iter().find(|name| !is_qualified_name(name)) {
            self.refuse("finalizers", format!("has `{name}`, which is no finalizer: {KEY_SAYS}"));
        }
        let has = |wanted: &str| names.iter().any(|name| name == wanted);
        if has("orphan") && has("foregroundDeletion") {
            self.refuse("finalizers", "must not have both `orphan` and `foregroundDeletion`");
        }
    }
}
