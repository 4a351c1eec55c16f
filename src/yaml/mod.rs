//! YAML text with positions: parse, path to span, print for Kubernetes.

mod node;
mod source;

pub use node::{Node, Scalar, ScalarStyle, Value};
pub use source::{Source, Sources, Span};
