//! Policies of Services: one for each, whichever routes lead to it.

use std::collections::BTreeMap;

use super::Wish;
use crate::{
    gateway::Intent,
    k8s::NamespacedName,
    ledger::{Code, Facts},
};

/// What each Service gets, sorted, and what is to be said where two routes want different things of one: the first counts.
pub(super) fn settle<T: PartialEq + Clone>(
    wishes: &[Wish],
    wanted: impl Fn(&[Intent]) -> Option<T>,
) -> (BTreeMap<NamespacedName, T>, Vec<(Code, Facts)>) {
    let mut chosen: BTreeMap<NamespacedName, (T, &NamespacedName)> = BTreeMap::new();
    let mut findings = Vec::new();
    for wish in wishes {
        let Some(settings) = wanted(&wish.intents) else { continue };
        for service in &wish.services {
            match chosen.get(service) {
                Some((known, _)) if *known == settings => {}
                Some((_, first)) => findings.push((
                    Code::PolicyServiceShared,
                    vec![("service", service.to_string()), ("first", first.to_string()), ("other", wish.route.to_string())],
                )),
                None => drop(chosen.insert(service.clone(), (settings.clone(), &wish.route))),
            }
        }
    }
    (chosen.into_iter().map(|(service, (settings, _))| (service, settings)).collect(), findings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_routes_to_a_service_the_first_counts_and_the_other_is_named() {
        let wish = |route: &str, rate| Wish {
            kind: "HTTPRoute",
            route: NamespacedName::new("a", route),
            rule: None,
            intents: vec![Intent::Bandwidth { rate, after: 0 }],
            services: vec![NamespacedName::new("a", "web")],
        };
        let wanted = |intents: &[Intent]| match intents {
            [Intent::Bandwidth { rate, .. }] => Some(*rate),
            _ => None,
        };
        let (chosen, findings) = settle(&[wish("one", 1), wish("same", 1), wish("other", 2)], wanted);
        assert_eq!(chosen.into_values().collect::<Vec<_>>(), [1]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].1.contains(&("other", "a/other".to_owned())));
    }
}
