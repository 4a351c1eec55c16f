//! The judge: hosts, then paths, then everything else; both routers in every cell; every difference shown by a request.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    answers::Unlike,
    cause,
    cell::{Table, Walk},
    describe,
    hosts::{self, HostClass},
    langs,
    limits::Limits,
    pass::{self, Assumption, Group, Note, Open, Pass, Walker},
    paths::{Languages, Paths},
    probe,
    replay::{self, Replayed, Stage},
    router::{Entry, Router},
    spaces::{Asked, Maker},
    verdict::{Aspect, Cause, Comparison, Difference, HostVerdict, Judgement, Proof, Side, Undecided, Work},
    witness,
};
use crate::{
    automata::Lang,
    ledger::Code,
    request::{Outcome, Predicates, Request},
};

/// How often the paths of a host are cut anew.
const ROUNDS: usize = 12;
/// Classes of hosts that are worth a thread.
const SHARE: usize = 64;

/// Decides for the whole request space, host by host, whether two routers treat traffic the same.
pub fn compare(old: &impl Router, new: &impl Router, limits: &Limits) -> Comparison {
    let sides = [old.predicates(), new.predicates()];
    let classes = hosts::classes(sides, limits);
    let mut entries = vec![Entry::HTTP, Entry::HTTPS];
    // Other ports can only be compared where both sides name theirs.
    entries.extend(old.entries().into_iter().filter(|entry| new.entries().contains(entry)));
    let wanted: Vec<&HostClass> = classes.iter().filter(|class| limits.only.is_empty() || limits.only.contains(&class.label)).collect();
    let mut findings: BTreeMap<(u8, String), Found> = BTreeMap::new();
    for (class, found) in wanted.iter().zip(judged(old, new, sides, &entries, limits, &wanted)) {
        findings.entry((order(&class.label), class.label.clone())).or_default().join(found);
    }
    let mut comparison = Comparison { streams: old.has_streams() || new.has_streams(), ..Comparison::default() };
    for ((_, label), found) in findings {
        let probed = if comparison.hosts.len() < limits.probed_hosts {
            found.host.as_deref().map(|host| probe::probe(old, new, host, &found.base, &found.unclean)).unwrap_or_default()
        } else {
            comparison.not_probed += 1;
            Vec::new()
        };
        let verdict = found.verdict(label, probed);
        let tally = match verdict.verdict {
            Judgement::Proved(_) => &mut comparison.summary.proved,
            Judgement::Differs => &mut comparison.summary.differs,
            Judgement::Undecided => &mut comparison.summary.undecided,
        };
        *tally += 1;
        comparison.hosts.push(verdict);
    }
    comparison
}

/// What is found about each class, in their order. Many classes are shared out among threads; what one of them finds does not depend
/// on the others.
fn judged<O: Router, N: Router>(
    old: &O,
    new: &N,
    sides: [&Predicates; 2],
    entries: &[Entry],
    limits: &Limits,
    classes: &[&HostClass],
) -> Vec<Found> {
    let judge = |classes: &[&HostClass]| -> Vec<Found> {
        let mut judge = Judge::new(old, new, sides, entries.to_vec(), limits);
        classes.iter().map(|class| judge.host(class)).collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(classes.len() / SHARE + 1);
    if threads < 2 {
        return judge(classes);
    }
    let judge = &judge;
    std::thread::scope(|scope| {
        let shares = classes.chunks(classes.len().div_ceil(threads)).map(|share| scope.spawn(move || judge(share))).collect::<Vec<_>>();
        shares.into_iter().flat_map(|share| share.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    })
}

/// Names, wildcards, expressions, everything else.
fn order(label: &str) -> u8 {
    match label {
        "*" => 3,
        label if label.starts_with('~') => 2,
        label if label.contains('*') => 1,
        _ => 0,
    }
}

/// What was found about a host, which may be several classes of names.
#[derive(Debug, Default)]
struct Found {
    host: Option<String>,
    /// A path that somebody asks for.
    base: String,
    /// Paths that somebody asks for and that are not clean.
    unclean: BTreeSet<String>,
    differences: Vec<Difference>,
    undecided: Vec<Undecided>,
    assumptions: BTreeSet<Assumption>,
    work: Work,
}

impl Found {
    fn join(&mut self, other: Found) {
        let Found { host, base, unclean, differences, undecided, assumptions, work } = other;
        self.unclean.extend(unclean);
        if self.base.is_empty() {
            self.base = base;
        }
        self.host = self.host.take().or(host);
        self.differences.extend(differences);
        self.undecided.extend(undecided);
        self.assumptions.extend(assumptions);
        self.work.atoms += work.atoms;
        self.work.states += work.states;
        self.work.cells += work.cells;
    }

    fn verdict(mut self, host: String, probed: Vec<super::verdict::Probe>) -> HostVerdict {
        self.differences.sort_by(|one, other| {
            let key = |difference: &Difference| (std::cmp::Reverse(difference.severity), difference.aspect, difference.code);
            key(one).cmp(&key(other))
        });
        let assumptions = describe::assumptions(&self.assumptions);
        let verdict = if !self.differences.is_empty() {
            Judgement::Differs
        } else if !self.undecided.is_empty() {
            Judgement::Undecided
        } else {
            Judgement::Proved(Proof::new(describe::domain(&host), assumptions.clone()))
        };
        HostVerdict { host, verdict, assumptions, differences: self.differences, undecided: self.undecided, probed, work: self.work }
    }
}

struct Judge<'j, O, N> {
    old: &'j O,
    new: &'j N,
    sides: [&'j Predicates; 2],
    tables: [Table<'j>; 2],
    walk: Walk<'j>,
    languages: Languages<'j>,
    entries: Vec<Entry>,
    limits: &'j Limits,
}

impl<'j, O: Router, N: Router> Judge<'j, O, N> {
    fn new(old: &'j O, new: &'j N, sides: [&'j Predicates; 2], entries: Vec<Entry>, limits: &'j Limits) -> Self {
        let absent = move |side: usize, field: &crate::request::Field| {
            if side == 0 { old.reads_absent_as_empty(field) } else { new.reads_absent_as_empty(field) }
        };
        let maker = Maker::new(sides, Box::new(absent), limits);
        Self { old, new, sides, tables: pass::tables(sides), walk: pass::walk(maker), languages: Languages::new(sides), entries, limits }
    }

    fn host(&mut self, class: &HostClass) -> Found {
        let mut found = Found { host: Some(class.name.clone()), ..Found::default() };
        if let Some((code, reason)) = &class.unsure {
            // Its name may be none of its hosts.
            found.host = None;
            found.undecided.push(undecided(*code, reason.clone(), format!("requests to `{}`", class.label)));
            return found;
        }
        for (side, table) in self.tables.iter_mut().enumerate() {
            table.enter_host(&class.holding[side]);
        }
        let walker = Walker {
            old: self.old,
            new: self.new,
            sides: self.sides,
            walk: &self.walk,
            entries: &self.entries,
            limits: self.limits,
            class,
            sent_on: RefCell::default(),
        };
        walker.gather(&self.tables);
        let mut asked: Vec<Asked> = Vec::new();
        let mut more: Vec<Lang> = Vec::new();
        // What was found before regions were cut by cause.
        let mut uncut: Option<(Pass, Paths)> = None;
        // One budget for all rounds.
        let mut budget = self.limits.partition;
        for round in 0..ROUNDS {
            for (side, id) in self.walk.missing.take() {
                self.tables[side].know(id);
                asked.push((side, id));
            }
            asked.sort_unstable();
            let paths = match Paths::cut(&asked, &more, &mut self.languages, budget) {
                Ok(paths) => {
                    budget.states = budget.states.saturating_sub(paths.states());
                    paths
                }
                Err(error) => {
                    if let Some((pass, paths)) = uncut {
                        self.resolver(&paths, class, &asked).resolve(pass, &mut found);
                        return found;
                    }
                    found.undecided.push(undecided(Code::UndecidedOverBudget, error.to_string(), format!("requests to `{}`", class.label)));
                    return found;
                }
            };
            let mut pass = walker.run(&mut self.tables, &paths, round + 1 == ROUNDS);
            if !self.walk.missing.borrow().is_empty() {
                continue;
            }
            if !pass.splits.is_empty() {
                more.append(&mut pass.splits);
                super::paths::dedup(&mut more);
                continue;
            }
            found.base = paths.longest();
            found.unclean = asked.iter().filter_map(|&one| langs::unclean(self.languages.test(one))).collect();
            if uncut.is_none() && !pass.over_budget {
                let mut causes = cause::langs(&pass.groups, &paths, &asked, &mut self.languages);
                if !causes.is_empty() {
                    found.work = Work { atoms: paths.atoms.len(), states: paths.states(), cells: pass.cells };
                    more.append(&mut causes);
                    super::paths::dedup(&mut more);
                    uncut = Some((pass, paths));
                    continue;
                }
            }
            found.work = Work { atoms: paths.atoms.len(), states: paths.states(), cells: pass.cells };
            if self.walk.small_bodies.replace(false) {
                found.assumptions.insert(Assumption::SmallBodies);
            }
            self.resolver(&paths, class, &asked).resolve(pass, &mut found);
            return found;
        }
        found.undecided.push(undecided(
            Code::UndecidedOverBudget,
            "its paths do not settle".to_owned(),
            format!("requests to `{}`", class.label),
        ));
        found
    }

    fn resolver<'r>(&'r self, paths: &'r Paths, class: &'r HostClass, asked: &'r [Asked]) -> Resolver<'r, O, N> {
        Resolver { old: self.old, new: self.new, paths, class, limits: self.limits, sides: self.sides, asked }
    }
}

fn undecided(code: Code, reason: String, region: String) -> Undecided {
    Undecided { code, severity: code.severity(), reason, region, example: None, sampled: 0 }
}

/// Why nothing is claimed of what no request shows.
fn not_shown(open: &[&Unlike]) -> Option<(Code, String)> {
    if open.is_empty() {
        return None;
    }
    if open.iter().all(|unlike| unlike.aspect == Aspect::Path) {
        let reason = "the sides make it from the path in ways that cannot be compared for all paths";
        return Some((Code::UndecidedIrregular, reason.to_owned()));
    }
    let what: Vec<String> = open.iter().map(|unlike| describe::in_doubt(unlike)).collect();
    Some((Code::UndecidedNotShown, what.join(", ")))
}

/// Turns groups of cells into differences with witnesses.
struct Resolver<'r, O, N> {
    old: &'r O,
    new: &'r N,
    paths: &'r Paths,
    class: &'r HostClass,
    limits: &'r Limits,
    sides: [&'r Predicates; 2],
    asked: &'r [Asked],
}

impl<O: Router, N: Router> Resolver<'_, O, N> {
    fn resolve(&self, pass: Pass, found: &mut Found) {
        let Pass { groups, open, assumptions, cells: _, splits: _, over_budget } = pass;
        found.assumptions.extend(assumptions);
        if over_budget {
            let reason = format!("more than {} cells", self.limits.cells);
            found.undecided.push(undecided(Code::UndecidedOverBudget, reason, format!("some requests to `{}`", self.class.label)));
        }
        let mut drafts: Vec<Draft> = Vec::new();
        for Open { code, reason, notes } in open {
            let mut entry = undecided(code, reason, describe::region(&notes, self.paths));
            entry.example = notes.first().map(|note| self.request(note, &self.paths.atoms[note.atom].witness, ""));
            if code == Code::UndecidedUnmodelled
                && let Some(request) = &entry.example
            {
                self.example(&Shown { notes: &notes, cells: notes.len(), causes: Vec::new() }, request, &mut drafts);
            }
            found.undecided.push(entry);
        }
        for group in groups {
            for part in by_cause(group) {
                self.group(&part, &mut drafts, found);
            }
        }
        for Draft { mut difference, notes, .. } in drafts {
            difference.region = describe::region(&notes, self.paths);
            difference.details.sort();
            found.differences.push(difference);
        }
    }

    /// What a model does not know of a class of requests, it may know of one of them: one that is treated otherwise is a difference.
    fn example(&self, shown: &Shown<'_>, request: &Request, drafts: &mut Vec<Draft>) {
        let stage = Stage::default();
        let replayed = self.replay(request, &stage);
        let grave = |unlike: &&Unlike| matches!(unlike.aspect, Aspect::Access | Aspect::Tls | Aspect::Status | Aspect::Backend);
        if replayed.is_decided() {
            for unlike in replayed.unlike.iter().filter(grave) {
                self.difference(shown, unlike, request, &replayed, stage, drafts);
            }
        }
    }

    /// Asks both sides, and keeps of it what is wanted.
    fn replay(&self, request: &Request, stage: &Stage) -> Replayed {
        let mut replayed = replay::replay(self.old, self.new, request, stage);
        if !self.limits.traces {
            replayed.forget_steps();
        }
        replayed
    }

    fn request(&self, note: &Note, path: &str, query: &str) -> Request {
        let mut request = witness::plain(note.entry, &self.class.name, path);
        request.target.push_str(query);
        for (key, value) in &note.parts {
            witness::set(&mut request, key, value.as_deref());
        }
        request
    }

    fn samples<'s>(&'s self, group: &'s Group) -> impl Iterator<Item = Request> + 's {
        // A slash at the end of the query is one at the end of the target.
        let slashes = group.unlike.iter().any(|unlike| unlike.code == Code::DifferenceRedirectSlash);
        let queries: &[&str] = if slashes { &["", "?x=1", "?x=/"] } else { &["", "?x=1"] };
        let requests = group.notes.iter().take(4).flat_map(move |note| {
            let ends = |path: &String| note.slash.is_none_or(|slash| path.ends_with('/') == slash);
            let paths = self.paths.samples(note.atom).filter(ends);
            paths.flat_map(move |path| queries.iter().map(move |query| self.request(note, &path, query)).collect::<Vec<_>>()).map(
                move |mut request| {
                    let cors = |unlike: &Unlike| matches!(unlike.code, Code::DifferenceCors | Code::DifferencePreflightHeaders);
                    if group.unlike.iter().any(cors) {
                        witness::come_from_elsewhere(&mut request);
                    }
                    request
                },
            )
        });
        requests.take(self.limits.samples)
    }

    /// Every way in which a group differs must be shown by a request, or nothing is claimed.
    fn group(&self, group: &Group, drafts: &mut Vec<Draft>, found: &mut Found) {
        let mut open: Vec<&Unlike> = group.unlike.iter().collect();
        // Another backend makes everything else another matter.
        if open.iter().any(|unlike| unlike.code == Code::DifferenceBackend) {
            let apart = |aspect| matches!(aspect, Aspect::Access | Aspect::Tls | Aspect::Backend | Aspect::Certificate);
            open.retain(|unlike| apart(unlike.aspect));
        }
        let mut samples: Vec<Request> = Vec::new();
        let part = Shown { notes: &group.notes, cells: group.cells, causes: causes(&group.old.ruling.trace, &group.new.ruling.trace) };
        for request in self.samples(group) {
            // Most of what differs shows on the same stage.
            let mut replays: Vec<(Stage, Replayed)> = Vec::with_capacity(1);
            open.retain(|unlike| {
                let stage = replay::stage(unlike, &group.old.ruling.answer, group.limit);
                let world = stage.unwrap_or_default();
                let known = replays.iter().position(|(known, _)| *known == world).unwrap_or_else(|| {
                    replays.push((world, self.replay(&request, &world)));
                    replays.len() - 1
                });
                let (_, replayed) = &replays[known];
                let seen = replayed.unlike.iter().any(|seen| {
                    stage.is_some()
                        || unlike.code == Code::DifferenceBodyLimit
                        || (seen.aspect == unlike.aspect && seen.detail == unlike.detail)
                });
                if seen {
                    match self.with_header(unlike, &request, replayed, &world) {
                        Some((request, replayed)) => self.difference(&part, unlike, &request, &replayed, world, drafts),
                        None => self.difference(&part, unlike, &request, replayed, world, drafts),
                    }
                }
                !seen
            });
            if open.is_empty() {
                return;
            }
            samples.push(request);
            // Certificates are chosen before a path is seen.
            if open.iter().all(|unlike| unlike.aspect == Aspect::Certificate) {
                break;
            }
        }
        // Neither depends on what else differs.
        let (certain, rest): (Vec<&Unlike>, Vec<&Unlike>) =
            open.into_iter().partition(|unlike| unlike.aspect == Aspect::Certificate || unlike.is_doubt());
        let alone = certain.into_iter().map(|unlike| {
            let code = if unlike.is_doubt() { Code::UndecidedUnmodelled } else { Code::UndecidedCertificate };
            (code, describe::in_doubt(unlike))
        });
        for (code, reason) in alone.chain(not_shown(&rest)) {
            // The certificate is chosen before anything but the host is seen.
            let of_host = |known: &&mut Undecided| code == Code::UndecidedCertificate && known.code == code;
            if let Some(known) = found.undecided.iter_mut().find(of_host) {
                known.sampled += samples.len();
                continue;
            }
            let mut entry = undecided(code, reason, describe::region(&group.notes, self.paths));
            entry.sampled = samples.len();
            entry.example = samples.first().cloned();
            found.undecided.push(entry);
        }
    }

    /// The request with a header that one side takes away: without it nobody sees anything.
    fn with_header(&self, unlike: &Unlike, request: &Request, replayed: &Replayed, stage: &Stage) -> Option<(Request, Replayed)> {
        let name = unlike.detail.as_deref().filter(|_| unlike.aspect == Aspect::RequestHeader)?;
        let taken = |header: &(String, Option<String>)| header.0 == name && header.1.is_none();
        let takes = |outcome: &Outcome| matches!(outcome, Outcome::Forward(forward) if forward.headers.iter().any(taken));
        if !takes(&replayed.old.decision.outcome) && !takes(&replayed.new.decision.outcome) {
            return None;
        }
        let request = witness::with_header(request, name)?;
        let replayed = self.replay(&request, stage);
        let seen = replayed.unlike.iter().any(|seen| seen.aspect == unlike.aspect && seen.detail == unlike.detail);
        seen.then_some((request, replayed))
    }

    fn difference(&self, part: &Shown<'_>, unlike: &Unlike, request: &Request, replayed: &Replayed, stage: Stage, drafts: &mut Vec<Draft>) {
        let probes = cause::Probes { old: self.old, new: self.new, class: self.class, sides: self.sides, asked: self.asked, world: &stage };
        let code = probes.code(unlike, request, replayed);
        let Replayed { old, new, unlike: _, unknown: _ } = replayed;
        let draft = Draft {
            shapes: [shape(&old.decision.outcome, unlike.aspect), shape(&new.decision.outcome, unlike.aspect)],
            notes: part.notes.to_vec(),
            difference: Difference {
                code,
                severity: code.severity(),
                aspect: unlike.aspect,
                details: unlike.detail.iter().cloned().collect(),
                witness: request.clone(),
                old: Arc::clone(old),
                new: Arc::clone(new),
                region: String::new(),
                cells: part.cells,
                causes: part.causes.clone(),
                accepted: None,
            },
        };
        match drafts.iter_mut().find(|known| known.takes(&draft)) {
            Some(known) => known.join(draft),
            None => drafts.push(draft),
        }
    }
}

/// Atoms may differ for causes of their own, even where the same happens.
fn by_cause(group: Group) -> Vec<Group> {
    if !group.unlike.iter().any(cause::is_routing) {
        return vec![group];
    }
    let Group { unlike, old, new, notes, cells, limit } = group;
    let mut parts: Vec<Group> = Vec::new();
    let counted = notes.len();
    for note in notes {
        match parts.iter_mut().find(|part| part.notes[0].atom == note.atom) {
            Some(part) => {
                part.notes.push(note);
                part.cells += 1;
            }
            None => {
                let (old, new) = (std::rc::Rc::clone(&old), std::rc::Rc::clone(&new));
                parts.push(Group { unlike: unlike.clone(), old, new, notes: vec![note], cells: 1, limit });
            }
        }
    }
    if let Some(last) = parts.last_mut() {
        last.cells += cells - counted;
    }
    parts
}

/// Cells of which one request shows what differs.
struct Shown<'n> {
    notes: &'n [Note],
    cells: usize,
    causes: Vec<Cause>,
}

/// A difference whose region still grows.
struct Draft {
    /// What the two sides do, in short.
    shapes: [String; 2],
    notes: Vec<Note>,
    difference: Difference,
}

impl Draft {
    fn takes(&self, other: &Draft) -> bool {
        self.difference.code == other.difference.code && self.difference.aspect == other.difference.aspect && self.shapes == other.shapes
    }

    fn join(&mut self, other: Draft) {
        let Draft { shapes: _, notes, difference } = other;
        self.difference.cells += difference.cells;
        for note in notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
        for detail in difference.details {
            if !self.difference.details.contains(&detail) {
                self.difference.details.push(detail);
            }
        }
        for cause in difference.causes {
            if !self.difference.causes.contains(&cause) {
                self.difference.causes.push(cause);
            }
        }
    }
}

/// What a side does, as far as regions with the same code are told apart by it.
fn shape(outcome: &Outcome, aspect: Aspect) -> String {
    let brief = matches!(aspect, Aspect::RequestHeader | Aspect::ResponseHeader | Aspect::Certificate | Aspect::Redirect);
    match outcome {
        Outcome::Redirect { status, .. } => format!("redirect {status}"),
        Outcome::Forward(_) if brief => "forward".to_owned(),
        Outcome::Forward(_)
        | Outcome::Respond { .. }
        | Outcome::Deny { .. }
        | Outcome::NoRoute { .. }
        | Outcome::NoAnswer(_)
        | Outcome::Unmodelled { .. } => describe::outcome(outcome),
    }
}

/// The places that the two traces name, each once.
fn causes(old: &[crate::request::Step], new: &[crate::request::Step]) -> Vec<Cause> {
    let mut causes: Vec<Cause> = Vec::new();
    for (side, trace) in [(Side::Old, old), (Side::New, new)] {
        for subject in trace.iter().rev().filter_map(|step| step.because.as_ref()) {
            let cause = Cause { side, subject: subject.clone() };
            if !causes.contains(&cause) {
                causes.push(cause);
            }
        }
    }
    causes
}
