//! A sparse set of small numbers.

/// A set of numbers, usually of languages. Small where few are members, whatever the greatest.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BitSet(Vec<u32>);

impl BitSet {
    /// The set of these numbers, in any order.
    pub(super) fn from_unsorted(mut members: Vec<u32>) -> Self {
        members.sort_unstable();
        members.dedup();
        Self(members)
    }

    /// Whether `number` is a member.
    pub fn contains(&self, number: usize) -> bool {
        u32::try_from(number).is_ok_and(|number| self.0.binary_search(&number).is_ok())
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().map(|number| *number as usize)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<usize> for BitSet {
    fn from_iter<I: IntoIterator<Item = usize>>(numbers: I) -> Self {
        Self::from_unsorted(numbers.into_iter().filter_map(|number| u32::try_from(number).ok()).collect())
    }
}
