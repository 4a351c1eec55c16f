//! Ingresses, hosts, namespaces and owners with what was found about them.

use std::{
    cmp::{Ordering, Reverse},
    collections::{BTreeMap, BTreeSet},
};

use super::{
    Input,
    build::{Builder, field, known_field},
    impact,
    level::{Counts, Risk, Spread},
    model::{Entry, Group, Host, IngressRow, Item, Settled, Totals},
    owner::owner,
    routes, sentence,
    waves::Effort,
};
use crate::{
    compare::Judgement,
    ingress::Fate,
    k8s::{FieldPath, ObjectId, Step, Subject},
    ledger::{Code, Settlement, Standing},
};

/// Items of each position of some list.
fn of_each(count: usize, items: &[Item], of: impl Fn(&Item) -> &[usize]) -> Vec<Vec<usize>> {
    let mut found = vec![Vec::new(); count];
    for (at, item) in items.iter().enumerate() {
        for &position in of(item) {
            found[position].push(at);
        }
    }
    found
}

/// The order in which items are told: the worst first, then by what they mean and where they are.
pub(super) fn worst_first(one: &Item, other: &Item) -> Ordering {
    let key = |item: &Item| (Reverse(item.severity), impact::impact(item.code), item.code);
    key(one).cmp(&key(other)).then_with(|| place(one).cmp(&place(other)))
}

fn place(item: &Item) -> impl Ord + '_ {
    (&item.host, &item.object, &item.file, item.line, &item.field, &item.message, item.cluster)
}

/// The worst of some items, and their number by severity.
pub(super) fn weigh<'i>(items: impl IntoIterator<Item = &'i Item>) -> (Risk, Counts) {
    let mut counts = Counts::default();
    let mut risk = Risk::None;
    for item in items.into_iter().filter(|item| item.counts()) {
        counts.add(item.severity);
        risk = risk.max(item.risk());
    }
    (risk, counts)
}

/// Rows of all Ingresses, in reading order.
pub(super) fn ingresses(builder: &Builder<'_>, items: &[Item]) -> Vec<IngressRow> {
    let Builder { input, names, index, places } = builder;
    let mut ledger: BTreeMap<ObjectId, Vec<&crate::ledger::Entry>> = BTreeMap::new();
    for entry in input.ledger.entries() {
        ledger.entry(entry.subject.object).or_default().push(entry);
    }
    let found = of_each(input.inventory.ingresses.len(), items, |item| &item.ingresses);
    let rows = input.inventory.ingresses.iter().zip(&input.resolved.ingresses).zip(found).enumerate();
    rows.map(|(at, ((ingress, facts), findings))| {
        let place = places.get(&Subject::new(ingress.id, FieldPath::root()));
        let served = matches!(facts.fate, Fate::Counts(_));
        let (risk, counts) = weigh(findings.iter().map(|&at| &items[at]));
        let entries = ledger.get(&ingress.id).into_iter().flatten();
        let ledger: Vec<Entry> = entries.map(|entry| self::entry(builder, entry)).collect();
        let annotations = ingress
            .meta
            .annotations
            .keys()
            .map(|key| names.field(key, known_field(&Subject::new(ingress.id, FieldPath::annotation(key.clone())))));
        let mut reason = sentence::reason(findings.iter().map(|&at| &items[at]), risk, None);
        if !served && risk == Risk::None {
            "Not served by this controller, and not converted.".clone_into(&mut reason);
        }
        IngressRow {
            namespace: names.namespace(&ingress.meta.namespace),
            name: names.name(&ingress.meta.namespace, &ingress.meta.name),
            cluster: None,
            file: place.map(|(source, ..)| names.file(&input.inventory.sources.0[source as usize].name)),
            line: place.map(|(_, line, _)| line),
            risk,
            reason,
            served,
            owner: owner(&ingress.meta).map(|(tool, name)| format!("{tool} {}", names.pair(&name))),
            counts,
            hosts: index.of_ingress[at].iter().copied().collect(),
            findings,
            annotations: annotations.collect::<BTreeSet<String>>().into_iter().collect(),
            ledger,
        }
    })
    .collect()
}

fn entry(builder: &Builder<'_>, entry: &crate::ledger::Entry) -> Entry {
    let names = builder.names;
    let settlement = entry.settlement.as_ref();
    let (codes, why): (Vec<Code>, Option<String>) = match settlement {
        Some(Settlement::Differs { codes } | Settlement::Unmappable { codes }) => (codes.iter().copied().collect(), None),
        Some(Settlement::NoEffect { why }) => (Vec::new(), Some(names.text(why))),
        Some(Settlement::Policy { target, kind, codes }) => (codes.iter().copied().collect(), Some(format!("{kind} of {target}"))),
        Some(Settlement::Unknown { suggestion }) => (Vec::new(), suggestion.as_ref().map(|name| format!("did you mean {name}?"))),
        Some(Settlement::Exact) | None => (Vec::new(), None),
    };
    Entry {
        field: names.field(&field(&entry.subject), known_field(&entry.subject)),
        value: names.value(&entry.value),
        settlement: settlement.map_or("open", Settlement::word),
        codes: codes.into_iter().map(Code::as_str).collect(),
        why,
        line: match entry.at {
            Some((source, span)) => Some(builder.input.inventory.sources.line_column(source, span.start).0),
            None => builder.places.get(&entry.subject).map(|(_, line, _)| line),
        },
    }
}

/// Rows of all hosts, in the order of the judge.
pub(super) fn hosts(builder: &Builder<'_>, items: &[Item], ingresses: &[IngressRow]) -> Vec<Host> {
    let Builder { input, names, index, .. } = builder;
    let config = &input.resolved.config;
    let new = routes::New::of(input.gateway);
    let verdicts: BTreeMap<&str, _> = input.comparison.hosts.iter().map(|verdict| (verdict.host.as_str(), verdict)).collect();
    let found = of_each(index.labels.len(), items, |item| &item.hosts);
    let redirects: BTreeMap<&str, &str> = config.redirects.iter().map(|redirect| (redirect.from.as_str(), redirect.to.as_str())).collect();
    let rows = index.labels.iter().zip(&index.of_host).zip(found);
    rows.map(|((label, of_host), findings)| {
        let verdict = verdicts.get(label.as_str());
        let word = verdict.map_or("not-compared", |verdict| match verdict.verdict {
            Judgement::Proved(_) => "proved",
            Judgement::Differs => "differs",
            Judgement::Undecided => "undecided",
        });
        let server = config.server(if label == "*" { "_" } else { label });
        let mut old = server.map(|server| routes::of_server(server, config, names)).unwrap_or_default();
        if let Some(to) = redirects.get(label.as_str()) {
            old.insert(0, routes::www(to, names));
        }
        let (risk, counts) = weigh(findings.iter().map(|&at| &items[at]));
        let distinct = |of: &dyn Fn(&IngressRow) -> Option<String>| -> Vec<String> {
            of_host.iter().filter_map(|&at| of(&ingresses[at])).collect::<BTreeSet<String>>().into_iter().collect()
        };
        Host {
            host: names.host(label),
            cluster: None,
            risk,
            reason: sentence::reason(findings.iter().map(|&at| &items[at]), risk, Some(word)),
            verdict: word,
            size: old.len(),
            counts,
            namespaces: distinct(&|row| Some(row.namespace.clone())),
            owners: distinct(&|row| row.owner.clone()),
            wave: 0,
            ingresses: of_host.clone(),
            findings,
            assumptions: verdict.map(|verdict| verdict.assumptions.clone()).unwrap_or_default(),
            new: new.of_host(label, names, input.manifests),
            old,
        }
    })
    .collect()
}

/// Puts Ingresses in the order of their names, and everything that points at them.
pub(super) fn in_order(ingresses: &mut Vec<IngressRow>, hosts: &mut [Host], items: &mut [Item]) {
    let mut order: Vec<usize> = (0..ingresses.len()).collect();
    let key = |at: &usize| (ingresses[*at].namespace.clone(), ingresses[*at].name.clone());
    order.sort_by_cached_key(key);
    let mut place = vec![0; order.len()];
    for (new, &old) in order.iter().enumerate() {
        place[old] = new;
    }
    let mut slots: Vec<Option<IngressRow>> = std::mem::take(ingresses).into_iter().map(Some).collect();
    ingresses.extend(order.iter().filter_map(|&old| slots[old].take()));
    let lists = hosts.iter_mut().map(|host| &mut host.ingresses).chain(items.iter_mut().map(|item| &mut item.ingresses));
    for list in lists {
        for at in list.iter_mut() {
            *at = place[*at];
        }
        list.sort_unstable();
    }
}

/// Namespaces and owners, the worst first.
pub(super) fn groups(hosts: &[Host], ingresses: &[IngressRow], items: &[Item]) -> (Vec<Group>, Vec<Group>) {
    let of = |name: &dyn Fn(&IngressRow) -> Option<String>| {
        let mut members: BTreeMap<(String, Option<usize>), Vec<usize>> = BTreeMap::new();
        for (at, row) in ingresses.iter().enumerate() {
            if let Some(name) = name(row) {
                members.entry((name, row.cluster)).or_default().push(at);
            }
        }
        let mut groups: Vec<Group> = members.into_iter().map(|(key, of)| group(key, of, hosts, ingresses, items)).collect();
        groups.sort_by(|one, other| {
            let key = |group: &Group| (Reverse(group.risk), Reverse(group.spread.get(group.risk)), Reverse(group.minutes));
            key(one).cmp(&key(other)).then_with(|| (&one.name, one.cluster).cmp(&(&other.name, other.cluster)))
        });
        groups
    };
    (of(&|row| Some(row.namespace.clone())), of(&|row| row.owner.clone()))
}

fn group((name, cluster): (String, Option<usize>), members: Vec<usize>, hosts: &[Host], ingresses: &[IngressRow], items: &[Item]) -> Group {
    let touched: BTreeSet<usize> = members.iter().flat_map(|&at| ingresses[at].hosts.iter().copied()).collect();
    let mut own: BTreeSet<usize> = members.iter().flat_map(|&at| ingresses[at].findings.iter().copied()).collect();
    // What is said of a host as a whole concerns everybody who serves it.
    let of_hosts = touched.iter().flat_map(|&at| hosts[at].findings.iter().copied());
    own.extend(of_hosts.filter(|&at| items[at].ingresses.is_empty()));
    let own: Vec<usize> = own.into_iter().collect();
    let (risk, counts) = weigh(own.iter().map(|&at| &items[at]));
    Group {
        reason: sentence::reason(own.iter().map(|&at| &items[at]), risk, None),
        spread: Spread::of(touched.iter().map(|&at| hosts[at].risk)),
        minutes: Effort::default().of(touched.len(), own.iter().map(|&at| &items[at])),
        hosts: touched.into_iter().collect(),
        ingresses: members,
        name,
        cluster,
        risk,
        counts,
    }
}

/// Numbers of a cluster, those of findings left out. What no Ingress serves is no host that anybody moves.
pub(super) fn totals(input: &Input<'_>, hosts: &[Host]) -> Totals {
    let served = || hosts.iter().filter(|host| host.is_served());
    let with = |verdict: &str| served().filter(|host| host.verdict == verdict).count();
    Totals {
        ingresses: input.inventory.ingresses.len(),
        served: input.resolved.config.ingresses.len(),
        hosts: served().count(),
        spread: Spread::of(served().map(|host| host.risk)),
        proved: with("proved"),
        differs: with("differs"),
        undecided: with("undecided"),
        annotations: settled(input),
        by_target: 0,
        known: 0,
        new: 0,
    }
}

/// Counts findings, once it is known which of them a baseline knows.
pub(super) fn count<'i>(totals: &mut Totals, items: impl Iterator<Item = &'i Item>) {
    for item in items.filter(|item| item.counts()) {
        totals.by_target += usize::from(depends_on_target(item.code));
        totals.known += usize::from(item.known);
        totals.new += usize::from(!item.known);
    }
}

/// The wording names the target, or asks for another one.
fn depends_on_target(code: Code) -> bool {
    let entry = crate::catalog::finding(code.as_str());
    entry.is_some_and(|entry| entry.message.contains("{target}") || entry.advice.contains("target"))
}

fn settled(input: &Input<'_>) -> Settled {
    let mut settled = Settled::default();
    for entry in input.ledger.entries() {
        let annotation =
            matches!(entry.subject.field.steps(), [Step::Key(one), Step::Key(two), _] if one == "metadata" && two == "annotations");
        let Some(settlement) = entry.settlement.as_ref().filter(|_| annotation) else { continue };
        *match settlement.standing() {
            Standing::Exact => &mut settled.exact,
            Standing::Policy => &mut settled.policy,
            Standing::Changed => &mut settled.differs,
            Standing::NoEffect => &mut settled.no_effect,
            Standing::Lost => &mut settled.unmappable,
            Standing::Unknown => &mut settled.unknown,
        } += 1;
    }
    settled
}
