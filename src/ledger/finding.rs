//! Findings: facts about the input or about what happens to traffic.
//!
//! The wording stands in `annotation-maps/findings`, with `{fact}` where a fact goes; a finding only carries the facts.

use std::fmt;

use super::Code;
use crate::k8s::Subject;
use crate::yaml::Span;

/// How much a finding matters. Ordered: `Blocked` is the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Cosmetic difference.
    Low,
    /// Some requests are answered differently.
    Medium,
    /// Likely breakage.
    High,
    /// Lost protection or an outage; nothing is emitted.
    Blocked,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Blocked => "blocked",
        })
    }
}

/// Names and values that the wording of a code needs.
pub type Facts = Vec<(&'static str, String)>;

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// The place it is about; `None` for the estate, or where `at` says it.
    pub subject: Option<Subject>,
    /// A place in a source that belongs to no object (a broken document): source index and span.
    pub at: Option<(u32, Span)>,
    /// Facts for the wording, sorted by use.
    pub facts: Facts,
}

impl Finding {
    /// A finding about a place in an object.
    pub fn about(code: Code, subject: Subject, facts: Facts) -> Self {
        Self { code, subject: Some(subject), at: None, facts }
    }

    /// A finding about a place in a text.
    pub fn at(code: Code, source: u32, span: Span, facts: Facts) -> Self {
        Self { code, subject: None, at: Some((source, span)), facts }
    }

    /// A finding about everything that was read.
    pub fn estate(code: Code, facts: Facts) -> Self {
        Self { code, subject: None, at: None, facts }
    }
}

/// Findings in the order in which they were made.
pub type Findings = Vec<Finding>;
