//! A parsed document whose every node knows where it stands in the text.

use super::Span;

/// How a scalar was written; plain scalars are what Kubernetes may read as numbers, booleans or null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarStyle {
    /// Unquoted.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// `|` or `>`.
    Block,
}

/// Text of a scalar after unquoting, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// Text.
    pub text: String,
    /// Style.
    pub style: ScalarStyle,
    /// Explicit tag such as `!!str`, without resolution.
    pub tag: Option<String>,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping in document order; keys are nodes because their positions matter.
    Mapping(Vec<(Node, Node)>),
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Its place in the source.
    pub span: Span,
}

impl Node {
    /// Child of a mapping. The last one of equal keys wins, as in the API machinery.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let Value::Mapping(entries) = &self.value else { return None };
        entries.iter().rev().find(|(k, _)| matches!(&k.value, Value::Scalar(s) if s.text == key)).map(|(_, v)| v)
    }

    /// Text of a scalar, whatever its style.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }
}
