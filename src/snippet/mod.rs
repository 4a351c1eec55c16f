//! Snippets: nginx configuration inside annotations and the `ConfigMap`, read as nginx reads it, and what it means.
//!
//! This module decides what a text does on the old side. It never decides what becomes of it on the new one, and it
//! knows nothing of YAML: spans are bytes of the text.

mod argument;
mod beside;
pub mod catalogue;
mod check;
mod code;
mod condition;
mod evaluate;
mod explain;
mod map;
mod meaning;
mod pattern;
mod place;
mod print;
mod rules;
mod stop;
mod text;
mod token;
mod tree;
mod understand;
pub mod units;

pub use argument::{arguments, single};
pub use beside::{Written, conflicts};
pub use check::{Refusal, Unless, refusals};
pub use condition::{Asked, Condition, FileTest, Question};
pub use evaluate::{Ending, Prediction, RequestEffect, ResponseEffect, Site, SiteLocation, predict};
pub use explain::explain;
pub use map::map_keys;
pub use meaning::{
    After, Auth, Defined, Expires, HeaderChange, Limit, LocationBlock, LocationModifier, Meaning, RequestHeaders, RequestHow,
    ResponseHeaders, ResponseHow, Rewrite, Set, Statuses, Understood, Upstream, Who,
};
pub use place::{Context, Place};
pub use print::print;
pub use stop::{Consequence, Stop, StopKind};
pub use text::{BadText, Text, TextPiece};
pub use token::{Quote, Word};
pub use tree::{Directive, End, Snippet, read};
pub use understand::understand;

/// A snippet with what it means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// As read.
    pub snippet: Snippet,
    /// As understood; one entry for each directive.
    pub understood: Vec<Understood>,
}

impl Reading {
    /// Reads and understands a text.
    pub fn new(text: &str, place: Place) -> Self {
        let snippet = read(text, place);
        let understood = understand(&snippet);
        Self { snippet, understood }
    }

    /// Why nginx refuses the configuration with this text in it.
    pub fn refusals(&self) -> Vec<Refusal> {
        refusals(&self.snippet, &self.understood)
    }

    /// What it defines for other snippets.
    pub fn defines(&self) -> impl Iterator<Item = Defined> + '_ {
        self.understood.iter().filter_map(|one| understand::provided(&one.meaning))
    }
}
