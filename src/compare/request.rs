//! Single requests, in the words of the judge: for `trace`, for lists of requests that matter, and for whoever checks the judge.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    answers, cause, describe,
    hosts::{HostClass, Questions},
    pass::{Assumption, GivenUp, given_up},
    replay::{self, OTHER_ANSWERS, PLAIN_ANSWERS, Supposed},
    router::Router,
    services,
    verdict::{Aspect, Treatment},
};
use crate::{
    ledger::Code,
    request::{Request, World},
};

/// Something that differs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mismatch {
    /// What differs.
    pub aspect: Aspect,
    /// What kind of difference it is.
    pub code: Code,
    /// Name of a header, where one differs.
    pub detail: Option<String>,
}

/// How both sides treat a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// What the old side does.
    pub old: Treatment,
    /// What the new side does.
    pub new: Treatment,
    /// Whether they do the same; `None` where one does not know.
    pub same: Option<bool>,
    /// What would have to be true for both to do the same, as sentences, where that is all that nobody knows, and what backends that both
    /// ask must keep to.
    pub assumptions: Vec<String>,
    /// What differs, the gravest first.
    pub mismatches: Vec<Mismatch>,
    /// A side limits the rate of such requests: one of them is treated the same, many may not be.
    pub limited: bool,
}

/// Asks both sides about single requests.
pub struct Requests<'r, O, N> {
    old: &'r O,
    new: &'r N,
    questions: Questions<'r>,
}

impl<'r, O: Router, N: Router> Requests<'r, O, N> {
    /// On what it rests that both sides ask the same services and do the same with what these answer; `None` where they do not.
    fn with_services(&self, request: &Request, world: &impl World) -> Option<BTreeSet<Assumption>> {
        let same = |statuses: &'static [u16]| {
            Supposed::each(world, statuses).all(|[before, after]| {
                let replayed = replay::replay_in(self.old, self.new, request, [&before, &after]);
                replayed.is_decided() && replayed.unlike.is_empty() && self.is_asked_alike(&before.into_asked(), &after.into_asked())
            })
        };
        let assumption = || if same(OTHER_ANSWERS) { None } else { Some(Assumption::PlainAnswers) };
        same(PLAIN_ANSWERS).then(|| assumption().into_iter().collect())
    }

    /// The same services and passwords are asked, by whatever name.
    fn is_asked_alike(&self, old: &BTreeSet<String>, new: &BTreeSet<String>) -> bool {
        let same = |before: &String| new.iter().any(|after| services::same(self.old, self.new, before, after));
        old.len() == new.len() && old.iter().all(same)
    }

    /// Both sides do the same, as far as services are known.
    fn is_same(&self, request: &Request, world: &impl World) -> bool {
        let replayed = replay::replay(self.old, self.new, request, world);
        let decided =
            replayed.is_decided() || (replayed.unknown && self.with_services(request, world).is_some_and(|rests| rests.is_empty()));
        decided && replayed.unlike.is_empty()
    }

    /// Prepares for many requests.
    pub fn new(old: &'r O, new: &'r N) -> Self {
        Self { old, new, questions: Questions::of([old.predicates(), new.predicates()]) }
    }

    /// Asks about one request. `world` says how services answer, where that is known.
    pub fn ask(&self, request: &Request, world: &impl World) -> Judged {
        let replayed = replay::replay(self.old, self.new, request, world);
        let name = request.host.as_deref().unwrap_or_default().to_ascii_lowercase();
        let name = name.split(':').next().unwrap_or_default().trim_end_matches('.').to_owned();
        let class = HostClass { label: self.questions.label_of(&name), name, only: true, holding: Default::default(), unsure: None };
        let sides = [self.old.predicates(), self.new.predicates()];
        let probes = cause::Probes { old: self.old, new: self.new, class: &class, sides, asked: &[], world };
        let mut mismatches: Vec<Mismatch> = replayed
            .unlike
            .iter()
            .map(|unlike| Mismatch { aspect: unlike.aspect, code: probes.code(unlike, request, &replayed), detail: unlike.detail.clone() })
            .collect();
        // The judge assumes statuses with which nginx adds all of its headers.
        let of_headers = !mismatches.is_empty() && mismatches.iter().all(|known| known.aspect == Aspect::ResponseHeader);
        let usual = of_headers && replayed.is_decided() && self.is_same(request, &replay::answering_usually(world));
        if usual {
            mismatches.clear();
        }
        // What only other answers of services would show must not pass as the same.
        let (before, after) = (self.old.dependence(request), self.new.dependence(request));
        let graver = mismatches.iter().any(|known| known.aspect <= Aspect::Status);
        let mut errors = before.replaced.iter().chain(&after.replaced);
        if !graver && errors.any(|status| !self.is_same(request, &replay::answering(world, *status, 0))) {
            mismatches.push(Mismatch { aspect: Aspect::Status, code: Code::DifferenceErrorPage, detail: None });
        }
        // The judge says the same of a class of requests.
        let slow = |patience: u64| replay::answering(world, 200, patience.saturating_add(1));
        let unlike = |patience: u64| !self.is_same(request, &slow(patience));
        let known = replayed.unknown || replayed.is_decided();
        let mut quick = None;
        match given_up(before.patience, after.patience).filter(|_| known) {
            Some(GivenUp::ByDefault(patience)) => quick = Some(patience).filter(|_| unlike(patience)).map(Assumption::Quick),
            Some(GivenUp::Earlier(patience)) if unlike(patience) => {
                mismatches.push(Mismatch { aspect: Aspect::Limit, code: Code::DifferenceTimeout, detail: None });
            }
            Some(GivenUp::Later(patience)) if unlike(patience) => {
                mismatches.push(Mismatch { aspect: Aspect::Limit, code: Code::DifferenceTimeoutLost, detail: None });
            }
            Some(GivenUp::Earlier(_) | GivenUp::Later(_)) | None => {}
        }
        if before.rewrites_location != after.rewrites_location {
            mismatches.push(Mismatch {
                aspect: Aspect::ResponseHeader,
                code: Code::DifferenceResponseHeader,
                detail: Some("location".to_owned()),
            });
        }
        mismatches.sort();
        let mut replayed = replayed;
        let unknown = before.assumed.as_ref().map(|secret| format!("whether Secret `{secret}` exists"));
        let unknown = unknown.or_else(|| before.unknown_header.as_deref().map(answers::unknown_header));
        if let Some(unknown) = unknown.filter(|_| mismatches.is_empty()) {
            Arc::make_mut(&mut replayed.old).undecided.get_or_insert(unknown);
        }
        let rests = match (mismatches.is_empty(), replayed.is_decided()) {
            (true, true) => Some(usual.then_some(Assumption::UsualStatuses).into_iter().collect()),
            (true, false) if replayed.unknown => self.with_services(request, world),
            (_, _) => None,
        };
        let same = if mismatches.is_empty() { rests.as_ref().is_some_and(BTreeSet::is_empty).then_some(true) } else { Some(false) };
        let taken = rests.into_iter().flat_map(|rests| rests.into_iter().chain(quick.clone())).collect();
        Judged {
            old: Arc::unwrap_or_clone(replayed.old),
            new: Arc::unwrap_or_clone(replayed.new),
            same,
            assumptions: describe::assumptions(&taken),
            mismatches,
            limited: before.limited || after.limited,
        }
    }
}
