//! All ways in which strings of a domain can relate to some languages, each with the shortest string of that kind.

use super::{
    BitSet, Domain, Lang,
    explore::Walk,
    lang::{Key, Leaf},
    literal::Literals,
};
use std::collections::{HashMap, HashSet};

/// How much work a partition may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// States of the automaton.
    pub states: usize,
    /// Atoms found with the automaton; literals and prefixes are not counted.
    pub atoms: usize,
    /// Memory of the automaton, in bytes.
    pub bytes: usize,
    /// Steps: bytes that the expressions tell apart, times the memory of the automaton in bytes. A hundred million take some tenths of a
    /// second.
    pub steps: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { states: 200_000, atoms: 20_000, bytes: 256 << 20, steps: 500_000_000 }
    }
}

/// The languages are too many or too different from each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverBudget {
    /// Too many states.
    States,
    /// Too many atoms.
    Atoms,
    /// Too much memory.
    Memory,
}

impl std::fmt::Display for OverBudget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::States => "the expressions need too many states",
            Self::Atoms => "the expressions can be combined in too many ways",
            Self::Memory => "the expressions need too much memory",
        })
    }
}

impl std::error::Error for OverBudget {}

/// Strings of the domain that no language tells apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// The languages that contain them.
    pub holds: BitSet,
    /// The languages of which some may contain only part of them, as they are not regular; [`holds`](Self::holds)
    /// then speaks of the witness.
    pub unsure: BitSet,
    /// The shortest of them, and the easiest to type.
    pub witness: Vec<u8>,
}

/// A domain cut into atoms.
#[derive(Clone, Debug)]
pub struct Partition {
    langs: Vec<Lang>,
    atoms: Vec<Atom>,
    index: HashMap<(BitSet, BitSet), usize>,
    states: usize,
}

impl Partition {
    /// Cuts the domain. Atoms are in the order of their witnesses: shorter ones first.
    ///
    /// # Errors
    /// Where the budget does not suffice.
    pub fn new(langs: &[Lang], domain: &Domain, budget: Budget) -> Result<Self, OverBudget> {
        let leaves = Leaves::new(langs);
        if let Some(partition) = Self::from_literals(langs, &leaves, domain) {
            return Ok(partition);
        }
        Self::from_automaton(langs, &leaves, domain, budget)
    }

    fn from_literals(langs: &[Lang], leaves: &Leaves<'_>, domain: &Domain) -> Option<Self> {
        let literals = Literals::new(&leaves.all)?;
        let mut found = literals.members(domain)?;
        found.sort_by_cached_key(|found| (found.text.len(), found.text.iter().map(|byte| domain.rank(*byte)).collect::<Vec<_>>()));
        let mut builder = Builder::new(langs, leaves);
        for found in found {
            builder.add(&found.leaves, || found.text);
        }
        Some(builder.finish(0))
    }

    fn from_automaton(langs: &[Lang], leaves: &Leaves<'_>, domain: &Domain, budget: Budget) -> Result<Self, OverBudget> {
        let expressions: Vec<_> = leaves.all.iter().map(|leaf| leaf.hir()).collect();
        let mut walk = Walk::new(&expressions, domain, budget)?;
        let mut builder = Builder::new(langs, leaves);
        walk.run(budget, |member| {
            builder.add(member.matching, || member.text());
            if builder.partition.atoms.len() > budget.atoms { Err(OverBudget::Atoms) } else { Ok(true) }
        })?;
        Ok(builder.finish(walk.states()))
    }

    /// The languages, in the order in which they were given.
    pub fn langs(&self) -> &[Lang] {
        &self.langs
    }

    /// The atoms.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// States of the automaton, 0 where none was needed.
    pub fn states(&self) -> usize {
        self.states
    }

    /// The number of the atom of a string; nothing where it is not in the domain, or a search gave up.
    pub fn atom_of(&self, text: &[u8]) -> Option<usize> {
        let mut sure = Vec::new();
        let mut unsure = Vec::new();
        for (number, lang) in (0..).zip(&self.langs) {
            let holds = lang.evaluate(&mut |leaf| if matches!(leaf, Leaf::Opaque(_)) { None } else { leaf.matches(text) });
            match holds {
                Some(true) => sure.push(number),
                Some(false) => {}
                None => unsure.push(number),
            }
        }
        let (sure, unsure) = (BitSet::from_unsorted(sure), BitSet::from_unsorted(unsure));
        self.index.get(&(sure, unsure)).copied()
    }

    /// The strings of an atom, as a language; nothing where that is not known for sure.
    pub fn lang_of(&self, atom: usize) -> Option<Lang> {
        let atom = self.atoms.get(atom).filter(|atom| atom.unsure.is_empty())?;
        let parts = self.langs.iter().enumerate();
        Some(Lang::and(parts.map(|(number, lang)| if atom.holds.contains(number) { lang.clone() } else { lang.clone().not() })))
    }

    /// The partition by these languages and one more.
    ///
    /// # Errors
    /// Where the budget does not suffice.
    pub fn split(&self, lang: Lang, domain: &Domain, budget: Budget) -> Result<Self, OverBudget> {
        let langs: Vec<Lang> = self.langs.iter().cloned().chain([lang]).collect();
        Self::new(&langs, domain, budget)
    }
}

/// The different leaves of some languages.
struct Leaves<'a> {
    all: Vec<&'a Leaf>,
    index: HashMap<Key<'a>, u32>,
    /// The languages in which each leaf occurs.
    users: Vec<Vec<u32>>,
    /// The languages with an opaque leaf.
    opaque: Vec<u32>,
}

impl<'a> Leaves<'a> {
    fn new(langs: &'a [Lang]) -> Self {
        let mut leaves = Self { all: Vec::new(), index: HashMap::new(), users: Vec::new(), opaque: Vec::new() };
        for (number, lang) in (0..).zip(langs) {
            lang.leaves(&mut |leaf| {
                let at = *leaves.index.entry(leaf.key()).or_insert_with(|| {
                    leaves.all.push(leaf);
                    leaves.users.push(Vec::new());
                    u32::try_from(leaves.all.len() - 1).unwrap_or(u32::MAX)
                });
                leaves.users[at as usize].push(number);
                if matches!(leaf, Leaf::Opaque(_)) {
                    leaves.opaque.push(number);
                }
            });
        }
        leaves
    }
}

/// Collects atoms.
struct Builder<'a> {
    leaves: &'a Leaves<'a>,
    /// The languages that hold where no leaf does.
    ground: Vec<bool>,
    ground_members: Vec<u32>,
    seen: HashSet<Vec<u32>>,
    partition: Partition,
}

impl<'a> Builder<'a> {
    fn new(langs: &[Lang], leaves: &'a Leaves<'a>) -> Self {
        let ground: Vec<bool> = langs.iter().map(|lang| lang.evaluate(&mut |_| Some(false)) == Some(true)).collect();
        let ground_members = (0..).zip(&ground).filter(|(_, holds)| **holds).map(|(number, _)| number).collect();
        let partition = Partition { langs: langs.to_vec(), atoms: Vec::new(), index: HashMap::new(), states: 0 };
        Self { leaves, ground, ground_members, seen: HashSet::new(), partition }
    }

    /// Adds the strings that are in these leaves and in no others.
    fn add(&mut self, matching: &[u32], witness: impl FnOnce() -> Vec<u8>) {
        if self.seen.contains(matching) {
            return;
        }
        self.seen.insert(matching.to_vec());
        let mut touched: Vec<u32> =
            matching.iter().flat_map(|leaf| &self.leaves.users[*leaf as usize]).chain(&self.leaves.opaque).copied().collect();
        touched.sort_unstable();
        touched.dedup();
        let langs = &self.partition.langs;
        let mut sure = Vec::new();
        let mut unsure = Vec::new();
        for number in &touched {
            let lang = &langs[*number as usize];
            let holds = lang.evaluate(&mut |leaf| match leaf {
                Leaf::Opaque(_) => None,
                _ => self.leaves.index.get(&leaf.key()).map(|at| matching.binary_search(at).is_ok()),
            });
            match holds {
                Some(true) => sure.push(*number),
                Some(false) => {}
                None => unsure.push(*number),
            }
        }
        let untouched =
            self.ground_members.iter().filter(|number| self.ground[**number as usize] && touched.binary_search(number).is_err());
        sure.extend(untouched);
        let sure = BitSet::from_unsorted(sure);
        let unsure = BitSet::from_unsorted(unsure);
        let key = (sure, unsure);
        if self.partition.index.contains_key(&key) {
            return;
        }
        let witness = witness();
        let (sure, unsure) = key.clone();
        let here = unsure.iter().filter(|number| langs[*number].contains(&witness) == Some(true));
        let holds = sure.iter().chain(here).collect();
        self.partition.index.insert(key, self.partition.atoms.len());
        self.partition.atoms.push(Atom { holds, unsure, witness });
    }

    fn finish(mut self, states: usize) -> Partition {
        self.partition.states = states;
        self.partition
    }
}

/// An answer about all strings of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is so for all of them.
    Holds,
    /// It is not so for this one, which is the shortest.
    Fails(Vec<u8>),
    /// It was too much work, or a language is not regular.
    Unknown,
}

impl Lang {
    /// The shortest string of the domain in this set, as far as can be told.
    ///
    /// # Errors
    /// Where the budget does not suffice.
    pub fn witness(&self, domain: &Domain, budget: Budget) -> Result<Option<Vec<u8>>, OverBudget> {
        Ok(self.find(domain, budget)?.0)
    }

    /// A member, and whether there was doubt about strings before it.
    fn find(&self, domain: &Domain, budget: Budget) -> Result<(Option<Vec<u8>>, bool), OverBudget> {
        let langs = std::slice::from_ref(self);
        let leaves = Leaves::new(langs);
        if let Some(partition) = Partition::from_literals(langs, &leaves, domain) {
            let found = partition.atoms.into_iter().find(|atom| !atom.holds.is_empty());
            return Ok((found.map(|atom| atom.witness), false));
        }
        let expressions: Vec<_> = leaves.all.iter().map(|leaf| leaf.hir()).collect();
        let mut walk = Walk::new(&expressions, domain, budget)?;
        let mut found = None;
        let mut doubt = false;
        walk.run(budget, |member| {
            let sure = self.evaluate(&mut |leaf| match leaf {
                Leaf::Opaque(_) => None,
                _ => leaves.index.get(&leaf.key()).map(|at| member.matching.binary_search(at).is_ok()),
            });
            doubt |= sure.is_none();
            let holds = sure.unwrap_or_else(|| self.contains(&member.text()) == Some(true));
            if holds {
                found = Some(member.text());
            }
            Ok(!holds)
        })?;
        Ok((found, doubt))
    }

    /// Whether no string of the domain is in this set.
    pub fn is_empty(&self, domain: &Domain, budget: Budget) -> Answer {
        match self.find(domain, budget) {
            Ok((Some(witness), _)) => Answer::Fails(witness),
            Ok((None, false)) => Answer::Holds,
            Ok((None, true)) | Err(_) => Answer::Unknown,
        }
    }

    /// Whether all strings of the domain that are in this set are in the other.
    pub fn is_subset(&self, other: &Lang, domain: &Domain, budget: Budget) -> Answer {
        Lang::and([self.clone(), other.clone().not()]).is_empty(domain, budget)
    }

    /// Whether the same strings of the domain are in both.
    pub fn is_equal(&self, other: &Lang, domain: &Domain, budget: Budget) -> Answer {
        let left = Lang::and([self.clone(), other.clone().not()]);
        let right = Lang::and([other.clone(), self.clone().not()]);
        Lang::or([left, right]).is_empty(domain, budget)
    }
}
