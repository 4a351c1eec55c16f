//! An object as the API server sees it: the JSON that `kubectl` makes of a YAML document.
//!
//! Texts are borrowed, positions are gone: places are [`crate::k8s::FieldPath`]s and become spans only when rendered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::yaml::{Node, Resolved, Scalar, Value};

/// Anything nested deeper is cut off; no schema of the Gateway API comes near.
const MAX_DEPTH: usize = 96;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without fraction that fits 64 bits, however it was written (`80.0` and `0x50` too).
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object in document order; no key occurs twice.
    Map(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// What a document becomes. The last of equal keys wins; anchors were resolved by the reader.
    pub fn from_node(node: &'a Node) -> Self {
        Self::node_at(node, 0)
    }

    fn node_at(node: &'a Node, depth: usize) -> Self {
        if depth > MAX_DEPTH {
            return Self::Null;
        }
        match &node.value {
            Value::Scalar(scalar) => Self::from_scalar(scalar),
            Value::Sequence(items) => Self::List(items.iter().map(|item| Self::node_at(item, depth + 1)).collect()),
            Value::Mapping(entries) => Self::map(entries.iter().map(|(key, value)| {
                let key = key.as_scalar().and_then(Scalar::as_key).unwrap_or_default();
                (key, Self::node_at(value, depth + 1))
            })),
        }
    }

    /// What a value in memory is.
    pub fn from_value(value: &'a serde_json::Value) -> Self {
        Self::value_at(value, 0)
    }

    fn value_at(value: &'a serde_json::Value, depth: usize) -> Self {
        if depth > MAX_DEPTH {
            return Self::Null;
        }
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(*value),
            serde_json::Value::Number(number) => {
                number.as_i64().map_or_else(|| Self::number(number.as_f64().unwrap_or(f64::NAN)), Self::Int)
            }
            serde_json::Value::String(text) => Self::Text(Cow::Borrowed(text)),
            serde_json::Value::Array(items) => Self::List(items.iter().map(|item| Self::value_at(item, depth + 1)).collect()),
            serde_json::Value::Object(entries) => {
                Self::Map(entries.iter().map(|(key, value)| (Cow::Borrowed(key.as_str()), Self::value_at(value, depth + 1))).collect())
            }
        }
    }

    fn map(entries: impl ExactSizeIterator<Item = (Cow<'a, str>, Self)>) -> Self {
        let many = entries.len() > 16;
        let mut index: BTreeMap<Cow<'a, str>, usize> = BTreeMap::new();
        let mut map: Vec<(Cow<'a, str>, Self)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let before = if many { index.get(&key).copied() } else { map.iter().position(|(other, _)| *other == key) };
            if let Some(at) = before {
                map[at].1 = value;
                continue;
            }
            if many {
                index.insert(key.clone(), map.len());
            }
            map.push((key, value));
        }
        Self::Map(map)
    }

    fn from_scalar(scalar: &'a Scalar) -> Self {
        match scalar.resolve() {
            Ok(Resolved::Null) => Self::Null,
            Ok(Resolved::Bool(value)) => Self::Bool(value),
            Ok(Resolved::Int(value)) => Self::Int(value),
            #[expect(clippy::cast_precision_loss, reason = "the API machinery does the same above 2^63")]
            Ok(Resolved::Unsigned(value)) => Self::Float(value as f64),
            Ok(Resolved::Float(value)) => Self::number(value),
            Ok(Resolved::Text(text)) => Self::Text(text),
            // Nobody reads such a document; the reader has said so.
            Err(_) => Self::Text(Cow::Borrowed(&scalar.text)),
        }
    }

    /// A number after a trip through JSON: without fraction it is an integer.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    pub(super) fn number(value: f64) -> Self {
        const LIMIT: f64 = 9_007_199_254_740_992.0;
        if value.fract() == 0.0 && value.abs() <= LIMIT { Self::Int(value as i64) } else { Self::Float(value) }
    }

    /// Value of a key, if this is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) | Self::List(_) => None,
        }
    }

    /// The text of a string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// The text of a string below `key`.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(Self::as_text)
    }

    /// The number of an integer.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(*number),
            Self::Null | Self::Bool(_) | Self::Float(_) | Self::Text(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// Items of an array; nothing for anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::Text(_) | Self::Map(_) => &[],
        }
    }

    /// A text that is equal for equal values only, and has an order.
    pub fn sort_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Float(_) | Self::List(_) | Self::Map(_) => {
                // A control character in front keeps numbers apart from texts of the same digits.
                Cow::Owned(format!("\u{0}{}", self.to_value()))
            }
        }
    }

    /// The same value with texts of its own.
    pub fn to_value(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Text(text) => text.as_ref().into(),
            Self::List(items) => items.iter().map(Self::to_value).collect::<Vec<_>>().into(),
            Self::Map(entries) => entries.iter().map(|(key, value)| (key.clone().into_owned(), value.to_value())).collect(),
        }
    }

    /// Name of the type in the words of `OpenAPI`.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "boolean",
            Self::Int(_) => "integer",
            Self::Float(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Map(_) => "object",
        }
    }
}
