//! `gateshift explain snippet -f …`: each snippet of the input, line by line, as nginx reads it.

use std::fmt::Write as _;

use super::{Terminal, Usage, args::Explain, exit::Exit, gather};
use crate::{
    annotations::Effect,
    ingress::{self, Fate},
    k8s::{FieldPath, Inventory, Subject},
    read,
    report::{self, Colours, Diagnostics},
    snippet::{self, Place, Reading},
};

/// Prints every snippet of the files.
pub(super) fn run(arguments: &Explain, terminal: &Terminal) -> anyhow::Result<Exit> {
    let mut paths = arguments.filenames.clone();
    paths.extend(arguments.controller_config.iter().cloned());
    let options = read::Options { paths, recursive: arguments.recursive, namespace: "default".to_owned() };
    let reading = read::read(&options).map_err(|error| Usage(error.to_string()))?;
    let partial = gather::say_faults(&reading, terminal);
    terminal.data(&explained(&reading.inventory))?;
    Ok(if partial { Exit::Partial } else { Exit::Clean })
}

fn explained(inventory: &Inventory) -> String {
    let controller = ingress::controller(inventory, &ingress::Given { config_map: None, arguments: Vec::new() });
    let resolved = ingress::resolve(inventory, &controller, &ingress::Options::of(inventory));
    let prefix = &resolved.config.globals.flags.annotations_prefix;
    let mut out = String::new();
    for map in inventory.config_maps.values() {
        for (key, text) in &map.data {
            let Some(place) = Place::of_config_key(key) else { continue };
            let subject = Subject::new(map.id, FieldPath::from(["data"]).child(key.clone()));
            let used = controller.config_map.as_ref() == Some(&map.meta.key());
            let why = (!used).then(|| "it is not the ConfigMap of the controller".to_owned());
            one(&mut out, inventory, &subject, key, text, place, why);
        }
    }
    for (ingress, facts) in inventory.ingresses.iter().zip(&resolved.ingresses) {
        for (key, text) in &ingress.meta.annotations {
            let Some((name, place)) = key.strip_prefix(prefix.as_str()).and_then(|name| {
                let name = name.strip_prefix('/')?;
                Some((name, Place::of_annotation(name)?))
            }) else {
                continue;
            };
            let why = match &facts.fate {
                Fate::Counts(_) if !*resolved.config.globals.allow_snippets => Some("`allow-snippet-annotations` is off".to_owned()),
                Fate::Counts(_) => blank(name, &facts.annotation(name)),
                fate @ (Fate::Ignored(_) | Fate::LeftOut(_)) => report::without_effect(fate),
            };
            let subject = Subject::new(ingress.id, FieldPath::annotation(key.as_str()));
            one(&mut out, inventory, &subject, name, text, place, why);
        }
    }
    if out.is_empty() {
        out.push_str("no snippets\n");
    } else if controller.config_map.as_ref().is_none_or(|name| !inventory.config_maps.contains_key(name)) {
        out.insert_str(
            0,
            "The ConfigMap of the controller was not read: its defaults are assumed, with which snippets have no effect. \
             `--controller-config FILE` names it.\n\n",
        );
    }
    out
}

/// Why an annotation is not written into the configuration.
fn blank(name: &str, effect: &Effect) -> Option<String> {
    match effect {
        Effect::Idle { needs } => Some(format!("it needs `{needs}`")),
        Effect::Superseded { by } => Some(format!("`{by}` takes its place")),
        Effect::Blanked => Some("snippets are switched off".to_owned()),
        Effect::Unusable(_) => Some(format!("the value of `{name}` cannot be used")),
        Effect::Used | Effect::Unknown => None,
    }
}

fn one(out: &mut String, inventory: &Inventory, subject: &Subject, name: &str, text: &str, place: Place, without_effect: Option<String>) {
    let diagnostics = Diagnostics::new(inventory, Colours::Off);
    let at = diagnostics.span(subject).map_or_else(String::new, |span| format!(" ({})", diagnostics.location(span)));
    if !out.is_empty() {
        out.push('\n');
    }
    writeln!(out, "{name} of {}{at}", inventory.object(subject.object)).expect("INVARIANT: a String takes all text");
    let refuses = if without_effect.is_some() { "nginx would refuse" } else { "nginx refuses" };
    if let Some(why) = without_effect {
        writeln!(out, "without effect: {why}").expect("INVARIANT: a String takes all text");
    }
    for line in snippet::explain(&Reading::new(text, place)).lines() {
        let line = line.replacen("nginx refuses", refuses, 1);
        let harmless: String = line.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect();
        out.push_str(&harmless);
        out.push('\n');
    }
}
