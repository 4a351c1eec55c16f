//! One walk through an object in the order of the API server: unknown fields go, defaults come, then everything is checked.
//!
//! What is left is what would be stored.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::answer::{Remark, What};
use super::data::Bounds;
use super::schema::{Node, NodeKind};
use crate::gateway::json::Json;
use crate::gateway::place::Place;

/// What is wanted of a walk.
pub(super) struct Walk<'w> {
    pub(super) remarks: &'w mut Vec<Remark>,
    /// Whether defaults and dropped fields are remarked on.
    pub(super) with_defaults: bool,
    /// Whether values matter, or only which fields are unknown.
    pub(super) checked: bool,
}

impl Walk<'_> {
    fn refuse(&mut self, place: &Place<'_>, rule: impl Into<String>) {
        self.remarks.push(Remark { field: place.path(), what: What::Refused { rule: rule.into() } });
    }

    fn remark_default(&mut self, default: &Json<'_>, place: &Place<'_>) {
        if self.with_defaults {
            self.remarks.push(Remark { field: place.path(), what: What::Defaulted { value: default.to_value() } });
        }
    }

    fn drop_null(&mut self, place: &Place<'_>) {
        if self.with_defaults {
            self.remarks.push(Remark { field: place.path(), what: What::Dropped });
        }
    }

    /// Walks through a value.
    pub(super) fn value(&mut self, value: &mut Json<'_>, node: &Node, place: &Place<'_>) {
        match (node.kind, &mut *value) {
            (NodeKind::Object, Json::Map(entries)) => self.object(entries, node, place),
            (NodeKind::Map, Json::Map(entries)) => self.map(entries, node, place),
            (NodeKind::List, Json::List(items)) => self.list(items, node, place),
            (NodeKind::Text, Json::Text(text)) => self.text(text, node, place),
            (NodeKind::Integer, Json::Int(number)) => self.integer(*number, node, place),
            // What does not fit 64 bits is no integer, although it may have no fraction.
            (NodeKind::Integer, Json::Float(_)) => self.refuse(place, "must be an integer of 64 bits"),
            (NodeKind::Boolean, Json::Bool(_)) => {}
            (_, value) if !self.checked => return self.unknown(value, place),
            (kind, value) => return self.refuse(place, format!("must be {}, not {}", wanted(kind), value.type_name())),
        }
        for rule in &node.rules {
            for steps in rule.violations(value) {
                let field = place.path().join(steps);
                self.remarks.push(Remark { field, what: What::Refused { rule: rule.words() } });
            }
        }
    }

    /// All fields are unknown where nobody expects an object.
    fn unknown(&mut self, value: &Json<'_>, place: &Place<'_>) {
        match value {
            Json::Map(entries) => {
                let gone = entries.iter().map(|(key, _)| Remark { field: Place::Key(place, key).path(), what: What::Pruned });
                self.remarks.extend(gone);
            }
            Json::List(items) => {
                items.iter().enumerate().for_each(|(index, item)| self.unknown(item, &Place::Index(place, index)));
            }
            Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) | Json::Text(_) => {}
        }
    }

    fn object<'j>(&mut self, entries: &mut Vec<(Cow<'j, str>, Json<'j>)>, node: &Node, place: &Place<'_>) {
        entries.retain(|(key, value)| {
            let field = node.fields.iter().find(|field| field.name == key);
            match field {
                None => {
                    self.remarks.push(Remark { field: Place::Key(place, key).path(), what: What::Pruned });
                    false
                }
                Some(field) if field.default.is_none() && *value == Json::Null => {
                    self.drop_null(&Place::Key(place, key));
                    false
                }
                Some(_) => true,
            }
        });
        for field in &node.fields {
            let place = Place::Key(place, field.name);
            let at = entries.iter().position(|(key, _)| key == field.name);
            let value = match (at, &field.default) {
                (Some(at), Some(default)) if entries[at].1 == Json::Null => {
                    self.remark_default(default, &place);
                    entries[at].1 = default.clone();
                    &mut entries[at].1
                }
                (Some(at), _) => &mut entries[at].1,
                (None, Some(default)) => {
                    self.remark_default(default, &place);
                    entries.push((Cow::Borrowed(field.name), default.clone()));
                    let last = entries.len() - 1;
                    &mut entries[last].1
                }
                (None, None) => {
                    if field.required {
                        self.refuse(&place, "is required");
                    }
                    continue;
                }
            };
            self.value(value, &field.node, &place);
        }
        self.size(entries.len(), node.size, "fields", place);
    }

    fn map<'j>(&mut self, entries: &mut Vec<(Cow<'j, str>, Json<'j>)>, node: &Node, place: &Place<'_>) {
        entries.retain(|(key, value)| {
            if *value == Json::Null {
                self.drop_null(&Place::Key(place, key));
            }
            *value != Json::Null
        });
        if let Some(each) = &node.each {
            for (key, value) in entries.iter_mut() {
                self.value(value, each, &Place::Key(place, key));
            }
        }
        self.size(entries.len(), node.size, "entries", place);
    }

    fn list(&mut self, items: &mut [Json<'_>], node: &Node, place: &Place<'_>) {
        if let Some(each) = &node.each {
            for (index, item) in items.iter_mut().enumerate() {
                self.value(item, each, &Place::Index(place, index));
            }
        }
        self.size(items.len(), node.size, "items", place);
        if items.len() < 2 {
            return;
        }
        // What is there three times is said once.
        if node.unique {
            let mut seen = BTreeMap::new();
            for (index, item) in items.iter().enumerate() {
                if is_second(&mut seen, item.sort_text()) {
                    self.refuse(&Place::Index(place, index), "repeats an entry of a list whose entries must differ");
                }
            }
        }
        if !node.keys.is_empty() {
            let mut seen = BTreeMap::new();
            for (index, item) in items.iter().enumerate() {
                let key: Vec<_> = node.keys.iter().map(|key| item.get(key).map(Json::sort_text)).collect();
                if is_second(&mut seen, key) {
                    let keys = node.keys.join("`, `");
                    self.refuse(&Place::Index(place, index), format!("repeats the `{keys}` of another entry of its list"));
                }
            }
        }
    }

    fn text(&mut self, text: &str, node: &Node, place: &Place<'_>) {
        if node.length != Bounds::default() {
            let length = if text.is_ascii() { text.len() } else { text.chars().count() };
            self.size(length, node.length, "characters", place);
        }
        if let Some(pattern) = &node.pattern
            && !pattern.regex.is_match(text)
        {
            self.refuse(place, format!("must be {}", pattern.says));
        }
        if !node.values.is_empty() && !node.values.iter().any(|value| value.as_text() == Some(text)) {
            let values: Vec<_> = node.values.iter().filter_map(Json::as_text).collect();
            self.refuse(place, format!("must be one of `{}`", values.join("`, `")));
        }
    }

    fn integer(&mut self, number: i64, node: &Node, place: &Place<'_>) {
        if node.int32 && i32::try_from(number).is_err() {
            self.refuse(place, "must be an integer of 32 bits");
        }
        if let Some(least) = node.range.least.filter(|least| number < *least) {
            self.refuse(place, format!("must be at least {least}"));
        }
        if let Some(most) = node.range.most.filter(|most| number > *most) {
            self.refuse(place, format!("must be at most {most}"));
        }
        if !node.values.is_empty() && !node.values.contains(&Json::Int(number)) {
            let values: Vec<_> = node.values.iter().filter_map(Json::as_int).map(|value| value.to_string()).collect();
            self.refuse(place, format!("must be one of {}", values.join(", ")));
        }
    }

    fn size(&mut self, size: usize, bounds: Bounds, unit: &str, place: &Place<'_>) {
        let size = i64::try_from(size).unwrap_or(i64::MAX);
        if let Some(least) = bounds.least.filter(|least| size < *least) {
            self.refuse(place, format!("must have at least {least} {unit}, and has {size}"));
        }
        if let Some(most) = bounds.most.filter(|most| size > *most) {
            self.refuse(place, format!("must have at most {most} {unit}, and has {size}"));
        }
    }
}

/// Whether something is seen for the second time.
fn is_second<K: Ord>(seen: &mut BTreeMap<K, usize>, key: K) -> bool {
    let times = seen.entry(key).or_default();
    *times += 1;
    *times == 2
}

const fn wanted(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Text => "a string",
        NodeKind::Integer => "an integer",
        NodeKind::Boolean => "a boolean",
        NodeKind::Object | NodeKind::Map => "an object",
        NodeKind::List => "an array",
    }
}
