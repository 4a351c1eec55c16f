//! The maps are complete, well-formed, and say what the controller was seen to do.

mod recorded;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use gateshift::catalog::{self, Annotation, Consequence, ValueType, value};
use gateshift::ledger::Code;

/// Every name that ingress-nginx v1.15 reads, and the historical ones.
const NAMES: &str = include_str!("catalog/names.txt");

fn names(kind: &str) -> BTreeSet<&'static str> {
    NAMES.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' ')).collect()
}

/// Keys that stand once, as a set.
fn once<'k>(keys: impl IntoIterator<Item = &'k str>) -> BTreeSet<&'k str> {
    let mut seen = BTreeSet::new();
    for key in keys {
        assert!(seen.insert(key), "`{key}` stands twice");
    }
    seen
}

#[test]
fn every_annotation_of_the_controller_stands_once() {
    assert_eq!(once(catalog::annotations().names()), names("annotation"));
    assert_eq!(names("annotation").len(), 136);
}

#[test]
fn every_alias_stands_once() {
    let aliases = catalog::annotations().iter().flat_map(|annotation| annotation.aliases.iter().map(String::as_str));
    assert_eq!(once(aliases), names("alias"));
    for alias in names("alias") {
        assert!(catalog::annotations().alias(alias).is_some(), "`{alias}` is not found");
    }
}

#[test]
fn every_historical_name_stands_once() {
    assert_eq!(once(catalog::historical().keys()), names("historical"));
    assert_eq!(names("historical").len(), 42);
}

#[test]
fn every_core_key_stands_once() {
    assert_eq!(once(catalog::core().keys()), names("core"));
}

#[test]
fn every_shelf_lists_what_its_entries_say() {
    assert!(catalog::annotations().names().eq(catalog::annotations().iter().map(|entry| entry.name.as_str())));
    assert!(catalog::historical().keys().eq(catalog::historical().iter().map(|entry| entry.name.as_str())));
    assert!(catalog::core().keys().eq(catalog::core().iter().map(|entry| entry.name.as_str())));
    assert!(catalog::foreign().keys().eq(catalog::foreign().iter().map(|entry| entry.name.as_str())));
    assert!(catalog::configmap_keys().keys().eq(catalog::configmap_keys().iter().map(|entry| entry.name.as_str())));
    assert!(catalog::removed_keys().keys().eq(catalog::removed_keys().iter().map(|entry| entry.name.as_str())));
    assert!(catalog::flags().keys().eq(catalog::flags().iter().map(|entry| entry.name.as_str())));
    assert!(catalog::findings().keys().eq(catalog::findings().iter().map(|entry| entry.code.as_str())));
    once(catalog::foreign().keys());
    once(catalog::configmap_keys().keys().chain(catalog::removed_keys().keys()));
    once(catalog::flags().keys());
}

#[test]
fn codes_and_findings_are_in_bijection() {
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let entries = once(catalog::findings().keys());
    let missing: Vec<_> = codes.difference(&entries).collect();
    let unused: Vec<_> = entries.difference(&codes).collect();
    assert!(missing.is_empty() && unused.is_empty(), "codes without entry: {missing:?}; entries without code: {unused:?}");
}

#[test]
fn findings_stand_in_the_file_of_their_area() {
    for (file, text) in catalog::texts("findings") {
        for code in text.lines().filter_map(|line| line.strip_prefix("- code: ")) {
            assert_eq!(code.split('/').next(), Some(file), "{code}");
        }
    }
}

#[test]
fn messages_of_findings_end_without_full_stop() {
    for entry in catalog::findings().iter() {
        assert!(!entry.message.ends_with('.'), "{}: {}", entry.code, entry.message);
    }
}

/// What the controller reads of a value, as text.
fn parsed(annotation: &Annotation, raw: &str) -> Option<String> {
    match annotation.value_type {
        ValueType::Bool => value::boolean(raw).map(|value| value.to_string()),
        ValueType::Int | ValueType::Seconds | ValueType::Kib | ValueType::KibPerSecond => {
            value::integer(raw).map(|value| value.to_string())
        }
        ValueType::Cidrs => value::networks(raw).map(|networks| networks.join(",")),
        _ => None,
    }
}

#[test]
fn every_example_holds() {
    for annotation in catalog::annotations().iter() {
        for example in &annotation.examples {
            let place = format!("{} of {:?}", annotation.name, example.value);
            assert_eq!(annotation.validate(&example.value).is_ok(), example.valid, "{place}");
            if let Some(expected) = &example.parsed {
                assert_eq!(parsed(annotation, &example.value).as_ref(), Some(expected), "{place}");
            }
            match (example.valid, example.then) {
                (false, then) => assert_eq!(then, Some(annotation.on_invalid.refused), "{place}"),
                (true, Some(then)) => assert!(annotation.on_invalid.later.iter().any(|later| later.then == then), "{place}"),
                (true, None) => {}
            }
        }
    }
}

#[test]
fn every_annotation_shows_a_value_that_passes_and_one_that_is_refused() {
    for annotation in catalog::annotations().iter() {
        let refusable = annotation.on_invalid.refused != Consequence::None;
        assert!(annotation.examples.iter().any(|example| example.valid), "{}", annotation.name);
        assert_eq!(annotation.examples.iter().any(|example| !example.valid), refusable, "{}", annotation.name);
    }
}

#[test]
fn empty_values_never_reach_a_validator() {
    for annotation in catalog::annotations().iter() {
        assert_eq!(annotation.validate(""), Ok(()), "{}", annotation.name);
    }
}

#[test]
fn every_pattern_compiles() {
    let named: BTreeSet<_> = catalog::patterns().map(|pattern| pattern.name.as_str()).collect();
    assert_eq!(named.len(), 18);
    for annotation in catalog::annotations().iter() {
        let _ = annotation.validate("x");
        let _ = annotation.validator.to_string();
    }
}

#[test]
fn only_snippets_are_critical() {
    let critical: BTreeSet<_> = catalog::annotations()
        .iter()
        .filter(|annotation| annotation.risk == catalog::Risk::Critical)
        .map(|annotation| annotation.name.as_str())
        .collect();
    assert_eq!(
        critical,
        BTreeSet::from(["auth-snippet", "configuration-snippet", "modsecurity-snippet", "server-snippet", "stream-snippet"])
    );
}

#[test]
fn names_that_entries_mention_exist() {
    let setting = |name: &str| {
        catalog::configmap_keys().get(name).is_some() || catalog::flags().get(name).is_some() || catalog::annotations().get(name).is_some()
    };
    for annotation in catalog::annotations().iter() {
        for name in annotation.needs.iter().chain(&annotation.unless) {
            assert!(catalog::annotations().get(name).is_some(), "{}: `{name}`", annotation.name);
        }
        for name in &annotation.related {
            assert!(setting(name), "{}: `{name}`", annotation.name);
        }
    }
    for entry in catalog::historical().iter() {
        for name in entry.instead.iter().chain(&entry.of) {
            assert!(catalog::annotations().get(name).is_some(), "{}: `{name}`", entry.name);
        }
    }
    for core in catalog::core().iter() {
        assert!(core.related.iter().all(|name| setting(name)), "{}", core.name);
    }
}

#[test]
fn defaults_and_annotations_point_at_each_other() {
    for annotation in catalog::annotations().iter() {
        if let Some(name) = &annotation.configmap_key {
            let key = catalog::configmap_keys().get(name).unwrap_or_else(|| panic!("{}: no key `{name}`", annotation.name));
            assert_eq!(key.annotation.as_ref(), Some(&annotation.name));
            assert!(
                key.default.is_none()
                    || annotation.default.is_none()
                    || key.default == annotation.default
                    || annotation.default.as_ref().is_some_and(|text| text.contains(['(', ' '])),
                "{name}"
            );
        }
    }
    for key in catalog::configmap_keys().iter() {
        if let Some(name) = &key.annotation {
            let annotation = catalog::annotations().get(name).unwrap_or_else(|| panic!("{}: no annotation `{name}`", key.name));
            assert_eq!(annotation.configmap_key.as_ref(), Some(&key.name));
        }
    }
}

#[test]
fn groups_read_what_they_hold() {
    for name in catalog::annotations().groups() {
        let group = catalog::annotations().group(name).expect("group");
        assert_eq!(group.group, name);
        let held: BTreeSet<_> = catalog::annotations()
            .iter()
            .filter(|annotation| annotation.group == name)
            .map(|annotation| annotation.name.as_str())
            .collect();
        assert!(!held.is_empty(), "{name}");
        if held.len() > 1 && name != "proxy" {
            assert_eq!(group.reads.iter().map(String::as_str).collect::<BTreeSet<_>>(), held, "{name}");
        }
    }
}

#[test]
fn changes_of_releases_end_at_what_the_maps_say() {
    let releases = catalog::releases();
    assert_eq!(releases.iter().map(|release| release.release.as_str()).collect::<Vec<_>>(), ["1.9", "1.12"]);
    for change in releases.iter().flat_map(|release| &release.changes) {
        let default = match catalog::flags().get(&change.name) {
            Some(flag) => &flag.default,
            None => &catalog::configmap_keys().get(&change.name).unwrap_or_else(|| panic!("no key `{}`", change.name)).default,
        };
        assert_eq!(default.as_ref(), Some(&change.to), "{}", change.name);
    }
}

/// Names of the fields of entries, in their order, for each kind of list.
const FIELDS: &[(&str, &[&str])] = &[
    (
        "annotations",
        &[
            "name",
            "aliases",
            "type",
            "validator",
            "scope",
            "risk",
            "configmap_key",
            "related",
            "needs",
            "unless",
            "default",
            "effect",
            "notes",
            "on_invalid",
            "evidence",
            "examples",
        ],
    ),
    ("historical", &["name", "kind", "of", "values", "removed", "was", "today", "instead", "advice", "source", "evidence"]),
    ("core", &["name", "on", "effect", "notes", "related", "source", "evidence"]),
    ("foreign", &["name", "reader", "belongs", "moves", "meaning"]),
    ("validators", &["name", "regex", "text", "source"]),
    ("keys", &["name", "type", "bearing", "annotation", "default", "effect", "notes", "on_invalid", "evidence"]),
    ("removed", &["name", "removed", "was", "advice", "source"]),
    ("flags", &["name", "type", "bearing", "default", "effect", "notes", "evidence"]),
    ("findings", &["code", "severity", "title", "message", "why", "advice"]),
];

/// Every file of the maps of this catalogue, as its name and content; findings are wrapped to look like the others.
fn files() -> Vec<(String, serde_yaml::Mapping)> {
    let mut files = Vec::new();
    for folder in ["annotations", "configmap", "controllers", "findings"] {
        for (stem, text) in catalog::texts(folder) {
            let name = format!("{folder}/{stem}.yaml");
            let content: serde_yaml::Value = serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let content = match content {
                serde_yaml::Value::Mapping(mapping) => mapping,
                list => serde_yaml::Mapping::from_iter([("findings".into(), list)]),
            };
            files.push((name, content));
        }
    }
    files
}

#[test]
fn entries_are_sorted_and_their_fields_in_order() {
    let fields: BTreeMap<_, _> = FIELDS.iter().copied().collect();
    for (file, content) in files() {
        for (list, order) in &fields {
            let Some(entries) = content.get(*list).and_then(serde_yaml::Value::as_sequence) else { continue };
            let keys: Vec<_> =
                entries.iter().map(|entry| entry.get(order[0]).and_then(serde_yaml::Value::as_str).expect("key").to_owned()).collect();
            assert!(keys.is_sorted(), "{file} is not sorted: {keys:?}");
            for entry in entries {
                let places: Vec<_> = entry
                    .as_mapping()
                    .expect("entry")
                    .keys()
                    .map(|field| {
                        order.iter().position(|known| Some(*known) == field.as_str()).unwrap_or_else(|| panic!("{file}: {field:?}"))
                    })
                    .collect();
                assert!(places.is_sorted(), "{file}: {:?}", entry.get(order[0]));
            }
        }
    }
}

fn check_texts(file: &str, value: &serde_yaml::Value) {
    match value {
        serde_yaml::Value::String(text) => assert!(text.chars().count() < 300, "{file}: {text}"),
        serde_yaml::Value::Sequence(items) => items.iter().for_each(|item| check_texts(file, item)),
        serde_yaml::Value::Mapping(fields) => fields.values().for_each(|field| check_texts(file, field)),
        _ => {}
    }
}

#[test]
fn texts_stay_under_three_hundred_characters() {
    for (file, content) in files() {
        content.values().for_each(|value| check_texts(&file, value));
    }
}

#[test]
fn did_you_mean_is_asked_only_of_close_names() {
    for (name, expected) in [
        ("rewrite-targt", Some("rewrite-target")),
        ("Rewrite-Target", Some("rewrite-target")),
        ("ssl-redirects", Some("ssl-redirect")),
        ("ssl-force-redirect", Some("force-ssl-redirect")),
        ("proxy_body_size", Some("proxy-body-size")),
        ("cors-enable", Some("enable-cors")),
        ("proxy-read-time-out", Some("proxy-read-timeout")),
        ("whitelist-source-ranges", Some("whitelist-source-range")),
        ("jaeger-service-name", None),
        ("more_set_headers", None),
        ("websocket-services", None),
    ] {
        assert_eq!(catalog::closest(name, catalog::annotations().all_names()), expected, "{name}");
    }
    assert_eq!(catalog::configmap_keys().meant("use-forwarded-header"), Some("use-forwarded-headers"));
    assert_eq!(catalog::flags().meant("--watch-ingress-without-clas"), Some("--watch-ingress-without-class"));
}

#[test]
fn old_values_of_living_annotations_are_known() {
    let old = catalog::historical().value("load-balance", "least_conn").expect("known");
    assert_eq!(old.removed.as_deref(), Some("0.21.0"));
    assert!(catalog::historical().value("load-balance", "ewma").is_none());
}

#[test]
fn everything_can_be_explained() {
    let names = catalog::annotations().all_names().into_iter();
    for name in names
        .chain(catalog::configmap_keys().keys())
        .chain(catalog::flags().keys())
        .chain(catalog::historical().keys())
        .chain(catalog::core().keys())
        .chain(catalog::findings().keys())
        .chain(catalog::removed_keys().keys())
    {
        let explained = catalog::explain(name);
        assert!(!explained.is_empty(), "{name}");
        for page in explained {
            assert!(!page.text.contains("  \n") && page.text.ends_with('\n'), "{name}");
        }
    }
}
