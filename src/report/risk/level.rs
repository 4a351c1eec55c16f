//! How risky it is to move something: the worst of what was found about it.

use std::fmt;

use serde::Serialize;

use crate::ledger::Severity;

/// How risky a move is. Ordered: `Blocked` is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Nothing that a client or backend would notice.
    #[default]
    None,
    /// Cosmetic differences.
    Low,
    /// Some requests are answered differently.
    Medium,
    /// Likely breakage.
    High,
    /// Lost protection or an outage.
    Blocked,
}

impl Risk {
    /// All levels, the worst first.
    pub const ALL: [Self; 5] = [Self::Blocked, Self::High, Self::Medium, Self::Low, Self::None];

    /// `none`, `low`, `medium`, `high` or `blocked`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Blocked => "blocked",
        }
    }

    /// What it means, for people.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::None => "nothing that clients or backends would notice",
            Self::Low => "cosmetic differences",
            Self::Medium => "some requests are answered differently",
            Self::High => "likely to break",
            Self::Blocked => "loses protection or stops answering",
        }
    }
}

impl fmt::Display for Risk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<Severity> for Risk {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::None,
            Severity::Low => Self::Low,
            Severity::Medium => Self::Medium,
            Severity::High => Self::High,
            Severity::Blocked => Self::Blocked,
        }
    }
}

/// How many findings there are of each severity, accepted ones left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "names of severities")]
pub struct Counts {
    pub blocked: usize,
    pub high: usize,
    pub medium: usize,
    pub low: usize,
    pub info: usize,
}

impl Counts {
    /// One more.
    pub fn add(&mut self, severity: Severity) {
        *match severity {
            Severity::Blocked => &mut self.blocked,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
        } += 1;
    }

    /// Number and word of each severity that occurs, the worst first.
    pub fn words(&self) -> String {
        let Self { blocked, high, medium, low, info } = *self;
        let parts: Vec<String> = [(blocked, "blocked"), (high, "high"), (medium, "medium"), (low, "low"), (info, "info")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
    }
}

/// How many hosts there are of each risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[expect(missing_docs, reason = "names of levels")]
pub struct Spread {
    pub blocked: usize,
    pub high: usize,
    pub medium: usize,
    pub low: usize,
    pub none: usize,
}

impl Spread {
    /// Of these levels.
    pub fn of(levels: impl IntoIterator<Item = Risk>) -> Self {
        let mut spread = Self::default();
        for level in levels {
            *match level {
                Risk::Blocked => &mut spread.blocked,
                Risk::High => &mut spread.high,
                Risk::Medium => &mut spread.medium,
                Risk::Low => &mut spread.low,
                Risk::None => &mut spread.none,
            } += 1;
        }
        spread
    }

    /// Both taken together.
    #[must_use]
    pub const fn with(self, other: &Self) -> Self {
        let Self { blocked, high, medium, low, none } = *other;
        Self {
            blocked: self.blocked + blocked,
            high: self.high + high,
            medium: self.medium + medium,
            low: self.low + low,
            none: self.none + none,
        }
    }

    /// How many of a level.
    pub const fn get(&self, level: Risk) -> usize {
        match level {
            Risk::Blocked => self.blocked,
            Risk::High => self.high,
            Risk::Medium => self.medium,
            Risk::Low => self.low,
            Risk::None => self.none,
        }
    }
}
