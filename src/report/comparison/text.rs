//! A comparison on a terminal: hosts, the worst differences first, both traces side by side.

use comfy_table::{ContentArrangement, Table, presets::NOTHING};

use super::{Selection, Sides, open, place, sentence, tally};
use crate::{
    compare::{Comparison, Difference, HostVerdict, Judgement, Treatment, describe, witness},
    k8s::Inventory,
    report::printable,
};

/// Width where the terminal does not tell.
const WIDTH: u16 = 120;
/// Columns before what belongs to a difference; a table brings one of them.
const INDENT: u16 = 5;

/// The whole comparison.
pub fn comparison_text(comparison: &Comparison, sides: Sides<'_>, selection: &Selection) -> String {
    let mut text = String::new();
    // Hosts of one line stand together.
    let mut apart = false;
    for host in &comparison.hosts {
        let mut shown = selection.differences(host).peekable();
        let differs = shown.peek().is_some();
        if selection.only_differences && !differs {
            continue;
        }
        if apart {
            text.push('\n');
        }
        text.push_str(&format!("{}: {}\n", printable(&host.host), verdict(host)));
        let head = text.len();
        for difference in shown {
            self::difference(&mut text, host, difference, sides);
        }
        if !selection.only_differences {
            rest(&mut text, host);
        }
        apart = text.len() > head;
    }
    text.push_str(&format!("\n{}\n", tally(comparison)));
    if let Some(not_compared) = describe::not_compared(comparison) {
        text.push_str(&format!("{not_compared}\n"));
    }
    text
}

fn verdict(host: &HostVerdict) -> String {
    match &host.verdict {
        Judgement::Proved(proof) => format!("proved the same for {}", proof.domain().join(", ")),
        Judgement::Differs => format!("differs ({} kind(s) of request)", host.differences.len()),
        Judgement::Undecided => "undecided".to_owned(),
    }
}

fn difference(text: &mut String, host: &HostVerdict, difference: &Difference, sides: Sides<'_>) {
    let accepted = difference.accepted.as_ref().map_or_else(String::new, |reason| format!(" (accepted: {})", printable(reason)));
    text.push_str(&format!("\n  {}[{}]: {}{accepted}\n", difference.severity, difference.code, printable(&sentence(host, difference))));
    text.push_str(&format!("    for   {}\n", printable(&difference.region)));
    text.push_str(&format!("    try   {}\n", printable(&witness::curl(&difference.witness, "ADDRESS"))));
    for cause in &difference.causes {
        text.push_str(&format!("    from  {}\n", printable(&sides.place(cause))));
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH - INDENT);
    table.set_header(vec![sides.old_name, sides.new_name]);
    let outcome = |treatment: &Treatment| printable(&describe::outcome(&treatment.decision.outcome));
    table.add_row(vec![outcome(&difference.old), outcome(&difference.new)]);
    let (old, new) = (steps(&difference.old, sides.old), steps(&difference.new, sides.new));
    for index in 0..old.len().max(new.len()) {
        let cell = |steps: &[String]| steps.get(index).map_or_else(String::new, |step| format!("- {step}"));
        table.add_row(vec![cell(&old), cell(&new)]);
    }
    // A table drops blanks at the start of lines that it wraps.
    for line in table.lines() {
        let line = format!("{:width$}{line}", "", width = usize::from(INDENT) - 1);
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

fn steps(treatment: &Treatment, inventory: &Inventory) -> Vec<String> {
    treatment
        .decision
        .trace
        .iter()
        .map(|step| {
            let because = step.because.as_ref().map_or_else(String::new, |subject| format!(" [{}]", place(inventory, subject)));
            printable(&format!("{}{because}", step.text))
        })
        .collect()
}

fn rest(text: &mut String, host: &HostVerdict) {
    for undecided in &host.undecided {
        text.push_str(&format!("\n  undecided[{}]: {}\n", undecided.code, printable(&open(host, undecided))));
        if undecided.sampled > 0 {
            text.push_str(&format!("    {} request(s) of it were tried on both sides without a difference\n", undecided.sampled));
        }
    }
    for assumption in &host.assumptions {
        text.push_str(&format!("  assuming that {}\n", printable(assumption)));
    }
    let unlike: Vec<_> = host.probed.iter().filter(|probe| probe.same == Some(false)).collect();
    if !host.probed.is_empty() {
        text.push_str(&format!("  probed: {} unclean request(s), {} treated in another way\n", host.probed.len(), unlike.len()));
    }
    for probe in unlike {
        let (old, new) = describe::outcomes(&probe.old, &probe.new);
        text.push_str(&format!(
            "    {}: {} is {} today, {} afterwards\n",
            probe.family,
            printable(&witness::long(&probe.request)),
            printable(&old),
            printable(&new)
        ));
    }
}
