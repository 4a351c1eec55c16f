//! The judge: hosts, then paths, then everything else; both routers in every cell; every difference shown by a request.

use std::collections::BTreeMap;

use super::{
    answers::Unlike,
    cause,
    cell::{Table, Walk},
    describe,
    hosts::{self, HostClass},
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
    request::{Predicates, Request},
};

/// How often the paths of a host are cut anew.
const ROUNDS: usize = 12;

/// Decides for the whole request space, host by host, whether two routers treat traffic the same.
pub fn compare(old: &impl Router, new: &impl Router, limits: &Limits) -> Comparison {
    let sides = [old.predicates(), new.predicates()];
    let classes = hosts::classes(sides, limits);
    let mut entries = vec![Entry::HTTP, Entry::HTTPS];
    // Other ports can only be compared where both sides name theirs.
    entries.extend(old.entries().into_iter().filter(|entry| new.entries().contains(entry)));
    let mut judge = Judge::new(old, new, sides, entries, limits);
    let mut findings: BTreeMap<(u8, String), Found> = BTreeMap::new();
    for class in &classes {
        if !limits.only.is_empty() && !limits.only.contains(&class.label) {
            continue;
        }
        let found = judge.host(class);
        findings.entry((order(&class.label), class.label.clone())).or_default().join(found);
    }
    let mut comparison = Comparison::default();
    for ((_, label), found) in findings {
        let probed = if comparison.hosts.len() < limits.probed_hosts {
            found.host.as_deref().map(|host| probe::probe(old, new, host)).unwrap_or_default()
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
    differences: Vec<Difference>,
    undecided: Vec<Undecided>,
    assumptions: std::collections::BTreeSet<Assumption>,
    work: Work,
}

impl Found {
    fn join(&mut self, other: Found) {
        let Found { host, differences, undecided, assumptions, work } = other;
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
        if let Some(reason) = &class.unsure {
            found.undecided.push(undecided(Code::UndecidedUnreadable, reason.clone(), format!("requests to `{}`", class.label)));
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
        };
        walker.gather(&self.tables);
        let mut asked: Vec<Asked> = Vec::new();
        let mut more: Vec<Lang> = Vec::new();
        for round in 0..ROUNDS {
            for (side, id) in self.walk.missing.take() {
                self.tables[side].know(id);
                asked.push((side, id));
            }
            asked.sort_unstable();
            let paths = match Paths::cut(&asked, &more, &mut self.languages, self.limits) {
                Ok(paths) => paths,
                Err(error) => {
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
            found.work = Work { atoms: paths.atoms.len(), states: paths.states(), cells: pass.cells };
            let resolver = Resolver { old: self.old, new: self.new, paths: &paths, class, limits: self.limits, sides: self.sides, asked: &asked };
            resolver.resolve(pass, &mut found);
            return found;
        }
        found.undecided.push(undecided(Code::UndecidedOverBudget, "its paths do not settle".to_owned(), format!("requests to `{}`", class.label)));
        found
    }
}

fn undecided(code: Code, reason: String, region: String) -> Undecided {
    Undecided { code, severity: code.severity(), reason, region, example: None, sampled: 0 }
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
        for Open { code, reason, notes } in open {
            let mut entry = undecided(code, reason, describe::region(&notes, self.paths));
            entry.example = notes.first().map(|note| self.request(note, &self.paths.atoms[note.atom].witness, false));
            found.undecided.push(entry);
        }
        for group in groups {
            self.group(&group, found);
        }
    }

    fn request(&self, note: &Note, path: &str, query: bool) -> Request {
        let mut request = witness::plain(note.entry, &self.class.name, path);
        if query {
            request.target.push_str("?x=1");
        }
        for (key, value) in &note.parts {
            witness::set(&mut request, key, value.as_deref());
        }
        request
    }

    fn samples(&self, group: &Group) -> Vec<Request> {
        let mut samples = Vec::new();
        for note in group.notes.iter().take(4) {
            for path in self.paths.samples(note.atom) {
                for query in [false, true] {
                    samples.push(self.request(note, &path, query));
                }
            }
        }
        samples.truncate(self.limits.samples);
        samples
    }

    /// Every way in which a group differs must be shown by a request, or nothing is claimed.
    fn group(&self, group: &Group, found: &mut Found) {
        let mut open: Vec<&Unlike> = group.unlike.iter().collect();
        // Another backend makes everything else another matter.
        if open.iter().any(|unlike| unlike.code == Code::DifferenceBackend) {
            open.retain(|unlike| matches!(unlike.aspect, Aspect::Access | Aspect::Tls | Aspect::Backend));
        }
        let samples = self.samples(group);
        let mut shown = 0;
        for request in &samples {
            open.retain(|unlike| {
                let stage = replay::stage(unlike, &group.old.ruling.answer, group.limit);
                let replayed = replay::replay(self.old, self.new, request, stage.unwrap_or_default());
                let seen = replayed.unlike.iter().any(|seen| {
                    stage.is_some() || unlike.code == Code::DifferenceBodyLimit || (seen.aspect == unlike.aspect && seen.detail == unlike.detail)
                });
                if seen {
                    self.difference(group, unlike, request, replayed, stage.unwrap_or_default(), found);
                    shown += 1;
                }
                !seen
            });
            if open.is_empty() {
                return;
            }
        }
        if shown > 0 {
            return;
        }
        let certificate = open.iter().all(|unlike| unlike.aspect == Aspect::Certificate);
        let code = if certificate { Code::UndecidedCertificate } else { Code::UndecidedNotShown };
        let what: Vec<String> = open.iter().map(|unlike| unlike.code.to_string()).collect();
        let mut entry = undecided(code, what.join(", "), describe::region(&group.notes, self.paths));
        entry.sampled = samples.len();
        entry.example = samples.into_iter().next();
        found.undecided.push(entry);
    }

    fn difference(&self, group: &Group, unlike: &Unlike, request: &Request, replayed: Replayed, stage: Stage, found: &mut Found) {
        let probes = cause::Probes { old: self.old, new: self.new, class: self.class, sides: self.sides, asked: self.asked, stage };
        let code = probes.code(unlike, request, &replayed);
        let Replayed { old, new, unlike: _, unknown: _ } = replayed;
        let causes = causes(&group.old.ruling.trace, &group.new.ruling.trace);
        let same = |known: &&mut Difference| {
            known.code == code
                && known.aspect == unlike.aspect
                && known.detail == unlike.detail
                && known.old.decision.outcome == old.decision.outcome
                && known.new.decision.outcome == new.decision.outcome
        };
        if let Some(known) = found.differences.iter_mut().find(same) {
            known.cells += group.cells;
            return;
        }
        found.differences.push(Difference {
            code,
            severity: code.severity(),
            aspect: unlike.aspect,
            detail: unlike.detail.clone(),
            witness: request.clone(),
            old,
            new,
            region: describe::region(&group.notes, self.paths),
            cells: group.cells,
            causes,
            accepted: None,
        });
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
