//! What a search of a pattern answers.

use std::ops::Range;

/// A slot without a position.
pub(super) const UNSET: u32 = u32::MAX;

/// The search needed more steps than allowed, or the pattern uses something that we do not execute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepLimit;

impl std::fmt::Display for StepLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the search needs too many steps")
    }
}

impl std::error::Error for StepLimit {}

/// Where a match and its groups are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captures {
    slots: Vec<u32>,
}

impl Captures {
    pub(super) fn new(slots: Vec<u32>) -> Self {
        Self { slots }
    }

    /// Group `number`, 0 for the whole match; `None` where it is not set or does not exist.
    pub fn get(&self, number: usize) -> Option<Range<usize>> {
        let start = *self.slots.get(number * 2)?;
        let end = *self.slots.get(number * 2 + 1)?;
        (start != UNSET && end != UNSET).then_some(start as usize..end as usize)
    }

    /// How many groups there are, the whole match included.
    pub fn len(&self) -> usize {
        self.slots.len() / 2
    }

    /// Never true: there is always the whole match.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }
}
