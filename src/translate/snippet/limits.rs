//! Address lists, times and rates of snippets as intents.

use std::collections::BTreeSet;

use crate::{
    gateway::{Intent, Per, Rate, Silence, Waits},
    ledger::{Code, Settlement},
    nginx::{IngressId, code::Directive},
    targets::Answer,
    translate::context::{Cx, positive, unmappable},
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
            "proxy_read_timeout" => Intent::Timeouts { connect: None, idle: self.silence(owner, seconds, Waits::ForAnswer) },
            "proxy_send_timeout" => Intent::Timeouts { connect: None, idle: self.silence(owner, seconds, Waits::ForRequest) },
            _ => return self.kept(here, Some("timeouts of connections with clients are those of the implementation")),
        };
        self.intent(here, owner, &intent, value);
    }

    /// Silence in one direction; the other one is as the annotations of the Ingress leave it.
    fn silence(&self, owner: IngressId, seconds: Option<u64>, waits: Waits) -> Option<Silence> {
        let timeouts = &self.config.ingress(owner).settings.proxy.timeouts;
        let other = match waits {
            Waits::ForAnswer => &timeouts.send,
            Waits::ForRequest => &timeouts.read,
        };
        seconds.map(|seconds| Silence { seconds, other: positive(other.value), waits })
    }

    /// Limits by rate and by connections: those of the innermost block count, and annotations write theirs into the location. Gives the
    /// status of refused requests, where snippets say it.
    pub(super) fn rates(&mut self, around: &Around<'_>, owner: IngressId) -> Option<u16> {
        let levels = around.levels();
        let innermost = |name: &str| levels.iter().rposition(|level| level.iter().any(|here| here.word(0) == name));
        let of = |name: &'static str, at: Option<usize>| {
            let at = at.and_then(|at| levels.get(at));
            at.into_iter().flatten().filter(move |here| here.word(0) == name)
        };
        let limits = around.limits.as_deref();
        let by_rate = limits.is_some_and(|limits| limits.per_second > 0 || limits.per_minute > 0);
        let by_connections = limits.is_some_and(|limits| limits.connections > 0);
        let at = innermost("limit_req_status");
        let status = of("limit_req_status", at).next().and_then(|here| here.word(1).parse().ok());
        let dry = of("limit_req_dry_run", innermost("limit_req_dry_run")).any(|here| here.word(1) == "on");
        for (name, annotated, of_status) in
            [("limit_req", by_rate, "limit_req_status"), ("limit_conn", by_connections, "limit_conn_status")]
        {
            let at = if annotated { levels.len().checked_sub(1) } else { innermost(name) };
            let hidden = levels[..at.unwrap_or(0)].iter().flatten().filter(|here| here.word(0) == name);
            for here in hidden {
                self.idle(here, "limits of a block inside hide it");
            }
            let mut intents: Vec<Intent> = Vec::new();
            for here in of(name, at) {
                if dry && name == "limit_req" {
                    self.idle(here, "it refuses nothing: `limit_req_dry_run` is on");
                } else {
                    intents.extend(self.rate(here, owner, status));
                }
            }
            if annotated {
                let rate = Rate { requests: 1, per: Per::Second, burst: 0, at_once: None };
                let (rates, connections) = if name == "limit_req" { (vec![rate], 0) } else { (Vec::new(), 1) };
                intents.push(Intent::RateLimit { rates, connections, exempt: Vec::new(), status });
            }
            for here in levels.iter().flatten().filter(|here| here.word(0) == of_status) {
                match intents.first().map(|intent| self.answer(intent)) {
                    None => self.idle(here, "there is no limit that it is about"),
                    Some(Answer::No(code)) => self.settle(here, unmappable(code)),
                    Some(Answer::Already) => self.settle(here, Settlement::Exact),
                    Some(Answer::Kept { .. }) => drop(self.kept_by_target(here, &intents[0])),
                }
            }
        }
        status
    }

    /// A limit by the address of the client, by a zone that a snippet of the ConfigMap defines; `None` where it counts by something else.
    fn rate(&mut self, here: &Here<'_>, owner: IngressId, status: Option<u16>) -> Option<Intent> {
        let words: Vec<&str> = here.line.text.split(' ').collect();
        let of = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
        let value = here.line.text.split_once(' ').map_or("", |(_, value)| value);
        let limit = match here.word(0) {
            "limit_conn" => self.zone("limit_conn_zone", here.word(1)).map(|_| (Vec::new(), here.word(2).parse().unwrap_or(0))),
            _ => of("zone=").and_then(|zone| self.zone("limit_req_zone", zone)).and_then(|rate| {
                let (number, unit) = rate.split_at(rate.find('r')?);
                let per = if unit == "r/m" { Per::Minute } else { Per::Second };
                let at_once = of("delay=").and_then(|number| number.parse().ok()).or((!words.contains(&"nodelay")).then_some(0));
                let burst = of("burst=").and_then(|burst| burst.parse().ok()).unwrap_or(0);
                Some((vec![Rate { requests: number.parse().ok()?, per, burst, at_once }], 0))
            }),
        };
        let Some((rates, connections)) = limit else {
            let code = if here.word(0) == "limit_conn" { Code::PolicyConnectionLimit } else { Code::PolicyRateLimitKey };
            self.lost_limit(here, owner, code, value);
            return None;
        };
        let intent = Intent::RateLimit { rates, connections, exempt: Vec::new(), status };
        self.intent(here, owner, &intent, value);
        Some(intent)
    }

    /// `rate=` of a zone by the address of the client, empty where it has none; `None` for other zones.
    fn zone(&self, kind: &str, zone: &str) -> Option<String> {
        let snippet = self.config.globals.snippets.iter().find(|snippet| snippet.key == "http-snippet")?;
        snippet.code.all().find_map(|line| {
            let words: Vec<&str> = line.text.split(' ').collect();
            let named = |word: &&str| word.strip_prefix("zone=").and_then(|rest| rest.split(':').next()) == Some(zone);
            let by_client = words.iter().any(|word| ["$binary_remote_addr", "$remote_addr"].contains(word));
            let fits = words.first() == Some(&kind) && by_client && words.iter().any(named);
            fits.then(|| words.iter().find_map(|word| word.strip_prefix("rate=")).unwrap_or_default().to_owned())
        })
    }
}
