//! Reasons in one sentence, from the titles of the worst findings.

use super::{
    impact,
    level::{Risk, Spread},
    model::{Cluster, Item},
};
use crate::{
    catalog,
    ledger::{Code, Severity},
};

/// Titles that are named before the rest is counted.
const NAMED: usize = 2;

/// Title of a code.
pub(super) fn title(code: Code) -> &'static str {
    catalog::finding(code.as_str()).map_or(code.as_str(), |entry| entry.title.as_str())
}

/// Why something has its risk: the worst kinds of findings, and how many more there are.
pub(super) fn reason<'i>(items: impl IntoIterator<Item = &'i Item>, risk: Risk, verdict: Option<&str>) -> String {
    let mut kinds: Vec<(Severity, usize, Code)> = items
        .into_iter()
        .filter(|item| item.counts() && item.severity > Severity::Info)
        .map(|item| (item.severity, impact::impact(item.code), item.code))
        .collect();
    kinds.sort_by_key(|(severity, impact, code)| (std::cmp::Reverse(*severity), *impact, *code));
    kinds.dedup();
    if risk == Risk::None || kinds.is_empty() {
        return match verdict {
            Some("proved") => "Proved the same for all clean requests.",
            Some("undecided") => "Nothing was found, but not everything is decided.",
            Some("not-compared") => "No request reaches it.",
            Some(_) => "Differs in nothing that clients or backends would notice.",
            None => "Nothing that clients or backends would notice.",
        }
        .to_owned();
    }
    let named: Vec<String> = kinds.iter().take(NAMED).enumerate().map(|(at, (_, _, code))| inner(title(*code), at)).collect();
    let more = kinds.len().saturating_sub(NAMED);
    match more {
        0 => format!("{}.", named.join(" and ")),
        1 => format!("{}, and one more kind of finding.", named.join(", ")),
        _ => format!("{}, and {more} more kinds of findings.", named.join(", ")),
    }
}

/// A title inside a sentence, unless its first word is a name.
fn inner(title: &str, at: usize) -> String {
    let mut characters = title.chars();
    match (at, characters.next(), characters.clone().next()) {
        (1.., Some(first), Some(second)) if second.is_lowercase() && !title.starts_with("Gateway") && !title.starts_with("Argo") => {
            first.to_lowercase().chain(characters).collect()
        }
        _ => title.to_owned(),
    }
}

/// How the hosts of an estate fare.
pub(super) fn estate(spread: &Spread, hosts: usize, refused: bool) -> String {
    if refused {
        return format!(
            "nginx refuses this configuration, so that little can be said of its {} until that is repaired.",
            counted(hosts, "host", "hosts")
        );
    }
    if hosts == 0 {
        return "No host is served, so that there is nothing to move.".to_owned();
    }
    fare(spread, &format!("{hosts} hosts"))
}

/// How the hosts of several clusters fare.
pub(super) fn clusters(clusters: &[Cluster], spread: &Spread, refused: usize) -> String {
    let hosts: usize = clusters.iter().map(|cluster| cluster.totals.hosts).sum();
    let where_from = format!("in {} clusters", clusters.len());
    if hosts == 0 {
        return format!("No host is served {where_from}, so that there is nothing to move.");
    }
    let told = fare(spread, &format!("{hosts} hosts {where_from}"));
    match refused {
        0 => told,
        _ => format!("{told} nginx refuses the configuration of {}.", counted(refused, "cluster", "clusters")),
    }
}

fn fare(spread: &Spread, hosts: &str) -> String {
    let parts: Vec<String> = [
        (spread.blocked, "would lose protection or stop answering"),
        (spread.high, "are likely to break"),
        (spread.medium, "would answer some requests differently"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, does)| format!("{count} {does}"))
    .collect();
    let ready = spread.low + spread.none;
    if parts.is_empty() {
        return format!("All {hosts} can move now.");
    }
    let rest = if ready > 0 { format!("; {ready} can move now") } else { String::new() };
    format!("Of {hosts} {}{rest}.", joined(&parts))
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// `1 host`, `2 hosts`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estate_is_told_in_one_sentence() {
        let spread = Spread { blocked: 1, medium: 2, none: 3, ..Spread::default() };
        assert_eq!(
            estate(&spread, 6, false),
            "Of 6 hosts 1 would lose protection or stop answering and 2 would answer some requests differently; 3 can move now."
        );
        assert_eq!(estate(&Spread { none: 2, ..Spread::default() }, 2, false), "All 2 hosts can move now.");
    }

    #[test]
    fn names_keep_their_capitals() {
        assert_eq!(inner("HTTP version", 1), "HTTP version");
        assert_eq!(inner("Rate limit is lost", 1), "rate limit is lost");
        assert_eq!(inner("Rate limit is lost", 0), "Rate limit is lost");
    }
}
