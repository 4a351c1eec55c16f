//! Entries and how they were settled.

use std::collections::BTreeSet;

use super::Code;
use crate::{k8s::Subject, yaml::Span};

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

/// Under what a settlement is counted in summaries, reports and comparisons of targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Kept by core Gateway API.
    Exact,
    /// Kept by a policy, with the same effect as far as it is known.
    Policy,
    /// Kept with a difference that has a name.
    Changed,
    /// Not converted.
    Lost,
    /// Without effect today.
    NoEffect,
    /// Not known to ingress-nginx.
    Unknown,
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

    /// Under what it is counted for people: what a policy keeps with a difference that has a name is changed, not kept.
    pub fn standing(&self) -> Standing {
        match self {
            Self::Exact => Standing::Exact,
            Self::Policy { codes, .. } if codes.is_empty() => Standing::Policy,
            Self::Policy { .. } | Self::Differs { .. } => Standing::Changed,
            Self::NoEffect { .. } => Standing::NoEffect,
            Self::Unmappable { .. } => Standing::Lost,
            Self::Unknown { .. } => Standing::Unknown,
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
    /// A place in a source that tells more than the subject does: a directive inside of a snippet.
    pub at: Option<(u32, Span)>,
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
        self.entries.push(Entry { subject, at: None, value: value.into(), settlement: None });
        id
    }

    /// Says where an entry stands in its source, where that is more than its subject tells.
    pub fn place(&mut self, id: EntryId, at: Option<(u32, Span)>) {
        self.entries[id.0 as usize].at = at;
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
