//! An object as the API server sees it: the JSON that `kubectl` makes of a YAML document.
//!
//! Texts are borrowed, positions are gone: places are [`crate::k8s::FieldPath`]s and become spans only when rendered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::yaml::{Node, Scalar, ScalarStyle, Value};

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
            Value::Mapping(entries) => {
                Self::map(entries.iter().map(|(key, value)| (Cow::Borrowed(key.as_text().unwrap_or_default()), Self::node_at(value, depth + 1))))
            }
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
            serde_json::Value::Number(number) => number.as_i64().map_or_else(|| Self::number(number.as_f64().unwrap_or(f64::NAN)), Self::Int),
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

    /// A scalar as `kubectl` reads it (`go.yaml.in/yaml/v2`, `resolve.go`): YAML 1.1 with `yes`, `on` and octal numbers.
    pub fn from_scalar(scalar: &'a Scalar) -> Self {
        let text = || Self::Text(Cow::Borrowed(&scalar.text));
        match scalar.tag.as_deref().map(|tag| tag.trim_start_matches("tag:yaml.org,2002:").trim_start_matches('!')) {
            Some("str" | "binary" | "") => text(),
            None if scalar.style != ScalarStyle::Plain => text(),
            None | Some(_) => Self::plain(&scalar.text).unwrap_or_else(text),
        }
    }

    fn plain(text: &'a str) -> Option<Self> {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => return Some(Self::Null),
            "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Some(Self::Bool(true)),
            "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => return Some(Self::Bool(false)),
            _ => {}
        }
        let first = text.bytes().next()?;
        match first {
            b'.' => text.parse().ok().filter(|_| text.bytes().any(|b| b.is_ascii_digit())).map(Self::number),
            b'0'..=b'9' | b'+' | b'-' => {
                let plain: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
                integer(&plain).map(Self::Int).or_else(|| float(&plain).map(Self::number))
            }
            _ => None,
        }
    }

    /// A number after a trip through JSON: without fraction it is an integer.
    #[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
    fn number(value: f64) -> Self {
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

    /// Name of the type in the words of OpenAPI.
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

/// Go's `strconv.ParseInt(text, 0, 64)` on a text without underscores, and `0b` as `resolve.go` adds it.
fn integer(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.get(..2).unwrap_or_default().to_ascii_lowercase();
    let (radix, digits) = match lower.as_str() {
        "0x" => (16, &digits[2..]),
        "0o" => (8, &digits[2..]),
        "0b" => (2, &digits[2..]),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        _ => (10, digits),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = i128::from(u64::from_str_radix(digits, radix).ok()?);
    i64::try_from(if negative { -magnitude } else { magnitude }).ok()
}

/// A decimal number in the shape `resolve.go` takes for a float.
fn float(text: &str) -> Option<f64> {
    let shaped = text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    if shaped { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_follow_yaml_1_1() {
        let cases = [
            ("yes", Json::Bool(true)),
            ("off", Json::Bool(false)),
            ("010", Json::Int(8)),
            ("0x1F", Json::Int(31)),
            ("80.0", Json::Int(80)),
            ("1e3", Json::Int(1000)),
            ("1_000", Json::Int(1000)),
            ("-5", Json::Int(-5)),
            ("1.5", Json::Float(1.5)),
            ("12:30", Json::Text("12:30".into())),
            ("2020-01-01", Json::Text("2020-01-01".into())),
            ("~", Json::Null),
            ("09", Json::Int(9)),
            ("-", Json::Text("-".into())),
        ];
        for (text, expected) in cases {
            assert_eq!(Json::plain(text).unwrap_or_else(|| Json::Text(text.into())), expected, "{text}");
        }
    }
}
