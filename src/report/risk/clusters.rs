//! Several clusters as one estate: lists are joined, and what points into them is shifted.

use std::collections::BTreeSet;

use super::{
    actions,
    model::{Cluster, Host, IngressRow, Item, Share, Totals, Wave},
    rows,
    sentence::{self, Fare},
    waves::Effort,
};

/// What was found in a cluster. Positions are its own.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) cluster: String,
    pub(super) items: Vec<Item>,
    pub(super) hosts: Vec<Host>,
    pub(super) ingresses: Vec<IngressRow>,
    pub(super) totals: Totals,
}

/// All lists of an estate, and name and numbers of each cluster.
pub(super) struct Joined {
    pub(super) items: Vec<Item>,
    pub(super) hosts: Vec<Host>,
    pub(super) ingresses: Vec<IngressRow>,
    pub(super) parts: Vec<(String, Totals)>,
}

/// Joins clusters, and findings that are about none of them.
pub(super) fn join(parts: Vec<Part>, items: Vec<Item>) -> Joined {
    let several = parts.len() > 1;
    let mut joined = Joined { items, hosts: Vec::new(), ingresses: Vec::new(), parts: Vec::new() };
    for (at, mut part) in parts.into_iter().enumerate() {
        part.shift(joined.items.len(), joined.hosts.len(), joined.ingresses.len());
        if several {
            part.belongs_to(at);
        }
        let Part { cluster, items, hosts, ingresses, totals } = part;
        joined.items.extend(items);
        joined.hosts.extend(hosts);
        joined.ingresses.extend(ingresses);
        joined.parts.push((cluster, totals));
    }
    joined.sort_items();
    joined
}

impl Part {
    /// Makes positions those of lists in which this many stand before its own.
    fn shift(&mut self, items: usize, hosts: usize, ingresses: usize) {
        let add = |list: &mut [usize], count: usize| list.iter_mut().for_each(|at| *at += count);
        for item in &mut self.items {
            add(&mut item.hosts, hosts);
            add(&mut item.ingresses, ingresses);
        }
        for host in &mut self.hosts {
            add(&mut host.findings, items);
            add(&mut host.ingresses, ingresses);
        }
        for row in &mut self.ingresses {
            add(&mut row.findings, items);
            add(&mut row.hosts, hosts);
        }
    }

    fn belongs_to(&mut self, cluster: usize) {
        self.items.iter_mut().for_each(|item| item.cluster = Some(cluster));
        self.hosts.iter_mut().for_each(|host| host.cluster = Some(cluster));
        self.ingresses.iter_mut().for_each(|row| row.cluster = Some(cluster));
    }
}

impl Joined {
    /// Puts items of all clusters in one order, and everything that points at them.
    fn sort_items(&mut self) {
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by(|&one, &other| rows::worst_first(&self.items[one], &self.items[other]));
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        let lists = self.hosts.iter_mut().map(|host| &mut host.findings).chain(self.ingresses.iter_mut().map(|row| &mut row.findings));
        for list in lists {
            for at in list.iter_mut() {
                *at = place[*at];
            }
            list.sort_unstable();
        }
        let mut slots: Vec<Option<Item>> = std::mem::take(&mut self.items).into_iter().map(Some).collect();
        self.items.extend(order.into_iter().filter_map(|old| slots[old].take()));
    }
}

/// Rows of all clusters, after waves were planned.
pub(super) fn rows(parts: Vec<(String, Totals)>, hosts: &[Host], ingresses: &[IngressRow], items: &[Item], plan: &[Wave]) -> Vec<Cluster> {
    let row = |(at, (name, totals))| row(at, name, totals, hosts, ingresses, items, plan);
    parts.into_iter().enumerate().map(row).collect()
}

fn row(at: usize, name: String, mut totals: Totals, hosts: &[Host], ingresses: &[IngressRow], items: &[Item], plan: &[Wave]) -> Cluster {
    let own = || items.iter().filter(|item| item.cluster == Some(at));
    rows::count(&mut totals, own());
    let (risk, counts) = rows::weigh(own());
    let waves = shares(at, hosts, items);
    Cluster {
        reason: sentence::estate(
            &Fare::of(hosts.iter().filter(|host| host.cluster == Some(at)), plan),
            totals.ingresses,
            own().any(actions::refuses),
            own().any(actions::assumes),
        ),
        name,
        risk,
        counts,
        totals,
        minutes: waves.iter().map(|share| share.minutes).sum(),
        waves,
        hosts: positions(hosts, |host| host.cluster == Some(at)),
        ingresses: positions(ingresses, |row| row.cluster == Some(at)),
    }
}

fn positions<T>(list: &[T], wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    list.iter().enumerate().filter(|(_, one)| wanted(one)).map(|(at, _)| at).collect()
}

/// What one cluster has to do, wave by wave, as if it were alone.
fn shares(cluster: usize, hosts: &[Host], items: &[Item]) -> Vec<Share> {
    let own = || hosts.iter().filter(|host| host.cluster == Some(cluster) && host.wave > 0);
    let numbers: BTreeSet<usize> = own().map(|host| host.wave).collect();
    let mut effort = Effort::default();
    numbers
        .into_iter()
        .map(|wave| {
            let members: Vec<&Host> = own().filter(|host| host.wave == wave).collect();
            let findings: BTreeSet<usize> = members.iter().flat_map(|host| host.findings.iter().copied()).collect();
            Share { wave, hosts: members.len(), minutes: effort.of(members.len(), findings.iter().map(|&at| &items[at])) }
        })
        .collect()
}
