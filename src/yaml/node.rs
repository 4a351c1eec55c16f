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
    /// Text. A key is spelled as Kubernetes spells it: `yes` is `true`, `0x10` is `16`.
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
    /// A mapping in document order; keys are nodes because their positions matter. Aliases and merge keys are expanded, and equal keys are
    /// all there: the last one wins.
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
    /// Null at no place, for what is absent.
    pub const fn null() -> Self {
        let scalar = Scalar { text: String::new(), style: ScalarStyle::Plain, tag: None };
        Self { value: Value::Scalar(scalar), span: Span { start: 0, end: 0 } }
    }

    /// Child of a mapping. The last one of equal keys wins, as in the API machinery.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().rev().find(|(k, _)| k.as_text() == Some(key)).map(|(_, v)| v)
    }

    /// Entries of a mapping; none of anything else.
    pub fn entries(&self) -> &[(Self, Self)] {
        match &self.value {
            Value::Mapping(entries) => entries,
            Value::Scalar(_) | Value::Sequence(_) => &[],
        }
    }

    /// Items of a sequence; none of anything else.
    pub fn items(&self) -> &[Self] {
        match &self.value {
            Value::Sequence(items) => items,
            Value::Scalar(_) | Value::Mapping(_) => &[],
        }
    }

    /// Text of a scalar, whatever its style.
    pub fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(scalar) => Some(&scalar.text),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// The scalar, if it is one.
    pub fn as_scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            Value::Sequence(_) | Value::Mapping(_) => None,
        }
    }

    /// Whether Kubernetes reads null here, which is the same as nothing for nearly every field.
    pub fn is_null(&self) -> bool {
        self.as_scalar().is_some_and(|scalar| scalar.resolve() == Ok(super::Resolved::Null))
    }
}
