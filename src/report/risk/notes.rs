//! Findings that the closed ledger alone can tell: what was not carried over without anybody saying so, and annotations that never worked.

use std::collections::BTreeSet;

use crate::{
    annotations::{Effect, TOO_RISKY},
    catalog::{self, Belongs, Key},
    ingress::{Fate, IngressFacts, LeftOut, Resolved},
    k8s::{FieldPath, Inventory, ObjectId, Step, Subject},
    ledger::{Code, Entry, Facts, Finding, Ledger, Settlement},
    snippet::{self, Place},
};

/// Findings of the ledger, beside those that were made already.
pub(super) fn of_ledger(ledger: &Ledger, known: &[Finding], inventory: &Inventory, resolved: &Resolved) -> Vec<Finding> {
    let said: BTreeSet<(Code, Option<ObjectId>)> =
        known.iter().map(|finding| (finding.code, finding.subject.as_ref().map(|subject| subject.object))).collect();
    let prefix = &resolved.config.globals.flags.annotations_prefix;
    let mut findings = Vec::new();
    for entry in ledger.entries() {
        let Some(settlement) = &entry.settlement else { continue };
        match settlement {
            Settlement::Differs { codes } | Settlement::Unmappable { codes } | Settlement::Policy { codes, .. } => {
                let new = codes.iter().filter(|code| !said.contains(&(**code, Some(entry.subject.object))) && sayable(**code, entry));
                findings.extend(new.map(|code| Finding::about(*code, entry.subject.clone(), facts(entry, inventory))));
            }
            Settlement::NoEffect { .. } | Settlement::Unknown { .. } => findings.extend(dead(entry, inventory, prefix)),
            Settlement::Exact => {}
        }
    }
    findings
}

/// The wording needs nothing but what an entry knows. What is said of paths was said by whoever decided about them.
fn sayable(code: Code, entry: &Entry) -> bool {
    let Some(text) = catalog::finding(code.as_str()).map(|found| found.message.as_str()) else { return false };
    let known = ["ingress", "annotation", "key", "value"];
    let of_key = matches!(entry.subject.field.steps().first(), Some(Step::Key(first)) if first == "metadata" || first == "data");
    of_key && text.split('{').skip(1).all(|rest| rest.split_once('}').is_some_and(|(fact, _)| known.contains(&fact)))
}

/// The last key of the place.
fn key(entry: &Entry) -> &str {
    match entry.subject.field.steps().last() {
        Some(Step::Key(key)) => key,
        Some(Step::Index(_)) | None => "",
    }
}

fn facts(entry: &Entry, inventory: &Inventory) -> Facts {
    let object = inventory.object(entry.subject.object);
    vec![
        ("ingress", format!("{}/{}", object.namespace, object.name)),
        ("annotation", key(entry).to_owned()),
        ("key", key(entry).to_owned()),
        ("value", entry.value.clone()),
    ]
}

/// An annotation that the ledger settled as without effect or unknown, and that never worked.
fn dead(entry: &Entry, inventory: &Inventory, prefix: &str) -> Option<Finding> {
    let [Step::Key(first), Step::Key(second), Step::Key(key)] = entry.subject.field.steps() else { return None };
    if first != "metadata" || second != "annotations" {
        return None;
    }
    let mut facts = facts(entry, inventory);
    let code = match catalog::resolve(key, prefix) {
        Key::Historical(old) => {
            facts.push(("today", sentence(&old.today)));
            facts.push(("advice", old.advice.clone()));
            Code::AnnotationRemoved
        }
        Key::Foreign(foreign) if foreign.belongs == Belongs::OtherController => {
            facts.push(("reader", foreign.reader.clone()));
            Code::AnnotationOtherController
        }
        Key::WrongPrefix { meant, .. } => {
            facts.push(("meant", format!("{prefix}/{}", meant.name)));
            Code::AnnotationWrongPrefix
        }
        Key::Unknown { suggestion, configmap, .. } => {
            let hint = match (suggestion, configmap) {
                (_, Some(_)) => "; it is a key of the ConfigMap".to_owned(),
                (Some(name), None) => format!("; `{prefix}/{name}` was meant, it seems"),
                (None, None) => String::new(),
            };
            facts.push(("hint", hint));
            Code::AnnotationMisspelt
        }
        Key::Ours(_) | Key::Alias { .. } | Key::Core(_) | Key::Foreign(_) | Key::Unrelated => return None,
    };
    Some(Finding::about(code, entry.subject.clone(), facts))
}

/// A sentence as part of another one.
fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let mut characters = text.chars();
    match (characters.next(), characters.clone().next()) {
        (Some(first), Some(second)) if second.is_lowercase() || second == ' ' => first.to_lowercase().chain(characters).collect(),
        _ => text.to_owned(),
    }
}

/// Hosts in regex mode of which nothing else is said, because every path is meant as an expression.
pub(super) fn regex_hosts(resolved: &Resolved, known: &[Finding]) -> Vec<Finding> {
    let said: BTreeSet<&str> = known
        .iter()
        .filter(|finding| matches!(finding.code, Code::NginxRegexHost | Code::PathRegexTightened | Code::PathNeedsCaselessRegex))
        .flat_map(|finding| finding.facts.iter().filter(|(name, _)| *name == "host").map(|(_, host)| host.as_str()))
        .collect();
    let config = &resolved.config;
    let quiet = config.servers.iter().filter(|server| server.regex && !said.contains(server.host.as_str()));
    quiet
        .filter_map(|server| {
            let (ingress, annotation) = server.regex_because.first()?;
            let facts = vec![
                ("host", server.host.clone()),
                ("annotation", (*annotation).to_owned()),
                ("ingress", config.ingress(*ingress).name.to_string()),
            ];
            Some(Finding::about(Code::NginxRegexPaths, config.annotation(*ingress, annotation), facts))
        })
        .collect()
}

/// Directives of snippets that have no effect only because the defaults of the controller are assumed.
pub(super) fn snippets_assumed_off(inventory: &Inventory, resolved: &Resolved) -> Vec<Finding> {
    let prefix = &resolved.config.globals.flags.annotations_prefix;
    let mut findings = Vec::new();
    for (ingress, facts) in inventory.ingresses.iter().zip(&resolved.ingresses) {
        for (key, text) in &ingress.meta.annotations {
            let name = key.strip_prefix(prefix.as_str()).and_then(|rest| rest.strip_prefix('/'));
            let Some((name, place)) = name.and_then(|name| Some((name, Place::of_annotation(name)?))) else { continue };
            if !is_off(facts, name) {
                continue;
            }
            let subject = Subject::new(ingress.id, FieldPath::annotation(key.as_str()));
            let directives = snippet::read(text, place).directives;
            let places = inventory.parts_of_text(&subject, text, directives.iter().map(snippet::Directive::head));
            for (directive, at) in directives.iter().zip(places) {
                let words = text[directive.head()].split_whitespace().collect::<Vec<_>>().join(" ");
                let facts = vec![
                    ("directive", words),
                    ("line", (1 + text[..directive.span.start].matches('\n').count()).to_string()),
                    ("annotation", name.to_owned()),
                    ("ingress", ingress.meta.key().to_string()),
                ];
                findings.push(Finding { at, ..Finding::about(Code::SnippetAssumedOff, subject.clone(), facts) });
            }
        }
    }
    findings
}

/// The snippet is not written, or the Ingress is left out, because the ConfigMap does not allow it.
fn is_off(facts: &IngressFacts, name: &str) -> bool {
    match &facts.fate {
        Fate::Counts(_) => facts.annotation(name) == Effect::Blanked,
        Fate::LeftOut(LeftOut::Annotation(dropped)) => dropped.why == TOO_RISKY,
        Fate::Ignored(_) | Fate::LeftOut(LeftOut::Inspection(_) | LeftOut::Word { .. }) => false,
    }
}
