//! The offline validator against what a real API server answered (`testdata/admission/gateway`), column by column.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use gateshift::gateway::limits::{Answer, Channel, Judge, Version, What};
use gateshift::yaml;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    about: String,
    object: String,
    #[serde(default)]
    expand: BTreeMap<String, Expansion>,
    verdict: BTreeMap<String, Verdict>,
    #[serde(default)]
    stored: BTreeMap<String, Stored>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expansion {
    text: String,
    times: usize,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Verdict {
    Accepted(#[expect(dead_code, reason = "there is only one word")] String),
    Refused { refused: String },
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Stored {
    defaulted: BTreeMap<String, serde_json::Value>,
    pruned: Vec<String>,
    changed: BTreeMap<String, serde_json::Value>,
    warnings: Vec<String>,
    strict: Option<Verdict>,
}

/// What no validator can know from the object alone.
const BEYOND_THE_OBJECT: &[&str] = &["namespace that does not exist"];

fn entries() -> Vec<(String, Entry)> {
    let mut entries = Vec::new();
    for file in recorded("gateway") {
        let text = fs::read_to_string(&file).expect("text");
        let of_file: Vec<Entry> = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let name = file.file_name().and_then(|name| name.to_str()).expect("name").to_owned();
        entries.extend(
            of_file.into_iter().filter(|entry| !BEYOND_THE_OBJECT.contains(&entry.about.as_str())).map(|entry| (name.clone(), entry)),
        );
    }
    entries
}

/// Files of recorded answers: those that were given, then those that we asked for.
pub(crate) fn recorded(what: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/admission");
    let mut files = Vec::new();
    for folder in [folder.join(what), folder.join(format!("{what}-more"))] {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut paths: Vec<_> = entries.map(|file| file.expect("file").path()).collect();
        paths.sort();
        files.extend(paths);
    }
    files
}

fn text(entry: &Entry) -> String {
    entry.expand.iter().fold(entry.object.clone(), |text, (name, expansion)| {
        text.replace(&format!("${{{name}}}"), &expansion.text.repeat(expansion.times))
    })
}

/// `spec.rules[0].name` as the recordings write it: `spec.rules[].name`.
fn without_indices(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '[' => {
                inside = true;
                out.push(c);
            }
            ']' => {
                inside = false;
                out.push(c);
            }
            c if inside && c.is_ascii_digit() => {}
            c => out.push(c),
        }
    }
    out
}

fn first(wrong: &[String]) -> String {
    format!("{} differ, for example\n{}", wrong.len(), wrong.iter().take(20).cloned().collect::<Vec<_>>().join("\n"))
}

fn column(name: &str) -> Judge {
    let (version, channel) = name.split_once('/').expect("version/channel");
    Judge::new(version.parse::<Version>().expect("version"), channel.parse::<Channel>().expect("channel")).with_defaults()
}

/// Answers for every entry and column, with the recorded side.
fn each_answer(mut visit: impl FnMut(&str, &Entry, &str, &Answer)) {
    let mut judges: BTreeMap<String, Judge> = BTreeMap::new();
    for (file, entry) in entries() {
        let text = text(&entry);
        let answers: Vec<(String, Answer)> = {
            let node = yaml::Documents::new(&text).next().and_then(|document| document.root).expect("a document");
            entry
                .verdict
                .keys()
                .map(|name| {
                    let judge = judges.entry(name.clone()).or_insert_with(|| column(name));
                    (name.clone(), judge.node(&node))
                })
                .collect()
        };
        for (name, answer) in &answers {
            visit(&file, &entry, name, answer);
        }
    }
}

#[test]
fn every_object_is_accepted_or_refused_as_recorded_in_every_column() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    each_answer(|file, entry, column, answer| {
        let recorded = &entry.verdict[column];
        let agrees = answer.is_accepted() == matches!(recorded, Verdict::Accepted(_));
        let (right, all) = counts.entry(column.to_owned()).or_default();
        *right += usize::from(agrees);
        *all += 1;
        if !agrees {
            let said = match recorded {
                Verdict::Accepted(_) => "accepted",
                Verdict::Refused { refused } => refused,
            };
            wrong.push(format!("{file}: {}: {column}: recorded {said}, we say {:?}", entry.about, answer.remarks));
        }
    });
    assert!(wrong.is_empty(), "{counts:?}\n{}", first(&wrong));
}

#[test]
fn fields_are_removed_and_defaulted_as_recorded() {
    let mut wrong = Vec::new();
    each_answer(|file, entry, column, answer| {
        // A key that stands there twice is the reader's to find.
        let repeated = entry.about.ends_with("twice") && entry.about.starts_with("the key");
        if repeated || !matches!(entry.verdict[column], Verdict::Accepted(_)) {
            return;
        }
        let empty = Stored::default();
        let stored = entry.stored.get("*").or_else(|| entry.stored.get(column)).unwrap_or(&empty);
        let mut pruned: Vec<String> = Vec::new();
        let mut defaulted: BTreeMap<String, serde_json::Value> = BTreeMap::new();
        for remark in &answer.remarks {
            let field = without_indices(&remark.field.to_string());
            match &remark.what {
                What::Pruned | What::Dropped => pruned.push(field),
                What::Defaulted { value } => drop(defaulted.insert(field, value.clone())),
                What::NotServed | What::Refused { .. } | What::Deprecated | What::Doubtful { .. } => {}
            }
        }
        pruned.sort();
        pruned.dedup();
        let mut recorded = stored.pruned.clone();
        recorded.sort();
        let mut filled = stored.defaulted.clone();
        filled.remove("metadata.name");
        // A `null` that becomes a default is recorded as a change.
        let from_null = |(path, change): (&String, &serde_json::Value)| change[0].is_null().then(|| (path.clone(), change[1].clone()));
        filled.extend(stored.changed.iter().filter_map(from_null).filter(|(path, _)| path.starts_with("spec")));
        if pruned != recorded || defaulted != filled {
            wrong.push(format!(
                "{file}: {}: {column}: removed {pruned:?} for {recorded:?}, filled in {defaulted:?} for {filled:?}",
                entry.about
            ));
        }
        // Owners that are there twice and finalizers without domain are somebody's taste.
        let counts = |warning: &&String| !warning.starts_with("metadata.finalizers") && !warning.starts_with(".metadata.ownerReferences");
        let warns = stored.warnings.iter().any(|warning| counts(&warning));
        let remarks = answer.remarks.iter().any(|remark| matches!(remark.what, What::Pruned | What::Deprecated));
        if warns != remarks || stored.strict.is_some() == answer.is_accepted_strictly() {
            wrong.push(format!("{file}: {}: {column}: warnings {:?}, we say {:?}", entry.about, stored.warnings, answer.remarks));
        }
    });
    assert!(wrong.is_empty(), "{}", first(&wrong));
}

#[test]
fn every_refusal_names_a_field_that_the_recorded_one_names() {
    let mut wrong = Vec::new();
    each_answer(|file, entry, column, answer| {
        let Verdict::Refused { refused } = &entry.verdict[column] else { return };
        let near = |remark: &gateshift::gateway::limits::Remark| match &remark.what {
            What::NotServed => refused.contains("404"),
            What::Refused { .. } => {
                // The API server does not quote odd keys.
                let field = remark.field.to_string().replace("[\"", ".").replace("\"]", "");
                // Of what it cannot decode the API server names the type, or a time alone.
                if refused.starts_with("400") {
                    return field.starts_with("metadata");
                }
                let parent = field.rfind(['.', '[']).map_or("", |at| &field[..at]);
                refused.contains(&field) || (!parent.is_empty() && refused.contains(parent))
            }
            What::Pruned | What::Dropped | What::Defaulted { .. } | What::Deprecated | What::Doubtful { .. } => false,
        };
        if !answer.remarks.iter().any(near) {
            wrong.push(format!("{file}: {}: {column}: recorded {refused}, we say {:?}", entry.about, answer.remarks));
        }
    });
    assert!(wrong.is_empty(), "{}", first(&wrong));
}
