//! The only way in which a router sees a request: a concrete one, or one cell of the partitioned request space.

use super::{PredicateId, Sequence, TextExpr};

/// Answers the questions of a router.
pub trait Valuation {
    /// Whether the predicate holds.
    fn holds(&self, predicate: PredicateId) -> bool;

    /// Position of the first predicate at or behind `from` that holds. A valuation that can look this up faster than one by one should.
    fn first_from(&self, predicates: &Sequence, from: usize) -> Option<usize> {
        predicates.iter().skip(from).position(|&predicate| self.holds(predicate)).map(|at| at + from)
    }

    /// Position of the first predicate that holds.
    fn first(&self, predicates: &Sequence) -> Option<usize> {
        self.first_from(predicates, 0)
    }

    /// Value of a text, where one request is looked at and the value is known. A class of requests knows none.
    fn known(&self, text: &TextExpr) -> Option<String> {
        let _ = text;
        None
    }
}
