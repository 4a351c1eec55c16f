//! A comparison for a pull request or a wiki.

use super::{
    super::formats::{code, prose},
    Selection, Sides, open, sentence, tally,
};
use crate::compare::{Comparison, Judgement, describe, witness};

/// The whole comparison.
pub fn comparison_markdown(comparison: &Comparison, sides: Sides<'_>, selection: &Selection) -> String {
    let mut text = format!("# Routing before and after\n\n{}.\n", tally(comparison));
    if let Some(not_compared) = describe::not_compared(comparison) {
        text.push_str(&format!("\n{}.\n", escape(&not_compared)));
    }
    for host in &comparison.hosts {
        let differences: Vec<_> = selection.differences(host).collect();
        if selection.only_differences && differences.is_empty() {
            continue;
        }
        text.push_str(&format!("\n## {}: {}\n", inline(&host.host), host.verdict.as_str()));
        if let Judgement::Proved(proof) = &host.verdict {
            text.push_str(&format!("\nThe same for {}.\n", escape(&proof.domain().join(", "))));
        }
        if !differences.is_empty() {
            text.push_str(&format!(
                "\n| severity | difference | request | {} | {} |\n|---|---|---|---|---|\n",
                escape(sides.old_name),
                escape(sides.new_name)
            ));
        }
        for difference in differences {
            text.push_str(&format!(
                "| {} | {}: {} | {} | {} | {} |\n",
                difference.severity,
                inline(difference.code.as_str()),
                escape(&sentence(host, difference)),
                inline(&witness::long(&difference.witness)),
                escape(&describe::outcome(&difference.old.decision.outcome)),
                escape(&describe::outcome(&difference.new.decision.outcome)),
            ));
        }
        if !selection.only_differences {
            for undecided in &host.undecided {
                text.push_str(&format!("\nUndecided: {}.\n", escape(&open(host, undecided))));
            }
            for assumption in &host.assumptions {
                text.push_str(&format!("\nAssuming that {}.\n", escape(assumption)));
            }
        }
    }
    text
}

/// Text as code that cannot end its own span, for a cell of a table.
fn inline(text: &str) -> String {
    code(&super::super::printable(text))
}

/// Text in which only backticks are markup, and which fits into a table cell.
fn escape(text: &str) -> String {
    prose(&super::super::printable(text))
}
