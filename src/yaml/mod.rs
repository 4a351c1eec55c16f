//! YAML text with positions: parse, path to span, print for Kubernetes.
//!
//! Text is read as kubectl and the API server read it: the scanner and the grammar are those of go-yaml v2 and the scalars those of YAML 1.1.
//! What they would refuse and we can still read is a [`Problem`] of the document. Nothing here knows what an object is.

mod base64;
pub(crate) mod calendar;
mod compose;
mod document;
mod event;
mod json;
mod node;
mod print;
mod problem;
mod resolve;
mod scan;
mod source;

pub use base64::decode_base64;
pub use document::{Document, Documents};
pub use node::{Node, Scalar, ScalarStyle, Value};
pub use print::{PrintError, Printer, print};
pub use problem::{Problem, ProblemKind};
pub use resolve::{Resolved, TagMismatch};
pub use source::{Place, Source, Sources, Span};

use problem::SyntaxError;
