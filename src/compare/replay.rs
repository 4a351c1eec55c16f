//! Single requests asked of both models: what a class of requests only suggests is shown by one of them.

use std::{cell::RefCell, collections::BTreeSet, sync::Arc};

use super::{
    answers::{self, Unlike},
    paths::{PathAtom, Relation},
    router::{Decided, Entry, Router},
    text::{Known, TextCell},
    verdict::{Aspect, Treatment},
};
use crate::{
    k8s::NamespacedName,
    ledger::Code,
    request::{Answer, BackendAnswer, Outcome, Request, World},
};

/// How services behave while a request is replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Stage {
    /// Authentication services refuse, and passwords are wrong.
    pub(super) refuses: bool,
    /// Status of backends.
    pub(super) status: Option<u16>,
    /// Milliseconds until backends answer.
    pub(super) delay: u64,
}

impl World for Stage {
    fn authentication(&self, _: &str) -> Option<u16> {
        Some(if self.refuses { 401 } else { 200 })
    }

    fn password(&self, _: &NamespacedName, _: &str, _: &str) -> Option<bool> {
        Some(!self.refuses)
    }

    fn backend(&self, _: &str, _: &str) -> Option<BackendAnswer> {
        Some(BackendAnswer { status: self.status.unwrap_or(200), headers: Vec::new(), delay: self.delay })
    }
}

/// Services as they are known, and backends that answer as a function of that says.
struct Answering<'w, W, A> {
    world: &'w W,
    answer: A,
}

impl<W: World, A: Fn(&W, &str, &str) -> BackendAnswer> World for Answering<'_, W, A> {
    fn authentication(&self, url: &str) -> Option<u16> {
        self.world.authentication(url)
    }

    fn password(&self, secret: &NamespacedName, user: &str, password: &str) -> Option<bool> {
        self.world.password(secret, user, password)
    }

    fn resolves(&self, name: &str) -> Option<bool> {
        self.world.resolves(name)
    }

    fn backend(&self, backend: &str, target: &str) -> Option<BackendAnswer> {
        Some((self.answer)(self.world, backend, target))
    }
}

/// Services as they are known, and backends that answer with this status after so many milliseconds.
pub(super) fn answering<W: World>(world: &W, status: u16, delay: u64) -> impl World {
    Answering { world, answer: move |_: &W, _: &str, _: &str| BackendAnswer { status, headers: Vec::new(), delay } }
}

/// Services as they are known, and backends that answer 200 where they are not.
pub(super) fn answering_usually<W: World>(world: &W) -> impl World {
    let usual = || BackendAnswer { status: 200, headers: Vec::new(), delay: 0 };
    Answering { world, answer: move |world: &W, backend: &str, target: &str| world.backend(backend, target).unwrap_or_else(usual) }
}

/// Services as they are known, and where they are not, with this answer.
pub(super) struct Supposed<'w, W> {
    world: &'w W,
    /// Status of authentication services.
    status: u16,
    /// Who was asked.
    asked: RefCell<BTreeSet<String>>,
}

/// What authentication services answer by the contract that all routers keep to.
pub(super) const PLAIN_ANSWERS: &[u16] = &[200, 401, 403];
/// What else they may answer, as far as routers treat it differently.
pub(super) const OTHER_ANSWERS: &[u16] = &[202, 302, 404, 500];

impl<'w, W: World> Supposed<'w, W> {
    /// A world for either side with each of these answers.
    pub(super) fn each(world: &'w W, statuses: &'static [u16]) -> impl Iterator<Item = [Self; 2]> {
        statuses.iter().map(move |status| [*status, *status].map(|status| Self { world, status, asked: RefCell::default() }))
    }

    /// The URLs and Secrets that were asked.
    pub(super) fn into_asked(self) -> BTreeSet<String> {
        self.asked.into_inner()
    }
}

impl<W: World> World for Supposed<'_, W> {
    fn authentication(&self, url: &str) -> Option<u16> {
        self.asked.borrow_mut().insert(url.to_owned());
        self.world.authentication(url).or(Some(self.status))
    }

    fn password(&self, secret: &NamespacedName, user: &str, password: &str) -> Option<bool> {
        self.asked.borrow_mut().insert(secret.to_string());
        self.world.password(secret, user, password).or(Some(self.status == 200))
    }

    fn resolves(&self, name: &str) -> Option<bool> {
        self.world.resolves(name)
    }

    fn backend(&self, backend: &str, target: &str) -> Option<BackendAnswer> {
        self.world.backend(backend, target)
    }
}

/// The stage on which something can be seen, where it is not the plain one.
pub(super) fn stage(unlike: &Unlike, old: &Answer, limit: Option<u64>) -> Option<Stage> {
    match (unlike.aspect, unlike.code) {
        (Aspect::Access, _) => Some(Stage { refuses: true, ..Stage::default() }),
        (_, Code::DifferenceErrorPage) => Some(Stage { status: answers::replaced_statuses(old).first().copied(), ..Stage::default() }),
        (_, Code::DifferenceTimeout | Code::DifferenceTimeoutLost) => {
            limit.map(|limit| Stage { delay: limit.saturating_add(1), ..Stage::default() })
        }
        (_, _) => None,
    }
}

/// What both sides do with a request.
#[derive(Debug, Clone)]
pub(super) struct Replayed {
    pub(super) old: Arc<Treatment>,
    pub(super) new: Arc<Treatment>,
    /// What differs whatever undecided outcomes come true; empty where the sides agree in at least one way.
    pub(super) unlike: Vec<Unlike>,
    /// A model does not know the outcome.
    pub(super) unknown: bool,
}

impl Replayed {
    /// Keeps what happens and not how it comes about.
    pub(super) fn forget_steps(&mut self) {
        for side in [&mut self.old, &mut self.new] {
            Arc::make_mut(side).decision.trace = Vec::new();
        }
    }

    /// Both sides know what they do.
    pub(super) fn is_decided(&self) -> bool {
        !self.unknown && self.old.undecided.is_none() && self.new.undecided.is_none()
    }
}

fn treatment(decided: Decided) -> (Treatment, Vec<String>) {
    let Decided { decision, others, undecided, other_certificates } = decided;
    (Treatment { decision, others, undecided }, other_certificates)
}

/// Asks both sides.
pub(super) fn replay(old: &impl Router, new: &impl Router, request: &Request, world: &impl World) -> Replayed {
    replay_in(old, new, request, [world, world])
}

/// Asks both sides, each in a world of its own.
pub(super) fn replay_in<W: World>(old: &impl Router, new: &impl Router, request: &Request, worlds: [&W; 2]) -> Replayed {
    let (old, old_certificates) = treatment(old.decide(request, worlds[0]));
    let (new, new_certificates) = treatment(new.decide(request, worlds[1]));
    let outcomes = |treatment: &Treatment| -> Vec<Answer> {
        std::iter::once(&treatment.decision.outcome).chain(&treatment.others).map(answers::of_outcome).collect()
    };
    let entry = Entry { scheme: request.scheme, port: request.port };
    let host = request.host.as_deref().unwrap_or_default();
    let preflights = request.method == "OPTIONS";
    let value =
        |name: &str| request.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value.clone());
    let header = |name: &str| match name {
        "origin" | "access-control-request-method" => Known::Value(value(name)),
        _ => Known::Free,
    };
    let mut unlike: Option<Vec<Unlike>> = None;
    let mut unknown = false;
    for before in outcomes(&old) {
        for after in outcomes(&new) {
            if answers::unmodelled(&before).is_some() || answers::unmodelled(&after).is_some() {
                unknown = true;
                continue;
            }
            let mut found = compare(&before, &after, entry, host, &header, preflights);
            let doubted = found.iter().any(Unlike::is_doubt);
            found.retain(|unlike| !unlike.is_doubt());
            if doubted && found.is_empty() {
                unknown = true;
                continue;
            }
            if unlike.is_none() || found.is_empty() {
                unlike = Some(found);
            }
        }
    }
    let mut unlike = unlike.unwrap_or_default();
    if unknown {
        unlike.clear();
    }
    let silent = |treatment: &Treatment| matches!(treatment.decision.outcome, Outcome::NoAnswer(_));
    if !unknown
        && old.undecided.is_none()
        && new.undecided.is_none()
        && !silent(&old)
        && !silent(&new)
        && let (Some(before), Some(after)) = (&old.decision.certificate, &new.decision.certificate)
        && before != after
        && !old_certificates.contains(after)
        && !new_certificates.contains(before)
    {
        unlike.push(Unlike::new(Aspect::Certificate, Code::DifferenceCertificate));
    }
    Replayed { old: Arc::new(old), new: Arc::new(new), unlike, unknown }
}

/// Two outcomes come to the same: the same backends, or the same status.
pub(super) fn alike(one: &Outcome, other: &Outcome) -> bool {
    let found = compare(&answers::of_outcome(one), &answers::of_outcome(other), Entry::HTTPS, "", &|_| Known::Free, true);
    !found.iter().any(|unlike| matches!(unlike.aspect, Aspect::Access | Aspect::Tls | Aspect::Status | Aspect::Backend))
}

/// Two answers whose texts are complete.
fn compare(old: &Answer, new: &Answer, entry: Entry, host: &str, header: &dyn Fn(&str) -> Known, preflights: bool) -> Vec<Unlike> {
    let path = PathAtom::single("/");
    let cell = TextCell {
        host: Some(host),
        entry,
        path: &path,
        relation: &|_| Relation::Unsure,
        header,
        preflights,
        same_service: &|before, after| before == after,
        test: &|_, _| None,
    };
    answers::compare(old, new, &cell).unwrap_or_default()
}
