//! `explain`: what the catalogue knows of a name, as text that reads like `kubectl explain`.

use std::fmt::Write as _;

use super::{
    annotation::{Annotation, Consequence, annotations},
    configmap::{ConfigKey, Flag, RemovedKey, configmap_keys, flags, removed_keys},
    finding::{FindingEntry, finding, findings, unfilled},
    key::{DEFAULT_PREFIX, Key, resolve},
    neighbour::{Core, Foreign, Historical, core, historical},
    suggest::closest,
};

/// What the catalogue knows of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The name in full.
    pub name: String,
    /// What it is: `annotation`, `ConfigMap key`, `flag`, `finding`, ….
    pub kind: &'static str,
    /// The text, for people.
    pub text: String,
}

/// Explains an annotation (with or without prefix), a key of the ConfigMap, a flag, or a finding code. A name that is
/// both an annotation and a key gives both. Nothing where nobody knows the name.
pub fn explain(query: &str) -> Vec<Explained> {
    let query = query.trim();
    if let Some(entry) = finding(query) {
        return vec![of_finding(entry)];
    }
    if let Some(entry) = historical().get(query) {
        return vec![of_historical(entry)];
    }
    if let Some(entry) = core().get(query) {
        return vec![of_core(entry)];
    }
    if query.starts_with("--") {
        return flags().named(query).map(of_flag).into_iter().collect();
    }
    if query.contains('/') {
        return match resolve(query, DEFAULT_PREFIX) {
            Key::Ours(annotation) | Key::Alias { of: annotation, .. } => vec![of_annotation(annotation)],
            Key::WrongPrefix { meant, prefix } => prefix.map(of_foreign).into_iter().chain([of_annotation(meant)]).collect(),
            Key::Core(core) => vec![of_core(core)],
            Key::Historical(entry) => vec![of_historical(entry)],
            Key::Foreign(foreign) => vec![of_foreign(foreign)],
            Key::Unknown { suggestion: _, configmap, removed } => {
                configmap.map(of_key).into_iter().chain(removed.map(of_removed)).collect()
            }
            Key::Unrelated => Vec::new(),
        };
    }
    let annotation = annotations().get(query).or_else(|| annotations().alias(query).map(|(_, of)| of));
    let mut found: Vec<_> = annotation.map(of_annotation).into_iter().collect();
    found.extend(configmap_keys().get(query).map(of_key));
    found.extend(removed_keys().get(query).map(of_removed));
    if found.is_empty() {
        found.extend(flags().named(query).map(of_flag));
    }
    found
}

impl Explained {
    /// The name that a query without answer was surely meant to be.
    pub fn suggestion(query: &str) -> Option<&'static str> {
        let name = query.trim().strip_prefix(DEFAULT_PREFIX).map_or(query, |rest| rest.trim_start_matches('/'));
        if name.starts_with("--") {
            return flags().meant(name);
        }
        let names = annotations().all_names();
        closest(name, names.into_iter().chain(configmap_keys().keys()).chain(historical().keys()).chain(findings().keys()))
    }
}

/// A page: aligned fields, then indented paragraphs.
#[derive(Default)]
struct Page(String);

impl Page {
    fn field(&mut self, label: &str, value: impl std::fmt::Display) -> &mut Self {
        writeln!(self.0, "{:<13}{value}", format!("{label}:")).expect("INVARIANT: a String takes everything");
        self
    }

    fn maybe(&mut self, label: &str, value: Option<impl std::fmt::Display>) -> &mut Self {
        match value {
            Some(value) => self.field(label, value),
            None => self,
        }
    }

    fn list(&mut self, label: &str, values: &[String]) -> &mut Self {
        if values.is_empty() { self } else { self.field(label, values.join(", ")) }
    }

    fn section<T: AsRef<str>>(&mut self, label: &str, paragraphs: &[T]) -> &mut Self {
        if paragraphs.is_empty() {
            return self;
        }
        self.0.push('\n');
        self.0.push_str(label);
        self.0.push_str(":\n");
        for paragraph in paragraphs {
            wrapped(&mut self.0, "    ", paragraph.as_ref());
        }
        self
    }

    fn items<T: AsRef<str>>(&mut self, label: &str, items: &[T]) -> &mut Self {
        if items.is_empty() {
            return self;
        }
        writeln!(self.0, "\n{label}:").expect("INVARIANT: a String takes everything");
        for item in items {
            wrapped(&mut self.0, "  - ", item.as_ref());
        }
        self
    }

    fn take(&mut self) -> String {
        std::mem::take(&mut self.0)
    }
}

/// Lines of at most 80 characters: the first begins with `bullet`, the others with as many blanks.
fn wrapped(out: &mut String, bullet: &str, text: &str) {
    let mut indent = bullet;
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > 76 {
            out.push('\n');
            width = 0;
        }
        if width == 0 {
            out.push_str(indent);
            indent = "    ";
        } else {
            out.push(' ');
        }
        out.push_str(word);
        width += length + usize::from(width > 0);
    }
    out.push('\n');
}

fn of_annotation(annotation: &Annotation) -> Explained {
    let name = format!("{DEFAULT_PREFIX}/{}", annotation.name);
    let mut unusable = Vec::new();
    if annotation.on_invalid.refused != Consequence::None {
        unusable.push(format!("refused by the check: {}", annotation.on_invalid.refused));
    }
    unusable.push(format!("empty: {}", annotation.on_invalid.empty));
    unusable.extend(annotation.on_invalid.later.iter().map(|later| format!("{}: {}", later.when, later.then)));
    let examples: Vec<_> = annotation
        .examples
        .iter()
        .map(|example| match example.then {
            Some(then) => format!("{:?}: {then}", example.value),
            None => format!("{:?}", example.value),
        })
        .collect();
    let group = annotations().group(annotation.group);
    let text = Page::default()
        .field("ANNOTATION", &name)
        .list("ALIASES", &annotation.aliases)
        .field("GROUP", annotation.group)
        .field("TYPE", annotation.value_type)
        .field("VALUES", &annotation.validator)
        .maybe("DEFAULT", annotation.default.as_ref())
        .maybe("CONFIGMAP", annotation.configmap_key.as_ref())
        .field("SCOPE", annotation.scope)
        .field("RISK", annotation.risk)
        .list("NEEDS", &annotation.needs)
        .list("NOT BESIDE", &annotation.unless)
        .list("SEE ALSO", &annotation.related)
        .section("DESCRIPTION", &[&annotation.effect])
        .items("NOTES", &annotation.notes)
        .items("VALUES THAT ARE NOT USABLE", &unusable)
        .items("EXAMPLES", &examples)
        .section("SOURCE", &group.map(|group| group.source).into_iter().collect::<Vec<_>>())
        .take();
    Explained { name, kind: "annotation", text }
}

fn of_historical(entry: &Historical) -> Explained {
    let text = Page::default()
        .field("FORMER", &entry.name)
        .field("REMOVED IN", entry.removed.as_deref().unwrap_or("(no release ever read it)"))
        .list("INSTEAD", &entry.instead)
        .section("WAS", &[&entry.was])
        .section("TODAY", &[&entry.today])
        .section("WHAT TO DO", &[&entry.advice])
        .section("SOURCE", &[&entry.source])
        .take();
    Explained { name: entry.name.clone(), kind: "former annotation", text }
}

fn of_core(core: &Core) -> Explained {
    let text = Page::default()
        .field("KEY", &core.name)
        .field("ON", format!("{:?}", core.on))
        .list("SEE ALSO", &core.related)
        .section("DESCRIPTION", &[&core.effect])
        .items("NOTES", &core.notes)
        .section("SOURCE", &[&core.source])
        .take();
    Explained { name: core.name.clone(), kind: "annotation", text }
}

fn of_foreign(foreign: &Foreign) -> Explained {
    let text = Page::default()
        .field(if foreign.is_prefix() { "PREFIX" } else { "KEY" }, &foreign.name)
        .field("READ BY", &foreign.reader)
        .field("BELONGS", foreign.belongs)
        .section("DESCRIPTION", &[&foreign.meaning])
        .take();
    Explained { name: foreign.name.clone(), kind: "foreign annotation", text }
}

fn of_key(key: &ConfigKey) -> Explained {
    let text = Page::default()
        .field("KEY", format!("{}, of the ConfigMap", key.name))
        .field("AREA", key.area)
        .field("TYPE", key.value_type)
        .maybe("DEFAULT", key.default.as_ref())
        .maybe("ANNOTATION", key.annotation.as_ref())
        .section("DESCRIPTION", &[&key.effect])
        .items("NOTES", &key.notes)
        .section("A VALUE THAT IS NOT USABLE", &[key.on_invalid.to_string()])
        .take();
    Explained { name: key.name.clone(), kind: "ConfigMap key", text }
}

fn of_removed(key: &RemovedKey) -> Explained {
    let text = Page::default()
        .field("FORMER", format!("{}, a key of the ConfigMap", key.name))
        .field("REMOVED IN", &key.removed)
        .section("WAS", &[&key.was])
        .section("WHAT TO DO", &[&key.advice])
        .section("SOURCE", &[&key.source])
        .take();
    Explained { name: key.name.clone(), kind: "former ConfigMap key", text }
}

fn of_flag(flag: &Flag) -> Explained {
    let text = Page::default()
        .field("FLAG", &flag.name)
        .field("TYPE", flag.value_type)
        .maybe("DEFAULT", flag.default.as_ref())
        .section("DESCRIPTION", &[&flag.effect])
        .items("NOTES", &flag.notes)
        .take();
    Explained { name: flag.name.clone(), kind: "flag", text }
}

fn of_finding(entry: &FindingEntry) -> Explained {
    let text = Page::default()
        .field("FINDING", &entry.code)
        .field("SEVERITY", entry.severity)
        .field("TITLE", &entry.title)
        .section("MESSAGE", &[unfilled(&entry.message)])
        .section("WHY IT MATTERS", &[unfilled(&entry.why)])
        .section("WHAT TO DO", &[unfilled(&entry.advice)])
        .take();
    Explained { name: entry.code.clone(), kind: "finding", text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotation_is_found_with_and_without_prefix() {
        assert_eq!(explain("nginx.ingress.kubernetes.io/rewrite-target"), explain("rewrite-target"));
    }

    #[test]
    fn name_of_annotation_and_key_gives_both() {
        let kinds: Vec<_> = explain("proxy-body-size").iter().map(|explained| explained.kind).collect();
        assert_eq!(kinds, ["annotation", "ConfigMap key"]);
    }

    #[test]
    fn lines_stay_within_eighty_characters() {
        let mut out = String::new();
        wrapped(&mut out, "  - ", &["word"; 40].join(" "));
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
    }

    #[test]
    fn misspelt_query_gets_a_suggestion() {
        assert_eq!(Explained::suggestion("nginx.ingress.kubernetes.io/proxy-boddy-size"), Some("proxy-body-size"));
    }
}
