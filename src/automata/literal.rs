//! Partitions of the normal case, where all languages are made of literals and prefixes, or of literals and suffixes:
//! no automaton is needed, the atoms are found by sorting.

use super::{Domain, lang::Leaf};
use std::collections::HashMap;

/// How many strings are tried for one witness before the automaton is asked instead.
const MAX_TRIES: usize = 4096;

/// Which end of a string the cones look at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Front,
    Back,
}

/// A string, and the leaves that are this string or what extends it.
#[derive(Clone, Copy, Default)]
struct Place {
    exact: Option<u32>,
    cone: Option<u32>,
}

/// A member of the domain and the leaves that contain it.
pub(super) struct Found {
    pub(super) text: Vec<u8>,
    pub(super) leaves: Vec<u32>,
}

/// The index of all leaves by their text.
pub(super) struct Literals<'a> {
    side: Side,
    places: HashMap<&'a [u8], Place>,
    longest: usize,
}

impl<'a> Literals<'a> {
    /// Nothing where other leaves occur, or both prefixes and suffixes.
    pub(super) fn new(leaves: &[&'a Leaf]) -> Option<Self> {
        let mut side = None;
        let mut places: HashMap<&[u8], Place> = HashMap::with_capacity(leaves.len());
        let mut longest = 0;
        for (number, leaf) in leaves.iter().enumerate() {
            let number = u32::try_from(number).ok()?;
            let (text, this) = match leaf {
                Leaf::Exact(text) => (text, None),
                Leaf::Prefix(text) => (text, Some(Side::Front)),
                Leaf::Suffix(text) => (text, Some(Side::Back)),
                Leaf::Regex(_) | Leaf::Opaque(_) => return None,
            };
            longest = longest.max(text.len());
            let place = places.entry(text).or_default();
            match this {
                None => place.exact = Some(number),
                Some(this) if *side.get_or_insert(this) == this => place.cone = Some(number),
                Some(_) => return None,
            }
        }
        Some(Self { side: side.unwrap_or(Side::Front), places, longest })
    }

    /// The part of the text with this length at the side the cones look at.
    fn part<'t>(&self, text: &'t [u8], length: usize) -> &'t [u8] {
        match self.side {
            Side::Front => &text[..length],
            Side::Back => &text[text.len() - length..],
        }
    }

    /// The leaves that contain a string.
    pub(super) fn leaves_of(&self, text: &[u8]) -> Vec<u32> {
        let mut leaves: Vec<u32> = (0..=text.len().min(self.longest))
            .filter_map(|length| self.places.get(self.part(text, length)).and_then(|place| place.cone))
            .collect();
        leaves.extend(self.places.get(text).and_then(|place| place.exact));
        leaves.sort_unstable();
        leaves
    }

    /// The shortest member of the domain for each set of leaves that occurs, or nothing where a search was too long.
    pub(super) fn members(&self, domain: &Domain) -> Option<Vec<Found>> {
        let Some(start) = domain.start() else { return Some(Vec::new()) };
        let mut found = Vec::new();
        let mut add = |text: Vec<u8>| found.push(Found { leaves: self.leaves_of(&text), text });
        let mut texts: Vec<&[u8]> = self.places.keys().copied().collect();
        texts.sort_unstable();
        for text in texts {
            let Place { exact, cone } = self.places[text];
            if exact.is_some() && domain.contains(text) {
                add(text.to_vec());
            }
            if cone.is_some()
                && let Some(text) = self.inside(domain, start, text)?
            {
                add(text);
            }
        }
        let everything = self.places.get(&[][..]).is_some_and(|place| place.cone.is_some());
        if !everything && let Some(text) = self.inside(domain, start, b"")? {
            add(text);
        }
        Some(found)
    }

    /// The shortest member that this cone contains, and no smaller one, and that is not itself a literal. `None` if
    /// the search was too long.
    #[allow(clippy::option_option)] // "not found" and "gave up" are different answers
    fn inside(&self, domain: &Domain, start: u16, cone: &[u8]) -> Option<Option<Vec<u8>>> {
        let fits = |text: &[u8]| {
            self.places.get(text).is_none_or(|place| place.exact.is_none())
                && (cone.len() + 1..=text.len().min(self.longest))
                    .all(|length| self.places.get(self.part(text, length)).is_none_or(|place| place.cone.is_none()))
        };
        let (before, after) = match self.side {
            Side::Front => (cone, &[][..]),
            Side::Back => (&[][..], cone),
        };
        let Some(first) = domain.walk(start, before) else { return Some(None) };
        let ends = |state: u16| domain.walk(state, after).is_some_and(|state| domain.accepts_in(state));
        if !domain.states().any(ends) {
            return Some(None);
        }
        // What is put between, all of one length at a time, in the order of preference.
        let mut layer: Vec<(Vec<u8>, u16)> = vec![(Vec::new(), first)];
        let mut tries = 0;
        while !layer.is_empty() {
            for (middle, state) in &layer {
                if ends(*state) {
                    let text = [before, middle, after].concat();
                    if fits(&text) {
                        return Some(Some(text));
                    }
                }
            }
            let mut next = Vec::new();
            for (middle, state) in layer {
                for byte in domain.preference() {
                    let Some(target) = domain.next(state, *byte) else { continue };
                    tries += 1;
                    if tries > MAX_TRIES {
                        return None;
                    }
                    let mut longer = middle.clone();
                    longer.push(*byte);
                    // What is in a smaller cone stays there; what is in a larger one is decided at the end.
                    if self.side == Side::Front && self.leads_away(cone, &longer) {
                        continue;
                    }
                    next.push((longer, target));
                }
            }
            layer = next;
        }
        Some(None)
    }

    /// Whether the cone with these bytes behind it is itself a smaller cone.
    fn leads_away(&self, cone: &[u8], middle: &[u8]) -> bool {
        let length = cone.len() + middle.len();
        length <= self.longest && self.places.get(&[cone, middle].concat()[..]).is_some_and(|place| place.cone.is_some())
    }
}
