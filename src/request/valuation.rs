//! The only way in which a router sees a request: a concrete one, or one cell of the partitioned request space.

use super::{PredicateId, TextExpr};

/// Answers the questions of a router.
pub trait Valuation {
    /// Whether the predicate holds.
    fn holds(&self, predicate: PredicateId) -> bool;

    /// Position of the first predicate that holds. All of them are about the same field. A valuation that can look this up faster than
    /// one by one should.
    fn first(&self, predicates: &[PredicateId]) -> Option<usize> {
        predicates.iter().position(|&predicate| self.holds(predicate))
    }

    /// Value of a text, where one request is looked at and the value is known. A class of requests knows none.
    fn known(&self, text: &TextExpr) -> Option<String> {
        let _ = text;
        None
    }
}
