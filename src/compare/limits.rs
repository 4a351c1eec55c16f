//! How much work a comparison may be.

use crate::automata::Budget;

/// Budgets. What exceeds one ends as *undecided* for its host and leaves the others alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// For cutting the paths of one host, or the values of one header, into atoms.
    pub partition: Budget,
    /// Cells of one host.
    pub cells: usize,
    /// Requests that are tried on both models for one region.
    pub samples: usize,
    /// Hosts whose unclean requests are probed.
    pub probed_hosts: usize,
    /// Whether differences keep the steps that lead to them, which are most of what they take.
    pub traces: bool,
    /// Only these hosts, as they are called in the result; empty for all.
    pub only: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { partition: Budget::default(), cells: 50_000, samples: 24, probed_hosts: 200, traces: true, only: Vec::new() }
    }
}
