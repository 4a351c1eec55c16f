//! Names, labels and annotations, which every object has.

use super::answer::{Remark, What};
use super::rules::scalars::{is_dns_label, is_dns_subdomain, is_label_text, is_qualified_name};
use crate::gateway::json::Json;
use crate::gateway::place::Place;

/// Fields of `metadata`; others are removed.
const FIELDS: &[&str] = &[
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// All annotations of an object together, in bytes (`TotalAnnotationSizeLimitB` of the API machinery).
const ANNOTATION_BYTES: usize = 256 * 1024;

/// What names of custom resources are (`NameIsDNSSubdomain`).
const SUBDOMAIN: NameRule = NameRule {
    holds: |name| name.len() <= 253 && is_dns_subdomain(name),
    says: "a lower-case DNS name of at most 253 letters, digits, `-` and `.`, each part with a letter or digit at both ends",
};

/// What names of Namespaces and Services are.
const LABEL: NameRule = NameRule {
    holds: |name| name.len() <= 63 && is_dns_label(name),
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
        let entries = match metadata {
            Some(Json::Map(entries)) => entries.as_slice(),
            Some(Json::Null) | None => &[],
            Some(other) => {
                let rule = format!("must be an object, not {}", other.type_name());
                return self.remarks.push(Remark { field: self.place.path(), what: What::Refused { rule } });
            }
        };
        let mut name = "";
        let mut prefix = "";
        for (key, value) in entries {
            match (key.as_ref(), value) {
                (_, Json::Null) => {}
                ("name", Json::Text(text)) => name = text,
                ("generateName", Json::Text(text)) => prefix = text,
                ("namespace", Json::Text(text)) => self.namespace(text, cluster),
                ("labels", Json::Map(labels)) => self.labels(labels),
                ("annotations", Json::Map(annotations)) => self.annotations(annotations),
                ("finalizers", Json::List(finalizers)) => self.finalizers(finalizers),
                ("name" | "generateName" | "namespace" | "resourceVersion" | "selfLink" | "uid", value) => {
                    self.type_of(key, value, "string");
                }
                ("creationTimestamp" | "deletionTimestamp", value) => self.type_of(key, value, "string"),
                ("labels" | "annotations", value) => self.type_of(key, value, "object"),
                ("finalizers" | "managedFields" | "ownerReferences", value) => self.type_of(key, value, "array"),
                ("generation" | "deletionGracePeriodSeconds", value) => self.type_of(key, value, "integer"),
                (key, _) if !FIELDS.contains(&key) => {
                    self.remarks.push(Remark { field: Place::Key(self.place, key).path(), what: What::Pruned });
                }
                (_, _) => {}
            }
        }
        self.name(name, prefix, rule);
    }

    fn type_of(&mut self, key: &str, value: &Json<'_>, wanted: &str) {
        if value.type_name() != wanted {
            self.refuse(key, format!("must be of type {wanted}, not {}", value.type_name()));
        }
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
    }

    fn namespace(&mut self, namespace: &str, cluster: bool) {
        if !cluster && !namespace.is_empty() && (namespace.len() > 63 || !is_dns_label(namespace)) {
            self.refuse("namespace", "must be a DNS label of at most 63 characters");
        }
    }

    fn labels(&mut self, labels: &[(std::borrow::Cow<'_, str>, Json<'_>)]) {
        for (key, value) in labels {
            if !is_qualified_name(key) {
                self.refuse("labels", format!("has the key `{key}`, which is no label key: {KEY_SAYS}"));
            }
            match value {
                Json::Null => {}
                Json::Text(text) if text.is_empty() || (text.len() <= 63 && is_label_text(text)) => {}
                Json::Text(text) => {
                    self.refuse("labels", format!("has the value `{text}`, which is no label value: {VALUE_SAYS}"));
                }
                Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::List(_) | Json::Map(_) => {
                    self.refuse("labels", format!("has a value of type {} for `{key}`, which must be a string", value.type_name()));
                }
            }
        }
    }

    fn annotations(&mut self, annotations: &[(std::borrow::Cow<'_, str>, Json<'_>)]) {
        let mut bytes = 0;
        for (key, value) in annotations {
            bytes += key.len();
            // Keys of annotations may be of any case (`ValidateAnnotations` lowers them first).
            if !is_qualified_name(&key.to_lowercase()) {
                self.refuse("annotations", format!("has the key `{key}`, which is no annotation key: {KEY_SAYS}"));
            }
            match value {
                Json::Null => {}
                Json::Text(text) => bytes += text.len(),
                Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::List(_) | Json::Map(_) => {
                    self.refuse("annotations", format!("has a value of type {} for `{key}`, which must be a string", value.type_name()));
                }
            }
        }
        if bytes > ANNOTATION_BYTES {
            self.refuse("annotations", format!("must have at most {ANNOTATION_BYTES} bytes, and has {bytes}"));
        }
    }

    fn finalizers(&mut self, finalizers: &[Json<'_>]) {
        for finalizer in finalizers {
            if !finalizer.as_text().is_some_and(is_qualified_name) {
                self.refuse("finalizers", "must be qualified names");
            }
        }
    }
}
