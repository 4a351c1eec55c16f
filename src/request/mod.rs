//! What both routers speak: a request, what they ask about it, and what finally happens to it.

mod decision;
mod expr;
mod handshake;
mod message;
mod predicate;
mod rules;
mod ruling;
mod sequence;
pub mod uri;
mod valuation;
mod world;

pub use decision::{Decision, Deny, Forward, NoAnswer, Outcome, Share, Speech, Step};
pub use expr::{Part, PathExpr, Piece, TextExpr};
pub use handshake::{Authorities, Handshake, Verification};
pub use message::{Header, Request, Scheme, is_proxy_header};
pub use predicate::{Field, Malformed, Predicate, PredicateId, Predicates, Regex, RegexDialect, Test};
pub use rules::{HeaderOperation, HeaderRule, Statuses, with_rules, with_rules_of_any_status};
pub use ruling::{Answer, ErrorPage, Forwarding, Guard, HeaderExprs, Ruling};
pub use sequence::{Sequence, deciding};
pub use valuation::Valuation;
pub use world::{BackendAnswer, Unknown, World};
