//! Reasons in one sentence, from the titles of the worst findings.

use super::{
    impact,
    level::Risk,
    model::{Host, Item, Wave},
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

/// How hosts fare, each counted once. Whether one can move is a matter of its wave: it cannot without those that it shares an Ingress with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Fare {
    blocked: usize,
    high: usize,
    medium: usize,
    ready: usize,
    cosmetic: usize,
    waiting: usize,
}

impl Fare {
    /// Of the hosts among these that somebody serves.
    pub(super) fn of<'h>(hosts: impl IntoIterator<Item = &'h Host>, waves: &[Wave]) -> Self {
        let mut fare = Self::default();
        for host in hosts.into_iter().filter(|host| host.is_served()) {
            let wave = waves.iter().find(|wave| wave.number == host.wave).map_or(host.risk, |wave| wave.risk);
            *match (host.risk, wave) {
                (Risk::Blocked, _) => &mut fare.blocked,
                (Risk::High, _) => &mut fare.high,
                (Risk::Medium, _) => &mut fare.medium,
                (Risk::None | Risk::Low, Risk::None) => &mut fare.ready,
                (Risk::None | Risk::Low, Risk::Low) => &mut fare.cosmetic,
                (Risk::None | Risk::Low, Risk::Medium | Risk::High | Risk::Blocked) => &mut fare.waiting,
            } += 1;
        }
        fare
    }

    const fn hosts(&self) -> usize {
        let Self { blocked, high, medium, ready, cosmetic, waiting } = *self;
        blocked + high + medium + ready + cosmetic + waiting
    }

    /// In one sentence; `place` stands behind the word for hosts.
    fn told(&self, place: &str) -> String {
        let occurring = |parts: &[(usize, &'static str, &'static str)]| -> Vec<(usize, &'static str)> {
            let words = parts.iter().filter(|(count, ..)| *count > 0);
            words.map(|&(count, one, many)| (count, if count == 1 { one } else { many })).collect()
        };
        let bad = occurring(&[
            (self.blocked, "would lose protection or stop answering", "would lose protection or stop answering"),
            (self.high, "is likely to break", "are likely to break"),
            (self.medium, "would answer some requests differently", "would answer some requests differently"),
        ]);
        let (now, small, together) = ("can move now", "can move with cosmetic differences only", "can move only together with them");
        let good = occurring(&[(self.ready, now, now), (self.cosmetic, small, small), (self.waiting, together, together)]);
        let hosts = self.hosts();
        if let ([(_, does)], []) | ([], [(_, does)]) = (bad.as_slice(), good.as_slice()) {
            return if hosts == 1 { format!("The only host{place} {does}.") } else { format!("All {hosts} hosts{place} {does}.") };
        }
        let list = |parts: &[(usize, &str)]| joined(&parts.iter().map(|(count, does)| format!("{count} {does}")).collect::<Vec<_>>());
        let parts: Vec<String> = [list(&bad), list(&good)].into_iter().filter(|part| !part.is_empty()).collect();
        format!("Of {hosts} hosts{place} {}.", parts.join("; "))
    }
}

/// What the headline says where Ingresses are taken as left out.
const ASSUMED: &str = " Ingresses with snippets are taken as left out, as no ConfigMap of the controller was read.";

/// How the hosts of an estate fare.
pub(super) fn estate(fare: &Fare, ingresses: usize, refused: bool, assumed: bool) -> String {
    let told = if refused {
        format!(
            "nginx refuses this configuration, so that little can be said of its {} until that is repaired.",
            counted(fare.hosts(), "host", "hosts")
        )
    } else if ingresses == 0 {
        "No Ingress was read, so that there is nothing to move.".to_owned()
    } else if fare.hosts() == 0 {
        "No host is served, so that there is nothing to move.".to_owned()
    } else {
        fare.told("")
    };
    if assumed { told + ASSUMED } else { told }
}

/// How the hosts of several clusters fare.
pub(super) fn clusters(clusters: usize, fare: &Fare, refused: usize, assumed: bool) -> String {
    let place = format!(" in {clusters} clusters");
    if fare.hosts() == 0 {
        return format!("No host is served{place}, so that there is nothing to move.{}", if assumed { ASSUMED } else { "" });
    }
    let mut told = fare.told(&place);
    if refused > 0 {
        told.push_str(&format!(" nginx refuses the configuration of {}.", counted(refused, "cluster", "clusters")));
    }
    if assumed { told + ASSUMED } else { told }
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
        let fare = Fare { blocked: 1, medium: 2, ready: 3, ..Fare::default() };
        assert_eq!(
            estate(&fare, 6, false, false),
            "Of 6 hosts 1 would lose protection or stop answering and 2 would answer some requests differently; 3 can move now."
        );
        assert_eq!(estate(&Fare { ready: 2, ..Fare::default() }, 2, false, false), "All 2 hosts can move now.");
        assert_eq!(estate(&Fare { high: 1, ..Fare::default() }, 1, false, false), "The only host is likely to break.");
        assert_eq!(
            estate(&Fare { high: 1, cosmetic: 1, waiting: 1, ..Fare::default() }, 1, false, false),
            "Of 3 hosts 1 is likely to break; 1 can move with cosmetic differences only and 1 can move only together with them."
        );
        assert_eq!(estate(&Fare::default(), 0, false, false), "No Ingress was read, so that there is nothing to move.");
        assert_eq!(
            estate(&Fare::default(), 1, false, true),
            "No host is served, so that there is nothing to move. Ingresses with snippets are taken as left out, as no ConfigMap of the controller was read."
        );
    }

    #[test]
    fn names_keep_their_capitals() {
        assert_eq!(inner("HTTP version", 1), "HTTP version");
        assert_eq!(inner("Rate limit is lost", 1), "rate limit is lost");
        assert_eq!(inner("Rate limit is lost", 0), "Rate limit is lost");
    }
}
