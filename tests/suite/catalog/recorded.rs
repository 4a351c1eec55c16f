//! Values that the real controller judged, against our validators. Skipped where the recordings are not at hand.

#![expect(clippy::print_stdout, reason = "a test that skips, or judges by what it finds, says so")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use gateshift::catalog::{self, Annotation, Consequence, Key, resolve};
use serde_yaml::Value;

use crate::shared::shared;

/// Recordings of the controller with its own validation on, by topic.
fn recordings() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for folder in ["truth/ingress-nginx", "truth/ingress-nginx-random"] {
        let Some(folder) = shared(folder) else { continue };
        for path in fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path()) {
            let text = fs::read_to_string(&path).expect("recording");
            if !text.contains("enable-annotation-validation=false") {
                let topic = path.file_stem().and_then(|stem| stem.to_str()).expect("name").to_owned();
                found.push((topic, serde_yaml::from_str(&text).expect("recording")));
            }
        }
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

/// Annotations that the log says were refused, as (namespace/name, annotation).
fn refused(recording: &Value) -> BTreeSet<(String, String)> {
    let lines = recording["controller_log"].as_sequence().map_or(&[][..], Vec::as_slice);
    lines
        .iter()
        .filter_map(|line| {
            let (_, rest) = line.as_str()?.split_once("validation error on ingress ")?;
            let (ingress, rest) = rest.split_once(": annotation ")?;
            Some((ingress.to_owned(), rest.split_once(" contains invalid value")?.0.to_owned()))
        })
        .collect()
}

/// Objects that did not come through, and why.
fn lost(recording: &Value) -> BTreeMap<String, String> {
    let more = recording["refused_more"].as_sequence().map_or(&[][..], Vec::as_slice);
    [&recording["refused"]]
        .into_iter()
        .chain(more)
        .filter_map(|refusal| {
            let ingress = refusal["object"].as_str()?.strip_prefix("Ingress ")?;
            Some((ingress.to_owned(), refusal["message"].as_str().unwrap_or_default().to_owned()))
        })
        .collect()
}

/// An annotation of an Ingress of a recording, and its value.
type Given = (String, &'static Annotation, String);

fn given(recording: &Value) -> Vec<Given> {
    let mut found = Vec::new();
    for document in serde_yaml::Deserializer::from_str(recording["given"].as_str().expect("given")) {
        let object: Value = serde::Deserialize::deserialize(document).expect("object");
        let (Some("Ingress"), Some(name)) = (object["kind"].as_str(), object["metadata"]["name"].as_str()) else { continue };
        let ingress = format!("{}/{name}", object["metadata"]["namespace"].as_str().unwrap_or("default"));
        for (key, value) in object["metadata"]["annotations"].as_mapping().into_iter().flatten() {
            let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
            if let Key::Ours(annotation) | Key::Alias { of: annotation, .. } = resolve(key, catalog::DEFAULT_PREFIX) {
                found.push((ingress.clone(), annotation, value.to_owned()));
            }
        }
    }
    found
}

#[test]
fn values_that_the_controller_refused_are_refused() {
    let mut judged = 0;
    for (topic, recording) in recordings() {
        let refused = refused(&recording);
        for (ingress, annotation, value) in given(&recording) {
            if refused.contains(&(ingress.clone(), annotation.name.clone())) {
                assert!(annotation.validate(&value).is_err(), "{topic}: {ingress}: {} {value:?}", annotation.name);
                judged += 1;
            }
        }
    }
    println!("{judged} refusals of values agree");
}

#[test]
fn ingresses_were_dropped_for_the_annotations_that_drop_them() {
    let mut judged = 0;
    for (topic, recording) in recordings() {
        let lost = lost(&recording);
        for (ingress, annotation, value) in given(&recording) {
            let place = format!("{topic}: {ingress}: {} {value:?}", annotation.name);
            let drops = annotation.validate(&value).is_err() && annotation.on_invalid.refused == Consequence::IngressDropped;
            if drops && annotation.needs.is_empty() {
                assert!(lost.contains_key(&ingress), "{place} did not drop it");
            }
            let blamed = annotation
                .aliases
                .iter()
                .chain([&annotation.name])
                .map(|name| format!("annotation {}/{name} contains invalid value", catalog::DEFAULT_PREFIX));
            if lost.get(&ingress).is_some_and(|why| blamed.into_iter().any(|blamed| why.contains(&blamed))) {
                assert!(drops, "{place} dropped it");
                judged += 1;
            }
        }
    }
    println!("{judged} dropped Ingresses agree");
}

#[test]
fn evidence_names_recordings() {
    let topics: BTreeSet<_> = recordings().into_iter().map(|(topic, _)| topic).collect();
    let known = |topic: &String| topics.is_empty() || topics.contains(topic) || topic == "annotation-validation-off";
    for annotation in catalog::annotations().iter() {
        assert!(annotation.evidence.iter().all(known), "{}: {:?}", annotation.name, annotation.evidence);
    }
    for key in catalog::configmap_keys().iter() {
        assert!(key.evidence.iter().all(known), "{}: {:?}", key.name, key.evidence);
    }
    for flag in catalog::flags().iter() {
        assert!(flag.evidence.iter().all(known), "{}: {:?}", flag.name, flag.evidence);
    }
    for entry in catalog::historical().iter() {
        assert!(entry.evidence.iter().all(known), "{}: {:?}", entry.name, entry.evidence);
    }
}
