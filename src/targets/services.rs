//! Policies of Services: one for each, whichever routes lead to it.

use std::collections::{BTreeMap, BTreeSet};

use super::{Own, Wish};
use crate::{gateway::Intent, k8s::NamespacedName, ledger::Code};

/// A part of a policy that one Ingress decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Whatever else there is.
    Other,
    /// How long it takes to connect.
    Connect,
    /// How endpoints are chosen.
    Endpoints,
    /// TLS.
    Tls,
}

fn part(intent: &Intent) -> Part {
    match intent {
        Intent::Timeouts { .. } => Part::Connect,
        Intent::SessionAffinity { .. } | Intent::LoadBalancing { .. } => Part::Endpoints,
        Intent::BackendTls => Part::Tls,
        _ => Part::Other,
    }
}

/// What a Service gets in one part, and from whom.
struct Chosen<'w> {
    intents: Vec<Intent>,
    by: &'w Wish,
}

/// What each Service gets, sorted, made of what nginx reads first for each part of a policy; of what else is wanted it is said that it is
/// lost.
pub(super) fn settle<T: PartialEq>(wishes: &[Wish], own: &mut Own, wanted: impl Fn(&[Intent]) -> Option<T>) -> BTreeMap<NamespacedName, T> {
    let mut services: BTreeMap<&NamespacedName, BTreeMap<Part, Chosen<'_>>> = BTreeMap::new();
    let mut ordered: Vec<&Wish> = wishes.iter().collect();
    ordered.sort_by_key(|wish| wish.age);
    let mut said = BTreeSet::new();
    for wish in ordered {
        let mut parts: BTreeMap<Part, Vec<Intent>> = BTreeMap::new();
        for intent in &wish.intents {
            parts.entry(part(intent)).or_default().push(intent.clone());
        }
        for (part, intents) in parts {
            let Some(settings) = wanted(&intents) else { continue };
            for service in &wish.services {
                let known = services.entry(service).or_default();
                match known.get(&part) {
                    Some(first) if wanted(&first.intents).as_ref() == Some(&settings) => {}
                    Some(first) => {
                        if said.insert((service, &first.by.route, &wish.route)) {
                            let facts = [("service", service), ("first", &first.by.route), ("other", &wish.route)];
                            let facts = facts.map(|(name, value)| (name, value.to_string())).to_vec();
                            own.findings.push((Code::PolicyServiceShared, facts));
                        }
                        let about = intents.iter().filter(|intent| wanted(std::slice::from_ref(*intent)).is_some());
                        own.lost.extend(about.map(|intent| (wish.age, intent.clone())));
                    }
                    None => drop(known.insert(part, Chosen { intents: intents.clone(), by: wish })),
                }
            }
        }
    }
    let whole = |parts: BTreeMap<Part, Chosen<'_>>| {
        let intents: Vec<Intent> = parts.into_values().flat_map(|chosen| chosen.intents).collect();
        wanted(&intents)
    };
    services.into_iter().filter_map(|(service, parts)| Some((service.clone(), whole(parts)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(route: &str, age: usize, intents: &[Intent]) -> Wish {
        Wish {
            kind: "HTTPRoute",
            route: NamespacedName::new("a", route),
            rule: None,
            age,
            intents: intents.to_vec(),
            services: vec![NamespacedName::new("a", "web")],
        }
    }

    fn connect(seconds: u64) -> Intent {
        Intent::Timeouts { connect: Some(seconds), idle: None }
    }

    #[test]
    fn of_two_routes_to_a_service_the_older_counts_and_the_other_is_named() {
        let wanted = |intents: &[Intent]| match intents {
            [Intent::Timeouts { connect, .. }] => *connect,
            _ => None,
        };
        let mut own = Own::default();
        let wishes = [wish("one", 2, &[connect(1)]), wish("same", 1, &[connect(1)]), wish("first", 0, &[connect(2)])];
        assert_eq!(settle(&wishes, &mut own, wanted).into_values().collect::<Vec<_>>(), [2]);
        assert_eq!(own.findings.len(), 2);
        assert!(own.findings[1].1.contains(&("other", "a/one".to_owned())));
        assert_eq!(own.lost, [(1, connect(1)), (2, connect(1))]);
    }

    #[test]
    fn what_does_not_concern_the_same_part_goes_together() {
        let wanted = |intents: &[Intent]| (!intents.is_empty()).then_some(intents.len());
        let mut own = Own::default();
        let hashed = Intent::LoadBalancing { by: "$host".to_owned(), hashed: true };
        let wishes = [wish("a", 0, &[connect(3)]), wish("b", 1, &[connect(3), hashed])];
        assert_eq!(settle(&wishes, &mut own, wanted).into_values().collect::<Vec<_>>(), [2]);
        assert_eq!((own.findings.len(), own.lost.len()), (0, 0));
    }
}
