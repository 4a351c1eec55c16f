//! The exit codes, in one place.

use crate::ledger::{Findings, Severity};

/// How a run ended. README lists the codes for users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exit {
    /// Nothing to report.
    Clean,
    /// Findings or differences at or above `--fail-on`.
    Findings,
    /// The command line was wrong.
    Usage,
    /// Part of the input could not be read; beats [`Exit::Findings`].
    Partial,
    /// Nothing could be done at all.
    Failed,
}

impl Exit {
    /// The code for the shell.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Failed => 4,
        }
    }

    /// The code for a run that read `partial` input and made `findings`.
    pub(super) fn of(partial: bool, findings: &Findings, fail_on: Severity) -> Self {
        if partial {
            Self::Partial
        } else if findings.iter().any(|finding| crate::report::severity(finding) >= fail_on) {
            Self::Findings
        } else {
            Self::Clean
        }
    }
}
