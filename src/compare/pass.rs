//! One walk over all cells of a host: what both routers rule there, and what of it differs.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
};

use super::{
    answers::{self, Unlike},
    cell::{Choices, Table, View, Walk},
    handshakes,
    hosts::HostClass,
    limits::Limits,
    paths::{PathAtom, Paths},
    replay::Stage,
    router::{Entry, Router, Served, Verdict},
    services,
    spaces::Key,
    text::{Apart, Known, TextCell},
    verdict::Aspect,
    witness,
};
use crate::{
    automata::Lang,
    gateway::policies::UNCOUNTED,
    k8s::ObjectRef,
    ledger::Code,
    request::{Answer, Guard, NoAnswer, Predicates, Request, Scheme},
};

/// What is taken for granted where something cannot be seen in a ruling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Assumption {
    /// Nobody uses TLS with a certificate that the old side makes itself.
    NoDefaultCertificate,
    /// Bodies are no longer than the old side's default.
    SmallBodies,
    /// Backends answer within this many milliseconds.
    Quick(u64),
    /// Limits by rate are not reached.
    Rates,
    /// Backends answer with a status with which `add_header` adds headers; with others the sides differ in headers.
    UsualStatuses,
    /// One object holds the same authorities as another.
    Authorities {
        /// Where they are today.
        old: ObjectRef,
        /// Where the new side looks for them.
        new: ObjectRef,
    },
    /// Backends that are shown no client certificate today ask for none.
    NotAsked,
    /// Authentication services say yes with 200 and no with 401 or 403. What else they say, routers take in ways of their own.
    PlainAnswers,
    /// No body over HTTP/2 is longer than its limit by less than a frame, which some do not count.
    CountedFrames,
    /// Where nobody is served either way, nobody minds being asked for credentials, or no longer.
    AskedInVain,
}

/// The default of `proxy-read-timeout` in milliseconds.
const READ_TIMEOUT: u64 = 60_000;

/// How sides differ in when they give up a silent backend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GivenUp {
    /// The new side after this many milliseconds, where the old one has its default, which nobody chose.
    ByDefault(u64),
    /// The new side after this many milliseconds, the old one later or never.
    Earlier(u64),
    /// The old side after this many milliseconds, the new one later or never.
    Later(u64),
}

/// When which side gives up first, in milliseconds; without a limit a side waits for ever.
pub(super) fn given_up(old: Option<u64>, new: Option<u64>) -> Option<GivenUp> {
    match (old, new) {
        (old, Some(after)) if old.is_none_or(|before| before == READ_TIMEOUT && after < before) => Some(GivenUp::ByDefault(after)),
        (Some(before), Some(after)) if after < before => Some(GivenUp::Earlier(after)),
        // Whoever gives up after the usual minute did not ask for it.
        (Some(before), new) if before < READ_TIMEOUT && new.is_none_or(|after| before < after) => Some(GivenUp::Later(before)),
        (_, _) => None,
    }
}

/// A cell, for words and witnesses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) atom: usize,
    pub(super) entry: Entry,
    pub(super) parts: Vec<(Key, Option<String>)>,
    /// Only paths that end with a slash, or only those that do not.
    pub(super) slash: Option<bool>,
}

/// Cells with the same answers on both sides, which differ.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) unlike: Vec<Unlike>,
    pub(super) old: Rc<Verdict>,
    pub(super) new: Rc<Verdict>,
    pub(super) notes: Vec<Note>,
    pub(super) cells: usize,
    /// Milliseconds after which one side gives up and the other does not.
    pub(super) limit: Option<u64>,
}

/// Cells about which nothing is claimed.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) code: Code,
    pub(super) reason: String,
    pub(super) notes: Vec<Note>,
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Pass {
    pub(super) groups: Vec<Group>,
    pub(super) open: Vec<Open>,
    pub(super) assumptions: BTreeSet<Assumption>,
    pub(super) cells: usize,
    /// Languages by which paths must be told apart first.
    pub(super) splits: Vec<Lang>,
    pub(super) over_budget: bool,
}

/// Cells that are remembered of a group.
const NOTES: usize = 32;

/// What a cell comes to.
enum Leaf {
    Same,
    Unlike(Vec<Unlike>, Option<u64>),
    Open(Code, String),
    Assumed(Vec<Assumption>),
    Split(Vec<Lang>),
}

/// Both sides at one host.
pub(super) struct Walker<'w, 'p, O, N> {
    pub(super) old: &'w O,
    pub(super) new: &'w N,
    pub(super) sides: [&'p Predicates; 2],
    pub(super) walk: &'w Walk<'p>,
    pub(super) entries: &'w [Entry],
    pub(super) limits: &'w Limits,
    pub(super) class: &'w HostClass,
    /// For each path, once that was asked, whether the old side sends its plain requests on to HTTPS.
    pub(super) sent_on: RefCell<Vec<Option<bool>>>,
}

impl<'p, O: Router, N: Router> Walker<'_, 'p, O, N> {
    /// Asks everything that is asked of a path before any is known.
    pub(super) fn gather(&self, tables: &[Table<'p>; 2]) {
        for &entry in self.entries {
            self.walk.choices.replace(Choices::default());
            self.route_old(&tables[0], entry, true);
            self.route_new(&tables[1], entry, true);
        }
    }

    fn route_old(&self, table: &Table<'p>, entry: Entry, gathering: bool) -> Verdict {
        self.old.route(&View { table, side: 0, entry, walk: self.walk, gathering }, &self.class.name)
    }

    fn route_new(&self, table: &Table<'p>, entry: Entry, gathering: bool) -> Verdict {
        self.new.route(&View { table, side: 1, entry, walk: self.walk, gathering }, &self.class.name)
    }

    /// Walks over all cells. `last`: paths are not told apart any further.
    pub(super) fn run(&self, tables: &mut [Table<'p>; 2], paths: &Paths, last: bool) -> Pass {
        let mut pass = Pass::default();
        self.sent_on.replace(vec![None; paths.atoms.len()]);
        // Entries where something depends on the path.
        let mut open = self.entries.to_vec();
        for number in 0..paths.atoms.len() {
            for (side, table) in tables.iter_mut().enumerate() {
                table.enter_path(paths.holding(&paths.atoms[number], side));
            }
            for &entry in &open.clone() {
                if self.cells(tables, paths, number, entry, last, &mut pass) {
                    open.retain(|other| *other != entry);
                }
                if pass.cells > self.limits.cells {
                    pass.over_budget = true;
                    return pass;
                }
            }
        }
        pass
    }

    /// Walks over all cells of a path and an entry. Returns whether nothing there depends on the path.
    fn cells(&self, tables: &[Table<'p>; 2], paths: &Paths, number: usize, entry: Entry, last: bool, pass: &mut Pass) -> bool {
        let tls = entry.scheme == Scheme::Https;
        self.walk.choices.replace(Choices::default());
        let mut old: Option<(Rc<Verdict>, usize)> = None;
        let mut leaves: Vec<(Leaf, Rc<Verdict>, Rc<Verdict>, Note)> = Vec::new();
        let mut same = 0;
        let mut asked = (false, false);
        loop {
            self.walk.path_asked.set(false);
            let (before, depth) = old.take().unwrap_or_else(|| {
                let verdict = self.route_old(&tables[0], entry, false);
                (Rc::new(verdict), self.walk.choices.borrow().depth())
            });
            let old_asked = self.walk.path_asked.replace(false);
            let after = Rc::new(self.route_new(&tables[1], entry, false));
            asked = (asked.0 || old_asked, asked.1 || self.walk.path_asked.get());
            if self.walk.choices.borrow_mut().restart(&mut self.walk.maker.borrow_mut(), tls) {
                leaves.clear();
                same = 0;
                continue;
            }
            for (leaf, slash) in self.leaves(paths, number, entry, &before, &after, last) {
                if matches!(leaf, Leaf::Same) {
                    same += 1;
                    continue;
                }
                let parts = self.walk.choices.borrow().chosen().map(|(key, value)| (key.clone(), value.sample.clone())).collect();
                leaves.push((leaf, Rc::clone(&before), Rc::clone(&after), Note { atom: number, entry, parts, slash }));
            }
            if pass.cells + same + leaves.len() > self.limits.cells {
                break;
            }
            match self.walk.choices.borrow_mut().advance() {
                None => break,
                Some(kept) => old = (kept >= depth).then_some((before, depth)),
            }
        }
        pass.cells += same + leaves.len();
        // The certificate of the old side is chosen before it sees a path.
        let by_certificate = matches!(leaves.as_slice(), [(Leaf::Assumed(all), ..)] if *all == [Assumption::NoDefaultCertificate])
            && !(0..paths.atoms.len()).any(|number| self.is_sent_on(paths, number));
        let alike = same + leaves.len() == 1 && !asked.1 && (!asked.0 || by_certificate);
        for (leaf, before, after, note) in leaves {
            pass.add(leaf, before, after, note);
        }
        alike
    }

    /// The old side itself sends plain requests for a path on to HTTPS: then somebody does use that.
    fn is_sent_on(&self, paths: &Paths, number: usize) -> bool {
        if let Some(known) = self.sent_on.borrow()[number] {
            return known;
        }
        let sent_on = self.sends_on(&paths.atoms[number].witness);
        self.sent_on.borrow_mut()[number] = Some(sent_on);
        sent_on
    }

    fn sends_on(&self, path: &str) -> bool {
        let host = &self.class.name;
        let leads = |request: &Request| answers::sends_to_tls(&self.old.decide(request, &Stage::default()).decision.outcome, host, path);
        let mut request = witness::plain(Entry::HTTP, host, path);
        if !leads(&request) {
            return false;
        }
        // Where a proxy is believed that has ended TLS already, HTTPS is that of the proxy.
        witness::come_through_tls(&mut request);
        // Where HTTPS leads to itself, it serves nobody.
        leads(&request) && !leads(&witness::plain(Entry::HTTPS, host, path))
    }

    /// What a cell comes to, where need be for paths with and without a final slash.
    fn leaves(&self, paths: &Paths, number: usize, entry: Entry, old: &Verdict, new: &Verdict, last: bool) -> Vec<(Leaf, Option<bool>)> {
        let atom = &paths.atoms[number];
        if let Some(leaf) = self.leaf(paths, number, atom, entry, old, new, last) {
            return vec![(leaf, None)];
        }
        let ends = [false, true].into_iter().filter(|&slash| paths.some_end(number, slash));
        let mut leaves = Vec::with_capacity(2);
        for slash in ends {
            let part = PathAtom { slash: Some(slash), ..atom.clone() };
            leaves.extend(self.leaf(paths, number, &part, entry, old, new, last).map(|leaf| (leaf, Some(slash))));
        }
        leaves
    }

    /// What a cell comes to; `None` where paths must be told apart by their final slash first.
    #[expect(clippy::too_many_arguments, reason = "a cell and both rulings there")]
    fn leaf(&self, paths: &Paths, number: usize, atom: &PathAtom, entry: Entry, old: &Verdict, new: &Verdict, last: bool) -> Option<Leaf> {
        let (before, after) = (&old.ruling.answer, &new.ruling.answer);
        for answer in [before, after] {
            if let Some(what) = answers::unmodelled(answer) {
                if what == UNCOUNTED {
                    return Some(Leaf::Assumed(vec![Assumption::CountedFrames]));
                }
                return Some(Leaf::Open(Code::UndecidedUnmodelled, what.to_owned()));
            }
        }
        if entry.scheme == Scheme::Https
            && old.certificate == Some(Served::Default)
            && (new.certificate.as_ref().is_none_or(|served| *served == Served::Default)
                || new.other_certificates.contains(&Served::Default))
            && !self.is_sent_on(paths, number)
        {
            return Some(Leaf::Assumed(vec![Assumption::NoDefaultCertificate]));
        }
        let choices = self.walk.choices.borrow();
        let header = |name: &str| {
            let chosen = choices.chosen().find(|(key, _)| matches!(key, Key::Header(known) if known == name));
            match chosen {
                Some((_, value)) if value.only => Known::Value(value.sample.clone()),
                Some(_) | None => Known::Free,
            }
        };
        let relation = |lang: &Lang| paths.relation(number, lang);
        let test = |side: usize, id| Some(&self.sides[side].get(id).test);
        let host = self.class.only.then_some(self.class.name.as_str());
        let method = choices.chosen().find(|(key, _)| matches!(key, Key::Method));
        let preflights = method.is_none_or(|(_, value)| value.sample.as_deref() == Some("OPTIONS"));
        let same_service = |before: &str, after: &str| services::same(self.old, self.new, before, after);
        let cell = TextCell {
            host,
            entry,
            path: atom,
            relation: &relation,
            header: &header,
            preflights,
            same_service: &same_service,
            test: &test,
        };
        let mut unlike: Option<Vec<Unlike>> = None;
        for before in std::iter::once(before).chain(&old.others) {
            for after in std::iter::once(after).chain(&new.others) {
                let found = match answers::compare(before, after, &cell) {
                    Ok(found) => found,
                    Err(Apart::Slash) => return None,
                    Err(Apart::Langs(langs)) if !last => return Some(Leaf::Split(langs)),
                    Err(Apart::Langs(_)) => {
                        return Some(Leaf::Open(Code::UndecidedIrregular, "paths would have to be told apart too finely".to_owned()));
                    }
                };
                if unlike.is_none() || found.is_empty() {
                    unlike = Some(found);
                }
            }
        }
        let mut unlike = unlike.unwrap_or_default();
        if let Some(reason) = old.undecided.as_ref().or(new.undecided.as_ref())
            && unlike.is_empty()
        {
            return Some(Leaf::Open(Code::UndecidedDialects, reason.clone()));
        }
        if let Answer::Forward(forwarding) = before
            && let Some(name) = forwarding.unknown_header()
            && unlike.is_empty()
        {
            return Some(Leaf::Open(Code::UndecidedUnmodelled, answers::unknown_header(name)));
        }
        let sure = atom.sure && choices.chosen().all(|(_, value)| value.sure);
        if !sure && unlike.is_empty() {
            return Some(Leaf::Open(Code::UndecidedNotRegular, "an expression is not regular".to_owned()));
        }
        let body =
            choices.chosen().find_map(|(key, value)| (*key == Key::Body).then_some(value.sample.as_deref()?).filter(|size| *size != "0"));
        if body.is_some() && !unlike.is_empty() {
            return Some(Leaf::Unlike(vec![Unlike::new(Aspect::Limit, Code::DifferenceBodyLimit)], None));
        }
        let by_status = unlike.is_empty() && answers::differ_with_errors(before, after, &cell).unwrap_or(true);
        Some(self.beside(old, new, by_status, &mut unlike))
    }

    /// What a verdict says beside its answer. `by_status`: headers are the same only with usual statuses.
    fn beside(&self, old: &Verdict, new: &Verdict, by_status: bool, unlike: &mut Vec<Unlike>) -> Leaf {
        let silent =
            |verdict: &Verdict| matches!(verdict.ruling.answer, Answer::NoAnswer(NoAnswer::Refused | NoAnswer::Reset | NoAnswer::Tls));
        if let (Some(before), Some(after)) = (&old.certificate, &new.certificate)
            && before != after
            && !old.other_certificates.contains(after)
            && !new.other_certificates.contains(before)
            && !silent(old)
            && !silent(new)
        {
            unlike.push(Unlike::new(Aspect::Certificate, Code::DifferenceCertificate));
        }
        let mut limit = None;
        let mut quick = None;
        let mut assumed: Vec<Assumption> = by_status.then_some(Assumption::UsualStatuses).into_iter().collect();
        if unlike.is_empty() && answers::asks_on_one_side(&old.ruling.answer, &new.ruling.answer) {
            assumed.push(Assumption::AskedInVain);
        }
        if let (Answer::Forward(before), Answer::Forward(after)) = (&old.ruling.answer, &new.ruling.answer)
            && unlike.is_empty()
        {
            assumed.extend(handshakes::compare(&before.handshakes, &after.handshakes).assumed);
            let both = answers::served(before) && answers::served(after);
            match given_up(old.timeout, new.timeout) {
                Some(GivenUp::ByDefault(after)) => quick = Some(after),
                // Perhaps it waits as long.
                Some(GivenUp::Earlier(first)) if new.timeouts_differ => quick = Some(first),
                Some(GivenUp::Earlier(first)) => {
                    limit = Some(first);
                    unlike.push(Unlike::new(Aspect::Limit, Code::DifferenceTimeout));
                }
                Some(GivenUp::Later(first)) if both => {
                    limit = Some(first);
                    unlike.push(Unlike::new(Aspect::Limit, Code::DifferenceTimeoutLost));
                }
                Some(GivenUp::Later(_)) | None => {}
            }
            for guard in before.guards.iter().chain(&after.guards) {
                match guard {
                    Guard::Rate { .. } => assumed.push(Assumption::Rates),
                    Guard::Service { .. } => assumed.push(Assumption::PlainAnswers),
                    Guard::Password { .. } => {}
                }
            }
        }
        if unlike.is_empty() {
            assumed.extend(quick.map(Assumption::Quick));
            return if assumed.is_empty() { Leaf::Same } else { Leaf::Assumed(assumed) };
        }
        Leaf::Unlike(std::mem::take(unlike), limit)
    }
}

impl Pass {
    fn add(&mut self, leaf: Leaf, old: Rc<Verdict>, new: Rc<Verdict>, note: Note) {
        match leaf {
            Leaf::Same => {}
            Leaf::Assumed(assumptions) => self.assumptions.extend(assumptions),
            Leaf::Split(langs) => self.splits.extend(langs),
            Leaf::Open(code, reason) => match self.open.iter_mut().find(|open| open.code == code && open.reason == reason) {
                Some(open) => open.notes.push(note),
                None => self.open.push(Open { code, reason, notes: vec![note] }),
            },
            Leaf::Unlike(unlike, limit) => {
                let same = |group: &&mut Group| {
                    group.unlike == unlike && group.old.ruling.answer == old.ruling.answer && group.new.ruling.answer == new.ruling.answer
                };
                match self.groups.iter_mut().find(same) {
                    Some(group) => {
                        group.cells += 1;
                        if group.notes.len() < NOTES {
                            group.notes.push(note);
                        }
                    }
                    None => self.groups.push(Group { unlike, old, new, notes: vec![note], cells: 1, limit }),
                }
            }
        }
    }
}

/// A table for each side.
pub(super) fn tables(sides: [&Predicates; 2]) -> [Table<'_>; 2] {
    [Table::new(sides[0], sides[1]), Table::new(sides[1], sides[0])]
}

/// A walk that shares what it learns.
pub(super) fn walk(maker: super::spaces::Maker<'_>) -> Walk<'_> {
    Walk {
        maker: RefCell::new(maker),
        choices: RefCell::default(),
        missing: RefCell::default(),
        small_bodies: Cell::default(),
        path_asked: Cell::default(),
    }
}
