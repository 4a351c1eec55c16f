//! The matches of a hostname that come into question for a request, in the order in which they are tried. Long lists are not walked
//! through: their questions about paths are looked up.

use super::config::{Entry, Tier};
use crate::request::{Sequence, Valuation};

/// Lists shorter than this are walked through.
const FEW: usize = 16;

/// Some entries of a tier, in the order in which they are tried.
#[derive(Debug, Default)]
pub struct Order {
    /// Their positions in the tier.
    places: Vec<u32>,
    /// Their questions about paths, one entry after the other; empty where there are few entries, or one asks for no path.
    paths: Sequence,
    /// Who asks each of these: an index into `places`.
    askers: Vec<usize>,
}

impl Order {
    /// The entries at these positions.
    pub(super) fn new(entries: &[Entry], places: Vec<u32>) -> Self {
        let entry = |place: &u32| &entries[*place as usize];
        if places.len() < FEW || places.iter().any(|place| entry(place).paths.is_empty()) {
            return Self { places, ..Self::default() };
        }
        let questions = places.iter().enumerate().flat_map(|(at, place)| entry(place).paths.iter().map(move |&path| (path, at)));
        let (paths, askers): (Vec<_>, Vec<_>) = questions.unzip();
        Self { places, paths: paths.into(), askers }
    }

    /// All entries.
    pub(super) fn all(entries: &[Entry]) -> Self {
        Self::new(entries, (0..).take(entries.len()).collect())
    }

    /// The next one that comes into question, at or behind `from`.
    fn next(&self, from: usize, v: &impl Valuation) -> Option<usize> {
        if self.paths.is_empty() {
            return (from < self.places.len()).then_some(from);
        }
        let first = self.askers.partition_point(|&asker| asker < from);
        v.first_from(&self.paths, first).map(|at| self.askers[at])
    }
}

/// Goes through an order.
struct Cursor<'t> {
    order: &'t Order,
    from: usize,
}

impl Cursor<'_> {
    fn peek(&mut self, v: &impl Valuation) -> Option<u32> {
        let next = self.order.next(self.from, v);
        self.from = next.unwrap_or(self.order.places.len());
        self.order.places.get(self.from).copied()
    }
}

/// Entries of one exact host and of all other hostnames, merged.
pub(super) struct Candidates<'t, V> {
    entries: &'t [Entry],
    own: Option<Cursor<'t>>,
    others: Cursor<'t>,
    v: &'t V,
}

impl Tier {
    /// Entries that may match; whoever takes one still has to ask.
    pub(super) fn candidates<'t, V: Valuation>(&'t self, v: &'t V) -> Candidates<'t, V> {
        let own = self.index.as_ref().and_then(|index| Some(&index.own[v.first(&index.exact)?]));
        Candidates {
            entries: &self.entries,
            own: own.map(|order| Cursor { order, from: 0 }),
            others: Cursor { order: &self.order, from: 0 },
            v,
        }
    }
}

impl<'t, V: Valuation> Iterator for Candidates<'t, V> {
    type Item = &'t Entry;

    fn next(&mut self) -> Option<&'t Entry> {
        let own = self.own.as_mut().and_then(|own| own.peek(self.v));
        let other = self.others.peek(self.v);
        let place = match (own, other) {
            (Some(own), Some(other)) => own.min(other),
            (Some(place), None) | (None, Some(place)) => place,
            (None, None) => return None,
        };
        match &mut self.own {
            Some(cursor) if own == Some(place) => cursor.from += 1,
            Some(_) | None => self.others.from += 1,
        }
        self.entries.get(place as usize)
    }
}
