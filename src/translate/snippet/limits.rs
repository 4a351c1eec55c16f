//! Address lists, times and rates of snippets as intents.

use std::collections::BTreeSet;

use crate::{
    gateway::Intent,
    ledger::Settlement,
    nginx::{IngressId, code::Directive},
    translate::context::{Cx, unmappable},
};

use super::{
    Annotated, Around, Here, WITHHELD,
    lines::{Closed, Listed},
};

/// A time of nginx in seconds, rounded up.
fn seconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let number: u64 = number.parse().ok()?;
    Some(match unit {
        "" | "s" => number,
        "ms" => number.div_ceil(1000),
        "m" => number.saturating_mul(60),
        "h" => number.saturating_mul(3600),
        "d" => number.saturating_mul(86_400),
        _ => return None,
    })
}

/// A size of nginx in bytes.
pub(super) fn size(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let (number, factor) = match lower.as_bytes().last()? {
        b'k' => (&lower[..lower.len() - 1], 1 << 10),
        b'm' => (&lower[..lower.len() - 1], 1 << 20),
        b'g' => (&lower[..lower.len() - 1], 1 << 30),
        _ => (lower.as_str(), 1),
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

impl Cx<'_> {
    /// `allow` and `deny` of the innermost block that has any; the lists of annotations stand in the location, before its snippets.
    pub(super) fn lists(&mut self, around: &Around<'_>) -> Listed {
        let levels = around.levels();
        let is_list = |here: &&Here<'_>| matches!(here.line.directive, Directive::Access { .. });
        let innermost = levels.iter().rposition(|level| level.iter().any(|here| is_list(&here)));
        let location = levels.len() - 1;
        let own = !matches!(around.annotated, Annotated::Nothing);
        let at = if own { Some(location) } else { innermost };
        let Some(at) = at else { return Listed::AsBefore };
        for here in levels[..at].iter().flatten().filter(is_list) {
            self.idle(here, "lists of a block inside hide it");
        }
        let lists: Vec<Here<'_>> = levels[at].iter().filter(is_list).copied().collect();
        let Some(first) = lists.first().copied() else { return Listed::AsBefore };
        let before: &[String] = match &around.annotated {
            Annotated::Nothing => &[],
            Annotated::Denies(networks) => networks,
            Annotated::Decides => {
                for here in &lists {
                    self.idle(here, "the list of an annotation stands before it and decides about everybody");
                }
                return Listed::AsBefore;
            }
        };
        let (mut allow, mut deny, mut open) = (BTreeSet::new(), BTreeSet::new(), true);
        let mut mixed = false;
        for here in &lists {
            let Directive::Access { allow: allowed, network } = &here.line.directive else { continue };
            match (allowed, network) {
                (_, None) => {
                    open = *allowed;
                    break;
                }
                (true, Some(network)) => drop(allow.insert(network.to_string())),
                (false, Some(network)) => {
                    // What is denied behind something that is allowed is another order than that of policies.
                    mixed |= !allow.is_empty();
                    deny.insert(network.to_string());
                }
            }
        }
        if open && deny.is_empty() {
            for here in &lists {
                self.idle(here, "it lets everybody pass");
            }
            // A list inside hides `block-cidrs`, even one that lets everybody pass.
            return if own || at == 0 { Listed::AsBefore } else { Listed::Instead };
        }
        if !open && allow.is_empty() {
            let closed = self.closed(&first, 403);
            let settlement = self.directives.get(&first.spot()).cloned().unwrap_or(Settlement::Exact);
            for here in &lists {
                self.settle(here, settlement.clone());
            }
            return Listed::Closed(closed);
        }
        if mixed || (open && !allow.is_empty()) {
            for here in &lists {
                self.lost(here, "its networks stand in an order that policies do not have");
            }
            return Listed::Closed(Closed::Withheld(WITHHELD));
        }
        deny.extend(before.iter().cloned());
        let intent = Intent::AddressLists { allow: allow.into_iter().collect(), deny: deny.into_iter().collect() };
        let Some(ingress) = first.origin.ingress else {
            for here in &lists {
                self.lost(here, "the ConfigMap has no policy of its own");
            }
            return Listed::Closed(Closed::Withheld(WITHHELD));
        };
        let code = self.ask(ingress, &[first.origin.name], &intent, vec![]);
        for here in &lists {
            match code {
                Some(code) => self.settle(here, unmappable(code)),
                None => drop(self.kept_by_target(here, &intent)),
            }
        }
        code.map_or(Listed::Instead, |code| Listed::Closed(Closed::Withheld(code)))
    }

    /// A timeout; nginx counts those of clients and those of backends apart.
    pub(super) fn timeout(&mut self, here: &Here<'_>, owner: IngressId, value: &str) {
        let seconds = seconds(here.word(1));
        let intent = match here.word(0) {
            "proxy_connect_timeout" => Intent::Timeouts { connect: seconds, idle: None },
            "proxy_read_timeout" | "proxy_send_timeout" => Intent::Timeouts { connect: None, idle: seconds },
            _ => return self.kept(here, Some("timeouts of connections with clients are those of the implementation")),
        };
        self.intent(here, owner, &intent, value);
    }

    /// `limit_req` by a zone that a snippet of the ConfigMap defines, or `limit_conn`.
    pub(super) fn rate(&mut self, here: &Here<'_>, owner: IngressId, value: &str) {
        let mut intent = Intent::RateLimit { per_second: 0, per_minute: 0, connections: 0, burst: 1, exempt: Vec::new() };
        if let Intent::RateLimit { per_second, per_minute, connections, burst, .. } = &mut intent {
            let words: Vec<&str> = here.line.text.split(' ').collect();
            let of = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
            if here.word(0) == "limit_conn" {
                *connections = here.word(2).parse().unwrap_or(0);
            } else if let Some(rate) = of("zone=").and_then(|zone| self.zone_rate(zone)) {
                let (number, unit) = rate.split_at(rate.find('r').unwrap_or(rate.len()));
                let number: u64 = number.parse().unwrap_or(0);
                if unit == "r/m" {
                    *per_minute = number;
                } else {
                    *per_second = number;
                }
                let reserve: u64 = of("burst=").and_then(|burst| burst.parse().ok()).unwrap_or(0);
                *burst = (reserve / number.max(1)).max(1);
            }
        }
        self.intent(here, owner, &intent, value);
    }

    /// `rate=` of a zone by the address of the client.
    fn zone_rate(&self, zone: &str) -> Option<String> {
        let snippet = self.config.globals.snippets.iter().find(|snippet| snippet.key == "http-snippet")?;
        snippet.code.all().find_map(|line| {
            let words: Vec<&str> = line.text.split(' ').collect();
            let named = |word: &&str| word.strip_prefix("zone=").and_then(|rest| rest.split(':').next()) == Some(zone);
            let by_client = words.iter().any(|word| ["$binary_remote_addr", "$remote_addr"].contains(word));
            let fits = words.first() == Some(&"limit_req_zone") && by_client && words.iter().any(named);
            fits.then(|| words.iter().find_map(|word| word.strip_prefix("rate=")))?.map(str::to_owned)
        })
    }
}
