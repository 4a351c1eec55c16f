//! Findings: facts about the input or about what happens to traffic.
//!
//! The wording stands in `annotation-maps/findings`, with `{fact}` where a fact goes; a finding only carries the facts.

use super::Code;
use crate::k8s::Subject;
use crate::yaml::Span;

pub use crate::catalog::Severity;

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

impl Code {
    /// How much it matters.
    pub fn severity(self) -> Severity {
        crate::catalog::finding(self.as_str()).map_or(Severity::High, |entry| entry.severity)
    }

    /// Something was named and not read, or not as it was meant.
    pub const fn is_fault(self) -> bool {
        matches!(
            self,
            Self::InputBinaryFile
                | Self::InputBrokenDocument
                | Self::InputDroppedByKubectl
                | Self::InputEmptyFolder
                | Self::InputMissingFile
                | Self::InputNotAnObject
                | Self::InputNotRendered
                | Self::InputUnreadableFile
        )
    }

    /// Something that decides about traffic was not read, so that the result stands on what is taken instead.
    pub const fn is_assumption(self) -> bool {
        matches!(
            self,
            Self::ClusterControllerUnknown
                | Self::ClusterForbidden
                | Self::ClusterUnreadable
                | Self::IngressConfigMapAssumed
                | Self::IngressPassthroughAssumed
                | Self::IngressSettingsAssumed
        )
    }
}

/// Findings in the order in which they were made.
pub type Findings = Vec<Finding>;
