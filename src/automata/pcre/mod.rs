//! Regular expressions as nginx understands them: PCRE2 on bytes, without UTF mode. [`Pattern::parse`] accepts what
//! `pcre2_compile` accepts, [`Pattern::search`] finds what `pcre2_match` finds. Whether a pattern is regular is not
//! decided here but by [`Lang`](super::Lang).

mod ast;
mod captures;
mod check;
mod class;
mod error;
mod escape;
mod exec;
mod group;
mod parse;
mod program;
mod property;
mod verb;

pub use self::{
    ast::{Assert, Condition, GroupKind, GroupRef, Look, Node, RepeatKind, Verb},
    captures::{Captures, StepLimit},
    error::Error,
};

use self::{exec::Machine, parse::Parser, program::Program};

/// Steps that a search may take; PCRE2 allows 10 million of its own, smaller ones.
const STEPS: u64 = 2_000_000;

/// A pattern of PCRE2.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    caseless: bool,
    node: Node,
    names: Vec<(String, usize)>,
    groups: usize,
    unsupported: Option<&'static str>,
    program: Program,
}

impl Pattern {
    /// Reads a pattern; `caseless` as for `~*` in nginx.
    ///
    /// # Errors
    /// Where PCRE2 refuses it, with the number, the words and the offset of PCRE2.
    pub fn parse(text: &str, caseless: bool) -> Result<Self, Error> {
        let parsed = Parser::new(text, caseless).parse()?;
        let program = Program::new(&parsed.node, &parsed.names);
        Ok(Self {
            text: text.to_owned(),
            caseless,
            node: parsed.node,
            names: parsed.names.iter().map(|name| (name.text.clone(), name.number as usize)).collect(),
            groups: parsed.groups as usize,
            unsupported: parsed.unsupported,
            program,
        })
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it was read without regard to letter case.
    pub fn caseless(&self) -> bool {
        self.caseless
    }

    /// What the pattern says.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// Named groups and their numbers, in the order of the pattern.
    pub fn group_names(&self) -> &[(String, usize)] {
        &self.names
    }

    /// How many groups capture.
    pub fn group_count(&self) -> usize {
        self.groups
    }

    /// What of the pattern is valid but never executed by us: every search of it fails.
    pub fn unsupported(&self) -> Option<&'static str> {
        self.unsupported
    }

    /// The leftmost match, alternatives tried in order.
    ///
    /// # Errors
    /// Where the search needs too many steps, as PCRE2 would report too, or the pattern is not supported.
    pub fn search(&self, subject: &[u8]) -> Result<Option<Captures>, StepLimit> {
        self.search_with(subject, STEPS)
    }

    /// As [`search`](Self::search) with a limit of one's own.
    ///
    /// # Errors
    /// As there.
    pub fn search_with(&self, subject: &[u8], steps: u64) -> Result<Option<Captures>, StepLimit> {
        if self.unsupported.is_some() {
            return Err(StepLimit);
        }
        let groups = u32::try_from(self.groups).map_err(|_| StepLimit)?;
        Machine::new(&self.program, subject, groups, steps).search()
    }

    /// Whether it matches anywhere.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn is_match(&self, subject: &[u8]) -> Result<bool, StepLimit> {
        Ok(self.search(subject)?.is_some())
    }
}
