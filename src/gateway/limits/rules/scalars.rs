//! Rules about names, keys, durations and numbers.

use super::Places;
use crate::gateway::api;
use crate::gateway::json::Json;
use crate::k8s::Step;
use crate::k8s::names::{is_label_text, is_subdomain};

/// A DNS name, perhaps with `*.` in front.
pub(super) fn is_hostname(text: &str) -> bool {
    is_subdomain(text.strip_prefix("*.").unwrap_or(text))
}

/// `IsQualifiedName` of Kubernetes: `name` or `dns.subdomain/name`.
pub(in crate::gateway::limits) fn is_qualified_name(text: &str) -> bool {
    let name = match text.split_once('/') {
        Some((prefix, name)) if prefix.len() <= 253 && is_subdomain(prefix) => name,
        Some(_) => return false,
        None => text,
    };
    name.len() <= 63 && is_label_text(name)
}

fn keys(map: &Json<'_>, broken: impl Fn(&str) -> bool) -> Places {
    let Json::Map(entries) = map else { return Vec::new() };
    entries.iter().filter(|(key, _)| broken(key)).map(|(key, _)| vec![Step::from(key.clone().into_owned())]).collect()
}

pub(super) fn keys_are_qualified(map: &Json<'_>) -> Places {
    keys(map, |key| {
        let name = match key.split_once('/') {
            Some((prefix, name)) if is_subdomain(prefix) => name,
            Some(_) => return true,
            None => key,
        };
        name.len() > 63 || !is_label_text(name)
    })
}

pub(super) fn key_prefixes_are_short(map: &Json<'_>) -> Places {
    keys(map, |key| key.split('/').next().is_some_and(|prefix| prefix.chars().count() >= 253))
}

pub(super) fn keys_are_qualified_names(map: &Json<'_>) -> Places {
    keys(map, |key| !is_qualified_name(key))
}

pub(super) fn not_cluster_local(value: &Json<'_>) -> bool {
    value.as_text().is_some_and(|text| text.ends_with(".cluster.local"))
}

pub(super) fn routability_word(value: &Json<'_>) -> bool {
    let Some(text) = value.as_text() else { return false };
    if matches!(text, "" | "Cluster") {
        return false;
    }
    let Some((prefix, _)) = text.split_once('/') else { return true };
    // `^.*/.+$`: something must follow some slash.
    let followed = text.rfind('/').is_some_and(|at| at + 1 < text.len()) || text[prefix.len() + 1..].len() > 1;
    !followed || text.contains('\n') || prefix.len() > 253 || !is_subdomain(prefix) || prefix == "k8s.io" || prefix.ends_with(".k8s.io")
}

pub(super) fn duration_between(value: &Json<'_>, least: &str, most: &str) -> bool {
    let bounds = api::millis(least).zip(api::millis(most)).expect("INVARIANT: bounds in the embedded maps are durations");
    value.as_text().and_then(api::millis).is_some_and(|millis| !(bounds.0..=bounds.1).contains(&millis))
}

pub(super) fn fraction_at_most_one(fraction: &Json<'_>) -> bool {
    let number = |key| fraction.get(key).and_then(Json::as_int);
    number("numerator").zip(number("denominator")).is_some_and(|(numerator, denominator)| numerator > denominator)
}
