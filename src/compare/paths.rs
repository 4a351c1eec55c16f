//! The paths of one host, cut by everything that is asked about them there.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet},
};

use super::{langs, spaces::Asked};
use crate::{
    automata::{Budget, Lang, OverBudget, Partition},
    request::{PredicateId, Predicates, Test},
};

/// How the paths of an atom stand to a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    /// They are all in it.
    Inside,
    /// None of them is.
    Outside,
    /// Atoms are not told apart by it yet.
    Uncut,
    /// What they are is not known for sure.
    Unsure,
}

/// Paths that nothing tells apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PathAtom {
    /// The shortest, as a person would type it.
    pub(super) witness: String,
    /// It is the only one.
    pub(super) only: bool,
    /// Bytes with which all of them start.
    pub(super) prefix: String,
    /// Whether they end with a slash; `None` where that is not known of all.
    pub(super) slash: Option<bool>,
    /// All answers are certain for every path.
    pub(super) sure: bool,
    /// Numbers of the languages that contain them.
    pub(super) holds: Vec<usize>,
}

impl PathAtom {
    /// A single path.
    pub(super) fn single(path: &str) -> Self {
        Self {
            witness: path.to_owned(),
            only: true,
            prefix: path.to_owned(),
            slash: Some(path.ends_with('/')),
            sure: true,
            holds: Vec::new(),
        }
    }
}

/// Remembers languages of questions.
pub(super) struct Languages<'p> {
    sides: [&'p Predicates; 2],
    known: [BTreeMap<PredicateId, Lang>; 2],
}

impl<'p> Languages<'p> {
    pub(super) fn new(sides: [&'p Predicates; 2]) -> Self {
        Self { sides, known: [BTreeMap::new(), BTreeMap::new()] }
    }

    pub(super) fn test(&self, (side, id): Asked) -> &'p Test {
        &self.sides[side].get(id).test
    }

    pub(super) fn texts(&mut self, asked: Asked) -> Lang {
        let test = self.test(asked);
        match test {
            Test::Regex(_) => self.known[asked.0].entry(asked.1).or_insert_with(|| langs::texts(test)).clone(),
            Test::Present
            | Test::Equals(_)
            | Test::Prefix(_)
            | Test::Suffix(_)
            | Test::InNetworks(_)
            | Test::Above(_)
            | Test::Malformed(_) => langs::texts(test),
        }
    }
}

/// The paths of one host.
pub(super) struct Paths {
    partition: Partition,
    pub(super) atoms: Vec<PathAtom>,
    /// Questions that each language answers.
    users: Vec<Vec<Asked>>,
    /// Numbers of the languages that nobody asks for, by how they are written.
    more: BTreeMap<String, usize>,
    /// What [`Self::cut_by_end`] found, once somebody asks.
    ends: OnceCell<Vec<[bool; 2]>>,
}

impl Paths {
    /// Cuts the clean paths by questions of both sides, and by languages that nobody asks for.
    pub(super) fn cut(asked: &[Asked], more: &[Lang], languages: &mut Languages<'_>, budget: Budget) -> Result<Self, OverBudget> {
        let mut index: BTreeMap<&Test, usize> = BTreeMap::new();
        let mut langs: Vec<Lang> = Vec::with_capacity(asked.len() + more.len());
        let mut users: Vec<Vec<Asked>> = Vec::with_capacity(asked.len());
        let mut tests: Vec<&Test> = Vec::with_capacity(asked.len());
        for &one in asked {
            let test = languages.test(one);
            if let Some(&at) = index.get(test) {
                users[at].push(one);
                continue;
            }
            index.insert(test, langs.len());
            tests.push(test);
            users.push(vec![one]);
            langs.push(languages.texts(one));
        }
        let known = more.iter().enumerate().map(|(at, lang)| (format!("{lang:?}"), langs.len() + at)).collect();
        langs.extend(more.iter().cloned());
        let partition = Partition::new(&langs, langs::paths(), budget)?;
        let atoms = partition.atoms().iter().map(|atom| {
            let witness = String::from_utf8_lossy(&atom.witness).into_owned();
            let mut prefix = "/";
            let mut only = false;
            for test in atom.holds.iter().filter_map(|at| tests.get(at)) {
                match test {
                    Test::Equals(_) => only = true,
                    Test::Prefix(text) if text.len() > prefix.len() => prefix = text,
                    _ => {}
                }
            }
            let prefix = if only { witness.clone() } else { prefix.to_owned() };
            let slash = only.then(|| witness.ends_with('/'));
            let holds = atom.holds.iter().collect();
            PathAtom { witness, only, prefix, slash, sure: atom.unsure.is_empty(), holds }
        });
        Ok(Self { atoms: atoms.collect(), partition, users, more: known, ends: OnceCell::new() })
    }

    /// Questions of one side that hold of the paths of an atom.
    pub(super) fn holding<'a>(&'a self, atom: &'a PathAtom, side: usize) -> impl Iterator<Item = PredicateId> + 'a {
        let users = atom.holds.iter().filter_map(|&at| self.users.get(at)).flatten();
        users.filter(move |(of, _)| *of == side).map(|(_, id)| *id)
    }

    /// States of the automaton; 0 where none was needed.
    pub(super) fn states(&self) -> usize {
        self.partition.states()
    }

    /// Some paths of an atom, the most telling first.
    pub(super) fn samples(&self, number: usize) -> impl Iterator<Item = String> {
        let PathAtom { witness, only, prefix, .. } = &self.atoms[number];
        // Where letter case matters, a person types all of it in one.
        let upper = witness.bytes().any(|byte| byte.is_ascii_uppercase()).then(|| witness.to_ascii_uppercase());
        let tails = ["/", "a", "/a", "1", "/a/b.html", "x/", "/x/", "A", ".js", "/A/b/", "-a+b"];
        let longer = tails.into_iter().map(move |tail| format!("{witness}{tail}"));
        let cased = [str::to_ascii_uppercase, str::to_ascii_lowercase].into_iter().map(move |letters| letters(witness));
        let inside = ["a/b", "x.html", "b/"].into_iter().map(move |tail| format!("{prefix}{tail}"));
        let others = longer.chain(cased).chain(inside).take_while(move |_| !only);
        let mut seen = BTreeSet::new();
        let candidates = upper.into_iter().chain([witness.clone()]).chain(others);
        candidates.filter(move |path| (path == witness || self.is_member(number, path)) && seen.insert(path.clone()))
    }

    /// How the paths of an atom stand to a language.
    pub(super) fn relation(&self, number: usize, lang: &Lang) -> Relation {
        let atom = &self.atoms[number];
        match self.more.get(&format!("{lang:?}")) {
            None => Relation::Uncut,
            Some(_) if !atom.sure => Relation::Unsure,
            Some(at) if atom.holds.contains(at) => Relation::Inside,
            Some(_) => Relation::Outside,
        }
    }

    /// Whether some paths of an atom end with a slash, or some do not.
    pub(super) fn some_end(&self, number: usize, slash: bool) -> bool {
        if self.samples(number).any(|path| path.ends_with('/') == slash) {
            return true;
        }
        self.ends.get_or_init(|| self.cut_by_end())[number][usize::from(slash)]
    }

    /// Of every atom: whether some paths do not end with a slash, and whether some do. Where that is too much work, both may be.
    fn cut_by_end(&self) -> Vec<[bool; 2]> {
        let mut ends: Vec<[bool; 2]> = self.atoms.iter().map(|atom| [!atom.sure; 2]).collect();
        let Ok(parts) = self.partition.split(Lang::suffix("/"), langs::paths(), Budget::default()) else {
            return vec![[true; 2]; ends.len()];
        };
        for part in parts.atoms() {
            if let Some(number) = self.partition.atom_of(&part.witness) {
                ends[number][usize::from(part.witness.ends_with(b"/"))] = true;
            }
        }
        ends
    }

    /// The longest path that somebody asks for, without its final slash.
    pub(super) fn longest(&self) -> String {
        let longest = self.atoms.iter().map(|atom| atom.prefix.as_str()).max_by_key(|prefix| prefix.len());
        longest.unwrap_or_default().trim_end_matches('/').to_owned()
    }

    fn is_member(&self, number: usize, path: &str) -> bool {
        langs::paths().contains(path.as_bytes()) && self.partition.atom_of(path.as_bytes()) == Some(number)
    }
}

/// Drops languages that are asked for twice.
pub(super) fn dedup(langs: &mut Vec<Lang>) {
    let mut seen = std::collections::BTreeSet::new();
    langs.retain(|lang| seen.insert(format!("{lang:?}")));
}
