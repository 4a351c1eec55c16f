//! What is wrong with a text.

use std::borrow::Cow;

use super::Span;

/// Why a document cannot be read any further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// In the words of go-yaml where it has some.
    pub(super) message: Cow<'static, str>,
    /// Where.
    pub(super) span: Span,
}

/// Something wrong at a place of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The place in the source.
    pub span: Span,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProblemKind {
    /// The document cannot be read; nobody reads it.
    Broken(String),
    /// kubectl refuses the whole file here; it was read all the same.
    Refused(String),
    /// A key that its mapping has already: the last one wins, and the API server refuses it when it is strict.
    DuplicateKey(String),
    /// What follows the first document of a part of the file, mostly after `...`: kubectl passes over it without a word.
    Dropped {
        /// Why it cannot be read either; `None` where it was read.
        error: Option<String>,
    },
}
