//! A set of bytes, as a character class of a regular expression without Unicode sees them.

use std::fmt;

/// A set of bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// The set without members.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// One byte.
    pub const fn single(byte: u8) -> Self {
        Self::EMPTY.with(byte)
    }

    /// All bytes from `first` to `last`, both included.
    pub fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        for byte in first..=last {
            set.insert(byte);
        }
        set
    }

    /// All bytes of `bytes`.
    pub const fn of(bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        let mut at = 0;
        while at < bytes.len() {
            set = set.with(bytes[at]);
            at += 1;
        }
        set
    }

    const fn with(mut self, byte: u8) -> Self {
        self.0[(byte >> 6) as usize] |= 1 << (byte & 63);
        self
    }

    /// Adds one byte.
    pub fn insert(&mut self, byte: u8) {
        *self = self.with(byte);
    }

    /// Whether `byte` is a member.
    pub const fn contains(&self, byte: u8) -> bool {
        self.0[(byte >> 6) as usize] & (1 << (byte & 63)) != 0
    }

    /// Members of either.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] | other.0[at]))
    }

    /// Members of both.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    /// Members of exactly one of the two.
    #[must_use]
    pub fn symmetric_difference(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] ^ other.0[at]))
    }

    /// All bytes that are not members.
    #[must_use]
    pub fn negate(self) -> Self {
        Self(self.0.map(|word| !word))
    }

    /// The set with the other letter case of each ASCII letter added.
    #[must_use]
    pub fn fold_case(self) -> Self {
        let mut folded = self;
        for byte in self.iter().filter(u8::is_ascii_alphabetic) {
            folded.insert(byte ^ 0x20);
        }
        folded
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }

    /// How many bytes are members.
    pub fn len(&self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// The member, where there is exactly one.
    pub fn only(&self) -> Option<u8> {
        if self.len() == 1 { self.iter().next() } else { None }
    }

    /// The members in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u8> + '_ {
        (0..=255).filter(|byte| self.contains(*byte))
    }

    /// The members as ranges, both ends included, in ascending order.
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in self.iter() {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == byte => *last = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (first, last) in self.ranges() {
            write!(f, "{}", first.escape_ascii())?;
            if last > first {
                write!(f, "-{}", last.escape_ascii())?;
            }
        }
        f.write_str("]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_join_neighbours() {
        let set = ByteSet::of(b"abcx").union(ByteSet::range(250, 255));
        assert_eq!(set.ranges(), [(b'a', b'c'), (b'x', b'x'), (250, 255)]);
    }

    #[test]
    fn case_folding_is_ascii_only() {
        assert_eq!(ByteSet::of(b"a1\xe9").fold_case(), ByteSet::of(b"Aa1\xe9"));
    }
}
