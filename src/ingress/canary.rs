//! Canaries: attached to the upstreams of the locations they name (`mergeAlternativeBackends`).

use indexmap::IndexMap;

use super::{
    Item,
    facts::PathFate,
    locations::{path_type, text},
    servers::{Drafts, host},
    upstreams::{Upstreams, key, service},
};
use crate::nginx::{Config, Location, Target, UpstreamId, settings::CanaryBehavior};

/// First location of each upstream, by host; made once per host.
#[derive(Default)]
struct FirstUse<'a>(IndexMap<&'a str, IndexMap<UpstreamId, usize>>);

impl<'a> FirstUse<'a> {
    fn of(&mut self, host: &'a str, locations: &[Location]) -> &IndexMap<UpstreamId, usize> {
        self.0.entry(host).or_insert_with(|| {
            let mut first = IndexMap::new();
            for (position, location) in locations.iter().enumerate() {
                first.entry(upstream(location).unwrap_or(UpstreamId(u32::MAX))).or_insert(position);
            }
            first
        })
    }
}

fn upstream(location: &Location) -> Option<UpstreamId> {
    match location.target {
        Target::Upstream(id) => Some(id),
        Target::Default => Some(Config::DEFAULT_BACKEND),
        Target::Gone => None,
    }
}

/// Merges the canaries, unless there is nothing else. `fates` has what became of their paths before.
pub(super) fn merge<'a>(
    drafts: &Drafts<'a>,
    upstreams: &mut Upstreams<'a>,
    items: &[Item<'a>],
    fates: &mut [Vec<Vec<PathFate>>],
    defaults: &mut [Option<PathFate>],
) {
    if items.iter().all(|item| item.settings.is_canary()) {
        return;
    }
    let mut uses = FirstUse::default();
    for (number, item) in items.iter().enumerate().filter(|(_, item)| item.settings.is_canary()) {
        let namespace = &item.ingress.meta.namespace;
        if let Some((name, port)) = item.ingress.default_backend.as_ref().and_then(service) {
            defaults[number] = Some(match upstreams.get(&key(namespace, name, port)) {
                None => PathFate::Unmerged,
                Some(alternative) => {
                    let locations = &drafts["_"].server.locations;
                    let end = uses.of("_", locations).get(&alternative).copied();
                    let candidates: Vec<usize> = (0..end.unwrap_or(locations.len())).collect();
                    attach(upstreams, item, alternative, locations, &candidates, end.is_some())
                }
            });
        }
        for (at, rule) in item.ingress.rules.iter().enumerate() {
            let host = host(rule);
            for (index, path) in rule.paths.iter().flatten().enumerate() {
                let Some((name, port)) = service(&path.backend) else { continue };
                let before = &fates[number][at][index];
                // A Service port that a normal Ingress used first made a location above, and may be an alternative besides.
                let made = matches!(before, PathFate::Location { .. } | PathFate::Lost { .. });
                let fate = match (upstreams.get(&key(namespace, name, port)), drafts.get_key_value(host)) {
                    (Some(alternative), Some((&host, draft))) => {
                        let locations = &draft.server.locations;
                        let end = uses.of(host, locations).get(&alternative).copied();
                        let same = draft.by_path.get(text(path)).map(Vec::as_slice).unwrap_or_default();
                        let candidates: Vec<usize> = same
                            .iter()
                            .copied()
                            .filter(|&position| end.is_none_or(|end| position < end) && locations[position].path_type == path_type(path))
                            .collect();
                        attach(upstreams, item, alternative, locations, &candidates, end.is_some())
                    }
                    (None, _) | (_, None) => PathFate::Unmerged,
                };
                if !made {
                    fates[number][at][index] = fate;
                }
            }
        }
    }
}

/// Appends the alternative to the primaries of the candidates; deletes it where there are none and it is no primary of the host itself.
fn attach(
    upstreams: &mut Upstreams<'_>,
    item: &Item<'_>,
    alternative: UpstreamId,
    locations: &[Location],
    candidates: &[usize],
    itself: bool,
) -> PathFate {
    let mut primaries = Vec::new();
    let mut dead = true;
    for &position in candidates {
        let Some(primary) = upstream(&locations[position]).filter(|&id| !upstreams.at(id).deleted) else { continue };
        if primary == Config::DEFAULT_BACKEND || primary == alternative || upstreams.at(primary).canary.is_some() {
            continue;
        }
        if !upstreams.at(primary).alternatives.contains(&alternative) {
            upstreams.at_mut(primary).alternatives.push(alternative);
            if item.settings.canary_behavior == CanaryBehavior::Sticky {
                upstreams.at_mut(alternative).affinity_of = Some(primary);
            }
        }
        dead &= upstreams.at(primary).alternatives.first() != Some(&alternative);
        if !primaries.contains(&primary) {
            primaries.push(primary);
        }
    }
    if primaries.is_empty() {
        if !itself {
            upstreams.at_mut(alternative).deleted = true;
        }
        return PathFate::Unmerged;
    }
    PathFate::Canary { primaries, dead }
}
