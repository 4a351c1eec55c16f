//! `gateshift trace`: what happens to one request, or to a list of them, on either side.

use anyhow::bail;
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{
    Terminal, Usage,
    args::{Trace, TraceFormat},
    estate::{self, Aim, New, Old},
    exit::Exit,
    gather,
    requests::{self, Asked},
};
use crate::{
    compare::{self, Decided, Judged, Requests, Router},
    ingress,
    k8s::Inventory,
    nginx,
    read::{self, Reading},
    report::{self, Diagnostics, observed},
    request::{Step, Unknown},
};

/// Runs the verb.
pub(super) fn run(arguments: &Trace, terminal: &Terminal) -> anyhow::Result<Exit> {
    let file = if let Some(path) = &arguments.requests {
        requests::read(path)?
    } else {
        let asked = requests::line(&arguments.request.join(" "), &arguments.headers, arguments.client.as_deref())
            .map_err(|error| Usage(error.to_string()))?;
        requests::RequestFile { requests: vec![asked], ..requests::RequestFile::default() }
    };
    let run = |context: Option<&str>| one(arguments, &file, context, terminal);
    // What came with the requests is no cluster.
    if reads_given(arguments, &file) {
        return run(None);
    }
    match arguments.output {
        TraceFormat::Json => gather::each_context(&arguments.input, terminal, run),
        TraceFormat::Text => gather::each_context_named(&arguments.input, terminal, run),
    }
}

/// The old side is what came with the requests.
fn reads_given(arguments: &Trace, file: &requests::RequestFile) -> bool {
    file.given.is_some() && arguments.input.filenames.is_empty()
}

fn one(arguments: &Trace, file: &requests::RequestFile, context: Option<&str>, terminal: &Terminal) -> anyhow::Result<Exit> {
    let old = old(arguments, file, context)?;
    let mut partial = old.as_ref().is_some_and(|old| gather::say_faults(&old.reading, terminal));
    if let Some(old) = &old {
        gather::say_assumptions(old, terminal);
    }
    let new = match (&old, arguments.old_only) {
        (_, true) => None,
        (_, false) if !arguments.against.is_empty() => {
            let (new, broken) = against(arguments, old.as_ref(), terminal)?;
            partial |= broken;
            Some(new)
        }
        (Some(old), false) if arguments.against_cluster => {
            Some(gather::cluster_side(&arguments.input, &arguments.controller, &arguments.gateway, &old.reading.inventory)?)
        }
        (Some(old), false) => {
            let aim = Aim::of(&arguments.gateway, Some(&old.reading.inventory));
            let translation = old.translate(&estate::options(&arguments.gateway, aim, &old.reading.inventory)?);
            Some(New::of_conversion(old, &translation, &arguments.gateway)?)
        }
        (None, false) => bail!(Usage("name Ingresses with -f, or manifests with --against".to_owned())),
    };
    let router = old.as_ref().map(|old| nginx::Router::new(&old.resolved.config));
    let mut output = String::new();
    for asked in &file.requests {
        let answer = ask(router.as_ref(), new.as_ref(), asked);
        match arguments.output {
            TraceFormat::Json => {
                output.push_str(&json_line(asked, &answer, gather::named(&arguments.input, context)).to_string());
                output.push('\n');
            }
            TraceFormat::Text => text(&mut output, asked, &answer, old.as_ref(), new.as_ref(), terminal),
        }
    }
    terminal.data(&output)?;
    Ok(if partial { Exit::Partial } else { Exit::Clean })
}

/// What each side that was asked says.
struct Answer {
    old: Option<Decided>,
    new: Option<Decided>,
    both: Option<Judged>,
}

fn ask(old: Option<&nginx::Router<'_>>, new: Option<&New>, asked: &Asked) -> Answer {
    let both = old.zip(new).map(|(old, new)| Requests::new(old, &new.config).ask(&asked.request, &Unknown));
    Answer {
        old: old.map(|old| Router::decide(old, &asked.request, &Unknown)),
        new: new.map(|new| Router::decide(&new.config, &asked.request, &Unknown)),
        both,
    }
}

/// The old side: files of the command line, else what came with the requests.
fn old(arguments: &Trace, file: &requests::RequestFile, context: Option<&str>) -> anyhow::Result<Option<Old>> {
    let named = !arguments.input.filenames.is_empty();
    match &file.given {
        Some(given) if reads_given(arguments, file) => {
            let options = read::Options { namespace: arguments.input.namespace_of_objects(), ..read::Options::default() };
            let reading = read::texts([("given".to_owned(), given.clone())], &options);
            let config_map: IndexMap<String, String> = file.config_map.iter().cloned().collect();
            let mut flags = file.flags.clone();
            flags.extend(arguments.controller.arguments());
            let controller = ingress::controller(&reading.inventory, &ingress::Given { config_map: Some(config_map), arguments: flags });
            // A case names everything that there is.
            Ok(Some(Old::with(reading, controller, &ingress::Options::CLOSED)))
        }
        Some(_) | None if named || arguments.against.is_empty() => {
            let with_gateways = arguments.against_cluster || arguments.gateway.existing_gateway.is_some();
            let reading = gather::reading(&arguments.input, Some(&arguments.controller), gather::More::gateways(with_gateways), context)?;
            Ok(Some(Old::new(reading, &arguments.controller)))
        }
        Some(_) | None => Ok(None),
    }
}

/// The manifests, and whether something of them could not be read.
fn against(arguments: &Trace, old: Option<&Old>, terminal: &Terminal) -> anyhow::Result<(New, bool)> {
    let Reading { inventory, partial, .. } = estate::manifests(&arguments.against, &arguments.input, terminal)?;
    let facts: Option<&Inventory> = old.map(|old| &old.reading.inventory);
    let judge = Aim::of(&arguments.gateway, facts).judge();
    let new = New::new(inventory, facts, estate::dialect_of(&arguments.gateway)?, &judge);
    Ok((new, partial))
}

fn json_line(asked: &Asked, answer: &Answer, context: Option<&str>) -> Value {
    let side = |decided: Option<&Decided>| decided.map_or(Value::Null, |decided| observed(&decided.decision, decided.undecided.as_deref()));
    let (same, codes) = match &answer.both {
        Some(judged) if judged.limited && asked.repeated => (json!(false), json!(["policy/rate-limit"])),
        Some(judged) => (json!(judged.same == Some(true)), json!(codes(judged))),
        None => (Value::Null, json!([])),
    };
    let mut line =
        json!({"request": asked.asked, "old": side(answer.old.as_ref()), "new": side(answer.new.as_ref()), "same": same, "codes": codes});
    if let Some(judged) = answer.both.as_ref().filter(|judged| !judged.assumptions.is_empty()) {
        line["assumptions"] = json!(judged.assumptions);
    }
    if let Some(context) = context {
        line["context"] = json!(context);
    }
    line
}

fn text(output: &mut String, asked: &Asked, answer: &Answer, old: Option<&Old>, new: Option<&New>, terminal: &Terminal) {
    output.push_str(&report::printable(&compare::witness::long(&asked.request)));
    output.push('\n');
    let mut side = |name: &str, decided: &Decided, inventory: &Inventory| {
        output.push_str(&format!("\n{name}: {}\n", report::printable(&compare::describe::outcome(&decided.decision.outcome))));
        if let Some(why) = &decided.undecided {
            output.push_str(&format!("  undecided: {}\n", report::printable(why)));
        }
        let diagnostics = Diagnostics::new(inventory, terminal.colours);
        for step in &decided.decision.trace {
            output.push_str(&line(step, &diagnostics, inventory));
        }
    };
    if let (Some(decided), Some(old)) = (&answer.old, old) {
        side("ingress-nginx", decided, &old.reading.inventory);
    }
    if let (Some(decided), Some(new)) = (&answer.new, new) {
        side("Gateway API", decided, &new.inventory);
    }
    if let Some(judged) = &answer.both {
        let verdict = match judged.same {
            Some(true) => "the same on both sides".to_owned(),
            None => unknown(judged),
            Some(false) => format!("differs: {}", codes(judged).join(", ")),
        };
        output.push_str(&format!("\n{verdict}\n"));
    }
    output.push('\n');
}

/// The verdict where nobody knows, and what would have to be true.
pub(super) fn unknown(judged: &Judged) -> String {
    let verdict = "not known to be the same";
    if judged.assumptions.is_empty() { verdict.to_owned() } else { format!("{verdict}: only if {}", judged.assumptions.join(" and ")) }
}

/// Codes of what differs, the gravest first, each once.
pub(super) fn codes(judged: &Judged) -> Vec<&'static str> {
    let mut codes = Vec::new();
    for mismatch in &judged.mismatches {
        if !codes.contains(&mismatch.code.as_str()) {
            codes.push(mismatch.code.as_str());
        }
    }
    codes
}

fn line(step: &Step, diagnostics: &Diagnostics<'_>, inventory: &Inventory) -> String {
    let place = step.because.as_ref().map(|subject| {
        let object = inventory.object(subject.object);
        match diagnostics.span(subject) {
            Some(span) => format!(" ({object}, {})", diagnostics.location(span)),
            None => format!(" ({object})"),
        }
    });
    format!("  - {}{}\n", report::printable(&step.text), report::printable(&place.unwrap_or_default()))
}
