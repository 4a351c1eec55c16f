//! What both routers speak: a request, and what finally happens to it.

mod decision;
mod expr;
mod message;
mod predicate;
mod valuation;

pub use decision::{Decision, Deny, Forward, NoAnswer, Outcome, Share, Step};
pub use expr::{Part, PathExpr, Piece, TextExpr};
pub use message::{Header, Request, Scheme};
pub use predicate::{Field, Malformed, Predicate, PredicateId, Predicates, Regex, RegexDialect, Test};
pub use valuation::Valuation;
