//! A cell of the partitioned request space as a valuation: host, path and entry are given, every other part is chosen when a router
//! first asks for it. All choices are gone through one after the other, so only what is asked splits the space.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    rc::Rc,
};

use super::{
    router::Entry,
    spaces::{Asked, Key, Kind, Maker, Value, holds, kind},
};
use crate::request::{Field, PredicateId, Predicates, Sequence, Test, Valuation};

/// What one side's questions are answered by. Answers about host and path are marks that are valid for one host or one path only.
pub(super) struct Table<'p> {
    predicates: &'p Predicates,
    kinds: Vec<Kind>,
    marks: Vec<Mark>,
    host: u32,
    atom: u32,
    /// Questions that hold of the host.
    holding: Vec<PredicateId>,
    /// Questions that hold of the path.
    path_holding: Vec<PredicateId>,
    /// Long sequences by where they are in memory, and whether all their questions are about paths that are told apart at this host.
    path_lists: RefCell<BTreeMap<*const PredicateId, bool>>,
    /// The same for questions about hosts.
    lists: RefCell<BTreeMap<*const PredicateId, bool>>,
}

/// What is known of a question about hosts or paths; together, as they are looked at most.
#[derive(Debug, Clone, Default)]
struct Mark {
    is_path: bool,
    is_name: bool,
    /// The host or path of which it held last.
    holds: u32,
    /// The host whose atoms tell it apart.
    known: u32,
    /// The host for which it was collected.
    collected: Cell<u32>,
}

/// The default of `proxy-body-size`.
const LARGE_BODY: u64 = 1 << 20;

impl<'p> Table<'p> {
    /// `others`: the questions of the other side.
    pub(super) fn new(predicates: &'p Predicates, others: &Predicates) -> Self {
        let limited = others.iter().any(|(_, predicate)| predicate.field == Field::BodyLength);
        let small = |test: &Test| !limited && *test == Test::Above(LARGE_BODY);
        let kinds: Vec<Kind> = predicates
            .iter()
            .map(|(_, predicate)| match (&predicate.field, &predicate.test) {
                (Field::BodyLength, test) if small(test) => Kind::SmallBody,
                (field, test) => kind(field, test),
            })
            .collect();
        let mark = |kind: &Kind| Mark { is_path: *kind == Kind::Path, is_name: *kind == Kind::Name, ..Mark::default() };
        Self {
            predicates,
            marks: kinds.iter().map(mark).collect(),
            kinds,
            host: 0,
            atom: 0,
            holding: Vec::new(),
            path_holding: Vec::new(),
            lists: RefCell::default(),
            path_lists: RefCell::default(),
        }
    }

    /// Starts a host, of which these questions hold.
    pub(super) fn enter_host(&mut self, holding: &[PredicateId]) {
        self.host += 1;
        for id in holding {
            self.marks[id.0 as usize].holds = self.host;
        }
        self.holding = holding.to_vec();
        self.path_lists.borrow_mut().clear();
    }

    /// The atoms of the host tell this question apart.
    pub(super) fn know(&mut self, id: PredicateId) {
        self.marks[id.0 as usize].known = self.host;
    }

    /// Starts a path, of which these questions hold.
    pub(super) fn enter_path(&mut self, holding: impl Iterator<Item = PredicateId>) {
        self.atom += 1;
        self.path_holding.clear();
        for id in holding {
            self.marks[id.0 as usize].holds = self.atom;
            self.path_holding.push(id);
        }
    }

    /// The first question of a long sequence at or behind `from` that holds.
    #[expect(clippy::option_option, reason = "none of them holds, and the sequence must be asked one by one")]
    fn first_of_long(&self, list: &Sequence, from: usize, gathering: bool) -> Option<Option<usize>> {
        match &self.kinds[list[0].0 as usize] {
            Kind::Name => look_up(&self.lists, list, from, &self.holding, |id| self.marks[id.0 as usize].is_name),
            Kind::Path if !gathering => {
                let known = |id: PredicateId| {
                    let mark = &self.marks[id.0 as usize];
                    mark.is_path && mark.known == self.host
                };
                look_up(&self.path_lists, list, from, &self.path_holding, known)
            }
            Kind::Path | Kind::Entry | Kind::Never | Kind::SmallBody | Kind::Part(_) => None,
        }
    }
}

/// Looks up the first question that holds; `None` where not all questions of the sequence are of the kind. The routers do not move their
/// sequences as long as they are compared.
#[expect(clippy::option_option, reason = "none of them holds, and the sequence must be asked one by one")]
fn look_up(
    lists: &RefCell<BTreeMap<*const PredicateId, bool>>,
    list: &Sequence,
    from: usize,
    holding: &[PredicateId],
    fits: impl Fn(PredicateId) -> bool,
) -> Option<Option<usize>> {
    let fit = *lists.borrow_mut().entry(list.as_ptr()).or_insert_with(|| list.iter().all(|&id| fits(id)));
    fit.then(|| holding.iter().filter_map(|&id| list.find(id, from)).min())
}

/// A part with the questions that were asked of it so far.
pub(super) struct Space {
    pub(super) key: Key,
    pub(super) asked: Vec<Asked>,
    pub(super) values: Rc<Vec<Value>>,
    chosen: Option<usize>,
}

/// The choices of a walk through the cells of one path and entry.
#[derive(Default)]
pub(super) struct Choices {
    pub(super) spaces: Vec<Space>,
    /// Chosen spaces, first to last.
    order: Vec<usize>,
    /// A question was asked of a part that was already chosen without it.
    stale: bool,
}

impl Choices {
    /// Parts that were chosen, with their values.
    pub(super) fn chosen(&self) -> impl Iterator<Item = (&Key, &Value)> {
        self.order.iter().map(|&at| {
            let space = &self.spaces[at];
            (&space.key, &space.values[space.chosen.unwrap_or_default()])
        })
    }

    /// How many parts are chosen.
    pub(super) fn depth(&self) -> usize {
        self.order.len()
    }

    /// Takes the next value of the last part that has one. Returns how many choices stayed as they were.
    pub(super) fn advance(&mut self) -> Option<usize> {
        while let Some(&last) = self.order.last() {
            let space = &mut self.spaces[last];
            let next = space.chosen.map_or(0, |at| at + 1);
            if next < space.values.len() {
                space.chosen = Some(next);
                return Some(self.order.len() - 1);
            }
            space.chosen = None;
            self.order.pop();
        }
        None
    }

    /// Begins again if a part has more values than was thought.
    pub(super) fn restart(&mut self, maker: &mut Maker<'_>, tls: bool) -> bool {
        if !self.stale {
            return false;
        }
        self.stale = false;
        self.order.clear();
        for space in &mut self.spaces {
            space.chosen = None;
            space.values = maker.values(&space.key, &space.asked, tls);
        }
        true
    }

    fn ask(&mut self, key: &Key, asked: Asked, maker: &mut Maker<'_>, test: &Test, tls: bool) -> bool {
        let at = self.spaces.iter().position(|space| space.key == *key).unwrap_or_else(|| {
            self.spaces.push(Space { key: key.clone(), asked: Vec::new(), values: Rc::new(Vec::new()), chosen: None });
            self.spaces.len() - 1
        });
        let space = &mut self.spaces[at];
        let place = match space.asked.binary_search(&asked) {
            Ok(place) => place,
            Err(place) => {
                space.asked.insert(place, asked);
                if let Some(chosen) = space.chosen {
                    self.stale = true;
                    // The remaining answers of this walk are thrown away.
                    let sample = space.values[chosen].sample.clone();
                    space.asked.remove(place);
                    space.asked.push(asked);
                    space.asked.sort_unstable();
                    return sample.is_some_and(|sample| holds(test, &sample));
                }
                space.values = maker.values(key, &space.asked, tls);
                place
            }
        };
        let chosen = match space.chosen {
            Some(chosen) => chosen,
            None => {
                space.chosen = Some(0);
                self.order.push(at);
                0
            }
        };
        // Values of a stale walk have fewer answers than questions; what is answered then does not count.
        self.spaces[at].values[chosen].answers.get(place).copied().unwrap_or(false)
    }
}

/// What both sides of a walk share.
pub(super) struct Walk<'p> {
    pub(super) maker: RefCell<Maker<'p>>,
    pub(super) choices: RefCell<Choices>,
    /// Questions about paths that the atoms of the host do not tell apart yet.
    pub(super) missing: RefCell<Vec<Asked>>,
    /// A default limit for bodies was asked for, and taken not to be reached.
    pub(super) small_bodies: Cell<bool>,
    /// A router asked for the path.
    pub(super) path_asked: Cell<bool>,
}

/// One side's view of a cell.
pub(super) struct View<'a, 'p> {
    pub(super) table: &'a Table<'p>,
    pub(super) side: usize,
    pub(super) entry: Entry,
    pub(super) walk: &'a Walk<'p>,
    /// No path is chosen: every question about it is answered with no and collected.
    pub(super) gathering: bool,
}

impl Valuation for View<'_, '_> {
    fn holds(&self, id: PredicateId) -> bool {
        let mark = &self.table.marks[id.0 as usize];
        if mark.is_path {
            self.walk.path_asked.set(true);
            if mark.known == self.table.host {
                return !self.gathering && mark.holds == self.table.atom;
            }
            if mark.collected.replace(self.table.host) != self.table.host {
                self.walk.missing.borrow_mut().push((self.side, id));
            }
            return false;
        }
        match &self.table.kinds[id.0 as usize] {
            Kind::Name => mark.holds == self.table.host,
            Kind::Path | Kind::Never => false,
            Kind::SmallBody => {
                self.walk.small_bodies.set(true);
                false
            }
            Kind::Entry => {
                let predicate = self.table.predicates.get(id);
                entry_holds(self.entry, &predicate.field, &predicate.test)
            }
            Kind::Part(key) => {
                let test = &self.table.predicates.get(id).test;
                let tls = self.entry.scheme == crate::request::Scheme::Https;
                self.walk.choices.borrow_mut().ask(key, (self.side, id), &mut self.walk.maker.borrow_mut(), test, tls)
            }
        }
    }

    fn first_from(&self, predicates: &Sequence, from: usize) -> Option<usize> {
        let one_by_one = || predicates.iter().skip(from).position(|&id| self.holds(id)).map(|at| at + from);
        if !predicates.is_long() {
            return one_by_one();
        }
        if self.table.marks[predicates[0].0 as usize].is_path {
            self.walk.path_asked.set(true);
        }
        self.table.first_of_long(predicates, from, self.gathering).unwrap_or_else(one_by_one)
    }
}

fn entry_holds(entry: Entry, field: &Field, test: &Test) -> bool {
    let port;
    let text = if *field == Field::Port {
        port = entry.number().to_string();
        port.as_str()
    } else {
        entry.scheme_name()
    };
    match test {
        Test::Present => true,
        Test::Equals(wanted) => wanted == text,
        Test::Prefix(wanted) => text.starts_with(wanted.as_str()),
        Test::Suffix(wanted) => text.ends_with(wanted.as_str()),
        Test::Regex(_) => holds(test, text),
        Test::InNetworks(_) | Test::Above(_) | Test::Malformed(_) => false,
    }
}
