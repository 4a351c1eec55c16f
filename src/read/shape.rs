//! The types of fields, as the API server decodes JSON into Go structs, and the check of a node against them.

use super::at::{At, Complaints};
use crate::{
    k8s::time,
    ledger::Code,
    yaml::{Node, Resolved, Value, decode_base64},
};

/// Type of a field.
#[derive(Debug)]
pub(super) enum Shape {
    /// Not looked at.
    Any,
    /// `string`.
    Text,
    /// `bool`.
    Bool,
    /// `int32`.
    Int32,
    /// `int64`.
    Int64,
    /// An integer or a string.
    IntOrString,
    /// `metav1.Time`.
    Time,
    /// `[]byte` in base64.
    Bytes,
    /// A list.
    List(&'static Shape),
    /// A map with strings as keys.
    Map(&'static Shape),
    /// A struct: its fields in any order.
    Object(&'static [(&'static str, Shape)]),
    /// A struct of which only some fields are looked at.
    Open(&'static [(&'static str, Shape)]),
}

impl Shape {
    /// What a reader expects to see.
    const fn name(&self) -> &'static str {
        match self {
            Self::Any => "value",
            Self::Text => "string",
            Self::Bool => "boolean",
            Self::Int32 | Self::Int64 => "whole number",
            Self::IntOrString => "whole number or string",
            Self::Time => "time such as 2006-01-02T15:04:05Z",
            Self::Bytes => "string in base64",
            Self::List(_) => "list",
            Self::Map(_) | Self::Object(_) | Self::Open(_) => "map",
        }
    }
}

/// Reports every value of another type and every unknown field. Depth is that of the shape, not of the node.
pub(super) fn check(cx: &mut Complaints<'_>, node: &Node, shape: &Shape, at: &At<'_>) {
    match (&node.value, shape) {
        (_, Shape::Any) => {}
        (Value::Scalar(scalar), _) => {
            let Ok(resolved) = scalar.resolve() else { return };
            let fits = match (&resolved, shape) {
                (Resolved::Null, _) | (Resolved::Text(_), Shape::Text | Shape::IntOrString) | (Resolved::Bool(_), Shape::Bool) => true,
                (Resolved::Text(text), Shape::Time) => time::seconds(text).is_some(),
                (Resolved::Text(text), Shape::Bytes) => decode_base64(text).is_some(),
                (Resolved::Int(_) | Resolved::Float(_), Shape::Int32 | Shape::IntOrString) => {
                    whole(&resolved).is_some_and(|value| i32::try_from(value).is_ok())
                }
                (Resolved::Int(_) | Resolved::Float(_), Shape::Int64) => whole(&resolved).is_some(),
                _ => false,
            };
            if !fits {
                wrong_type(cx, at, shape, resolved.type_name(), &scalar.text);
            }
        }
        (Value::Sequence(items), Shape::List(of)) => {
            for (index, item) in items.iter().enumerate() {
                check(cx, item, of, &at.index(index));
            }
        }
        (Value::Mapping(entries), Shape::Map(of)) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                if let Some(name) = key.as_text()
                    && !is_overridden(entries, index, name)
                {
                    check(cx, value, of, &at.key(name));
                }
            }
        }
        (Value::Mapping(entries), Shape::Object(fields) | Shape::Open(fields)) => {
            for (index, (key, value)) in entries.iter().enumerate() {
                let Some(name) = key.as_text() else { continue };
                match fields.iter().find(|(field, _)| *field == name) {
                    Some((_, of)) if !is_overridden(entries, index, name) => check(cx, value, of, &at.key(name)),
                    None if matches!(shape, Shape::Object(_)) => unknown_field(cx, &at.key(name), fields, name),
                    Some(_) | None => {}
                }
            }
        }
        (Value::Sequence(_), _) => wrong_type(cx, at, shape, "array", ""),
        (Value::Mapping(_), _) => wrong_type(cx, at, shape, "object", ""),
    }
}

/// A whole number, as JSON has it after YAML: `80.0` and `8e1` are 80.
pub(super) fn whole(resolved: &Resolved<'_>) -> Option<i64> {
    match resolved {
        Resolved::Int(value) => Some(*value),
        #[expect(clippy::cast_possible_truncation, reason = "checked to be a small whole number")]
        Resolved::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
        _ => None,
    }
}

/// Whether an equal key follows. Large maps are data, in which the last value was checked already by the set of duplicate keys.
fn is_overridden(entries: &[(Node, Node)], index: usize, name: &str) -> bool {
    entries.len() <= 64 && entries[index + 1..].iter().any(|(key, _)| key.as_text() == Some(name))
}

fn wrong_type(cx: &mut Complaints<'_>, at: &At<'_>, shape: &Shape, found: &'static str, text: &str) {
    cx.undecodable = true;
    let found = match found {
        "bool" => "boolean",
        "array" => "list",
        "object" => "map",
        other => other,
    };
    let value = if text.is_empty() { String::new() } else { format!(" (`{}`)", shorten(text)) };
    let facts =
        vec![("field", at.path().to_string()), ("found", found.to_owned()), ("value", value), ("expected", shape.name().to_owned())];
    // Quotes make a string of a word; they make no list, no map, and nothing of one.
    let quotable = !matches!(found, "list" | "map") && !matches!(shape, Shape::List(_) | Shape::Map(_) | Shape::Object(_) | Shape::Open(_));
    cx.about(if quotable { Code::InputWrongType } else { Code::InputWrongShape }, at, facts);
}

fn unknown_field(cx: &mut Complaints<'_>, at: &At<'_>, fields: &[(&'static str, Shape)], name: &str) {
    let close = fields
        .iter()
        .map(|(field, _)| *field)
        .filter(|field| field.eq_ignore_ascii_case(name))
        .chain(fields.iter().map(|(field, _)| *field).filter(|field| strsim::damerau_levenshtein(field, name) <= 2));
    let hint = close.take(1).next().map_or(String::new(), |field| format!(" (did you mean `{field}`?)"));
    cx.about(Code::InputUnknownField, at, vec![("field", at.path().to_string()), ("hint", hint)]);
}

/// Text for a message.
pub(super) fn shorten(text: &str) -> String {
    let line: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().count() > 60 { format!("{line}…") } else { line }
}
