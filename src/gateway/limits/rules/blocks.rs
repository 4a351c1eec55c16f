//! Fields that ask for or exclude each other.

use super::Block;
use crate::gateway::json::Json;

/// Present exactly where the tag has the value.
pub(super) fn block(value: &Json<'_>, block: &Block) -> bool {
    value.get(&block.field).is_some() != (value.text(&block.tag) == Some(&block.value))
}

/// Absent exactly where the tag has the value.
pub(super) fn absent_only(value: &Json<'_>, block: &Block) -> bool {
    value.get(&block.field).is_none() != (value.text(&block.tag) == Some(&block.value))
}

/// Present at most where the tag has the value.
pub(super) fn only_with(value: &Json<'_>, block: &Block) -> bool {
    value.get(&block.field).is_some() && value.text(&block.tag) != Some(&block.value)
}

pub(super) fn only_for_protocols(value: &Json<'_>, field: &str, protocols: &[String]) -> bool {
    value.get(field).is_some() && !protocols.iter().any(|protocol| value.text("protocol") == Some(protocol))
}

pub(super) fn not_both(value: &Json<'_>, first: &str, second: &str) -> bool {
    is_given(value, first) && is_given(value, second)
}

pub(super) fn one_of(value: &Json<'_>, fields: &[String]) -> bool {
    !fields.iter().any(|field| is_given(value, field))
}

/// Empty lists and texts say nothing.
fn is_given(value: &Json<'_>, field: &str) -> bool {
    value.get(field).is_some_and(|value| match value {
        Json::List(items) => !items.is_empty(),
        Json::Text(text) => !text.is_empty(),
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::Map(_) => true,
    })
}

pub(super) fn permanent_cookie_has_timeout(value: &Json<'_>) -> bool {
    let permanent = |block| value.get(block).and_then(|cookie| cookie.text("lifetimeType")) == Some("Permanent");
    (permanent("cookieConfig") || permanent("cookie")) && value.get("absoluteTimeout").is_none()
}

fn has_tls(value: &Json<'_>) -> bool {
    value.get("tls").is_some_and(|tls| tls.text("mode") != Some("None"))
}

pub(super) fn h2c_without_tls(value: &Json<'_>) -> bool {
    value.text("protocol") == Some("H2C") && has_tls(value)
}

pub(super) fn protocol_needs_tls(value: &Json<'_>, protocol: &str) -> bool {
    value.text("protocol") == Some(protocol) && !has_tls(value)
}
