//! In which order hosts can move: those that share an Ingress move together, the harmless ones first.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    level::Risk,
    model::{Host, IngressRow, Item, Wave},
    sentence::counted,
};
use crate::ledger::{Code, Severity};

/// Work for each host, in minutes: switch it, look at it, keep the way back open.
const HOST: usize = 15;
/// Hosts with which to start, where there are many more of their kind.
const PILOT: usize = 5;

/// How effort is counted, for people.
pub(super) fn rule() -> String {
    let cost = |severity| format!("{} min", first(severity));
    format!(
        "{HOST} min for each host to switch and watch it, and for each kind of finding {} (blocked), {} (high), {} (medium) the first time, a sixth of it for each further Ingress or host. \
         An estimate to compare waves by, not a promise.",
        cost(Severity::Blocked),
        cost(Severity::High),
        cost(Severity::Medium)
    )
}

const fn first(severity: Severity) -> usize {
    match severity {
        Severity::Blocked => 240,
        Severity::High => 120,
        Severity::Medium => 30,
        Severity::Low | Severity::Info => 0,
    }
}

/// Counts the work of findings, and remembers which kinds were met.
#[derive(Debug, Default)]
pub(super) struct Effort {
    met: BTreeSet<Code>,
    done: BTreeSet<(Code, Option<usize>, Option<usize>)>,
}

impl Effort {
    /// Minutes for hosts with these findings.
    pub(super) fn of<'i>(&mut self, hosts: usize, items: impl IntoIterator<Item = &'i Item>) -> usize {
        let mut minutes = hosts * HOST;
        for item in items.into_iter().filter(|item| item.counts()) {
            // The same thing said of several regions of a host is one piece of work.
            let host = if item.ingresses.is_empty() { item.hosts.first() } else { None };
            if self.done.insert((item.code, item.ingresses.first().copied(), host.copied())) {
                let whole = first(item.severity);
                minutes += if self.met.insert(item.code) { whole } else { whole / 6 };
            }
        }
        minutes
    }
}

/// Units of hosts that share an Ingress, by position.
fn units(hosts: &[Host], ingresses: &[IngressRow]) -> Vec<Vec<usize>> {
    let mut parent: Vec<usize> = (0..hosts.len()).collect();
    fn root(parent: &mut [usize], mut at: usize) -> usize {
        while parent[at] != at {
            parent[at] = parent[parent[at]];
            at = parent[at];
        }
        at
    }
    for ingress in ingresses {
        if let Some((&one, rest)) = ingress.hosts.split_first() {
            for &other in rest {
                let (one, other) = (root(&mut parent, one), root(&mut parent, other));
                parent[one.max(other)] = one.min(other);
            }
        }
    }
    let mut units: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, host) in hosts.iter().enumerate() {
        // Where nobody has a route there is nothing to move.
        if !host.ingresses.is_empty() {
            let root = root(&mut parent, at);
            units.entry(root).or_default().push(at);
        }
    }
    units.into_values().collect()
}

/// The plan; sets the wave of each host.
pub(super) fn plan(hosts: &mut [Host], ingresses: &[IngressRow], items: &[Item]) -> Vec<Wave> {
    let mut by_risk: BTreeMap<Risk, Vec<Vec<usize>>> = BTreeMap::new();
    for unit in units(hosts, ingresses) {
        let risk = unit.iter().map(|&host| hosts[host].risk).max().unwrap_or_default();
        by_risk.entry(risk).or_default().push(unit);
    }
    let mut groups: Vec<(Risk, bool, Vec<Vec<usize>>)> = Vec::new();
    for (risk, mut units) in by_risk {
        // Small units first: they are the easiest to watch and to take back.
        units.sort_by_key(|unit| (unit.iter().map(|&host| hosts[host].size).sum::<usize>(), unit.clone()));
        if groups.is_empty() && risk < Risk::High && units.iter().map(Vec::len).sum::<usize>() > 2 * PILOT {
            let rest = units.split_off(PILOT.min(units.len()));
            groups.push((risk, true, units));
            units = rest;
        }
        groups.push((risk, false, units));
    }
    let mut effort = Effort::default();
    let mut waves = Vec::new();
    for (at, (risk, pilot, units)) in groups.into_iter().filter(|(_, _, units)| !units.is_empty()).enumerate() {
        let number = at + 1;
        let members: BTreeSet<usize> = units.iter().flatten().copied().collect();
        for &host in &members {
            hosts[host].wave = number;
        }
        let findings: BTreeSet<usize> = members.iter().flat_map(|&host| hosts[host].findings.iter().copied()).collect();
        let of: BTreeSet<usize> = members.iter().flat_map(|&host| hosts[host].ingresses.iter().copied()).collect();
        let minutes = effort.of(members.len(), findings.iter().map(|&at| &items[at]));
        waves.push(Wave {
            number,
            title: title(risk, pilot).to_owned(),
            risk,
            reason: reason(risk, pilot, &units),
            hosts: members.len(),
            ingresses: of.len(),
            minutes,
            units,
        });
    }
    waves
}

const fn title(risk: Risk, pilot: bool) -> &'static str {
    match (risk, pilot) {
        (_, true) => "Pilot",
        (Risk::None, false) => "Move now",
        (Risk::Low, false) => "Move, and mind the small print",
        (Risk::Medium, false) => "Move after a look at what changes",
        (Risk::High, false) => "Repair first, then move",
        (Risk::Blocked, false) => "Decide first: protection or service is lost",
    }
}

fn reason(risk: Risk, pilot: bool, units: &[Vec<usize>]) -> String {
    let why = match (risk, pilot) {
        (Risk::None, _) => "Nothing changes for clients or backends",
        (Risk::Low, _) => "Only cosmetic differences",
        (Risk::Medium, _) => "Some requests are answered differently; check the witnesses with the owners",
        (Risk::High, _) => "Likely to break as converted",
        (Risk::Blocked, _) => "Routes are withheld, so they answer 500 until the finding is settled",
    };
    let shared = units.iter().filter(|unit| unit.len() > 1).count();
    let small = if pilot { "; a few small hosts to learn from" } else { "" };
    let together = if shared > 0 {
        format!("; {} together because of a shared Ingress", counted(shared, "group must move", "groups must move"))
    } else {
        String::new()
    };
    format!("{why}{small}{together}.")
}

/// Minutes for people: `45 min`, `6 h`, `3 d`.
pub fn duration(minutes: usize) -> String {
    const DAY: usize = 8 * 60;
    match minutes {
        0..90 => format!("{minutes} min"),
        90..DAY => format!("{} h", (minutes + 30) / 60),
        _ if minutes < 10 * DAY => {
            let halves = (2 * minutes + DAY / 2) / DAY;
            if halves.is_multiple_of(2) { format!("{} d", halves / 2) } else { format!("{}.5 d", halves / 2) }
        }
        _ => format!("{} d", (minutes + DAY / 2) / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_rounded_as_people_do() {
        let words: Vec<String> = [45, 100, 480, 700, 960, 48_000].map(duration).into();
        assert_eq!(words, ["45 min", "2 h", "1 d", "1.5 d", "2 d", "100 d"]);
    }
}
