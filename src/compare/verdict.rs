//! What a comparison says: a verdict for each host, and for each difference a request that shows it.

use std::{fmt, sync::Arc};

use super::handshakes;
use crate::{
    k8s::Subject,
    ledger::{Code, Facts, Severity},
    request::{Decision, Outcome, Request},
};

/// What about the treatment of a request differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Who is let in.
    Access,
    /// TLS or plain text.
    Tls,
    /// Whether somebody answers, and with which status.
    Status,
    /// Where a redirect leads.
    Redirect,
    /// Who gets the request, with which share.
    Backend,
    /// How the backend is spoken to.
    Protocol,
    /// Path and query sent upstream.
    Path,
    /// Host sent upstream.
    Host,
    /// Headers sent upstream.
    RequestHeader,
    /// Headers the client gets.
    ResponseHeader,
    /// Certificate that is served.
    Certificate,
    /// Sizes and times.
    Limit,
}

impl Aspect {
    /// All aspects, the gravest first.
    pub const ALL: [Self; 12] = [
        Self::Access,
        Self::Tls,
        Self::Status,
        Self::Redirect,
        Self::Backend,
        Self::Protocol,
        Self::Path,
        Self::Host,
        Self::RequestHeader,
        Self::ResponseHeader,
        Self::Certificate,
        Self::Limit,
    ];

    /// Name on the command line and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Tls => "tls",
            Self::Status => "status",
            Self::Redirect => "redirect",
            Self::Backend => "backend",
            Self::Protocol => "protocol",
            Self::Path => "path",
            Self::Host => "host",
            Self::RequestHeader => "request-header",
            Self::ResponseHeader => "response-header",
            Self::Certificate => "certificate",
            Self::Limit => "limit",
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The old one.
    Old,
    /// The new one.
    New,
}

/// Something that has a part in a difference. Subjects of the two sides belong to different inventories.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cause {
    /// The side.
    pub side: Side,
    /// The place in an object.
    pub subject: Subject,
}

/// What a side does with the witness, and what else it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Treatment {
    /// The decision with its trace.
    pub decision: Decision,
    /// Other outcomes that are possible.
    pub others: Vec<Outcome>,
    /// Why more than one outcome is possible.
    pub undecided: Option<String>,
}

/// A region of requests that are treated differently, shown by one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of difference it is.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What differs.
    pub aspect: Aspect,
    /// What exactly differs, where the aspect does not say it: names of headers.
    pub details: Vec<String>,
    /// A request that shows it; both models were asked.
    pub witness: Request,
    /// What the old side does with it.
    pub old: Arc<Treatment>,
    /// What the new side does with it.
    pub new: Arc<Treatment>,
    /// The requests for which it is the same, in words.
    pub region: String,
    /// Cells of the region.
    pub cells: usize,
    /// What brings it about.
    pub causes: Vec<Cause>,
    /// The reason for which the user accepts it.
    pub accepted: Option<String>,
}

impl Difference {
    /// What the wording of the code needs.
    pub fn facts(&self) -> Facts {
        let (old, new) = super::describe::outcomes(&self.old.decision.outcome, &self.new.decision.outcome);
        let [before, after] = [&self.old, &self.new].map(|treatment| match &treatment.decision.outcome {
            Outcome::Forward(forward) => forward.handshakes.as_slice(),
            _ => &[],
        });
        let limit = match &self.new.decision.outcome {
            Outcome::Respond { status: 504, .. } => "the time limit of the new side".to_owned(),
            _ => String::new(),
        };
        vec![
            ("witness", super::witness::long(&self.witness)),
            ("old", old),
            ("new", new),
            ("header", self.details.join("`, `")),
            ("bytes", self.witness.body_bytes.to_string()),
            ("limit", limit),
            ("old_verification", handshakes::words(before)),
            ("new_verification", handshakes::words(after)),
            ("secret", handshakes::secrets(before)),
        ]
    }
}

impl Undecided {
    /// What the wording of the code needs.
    pub fn facts(&self) -> Facts {
        let witness = self.example.as_ref().map(super::witness::long).unwrap_or_default();
        vec![("region", self.region.clone()), ("reason", self.reason.clone()), ("witness", witness)]
    }
}

/// A region of requests about which nothing is claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undecided {
    /// Why.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What is missing, as a sentence without full stop.
    pub reason: String,
    /// The requests, in words.
    pub region: String,
    /// One of them, where there is a simple one.
    pub example: Option<Request>,
    /// Requests that both models were asked about, without finding a difference.
    pub sampled: usize,
}

/// A proof: for all requests of the domain the treatment is the same, if the assumptions hold. Only the judge makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    domain: Vec<String>,
    assumptions: Vec<String>,
}

impl Proof {
    pub(super) fn new(domain: Vec<String>, assumptions: Vec<String>) -> Self {
        Self { domain, assumptions }
    }

    /// The requests it is about.
    pub fn domain(&self) -> &[String] {
        &self.domain
    }

    /// What is taken for granted.
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }
}

/// The verdict for a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// Proved the same.
    Proved(Proof),
    /// Differs: there is at least one witness.
    Differs,
    /// Neither.
    Undecided,
}

impl Judgement {
    /// `proved`, `differs` or `undecided`.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Proved(_) => "proved",
            Self::Differs => "differs",
            Self::Undecided => "undecided",
        }
    }
}

/// An unclean request that both models were asked about. Nothing is proved by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// Which family it belongs to, such as `escaped slash`.
    pub family: &'static str,
    /// The request.
    pub request: Request,
    /// Whether both sides treat it the same; `None` where one does not know.
    pub same: Option<bool>,
    /// What the old side does.
    pub old: Outcome,
    /// What the new side does.
    pub new: Outcome,
}

/// What is said of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostVerdict {
    /// A name, `*.example.com`, an expression behind `~`, or `*` for all other hosts.
    pub host: String,
    /// The verdict about clean requests.
    pub verdict: Judgement,
    /// What a proof takes for granted; also where nothing is proved.
    pub assumptions: Vec<String>,
    /// Differences, the gravest first.
    pub differences: Vec<Difference>,
    /// Regions about which nothing is claimed.
    pub undecided: Vec<Undecided>,
    /// Unclean requests.
    pub probed: Vec<Probe>,
    /// How much work it was.
    pub work: Work,
}

/// How much work a host was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Work {
    /// Atoms of its paths.
    pub atoms: usize,
    /// States of the automaton for its paths; 0 where none was needed.
    pub states: usize,
    /// Cells.
    pub cells: usize,
}

/// How many hosts got which verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Proved the same.
    pub proved: usize,
    /// Differs.
    pub differs: usize,
    /// Undecided.
    pub undecided: usize,
}

/// The whole comparison.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Verdicts: names in alphabetical order, then wildcards, then `*`.
    pub hosts: Vec<HostVerdict>,
    /// The counts.
    pub summary: Tally,
    /// Hosts whose unclean requests were not probed.
    pub not_probed: usize,
    /// A side has ports for TCP or UDP, which nothing here is about.
    pub streams: bool,
}

impl Comparison {
    /// All differences with their hosts.
    pub fn differences(&self) -> impl Iterator<Item = (&HostVerdict, &Difference)> {
        self.hosts.iter().flat_map(|host| host.differences.iter().map(move |difference| (host, difference)))
    }

    /// The verdict for a host as it is called in the result.
    pub fn host(&self, label: &str) -> Option<&HostVerdict> {
        self.hosts.iter().find(|host| host.host == label)
    }
}
