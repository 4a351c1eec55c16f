//! Questions that are asked one after the other, and a fast way to the first of them that holds.

use std::ops::Deref;

use super::PredicateId;

/// Sequences longer than this are looked up, not walked through.
const LONG: usize = 32;

/// Questions about one field, in the order in which a router asks them: the first that holds decides.
#[derive(Debug, Clone, Default)]
pub struct Sequence {
    list: Vec<PredicateId>,
    /// The questions of a long sequence with their places, sorted; empty for short ones.
    places: Vec<(PredicateId, usize)>,
}

impl Sequence {
    /// There are so many questions that [`Self::find`] is worth while.
    pub fn is_long(&self) -> bool {
        self.list.len() > LONG
    }

    /// The first place of a question at or behind `from`.
    pub fn find(&self, id: PredicateId, from: usize) -> Option<usize> {
        if self.places.is_empty() {
            return self.list.iter().skip(from).position(|&known| known == id).map(|at| at + from);
        }
        let at = self.places.partition_point(|place| *place < (id, from));
        self.places.get(at).filter(|(known, _)| *known == id).map(|(_, place)| *place)
    }
}

impl From<Vec<PredicateId>> for Sequence {
    fn from(list: Vec<PredicateId>) -> Self {
        let mut sequence = Self { list, places: Vec::new() };
        if sequence.is_long() {
            sequence.places = sequence.list.iter().copied().zip(0..).collect();
            sequence.places.sort_unstable();
        }
        sequence
    }
}

impl FromIterator<PredicateId> for Sequence {
    fn from_iter<I: IntoIterator<Item = PredicateId>>(ids: I) -> Self {
        ids.into_iter().collect::<Vec<_>>().into()
    }
}

/// Questions, and what each of them decides.
pub fn deciding<T>(pairs: impl IntoIterator<Item = (PredicateId, T)>) -> (Sequence, Vec<T>) {
    let (list, decided): (Vec<PredicateId>, Vec<T>) = pairs.into_iter().unzip();
    (list.into(), decided)
}

impl Deref for Sequence {
    type Target = [PredicateId];

    fn deref(&self) -> &[PredicateId] {
        &self.list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_sequences_find_the_same_places() {
        let list: Vec<PredicateId> = (0..100).map(|number| PredicateId(number * 7 % 10)).collect();
        let long = Sequence::from(list.clone());
        assert!(long.is_long());
        for id in (0..11).map(PredicateId) {
            for from in 0..=list.len() {
                let walked = list.iter().skip(from).position(|&known| known == id).map(|at| at + from);
                assert_eq!(long.find(id, from), walked, "{id:?} from {from}");
            }
        }
        let short = Sequence::from(vec![PredicateId(3), PredicateId(1), PredicateId(3)]);
        assert_eq!((short.find(PredicateId(3), 0), short.find(PredicateId(3), 1), short.find(PredicateId(2), 0)), (Some(0), Some(2), None));
    }
}
