//! Entries and how they were settled.

use std::collections::BTreeSet;

use super::Code;
use crate::k8s::Subject;

/// What became of something that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// Kept by core Gateway API, with the same effect.
    Exact,
    /// Kept by a policy of an implementation.
    Policy {
        /// Target id.
        target: String,
        /// Kind of the policy.
        kind: String,
        /// Codes of what it treats differently.
        codes: BTreeSet<Code>,
    },
    /// Kept, but traffic is treated differently in a way that the codes name.
    Differs {
        /// Codes of the differences.
        codes: BTreeSet<Code>,
    },
    /// Without effect today, for the reason given.
    NoEffect {
        /// Why.
        why: String,
    },
    /// Not converted, for the reason that the codes explain.
    Unmappable {
        /// Codes that say why and what to do.
        codes: BTreeSet<Code>,
    },
    /// Not known to ingress-nginx.
    Unknown {
        /// A known name that is close, if any.
        suggestion: Option<String>,
    },
}

impl Settlement {
    /// The word of machine formats: `exact`, `policy`, `differs`, `no-effect`, `unmappable`, `unknown`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Policy { .. } => "policy",
            Self::Differs { .. } => "differs",
            Self::NoEffect { .. } => "no-effect",
            Self::Unmappable { .. } => "unmappable",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Rank when a thing has several uses: the worst use decides, and a use beats no effect.
    const fn rank(&self) -> u8 {
        match self {
            Self::NoEffect { .. } => 0,
            Self::Exact => 1,
            Self::Policy { .. } => 2,
            Self::Differs { .. } => 3,
            Self::Unknown { .. } => 4,
            Self::Unmappable { .. } => 5,
        }
    }

    /// Joins another settlement of the same thing.
    pub fn join(&mut self, other: &Self) {
        if self != other {
            *self = std::mem::replace(self, Self::Exact).and(other.clone());
        }
    }

    /// Both settlements of one thing as one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let (mut worse, better) = if self.rank() >= other.rank() { (self, other) } else { (other, self) };
        if let (
            Self::Differs { codes } | Self::Unmappable { codes } | Self::Policy { codes, .. },
            Self::Differs { codes: more } | Self::Unmappable { codes: more } | Self::Policy { codes: more, .. },
        ) = (&mut worse, better)
        {
            codes.extend(more);
        }
        worse
    }
}

/// Index of an entry in its ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryId(pub u32);

/// Something that was read.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it was read.
    pub subject: Subject,
    /// Its value as text.
    pub value: String,
    /// What became of it; `None` while open.
    pub settlement: Option<Settlement>,
}

/// The account.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// Opens an entry. Opening the same subject twice is a bug of the caller.
    pub fn open(&mut self, subject: Subject, value: impl Into<String>) -> EntryId {
        let id = EntryId(u32::try_from(self.entries.len()).expect("INVARIANT: fewer than 2^32 ledger entries"));
        self.entries.push(Entry { subject, value: value.into(), settlement: None });
        id
    }

    /// Settles an entry, together with what was said of it before.
    pub fn settle(&mut self, id: EntryId, settlement: Settlement) {
        let slot = &mut self.entries[id.0 as usize].settlement;
        *slot = Some(match slot.take() {
            Some(before) => before.and(settlement),
            None => settlement,
        });
    }

    /// All entries, in the order in which they were opened.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Entries that nobody settled; a report is made only where there are none.
    pub fn open_entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.settlement.is_none())
    }
}
